// SPDX-License-Identifier: GPL-2.0
/*
 * guard.c - what programs may use of Lua's library
 *
 * A function of the library that is written in C is not interrupted. So before
 * it runs, its guard sees that it takes no longer than the lab time that it is
 * charged with, and calls no function of the program (metamethods, callbacks):
 * that could not be stopped in there. What cannot be guarded is replaced, see
 * library.c, or left out: load, xpcall, next, collectgarbage, coroutine, debug,
 * io, os, package, utf8, string.dump, math.randomseed.
 */
#include <lualib.h>
#include <math.h>
#include <string.h>

#include "programs/internal.h"

#define STRING_COST	1024	/* bytes that are read in 1 us */
#define ELEMENT_COST	64	/* elements of tables that are moved in 1 us */
#define FIXED_COST	10	/* us of a number in fixed point */
#define BASE_COST	256	/* digits that are read in 1 us */
#define STEP_COST	100	/* steps of matching in 1 us */
#define STEPS_MAX	1e7
#define ELEMENTS_MAX	(PROGRAM_MEMORY_MAX / 16)

/* --- text ---------------------------------------------------------------- */

/* As tostring(), but without addresses, which are not always the same */
void program_push_text(lua_State *L, int index)
{
	switch (lua_type(L, index)) {
	case LUA_TNIL: case LUA_TBOOLEAN: case LUA_TNUMBER: case LUA_TSTRING:
		/* no metamethods: those of strings are ours, below */
		luaL_tolstring(L, index, NULL);
		break;
	default:
		lua_pushstring(L, luaL_typename(L, index));
	}
}

static int text(lua_State *L)
{
	luaL_checkany(L, 1);
	program_push_text(L, 1);
	return 1;
}

/* What has a metatable may call functions of the program. */
static void check_plain(lua_State *L, int index)
{
	luaL_checktype(L, index, LUA_TTABLE);
	luaL_argcheck(L, !lua_getmetatable(L, index), index,
		      "a table with a metatable is not accepted");
}

static void guard_format(lua_State *L)
{
	size_t length;
	const char *at = luaL_checklstring(L, 1, &length);
	const char *end = at + length;
	int i;

	while ((at = memchr(at, '%', end - at))) {
		at += 1 + strspn(at + 1, "-+ #0123456789.");
		luaL_argcheck(L, *at != 'p', 1, "there is no %p");
		if (*at == 'f')		/* up to 400 digits */
			program_charge(program_of(L), FIXED_COST);
		at += at < end;
	}
	for (i = 2; i <= lua_gettop(L); i++) {
		if (lua_istable(L, i) || lua_isfunction(L, i)) {
			program_push_text(L, i);
			lua_replace(L, i);
		}
	}
}

static void guard_tonumber(lua_State *L)
{
	if (lua_type(L, 1) == LUA_TSTRING)
		program_charge(program_of(L), lua_rawlen(L, 1) / BASE_COST);
}

static void guard_rep(lua_State *L)
{
	lua_Integer count = luaL_checkinteger(L, 2);

	luaL_argcheck(L, count <= PROGRAM_MEMORY_MAX, 2, "too many");
	if (count > 0)
		program_charge(program_of(L), count / ELEMENT_COST);
}

/* --- patterns ------------------------------------------------------------ */

static bool is_repetition(char c)
{
	return c == '*' || c == '+' || c == '-' || c == '?';
}

/* Lua 5.4 reference manual, 6.4.1: the end of the item at @p */
static const char *item_end(const char *p, const char *end)
{
	if (*p == '%')
		return p + 1 < end ? p + 2 : end;
	if (*p++ != '[')
		return p;
	if (p < end && *p == '^')
		p++;
	do {		/* a first ']' is not the end */
		if (p < end && *p++ == '%' && p < end)
			p++;
	} while (p < end && *p != ']');
	return p < end ? p + 1 : end;
}

/*
 * How many steps matching a pattern at one place takes at most: the matcher
 * tries all lengths of each repeated item with all lengths of the next ones.
 */
