// SPDX-License-Identifier: GPL-2.0
/*
 * test-scpi-param.c - parameters of each type, good and bad
 */
#include <stdio.h>
#include <string.h>

#include "tests/scpi-user.h"
#include "tests/test-scpi.h"
#include "unit.h"

static struct scpi_user user;

static bool takes(const char *line)
{
	scpi_user_init(&user);
	return scpi_user_ask(&user, line, "") && user.calls == 1 &&
	       scpi_user_ask(&user, "SYST:ERR?", "0,\"No error\"\n");
}

static bool fails(const char *line, int error, const char *where)
{
	scpi_user_init(&user);
	return scpi_user_fails(&user, line, error, where);
}

/*
 * One command of each type: too few, too many, negative, huge, of other types.
 * The numbers are those of the errors, 0: it is good.
 */
static const struct type {
	const char *header;	/* and the parameters before, ending in ',' */
	const char *name;	/* as errors have it */
	unsigned int where;
	int missing, negative, huge, power, unit, word, string, block, list;
	int number;
	const char *last;	/* good; one more is too many */
} types[] = {
	{ "INP2:FREQ ", "INPut2:FREQuency", 1,
	  -109, -222, -222, -222, -131, -141, -104, -104, -104, 0, "1" },
	{ "INP2:SHAP ", "INPut2:SHAPe", 1,
	  -109, -104, -104, -104, -104, -141, -104, -104, -104, -104, "DC" },
	{ "COUN ", "COUNt", 1,
	  -109, -222, -222, -222, -138, -141, -104, -104, -104, 0, "1" },
	{ "TRIG:DEL 0,1,", "TRIGger:DELay", 3,
	  -102, -222, -222, -222, -138, -141, -104, -104, -104, 0, "1" },
	{ "OUTP ", "OUTPut", 1,
	  -109, 0, 0, 0, -138, -141, -104, -104, -104, 0, "1" },
	{ "ROUT:SCAN ", "ROUTe:SCAN", 1,
	  -109, -104, -104, -104, -104, -104, -104, -104, 0, -104, "(@1)" },
	{ "DISP:TEXT ", "DISPlay:TEXT", 1,
	  -109, -104, -104, -104, -104, -104, 0, -104, -104, -104, "'a'" },
	{ "DATA:BLOC 1,", "DATA:BLOCk", 2,
	  -102, -104, -104, -104, -104, -104, 0, 0, -104, -104, "#11a" },
	{ "DATA:BLOC ", "DATA:BLOCk", 1,
	  -109, -222, -222, -104, -138, -104, -104, -104, -104, -109, "1,'x'" },
	{ "PROG:NAME ", "PROGram:NAME", 1,
	  -109, -104, -104, -104, -104, 0, -104, -104, -104, -104, "a" },
	{ "PROG:CALL ", "PROGram:CALL", 1,
	  -109, 0, 0, 0, -138, -104, -104, -104, -104, 0, "1,1" },
};

/* After an error in this one or, if one more is missing, in the next */
static bool one(const struct type *type, const char *param, int error)
{
	char line[120], where[80];

	snprintf(line, sizeof(line), "%s%s", type->header, param);
	if (!error)
		return takes(line);
	snprintf(where, sizeof(where), "%s, parameter %u", type->name,
		 type->where + (error == -109 && *param));
	return fails(line, error, where);
}

static unsigned int params_in(const char *last)
{
	return strchr(last, ',') ? 2 : 1;
}

static void each_type(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		const struct type *t = &types[i];
		struct type more = *t;
		char extra[60];

		check(one(t, "", t->missing));
		check(one(t, "-77", t->negative));
		check(one(t, "1e37", t->power));
		check(one(t, "99999999999999999999999", t->huge));
		check(one(t, "1 Zs", t->unit));
		check(one(t, "no_such_word", t->word));
		check(one(t, "'string'", t->string));
		check(one(t, "#15abcde", t->block));
		check(one(t, "(@1,2)", t->list));
		check(one(t, "1", t->number));
		check(one(t, ",", -102));
		check(one(t, t->last, 0));
		more.where += params_in(t->last);
		snprintf(extra, sizeof(extra), "%s,1", t->last);
		check(one(&more, extra, -108));
		snprintf(extra, sizeof(extra), "%s,", t->last);
		check(one(&more, extra, -108));
	}
}

static void missing_ones(void)
{
	check(fails("DATA:BLOC 1", -109, "DATA:BLOCk, parameter 2"));
	check(fails("TOHOST2 1", -113, "TOHOST2"));
	check(takes("TRIG:DEL 3") && !user.last.arg[1].given &&
	      user.last.arg[1].number == 1 && user.last.arg[2].integer == 2);
	check(takes("TRIG:DEL 3,4") && user.last.arg[1].given &&
	      user.last.arg[1].number == 4 && !user.last.arg[2].given);
	check(fails("TRIG:DEL 3,,4", -102, "TRIGger:DELay, parameter 2"));
	check(fails("*RST 1", -108, "*RST, parameter 1"));
	check(fails("COUN? 1", -104, "COUNt?, parameter 1"));
	check(fails("TEXT?", -109, "TEXT?, parameter 1"));
}

