// SPDX-License-Identifier: GPL-2.0
/*
 * digital.c - the digital lines and their edge counters
 */
#include <string.h>

#include "parts/clock.h"
#include "parts/digital.h"
#include "parts/input.h"

static void watch_add(struct line_watch *watch, uint64_t count, uint64_t first,
		      uint64_t last)
{
	if (!count)
		return;
	if (!watch->count || first < watch->first)
		watch->first = first;
	if (!watch->count || last > watch->last)
		watch->last = last;
	watch->count += count;
}

/* A line has changed its level. */
static void count_edge(struct lab *lab, unsigned int n, bool level,
		       uint64_t tick)
{
	struct digital *digital = lab->digital;
	struct line *line = &digital->line[n];
	enum line_edge edge = level ? LINE_RISING : LINE_FALLING;

	line->level = level;
	line->last = tick;
	if (level)
		line->rising++;
	else
		line->falling++;
	for (struct line_watch *w = digital->watches; w; w = w->next) {
		if (w->line == n && (w->edge & edge) && tick >= w->from)
			watch_add(w, 1, tick, tick);
	}
}

/* Edges of a pulse after @from, up to @to */
static uint64_t pulse_edges(const struct pulse *pulse, bool rising,
			    uint64_t from, uint64_t to)
{
	return pulse_count(pulse, rising, to) -
	       pulse_count(pulse, rising, from);
}

static void watch_pulse(struct line_watch *w, const struct pulse *pulse,
			bool rising, uint64_t from, uint64_t to)
{
	uint64_t number;

	if (w->from && from < w->from - 1)
		from = w->from - 1;
	if (from >= to)
		return;
	number = pulse_count(pulse, rising, from);
	watch_add(w, pulse_edges(pulse, rising, from, to),
		  pulse_tick(pulse, rising, number + 1),
		  pulse_tick(pulse, rising, pulse_count(pulse, rising, to)));
}

static void count_pulse(struct lab *lab, unsigned int n, uint64_t from,
			uint64_t to)
{
	struct digital *digital = lab->digital;
	struct line *line = &digital->line[n];

	for (int rising = 0; rising < 2; rising++) {
		uint64_t edges = pulse_edges(&line->pulse, rising, from, to);
		uint64_t last;

		if (!edges)
			continue;
		*(rising ? &line->rising : &line->falling) += edges;
		last = pulse_tick(&line->pulse, rising,
				  pulse_count(&line->pulse, rising, to));
		if (last > line->last)
			line->last = last;
		for (struct line_watch *w = digital->watches; w; w = w->next) {
			if (w->line == n && (w->edge & (rising ? LINE_RISING :
								 LINE_FALLING)))
				watch_pulse(w, &line->pulse, rising, from, to);
		}
	}
	line->level = pulse_level(&line->pulse, to);
}

static bool is_above(struct lab *lab, const struct line *line, uint64_t tick)
{
	return input_sample(lab, line->number, tick) >=
	       signal_quantise(line->threshold);
}

static void poll_line(struct lab *lab, unsigned int n, uint64_t from,
		      uint64_t to)
{
	struct line *line = &lab->digital->line[n];
	uint64_t at = from / DIGITAL_POLL + 1, end = to / DIGITAL_POLL;

	if (end - at > DIGITAL_POLLS_MAX && end > at)
		at = end - DIGITAL_POLLS_MAX;
	for (; at <= end; at++) {
		bool level = is_above(lab, line, at * DIGITAL_POLL);

		if (level != line->level)
			count_edge(lab, n, level, at * DIGITAL_POLL);
	}
}

void digital_update(struct lab *lab)
{
	struct digital *digital = lab->digital;
	uint64_t from = digital->done, to = lab_tick(lab);

	if (from >= to)
		return;
	digital->done = to;
	for (unsigned int i = 0; i < DIGITAL_INPUTS; i++) {
		switch (digital->line[i].kind) {
		case LINE_PULSE:
			count_pulse(lab, i, from, to);
			break;
		case LINE_POLLED:
			poll_line(lab, i, from, to);
			break;
		default:
			break;
		}
	}
}

