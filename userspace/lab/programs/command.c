// SPDX-License-Identifier: GPL-2.0
/*
 * command.c - SCPI commands that programs send
 *
 * They run in a session of the program's own, with an error queue of its own;
 * its transfers are its user's.
 */
#include <stdlib.h>
#include <string.h>

#include "programs/internal.h"

#define COST		1000	/* instructions; *SAV and FETCh? take long */
#define POLL		(LAB_SECOND / 1000)

static void keep_answer(struct session *session, const char *bytes,
			size_t length)
{
	struct program_run *run = session->owner;
	char *answer = realloc(run->answer, run->answer_length + length);

	if (!answer) {
		scpi_error(&session->scpi, SCPI_ERR_OUT_OF_MEMORY, NULL);
		return;
	}
	memcpy(answer + run->answer_length, bytes, length);
	run->answer = answer;
	run->answer_length += length;
}

static void execute(struct program_run *run, const char *line, size_t length)
{
	run->answer_length = 0;
	scpi_execute(&run->own->scpi, line, length);
}

/* The last newline belongs to the message. */
static void push_answer(struct program_run *run, lua_State *L)
{
	size_t length = run->answer_length;

	lua_pushlstring(L, run->answer, length ? length - 1 : 0);
}

/* When to look again for the answer: after what happens next in the lab */
static lab_time next_look(const struct program_run *run)
{
	lab_time next = lab_next_timer(run->lab);

	if (next < run->now + PROGRAM_INSTRUCTION)
		return run->now + PROGRAM_INSTRUCTION;
	return next < run->now + POLL ? next : run->now + POLL;
}

/* Continues here while the command waits. */
static int finish(lua_State *L, int status, lua_KContext context)
{
	static const char ask[] = "SYSTem:ERRor?", clear[] = "*CLS";
	struct program_run *run = program_of(L);
	struct scpi *scpi = &run->own->scpi;

	if (run->stopping)	/* by its own command */
		return lua_yield(L, 0);
	scpi_update(scpi);
	if (scpi_is_suspended(scpi)) {
		run->wait = WAIT_ANSWER;
		run->now = next_look(run);
		return lua_yieldk(L, 0, 0, finish);
	}
	push_answer(run, L);
	execute(run, ask, strlen(ask));
	if (run->answer_length && run->answer[0] == '0')
		return 1;
	lua_pushnil(L);
	push_answer(run, L);
	execute(run, clear, strlen(clear));
	return 2;
}

static int call_scpi(struct program_run *run, lua_State *L)
{
	size_t length;
	const char *line = luaL_checklstring(L, 1, &length);

	if (!run->own) {
		run->own = session_new(run->lab, run->session->channel);
		if (!run->own)
			return luaL_error(L, "not enough memory");
		run->own->write = keep_answer;
		run->own->owner = run;
		run->own->user = run->session;
		run->own->scpi.events = false;
	}
	program_charge(run, COST);
	execute(run, line, length);
	return finish(L, LUA_OK, 0);
}

bool program_command_runs(const struct program_run *run)
{
	return run->own && run->own->scpi.running;
}

void program_close_command(struct program_run *run)
{
	session_close(run->own);
	free(run->answer);
}

static const struct program_call calls[] = {
	{ "scpi", call_scpi, true },
};

void program_open_command(lua_State *L)
{
	program_open_calls(L, calls, SCPI_ARRAY_SIZE(calls));
}
