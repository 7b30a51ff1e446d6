// SPDX-License-Identifier: GPL-2.0
/*
 * played-card.c - skel-bench: the shortest program that plays a card
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/skel_ucard.h>

#include "bench.h"

#define UCARD	"/dev/skel-ucard"

bool bench_can_play(void)
{
	return !access(UCARD, R_OK | W_OK);
}

static int make(unsigned int channels, unsigned int *index)
{
	struct skel_ucard_create create = {
		.size = sizeof(create),
		.flags = SKEL_UCARD_TOHOST | SKEL_UCARD_FROMHOST,
		.name = "bench",
		.memory = 1 << 20,
		.channels = channels,
		.transfers = 4,
	};
	int fd = open(UCARD, O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, SKEL_UCARD_IOC_CREATE, &create))
		err(1, UCARD);
	*index = create.index;
	return fd;
}

/* Each command has the same reply. */
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

struct bench_card bench_card_make(unsigned int channels, bool player)
{
	struct bench_card card = { .fd = -1 };
	int ready[2];

	if (!player) {
		card.fd = make(channels, &card.index);
		return card;
	}
	if (pipe(ready))
		err(1, "pipe");
	card.player = fork();
	if (card.player < 0)
		err(1, "fork");
	if (!card.player) {
		int fd = make(channels, &card.index);

		bench_realtime(true);
		if (write(ready[1], &card.index, sizeof(card.index)) < 0)
			err(1, "pipe");
		play(fd);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &card.index, sizeof(card.index)) != sizeof(card.index))
		errx(1, "the program of the card has ended");
	close(ready[0]);
	return card;
}

void bench_card_end(const struct bench_card *card)
{
	if (card->player) {
		kill(card->player, SIGTERM);
		waitpid(card->player, NULL, 0);
	} else {
		close(card->fd);
	}
}

struct skel *bench_card_open(const struct bench_card *card)
{
	char path[32];
	struct skel *skel = NULL;
	int tries;

	snprintf(path, sizeof(path), "/dev/skel%u", card->index);
	/* the node appears in the background */
	for (tries = 0; !skel && tries < 100; tries++) {
		skel = skel_open(path);
		if (!skel)
			usleep(10000);
	}
	if (!skel)
		errx(1, "%s", skel_errmsg());
	return skel;
}
