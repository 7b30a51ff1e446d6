// SPDX-License-Identifier: GPL-2.0
/*
 * samples.c - voltages in memory, from a card or from a recording
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "samples.h"

#define LINE_MAX_BYTES	512	/* of a csv file */
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

__attribute__((__format__(__printf__, 2, 3)))
static int refuse(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, WHY_MAX, format, args);
	va_end(args);
	return -1;
}

static int too_short(char *why)
{
	refuse(why, "it has less than two frames");
	return 1;
}

/* One more frame; those between it and the last one are missing. */
static int add_at(struct samples *s, double time, const double *volts)
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

/* The rate as well as all the times know it, from a first guess */
static void refine_rate(struct samples *s, double end)
{
	if (s->count > 1 && end > s->start)
		s->rate = (s->count - 1) / (end - s->start);
}

/* "1.5,2,3\n". Return: false: it is not complete, or something else */
static bool parse_line(const char *line, int inputs, double *time,
		       double *volts)
{
	char *at;
	int n;

	*time = strtod(line, &at);
	for (n = 0; n < inputs && *at == ','; n++)
		volts[n] = strtod(at + 1, &at);
	return at > line && n == inputs && *at == '\n';
}

static int read_csv(FILE *file, struct samples *s, double last, char *why)
{
	char line[LINE_MAX_BYTES], *word, *save;
	double time = 0, before = 0, volts[INPUTS_MAX], width;
	long body, size, back;
	int lines = 0;

	if (!fgets(line, sizeof(line), file) || !strtok_r(line, ",\n", &save) ||
	    strncmp(line, "time", 4) != 0)
		return refuse(why, "it is not a csv of skelctl record: no time in its first line");
	while ((word = strtok_r(NULL, ",\n", &save)) && s->inputs < INPUTS_MAX)
		snprintf(s->name[s->inputs++], sizeof(s->name[0]), "%.*s",
			 (int)strcspn(word, "/"), word);
	if (!s->inputs)
		return refuse(why, "no input in its first line");
	body = ftell(file);
	/* the rate, from the first two lines: a gap there is unlikely */
	while (lines < 2 && fgets(line, sizeof(line), file) &&
	       parse_line(line, s->inputs, &time, volts)) {
		if (lines++)
			s->rate = time > before ? 1 / (time - before) : 0;
		before = time;
	}
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	width = strlen(line) + 4;	/* of a line, more or less */
	back = width * fmin(last > 0 && s->rate > 0 ? last * s->rate + 2 :
			    SAMPLES_MAX, SAMPLES_MAX);
	fseek(file, size - back > body ? size - back : body, SEEK_SET);
	if (size - back > body && !fgets(line, sizeof(line), file))
		return 0;
	/* the last line may be incomplete */
	while (fgets(line, sizeof(line), file) &&
	       parse_line(line, s->inputs, &time, volts)) {
		if (add_at(s, time, volts))
			return refuse(why, "no memory for it");
		before = time;
	}
	refine_rate(s, before);
	return 0;
}

