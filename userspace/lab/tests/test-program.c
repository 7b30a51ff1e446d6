// SPDX-License-Identifier: GPL-2.0
/*
 * test-program.c - the language of uploaded commands: what programs mean
 */
#include <string.h>

#include "tests/test-program.h"
#include "tests/tests.h"

#define gives(expression, value) check(program_test_gives(expression, value))
#define prints(text, lines) check(program_test_prints(text, lines))
#define fails(text, error) check(program_test_fails(text, error))

static void numbers(void)
{
	program_test_start();
	gives("0", "0");
	gives("9223372036854775807", "9223372036854775807");
	/* from 2^63 on by their bits */
	gives("9223372036854775808", "-9223372036854775808");
	gives("18446744073709551615", "-1");
	gives("0xFFFFFFFFFFFFFFFF", "-1");
	gives("0Xff", "255");
	gives("HEX(0xFEDCBA9876543210)", "0xfedcba9876543210");
	gives("HEX(-1)", "0xffffffffffffffff");
	gives("HEX(18446744073709549568.0)", "0xfffffffffffff800");
	gives(".5", "0.5");
	gives("5.", "5");
	gives("1e3", "1000");
	gives("1E-3", "0.001");
	gives("2.5e+2", "250");
	gives("0.1", "0.1");
	gives("1/3", "0.3333333333333333");
	gives("1e300", "1e+300");
	program_test_stop();
}

static void precedence(void)
{
	program_test_start();
	gives("1+2*3", "7");
	gives("(1+2)*3", "9");
	gives("10-4-3", "3");
	gives("100 DIV 10 DIV 2", "5");
	gives("2*3 MOD 4", "2");
	gives("1 << 2 + 1", "8");
	gives("1 | 6 & 4", "5");
	gives("1 ^ 3 & 2", "3");
	gives("1 | 2 ^ 2", "1");
	gives("8 >> 1 & 4", "4");
	gives("5 & 4 = 4", "1");
	gives("1 + 1 < 3", "1");
	gives("NOT 1 = 2", "1");
	gives("NOT 0 AND 0", "0");
	gives("1 OR 0 AND 0", "1");
	gives("(1 OR 0) AND 0", "0");
	gives("0 AND 0 OR 1", "1");
	gives("-2 * -3", "6");
	gives("- 2 + 5", "3");
	gives("--2", "2");
	gives("+5 - +3", "2");
	gives("~0 & 0xF", "15");
	gives("-1 >> 60", "15");
	gives("2 * (3 + (4 - 1)) - 1", "11");
	program_test_stop();
}

static void whole_numbers(void)
{
	program_test_start();
	gives("7 DIV 2", "3");
	gives("-7 DIV 2", "-3");
	gives("-7 MOD 2", "-1");
	gives("7 MOD -2", "1");
	gives("6.0 DIV 4", "1");
	/* they wrap around, and do not trap */
	gives("0x7FFFFFFFFFFFFFFF + 1", "-9223372036854775808");
	gives("-9223372036854775808 - 1", "9223372036854775807");
	gives("0x8000000000000000 DIV -1", "-9223372036854775808");
	gives("0x8000000000000000 MOD -1", "0");
	gives("-0x8000000000000000", "-9223372036854775808");
	gives("ABS(0x8000000000000000)", "-9223372036854775808");
	gives("0x100000000 * 0x100000001", "4294967296");
	gives("1 << 63", "-9223372036854775808");
	gives("-1 >> 0", "-1");
	gives("-1 >> 63", "1");
	gives("9007199254740993 + 0", "9007199254740993");
	gives("4294967295 * 4294967297", "-1");
	program_test_stop();
}

static void reals(void)
{
	program_test_start();
	gives("7 / 2", "3.5");
	gives("6 / 2", "3");
	gives("6 / 2 = 3", "1");
	gives("1 + 0.5", "1.5");
	gives("1.5 * 2", "3");
	gives("0.5 - 1", "-0.5");
	gives("-0.5", "-0.5");
	gives("2.0 & 3", "2");
	gives("1e19 & -1", "-8446744073709551616");
	fails("x = 1\ny = x / (x - 1)",
	      "line 2, column 7: division by zero");
	fails("x = 1 DIV 0", "line 1, column 7: division by zero");
	fails("x = 1 MOD 0", "line 1, column 7: division by zero");
	fails("x = 1e300 * 1e300", "line 1, column 11: the result is too large");
	fails("x = 1e308 + 1e308", "line 1, column 11: the result is too large");
	fails("x = 1e308 / 1e-308",
	      "line 1, column 11: the result is too large");
	fails("x = 1.5 & 1", "line 1, column 9: a whole number is needed");
	fails("x = 1 DIV 0.5", "line 1, column 7: a whole number is needed");
	fails("x = ~1e30", "line 1, column 5: a whole number is needed");
	fails("x = ~-1e19", "line 1, column 5: a whole number is needed");
	fails("x = 1 << 64", "line 1, column 7: a shift by 0 to 63 is needed");
	fails("x = 1 >> -1", "line 1, column 7: a shift by 0 to 63 is needed");
	program_test_stop();
}

