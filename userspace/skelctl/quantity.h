/* SPDX-License-Identifier: GPL-2.0 */
/*
 * quantity.h - numbers with SI prefixes and units, as people write them
 *
 * "100000", "1e5", "100k", "100 kHz" and "100 kS/s" are the same rate, "90",
 * "90 s", "1.5 min" and "1500 ms" (not the same) are times. Prefixes are
 * f p n u (or µ) m k M G T P and, before B or nothing, Ki Mi Gi Ti. Capitals
 * matter in prefixes only: mHz and MHz differ; K is k. Whole numbers may be
 * hexadecimal: 0x1F. A decimal comma is refused.
 */
#ifndef _SKEL_QUANTITY_H
#define _SKEL_QUANTITY_H

#include <stddef.h>

enum quantity {
	QUANTITY_COUNT,		/* a number, with prefix but without unit */
	QUANTITY_HERTZ,		/* Hz; also S/s, Sa/s, /s */
	QUANTITY_SECOND,	/* s, min, h, d */
	QUANTITY_MILLISECOND,	/* the same, but a mere number is in ms */
	QUANTITY_VOLT,		/* V */
	QUANTITY_BYTE,		/* B */
};

/* Enough for all that quantity_format() writes */
#define QUANTITY_MAX	32

/**
 * quantity_parse() - understand a number with its unit
 * @text: all of it, blanks around and between number and unit are ignored
 * @quantity: what it must be
 * @value: is filled in, correctly rounded: in Hz, s, ms (%QUANTITY_MILLISECOND),
 *         V or bytes
 *
 * Return: 0, or -1 if it is not understood, is not of this unit, or is not
 * finite; @value is unchanged then.
 */
int quantity_parse(const char *text, enum quantity quantity, double *value);

/**
 * quantity_format() - write a number with prefix and unit
 * @text: receives it, such as "100 kHz"; QUANTITY_MAX bytes
 * @quantity: its unit
 * @value: as from quantity_parse()
 * @digits: significant digits, 1 to 17; zeros at the end are left out
 *
 * Times from a minute on are written as "2 min", "1.5 h" or "2 d" if that is
 * short, else in s. What is written is understood by quantity_parse().
 *
 * Return: @text.
 */
char *quantity_format(char *text, enum quantity quantity, double value,
		      int digits);

/**
 * quantity_option() - the argument of an option
 * @name: of the option, for the message
 * @text: the argument
 * @quantity: what it must be
 * @min: the least value allowed
 * @max: the greatest
 *
 * Return: the value. Exits with EXIT_USAGE and a message if it is none.
 */
double quantity_option(const char *name, const char *text,
		       enum quantity quantity, double min, double max);

/**
 * count_option() - the argument of an option, a whole number
 *
 * As quantity_option(), but 1.5 is refused; 1.5k is 1500. @max is at most 2^53.
 */
long long count_option(const char *name, const char *text,
		       enum quantity quantity, long long min, long long max);

#endif /* _SKEL_QUANTITY_H */
