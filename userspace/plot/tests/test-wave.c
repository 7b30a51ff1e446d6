// SPDX-License-Identifier: GPL-2.0
/*
 * test-wave.c - measured frequencies and extremes
 */
#include <math.h>

#include "../wave.h"
#include "unit.h"

#define COUNT	1000
#define RATE	10000.0

static double values[COUNT];

static bool near(double a, double b, double tolerance)
{
	return fabs(a - b) <= tolerance;
}

static void sine_with_offset_and_phase(void)
{
	struct wave w;
	int i;

	for (i = 0; i < COUNT; i++)
		values[i] = 1 + 3 * sin(2 * M_PI * (123.4 * i / RATE + 0.3));
	w = wave_measure(values, COUNT, RATE);
	check(near(w.frequency, 123.4, 0.05));
	check(near(w.min, -2, 0.01) && near(w.max, 4, 0.01));
}

static void square_with_noise(void)
{
	struct wave w;
	int i;

	/* noise of a quarter of the amplitude, at each sample */
	for (i = 0; i < COUNT; i++)
		values[i] = (i / 100 % 2 ? -5 : 5) + (i % 2 ? -1.2 : 1.2);
	w = wave_measure(values, COUNT, RATE);
	check(near(w.frequency, 50, 0.2));
	check(near(w.max, 6.2, 0.001) && near(w.min, -6.2, 0.001));
}

static void no_frequency(void)
{
	struct wave w;
	int i;

	for (i = 0; i < COUNT; i++)
		values[i] = 2.5;
	w = wave_measure(values, COUNT, RATE);
	check(w.frequency == 0 && w.min == 2.5 && w.max == 2.5);

	/* one edge only */
	for (i = 0; i < COUNT; i++)
		values[i] = i < 500 ? -1 : 1;
	check(wave_measure(values, COUNT, RATE).frequency == 0);
	check(wave_measure(values, 1, RATE).frequency == 0);
	check(wave_measure(values, 0, RATE).frequency == 0);
}

int main(void)
{
	run(sine_with_offset_and_phase);
	run(square_with_noise);
	run(no_frequency);
	return unit_end();
}
