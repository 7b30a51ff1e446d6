// SPDX-License-Identifier: GPL-2.0
/*
 * clock.c - CLOCk, and the measurement of frequencies
 */
#include <math.h>

#include "commands/tables.h"
#include "parts/clock.h"
#include "parts/measure.h"

static int set_divider(struct scpi *scpi, const struct scpi_call *call)
{
	clock_set(scpi_lab(scpi), number(call), call->arg[0].integer);
	return SCPI_OK;
}

static int get_divider(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_integer(scpi, clock_divider(scpi_lab(scpi), number(call)));
}

static int set_frequency(struct scpi *scpi, const struct scpi_call *call)
{
	clock_set(scpi_lab(scpi), number(call),
		  clock_nearest_divider(call->arg[0].number));
	return SCPI_OK;
}

static int get_frequency(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_number(scpi, (double)CLOCK_MASTER /
				       clock_divider(scpi_lab(scpi), number(call)));
}

static int measure(struct scpi *scpi, const struct scpi_call *call, bool period)
{
	return measure_start(scpi_lab(scpi), scpi_session(scpi),
			     call->arg[0].integer - 1, call->arg[1].number,
			     period);
}

static int measure_frequency(struct scpi *scpi, const struct scpi_call *call)
{
	return measure(scpi, call, false);
}

static int measure_period(struct scpi *scpi, const struct scpi_call *call)
{
	return measure(scpi, call, true);
}

#define OF_CLOCK	.suffix_min = { 1 }, .suffix_max = { LAB_CLOCKS }
#define OF_MEASURE {							\
		{ INTEGER("line", 1, LAB_LINES, 1) },			\
		{ NUMBER("gate-time", "s", MEASURE_GATE_MIN,		\
			 MEASURE_GATE_MAX, MEASURE_GATE_DEFAULT), OPTIONAL }, \
	}

static const struct scpi_command commands[] = {
	{
		.header = "CLOCk<n>:DIVider", OF_CLOCK, .set = set_divider,
		.query = get_divider,
		.params = {
			{ INTEGER("divider", 1, CLOCK_DIVIDER_MAX,
				  CLOCK_DIVIDER_DEFAULT) },
		},
		.help = "The divider of a clock, from the master clock of 100 MHz. A clock rises at multiples of its period since the start of the instrument. Running sampling keeps the rate it was started with.",
		.reply = "1 to 4294967295", .example = "CLOC1:DIV 1000",
	}, {
		.header = "CLOCk<n>:FREQuency", OF_CLOCK, .set = set_frequency,
		.query = get_frequency,
		.params = {
			{ NUMBER("frequency", "Hz", CLOCK_MIN, CLOCK_MASTER,
				 1000) },
		},
		.help = "Set the divider of a clock to the nearest possible frequency.",
		.reply = "Hz, the exact frequency",
		.example = "CLOC1:FREQ 44.1 kHz",
	}, {
		.header = "MEASure[:SCALar]:FREQuency", .query = measure_frequency,
		.query_params = OF_MEASURE,
		.help = "Frequency of a digital line: rising edges within the gate time, over the time from the first to the last of them. Later commands wait for the end of the gate time.",
		.reply = "Hz, 9.91E+37 if there are fewer than two edges",
		.example = "MEAS:FREQ? 1,10 ms",
	}, {
		.header = "MEASure[:SCALar]:PERiod", .query = measure_period,
		.query_params = OF_MEASURE,
		.help = "Period of a digital line, measured likewise.",
		.reply = "seconds, 9.91E+37 if there are fewer than two edges",
		.example = "MEAS:PER? 1,10 ms",
	},
};

const struct scpi_table lab_clock_table = SCPI_TABLE("Clocks", commands);
