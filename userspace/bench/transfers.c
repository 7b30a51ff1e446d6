// SPDX-License-Identifier: GPL-2.0
/*
 * transfers.c - skel-bench: one transfer, and many submitted and reaped together
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define BLOCK	4096
#define BATCH	64
#define DONE	SKEL_CORE_MARK "DONE"

struct batch {
	int fd, count, at_once;
	char commands[BATCH * 64], ends[BATCH * 80];
	size_t line[BATCH + 1];		/* where in the commands; the last one: their end */
};

/* As many requests in one write() as may run at once; read() until all have ended. */
static void run_batch(void *data)
{
	struct batch *b = data;
	struct pollfd pfd = { .fd = b->fd };
	size_t sent = 0, got = 0;
	int ended = 0;

	while (ended < b->count) {
		int last = ended + b->at_once < b->count ? ended + b->at_once : b->count;
		size_t due = b->line[last] - sent;
		ssize_t n = due ? write(b->fd, b->commands + sent, due) : 0;

		if (n > 0)
			sent += n;
		n = read(b->fd, b->ends + got, sizeof(b->ends) - 1 - got);
		if (n < 0 && errno == EAGAIN) {
			pfd.events = POLLIN | (sent < b->line[last] ? POLLOUT : 0);
			if (poll(&pfd, 1, 5000) != 1)
				errx(1, "%d of %d transfers have not ended",
				     b->count - ended, b->count);
			continue;
		}
		if (n <= 0)
			err(1, "read");
		for (; n; n--)
			ended += b->ends[got++] == '\n';
	}
	b->ends[got] = '\0';
}

static double bench_batch(struct skel *skel, const char *buffer, int count, int length)
{
	struct batch b = { .fd = skel_fd(skel), .count = count };
	const char *line = b.ends;
	struct skel_info info;
	double time;
	int i;

	if (skel_get_info(skel, &info))
		errx(1, "%s", skel_errmsg());
	b.at_once = info.transfers;
	for (i = 0; i < count; i++)
		b.line[i + 1] = b.line[i] +
			sprintf(b.commands + b.line[i], "TOHOST 0 %d %llu\n", length,
				(unsigned long long)skel_host_addr(skel, buffer + i * BLOCK));
	time = bench_repeat(BENCH_RUNS, run_batch, &b);
	for (i = 0; i < count; i++, line = strchr(line, '\n') + 1) {
		if (strncmp(line, DONE, strlen(DONE)) != 0)
			errx(1, "transfer %d of %d: %.60s", i + 1, count, line);
	}
	return time;
}

void bench_transfers(void)
{
	static const int counts[] = { 1, 4, 16, BATCH };
	struct skel *skel = bench_open();
	char *buffer = skel_malloc(skel, BATCH * BLOCK, SKEL_ALLOC_TOHOST);
	size_t i;

	if (!buffer)
		errx(1, "%s", skel_errmsg());
	bench_heading("Transfers",
		      "TOHOST of 4 KiB, as many in one write() as may run at once, until the lines of all\n"
		      "their ends are read; overhead: of 64 bytes each, almost without copying.");
	bench_table();
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		bench_time("transfers", "skel", counts[i],
			   bench_batch(skel, buffer, counts[i], BLOCK));
		bench_time("overhead", "skel", counts[i],
			   bench_batch(skel, buffer, counts[i], 64));
	}
	skel_close(skel);
}
