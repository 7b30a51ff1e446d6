// SPDX-License-Identifier: GPL-2.0
/*
 * card.c - which card the user means, and opening it
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skelctl.h"

static char path[4096];

/* "0", "skel0" and "/dev/skel0" are the same; anything else is a path */
void choose_card(const char *text)
{
	const char *number = text;
	int length;

	if (strncmp(text, "skel", 4) == 0)
		number = text + 4;
	if (*number && !number[strspn(number, "0123456789")])
		length = snprintf(path, sizeof(path), "/dev/skel%s", number);
	else
		length = snprintf(path, sizeof(path), "%s", text);
	if (!length || (size_t)length >= sizeof(path))
		errx(EXIT_USAGE, "--device: '%s' is no name of a card: give a number, a name such as skel0, or a path",
		     text);
}

const char *card_path(void)
{
	const char *text = getenv("SKEL_DEVICE");

	if (!*path)
		choose_card(text && *text ? text : SKEL_DEFAULT_PATH);
	return path;
}

struct skel *open_card(void)
{
	struct skel *skel = skel_open(card_path());

	if (skel)
		return skel;
	switch (errno) {
	case ENOENT:
		errx(EXIT_NO_CARD, "%s: no such card; a simulated one: modprobe skel_sim",
		     path);
	case EACCES:
		errx(EXIT_NO_CARD, "%s: permission denied; see the udev rule 60-skel.rules",
		     path);
	case EBUSY:
		errx(EXIT_NO_CARD, "%s: all channels of the card are in use",
		     path);
	case ENOTTY:
		errx(EXIT_NO_CARD, "%s: not a card of the skel core", path);
	default:
		err(EXIT_NO_CARD, "%s", path);
	}
}
