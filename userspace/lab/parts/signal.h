/* SPDX-License-Identifier: GPL-2.0 */
/*
 * signal.h - signals that are functions of time
 *
 * Time is in ticks of the master clock (10 ns), frequency in uHz. So the phase
 * after any number of ticks is an exact integer, in units of 10^-14 cycles, and
 * never drifts.
 */
#ifndef _LAB_SIGNAL_H
#define _LAB_SIGNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNAL_CYCLE	UINT64_C(100000000000000)	/* one cycle of phase */
#define SIGNAL_HERTZ	UINT64_C(1000000)		/* in units of frequency */
#define SIGNAL_FREQUENCY_MIN	0.000001		/* Hz */
#define SIGNAL_FREQUENCY_MAX	1e6
#define SIGNAL_TABLE_MAX	65536			/* samples */

/* Up to RAMP they are periodic; from LOOPBACK on not computed here. */
enum signal_function {
	SIGNAL_SINE,		/* from 0 up */
	SIGNAL_SQUARE,		/* high for the duty cycle, then low */
	SIGNAL_TRIANGLE,	/* from 0 up */
	SIGNAL_RAMP,		/* from the lowest value up to the highest */
	SIGNAL_NOISE,		/* uniform between the lowest and the highest */
	SIGNAL_DC,		/* the offset alone */
	SIGNAL_LOOPBACK,	/* an analog output */
	SIGNAL_COUNTER,		/* the number of the frame, 16 bits */
	SIGNAL_FILE,		/* a recording */
};

struct signal {
	enum signal_function function;
	double amplitude, offset;	/* V; half of peak to peak */
	uint64_t frequency;		/* uHz, up to 2^40 */
	uint64_t phase;			/* at time 0, below SIGNAL_CYCLE */
	uint64_t duty;			/* of square, up to SIGNAL_CYCLE */
	uint64_t key;			/* of noise */
};

static inline bool signal_is_periodic(const struct signal *signal)
{
	return signal->function <= SIGNAL_RAMP;
}

/* The advance of the phase in @ticks, below SIGNAL_CYCLE */
uint64_t signal_step(const struct signal *signal, uint64_t ticks);

/*
 * Volts to a 16 bit sample: +10 V is 32767, rounded half away from zero,
 * clipped to -32768..32767.
 */
int16_t signal_quantise(double volts);

/* A 16 bit sample at @tick; its error is below 0.5 + 10^-6 steps of 10/32767 V. */
int16_t signal_sample(const struct signal *signal, uint64_t tick);
/*
 * @count samples, the first one at @tick, then each @period ticks, to @out[0],
 * @out[stride], ... in little endian. Each is what signal_sample() returns.
 */
void signal_block(const struct signal *signal, uint64_t tick, uint64_t period,
		  size_t count, int16_t *out, size_t stride);
/*
 * After how many samples a periodic signal repeats exactly, 1 to
 * SIGNAL_TABLE_MAX; 0: after more, or never.
 */
size_t signal_repeats(const struct signal *signal, uint64_t period);

/*
 * When is a periodic or constant signal at or above @volts? Return: 1: always,
 * -1: never, 0: from phase *@rise up to phase *@fall.
 */
int signal_above(const struct signal *signal, double volts, uint64_t *rise,
		 uint64_t *fall);

#endif /* _LAB_SIGNAL_H */
