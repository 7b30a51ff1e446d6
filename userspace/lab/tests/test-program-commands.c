// SPDX-License-Identifier: GPL-2.0
/*
 * test-program-commands.c - PROGram: commands and their replies
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/tables.h"
#include "tests/test-program.h"
#include "tests/tests.h"

#define says(line, lines) check(strcmp(say(0, line), lines) == 0)
#define fails(line, error) check(rig_fails(&rig, 0, line, error))

static void define_run_list_delete(void)
{
	asks(0, "PROG:CAT?", "\"\"");
	asks(0, "PROGram:DEFine hello, 'print(\"hello\")'", "");
	says("program:run HELLO;*WAI", "hello\n");
	fails("PROG:DEF Two_2,#0", SCPI_ERR_BLOCK);
	asks(0, "PROG:DEF Two_2,#18print(2)", "");
	asks(0, "PROG:CAT?", "\"HELLO\",\"TWO_2\"");
	asks(0, "PROG:LIST? hello", "#214print(\"hello\")");
	asks(0, "PROG:LIST? two_2,2;STAT? hello", "#10;STOP");
	/* a new text replaces the old one, in its place */
	asks(0, "PROG:DEF hello, 'print(\"it''s\")'", "");
	fails("PROG:DEF hello, 'x)'", SCPI_ERR_PROGRAM_SYNTAX);
	asks(0, "PROG:CAT?;LIST? hello",
	     "\"HELLO\",\"TWO_2\";#213print(\"it's\")");
	asks(0, "PROG:DEL hello;CAT?", "\"TWO_2\"");
	asks(0, "PROG:DEF a,'';DEL:ALL;:PROG:CAT?", "\"\"");
}

static void errors_say_where(void)
{
	asks(0, "PROG:DEF p,'x = 1;y = x + * 2'", "");
	asks(0, "SYST:ERR?",
	     "-285,\"Program syntax error;PROGram:DEFine, line 1: unexpected symbol near '*'\"");
	/* what a continuation can complete is accepted */
	asks(0, "PROG:APP p,'if true'", "");
	asks(0, "PROG:APP p,'x = '", "");
	asks(0, "SYST:ERR?",
	     "-285,\"Program syntax error;PROGram:APPend, line 2: 'then' expected near 'x'\"");
	asks(0, "PROG:LIST? p;STAT? p",
	     "#17if true;ERROR,\"line 1: 'then' expected near <eof>\"");
	asks(0, "p", "");
	asks(0, "SYST:ERR?",
	     "-285,\"Program syntax error;PROGram:RUN, line 1: 'then' expected near <eof>\"");
	asks(0, "PROG:APP p,'then'", "");
	asks(0, "PROG:APP p,'print(1) end'", "");
	says("p;*WAI", "1\n");
}

static void names(void)
{
	char error[PROGRAM_ERROR_MAX];

	asks(0, "PROG:DEF abcdefghij_2,''", "");
	fails("PROG:DEF abcdefghij_23,''", SCPI_ERR_PROGRAM_NAME);
	fails("PROG:DEF 'p',''", SCPI_ERR_DATA_TYPE);
	fails("PROG:DEF 1p,''", SCPI_ERR_DATA_TYPE);
	fails("PROG:DEF p", SCPI_ERR_MISSING_PARAMETER);
	fails("PROG:DEF p,5", SCPI_ERR_DATA_TYPE);
	fails("PROG:DEF p,'','' ", SCPI_ERR_PARAMETER_NOT_ALLOWED);
	fails("PROG:APP abcdefghij_23,''", SCPI_ERR_PROGRAM_NAME);
	fails("PROG:RUN nobody", SCPI_ERR_PROGRAM_NAME);
	fails("PROG:STOP nobody", SCPI_ERR_PROGRAM_NAME);
	fails("PROG:STAT? nobody", SCPI_ERR_PROGRAM_NAME);
	fails("PROG:LIST? nobody", SCPI_ERR_PROGRAM_NAME);
	fails("PROG:DEL nobody", SCPI_ERR_PROGRAM_NAME);
	fails("PROG:DEL", SCPI_ERR_MISSING_PARAMETER);
	fails("PROG:DEL:ALL 1", SCPI_ERR_PARAMETER_NOT_ALLOWED);
	fails("nobody", SCPI_ERR_UNDEFINED_HEADER);
	check(program_define(rig.lab, "a-b", 3, "", 0, error) ==
	      SCPI_ERR_PROGRAM_NAME);
	check(program_define(rig.lab, "", 0, "", 0, error) ==
	      SCPI_ERR_PROGRAM_NAME);
}

