// SPDX-License-Identifier: GPL-2.0
/*
 * selftest.c - skelctl selftest: do a card and its driver work?
 *
 * As an ordinary program it tries what each program needs: commands, regions,
 * buffers, transfers. Then it lets the card ask for what it must not get, and looks
 * whether the core refuses it and not a byte moves. What was in the card's memory
 * is there again at the end.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "command.h"
#include "json.h"
#include "skelctl.h"
#include "text.h"

#define LENGTH		4096	/* of the buffers, and at most of a transfer */
#define LARGE		(UINT64_C(64) << 20)
#define TRANSFER_MS	5000
#define MINE		0x5a	/* what buffers are filled with */
#define OTHERS		0x33

struct selftest {
	struct skel *skel;
	struct skel_info info;
	uint64_t memory;	/* of the card in bytes, 0: not known */
	uint64_t card_addr, length;	/* of transfers */
	bool sampling;		/* the card's memory changes by itself */
	char *buffer;		/* to the host, and from it if the card can */
	uint64_t host_addr;
	unsigned int count[3];	/* of each result */
	bool as_json;
	struct json json;
};

enum result { PASSED, FAILED, SKIPPED };

__attribute__((__format__(__printf__, 3, 4)))
static void report(struct selftest *t, enum result result, const char *format, ...)
{
	static const char *const words[] = { "ok", "FAILED", "skipped" };
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	t->count[result]++;
	if (t->as_json) {
		json_open(&t->json, NULL, '{');
		json_string(&t->json, "result", words[result]);
		json_string(&t->json, "text", text);
		json_close(&t->json, '}');
	} else {
		printf("%-8s %s\n", words[result], text);
	}
	fflush(stdout);
}

#define pass(t, ...)	report(t, PASSED, __VA_ARGS__)
#define fail(t, ...)	report(t, FAILED, __VA_ARGS__)
#define skip(t, ...)	report(t, SKIPPED, __VA_ARGS__)

/* A function of the library has failed that should not */
static void broken(struct selftest *t, const char *what)
{
	if (errno == ENODEV)
		card_gone();
	fail(t, "%s: %s", what, skel_errmsg());
}

static struct skel_info info_now(struct selftest *t)
{
	struct skel_info info = { .size = 0 };

	if (skel_get_info(t->skel, &info))
		broken(t, "counters");
	return info;
}

/* Return: whether the card answers, without which nothing else can be tried */
static bool try_commands(struct selftest *t)
{
	char line[SKEL_LINE_MAX];

	switch (ask_card(t->skel, "*IDN?", line)) {
	case 1:
		pass(t, "commands: *IDN? is answered by %s", text_tame(line));
		break;
	case 0:
		pass(t, "commands: the card runs them, but does not know *IDN?");
		break;
	default:
		fail(t, "commands: no answer in %d ms; has the card stopped, or the program that plays it?",
		     ANSWER_MS);
		return false;
	}
	if (ask_card(t->skel, "STATUS?", line) > 0)
		t->sampling = strncmp(line, "STATUS SAMPLING", 15) == 0;
	return true;
}

static void try_region(struct selftest *t, unsigned int index)
{
	struct skel_region_info region;
	char size[TEXT_SIZE_MAX];
	void *map;

	if (skel_get_region(t->skel, index, &region)) {
		broken(t, "regions");
		return;
	}
	/* the card's memory: card addresses count from its start */
	if (!region.offset)
		t->memory = region.length;
	map = skel_map_region(t->skel, index, PROT_READ, NULL);
	if (!map && errno == EPERM && (region.flags & SKEL_REGION_RAWIO)) {
		skip(t, "region %s: it bypasses the checks of the core; only CAP_SYS_RAWIO may map it",
		     region.name);
		return;
	}
	if (!map) {
		broken(t, "regions");
		return;
	}
	skel_unmap_region(t->skel, map);
	if (region.flags & SKEL_REGION_READONLY) {
		map = skel_map_region(t->skel, index, PROT_READ | PROT_WRITE,
				      NULL);
		skel_unmap_region(t->skel, map);
		if (map || errno != EACCES) {
			fail(t, "region %s: it is read only, but mapped for writing",
			     region.name);
			return;
		}
	}
	pass(t, "region %s: %s can be mapped", region.name,
	     text_size(size, region.length));
}

static uint32_t directions(const struct selftest *t)
{
	return (t->info.caps & SKEL_CAP_TOHOST ? SKEL_ALLOC_TOHOST : 0) |
	       (t->info.caps & SKEL_CAP_FROMHOST ? SKEL_ALLOC_FROMHOST : 0);
}

