// SPDX-License-Identifier: GPL-2.0
/*
 * input.c - the analog inputs: a generator at each, and 16 bit converters
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "parts/input.h"
#include "parts/output.h"

static inline int16_t little(int16_t sample)
{
	return (int16_t)htole16((uint16_t)sample);
}

/* Far apart even for neighbouring inputs and seeds */
static uint64_t noise_key(const struct lab *lab, unsigned int input)
{
	return (lab->seed * LAB_INPUTS + input) * 0xd1342543de82ef95;
}

static void set_defaults(struct lab *lab)
{
	for (unsigned int i = 0; i < LAB_INPUTS; i++) {
		struct input *input = &lab->inputs->input[i];

		input->signal = (struct signal){
			.function = SIGNAL_DC,
			.amplitude = 1,
			.frequency = 1000 * SIGNAL_HERTZ,
			.duty = SIGNAL_CYCLE / 2,
			.key = noise_key(lab, i),
		};
		recording_close(input->recording);
		input->recording = NULL;
		input->file[0] = '\0';
		input->channel = 1;
		input->output = 0;
		input->table_length = 0;
	}
	/* like skel_sim */
	lab->inputs->input[0].signal.function = SIGNAL_SINE;
	lab->inputs->input[0].signal.frequency = 50 * SIGNAL_HERTZ;
	lab->inputs->input[0].signal.amplitude = 8;
	lab->inputs->input[1].signal.function = SIGNAL_SQUARE;
	lab->inputs->input[1].signal.frequency = 25 * SIGNAL_HERTZ;
	lab->inputs->input[1].signal.amplitude = 5;
}

static void inputs_init(struct lab *lab)
{
	set_defaults(lab);
}

static void inputs_reset(struct lab *lab)
{
	lab->hooks.catch_up(lab);
	set_defaults(lab);
	lab->hooks.input_changed(lab, LAB_INPUTS);
	lab->hooks.refresh(lab);
}

static void inputs_destroy(struct lab *lab)
{
	for (unsigned int i = 0; i < LAB_INPUTS; i++) {
		recording_close(lab->inputs->input[i].recording);
		free(lab->inputs->input[i].table);
	}
}

const struct lab_part inputs_part = {
	LAB_PART_IN(inputs),
	.init = inputs_init,
	.destroy = inputs_destroy,
	.reset = inputs_reset,
};

struct input *input_change(struct lab *lab, unsigned int n)
{
	lab->hooks.catch_up(lab);
	return &lab->inputs->input[n];
}

void input_changed(struct lab *lab, unsigned int n)
{
	lab->inputs->input[n].signal.key = noise_key(lab, n);
	lab->inputs->input[n].table_length = 0;
	lab->inputs->input[n].table_asked = 0;
	lab->hooks.input_changed(lab, n);
	lab->hooks.refresh(lab);
}

void input_set_recording(struct lab *lab, unsigned int n,
			 struct recording *recording, const char *file,
			 unsigned int channel)
{
	struct input *input = input_change(lab, n);

	recording_close(input->recording);
	input->recording = recording;
	input->signal.function = SIGNAL_FILE;
	input->origin = lab_tick(lab);
	input->channel = channel;
	strncpy(input->file, file, INPUT_FILE_MAX);
	input_changed(lab, n);
}

void inputs_start(struct lab *lab, uint64_t tick)
{
	for (unsigned int i = 0; i < LAB_INPUTS; i++)
		lab->inputs->input[i].origin = tick;
}

/*
 * Many signals repeat after a moderate number of samples: then one period is
 * computed exactly, and copied from there on. That pays off once more samples
 * have been requested than the table holds.
 */
static bool use_table(struct input *input, uint64_t start, uint64_t period,
		      size_t count)
{
	size_t length;

	if (input->table_length && input->table_start == start &&
	    input->table_period == period)
		return true;
	if (input->table_start != start || input->table_period != period)
		input->table_asked = 0;
	input->table_length = 0;
	input->table_start = start;
	input->table_period = period;
	input->table_asked += count;
	if (input->table_asked < 64)
		return false;
	length = signal_repeats(&input->signal, period);
	if (!length || input->table_asked < length)
		return false;
	if (!input->table)
		input->table = malloc(SIGNAL_TABLE_MAX *
				      sizeof(*input->table));
	if (!input->table)
		return false;
	signal_block(&input->signal, start, period, length, input->table, 1);
	input->table_length = length;
	return true;
}

static void copy_table(const struct input *input, uint64_t frame, size_t count,
		       int16_t *out, size_t stride)
{
	size_t at = frame % input->table_length;

	while (count) {
		const int16_t *from = input->table + at;
		size_t n = input->table_length - at;

		if (n > count)
			n = count;
		count -= n;
		at = 0;
		for (; n; n--, out += stride)
			*out = *from++;
	}
}

static void loopback(const struct lab *lab, const struct input *input,
		     uint64_t tick, uint64_t period, size_t count, int16_t *out,
		     size_t stride)
{
	for (; count; count--, out += stride, tick += period) {
		int16_t sample = output_sample(lab, input->output, tick);

		if (input->signal.offset)
			sample = signal_quantise(sample * (LAB_FULL_SCALE /
							   INT16_MAX) +
						 input->signal.offset);
		*out = little(sample);
	}
}

static void replay(const struct input *input, uint64_t tick, uint64_t period,
		   size_t count, int16_t *out, size_t stride)
{
	double volts[256];

	tick = tick > input->origin ? tick - input->origin : 0;
	while (count) {
		size_t n = count < 256 ? count : 256;

		recording_block(input->recording, tick, period, n, volts);
		for (size_t i = 0; i < n; i++, out += stride)
			*out = little(signal_quantise(volts[i] +
						      input->signal.offset));
		tick += n * period;
		count -= n;
	}
}

void input_block(struct lab *lab, unsigned int n, uint64_t start,
		 uint64_t period, uint64_t frame, size_t count, int16_t *out,
		 size_t stride)
{
	struct input *input = &lab->inputs->input[n];
	uint64_t tick = start + frame * period;

	switch (input->signal.function) {
	case SIGNAL_COUNTER:
		for (; count; count--, out += stride)
			*out = little((int16_t)frame++);
		break;
	case SIGNAL_LOOPBACK:
		loopback(lab, input, tick, period, count, out, stride);
		break;
	case SIGNAL_FILE:
		replay(input, tick, period, count, out, stride);
		break;
	default:
		if (signal_is_periodic(&input->signal) &&
		    use_table(input, start, period, count))
			copy_table(input, frame, count, out, stride);
		else
			signal_block(&input->signal, tick, period, count, out,
				     stride);
		break;
	}
}

int16_t input_sample(struct lab *lab, unsigned int n, uint64_t tick)
{
	const struct input *input = &lab->inputs->input[n];
	int16_t sample = 0;

	switch (input->signal.function) {
	case SIGNAL_COUNTER:
		break;
	case SIGNAL_LOOPBACK:
		loopback(lab, input, tick, 1, 1, &sample, 1);
		break;
	case SIGNAL_FILE:
		replay(input, tick, 1, 1, &sample, 1);
		break;
	default:
		return signal_sample(&input->signal, tick);
	}
	return (int16_t)le16toh((uint16_t)sample);
}
