// SPDX-License-Identifier: GPL-2.0
/*
 * demo-refusals.c - the card asks for more than it may
 *
 * The same transfer one byte beyond the buffer, into a freed buffer and into
 * another process's buffer is refused, and not a byte moves; exactly into the
 * buffer it is granted.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checksum.h"
#include "demo.h"

#define MINE	0x11	/* what my buffer is filled with */

/* Everything that must not change when a request is refused */
struct state {
	struct skel_info info;
	uint32_t mine, others;	/* checksums */
};

struct demo {
	struct skel *skel;
	struct other other;
	char *buffer;
	uint64_t host_addr;	/* of buffer */
};

static struct state look(const struct demo *d)
{
	struct state s;

	if (skel_get_info(d->skel, &s.info))
		err(1, "skel_get_info");
	s.mine = checksum(d->buffer, DEMO_LENGTH);
	s.others = other_checksum(&d->other);
	return s;
}

/* Send TOHOST and show what comes back */
static struct skel_transfer tohost(struct demo *d, uint64_t length,
				   uint64_t host_addr)
{
	struct skel_transfer t, end = { 0 };
	char line[SKEL_LINE_MAX];

	printf("   program > TOHOST 0x0 0x%llx 0x%llx\n",
	       (unsigned long long)length, (unsigned long long)host_addr);
	if (skel_tohost(d->skel, &t, 0, length, host_addr) ||
	    skel_readline(d->skel, line, sizeof(line), DEMO_ANSWER_MS) < 0)
		err(1, "TOHOST");
	printf("   program < %s\n", line);
	expect(!skel_parse_transfer(line, &end),
	       "that is no end of a transfer");
	return end;
}

static void show_difference(const struct state *a, const struct state *z)
{
	printf("   driver:   granted %llu -> %llu, refused %llu -> %llu, bytes %llu -> %llu\n",
	       (unsigned long long)a->info.granted,
	       (unsigned long long)z->info.granted,
	       (unsigned long long)a->info.refused,
	       (unsigned long long)z->info.refused,
	       (unsigned long long)a->info.bytes_tohost,
	       (unsigned long long)z->info.bytes_tohost);
	printf("   crc32:    my buffer %08x -> %08x, the other's %08x -> %08x\n",
	       a->mine, z->mine, a->others, z->others);
}

static void try_forbidden(struct demo *d, const char *what,
			  uint64_t length, uint64_t host_addr)
{
	struct state before = look(d), after;
	struct skel_transfer end;

	printf(" * %s\n", what);
	end = tohost(d, length, host_addr);
	demo_show_card(d->skel);
	after = look(d);
	show_difference(&before, &after);
	expect(end.result == SKEL_REFUSED, "the request was not refused");
	expect(strcmp(end.reason, "host-address") == 0,
	       "the reason is not 'host-address'");
	expect(after.info.refused == before.info.refused + 1 &&
	       after.info.granted == before.info.granted,
	       "the driver has counted something else");
	expect(after.info.bytes_tohost == before.info.bytes_tohost &&
	       after.mine == before.mine && after.others == before.others,
	       "bytes have moved");
	if (!demo_unexpected)
		printf("   => refused, 0 bytes moved\n\n");
	fflush(stdout);
}

static void try_permitted(struct demo *d)
{
	struct state before = look(d), after;
	struct skel_transfer end;
	const char *memory;
	size_t length;

	printf(" * to compare: exactly my buffer\n");
	end = tohost(d, DEMO_LENGTH, d->host_addr);
	after = look(d);
	show_difference(&before, &after);
	expect(end.result == SKEL_DONE, "the transfer is not done");
	expect(after.info.granted == before.info.granted + 1 &&
	       after.info.refused == before.info.refused &&
	       after.info.bytes_tohost == before.info.bytes_tohost + DEMO_LENGTH,
	       "the driver has counted something else");
	expect(after.mine != before.mine, "my buffer has not changed");
	expect(after.others == before.others, "the other buffer has changed");

	memory = skel_map_region(d->skel, 0, PROT_READ, &length);
	expect(memory && length >= DEMO_LENGTH, "the card's memory is not mapped");
	if (memory)
		expect(memcmp(memory, d->buffer, DEMO_LENGTH) == 0,
		       "the buffer is not what is in the card's memory");
	skel_unmap_region(d->skel, (void *)memory);
	if (!demo_unexpected)
		printf("   => granted, %d bytes moved, equal to the card's memory\n",
		       DEMO_LENGTH);
}

void demo_refusals(void)
{
	struct demo d = { .skel = skel_open(demo_device) };
	uint64_t freed_addr;
	char *freed;

	if (!d.skel)
		err(1, "%s", demo_device);
	d.other = start_other();
	d.buffer = skel_malloc(d.skel, DEMO_LENGTH, SKEL_ALLOC_TOHOST);
	freed = skel_malloc(d.skel, DEMO_LENGTH, SKEL_ALLOC_TOHOST);
	if (!d.buffer || !freed)
		err(1, "skel_malloc");
	memset(d.buffer, MINE, DEMO_LENGTH);
	d.host_addr = skel_host_addr(d.skel, d.buffer);
	freed_addr = skel_host_addr(d.skel, freed);
	expect(!skel_free(d.skel, freed), "skel_free: %s", strerror(errno));

	printf("my buffer:               host address 0x%llx, %d bytes of 0x%02x\n",
	       (unsigned long long)d.host_addr, DEMO_LENGTH, MINE);
	printf("a buffer that I freed:   host address 0x%llx, %d bytes\n",
	       (unsigned long long)freed_addr, DEMO_LENGTH);
	printf("another process's:       host address 0x%llx, %d bytes of 0x%02x,\n",
	       (unsigned long long)d.other.host_addr, DEMO_LENGTH, DEMO_OTHERS);
	printf("                         pid %d on channel %u, this is pid %d\n\n",
	       d.other.pid, d.other.channel, getpid());

	try_forbidden(&d, "one byte beyond my buffer", DEMO_LENGTH + 1, d.host_addr);
	try_forbidden(&d, "into the buffer that I freed", DEMO_LENGTH, freed_addr);
	try_forbidden(&d, "into the other process's buffer", DEMO_LENGTH,
		      d.other.host_addr);
	try_permitted(&d);
	stop_other(&d.other);
	skel_close(d.skel);
}
