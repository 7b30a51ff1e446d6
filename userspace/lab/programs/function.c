// SPDX-License-Identifier: GPL-2.0
/*
 * function.c - functions that programs can call
 */
#include <math.h>

#include "programs/internal.h"

#define NOT_A_NUMBER	"the function has no value there"

static const char *set_integer(struct program_value *value, int64_t integer)
{
	value->real = false;
	value->integer = integer;
	return NULL;
}

static const char *set_number(struct program_value *value, double number)
{
	if (!isfinite(number))
		return NOT_A_NUMBER;
	value->real = true;
	value->number = number;
	return NULL;
}

/* --- arithmetic ------------------------------------------------------------ */

static const char *apply(struct program_value *value, double (*function)(double))
{
	return set_number(value, function(program_number(value)));
}

static const char *f_sqrt(struct program_run *run, struct program_value *value)
{
	(void)run;
	return apply(value, sqrt);
}

static const char *f_sin(struct program_run *run, struct program_value *value)
{
	(void)run;
	return apply(value, sin);
}

static const char *f_cos(struct program_run *run, struct program_value *value)
{
	(void)run;
	return apply(value, cos);
}

static const char *f_tan(struct program_run *run, struct program_value *value)
{
	(void)run;
	return apply(value, tan);
}

static const char *f_atan(struct program_run *run, struct program_value *value)
{
	(void)run;
	return apply(value, atan);
}

static const char *f_exp(struct program_run *run, struct program_value *value)
{
	(void)run;
	return apply(value, exp);
}

static const char *f_log(struct program_run *run, struct program_value *value)
{
	(void)run;
	return apply(value, log);
}

static const char *f_pow(struct program_run *run, struct program_value *value)
{
	(void)run;
	return set_number(value, pow(program_number(value),
				     program_number(value + 1)));
}

static const char *f_pi(struct program_run *run, struct program_value *value)
{
	(void)run;
	return set_number(value, M_PI);
}

static const char *rounded(struct program_value *value,
			   double (*method)(double x))
{
	struct program_value whole = { .real = true };
	int64_t integer;
	const char *error;

	if (!value->real)
		return NULL;
	whole.number = method(value->number);
	error = program_integer(&whole, &integer);
	return error ? NOT_A_NUMBER : set_integer(value, integer);
}

static const char *f_int(struct program_run *run, struct program_value *value)
{
	(void)run;
	return rounded(value, trunc);
}

static const char *f_floor(struct program_run *run, struct program_value *value)
{
	(void)run;
	return rounded(value, floor);
}

static const char *f_round(struct program_run *run, struct program_value *value)
{
	(void)run;
	return rounded(value, round);
}

static const char *f_abs(struct program_run *run, struct program_value *value)
{
	(void)run;
	if (value->real)
		value->number = fabs(value->number);
	else if (value->integer < 0)
		value->integer = (int64_t)-(uint64_t)value->integer;
	return NULL;
}

static const char *f_min(struct program_run *run, struct program_value *value)
{
	(void)run;
	if (program_order(value, value + 1) > 0)
		value[0] = value[1];
	return NULL;
}

static const char *f_max(struct program_run *run, struct program_value *value)
{
	(void)run;
	if (program_order(value, value + 1) < 0)
		value[0] = value[1];
	return NULL;
}

/* SIGNED(x, n): the lowest n bits of x as a number with a sign */
static const char *f_signed(struct program_run *run,
			    struct program_value *value)
{
	int64_t x, bits;
	const char *error = program_integer(value, &x);

	(void)run;
	if (!error)
		error = program_integer(value + 1, &bits);
	if (error)
		return error;
	if (bits < 1 || bits > 64)
		return "1 to 64 bits are needed";
	/* gcc and clang shift negative numbers arithmetically */
	return set_integer(value, (int64_t)((uint64_t)x << (64 - bits)) >>
				  (64 - bits));
}

/* splitmix64, Steele, Lea, Flood: Fast Splittable Pseudorandom Number
 * Generators, OOPSLA 2014
 */
static const char *f_random(struct program_run *run,
			    struct program_value *value)
{
	uint64_t z = run->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return set_number(value, (z >> 11) / 9007199254740992.0);	/* 2^53 */
}

