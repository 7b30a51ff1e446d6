// SPDX-License-Identifier: GPL-2.0
/*
 * input.c - INPut: the generators at the analog inputs
 */
#include <math.h>
#include <string.h>

#include "commands/tables.h"
#include "parts/input.h"

static void *find(struct scpi *scpi, const struct scpi_call *call)
{
	return &scpi_lab(scpi)->inputs->input[number(call)];
}

static int change(struct scpi *scpi, const struct scpi_call *call)
{
	input_change(scpi_lab(scpi), number(call));
	return SCPI_OK;
}

static void changed(struct scpi *scpi, const struct scpi_call *call)
{
	input_changed(scpi_lab(scpi), number(call));
}

static const struct scpi_object inputs = {
	.find = find, .change = change, .changed = changed,
};

static int set_function(struct scpi *scpi, const struct scpi_call *call)
{
	enum signal_function function = call->arg[0].integer;
	struct input *input = find(scpi, call);

	if (function == SIGNAL_FILE && !input->recording)
		return SCPI_ERR_SETTINGS_CONFLICT;
	input->signal.function = function;
	return SCPI_OK;
}

static int set_phase(struct scpi *scpi, const struct scpi_call *call)
{
	struct input *input = find(scpi, call);
	double degrees = call->arg[0].number;

	if (degrees < 0)
		degrees += 360;
	input->signal.phase = (uint64_t)llround(degrees / 360 * SIGNAL_CYCLE) %
			      SIGNAL_CYCLE;
	return SCPI_OK;
}

static int set_output(struct scpi *scpi, const struct scpi_call *call)
{
	struct input *input = find(scpi, call);

	input->output = call->arg[0].integer - 1;
	input->signal.function = SIGNAL_LOOPBACK;
	return SCPI_OK;
}

static int set_file(struct scpi *scpi, const struct scpi_call *call)
{
	struct lab *lab = scpi_lab(scpi);
	char name[INPUT_FILE_MAX + 1] = "";
	struct recording_fault fault;
	size_t length = call->arg[0].length;
	struct recording *recording;

	if (length > INPUT_FILE_MAX ||
	    memchr(call->arg[0].bytes, '\0', length))
		return scpi_fail(scpi, SCPI_ERR_FILE_NAME,
				 "at most %d characters", INPUT_FILE_MAX);
	memcpy(name, call->arg[0].bytes, length);
	recording = recording_open(lab->directory, name, call->arg[1].integer,
				   llround(call->arg[2].number * SIGNAL_HERTZ),
				   &fault);
	if (!recording)
		return scpi_fail(scpi, fault.error, "%s: %s", name,
				 fault.reason);
	input_set_recording(lab, number(call), recording, name,
			    call->arg[1].integer);
	return SCPI_OK;
}

static int get_file(struct scpi *scpi, const struct scpi_call *call)
{
	const struct input *input = find(scpi, call);
	const struct recording *recording = input->recording;

	scpi_reply_string(scpi, input->file);
	scpi_reply_integer(scpi, input->channel);
	return scpi_reply_number(scpi, recording ? (double)recording->rate /
						   SIGNAL_HERTZ : 0);
}

static int get_points(struct scpi *scpi, const struct scpi_call *call)
{
	const struct input *input = find(scpi, call);

	return scpi_reply_integer(scpi, input->recording ?
				  input->recording->count : 0);
}

#define KEPT(member)	.object = &inputs, SCPI_KEPT(struct input, member)
#define SEEN(member)	.object = &inputs, SCPI_SEEN(struct input, member)
#define OF_INPUT	.suffix_min = { 1 }, .suffix_max = { LAB_INPUTS }

