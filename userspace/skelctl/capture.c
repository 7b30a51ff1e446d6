// SPDX-License-Identifier: GPL-2.0
/*
 * capture.c - frames from a card, any number of them, by a stream of libskel
 */
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture.h"

#define ERRORS_MAX	32	/* in the queue of a card */
#define BUFFER_MAX	(4 << 20)
#define BLOCK_MAX	(256 << 10)
#define BLOCKS_MAX	64
#define BLOCKS_PER_S	20
#define WAIT_MS		200
#define STREAM_TRIES	10	/* a WAIT_MS each */
#define SILENT_MS	2000	/* without a frame: ask the card */

#define CHANGED	"another program has changed the sampling of this card"

int capture_fail(struct capture *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!*c->why)
		vsnprintf(c->why, sizeof(c->why), format, args);
	va_end(args);
	return -1;
}

static int fail_errno(struct capture *c, const char *what, int error)
{
	c->gone |= error == ENODEV;
	if (error == ESTALE)
		return capture_fail(c, CHANGED);
	return capture_fail(c, "%s: %s", what, skel_errmsg());
}

int capture_ask(struct capture *c, char *reply, const char *line)
{
	int length;

	do {
		length = skel_query(c->skel, reply, SKEL_LINE_MAX, ANSWER_MS,
				    "%s", line);
	} while (length < 0 && errno == EINTR);
	if (length < 0)
		return fail_errno(c, line, errno);
	if (strncmp(reply, "ERROR", 5) == 0)
		return capture_fail(c, "'%s': the card answers '%s'", line,
				    reply);
	return 0;
}

int capture_look(struct capture *c)
{
	char reply[SKEL_LINE_MAX];
	int i;

	for (i = 0; i < ERRORS_MAX; i++) {
		reply[0] = '\0';
		if (capture_ask(c, reply, "SYSTem:ERRor?")) {
			/* a card with a language of its own */
			if (strncmp(reply, "ERROR", 5) != 0)
				return -1;
			c->why[0] = '\0';
			return 0;
		}
		c->scpi = reply[0] == '-' || (reply[0] >= '0' &&
					      reply[0] <= '9');
		if (!c->scpi || strncmp(reply, "0,", 2) == 0)
			return 0;
	}
	return 0;
}

/* @owner: " (<what the card says>)", or "" */
static int refuse_reserved(struct capture *c, const char *owner)
{
	return capture_fail(c, "another program has reserved the sampling of this card%s: wait until it has ended, 'skelctl list' says which one it is",
			    owner);
}

static int reserve_scpi(struct capture *c)
{
	char reply[SKEL_LINE_MAX], owner[SKEL_LINE_MAX + 3];
	size_t length;

	/* a card that does not know the lock answers the first half only */
	if (capture_ask(c, reply, "SYSTem:ERRor?;:SYSTem:LOCK:REQuest?"))
		return -1;
	length = strlen(reply);
	if (length < 2 || reply[length - 2] != ';')
		return capture_look(c);
	c->reserved = reply[length - 1] == '1';
	if (c->reserved)
		return 0;
	if (capture_ask(c, reply, "SYSTem:LOCK:OWNer?"))
		return -1;
	snprintf(owner, sizeof(owner), " (%s)", reply);
	return refuse_reserved(c, owner);
}

static int reserve_simple(struct capture *c)
{
	char reply[SKEL_LINE_MAX] = "";

	if (!capture_ask(c, reply, "LOCK")) {
		c->reserved = strncmp(reply, "OK", 2) == 0;
		return 0;
	}
	if (strncmp(reply, "ERROR", 5) != 0)
		return -1;
	c->why[0] = '\0';
	/* else it does not know the command */
	return strcmp(reply, "ERROR busy") == 0 ? refuse_reserved(c, "") : 0;
}

int capture_reserve(struct capture *c)
{
	return c->scpi ? reserve_scpi(c) : reserve_simple(c);
}

