/* SPDX-License-Identifier: GPL-2.0 */
/*
 * input.h - the analog inputs: a generator at each, and 16 bit converters
 *
 * Inputs count from 0 here, from 1 in commands. The value of an input depends
 * only on its settings and the time, so each sample can be computed on its own.
 */
#ifndef _LAB_INPUT_H
#define _LAB_INPUT_H

#include "core/lab.h"
#include "parts/recording.h"
#include "parts/signal.h"

#define INPUT_FILE_MAX	64	/* length of a file name */

struct input {
	struct signal signal;
	unsigned int output;		/* of SIGNAL_LOOPBACK */
	struct recording *recording;	/* NULL: none was read */
	char file[INPUT_FILE_MAX + 1];
	unsigned int channel;		/* of the file, from 1 */
	uint64_t origin;		/* tick at which the recording begins */

	/* One period of a periodic signal as it is sampled, see input.c */
	int16_t *table;			/* SIGNAL_TABLE_MAX, or NULL */
	size_t table_length;		/* 0: not valid */
	uint64_t table_start, table_period;
	uint64_t table_asked;		/* samples requested that could have used it */
};

struct inputs {
	struct input input[LAB_INPUTS];
};

extern const struct lab_part inputs_part;

/* To be called before and after changing the settings of an input */
struct input *input_change(struct lab *lab, unsigned int input);
void input_changed(struct lab *lab, unsigned int input);
/* The input takes over @recording. */
void input_set_recording(struct lab *lab, unsigned int input,
			 struct recording *recording, const char *file,
			 unsigned int channel);
/* Sampling starts: recordings begin at @tick. */
void inputs_start(struct lab *lab, uint64_t tick);

/* One sample; 0 for a counter. */
int16_t input_sample(struct lab *lab, unsigned int input, uint64_t tick);
/*
 * @count samples in little endian to @out[0], @out[stride], ...: those of
 * frames @frame, @frame + 1, ..., where frame n is at @start + n * @period.
 */
void input_block(struct lab *lab, unsigned int input, uint64_t start,
		 uint64_t period, uint64_t frame, size_t count, int16_t *out,
		 size_t stride);

#endif /* _LAB_INPUT_H */
