/* SPDX-License-Identifier: GPL-2.0 */
/*
 * gnuplot.h - waveforms as PNG or SVG, by the program gnuplot
 */
#ifndef _SKEL_GNUPLOT_H
#define _SKEL_GNUPLOT_H

#include <stdbool.h>

#include "samples.h"

/* By the suffix: "png", "svg"; NULL: neither */
const char *gnuplot_kind(const char *path);
/* Is the program installed? */
bool gnuplot_is_there(void);
/*
 * gnuplot_draw() - write a picture to a file that is open
 * @fd: of the file
 * @kind: of gnuplot_kind()
 * @titles: of the traces
 *
 * Return: 0, or -1 with errno; EIO: gnuplot has said what is wrong.
 */
int gnuplot_draw(int fd, const char *kind, const struct samples *s,
		 const char *const *titles);

#endif /* _SKEL_GNUPLOT_H */
