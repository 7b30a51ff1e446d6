/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lab.h - the laboratory instrument as a whole
 *
 * Single threaded: serve.c takes events of the card and of the network, runs
 * commands, and lets time pass in between. Each room knows only those below it:
 *
 *   main.c, serve.c   the program, and what it waits for
 *   start.c           the commands of its configuration
 *   commands/         tables of commands; instrument.c lists them and the parts
 *   programs/         uploaded commands
 *   parts/            connectors, sampling, streams, transfers
 *   card/             the card: /dev/skel-ucard, or memory for tests
 *   net/              the network: a session for each connection
 *   core/             sessions, time, and what runs next
 *   scpi/             the language; it knows nothing of the instrument
 *
 * Calls go down only, from file to file as well. What has to go up goes through
 * struct lab_part, struct lab_hooks, or a callback of the caller.
 */
#ifndef _LAB_H
#define _LAB_H

#include <errno.h>

#include "core/card.h"
#include "core/session.h"
#include "core/timebase.h"

#define LAB_INPUTS	8	/* analog, 16 bit */
#define LAB_OUTPUTS	2	/* analog, 16 bit */
#define LAB_LINES	16	/* digital: 0-7 inputs, 8-15 outputs */
#define LAB_CLOCKS	4	/* dividers of the master clock */
#define LAB_CHANNELS	32	/* of the card */
#define LAB_CLIENTS	64	/* connections of the network */
#define LAB_SESSIONS	(LAB_CHANNELS + LAB_CLIENTS)
#define LAB_SAVED	10	/* states of *SAV */
#define LAB_FULL_SCALE	10.0	/* V: +10 V is 32767 */

/* The structure of which @member is embedded at @pointer */
#define lab_container_of(pointer, type, member)				\
	((type *)((char *)(pointer) - offsetof(type, member)))

/* A part of the instrument, as the core knows it. NULL: nothing to do. */
struct lab_part {
	/* Its memory and where lab points to it, see LAB_PART_IN(): zeroed at first */
	size_t size, place;
	void (*init)(struct lab *lab);
	void (*destroy)(struct lab *lab);
	void (*reset)(struct lab *lab);	/* *RST */
	/* The session is being closed. */
	void (*forget)(struct lab *lab, struct session *session);
	/* SCPI_OPERATION_* bits of what it is doing */
	uint16_t (*operation)(const struct lab *lab,
			      const struct session *session);
	/* Virtual time has to pass even if no session waits for it. */
	bool (*wants_time)(const struct lab *lab);
	/* Commands must not take virtual time. */
	bool (*holds_time)(const struct lab *lab);
};

#define LAB_PART_IN(member)						\
	.size = sizeof(*((struct lab *)0)->member),			\
	.place = offsetof(struct lab, member)

/* What an instrument is made of: see commands/instrument.c */
struct lab_model {
	/* In the order of their creation; everything else in reverse. */
	const struct lab_part *const *parts;
	size_t part_count;
	/* In the order of the manual */
	const struct scpi_table *const *tables;
	size_t table_count;
	/* Why a session must not run a command: an error of SCPI, or 0 */
	int (*refuses)(struct session *session, const struct scpi_call *call);
	/* scpi_ops.undefined */
	const struct scpi_command *(*undefined)(struct lab *lab,
						const char *header,
						size_t length);
};

/*
 * What connectors call around a change of their settings. They do not know the
 * parts above them that depend on it: each of those sets its hooks when it is
 * created.
 */
struct lab_hooks {
	/* Before: sample and count what is due with the old settings. */
	void (*catch_up)(struct lab *lab);		/* sampler.c */
	void (*clock_changes)(struct lab *lab, unsigned int clock); /* output.c */
	/* After: an input has changed; LAB_INPUTS: all of them. */
	void (*input_changed)(struct lab *lab, unsigned int input); /* sampler.c */
	/* After any change: digital lines follow. */
	void (*refresh)(struct lab *lab);		/* digital.c */
};

struct lab {
	struct timebase time;
	struct lab_card *card;
	struct session *sessions[LAB_SESSIONS];
	struct loop {			/* private to core/ */
		uint64_t lines;		/* taken so far, numbers them */
		lab_time owed;		/* virtual: to here before a line */
		bool ended;		/* an operation has ended */
		uint64_t deadline;	/* CLOCK_MONOTONIC, look for events then */
	} loop;
	struct session *actor;		/* whose command is executed, or was last */
	uint64_t seed;			/* of noise */
	char identity[96];		/* of *IDN? */
	struct session *holder;		/* of SYSTem:LOCK, private to commands/lock.c */
	char *directory;		/* where recordings may be read from, or NULL */
	const struct lab_model *model;
	struct lab_hooks hooks;

	/* opaque: each is defined in the header of its part */
	struct inputs *inputs;
	struct outputs *outputs;
	struct digital *digital;
	struct clocks *clocks;
	struct measure *measures;	/* those that run */
	struct sampler *sampler;
	struct readers *readers;
	struct streams *streams;
	struct programs *programs;
	char *saved[LAB_SAVED];		/* *SAV: commands, a line each */
	unsigned int slow_transfers;	/* whose bytes take their time */
};

struct lab_settings {
	bool real;			/* time */
	lab_time command_time;
	uint64_t seed;
	const char *serial;		/* must stay valid */
	const char *directory;		/* of recordings, is copied; NULL: none */
};

/* An instrument on @card, which it does not own. NULL: errno. */
struct lab *lab_create(struct lab_card *card, const struct lab_model *model,
		       const struct lab_settings *settings);
void lab_destroy(struct lab *lab);

/*
 * Run queued lines, and let time pass as far as it may: up to about 20 ms of
 * processor time, or until events of the card are needed.
 * Return: true: there is more to do, call it again after looking for events;
 * false: nothing to do before an event, or in real time lab_next_timer().
 */
bool lab_step(struct lab *lab);

/* 0, -ENOMEM, or -ENOTCONN: the session has no channel of the card. */
static inline int lab_transfer(struct lab *lab, const struct lab_transfer *t)
{
	if (t->channel >= LAB_CHANNELS)
		return -ENOTCONN;
	return lab->card->ops->transfer(lab->card, t);
}

#endif /* _LAB_H */
