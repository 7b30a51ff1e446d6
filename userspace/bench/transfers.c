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
#define RUNS	41
#define DONE	SKEL_CORE_MARK "DONE"

struct batch {
	int fd, count;
	char commands[BATCH * 64], ends[BATCH * 80];
};

/* One write() of all requests; read() until all their ends are there. */
static void run_batch(void *data)
{
	struct batch *b = data;
	size_t length = strlen(b->commands), sent = 0, got = 0;
	struct pollfd pfd = { .fd = b->fd };
	int ended = 0;

	while (ended < b->count) {
		ssize_t n = 0;

		if (sent < length)
			n = write(b->fd, b->commands + sent, length - sent);
		if (n > 0)
			sent += n;
		n = read(b->fd, b->ends + got, sizeof(b->ends) - 1 - got);
		if (n < 0 && errno == EAGAIN) {
			pfd.events = POLLIN | (sent < length ? POLLOUT : 0);
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
	int end = 0, i;
	double time;

	for (i = 0; i < count; i++)
		end += snprintf(b.commands + end, sizeof(b.commands) - end,
				"TOHOST 0 %d %llu\n", length,
				(unsigned long long)skel_host_addr(skel, buffer + i * BLOCK));
	time = bench_repeat(RUNS, run_batch, &b);
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
		      "TOHOST of 4 KiB, that many in one write(), until the lines of all their ends are read;\n"
		      "overhead: of 64 bytes each, almost without copying.");
	bench_table();
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		bench_time("transfers", "skel", counts[i],
			   bench_batch(skel, buffer, counts[i], BLOCK));
		bench_time("overhead", "skel", counts[i],
			   bench_batch(skel, buffer, counts[i], 64));
	}
	skel_close(skel);
}
