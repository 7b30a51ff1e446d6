// SPDX-License-Identifier: GPL-2.0
/*
 * samples-text.c - recordings as CSV and JSON lines: a line for each frame
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "samples-read.h"

#define LINE_MAX_BYTES	512

/*
 * "1.5,2,3\n", or {"time":1.5,"INP1":2,"INP2":3}. Return: false: it is not complete,
 * or something else
 */
static bool parse_line(const char *line, bool json, int inputs, double *time,
		       double *volts)
{
	const char *at = line;
	double *value = time;
	char *end;
	int n;

	for (n = 0; n <= inputs; n++, value = volts + n - 1, at = end) {
		if (json || n)
			at = json ? strchr(at, ':') : *at == ',' ? at : NULL;
		if (!at)
			return false;
		at += json || n;
		*value = strtod(at, &end);
		if (end == at)
			return false;
	}
	return strcmp(at, json ? "}\n" : "\n") == 0;
}

/* "time/s,INP1/V,INP2/V" or {"time":0,"INP1":2,"INP2":3} */
static void parse_names(struct samples *s, char *line, bool json)
{
	char *word, *save;

	strtok_r(line, ",\n", &save);
	while ((word = strtok_r(NULL, ",\n", &save)) && s->inputs < INPUTS_MAX) {
		word += json && *word == '"';
		snprintf(s->name[s->inputs++], sizeof(s->name[0]), "%.*s",
			 (int)strcspn(word, json ? "\"" : "/"), word);
	}
}

static int read_lines(FILE *file, struct samples *s, bool json, double last,
		      char *why)
{
	char line[LINE_MAX_BYTES];
	double time = 0, before = 0, volts[INPUTS_MAX], width;
	long body, size, back;
	int lines = 0;

	if (!fgets(line, sizeof(line), file))
		return samples_refuse(why, "it is empty");
	parse_names(s, line, json);
	if (!s->inputs)
		return samples_refuse(why, "no input in its first line");
	if (json)
		rewind(file);
	body = ftell(file);
	/* the rate, from the first two lines: a gap there is unlikely */
	while (lines < 2 && fgets(line, sizeof(line), file) &&
	       parse_line(line, json, s->inputs, &time, volts)) {
		if (lines++)
			s->rate = time > before ? 1 / (time - before) : 0;
		before = time;
	}
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	width = strlen(line) + 4;	/* of a line, more or less */
	back = width * (samples_wanted(s, last) + 2);
	fseek(file, size - back > body ? size - back : body, SEEK_SET);
	if (size - back > body && !fgets(line, sizeof(line), file))
		return 0;
	/* the last line may be incomplete */
	while (fgets(line, sizeof(line), file) &&
	       parse_line(line, json, s->inputs, &time, volts)) {
		if (samples_add_at(s, time, volts))
			return samples_refuse(why, "no memory for it");
		before = time;
	}
	samples_refine_rate(s, before);
	return 0;
}

int samples_read_csv(struct samples *s, FILE *file, double last, char *why)
{
	return read_lines(file, s, false, last, why);
}

int samples_read_json(struct samples *s, FILE *file, double last, char *why)
{
	return read_lines(file, s, true, last, why);
}
