// SPDX-License-Identifier: GPL-2.0
/*
 * test-program.c - uploaded commands and the connectors; see talk/program.talk
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts/clock.h"
#include "tests/test-program.h"
#include "tests/tests.h"

#define prints(text, lines) check(program_test_prints(text, lines))

static void deep_text(void)
{
	static char deep[16001];
	char error[PROGRAM_ERROR_MAX];

	memset(deep, '(', sizeof(deep) - 1);
	check(program_test_define(deep, error) == SCPI_ERR_PROGRAM_SYNTAX);
	check(strstr(error, "C stack overflow"));
}

static void random_numbers_repeat(void)
{
	static const char text[] =
		"local s = 0\n"
		"for i = 1, 1000 do s = s + math.random() end\n"
		"print(s > 450 and s < 550, math.random())\n";
	char first[64];

	snprintf(first, sizeof(first), "%s", program_test_run(text));
	check(strncmp(first, "true\t0.", 7) == 0);
	/* another run has other ones, until *RST */
	check(strcmp(program_test_run(text), first) != 0);
	say(0, "*RST");
	check(strcmp(program_test_run(text), first) == 0);
}

static void memory(void)
{
	const uint8_t *bytes;

	bytes = rig.lab->card->memory;
	prints("write(8, ('<I8'):pack(0x1122334455667788))\n"
	       "print(('%x'):format((string.unpack('<I4', read(10, 4)))))",
	       "33445566\n");
	check(bytes[8] == 0x88 && bytes[15] == 0x11 && !bytes[16]);
	prints("print(size()) write(size() - 1, '\\7') print(#read(0, size()))",
	       "65536\n65536\n");
	check(bytes[65535] == 7);
	prints("write(size(), '') print(read(size(), 0))", "\n");
}

static void connectors(void)
{
	const struct program_event *event = program_log.event;

	program_log.input = 1.25;
	prints("print(sample(8) * 2) output(2, -2.5) print(line(2), line(1))\n"
	       "line(16, true) line(9, 0) line(10, 5) output(1, 10)",
	       "2.5\ntrue\tfalse\n");
	check(program_log.count == 8);
	check(event[0].what == 'A' && event[0].place == 7);
	check(event[1].what == 'O' && event[1].place == 1);
	check(event[1].value == -2.5);
	check(event[2].what == 'D' && event[2].place == 1);
	check(event[4].what == 'L' && event[4].place == 15);
	check(event[4].value == 1 && event[5].value == 0 && event[6].value == 1);
	check(event[7].place == 0 && event[7].value == 10);
}

/* The connectors of the instrument itself */
static void real_connectors(void)
{
	programs_connect(rig.lab, &program_connectors);
	say(0, "INP3:FUNC DC;OFFS 2.5");
	prints("reply('%.3f', sample(3))", "2.500\n");
	prints("line(9, true) print(line(9)) line(9, false) print(line(9))",
	       "true\nfalse\n");
	prints("output(2, -10)", "");
	asks(0, "OUTP2:LEV?", "-1.0E+01");
	prints("print(clock(2, 3e7), clock(2))",
	       "33333333.333333\t33333333.333333\n");
	check(clock_divider(rig.lab, 1) == 3);
}

//* A command that nothing answers ends with the program. */
static void commands_may_wait_for_ever(void)
{
	say(0,
	    "PROG:DEF p,'scpi(\"TRIG:SOUR BUS\") print(scpi(\"READ?\"))';:p");
	say(0, "SYST:TIME:ADV 1");
	asks(0, "PROG:STAT? p", "WAIT");
	say(0, "PROG:STOP p");
	asks(0, "PROG:STAT? p", "STOP");
	say(0, "ABOR;:PROG:LIM:TIME 1;:p");
	say(0, "SYST:TIME:ADV 2");
	asks(0, "PROG:STAT? p", "ERROR,\"line 1: its time is over\"");
	/* the channel is closed while it waits */
	say(0, "p");
	fake_card_close(rig.fake, rig.lab, 0);
	check(rig_open(&rig, 0));
	asks(0, "PROG:STAT? p", "STOP");
}

/* --- hostile programs ---------------------------------------------------- */

void test_program(void)
{
	run_program(deep_text);
	run_program(random_numbers_repeat);
	run_program(memory);
	run_program(connectors);
	run_program(real_connectors);
	run_program(commands_may_wait_for_ever);
}
