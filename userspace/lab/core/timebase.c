// SPDX-License-Identifier: GPL-2.0
/*
 * timebase.c - time and timers
 */
#include <string.h>
#include <time.h>

#include "core/lab.h"

static uint64_t monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * LAB_SECOND + ts.tv_nsec;
}

void timebase_init(struct lab *lab, bool real)
{
	memset(&lab->time, 0, sizeof(lab->time));
	lab->time.real = real;
	lab->time.command_time = LAB_SECOND / 1000;
	lab->time.clock = monotonic;
	lab->time.real_start = monotonic();
}

lab_time lab_now(const struct lab *lab)
{
	return lab->time.now;
}

uint64_t lab_tick(const struct lab *lab)
{
	return lab->time.now / LAB_TICK;
}

/* Timers of the same time run in the order they were started in. */
void lab_timer_start(struct lab *lab, struct lab_timer *timer, lab_time when)
{
	struct lab_timer **at = &lab->time.timers;

	lab_timer_stop(lab, timer);
	while (*at && (*at)->when <= when)
		at = &(*at)->next;
	timer->when = when;
	timer->next = *at;
	timer->active = true;
	*at = timer;
}

void lab_timer_stop(struct lab *lab, struct lab_timer *timer)
{
	struct lab_timer **at = &lab->time.timers;

	if (!timer->active)
		return;
	while (*at != timer)
		at = &(*at)->next;
	*at = timer->next;
	timer->active = false;
}

lab_time lab_next_timer(const struct lab *lab)
{
	return lab->time.timers ? lab->time.timers->when : LAB_NEVER;
}

static bool run_timers(struct lab *lab, lab_time until,
		       bool (*stop)(void *arg), void *arg)
{
	struct timebase *time = &lab->time;

	while (time->timers && time->timers->when <= until) {
		struct lab_timer *timer = time->timers;

		time->timers = timer->next;
		timer->active = false;
		if (time->now < timer->when)
			time->now = timer->when;
		timer->run(lab, timer);
		if (stop && stop(arg))
			return true;
	}
	return false;
}

void lab_run_until(struct lab *lab, lab_time until,
		   bool (*stop)(void *arg), void *arg)
{
	struct timebase *time = &lab->time;

	/* With LAB_NEVER time ends with the last timer. */
	if (!run_timers(lab, until, stop, arg) && until != LAB_NEVER &&
	    time->now < until)
		time->now = until;
}

lab_time lab_lag(const struct lab *lab)
{
	const struct timebase *time = &lab->time;
	uint64_t present;

	if (!time->real)
		return 0;
	present = time->clock() - time->real_start;
	return present > time->now ? present - time->now : 0;
}
