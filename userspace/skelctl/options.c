// SPDX-License-Identifier: GPL-2.0
/*
 * options.c - numbers as arguments of options
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "skelctl.h"

/* A whole number, decimal or 0x hexadecimal; exits if it is none */
long long number_option(const char *name, const char *text, long long min,
			long long max)
{
	long long value;
	char *end;

	errno = 0;
	value = strtoll(text, &end, 0);
	if (end == text || *end || errno || value < min || value > max)
		errx(EXIT_USAGE, "%s: '%s' is not a number from %lld to %lld",
		     name, text, min, max);
	return value;
}
