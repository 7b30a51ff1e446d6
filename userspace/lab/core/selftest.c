// SPDX-License-Identifier: GPL-2.0
/*
 * selftest.c - *TST?
 */
#include "core/internal.h"

#define TEST_BYTES	64	/* of card memory that are looked at */

/*
 * Do the last bytes of card memory keep what is written to them? Atomic
 * accesses make the compiler really read the memory.
 */
static bool memory_keeps(struct lab_card *card, uint8_t pattern)
{
	uint8_t *byte = card->memory + card->size;
	bool good = true;
	unsigned int i;

	for (i = 0; good && i < TEST_BYTES && i < card->size; i++) {
		uint8_t before = __atomic_exchange_n(--byte, pattern,
						     __ATOMIC_SEQ_CST);

		good = __atomic_exchange_n(byte, before,
					   __ATOMIC_SEQ_CST) == pattern;
	}
	return good;
}

/* Is the list of timers sorted, and all of them active? */
static bool timers_are_sorted(const struct lab *lab)
{
	const struct lab_timer *timer = lab->time.timers;

	for (; timer && timer->next; timer = timer->next) {
		if (timer->when > timer->next->when || !timer->active)
			return false;
	}
	return true;
}

int lab_test(struct lab *lab)
{
	if (!memory_keeps(lab->card, 0x55) || !memory_keeps(lab->card, 0xaa))
		return 1;
	return timers_are_sorted(lab) ? 0 : 2;
}
