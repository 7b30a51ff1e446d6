/* SPDX-License-Identifier: GPL-2.0 */
/*
 * plot.h - draw waveforms in a terminal
 */
#ifndef _SKEL_PLOT_H
#define _SKEL_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define PLOT_WIDTH_MIN	20
#define PLOT_ROWS_MIN	5	/* rows of one trace */

/* One waveform with its own plot. Texts are ASCII. A value that is NaN is missing. */
struct plot_trace {
	const char *left;	/* title: name and waveform */
	const char *right;	/* title: what was measured */
	const double *volts;
};

/*
 * All plots, one below the other, with one time axis. When the height is less than
 * plot_height_min(), each trace has a line or more without a frame, its name in
 * front.
 */
struct plot {
	const struct plot_trace *traces;
	int trace_count;
	size_t count;		/* values of each trace */
	double rate;		/* values per second */
	double start;		/* time of the first one, in s */
	int width;		/* of the whole picture, in characters */
	int height;		/* in lines; as many of these are used as fit */
	bool utf8;		/* braille and box drawing instead of ASCII */
	bool colour;		/* ANSI colours */
};

/* Lines that a plot of so many traces needs for frames */
int plot_height_min(int trace_count);
int plot_draw(const struct plot *plot, FILE *out);

#endif /* _SKEL_PLOT_H */
