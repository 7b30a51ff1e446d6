// SPDX-License-Identifier: GPL-2.0
/*
 * test-quantity.c - numbers with prefixes and units
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../quantity.h"
#include "../skelctl.h"
#include "unit.h"

TEST(numbers_are_understood)
{
	static const struct {
		const char *text;
		enum quantity quantity;
		double value;
	} rows[] = {
		{ "100000", QUANTITY_HERTZ, 1e5 },
		{ "1e5", QUANTITY_HERTZ, 1e5 },
		{ "100k", QUANTITY_HERTZ, 1e5 },
		{ "100 kHz", QUANTITY_HERTZ, 1e5 },
		{ "100 khz", QUANTITY_HERTZ, 1e5 },
		{ "100KHZ", QUANTITY_HERTZ, 1e5 },
		{ " 100 kS/s ", QUANTITY_HERTZ, 1e5 },
		{ "100 kSa/s", QUANTITY_HERTZ, 1e5 },
		{ "7/s", QUANTITY_HERTZ, 7 },
		{ "44.1k", QUANTITY_HERTZ, 44100 },
		{ "1 MHz", QUANTITY_HERTZ, 1e6 },
		{ "1 mHz", QUANTITY_HERTZ, 0.001 },
		{ "0.1 mHz", QUANTITY_HERTZ, 1e-4 },
		{ "1.5e3 kHz", QUANTITY_HERTZ, 1.5e6 },
		{ "0x10", QUANTITY_HERTZ, 16 },
		{ "0x10 kHz", QUANTITY_HERTZ, 16000 },
		{ "2 min", QUANTITY_SECOND, 120 },
		{ "1.5h", QUANTITY_SECOND, 5400 },
		{ "1 d", QUANTITY_SECOND, 86400 },
		{ "90", QUANTITY_SECOND, 90 },
		{ "3 us", QUANTITY_SECOND, 3e-6 },
		{ "3 \302\265s", QUANTITY_SECOND, 3e-6 },
		{ "3\316\274s", QUANTITY_SECOND, 3e-6 },
		{ "7 ns", QUANTITY_SECOND, 7e-9 },
		{ "3 ms", QUANTITY_SECOND, 0.003 },
		{ "500", QUANTITY_MILLISECOND, 500 },
		{ "500 ms", QUANTITY_MILLISECOND, 500 },
		{ "0.5 s", QUANTITY_MILLISECOND, 500 },
		{ "20 us", QUANTITY_MILLISECOND, 0.02 },
		{ "2min", QUANTITY_MILLISECOND, 120000 },
		{ "-1", QUANTITY_MILLISECOND, -1 },
		{ "-2.5 V", QUANTITY_VOLT, -2.5 },
		{ "+500mV", QUANTITY_VOLT, 0.5 },
		{ ".5", QUANTITY_VOLT, 0.5 },
		{ "5.", QUANTITY_VOLT, 5 },
		{ "64 KiB", QUANTITY_BYTE, 65536 },
		{ "64Ki", QUANTITY_BYTE, 65536 },
		{ "64 kB", QUANTITY_BYTE, 64000 },
		{ "4 MiB", QUANTITY_BYTE, 4194304 },
		{ "1M", QUANTITY_COUNT, 1e6 },
		{ "1 Ki", QUANTITY_COUNT, 1024 },
		{ "262144", QUANTITY_COUNT, 262144 },
		{ "9007199254740991", QUANTITY_COUNT, 9007199254740991.0 },
		/* these are refused */
		{ "", QUANTITY_HERTZ, NAN }, { " ", QUANTITY_HERTZ, NAN },
		{ "Hz", QUANTITY_HERTZ, NAN }, { "k", QUANTITY_HERTZ, NAN },
		{ "10 V", QUANTITY_HERTZ, NAN }, { "10 s", QUANTITY_HERTZ, NAN },
		{ "10 kk", QUANTITY_HERTZ, NAN }, { "10 kHzz", QUANTITY_HERTZ, NAN },
		{ "1,5", QUANTITY_HERTZ, NAN }, { "1 2", QUANTITY_HERTZ, NAN },
		{ "nan", QUANTITY_HERTZ, NAN }, { "inf", QUANTITY_HERTZ, NAN },
		{ "1e999", QUANTITY_HERTZ, NAN }, { "1e999 k", QUANTITY_HERTZ, NAN },
		{ "1e", QUANTITY_HERTZ, NAN }, { "0x", QUANTITY_HERTZ, NAN },
		{ ".", QUANTITY_HERTZ, NAN }, { "-", QUANTITY_HERTZ, NAN },
		{ "--5", QUANTITY_HERTZ, NAN }, { "1KiHz", QUANTITY_HERTZ, NAN },
		{ "2m", QUANTITY_SECOND, NAN },	/* minutes or ms? */
		{ "2 m", QUANTITY_MILLISECOND, NAN },
		{ "2 k", QUANTITY_MILLISECOND, NAN },
		{ "2 kmin", QUANTITY_SECOND, NAN }, { "2 Hz", QUANTITY_SECOND, NAN },
		{ "5 A", QUANTITY_VOLT, NAN }, { "5 mm", QUANTITY_VOLT, NAN },
		{ "5 s", QUANTITY_COUNT, NAN }, { "5 kB", QUANTITY_COUNT, NAN },
		{ "1234567890123456789012345678901234567890123456789012345678901234567890", QUANTITY_COUNT, NAN },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		bool refused = isnan(rows[i].value);
		double value = 42;

		check(quantity_parse(rows[i].text, rows[i].quantity, &value) ==
		      (refused ? -1 : 0));
		check(value == (refused ? 42 : rows[i].value));
		if (value != (refused ? 42 : rows[i].value))
			printf("# '%s' is %.17g\n", rows[i].text, value);
	}
}

