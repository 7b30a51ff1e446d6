// SPDX-License-Identifier: GPL-2.0
/*
 * execute.c - what the instructions do, and the table of them
 */
#include <math.h>

#include "programs/internal.h"

/* --- stack, variables, jumps ------------------------------------------------ */

static const char *push(struct program_run *run,
			const struct program_insn *insn)
{
	run->stack[run->depth++] = insn->value;
	return NULL;
}

static const char *load(struct program_run *run,
			const struct program_insn *insn)
{
	run->stack[run->depth++] = run->slot[insn->a];
	return NULL;
}

static const char *store(struct program_run *run,
			 const struct program_insn *insn)
{
	run->slot[insn->a] = run->stack[--run->depth];
	return NULL;
}

static const char *jump(struct program_run *run,
			const struct program_insn *insn)
{
	run->pc = insn->to;
	return NULL;
}

static const char *jump_false(struct program_run *run,
			      const struct program_insn *insn)
{
	if (!program_truth(&run->stack[--run->depth]))
		run->pc = insn->to;
	return NULL;
}

/* AND, OR after their first operand */
static const char *decide(struct program_run *run,
			  const struct program_insn *insn)
{
	struct program_value *value = program_top(run, 1);
	bool truth = program_truth(value), decides = insn->op == OP_OR;

	if (truth == decides) {
		*value = (struct program_value){ .integer = truth };
		run->pc = insn->to;
	} else {
		run->depth--;
	}
	return NULL;
}

static const char *for_test(struct program_run *run,
			    const struct program_insn *insn)
{
	static const struct program_value zero;
	const struct program_value *limit = &run->slot[insn->slot];
	int direction = program_order(limit + 1, &zero);
	int order = program_order(&run->slot[insn->a], limit);

	if (!direction)
		return "STEP is zero";
	if (direction > 0 ? order > 0 : order < 0)
		run->pc = insn->to;
	return NULL;
}

static const char *for_next(struct program_run *run,
			    const struct program_insn *insn)
{
	if (!program_next(&run->slot[insn->a], &run->slot[insn->slot + 1]))
		run->pc = insn->to;
	return NULL;
}

static const char *call(struct program_run *run,
			const struct program_insn *insn)
{
	const struct program_function *function = &program_functions[insn->a];

	run->depth -= function->args;
	run->depth++;
	return function->call(run, program_top(run, 1));
}

/* --- time, end -------------------------------------------------------------------- */

/* The instruction takes this long, 1 us or more. */
static void sleep_for(struct program_run *run, lab_time time)
{
	lab_time left = run->limits->time;

	/* not past the end that the watchdog sets */
	if (run->now - run->started < left)
		left -= run->now - run->started;
	if (time > left)
		time = left;
	run->used = 0;
	run->wait = WAIT_TIME;
	if (time > PROGRAM_INSTRUCTION)
		run->now += time - PROGRAM_INSTRUCTION;
}

static const char *wait(struct program_run *run,
			const struct program_insn *insn)
{
	const struct program_value *value = &run->stack[--run->depth];
	const double max = PROGRAM_TIME_MAX * LAB_SECOND;
	double ns = program_number(value) * insn->ns;

	if (!(ns >= 0 && ns <= max))
		return "the time is not within 0 to 1e9 s";
	if (ns >= PROGRAM_INSTRUCTION)
		sleep_for(run, value->real ? (lab_time)llround(ns) :
			       (lab_time)value->integer * insn->ns);
	return NULL;
}

static const char *stop(struct program_run *run,
			const struct program_insn *insn)
{
	(void)insn;
	run->stopping = true;
	return NULL;
}

const struct program_op_info program_ops[OP_COUNT] = {
	[OP_PUSH] = { push, 1, false },
	[OP_LOAD] = { load, 1, false },
	[OP_STORE] = { store, -1, false },
	[OP_NEGATE] = { program_unary, 0, false },
	[OP_NOT] = { program_unary, 0, false },
	[OP_INVERT] = { program_unary, 0, false },
	[OP_ADD] = { program_sum, -1, false },
	[OP_SUBTRACT] = { program_sum, -1, false },
	[OP_MULTIPLY] = { program_sum, -1, false },
	[OP_DIVIDE] = { program_divide, -1, false },
	[OP_DIV] = { program_whole, -1, false },
	[OP_MOD] = { program_whole, -1, false },
	[OP_BITAND] = { program_whole, -1, false },
	[OP_BITOR] = { program_whole, -1, false },
	[OP_BITXOR] = { program_whole, -1, false },
	[OP_SHIFT_LEFT] = { program_whole, -1, false },
	[OP_SHIFT_RIGHT] = { program_whole, -1, false },
	[OP_EQUAL] = { program_compare, -1, false },
	[OP_UNEQUAL] = { program_compare, -1, false },
	[OP_LESS] = { program_compare, -1, false },
	[OP_NOT_MORE] = { program_compare, -1, false },
	[OP_MORE] = { program_compare, -1, false },
	[OP_NOT_LESS] = { program_compare, -1, false },
	[OP_TRUTH] = { program_unary, 0, false },
	[OP_JUMP] = { jump, 0, false },
	[OP_JUMP_FALSE] = { jump_false, -1, false },
	[OP_AND] = { decide, -1, false },
	[OP_OR] = { decide, -1, false },
	[OP_FOR_TEST] = { for_test, 0, false },
	[OP_FOR_NEXT] = { for_next, 0, false },
	[OP_CALL] = { call, 1, false },		/* minus the arguments */
	[OP_PRINT_TEXT] = { program_print_text, 0, false },
	[OP_PRINT_VALUE] = { program_print_value, -1, false },
	[OP_PRINT_HEX] = { program_print_hex, -1, false },
	[OP_PRINT] = { program_print, 0, true },
	[OP_POKE] = { program_poke, -2, true },
	[OP_FILL] = { program_fill, -3, true },
	[OP_COPY] = { program_copy, -3, true },
	[OP_TOHOST] = { program_request, -3, true },
	[OP_FROMHOST] = { program_request, -3, true },
	[OP_START_TOHOST] = { program_request, -3, true },
	[OP_START_FROMHOST] = { program_request, -3, true },
	[OP_JOIN] = { program_join, 0, true },
	[OP_AOUT] = { program_analog_out, -2, true },
	[OP_DOUT] = { program_digital_out, -2, true },
	[OP_WAIT] = { wait, -1, true },
	[OP_STOP] = { stop, 0, true },
};
