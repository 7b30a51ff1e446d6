// SPDX-License-Identifier: GPL-2.0
/*
 * digital.c - DIGital: lines and edge counters
 */
#include <math.h>

#include "commands/tables.h"
#include "parts/digital.h"
#include "parts/reader.h"

#define EDGES	"RISing|FALLing|BOTH"	/* enum line_edge, from 1 */

static int set_level(struct scpi *scpi, const struct scpi_call *call)
{
	if (number(call) < DIGITAL_INPUTS)
		return SCPI_ERR_SUFFIX_RANGE;
	digital_set(scpi_lab(scpi), number(call), call->arg[0].integer);
	return SCPI_OK;
}

static int get_level(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_bool(scpi, digital_level(scpi_lab(scpi), number(call)));
}

static int set_outputs(struct scpi *scpi, const struct scpi_call *call)
{
	for (unsigned int i = DIGITAL_INPUTS; i < LAB_LINES; i++)
		digital_set(scpi_lab(scpi), i, call->arg[0].integer >>
			    (i - DIGITAL_INPUTS) & 1);
	return SCPI_OK;
}

static int get_outputs(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_integer(scpi, digital_levels(scpi_lab(scpi)) >>
					DIGITAL_INPUTS);
}

static int get_levels(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_integer(scpi, digital_levels(scpi_lab(scpi)));
}

/* Does this number of the source exist? */
static bool source_exists(enum line_source source, const struct scpi_arg *number)
{
	switch (source) {
	case LINE_CLOCK:
		return number->integer <= LAB_CLOCKS;
	case LINE_LINE:
		return number->given && number->integer > DIGITAL_INPUTS;
	case LINE_INPUT:
		return number->integer <= LAB_INPUTS;
	default:
		return true;
	}
}

static int set_source(struct scpi *scpi, const struct scpi_call *call)
{
	enum line_source source = call->arg[0].integer;

	if (!source_exists(source, &call->arg[1]))
		return SCPI_ERR_RANGE;
	digital_set_source(scpi_lab(scpi), number(call), source,
			   call->arg[1].integer - 1, call->arg[2].number);
	return SCPI_OK;
}

static int get_source(struct scpi *scpi, const struct scpi_call *call)
{
	const struct line *line =
		&scpi_lab(scpi)->digital->line[number(call)];

	scpi_reply_choice(scpi, &call->command->params[0], line->source);
	if (line->source >= LINE_CLOCK)
		scpi_reply_integer(scpi, line->number + 1);
	if (line->source == LINE_INPUT)
		scpi_reply_number(scpi, line->threshold);
	return SCPI_OK;
}

static int get_count(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_address(scpi, digital_edges(scpi_lab(scpi), number(call),
						      call->arg[0].integer + 1));
}

static int clear_count(struct scpi *scpi, const struct scpi_call *call)
{
	digital_clear(scpi_lab(scpi), number(call));
	return SCPI_OK;
}

static int take_count(struct scpi *scpi, const struct scpi_call *call)
{
	get_count(scpi, call);
	return clear_count(scpi, call);
}

static int get_time(struct scpi *scpi, const struct scpi_call *call)
{
	struct lab *lab = scpi_lab(scpi);

	digital_update(lab);
	if (lab->digital->line[number(call)].last)
		reader_reply_time(scpi, lab->digital->line[number(call)].last *
					LAB_TICK);
	else
		scpi_reply_number(scpi, NAN);
	return SCPI_OK;
}

#define OF_LINE		.suffix_min = { 1 }, .suffix_max = { LAB_LINES }
#define OF_EDGES	{ { CHOICE("edges", EDGES), OPTIONAL } }

static const struct scpi_command commands[] = {
	{
		.header = "DIGital:LINE<n>:LEVel", OF_LINE,
		.set = set_level, .query = get_level,
		.unsaved = true,	/* DIGital:OUTPut is */
		.params = { { PARAM(BOOL, "level") } },
		.help = "Level of a digital line. Lines 9 to 16 are outputs and can be set, lines 1 to 8 are inputs.",
		.reply = "0 or 1", .errors = "-114 the line is an input",
		.example = "DIG:LINE9:LEV 1",
	}, {
		.header = "DIGital:LINE<n>:SOURce", .suffix_min = { 1 },
		.suffix_max = { DIGITAL_INPUTS }, .set = set_source,
		.query = get_source,
		.params = {
			{ CHOICE("source", "LOW|HIGH|CLOCk|LINE|INPut") },
			{ INTEGER("number", 1, LAB_LINES, 1), OPTIONAL },
			{ NUMBER("threshold", "V", -LAB_FULL_SCALE,
				 LAB_FULL_SCALE, 0), OPTIONAL },
		},
		.help = "What drives an input line: a fixed level, a clock, an output line, or an analog input: the line is high while the input is at or above the threshold. Edges are exact for SIN, SQU, TRI and RAMP; other functions are polled once a millisecond.",
		.reply = "source, and number and threshold if it has them",
		.errors = "-222 CLOCk 1 to 4, LINE 9 to 16 or INPut 1 to 8",
		.example = "DIG:LINE1:SOUR CLOC,2",
	}, {
		.header = "DIGital:LINE<n>:COUNt", OF_LINE, .query = get_count,
		.query_params = OF_EDGES,
		.help = "Edges since the start or the last CLEar; RISing ones by default.",
		.reply = "number of edges", .example = "DIG:LINE1:COUN? BOTH",
	}, {
		.header = "DIGital:LINE<n>:COUNt:CLEar", OF_LINE,
		.set = clear_count, .query = take_count,
		.query_params = OF_EDGES,
		.help = "Count from 0 again. The query also returns the count so far, and misses no edge in between.",
		.reply = "number of edges", .example = "DIG:LINE1:COUN:CLE?",
	}, {
		.header = "DIGital:LINE<n>:TIME", OF_LINE, .query = get_time,
		.help = "Time of the last edge.",
		.reply = "seconds since the start of the instrument, 9.91E+37 if there was none",
		.example = "DIG:LINE1:TIME?",
	}, {
		.header = "DIGital:OUTPut", .set = set_outputs, .query = get_outputs,
		.params = { { INTEGER("levels", 0, 255, 0) } },
		.help = "All output lines at once; bit 0 is line 9.",
		.reply = "0 to 255", .example = "DIG:OUTP #B101",
	}, {
		.header = "DIGital:STATe", .query = get_levels,
		.help = "Levels of all lines at once; bit 0 is line 1.",
		.reply = "0 to 65535", .example = "DIG:STAT?",
	},
};

const struct scpi_table lab_digital_table = SCPI_TABLE("Digital lines", commands);
