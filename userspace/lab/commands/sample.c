// SPDX-License-Identifier: GPL-2.0
/*
 * sample.c - SAMPle, INITiate, READ? and other commands that sample
 */
#include <math.h>
#include <stdio.h>

#include "commands/tables.h"
#include "parts/clock.h"
#include "parts/input.h"
#include "parts/reader.h"
#include "parts/sampler.h"
#include "parts/stream.h"

#define STREAM_FIRST	"there is a stream: STREam:STOP first"

static struct sampler *sampler_of(struct scpi *scpi)
{
	return scpi_lab(scpi)->sampler;
}

static int sampling_is_idle(struct scpi *scpi, const struct scpi_call *call)
{
	sampler_catch_up(scpi_lab(scpi));
	return sampler_of(scpi)->state == SAMPLER_IDLE ?
	       SCPI_OK : SCPI_ERR_SETTINGS_CONFLICT;
}

static void *find(struct scpi *scpi, const struct scpi_call *call)
{
	return sampler_of(scpi);
}

const struct scpi_object lab_sampling = {
	.find = find, .change = sampling_is_idle,
};

static int set_list(struct scpi *scpi, const struct scpi_call *call)
{
	struct sampler *sampler = sampler_of(scpi);
	unsigned int count = call->arg[0].list.count;

	if (count > LAB_INPUTS)
		return SCPI_ERR_TOO_MUCH_DATA;
	if (stream_frames(scpi_lab(scpi)))
		return scpi_fail(scpi, SCPI_ERR_SETTINGS_CONFLICT, STREAM_FIRST);
	sampler->list_length = count;
	for (unsigned int i = 0; i < count; i++)
		sampler->list[i] = call->arg[0].list.entry[i] - 1;
	sampler_changed(scpi_lab(scpi));
	return SCPI_OK;
}

static int get_list(struct scpi *scpi, const struct scpi_call *call)
{
	const struct sampler *sampler = sampler_of(scpi);
	char text[4 * LAB_INPUTS] = "";
	int length = 0;

	for (unsigned int i = 0; i < sampler->list_length; i++)
		length += snprintf(text + length, sizeof(text) - length,
				   i ? ",%u" : "%u", sampler->list[i] + 1);
	return scpi_reply_text(scpi, "(@%s)", text);
}

static int set_rate(struct scpi *scpi, const struct scpi_call *call)
{
	sampler_of(scpi)->period = llround(CLOCK_MASTER / call->arg[0].number);
	sampler_of(scpi)->clock = LAB_CLOCKS;
	return SCPI_OK;
}

static int get_rate(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_number(scpi, (double)CLOCK_MASTER /
				       (scpi_session(scpi)->saves ?
					sampler_of(scpi)->period :
					sampler_interval(scpi_lab(scpi))));
}

static int set_source(struct scpi *scpi, const struct scpi_call *call)
{
	struct sampler *sampler = sampler_of(scpi);

	sampler->clock = call->arg[0].integer ? call->arg[1].integer - 1 :
						LAB_CLOCKS;
	sampler->divider = call->arg[2].integer;
	return SCPI_OK;
}

static int get_source(struct scpi *scpi, const struct scpi_call *call)
{
	const struct sampler *sampler = sampler_of(scpi);
	bool clock = sampler->clock < LAB_CLOCKS;

	scpi_reply_choice(scpi, &call->command->params[0], clock);
	if (clock) {
		scpi_reply_integer(scpi, sampler->clock + 1);
		scpi_reply_integer(scpi, sampler->divider);
	}
	return SCPI_OK;
}

static int set_count(struct scpi *scpi, const struct scpi_call *call)
{
	double count = call->arg[0].number;

	if (!isinf(count) && count > SAMPLER_COUNT_MAX)
		return SCPI_ERR_RANGE;
	sampler_of(scpi)->count = isinf(count) ? 0 : llround(count);
	return SCPI_OK;
}

static int get_count(struct scpi *scpi, const struct scpi_call *call)
{
	uint64_t count = sampler_of(scpi)->count;

	if (count)
		scpi_reply_address(scpi, count);
	else
		scpi_reply_number(scpi, INFINITY);
	return SCPI_OK;
}

