// SPDX-License-Identifier: GPL-2.0
/*
 * output.c - the analog outputs: a level, or a waveform from card memory
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "parts/clock.h"
#include "parts/output.h"
#include "parts/signal.h"

/* The index of the current point, as if the waveform never started over */
static uint64_t point(const struct lab *lab, const struct output *output,
		      uint64_t tick)
{
	return output->base_index + (tick - output->base_tick) /
	       clock_divider(lab, output->clock);
}

/* The current point lasts for a whole period of the new clock from now on. */
static void hold(struct lab *lab, struct output *output)
{
	uint64_t now = lab_tick(lab);

	if (!output->running)
		return;
	output->base_index = point(lab, output, now);
	output->base_tick = now;
}

/* A clock is about to change. */
static void hold_clock(struct lab *lab, unsigned int clock)
{
	for (unsigned int i = 0; i < LAB_OUTPUTS; i++)
		if (lab->outputs->output[i].clock == clock)
			hold(lab, &lab->outputs->output[i]);
}

struct output *outputs_change(struct lab *lab, unsigned int n)
{
	lab->hooks.catch_up(lab);
	return &lab->outputs->output[n];
}

void outputs_change_clock(struct lab *lab, unsigned int n)
{
	hold(lab, outputs_change(lab, n));
}

void outputs_changed(struct lab *lab)
{
	lab->hooks.refresh(lab);
}

int16_t output_sample(const struct lab *lab, unsigned int n, uint64_t tick)
{
	const struct output *output = &lab->outputs->output[n];
	uint16_t sample;
	uint64_t i;

	if (!output->running)
		return signal_quantise(output->level);
	i = point(lab, output, tick);
	if (i >= output->points)
		i = output->once ? output->points - 1 : i % output->points;
	memcpy(&sample, lab->card->memory + output->address +
	       i * sizeof(sample), sizeof(sample));
	return (int16_t)le16toh(sample);
}

void output_set_level(struct lab *lab, unsigned int n, double volts)
{
	lab->hooks.catch_up(lab);
	lab->outputs->output[n].level = signal_quantise(volts) *
					(LAB_FULL_SCALE / INT16_MAX);
	lab->hooks.refresh(lab);
}

int output_set_waveform(struct lab *lab, unsigned int n, uint64_t address,
			uint64_t points)
{
	struct output *output = &lab->outputs->output[n];

	if (points > lab->card->size / sizeof(int16_t) ||
	    address > lab->card->size - points * sizeof(int16_t))
		return -ERANGE;
	output_stop(lab, n);
	output->address = address;
	output->points = points;
	return 0;
}

int output_start(struct lab *lab, unsigned int n)
{
	struct output *output = &lab->outputs->output[n];

	if (!output->points)
		return -ENODATA;
	lab->hooks.catch_up(lab);
	output->running = true;
	output->base_tick = lab_tick(lab);
	output->base_index = 0;
	lab->hooks.refresh(lab);
	return 0;
}

void output_stop(struct lab *lab, unsigned int n)
{
	lab->hooks.catch_up(lab);
	lab->outputs->output[n].running = false;
	lab->hooks.refresh(lab);
}

unsigned int outputs_find(const struct lab *lab, uint64_t address,
			  uint64_t length)
{
	unsigned int i;

	for (i = 0; i < LAB_OUTPUTS; i++) {
		const struct output *output = &lab->outputs->output[i];
		uint64_t bytes = output->points * sizeof(int16_t);

		if (output->running && output->address < address + length &&
		    address < output->address + bytes)
			break;
	}
	return i;
}

static void outputs_init(struct lab *lab)
{
	lab->hooks.clock_changes = hold_clock;
}

static void outputs_reset(struct lab *lab)
{
	lab->hooks.catch_up(lab);
	memset(lab->outputs, 0, sizeof(*lab->outputs));
	lab->hooks.refresh(lab);
}

const struct lab_part outputs_part = {
	LAB_PART_IN(outputs),
	.init = outputs_init,
	.reset = outputs_reset,
};
