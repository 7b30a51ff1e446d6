// SPDX-License-Identifier: GPL-2.0
/*
 * test-scpi-number.c - numbers and units
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/scpi-user.h"
#include "tests/test-scpi.h"
#include "unit.h"

#define ZEROS50	"00000000000000000000000000000000000000000000000000"
#define ONES50	"11111111111111111111111111111111111111111111111111"

static struct scpi_user user;

static const struct scpi_arg *arg(const char *line)
{
	static const struct scpi_arg none;

	scpi_user_init(&user);
	if (scpi_user_ask(&user, line, "") && user.calls == 1)
		return &user.last.arg[0];
	printf("# '%s': %s", line, scpi_user_say(&user, "SYST:ERR?"));
	return &none;
}

static bool is(const char *line, double value)
{
	double got = arg(line)->number;

	if (got != value)
		printf("# '%s': %.17g, not %.17g\n", line, got, value);
	return got == value;
}

static bool fails(const char *line, int error, const char *where)
{
	scpi_user_init(&user);
	return scpi_user_fails(&user, line, error, where);
}

static void decimal(void)
{
	check(is("INP:FREQ 5", 5));
	check(is("INP:FREQ +5.25", 5.25));
	check(is("INP:FREQ .5", 0.5));
	check(is("INP:FREQ 5.", 5));
	check(is("INP:FREQ 0005", 5));
	check(is("INP:FREQ 1e3", 1000));
	check(is("INP:FREQ 1.5E+3", 1500));
	check(is("INP:FREQ 1500e-3", 1.5));
	check(is("INP:FREQ 0.1", 0.1));
	check(is("TRIG:DEL -0", 0));
	check(is("TRIG:DEL 1e-30000", 0));
	check(is("TRIG:DEL " ZEROS50 ZEROS50 ZEROS50 ZEROS50 ZEROS50 ZEROS50
		 "1", 1));
	check(is("INP:FREQ 1e00000000000000000003", 1000));
	/* white space around E, as IEEE 488.2 allows it */
	check(is("INP:FREQ +2.0 e3", 2000));
	check(is("INP:FREQ 1.23 E + 3", 1230));
	check(is("INP:FREQ 1.23\tE\v+3", 1230));
	check(is("INP:FREQ 12e -1", 1.2));
	check(is("INP:FREQ 1.5 E 2 kHz", 150000));
	check(is("TRIG:DEL 2 EXS", 2e18));
	check(fails("INP:FREQ 1 E +", -121, "INPut1:FREQuency, parameter 1"));
	check(fails("INP:FREQ 1 E + Hz", -121, "INPut1:FREQuency, parameter 1"));
	check(arg("TRIG:DEL 1 E 1 , 2 E 0")->number == 10 &&
	      user.last.arg[1].number == 2);
	/* in the simple dialect a blank ends the number */
	check(scpi_user_ask(&user, "TOHOST 1 E3 4", "ERROR number\n"));
}

static void based(void)
{
	check(is("INP:FREQ #H1f", 31));
	check(is("INP:FREQ #hFF", 255));
	check(is("INP:FREQ #Q17", 15));
	check(is("INP:FREQ #b1011", 11));
	check(is("INP:FREQ 0x1F", 31));
	check(arg("COUN #HFFFF")->integer == 65535);
	check(arg("TOHOST #HFFFFFFFFFFFFFFFF 0 0")->address == UINT64_MAX);
}

