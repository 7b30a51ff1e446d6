/* SPDX-License-Identifier: GPL-2.0 */
/*
 * card.h - the card as the instrument sees it: memory, replies, transfers
 *
 * card/ucard.c and card/fake-card.c are such cards.
 */
#ifndef _LAB_CARD_H
#define _LAB_CARD_H

#include <stddef.h>
#include <stdint.h>

enum lab_dir { LAB_TOHOST, LAB_FROMHOST };

struct lab_transfer {
	unsigned int channel;
	enum lab_dir dir;
	uint64_t card_addr, length, host_addr;	/* any value */
	/*
	 * NULL: if granted, the bytes move at once. Otherwise it is called when
	 * the transfer is granted, and ops->finish(@grant) moves the bytes. The
	 * kernel ends a transfer that is not finished in time.
	 */
	void (*granted)(void *arg, uint64_t grant);
	/*
	 * May be NULL. @error is 0, or a negative errno: that of
	 * skel_request(), -ECANCELED or -ETIMEDOUT
	 */
	void (*done)(void *arg, int error);
	void *arg;
};

struct lab_card {
	uint8_t *memory;
	size_t size;
	const struct lab_card_ops *ops;
	unsigned int queued;	/* actions of transfers, collected for flush() */
	unsigned int awaited;	/* flushed, and the answer has not been read */
	uint64_t refused;	/* requests, of all channels; counted by the card */
};

struct lab_card_ops {
	/* Replies and transfers are collected; flush() sends all of them. */
	void (*reply)(struct lab_card *card, unsigned int channel,
		      const char *bytes, size_t length);
	/*
	 * @transfer is copied; done() is called later, from the main loop,
	 * never after session_close() of that channel. 0, or -ENOMEM.
	 */
	int (*transfer)(struct lab_card *card, const struct lab_transfer *transfer);
	/* Move the bytes of a granted transfer and end it; done() follows. */
	void (*finish)(struct lab_card *card, uint64_t grant);
	/* @arg is about to be freed: make no more calls with it. */
	void (*forget)(struct lab_card *card, void *arg);
	void (*flush)(struct lab_card *card);
};

#endif /* _LAB_CARD_H */
