// SPDX-License-Identifier: GPL-2.0
/*
 * card.c - the card as programs see it: lines of text, time, connectors, card
 * memory, transfers
 *
 * Connectors and clocks count from 1 here.
 */
#include <math.h>
#include <string.h>

#include "parts/clock.h"
#include "programs/internal.h"

#define PRINT_MAX	(SCPI_LINE_MAX - 1)	/* without newline */

/* --- print --------------------------------------------------------------- */

static void send_line(struct program_run *run, const char *text, size_t length)
{
	char line[PRINT_MAX];
	size_t i;

	for (i = 0; i < length; i++) {
		unsigned char c = text[i];

		line[i] = (c < ' ' && c != '\t') || c == 0x7f ? '?' : c;
	}
	scpi_notify(&run->session->scpi, "%.*s", (int)length, line);
}

static int call_print(struct program_run *run, lua_State *L)
{
	int i, count = lua_gettop(L);
	const char *text, *end, *newline;
	luaL_Buffer buffer;
	size_t length;

	luaL_buffinit(L, &buffer);
	for (i = 1; i <= count; i++) {
		if (i > 1)
			luaL_addchar(&buffer, '\t');
		program_push_text(L, i);
		luaL_addvalue(&buffer);
	}
	luaL_pushresult(&buffer);
	text = lua_tolstring(L, -1, &length);
	for (end = text + length; text <= end; text = newline + 1) {
		newline = memchr(text, '\n', end - text);
		if (!newline)
			newline = end;
		if (newline - text > PRINT_MAX)
			return luaL_error(L, "the line is too long, it can have %d bytes",
					  PRINT_MAX);
		send_line(run, text, newline - text);
		program_charge(run, 1);
	}
	return 0;
}

/* --- time ---------------------------------------------------------------- */

/* The watchdog looks at instructions since the last one that took 1 us. */
static int sleep_for(struct program_run *run, lua_State *L, lab_time time)
{
	lab_time left = run->limits->time;

	if (time < PROGRAM_INSTRUCTION)
		return 0;
	/* not past the end that the watchdog sets */
	if (run->now - run->started < left)
		left -= run->now - run->started;
	run->used = 0;
	run->wait = WAIT_TIME;
	run->now += time < left ? time : left;
	return lua_yield(L, 0);
}

static lab_time check_time(lua_State *L)
{
	lua_Number time = luaL_checknumber(L, 1);

	luaL_argcheck(L, time >= 0 && time <= PROGRAM_TIME_MAX, 1,
		      "the time is not within 0 to 1e9 s");
	return llround(time * LAB_SECOND);
}

static int call_wait(struct program_run *run, lua_State *L)
{
	return sleep_for(run, L, check_time(L));
}

static int call_wait_until(struct program_run *run, lua_State *L)
{
	lab_time until = check_time(L);

	return until > run->now ? sleep_for(run, L, until - run->now) : 0;
}

static int call_time(struct program_run *run, lua_State *L)
{
	lua_pushnumber(L, (double)run->now / LAB_SECOND);
	return 1;
}

/* --- connectors and clocks ----------------------------------------------- */

static unsigned int check_place(lua_State *L, const char *what,
				unsigned int count)
{
	lua_Integer n = luaL_checkinteger(L, 1);

	if (n < 1 || n > count)
		luaL_argerror(L, 1, lua_pushfstring(L,
			"there is no %s %I, only 1 to %d", what, n, count));
	return n - 1;
}

static int call_sample(struct program_run *run, lua_State *L)
{
	unsigned int n = check_place(L, "input", LAB_INPUTS);

	lua_pushnumber(L, run->io->analog_in(run->lab, n));
	return 1;
}

static int call_output(struct program_run *run, lua_State *L)
{
	unsigned int n = check_place(L, "output", LAB_OUTPUTS);
	lua_Number volts = luaL_checknumber(L, 2);

	luaL_argcheck(L, fabs(volts) <= LAB_FULL_SCALE, 2,
		      "the voltage is not within -10 to 10 V");
	run->io->analog_out(run->lab, n, volts);
	return 0;
}

/* Levels are true and false; 1 and 0 are accepted. */
static int call_line(struct program_run *run, lua_State *L)
{
	unsigned int n = check_place(L, "line", LAB_LINES);

	if (lua_gettop(L) == 1) {
		lua_pushboolean(L, run->io->digital_in(run->lab, n));
		return 1;
	}
	if (lua_isboolean(L, 2))
		run->io->digital_out(run->lab, n, lua_toboolean(L, 2));
	else
		run->io->digital_out(run->lab, n, luaL_checknumber(L, 2) != 0);
	return 0;
}

