// SPDX-License-Identifier: GPL-2.0
/*
 * simple.c - the commands of the simulated card, skel_sim
 *
 * Replies are the same (see Documentation/misc-devices/skel_sim.rst), so that
 * programs such as skelctl record work with both cards. Errors are reported by
 * a line as well as in the error queue.
 */
#include <math.h>
#include <stdio.h>

#include "commands/tables.h"
#include "parts/clock.h"
#include "parts/input.h"
#include "parts/sampler.h"
#include "parts/stream.h"
#include "parts/transfer.h"

#define FREQUENCY_MAX	500000000	/* mHz */
#define RANGE		10000		/* mV */

static int fail(struct scpi *scpi, int error, const char *reason)
{
	scpi_notify(scpi, "ERROR %s", reason);
	return error;
}

static const char *function_name(enum signal_function function)
{
	static const char *const names[] = {
		[SIGNAL_SINE] = "sine",
		[SIGNAL_SQUARE] = "square",
		[SIGNAL_TRIANGLE] = "triangle",
		[SIGNAL_RAMP] = "ramp",
		[SIGNAL_NOISE] = "noise",
		[SIGNAL_DC] = "dc",
		[SIGNAL_LOOPBACK] = "loopback",
		[SIGNAL_COUNTER] = "counter",
		[SIGNAL_FILE] = "file",
	};

	return names[function];
}

/* Signals without frequency or amplitude report 0 and the full range. */
static int describe(const struct lab *lab, unsigned int n, char *text,
		    size_t size)
{
	const struct signal *signal = &lab->inputs->input[n].signal;
	uint64_t frequency = 0, amplitude = RANGE;

	if (signal_is_periodic(signal))
		frequency = (signal->frequency + 500) / 1000;
	if (signal->function <= SIGNAL_NOISE)
		amplitude = llround(signal->amplitude * 1000);
	else if (signal->function == SIGNAL_DC)
		amplitude = llround(fabs(signal->offset) * 1000);
	return snprintf(text, size, " in%u=%s,%llu,%llu", n,
			function_name(signal->function),
			(unsigned long long)frequency,
			(unsigned long long)amplitude);
}

static int get_inputs(struct scpi *scpi, const struct scpi_call *call)
{
	const struct lab *lab = scpi_lab(scpi);
	const struct sampler *sampler = lab->sampler;
	char text[LAB_INPUTS * 64];
	int length = 0;

	for (unsigned int i = 0; i < sampler->list_length; i++)
		length += describe(lab, sampler->list[i], text + length,
				   sizeof(text) - length);
	return scpi_reply_last(scpi, "INPUTS %u bits=16 range=%d%s",
			       sampler->list_length, RANGE, text);
}

static int set_input(struct scpi *scpi, const struct scpi_call *call)
{
	struct lab *lab = scpi_lab(scpi);
	uint64_t n = call->arg[0].address, frequency = call->arg[1].address;
	uint64_t amplitude = call->arg[2].address;
	struct signal *signal;

	if (n >= LAB_INPUTS || !frequency || frequency > FREQUENCY_MAX ||
	    amplitude > RANGE)
		return fail(scpi, SCPI_ERR_RANGE, "range");
	signal = &input_change(lab, n)->signal;
	signal->frequency = frequency * (SIGNAL_HERTZ / 1000);
	signal->amplitude = amplitude / 1000.0;
	input_changed(lab, n);
	return scpi_reply_text(scpi, "OK INPUT");
}

static int sample(struct scpi *scpi, const struct scpi_call *call)
{
	struct lab *lab = scpi_lab(scpi);
	struct sampler *sampler = lab->sampler;
	uint64_t rate = call->arg[0].address;
	const char *why = NULL;
	int error;

	if (!rate || rate > SAMPLER_RATE_MAX)
		return fail(scpi, SCPI_ERR_RANGE, "range");
	sampler_abort(lab);
	sampler->period = (CLOCK_MASTER + rate / 2) / rate;
	sampler->clock = LAB_CLOCKS;
	sampler->count = 0;
	sampler->pre = 0;
	sampler->trigger.source = TRIGGER_IMMEDIATE;
	sampler->trigger.delay = 0;
	sampler->trigger.count = 1;
	error = sampler_start(lab, scpi_session(scpi), &why);
	if (error) {
		scpi_error(scpi, error, "%s", why);
		return fail(scpi, error, "conflict");
	}
	return scpi_reply_text(scpi, "OK SAMPLE");
}

