// SPDX-License-Identifier: GPL-2.0
/*
 * test-program.c - uploaded commands and the connectors; see talk/program.talk
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts/clock.h"
#include "tests/test-program.h"
#include "unit.h"

#define prints(text, lines) check(program_test_prints(text, lines))

PROGRAM_TEST(deep_text)
{
	static char deep[16001];
	char error[PROGRAM_ERROR_MAX];

	memset(deep, '(', sizeof(deep) - 1);
	check(program_test_define(deep, error) == SCPI_ERR_PROGRAM_SYNTAX);
	check(strstr(error, "C stack overflow"));
}

PROGRAM_TEST(random_numbers_repeat)
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

PROGRAM_TEST(memory)
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

PROGRAM_TEST(connectors)
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

PROGRAM_TEST(text_from_card_memory)
{
	static const char text[] = "print(1)\nprint(2)\n";
	struct lab_card *card;
	size_t length = sizeof(text) - 1;
	char line[64];

	card = rig.lab->card;
	memcpy(card->memory + card->size - length, text, length);
	snprintf(line, sizeof(line), "PROG:LOAD p,%zu,%zu;:p;*WAI",
		 card->size - length, length);
	asks(0, line, "1\n2");
	snprintf(line, sizeof(line), "PROG:LOAD p,%zu,%zu",
		 card->size - length + 1, length);
	refuses(0, line, SCPI_ERR_RANGE);
	refuses(0, "PROG:LOAD p,0xFFFFFFFFFFFFFFFF,2", SCPI_ERR_RANGE);
	refuses(0, "PROG:LOAD p,2,0xFFFFFFFFFFFFFFFF", SCPI_ERR_RANGE);
	refuses(0, "PROG:LOAD p,0,16385", SCPI_ERR_TOO_MUCH_DATA);
	refuses(0, "PROG:LOAD p,0,16", SCPI_ERR_PROGRAM_SYNTAX);
	refuses(0, "PROG:LOAD p,-1,1", SCPI_ERR_RANGE);
	asks(0, "PROG:LIST? p", "#218print(1)\nprint(2)\n");
	memset(card->memory, '\n', PROGRAM_TEXT_MAX);
	asks(0, "PROG:LOAD p,0,16384", "");
}

PROGRAM_TEST(pages)
{
	static char line[SCPI_LINE_MAX], page[SCPI_LINE_MAX];
	unsigned int i;

	/* 3 pages of lines with 99 characters and a newline */
	for (i = 0; i < 25; i++) {
		snprintf(line, sizeof(line), "PROG:APP p,'--%097u'", i);
		asks(0, line, "");
	}
	strcpy(page, "#41000");
	for (i = 10; i < 20; i++)
		sprintf(page + strlen(page), "--%097u\n", i);
	asks(0, "PROG:LIST? p,2", page);
	strcpy(page, "#3499");
	for (i = 20; i < 25; i++)
		sprintf(page + strlen(page), "%s--%097u", i > 20 ? "\n" : "", i);
	asks(0, "PROG:LIST? p,3", page);
	asks(0, "PROG:LIST? p,4", "#10");
	asks(0, "PROG:LIST? p,17", "#10");
	refuses(0, "PROG:LIST? p,0", SCPI_ERR_RANGE);
	refuses(0, "PROG:LIST? p,18", SCPI_ERR_RANGE);
}

/* The commands take none of these from a user. */
PROGRAM_TEST(impossible_names)
{
	char error[PROGRAM_ERROR_MAX];

	check(program_define(rig.lab, "a-b", 3, "", 0, error) ==
	      SCPI_ERR_PROGRAM_NAME);
	check(program_define(rig.lab, "", 0, "", 0, error) ==
	      SCPI_ERR_PROGRAM_NAME);
}
