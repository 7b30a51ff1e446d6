// SPDX-License-Identifier: GPL-2.0
/*
 * program.c - PROGram: uploaded commands
 */
#include <math.h>
#include <string.h>

#include "commands/tables.h"
#include "programs/program.h"

/* An error, with its details from program.c */
static int result(struct scpi *scpi, int error, const char *detail)
{
	if (error && *detail)
		scpi_error(scpi, error, "%s", detail);
	return error;
}

static int find(struct scpi *scpi, const struct scpi_call *call,
		struct program **program)
{
	*program = program_find(scpi_lab(scpi), call->arg[0].bytes,
				call->arg[0].length);
	return *program ? SCPI_OK : SCPI_ERR_PROGRAM_NAME;
}

static int define(struct scpi *scpi, const struct scpi_call *call)
{
	char detail[PROGRAM_ERROR_MAX];
	int error = program_define(scpi_lab(scpi), call->arg[0].bytes,
				   call->arg[0].length, call->arg[1].bytes,
				   call->arg[1].length, detail);

	return result(scpi, error, detail);
}

static int append(struct scpi *scpi, const struct scpi_call *call)
{
	char detail[PROGRAM_ERROR_MAX];
	int error = program_append(scpi_lab(scpi), call->arg[0].bytes,
				   call->arg[0].length, call->arg[1].bytes,
				   call->arg[1].length, detail);

	return result(scpi, error, detail);
}

static int load(struct scpi *scpi, const struct scpi_call *call)
{
	struct lab *lab = scpi_lab(scpi);
	uint64_t address = call->arg[1].address, length = call->arg[2].address;
	char detail[PROGRAM_ERROR_MAX];
	int error;

	if (length > lab->card->size || address > lab->card->size - length)
		return SCPI_ERR_RANGE;
	error = program_define(lab, call->arg[0].bytes, call->arg[0].length,
			       (const char *)lab->card->memory + address,
			       length, detail);
	return result(scpi, error, detail);
}

static int run(struct scpi *scpi, struct program *program,
	       const struct scpi_arg *arg, unsigned int max)
{
	struct scpi_value value[PROGRAM_ARGS_MAX];
	char detail[PROGRAM_ERROR_MAX];
	unsigned int count = 0;

	for (; count < max && arg[count].given; count++) {
		value[count] = arg[count].value;
		if (!value[count].whole && !isfinite(value[count].number))
			return SCPI_ERR_RANGE;
	}
	return result(scpi, program_run(scpi_session(scpi), program, value,
					count, detail), detail);
}

static int run_named(struct scpi *scpi, const struct scpi_call *call)
{
	struct program *program;
	int error = find(scpi, call, &program);

	return error ? error : run(scpi, program, call->arg + 1,
				   PROGRAM_ARGS_MAX);
}

/* The header is the program's name, see programs_command(). */
static int run_called(struct scpi *scpi, const struct scpi_call *call)
{
	return run(scpi, program_called(scpi_lab(scpi)), call->arg,
		   PROGRAM_ARGS_MAX);
}

static int stop(struct scpi *scpi, const struct scpi_call *call)
{
	struct program *program;
	int error = find(scpi, call, &program);

	if (!error)
		program_stop(program);
	return error;
}

static int state(struct scpi *scpi, const struct scpi_call *call)
{
	static const char *const words[] = {
		[PROGRAM_STOPPED] = "STOP", [PROGRAM_RUNNING] = "RUN",
		[PROGRAM_WAITING] = "WAIT", [PROGRAM_ERROR] = "ERROR",
	};
	enum program_state state;
	struct program *program;
	const char *where;
	int error = find(scpi, call, &program);

	if (error)
		return error;
	state = program_state(program, &where);
	scpi_reply_text(scpi, "%s", words[state]);
	if (state == PROGRAM_ERROR)
		scpi_reply_string(scpi, where);
	return SCPI_OK;
}

static int catalog(struct scpi *scpi, const struct scpi_call *call)
{
	struct lab *lab = scpi_lab(scpi);
	unsigned int i;

	for (i = 0; program_at(lab, i); i++)
		scpi_reply_string(scpi, program_name(program_at(lab, i)));
	if (!i)
		scpi_reply_string(scpi, "");
	return SCPI_OK;
}

static int listing(struct scpi *scpi, const struct scpi_call *call)
{
	struct program *program;
	const char *text;
	size_t start, length;
	int error = find(scpi, call, &program);

	if (error)
		return error;
	text = program_text(program, &length);
	start = (call->arg[1].integer - 1) * PROGRAM_PAGE;
	if (start > length)
		start = length;
	length -= start;
	if (length > PROGRAM_PAGE)
		length = PROGRAM_PAGE;
	return scpi_reply_block(scpi, text + start, length);
}

static int delete(struct scpi *scpi, const struct scpi_call *call)
{
	struct program *program;
	int error = find(scpi, call, &program);

	return error ? error : program_delete(scpi_lab(scpi), program);
}

static int delete_all(struct scpi *scpi, const struct scpi_call *call)
{
	return program_delete_all(scpi_lab(scpi));
}

static void *find_limits(struct scpi *scpi, const struct scpi_call *call)
{
	return programs_limits(scpi_lab(scpi));
}

static const struct scpi_object limits = { .find = find_limits };

#define LIMIT(member)							\
	.object = &limits, SCPI_KEPT(struct program_limits, member)
#define NAME	{ PARAM(WORD, "name") }
#define ARG(n)	{ PARAM(VALUE, "argument" n), OPTIONAL }