/* LOOPback and FILE set FUNCtion, so that comes after them for *RCL. */
static const struct scpi_command commands[] = {
	{
		.header = "INPut<n>:AMPLitude", OF_INPUT, KEPT(signal.amplitude),
		.params = { { NUMBER("amplitude", "V", 0, LAB_FULL_SCALE, 1) } },
		.help = "Half of the peak-to-peak voltage of SIN, SQU, TRI, RAMP and NOISE. Values beyond the range of the converter are clipped.",
		.reply = "V", .example = "INP1:AMPL 2.5 V",
	}, {
		.header = "INPut<n>:OFFSet", OF_INPUT, KEPT(signal.offset),
		.params = {
			{ NUMBER("offset", "V", -LAB_FULL_SCALE, LAB_FULL_SCALE,
				 0) },
		},
		.help = "A voltage that is added, except to COUNTER.",
		.reply = "V", .example = "INP1:OFFS -500 mV",
	}, {
		.header = "INPut<n>:FREQuency", OF_INPUT,
		KEPT(signal.frequency), .scale = SIGNAL_HERTZ,
		.params = {
			{ NUMBER("frequency", "Hz", SIGNAL_FREQUENCY_MIN,
				 SIGNAL_FREQUENCY_MAX, 1000) },
		},
		.help = "Frequency of SIN, SQU, TRI and RAMP, in steps of 1 uHz. The phase is counted from the start of the instrument and never drifts.",
		.reply = "Hz", .example = "INP1:FREQ 1 kHz",
	}, {
		.header = "INPut<n>:PHASe", OF_INPUT, .set = set_phase,
		SEEN(signal.phase), .scale = SIGNAL_CYCLE / 360.0,
		.params = { { NUMBER("phase", "deg", -360, 360, 0) } },
		.help = "Phase of SIN, SQU, TRI and RAMP at time 0 of the instrument.",
		.reply = "0 to 360 degrees", .example = "INP1:PHAS 90 deg",
	}, {
		.header = "INPut<n>:DCYCle", OF_INPUT, KEPT(signal.duty),
		.scale = SIGNAL_CYCLE / 100.0,
		.params = { { NUMBER("duty-cycle", "%", 0, 100, 50) } },
		.help = "How long SQU is high, as a part of its period.",
		.reply = "percent", .example = "INP2:DCYC 25",
	}, {
		.header = "INPut<n>:LOOPback", OF_INPUT, .set = set_output,
		SEEN(output), .first = 1,
		.params = { { INTEGER("output", 1, LAB_OUTPUTS, 1) } },
		.help = "Connect an analog output to the input.",
		.reply = "number of the output", .example = "INP1:LOOP 2",
	}, {
		.header = "INPut<n>:FILE", OF_INPUT, .set = set_file, .query = get_file,
		.params = {
			{ PARAM(STRING, "name") },
			{ INTEGER("channel", 1, RECORDING_CHANNELS_MAX,
				  1), OPTIONAL },
			{ NUMBER("rate", "S/s", 0, RECORDING_RATE_MAX,
				 0), OPTIONAL },
		},
		.help = "Play a file of the configured directory, over and over: one channel of a WAV file (full scale is 10 V) or one column of voltages of a CSV file. Rate 0 is that of the file; a CSV file has one if its first column is titled time, which then is not counted: channel 1 is the column after it. Between two samples the voltage changes linearly.",
		.reply = "name, channel, samples per second",
		.errors = "-250 what is wrong with the file, and in which line; -252 there is no --directory; -256 no such file; -257 no name of a file",
		.example = "INP3:FILE?",
	}, {
		.header = "INPut<n>:FILE:POINts", OF_INPUT, .query = get_points,
		.help = "How many samples the file has.",
		.reply = "number of samples, 0 without a file",
		.example = "INP3:FILE:POIN?",
	}, {
		.header = "INPut<n>:FUNCtion", OF_INPUT, .set = set_function,
		SEEN(signal.function),
		.params = {
			{ CHOICE("function",
				 "SINusoid|SQUare|TRIangle|RAMP|NOISe|DC|LOOPback|COUNter|FILE") },
		},
		.help = "What is connected to an analog input. SIN and TRI start at 0 and rise, RAMP rises from the lowest value, NOISE is uniform between lowest and highest value. DC is the offset. LOOPBACK is an analog output, COUNTER the number of the frame modulo 65536 as a 16 bit sample, counted from INITiate; FILE is a recording that starts with INITiate.",
		.reply = "SIN, SQU, TRI, RAMP, NOIS, DC, LOOP, COUN or FILE",
		.errors = "-221 INPut:FILE comes first",
		.example = "INP1:FUNC TRI",
	},
};

const struct scpi_table lab_input_table = SCPI_TABLE("Analog inputs", commands);
