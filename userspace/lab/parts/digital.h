/* SPDX-License-Identifier: GPL-2.0 */
/*
 * digital.h - the digital lines and their edge counters
 *
 * Lines 0 to 7 are inputs, each driven by a source; 8 to 15 are outputs, set by
 * commands and programs. In commands they count from 1.
 *
 * The count of edges is exact even when time jumps: those of clocks and of
 * thresholds of periodic signals are computed, those that commands cause are
 * counted as they happen. Only thresholds of other signals (noise, recordings,
 * outputs) are polled, once a millisecond, for at most the last 10^7 of them.
 */
#ifndef _LAB_DIGITAL_H
#define _LAB_DIGITAL_H

#include "core/lab.h"
#include "parts/pulse.h"

#define DIGITAL_INPUTS	8		/* lines 0 to 7 */
#define DIGITAL_POLL	100000		/* ticks */
#define DIGITAL_POLLS_MAX	10000000

enum line_source {
	LINE_LOW,
	LINE_HIGH,
	LINE_CLOCK,
	LINE_LINE,		/* a line that is an output */
	LINE_INPUT,		/* high while an analog input is above a voltage */
};

enum line_edge {
	LINE_RISING = 1,
	LINE_FALLING = 2,
	LINE_BOTH = 3,
};

/* Counts the edges of one kind from @from on. */
struct line_watch {
	struct line_watch *next;
	unsigned int line;
	enum line_edge edge;
	uint64_t from;			/* ticks */
	uint64_t count, first, last;	/* first and last: valid if count > 0 */
};

struct line {
	enum line_source source;
	unsigned int number;		/* of clock, line or analog input */
	double threshold;		/* V */
	bool level;
	enum {
		LINE_STILL,		/* changes in refresh() only */
		LINE_PULSE,
		LINE_POLLED,
	} kind;
	struct pulse pulse;
	uint64_t rising, falling;
	uint64_t last;			/* tick of the last edge */
};

struct digital {
	struct line line[LAB_LINES];
	uint64_t done;			/* edges are counted up to this tick */
	struct line_watch *watches;
};

extern const struct lab_part digital_part;

/* Count the edges up to now. */
void digital_update(struct lab *lab);

/* @line: 0 to DIGITAL_INPUTS - 1. */
void digital_set_source(struct lab *lab, unsigned int line,
			enum line_source source, unsigned int number,
			double threshold);
/* An input line is driven LOW or HIGH from now on. */
void digital_set(struct lab *lab, unsigned int line, bool level);
bool digital_level(struct lab *lab, unsigned int line);
/* All lines, bit 0 is line 0 */
uint16_t digital_levels(struct lab *lab);
uint64_t digital_edges(struct lab *lab, unsigned int line, enum line_edge edge);
void digital_clear(struct lab *lab, unsigned int line);

/* Line, edge and from must be set. The watch must not be started twice. */
void line_watch_start(struct lab *lab, struct line_watch *watch);
/* Counts the edges up to now. If the watch was not started, nothing happens. */
void line_watch_stop(struct lab *lab, struct line_watch *watch);

#endif /* _LAB_DIGITAL_H */