static uint64_t get_number(const unsigned char *at, int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

/* "rate=10000 range=10V bits=16 inputs=INP1,INP2", of a WAV's comment */
static void read_comment(struct samples *s, struct recording *rec,
			 const char *text)
{
	const char *at = strstr(text, "rate=");
	double rate, range;
	int n = 0;

	if (at && (rate = strtod(at + 5, NULL)) > 0)
		s->rate = rate;
	at = strstr(text, "range=");
	if (at && (range = strtod(at + 6, NULL)) > 0)
		rec->range = lround(range * 1000);
	at = strstr(text, "bits=");
	if (at && atoi(at + 5) >= 2 && atoi(at + 5) <= 16)
		rec->bits = atoi(at + 5);
	at = strstr(text, "inputs=");
	for (at = at ? at + 7 : ""; *at && n < s->inputs; n++) {
		size_t length = strcspn(at, ",");

		snprintf(s->name[n], sizeof(s->name[0]), "%.*s", (int)length,
			 at);
		at += length + (at[length] == ',');
	}
}

static int read_codes(FILE *file, struct samples *s,
		      const struct recording *rec, uint64_t bytes, double last,
		      char *why)
{
	size_t frame = 2 * s->inputs, n, i;
	uint64_t frames = bytes / frame, wanted = SAMPLES_MAX;
	unsigned char raw[4096];
	int16_t codes[2048];

	if (last > 0 && last * s->rate < wanted)
		wanted = last * s->rate;
	if (frames > wanted) {
		fseeko(file, (frames - wanted) * frame, SEEK_CUR);
		s->start = (frames - wanted) / s->rate;
		frames = wanted;
	}
	while (frames) {
		n = sizeof(raw) / frame < frames ? sizeof(raw) / frame : frames;
		n = fread(raw, frame, n, file);
		if (!n)
			break;
		for (i = 0; i < n * s->inputs; i++)
			codes[i] = get_number(raw + 2 * i, 2);
		if (samples_add(s, rec, codes, n))
			return refuse(why, "no memory for it");
		frames -= n;
	}
	return 0;
}

static int read_wav(FILE *file, struct samples *s, double last, char *why)
{
	struct recording rec = { .bits = 16, .range = 10000 };
	unsigned char head[12], chunk[512];
	uint64_t length, data64 = 0;
	int n;

	if (fread(head, 1, 12, file) != 12)
		return refuse(why, "it is no WAV file");
	while (fread(head, 1, 8, file) == 8) {
		length = get_number(head + 4, 4);
		if (memcmp(head, "data", 4) == 0) {
			if (!s->inputs)
				break;
			if (length == UINT32_MAX)
				length = data64;
			return read_codes(file, s, &rec, length, last, why);
		}
		if (length >= sizeof(chunk) ||
		    fread(chunk, 1, length, file) != length)
			break;
		chunk[length] = '\0';
		if (memcmp(head, "ds64", 4) == 0) {
			data64 = get_number(chunk + 8, 8);
		} else if (memcmp(head, "fmt ", 4) == 0) {
			s->inputs = get_number(chunk + 2, 2);
			s->rate = get_number(chunk + 4, 4);
			if (s->inputs < 1 || s->inputs > INPUTS_MAX ||
			    !s->rate || get_number(chunk + 14, 2) != 16)
				return refuse(why, "a WAV of 16 bits and up to 8 channels is understood");
			for (n = 0; n < s->inputs; n++)
				sprintf(s->name[n], "INP%d", n + 1);
		} else if (memcmp(head, "LIST", 4) == 0 && length > 12 &&
			   memcmp(chunk, "INFOICMT", 8) == 0) {
			read_comment(s, &rec, (char *)chunk + 12);
		}
	}
	return refuse(why, "it is no WAV file with data");
}

static int read_npy(FILE *file, struct samples *s, double last, char *why)
{
	double time = 0, volts[INPUTS_MAX], first[2] = { 0 };
	char header[65536 + 11];
	uint64_t frames, skip = 0, i;
	size_t length, width;
	char *at;
	int n;

	if (fread(header, 1, 10, file) != 10 ||
	    memcmp(header, "\223NUMPY\1\0", 8) != 0)
		return refuse(why, "it is no .npy file of version 1");
	length = get_number((unsigned char *)header + 8, 2);
	if (fread(header, 1, length, file) != length)
		return refuse(why, "its header is cut off");
	header[length] = '\0';
	at = strstr(header, "('time', '<f8')");
	if (!at)
		return refuse(why, "it is not a .npy of skelctl record: no field 'time'");
	while ((at = strstr(at + 1, ", ('")) && s->inputs < INPUTS_MAX) {
		if (sscanf(at, ", ('%15[^']', '<f4')", s->name[s->inputs]) != 1)
			break;
		s->inputs++;
	}
	at = strstr(header, "'shape': (");
	frames = at ? strtoull(at + 10, NULL, 10) : 0;
	width = 8 + 4 * s->inputs;
	for (i = 0; i < 2 && i < frames; i++) {
		if (fread(header, 1, width, file) != width)
			break;
		memcpy(&first[i], header, 8);
	}
	s->rate = first[1] > first[0] ? 1 / (first[1] - first[0]) : 0;
	if (frames > SAMPLES_MAX)
		skip = frames - SAMPLES_MAX;
	if (last > 0 && s->rate > 0 && frames > last * s->rate)
		skip = frames - (uint64_t)(last * s->rate);
	fseeko(file, 10 + length + skip * width, SEEK_SET);
	for (i = skip; i < frames; i++) {
		if (fread(header, 1, width, file) != width)
			break;
		memcpy(&time, header, 8);
		for (n = 0; n < s->inputs; n++) {
			float v;

			memcpy(&v, header + 8 + 4 * n, 4);
			volts[n] = v;
		}
		if (add_at(s, time, volts))
			return refuse(why, "no memory for it");
	}
	refine_rate(s, time);
	return 0;
}

/* Only so many seconds at the end */
static void keep_last(struct samples *s, double last)
{
	size_t wanted = fmin(ceil(last * s->rate - 1e-6), SAMPLES_MAX), skip;
	int n;

	if (last <= 0 || s->count <= wanted)
		return;
	skip = s->count - wanted;
	for (n = 0; n < s->inputs; n++)
		memmove(s->volts[n], s->volts[n] + skip,
			wanted * sizeof(double));
	s->start += skip / s->rate;
	s->count = wanted;
}

int samples_read(struct samples *s, const char *path, double last, char *why)
{
	FILE *file = fopen(path, "r");
	char magic[6] = "";
	int error;

	*s = (struct samples){ 0 };
	if (!file)
		return refuse(why, "%s", strerror(errno));
	if (fread(magic, 1, sizeof(magic), file) < sizeof(magic)) {
		error = ferror(file) ? refuse(why, "%s", strerror(errno)) :
			too_short(why);
		fclose(file);
		return error;
	}
	rewind(file);
	if (memcmp(magic, "RIFF", 4) == 0 || memcmp(magic, "RF64", 4) == 0)
		error = read_wav(file, s, last, why);
	else if (memcmp(magic, "\223NUMPY", 6) == 0)
		error = read_npy(file, s, last, why);
	else if (memcmp(magic, "time", 4) == 0)
		error = read_csv(file, s, last, why);
	else
		error = refuse(why, "only csv, wav and npy of skelctl record can be drawn");
	fclose(file);
	if (!error && !(fabs(s->start) * s->rate < FRAMES_END))
		error = refuse(why, "its frames cannot be told apart by their times");
	if (!error)
		keep_last(s, last);
	if (!error && (s->count < 2 || s->rate <= 0))
		error = too_short(why);
	return error;
}