static bool is_filled(const char *bytes, size_t length, char with)
{
	return !length || (bytes[0] == with &&
			   memcmp(bytes, bytes + 1, length - 1) == 0);
}

/* Not the largest one where that would be half of the machine's memory */
static void try_large_buffer(struct selftest *t)
{
	uint64_t max = t->info.buffer_max;
	uint64_t length = max < LARGE ? max : LARGE;
	char size[TEXT_SIZE_MAX];
	void *buffer;

	text_size(size, length);
	buffer = skel_malloc(t->skel, length, directions(t));
	if (buffer)
		pass(t, "large buffer: %s", size);
	else if (errno == ENOMEM)
		skip(t, "large buffer: no memory of %s is free within reach of the card now, or 'ulimit -l' is less",
		     size);
	else
		broken(t, "large buffer");
	if (skel_free(t->skel, buffer))
		broken(t, "large buffer");
	if (max >= SIZE_MAX)
		return;		/* more than a program of 32 bits can ask for */
	text_size(size, max);
	buffer = skel_malloc(t->skel, max + 1, directions(t));
	if (!buffer && errno == EINVAL)
		pass(t, "a buffer longer than %s is refused", size);
	else
		fail(t, "a buffer longer than %s is not refused", size);
	if (buffer)
		skel_free(t->skel, buffer);
}

/* Return: whether there is one, without which no transfer can be tried */
static bool try_buffers(struct selftest *t)
{
	uint32_t before = info_now(t).buffers;

	t->buffer = skel_malloc(t->skel, LENGTH, directions(t));
	if (!t->buffer) {
		broken(t, "buffers");
		return false;
	}
	t->host_addr = skel_host_addr(t->skel, t->buffer);
	if (!is_filled(t->buffer, LENGTH, 0))
		fail(t, "buffers: a new one is not zeroed");
	else if (t->host_addr < 1ULL << 32 || t->host_addr % 4096)
		fail(t, "buffers: host address 0x%" PRIx64 " is none",
		     t->host_addr);
	else if (info_now(t).buffers != before + 1)
		fail(t, "buffers: the driver does not count it");
	else
		pass(t, "buffers: %d zeroed bytes at host address 0x%" PRIx64,
		     LENGTH, t->host_addr);
	try_large_buffer(t);
	return true;
}

/* Return: whether all bytes have moved; else there is a message */
static bool move(struct selftest *t, const char *what,
		 enum skel_direction direction, uint64_t host_addr)
{
	struct skel_info before = info_now(t), after;
	struct skel_transfer transfer;
	uint64_t moved;
	int ret;

	ret = direction == SKEL_TOHOST ?
		skel_tohost(t->skel, &transfer, t->card_addr, t->length, host_addr) :
		skel_fromhost(t->skel, &transfer, t->card_addr, t->length, host_addr);
	if (!ret)
		ret = skel_wait(t->skel, &transfer, TRANSFER_MS);
	if (ret && (errno == EACCES || errno == EIO)) {
		fail(t, "%s: %s, %s", what, transfer.result == SKEL_REFUSED ?
		     "refused" : "failed", transfer.reason);
		return false;
	}
	if (ret) {
		broken(t, what);
		return false;
	}
	after = info_now(t);
	moved = direction == SKEL_TOHOST ?
		after.bytes_tohost - before.bytes_tohost :
		after.bytes_fromhost - before.bytes_fromhost;
	if (after.granted != before.granted + 1 || moved != t->length) {
		fail(t, "%s: the driver has counted %" PRIu64 " requests and %" PRIu64 " bytes, instead of 1 and %" PRIu64,
		     what, (uint64_t)(after.granted - before.granted), moved,
		     t->length);
		return false;
	}
	return true;
}

/* In the middle of the buffer, so that too many bytes are seen */
static void try_tohost(struct selftest *t)
{
	uint64_t margin = (LENGTH - t->length) / 2;

	if (!(t->info.caps & SKEL_CAP_TOHOST)) {
		skip(t, "to the host: the card cannot");
		return;
	}
	memset(t->buffer, MINE, LENGTH);
	if (!move(t, "to the host", SKEL_TOHOST, t->host_addr + margin))
		return;
	if (!is_filled(t->buffer, margin, MINE) ||
	    !is_filled(t->buffer + margin + t->length,
		       LENGTH - margin - t->length, MINE))
		fail(t, "to the host: bytes beside the transfer have changed");
	else
		pass(t, "to the host: %" PRIu64 " bytes, and none beside them",
		     t->length);
}

