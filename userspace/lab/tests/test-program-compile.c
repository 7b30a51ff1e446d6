// SPDX-License-Identifier: GPL-2.0
/*
 * test-program-compile.c - texts that are not programs, and the limits
 */
#include <stdio.h>
#include <string.h>

#include "tests/test-program.h"
#include "tests/tests.h"

#define refused(text, error) check(program_test_refused(text, error))

#define asked(command, reply) \
	check(rig_ask(&program_rig, 0, command, reply))

static void statements(void)
{
	program_test_start();
	refused("x", "line 1, column 2: expected '=', found the end");
	refused("x 1", "line 1, column 3: expected '=', found '1'");
	refused("1 = x", "line 1, column 1: expected a variable, found '1'");
	refused("\"x\" = 1",
		"line 1, column 1: expected a variable, found a string");
	refused("TO = 1", "line 1, column 1: expected a variable, found 'TO'");
	refused("sin = 1", "line 1, column 1: expected a variable, found 'sin'");
	refused("hex = 1", "line 1, column 1: expected a variable, found 'hex'");
	refused("a_name_of_17chars = 1",
		"line 1, column 1: expected a shorter name, found 'a_name_of_17char'");
	refused("x = 1 2",
		"line 1, column 7: expected the end of the statement, found '2'");
	refused("x = 1\ny = 2 END",
		"line 2, column 7: expected the end of the statement, found 'END'");
	refused("STOP 1",
		"line 1, column 6: expected the end of the statement, found '1'");
	refused("PRINT",
		"line 1, column 6: expected a value, found the end");
	refused("PRINT;",
		"line 1, column 6: expected a value, found the end of the statement");
	refused("PRINT 1,",
		"line 1, column 9: expected a value, found the end");
	refused("PRINT 1 2",
		"line 1, column 9: expected the end of the statement, found '2'");
	refused("PRINT \"a\" \"b\"",
		"line 1, column 11: expected the end of the statement, found a string");
	refused("PRINT HEX 1", "line 1, column 11: expected '(', found '1'");
	refused("WAIT", "line 1, column 5: expected a value, found the end");
	refused("WAIT 1 h",
		"line 1, column 8: expected s, ms, us or ns, found 'h'");
	refused("WAIT 1 ms s",
		"line 1, column 11: expected the end of the statement, found 's'");
	refused("POKE8 1", "line 1, column 8: expected ',', found the end");
	refused("POKE8 1, 2, 3",
		"line 1, column 11: expected the end of the statement, found ','");
	refused("TOHOST 1, 2\n, 3",
		"line 1, column 12: expected ',', found the end of the statement");
	refused("START", "line 1, column 6: expected TOHOST or FROMHOST, found the end");
	refused("START JOIN",
		"line 1, column 7: expected TOHOST or FROMHOST, found 'JOIN'");
	program_test_stop();
}

static void expressions(void)
{
	program_test_start();
	refused("x = ", "line 1, column 5: expected a value, found the end");
	refused("x = *", "line 1, column 5: expected a value, found '*'");
	refused("x = 1 +", "line 1, column 8: expected a value, found the end");
	refused("x = (1", "line 1, column 7: expected ')', found the end");
	refused("x = ()", "line 1, column 6: expected a value, found ')'");
	refused("x = 1)",
		"line 1, column 6: expected the end of the statement, found ')'");
	refused("x = \"a\"",
		"line 1, column 5: expected a value, found a string");
	refused("x = y", "line 1, column 5: no variable has this name so far");
	refused("x = x + 1",
		"line 1, column 5: no variable has this name so far");
	refused("x = END",
		"line 1, column 5: no variable has this name so far");
	refused("x = HEX(1)",
		"line 1, column 5: no variable has this name so far");
	refused("x = AND 1",
		"line 1, column 5: expected a value, found 'AND'");
	refused("x = 1 < 2 < 3",
		"line 1, column 11: one comparison at a time, with AND");
	refused("x = 1 = NOT 2",
		"line 1, column 9: expected a value, or NOT in parentheses, found 'NOT'");
	refused("x = - NOT 2",
		"line 1, column 7: expected a value, or NOT in parentheses, found 'NOT'");
	refused("x = SIN", "line 1, column 8: expected '(', found the end");
	refused("x = SIN()", "line 1, column 9: expected a value, found ')'");
	refused("x = SIN(1, 2)", "line 1, column 10: expected ')', found ','");
	refused("x = MIN(1)", "line 1, column 10: expected ',', found ')'");
	refused("x = TIME(1)", "line 1, column 10: expected ')', found '1'");
	refused("x = TIME", "line 1, column 9: expected '(', found the end");
	program_test_stop();
}

