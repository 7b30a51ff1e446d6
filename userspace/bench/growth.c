// SPDX-License-Identifier: GPL-2.0
/*
 * growth.c - skel-bench: what one costs where there are many
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#define RUNS		41
#define LENGTH		4096
#define BUFFERS		10000
#define CHANNELS	1000

/* The oldest of @count buffers goes and a new one comes: by the ioctls, not mapped. */
static void bench_churn(int fd, uint64_t *addrs, size_t count, const char *by, uint64_t of)
{
	uint64_t alloc[BENCH_RUNS], release[BENCH_RUNS];
	int runs = bench_runs(RUNS), i;
	size_t oldest = 0;

	for (i = 0; i < runs; i++) {
		uint64_t start = bench_now();

		bench_free(fd, addrs[oldest]);
		release[i] = bench_now() - start;
		start = bench_now();
		addrs[oldest] = bench_alloc(fd, LENGTH);
		alloc[i] = bench_now() - start;
		oldest = (oldest + 1) % count;
	}
	bench_time("free", by, of, bench_median(release, runs));
	bench_time("alloc", by, of, bench_median(alloc, runs));
}

static void bench_many_buffers(void)
{
	struct skel *skel = bench_open();
	uint64_t *addrs = calloc(BUFFERS, sizeof(*addrs));
	size_t count, have = 0;

	if (!addrs)
		err(1, "addresses");
	for (count = 1; count <= BUFFERS; count *= 10) {
		while (have < count)
			addrs[have++] = bench_alloc(skel_fd(skel), LENGTH);
		bench_churn(skel_fd(skel), addrs, count, "of-buffers", count);
	}
	skel_close(skel);
	free(addrs);
}

static void bench_many_channels(void)
{
	struct bench_card card = bench_card_make(CHANNELS, true);
	struct skel *skels[CHANNELS];
	size_t count, have = 0;

	for (count = 1; count <= CHANNELS; count *= 10) {
		uint64_t addr;
		int fd;

		while (have < count)
			skels[have++] = bench_card_open(&card);
		fd = skel_fd(skels[count - 1]);
		addr = bench_alloc(fd, LENGTH);
		bench_churn(fd, &addr, 1, "of-channels", count);
		bench_time("command", "of-channels", count,
			   bench_command(fd, BENCH_IDN, "skel,"));
	}
	while (have)
		skel_close(skels[--have]);
	bench_card_end(&card);
}

void bench_growth(void)
{
	bench_heading("Growth",
		      "A buffer of 4 KiB is freed and another allocated, unmapped, where the channel has that\n"
		      "many buffers, or the card that many open channels; it is played by a program.");
	bench_table();
	bench_many_buffers();
	if (bench_can_play())
		bench_many_channels();
	else
		bench_skipped("channels", "no skel_ucard, or not root");
}
