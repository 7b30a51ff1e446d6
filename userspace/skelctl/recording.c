// SPDX-License-Identifier: GPL-2.0
/*
 * recording.c - times and voltages of a recording
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "recording.h"

#define NS	1000000000

double recording_scale(const struct recording *rec)
{
	return rec->range / 1000.0 / ((1 << (rec->bits - 1)) - 1);
}

double recording_time(const struct recording *rec, int64_t frame)
{
	if (!rec->period)
		return frame / rec->rate;
	return (double)(frame * (int64_t)rec->period) / NS;
}

/* Digits of a number from the last one on. Return: where the first one is. */
static char *put_digits(char *end, uint64_t value, int least)
{
	for (; value || least > 0; least--) {
		*--end = '0' + value % 10;
		value /= 10;
	}
	return end;
}

int recording_time_text(const struct recording *rec, int64_t frame, char *text)
{
	char digits[TIME_MAX], *end = digits + TIME_MAX, *from;
	uint64_t ns;
	int length;

	if (!rec->period)
		return snprintf(text, TIME_MAX, "%.17g", frame / rec->rate);
	ns = (frame < 0 ? -frame : frame) * rec->period;
	from = put_digits(end, ns % NS, 9);
	while (end > from && end[-1] == '0')
		end--;
	if (end > from)
		*--from = '.';
	from = put_digits(from, ns / NS, 1);
	if (frame < 0)
		*--from = '-';
	length = end - from;
	memcpy(text, from, length);
	text[length] = '\0';
	return length;
}

int recording_volts_text(const struct recording *rec, int16_t code, char *text)
{
	double scale = recording_scale(rec);
	int decimals = ceil(-log10(scale / 100));

	return snprintf(text, VOLTS_MAX, "%.*f", decimals < 6 ? 6 : decimals,
			code * scale);
}

char *recording_put_volts(const struct recording *rec, struct volts *volts,
			  int16_t code, char *at)
{
	unsigned int i = (uint16_t)code;

	if (!volts->length[i])
		volts->length[i] = recording_volts_text(rec, code,
							volts->text[i]);
	memcpy(at, volts->text[i], VOLTS_MAX);	/* of fixed length: faster */
	return at + volts->length[i];
}

int recording_comment(const struct recording *rec, char *text)
{
	int n, at = sprintf(text, "rate=%.17g range=%gV bits=%d inputs=",
			    rec->rate, rec->range / 1000.0, rec->bits);

	for (n = 0; n < rec->inputs; n++)
		at += sprintf(text + at, n ? ",%s" : "%s", rec->name[n]);
	return at;
}
