// SPDX-License-Identifier: GPL-2.0
/*
 * test-program.c - the language of uploaded commands: what programs mean, and
 * what they cannot do
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts/clock.h"
#include "tests/test-program.h"
#include "tests/tests.h"

#define prints(text, lines) check(program_test_prints(text, lines))
#define fails(text, error) check(program_test_fails(text, error))

/* Each text is a program, or the argument of its print(). */
struct expected {
	const char *text, *result;
};

#define for_each(row, table)						\
	for (row = table; row < table + SCPI_ARRAY_SIZE(table); row++)

static void values(void)
{
	static const struct expected table[] = {
		{ "0x7fffffffffffffff + 1", "-9223372036854775808" },
		{ "0xFFFFFFFFFFFFFFFF", "-1" },
		{ "7 // 2, 7 / 2, -7 // 2, -7 % 3", "3\t3.5\t-4\t2" },
		{ "1 << 63 >> 63, ~5 & 0xf, 5 ~ 1", "1\t10\t4" },
		{ "9007199254740993 + 0", "9007199254740993" },
		{ "nil, true, 'x', 1e300, 1/0", "nil\ttrue\tx\t1e+300\tinf" },
		/* no addresses */
		{ "{}, print, print == print", "table\tfunction\ttrue" },
		{ "tostring({}), tostring(string)", "table\ttable" },
		{ "('%s %s %5.2f V'):format({}, print, 2.4789)",
		  "table function  2.48 V" },
		{ "getmetatable('')", "false" },
		{ "('abc'):upper(), #'abc', ('x'):rep(3, '-')", "ABC\t3\tx-x-x" },
		{ "('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "key\tvalue" },
		{ "('1,2,,3'):gsub(',', ';')", "1;2;;3\t3" },
		{ "('hello'):gsub('l', { l = 'L' })", "heLLo\t2" },
		{ "('a.b'):find('.', 1, true)", "2\t2" },
		{ "('f(a(b)c)d'):match('%b()')", "(a(b)c)" },
		{ "('THE (quick) fox'):find('%((%a+)%)')", "5\t11\tquick" },
		{ "string.unpack('<i2', '\\xff\\xff')", "-1\t3" },
		{ "('<I4'):pack(0x44434241)", "ABCD" },
		{ "math.type(1), math.type(1.0), math.tointeger(3.0)",
		  "integer\tfloat\t3" },
		{ "table.concat({ 1, 2, 3 }, '+'), table.unpack({ 4, 5 })",
		  "1+2+3\t4\t5" },
		{ "select('#', pcall(error, 'no', 0)), pcall(error, 'no', 0)",
		  "2\tfalse\tno" },
		{ "tonumber('0x10'), tonumber('z', 36), tonumber('x')",
		  "16\t35\tnil" },
		{ "rawequal('a', 'a'), rawlen({ 1 }), next", "true\t1\tnil" },
		{ "_G.print == print, _VERSION", "true\tLua 5.4" },
	};
	const struct expected *row;
	char text[256], line[256];

	for_each(row, table) {
		snprintf(text, sizeof(text), "print(%s)", row->text);
		snprintf(line, sizeof(line), "%s\n", row->result);
		prints(text, line);
	}
}

static void programs(void)
{
	static const struct expected table[] = {
		{ "", "" },
		{ "\n-- nothing\n;;", "" },
		{ "print()", "\n" },
		{ "print('a\\nb\\n')", "a\nb\n\n" },
		{ "print('event: x\\nevent: y')", " event: x\n event: y\n" },
		{ "print('\\0\\r\\27\\127 \xc3\xbc\\tx')", "???? \xc3\xbc\tx\n" },
		{ "reply('%.2f V', 2.4789)", "2.48 V\n" },
		{ "for i, v in ipairs({ 5, 6, nil, 7 }) do print(i, v) end",
		  "1\t5\n2\t6\n" },
		/* numbers, then strings, then booleans, each in order */
		{ "t = { b = 1, a = 2, [true] = 3, [2.5] = 4, 5, [-1] = 6,\n"
		  "      [false] = 7 }\n"
		  "for k, v in pairs(t) do print(k, v) end",
		  "-1\t6\n1\t5\n2.5\t4\na\t2\nb\t1\nfalse\t7\ntrue\t3\n" },
		{ "t = { 1, 2, 3 }\n"
		  "for k in pairs(t) do t[3] = nil; t[k + 10] = 1; print(k) end",
		  "1\n2\n" },
		{ "t = { 3, 1, 2, 1 } table.sort(t) print(table.concat(t))",
		  "1123\n" },
		{ "t = {} for i = 1, 100 do t[i] = i * 37 % 101 end\n"
		  "table.sort(t, function(a, b) return a > b end)\n"
		  "for i = 1, 100 do if t[i] ~= 101 - i then print(i) end end",
		  "" },
		{ "t = { 1, 2 } table.insert(t, 3) table.insert(t, 1, 0)\n"
		  "print(table.remove(t), table.remove(t, 1), #t)",
		  "3\t0\t2\n" },
		{ "print(table.unpack(table.move({ 1, 2, 3 }, 2, 3, 1)))",
		  "2\t3\t3\n" },
		{ "for w in ('one two'):gmatch('%a+') do print(w) end",
		  "one\ntwo\n" },
		{ "t = setmetatable({}, { __index = function(_, k)\n"
		  "  return k * 2 end })\nprint(t[21])", "42\n" },
		{ "print(pcall(function() error({ code = 5 }) end))",
		  "false\ttable\n" },
		{ "do local x <close> = setmetatable({}, { __close =\n"
		  "  function() print('closed') end }) end", "closed\n" },
		{ "print(...)", "\n" },
		{ "goto done; print(1) ::done::", "" },
		{ "print((pcall(wait, 0.001)), (pcall(pcall, wait, 1)))",
		  "true\ttrue\n" },
	};
	const struct expected *row;

	for_each(row, table)
		prints(row->text, row->result);
}

static void errors(void)
{
#define ADDRESS	"the range is not in card memory, which has 65536 bytes"
#define SLOW	"may take too long: fewer repetitions or less text"
#define PLAIN	"a table with a metatable is not accepted"
	static const struct expected table[] = {
		{ "local x\ny = x + 1",
		  "line 2: attempt to perform arithmetic on a nil value (local 'x')" },
		{ "x = 1 // 0", "line 1: attempt to divide by zero" },
		{ "\n\nerror('no signal')", "line 3: no signal" },
		{ "error('no signal', 0)", "line 1: no signal" },
		{ "error({})", "line 1: the error is a table" },
		{ "error(setmetatable({}, { __tostring = error }))",
		  "line 1: the error is a table" },
		{ "error()", "line 1: the error is a nil" },
		{ "error(5.5)", "line 1: error 5.5" },
		{ "error('a\\nb\\200')", "line 1: a?b?" },
		{ "nothing()",
		  "line 1: attempt to call a nil value (global 'nothing')" },
		{ "x = 'a' + 1", "line 1: attempt to perform arithmetic on a "
		  "string value (constant 'a')" },
		{ "sample()", "line 1: bad argument #1 to 'sample' (number "
		  "expected, got no value)" },
		{ "sample(9)", "line 1: bad argument #1 to 'sample' (there is no "
		  "input 9, only 1 to 8)" },
		{ "sample(4294967297)", "line 1: bad argument #1 to 'sample' (there "
		  "is no input 4294967297, only 1 to 8)" },
		{ "output(0, 1)", "line 1: bad argument #1 to 'output' (there is no "
		  "output 0, only 1 to 2)" },
		{ "output(1, 10.01)", "line 1: bad argument #2 to 'output' (the "
		  "voltage is not within -10 to 10 V)" },
		{ "output(1, 0/0)", "line 1: bad argument #2 to 'output' (the "
		  "voltage is not within -10 to 10 V)" },
		{ "line(17)", "line 1: bad argument #1 to 'line' (there is no line "
		  "17, only 1 to 16)" },
		{ "line(9, 'on')", "line 1: bad argument #2 to 'line' (number "
		  "expected, got string)" },
		{ "line(1.5)", "line 1: bad argument #1 to 'line' (number has no "
		  "integer representation)" },
		{ "clock(5)", "line 1: bad argument #1 to 'clock' (there is no "
		  "clock 5, only 1 to 4)" },
		{ "clock(1, 0)", "line 1: bad argument #2 to 'clock' (the frequency "
		  "is not within 0.0233 Hz to 100 MHz)" },
		{ "read(65536, 1)", "line 1: " ADDRESS },
		{ "read(65533, 4)", "line 1: " ADDRESS },
		{ "read(-1, 1)", "line 1: " ADDRESS },
		{ "read(0, -1)", "line 1: " ADDRESS },
		{ "read(1, 0x7fffffffffffffff)", "line 1: " ADDRESS },
		{ "write(65535, 'ab')", "line 1: " ADDRESS },
		{ "write(-1, 'ab')", "line 1: " ADDRESS },
		{ "wait(-1)", "line 1: bad argument #1 to 'wait' (the time is not "
		  "within 0 to 1e9 s)" },
		{ "wait(0/0)", "line 1: bad argument #1 to 'wait' (the time is not "
		  "within 0 to 1e9 s)" },
		{ "wait_until(1e10)", "line 1: bad argument #1 to 'wait_until' (the "
		  "time is not within 0 to 1e9 s)" },
		{ "tohost(0.5, 1, 1)", "line 1: bad argument #1 to 'tohost' (number "
		  "has no integer representation)" },
		{ "start_fromhost(0, 1, 1e30)", "line 1: bad argument #3 to "
		  "'start_fromhost' (number has no integer representation)" },
		{ "print(('x'):rep(1024))",
		  "line 1: the line is too long, it can have 1023 bytes" },
		/* what could not be stopped */
		{ "setmetatable({}, { __gc = print })",
		  "line 1: bad argument #2 to 'setmetatable' (there is no __gc)" },
		{ "x = string.format('%p', '')",
		  "line 1: bad argument #1 to 'format' (there is no %p)" },
		{ "x = string.format('%\\0%-5p', '', '')",
		  "line 1: bad argument #1 to 'format' (there is no %p)" },
		{ "x = ('x'):gsub('x', print)", "line 1: bad argument #2 to 'gsub' "
		  "(string expected, got function)" },
		{ "x = ('x'):gsub('x', setmetatable({}, {}))",
		  "line 1: bad argument #2 to 'gsub' (" PLAIN ")" },
		{ "table.concat(setmetatable({}, { __index = error }), '', 1, 9)",
		  "line 1: bad argument #1 to 'concat' (" PLAIN ")" },
		{ "table.insert(setmetatable({}, { __len = error }), 1)",
		  "line 1: bad argument #1 to 'insert' (" PLAIN ")" },
		{ "table.remove(setmetatable({}, { __len = error }))",
		  "line 1: bad argument #1 to 'remove' (" PLAIN ")" },
		{ "table.unpack(setmetatable({}, { __index = error }), 1, 3)",
		  "line 1: bad argument #1 to 'unpack' (" PLAIN ")" },
		{ "table.move({}, 1, 3, 1, setmetatable({}, {}))",
		  "line 1: bad argument #5 to 'move' (" PLAIN ")" },
		{ "table.move({}, 1, 1e15, 2)", "line 1: too many elements" },
		{ "table.unpack({}, math.mininteger, math.maxinteger)",
		  "line 1: too many elements" },
		{ "table.concat({}, '', 1, 1 << 40)", "line 1: too many elements" },
		{ "x = (''):rep(1 << 40)",
		  "line 1: bad argument #1 to 'rep' (too many)" },
		{ "x = ('x'):rep(1 << 20)", "line 1: not enough memory" },
		{ "t = {} while true do t[#t + 1] = #t end",
		  "line 1: not enough memory" },
		{ "local function f() return 1 + f() end f()",
		  "line 1: not enough memory" },
		{ "x = ('a'):rep(9999):find(('.-'):rep(20) .. 'b')",
		  "line 1: bad argument #1 to 'find' (" SLOW ")" },
		{ "x = ('a'):rep(9999):match('a-a-b')",
		  "line 1: bad argument #1 to 'match' (" SLOW ")" },
		{ "x = ('a'):rep(9999):gsub('%f[a].+b', '')",
		  "line 1: bad argument #1 to 'gsub' (" SLOW ")" },
		{ "for x in ('a'):rep(9999):gmatch('[%]*+]*b') do end",
		  "line 1: bad argument #2 to 'gmatch' (" SLOW ")" },
		{ "x = ('a'):rep(99999):find(('a'):rep(9999), 1, true)",
		  "line 1: bad argument #1 to 'find' (" SLOW ")" },
		{ "for k in pairs({ [{}] = 1 }) do end",
		  "line 1: pairs: a key is a table, which has no order" },
		{ "\ntable.sort({ 1, 'x' })",
		  "line 2: attempt to compare number with string" },
	};
	const struct expected *row;

	for_each(row, table)
		fails(row->text, row->result);
}

/* A text that a continuation can complete is accepted, see -commands.c. */
static void texts(void)
{
	static const struct expected table[] = {
		{ "x = = 1", "line 1: unexpected symbol near '='" },
		{ "x = 1\nend", "line 2: <eof> expected near 'end'" },
		{ "goto nowhere", "line 1: no visible label 'nowhere' for <goto> at line 1" },
		{ "x = 'a\nb'", "line 1: unfinished string near ''a'" },
		{ "\x1bLua", "attempt to load a binary chunk (mode is 't')" },
		{ "x = 1 \x80", "line 1: unexpected symbol near '<\\128>'" },
		{ "local x <const> = 1; x = 2",
		  "line 1: attempt to assign to const variable 'x'" },
	};
	static char deep[16001];
	char error[PROGRAM_ERROR_MAX];
	const struct expected *row;

	for_each(row, table)
		check(program_test_refused(row->text, row->result));
	memset(deep, '(', sizeof(deep) - 1);
	check(program_test_define(deep, error) == SCPI_ERR_PROGRAM_SYNTAX);
	check(strstr(error, "C stack overflow"));
}

static void what_is_not_there(void)
{
	static const char * const names[] = {
		"collectgarbage", "coroutine", "debug", "dofile", "io", "load",
		"loadfile", "loadstring", "math.randomseed", "next", "os",
		"package", "require", "string.dump", "utf8", "warn", "xpcall",
	};
	char text[64];
	size_t i;

	for (i = 0; i < SCPI_ARRAY_SIZE(names); i++) {
		snprintf(text, sizeof(text), "print(%s)", names[i]);
		prints(text, "nil\n");
	}
	/* and nothing else is: the manual has the list */
	prints("local n = 0 for k, v in pairs(_G) do n = n + 1\n"
	       "if type(v) == 'table' and v ~= _G then\n"
	       "for _ in pairs(v) do n = n + 1 end end end print(n)", "88\n");
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

/* --- commands ------------------------------------------------------------ */

static void commands(void)
{
	static const struct expected table[] = {
		{ "print(scpi('INP3:FUNC DC;OFFS 1.5'))", "\n" },
		{ "print(scpi('INP3:OFFS?'))", "1.5E+00\n" },
		{ "print(scpi('INP3:OFFS 1 parsec'))",
		  "nil\t-131,\"Invalid suffix;INPut3:OFFSet, parameter 1, offset: number, -10 to 10 V, default 0\"\n" },
		/* each has its own errors */
		{ "scpi('NO') print(scpi('INP3:OFFS?'))", "1.5E+00\n" },
		{ "print(scpi('SYST:ERR?'))", "0,\"No error\"\n" },
		/* commands that wait */
		{ "scpi('SAMP:LIST (@3);RATE 1000;COUN 2')\n"
		  "local t = time() print(scpi('READ?'):match('[%d.]+$'))\n"
		  "reply('%.3f', time() - t)", "1.499985\n0.001\n" },
		{ "scpi('SAMP:COUN 1001') local t = time()\n"
		  "print(scpi('INIT;*OPC?')) reply('%.3f', time() - t)",
		  "1\n1.000\n" },
		{ "scpi('SYST:TIME:ADV 2') print(time() > 2)", "true\n" },
		/* a program that it starts is its user's */
		{ "print(scpi(\"PROG:DEF q,'wait(1) print(5)';RUN q;*OPC?\"))",
		  "1\n5\n" },
		{ "print(scpi('p'))", "nil\t-284,\"Program currently running;"
		  "PROGram:RUN\"\n" },
		{ "print(scpi('PROG:STAT? p'))", "RUN\n" },
		/* it stops itself */
		{ "scpi('PROG:STOP p') print(1)", "" },
		{ "pcall(scpi, '*RST') print(1)", "" },
		{ "scpi('READ?;*RST') print(1)", "" },
		{ "scpi('SYST:TIME:ADV 1;:PROG:STOP p') print(1)", "" },
		{ "scpi('MEAS:FREQ? 1,10 ms;*SAV 1;*RCL 1') print(1)", "" },
		{ "print(scpi('*IDN?\\n*IDN?'))",
		  "nil\t-101,\"Invalid character;character 6\"\n" },
	};
	const struct expected *row;

	programs_connect(rig.lab, &program_connectors);
	for_each(row, table)
		prints(row->text, row->result);
	asks(0, "SYST:ERR?", "0,\"No error\"");
}

/* A command that nothing answers ends with the program. */
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

/*
 * Whatever they do, the watchdog ends them, at once and for good. What the
 * machine executes meanwhile is limited, too: each is done in a moment.
 */
static void nothing_goes_on(void)
{
	static const char * const texts[] = {
		"while true do end",
		"while true do pcall(error) end",
		"pcall(function() while true do end end) print('caught')",
		"while true do pcall(function() while true do end end) end",
		"repeat until pcall(pcall, pcall, function() while true do end end)",
		"table.sort({ 3, 2, 1 }, function() while true do end end)",
		"table.sort(setmetatable({}, { __len = function() return 1e15 end,"
		"__index = function() return 1 end, __newindex = type }))",
		"for _ in ipairs(setmetatable({}, { __index = type })) do end",
		"for _ in pairs(setmetatable({ a = 1 }, { __index = print })) do\n"
		"while true do end end",
		"local t = setmetatable({}, {}) getmetatable(t).__index =\n"
		"function() while true do end end print(t.x)",
		"local m = { __add = function() while true do end end }\n"
		"print(setmetatable({}, m) + 1)",
		"local m = { __eq = function() while true do end end }\n"
		"print(setmetatable({}, m) == setmetatable({}, m))",
		"local m = { __concat = function() while true do end end }\n"
		"print('' .. setmetatable({}, m))",
		"local m = { __call = function() while true do end end }\n"
		"setmetatable({}, m)()",
		"local x <close> = setmetatable({}, { __close =\n"
		"function() while true do end end })",
		"pcall(function() local x <close> = setmetatable({}, { __close =\n"
		"function() while true do end end }) error() end)",
		"for _ in function() while true do end end do end",
		"local s = ('x'):rep(300000) while true do s:upper() end",
		"local s = ('x'):rep(400000) while true do s = s .. 'x' end",
		"local s = ('x'):rep(300000) while true do tonumber(s) end",
		"while true do (''):rep(1000000) end",
		"while true do pcall(string.rep, 'x', 1 << 20) end",
		"local s = ('a'):rep(100) while true do s:find('.-.-b') end",
		"local t = {} for i = 1, 9999 do t[i] = i end\n"
		"while true do table.insert(t, 1, 0) table.remove(t, 1) end",
		"local next = ('a'):rep(1500):gmatch('a-b') while true do next() end",
		"while true do table.unpack({}, 1, 9999) end",
		"while true do table.move({}, 1, 60000, 1) end",
		"while true do read(0, size()) end",
		"while true do scpi('*IDN?') end",
		"while true do scpi('INP1:FREQ x') end",
		"while true do string.format('%99.99f', 1e308) end",
		"local s = ('z'):rep(200000) while true do tonumber(s, 36) end",
		"local s = ('(' ):rep(999) while true do s:find('%b()') end",
		"local s = ('a'):rep(9999) while true do s:gsub('%f[b]', '') end",
		"local t = {} for i = 1, 9999 do t[i] = 'xxxxxxxx' end\n"
		"while true do table.concat(t) end",
		"while true do pcall(table.unpack, {}, 1, 1e7) end",
		"while true do string.pack('s4', ('x'):rep(100000)) end",
		"while true do pcall(string.byte, ('x'):rep(200000), 1, -1) end",
		"while true do pcall(function() local x <close> = setmetatable({}, { __close =\n"
		"function() error('x') end }) error('y') end) end",
		"local function f() pcall(f) pcall(f) end f()",
		"local function f() return f() end f()",
		"setmetatable(_G, { __index = function() while true do end end }) print(x)",
		"local m = { __lt = function() while true do end end }\n"
		"print(setmetatable({}, m) < setmetatable({}, m))",
		"local t = setmetatable({}, { __mode = 'k' }) while true do t[{}] = {} end",
		"local function f() while true do select(-1, table.unpack({}, 1, 99)) end end f()",
		"while true do scpi('*SAV 1') end",
		"while true do scpi('FETC?') end",
		"while true do scpi('PROG:DEF y,\"--\"') end",
		"while true do wait(0) end",
		"while true do wait(1e-9) wait_until(0) end",
	};
	size_t i;

	say(0, "SYST:EVEN ON");
	for (i = 0; i < SCPI_ARRAY_SIZE(texts); i++) {
		const char *lines = program_test_run(texts[i]);

		if (!strstr(lines, "P STOPPED watchdog: line ") ||
		    strstr(lines, "caught")) {
			printf("# '%s': '%.200s'\n", texts[i], lines);
			check(!"the watchdog ends it");
		}
		say(0, "*CLS");
	}
}

void test_program(void)
{
	run_program(values);
	run_program(programs);
	run_program(errors);
	run_program(texts);
	run_program(what_is_not_there);
	run_program(random_numbers_repeat);
	run_program(memory);
	run_program(connectors);
	run_program(real_connectors);
	run_program(commands);
	run_program(commands_may_wait_for_ever);
	run_program(nothing_goes_on);
}