static int call_clock(struct program_run *run, lua_State *L)
{
	unsigned int n = check_place(L, "clock", LAB_CLOCKS);

	if (lua_gettop(L) > 1) {
		lua_Number hertz = luaL_checknumber(L, 2);

		luaL_argcheck(L, hertz >= CLOCK_MIN && hertz <= CLOCK_MASTER,
			      2, "the frequency is not within 0.0233 Hz to 100 MHz");
		if (session_is_kept_out(run->session))
			luaL_error(L, "another user has reserved the sampling");
		clock_set(run->lab, n, clock_nearest_divider(hertz));
	}
	lua_pushnumber(L, (double)CLOCK_MASTER / clock_divider(run->lab, n));
	return 1;
}

/* --- card memory --------------------------------------------------------- */

static uint8_t *check_memory(struct program_run *run, lua_State *L,
			     uint64_t length)
{
	const struct lab_card *card = run->lab->card;
	uint64_t address = luaL_checkinteger(L, 1);

	if (length > card->size || address > card->size - length)
		luaL_error(L, "the range is not in card memory, which has %I bytes",
			   (lua_Integer)card->size);
	run->io->update_memory(run->lab);
	program_charge(run, length / PROGRAM_BLOCK_COST);
	return card->memory + address;
}

static int call_read(struct program_run *run, lua_State *L)
{
	uint64_t length = luaL_checkinteger(L, 2);
	const uint8_t *memory = check_memory(run, L, length);

	lua_pushlstring(L, (const char *)memory, length);
	return 1;
}

static int call_write(struct program_run *run, lua_State *L)
{
	size_t length;
	const char *bytes = luaL_checklstring(L, 2, &length);
	uint8_t *memory = check_memory(run, L, length);

	run->io->memory_changes(run->lab, luaL_checkinteger(L, 1), length);
	memcpy(memory, bytes, length);
	return 0;
}

static int call_size(struct program_run *run, lua_State *L)
{
	lua_pushinteger(L, run->lab->card->size);
	return 1;
}

/* --- transfers ----------------------------------------------------------- */

static int transfer_result(lua_State *L, int status, lua_KContext context)
{
	struct program_run *run = program_of(L);

	lua_pushboolean(L, run->status == 0);
	lua_pushinteger(L, run->status);
	return 2;
}

/* Any numbers go to the driver's core as they are, which checks them. */
static int request(struct program_run *run, lua_State *L, enum lab_dir dir,
		   bool wait)
{
	uint64_t card_addr = luaL_checkinteger(L, 1);
	uint64_t length = luaL_checkinteger(L, 2);
	uint64_t host_addr = luaL_checkinteger(L, 3);

	if (run->in_flight == PROGRAM_TRANSFERS_MAX) {
		run->wait = WAIT_ROOM;
		return program_again(L);
	}
	run->io->update_memory(run->lab);
	program_transfer(run, dir, card_addr, length, host_addr, wait);
	if (run->wait)
		return lua_yieldk(L, 0, 0, transfer_result);
	return wait ? transfer_result(L, LUA_OK, 0) : 0;
}

static int call_tohost(struct program_run *run, lua_State *L)
{
	return request(run, L, LAB_TOHOST, true);
}

static int call_fromhost(struct program_run *run, lua_State *L)
{
	return request(run, L, LAB_FROMHOST, true);
}

static int call_start_tohost(struct program_run *run, lua_State *L)
{
	return request(run, L, LAB_TOHOST, false);
}

static int call_start_fromhost(struct program_run *run, lua_State *L)
{
	return request(run, L, LAB_FROMHOST, false);
}

static int call_pending(struct program_run *run, lua_State *L)
{
	lua_pushinteger(L, run->in_flight);
	return 1;
}

static int call_join(struct program_run *run, lua_State *L)
{
	if (run->in_flight) {
		run->wait = WAIT_ALL;
		return program_again(L);
	}
	lua_pushinteger(L, run->failed);
	lua_pushinteger(L, run->status);
	return 2;
}

static const struct program_call calls[] = {
	{ "print", call_print, true },
	{ "wait", call_wait, true },
	{ "wait_until", call_wait_until, true },
	{ "time", call_time, false },
	{ "sample", call_sample, true },
	{ "output", call_output, true },
	{ "line", call_line, true },
	{ "clock", call_clock, true },
	{ "read", call_read, true },
	{ "write", call_write, true },
	{ "size", call_size, false },
	{ "tohost", call_tohost, true },
	{ "fromhost", call_fromhost, true },
	{ "start_tohost", call_start_tohost, true },
	{ "start_fromhost", call_start_fromhost, true },
	{ "pending", call_pending, true },
	{ "join", call_join, true },
};

void program_open_card(lua_State *L)
{
	program_open_calls(L, calls, SCPI_ARRAY_SIZE(calls));
}