static void comparisons(void)
{
	program_test_start();
	gives("1 = 1", "1");
	gives("1 == 2", "0");
	gives("1 <> 1", "0");
	gives("1 != 2", "1");
	gives("1 < 1", "0");
	gives("1 <= 1", "1");
	gives("1 > 0.5", "1");
	gives("0.5 >= 1", "0");
	gives("-1 < 0", "1");
	gives("0xFFFFFFFFFFFFFFFF < 0", "1");
	gives("9007199254740993 = 9007199254740992", "0");
	gives("1 = 1.0", "1");
	program_test_stop();
}

/* What does not matter is not evaluated. */
static void logic(void)
{
	program_test_start();
	gives("5 AND 3", "1");
	gives("5 AND 0", "0");
	gives("0 AND 1 / 0", "0");
	gives("2 OR 1 / 0", "1");
	gives("0 OR 0.5", "1");
	gives("0 OR 0.0", "0");
	gives("NOT 5", "0");
	gives("NOT 0.0", "1");
	gives("NOT NOT 7", "1");
	gives("1 AND 2 AND 3", "1");
	gives("0 OR 0 OR 4", "1");
	gives("(0 AND 1) + 1", "1");
	program_test_stop();
}

static void functions(void)
{
	program_test_start();
	gives("ABS(-3)", "3");
	gives("ABS(-3.5)", "3.5");
	gives("MIN(2, 3)", "2");
	gives("MIN(2.5, -1)", "-1");
	gives("MAX(2, 3)", "3");
	gives("MAX(2.5, 1)", "2.5");
	gives("INT(2.7)", "2");
	gives("INT(-2.7)", "-2");
	gives("INT(5)", "5");
	gives("INT(1e19)", "-8446744073709551616");
	gives("FLOOR(-2.1)", "-3");
	gives("ROUND(2.5)", "3");
	gives("ROUND(-2.5)", "-3");
	gives("SQRT(9)", "3");
	gives("POW(2, 10)", "1024");
	gives("EXP(0)", "1");
	gives("LOG(EXP(2))", "2");
	gives("SIN(0)", "0");
	gives("COS(PI())", "-1");
	gives("ROUND(1000 * SIN(PI() / 6))", "500");
	gives("ROUND(1000 * TAN(PI() / 4))", "1000");
	gives("4 * ATAN(1) = PI()", "1");
	gives("SIGNED(0xFFFF, 16)", "-1");
	gives("SIGNED(0x7FFF, 16)", "32767");
	gives("SIGNED(0x18000, 16)", "-32768");
	gives("SIGNED(-1, 64)", "-1");
	gives("SIGNED(3, 1)", "-1");
	gives("abs(min(-3, max(2, 1)))", "3");
	fails("x = SQRT(-1)",
	      "line 1, column 5: the function has no value there");
	fails("x = LOG(0)", "line 1, column 5: the function has no value there");
	fails("x = EXP(1000)",
	      "line 1, column 5: the function has no value there");
	fails("x = POW(0, -1)",
	      "line 1, column 5: the function has no value there");
	fails("x = INT(1e20)",
	      "line 1, column 5: the function has no value there");
	fails("x = SIGNED(1, 0)", "line 1, column 5: 1 to 64 bits are needed");
	fails("x = SIGNED(1, 65)", "line 1, column 5: 1 to 64 bits are needed");
	fails("x = ARG(1)", "line 1, column 5: there is no such argument");
	program_test_stop();
}

static void random_numbers_repeat(void)
{
	static const char text[] =
		"n = 0; s = 0\n"
		"WHILE n < 1000\n"
		"  r = RANDOM()\n"
		"  IF r < 0 OR r >= 1; PRINT \"out\"; END\n"
		"  s = s + r; n = n + 1\n"
		"END\n"
		"PRINT s > 450 AND s < 550, \" \", r\n";
	char first[64];

	program_test_start();
	strncpy(first, program_test_run(text), sizeof(first) - 1);
	first[sizeof(first) - 1] = '\0';
	check(strncmp(first, "1 0.", 4) == 0);
	/* another run has other ones, until *RST */
	check(strcmp(program_test_run(text), first) != 0);
	rig_say(&program_rig, 0, "*RST");
	check(strcmp(program_test_run(text), first) == 0);
	program_test_stop();
}