static double match_steps(const char *p, size_t length, double bytes)
{
	const char *end = p + length;
	double steps = length + 1;

	while (p < end) {
		bool pair = *p == '%' && p + 1 < end;

		if (*p == '(' || *p == ')') {
			p++;
		} else if (pair && (p[1] == 'b' || (p[1] >= '0' && p[1] <= '9'))) {
			/* %bxy or %1, which cannot be repeated */
			p += p[1] == 'b' ? 4 : 2;
			steps *= bytes + 1;
		} else {
			p = item_end(p, end);
			if (p == end || !is_repetition(*p))
				continue;
			steps *= *p++ == '?' ? 2 : bytes + 1;
		}
	}
	return steps;
}

/* Arguments: text, pattern; @more: what each match takes besides */
static void guard_match(lua_State *L, bool plain, bool anchor, double more)
{
	size_t length, bytes;
	const char *pattern = luaL_checklstring(L, 2, &length);
	double steps;

	luaL_checklstring(L, 1, &bytes);
	steps = plain ? length + 1 : match_steps(pattern, length, bytes);
	if (plain || !anchor || *pattern != '^')
		steps = (steps + more) * (bytes + 1);
	luaL_argcheck(L, steps <= STEPS_MAX, 2,
		      "may take too long: fewer repetitions or less text");
	program_charge(program_of(L), steps / STEP_COST);
}

static void guard_find(lua_State *L)
{
	guard_match(L, lua_toboolean(L, 4), true, 0);
}

static void guard_first(lua_State *L)
{
	guard_match(L, false, true, 0);
}

static void guard_gmatch(lua_State *L)
{
	guard_match(L, false, false, 0);
}

static void guard_gsub(lua_State *L)
{
	size_t length = 0;

	if (lua_istable(L, 3))
		check_plain(L, 3);
	else
		luaL_checklstring(L, 3, &length);
	guard_match(L, false, false, length);
}

/* --- tables -------------------------------------------------------------- */

/* Elements @first to @last of the table in argument 1 are about to be moved. */
static void charge_elements(lua_State *L, lua_Integer first, lua_Integer last)
{
	lua_Unsigned count = (lua_Unsigned)last - (lua_Unsigned)first;

	if (first > last)
		return;
	if (count >= ELEMENTS_MAX)
		luaL_error(L, "too many elements");
	program_charge(program_of(L), count / ELEMENT_COST);
}

/* Argument 2 is a place in the table, if there are @count arguments. */
static void guard_place(lua_State *L, int count)
{
	check_plain(L, 1);
	if (lua_gettop(L) == count)
		charge_elements(L, luaL_checkinteger(L, 2), lua_rawlen(L, 1));
}

static void guard_insert(lua_State *L)
{
	guard_place(L, 3);
}

static void guard_remove(lua_State *L)
{
	guard_place(L, 2);
}

static void guard_concat(lua_State *L)
{
	check_plain(L, 1);
	charge_elements(L, luaL_optinteger(L, 3, 1),
			luaL_optinteger(L, 4, lua_rawlen(L, 1)));
}

static void guard_unpack(lua_State *L)
{
	check_plain(L, 1);
	charge_elements(L, luaL_optinteger(L, 2, 1),
			luaL_optinteger(L, 3, lua_rawlen(L, 1)));
}

static void guard_move(lua_State *L)
{
	check_plain(L, 1);
	if (!lua_isnoneornil(L, 5))
		check_plain(L, 5);
	charge_elements(L, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3));
}

/* Finalizers could not be stopped. */
static void guard_setmetatable(lua_State *L)
{
	if (!lua_istable(L, 2))
		return;
	lua_pushliteral(L, "__gc");
	lua_rawget(L, 2);
	luaL_argcheck(L, lua_isnil(L, -1), 2, "there is no __gc");
	lua_pop(L, 1);
}

/* --- the library --------------------------------------------------------- */

static void guard_nothing(lua_State *L)
{
}

