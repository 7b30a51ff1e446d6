// SPDX-License-Identifier: GPL-2.0
/*
 * test-scpi-reply.c - responses
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scpi-user.h"
#include "tests/test-scpi.h"
#include "unit.h"

static struct scpi_user user;

/* Handlers reply between the suspension and the resumption of WAIT? */
static struct scpi *begin(void)
{
	scpi_user_init(&user);
	scpi_user_say(&user, "WAIT?");
	return &user.scpi;
}

static bool end(const char *answer)
{
	scpi_resume(&user.scpi, 0);
	if (strcmp(user.out, answer) == 0)
		return true;
	printf("# '%s' instead of '%s'\n", user.out, answer);
	return false;
}

static void forms(void)
{
	static const struct scpi_param shape = {
		.type = SCPI_CHOICE, .words = "SINusoid|SQUare|DC"
	};

	scpi_reply_integer(begin(), INT64_MIN);
	check(end("-9223372036854775808\n"));
	scpi_reply_address(begin(), UINT64_MAX);
	check(end("18446744073709551615\n"));
	scpi_reply_bool(begin(), true);
	scpi_reply_bool(&user.scpi, false);
	check(end("1,0\n"));
	scpi_reply_string(begin(), "say \"x\"");
	check(end("\"say \"\"x\"\"\"\n"));
	scpi_reply_string(begin(), "");
	check(end("\"\"\n"));
	scpi_reply_choice(begin(), &shape, 0);
	scpi_reply_choice(&user.scpi, &shape, 1);
	scpi_reply_choice(&user.scpi, &shape, 2);
	check(end("SIN,SQU,DC\n"));
	scpi_reply_block(begin(), "a\nb", 3);
	check(end("#13a\nb\n"));
	scpi_reply_block(begin(), "0123456789", 10);
	check(end("#2100123456789\n"));
	scpi_reply_block(begin(), "", 0);
	check(end("#10\n"));
	scpi_reply_text(begin(), "STATUS %s n=%d", "IDLE", 5);
	check(end("STATUS IDLE n=5\n"));
}

static void numbers(void)
{
	static const struct {
		double value;
		const char *text;
	} n[] = {
		{ 0, "0.0E+00\n" }, { -0.0, "0.0E+00\n" }, { 50, "5.0E+01\n" },
		{ 0.1, "1.0E-01\n" }, { -0.000000125, "-1.25E-07\n" },
		{ 1.0 / 3, "3.333333333333333E-01\n" },
		{ INFINITY, "9.9E+37\n" }, { -INFINITY, "-9.9E+37\n" },
		{ 1e300, "9.9E+37\n" }, { NAN, "9.91E+37\n" },
		{ 1e100 / 1e100 * 123456789, "1.23456789E+08\n" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(n); i++) {
		scpi_reply_number(begin(), n[i].value);
		check(end(n[i].text));
	}
	/* what is read is what was written */
	for (i = 1; i < 500; i++) {
		double value = sqrt(i) * pow(10, i % 30 - 15.0);

		scpi_reply_number(begin(), value);
		scpi_resume(&user.scpi, 0);
		check(strtod(user.out, NULL) == value);
	}
}

static void separators(void)
{
	scpi_user_init(&user);
	check(scpi_user_ask(&user, "RANG1:LINE2?;:RANG2:LINE3?", "1,2;2,3\n"));
	check(scpi_user_ask(&user, "COUN 1;NAME?;COUN 1;*ESR?;COUN 1",
			    "skel,test,0,1;128\n"));
}

static bool answers_zeros(const char *line, size_t length)
{
	const char *out = scpi_user_say(&user, line);

	return strlen(out) == length && strspn(out, "0") == length - 2 &&
	       strcmp(out + length - 2, "1\n") == 0;
}

/* With its newline, a response has at most SCPI_LINE_MAX bytes */
static void too_long(void)
{
	scpi_user_init(&user);
	check(answers_zeros("TEXT? 1023", 1024));
	check(user.longest == SCPI_LINE_MAX);
	check(scpi_user_ask(&user, "TEXT? 1024", ""));
	check(scpi_user_ask(&user, "SYST:ERR:ALL?",
			    "-430,\"Query DEADLOCKED;TEXT?\"\n"));
	/* nothing of it is sent, and the rest is not executed */
	user.calls = 0;
	check(scpi_user_ask(&user, "NAME?;TEXT? 1010;COUN 1", ""));
	check(user.calls == 1);
	check(scpi_user_ask(&user, "*ESR?", "132\n"));
	check(scpi_user_ask(&user, "SYST:ERR:ALL?",
			    "-430,\"Query DEADLOCKED;TEXT?\"\n"));
	check(strlen(scpi_user_say(&user, "NAME?;TEXT? 1009")) == 1024);
	check(scpi_user_ask(&user, "TEXT? 2000;COUN 1", ""));
	check(scpi_user_ask(&user, "*IDN?", "skel,test,0,1\n"));
	scpi_user_say(&user, "*CLS");
	scpi_user_say(&user, "DATA:BLOC? 1017");
	check(user.out_length == 1024);
	check(scpi_user_ask(&user, "DATA:BLOC? 1018", ""));
	check(scpi_user_ask(&user, "SYST:ERR:ALL?",
			    "-430,\"Query DEADLOCKED;DATA:BLOCk?\"\n"));
	check(user.longest == SCPI_LINE_MAX);
}

static void notified(void)
{
	scpi_user_init(&user);
	check(scpi_user_ask(&user, "NAME?;NOTE 3;COUN?",
			    "NOTE 001\nskel,test,0,1;OK NOTE;2\n"));
	scpi_user_say(&user, "NOTE 2000");
	check(user.longest == SCPI_LINE_MAX);
	check(user.out_length == SCPI_LINE_MAX + 8);
	check(user.out[SCPI_LINE_MAX - 1] == '\n');
}

void test_scpi_reply(void)
{
	run(forms);
	run(numbers);
	run(separators);
	run(too_long);
	run(notified);
}