/* Another pattern for each byte, of each half of the buffer */
static void fill(char *bytes, size_t length, unsigned int seed)
{
	size_t i;

	for (i = 0; i < length; i++) {
		seed = seed * 1103515245 + 12345;
		bytes[i] = seed >> 16;
	}
}

/* The first half is what the card has, the second one what it gets and returns */
static void try_fromhost(struct selftest *t)
{
	char wanted[LENGTH / 2], *half = t->buffer + LENGTH / 2;
	uint64_t half_addr = t->host_addr + LENGTH / 2;

	if (!(t->info.caps & SKEL_CAP_FROMHOST)) {
		skip(t, "from the host: the card cannot");
		return;
	}
	if (!(t->info.caps & SKEL_CAP_TOHOST)) {
		if (move(t, "from the host", SKEL_FROMHOST, t->host_addr))
			pass(t, "from the host: %" PRIu64 " bytes; the card cannot return them",
			     t->length);
		return;
	}
	if (t->sampling) {
		skip(t, "from the host: the card samples into its memory; stop that first: skelctl cmd STOP");
		return;
	}
	fill(wanted, t->length, 1);
	memcpy(half, wanted, t->length);
	if (!move(t, "saving the card's memory", SKEL_TOHOST, t->host_addr))
		return;
	if (move(t, "from the host", SKEL_FROMHOST, half_addr)) {
		memset(half, 0, t->length);
		if (move(t, "back to the host", SKEL_TOHOST, half_addr)) {
			if (memcmp(half, wanted, t->length) == 0)
				pass(t, "from the host and back: %" PRIu64 " bytes, all the same",
				     t->length);
			else
				fail(t, "from the host and back: other bytes return; does another program use the card?");
		}
	}
	move(t, "restoring the card's memory", SKEL_FROMHOST, t->host_addr);
}

/*
 * Let the card ask for what it must not get. It may see that itself, and not ask.
 * @untouched: LENGTH bytes that must stay @filled
 */
static void try_refusal(struct selftest *t, const char *what, const char *reason,
			uint64_t card_addr, uint64_t length, uint64_t host_addr,
			const char *untouched, char filled)
{
	struct skel_info before = info_now(t), after;
	struct skel_transfer transfer;
	int error = 0;

	/* skel_clear() returns when the card has run it; a request of its own is refused */
	if (skel_tohost(t->skel, &transfer, card_addr, length, host_addr)) {
		broken(t, what);
		return;
	}
	if (skel_clear(t->skel, TRANSFER_MS)) {
		broken(t, what);
		return;
	}
	if (skel_wait(t->skel, &transfer, 0))
		error = errno;
	after = info_now(t);
	if (untouched && !is_filled(untouched, LENGTH, filled))
		fail(t, "%s: bytes have moved", what);
	else if (!error || after.granted != before.granted ||
		 after.bytes_tohost != before.bytes_tohost)
		fail(t, "%s: not refused", what);
	else if (error == ETIMEDOUT && after.refused == before.refused + 1)
		pass(t, "%s: refused by the card itself", what);
	else if (error == ETIMEDOUT)
		fail(t, "%s: the card asks for something else than it was told",
		     what);
	else if (error != EACCES || strcmp(transfer.reason, reason) != 0)
		fail(t, "%s: refused for '%s' instead of '%s'", what,
		     transfer.reason, reason);
	else if (after.refused != before.refused + 2)
		fail(t, "%s: refused, but not counted", what);
	else
		pass(t, "%s: refused, %s", what, reason);
}

static void try_others_buffer(struct selftest *t)
{
	struct skel *other = skel_open(card_path());
	uint64_t host_addr;
	char *buffer;

	if (!other && errno == EBUSY) {
		skip(t, "into another program's buffer: all channels are in use");
		return;
	}
	buffer = other ? skel_malloc(other, LENGTH, SKEL_ALLOC_TOHOST) : NULL;
	if (!buffer) {
		broken(t, "a second channel");
		skel_close(other);
		return;
	}
	memset(buffer, OTHERS, LENGTH);
	host_addr = skel_host_addr(other, buffer);
	try_refusal(t, "into another program's buffer", "host-address",
		    t->card_addr, 16, host_addr, buffer, OTHERS);
	skel_close(other);
}

