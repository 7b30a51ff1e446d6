/* SPDX-License-Identifier: GPL-2.0 */
/*
 * plot.h - draw waveforms in a terminal
 */
#ifndef _SKEL_PLOT_H
#define _SKEL_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define PLOT_WIDTH_MIN	50
#define PLOT_ROWS_MIN	5	/* rows of one trace */

/* One waveform with its own plot. Texts are ASCII. */
struct plot_trace {
	const char *left;	/* title: name and waveform */
	const char *right;	/* title: what was measured */
	const double *volts;
};

/* All plots, one below the other, with one time axis */
struct plot {
	const struct plot_trace *traces;
	int trace_count;
	size_t count;		/* values of each trace */
	double rate;		/* values per second */
	int width;		/* of the whole picture, in characters */
	int height;		/* in lines; as many of these are used as fit */
	bool utf8;		/* braille and box drawing instead of ASCII */
	bool colour;		/* ANSI colours */
};

int plot_height_min(int trace_count);
int plot_draw(const struct plot *plot, FILE *out);

#endif /* _SKEL_PLOT_H */
