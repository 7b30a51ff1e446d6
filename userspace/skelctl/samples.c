// SPDX-License-Identifier: GPL-2.0
/*
 * samples.c - voltages in memory, from a card or from a recording
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "samples-read.h"

#define VOLTS_END	1e300	/* from here on they have no axis: missing */
#define FRAMES_END	0x1p53	/* from here on times do not tell them apart */

void samples_free(struct samples *s)
{
	int n;

	for (n = 0; n < INPUTS_MAX; n++)
		free(s->volts[n]);
	*s = (struct samples){ 0 };
}

static int make_room(struct samples *s, size_t count)
{
	size_t room = s->room;
	int n;

	if (count <= room)
		return 0;
	room = count > 2 * room ? count : 2 * room;
	for (n = 0; n < s->inputs; n++) {
		double *volts = reallocarray(s->volts[n], room, sizeof(double));

		if (!volts)
			return -1;
		s->volts[n] = volts;
	}
	s->room = room;
	return 0;
}

int samples_add(struct samples *s, const struct recording *rec,
		const int16_t *codes, size_t count)
{
	double scale = recording_scale(rec);
	size_t i;
	int n;

	if (make_room(s, s->count + count))
		return -1;
	for (i = 0; i < count; i++, s->count++) {
		for (n = 0; n < s->inputs; n++, codes++)
			s->volts[n][s->count] = *codes == CODE_LOST ? NAN :
						*codes * scale;
	}
	return 0;
}

int samples_refuse(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, WHY_MAX, format, args);
	va_end(args);
	return -1;
}

static int too_short(char *why)
{
	samples_refuse(why, "it has less than two frames");
	return 1;
}

int samples_add_at(struct samples *s, double time, const double *volts)
{
	size_t missing = 0;
	int n;

	if (!s->count) {
		s->start = time;
	} else if (s->rate > 0) {
		double at = (time - s->start) * s->rate;

		if (at > s->count + 0.5 && at < SAMPLES_MAX)
			missing = lround(at) - s->count;
	}
	if (make_room(s, s->count + missing + 1))
		return -1;
	for (; missing; missing--, s->count++) {
		for (n = 0; n < s->inputs; n++)
			s->volts[n][s->count] = NAN;
	}
	for (n = 0; n < s->inputs; n++)
		s->volts[n][s->count] = fabs(volts[n]) < VOLTS_END ? volts[n] : NAN;
	s->count++;
	return 0;
}

void samples_refine_rate(struct samples *s, double end)
{
	if (s->count > 1 && end > s->start)
		s->rate = (s->count - 1) / (end - s->start);
}

void samples_keep(struct samples *s, size_t wanted)
{
	size_t skip;
	int n;

	if (s->count <= wanted)
		return;
	skip = s->count - wanted;
	for (n = 0; n < s->inputs; n++)
		memmove(s->volts[n], s->volts[n] + skip,
			wanted * sizeof(double));
	s->start += skip / s->rate;
	s->count = wanted;
}

size_t samples_wanted(const struct samples *s, double last)
{
	return last > 0 && s->rate > 0 ?
		fmin(ceil(last * s->rate - 1e-6), SAMPLES_MAX) : SAMPLES_MAX;
}

/* By the first bytes of a file */
static const struct reader {
	const char *magic;
	int (*read)(struct samples *s, FILE *file, double last, char *why);
	const char *refusal;
} readers[] = {
	{ "time", samples_read_csv, NULL },
	{ "{\"time", samples_read_json, NULL },
	{ "$version skelctl", samples_read_vcd, NULL },
	{ "\223NUMPY", samples_read_npy, NULL },
	{ "RIFF", samples_read_sound, NULL },
	{ "RF64", samples_read_sound, NULL },
	{ "fLaC", samples_read_sound, NULL },
	{ "riff", NULL, "a w64 does not say which voltage is full scale: record wav or flac to draw it" },
	{ "PK\3\4", NULL, "PulseView opens srzip: sudo apt install pulseview; record vcd for both" },
	{ "", NULL, "csv, jsonl, wav, flac, npy and vcd of skelctl record can be drawn; raw has no rate" },
};

int samples_read(struct samples *s, const char *path, double last, char *why)
{
	FILE *file = fopen(path, "r");
	const struct reader *reader = readers;
	char magic[17] = "";
	int error;

	*s = (struct samples){ 0 };
	if (!file)
		return samples_refuse(why, "%s", strerror(errno));
	if (fread(magic, 1, sizeof(magic) - 1, file) < 6) {
		error = ferror(file) ? samples_refuse(why, "%s", strerror(errno)) :
			too_short(why);
		fclose(file);
		return error;
	}
	rewind(file);
	while (strncmp(magic, reader->magic, strlen(reader->magic)) != 0)
		reader++;
	error = reader->read ? reader->read(s, file, last, why) :
		samples_refuse(why, "%s", reader->refusal);
	fclose(file);
	if (!error && !(fabs(s->start) * s->rate < FRAMES_END))
		error = samples_refuse(why, "its frames cannot be told apart by their times");
	if (!error)
		samples_keep(s, samples_wanted(s, last));
	if (!error && (s->count < 2 || s->rate <= 0))
		error = too_short(why);
	return error;
}