static int stop(struct scpi *scpi, const struct scpi_call *call)
{
	sampler_abort(scpi_lab(scpi));
	return scpi_reply_text(scpi, "OK STOP");
}

static const char *trigger_state(const struct sampler *sampler)
{
	if (sampler->state == SAMPLER_WAITING)
		return "WAITING";
	return sampler->inputs ? "DONE" : "NONE";
}

/* Before the first sampling, it reports the settings. */
static int get_status(struct scpi *scpi, const struct scpi_call *call)
{
	struct lab *lab = scpi_lab(scpi);
	const struct sampler *s = lab->sampler;
	unsigned long long frames = 0;
	uint64_t interval, position, ring, base;

	sampler_catch_up(lab);
	if (s->inputs) {
		frames = sampler_frames(lab);
		interval = s->interval;
		position = sampler_address(lab, s->next);
		ring = s->ring_frames * s->frame_bytes;
		base = s->ring - lab->card->memory;
	} else {
		interval = sampler_interval(lab);
		ring = sampler_ring(lab, &base);
		ring -= ring % (s->list_length * sizeof(int16_t));
		position = base;
	}
	return scpi_reply_last(scpi,
			       "STATUS %s rate=%llu frames=%llu position=%llu ring=%llu transfers=%u refused=%llu lost=%llu trigger=%s base=%llu period=%llu run=%llu",
			       s->state == SAMPLER_IDLE ? "IDLE" : "SAMPLING",
			       (unsigned long long)((CLOCK_MASTER + interval / 2) /
						    interval), frames,
			       (unsigned long long)position, (unsigned long long)ring,
			       transfers_running(lab) + stream_transfers(lab),
			       (unsigned long long)lab->card->refused,
			       (unsigned long long)s->lost, trigger_state(s),
			       (unsigned long long)base,
			       (unsigned long long)interval * LAB_TICK,
			       (unsigned long long)s->run);
}

static const struct scpi_command commands[] = {
	{
		.header = "INPUTS", .query = get_inputs,
		.help = "What is connected to the inputs of SAMPle:LIST, counted from 0: function, frequency in mHz, amplitude in mV.",
		.reply = "INPUTS 2 bits=16 range=10000 in0=sine,50000,8000 in1=square,25000,5000",
		.example = "INPUTS?",
	}, {
		.header = "INPUT", .set = set_input, .blanks = true,
		.params = {
			{ PARAM(ADDRESS, "input") },
			{ PARAM(ADDRESS, "mHz") },
			{ PARAM(ADDRESS, "mV") },
		},
		.help = "Frequency, 1 to 500000000 mHz, and amplitude, 0 to 10000 mV, of an input, 0 to 7.",
		.reply = "OK INPUT", .errors = "-222, and a line ERROR range",
		.example = "INPUT 0 1000000 5000",
	}, {
		.header = "SAMPLE", .set = sample, .blanks = true,
		.params = { { PARAM(ADDRESS, "rate") } },
		.help = "Sample steadily, 1 to 1000000 frames per second; restarts if it samples already. Sets SAMPle:RATE, SAMPle:COUNt INFinity, SAMPle:PRETrigger 0 and TRIGger:SOURce IMMediate, TRIGger:DELay 0 and TRIGger:COUNt 1.",
		.reply = "OK SAMPLE",
		.errors = "-222 and a line ERROR range; -221 and a line ERROR conflict as for INITiate",
		.example = "SAMPLE 10000",
	}, {
		.header = "STOP", .set = stop,
		.help = "Stop sampling, as ABORt.",
		.reply = "OK STOP", .example = "STOP",
	}, {
		.header = "STATUS", .query = get_status,
		.help = "What the card is doing: frames per second, frames since frame 0, card address of the next one, length of the ring, running transfers, requests that the core has refused, lost frames, trigger (NONE, WAITING, DONE), card address of the ring, exact period of a frame in ns. The run is incremented by each start, each change of a sampled input or of SAMPle:LIST, and when something else is written to the ring: as long as it is the same, all frames belong to one recording.",
		.reply = "STATUS IDLE|SAMPLING rate=.. frames=.. position=.. ring=.. transfers=.. refused=.. lost=.. trigger=.. base=.. period=.. run=..",
		.example = "STATUS?",
	},
};

const struct scpi_table lab_simple_table = SCPI_TABLE("Simple commands", commands);