static void try_refusals(struct selftest *t)
{
	uint64_t from = t->card_addr, to = t->host_addr, freed_addr;
	char *freed, *wrong;

	if (!(t->info.caps & SKEL_CAP_TOHOST)) {
		skip(t, "refusals: the card cannot send to the host");
		return;
	}
	memset(t->buffer, MINE, LENGTH);
	try_refusal(t, "one byte beyond a buffer", "host-address", from, 16,
		    to + LENGTH - 15, t->buffer, MINE);
	try_refusal(t, "one byte before a buffer", "host-address", from, 16,
		    to - 1, t->buffer, MINE);
	try_refusal(t, "to address 0", "host-address", from, 16, 0, t->buffer,
		    MINE);
	try_refusal(t, "no bytes", "length", from, 0, to, t->buffer, MINE);
	try_refusal(t, "over the end of all addresses", "card-address",
		    UINT64_MAX - 7, 16, to, t->buffer, MINE);
	if (t->memory)
		try_refusal(t, "beyond the card's memory", "card-address",
			    t->memory - 8, 16, to, t->buffer, MINE);
	freed = skel_malloc(t->skel, LENGTH, SKEL_ALLOC_TOHOST);
	freed_addr = freed ? skel_host_addr(t->skel, freed) : 0;
	if (!freed || skel_free(t->skel, freed))
		broken(t, "freeing a buffer");
	else
		try_refusal(t, "into a freed buffer", "host-address", from, 16,
			    freed_addr, NULL, 0);
	if (t->info.caps & SKEL_CAP_FROMHOST) {
		wrong = skel_malloc(t->skel, LENGTH, SKEL_ALLOC_FROMHOST);
		if (wrong)
			try_refusal(t, "into a buffer that may only be read",
				    "direction", from, 16,
				    skel_host_addr(t->skel, wrong), wrong, 0);
		if (!wrong || skel_free(t->skel, wrong))
			broken(t, "a buffer that may only be read");
	}
	try_others_buffer(t);
}

static void try_all(struct selftest *t)
{
	unsigned int i;

	if (skel_get_info(t->skel, &t->info)) {
		broken(t, "device");
		return;
	}
	pass(t, "device: %s, a card of model %s, channel %u of %u", card_path(),
	     t->info.name, t->info.channel, t->info.channels);
	for (i = 0; i < t->info.regions; i++)
		try_region(t, i);
	t->length = t->memory && t->memory < LENGTH / 2 ? t->memory : LENGTH / 2;
	t->card_addr = t->memory ? t->memory - t->length : 0;
	if (!directions(t)) {
		skip(t, "transfers: the card has none");
		return;
	}
	if (!try_buffers(t))
		return;
	try_tohost(t);
	try_fromhost(t);
	try_refusals(t);
	if (skel_free(t->skel, t->buffer))
		broken(t, "freeing the buffer");
	else if (info_now(t).buffers)
		fail(t, "the driver still has a buffer");
	else
		pass(t, "all buffers are freed");
}

static void summarize(struct selftest *t)
{
	if (!t->as_json) {
		printf("%u passed, %u failed, %u skipped\n", t->count[PASSED],
		       t->count[FAILED], t->count[SKIPPED]);
		return;
	}
	json_close(&t->json, ']');
	json_number(&t->json, "passed", t->count[PASSED]);
	json_number(&t->json, "failed", t->count[FAILED]);
	json_number(&t->json, "skipped", t->count[SKIPPED]);
	json_close(&t->json, '}');
}

static int selftest_main(const struct command *command, int argc, char **argv)
{
	struct selftest t = { .json = { .file = stdout } };
	bool answers;

	while (command_option(command, argc, argv) != -1)
		t.as_json = true;
	t.skel = open_card();
	if (t.as_json) {
		json_open(&t.json, NULL, '{');
		json_string(&t.json, "device", card_path());
		json_open(&t.json, "tests", '[');
	}
	answers = try_commands(&t);
	if (answers)
		try_all(&t);
	skel_close(t.skel);
	summarize(&t);
	return !answers ? EXIT_SILENT : t.count[FAILED] ? EXIT_CARD : EXIT_SUCCESS;
}

static const struct option_row options[] = {
	{ "json", 'j', NULL, NULL, "print JSON" },
	{ }
};

const struct command selftest_command = {
	.name = "selftest",
	.summary = "try whether the card and its driver work",
	.text = "Try what each program needs, one line each: commands, regions, buffers, transfers to the host and from it. Then let the card ask for what it must not get, such as one byte more than a buffer has, or another program's buffer: the kernel must refuse it, say why, and not a byte may move. It takes a second, needs no privileges, and settings of the card stay. The last bytes of the card's memory are overwritten and restored, but not while it samples.\n\n"
"A line begins with 'ok', 'FAILED' or 'skipped', which says why. The exit status is 1 if something has failed, 4 if the card does not answer.",
	.options = options,
	.main = selftest_main,
};
