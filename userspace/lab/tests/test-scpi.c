// SPDX-License-Identifier: GPL-2.0
/*
 * test-scpi.c - the language, as far as the lines of talk/ do not show it
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scpi-user.h"
#include "unit.h"

static struct scpi_user user;

/* --- messages --------------------------------------------------------- */

TEST(long_lines)
{
	char line[SCPI_LINE_MAX + 1];

	memset(line, ' ', sizeof(line));
	memcpy(line, "COUN 7", 6);
	scpi_user_init(&user);
	scpi_user_send(&user, line, SCPI_LINE_MAX - 1);
	check(user.calls == 1 && user.last.arg[0].integer == 7);
	scpi_user_send(&user, line, SCPI_LINE_MAX);
	check(user.calls == 1);
	check(scpi_user_ask(&user, "SYST:ERR?",
			    "-363,\"Input buffer overrun;1024 bytes\"\n"));
}

/* What nobody has asked for can be told from answers, and turned off. */
TEST(events)
{
	scpi_user_init(&user);
	check(scpi_user_ask(&user, "SYST:EVEN?", "1\n"));
	check(scpi_user_ask(&user, "WAIT", ""));
	scpi_event(&user.scpi, "OVERRUN %d", 17);
	scpi_notify(&user.scpi, "event: %s", "forged");
	check(strcmp(user.out, "event: OVERRUN 17\n event: forged\n") == 0);
	scpi_resume(&user.scpi, 0);
	check(scpi_user_ask(&user, "SYST:EVEN OFF;EVEN?", "0\n"));
	scpi_event(&user.scpi, "OVERRUN %d", 17);
	scpi_notify(&user.scpi, "printed");
	check(strcmp(user.out, "0\nprinted\n") == 0);
}

TEST(suspended_fails)
{
	scpi_user_init(&user);
	scpi_user_say(&user, "COUN?;WAIT?;COUN?");
	scpi_error(&user.scpi, SCPI_ERR_INPUT_OVERRUN, "9 samples");
	scpi_reply_integer(&user.scpi, 42);
	scpi_resume(&user.scpi, SCPI_ERR_EXECUTION);
	check(strcmp(user.out, "1\n") == 0 && user.calls == 2);
	check(scpi_user_ask(&user, "SYST:ERR?",
			    "-363,\"Input buffer overrun;9 samples\"\n"));
	check(scpi_user_ask(&user, "SYST:ERR?",
			    "-200,\"Execution error;WAIT?\"\n"));
}

/* --- status ----------------------------------------------------------- */

static bool ask(const char *line, const char *answer)
{
	return scpi_user_ask(&user, line, answer);
}

static void power_on(void)
{
	scpi_user_init(&user);
	check(ask("*ESR?", "128\n"));	/* power on */
	check(ask("*ESR?", "0\n"));
}

TEST(queue_overflow)
{
	char line[20];
	int i;

	power_on();
	for (i = 0; i < 30; i++) {
		snprintf(line, sizeof(line), "A%d", i);
		scpi_user_say(&user, line);
	}
	check(ask("SYST:ERR:COUN?", "20\n"));
	check(ask("SYST:ERR?", "-113,\"Undefined header;A0\"\n"));
	scpi_user_say(&user, "NEW");
	for (i = 1; i < 19; i++) {
		snprintf(line, sizeof(line), ";A%d\"", i);
		check(strstr(scpi_user_say(&user, "SYST:ERR?"), line));
	}
	check(ask("SYST:ERR?", "-350,\"Queue overflow\"\n"));
	check(ask("SYST:ERR?", "-113,\"Undefined header;NEW\"\n"));
	check(ask("SYST:ERR?", "0,\"No error\"\n"));
	/* those that do not fit into a response stay */
	for (i = 0; i < SCPI_ERRORS_MAX; i++)
		scpi_error(&user.scpi, SCPI_ERR_DEVICE, "%080d", i);
	scpi_user_say(&user, "SYST:ERR:ALL?");
	check(user.out_length > 900 && user.out_length <= SCPI_LINE_MAX);
	check(ask("SYST:ERR:COUN?", "11\n"));
	check(strstr(scpi_user_say(&user, "SYST:ERR?"), "009\""));
	/* an error text is cut to fit */
	scpi_user_say(&user, "*CLS");
	scpi_error(&user.scpi, SCPI_ERR_DEVICE, "%0500d", 7);
	check(strlen(scpi_user_say(&user, "SYST:ERR?")) == 255 + 8);
}

