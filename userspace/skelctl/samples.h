/* SPDX-License-Identifier: GPL-2.0 */
/*
 * samples.h - voltages in memory, to be measured and drawn
 *
 * A voltage that is missing is NaN. Functions return 0, or -1 with a reason.
 */
#ifndef _SKEL_SAMPLES_H
#define _SKEL_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "inputs.h"
#include "recording.h"

#define SAMPLES_MAX	(16 << 20)	/* frames; of longer files, the last ones */
#define WHY_MAX		256

struct samples {
	int inputs;
	char name[INPUTS_MAX][16];
	double rate;		/* per second */
	double start;		/* time of the first one, in s */
	size_t count, room;
	double *volts[INPUTS_MAX];
};

/* Codes behind those that are there. Return: -1: no memory */
int samples_add(struct samples *s, const struct recording *rec,
		const int16_t *codes, size_t count);
/*
 * Read a recording: csv, jsonl, vcd, npy, wav or flac as skelctl record writes them,
 * also while it does so. @last: only so many seconds at its end, 0: all.
 * @why: the reason, WHY_MAX bytes
 *
 * Return: 0; 1: there are less than two frames in it, maybe not yet; or -1.
 */
int samples_read(struct samples *s, const char *path, double last, char *why);
void samples_free(struct samples *s);

#endif /* _SKEL_SAMPLES_H */
