// SPDX-License-Identifier: GPL-2.0
/*
 * loop.c - what runs next: a line, a timer, or nothing before an event
 *
 * Virtual time is deterministic, however fast the machine is: lines run in the
 * order of their arrival, the time that a line takes passes before the next
 * one, and nothing happens between the request of a transfer and its answer.
 */
#include <stdlib.h>

#include "core/internal.h"

#define SLICE	(LAB_SECOND / 50)	/* of processor time, 20 ms */

static bool slice_is_over(const struct lab *lab)
{
	return lab->time.clock() >= lab->loop.deadline;
}

/* Does anything need virtual time to pass? */
static bool time_is_wanted(const struct lab *lab)
{
	unsigned int i;

	if (parts_want_time(lab))
		return true;
	for (i = 0; i < LAB_SESSIONS; i++) {
		const struct session *session = lab->sessions[i];

		if (session && scpi_is_suspended(&session->scpi))
			return true;
	}
	return false;
}

/* Stop right after a timer that has changed what runs next. */
static bool stop_owed(void *arg)
{
	const struct lab *lab = arg;

	return lab->card->queued || lab->loop.ended || slice_is_over(lab);
}

static bool stop_wanted(void *arg)
{
	return stop_owed(arg) || !time_is_wanted(arg);
}

/* *OPC, *OPC? and *WAI of the sessions whose operations have ended */
static void update_sessions(struct lab *lab)
{
	unsigned int i;

	while (lab->loop.ended) {
		lab->loop.ended = false;
		for (i = 0; i < LAB_SESSIONS; i++) {
			if (lab->sessions[i])
				scpi_update(&lab->sessions[i]->scpi);
		}
	}
}

/* The session with the oldest line, of those that are not suspended */
static struct session *next_session(const struct lab *lab)
{
	struct session *next = NULL;
	unsigned int i;

	for (i = 0; i < LAB_SESSIONS; i++) {
		struct session *session = lab->sessions[i];

		if (!session || !session->first ||
		    scpi_is_suspended(&session->scpi))
			continue;
		if (!next || session->first->number < next->first->number)
			next = session;
	}
	return next;
}

static bool run_line(struct lab *lab)
{
	struct session *session = next_session(lab);
	struct session_line *line;

	if (!session)
		return false;
	line = session_take_line(session);
	scpi_execute(&session->scpi, line->bytes, line->length);
	free(line);
	if (!lab->time.real && !parts_hold_time(lab))
		lab->loop.owed = lab_now(lab) + lab->time.command_time;
	return true;
}

/* Return: false: nothing left to do. */
static bool step_virtual(struct lab *lab)
{
	if (lab_now(lab) < lab->loop.owed) {
		lab_run_until(lab, lab->loop.owed, stop_owed, lab);
		return true;
	}
	if (run_line(lab))
		return true;
	if (lab_next_timer(lab) == LAB_NEVER || !time_is_wanted(lab))
		return false;
	lab_run_until(lab, LAB_NEVER, stop_wanted, lab);
	return true;
}

/* A line runs even if the instrument cannot keep up with time. */
static bool step_real(struct lab *lab)
{
	lab_run_until(lab, lab_now(lab) + lab_lag(lab), stop_owed, lab);
	update_sessions(lab);
	return run_line(lab) || lab->card->queued || lab->loop.ended ||
	       lab_lag(lab) > LAB_SECOND / 1000;
}

bool lab_step(struct lab *lab)
{
	lab->loop.deadline = lab->time.clock() + SLICE;
	for (;;) {
		update_sessions(lab);
		if (lab->card->queued)
			lab->card->ops->flush(lab->card);
		if (!lab->time.real &&
		    (lab->card->queued || lab->card->awaited))
			return false;
		if (!(lab->time.real ? step_real(lab) : step_virtual(lab)))
			return false;
		if (slice_is_over(lab))
			return true;
	}
}
