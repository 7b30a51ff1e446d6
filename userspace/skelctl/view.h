/* SPDX-License-Identifier: GPL-2.0 */
/*
 * view.h - waveforms in the terminal: its size, its characters, its colours
 */
#ifndef _SKEL_VIEW_H
#define _SKEL_VIEW_H

#include <stdbool.h>
#include <stdio.h>

#include "command.h"
#include "samples.h"

struct view {
	bool draw;		/* else only measure */
	bool json;		/* and print that as JSON */
	bool utf8, colour;
	int width, height;	/* 0: as the terminal */
	const char *when;	/* colours: "always", "never", "auto" */
};

enum {
	VIEW_NO_PLOT = OPTION_LONG + 100,
	VIEW_WIDTH,
	VIEW_HEIGHT,
	VIEW_ASCII,
	VIEW_UTF8,
	VIEW_COLOUR,
	VIEW_JSON = 'j',
};

#define VIEW_ROWS \
	{ "no-plot", VIEW_NO_PLOT, NULL, NULL, "do not draw, only measure" }, \
	{ "json", VIEW_JSON, NULL, NULL, "the same, as JSON on standard output" }, \
	{ "width", VIEW_WIDTH, "N", NULL, \
	  "width of the picture in characters, from 20 on (default: as wide as the terminal, at most 100)" }, \
	{ "height", VIEW_HEIGHT, "N", NULL, \
	  "height in lines (default: as high as the terminal, at most 29); with less than 7 for each input, there are lines without a frame" }, \
	{ "ascii", VIEW_ASCII, NULL, NULL, \
	  "draw in ASCII (default: if the locale is not UTF-8)" }, \
	{ "utf8", VIEW_UTF8, NULL, NULL, \
	  "draw in UTF-8, whatever the locale is" }, \
	{ "colour", VIEW_COLOUR, "WHEN", "always never auto", \
	  "always, never or auto (default): on terminals, if the environment variable NO_COLOR is not set" }, \
	{ "color", VIEW_COLOUR, "WHEN", NULL, NULL }

void view_init(struct view *view);
/* Return: false: it is not one of these. Exits if the value is wrong. */
bool view_option(struct view *view, int letter, const char *value);
/* When all options are there */
void view_complete(struct view *view);
/* "measured 50.00 Hz, -8.000 V to 8.000 V" */
void view_measure(const struct samples *s, int n, char *text, size_t size);
/*
 * Draw, or print what is measured; JSON goes to standard output.
 * @left: what is said of each input
 * Return: 0, or -1 with errno
 */
int view_show(const struct view *view, const struct samples *s,
	      const char *const *left, FILE *out);

#endif /* _SKEL_VIEW_H */
