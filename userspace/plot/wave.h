/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wave.h - measure a waveform
 */
#ifndef _SKEL_WAVE_H
#define _SKEL_WAVE_H

#include <stddef.h>

/* What is measured on a waveform */
struct wave {
	double min;
	double max;
	double frequency;	/* in Hz; 0: there are fewer than two periods */
};

struct wave wave_measure(const double *values, size_t count, double rate);

#endif /* _SKEL_WAVE_H */
