// SPDX-License-Identifier: GPL-2.0
/*
 * run.c - runs of programs: their time, their end, the watchdog
 *
 * Each instruction of Lua's machine takes 1 us of lab time. What is not visible
 * outside of the program runs ahead of lab time, in slices. Before a call that
 * is visible outside, or looks there, the run waits until lab time has caught
 * up. So everything happens as if all programs and the instrument ran in
 * parallel, and is deterministic.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "programs/internal.h"

#define SLICE	1000	/* instructions, 1 ms */

/* The memory of the run */
static void release(struct program_run *run)
{
	program_close_command(run);
	program_unload(run);
	run->program->run = NULL;
	free(run);
}

/* Frees the run. */
static void end(struct program_run *run)
{
	struct session *session = run->session;

	lab_timer_stop(run->lab, &run->timer);
	release(run);
	session_end(session);
}

static void end_if_drained(struct program_run *run)
{
	if (!run->in_flight)
		end(run);
}

static void tell_failure(struct program_run *run)
{
	struct program *program = run->program;
	struct scpi *scpi = &run->session->scpi;

	snprintf(program->error, sizeof(program->error), "%s", run->failure);
	scpi_error(scpi, SCPI_ERR_PROGRAM_RUNTIME, "%s, %s", program->name,
		   program->error);
	scpi_event(scpi, "PROGRAM %s STOPPED %s: %s", program->name,
		   run->watchdog ? "watchdog" : "error", program->error);
}

/*
 * May it execute the next instruction? If not, it is over; that is reported
 * when lab time has caught up.
 */
static bool watchdog(struct program_run *run)
{
	const char *why = NULL;

	if (run->used >= run->limits->instructions)
		why = "too many instructions without wait()";
	else if (run->now - run->started >= run->limits->time)
		why = "its time is over";
	if (!why)
		return true;
	run->over = true;
	run->watchdog = true;
	snprintf(run->failure, sizeof(run->failure), "line %d: %s",
		 program_line(run->thread), why);
	return false;
}

/* Before each instruction. The program yields, or goes on. */
static void before_instruction(lua_State *L, lua_Debug *ar)
{
	struct program_run *run = program_of(L);

	if (run->over || !watchdog(run)) {
		/* A C function that calls the program has to be left first. */
		if (!lua_isyieldable(L))
			luaL_error(L, "stopped");
		lua_yield(L, 0);
		return;
	}
	run->now += PROGRAM_INSTRUCTION;
	run->used++;
	if (run->slice)
		run->slice--;
	if (!run->slice && lua_isyieldable(L))
		lua_yield(L, 0);
}

static void execute(struct program_run *run)
{
	lua_State *L = run->thread;
	int args = lua_status(L) == LUA_OK ? lua_gettop(L) - 1 : 0;
	int results, status;

	run->slice = SLICE;
	run->executing = true;
	status = lua_resume(L, run->state, args, &results);
	run->executing = false;
	if (status == LUA_YIELD || run->over)
		return;
	run->over = true;
	if (status != LUA_OK)
		program_explain(run, L);
}

static void run_slice(struct lab *lab, struct lab_timer *timer)
{
	struct program_run *run = lab_container_of(timer, struct program_run,
						   timer);

	run->wait = WAIT_NOT;
	if (run->over) {
		if (run->failure[0])
			tell_failure(run);
		run->stopping = true;
	} else if (!run->stopping && watchdog(run)) {
		execute(run);
	}
	if (run->stopping)
		end_if_drained(run);
	else if (run->wait <= WAIT_ANSWER)
		lab_timer_start(lab, timer, run->now);
}

static void transfer_ended(struct program_run *run,
			   const struct program_transfer *transfer)
{
	lab_time now = lab_now(run->lab);
	bool waited = run->wait == WAIT_ROOM ||
		      (run->wait == WAIT_TRANSFER && run->awaited == transfer) ||
		      (run->wait == WAIT_ALL && !run->in_flight);

	if (run->stopping) {
		end_if_drained(run);
		return;
	}
	if (!waited)
		return;
	if (run->now < now)
		run->now = now;
	lab_timer_start(run->lab, &run->timer, run->now);
}

int program_start(struct program *program, struct session *session,
		  const struct scpi_value *args, unsigned int count)
{
	struct lab *lab = session->lab;
	struct programs *programs = lab->programs;
	struct program_run *run = calloc(1, sizeof(*run));
	uint64_t seed = lab->seed + (programs->runs << 32);

	if (!run)
		return -ENOMEM;
	run->program = program;
	if (program_load(run, before_instruction, seed, args, count)) {
		free(run);
		return -ENOMEM;
	}
	programs->runs++;
	run->timer.run = run_slice;
	run->lab = lab;
	run->session = session_user(session);
	run->io = programs->io;
	run->limits = &programs->limits;
	run->transfer_ended = transfer_ended;
	run->started = lab_now(lab);
	run->now = run->started;
	run->used = 0;
	program->error[0] = '\0';
	program->run = run;
	session_begin(run->session);
	lab_timer_start(lab, &run->timer, run->now);
	return 0;
}

void program_run_stop(struct program_run *run)
{
	lab_timer_stop(run->lab, &run->timer);
	run->stopping = true;
	/* or it stops itself, see run_slice() */
	if (program_command_runs(run))
		lab_timer_start(run->lab, &run->timer, lab_now(run->lab));
	else if (!run->executing)
		end_if_drained(run);
}

void program_run_forget(struct program_run *run)
{
	lab_timer_stop(run->lab, &run->timer);
	program_transfers_forget(run);
	release(run);
}