/* SCPI-99 volume 2, 21.8.9 to 21.8.12 */
TEST(texts)
{
	static const struct {
		int error;
		const char *text;
	} t[] = {
		{ -101, "Invalid character" }, { -102, "Syntax error" },
		{ -103, "Invalid separator" }, { -104, "Data type error" },
		{ -108, "Parameter not allowed" },
		{ -109, "Missing parameter" },
		{ -111, "Header separator error" },
		{ -112, "Program mnemonic too long" },
		{ -113, "Undefined header" },
		{ -114, "Header suffix out of range" },
		{ -121, "Invalid character in number" },
		{ -123, "Exponent too large" }, { -124, "Too many digits" },
		{ -131, "Invalid suffix" }, { -138, "Suffix not allowed" },
		{ -141, "Invalid character data" },
		{ -151, "Invalid string data" },
		{ -161, "Invalid block data" }, { -171, "Invalid expression" },
		{ -221, "Settings conflict" }, { -222, "Data out of range" },
		{ -223, "Too much data" },
		{ -224, "Illegal parameter value" },
		{ -350, "Queue overflow" }, { -363, "Input buffer overrun" },
		{ -430, "Query DEADLOCKED" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++)
		check(strcmp(scpi_error_message(t[i].error), t[i].text) == 0);
	check(strcmp(scpi_error_message(0), "No error") == 0);
	check(strcmp(scpi_error_message(-199), "Command error") == 0);
	check(strcmp(scpi_error_message(-299), "Execution error") == 0);
	check(strcmp(scpi_error_message(5), "Device-specific error") == 0);
	check(strcmp(scpi_error_message(-12345), "Device-specific error") == 0);
	power_on();
	scpi_error(&user.scpi, 0, "nothing");
	scpi_error(&user.scpi, SCPI_ERR_SYSTEM, NULL);
	scpi_error(&user.scpi, SCPI_ERR_SYSTEM, "a\nb\"");
	check(ask("SYST:ERR:ALL?",
		  "-310,\"System error\",-310,\"System error;a?b\"\"\"\n"));
}

TEST(event_status)
{
	static const struct {
		int error;
		const char *esr;
	} e[] = {
		{ -100, "32\n" }, { -199, "32\n" }, { -200, "16\n" },
		{ -222, "16\n" }, { -300, "8\n" }, { -350, "8\n" },
		{ 100, "8\n" }, { -400, "4\n" }, { -430, "4\n" },
	};
	size_t i;

	power_on();
	for (i = 0; i < ARRAY_SIZE(e); i++) {
		scpi_error(&user.scpi, e[i].error, NULL);
		check(ask("*ESR?", e[i].esr));
	}
}

/* --- responses -------------------------------------------------------- */

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

TEST(forms)
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

TEST(numbers)
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

static bool answers_zeros(const char *line, size_t length)
{
	const char *out = scpi_user_say(&user, line);

	return strlen(out) == length && strspn(out, "0") == length - 2 &&
	       strcmp(out + length - 2, "1\n") == 0;
}

/* With its newline, a response has at most SCPI_LINE_MAX bytes */
TEST(too_long)
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

TEST(notified)
{
	scpi_user_init(&user);
	scpi_user_say(&user, "NOTE 2000");
	check(user.longest == SCPI_LINE_MAX);
	check(user.out_length == SCPI_LINE_MAX + 8);
	check(user.out[SCPI_LINE_MAX - 1] == '\n');
}
