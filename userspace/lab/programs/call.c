// SPDX-License-Identifier: GPL-2.0
/*
 * call.c - how programs call the card
 */
#include "programs/internal.h"

static int dispatch(lua_State *L)
{
	const struct program_call *call =
		lua_touserdata(L, lua_upvalueindex(1));
	struct program_run *run = program_of(L);

	if (call->timed && run->now > lab_now(run->lab))
		return program_again(L);
	return call->call(run, L);
}

static int resumed(lua_State *L, int status, lua_KContext context)
{
	return dispatch(L);
}

int program_again(lua_State *L)
{
	return lua_yieldk(L, 0, 0, resumed);
}

void program_open_calls(lua_State *L, const struct program_call *calls,
			size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		lua_pushlightuserdata(L, (void *)&calls[i]);
		lua_pushcclosure(L, dispatch, 1);
		lua_setfield(L, -2, calls[i].name);
	}
}
