// SPDX-License-Identifier: GPL-2.0
/*
 * output.c - OUTPut: the analog outputs
 */
#include "commands/tables.h"
#include "parts/output.h"

static void *find(struct scpi *scpi, const struct scpi_call *call)
{
	return &scpi_lab(scpi)->outputs->output[number(call)];
}

static const struct output *output_of(struct scpi *scpi,
				      const struct scpi_call *call)
{
	return find(scpi, call);
}

static int change(struct scpi *scpi, const struct scpi_call *call)
{
	outputs_change(scpi_lab(scpi), number(call));
	return SCPI_OK;
}

static int change_clock(struct scpi *scpi, const struct scpi_call *call)
{
	outputs_change_clock(scpi_lab(scpi), number(call));
	return SCPI_OK;
}

static void changed(struct scpi *scpi, const struct scpi_call *call)
{
	outputs_changed(scpi_lab(scpi));
}

static const struct scpi_object outputs = {
	.find = find, .change = change, .changed = changed,
};

static const struct scpi_object clocks = {
	.find = find, .change = change_clock, .changed = changed,
};

/* What is set by functions of parts/output.c */
static const struct scpi_object levels = { .find = find };

static int set_level(struct scpi *scpi, const struct scpi_call *call)
{
	output_set_level(scpi_lab(scpi), number(call), call->arg[0].number);
	return SCPI_OK;
}

static int set_waveform(struct scpi *scpi, const struct scpi_call *call)
{
	return output_set_waveform(scpi_lab(scpi), number(call),
				call->arg[0].address, call->arg[1].address) ?
	       SCPI_ERR_RANGE : SCPI_OK;
}

static int get_waveform(struct scpi *scpi, const struct scpi_call *call)
{
	scpi_reply_address(scpi, output_of(scpi, call)->address);
	return scpi_reply_address(scpi, output_of(scpi, call)->points);
}

static int set_state(struct scpi *scpi, const struct scpi_call *call)
{
	if (!call->arg[0].integer)
		output_stop(scpi_lab(scpi), number(call));
	else if (output_start(scpi_lab(scpi), number(call)))
		return SCPI_ERR_SETTINGS_CONFLICT;
	return SCPI_OK;
}

#define OF_OUTPUT	.suffix_min = { 1 }, .suffix_max = { LAB_OUTPUTS }

static const struct scpi_command commands[] = {
	{
		.header = "OUTPut<n>:LEVel", OF_OUTPUT, .set = set_level,
		.object = &levels, SCPI_SEEN(struct output, level),
		.params = {
			{ NUMBER("level", "V", -LAB_FULL_SCALE, LAB_FULL_SCALE,
				 0) },
		},
		.help = "Voltage of an analog output while it plays no waveform, in steps of 10/32767 V.",
		.reply = "V, as the converter gives it",
		.example = "OUTP1:LEV 2.5 V",
	}, {
		.header = "OUTPut<n>:WAVeform", OF_OUTPUT, .set = set_waveform,
		.query = get_waveform,
		.params = {
			{ PARAM(ADDRESS, "card-address") },
			{ PARAM(ADDRESS, "points") },
		},
		.help = "Where the waveform of an output is in card memory: samples of 16 bits, little endian, 10 V is 32767, put there by FROMHOST. The output stops; 0 points mean no waveform.",
		.reply = "card address, number of points",
		.errors = "-222 not within card memory",
		.example = "OUTP1:WAV 0,1000",
	}, {
		.header = "OUTPut<n>:CLOCk", OF_OUTPUT, .object = &clocks,
		SCPI_KEPT(struct output, clock), .first = 1,
		.params = { { INTEGER("clock", 1, LAB_CLOCKS, 1) } },
		.help = "The waveform advances by one point with each period of this clock.",
		.reply = "number of the clock", .example = "OUTP1:CLOC 2",
	}, {
		.header = "OUTPut<n>:MODE", OF_OUTPUT, .object = &outputs,
		SCPI_KEPT(struct output, once),
		.params = { { CHOICE("mode", "LOOP|ONCE") } },
		.help = "After its last point the waveform starts over, or stays there.",
		.reply = "LOOP or ONCE", .example = "OUTP1:MODE ONCE",
	}, {
		.header = "OUTPut<n>:STATe", OF_OUTPUT, .set = set_state,
		.object = &levels, SCPI_SEEN(struct output, running),
		.params = { { PARAM(BOOL, "on") } },
		.help = "Play the waveform from its first point, or return to the level.",
		.reply = "0 or 1", .errors = "-221 OUTPut:WAVeform comes first",
		.example = "OUTP1:STAT OFF",
	},
};

const struct scpi_table lab_output_table = SCPI_TABLE("Analog outputs", commands);
