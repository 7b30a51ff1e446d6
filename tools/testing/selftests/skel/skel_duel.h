/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two threads that meet: one frees a buffer at the moment that the other, the
 * one that calls duel_fight(), does something else with it.
 */
#ifndef SKEL_DUEL_H
#define SKEL_DUEL_H

#include <pthread.h>

#include "skel_test.h"

struct duel {
	/* set up by the test */
	int fd;
	size_t page;
	size_t length;		/* of the buffer */
	__u64 host;
	__u8 *map;		/* where the buffer is, or will be mapped */
	__u8 *target;		/* reserved addresses to move it to */
	__u8 *copy;		/* ordinary memory */
	bool one_cpu;		/* for both threads */
	unsigned int seed;

	/* of the last round */
	int rc;			/* of FREE */
	__s64 result;		/* of the other action */
	__u64 delay;		/* of FREE, in ns */
	__u64 begun, ended;
	__u64 free_begun, free_ended;

	__u64 span;		/* how long the other action takes, in ns */
	__u64 deadline;		/* in ms */
	unsigned long rounds;
	unsigned long met;	/* rounds in which both ran at the same time */

	pthread_t thread;
	unsigned long go;	/* number of the round */
	unsigned long done;
	bool stop;
};

int duel_begin(struct duel *d);
void duel_end(struct duel *d);
bool duel_goes_on(const struct duel *d);
void duel_fight(struct duel *d, void (*act)(struct duel *d));
long duel_survivor(struct duel *d, __u8 *start, size_t length);

/* From the environment: SKEL_RACE_SECONDS (default 5) and SKEL_RACE_SEED */
unsigned int skel_race_seconds(void);
unsigned int skel_race_seed(void);

#endif /* SKEL_DUEL_H */
