// SPDX-License-Identifier: GPL-2.0
/*
 * test-timebase.c - time and timers
 */
#include <string.h>

#include "core/lab.h"
#include "unit.h"

#define TIMERS	4

static struct lab lab;
static struct lab_timer timers[TIMERS];
static char order[32];		/* names of the timers that have run */
static lab_time seen[32];	/* and when */
static uint64_t present;	/* of the clock */

static uint64_t test_clock(void)
{
	return present;
}

static void note(struct lab *l, struct lab_timer *timer)
{
	size_t n = strlen(order);

	seen[n] = lab_now(l);
	order[n] = 'a' + (timer - timers);
}

static void again(struct lab *l, struct lab_timer *timer)
{
	note(l, timer);
	if (strlen(order) < 4)
		lab_timer_start(l, timer, lab_now(l) + 10);
}

static void start(bool real)
{
	memset(&lab, 0, sizeof(lab));
	memset(timers, 0, sizeof(timers));
	memset(order, 0, sizeof(order));
	timebase_init(&lab, real);
	present = 1000;
	lab.time.clock = test_clock;
	lab.time.real_start = present;
	for (int i = 0; i < TIMERS; i++)
		timers[i].run = note;
}

static bool stop_at_two(void *arg)
{
	return strlen(order) >= 2;
}

TEST(timers_run_in_order)
{
	start(false);
	check(lab_now(&lab) == 0 && lab_next_timer(&lab) == LAB_NEVER);
	lab_timer_start(&lab, &timers[0], 30);
	lab_timer_start(&lab, &timers[1], 10);
	lab_timer_start(&lab, &timers[2], 30);
	lab_timer_start(&lab, &timers[3], 20);
	check(lab_next_timer(&lab) == 10);
	lab_run_until(&lab, 29, NULL, NULL);
	check(strcmp(order, "bd") == 0 && lab_now(&lab) == 29);
	lab_run_until(&lab, 30, NULL, NULL);
	check(strcmp(order, "bdac") == 0);
	check(seen[0] == 10 && seen[1] == 20 && seen[3] == 30);
	check(!timers[0].active && lab_next_timer(&lab) == LAB_NEVER);
}

TEST(timers_are_moved_and_stopped)
{
	start(false);
	lab_timer_start(&lab, &timers[0], 10);
	lab_timer_start(&lab, &timers[1], 20);
	lab_timer_start(&lab, &timers[0], 30);
	lab_timer_stop(&lab, &timers[1]);
	lab_timer_stop(&lab, &timers[1]);
	lab_timer_stop(&lab, &timers[2]);
	lab_run_until(&lab, 100, NULL, NULL);
	check(strcmp(order, "a") == 0 && seen[0] == 30);
	timers[3].run = again;
	lab_timer_start(&lab, &timers[3], 100);
	lab_run_until(&lab, 1000, NULL, NULL);
	check(order[0] == 'a' && strcmp(order + 1, "ddd") == 0);
	check(seen[3] == 120);
	check(lab_now(&lab) == 1000);
	/* one that is late runs now, time does not go back */
	lab_timer_start(&lab, &timers[0], 5);
	lab_run_until(&lab, 7, NULL, NULL);
	check(seen[4] == 1000 && lab_now(&lab) == 1000);
}

TEST(running_stops_after_a_timer)
{
	start(false);
	for (int i = 0; i < TIMERS; i++)
		lab_timer_start(&lab, &timers[i], 10 * i);
	lab_run_until(&lab, 1000, stop_at_two, NULL);
	check(strcmp(order, "ab") == 0 && lab_now(&lab) == 10);
	lab_run_until(&lab, LAB_NEVER, NULL, NULL);
	check(strcmp(order, "abcd") == 0 && lab_now(&lab) == 30);
}

TEST(real_time_follows_the_clock)
{
	start(true);
	check(lab_lag(&lab) == 0);
	lab_timer_start(&lab, &timers[0], 100);
	lab_timer_start(&lab, &timers[1], 300);
	present += 200;
	check(lab_lag(&lab) == 200 && lab_now(&lab) == 0);
	lab_run_until(&lab, lab_now(&lab) + lab_lag(&lab), NULL, NULL);
	check(strcmp(order, "a") == 0 && seen[0] == 100);
	check(lab_now(&lab) == 200 && lab_lag(&lab) == 0);
	start(false);
	present += 200;
	lab_run_until(&lab, lab_now(&lab) + lab_lag(&lab), NULL, NULL);
	check(lab_now(&lab) == 0 && lab_lag(&lab) == 0);
}
