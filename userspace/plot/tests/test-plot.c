// SPDX-License-Identifier: GPL-2.0
/*
 * test-plot.c - pictures of known waveforms
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../plot.h"
#include "unit.h"

#define COUNT	1000

static double sine[COUNT], square[COUNT];
static char *picture;
static char *rows[64];
static int row_count;

static void make_waves(void)
{
	int i;

	for (i = 0; i < COUNT; i++) {
		sine[i] = 8 * sin(2 * M_PI * i / 200);
		square[i] = i / 200 % 2 ? -5 : 5;
	}
}

/* Draw both waves, and cut the picture into its lines */
static int draw(int width, int height, bool utf8)
{
	static const struct plot_trace traces[] = {
		{ .left = "in0: sine", .right = "50 Hz", .volts = sine },
		{ .left = "in1: square", .right = "25 Hz", .volts = square },
	};
	struct plot plot = {
		.traces = traces, .trace_count = 2, .count = COUNT,
		.rate = 10000, .width = width, .height = height, .utf8 = utf8,
	};
	size_t size;
	FILE *out;
	char *row;
	int ret;

	free(picture);
	out = open_memstream(&picture, &size);
	ret = plot_draw(&plot, out);
	fclose(out);
	row_count = 0;
	for (row = strtok(picture, "\n"); row && row_count < 64;
	     row = strtok(NULL, "\n"))
		rows[row_count++] = row;
	return ret;
}

/* Characters of a text in UTF-8 */
static int characters(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static void ascii_picture(void)
{
	int i;

	check(!draw(80, 23, false));
	check(row_count == 23);
	for (i = 0; i < 22; i++)
		check(strlen(rows[i]) == 80);
	check(strstr(rows[0], "in0: sine") && strstr(rows[0], "50 Hz"));
	check(strstr(rows[11], "in1: square") && strstr(rows[11], "25 Hz"));
	check(strncmp(rows[1], "   10 V +", 9) == 0);
	check(strncmp(rows[5], "    0 V +", 9) == 0);
	check(strncmp(rows[9], "  -10 V +", 9) == 0);
	check(strncmp(rows[12], "    5 V +", 9) == 0);
	check(strstr(rows[22], " 20 ") && strstr(rows[22], "100 ms"));
	check(strlen(rows[22]) <= 80);
}

/* The square wave: up in the first 20 ms, down in the next, edges between */
static void ascii_square_is_where_it_belongs(void)
{
	const char *high, *low;
	int x;

	check(!draw(80, 23, false));
	high = rows[12] + 9;
	low = rows[20] + 9;
	for (x = 0; x < 13; x++)
		check(high[x] == '-' && low[x] != '-');
	for (x = 15; x < 27; x++)
		check(high[x] != '-' && low[x] == '-');
	for (x = 29; x < 41; x++)
		check(high[x] == '-' && low[x] != '-');
	/* the edge goes through all rows between */
	for (x = 13; x < 19; x++)
		check(strchr("|',_", rows[x][9 + 13]) ||
		      strchr("|',_", rows[x][9 + 14]));
}

/* The highest row of the sine has its crests, at 5 ms + n * 20 ms */
static void ascii_sine_is_where_it_belongs(void)
{
	int n;

	check(!draw(80, 23, false));
	for (n = 0; n < 5; n++) {
		check(strchr("-',_", rows[2][9 + 3 + n * 14]));
		check(strchr("-',_", rows[8][9 + 10 + n * 14]));
		check(rows[2][9 + 10 + n * 14] == ' ');
		check(rows[8][9 + 3 + n * 14] == ' ');
	}
}

static void utf8_picture(void)
{
	int i;

	check(!draw(100, 29, true));
	check(row_count == 27 || row_count == 29);
	for (i = 0; i < row_count - 1; i++)
		check(characters(rows[i]) == 100);
	check(strstr(rows[0], "┌") && strstr(rows[0], "┐"));
	check(strstr(rows[row_count - 1], "ms"));
}

static void every_size(void)
{
	int width, height, i;

	for (width = PLOT_WIDTH_MIN; width <= 140; width++) {
		for (height = plot_height_min(2); height <= 40; height++) {
			check(!draw(width, height, false));
			check(row_count <= height && row_count > height - 4);
			for (i = 0; i < row_count; i++)
				check((int)strlen(rows[i]) <= width);
		}
	}
}

static void nothing_to_draw(void)
{
	check(draw(PLOT_WIDTH_MIN - 1, 30, true) == -1 && errno == EINVAL);
}

/* Without a frame: lines for each trace, its name in front */
static void strips(void)
{
	int height, i;

	for (height = 1; height < plot_height_min(2); height++) {
		check(!draw(PLOT_WIDTH_MIN, height, false));
		check(row_count <= height || row_count == 2);
		for (i = 0; i < row_count; i++)
			check(strlen(rows[i]) <= PLOT_WIDTH_MIN);
	}
	check(!draw(20, 3, false) && row_count == 3);
	check(strncmp(rows[0], "in0 ", 4) == 0);
	check(strncmp(rows[1], "in1 ", 4) == 0);
	check(strstr(rows[2], "ms"));
}

static void constants_and_extremes(void)
{
	int i;

	for (i = 0; i < COUNT; i++) {
		sine[i] = 2.5;
		square[i] = 0;
	}
	check(!draw(80, 23, false) && row_count == 23);
	for (i = 0; i < COUNT; i++) {
		sine[i] = i % 2 ? 1000000 : -1000000;
		square[i] = i % 2 ? 0.0001 : 0;
	}
	check(!draw(80, 23, true) && row_count == 23);
	make_waves();
	free(picture);
	picture = NULL;
}

int main(void)
{
	make_waves();
	run(ascii_picture);
	run(ascii_square_is_where_it_belongs);
	run(ascii_sine_is_where_it_belongs);
	run(utf8_picture);
	run(every_size);
	run(nothing_to_draw);
	run(strips);
	run(constants_and_extremes);
	return unit_end();
}
