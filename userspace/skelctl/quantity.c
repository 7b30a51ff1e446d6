// SPDX-License-Identifier: GPL-2.0
/*
 * quantity.c - numbers with SI prefixes and units, as people write them
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "quantity.h"
#include "skelctl.h"

#define NUMBER_MAX	64	/* characters of a number, more is no number */

/* A unit is base * 10^exponent * factor of what quantity_parse() returns. */
struct unit {
	const char *name;
	int exponent;
	double factor;
	bool prefixes;
};

#define UNITS_MAX	7

static const struct kind {
	const char *what;	/* "not a ..." */
	struct unit unit[UNITS_MAX];	/* the first one is that of mere numbers */
	bool binary;		/* Ki, Mi, ... */
} kinds[] = {
	[QUANTITY_COUNT] = { "number", {
		{ "", 0, 1, true },
	}, .binary = true },
	[QUANTITY_HERTZ] = { "frequency", {
		{ "Hz", 0, 1, true }, { "S/s", 0, 1, true },
		{ "Sa/s", 0, 1, true }, { "/s", 0, 1, true },
	}, .binary = false },
	[QUANTITY_SECOND] = { "time", {
		{ "s", 0, 1, true }, { "min", 0, 60, false },
		{ "h", 0, 3600, false }, { "d", 0, 86400, false },
	}, .binary = false },
	[QUANTITY_MILLISECOND] = { "time", {
		{ "ms", 0, 1, false }, { "s", 3, 1, true },
		{ "min", 3, 60, false }, { "h", 3, 3600, false },
		{ "d", 3, 86400, false },
	}, .binary = false },
	[QUANTITY_VOLT] = { "voltage", {
		{ "V", 0, 1, true },
	}, .binary = false },
	[QUANTITY_BYTE] = { "number of bytes", {
		{ "B", 0, 1, true },
	}, .binary = true },
};

/* UTF-8 of the micro sign, and of the Greek letter, which is used as well */
static const struct prefix {
	const char *name;
	int exponent;
} prefixes[] = {
	{ "f", -15 }, { "p", -12 }, { "n", -9 }, { "u", -6 },
	{ "\302\265", -6 }, { "\316\274", -6 }, { "m", -3 }, { "", 0 },
	{ "k", 3 }, { "K", 3 }, { "M", 6 }, { "G", 9 }, { "T", 12 },
	{ "P", 15 },
};

static const struct binary {
	const char *name;
	double factor;
} binaries[] = {
	{ "Ki", 0x1p10 }, { "Mi", 0x1p20 }, { "Gi", 0x1p30 }, { "Ti", 0x1p40 },
};

/* What is behind the number: a unit, a prefix, both or nothing */
static int find_unit(const char *text, const struct kind *kind, int *exponent,
		     double *factor)
{
	const struct unit *unit;
	size_t i, length;

	*exponent = 0;
	*factor = 1;
	if (!*text)
		return 0;
	for (i = 0; kind->binary && i < ARRAY_SIZE(binaries); i++) {
		length = strlen(binaries[i].name);
		if (strncmp(text, binaries[i].name, length) == 0 &&
		    (!text[length] ||
		     strcasecmp(text + length, kind->unit[0].name) == 0)) {
			*factor = binaries[i].factor;
			return 0;
		}
	}
	for (unit = kind->unit; unit < kind->unit + UNITS_MAX && unit->name;
	     unit++) {
		for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
			length = strlen(prefixes[i].name);
			if (strncmp(text, prefixes[i].name, length) != 0 ||
			    (length && !unit->prefixes))
				continue;
			/* a mere "m" of a time may be meant to be minutes */
			if (!text[length] && (unit != kind->unit ||
			    (kind->unit[1].name &&
			     strcasecmp(kind->unit[1].name, "min") == 0 &&
			     strcmp(text, "m") == 0)))
				continue;
			if (text[length] &&
			    strcasecmp(text + length, unit->name) != 0)
				continue;
			*exponent = unit->exponent + prefixes[i].exponent;
			*factor = unit->factor;
			return 0;
		}
	}
	return -1;
}

/* The length of "-12.5e3" or "0x1F" at the start of a text, 0: none */
static size_t number_length(const char *text, bool *decimal)
{
	static const char digits[] = "0123456789";
	const char *at = text + (*text == '-' || *text == '+');
	size_t whole, part = 0;

	*decimal = !(at[0] == '0' && (at[1] == 'x' || at[1] == 'X'));
	if (!*decimal) {
		whole = strspn(at + 2, "0123456789abcdefABCDEF");
		return whole ? at + 2 + whole - text : 0;
	}
	whole = strspn(at, digits);
	at += whole;
	if (*at == '.') {
		part = strspn(at + 1, digits);
		at += 1 + part;
	}
	if (!whole && !part)
		return 0;
	if (*at == 'e' || *at == 'E') {
		const char *e = at + 1 + (at[1] == '-' || at[1] == '+');

		if (isdigit((unsigned char)*e))
			at = e + strspn(e, digits);
	}
	return at - text;
}