static void units(void)
{
	static const struct {
		const char *line;
		double value;
	} good[] = {
		{ "INP:FREQ 1 kHz", 1e3 }, { "INP:FREQ 1kHz", 1e3 },
		{ "INP:FREQ 1\tKHZ", 1e3 }, { "INP:FREQ 0.1 MHz", 1e5 },
		{ "INP:FREQ 0.1 mhz", 1e5 }, { "INP:FREQ 0.1 MAHZ", 1e5 },
		{ "INP:FREQ 1e-4 GHz", 1e5 }, { "INP:FREQ 7 Hz", 7 },
		{ "INP:FREQ 5e4 uHz", 0.05 }, { "INP:FREQ 1e2kHz", 1e5 },
		{ "TRIG:DEL 7 us", 0.000007 }, { "TRIG:DEL 3 ms", 0.003 },
		{ "TRIG:DEL 3 MS", 0.003 }, { "TRIG:DEL 9 ns", 0.000000009 },
		{ "TRIG:DEL 2 s", 2 }, { "TRIG:DEL 2EXS", 2e18 },
		{ "TRIG:DEL 2 ps", 0.000000000002 }, { "TRIG:DEL 2 as",
		  0.000000000000000002 },
		{ "TRIG:DEL 2 ks", 2000 },
	};
	static const char * const bad[] = {
		"1 V", "1 ks", "1 kkHz", "1 k", "1 Hzz", "1 %", "1 /s", "1 dBm",
		"1 H", "1 kHzkHz", "1e Hz", "1 mHzz", "1INF",
	};
	char line[40];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		check(is(good[i].line, good[i].value));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(line, sizeof(line), "INP3:FREQ %s", bad[i]);
		check(fails(line, -131, "INPut3:FREQuency, parameter 1"));
	}
	check(arg("TRIG:DEL 1 ms, 250 mV") && user.last.arg[1].number == 0.25);
	check(arg("TRIG:DEL 1,-1e6uV") && user.last.arg[1].number == -1);
	check(fails("TRIG:DEL 1 ms, 1 s", -131, "TRIGger:DELay, parameter 2"));
	check(fails("COUN 5 Hz", -138, "COUNt, parameter 1"));
	check(fails("OUTP 1 V", -138, "OUTPut, parameter 1"));
	check(fails("PROG:CALL 1 V", -138, "PROGram:CALL, parameter 1"));
	/* in the simple dialect a blank ends the number */
	check(scpi_user_ask(&user, "TOHOST 1 k 2", "ERROR number\n"));
	check(scpi_user_ask(&user, "SYST:ERR?",
			    "-104,\"Data type error;TOHOST, parameter 2, length: whole number below 2^64, also as 0x1F\"\n"));
	check(scpi_user_ask(&user, "TOHOST 1k 2 3", "ERROR number\n"));
	check(scpi_user_ask(&user, "SYST:ERR?",
			    "-138,\"Suffix not allowed;TOHOST, parameter 1, address: whole number below 2^64, also as 0x1F\"\n"));
}

static void words(void)
{
	check(is("INP:FREQ MIN", 0.001));
	check(is("INP:FREQ maximum", 5e5));
	check(is("INP:FREQ DEF", 50));
	check(is("TRIG:DEL INF", INFINITY));
	check(is("TRIG:DEL INFinity", INFINITY));
	check(is("TRIG:DEL MAX", INFINITY));
	check(is("TRIG:DEL 9.9E37", INFINITY));
	check(is("TRIG:DEL 1e400", INFINITY));
	check(arg("COUN MIN")->integer == -5);
	check(arg("COUN MAX")->integer == 1000000);
	check(arg("COUN DEF")->integer == 10);
	check(fails("INP:FREQ INF", -222, "INPut1:FREQuency, parameter 1"));
	check(fails("TRIG:DEL NINF", -222, "TRIGger:DELay, parameter 1"));
	check(fails("COUN INF", -141, "COUNt, parameter 1"));
	check(fails("INP:FREQ NAN", -141, "INPut1:FREQuency, parameter 1"));
	check(fails("INP:FREQ MINI", -141, "INPut1:FREQuency, parameter 1"));
}

