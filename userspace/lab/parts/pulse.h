/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pulse.h - a level that changes periodically, and its edges
 *
 * At tick t the phase is (phase + step * t) modulo cycle; the level is high
 * from phase rise up to phase fall. The number of edges so far, and the time of
 * the n-th one, are computed from this without looking at each.
 */
#ifndef _LAB_PULSE_H
#define _LAB_PULSE_H

#include <stdbool.h>
#include <stdint.h>

struct pulse {
	uint64_t step, cycle;		/* 0 < step <= cycle <= 2^47 */
	uint64_t phase, rise, fall;	/* below cycle, rise != fall */
};

/* The pulse of a clock; it may change in the middle of a tick. */
struct pulse pulse_of_clock(uint32_t divider);

/* The level at a tick; a clock with divider 1 is high at each. */
bool pulse_level(const struct pulse *pulse, uint64_t tick);
/* Edges up to and at @tick, counted from some time before 0 */
uint64_t pulse_count(const struct pulse *pulse, bool rising, uint64_t tick);
/* The tick at or right after edge @number; 0 if that is before tick 0 */
uint64_t pulse_tick(const struct pulse *pulse, bool rising, uint64_t number);

#endif /* _LAB_PULSE_H */
