/* SPDX-License-Identifier: GPL-2.0 */
/*
 * output.h - the analog outputs: a level, or a waveform from card memory
 *
 * A waveform is an array of 16 bit samples (little endian, +10 V is 32767), put
 * there by FROMHOST. It advances by one point with each period of a clock.
 * Outputs count from 0 here, from 1 in commands.
 */
#ifndef _LAB_OUTPUT_H
#define _LAB_OUTPUT_H

#include "core/lab.h"

struct output {
	double level;		/* V, as the 16 bit converter gives it */
	uint64_t address, points;	/* the waveform; 0 points: none */
	unsigned int clock;
	unsigned int once;	/* 1: stay at the last point, else start over */
	bool running;
	uint64_t base_tick;	/* time of point base_index */
	uint64_t base_index;
};

struct outputs {
	struct output output[LAB_OUTPUTS];
};

extern const struct lab_part outputs_part;

/* The sample at @tick, which is not before the last change of the settings */
int16_t output_sample(const struct lab *lab, unsigned int output, uint64_t tick);

/*
 * These sample what is due before anything changes, by the caller: what the
 * waveform does at its end, or its clock. outputs_changed() comes after it.
 */
struct output *outputs_change(struct lab *lab, unsigned int output);
void outputs_change_clock(struct lab *lab, unsigned int output);
void outputs_changed(struct lab *lab);

/* These change it themselves. */
void output_set_level(struct lab *lab, unsigned int output, double volts);
/* Also stops the output. Return: 0, or -ERANGE: not within card memory. */
int output_set_waveform(struct lab *lab, unsigned int output, uint64_t address,
			uint64_t points);
/* From the first point. Return: 0, or -ENODATA: it has no waveform. */
int output_start(struct lab *lab, unsigned int output);
void output_stop(struct lab *lab, unsigned int output);

/* The running output whose waveform is in that memory; LAB_OUTPUTS: none */
unsigned int outputs_find(const struct lab *lab, uint64_t address,
			  uint64_t length);

#endif /* _LAB_OUTPUT_H */
