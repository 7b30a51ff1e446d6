// SPDX-License-Identifier: GPL-2.0
/*
 * pulse.c - a level that changes periodically, and its edges
 */
#include "parts/pulse.h"

struct pulse pulse_of_clock(uint32_t divider)
{
	return (struct pulse){
		.step = 2,
		.cycle = (uint64_t)divider * 2,
		.fall = divider,
	};
}

bool pulse_level(const struct pulse *pulse, uint64_t tick)
{
	uint64_t phase = ((__uint128_t)pulse->step * tick + pulse->phase) %
			 pulse->cycle;

	if (pulse->rise < pulse->fall)
		return phase >= pulse->rise && phase < pulse->fall;
	return phase >= pulse->rise || phase < pulse->fall;
}

/* How far the phase at tick 0 is past edge number 1, the one before it */
static uint64_t past(const struct pulse *pulse, bool rising)
{
	return pulse->phase + pulse->cycle -
	       (rising ? pulse->rise : pulse->fall);
}

uint64_t pulse_count(const struct pulse *pulse, bool rising, uint64_t tick)
{
	return ((__uint128_t)pulse->step * tick + past(pulse, rising)) / pulse->cycle;
}

uint64_t pulse_tick(const struct pulse *pulse, bool rising, uint64_t number)
{
	__uint128_t phase = (__uint128_t)number * pulse->cycle;

	if (phase <= past(pulse, rising))
		return 0;
	return (phase - past(pulse, rising) + pulse->step - 1) / pulse->step;
}