/* --- the run ----------------------------------------------------------------- */

static const char *f_time(struct program_run *run, struct program_value *value)
{
	return set_number(value, (double)run->now / LAB_SECOND);
}

static const char *f_arg(struct program_run *run, struct program_value *value)
{
	int64_t n;
	const char *error = program_integer(value, &n);

	if (error)
		return error;
	if (n < 1 || n > run->args)
		return "there is no such argument";
	*value = run->arg[n - 1];
	return NULL;
}

static const char *f_args(struct program_run *run, struct program_value *value)
{
	return set_integer(value, run->args);
}

static const char *f_status(struct program_run *run,
			    struct program_value *value)
{
	return set_integer(value, run->status);
}

static const char *f_pending(struct program_run *run,
			     struct program_value *value)
{
	return set_integer(value, run->in_flight);
}

static const char *f_failed(struct program_run *run,
			    struct program_value *value)
{
	return set_integer(value, run->failed);
}

/* --- card memory and connectors ------------------------------------------------- */

static const char *peek(struct program_run *run, struct program_value *value,
			unsigned int bytes)
{
	int64_t address;
	const char *error = program_integer(value, &address);
	const uint8_t *memory;

	if (error)
		return error;
	memory = program_memory(run, address, bytes);
	if (!memory)
		return "the address is not in card memory";
	return set_integer(value, program_peek(memory, bytes));
}

static const char *f_peek8(struct program_run *run, struct program_value *value)
{
	return peek(run, value, 1);
}

static const char *f_peek16(struct program_run *run,
			    struct program_value *value)
{
	return peek(run, value, 2);
}

static const char *f_peek32(struct program_run *run,
			    struct program_value *value)
{
	return peek(run, value, 4);
}

static const char *f_peek64(struct program_run *run,
			    struct program_value *value)
{
	return peek(run, value, 8);
}

static const char *f_size(struct program_run *run, struct program_value *value)
{
	return set_integer(value, run->lab->card->size);
}

static const char *f_ain(struct program_run *run, struct program_value *value)
{
	unsigned int n;
	const char *error = program_connector(value, LAB_INPUTS, &n);

	return error ? error : set_number(value, run->io->analog_in(run->lab, n));
}

static const char *f_din(struct program_run *run, struct program_value *value)
{
	unsigned int n;
	const char *error = program_connector(value, LAB_LINES, &n);

	return error ? error :
		       set_integer(value, run->io->digital_in(run->lab, n));
}

const struct program_function program_functions[] = {
	{ "ABS", 1, false, f_abs },
	{ "MIN", 2, false, f_min },
	{ "MAX", 2, false, f_max },
	{ "INT", 1, false, f_int },
	{ "FLOOR", 1, false, f_floor },
	{ "ROUND", 1, false, f_round },
	{ "SIGNED", 2, false, f_signed },
	{ "SQRT", 1, false, f_sqrt },
	{ "SIN", 1, false, f_sin },
	{ "COS", 1, false, f_cos },
	{ "TAN", 1, false, f_tan },
	{ "ATAN", 1, false, f_atan },
	{ "EXP", 1, false, f_exp },
	{ "LOG", 1, false, f_log },
	{ "POW", 2, false, f_pow },
	{ "PI", 0, false, f_pi },
	{ "RANDOM", 0, false, f_random },
	{ "TIME", 0, false, f_time },
	{ "ARG", 1, false, f_arg },
	{ "ARGS", 0, false, f_args },
	{ "SIZE", 0, false, f_size },
	{ "STATUS", 0, true, f_status },
	{ "PENDING", 0, true, f_pending },
	{ "FAILED", 0, true, f_failed },
	{ "PEEK8", 1, true, f_peek8 },
	{ "PEEK16", 1, true, f_peek16 },
	{ "PEEK32", 1, true, f_peek32 },
	{ "PEEK64", 1, true, f_peek64 },
	{ "AIN", 1, true, f_ain },
	{ "DIN", 1, true, f_din },
};

const size_t program_function_count = SCPI_ARRAY_SIZE(program_functions);
