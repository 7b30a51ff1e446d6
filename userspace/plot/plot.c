// SPDX-License-Identifier: GPL-2.0
/*
 * plot.c - draw waveforms in a terminal
 *
 * Each trace has a frame of its own; the time axis is below the last one. A
 * character cell has 2 x 4 dots (braille) or 1 x 3 (ASCII); consecutive values
 * are joined by a line. Ticks of the voltage axis are always in the middle of a
 * cell, so that labels mean what they stand beside.
 */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"

#define LABEL_WIDE	8	/* "-7.5 mV " left of the frame */
#define LABEL_NARROW	6	/* "-7.5m" */
#define WIDE		40	/* from this width on */
#define ROWS_PER_TICK	2	/* of the voltage axis */

/* How a picture is made up of characters */
struct charset {
	int dots_x, dots_y;	/* dots of a cell */
	const char *corner_nw, *corner_ne, *corner_sw, *corner_se;
	const char *horizontal, *vertical;
	const char *tick_x, *tick_y;
	const char *grid;
};

static const struct charset braille = {
	.dots_x = 2, .dots_y = 4,
	.corner_nw = "┌", .corner_ne = "┐", .corner_sw = "└", .corner_se = "┘",
	.horizontal = "─", .vertical = "│",
	.tick_x = "┬", .tick_y = "┤", .grid = "·",
};

static const struct charset ascii = {
	.dots_x = 1, .dots_y = 3,
	.corner_nw = "+", .corner_ne = "+", .corner_sw = "+", .corner_se = "+",
	.horizontal = "-", .vertical = "|",
	.tick_x = "+", .tick_y = "+", .grid = ".",
};

static const char * const trace_colours[] = { "\033[36m", "\033[33m" };

/* A voltage axis: the middle of the middle row is at @centre */
struct axis {
	double centre;
	double step;		/* between ticks, a round number */
};

/* What is the same for all traces while a plot is drawn */
struct canvas {
	const struct plot *plot;
	const struct charset *set;
	FILE *out;
	int label;		/* width left of the frame */
	int columns;		/* cells inside the frame */
	int rows;		/* of one trace, an odd number */
	double unit;		/* seconds of one unit of the time axis */
	const char *unit_name;
	double time_step;	/* between ticks, in these units */
	double first_tick;	/* in steps */
	uint8_t *dots;		/* a bit mask per cell of one trace */
};

/* The smallest of 1, 2, 2.5, 5 times a power of ten that is >= @value */
static double round_up(double value)
{
	static const double steps[] = { 1, 2, 2.5, 5, 10 };
	double power = pow(10, floor(log10(value)));
	size_t i;

	for (i = 0; steps[i] < 10; i++) {
		if (value <= steps[i] * power * 1.000001)
			break;
	}
	return steps[i] * power;
}

static struct axis choose_axis(const double *volts, size_t count, int rows)
{
	double half = rows / 2.0 / ROWS_PER_TICK;	/* in ticks */
	double low = NAN, high = NAN;
	double least;	/* so as not to magnify the noise of a constant */
	struct axis axis;
	size_t i;

	for (i = 0; i < count; i++) {
		low = fmin(low, volts[i]);
		high = fmax(high, volts[i]);
	}
	if (isnan(low))
		low = high = 0;
	least = fmax(fabs(low + high) / 20, 0.001);
	axis.step = round_up(fmax((high - low) / 2, least) / half);
	for (;;) {
		axis.centre = round((low + high) / 2 / axis.step) * axis.step;
		if (fmax(high - axis.centre, axis.centre - low) <=
		    half * axis.step)
			return axis;
		axis.step = round_up(axis.step * 1.01);
	}
}