/* NULL: takes no time. guard_nothing: as long as its strings are */
static const struct function {
	const char *library, *name;
	void (*guard)(lua_State *L);
} functions[] = {
	{ "_G", "_VERSION", NULL },
	{ "_G", "assert", NULL },
	{ "_G", "error", NULL },
	{ "_G", "getmetatable", NULL },
	{ "_G", "pcall", NULL },
	{ "_G", "rawequal", guard_nothing },
	{ "_G", "rawget", NULL },
	{ "_G", "rawlen", NULL },
	{ "_G", "rawset", NULL },
	{ "_G", "select", NULL },
	{ "_G", "setmetatable", guard_setmetatable },
	{ "_G", "tonumber", guard_tonumber },
	{ "_G", "type", NULL },
	{ "math", "abs", NULL }, { "math", "acos", NULL },
	{ "math", "asin", NULL }, { "math", "atan", NULL },
	{ "math", "ceil", NULL }, { "math", "cos", NULL },
	{ "math", "deg", NULL }, { "math", "exp", NULL },
	{ "math", "floor", NULL }, { "math", "fmod", NULL },
	{ "math", "huge", NULL }, { "math", "log", NULL },
	{ "math", "max", NULL }, { "math", "maxinteger", NULL },
	{ "math", "min", NULL }, { "math", "mininteger", NULL },
	{ "math", "modf", NULL }, { "math", "pi", NULL },
	{ "math", "rad", NULL }, { "math", "random", NULL },
	{ "math", "sin", NULL }, { "math", "sqrt", NULL },
	{ "math", "tan", NULL }, { "math", "tointeger", guard_nothing },
	{ "math", "type", NULL }, { "math", "ult", NULL },
	{ "string", "byte", guard_nothing },
	{ "string", "char", NULL },
	{ "string", "find", guard_find },
	{ "string", "format", guard_format },
	{ "string", "gmatch", guard_gmatch },
	{ "string", "gsub", guard_gsub },
	{ "string", "len", NULL },
	{ "string", "lower", guard_nothing },
	{ "string", "match", guard_first },
	{ "string", "pack", guard_nothing },
	{ "string", "packsize", guard_nothing },
	{ "string", "rep", guard_rep },
	{ "string", "reverse", guard_nothing },
	{ "string", "sub", NULL },
	{ "string", "unpack", guard_nothing },
	{ "string", "upper", guard_nothing },
	{ "table", "concat", guard_concat },
	{ "table", "insert", guard_insert },
	{ "table", "move", guard_move },
	{ "table", "pack", NULL },
	{ "table", "remove", guard_remove },
	{ "table", "unpack", guard_unpack },
};

static int guarded(lua_State *L)
{
	const struct function *function =
		lua_touserdata(L, lua_upvalueindex(2));
	size_t bytes = 0;
	int i;

	for (i = lua_gettop(L); i; i--) {
		if (lua_type(L, i) == LUA_TSTRING)
			bytes += lua_rawlen(L, i);
	}
	program_charge(program_of(L), bytes / STRING_COST);
	function->guard(L);
	/* in this call, so that its errors say where the program is */
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* The table @to gets @function of the table at the top of the stack. */
static void copy(lua_State *L, int to, const struct function *function)
{
	lua_getfield(L, -1, function->name);
	if (function->guard) {
		lua_pushlightuserdata(L, (void *)function);
		lua_pushcclosure(L, guarded, 2);
	}
	lua_setfield(L, to, function->name);
}

/* Only s:format() and the like: arithmetic would call metamethods. */
static void set_string_metatable(lua_State *L, int globals)
{
	lua_pushliteral(L, "");
	lua_createtable(L, 0, 2);
	lua_getfield(L, globals, "string");
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_pop(L, 1);
}

void program_open_library(lua_State *L, lua_Integer seed)
{
	static const luaL_Reg libraries[] = {
		{ "_G", luaopen_base }, { "math", luaopen_math },
		{ "string", luaopen_string }, { "table", luaopen_table },
	};
	int globals = lua_gettop(L), original = globals + 1;
	size_t i, j;

	for (i = 0; i < SCPI_ARRAY_SIZE(libraries); i++) {
		const char *name = libraries[i].name;

		luaL_requiref(L, name, libraries[i].func, 0);
		if (i) {
			lua_newtable(L);
			lua_pushvalue(L, -1);
			lua_setfield(L, globals, name);
		} else {
			lua_pushvalue(L, globals);
			lua_pushvalue(L, globals);
			lua_setfield(L, globals, name);
		}
		lua_insert(L, original);
		for (j = 0; j < SCPI_ARRAY_SIZE(functions); j++) {
			if (strcmp(functions[j].library, name) == 0)
				copy(L, original, &functions[j]);
		}
		if (strcmp(name, "math") == 0) {
			lua_getfield(L, -1, "randomseed");
			lua_pushinteger(L, seed);
			lua_call(L, 1, 0);
		}
		lua_settop(L, globals);
	}
	lua_pushcfunction(L, text);
	lua_setfield(L, globals, "tostring");
	set_string_metatable(L, globals);
}