TEST(numbers_are_written)
{
	static const struct {
		double value;
		enum quantity quantity;
		int digits;
		const char *text;
	} rows[] = {
		{ 1e5, QUANTITY_HERTZ, 7, "100 kHz" },
		{ 699300.6993, QUANTITY_HERTZ, 7, "699.3007 kHz" },
		{ 0.001, QUANTITY_HERTZ, 7, "1 mHz" },
		{ 0, QUANTITY_HERTZ, 7, "0 Hz" },
		{ 999.96, QUANTITY_HERTZ, 4, "1 kHz" },
		{ 1, QUANTITY_HERTZ, 7, "1 Hz" },
		{ 90, QUANTITY_SECOND, 4, "1.5 min" },
		{ 100, QUANTITY_SECOND, 4, "100 s" },
		{ 86400, QUANTITY_SECOND, 4, "1 d" },
		{ 0.25, QUANTITY_SECOND, 4, "250 ms" },
		{ 1000, QUANTITY_MILLISECOND, 4, "1 s" },
		{ -0.5, QUANTITY_VOLT, 4, "-500 mV" },
		{ 10, QUANTITY_VOLT, 4, "10 V" },
		{ 4194304, QUANTITY_BYTE, 3, "4.19 MB" },
		{ 1000, QUANTITY_COUNT, 7, "1000" },
		{ 268435456, QUANTITY_COUNT, 16, "268435456" },
		{ 0.5, QUANTITY_COUNT, 7, "0.5" },
		{ 42, QUANTITY_COUNT, 7, "42" },
	};
	char text[QUANTITY_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		double value = NAN;

		quantity_format(text, rows[i].quantity, rows[i].value,
				rows[i].digits);
		check(strcmp(text, rows[i].text) == 0);
		if (strcmp(text, rows[i].text) != 0)
			printf("# %g is '%s'\n", rows[i].value, text);
		check(quantity_parse(text, rows[i].quantity, &value) == 0);
		check(fabs(value - rows[i].value) <=
		      fabs(rows[i].value) * pow(10, 1 - rows[i].digits));
	}
}

struct option_test {
	const char *text;
	bool whole;
	double value;
};

static int read_option(void *data)
{
	const struct option_test *t = data;

	if (t->whole)
		return count_option("--frames", t->text, QUANTITY_COUNT, 2,
				    1000) != t->value;
	return quantity_option("--rate", t->text, QUANTITY_HERTZ, 0.001,
			       1e6) != t->value;
}

TEST(options_have_limits)
{
	static struct option_test good[] = {
		{ "100k", false, 1e5 }, { "1 MHz", false, 1e6 },
		{ "1 mHz", false, 0.001 }, { "1k", true, 1000 },
		{ "0.5k", true, 500 },
	}, bad[] = {
		{ "2 MHz", false, 0 }, { "0", false, 0 },
		{ "10 V", false, 0 }, { "1", true, 0 }, { "2.5", true, 0 },
		{ "1001", true, 0 },
	};
	char output[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		check(unit_catch(read_option, &good[i], output,
				 sizeof(output)) == 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		check(unit_catch(read_option, &bad[i], output,
				 sizeof(output)) == EXIT_USAGE);
		check(strstr(output, bad[i].whole ?
			     "is not a whole number from 2 to 1000\n" :
			     "is not a frequency from 1 mHz to 1 MHz\n"));
	}
}
