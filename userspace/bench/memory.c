// SPDX-License-Identifier: GPL-2.0
/*
 * memory.c - skel-bench: kernel memory per open file and per buffer
 *
 * Slab memory is the objects of /proc/slabinfo times their size, all memory is what is
 * neither MemFree nor in the lists of free pages of a CPU. Slabs have free objects at
 * hand. So the first files and buffers are made before the measurement and kept until
 * its end: they use up what was at hand, and only growth is measured.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define CARDS		16	/* at most; all their channels are opened */
#define FILES		1000	/* at most, twice */
#define BUFFERS		10000
#define BUFFER_BYTES	4096
#define LARGE		(1ULL << 30)

struct usage {
	int64_t slab;		/* bytes of objects in use, -1: unknown */
	int64_t memory;		/* bytes that are not free, from an arbitrary zero */
};

/* The sum of what lines have, times the second number or @unit; -1: no such file */
static int64_t sum_lines(const char *path, const char *format, int unit)
{
	FILE *file = fopen(path, "r");
	int64_t bytes = 0;
	char line[512];

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		long long count, size = unit;

		if (sscanf(line, format, &count, &size) >= 1)
			bytes += count * size;
	}
	fclose(file);
	return bytes;
}

static struct usage look(void)
{
	struct usage now;

	usleep(50000);	/* let what is freed with a delay become free */
	now.slab = sum_lines("/proc/slabinfo", "%*s %lld %*d %lld", 0);
	now.memory = -sum_lines("/proc/meminfo", "MemFree: %lld", 1024) -
		     sum_lines("/proc/zoneinfo", " count: %lld", sysconf(_SC_PAGESIZE));
	return now;
}

/* The larger of slab, if known, and all memory, for one of @count; without @data */
static void grown(const struct usage *before, const char *by, uint64_t of, int count,
		  int64_t data)
{
	struct usage after = look();
	int64_t all = after.memory - before->memory - data;
	int64_t slab = before->slab < 0 ? 0 : after.slab - before->slab;

	bench_bytes("memory", by, of, (double)(slab > all ? slab : all) / count);
}

/* Open all channels of cards from @card to before @end. Return: how many. */
static int open_cards(int card, int end, int *fds)
{
	int count = 0;

	while (card < end && count < FILES) {
		char path[32];

		snprintf(path, sizeof(path), "/dev/skel%d", card);
		fds[count] = open(path, O_RDWR | O_CLOEXEC);
		if (fds[count] < 0)
			card++;		/* all are open, or there is no such card */
		else
			count++;
	}
	return count;
}

/* The first quarter of the cards is opened before the measurement */
static void bench_files(void)
{
	int fds[2 * FILES], first = open_cards(0, CARDS / 4, fds), count;
	struct usage before = look();

	count = open_cards(CARDS / 4, CARDS, fds + first);
	if (count)
		grown(&before, "file", 0, count, 0);
	else
		bench_skipped("file", "no more than 4 cards");
	for (count += first; count; )
		close(fds[--count]);
}

/* By the ioctl, not mapped: page tables are not to be measured */
static void bench_small(void)
{
	struct skel *skel = bench_open();
	struct usage before;
	int i;

	for (i = 0; i < BUFFERS; i++)
		bench_alloc(skel_fd(skel), BUFFER_BYTES);
	before = look();
	for (i = 0; i < BUFFERS; i++)
		bench_alloc(skel_fd(skel), BUFFER_BYTES);
	grown(&before, "buffer", BUFFER_BYTES, BUFFERS, (int64_t)BUFFERS * BUFFER_BYTES);
	skel_close(skel);
}

/* With the page tables of a mapping that is in use */
static void bench_large(void)
{
	struct skel_alloc alloc = {
		.size = sizeof(alloc),
		.flags = SKEL_ALLOC_TOHOST,
		.length = LARGE,
	};
	struct skel *skel = bench_open();
	struct usage before;
	uint64_t at;
	char *start;

	bench_alloc(skel_fd(skel), BUFFER_BYTES);
	before = look();
	if (ioctl(skel_fd(skel), SKEL_IOC_ALLOC, &alloc)) {
		bench_skipped("buffer of 1 GiB", strerror(errno));
		skel_close(skel);
		return;
	}
	grown(&before, "buffer", LARGE, 1, LARGE);
	start = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_SHARED, skel_fd(skel),
		     alloc.host_addr);
	if (start == MAP_FAILED)
		err(1, "mmap");
	for (at = 0; at < LARGE; at += BUFFER_BYTES)
		start[at] = 1;
	grown(&before, "mapped-buffer", LARGE, 1, LARGE);
	munmap(start, LARGE);
	skel_close(skel);
}

void bench_memory(void)
{
	bench_heading("Kernel memory",
		      "For one more: what is not free any more, or the objects in slabs if they are more.\n"
		      "For buffers without their own pages.");
	bench_table();
	bench_files();
	bench_small();
	if (!bench_short)
		bench_large();
}