static void tokens(void)
{
	program_test_start();
	refused("x = 18446744073709551616",
		"line 1, column 5: expected a number of at most 64 bits");
	refused("x = 0x10000000000000000",
		"line 1, column 5: expected a number of at most 64 bits");
	refused("x = 0x", "line 1, column 5: expected hexadecimal digits");
	refused("x = 0x1G", "line 1, column 5: expected hexadecimal digits");
	refused("x = 1e999", "line 1, column 5: expected a smaller number");
	refused("x = 0.0000000000000000000000000000000000000001",
		"line 1, column 5: expected a shorter number");
	refused("x = 1.2.3",
		"line 1, column 8: expected the end of the statement, found '.3'");
	refused("x = 1e",
		"line 1, column 6: expected the end of the statement, found 'e'");
	refused("x = 5x",
		"line 1, column 6: expected the end of the statement, found 'x'");
	refused("x = .", "line 1, column 5: expected another character");
	refused("x = $1", "line 1, column 5: expected another character");
	refused("@", "line 1, column 1: expected another character");
	refused("x = 1 @", "line 1, column 7: expected another character");
	refused("PRINT \"a", "line 1, column 7: expected the other quote");
	refused("PRINT \"a'\n\"", "line 1, column 7: expected the other quote");
	refused("PRINT \"a\x1b[2J\"",
		"line 1, column 7: expected a character that can be printed");
	refused("PRINT \"\x7f\"",
		"line 1, column 7: expected a character that can be printed");
	refused("x = 1 \x80", "line 1, column 7: expected another character");
	program_test_stop();
}

static void nul_is_refused(void)
{
	char error[PROGRAM_ERROR_MAX];

	program_test_start();
	check(program_define(program_rig.lab, "p", 1, "x\0= 1", 5, error) ==
	      SCPI_ERR_PROGRAM_SYNTAX);
	check(strcmp(error, "line 1, column 2: expected another character") == 0);
	check(program_define(program_rig.lab, "p", 1, "PRINT \"\0\"", 9,
			     error) == SCPI_ERR_PROGRAM_SYNTAX);
	check(program_define(program_rig.lab, "p", 1, "PRINT \"", 7, error) ==
	      SCPI_ERR_PROGRAM_SYNTAX);
	program_test_stop();
}

static void blocks(void)
{
	program_test_start();
	refused("END", "line 1, column 1: there is no block that it ends");
	refused("IF 1; END; END",
		"line 1, column 12: there is no block that it ends");
	refused("ELSE", "line 1, column 1: there is no IF that it belongs to");
	refused("ELSEIF 1",
		"line 1, column 1: there is no IF that it belongs to");
	refused("WHILE 1; ELSE; END",
		"line 1, column 10: there is no IF that it belongs to");
	refused("IF 1\nELSE\nELSE\nEND",
		"line 3, column 1: there is no IF that it belongs to");
	refused("IF 1\nELSE\nELSEIF 1\nEND",
		"line 3, column 1: there is no IF that it belongs to");
	refused("IF", "line 1, column 3: expected a value, found the end");
	refused("IF 1 PRINT 2",
		"line 1, column 6: expected the end of the statement, found 'PRINT'");
	refused("WHILE;",
		"line 1, column 6: expected a value, found the end of the statement");
	refused("BREAK", "line 1, column 1: there is no loop that it belongs to");
	refused("IF 1; CONTINUE; END",
		"line 1, column 7: there is no loop that it belongs to");
	refused("WHILE 1; END; BREAK",
		"line 1, column 15: there is no loop that it belongs to");
	refused("FOR", "line 1, column 4: expected a variable, found the end");
	refused("FOR i", "line 1, column 6: expected '=', found the end");
	refused("FOR i = 1", "line 1, column 10: expected TO, found the end");
	refused("FOR i = 1 TO",
		"line 1, column 13: expected a value, found the end");
	refused("FOR i = 1 TO 2 STEP",
		"line 1, column 20: expected a value, found the end");
	refused("FOR i = i TO 2; END",
		"line 1, column 9: no variable has this name so far");
	program_test_stop();
}

/* Missing ENDs alone are not an error until the program is run. */
static void incomplete(void)
{
	struct lab *lab;
	char error[PROGRAM_ERROR_MAX];

	program_test_start();
	lab = program_rig.lab;
	check(program_test_define("FOR i = 1 TO 2\nIF i = 1", error) == 0);
	check(rig_ask(&program_rig, 0, "PROG:STAT? p",
		      "ERROR,\"line 2, column 9: expected END of IF in line 2, found the end\""));
	check(rig_ask(&program_rig, 0, "PROG:RUN p", ""));
	asked("SYST:ERR?",
	      "-285,\"Program syntax error;PROGram:RUN, line 2, column 9: expected END of IF in line 2, found the end\"");
	check(program_append(lab, "P", 1, "PRINT i", 7, error) == 0);
	check(program_append(lab, "P", 1, "END", 3, error) == 0);
	check(rig_ask(&program_rig, 0, "PROG:STAT? p",
		      "ERROR,\"line 4, column 4: expected END of FOR in line 1, found the end\""));
	/* a wrong text changes nothing */
	check(program_append(lab, "P", 1, "PRINT k", 7, error) ==
	      SCPI_ERR_PROGRAM_SYNTAX);
	check(strcmp(error, "line 5, column 7: no variable has this name so far") == 0);
	check(program_append(lab, "P", 1, "END;PRINT 5", 11, error) == 0);
	check(rig_ask(&program_rig, 0, "PROG:STAT? p", "STOP"));
	check(strcmp(rig_say(&program_rig, 0, "PROG:RUN p;*WAI"),
		     "1\n5\n") == 0);
	program_test_stop();
}

