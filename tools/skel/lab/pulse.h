/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pulse.h - a level that changes periodically, and its edges
 *
 * At tick t the phase is (phase + step * t) modulo cycle; the level is high from
 * phase rise up to phase fall. How many edges there have been, and when the n-th
 * one was, follows from this without looking at each.
 */
#ifndef _LAB_PULSE_H
#define _LAB_PULSE_H

#include <stdbool.h>
#include <stdint.h>

struct pulse {
	uint64_t step, cycle;		/* 0 < step <= cycle <= 2^47 */
	uint64_t phase, rise, fall;	/* below cycle, rise != fall */
};

/* A clock of the master clock; it changes at half ticks, too. */
struct pulse pulse_of_clock(uint32_t divider);

/* The level, where there is one: a clock of the master clock itself is high. */
bool pulse_level(const struct pulse *pulse, uint64_t tick);
/* Edges up to and at @tick, counted from some time before 0 */
uint64_t pulse_count(const struct pulse *pulse, bool rising, uint64_t tick);
/* The tick at or right after the edge with that number, 0 if it is before 0 */
uint64_t pulse_tick(const struct pulse *pulse, bool rising, uint64_t number);

#endif /* _LAB_PULSE_H */
