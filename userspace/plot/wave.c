// SPDX-License-Identifier: GPL-2.0
/*
 * wave.c - measure a waveform
 */
#include <math.h>

#include "wave.h"

/*
 * Count rising edges: where the wave crosses the middle between its extremes
 * upwards, coming from clearly below and going on to clearly above it, so that
 * noise does not count. Time is interpolated between two values.
 */
static double measure_frequency(const double *values, size_t count,
				double rate, const struct wave *w)
{
	double middle = (w->min + w->max) / 2, band = (w->max - w->min) / 8;
	double first = 0, last = 0, edge = 0;
	size_t i, edges = 0;
	int armed = 0;

	for (i = 1; i < count; i++) {
		if (values[i - 1] < middle - band)
			armed = 1;
		if (values[i - 1] < middle && values[i] >= middle)
			edge = i - 1 + (middle - values[i - 1]) /
				(values[i] - values[i - 1]);
		if (!armed || values[i] < middle + band)
			continue;
		armed = 0;
		last = edge;
		if (!edges++)
			first = edge;
	}
	return edges < 2 ? 0 : (edges - 1) * rate / (last - first);
}

/*
 * wave_measure() - extremes and frequency of @count values, @rate per second
 *
 * Values that are NaN do not count; if all are, so are the extremes.
 */
struct wave wave_measure(const double *values, size_t count, double rate)
{
	struct wave w = { 0 };
	size_t i;

	if (!count)
		return w;
	w.min = NAN;
	w.max = NAN;
	for (i = 0; i < count; i++) {
		w.min = fmin(w.min, values[i]);
		w.max = fmax(w.max, values[i]);
	}
	if (w.max > w.min)
		w.frequency = measure_frequency(values, count, rate, &w);
	return w;
}