static void sixteen_programs(void)
{
	unsigned int i;
	char line[64];

	for (i = 0; i < PROGRAMS_MAX; i++) {
		snprintf(line, sizeof(line), "PROG:DEF p%u,'print(%u)'", i, i);
		asks(0, line, "");
	}
	fails("PROG:DEF q,''", SCPI_ERR_PROGRAM_CREATE);
	fails("PROG:APP q,''", SCPI_ERR_PROGRAM_CREATE);
	fails("PROG:LOAD q,0,0", SCPI_ERR_PROGRAM_CREATE);
	asks(0, "PROG:DEF p15,'print(5)'", "");
	says("p15;*WAI", "5\n");
	asks(0, "PROG:DEL p3;DEF q,''", "");
	fails("p3", SCPI_ERR_UNDEFINED_HEADER);
	says("p0;p4;*WAI", "0\n4\n");
}

static void names_are_commands(void)
{
	asks(0,
	     "PROG:DEF p,'print(select(\"#\", ...)) for _, x in ipairs({...}) do print(x) end'",
	     "");
	says("p;*WAI", "0\n");
	says("P 1, -2,1.5 , 0xFFFFFFFFFFFFFFFF;*WAI", "4\n1\n-2\n1.5\n-1\n");
	says("p #H10,1e3,18446744073709551615,9007199254740993;*WAI",
	     "4\n16\n1000.0\n-1\n9007199254740993\n");
	says("PROG:RUN p,7,8,9,10;*WAI", "4\n7\n8\n9\n10\n");
	says("PROG:DEF q,'';:p 3;*WAI", "1\n3\n");
	fails("PROG:RUN p,1,2,3,4,5", SCPI_ERR_PARAMETER_NOT_ALLOWED);
	fails("p 1,2,3,4,5", SCPI_ERR_PARAMETER_NOT_ALLOWED);
	fails("p x", SCPI_ERR_DATA_TYPE);
	fails("p 'x'", SCPI_ERR_DATA_TYPE);
	fails("p 1 V", SCPI_ERR_UNIT_NOT_ALLOWED);
	fails("p 1,", SCPI_ERR_SYNTAX);
	fails("p 9e37000", SCPI_ERR_EXPONENT);
	fails("p 1e400", SCPI_ERR_RANGE);
	fails("p?", SCPI_ERR_UNDEFINED_HEADER);
	fails("PROG:CAT?;p 3", SCPI_ERR_UNDEFINED_HEADER);
	fails("p:q", SCPI_ERR_UNDEFINED_HEADER);
	/* the instrument's own commands come first */
	asks(0, "PROG:DEF stop,'print(1)';DEF init,'print(2)'", "");
	check(!strstr(say(0, "STOP;*WAI"), "1\n"));
	says("PROG:RUN stop;RUN init;*WAI", "1\n2\n");
}

static void running_programs_are_kept(void)
{
	asks(0, "PROG:DEF p,'while true do wait(1) end';DEF q,'';RUN p", "");
	fails("PROG:RUN p", SCPI_ERR_PROGRAM_RUNNING);
	fails("p", SCPI_ERR_PROGRAM_RUNNING);
	fails("PROG:DEF p,''", SCPI_ERR_PROGRAM_RUNNING);
	fails("PROG:APP p,''", SCPI_ERR_PROGRAM_RUNNING);
	fails("PROG:LOAD p,0,0", SCPI_ERR_PROGRAM_RUNNING);
	fails("PROG:DEL p", SCPI_ERR_PROGRAM_RUNNING);
	fails("PROG:DEL:ALL", SCPI_ERR_PROGRAM_RUNNING);
	asks(0, "PROG:CAT?;LIST? p",
	     "\"P\",\"Q\";#225while true do wait(1) end");
	asks(0, "PROG:STOP p;DEL:ALL;:PROG:CAT?", "\"\"");
}