#define NO_PROGRAM	"-282 there is no program of this name"
#define RUNS		"-284 it is running"
#define TEXT_ERRORS	"-281 there are 16 others, -282 it cannot be a name, " RUNS \
			", -285 the text is wrong, with the line and what was expected, -223 it is longer than 16384 bytes"

static const struct scpi_command commands[] = {
	{
		.header = "PROGram:DEFine", .set = define,
		.params = { NAME, { PARAM(BLOCK, "text") } },
		.help = "Define a program, or replace its text. The name has up to 12 letters, digits and '_', and starts with a letter. It is a command from then on, unless the instrument has a command of this name. The text is Lua 5.4. If something is only missing at its end, it is accepted: PROGram:APPend can continue it.",
		.errors = TEXT_ERRORS,
		.example = "PROG:DEF blink,'for i = 1, 3 do line(9, i & 1) wait(0.01) end'",
	}, {
		.header = "PROGram:APPend", .set = append,
		.params = { NAME, { PARAM(BLOCK, "text") } },
		.help = "Append a line to the text of a program. If there is no such program, it is defined.",
		.errors = TEXT_ERRORS,
		.example = "PROG:APP hello,'print(\"hello\")'",
	}, {
		.header = "PROGram:LOAD", .set = load,
		.params = {
			NAME, { PARAM(ADDRESS, "card-address") },
			{ PARAM(ADDRESS, "length") },
		},
		.help = "Define a program whose text is in card memory, where FROMHOST has put it.",
		.errors = "-222 not within card memory, " TEXT_ERRORS,
		.example = "PROG:LOAD empty,0,0",
	}, {
		.header = "PROGram:RUN", .set = run_named,
		.params = { NAME, ARG("1"), ARG("2"), ARG("3"), ARG("4") },
		.help = "Start a program. Its name as a command does the same. The arguments are ... in the program. An overlapped command: *WAI and *OPC wait for the end of the run.",
		.errors = NO_PROGRAM ", " RUNS ", -285 the text is not complete",
		.example = "PROG:DEF answer,'print(6 * ...)';RUN answer,7",
	}, {
		.header = "PROGram:STOP", .set = stop,
		.params = { NAME },
		.help = "Stop a program, whoever has started it. Its transfers in flight go on, the run ends with the last of them. Nothing happens if it is not running.",
		.errors = NO_PROGRAM, .example = "PROG:DEF empty,'';STOP empty",
	}, {
		.header = "PROGram:STATe", .query = state, .query_params = { NAME },
		.help = "What a program is doing: STOP, RUN, WAIT (for time or for transfers) or ERROR with where in its text and why: how its last run has ended, or what its text lacks.",
		.reply = "STOP|RUN|WAIT|ERROR,\"line 1: ...\"",
		.errors = NO_PROGRAM,
		.example = "PROG:DEF empty,'';STAT? empty",
	}, {
		.header = "PROGram:CATalog", .query = catalog,
		.help = "The names of all programs.",
		.reply = "\"BLINK\",\"HELLO\"; \"\" if there is none",
		.example = "PROG:CAT?",
	}, {
		.header = "PROGram:LISTing", .query = listing,
		.query_params = {
			NAME,
			{ INTEGER("page", 1, PROGRAM_TEXT_MAX / PROGRAM_PAGE + 1,
				  1), OPTIONAL },
		},
		.help = "The text of a program, in pages of 1000 bytes. The last page is shorter, and may be empty.",
		.reply = "definite length block", .errors = NO_PROGRAM,
		.example = "PROG:DEF hello,'print(1)';LIST? hello",
	}, {
		.header = "PROGram:DELete", .set = delete,
		.params = { NAME },
		.help = "Delete a program.",
		.errors = NO_PROGRAM ", " RUNS,
		.example = "PROG:DEF empty,'';DEL empty",
	}, {
		.header = "PROGram:DELete:ALL", .set = delete_all,
		.help = "Delete all programs.",
		.errors = "-284 one of them is running, nothing is deleted",
		.example = "PROG:DEL:ALL",
	}, {
		.header = "PROGram:LIMit:INSTructions", LIMIT(instructions),
		.params = {
			{ INTEGER("count", PROGRAM_INSTRUCTIONS_MIN,
				  PROGRAM_INSTRUCTIONS_MAX,
				  PROGRAM_INSTRUCTIONS_DEFAULT) },
		},
		.help = "How many instructions a program may execute without a wait() of at least 1 us. After that the watchdog stops it: a line event: PROGRAM <name> STOPPED watchdog, and error -286. Applies to running programs, too.",
		.reply = "a whole number", .example = "PROG:LIM:INST 5000",
	}, {
		.header = "PROGram:LIMit:TIME", LIMIT(time),
		.scale = LAB_SECOND,
		.params = {
			{ NUMBER("time", "s", PROGRAM_TIME_MIN,
				 PROGRAM_TIME_MAX, PROGRAM_TIME_DEFAULT) },
		},
		.help = "How long a run of a program may last before the watchdog stops it. Applies to running programs, too.",
		.reply = "seconds", .example = "PROG:LIM:TIME 10 s",
	},
};

const struct scpi_table lab_program_table = SCPI_TABLE("Programs", commands);

/* Not in the table: its header is the program's name. */
static const struct scpi_command call_command = {
	.header = "PROGram:RUN",
	.set = run_called,
	.errors = RUNS ", -285 the text is not complete",
	.params = { ARG("1"), ARG("2"), ARG("3"), ARG("4") },
};

const struct scpi_command *programs_command(struct lab *lab, const char *name,
					    size_t length)
{
	return program_call(lab, name, length) ? &call_command : NULL;
}
