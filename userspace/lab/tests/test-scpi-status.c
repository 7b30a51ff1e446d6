// SPDX-License-Identifier: GPL-2.0
/*
 * test-scpi-status.c - error queue, registers, *OPC and the like
 */
#include <stdio.h>
#include <string.h>

#include "tests/scpi-user.h"
#include "tests/test-scpi.h"
#include "unit.h"

static struct scpi_user user;

static bool ask(const char *line, const char *answer)
{
	return scpi_user_ask(&user, line, answer);
}

static void begin(void)
{
	scpi_user_init(&user);
	check(ask("*ESR?", "128\n"));	/* power on */
	check(ask("*ESR?", "0\n"));
}

static void error_queue(void)
{
	begin();
	check(ask("SYST:ERR?", "0,\"No error\"\n"));
	check(ask("SYSTEM:ERROR:NEXT?", "0,\"No error\"\n"));
	check(ask("SYST:ERR:ALL?", "0,\"No error\"\n"));
	check(ask("A", "") && ask("B", "") && ask("C", ""));
	check(ask("SYST:ERR:COUN?", "3\n"));
	check(ask("SYST:ERR?", "-113,\"Undefined header;A\"\n"));
	check(ask("SYST:ERR:ALL?",
		  "-113,\"Undefined header;B\",-113,\"Undefined header;C\"\n"));
	check(ask("SYST:ERR:COUN?", "0\n"));
}

static void queue_overflow(void)
{
	char line[20];
	int i;

	begin();
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
static void texts(void)
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
	begin();
	scpi_error(&user.scpi, 0, "nothing");
	scpi_error(&user.scpi, SCPI_ERR_SYSTEM, NULL);
	scpi_error(&user.scpi, SCPI_ERR_SYSTEM, "a\nb\"");
	check(ask("SYST:ERR:ALL?",
		  "-310,\"System error\",-310,\"System error;a?b\"\"\"\n"));
}

static void event_status(void)
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

	begin();
	for (i = 0; i < ARRAY_SIZE(e); i++) {
		scpi_error(&user.scpi, e[i].error, NULL);
		check(ask("*ESR?", e[i].esr));
	}
	scpi_user_say(&user, "FOO");
	scpi_user_say(&user, "FAIL?");
	check(ask("*ESR?", "48\n"));
	check(ask("*CLS;*ESR?", "0\n"));
	scpi_user_say(&user, "FOO");
	check(ask("*CLS;*ESR?;*STB?", "0;16\n"));
}

static void enables(void)
{
	begin();
	check(ask("*ESE 60;*ESE?;*SRE 255;*SRE?", "60;191\n"));
	check(scpi_user_fails(&user, "*ESE 256", -222, "*ESE, parameter 1"));
	check(scpi_user_fails(&user, "*SRE -1", -222, "*SRE, parameter 1"));
	check(ask("*ESE?;*SRE?", "60;191\n"));
	check(ask("*RST;*CLS;*ESE?;*SRE?", "60;191\n"));
}

static void status_byte(void)
{
	begin();
	check(ask("*STB?", "0\n"));
	check(ask("NAME?;*STB?", "skel,test,0,1;16\n"));
	scpi_user_say(&user, "FOO");
	check(ask("*STB?", "4\n"));
	check(ask("*ESE 32;*STB?", "36\n"));
	check(ask("*SRE 4;*STB?", "100\n"));
	check(ask("*SRE 32;*STB?", "100\n"));
	check(ask("*SRE 8;*STB?", "36\n"));
	check(ask("*ESR?", "32\n") && ask("*STB?", "4\n"));
	check(ask("SYST:ERR:ALL?", "-113,\"Undefined header;FOO\"\n"));
	check(ask("*STB?", "0\n"));
	user.operation = SCPI_OPERATION_MEASURING;
	check(ask("STAT:OPER:ENAB 16;*STB?", "128\n"));
	check(ask("STAT:OPER?", "16\n") && ask("*STB?", "0\n"));
}

