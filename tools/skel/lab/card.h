/* SPDX-License-Identifier: GPL-2.0 */
/*
 * card.h - what cards do alike: the transfers whose answers are still to come
 *
 * A transfer has a slot from lab_card_ops.transfer() until its end. The kernel
 * gets the slot's place and generation as a tag and says it in each answer, so
 * that an answer that comes too late meets nobody.
 */
#ifndef _LAB_CARD_H
#define _LAB_CARD_H

#include "lab.h"

#define CARD_SLOTS	256

struct card_slot {
	struct lab_transfer transfer;
	uint64_t id;		/* of the kernel, when granted */
	uint32_t generation;
	bool used;
	bool finished;		/* finish() has been called */
};

struct card_slots {
	struct card_slot slot[CARD_SLOTS];
};

/* A slot for a transfer, and its tag; NULL: none is free. */
struct card_slot *card_slot_take(struct card_slots *slots,
				 const struct lab_transfer *transfer,
				 uint64_t *tag);
/* NULL: there is no such transfer any more. */
struct card_slot *card_slot_find(struct card_slots *slots, uint64_t tag);
/* The transfer has ended: frees its slot, then calls done(). */
void card_slot_end(struct card_slot *slot, int error);
void card_slots_forget(struct card_slots *slots, void *arg);
/* The channel is closed: its transfers end with -ECANCELED. */
void card_slots_close(struct card_slots *slots, unsigned int channel);

#endif /* _LAB_CARD_H */