static void limits(void)
{
	scpi_user_init(&user);
	check(scpi_user_ask(&user, "INP1:FREQ? MIN", "1.0E-03\n"));
	check(scpi_user_ask(&user, "INP1:FREQ? MAXimum", "5.0E+05\n"));
	check(scpi_user_ask(&user, "INP1:FREQ? def", "5.0E+01\n"));
	check(scpi_user_ask(&user, "COUN? MIN;COUN? MAX;COUN? DEF",
			    "-5;1000000;10\n"));
	check(!user.calls);
	check(scpi_user_ask(&user, "COUN?", "1\n"));
	check(scpi_user_fails(&user, "INP2:FREQ? 5",
			      -104, "INPut2:FREQuency?, parameter 1"));
	check(scpi_user_fails(&user, "INP2:FREQ? INF",
			      -141, "INPut2:FREQuency?, parameter 1"));
	check(scpi_user_fails(&user, "INP2:FREQ? MIN,MAX",
			      -108, "INPut2:FREQuency?, parameter 2"));
	check(scpi_user_fails(&user, "INP2:SHAP? MIN",
			      -108, "INPut2:SHAPe?, parameter 1"));
}

static void malformed(void)
{
	static const struct {
		const char *number;
		int error;
	} bad[] = {
		{ "1.2.3", -121 },
		{ "--5", -121 },
		{ "+", -121 },
		{ ".", -121 },
		{ "-.e5", -121 },
		{ "1e+", -121 },
		{ "#HXYZ", -121 },
		{ "#H", -121 },
		{ "#B12", -121 },
		{ "#Q8", -121 },
		{ "#X1", -121 },
		{ "#", -121 },
		{ "0x", -121 },
		{ "0x1G", -121 },
		{ "1e32001", -123 },
		{ "1e-99999999999999999999", -123 },
		{ ONES50 ONES50 ONES50 ONES50 ONES50 "111111", -124 },
		{ "-0x5", -131 },
		{ "#H1F Hz", -103 },
		{ "1 2", -103 },
		{ "1 kHz Hz", -103 },
		{ "1=", -103 },
		{ "1:2", -103 },
		{ "1.5?", -103 },
		{ "&", -102 },
		{ "=5", -102 },
		{ "@1", -102 },
	};
	char line[400];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(line, sizeof(line), "INP2:FREQ %s", bad[i].number);
		check(fails(line, bad[i].error,
			    "INPut2:FREQuency, parameter 1"));
	}
}

static void whole_numbers(void)
{
	check(arg("COUN 1000000")->integer == 1000000);
	check(arg("COUN -5")->integer == -5);
	check(arg("COUN 1.5")->integer == 2);	/* rounded, 7.7.2.4.2 */
	check(arg("COUN 1.4")->integer == 1);
	check(arg("COUN 1e3")->integer == 1000);
	check(arg("COUN -5.4")->integer == -5);
	check(arg("TOHOST 18446744073709551615 0 0")->address == UINT64_MAX);
	check(arg("TOHOST 9007199254740993 0 0")->address ==
	      9007199254740993);
	check(arg("TOHOST -0 0 0")->address == 0);
}

static void values(void)
{
	const struct scpi_value *v = &user.last.arg[0].value;

	check(arg("PROG:CALL 9007199254740993") && v->whole &&
	      v->integer == 9007199254740993);
	check(arg("PROG:CALL -9223372036854775808") && v->whole &&
	      v->integer == INT64_MIN);
	check(arg("PROG:CALL 18446744073709551615") && v->whole &&
	      v->integer == -1);
	check(arg("PROG:CALL -9223372036854775809") && !v->whole &&
	      v->number == -0x1p63);
	check(arg("PROG:CALL 18446744073709551616") && !v->whole &&
	      v->number == 0x1p64);
	check(arg("PROG:CALL 1.5") && !v->whole && v->number == 1.5);
	check(arg("PROG:CALL #HFFFFFFFFFFFFFFFF") && v->whole &&
	      v->integer == -1);
	check(arg("PROG:CALL 1,-2") && user.last.arg[1].value.integer == -2);
	check(fails("PROG:CALL MIN", -104, "PROGram:CALL, parameter 1"));
}

void test_scpi_number(void)
{
	run(decimal);
	run(based);
	run(units);
	run(words);
	run(limits);
	run(malformed);
	run(whole_numbers);
	run(values);
}
