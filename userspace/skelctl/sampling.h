/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sampling.h - the options that say what is sampled, of record and plot
 */
#ifndef _SKEL_SAMPLING_H
#define _SKEL_SAMPLING_H

#include "capture.h"
#include "command.h"
#include "generator.h"

struct sampling {
	struct capture_settings set;
	uint64_t frames;	/* 0: duration says it, or until stopped */
	unsigned long long most;	/* of them, 0: as many as there can be */
	struct generators generators;
	double duration;	/* s, 0: not given */
	double pre_time;	/* s, negative: not given */
	char list[64];
};

enum {
	SAMPLING_SLOPE = OPTION_LONG,
	SAMPLING_FUNCTION = OPTION_LONG + 10,
	SAMPLING_FREQUENCY = OPTION_LONG + 20,
	SAMPLING_AMPLITUDE = OPTION_LONG + 30,
	SAMPLING_END = OPTION_LONG + 40,	/* from here on, others */
};

#define SAMPLING_SHAPES	"sine square triangle ramp noise dc"

/* Names that count the inputs from 0 */
#define SAMPLING_OLD(digit, n) \
	{ "function" digit, SAMPLING_FUNCTION + n, "NAME", SAMPLING_SHAPES, \
	  NULL }, \
	{ "frequency" digit, SAMPLING_FREQUENCY + n, "HZ", NULL, NULL }, \
	{ "amplitude" digit, SAMPLING_AMPLITUDE + n, "V", NULL, NULL }

/* Rows for struct command, without the end mark */
#define SAMPLING_ROWS \
	{ "rate", 'r', "RATE", NULL, \
	  "frames per second: 100000, 1e5, 100k or 100 kHz (default: 200 per cycle of a frequency that is set here, else as set in the card, or 10 kHz)" }, \
	{ "count", 'n', "N", NULL, \
	  "how many frames; a frame is one sample of each input" }, \
	{ "duration", 't', "TIME", NULL, \
	  "how long instead: 500 ms, 10 s, 2 min, 1 h" }, \
	{ "inputs", 'i', "LIST", NULL, \
	  "which inputs: 1,3 or 1-4 (default: as set in the card); the first one is 1, as in SCPI and on the connectors. 'in0', as the card's simple commands call it, is the first one, too" }, \
	{ "trigger", 'T', "SOURCE", "INP1 LINE1 bus immediate", \
	  "begin when an input (INP1) crosses the level, at an edge of a digital line (LINE3), at *TRG (bus) or immediately (default: as set in the card)" }, \
	{ "level", 'L', "VOLTAGE", NULL, \
	  "that the input crosses; of VCD, also what its wires are compared with" }, \
	{ "slope", SAMPLING_SLOPE, "SLOPE", "positive negative either", \
	  "which way: positive, negative or either" }, \
	{ "pretrigger", 'P', "N", NULL, \
	  "keep so many frames from before the trigger, or a time: 10 ms. Time 0 is the trigger" }, \
	{ "generator", 'g', "INPUT=SETTING,...", NULL, \
	  "set the generator at an input: sine, square, triangle, ramp, noise or dc; a frequency in Hz; an amplitude in V, of dc the voltage. Example: 1=sine,1kHz,5V. May be repeated" }, \
	{ "verbose", 'v', NULL, NULL, \
	  "print the card address of the ring and the host address of the first block, too" }, \
	{ "frames", 'n', "N", NULL, NULL }, \
	SAMPLING_OLD("", 0), SAMPLING_OLD("0", 0), SAMPLING_OLD("1", 1), \
	SAMPLING_OLD("2", 2), SAMPLING_OLD("3", 3), SAMPLING_OLD("4", 4), \
	SAMPLING_OLD("5", 5), SAMPLING_OLD("6", 6), SAMPLING_OLD("7", 7)

void sampling_init(struct sampling *s);
/* Return: false: it is not one of these. Exits if the value is wrong. */
bool sampling_option(struct sampling *s, int letter, const char *value);
/* When all options are there */
void sampling_complete(struct sampling *s, uint64_t default_frames);
/* From the open card to the first frame. Return: 0, or -1 with why. */
int sampling_start(const struct sampling *s, struct capture *c);

#endif /* _SKEL_SAMPLING_H */
