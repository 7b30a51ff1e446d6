// SPDX-License-Identifier: GPL-2.0
/*
 * bench-memory.c - kernel memory per open file and per buffer
 *
 * Slab memory is the objects of /proc/slabinfo times their size, all memory is
 * taken from MemFree of /proc/meminfo. The kernel keeps free pages and objects
 * at hand, which these files count as used. So the first files and buffers are
 * made before the measurement and kept until its end: they use up what was at
 * hand, and only growth is measured.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"
#include "libskel.h"

#define CARDS		16	/* at most; all their channels are opened */
#define FILES		1000	/* at most */
#define BUFFERS		10000
#define BUFFER_BYTES	4096

struct usage {
	int64_t slab;		/* bytes of objects in use, -1: unknown */
	int64_t memory;		/* bytes that are not free, from an arbitrary zero */
};

/* The growth that one more thing causes, in bytes */
struct growth {
	double slab;		/* negative: unknown */
	double memory;
	int count;		/* of things measured */
};

static int64_t slab_bytes(void)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	long long active, size;
	int64_t bytes = 0;
	char line[512];

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %lld %*d %lld", &active, &size) == 2)
			bytes += active * size;
	}
	fclose(file);
	return bytes;
}

static int64_t free_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	long long kib = 0;
	char line[128];

	if (!file)
		err(1, "/proc/meminfo");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "MemFree: %lld", &kib) == 1)
			break;
	}
	fclose(file);
	return kib * 1024;
}

static struct usage look(void)
{
	struct usage now;

	usleep(50000);	/* let what is freed with a delay become free */
	now.slab = slab_bytes();
	now.memory = -free_bytes();
	return now;
}

static struct growth grown(const struct usage *before, int count, int64_t data)
{
	struct usage after = look();
	struct growth g = { .slab = -1, .count = count };

	if (before->slab >= 0)
		g.slab = (double)(after.slab - before->slab) / count;
	g.memory = (double)(after.memory - before->memory - data) / count;
	return g;
}

/* Open all channels that a card has left. Return: how many. */
static int open_card(int card, int *fds, int room)
{
	char path[32];
	int count;

	snprintf(path, sizeof(path), "/dev/skel%d", card);
	for (count = 0; count < room; count++) {
		fds[count] = open(path, O_RDWR | O_CLOEXEC);
		if (fds[count] < 0)
			break;
	}
	return count;
}

/* The first quarter of the cards is opened before the measurement */
static struct growth bench_files(int cards)
{
	int fds[FILES], first = 0, count, card;
	struct usage before;
	struct growth g;

	for (card = 0; card < cards / 4; card++)
		first += open_card(card, fds + first, FILES - first);
	before = look();
	for (count = first; card < cards; card++)
		count += open_card(card, fds + count, FILES - count);
	if (count == first)
		errx(1, "no channel can be opened");
	g = grown(&before, count - first, 0);
	while (count)
		close(fds[--count]);
	return g;
}

/* By the ioctl, not mapped: page tables are not to be measured */
static void alloc_buffers(int fd)
{
	int i;

	for (i = 0; i < BUFFERS; i++) {
		struct skel_alloc request = {
			.size = sizeof(request),
			.flags = SKEL_ALLOC_TOHOST,
			.length = BUFFER_BYTES,
		};

		if (ioctl(fd, SKEL_IOC_ALLOC, &request))
			err(1, "buffer %d of %d", i, BUFFERS);
	}
}

static struct growth bench_buffers(void)
{
	int fd = open(bench_device, O_RDWR | O_CLOEXEC);
	struct usage before;
	struct growth g;

	if (fd < 0)
		err(1, "%s", bench_device);
	alloc_buffers(fd);
	before = look();
	alloc_buffers(fd);
	g = grown(&before, BUFFERS, (int64_t)BUFFERS * BUFFER_BYTES);
	close(fd);
	return g;
}

static void show(const char *what, const struct growth *g)
{
	char text[32] = "unknown";

	if (g->slab >= 0)
		snprintf(text, sizeof(text), "%.0f", g->slab);
	printf("| %s | %d | %s | %.0f |\n", what, g->count, text, g->memory);
}

/* What is known to be used: the larger of slab, if known, and all memory */
static double used(const struct growth *g)
{
	return g->slab > g->memory ? g->slab : g->memory;
}

/* Objects and free pages are kept at hand per CPU: use only one */
static void stay_on_this_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		warn("sched_setaffinity");
}

void bench_memory(void)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct growth file, buffer;
	char path[32];
	int cards;

	if (setrlimit(RLIMIT_MEMLOCK, &unlimited))
		warn("RLIMIT_MEMLOCK");
	stay_on_this_cpu();
	for (cards = 0; cards < CARDS; cards++) {
		snprintf(path, sizeof(path), "/dev/skel%d", cards);
		if (access(path, R_OK | W_OK))
			break;
	}
	file = bench_files(cards);
	buffer = bench_buffers();

	printf("\n## Kernel memory\n\n");
	printf("Bytes for one more. Slab: growth of the objects in /proc/slabinfo; all: of what\n"
	       "is not MemFree; for buffers without their %d bytes of data.\n\n",
	       BUFFER_BYTES);
	printf("| one | measured with | slab | all |\n|---|---|---|---|\n");
	show("open file", &file);
	show("buffer", &buffer);
	printf("\n");
	/* 1 KiB, and 7 KiB for the FIFOs and the line */
	bench_limit("memory of an open file", used(&file), 8192, " bytes");
	bench_limit("memory of a buffer", used(&buffer), 512, " bytes");
}