static void operation_register(void)
{
	begin();
	check(ask("STAT:OPER:COND?;EVEN?;ENAB?", "0;0;0\n"));
	user.operation = SCPI_OPERATION_MEASURING | 1 << 15;
	check(ask("STAT:OPER:COND?", "16\n"));
	check(ask("STATUS:OPERATION:EVENT?", "16\n"));
	check(ask("STAT:OPER:EVEN?", "0\n"));	/* it is still the same */
	user.operation = 0;
	scpi_update(&user.scpi);
	user.operation = SCPI_OPERATION_TRIGGER;
	scpi_update(&user.scpi);
	user.operation = SCPI_OPERATION_PROGRAM;
	scpi_update(&user.scpi);
	user.operation = 0;
	scpi_update(&user.scpi);
	check(ask("STAT:OPER:COND?", "0\n"));
	check(ask("STAT:OPER?", "16416\n"));
	user.operation = SCPI_OPERATION_TRIGGER;
	check(ask("*CLS", "") && ask("STAT:OPER?", "32\n"));
	user.operation = 0;
	scpi_update(&user.scpi);
	user.operation = SCPI_OPERATION_TRIGGER;
	scpi_update(&user.scpi);
	check(ask("*CLS;STAT:OPER?;OPER:COND?", "0;32\n"));
	check(ask("STAT:OPER:ENAB 65535;ENAB?", "32767\n"));
	check(ask("*CLS;*RST;STAT:OPER:ENAB?", "32767\n"));
	check(scpi_user_fails(&user, "STAT:OPER:ENAB 65536",
			      -222, "STATus:OPERation:ENABle, parameter 1"));
	check(ask("STAT:PRES;OPER:ENAB?", "0\n"));
}

static void questionable_register(void)
{
	begin();
	user.operation = 0x7fff;
	check(ask("STAT:QUES?;QUES:EVEN?;COND?;ENAB?", "0;0;0;0\n"));
	check(ask("STAT:QUES:ENAB 5;ENAB?;:STAT:OPER:ENAB?", "5;0\n"));
	check(ask("STAT:PRES;QUES:ENAB?", "0\n"));
}

static void operation_complete(void)
{
	begin();
	check(ask("*OPC?", "1\n"));
	check(ask("*OPC;*ESR?", "1\n"));
	user.pending = true;
	check(ask("*OPC;*ESR?", "0\n"));
	scpi_update(&user.scpi);
	check(ask("*ESR?", "0\n"));
	user.pending = false;
	scpi_update(&user.scpi);
	scpi_update(&user.scpi);
	check(ask("*ESR?", "1\n"));
	scpi_update(&user.scpi);
	check(ask("*ESR?", "0\n"));
}

/* IEEE 488.2-1992, 12.5.2 and 12.5.3 */
static void operation_complete_forgotten(void)
{
	static const char * const by[] = { "*CLS", "*RST" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(by); i++) {
		begin();
		user.pending = true;
		scpi_user_say(&user, "*OPC");
		scpi_user_say(&user, by[i]);
		user.pending = false;
		scpi_update(&user.scpi);
		check(ask("*ESR?", "0\n"));
	}
}

static void operation_complete_query(void)
{
	begin();
	user.pending = true;
	check(ask("NAME?;*OPC?;COUN?", ""));
	check(scpi_is_suspended(&user.scpi));
	scpi_update(&user.scpi);
	check(!user.out_length && !user.calls);
	user.pending = false;
	scpi_update(&user.scpi);
	check(strcmp(user.out, "skel,test,0,1;1;1\n") == 0);
	check(!scpi_is_suspended(&user.scpi));
	scpi_update(&user.scpi);
	check(user.calls == 1);
}

static void wait(void)
{
	begin();
	check(ask("*WAI;COUN?", "1\n"));
	user.pending = true;
	check(ask("*WAI;*WAI;COUN?", ""));
	scpi_update(&user.scpi);
	check(scpi_is_suspended(&user.scpi) && user.calls == 1);
	user.pending = false;
	scpi_update(&user.scpi);
	check(strcmp(user.out, "2\n") == 0);
	/* a suspended handler does not wait for the end of operations */
	scpi_user_say(&user, "WAIT;COUN?");
	scpi_update(&user.scpi);
	check(scpi_is_suspended(&user.scpi));
}

static void reset(void)
{
	begin();
	scpi_user_say(&user, "FOO");
	check(ask("*RST;SYST:ERR?", "-113,\"Undefined header;FOO\"\n"));
	check(user.resets == 1 && ask("*ESR?", "32\n"));
	user.reset_error = SCPI_ERR_SYSTEM;
	check(scpi_user_fails(&user, "*RST", -310, "*RST"));
	check(ask("*TST?", "0\n"));
	user.test_result = 3;
	check(ask("*TST?;SYST:VERS?", "3;1999.0\n") && user.tests == 2);
}

void test_scpi_status(void)
{
	run(error_queue);
	run(queue_overflow);
	run(texts);
	run(event_status);
	run(enables);
	run(status_byte);
	run(operation_register);
	run(questionable_register);
	run(operation_complete);
	run(operation_complete_forgotten);
	run(operation_complete_query);
	run(wait);
	run(reset);
}