static int set_ring(struct scpi *scpi, const struct scpi_call *call)
{
	struct lab *lab = scpi_lab(scpi);
	uint64_t address = call->arg[0].address, length = call->arg[1].address;
	uint64_t size = lab->card->size;
	uint64_t least = LAB_INPUTS * sizeof(int16_t);

	if (stream_frames(lab))
		return scpi_fail(scpi, SCPI_ERR_SETTINGS_CONFLICT, STREAM_FIRST);
	if (address & 1 || address > size || size - address < least ||
	    length > size - address || (length && length < least)) {
		return scpi_fail(scpi, SCPI_ERR_RANGE,
				 "an even address and at least %ju of %ju bytes",
				 (uintmax_t)least, (uintmax_t)size);
	}
	lab->sampler->ring_address = address;
	lab->sampler->ring_length = length;
	return SCPI_OK;
}

static int get_ring(struct scpi *scpi, const struct scpi_call *call)
{
	uint64_t address, length = sampler_ring(scpi_lab(scpi), &address);

	scpi_reply_address(scpi, address);
	return scpi_reply_address(scpi, length);
}

static void *find_user(struct scpi *scpi, const struct scpi_call *call)
{
	return session_user(scpi_session(scpi));
}

static const struct scpi_object user = { .find = find_user };

static int initiate(struct scpi *scpi, const struct scpi_call *call)
{
	const char *why = NULL;
	int error = sampler_start(scpi_lab(scpi), scpi_session(scpi), &why);

	if (why)
		scpi_error(scpi, error, "%s", why);
	return error;
}

static int abort_sampling(struct scpi *scpi, const struct scpi_call *call)
{
	sampler_abort(scpi_lab(scpi));
	return SCPI_OK;
}

static int read_all(struct scpi *scpi, const struct scpi_call *call)
{
	struct lab *lab = scpi_lab(scpi);
	int error;

	if (!lab->sampler->count)
		return scpi_fail(scpi, SCPI_ERR_SETTINGS_CONFLICT,
				 "SAMPle:COUNt is INFinity");
	sampler_catch_up(lab);
	if (!readers_add(lab, scpi_session(scpi)))
		return SCPI_ERR_OUT_OF_MEMORY;
	error = initiate(scpi, call);
	if (error)
		readers_forget(lab, scpi_session(scpi));
	return error ? error : SCPI_SUSPEND;
}

static int fetch(struct scpi *scpi, const struct scpi_call *call)
{
	return reader_summary(scpi_lab(scpi), scpi);
}

static int get_data(struct scpi *scpi, const struct scpi_call *call)
{
	return reader_data(scpi_lab(scpi), scpi, call->arg[0].address,
			   call->arg[1].address);
}

static int measure_voltage(struct scpi *scpi, const struct scpi_call *call)
{
	struct lab *lab = scpi_lab(scpi);
	const struct sampler *sampler = lab->sampler;
	bool given = call->arg[0].given;
	unsigned int count = given ? call->arg[0].list.count :
				     sampler->list_length;

	sampler_catch_up(lab);
	for (unsigned int i = 0; i < count; i++) {
		unsigned int n = given ? call->arg[0].list.entry[i] - 1 :
					 sampler->list[i];

		scpi_reply_text(scpi, "%.6f",
				input_sample(lab, n, lab_tick(lab)) *
				(LAB_FULL_SCALE / INT16_MAX));
	}
	return SCPI_OK;
}

#define SUMMARY		"frames, lost frames, time of frame 0 and of the trigger in s; of each input least, greatest and mean V over the frames in the ring"