static void choices(void)
{
	check(takes("INP:SHAP SIN") && user.last.arg[0].integer == 0);
	check(takes("INP:SHAP sinusoid") && user.last.arg[0].integer == 0);
	check(takes("INP:SHAP SQUARE") && user.last.arg[0].integer == 1);
	check(takes("INP:SHAP dc") && user.last.arg[0].integer == 2);
	check(fails("INP:SHAP SINU", -141, "INPut1:SHAPe, parameter 1"));
	check(fails("INP:SHAP SIN|SQU", -103, "INPut1:SHAPe, parameter 1"));
	check(takes("OUTP on") && user.last.arg[0].integer == 1);
	check(takes("OUTP OFF") && user.last.arg[0].integer == 0);
	check(takes("OUTP 1") && user.last.arg[0].integer == 1);
	check(takes("OUTP 0") && user.last.arg[0].integer == 0);
	check(takes("OUTP 2") && user.last.arg[0].integer == 1);
	check(takes("OUTP -3") && user.last.arg[0].integer == 1);
	check(takes("OUTP 0.6") && user.last.arg[0].integer == 1);
	check(takes("OUTP 0.4") && user.last.arg[0].integer == 0);
	check(takes("OUTP -0.4") && user.last.arg[0].integer == 0);
	check(fails("OUTP O", -141, "OUTPut, parameter 1"));
}

/* Whatever is wrong, the error says what would be right, or the place. */
static void what_would_be_right(void)
{
	static const struct {
		const char *line;
		int error;
		const char *where;
	} bad[] = {
		{ "INP:SHAP SINU", -141,
		  "INPut1:SHAPe, parameter 1, shape: SINusoid, SQUare or DC" },
		{ "INP3:FREQ 1 MHz", -222, "INPut3:FREQuency, parameter 1, "
		  "frequency: number, 0.001 to 500000 Hz, default 50" },
		{ "TRIG:DEL 0,11", -222, "TRIGger:DELay, parameter 2, "
		  "level: number, -10 to 10 V, default 1" },
		{ "OUTP 'x'", -104, "OUTPut, parameter 1, state: "
		  "ON, OFF or a number, 0 being OFF" },
		{ "DATA:BLOC 1", -109, "DATA:BLOCk, parameter 2, bytes: "
		  "block such as #15abcde, or string in quotes" },
		{ "ROUT:SCAN (@0)", -222, "ROUTe:SCAN, parameter 1, inputs: "
		  "list such as (@1,3:5), entries 1 to 99" },
		{ "OUTP 1,2", -108, "OUTPut, parameter 2: at most 1" },
		{ "*RST 1", -108, "*RST, parameter 1: it takes none" },
		{ "DISP:TEXT 'a'b", -103,
		  "DISPlay:TEXT, parameter 1, character 14" },
		{ "TRIG:DEL 3,,4", -102,
		  "TRIGger:DELay, parameter 2, character 12" },
	};
	char text[300];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		scpi_user_init(&user);
		scpi_user_say(&user, bad[i].line);
		snprintf(text, sizeof(text), "%d,\"%s;%s\"\n", bad[i].error,
			 scpi_error_message(bad[i].error), bad[i].where);
		check(scpi_user_ask(&user, "SYST:ERR?", text));
	}
}

static bool got(const char *bytes, size_t length)
{
	return user.length == length && memcmp(user.bytes, bytes, length) == 0;
}

static void strings(void)
{
	check(takes("DISP:TEXT 'abc'") && got("abc", 3));
	check(takes("DISP:TEXT \"abc\"") && got("abc", 3));
	check(takes("DISP:TEXT ''") && got("", 0));
	check(takes("DISP:TEXT 'it''s'") && got("it's", 4));
	check(takes("DISP:TEXT 'a\"b'") && got("a\"b", 3));
	check(takes("DISP:TEXT \"a\"\"b'c\"") && got("a\"b'c", 5));
	check(takes("DISP:TEXT ''''") && got("'", 1));
	check(takes("DISP:TEXT ';:,(@#' ") && got(";:,(@#", 6));
	check(takes("DISP:TEXT '\xc3\xa4\x01'") && got("\xc3\xa4\x01", 3));
	check(fails("DISP:TEXT 'abc", -151, "DISPlay:TEXT, parameter 1"));
	check(fails("DISP:TEXT '", -151, "DISPlay:TEXT, parameter 1"));
	check(fails("DISP:TEXT 'abc''", -151, "DISPlay:TEXT, parameter 1"));
	check(fails("DISP:TEXT 'abc\"", -151, "DISPlay:TEXT, parameter 1"));
	check(fails("DISP:TEXT 'a'b", -103, "DISPlay:TEXT, parameter 1"));
	scpi_user_send(&user, "DISP:TEXT 'a\0b'", 15);
	check(user.calls == 1 && got("a\0b", 3));
}

