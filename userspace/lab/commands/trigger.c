// SPDX-License-Identifier: GPL-2.0
/*
 * trigger.c - TRIGger: what makes sampling begin
 */
#include "commands/tables.h"
#include "parts/sampler.h"
#include "parts/trigger.h"

/* Get the settings for a change, which is refused while it samples. */
static int change(struct scpi *scpi, struct trigger **trigger)
{
	struct lab *lab = scpi_lab(scpi);

	sampler_catch_up(lab);
	*trigger = &lab->sampler->trigger;
	if (lab->sampler->state == SAMPLER_IDLE)
		return SCPI_OK;
	scpi_error(scpi, SCPI_ERR_SETTINGS_CONFLICT, "it samples, ABORt first");
	return SCPI_ERR_SETTINGS_CONFLICT;
}

static const struct trigger *trigger_of(struct scpi *scpi)
{
	return &scpi_lab(scpi)->sampler->trigger;
}

static int set_source(struct scpi *scpi, const struct scpi_call *call)
{
	struct trigger *trigger;
	int error = change(scpi, &trigger);

	if (!error)
		trigger->source = call->arg[0].integer;
	return error;
}

static int get_source(struct scpi *scpi, const struct scpi_call *call)
{
	scpi_reply_choice(scpi, &call->command->params[0],
			  trigger_of(scpi)->source);
	return SCPI_OK;
}

static int set_slope(struct scpi *scpi, const struct scpi_call *call)
{
	struct trigger *trigger;
	int error = change(scpi, &trigger);

	if (!error)
		trigger->slope = call->arg[0].integer + 1;
	return error;
}

static int get_slope(struct scpi *scpi, const struct scpi_call *call)
{
	scpi_reply_choice(scpi, &call->command->params[0],
			  trigger_of(scpi)->slope - 1);
	return SCPI_OK;
}

static int set_input(struct scpi *scpi, const struct scpi_call *call)
{
	struct trigger *trigger;
	int error = change(scpi, &trigger);

	if (!error)
		trigger->input = call->arg[0].integer - 1;
	return error;
}

static int get_input(struct scpi *scpi, const struct scpi_call *call)
{
	(void)call;
	scpi_reply_integer(scpi, trigger_of(scpi)->input + 1);
	return SCPI_OK;
}

static int set_line(struct scpi *scpi, const struct scpi_call *call)
{
	struct trigger *trigger;
	int error = change(scpi, &trigger);

	if (!error)
		trigger->line = call->arg[0].integer - 1;
	return error;
}

static int get_line(struct scpi *scpi, const struct scpi_call *call)
{
	(void)call;
	scpi_reply_integer(scpi, trigger_of(scpi)->line + 1);
	return SCPI_OK;
}

static int set_level(struct scpi *scpi, const struct scpi_call *call)
{
	struct trigger *trigger;
	int error = change(scpi, &trigger);

	if (!error)
		trigger->level = call->arg[0].number;
	return error;
}

static int get_level(struct scpi *scpi, const struct scpi_call *call)
{
	(void)call;
	scpi_reply_number(scpi, trigger_of(scpi)->level);
	return SCPI_OK;
}

static int set_hysteresis(struct scpi *scpi, const struct scpi_call *call)
{
	struct trigger *trigger;
	int error = change(scpi, &trigger);

	if (!error)
		trigger->hysteresis = call->arg[0].number;
	return error;
}

static int get_hysteresis(struct scpi *scpi, const struct scpi_call *call)
{
	(void)call;
	scpi_reply_number(scpi, trigger_of(scpi)->hysteresis);
	return SCPI_OK;
}

static int fire(struct scpi *scpi, const struct scpi_call *call)
{
	(void)call;
	return sampler_trigger(scpi_lab(scpi)) ? SCPI_OK :
						 SCPI_ERR_TRIGGER_IGNORED;
}

