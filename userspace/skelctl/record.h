/* SPDX-License-Identifier: GPL-2.0 */
/*
 * record.h - one recording, into a file or the memory of a plot
 */
#ifndef _SKEL_RECORD_H
#define _SKEL_RECORD_H

#include "capture.h"
#include "sampling.h"
#include "spool.h"

struct recording_run {
	struct capture capture;
	struct writer *writer;	/* NULL: no file */
	bool quiet;
	/* All frames, in order. Return: false: no more. NULL */
	bool (*keep)(void *data, int64_t first, const int16_t *codes,
		     size_t count);
	void *keep_data;

	/* seen by the caller */
	uint64_t frames;
	int64_t next;		/* the frame that is expected, after the first */
	int write_error;	/* errno, 0 */

	/* private to record.c */
	struct spool spool;
	bool begun, terminal;
	int64_t first;
	int64_t told;		/* ms */
	uint64_t told_frames;
};

/* Open the output before anything else; exits if that fails */
void record_open(struct recording_run *run, struct writer *w,
		    const char *path, bool force);
/* Sample until the end. Return: 0, or -1 with why or write_error. */
int record_run(struct recording_run *run, const struct sampling *s);
/* Say what came of it. Return: exit status. */
int record_report(struct recording_run *run, int status);

#endif /* _SKEL_RECORD_H */
