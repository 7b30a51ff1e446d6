/* SPDX-License-Identifier: GPL-2.0 */
/*
 * inputs.h - what a card says about its analog inputs and its sampling
 */
#ifndef _SKEL_INPUTS_H
#define _SKEL_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUTS_MAX	8

/* One analog input */
struct input {
	char name[16];
	char shape[16];		/* of the waveform, such as "sine" */
	unsigned int frequency;	/* in mHz */
	unsigned int amplitude;	/* in mV */
};

/* The answer to INPUTS? */
struct inputs {
	int count;
	int bits;
	int range;		/* full scale in mV, of +-(2^(bits - 1) - 1) */
	struct input input[INPUTS_MAX];
};

/* The answer to STATUS?; a card may leave out what has a default */
struct status {
	char state[16];		/* IDLE or SAMPLING */
	double rate;		/* in frames per second, exact if there is period= */
	uint64_t frames;	/* since SAMPLE */
	uint64_t position;	/* card address of the next frame */
	uint64_t ring;		/* in bytes */
	uint64_t base;		/* card address of the ring, default 0 */
	uint64_t lost;		/* frames that are not in the ring, default 0 */
	uint64_t period;	/* in ns, exact; 0: not said */
	uint64_t run;		/* number of this run of the sampling, if has_run */
	bool has_run;
};

/* What people call an input: in0 of the card's simple commands is INP1. */
void input_label(const struct input *input, char *text, size_t size);

int parse_inputs(const char *line, struct inputs *inputs);
int parse_status(const char *line, struct status *status);

#endif /* _SKEL_INPUTS_H */
