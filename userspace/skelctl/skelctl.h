/* SPDX-License-Identifier: GPL-2.0 */
/*
 * skelctl.h - what the commands of skelctl share
 */
#ifndef _SKELCTL_H
#define _SKELCTL_H

#include "libskel.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* Exit statuses */
#define EXIT_CARD	1	/* the card or the system refused something */
#define EXIT_USAGE	2	/* wrong options or arguments */

#define ANSWER_MS	1000	/* that a card may take to answer */

struct skel *open_card(const char *path);
long long number_option(const char *name, const char *text, long long min,
			long long max);

/* Each takes the device and its own arguments, and returns an exit status */
int cmd_main(const char *path, int argc, char **argv);
int info_main(const char *path, int argc, char **argv);
int acquire_main(const char *path, int argc, char **argv);

#endif /* _SKELCTL_H */
