/* SPDX-License-Identifier: GPL-2.0 */
/*
 * clock.h - the clocks: dividers of the master clock
 *
 * A clock rises at each multiple of its divider since lab time 0, and is high
 * for half of its period. Clocks count from 0 here, from 1 in commands.
 */
#ifndef _LAB_CLOCK_H
#define _LAB_CLOCK_H

#include "core/lab.h"

#define CLOCK_MASTER	100000000	/* Hz */
#define CLOCK_DIVIDER_MAX	UINT32_MAX
#define CLOCK_MIN	((double)CLOCK_MASTER / CLOCK_DIVIDER_MAX)	/* Hz */
#define CLOCK_DIVIDER_DEFAULT	100000	/* 1 kHz */

struct clocks {
	uint32_t divider[LAB_CLOCKS];
};

extern const struct lab_part clocks_part;

/* The divider whose frequency is nearest, from CLOCK_MIN to CLOCK_MASTER Hz */
uint32_t clock_nearest_divider(double frequency);
/* 1 to CLOCK_DIVIDER_MAX */
uint32_t clock_divider(const struct lab *lab, unsigned int clock);
void clock_set(struct lab *lab, unsigned int clock, uint32_t divider);

#endif /* _LAB_CLOCK_H */
