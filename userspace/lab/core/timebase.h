/* SPDX-License-Identifier: GPL-2.0 */
/*
 * timebase.h - lab time and timers
 *
 * Time is in ns since the instrument was started, on one time base for
 * everything. The master clock has 100 MHz, all other clocks are whole dividers
 * of it.
 */
#ifndef _LAB_TIMEBASE_H
#define _LAB_TIMEBASE_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t lab_time;
#define LAB_SECOND	UINT64_C(1000000000)
#define LAB_TICK	10	/* ns, of the master clock */
#define LAB_NEVER	UINT64_MAX

struct lab;

/*
 * A timer runs once, when lab time has reached it; its function may start it
 * again. Embedded in the structure of its owner.
 */
struct lab_timer {
	void (*run)(struct lab *lab, struct lab_timer *timer);
	lab_time when;
	struct lab_timer *next;
	bool active;
};

struct timebase {
	bool real;		/* follow CLOCK_MONOTONIC, else virtual */
	lab_time now;
	lab_time command_time;	/* virtual: what each command takes, default 1 ms */
	uint64_t real_start;	/* CLOCK_MONOTONIC at lab time 0 */
	uint64_t (*clock)(void);	/* CLOCK_MONOTONIC in ns; replaced in tests */
	struct lab_timer *timers;	/* sorted */
};

void timebase_init(struct lab *lab, bool real);
lab_time lab_now(const struct lab *lab);
/* Whole ticks of the master clock since lab time 0 */
uint64_t lab_tick(const struct lab *lab);
void lab_timer_start(struct lab *lab, struct lab_timer *timer, lab_time when);
void lab_timer_stop(struct lab *lab, struct lab_timer *timer);
/* When the next timer runs; LAB_NEVER: there is none. */
lab_time lab_next_timer(const struct lab *lab);
/*
 * Let time pass up to @until; timers run at their own time. Stops early, right
 * after a timer, when @stop (may be NULL) returns true. Not from within a timer.
 */
void lab_run_until(struct lab *lab, lab_time until,
		   bool (*stop)(void *arg), void *arg);
/* Real time: how far lab time is behind the present, in ns. Virtual time: 0. */
lab_time lab_lag(const struct lab *lab);

#endif /* _LAB_TIMEBASE_H */
