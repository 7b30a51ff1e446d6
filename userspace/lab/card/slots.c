// SPDX-License-Identifier: GPL-2.0
/*
 * slots.c - transfers that are not over
 */
#include <errno.h>

#include "card/slots.h"

struct card_slot *card_slot_take(struct card_slots *slots,
				 const struct lab_transfer *transfer,
				 uint64_t *tag)
{
	unsigned int i;

	for (i = 0; i < CARD_SLOTS; i++) {
		struct card_slot *slot = &slots->slot[i];

		if (slot->used)
			continue;
		slot->transfer = *transfer;
		slot->used = true;
		slot->finished = false;
		slot->id = 0;
		slot->generation++;
		*tag = (uint64_t)slot->generation << 32 | i;
		return slot;
	}
	return NULL;
}

struct card_slot *card_slot_find(struct card_slots *slots, uint64_t tag)
{
	struct card_slot *slot;

	if ((uint32_t)tag >= CARD_SLOTS)
		return NULL;
	slot = &slots->slot[(uint32_t)tag];
	return slot->used && slot->generation == tag >> 32 ? slot : NULL;
}

void card_slot_end(struct card_slot *slot, int error)
{
	slot->used = false;
	if (slot->transfer.done)
		slot->transfer.done(slot->transfer.arg, error);
}

void card_slots_forget(struct card_slots *slots, void *arg)
{
	unsigned int i;

	for (i = 0; i < CARD_SLOTS; i++) {
		struct card_slot *slot = &slots->slot[i];

		if (!slot->used || slot->transfer.arg != arg)
			continue;
		/* one that waits for finish() ends by the kernel's timeout */
		slot->transfer.done = NULL;
		slot->transfer.arg = NULL;
		if (slot->transfer.granted)
			slot->used = false;
	}
}

void card_slots_close(struct card_slots *slots, unsigned int channel)
{
	unsigned int i;

	for (i = 0; i < CARD_SLOTS; i++) {
		struct card_slot *slot = &slots->slot[i];

		if (slot->used && slot->transfer.channel == channel)
			card_slot_end(slot, -ECANCELED);
	}
}
