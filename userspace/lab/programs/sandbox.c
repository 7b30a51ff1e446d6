// SPDX-License-Identifier: GPL-2.0
/*
 * sandbox.c - the Lua state of a program
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "programs/internal.h"

/* Lua puts it before a message, with the number of the line: "line:2: ..." */
#define CHUNK	"=line"
#define LIBRARY	"library"

/* Printable, with the line as people write it: "line 2: ..." */
static void describe(char *error, int line, const char *text)
{
	char *c;

	if (strncmp(text, LIBRARY ":", strlen(LIBRARY ":")) == 0 &&
	    strstr(text, ": "))
		text = strstr(text, ": ") + 2;
	if (strncmp(text, "line:", 5) == 0)
		snprintf(error, PROGRAM_ERROR_MAX, "line %s", text + 5);
	else if (line)
		snprintf(error, PROGRAM_ERROR_MAX, "line %d: %s", line, text);
	else
		snprintf(error, PROGRAM_ERROR_MAX, "%s", text);
	for (c = error; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
}

int program_line(lua_State *L)
{
	lua_Debug ar;
	int level;

	for (level = 0; lua_getstack(L, level, &ar); level++) {
		if (lua_getinfo(L, "Sl", &ar) && ar.currentline > 0 &&
		    strcmp(ar.source, CHUNK) == 0)
			return ar.currentline;
	}
	return 0;
}

void program_explain(struct program_run *run, lua_State *L)
{
	int line = program_line(L);
	char text[64];

	switch (lua_type(L, -1)) {
	case LUA_TSTRING:
		describe(run->failure, line, lua_tostring(L, -1));
		break;
	case LUA_TNUMBER:	/* lua_tostring() would allocate */
		snprintf(text, sizeof(text), "error %.14g", lua_tonumber(L, -1));
		describe(run->failure, line, text);
		break;
	default:
		snprintf(text, sizeof(text), "the error is a %s",
			 luaL_typename(L, -1));
		describe(run->failure, line, text);
	}
}

/* --- a text -------------------------------------------------------------- */

/* Only text: bytecode could do anything. */
static int load(lua_State *L, const char *text, size_t length)
{
	return luaL_loadbufferx(L, text, length, CHUNK, "t");
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), wanted = strlen(end);

	return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

int program_check(const char *text, size_t length, char *error,
		  bool *complete)
{
	struct program_memory memory = { 0 };
	lua_State *L = lua_newstate(program_allocate, &memory);
	int status;

	if (!L)
		return SCPI_ERR_OUT_OF_MEMORY;
	status = load(L, text, length);
	*complete = status == LUA_OK;
	*error = '\0';
	if (status != LUA_OK)
		describe(error, 0, lua_tostring(L, -1));
	if (status == LUA_ERRSYNTAX && ends_with(lua_tostring(L, -1), "<eof>"))
		status = LUA_OK;
	lua_close(L);
	return status == LUA_OK ? 0 : SCPI_ERR_PROGRAM_SYNTAX;
}

/* --- a run --------------------------------------------------------------- */

struct load {
	struct program_run *run;
	lua_Hook hook;
	uint64_t seed;
	const struct scpi_value *args;
	unsigned int count;
};

static void replace_library(lua_State *L)
{
	luaL_loadbufferx(L, program_library, strlen(program_library),
			 "=" LIBRARY, "t");
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	lua_getfield(L, -1, "_G");
	lua_getfield(L, -1, "next");
	lua_replace(L, -3);
	lua_pop(L, 1);
	lua_call(L, 1, 0);
}

static void push_args(lua_State *L, const struct scpi_value *args,
		      unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (args[i].whole)
			lua_pushinteger(L, args[i].integer);
		else
			lua_pushnumber(L, args[i].number);
	}
}

static int prepare(lua_State *L)
{
	const struct load *what = lua_touserdata(L, 1);
	const struct program *program = what->run->program;

	lua_newtable(L);
	program_open_library(L, what->seed);
	program_open_card(L);
	program_open_command(L);
	lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
	replace_library(L);
	what->run->thread = lua_newthread(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, what->run);
	if (load(what->run->thread, program->text, program->length))
		return lua_error(L);
	push_args(what->run->thread, what->args, what->count);
	lua_sethook(what->run->thread, what->hook, LUA_MASKCOUNT, 1);
	return 0;
}

int program_load(struct program_run *run, lua_Hook hook, uint64_t seed,
		 const struct scpi_value *args, unsigned int count)
{
	struct load what = { run, hook, seed, args, count };

	run->memory.run = run;
	run->state = lua_newstate(program_allocate, &run->memory);
	if (!run->state)
		return -ENOMEM;
	*(struct program_run **)lua_getextraspace(run->state) = run;
	lua_pushcfunction(run->state, prepare);
	lua_pushlightuserdata(run->state, &what);
	if (lua_pcall(run->state, 1, 0, 0) == LUA_OK)
		return 0;
	program_unload(run);
	return -ENOMEM;
}

void program_unload(struct program_run *run)
{
	lua_close(run->state);
}