static void choose_time(struct canvas *c)
{
	double span = c->plot->count / c->plot->rate;

	if (span < 0.002) {
		c->unit = 0.000001;
		c->unit_name = c->plot->utf8 ? "µs" : "us";
	} else if (span < 2) {
		c->unit = 0.001;
		c->unit_name = "ms";
	} else {
		c->unit = 1;
		c->unit_name = "s";
	}
	/* room for a label and some space at each tick */
	c->time_step = round_up(span / c->unit /
				(c->columns > 20 ? c->columns / 10 : 2));
	c->first_tick = ceil(c->plot->start / c->unit / c->time_step - 1e-9);
}

/* Column of tick @i of the time axis, may be beyond the last column */
static int tick_column(const struct canvas *c, double i)
{
	double span = c->plot->count / c->plot->rate / c->unit;
	double at = i * c->time_step - c->plot->start / c->unit;

	return lround(at / span * c->columns);
}

/* Whether a tick, or one of the @minor - 1 marks between two, is in @column */
static bool is_tick_column(const struct canvas *c, int column, int minor)
{
	double span = c->plot->count / c->plot->rate / c->unit;
	double at = column * span / c->columns + c->plot->start / c->unit;
	double nearest = round(at / c->time_step * minor) / minor;

	return column && tick_column(c, nearest) == column;
}

static void set_dot(struct canvas *c, int x, int y)
{
	int width = c->columns * c->set->dots_x;
	int height = c->rows * c->set->dots_y;
	int bit, cell;

	x = x < 0 ? 0 : x >= width ? width - 1 : x;
	y = y < 0 ? 0 : y >= height ? height - 1 : y;
	cell = y / c->set->dots_y * c->columns + x / c->set->dots_x;
	bit = y % c->set->dots_y * c->set->dots_x + x % c->set->dots_x;
	c->dots[cell] |= 1 << bit;
}

static void set_line(struct canvas *c, int x0, int y0, int x1, int y1)
{
	int n = abs(x1 - x0) > abs(y1 - y0) ? abs(x1 - x0) : abs(y1 - y0);
	int i;

	for (i = 1; i <= n; i++)
		set_dot(c, x0 + lround((double)(x1 - x0) * i / n),
			y0 + lround((double)(y1 - y0) * i / n));
	if (!n)
		set_dot(c, x0, y0);
}

static void set_trace(struct canvas *c, const double *volts,
		      const struct axis *axis)
{
	double per_dot = axis->step / (ROWS_PER_TICK * c->set->dots_y);
	double middle = (c->rows * c->set->dots_y - 1) / 2.0;
	double columns = c->columns * c->set->dots_x;
	size_t i, count = c->plot->count;
	int x, y, last_x = 0, last_y = 0;
	bool pen = false;

	memset(c->dots, 0, (size_t)c->columns * c->rows);
	for (i = 0; i < count; i++) {
		if (isnan(volts[i])) {
			pen = false;
			continue;
		}
		x = i * columns / count;
		y = lround(middle - (volts[i] - axis->centre) / per_dot);
		if (!pen)
			set_dot(c, x, y);
		else
			set_line(c, last_x, last_y, x, y);
		pen = true;
		last_x = x;
		last_y = y;
	}
}

/* A cell of 2 x 4 dots, set row by row, as UTF-8 of U+2800 + dots */
static void put_braille(FILE *out, int dots)
{
	static const uint8_t weights[] = {
		0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80,
	};
	int i, code = 0;

	for (i = 0; i < 8; i++)
		code |= dots & 1 << i ? weights[i] : 0;
	fprintf(out, "\xe2%c%c", 0xa0 | code >> 6, 0x80 | (code & 0x3f));
}

/* A cell of 3 dots, one above the other */
static void put_ascii(FILE *out, int dots)
{
	putc(" '-'_:,|"[dots & 7], out);
}

static void put_colour(const struct canvas *c, const char *colour)
{
	if (c->plot->colour)
		fputs(colour, c->out);
}

static void put_repeated(FILE *out, const char *text, int count)
{
	while (count-- > 0)
		fputs(text, out);
}

