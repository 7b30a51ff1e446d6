/* SPDX-License-Identifier: GPL-2.0 */
/*
 * run.h - one run of a card's sampling, from SAMPLE to the frames in a buffer
 */
#ifndef _SKEL_RUN_H
#define _SKEL_RUN_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "inputs.h"
#include "skelctl.h"

struct run {
	/* what is wanted */
	struct skel *skel;
	FILE *talk;		/* where progress is printed */
	unsigned int rate;	/* frames per second */
	size_t frames;

	/* what came of it */
	struct inputs inputs;
	struct status status;	/* its rate is the true one */
	int16_t *samples;	/* the DMA buffer, for skel_free() */

	/* private to run.c */
	uint64_t first;		/* from this frame on none is lost */
	unsigned int gaps;	/* how often some were lost */
	size_t frame_bytes;
	size_t bytes;		/* of all frames wanted */
};

/* All of these exit when the card or the system refuses something. */

/* Ask the card; @reply has SKEL_LINE_MAX bytes. */
void ask(struct skel *skel, char *reply, const char *line);
void ask_inputs(struct skel *skel, struct inputs *inputs);
/* Sample and fetch; exits unless all frames belong to one run. */
void run_record(struct run *run);

#endif /* _SKEL_RUN_H */
