// SPDX-License-Identifier: GPL-2.0
/*
 * format-vcd.c - value change dump, IEEE 1364-2005 clause 18
 *
 * Each input is a real, in V, for GTKWave and newer versions of sigrok, and a
 * wire that is 1 above a level: libsigrok before 0.6 reads wires only.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

struct vcd {
	bool some;		/* has been written */
	int16_t last[INPUTS_MAX];
	int64_t start;		/* the frame of time 0 */
	uint64_t ticks;		/* of the timescale in a period, 0: not whole */
	int16_t level;		/* codes above it are high */
	struct volts volts;
};

/* As coarse as the period allows: programs make a sample of each tick. */
static const char *choose_scale(struct vcd *vcd, uint64_t period)
{
	static const char *const scales[] = {
		"1 ns", "10 ns", "100 ns", "1 us", "10 us", "100 us", "1 ms",
		"10 ms", "100 ms", "1 s",
	};
	size_t i = 0;

	vcd->ticks = period;
	while (period && vcd->ticks % 10 == 0 &&
	       i < sizeof(scales) / sizeof(scales[0]) - 1) {
		vcd->ticks /= 10;
		i++;
	}
	return period ? scales[i] : "1 ps";
}

/* Frames begin with '#'; the last one may lack values. */
static size_t whole_by_time(const struct output *out, const char *bytes,
			    size_t length, uint64_t *frames)
{
	size_t i, whole = 0;

	*frames = 0;
	for (i = 0; i < length; i++) {
		if (bytes[i] != '#' || (i && bytes[i - 1] != '\n'))
			continue;
		*frames += whole > 0 || i > 0;
		whole = i;
	}
	if (length == out->used && length) {
		++*frames;
		whole = length;
	}
	return whole;
}

static int begin_vcd(struct writer *w)
{
	struct vcd *vcd = calloc(1, sizeof(*vcd));
	char text[OUTPUT_PIECE];
	int n, at;

	w->state = vcd;
	if (!vcd)
		return -1;
	w->out.whole = whole_by_time;
	vcd->start = w->next;
	vcd->level = fmax(INT16_MIN, fmin(INT16_MAX, floor(w->level /
					recording_scale(w->rec) + 1e-9)));
	at = sprintf(text, "$version skelctl " SKEL_VERSION " $end\n"
		     "$comment rate %.17g Hz, wires are 1 above %g V $end\n"
		     "$timescale %s $end\n$scope module skel $end\n",
		     w->rec->rate, w->level,
		     choose_scale(vcd, w->rec->period));
	for (n = 0; n < w->rec->inputs; n++)
		at += sprintf(text + at, "$var wire 1 %c %s_high $end\n"
			      "$var real 64 %c %s $end\n", 'a' + n,
			      w->rec->name[n], 'A' + n, w->rec->name[n]);
	at += sprintf(text + at, "$upscope $end\n$enddefinitions $end\n");
	w->out.header = at;
	return output_put(&w->out, text, at);
}

static char *put_number(char *at, uint64_t value)
{
	char digits[24], *from = digits + sizeof(digits);

	do {
		*--from = '0' + value % 10;
		value /= 10;
	} while (value);
	memcpy(at, from, digits + sizeof(digits) - from);
	return at + (digits + sizeof(digits) - from);
}

static char *put_frame(struct writer *w, char *at, uint64_t frame,
		       const int16_t *codes)
{
	struct vcd *vcd = w->state;
	int n;

	*at++ = '#';
	at = put_number(at, vcd->ticks ? frame * vcd->ticks :
			(uint64_t)llround(frame / w->rec->rate * 1e12));
	*at++ = '\n';
	for (n = 0; n < w->rec->inputs; n++) {
		bool high = codes[n] > vcd->level;

		if (vcd->some && codes[n] == vcd->last[n])
			continue;
		if (!vcd->some || high != (vcd->last[n] > vcd->level)) {
			*at++ = '0' + high;
			*at++ = 'a' + n;
			*at++ = '\n';
		}
		*at++ = 'r';
		at = recording_put_volts(w->rec, &vcd->volts, codes[n], at);
		*at++ = ' ';
		*at++ = 'A' + n;
		*at++ = '\n';
		vcd->last[n] = codes[n];
	}
	vcd->some = true;
	return at;
}

static int put_vcd(struct writer *w, int64_t first, const int16_t *codes,
		   size_t count)
{
	const struct vcd *vcd = w->state;
	size_t i;

	for (i = 0; i < count; i++, codes += w->rec->inputs) {
		char *text = output_room(&w->out, OUTPUT_PIECE);

		if (!text)
			return -1;
		output_used(&w->out, put_frame(w, text, first + i - vcd->start,
					       codes) - text);
		w->out.frames++;
	}
	return 0;
}

static int end_vcd(struct writer *w)
{
	free(w->state);
	return 0;
}

const struct format vcd_format = {
	.name = "vcd", .suffixes = "vcd", .timed = true,
	.frame = 3,
	.begin = begin_vcd, .put = put_vcd, .end = end_vcd,
};