static void put_row(struct canvas *c, const char *colour, int row)
{
	bool grid = (row - c->rows / 2) % ROWS_PER_TICK == 0;
	const uint8_t *cells = c->dots + (size_t)row * c->columns;
	bool coloured = false;
	int x;

	for (x = 0; x < c->columns; x++) {
		if (!!cells[x] != coloured) {
			coloured = !coloured;
			put_colour(c, coloured ? colour : "\033[0m");
		}
		if (cells[x] && c->plot->utf8)
			put_braille(c->out, cells[x]);
		else if (cells[x])
			put_ascii(c->out, cells[x]);
		else if (is_tick_column(c, x, grid ? 4 : 1))
			fputs(c->set->grid, c->out);
		else
			putc(' ', c->out);
	}
	if (coloured)
		put_colour(c, "\033[0m");
}

/* "┌─ left ──── right ─┐" */
static void put_title(struct canvas *c, const struct plot_trace *trace,
		      const char *colour)
{
	int left = strlen(trace->left), right = strlen(trace->right);
	int room = c->columns - 4;	/* two lines, two blanks */

	if (left > room)
		left = room;
	if (left + 3 + right > room)
		right = 0;
	fprintf(c->out, "%*s%s%s ", c->label, "", c->set->corner_nw,
		c->set->horizontal);
	put_colour(c, colour);
	fprintf(c->out, "%.*s", left, trace->left);
	put_colour(c, "\033[0m");
	putc(' ', c->out);
	if (right) {
		put_repeated(c->out, c->set->horizontal,
			     room - left - right - 2);
		fprintf(c->out, " %s ", trace->right);
	} else {
		put_repeated(c->out, c->set->horizontal, room - left);
	}
	fprintf(c->out, "%s%s\n", c->set->horizontal, c->set->corner_ne);
}

static void put_bottom(struct canvas *c)
{
	int x;

	fprintf(c->out, "%*s%s", c->label, "", c->set->corner_sw);
	for (x = 0; x < c->columns; x++)
		fputs(is_tick_column(c, x, 1) ? c->set->tick_x :
		      c->set->horizontal, c->out);
	fprintf(c->out, "%s\n", c->set->corner_se);
}

static void format_volts(char *text, size_t size, double volts,
			 const struct axis *axis, bool narrow)
{
	bool milli = axis->step < 0.05;

	if (fabs(volts) < axis->step / 4)
		volts = 0;	/* not 1e-17, not -0 */
	if (milli)
		volts *= 1000;
	if (narrow)
		snprintf(text, size, "%.3g%s", volts, milli ? "m" : "V");
	else
		snprintf(text, size, "%.5g %s", volts, milli ? "mV" : "V");
}

static void put_label(struct canvas *c, const struct axis *axis, int row)
{
	int above = c->rows / 2 - row;
	char text[32];

	if (above % ROWS_PER_TICK) {
		fprintf(c->out, "%*s%s", c->label, "", c->set->vertical);
		return;
	}
	format_volts(text, sizeof(text), axis->centre +
		     above / ROWS_PER_TICK * axis->step, axis,
		     c->label < LABEL_WIDE);
	fprintf(c->out, "%*s %s", c->label - 1, text, c->set->tick_y);
}

static void put_trace(struct canvas *c, const struct plot_trace *trace,
		      const char *colour)
{
	struct axis axis = choose_axis(trace->volts, c->plot->count, c->rows);
	int row;

	set_trace(c, trace->volts, &axis);
	put_title(c, trace, colour);
	for (row = 0; row < c->rows; row++) {
		put_label(c, &axis, row);
		put_row(c, colour, row);
		fprintf(c->out, "%s\n", c->set->vertical);
	}
	put_bottom(c);
}