static void blocks(void)
{
	check(takes("DATA:BLOC 0,#15abcde") && got("abcde", 5));
	check(takes("DATA:BLOC 0,#10") && got("", 0));
	check(takes("DATA:BLOC 0,#9000000002;,") && got(";,", 2));
	check(takes("DATA:BLOC 0,#205ab'de ;*CLS") && got("ab'de", 5));
	check(takes("DATA:BLOC 0,'abc'") && got("abc", 3));
	scpi_user_send(&user, "DATA:BLOC 0,#13\0\xff\n", 18);
	check(user.calls == 2 && got("\0\xff\n", 3));
	check(fails("DATA:BLOC 0,#16abcde", -161, "DATA:BLOCk, parameter 2"));
	check(fails("DATA:BLOC 0,#9999999999a",
		    -161, "DATA:BLOCk, parameter 2"));
	check(fails("DATA:BLOC 0,#0abc", -161, "DATA:BLOCk, parameter 2"));
	check(fails("DATA:BLOC 0,#1", -161, "DATA:BLOCk, parameter 2"));
	check(fails("DATA:BLOC 0,#2x5abcde", -161, "DATA:BLOCk, parameter 2"));
	check(fails("DATA:BLOC 0,#14abcde", -103, "DATA:BLOCk, parameter 2"));
}

static bool lists(const char *list, unsigned int count, unsigned int first,
		  unsigned int last)
{
	char line[100];

	snprintf(line, sizeof(line), "ROUT:SCAN %s", list);
	return takes(line) && user.last.arg[0].list.count == count &&
	       user.last.arg[0].list.entry[0] == first &&
	       user.last.arg[0].list.entry[count - 1] == last;
}

static void good_lists(void)
{
	check(lists("(@1)", 1, 1, 1));
	check(lists("(@1,3:5)", 4, 1, 5));
	check(user.last.arg[0].list.entry[1] == 3);
	check(user.last.arg[0].list.entry[2] == 4);
	check(lists("( @ 1 , 3 : 5 )", 4, 1, 5));
	check(lists("(@5:3)", 3, 5, 3));
	check(lists("(@2,2)", 2, 2, 2));
	check(lists("(@84:99)", 16, 84, 99));
	check(lists("(@001)", 1, 1, 1));
}

static void bad_lists(void)
{
	static const char * const bad[] = {
		"()", "(@)", "(1)", "(@1,)", "(@,1)", "(@1:)", "(@:1)", "(@-1)",
		"(@1.5)", "(@a)", "(@1 2)", "(@1:2:3)", "(@1", "(@@1)", "((@1)",
		"(", "(@(1))", "(@1!2)", "('1')", "(@",
	};
	static const char * const range[] = {
		"(@0)", "(@100)", "(@1:100)", "(@0:5)", "(@4294967297)",
		"(@99999999999999999999)",
	};
	char line[100];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(line, sizeof(line), "ROUT:SCAN %s", bad[i]);
		check(fails(line, -171, "ROUTe:SCAN, parameter 1"));
	}
	for (i = 0; i < ARRAY_SIZE(range); i++) {
		snprintf(line, sizeof(line), "ROUT:SCAN %s", range[i]);
		check(fails(line, -222, "ROUTe:SCAN, parameter 1"));
	}
	check(fails("ROUT:SCAN (@83:99)", -223, "ROUTe:SCAN, parameter 1"));
	check(fails("ROUT:SCAN (@1:16,1)", -223, "ROUTe:SCAN, parameter 1"));
}

static void words(void)
{
	check(takes("PROG:NAME abc") && got("abc", 3));
	check(takes("PROG:NAME a_1 ") && got("a_1", 3));
	check(fails("PROG:NAME a-b", -103, "PROGram:NAME, parameter 1"));
	check(fails("PROG:NAME _a", -102, "PROGram:NAME, parameter 1"));
	check(scpi_match_word("SINusoid", 8, "sin", 3));
	check(!scpi_match_word("SINusoid", 8, "", 0));
	check(!scpi_match_word("SINusoid", 8, "sinusoids", 9));
	check(!scpi_match_word("SINusoid", 8, "si", 2));
}

void test_scpi_param(void)
{
	run(each_type);
	run(missing_ones);
	run(choices);
	run(what_would_be_right);
	run(strings);
	run(blocks);
	run(good_lists);
	run(bad_lists);
	run(words);
}
