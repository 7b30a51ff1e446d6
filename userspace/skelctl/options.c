// SPDX-License-Identifier: GPL-2.0
/*
 * options.c - arguments that all commands of skelctl have in common
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "skelctl.h"

/* Open the card, or print what can be done about it and exit */
struct skel *open_card(const char *path)
{
	struct skel *skel = skel_open(path);

	if (skel)
		return skel;
	switch (errno) {
	case ENOENT:
		errx(EXIT_CARD, "%s: no such card; a simulated one: modprobe skel_sim",
		     path);
	case EACCES:
		errx(EXIT_CARD, "%s: permission denied; see the udev rule 60-skel.rules",
		     path);
	case EBUSY:
		errx(EXIT_CARD, "%s: all channels of the card are in use",
		     path);
	case ENOTTY:
		errx(EXIT_CARD, "%s: not a card of the skel core", path);
	default:
		err(EXIT_CARD, "%s", path);
	}
}

/* A whole number, decimal or 0x hexadecimal; exits if it is none */
long long number_option(const char *name, const char *text, long long min,
			long long max)
{
	long long value;
	char *end;

	errno = 0;
	value = strtoll(text, &end, 0);
	if (end == text || *end || errno || value < min || value > max)
		errx(EXIT_USAGE, "%s: '%s' is not a number from %lld to %lld",
		     name, text, min, max);
	return value;
}