int quantity_parse(const char *text, enum quantity quantity, double *value)
{
	char number[NUMBER_MAX + 16], unit[16];
	size_t length, rest;
	double factor, result;
	int exponent;
	bool decimal;
	char *e;

	text += strspn(text, " \t");
	length = number_length(text, &decimal);
	if (!length || length > NUMBER_MAX)
		return -1;
	memcpy(number, text, length);
	number[length] = '\0';
	text += length;
	text += strspn(text, " \t");
	rest = strlen(text);
	while (rest && isspace((unsigned char)text[rest - 1]))
		rest--;
	if (rest >= sizeof(unit))
		return -1;
	memcpy(unit, text, rest);
	unit[rest] = '\0';
	if (find_unit(unit, &kinds[quantity], &exponent, &factor))
		return -1;
	/* the exponent goes into the text, so that 0.1 ms is rounded once */
	if (decimal && exponent) {
		long given = 0;

		e = strpbrk(number, "eE");
		if (e) {
			given = strtol(e + 1, NULL, 10);
			*e = '\0';
		}
		if (labs(given) > 400)
			return -1;
		length = strlen(number);
		snprintf(number + length, sizeof(number) - length, "e%ld",
			 given + exponent);
		exponent = 0;
	}
	result = strtod(number, NULL) * pow(10, exponent) * factor;
	if (!isfinite(result))
		return -1;
	*value = result;
	return 0;
}

static int put_number(char *text, double value, int digits)
{
	return snprintf(text, QUANTITY_MAX, "%.*g", digits, value);
}

/* 90 s are 1.5 min, 100 s are 100 s. Return: false if no such unit is short. */
static bool format_long(char *text, double seconds, int digits)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 } };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(units); i++) {
		double count = seconds / units[i].seconds;
		int n;

		if (fabs(count) < 1 || count * 10 != round(count * 10))
			continue;
		n = put_number(text, count, digits);
		snprintf(text + n, QUANTITY_MAX - n, " %s", units[i].name);
		return true;
	}
	return false;
}

char *quantity_format(char *text, enum quantity quantity, double value,
		      int digits)
{
	const char *unit = kinds[quantity].unit[0].name;
	static const struct prefix none = { "", 0 };
	const struct prefix *best = NULL;
	char rounded[QUANTITY_MAX];
	size_t i;
	int n;

	if (quantity == QUANTITY_MILLISECOND) {
		unit = "s";
		value /= 1000;
	}
	if (unit[0] == 's' && fabs(value) >= 60 &&
	    format_long(text, value, digits))
		return text;
	/* 999.96 has three digits as 1000 */
	put_number(rounded, value, digits);
	value = strtod(rounded, NULL);
	for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
		const struct prefix *p = &prefixes[i];

		/* as "u" and "k"; no ks, no mB, and numbers have none */
		if ((unsigned char)p->name[0] > 127 || p->name[0] == 'K' ||
		    (p->exponent > 0 && *unit == 's') ||
		    (p->exponent < 0 && *unit == 'B') ||
		    (p->exponent && !*unit))
			continue;
		if (!best || fabs(value) >= 0.9999999 * pow(10, p->exponent))
			best = p;
	}
	if (value == 0)
		best = &none;
	n = put_number(text, best->exponent < 0 ?
		       value * pow(10, -best->exponent) :
		       value / pow(10, best->exponent), digits);
	if (*best->name || *unit)
		snprintf(text + n, QUANTITY_MAX - n, " %s%s", best->name, unit);
	return text;
}

__attribute__((__noreturn__))
static void refuse(const char *name, const char *text, enum quantity quantity,
		   bool whole, double min, double max)
{
	char low[QUANTITY_MAX], high[QUANTITY_MAX];

	errx(EXIT_USAGE, "%s: '%s' is not a %s%s from %s to %s", name, text,
	     whole ? "whole " : "", kinds[quantity].what,
	     quantity_format(low, quantity, min, whole ? 16 : 7),
	     quantity_format(high, quantity, max, whole ? 16 : 7));
}

double quantity_option(const char *name, const char *text,
		       enum quantity quantity, double min, double max)
{
	double value;

	if (quantity_parse(text, quantity, &value) || value < min ||
	    value > max)
		refuse(name, text, quantity, false, min, max);
	return value;
}

long long count_option(const char *name, const char *text,
		       enum quantity quantity, long long min, long long max)
{
	double value;

	if (quantity_parse(text, quantity, &value) || value < min ||
	    value > max || value != floor(value))
		refuse(name, text, quantity, true, min, max);
	return value;
}
