// SPDX-License-Identifier: GPL-2.0
/*
 * signal.c - signals that are functions of time
 */
#include <endian.h>
#include <math.h>

#include "parts/signal.h"

#define QUARTER		((int64_t)(SIGNAL_CYCLE / 4))
#define STEPS		3276.7		/* of the converter, in one volt */

uint64_t signal_step(const struct signal *signal, uint64_t ticks)
{
	return (__uint128_t)signal->frequency * ticks % SIGNAL_CYCLE;
}

static uint64_t phase_at(const struct signal *signal, uint64_t tick)
{
	return (signal_step(signal, tick) + signal->phase) % SIGNAL_CYCLE;
}

/* Halfway between two steps, round away from zero, like round(). */
static inline int16_t to_sample(double steps)
{
	if (steps >= 32767)
		return 32767;
	if (steps <= -32768)
		return -32768;
	return steps + copysign(0.5, steps);
}

static inline int16_t little(int16_t sample)
{
	return (int16_t)htole16((uint16_t)sample);
}

int16_t signal_quantise(double volts)
{
	return to_sample(volts * STEPS);
}

/* -1/4 to 1/4 cycle, where a sine has the same value */
static inline int64_t fold(uint64_t phase)
{
	int64_t p = phase;

	if (p > 3 * QUARTER)
		return p - 4 * QUARTER;
	return p > QUARTER ? 2 * QUARTER - p : p;
}

/*
 * The Taylor series up to x^17: its error is below 10^-13 in this range. It is
 * faster than sin(), and the same on all machines.
 */
static inline double sine(uint64_t phase)
{
	double x = fold(phase) * (6.283185307179586477 / SIGNAL_CYCLE);
	double y = x * x;
	double sum = 1.0 / 355687428096000;

	sum = sum * y - 1.0 / 1307674368000;
	sum = sum * y + 1.0 / 6227020800;
	sum = sum * y - 1.0 / 39916800;
	sum = sum * y + 1.0 / 362880;
	sum = sum * y - 1.0 / 5040;
	sum = sum * y + 1.0 / 120;
	sum = sum * y - 1.0 / 6;
	return x + x * y * sum;
}

/*
 * A random number of 53 bits, uniform in -1 to 1, that depends only on key and
 * time: the output function of splitmix64 (S. Vigna, 2015, after G. Steele
 * et al., "Fast splittable pseudorandom number generators", 2014).
 */
static inline double noise(uint64_t key, uint64_t tick)
{
	uint64_t z = key + tick * 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	z ^= z >> 31;
	/* signed numbers are faster to convert */
	return (int64_t)(z >> 11) / 0x1p52 - 1;
}

/* -1 to 1; @function is constant in each of the loops below */
static inline double shape(enum signal_function function, uint64_t duty,
			   uint64_t phase)
{
	switch (function) {
	case SIGNAL_SINE:
		return sine(phase);
	case SIGNAL_SQUARE:
		return phase < duty ? 1 : -1;
	case SIGNAL_TRIANGLE:
		return fold(phase) * (1.0 / QUARTER);
	default:
		return phase * (2.0 / SIGNAL_CYCLE) - 1;
	}
}

static __always_inline void
periodic(enum signal_function function, const struct signal *signal,
	 uint64_t tick, uint64_t period, size_t count, int16_t *out,
	 size_t stride)
{
	double amplitude = signal->amplitude * STEPS;
	double offset = signal->offset * STEPS;
	uint64_t phase = phase_at(signal, tick);
	uint64_t step = signal_step(signal, period);

	for (; count; count--, out += stride) {
		*out = little(to_sample(amplitude * shape(function,
							  signal->duty,
							  phase) + offset));
		phase += step;
		if (phase >= SIGNAL_CYCLE)
			phase -= SIGNAL_CYCLE;
	}
}

static void noisy(const struct signal *signal, uint64_t tick, uint64_t period,
		  size_t count, int16_t *out, size_t stride)
{
	double amplitude = signal->amplitude * STEPS;
	double offset = signal->offset * STEPS;

	for (; count; count--, out += stride, tick += period)
		*out = little(to_sample(amplitude * noise(signal->key, tick) +
					offset));
}

static void constant(const struct signal *signal, size_t count, int16_t *out,
		     size_t stride)
{
	int16_t sample = little(signal_quantise(signal->offset));

	for (; count; count--, out += stride)
		*out = sample;
}

void signal_block(const struct signal *signal, uint64_t tick, uint64_t period,
		  size_t count, int16_t *out, size_t stride)
{
	switch (signal->function) {
	case SIGNAL_SINE:
		periodic(SIGNAL_SINE, signal, tick, period, count, out, stride);
		break;
	case SIGNAL_SQUARE:
		periodic(SIGNAL_SQUARE, signal, tick, period, count, out,
			 stride);
		break;
	case SIGNAL_TRIANGLE:
		periodic(SIGNAL_TRIANGLE, signal, tick, period, count, out,
			 stride);
		break;
	case SIGNAL_RAMP:
		periodic(SIGNAL_RAMP, signal, tick, period, count, out, stride);
		break;
	case SIGNAL_NOISE:
		noisy(signal, tick, period, count, out, stride);
		break;
	default:
		constant(signal, count, out, stride);
		break;
	}
}

int16_t signal_sample(const struct signal *signal, uint64_t tick)
{
	int16_t sample;

	signal_block(signal, tick, 1, 1, &sample, 1);
	return (int16_t)le16toh((uint16_t)sample);
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

size_t signal_repeats(const struct signal *signal, uint64_t period)
{
	uint64_t n;

	if (!signal_is_periodic(signal))
		return 0;
	n = SIGNAL_CYCLE / common_divisor(SIGNAL_CYCLE,
					  signal_step(signal, period));
	return n <= SIGNAL_TABLE_MAX ? n : 0;
}

/* A phase given in cycles, -1 to 2 */
static uint64_t to_phase(double cycles)
{
	double units = rint((cycles - floor(cycles)) * SIGNAL_CYCLE);

	return units < SIGNAL_CYCLE ? (uint64_t)units : 0;
}

int signal_above(const struct signal *signal, double volts, uint64_t *rise,
		 uint64_t *fall)
{
	double amplitude = signal_is_periodic(signal) ? signal->amplitude : 0;
	double at;	/* where -1 to 1 crosses the threshold */

	if (signal->offset - amplitude >= volts)
		return 1;
	if (signal->offset + amplitude < volts)
		return -1;
	at = (volts - signal->offset) / amplitude;
	switch (signal->function) {
	case SIGNAL_SINE:
		*rise = to_phase(asin(at) / (2 * M_PI));
		*fall = to_phase(0.5 - asin(at) / (2 * M_PI));
		break;
	case SIGNAL_TRIANGLE:
		*rise = to_phase(at / 4);
		*fall = to_phase(0.5 - at / 4);
		break;
	case SIGNAL_RAMP:
		*rise = to_phase((at + 1) / 2);
		*fall = 0;
		break;
	default:
		*rise = 0;
		*fall = signal->duty % SIGNAL_CYCLE;
		if (signal->duty == 0 || signal->duty == SIGNAL_CYCLE)
			return signal->duty ? 1 : -1;
		break;
	}
	/* no wider than one unit */
	return *rise == *fall ? -1 : 0;
}
