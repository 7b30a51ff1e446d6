// SPDX-License-Identifier: GPL-2.0
/*
 * recording-csv.c - samples of a text file with columns
 *
 * Such files come from many programs, so everything that could be misread is
 * either understood or refused with its line: byte order marks, ends of lines,
 * decimal commas, units in the titles, times that are not even.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "parts/recording-file.h"
#include "parts/signal.h"

#define LINE_BYTES	4096
#define FIELD_BYTES	64

struct csv {
	unsigned long line;	/* number of this line */
	char separator;		/* of columns; 0: no line has been seen */
	bool time;		/* the first column is the time */
	double time_unit, unit;	/* s, V */
	double first, last;	/* time */
	double least, greatest;	/* step of time */
	unsigned long uneven[2];	/* the lines where they are */
};

struct unit {
	const char *name;
	double value;
};

static const struct unit seconds[] = {
	{ "s", 1 }, { "sec", 1 }, { "second", 1 }, { "seconds", 1 },
	{ "ms", 1e-3 }, { "us", 1e-6 }, { "\xc2\xb5s", 1e-6 },
	{ "\xce\xbcs", 1e-6 }, { "\xb5s", 1e-6 }, { "ns", 1e-9 },
	{ "min", 60 }, { "h", 3600 }, { NULL, 0 },
};

static const struct unit volts[] = {
	{ "V", 1 }, { "volt", 1 }, { "volts", 1 }, { "kV", 1e3 },
	{ "mV", 1e-3 }, { "uV", 1e-6 }, { "\xc2\xb5V", 1e-6 },
	{ "\xce\xbcV", 1e-6 }, { "\xb5V", 1e-6 }, { "nV", 1e-9 }, { NULL, 0 },
};

/*
 * A line without its end, which is LF, CR LF or CR; NULL: end of file, or the
 * reason is set
 */
static char *read_line(struct recording_file *in, struct csv *csv, char *line)
{
	size_t length = 0;
	int c;

	in->reason[0] = '\0';
	csv->line++;
	while ((c = getc(in->file)) != EOF && c != '\n' && c != '\r') {
		if (!c || length == LINE_BYTES - 1) {
			recording_fail(in, "line %lu is no line of text",
				       csv->line);
			return NULL;
		}
		line[length++] = c;
	}
	if (c == '\r') {
		c = getc(in->file);
		if (c != '\n' && c != EOF)
			ungetc(c, in->file);
		c = '\n';
	}
	line[length] = '\0';
	return c == EOF && !length ? NULL : line;
}

/* The mark of UTF-8 is skipped; other encodings have bytes of 0. */
static bool skip_mark(struct recording_file *in)
{
	unsigned char mark[3];
	size_t n = fread(mark, 1, sizeof(mark), in->file);

	if (n >= 2 && (memcmp(mark, "\xff\xfe", 2) == 0 ||
		       memcmp(mark, "\xfe\xff", 2) == 0))
		return recording_fail(in, "text in UTF-16, save it as UTF-8");
	if (n < 3 || memcmp(mark, "\xef\xbb\xbf", 3) != 0)
		rewind(in->file);
	return true;
}

/*
 * Columns are separated by semicolons or tabs, if there are any: then a comma
 * may be a decimal one.
 */
static char separator_of(const char *line)
{
	if (strchr(line, ';'))
		return ';';
	return strchr(line, '\t') ? '\t' : ',';
}

/*
 * Column @n, from 1, without quotes and blanks around it.
 * Return: false: there is none, or it is too long.
 */
static bool field(const struct csv *csv, const char *line, unsigned int n,
		  char *text, bool *quoted)
{
	size_t length = 0;
	bool inside = false;

	*quoted = false;
	for (; *line && (inside || *line != csv->separator || n > 1); line++) {
		if (*line == '"')
			inside = !inside;
		else if (*line == csv->separator && !inside)
			n--;
		if (n > 1 || (*line == csv->separator && !inside))
			continue;
		if (*line == '"')
			*quoted = true;
		else if (length == FIELD_BYTES - 1)
			return false;
		else if (length || (*line != ' ' && *line != '\t'))
			text[length++] = *line;
	}
	while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	text[length] = '\0';
	return n == 1;
}

/* Digits, one point or comma, an exponent; strtod() accepts more. */
static bool is_decimal(char *text, bool comma)
{
	size_t digits;

	text += *text == '+' || *text == '-';
	digits = strspn(text, "0123456789");
	text += digits;
	if (*text == '.' || (comma && *text == ',')) {
		size_t more = strspn(text + 1, "0123456789");

		*text = '.';
		text += more + 1;
		digits += more;
	}
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '+' || *text == '-';
		if (!*text)
			return false;
		text += strspn(text, "0123456789");
	}
	return digits && !*text;
}

static bool number(const struct csv *csv, const char *line, unsigned int n,
		   double *value)
{
	char text[FIELD_BYTES];
	bool quoted;

	if (!field(csv, line, n, text, &quoted) ||
	    !is_decimal(text, quoted || csv->separator != ','))
		return false;
	*value = strtod(text, NULL);
	return isfinite(*value);
}