static void text_and_case(void)
{
	program_test_start();
	prints("", "");
	prints("\n;;\n ; # nothing\n", "");
	prints("Abc = 2\nprint aBC, \" \", ABC * 2 # a comment; PRINT 1\n",
	       "2 4\n");
	prints("PRINT 'say \"x\"', \" it's\"\r\nPRINT\t1", "say \"x\" it's\n1\n");
	prints("PRINT \"\", 1", "1\n");
	prints("PRINT \"\xc3\xbc\xc3\x9f # ; END\"",
	       "\xc3\xbc\xc3\x9f # ; END\n");
	prints("IFx = 1; END1 = 2; PRINT IFX + end1", "3\n");
	prints("s = 2; ms = s; PRINT ms", "2\n");
	program_test_stop();
}

static void branches(void)
{
	static const char text[] =
		"FOR i = 1 TO 5\n"
		"  IF i = 1\n"
		"    PRINT \"one\"\n"
		"  ELSEIF i = 2\n"
		"    PRINT \"two\"\n"
		"  ELSEIF i = 3; PRINT \"three\"\n"
		"  ELSE\n"
		"    IF i = 5; PRINT \"five\"; END\n"
		"  END\n"
		"END\n";

	program_test_start();
	prints(text, "one\ntwo\nthree\nfive\n");
	prints("IF 0; PRINT 1; ELSEIF 0; PRINT 2; END; PRINT 3", "3\n");
	prints("IF 0.5; PRINT 1; ELSE; PRINT 2; END", "1\n");
	prints("IF 1; END; IF 0; ELSE; END", "");
	program_test_stop();
}

static void loops(void)
{
	program_test_start();
	prints("FOR i = 1 TO 3; PRINT i; END; PRINT i", "1\n2\n3\n4\n");
	prints("FOR i = 3 TO 1 STEP -1; PRINT i; END", "3\n2\n1\n");
	prints("FOR i = 2 TO 1; PRINT i; END", "");
	prints("FOR x = 0 TO 1 STEP 0.25; PRINT x; END",
	       "0\n0.25\n0.5\n0.75\n1\n");
	prints("FOR i = 1 TO 9 STEP 3; PRINT i; END", "1\n4\n7\n");
	/* limit and step are evaluated once */
	prints("n = 2; FOR i = 1 TO n; n = 9; PRINT i; END", "1\n2\n");
	/* the variable may be changed */
	prints("FOR i = 1 TO 5; i = i + 1; PRINT i; END", "2\n4\n6\n");
	/* the end of the range of whole numbers */
	prints("FOR i = 0x7FFFFFFFFFFFFFFE TO 0x7FFFFFFFFFFFFFFF\nPRINT i\nEND",
	       "9223372036854775806\n9223372036854775807\n");
	prints("FOR i = 1 TO 2; FOR j = 1 TO 2; PRINT i, j; END; END",
	       "11\n12\n21\n22\n");
	prints("i = 0; WHILE i < 3; i = i + 1; PRINT i; END", "1\n2\n3\n");
	prints("WHILE 0; PRINT 1; END", "");
	prints("WHILE 1; BREAK; PRINT 1; END; PRINT 2", "2\n");
	prints("FOR i = 1 TO 5\nIF i = 2; CONTINUE; END\n"
	       "IF i = 4; BREAK; END\nPRINT i\nEND", "1\n3\n");
	prints("i = 0; WHILE i < 4; i = i + 1; IF i & 1; CONTINUE; END\n"
	       "PRINT i; END", "2\n4\n");
	prints("FOR i = 1 TO 2; WHILE 1; BREAK; END; PRINT i; END", "1\n2\n");
	prints("PRINT 1; STOP; PRINT 2", "1\n");
	fails("FOR i = 1 TO 2 STEP 0; END", "line 1, column 1: STEP is zero");
	program_test_stop();
}

static void memory(void)
{
	program_test_start();
	prints("POKE64 8, 0x1122334455667788\n"
	       "PRINT HEX(PEEK8(8)), HEX(PEEK8(15))\n"
	       "PRINT HEX(PEEK16(9)), HEX(PEEK32(10)), HEX(PEEK64(8))",
	       "0x880x11\n0x66770x334455660x1122334455667788\n");
	check(program_rig.lab->card->memory[8] == 0x88);
	check(program_rig.lab->card->memory[15] == 0x11);
	prints("POKE32 0, -1; POKE16 0, 0x12345; POKE8 3, 256; "
	       "PRINT HEX(PEEK64(0))", "0xff2345\n");
	prints("FILL 100, 4, 0x1AB; POKE8 104, 1; COPY 100, 102, 4\n"
	       "PRINT HEX(PEEK64(100))", "0xabababababab\n");
	prints("PRINT SIZE(); POKE8 SIZE() - 1, 7; PRINT PEEK8(SIZE() - 1)",
	       "65536\n7\n");
	prints("FILL SIZE(), 0, 1; COPY SIZE(), 0, 0; FILL 0, SIZE(), 0", "");
	program_test_stop();
}

