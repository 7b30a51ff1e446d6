/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fake-card.h - a card that is plain memory, for tests and fuzzing
 *
 * It stands in for the kernel: users, their buffers, and the checks of each
 * request. Nothing is asynchronous: bytes move in flush(), answers come from
 * fake_card_poll().
 */
#ifndef _LAB_FAKE_CARD_H
#define _LAB_FAKE_CARD_H

#include "core/lab.h"

#define FAKE_CARD_OUTPUT	65536	/* bytes of replies to keep */
#define FAKE_CARD_BUFFERS	4	/* of each channel */

struct fake_card;

struct fake_card *fake_card_create(size_t memory);
void fake_card_destroy(struct fake_card *fake);
struct lab_card *fake_card_card(struct fake_card *fake);

/* A user opens and closes a channel. Closing frees its buffers and replies. */
struct session *fake_card_open(struct fake_card *fake, struct lab *lab,
			       unsigned int channel);
void fake_card_close(struct fake_card *fake, struct lab *lab,
		     unsigned int channel);
/* A buffer of a channel, filled with @fill. Return: its host address, 0: none. */
uint64_t fake_card_buffer(struct fake_card *fake, unsigned int channel,
			  size_t length, uint8_t fill, uint8_t **bytes);
/*
 * A buffer of a channel that somebody else owns, until it is returned. Return:
 * false: the channel has FAKE_CARD_BUFFERS of them.
 */
bool fake_card_lend(struct fake_card *fake, unsigned int channel,
		    uint64_t host_addr, uint8_t *bytes, size_t length);
void fake_card_return(struct fake_card *fake, unsigned int channel,
		      uint64_t host_addr);
/*
 * Give the answers of all flushed transfers, and the core's lines about their
 * ends. Return: how many.
 */
unsigned int fake_card_poll(struct fake_card *fake);
/* The kernel's timeout: granted transfers that are not finished end. */
void fake_card_expire(struct fake_card *fake);
/*
 * All replies to the channel since the last call: a string, valid until the
 * next call.
 */
const char *fake_card_replies(struct fake_card *fake, unsigned int channel);

/* Requests that were granted, of all channels; lab_card.refused has the others */
unsigned int fake_card_granted(const struct fake_card *fake);

/* Run the instrument until nothing is left to do, at most @steps lab_step(). */
void fake_card_run(struct fake_card *fake, struct lab *lab, unsigned int steps);

#endif /* _LAB_FAKE_CARD_H */
