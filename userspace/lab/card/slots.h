/* SPDX-License-Identifier: GPL-2.0 */
/*
 * slots.h - transfers that are not over, of any kind of card
 *
 * A transfer has a slot from lab_card_ops.transfer() until its end. The index
 * and the generation of the slot are the tag that the kernel repeats in each
 * answer, so that a late answer cannot reach a later transfer.
 */
#ifndef _LAB_CARD_SLOTS_H
#define _LAB_CARD_SLOTS_H

#include <stdbool.h>

#include "core/card.h"

#define CARD_SLOTS	256

struct card_slot {
	struct lab_transfer transfer;
	uint64_t id;		/* from the kernel, once granted */
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
/* NULL: there is no such transfer, or it is over. */
struct card_slot *card_slot_find(struct card_slots *slots, uint64_t tag);
/* The transfer has ended: frees its slot, then calls done(). */
void card_slot_end(struct card_slot *slot, int error);
void card_slots_forget(struct card_slots *slots, void *arg);
/* The channel has been closed: its transfers end with -ECANCELED. */
void card_slots_close(struct card_slots *slots, unsigned int channel);

#endif /* _LAB_CARD_SLOTS_H */