static void memory_is_bounded(void)
{
#define ADDRESS	"line 1, column 1: the address is not in card memory"
#define RANGE	"line 1, column 1: the range is not in card memory"
	program_test_start();
	fails("POKE8 65536, 1", ADDRESS);
	fails("POKE16 65535, 1", ADDRESS);
	fails("POKE32 65533, 1", ADDRESS);
	fails("POKE64 65529, 1", ADDRESS);
	fails("POKE64 -1, 1", ADDRESS);
	fails("POKE64 0xFFFFFFFFFFFFFFF9, 1", ADDRESS);
	fails("POKE8 0x100000000, 1", ADDRESS);
	fails("POKE8 0.5, 1", "line 1, column 1: a whole number is needed");
	fails("POKE8 0, 0.5", "line 1, column 1: a whole number is needed");
	fails("x = PEEK8(65536)",
	      "line 1, column 5: the address is not in card memory");
	fails("x = PEEK16(-2)",
	      "line 1, column 5: the address is not in card memory");
	fails("x = PEEK32(65533)",
	      "line 1, column 5: the address is not in card memory");
	fails("x = PEEK64(65529)",
	      "line 1, column 5: the address is not in card memory");
	fails("FILL 0, 65537, 1", RANGE);
	fails("FILL 65536, 1, 1", RANGE);
	fails("FILL 1, -1, 1", RANGE);
	fails("FILL -1, 2, 1", RANGE);
	fails("COPY 0, 65530, 7", RANGE);
	fails("COPY 65530, 0, 7", RANGE);
	fails("COPY 0, 0, 0x8000000000000000", RANGE);
	program_test_stop();
}

static void connectors(void)
{
#define NUMBER	"there is no connector of this number"
	const struct program_event *event = program_log.event;

	program_test_start();
	program_log.input = 1.25;
	prints("PRINT AIN(8) * 2; AOUT 2, -2.5; PRINT DIN(2), DIN(1)\n"
	       "DOUT 16, 5; DOUT 9, 0; AOUT 1, 10", "2.5\n10\n");
	check(program_log.count == 7);
	check(event[0].what == 'A' && event[0].place == 7);
	check(event[1].what == 'O' && event[1].place == 1);
	check(event[1].value == -2.5);
	check(event[2].what == 'D' && event[2].place == 1);
	check(event[4].what == 'L' && event[4].place == 15);
	check(event[4].value == 1 && event[5].value == 0);
	check(event[6].place == 0 && event[6].value == 10);
	program_log.count = 0;
	fails("x = AIN(0)", "line 1, column 5: " NUMBER);
	fails("x = AIN(9)", "line 1, column 5: " NUMBER);
	fails("x = AIN(4294967297)", "line 1, column 5: " NUMBER);
	fails("x = DIN(17)", "line 1, column 5: " NUMBER);
	fails("AOUT 3, 0", "line 1, column 1: " NUMBER);
	fails("DOUT 17, 0", "line 1, column 1: " NUMBER);
	fails("AOUT 1.5, 0", "line 1, column 1: a whole number is needed");
	fails("AOUT 1, 10.01",
	      "line 1, column 1: the voltage is not within -10 to 10 V");
	check(program_log.count == 0);
	program_test_stop();
}

/* The connectors of the instrument itself */
static void real_connectors(void)
{
	program_test_start();
	programs_connect(program_rig.lab, &program_connectors);
	rig_say(&program_rig, 0, "INP3:FUNC DC;OFFS 2.5");
	prints("v = AIN(3); PRINT v > 2.499 AND v < 2.501", "1\n");
	prints("DOUT 9, 1; PRINT DIN(9); DOUT 9, 0; PRINT DIN(9)", "1\n0\n");
	prints("AOUT 2, -5", "");
	program_test_stop();
}

static void long_lines(void)
{
	static char text[PROGRAM_TEXT_MAX + 1], line[SCPI_LINE_MAX + 1];

	program_test_start();
	/* 1023 characters fit */
	memset(line, 'x', 1023);
	strcpy(line + 1023, "\n");
	strcpy(text, "PRINT \"");
	memset(text + 7, 'x', 1023);
	strcpy(text + 7 + 1023, "\"");
	prints(text, line);
	strcpy(text + 7 + 1023, "\", 1");
	fails(text, "line 1, column 1034: the line is too long");
	program_test_stop();
}

void test_program(void)
{
	run(numbers);
	run(precedence);
	run(whole_numbers);
	run(reals);
	run(comparisons);
	run(logic);
	run(functions);
	run(random_numbers_repeat);
	run(text_and_case);
	run(branches);
	run(loops);
	run(memory);
	run(memory_is_bounded);
	run(connectors);
	run(real_connectors);
	run(long_lines);
}