/* The labels of the time axis, each centred below its tick */
static void put_times(struct canvas *c)
{
	int i, at, written = 0;
	char text[32];

	for (i = 0; tick_column(c, c->first_tick + i) <= c->columns; i++) {
		double tick = c->first_tick + i;
		int n = snprintf(text, sizeof(text), "%.6g",
				 tick * c->time_step + 0.0);

		at = c->label + 1 + tick_column(c, tick) - n / 2;
		if (at + n + 3 > c->plot->width)
			at = c->plot->width - n - 3;
		if (at <= written && written)
			break;
		written += fprintf(c->out, "%*s%s", at - written, "", text);
	}
	fprintf(c->out, " %s\n", c->unit_name);
}

static int rows_that_fit(int height, int trace_count)
{
	int rows = (height - 1) / trace_count - 2;

	return rows % 2 ? rows : rows - 1;
}

int plot_height_min(int trace_count)
{
	return trace_count * (PLOT_ROWS_MIN + 2) + 1;
}

/* Left of a row of a strip: the name in the middle, voltages at the ends */
static void put_strip_label(struct canvas *c, const struct plot_trace *trace,
			    const struct axis *axis, int row)
{
	int above = c->rows / 2 - row, length = strcspn(trace->left, ":");
	char text[32] = "";

	if (!above)
		snprintf(text, sizeof(text), "%.*s", length < c->label ?
			 length : c->label - 1, trace->left);
	else if (abs(above) == c->rows / 2)
		format_volts(text, sizeof(text), axis->centre +
			     above * axis->step / ROWS_PER_TICK, axis, true);
	fprintf(c->out, "%-*.*s", c->label, c->label - 1, text);
}

/* A trace without a frame */
static void put_strip(struct canvas *c, const struct plot_trace *trace,
		      const char *colour)
{
	struct axis axis = choose_axis(trace->volts, c->plot->count, c->rows);
	int row;

	set_trace(c, trace->volts, &axis);
	for (row = 0; row < c->rows; row++) {
		put_strip_label(c, trace, &axis, row);
		put_row(c, colour, row);
		putc('\n', c->out);
	}
}

/* Rows of a strip, an odd number; with one line left there are times, too */
static void draw_strips(struct canvas *c)
{
	const struct plot *plot = c->plot;
	int i, height = plot->height;
	bool times = height > plot->trace_count;

	c->rows = (height - times) / plot->trace_count;
	c->rows -= c->rows > 0 && c->rows % 2 == 0;
	if (c->rows < 1)
		c->rows = 1;
	for (i = 0; i < plot->trace_count; i++)
		put_strip(c, &plot->traces[i], trace_colours[i % 2]);
	if (times)
		put_times(c);
}

/*
 * plot_draw() - draw a plot
 *
 * A picture lower than plot_height_min() has no frames; lower than there are
 * traces, it has a line for each of them all the same.
 *
 * Return: 0, or -1 with errno: EINVAL the picture is narrower than
 * PLOT_WIDTH_MIN, or there is nothing to draw; ENOMEM.
 */
int plot_draw(const struct plot *plot, FILE *out)
{
	struct canvas c = {
		.plot = plot,
		.set = plot->utf8 ? &braille : &ascii,
		.out = out,
		.label = plot->width >= WIDE ? LABEL_WIDE : LABEL_NARROW,
	};
	bool frames = plot->height >= plot_height_min(plot->trace_count);
	int i, height = plot->height;

	if (plot->trace_count < 1 || !plot->count || plot->rate <= 0 ||
	    plot->width < PLOT_WIDTH_MIN) {
		errno = EINVAL;
		return -1;
	}
	c.columns = plot->width - c.label - 2;
	c.rows = frames ? rows_that_fit(height, plot->trace_count) : height;
	c.dots = calloc(c.columns, c.rows < 1 ? 1 : c.rows);
	if (!c.dots)
		return -1;
	choose_time(&c);
	if (!frames) {
		draw_strips(&c);
		free(c.dots);
		return 0;
	}
	for (i = 0; i < plot->trace_count; i++)
		put_trace(&c, &plot->traces[i], trace_colours[i % 2]);
	put_times(&c);
	free(c.dots);
	return 0;
}