/* Set kind and pulse of a line by its source. Return: its level. */
static bool find_threshold(struct lab *lab, struct line *line)
{
	const struct signal *signal = &lab->inputs->input[line->number].signal;
	int above;

	if (!signal_is_periodic(signal) && signal->function != SIGNAL_DC &&
	    signal->function != SIGNAL_COUNTER) {
		line->kind = LINE_POLLED;
		return is_above(lab, line, lab_tick(lab));
	}
	line->pulse.step = signal_step(signal, 1);
	line->pulse.cycle = SIGNAL_CYCLE;
	line->pulse.phase = signal->phase;
	above = signal_above(signal, line->threshold, &line->pulse.rise,
			     &line->pulse.fall);
	if (above)
		return above > 0;
	line->kind = LINE_PULSE;
	return pulse_level(&line->pulse, lab_tick(lab));
}

static bool find_level(struct lab *lab, struct line *line)
{
	line->kind = LINE_STILL;
	switch (line->source) {
	case LINE_CLOCK:
		line->kind = LINE_PULSE;
		line->pulse = pulse_of_clock(clock_divider(lab, line->number));
		return pulse_level(&line->pulse, lab_tick(lab));
	case LINE_LINE:
		return lab->digital->line[line->number].level;
	case LINE_INPUT:
		return find_threshold(lab, line);
	default:
		return line->source == LINE_HIGH;
	}
}

/*
 * Clocks, inputs or outputs have changed, after digital_update(): lines follow,
 * and a change of level is an edge.
 */
static void refresh(struct lab *lab)
{
	for (unsigned int i = 0; i < DIGITAL_INPUTS; i++) {
		struct line *line = &lab->digital->line[i];
		bool level = find_level(lab, line);

		if (level != line->level)
			count_edge(lab, i, level, lab_tick(lab));
	}
}

void digital_set_source(struct lab *lab, unsigned int n,
			enum line_source source, unsigned int number,
			double threshold)
{
	struct line *line = &lab->digital->line[n];

	lab->hooks.catch_up(lab);
	line->source = source;
	line->number = number;
	line->threshold = threshold;
	refresh(lab);
}

void digital_set(struct lab *lab, unsigned int n, bool level)
{
	if (n < DIGITAL_INPUTS) {
		digital_set_source(lab, n, level ? LINE_HIGH : LINE_LOW, 0, 0);
		return;
	}
	lab->hooks.catch_up(lab);
	if (lab->digital->line[n].level != level)
		count_edge(lab, n, level, lab_tick(lab));
	refresh(lab);
}

bool digital_level(struct lab *lab, unsigned int n)
{
	digital_update(lab);
	return lab->digital->line[n].level;
}

uint16_t digital_levels(struct lab *lab)
{
	uint16_t levels = 0;

	for (unsigned int i = 0; i < LAB_LINES; i++)
		levels |= digital_level(lab, i) << i;
	return levels;
}

uint64_t digital_edges(struct lab *lab, unsigned int n, enum line_edge edge)
{
	const struct line *line = &lab->digital->line[n];

	digital_update(lab);
	return (edge & LINE_RISING ? line->rising : 0) +
	       (edge & LINE_FALLING ? line->falling : 0);
}

void digital_clear(struct lab *lab, unsigned int n)
{
	digital_update(lab);
	lab->digital->line[n].rising = 0;
	lab->digital->line[n].falling = 0;
}

void line_watch_start(struct lab *lab, struct line_watch *watch)
{
	digital_update(lab);
	watch->count = 0;
	watch->next = lab->digital->watches;
	lab->digital->watches = watch;
}

void line_watch_stop(struct lab *lab, struct line_watch *watch)
{
	struct line_watch **at = &lab->digital->watches;

	digital_update(lab);
	while (*at && *at != watch)
		at = &(*at)->next;
	if (*at)
		*at = watch->next;
}

static void digital_init(struct lab *lab)
{
	lab->hooks.refresh = refresh;
}

/* The counters start at 0 again; a level that goes low by this is no edge. */
static void digital_reset(struct lab *lab)
{
	lab->hooks.catch_up(lab);
	memset(lab->digital->line, 0, sizeof(lab->digital->line));
	refresh(lab);
}

const struct lab_part digital_part = {
	LAB_PART_IN(digital),
	.init = digital_init,
	.reset = digital_reset,
};
