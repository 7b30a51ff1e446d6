// SPDX-License-Identifier: GPL-2.0
/*
 * run.c - runs of programs: their time, their end, the watchdog
 *
 * Each instruction takes 1 us of lab time. What is not visible outside of the
 * program runs ahead of lab time, in slices. Before an instruction that is
 * visible outside, or looks there, the run waits until lab time has caught up.
 * So everything happens as if all programs and the instrument ran in parallel,
 * and is deterministic.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "programs/internal.h"

#define SLICE	1000	/* instructions, 1 ms */

enum outcome {
	GO_ON,
	AT_TIME,	/* go on at run->now */
	AT_EVENT,	/* when a transfer ends, or never */
};

/* Frees the run. */
static void end(struct program_run *run)
{
	struct session *session = run->session;

	lab_timer_stop(run->lab, &run->timer);
	run->program->run = NULL;
	free(run);
	session_end(session);
}

static void end_if_drained(struct program_run *run)
{
	if (!run->in_flight)
		end(run);
}

/* Failures ahead of lab time are reported when it has caught up. */
static enum outcome fail(struct program_run *run,
			 const struct program_insn *insn, const char *why)
{
	run->failure = why;
	run->failed_at = insn;
	return AT_TIME;
}

static void tell_failure(struct program_run *run)
{
	struct program *program = run->program;
	struct scpi *scpi = &run->session->scpi;

	snprintf(program->error, sizeof(program->error),
		 "line %u, column %u: %s", run->failed_at->line,
		 run->failed_at->column, run->failure);
	scpi_error(scpi, SCPI_ERR_PROGRAM_RUNTIME, "%s, %s", program->name,
		   program->error);
	scpi_event(scpi, "PROGRAM %s STOPPED %s: %s", program->name,
		    run->watchdog ? "watchdog" : "error", program->error);
}

static const char *watchdog(struct program_run *run)
{
	run->watchdog = true;
	if (run->used >= run->limits->instructions)
		return "too many instructions without WAIT";
	if (run->now - run->started >= run->limits->time)
		return "its time is over";
	run->watchdog = false;
	return NULL;
}

static enum outcome step(struct program_run *run)
{
	const struct program_insn *insn = &run->code[run->pc];
	const struct program_op_info *info = &program_ops[insn->op];
	const char *why = watchdog(run);
	bool timed = info->timed || (insn->op == OP_CALL &&
				     program_functions[insn->a].timed);

	if (why)
		return fail(run, insn, why);
	if (timed && run->now > lab_now(run->lab))
		return AT_TIME;
	run->pc++;
	why = info->execute(run, insn);
	if (why)
		return fail(run, insn, why);
	run->now += PROGRAM_INSTRUCTION;
	run->used++;
	if (run->wait == WAIT_TIME)
		return AT_TIME;
	return run->wait || run->stopping ? AT_EVENT : GO_ON;
}

static void run_slice(struct lab *lab, struct lab_timer *timer)
{
	struct program_run *run = lab_container_of(timer, struct program_run,
						   timer);
	enum outcome outcome = GO_ON;
	unsigned int i;

	run->wait = WAIT_NOT;
	if (run->failure) {
		tell_failure(run);
		run->stopping = true;
	}
	for (i = 0; i < SLICE && outcome == GO_ON && !run->stopping; i++)
		outcome = step(run);
	if (run->stopping)
		end_if_drained(run);
	else if (outcome != AT_EVENT)
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

static void set_args(struct program_run *run, const struct scpi_value *args,
		     unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		run->arg[i].real = !args[i].whole;
		if (args[i].whole)
			run->arg[i].integer = args[i].integer;
		else
			run->arg[i].number = args[i].number;
	}
	run->args = count;
}

int program_start(struct program *program, struct session *session,
		  const struct scpi_value *args, unsigned int count)
{
	struct lab *lab = session->lab;
	struct programs *programs = lab->programs;
	struct program_run *run = calloc(1, sizeof(*run));

	if (!run)
		return -ENOMEM;
	run->timer.run = run_slice;
	run->lab = lab;
	run->program = program;
	run->session = session;
	run->io = programs->io;
	run->limits = &programs->limits;
	run->code = program->code;
	run->text = program->text;
	run->transfer_ended = transfer_ended;
	run->started = lab_now(lab);
	run->now = run->started;
	run->random = lab->seed + (programs->runs++ << 32);
	set_args(run, args, count);
	program->error[0] = '\0';
	program->run = run;
	session_begin(session);
	lab_timer_start(lab, &run->timer, run->now);
	return 0;
}

void program_run_stop(struct program_run *run)
{
	lab_timer_stop(run->lab, &run->timer);
	run->stopping = true;
	end_if_drained(run);
}

void program_run_forget(struct program_run *run)
{
	lab_timer_stop(run->lab, &run->timer);
	program_transfers_forget(run);
	run->program->run = NULL;
	free(run);
}
