// SPDX-License-Identifier: GPL-2.0
/*
 * io.c - the connectors as programs see them
 */
#include "parts/digital.h"
#include "parts/input.h"
#include "parts/output.h"
#include "parts/sampler.h"
#include "programs/program.h"

static double analog_in(struct lab *lab, unsigned int input)
{
	return input_sample(lab, input, lab_tick(lab)) *
	       (LAB_FULL_SCALE / INT16_MAX);
}

static void analog_out(struct lab *lab, unsigned int output, double volts)
{
	output_stop(lab, output);
	output_set_level(lab, output, volts);
}

const struct program_io program_connectors = {
	.analog_in = analog_in,
	.analog_out = analog_out,
	.digital_in = digital_level,
	.digital_out = digital_set,
	.update_memory = sampler_catch_up,
	.memory_changes = sampler_overwritten,
};
