// SPDX-License-Identifier: GPL-2.0
/*
 * recording-csv.c - samples of a text file with columns
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "parts/recording-file.h"
#include "parts/signal.h"

#define LINE_BYTES	4096

struct csv {
	unsigned long line;	/* number of this line */
	bool time;		/* the first column is the time */
	double first, last;	/* time */
};

/* A line without its newline; NULL: end of file, or the reason is set */
static char *read_line(struct recording_file *in, struct csv *csv, char *line)
{
	size_t length;

	in->reason[0] = '\0';
	if (!fgets(line, LINE_BYTES, in->file))
		return NULL;
	csv->line++;
	length = strlen(line);
	/* too long, or with a NUL */
	if ((!length || line[length - 1] != '\n') && !feof(in->file)) {
		recording_fail(in, "line %lu is no line of text", csv->line);
		return NULL;
	}
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

/* Column @n, from 1, or NULL */
static char *column(char *line, unsigned int n)
{
	while (--n) {
		line = strpbrk(line, ",;\t");
		if (!line)
			return NULL;
		line++;
	}
	return line;
}

static bool to_number(const char *text, double *value)
{
	char *end;
	char after;

	if (!text)
		return false;
	/* strtod() accepts more: names, hexadecimal numbers */
	after = text[strspn(text, " \"+-.0123456789")];
	if (after == 'x' || after == 'X')
		return false;
	text += strspn(text, " \"");
	if (!strchr("+-.0123456789", *text))
		return false;
	*value = strtod(text, &end);
	return end != text && isfinite(*value) &&
	       strchr(",;\t", end[strspn(end, " \"")]);
}

static bool read_row(struct recording_file *in, struct csv *csv, char *line)
{
	double time, volts;

	if (!to_number(column(line, in->channel), &volts))
		return recording_fail(in, "line %lu, column %u: not a number",
				      csv->line, in->channel);
	if (csv->time && !to_number(line, &time))
		return recording_fail(in, "line %lu: no time", csv->line);
	if (csv->time) {
		if (in->recording && !(time > csv->last))
			return recording_fail(in, "line %lu: time goes back",
					      csv->line);
		if (!in->recording)
			csv->first = time;
		csv->last = time;
	}
	return recording_add(in, volts);
}

/* Is the first line that is not empty one of titles? */
static bool is_title(const struct recording_file *in, struct csv *csv,
		     char *line)
{
	double value;

	if (to_number(column(line, in->channel), &value))
		return false;
	line += strspn(line, " \"");
	csv->time = strncasecmp(line, "time", 4) == 0;
	return true;
}

bool recording_read_csv(struct recording_file *in)
{
	char buffer[LINE_BYTES], *line;
	struct csv csv = { 0 };
	bool titles = true;
	double rate;

	while ((line = read_line(in, &csv, buffer))) {
		if (!line[strspn(line, " \t")] || line[0] == '#')
			continue;
		if (titles && is_title(in, &csv, line)) {
			titles = false;
			continue;
		}
		titles = false;
		if (!read_row(in, &csv, line))
			return false;
	}
	if (in->reason[0])
		return false;
	if (ferror(in->file))
		return recording_fail(in, "cannot be read");
	if (!csv.time || !in->recording || in->recording->count < 2)
		return true;
	rate = (in->recording->count - 1) / (csv.last - csv.first);
	if (!(rate * SIGNAL_HERTZ >= 1 && rate <= RECORDING_RATE_MAX))
		return recording_fail(in, "%g samples per second", rate);
	in->recording->rate = rint(rate * SIGNAL_HERTZ);
	return true;
}
