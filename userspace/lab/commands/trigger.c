// SPDX-License-Identifier: GPL-2.0
/*
 * trigger.c - TRIGger: what makes sampling begin
 */
#include "commands/tables.h"
#include "parts/sampler.h"
#include "parts/trigger.h"

static int fire(struct scpi *scpi, const struct scpi_call *call)
{
	return sampler_trigger(scpi_lab(scpi)) ? SCPI_OK :
						 SCPI_ERR_TRIGGER_IGNORED;
}

static int fire_bus(struct scpi *scpi, const struct scpi_call *call)
{
	if (scpi_lab(scpi)->sampler->trigger.source != TRIGGER_BUS)
		return SCPI_ERR_TRIGGER_IGNORED;
	return fire(scpi, call);
}

#define TRIGGER_DELAY_MAX	3600.0		/* s */
#define TRIGGER_COUNT_MAX	1000000

#define OF_TRIGGER(member)						\
	.object = &lab_sampling, SCPI_KEPT(struct sampler, member)

static const struct scpi_command commands[] = {
	{
		.header = "TRIGger:SOURce", OF_TRIGGER(trigger.source),
		.params = { { CHOICE("source", "IMMediate|BUS|INPut|LINE") } },
		.help = "What triggers: INITiate itself, *TRG, an analog input that crosses TRIGger:LEVel, or an edge of a digital line.",
		.reply = "IMM, BUS, INP or LINE", .errors = ERRORS_BUSY,
		.example = "TRIG:SOUR INP",
	}, {
		.header = "TRIGger:SLOPe", OF_TRIGGER(trigger.slope),
		.first = -1,
		.params = { { CHOICE("slope", "POSitive|NEGative|EITHer") } },
		.help = "Direction of the analog input or of the digital edge.",
		.reply = "POS, NEG or EITH", .errors = ERRORS_BUSY,
		.example = "TRIG:SLOP NEG",
	}, {
		.header = "TRIGger:INPut", OF_TRIGGER(trigger.input),
		.first = 1,
		.params = { { INTEGER("input", 1, LAB_INPUTS, 1) } },
		.help = "The analog input that triggers. It need not be in SAMPle:LIST.",
		.reply = "1 to 8", .errors = ERRORS_BUSY,
		.example = "TRIG:INP 2",
	}, {
		.header = "TRIGger:LEVel", OF_TRIGGER(trigger.level),
		.params = {
			{ NUMBER("level", "V", -LAB_FULL_SCALE, LAB_FULL_SCALE,
				 0) },
		},
		.help = "The first sample at or above the level triggers (for NEG: at or below it), after one on the other side.",
		.reply = "V", .errors = ERRORS_BUSY,
		.example = "TRIG:LEV 1.5 V",
	}, {
		.header = "TRIGger:HYSTeresis", OF_TRIGGER(trigger.hysteresis),
		.params = { { NUMBER("hysteresis", "V", 0, LAB_FULL_SCALE, 0) } },
		.help = "How far the input must have been on the other side of the level before, so that noise does not trigger.",
		.reply = "V", .errors = ERRORS_BUSY,
		.example = "TRIG:HYST 100 mV",
	}, {
		.header = "TRIGger:LINE", OF_TRIGGER(trigger.line), .first = 1,
		.params = { { INTEGER("line", 1, LAB_LINES, 1) } },
		.help = "The digital line that triggers. The trigger is at the first frame at or after the edge.",
		.reply = "1 to 16", .errors = ERRORS_BUSY,
		.example = "TRIG:LINE 3",
	}, {
		.header = "TRIGger:DELay", OF_TRIGGER(trigger.delay),
		.scale = LAB_SECOND,
		.params = { { NUMBER("delay", "s", 0, TRIGGER_DELAY_MAX, 0) } },
		.help = "Time from the trigger to frame 0, rounded up to whole frames; frames of SAMPle:PRETrigger are before that.",
		.reply = "s", .errors = ERRORS_BUSY,
		.example = "TRIG:DEL 10 ms",
	}, {
		.header = "TRIGger:COUNt", OF_TRIGGER(trigger.count),
		.params = { { INTEGER("count", 1, TRIGGER_COUNT_MAX, 1) } },
		.help = "How often INITiate waits for a trigger and samples SAMPle:COUNt frames. They follow each other in the ring, which has to have the place; DATA? and FETCh? see those that are complete once sampling has ended.",
		.reply = "1 to 1000000", .errors = ERRORS_BUSY,
		.example = "TRIG:COUN 10",
	}, {
		.header = "TRIGger[:IMMediate]", .set = fire,
		.help = "Trigger now, whatever TRIGger:SOURce is.",
		.errors = "-211 nothing waits for a trigger: INITiate first",
		.example = "TRIG:SOUR BUS;:INIT;:TRIG",
	}, {
		.header = "*TRG", .set = fire_bus,
		.help = "Trigger, if TRIGger:SOURce is BUS.",
		.errors = "-211 nothing waits for a trigger by command: TRIGger:SOURce BUS",
		.example = "TRIG:SOUR BUS;:INIT;*TRG",
	},
};

const struct scpi_table lab_trigger_table = SCPI_TABLE("Trigger", commands);
