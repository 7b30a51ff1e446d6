/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trigger.h - what makes sampling begin
 *
 * The state of an acquisition before its trigger; the sampler asks for the
 * frame.
 */
#ifndef _LAB_TRIGGER_H
#define _LAB_TRIGGER_H

#include "core/lab.h"
#include "parts/digital.h"

enum trigger_source {
	TRIGGER_IMMEDIATE,
	TRIGGER_BUS,		/* a command */
	TRIGGER_INPUT,		/* an analog input crosses a level */
	TRIGGER_LINE,		/* edge of a digital line */
};

struct trigger {
	/* settings */
	enum trigger_source source;
	enum line_edge slope;
	unsigned int input, line;
	double level;		/* V */
	double hysteresis;	/* V, 0 or more */
	uint64_t delay;		/* ns, from the trigger to frame 0 */
	unsigned int count;	/* acquisitions, one after the other */

	/* state */
	bool forced;		/* by a command */
	bool rise_ready, fall_ready;	/* was far enough on the other side */
	struct line_watch watch;
	uint64_t tick;		/* of the trigger, once found */
};

void trigger_reset(struct trigger *trigger);
/* Wait for a trigger. Edges of a digital line count from @tick on. */
void trigger_arm(struct lab *lab, struct trigger *trigger, uint64_t tick);
void trigger_disarm(struct lab *lab, struct trigger *trigger);
/*
 * Is the trigger in one of @count frames from @frame on, but not before frame
 * @earliest? Frame n is at @start + n * @period. Calls must be in order of
 * frames.
 */
bool trigger_find(struct lab *lab, struct trigger *trigger, uint64_t start,
		  uint64_t period, uint64_t frame, size_t count,
		  uint64_t earliest, uint64_t *found);
/* The most frames in one call of trigger_find() */
#define TRIGGER_FRAMES_MAX	4096

#endif /* _LAB_TRIGGER_H */