static void text_from_card_memory(void)
{
	static const char text[] = "print(1)\nprint(2)\n";
	struct lab_card *card;
	size_t length = sizeof(text) - 1;
	char line[64];

	card = rig.lab->card;
	memcpy(card->memory + card->size - length, text, length);
	snprintf(line, sizeof(line), "PROG:LOAD p,%zu,%zu;:p;*WAI",
		 card->size - length, length);
	says(line, "1\n2\n");
	snprintf(line, sizeof(line), "PROG:LOAD p,%zu,%zu",
		 card->size - length + 1, length);
	fails(line, SCPI_ERR_RANGE);
	fails("PROG:LOAD p,0xFFFFFFFFFFFFFFFF,2", SCPI_ERR_RANGE);
	fails("PROG:LOAD p,2,0xFFFFFFFFFFFFFFFF", SCPI_ERR_RANGE);
	fails("PROG:LOAD p,0,16385", SCPI_ERR_TOO_MUCH_DATA);
	fails("PROG:LOAD p,0,16", SCPI_ERR_PROGRAM_SYNTAX);
	fails("PROG:LOAD p,-1,1", SCPI_ERR_RANGE);
	asks(0, "PROG:LIST? p", "#218print(1)\nprint(2)\n");
	memset(card->memory, '\n', PROGRAM_TEXT_MAX);
	asks(0, "PROG:LOAD p,0,16384", "");
}

static void pages(void)
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
	fails("PROG:LIST? p,0", SCPI_ERR_RANGE);
	fails("PROG:LIST? p,18", SCPI_ERR_RANGE);
}

static void limits(void)
{
	asks(0, "PROG:LIM:INST?", "1000000");
	asks(0, "PROG:LIM:INST? MIN", "1000");
	asks(0, "PROG:LIM:INST? MAX", "1000000000");
	asks(0, "PROG:LIM:INST 5000;INST?", "5000");
	check(strtod(say(0, "PROG:LIM:TIME?"), NULL) == 1e9);
	check(strtod(say(0, "PROG:LIM:TIME 20 ms;TIME?"), NULL) == 0.02);
	check(strtod(say(0, "PROG:LIM:TIME MIN;TIME?"), NULL) == 0.001);
	fails("PROG:LIM:INST 999", SCPI_ERR_RANGE);
	fails("PROG:LIM:INST 1000000001", SCPI_ERR_RANGE);
	fails("PROG:LIM:TIME 0", SCPI_ERR_RANGE);
	fails("PROG:LIM:TIME 1e10", SCPI_ERR_RANGE);
	fails("PROG:LIM:TIME 5 V", SCPI_ERR_UNIT);
	asks(0, "*RST;PROG:LIM:INST?", "1000000");
	check(strtod(say(0, "PROG:LIM:TIME?"), NULL) == 1e9);
}

/* The examples of the command table */
static void examples_work(void)
{
	const struct scpi_table *table = &lab_program_table;
	size_t i;

	for (i = 0; i < table->count; i++) {
		program_test_start();
		say(0, table->commands[i].example);
		asks(0, "SYST:ERR?", "0,\"No error\"");
		program_test_stop();
	}
}

void test_program_commands(void)
{
	run_program(define_run_list_delete);
	run_program(errors_say_where);
	run_program(names);
	run_program(sixteen_programs);
	run_program(names_are_commands);
	run_program(running_programs_are_kept);
	run_program(text_from_card_memory);
	run_program(pages);
	run_program(limits);
	run(examples_work);
}