/* Times must go up, and evenly: see set_rate(). */
static bool add_time(struct recording_file *in, struct csv *csv, double time)
{
	double step = time - csv->last;

	if (!in->recording) {
		csv->first = time;
	} else if (!(step > 0)) {
		return recording_fail(in, "line %lu: time goes back", csv->line);
	} else {
		if (in->recording->count == 1 || step < csv->least) {
			csv->least = step;
			csv->uneven[0] = csv->line;
		}
		if (in->recording->count == 1 || step > csv->greatest) {
			csv->greatest = step;
			csv->uneven[1] = csv->line;
		}
	}
	csv->last = time;
	return true;
}

static bool read_row(struct recording_file *in, struct csv *csv,
		     const char *line)
{
	unsigned int column = in->channel + csv->time;
	double time, value;

	if (!number(csv, line, column, &value))
		return recording_fail(in, "line %lu, column %u: not a number",
				      csv->line, column);
	if (csv->time && !number(csv, line, 1, &time))
		return recording_fail(in, "line %lu: no time", csv->line);
	if (csv->time && !add_time(in, csv, time * csv->time_unit))
		return false;
	return recording_add(in, value * csv->unit);
}

/*
 * The unit of a title, "in0/mV", "in0 (mV)" or "in0 [mV]": what follows one of
 * @before; if nothing does, that of value 1. Return: false, and the reason is
 * set: none of @units.
 */
static bool title_unit(struct recording_file *in, const struct csv *csv,
		       const char *title, const char *before,
		       const struct unit *units, double *value)
{
	const char *text = strpbrk(title, before);
	const struct unit *first = units;
	size_t length;

	*value = 1;
	if (!text)
		return true;
	text += strspn(text, "/([_ ");
	length = strcspn(text, " )]");
	for (; units->name; units++) {
		*value = units->value;
		if (strlen(units->name) == length &&
		    strncmp(units->name, text, length) == 0)
			return true;
	}
	return recording_fail(in, "line %lu: '%.*s' is not a unit such as %s",
			      csv->line, (int)length, text, first->name);
}

static bool is_time(const char *title)
{
	size_t length = strcspn(title, " /([_");

	/* "Zeit": those who write decimal commas */
	return strncasecmp(title, "time", 4) == 0 ||
	       (length == 1 && *title == 't') ||
	       strncasecmp(title, "sec", 3) == 0 ||
	       strncasecmp(title, "zeit", 4) == 0;
}

/* Are there no numbers in this line? */
static bool is_title(const struct csv *csv, const char *line)
{
	char text[FIELD_BYTES];
	bool quoted;
	double value;

	for (unsigned int n = 1; field(csv, line, n, text, &quoted); n++)
		if (number(csv, line, n, &value))
			return false;
	return true;
}

static bool read_title(struct recording_file *in, struct csv *csv,
		       const char *line)
{
	char text[FIELD_BYTES];
	bool quoted;

	csv->time = field(csv, line, 1, text, &quoted) && is_time(text);
	if (csv->time && !title_unit(in, csv, text, "/([_ ", seconds,
				     &csv->time_unit))
		return false;
	if (!field(csv, line, in->channel + csv->time, text, &quoted))
		return recording_fail(in, "line %lu: there is no column %u",
				      csv->line, in->channel + csv->time);
	return title_unit(in, csv, text, "/([", volts, &csv->unit);
}

/* The rate, of the times that were read */
static bool set_rate(struct recording_file *in, const struct csv *csv)
{
	double step, rate;

	if (!csv->time || !in->recording || in->recording->count < 2)
		return true;
	step = (csv->last - csv->first) / (in->recording->count - 1);
	/* Times are rounded when they are written: a tenth of a step is even. */
	if (csv->greatest > 1.1 * step || csv->least < 0.9 * step)
		return recording_fail(in, "line %lu: the times are not even",
				      csv->uneven[csv->greatest > 1.1 * step]);
	rate = 1 / step;
	if (!(rate * SIGNAL_HERTZ >= 1 && rate <= RECORDING_RATE_MAX))
		return recording_fail(in, "%g samples per second", rate);
	in->recording->rate = rint(rate * SIGNAL_HERTZ);
	return true;
}

bool recording_read_csv(struct recording_file *in)
{
	struct csv csv = { .unit = 1 };
	char line[LINE_BYTES];
	bool titles = true;

	if (!skip_mark(in))
		return false;
	while (read_line(in, &csv, line)) {
		if (!line[strspn(line, " \t")] || line[0] == '#')
			continue;
		if (!csv.separator)
			csv.separator = separator_of(line);
		if (titles && is_title(&csv, line) ?
		    !read_title(in, &csv, line) : !read_row(in, &csv, line))
			return false;
		titles = false;
	}
	if (in->reason[0])
		return false;
	if (ferror(in->file))
		return recording_fail(in, "cannot be read");
	return set_rate(in, &csv);
}
