/* SPDX-License-Identifier: GPL-2.0 */
/*
 * recording.h - what a recording is: known before its first frame
 *
 * A frame is one sample of each input, 16 bits in the byte order of the host.
 * Frames are numbered; the frame of the trigger is 0, those before it are
 * negative. Frame n was sampled n periods after the trigger.
 */
#ifndef _SKEL_RECORDING_H
#define _SKEL_RECORDING_H

#include <stdint.h>

#include "inputs.h"

/*
 * The code of frames that were lost, where a format has no place for the time. No
 * converter gives it: full scale is +-32767.
 */
#define CODE_LOST	INT16_MIN

#define TIME_MAX	32	/* characters of a time with its NUL */
#define VOLTS_MAX	24	/* of a voltage */
#define COMMENT_MAX	(16 * INPUTS_MAX + 128)

struct recording {
	int inputs;
	char name[INPUTS_MAX][16];	/* "INP1" */
	int bits;			/* 2 to 16 */
	int range;			/* full scale in mV */
	double rate;			/* frames per second, exact with period */
	uint64_t period;		/* in ns; 0: rate says it exactly */
};

/* There are only so many voltages: each of them is formatted once. */
struct volts {
	char text[1 << 16][VOLTS_MAX];
	unsigned char length[1 << 16];	/* 0: not yet */
};

/* V of one step of the converter */
double recording_scale(const struct recording *rec);
/* Seconds of a frame, the nearest double */
double recording_time(const struct recording *rec, int64_t frame);
/* Its text loses nothing: exact, or 17 digits. Return: the length. */
int recording_time_text(const struct recording *rec, int64_t frame,
			char *text);
/* A voltage with so many decimals that its code can be told from it */
int recording_volts_text(const struct recording *rec, int16_t code,
			 char *text);

/* The same from a table. Return: where the text ends; VOLTS_MAX may be written. */
char *recording_put_volts(const struct recording *rec, struct volts *volts,
			  int16_t code, char *at);

/*
 * What has no place in the header of a sound: the exact rate, full scale, names.
 * Return: its length without the NUL, less than COMMENT_MAX - 1
 */
int recording_comment(const struct recording *rec, char *text);

#endif /* _SKEL_RECORDING_H */