static char *repeat(char *to, const char *what, unsigned int count)
{
	while (count--)
		to = stpcpy(to, what);
	return to;
}

static char text[PROGRAM_TEXT_MAX + 2];

static void nesting(void)
{
	char *at;

	program_test_start();
	/* 64 levels of an expression */
	at = repeat(stpcpy(text, "x = "), "(", 63);
	repeat(stpcpy(at, "1"), ")", 63);
	check(program_test_prints(text, ""));
	at = repeat(stpcpy(text, "x = "), "(", 64);
	repeat(stpcpy(at, "1"), ")", 64);
	refused(text, "line 1, column 69: the expression is too complex");
	repeat(stpcpy(text, "x = "), "-", 5000);
	refused(text, "line 1, column 69: the expression is too complex");
	repeat(stpcpy(text, "x = "), "ABS(", 3000);
	refused(text, "line 1, column 261: the expression is too complex");
	/* as many values as levels are on the stack */
	at = repeat(stpcpy(text, "x = "), "1+(", 60);
	repeat(stpcpy(at, "1"), ")", 60);
	refused(text, "line 1, column 101: the expression is too complex");
	at = repeat(stpcpy(text, "x = "), "1+(", 31);
	repeat(stpcpy(at, "1"), ")", 31);
	check(program_test_prints(strcat(text, "; PRINT x"), "32\n"));
	/* 16 blocks */
	repeat(text, "IF 1\n", 16);
	at = repeat(text, "FOR i = 1 TO 1\n", 16);
	repeat(stpcpy(at, "PRINT i\n"), "END\n", 16);
	check(program_test_prints(text, "1\n"));
	repeat(text, "WHILE 1\n", 17);
	refused(text, "line 17, column 1: too many blocks contain each other");
	program_test_stop();
}

static void names_of_values(void)
{
	unsigned int i;
	char *at = text;

	program_test_start();
	for (i = 0; i < 32; i++)
		at += sprintf(at, "v%u = %u\n", i, i * i);
	strcpy(at, "PRINT v0, \" \", v31");
	check(program_test_prints(text, "0 961\n"));
	strcpy(at, "w = 1");
	refused(text, "line 33, column 1: there are too many variables");
	/* an existing one does not count twice; 16 characters are allowed */
	strcpy(text, "abcdefghij_23456 = 1\nABCDEFGHIJ_23456 = 2\n"
	       "PRINT abcdefghij_23456");
	check(program_test_prints(text, "2\n"));
	/* limits and steps of loops do not count */
	at = text;
	for (i = 0; i < 31; i++)
		at += sprintf(at, "v%u = 9\n", i);
	strcpy(at, "FOR i = 1 TO 2; PRINT i, v30; END");
	check(program_test_prints(text, "19\n29\n"));
	program_test_stop();
}

static void sizes(void)
{
	char error[PROGRAM_ERROR_MAX];
	char *at;

	program_test_start();
	/* 4096 instructions: two for each assignment, one for the end */
	repeat(text, "x=1;", 2047);
	check(program_test_define(text, error) == 0);
	at = repeat(text, "x=1;", 2047);
	strcpy(at, "JOIN");
	check(program_test_define(text, error) == 0);
	strcpy(at, "JOIN;JOIN");
	refused(text, "line 1, column 8198: the program is too long");
	/* the text */
	memset(text, ' ', PROGRAM_TEXT_MAX + 1);
	text[PROGRAM_TEXT_MAX] = '\0';
	check(program_test_define(text, error) == 0);
	check(program_append(program_rig.lab, "p", 1, "", 0, error) ==
	      SCPI_ERR_TOO_MUCH_DATA);
	text[PROGRAM_TEXT_MAX] = ' ';
	text[PROGRAM_TEXT_MAX + 1] = '\0';
	check(program_test_define(text, error) == SCPI_ERR_TOO_MUCH_DATA);
	text[PROGRAM_TEXT_MAX - 1] = '\0';
	check(program_test_define(text, error) == 0);
	check(program_append(program_rig.lab, "p", 1, "", 0, error) == 0);
	check(program_append(program_rig.lab, "p", 1, "x", 1, error) ==
	      SCPI_ERR_TOO_MUCH_DATA);
	program_test_stop();
}

void test_program_compile(void)
{
	run(statements);
	run(expressions);
	run(tokens);
	run(nul_is_refused);
	run(blocks);
	run(incomplete);
	run(nesting);
	run(names_of_values);
	run(sizes);
}
