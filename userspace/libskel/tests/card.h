/* SPDX-License-Identifier: GPL-2.0 */
/*
 * card.h - a card that the test plays itself, at the other end of a socket
 */
#ifndef _SKEL_TESTS_CARD_H
#define _SKEL_TESTS_CARD_H

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../internal.h"
#include "unit.h"

static struct skel *skel;
static int card;	/* the card's end of the stream */

static void plug(void)
{
	int fds[2];

	check(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds));
	card = fds[1];
	skel = skel_new(fds[0]);
	check(skel);
}

static void unplug(void)
{
	skel_close(skel);
	close(card);
}

static void say(const char *text)
{
	check(write(card, text, strlen(text)) == (ssize_t)strlen(text));
}

#endif /* _SKEL_TESTS_CARD_H */
