// SPDX-License-Identifier: GPL-2.0
/*
 * trigger.c - what makes sampling begin
 */
#include <endian.h>
#include <string.h>

#include "parts/input.h"
#include "parts/trigger.h"

void trigger_reset(struct trigger *trigger)
{
	memset(trigger, 0, sizeof(*trigger));
	trigger->slope = LINE_RISING;
	trigger->count = 1;
}

void trigger_arm(struct lab *lab, struct trigger *trigger, uint64_t tick)
{
	trigger_disarm(lab, trigger);
	trigger->rise_ready = false;
	trigger->fall_ready = false;
	if (trigger->source != TRIGGER_LINE)
		return;
	trigger->watch.line = trigger->line;
	trigger->watch.edge = trigger->slope;
	trigger->watch.from = tick;
	line_watch_start(lab, &trigger->watch);
}

void trigger_disarm(struct lab *lab, struct trigger *trigger)
{
	line_watch_stop(lab, &trigger->watch);
}

/* Does the trigger input cross the level with this sample? */
static bool crosses(struct trigger *trigger, int sample, int level, int width)
{
	bool rises = trigger->rise_ready && sample >= level;
	bool falls = trigger->fall_ready && sample <= level;

	if (sample >= level)
		trigger->rise_ready = false;
	else if (sample < level - width || !width)
		trigger->rise_ready = true;
	if (sample <= level)
		trigger->fall_ready = false;
	else if (sample > level + width || !width)
		trigger->fall_ready = true;
	return (rises && (trigger->slope & LINE_RISING)) ||
	       (falls && (trigger->slope & LINE_FALLING));
}

static bool find_level(struct lab *lab, struct trigger *trigger, uint64_t start,
		       uint64_t period, uint64_t frame, size_t count,
		       uint64_t earliest, uint64_t *found)
{
	int level = signal_quantise(trigger->level);
	int width = signal_quantise(trigger->hysteresis);
	int16_t samples[TRIGGER_FRAMES_MAX];

	input_block(lab, trigger->input, start, period, frame, count, samples,
		    1);
	for (size_t i = 0; i < count; i++) {
		int16_t sample = (int16_t)le16toh((uint16_t)samples[i]);

		if (!crosses(trigger, sample, level, width) ||
		    frame + i < earliest)
			continue;
		*found = frame + i;
		trigger->tick = start + *found * period;
		return true;
	}
	return false;
}

/* The first frame from @frame on that is not before @tick */
static bool find_time(uint64_t start, uint64_t period, uint64_t frame,
		      size_t count, uint64_t tick, uint64_t *found)
{
	uint64_t n = tick > start ? (tick - start + period - 1) / period : 0;

	*found = n > frame ? n : frame;
	return *found < frame + count;
}

bool trigger_find(struct lab *lab, struct trigger *trigger, uint64_t start,
		  uint64_t period, uint64_t frame, size_t count,
		  uint64_t earliest, uint64_t *found)
{
	uint64_t tick = start + earliest * period;

	if (trigger->source == TRIGGER_IMMEDIATE || trigger->forced) {
		if (!find_time(start, period, frame, count, tick, found))
			return false;
		/* if it was forced, sampler_trigger() has set the time */
		if (!trigger->forced)
			trigger->tick = start + *found * period;
		return true;
	}
	if (trigger->source == TRIGGER_INPUT)
		return find_level(lab, trigger, start, period, frame, count,
				  earliest, found);
	if (trigger->source != TRIGGER_LINE || !trigger->watch.count ||
	    !find_time(start, period, frame, count, trigger->watch.first,
		       found))
		return false;
	trigger->tick = trigger->watch.first;
	return true;
}