/* The errors of a setting are those that the queue has behind it. */
int capture_set(struct capture *c, const char *line)
{
	char reply[SKEL_LINE_MAX];

	while (skel_send(c->skel, "%s", line)) {
		if (errno != EINTR)
			return fail_errno(c, line, errno);
	}
	if (capture_ask(c, reply, "SYSTem:ERRor?"))
		return -1;
	if (strncmp(reply, "0,", 2) != 0)
		return capture_fail(c, "'%s': the card answers '%s'", line,
				    reply);
	return 0;
}

__attribute__((__format__(__printf__, 2, 3)))
static int set(struct capture *c, const char *format, ...)
{
	char line[SKEL_LINE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return capture_set(c, line);
}

int capture_inputs(struct capture *c, struct inputs *inputs)
{
	char reply[SKEL_LINE_MAX];

	if (capture_ask(c, reply, "INPUTS?"))
		return -1;
	if (parse_inputs(reply, inputs))
		return capture_fail(c, "'INPUTS?': cannot understand '%s'",
				    reply);
	return 0;
}

/* Are the inputs still what they were? */
static int check_inputs(struct capture *c)
{
	struct inputs inputs;

	if (capture_inputs(c, &inputs))
		return -1;
	if (memcmp(&inputs, &c->inputs, sizeof(inputs)) != 0)
		return capture_fail(c, CHANGED);
	return 0;
}

static int get_status(struct capture *c, struct status *status)
{
	char reply[SKEL_LINE_MAX];

	if (capture_ask(c, reply, "STATUS?"))
		return -1;
	if (parse_status(reply, status))
		return capture_fail(c, "'STATUS?': cannot understand '%s'",
				    reply);
	return 0;
}

/* Only what the options name: a trigger that was set before stays. */
static int set_scpi(struct capture *c)
{
	const struct capture_settings *s = &c->set;
	char reply[SKEL_LINE_MAX];

	if (set(c, "ABORt") || capture_ask(c, reply, "SAMPle:COUNt?"))
		return -1;
	snprintf(c->count, sizeof(c->count), "%.31s", reply);
	if (set(c, "SAMPle:COUNt INFinity") ||
	    (!s->keeps_rate && set(c, "SAMPle:RATE %.17g", s->rate)) ||
	    (s->list && set(c, "SAMPle:LIST (@%s)", s->list)) ||
	    (s->trigger && set(c, "TRIGger:SOURce %s", s->trigger)) ||
	    (s->trigger_number && strcmp(s->trigger, "INPut") == 0 &&
	     set(c, "TRIGger:INPut %d", s->trigger_number)) ||
	    (s->trigger_number && strcmp(s->trigger, "LINE") == 0 &&
	     set(c, "TRIGger:LINE %d", s->trigger_number)) ||
	    (s->slope && set(c, "TRIGger:SLOPe %s", s->slope)) ||
	    (s->has_level && set(c, "TRIGger:LEVel %.17g", s->level)) ||
	    (s->has_pre && set(c, "SAMPle:PRETrigger %llu",
			       (unsigned long long)s->pre)) ||
	    capture_ask(c, reply, "SAMPle:PRETrigger?"))
		return -1;
	c->pre = strtoll(reply, NULL, 10);
	return 0;
}

static int set_simple(struct capture *c)
{
	const struct capture_settings *s = &c->set;

	if (s->list || s->trigger || s->slope || s->has_level || s->has_pre)
		return capture_fail(c, "this card has neither a choice of inputs nor a trigger, it does not speak SCPI: leave these options out");
	if (s->rate != floor(s->rate) || s->rate < 1)
		return capture_fail(c, "--rate: this card takes whole numbers of Hz, from 1 on");
	return 0;
}

/* Blocks short enough to see them come, a buffer as large as the limits allow */
static int open_stream(struct capture *c, const struct status *status)
{
	struct skel_stream_options options = { 0 };
	double block = c->set.rate / BLOCKS_PER_S * c->frame_bytes;

	block = fmin(block, fmin(BLOCK_MAX, status->ring / 4.0));
	if (c->frames)
		block = fmin(block, (double)c->frames * c->frame_bytes);
	options.block = (uint64_t)block / c->frame_bytes * c->frame_bytes;
	if (!options.block)
		options.block = c->frame_bytes;
	options.blocks = BUFFER_MAX / options.block < BLOCKS_MAX ?
			 BUFFER_MAX / options.block : BLOCKS_MAX;
	do {
		c->stream = skel_stream_open(c->skel, &options);
		options.blocks /= 2;
	} while (!c->stream && (errno == ENOMEM || errno == EINVAL) &&
		 options.blocks >= 2);
	if (!c->stream)
		return fail_errno(c, "cannot stream", errno);
	c->codes = malloc(options.block);
	return c->codes ? 0 : capture_fail(c, "no memory");
}

static void describe(struct capture *c, const struct status *status)
{
	int n;

	c->rec.inputs = c->inputs.count;
	c->rec.bits = c->inputs.bits;
	c->rec.range = c->inputs.range;
	c->rec.rate = status->rate;
	c->rec.period = status->period;
	if (!c->rec.period && fmod(1e9, status->rate) == 0)
		c->rec.period = llround(1e9 / status->rate);
	for (n = 0; n < c->inputs.count; n++)
		input_label(&c->inputs.input[n], c->rec.name[n],
			    sizeof(c->rec.name[n]));
}

/* Return: 0; 1: the card's stream is another user's; or -1. */
static int try_stream(struct capture *c, const struct status *status)
{
	char line[64], reply[SKEL_LINE_MAX];
	int error;

	if (open_stream(c, status))
		return -1;
	snprintf(line, sizeof(line), c->scpi ? "INITiate" : "SAMPLE %.0f",
		 c->set.rate);
	do {
		error = skel_stream_start(c->stream, line);
	} while (error == -EINTR);
	if (error)
		return fail_errno(c, line, -error);
	if (!c->scpi)
		return 0;
	/* what the card says of its stream may be about that of the other one */
	if (capture_ask(c, reply, "SYSTem:ERRor?"))
		return -1;
	return strncmp(reply, "-221,", 5) == 0;
}

/* Another recording, whose sampling has just been ended, is still at its end. */
static int start_stream(struct capture *c, const struct status *status)
{
	struct timespec ts = { 0, WAIT_MS * 1000000L };
	int i, ret;

	for (i = 0; (ret = try_stream(c, status)) == 1; i++) {
		skel_stream_close(c->stream);
		c->stream = NULL;
		free(c->codes);
		c->codes = NULL;
		if (i == STREAM_TRIES)
			return capture_fail(c, "another program uses the card's stream: wait until it has ended");
		nanosleep(&ts, NULL);
	}
	return ret;
}

int capture_start(struct capture *c)
{
	struct status status;

	if (c->scpi ? set_scpi(c) : set_simple(c))
		return -1;
	if (capture_inputs(c, &c->inputs) || get_status(c, &status))
		return -1;
	c->frame_bytes = c->inputs.count * sizeof(int16_t);
	if (start_stream(c, &status))
		return -1;
	if (get_status(c, &status))
		return -1;
	if (status.rate <= 0)
		return capture_fail(c, "the card does not sample");
	c->numbered = status.has_run;
	/* a card that does not number its runs does not round either */
	if (!c->numbered && status.rate != c->set.rate)
		return capture_fail(c, CHANGED);
	/* from here on, the number of the run tells of changes */
	if (check_inputs(c))
		return -1;
	describe(c, &status);
	if (c->set.verbose)
		fprintf(c->talk, "  the card's ring: %llu bytes from card address 0x%llx\n",
			(unsigned long long)status.ring,
			(unsigned long long)status.base);
	return 0;
}

/* Return: false: no more are wanted. */
static bool take(struct capture *c, const struct skel_block *block)
{
	const int16_t *from = block->data;
	size_t i, n = block->length / sizeof(*from);
	int64_t first = block->offset / c->frame_bytes - c->pre;

	if (c->set.verbose && !c->end)
		fprintf(c->talk, "  the first block: %zu bytes at host address 0x%llx\n",
			(size_t)block->length,
			(unsigned long long)skel_host_addr(c->skel, block->data));
	c->end = (block->offset + block->length) / c->frame_bytes;
	if (block->lost) {
		c->lost += block->lost / c->frame_bytes;
		fprintf(c->talk, "  %llu frames are lost before %.9g s\n",
			(unsigned long long)(block->lost / c->frame_bytes),
			recording_time(&c->rec, first));
	}
	for (i = 0; i < n; i++)
		c->codes[i] = (int16_t)le16toh(from[i]);
	return c->emit(c->data, first, c->codes, n / c->inputs.count);
}

int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/*
 * No frame for long: it may wait for its trigger, sample slowly, or overwrite all
 * of its ring before it is fetched.
 */
static int check_silence(struct capture *c)
{
	struct status status;
	char reply[SKEL_LINE_MAX];

	if (capture_ask(c, reply, "STATUS?"))
		return -1;
	if (strstr(reply, "trigger=WAITING"))
		return 0;
	if (parse_status(reply, &status))
		return capture_fail(c, "'STATUS?': cannot understand '%s'",
				    reply);
	if (strcmp(status.state, "SAMPLING") != 0)
		return capture_fail(c, "the card does not sample any more");
	if (status.frames > c->end + 2 * status.ring / c->frame_bytes)
		return capture_fail(c, "the card samples faster than its samples can be fetched: take a lower --rate or fewer --inputs (%llu frames were sampled, %llu have come)",
				    (unsigned long long)status.frames,
				    (unsigned long long)c->end);
	return 0;
}

int capture_run(struct capture *c)
{
	bool more = true, some = false, stopped = false;
	struct skel_block block;
	int64_t last = now_ms();

	while (more) {
		int n = skel_stream_acquire(c->stream, &block, WAIT_MS);

		if (n == 1) {
			some = true;
			last = now_ms();
			more = take(c, &block);
			n = skel_stream_release(c->stream, &block);
		} else if (n == -ETIMEDOUT && now_ms() - last > SILENT_MS) {
			last = now_ms();
			if (check_silence(c))
				return -1;
		} else if (!n) {
			if (stopped)
				break;
			return capture_fail(c, "the card does not sample any more");
		}
		if (n < 0 && n != -ETIMEDOUT && n != -EINTR)
			return fail_errno(c, "sampling", -n);
		c->progress(c->data, !some);
		/* what was sampled until now still comes */
		if (*c->stop && !stopped) {
			stopped = true;
			if (!some)
				break;
			while ((n = skel_stream_stop(c->stream)) == -EINTR)
				;
			if (n)
				return fail_errno(c, "stop", -n);
		}
	}
	return c->numbered ? 0 : check_inputs(c);
}

int capture_end(struct capture *c)
{
	char why[sizeof(c->why)], reply[SKEL_LINE_MAX];
	int error = 0;

	/* the first reason stays */
	memcpy(why, c->why, sizeof(why));
	c->why[0] = '\0';
	skel_stream_close(c->stream);
	c->stream = NULL;
	if (*c->count && !c->gone)
		error = set(c, "SAMPle:COUNt %s", strstr(c->count, "E+37") ?
			    "INFinity" : c->count);
	if (error && !c->gone)
		fprintf(c->talk, "  SAMPle:COUNt was %s before and has not come back: %s; set it with 'skelctl cmd'\n",
			c->count, c->why);
	c->count[0] = '\0';
	if (c->reserved && !c->gone && c->scpi)
		set(c, "SYSTem:LOCK:RELease");
	else if (c->reserved && !c->gone)
		capture_ask(c, reply, "UNLOCK");
	c->reserved = false;
	memcpy(c->why, why, sizeof(why));
	free(c->codes);
	c->codes = NULL;
	return error;
}