static const struct scpi_command commands[] = {
	{
		.header = "SAMPle:LIST", .object = &lab_sampling,
		.set = set_list, .query = get_list,
		.params = { { LIST("inputs", 1, LAB_INPUTS) } },
		.help = "The inputs that are sampled. A frame is one sample of each, in this order, 16 bits little endian, 10 V is 32767.",
		.reply = "(@1,2)",
		.errors = ERRORS_BUSY ", or there is a stream; -223 more than 8",
		.example = "SAMP:LIST (@1:4)",
	}, {
		.header = "SAMPle:RATE", .object = &lab_sampling,
		.set = set_rate, .query = get_rate,
		.params = {
			{ NUMBER("rate", "S/s", SAMPLER_RATE_MIN,
				 SAMPLER_RATE_MAX, 10000) },
		},
		.help = "Frames per second. The period is rounded to 10 ns; frame n is exactly n periods after the first one.",
		.reply = "the exact rate", .errors = ERRORS_BUSY,
		.example = "SAMP:RATE 50 kHz",
	}, {
		.header = "SAMPle:SOURce", .object = &lab_sampling,
		.set = set_source, .query = get_source,
		.params = {
			{ CHOICE("source", "INTernal|CLOCk") },
			{ INTEGER("clock", 1, LAB_CLOCKS, 1), OPTIONAL },
			{ INTEGER("divider", 1, SAMPLER_DIVIDER_MAX,
				  1), OPTIONAL },
		},
		.help = "What determines the rate: SAMPle:RATE, or a clock, as it is when sampling starts, and a divider.",
		.reply = "INT, or CLOC with clock and divider",
		.errors = ERRORS_BUSY, .example = "SAMP:SOUR CLOC,1,4",
	}, {
		.header = "SAMPle:COUNt", .object = &lab_sampling,
		.set = set_count, .query = get_count,
		.params = { { NUMBER("count", NULL, 1, INFINITY, 1000) } },
		.help = "How many frames are sampled, including those before the trigger; INFinity: until ABORt. At most 2^48.",
		.reply = "number of frames, 9.9E+37 for infinity",
		.errors = ERRORS_BUSY "; -222 at most 2^48", .example = "SAMP:COUN INF",
	}, {
		.header = "SAMPle:PRETrigger", .object = &lab_sampling,
		SCPI_KEPT(struct sampler, pre),
		.params = { { INTEGER("frames", 0, 0x7fffffff, 0) } },
		.help = "How many frames from before the trigger are kept. No trigger is accepted before they have been sampled.",
		.reply = "number of frames", .errors = ERRORS_BUSY,
		.example = "SAMP:PRET 100",
	}, {
		.header = "SAMPle:RING", .object = &lab_sampling,
		.set = set_ring, .query = get_ring,
		.params = {
			{ PARAM(ADDRESS, "card-address") },
			{ PARAM(ADDRESS, "length") },
		},
		.help = "The ring in card memory that frames are written to. Length 0 is up to the end of the memory.",
		.reply = "card address, length in bytes",
		.errors = ERRORS_BUSY ", or there is a stream; -222 not within card memory",
		.example = "SAMP:RING 0,65536",
	}, {
		.header = "SAMPle:KEEP", .object = &user,
		SCPI_KEPT(struct session, keeps), .unsaved = true,
		.params = { { PARAM(BOOL, "on") } },
		.help = "Whether sampling that this user starts goes on after it has closed the card or its connection. OFF at first; *RST does not change it.",
		.reply = "0 or 1", .example = "SAMP:KEEP ON",
	}, {
		.header = "INITiate[:IMMediate]", .set = initiate,
		.help = "Start sampling: wait for the trigger, then sample the frames. An overlapped command, if SAMPle:COUNt is finite: *WAI and *OPC wait for its end.",
		.errors = "-213 sampling is running: ABORt first, -221 settings are incompatible",
		.example = "INIT",
	}, {
		.header = "ABORt", .set = abort_sampling,
		.help = "End sampling. The frames stay in the ring. If another user has started it, both are told: event: SAMPLING ended, and it gets error -230.",
		.example = "ABOR",
	}, {
		.header = "READ", .query = read_all,
		.help = "Start sampling, wait until all frames are there, and reply as FETCh? does.",
		.reply = SUMMARY,
		.errors = "-213 sampling is running: ABORt first, -221 settings are incompatible, or SAMPle:COUNt is INFinity, -230 it was aborted",
		.example = "READ?",
	}, {
		.header = "FETCh", .query = fetch,
		.help = "A summary of what has been sampled so far, or last.",
		.reply = SUMMARY, .errors = "-230 nothing has been sampled",
		.example = "READ?;FETC?",
	}, {
		.header = "DATA", .query = get_data,
		.query_params = {
			{ PARAM(ADDRESS, "offset") },
			{ PARAM(ADDRESS, "count") },
		},
		.help = "Some frames, from any offset on. For many of them there are TOHOST and STREam.",
		.reply = "definite-length block of 16 bit samples, at most 1000 bytes, 262120 over the network",
		.errors = "-223 too many frames, -230 they are not in the ring",
		.example = "READ?;DATA? 0,10",
	}, {
		.header = "MEASure[:SCALar]:VOLTage[:DC]", .query = measure_voltage,
		.query_params = { { LIST("inputs", 1, LAB_INPUTS), OPTIONAL } },
		.help = "The voltages of some inputs at this moment; without a list, those of SAMPle:LIST. It does not disturb running sampling.",
		.reply = "V of each input", .example = "MEAS:VOLT? (@1,2)",
	},
};

const struct scpi_table lab_sample_table = SCPI_TABLE("Sampling", commands);
