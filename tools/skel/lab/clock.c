// SPDX-License-Identifier: GPL-2.0
/*
 * clock.c - the clocks: dividers of the master clock
 */
#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "digital.h"
#include "output.h"
#include "sampler.h"

int clocks_init(struct lab *lab)
{
	lab->clocks = calloc(1, sizeof(*lab->clocks));
	if (!lab->clocks)
		return -ENOMEM;
	for (unsigned int i = 0; i < LAB_CLOCKS; i++)
		lab->clocks->divider[i] = CLOCK_DIVIDER_DEFAULT;
	return 0;
}

void clocks_reset(struct lab *lab)
{
	for (unsigned int i = 0; i < LAB_CLOCKS; i++)
		clock_set(lab, i, CLOCK_DIVIDER_DEFAULT);
}

void clocks_destroy(struct lab *lab)
{
	free(lab->clocks);
	lab->clocks = NULL;
}

uint32_t clock_divider(const struct lab *lab, unsigned int clock)
{
	return lab->clocks->divider[clock];
}

void clock_set(struct lab *lab, unsigned int clock, uint32_t divider)
{
	sampler_catch_up(lab);
	outputs_hold_clock(lab, clock);
	lab->clocks->divider[clock] = divider;
	digital_refresh(lab);
}
