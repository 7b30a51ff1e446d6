/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ucard.h - the card of the instrument: /dev/skel-ucard, see linux/skel_ucard.h
 */
#ifndef _LAB_UCARD_H
#define _LAB_UCARD_H

#include "core/lab.h"

struct ucard;

struct ucard_settings {
	const char *device;	/* /dev/skel-ucard */
	const char *name;	/* of the card's model */
	uint64_t memory;	/* bytes */
};

/* Create a card. Return: NULL with errno, and what failed in *@what. */
struct ucard *ucard_create(const struct ucard_settings *settings,
			   const char **what);
/* The card is unplugged. */
void ucard_destroy(struct ucard *ucard);

struct lab_card *ucard_card(struct ucard *ucard);
int ucard_fd(const struct ucard *ucard);	/* for poll() */
unsigned int ucard_index(const struct ucard *ucard);	/* N of /dev/skelN */
/* Some actions are left, which the kernel will take after ucard_read(). */
bool ucard_is_full(const struct ucard *ucard);

/*
 * Read pending events with at most one read(), and hand them to the instrument.
 * Does not wait.
 * Return: 0, or -1 with errno.
 */
int ucard_read(struct ucard *ucard, struct lab *lab);

#endif /* _LAB_UCARD_H */
