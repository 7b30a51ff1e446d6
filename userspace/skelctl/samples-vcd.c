// SPDX-License-Identifier: GPL-2.0
/*
 * samples-vcd.c - recordings as value change dumps of skelctl record
 *
 * A frame begins with its time; values that do not change are not there. The last
 * frame may lack some, and is left out unless the file ends with a whole line.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "samples-read.h"

#define LINE_MAX_BYTES	256

/* "10 us" in seconds, 0: it is something else */
static double parse_scale(const char *text)
{
	static const char *const units[] = { "s", "ms", "us", "ns", "ps" };
	unsigned int i, number;
	char unit[3];

	if (sscanf(text, "%u %2s", &number, unit) != 2)
		return 0;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i]) == 0)
			return number * pow(1000, -(double)i);
	}
	return 0;
}

/* Return: the seconds of a tick, 0: the header is another one */
static double read_header(struct samples *s, FILE *file)
{
	char line[LINE_MAX_BYTES], name[16], code;
	double tick = 0;

	while (fgets(line, sizeof(line), file) &&
	       strncmp(line, "$enddefinitions", 15) != 0) {
		sscanf(line, "$comment rate %lf Hz", &s->rate);
		if (strncmp(line, "$timescale ", 11) == 0)
			tick = parse_scale(line + 11);
		if (s->inputs < INPUTS_MAX &&
		    sscanf(line, "$var real 64 %c %15s", &code, name) == 2 &&
		    code == 'A' + s->inputs)
			strcpy(s->name[s->inputs++], name);
	}
	return s->inputs && s->rate > 0 ? tick : 0;
}

int samples_read_vcd(struct samples *s, FILE *file, double last, char *why)
{
	double volts[INPUTS_MAX], value, tick = read_header(s, file), time = 0;
	size_t wanted = samples_wanted(s, last);
	char line[LINE_MAX_BYTES], code;
	bool some = false, whole = true;
	int n;

	if (!tick)
		return samples_refuse(why, "it is not a vcd of skelctl record");
	for (n = 0; n < INPUTS_MAX; n++)
		volts[n] = NAN;
	while (fgets(line, sizeof(line), file)) {
		whole = strchr(line, '\n');
		if (*line == '#') {
			if (some && samples_add_at(s, time, volts))
				return samples_refuse(why, "no memory for it");
			if (s->count >= 2 * wanted)
				samples_keep(s, wanted);
			some = true;
			time = strtoull(line + 1, NULL, 10) * tick;
		} else if (sscanf(line, "r%lf %c", &value, &code) == 2 &&
			   code >= 'A' && code < 'A' + s->inputs) {
			volts[code - 'A'] = value;
		}
	}
	if (some && whole && samples_add_at(s, time, volts))
		return samples_refuse(why, "no memory for it");
	return 0;
}
