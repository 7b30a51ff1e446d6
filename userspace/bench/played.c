// SPDX-License-Identifier: GPL-2.0
/*
 * played.c - skel-bench: what a card that a program plays costs
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/skel_ucard.h>

#include "bench.h"

#define MEMORY	(1 << 20)
#define RUNS	51
#define DONE	SKEL_CORE_MARK "DONE"

struct block {
	int writer, reader;	/* card and channel, or the ends of a pipe */
	const void *from;
	void *to;
	struct skel_ucard_request request;
};

/* One write() of the card's program, one read() of its end */
static void move(void *data)
{
	const struct block *b = data;
	char line[SKEL_LINE_MAX];

	if (write(b->writer, &b->request, sizeof(b->request)) < 0 ||
	    read(b->reader, line, sizeof(line)) <= 0)
		err(1, "block");
	if (strncmp(line, DONE, strlen(DONE)) != 0)
		errx(1, "block: %s", line);
}

/* The program writes the bytes to a pipe, the user reads them */
static void pass(void *data)
{
	const struct block *b = data;
	ssize_t length = b->request.bytes;

	if (write(b->writer, b->from, length) != length ||
	    read(b->reader, b->to, length) != length)
		err(1, "pipe");
}

static void bench_blocks(void)
{
	static const size_t sizes[] = { 64, 4096, 65536 };
	char events[2 * SKEL_UCARD_RECORD_MAX];
	const struct skel_ucard_head *opened = (void *)events;
	struct bench_card card = bench_card_make(2, false);
	char *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, card.fd, 0);
	struct skel *skel = bench_card_open(&card);
	char *buffer = skel_malloc(skel, MEMORY, SKEL_ALLOC_TOHOST);
	struct block by_card = {
		.writer = card.fd,
		.reader = skel_fd(skel),
		.request.head.length = sizeof(by_card.request),
		.request.head.type = SKEL_UCARD_REQUEST,
		.request.head.flags = SKEL_UCARD_AT_ONCE | SKEL_UCARD_QUIET,
	};
	struct block by_pipe = { .from = memory, .to = buffer };
	int fds[2];
	size_t i;

	if (memory == MAP_FAILED || pipe(fds))
		err(1, "a card of 1 MiB");
	if (!buffer)
		errx(1, "%s", skel_errmsg());
	if (read(card.fd, events, sizeof(events)) <= 0)
		err(1, "no event");
	by_pipe.reader = fds[0];
	by_pipe.writer = fds[1];
	by_card.request.head.opening = opened->opening;
	by_card.request.host_addr = skel_host_addr(skel, buffer);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		by_card.request.bytes = by_pipe.request.bytes = sizes[i];
		bench_time("block", "skel", sizes[i], bench_repeat(RUNS, move, &by_card));
		bench_time("block", "memcpy", sizes[i],
			   bench_memcpy(buffer, memory, sizes[i]));
		bench_time("block", "pipe", sizes[i], bench_repeat(RUNS, pass, &by_pipe));
	}
	skel_close(skel);
	munmap(memory, MEMORY);
	bench_card_end(&card);
}

void bench_played(void)
{
	struct bench_card card;
	struct skel *skel;

	bench_heading("A card that a program plays",
		      "block: to the host, until the line of its end is read.");
	bench_table();
	if (!bench_can_play()) {
		bench_skipped("played", "no skel_ucard, or not root");
		return;
	}
	card = bench_card_make(1, true);
	skel = bench_card_open(&card);
	bench_time("command", "skel-played", 0,
		   bench_command(skel_fd(skel), BENCH_IDN, "skel,"));
	skel_close(skel);
	bench_card_end(&card);
	bench_blocks();
}
