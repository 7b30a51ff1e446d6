// SPDX-License-Identifier: GPL-2.0
/*
 * unit.c - units of numbers: IEEE 488.2-1992, 7.7.3
 *
 * A unit is a multiplier and a name, in any case: kHz, ms, uV. As in the
 * standard, M is milli and MA is mega, but MHZ is megahertz in any case. The
 * same goes for samples per second, where milli is of no use either.
 */
#include <math.h>
#include <string.h>

#include "scpi/internal.h"

/* Other names for a unit of the table */
static const struct name {
	const char *unit;
	const char *name;
	double factor;
} names[] = {
	{ "S/s", "SA/S", 1 },
	{ "S/s", "HZ", 1 },
	{ "deg", "RAD", 180 / M_PI },
	{ "%", "PCT", 1 },
};

static const struct multiplier {
	const char *name;
	signed char exponent;
} multipliers[] = {
	{ "EX", 18 }, { "PE", 15 }, { "T", 12 }, { "G", 9 }, { "MA", 6 },
	{ "K", 3 }, { "M", -3 }, { "U", -6 }, { "N", -9 }, { "P", -12 },
	{ "F", -15 }, { "A", -18 },
};

static bool same(const char *name, const char *text, size_t length)
{
	size_t i;

	if (strlen(name) != length)
		return false;
	for (i = 0; i < length; i++)
		if (!scpi_same_letter(name[i], text[i]))
			return false;
	return true;
}

static bool multiplier(const char *unit, const char *text, size_t length,
		       int *exponent)
{
	bool mega = strcmp(unit, "Hz") == 0 || strcmp(unit, "S/s") == 0;
	size_t i;

	*exponent = 0;
	if (!length)
		return true;
	if (strcmp(unit, "%") == 0)
		return false;
	for (i = 0; i < SCPI_ARRAY_SIZE(multipliers); i++) {
		if (!same(multipliers[i].name, text, length))
			continue;
		*exponent = multipliers[i].exponent;
		if (mega && *exponent == -3)
			*exponent = 6;
		return true;
	}
	return false;
}

/*
 * Powers of ten are exact up to 10^22, so division by one gives the nearest
 * double: 7 us is 7e-6. Multiplication by 1e-6 would not.
 */
static double scale(double value, int exponent)
{
	if (exponent < 0)
		return value / pow(10, -exponent);
	return value * pow(10, exponent);
}

static bool apply(const char *unit, const char *name, double factor,
		  const char *text, size_t length, double *value)
{
	size_t tail = strlen(name);
	int exponent;

	if (length < tail || !same(name, text + length - tail, tail) ||
	    !multiplier(unit, text, length - tail, &exponent))
		return false;
	*value = scale(*value, exponent) * factor;
	return true;
}

int scpi_apply_unit(const char *unit, const char *text, size_t length,
		    double *value)
{
	size_t i;

	if (!length)
		return 0;
	if (!unit)
		return SCPI_ERR_UNIT_NOT_ALLOWED;
	if (apply(unit, unit, 1, text, length, value))
		return 0;
	for (i = 0; i < SCPI_ARRAY_SIZE(names); i++)
		if (strcmp(unit, names[i].unit) == 0 &&
		    apply(unit, names[i].name, names[i].factor, text, length,
			  value))
			return 0;
	return SCPI_ERR_UNIT;
}
