// SPDX-License-Identifier: GPL-2.0
/*
 * measure.c - frequency and period of a digital line
 */
#include <math.h>
#include <stdlib.h>

#include "parts/clock.h"
#include "parts/digital.h"
#include "parts/measure.h"

struct measure {
	struct lab_timer timer;		/* first */
	struct measure *next;
	struct session *session;
	struct line_watch watch;
	bool period;
};

/* Unlink and free *@at. */
static void drop(struct lab *lab, struct measure **at)
{
	struct measure *measure = *at;

	*at = measure->next;
	lab_timer_stop(lab, &measure->timer);
	line_watch_stop(lab, &measure->watch);
	free(measure);
}

static double result(const struct measure *measure)
{
	const struct line_watch *watch = &measure->watch;
	double period;

	if (watch->count < 2)
		return NAN;
	period = (double)(watch->last - watch->first) / (watch->count - 1) /
		 CLOCK_MASTER;
	return measure->period ? period : 1 / period;
}

static void run_timer(struct lab *lab, struct lab_timer *timer)
{
	struct measure *measure = (struct measure *)timer;
	struct measure **at = &lab->measures;
	struct session *session = measure->session;

	digital_update(lab);
	scpi_reply_number(&session->scpi, result(measure));
	while (*at != measure)
		at = &(*at)->next;
	drop(lab, at);
	scpi_resume(&session->scpi, SCPI_OK);
}

int measure_start(struct lab *lab, struct session *session, unsigned int line,
		  double gate, bool period)
{
	struct measure *measure = calloc(1, sizeof(*measure));

	if (!measure)
		return SCPI_ERR_OUT_OF_MEMORY;
	measure->timer.run = run_timer;
	measure->session = session;
	measure->period = period;
	measure->watch.line = line;
	measure->watch.edge = LINE_RISING;
	measure->watch.from = lab_tick(lab);
	measure->next = lab->measures;
	lab->measures = measure;
	line_watch_start(lab, &measure->watch);
	lab_timer_start(lab, &measure->timer,
			lab_now(lab) + llround(gate * LAB_SECOND));
	return SCPI_SUSPEND;
}

static void measures_forget(struct lab *lab, struct session *session)
{
	struct measure **at = &lab->measures;

	while (*at) {
		if ((*at)->session == session)
			drop(lab, at);
		else
			at = &(*at)->next;
	}
}

const struct lab_part measures_part = {
	.forget = measures_forget,
};
