// SPDX-License-Identifier: GPL-2.0
/*
 * test-scpi-message.c - headers, paths, execution of messages
 */
#include <stdio.h>
#include <string.h>

#include "tests/scpi-user.h"
#include "tests/test-scpi.h"
#include "unit.h"

#define A32		"a:a:a:a:a:a:a:a:a:a:a:a:a:a:a:a:"

static struct scpi_user user;

/* Is @line executed without an answer and without an error, @calls handlers? */
static bool runs(const char *line, unsigned int calls)
{
	scpi_user_init(&user);
	return scpi_user_ask(&user, line, "") && user.calls == calls &&
	       scpi_user_ask(&user, "SYST:ERR?", "0,\"No error\"\n");
}

static bool fails(const char *line, int error, const char *where)
{
	scpi_user_init(&user);
	return scpi_user_fails(&user, line, error, where);
}

static void long_and_short_forms(void)
{
	static const char * const good[] = {
		"INP1:FREQ 1", "inp1:freq 1", "InPuT1:fReQuEnCy 1",
		"INPUT1:FREQ 1", ":INP1:FREQ 1", "INP:FREQ 1", "INP8:FREQ 1",
		"INP1:FREQ:CW 1", "  INP1:FREQ   1  ", "\tINP1:FREQ\t1\t",
		"INP1:FREQ 1\r", "COUN 1", "COUNT 1", "SENS:COUN 1",
		"SENSE:COUNT 1", "OUTP ON", "OUTP:STAT ON", "TOHOST 1,2,3",
		"tohost 1 2 3", "INP01:FREQ 1",
	};
	static const char * const bad[] = {
		"INPU1:FREQ", "INPUT1:FRE", "INP1:FREQU", "INP1:FREQ1",
		"SENS", "INP1", "IN:FREQ", "INP1:CW", "SENSE1:COUN", "FREQ",
		"TOHOS", "INPUTS", "TOHOST1", "X", "INP1:FREQ:CW:CW",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		check(runs(good[i], 1));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		check(fails(bad[i], -113, bad[i]));
}

static void suffixes(void)
{
	scpi_user_init(&user);
	check(scpi_user_ask(&user, "RANG2:LINE15?", "2,15\n"));
	check(scpi_user_ask(&user, "RANG1:LINE0?", "1,0\n"));
	check(scpi_user_ask(&user, "SENS:RANGE:UNIT:LINE?", "1,1\n"));
	/* if two nodes match, the optional one is left out */
	check(scpi_user_ask(&user, "A2:A3:SIZE?", "2,3\n"));
	check(scpi_user_ask(&user, "A3:SIZE?", "1,3\n"));
	check(fails("INP0:FREQ 1", -114, "INP0:FREQ"));
	check(fails("INP9:FREQ?", -114, "INP9:FREQ?"));
	check(fails("RANG3:LINE1?", -114, "RANG3:LINE1?"));
	check(fails("RANG1:LINE16?", -114, "RANG1:LINE16?"));
	check(fails("INP4294967297:FREQ?", -112, "character 14"));
	check(fails("INP429496729:FREQ?", -114, "INP429496729:FREQ?"));
	/* 10 * 2^32 + 1 is not 1 */
	check(fails("A42949672961:SIZE?", -114, "A42949672961:SIZE?"));
}

static void set_and_query(void)
{
	check(fails("ROUT:SCAN?", -113, "ROUT:SCAN?"));
	check(fails("RANG1:LINE1", -113, "RANG1:LINE1"));
	check(fails("*RST?", -113, "*RST?"));
	check(fails("*IDN", -113, "*IDN"));
	check(fails("*FOO", -113, "*FOO"));
	check(fails("*", -102, "character 2"));
	check(fails("IDN?", -113, "IDN?"));
}

static void bad_headers(void)
{
	check(fails("INP1:", -102, "character 6"));
	check(fails("INP1::FREQ 1", -102, "character 6"));
	check(fails("::INP1:FREQ 1", -102, "character 2"));
	check(fails(":*RST", -102, "character 2"));
	check(fails("INP1:*RST", -102, "character 6"));
	check(fails("5", -102, "character 1"));
	check(fails("_X", -102, "character 1"));
	check(fails("\"x\"", -102, "character 1"));
	check(fails("?", -102, "character 1"));
	check(fails("INP1:FREQ,1", -111, "character 10"));
	check(fails("*RST=1", -111, "character 5"));
	check(fails("*IDN??", -111, "character 6"));
	check(fails("*RST:X", -111, "character 5"));
	check(fails("ABCDEFGHIJKLM", -112, "character 14"));
	check(fails(A32 A32 A32 A32 A32, -113, "character 128"));
	check(fails("*RST;*RST;INP1:FOO 1", -113, "INP1:FOO"));
}

static void bad_characters(void)
{
	check(fails("\n", -101, "character 1"));
	check(fails("*RST\x7f", -101, "character 5"));
	check(fails("INP\xc3\xa4", -101, "character 4"));
	check(fails("INP1:\xb5", -101, "character 6"));
	check(fails("*RST \xff", -101, "*RST, parameter 1, character 6"));
	check(fails("COUN 1\x80", -101, "COUNt, parameter 1, character 7"));
	check(fails("ROUT:SCAN (@1\x7f)",
		    -101, "ROUTe:SCAN, parameter 1, character 14"));
}

/* IEEE 488.2, 7.4.1.2: each byte up to the blank but newline is white space. */
static void white_space(void)
{
	char line[] = "COUN_5_;COUN?_";

	for (char c = 0; c <= ' '; c++) {
		if (c == '\n')
			continue;
		line[4] = line[6] = line[13] = c;
		scpi_user_init(&user);
		check(!strcmp(scpi_user_send(&user, line, sizeof(line) - 1),
			      "2\n"));
		check(!user.scpi.error_count);
	}
	check(runs("*RST\v\f\x01", 0) && user.resets == 1);
	scpi_user_init(&user);
	scpi_user_send(&user, "*RST\0\0\0\0", 8);
	check(user.resets == 1 && !user.scpi.error_count);
}

/* After free text, only the end of the line can end it. */
static void free_text_is_last(void)
{
	scpi_user_init(&user);
	check(scpi_user_ask(&user, "COUN?;*IDN?", "1;skel,test,0,1\n"));
	check(scpi_user_ask(&user, "*IDN?;COUN 5;COUN?;*RST",
			    "skel,test,0,1\n"));
	check(scpi_user_ask(&user, "SYST:ERR?",
			    "-440,\"Query UNTERMINATED after indefinite "
			    "response;COUNt?\"\n"));
	check(user.calls == 2 && !user.resets);
	check(scpi_user_ask(&user, "COUN?", "3\n"));
}

static void empty_messages(void)
{
	check(runs("", 0));
	check(runs(" \t \r", 0));
	check(runs(";", 0));
	check(runs(" ; ;; ", 0));
	check(runs(";;COUN 1;;COUN 2;", 2));
}

/* SCPI-99 volume 1, 6.2.4 */
static void paths(void)
{
	check(runs("INP2:FREQ 1;SHAP DC", 2) && user.last.suffix[0] == 2);
	check(runs("INP2:FREQ:CW 1;CW 2", 2) && user.last.suffix[0] == 2);
	check(runs("INP2:FREQ 1;FREQ:CW 1;CW 1", 3));
	check(runs("INP2:FREQ 1;*CLS;SHAP DC", 2));
	check(runs("*CLS;INP2:FREQ 1;:INP3:FREQ 1;SHAP DC", 3) &&
	      user.last.suffix[0] == 3);
	check(runs(":INP2:FREQ 1;:COUN 1;COUN 1", 3));
	check(runs("SENS:COUN 1;COUN 2", 2));
	check(fails("*CLS;:INP2:FOO", -113, "INP2:FOO"));
	scpi_user_init(&user);
	scpi_user_say(&user, "INP2:FREQ 1;INP2:SHAP DC");
	check(user.calls == 1);
	check(scpi_user_ask(&user, "SYST:ERR?",
			    "-113,\"Undefined header;INP2:INP2:SHAP\"\n"));
	/* a message begins at the root */
	scpi_user_say(&user, "INP2:FREQ 1");
	check(scpi_user_fails(&user, "SHAP DC", -113, "SHAP"));
	/* an optional node that was left out is not in the path */
	scpi_user_say(&user, "INP2:FREQ 1;CW 1");
	check(scpi_user_ask(&user, "SYST:ERR?",
			    "-113,\"Undefined header;INP2:CW\"\n"));
}

static void error_ends_message(void)
{
	scpi_user_init(&user);
	check(scpi_user_ask(&user, "NAME?;COUN 1;FOO;COUN 2;*IDN?",
			    "skel,test,0,1\n"));
	check(user.calls == 1);
	check(scpi_user_ask(&user, "SYST:ERR:ALL?",
			    "-113,\"Undefined header;FOO\"\n"));
	check(scpi_user_ask(&user, "NAME?;FAIL?;*IDN?", "skel,test,0,1\n"));
	check(scpi_user_ask(&user, "SYST:ERR:ALL?",
			    "-221,\"Settings conflict;FAIL?\"\n"));
	check(scpi_user_ask(&user, "FAIL?", ""));
	scpi_user_say(&user, "*CLS");
	/* the handler has raised it already, with details */
	check(scpi_user_ask(&user, "FAIL:DET 'it''s \xe4'", ""));
	check(strcmp(user.scpi.errors[user.scpi.error_first].text,
		     "Settings conflict;FAIL:DETail, \"it's ?\" is taken") == 0);
	check(scpi_user_ask(&user, "SYST:ERR:COUN?", "1\n"));
	scpi_user_say(&user, "*CLS");
	check(scpi_user_ask(&user, "FAIL:STR;COUN 1", ""));
	check(scpi_user_ask(&user, "SYST:ERR:ALL?",
			    "-300,\"Device-specific error;FAIL:STRange\"\n"));
}

static void long_lines(void)
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

static void suspended(void)
{
	scpi_user_init(&user);
	check(scpi_user_ask(&user, "COUN 1;WAIT 'abc';COUN?", ""));
	check(scpi_is_suspended(&user.scpi) && user.calls == 2);
	/* what the handler got stays */
	check(user.scpi.call.arg[0].length == 3 &&
	      memcmp(user.scpi.call.arg[0].bytes, "abc", 3) == 0);
	scpi_update(&user.scpi);
	check(scpi_is_suspended(&user.scpi));
	scpi_notify(&user.scpi, "OVERRUN %d", 17);
	check(strcmp(user.out, "OVERRUN 17\n") == 0);
	scpi_reply_integer(&user.scpi, 42);
	scpi_resume(&user.scpi, 0);
	check(!scpi_is_suspended(&user.scpi) && user.calls == 3);
	check(strcmp(user.out, "OVERRUN 17\n42;3\n") == 0);
	scpi_resume(&user.scpi, SCPI_ERR_EXECUTION);	/* nothing to resume */
	check(user.calls == 3 && !user.scpi.error_count);
	check(strcmp(user.out, "OVERRUN 17\n42;3\n") == 0);
}

/* What nobody has asked for can be told from answers, and turned off. */
static void events(void)
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

static void suspended_keeps_path(void)
{
	scpi_user_init(&user);
	scpi_user_say(&user, "INP3:SHAP DC;*WAI;SHAP DC");
	check(user.calls == 2);
	user.pending = true;
	scpi_user_say(&user, "INP3:SHAP DC;*WAI;SHAP SQU");
	check(user.calls == 3);
	user.pending = false;
	scpi_update(&user.scpi);
	check(user.calls == 4 && user.last.suffix[0] == 3);
}

static void suspended_fails(void)
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

static void aborted(void)
{
	scpi_user_init(&user);
	scpi_user_say(&user, "COUN?;WAIT;COUN?");
	scpi_abort(&user.scpi);
	check(!scpi_is_suspended(&user.scpi) && user.calls == 2);
	scpi_resume(&user.scpi, 0);
	check(user.calls == 2 && !user.out_length);
	check(scpi_user_ask(&user, "*IDN?", "skel,test,0,1\n"));
	user.pending = true;
	check(scpi_user_ask(&user, "*OPC?", ""));
	scpi_abort(&user.scpi);
	user.pending = false;
	scpi_update(&user.scpi);
	check(!user.out_length);
	check(scpi_user_ask(&user, "*IDN?", "skel,test,0,1\n"));
}

static void uploaded_commands(void)
{
	check(fails("UPL 1", -113, "UPL"));
	scpi_user_init(&user);
	user.uploaded = true;
	check(scpi_user_ask(&user, "upl 5", "") && user.calls == 1);
	check(user.last.arg[0].value.whole &&
	      user.last.arg[0].value.integer == 5);
	check(scpi_user_fails(&user, "UPL?", -113, "UPL?"));
	check(scpi_user_fails(&user, "UPL 'x'", -104, "UPLoaded, parameter 1"));
	check(scpi_user_fails(&user, "UPL 1,2", -108, "UPLoaded, parameter 2"));
}

/* Users of the simple dialect do not read the error queue. */
static void simple_dialect(void)
{
	scpi_user_init(&user);
	check(scpi_user_ask(&user, "TOHOST 1 2", "ERROR parameter-count\n"));
	check(scpi_user_ask(&user, "TOHOST 1 2 3 4",
			    "ERROR parameter-count\n"));
	check(scpi_user_ask(&user, "TOHOST 1 x 3", "ERROR number\n"));
	check(scpi_user_ask(&user, "TOHOST 1 2 0x", "ERROR number\n"));
	check(scpi_user_ask(&user, "SAMPLE 0", "ERROR range\n"));
	check(scpi_user_ask(&user, "SAMPLE -1", "ERROR range\n"));
	check(scpi_user_ask(&user, "SAMPLE 1\x80", "ERROR character\n"));
	check(!user.calls);
	check(scpi_user_ask(&user, "SYST:ERR:COUN?", "7\n"));
	check(scpi_user_ask(&user, "TOHOST 1  0x2\t#HfF", ""));
	check(user.calls == 1 && user.last.arg[0].address == 1 &&
	      user.last.arg[1].address == 2 && user.last.arg[2].address == 255);
	check(scpi_user_ask(&user, "TOHOST 1 , 2,3 ", "") && user.calls == 2);
}

void test_scpi_message(void)
{
	run(long_and_short_forms);
	run(suffixes);
	run(set_and_query);
	run(bad_headers);
	run(bad_characters);
	run(white_space);
	run(free_text_is_last);
	run(empty_messages);
	run(paths);
	run(error_ends_message);
	run(long_lines);
	run(suspended);
	run(events);
	run(suspended_keeps_path);
	run(suspended_fails);
	run(aborted);
	run(uploaded_commands);
	run(simple_dialect);
}