static int fire_bus(struct scpi *scpi, const struct scpi_call *call)
{
	if (trigger_of(scpi)->source != TRIGGER_BUS)
		return SCPI_ERR_TRIGGER_IGNORED;
	return fire(scpi, call);
}

#define ERRORS_BUSY	"-221 while it samples"

static const struct scpi_command commands[] = {
	{
		.header = "TRIGger:SOURce",
		.set = set_source,
		.query = get_source,
		.params = {
			{ .type = SCPI_CHOICE, .name = "source",
			  .words = "IMMediate|BUS|INPut|LINE" },
		},
		.help = "What triggers: INITiate itself, *TRG, an analog input that\n"
			"crosses TRIGger:LEVel, or an edge of a digital line.",
		.reply = "IMM, BUS, INP or LINE",
		.errors = ERRORS_BUSY,
		.example = "TRIG:SOUR INP",
	}, {
		.header = "TRIGger:SLOPe",
		.set = set_slope,
		.query = get_slope,
		.params = {
			{ .type = SCPI_CHOICE, .name = "slope",
			  .words = "POSitive|NEGative|EITHer" },
		},
		.help = "Direction of the analog input or of the digital edge.",
		.reply = "POS, NEG or EITH",
		.errors = ERRORS_BUSY,
		.example = "TRIG:SLOP NEG",
	}, {
		.header = "TRIGger:INPut",
		.set = set_input,
		.query = get_input,
		.params = {
			{ .type = SCPI_INTEGER, .name = "input", .min = 1,
			  .max = LAB_INPUTS, .def = 1 },
		},
		.help = "The analog input that triggers. It need not be in\n"
			"SAMPle:LIST.",
		.reply = "1 to 8",
		.errors = ERRORS_BUSY,
		.example = "TRIG:INP 2",
	}, {
		.header = "TRIGger:LEVel",
		.set = set_level,
		.query = get_level,
		.params = {
			{ .type = SCPI_NUMBER, .name = "level", .unit = "V",
			  .min = -LAB_FULL_SCALE, .max = LAB_FULL_SCALE },
		},
		.help = "The first sample at or above the level triggers (for NEG: at\n"
			"or below it), after one on the other side.",
		.reply = "V",
		.errors = ERRORS_BUSY,
		.example = "TRIG:LEV 1.5 V",
	}, {
		.header = "TRIGger:HYSTeresis",
		.set = set_hysteresis,
		.query = get_hysteresis,
		.params = {
			{ .type = SCPI_NUMBER, .name = "hysteresis",
			  .unit = "V", .max = LAB_FULL_SCALE },
		},
		.help = "How far the input must have been on the other side of the\n"
			"level before, so that noise does not trigger.",
		.reply = "V",
		.errors = ERRORS_BUSY,
		.example = "TRIG:HYST 100 mV",
	}, {
		.header = "TRIGger:LINE",
		.set = set_line,
		.query = get_line,
		.params = {
			{ .type = SCPI_INTEGER, .name = "line", .min = 1,
			  .max = LAB_LINES, .def = 1 },
		},
		.help = "The digital line that triggers. The trigger is at the first\n"
			"frame at or after the edge.",
		.reply = "1 to 16",
		.errors = ERRORS_BUSY,
		.example = "TRIG:LINE 3",
	}, {
		.header = "TRIGger[:IMMediate]",
		.set = fire,
		.help = "Trigger now, whatever TRIGger:SOURce is.",
		.errors = "-211 not waiting for a trigger",
		.example = "TRIG:SOUR BUS;:INIT;:TRIG",
	}, {
		.header = "*TRG",
		.set = fire_bus,
		.help = "Trigger, if TRIGger:SOURce is BUS.",
		.errors = "-211 not waiting for a trigger by command",
		.example = "TRIG:SOUR BUS;:INIT;*TRG",
	},
};

const struct scpi_table lab_trigger_table = {
	.title = "Trigger",
	.commands = commands,
	.count = SCPI_ARRAY_SIZE(commands),
};
