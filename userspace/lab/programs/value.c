// SPDX-License-Identifier: GPL-2.0
/*
 * value.c - numbers of programs, and the operators
 *
 * Whole numbers have 64 bits and wrap around, so that addresses are exact.
 * Doubles are always finite.
 */
#include <math.h>

#include "programs/internal.h"

bool program_truth(const struct program_value *value)
{
	return value->real ? value->number != 0 : value->integer != 0;
}

double program_number(const struct program_value *value)
{
	return value->real ? value->number : (double)value->integer;
}

const char *program_integer(const struct program_value *value,
			    int64_t *integer)
{
	double number = value->number;

	if (!value->real) {
		*integer = value->integer;
		return NULL;
	}
	if (number != floor(number) || number < -0x1p63 || number >= 0x1p64)
		return "a whole number is needed";
	*integer = number < 0 ? (int64_t)number : (int64_t)(uint64_t)number;
	return NULL;
}

struct program_value *program_top(struct program_run *run, unsigned int count)
{
	return &run->stack[run->depth - count];
}

static const char *set_number(struct program_value *value, double number)
{
	if (!isfinite(number))
		return "the result is too large";
	value->real = true;
	value->number = number;
	return NULL;
}

static void set_integer(struct program_value *value, uint64_t integer)
{
	value->real = false;
	value->integer = (int64_t)integer;
}

static uint64_t whole_sum(uint8_t op, uint64_t a, uint64_t b)
{
	switch (op) {
	case OP_ADD:
		return a + b;
	case OP_SUBTRACT:
		return a - b;
	default:
		return a * b;
	}
}

static double real_sum(uint8_t op, double a, double b)
{
	switch (op) {
	case OP_ADD:
		return a + b;
	case OP_SUBTRACT:
		return a - b;
	default:
		return a * b;
	}
}

/* + - * */
const char *program_sum(struct program_run *run,
			const struct program_insn *insn)
{
	struct program_value *a = program_top(run, 2), *b = a + 1;

	run->depth--;
	if (a->real || b->real)
		return set_number(a, real_sum(insn->op, program_number(a),
					      program_number(b)));
	set_integer(a, whole_sum(insn->op, a->integer, b->integer));
	return NULL;
}

/* A quotient is always a fraction: 1 / 2 is 0.5. For whole ones there is DIV. */
const char *program_divide(struct program_run *run,
			   const struct program_insn *insn)
{
	struct program_value *a = program_top(run, 2);

	(void)insn;
	run->depth--;
	if (program_number(a + 1) == 0)
		return "division by zero";
	return set_number(a, program_number(a) / program_number(a + 1));
}

/* Truncates towards zero, the remainder has the sign of the dividend. */
static const char *whole_division(uint8_t op, int64_t a, int64_t b,
				  struct program_value *result)
{
	if (!b)
		return "division by zero";
	if (b == -1)	/* -2^63 / -1 traps */
		set_integer(result, op == OP_DIV ? -(uint64_t)a : 0);
	else
		set_integer(result, op == OP_DIV ? a / b : a % b);
	return NULL;
}

static const char *bits(uint8_t op, uint64_t a, uint64_t b,
			struct program_value *result)
{
	switch (op) {
	case OP_BITAND:
		set_integer(result, a & b);
		return NULL;
	case OP_BITOR:
		set_integer(result, a | b);
		return NULL;
	case OP_BITXOR:
		set_integer(result, a ^ b);
		return NULL;
	}
	if (b > 63)
		return "a shift by 0 to 63 is needed";
	set_integer(result, op == OP_SHIFT_LEFT ? a << b : a >> b);
	return NULL;
}

/* DIV MOD & | ^ << >> */
const char *program_whole(struct program_run *run,
			  const struct program_insn *insn)
{
	struct program_value *value = program_top(run, 2);
	const char *error;
	int64_t a, b;

	run->depth--;
	error = program_integer(value, &a);
	if (!error)
		error = program_integer(value + 1, &b);
	if (error)
		return error;
	if (insn->op == OP_DIV || insn->op == OP_MOD)
		return whole_division(insn->op, a, b, value);
	return bits(insn->op, a, b, value);
}

/* Return: below 0, 0, above 0, as memcmp() */
int program_order(const struct program_value *a, const struct program_value *b)
{
	double x, y;

	if (!a->real && !b->real)
		return (a->integer > b->integer) - (a->integer < b->integer);
	x = program_number(a);
	y = program_number(b);
	return (x > y) - (x < y);
}

const char *program_compare(struct program_run *run,
			    const struct program_insn *insn)
{
	struct program_value *a = program_top(run, 2);
	int order = program_order(a, a + 1);
	const bool result[] = {
		[OP_EQUAL - OP_EQUAL] = order == 0,
		[OP_UNEQUAL - OP_EQUAL] = order != 0,
		[OP_LESS - OP_EQUAL] = order < 0,
		[OP_NOT_MORE - OP_EQUAL] = order <= 0,
		[OP_MORE - OP_EQUAL] = order > 0,
		[OP_NOT_LESS - OP_EQUAL] = order >= 0,
	};

	run->depth--;
	set_integer(a, result[insn->op - OP_EQUAL]);
	return NULL;
}

/* - NOT ~ and the truth of a value, 0 or 1 */
const char *program_unary(struct program_run *run,
			  const struct program_insn *insn)
{
	struct program_value *value = program_top(run, 1);
	const char *error = NULL;
	int64_t integer;

	switch (insn->op) {
	case OP_NEGATE:
		if (value->real)
			value->number = -value->number;
		else
			set_integer(value, -(uint64_t)value->integer);
		break;
	case OP_INVERT:
		error = program_integer(value, &integer);
		if (!error)
			set_integer(value, ~integer);
		break;
	default:
		set_integer(value,
			    program_truth(value) == (insn->op == OP_TRUTH));
	}
	return error;
}

/*
 * FOR: the next value of the variable. Return: false: there is none, at the end
 * of the range of numbers
 */
bool program_next(struct program_value *value, const struct program_value *step)
{
	if (!value->real && !step->real)
		return !__builtin_add_overflow(value->integer, step->integer,
					       &value->integer);
	return !set_number(value, program_number(value) + program_number(step));
}
