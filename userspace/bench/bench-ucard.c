// SPDX-License-Identifier: GPL-2.0
/*
 * bench-ucard.c - skel-bench: what a card played by a program costs
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/skel_ucard.h>

#include "bench.h"
#include "libskel.h"

#define UCARD		"/dev/skel-ucard"
#define MEMORY		1048576
#define BLOCK		65536
#define SMALL		64
#define BLOCKS		51

/* Return: its file, or -1 with errno */
static int make_card(unsigned int *index)
{
	struct skel_ucard_create create = {
		.size = sizeof(create),
		.flags = SKEL_UCARD_TOHOST | SKEL_UCARD_FROMHOST,
		.name = "bench",
		.memory = MEMORY,
		.channels = 2,
		.transfers = 4,
	};
	int fd = open(UCARD, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (ioctl(fd, SKEL_UCARD_IOC_CREATE, &create)) {
		close(fd);
		return -1;
	}
	*index = create.index;
	return fd;
}

static struct skel *open_card(unsigned int index)
{
	char path[32];
	struct skel *skel = NULL;
	int tries;

	snprintf(path, sizeof(path), "/dev/skel%u", index);
	/* the node appears in the background */
	for (tries = 0; !skel && tries < 100; tries++) {
		skel = skel_open(path);
		if (!skel)
			usleep(10000);
	}
	if (!skel)
		err(1, "%s", path);
	return skel;
}

/* The shortest program that plays a card: each command has the same reply */
static void play(int card)
{
	static const char line[] = "skel,bench,0,1\n";
	char events[2 * SKEL_UCARD_RECORD_MAX], action[64] = "";
	struct skel_ucard_head *head = (void *)action;
	ssize_t n, at;

	while ((n = read(card, events, sizeof(events))) > 0) {
		const struct skel_ucard_head *event;

		for (at = 0; at < n; at += (event->length + 7) & ~7) {
			event = (void *)(events + at);
			if (event->type != SKEL_UCARD_COMMAND)
				continue;
			*head = (struct skel_ucard_head) {
				.length = sizeof(*head) + sizeof(line) - 1,
				.type = SKEL_UCARD_REPLY,
				.channel = event->channel,
				.opening = event->opening,
			};
			memcpy(head + 1, line, sizeof(line) - 1);
			if (write(card, action, head->length) < 0)
				return;
		}
	}
}

static void bench_identity(void)
{
	uint64_t card, pipes;
	struct skel *skel;
	unsigned int index;
	int ready[2];
	pid_t pid;

	if (pipe(ready))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		int fd = make_card(&index);

		if (fd < 0 || write(ready[1], &index, sizeof(index)) < 0)
			err(1, UCARD);
		play(fd);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &index, sizeof(index)) != sizeof(index))
		errx(1, "the program of the card has ended");
	close(ready[0]);
	skel = open_card(index);
	card = bench_command(skel_fd(skel), "*IDN?\n", "skel,");
	skel_close(skel);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);

	pipes = bench_two_pipes();
	printf("| `*IDN?` | %llu |\n", (unsigned long long)card);
	printf("| two pipes, there and back | %llu |\n",
	       (unsigned long long)pipes);
	printf("\n");
	bench_limit("`*IDN?` by a program", card, 6.0 * pipes, " ns");
}

/* One block to the host: one write() of the program, one read() of its end */
static uint64_t bench_block(int card, uint32_t opening, struct skel *skel,
			    uint64_t host, size_t length)
{
	struct skel_ucard_request request = {
		.head.length = sizeof(request),
		.head.type = SKEL_UCARD_REQUEST,
		.head.flags = SKEL_UCARD_AT_ONCE | SKEL_UCARD_QUIET,
		.head.opening = opening,
		.host_addr = host,
		.bytes = length,
	};
	uint64_t times[BLOCKS];
	char line[SKEL_LINE_MAX];
	int i;

	for (i = 0; i < BLOCKS; i++) {
		uint64_t start = bench_now();

		if (write(card, &request, sizeof(request)) < 0 ||
		    read(skel_fd(skel), line, sizeof(line)) <= 0)
			err(1, "block");
		times[i] = bench_now() - start;
		if (strncmp(line, SKEL_CORE_MARK "DONE",
			    strlen(SKEL_CORE_MARK "DONE")) != 0)
			errx(1, "block: %s", line);
	}
	return bench_median(times, BLOCKS);
}

static uint64_t bench_memcpy(void *to, const void *from, size_t length)
{
	uint64_t times[BLOCKS];
	int i;

	for (i = 0; i < BLOCKS; i++) {
		uint64_t start = bench_now();

		memcpy(to, from, length);
		/* hide from the compiler that nobody reads it */
		__asm__ volatile("" : : "r"(to) : "memory");
		times[i] = bench_now() - start;
	}
	return bench_median(times, BLOCKS);
}

static void bench_blocks(void)
{
	uint64_t block, small, copy, copy_small;
	char events[2 * SKEL_UCARD_RECORD_MAX];
	const struct skel_ucard_head *opened = (void *)events;
	struct skel *skel;
	unsigned int index;
	uint64_t host;
	char *memory, *buffer;
	int card = make_card(&index);

	if (card < 0)
		err(1, UCARD);
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, card,
		      0);
	if (memory == MAP_FAILED)
		err(1, "mmap");
	skel = open_card(index);
	buffer = skel_malloc(skel, BLOCK, SKEL_ALLOC_TOHOST);
	if (!buffer)
		err(1, "skel_malloc");
	host = skel_host_addr(skel, buffer);
	if (read(card, events, sizeof(events)) <= 0)
		err(1, UCARD);

	block = bench_block(card, opened->opening, skel, host, BLOCK);
	small = bench_block(card, opened->opening, skel, host, SMALL);
	copy = bench_memcpy(buffer, memory, BLOCK);
	copy_small = bench_memcpy(buffer, memory, SMALL);
	printf("\n| block to the host, and the line of its end | ns |\n|---|---|\n");
	printf("| 64 KiB | %llu |\n", (unsigned long long)block);
	printf("| 64 bytes: the constant of a block | %llu |\n",
	       (unsigned long long)small);
	printf("| memcpy() of 64 KiB | %llu |\n", (unsigned long long)copy);
	printf("| memcpy() of 64 bytes | %llu |\n\n",
	       (unsigned long long)copy_small);
	bench_limit("a block of 64 KiB without its constant", block - small,
		    1.3 * (copy - copy_small), " ns");

	skel_close(skel);
	munmap(memory, MEMORY);
	close(card);
}

void bench_ucard(void)
{
	printf("\n## A card that a program plays\n\n");
	if (access(UCARD, R_OK | W_OK)) {
		printf("(%s: %s, not measured)\n", UCARD, strerror(errno));
		return;
	}
	printf("Medians of %d and %d.\n\n", ROUND_TRIPS, BLOCKS);
	printf("| round trip | ns |\n|---|---|\n");
	bench_identity();
	bench_blocks();
}
