/* SPDX-License-Identifier: GPL-2.0 */
/*
 * capture.h - frames from a card, any number of them, by a stream of libskel
 *
 * All users of a card share its sampling. The stream gives no frame before the
 * card has confirmed that it belongs to the run that was started here.
 *
 * Functions that can fail return 0, or -1 with the reason in why; what was
 * emitted before is right.
 */
#ifndef _SKEL_CAPTURE_H
#define _SKEL_CAPTURE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "inputs.h"
#include "recording.h"
#include "skelctl.h"

/* What the options say; what they leave open stays as the card has it */
struct capture_settings {
	double rate;		/* Hz */
	bool keeps_rate;	/* it is that of the card */
	const char *list;	/* SCPI: "1,3:4"; NULL */
	const char *trigger;	/* SCPI: "IMMediate", "BUS", "INPut"; NULL */
	int trigger_number;	/* of the input or line, 0 */
	const char *slope;	/* SCPI; NULL */
	bool has_level, has_pre;
	double level;		/* V */
	uint64_t pre;		/* frames before the trigger */
	bool verbose;		/* print addresses, too */
};

struct capture {
	/* set by the caller */
	struct skel *skel;
	struct capture_settings set;
	FILE *talk;
	volatile sig_atomic_t *stop;	/* not 0: end it */
	uint64_t frames;	/* that are wanted, for the size of blocks; 0 */
	/*
	 * Frames, in order; a greater @first than expected: some were lost.
	 * Return: false: no more are wanted.
	 */
	bool (*emit)(void *data, int64_t first, const int16_t *codes,
		     size_t count);
	/* Called now and then; @waiting: nothing has come yet */
	void (*progress)(void *data, bool waiting);
	void *data;

	/* seen by the caller, after capture_start() */
	struct inputs inputs;
	struct recording rec;
	bool scpi;		/* the card speaks SCPI */
	uint64_t lost;		/* frames */
	char why[400];		/* what is wrong, "" */

	/* private */
	struct skel_stream *stream;
	size_t frame_bytes;
	int16_t *codes;		/* a block in the byte order of the host */
	int64_t pre;
	uint64_t end;		/* frames of this run until now */
	char count[32];		/* SAMPle:COUNt before */
	bool numbered;		/* the card numbers its runs */
	bool reserved;		/* the sampling */
	bool gone;		/* the card */
};

/* Does the card speak SCPI? Empties its error queue. */
int capture_look(struct capture *c);
/* Until capture_end(), the card's sampling is for this program alone, if it can be. */
int capture_reserve(struct capture *c);
/* Ask and expect an answer; @reply has SKEL_LINE_MAX bytes */
int capture_ask(struct capture *c, char *reply, const char *line);
/* A setting of a card that speaks SCPI */
int capture_set(struct capture *c, const char *line);
int capture_inputs(struct capture *c, struct inputs *inputs);
/* For those who find something wrong; the first reason stays. Return: -1 */
__attribute__((__format__(__printf__, 2, 3)))
int capture_fail(struct capture *c, const char *format, ...);

/* Of the monotonic clock */
int64_t now_ms(void);

/* Settings, a buffer, and the start */
int capture_start(struct capture *c);
/* Until emit() has enough, stop is set, or something goes wrong */
int capture_run(struct capture *c);
/*
 * What was started here ends, and settings of this file's are as before.
 * Return: 0; -1: one of them is not, as c->talk has been told.
 */
int capture_end(struct capture *c);

#endif /* _SKEL_CAPTURE_H */
