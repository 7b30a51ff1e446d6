// SPDX-License-Identifier: GPL-2.0
/*
 * clock.c - the clocks: dividers of the master clock
 */
#include <math.h>

#include "parts/clock.h"

static void clocks_init(struct lab *lab)
{
	for (unsigned int i = 0; i < LAB_CLOCKS; i++)
		lab->clocks->divider[i] = CLOCK_DIVIDER_DEFAULT;
}

static void clocks_reset(struct lab *lab)
{
	for (unsigned int i = 0; i < LAB_CLOCKS; i++)
		clock_set(lab, i, CLOCK_DIVIDER_DEFAULT);
}

uint32_t clock_divider(const struct lab *lab, unsigned int clock)
{
	return lab->clocks->divider[clock];
}

/*
 * Of the two dividers around it, the one whose frequency is nearer; that need
 * not be the one that is nearer as a number.
 */
uint32_t clock_nearest_divider(double frequency)
{
	double low = floor(CLOCK_MASTER / frequency);

	if (low < 1)
		return 1;
	if (low >= CLOCK_DIVIDER_MAX)
		return CLOCK_DIVIDER_MAX;
	if (CLOCK_MASTER / low - frequency <=
	    frequency - CLOCK_MASTER / (low + 1))
		return low;
	return low + 1;
}

void clock_set(struct lab *lab, unsigned int clock, uint32_t divider)
{
	lab->hooks.catch_up(lab);
	lab->hooks.clock_changes(lab, clock);
	lab->clocks->divider[clock] = divider;
	lab->hooks.refresh(lab);
}

const struct lab_part clocks_part = {
	LAB_PART_IN(clocks),
	.init = clocks_init,
	.reset = clocks_reset,
};
