/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sampler.h - sampling of the analog inputs into a ring in card memory
 *
 * Sampling begins with INITiate, which is frame 0 of the internal count; the
 * trigger, which may come later, determines the first frame that is kept: that is
 * frame 0 for users. Frame n of the internal count is at start + n * interval,
 * and at place n modulo ring_frames in the ring.
 *
 * Frames come into being when somebody looks, or a timer runs, not each at its
 * own time: sampler_catch_up() must come before anything that reads the ring, or
 * changes what the inputs see.
 */
#ifndef _LAB_SAMPLER_H
#define _LAB_SAMPLER_H

#include "lab.h"
#include "trigger.h"

#define SAMPLER_RATE_MIN	0.001		/* frames per second */
#define SAMPLER_RATE_MAX	1000000
#define SAMPLER_INTERVAL_MIN	100		/* ticks */
#define SAMPLER_INTERVAL_MAX	UINT64_C(10000000000000)
#define SAMPLER_DIVIDER_MAX	1000000
#define SAMPLER_COUNT_MAX	(INT64_C(1) << 48)
/* Real time: when it is so far behind, frames are given up. In ns. */
#define SAMPLER_LAG_MAX		(LAB_SECOND / 10)

enum sampler_state {
	SAMPLER_IDLE,
	SAMPLER_WAITING,	/* for the trigger */
	SAMPLER_SAMPLING,
};

struct sampler {
	/* settings */
	unsigned int list_length;
	unsigned int list[LAB_INPUTS];
	uint64_t period;	/* ticks */
	unsigned int clock;	/* LAB_CLOCKS: none, period counts */
	uint32_t divider;	/* of that clock */
	uint64_t count;		/* frames, 0: without end */
	uint64_t pre;		/* frames before the trigger */
	uint64_t ring_address;
	uint64_t ring_length;	/* bytes, 0: up to the end of card memory */
	struct trigger trigger;

	/* the acquisition, or the last one; inputs 0: there was none */
	enum sampler_state state;
	struct session *owner;	/* NULL: closed */
	bool operation;		/* it counts for *OPC of the owner */
	unsigned int inputs;
	unsigned int input[LAB_INPUTS];
	uint64_t start, interval;	/* ticks */
	uint8_t *ring;
	size_t frame_bytes;
	uint64_t ring_frames;
	uint64_t valid;		/* there is nothing before this frame */
	uint64_t next;		/* to be sampled */
	uint64_t first;		/* frame 0 of users, after the trigger */
	uint64_t end;		/* UINT64_MAX: none */
	uint64_t lost;		/* frames, since the trigger */
	uint64_t run;		/* counts starts, and changes of what is sampled */
	struct lab_timer timer;

	/* sessions that wait for the end, in READ?: see reader.h */
	struct session *readers[LAB_SESSIONS];
	struct lab_timer answer;
};

extern const struct scpi_table lab_sample_table;
extern const struct scpi_table lab_simple_table;

int sampler_init(struct lab *lab);	/* 0, or -ENOMEM */
void sampler_reset(struct lab *lab);
void sampler_destroy(struct lab *lab);
/* A session is closed. Sampling goes on. */
void sampler_forget(struct lab *lab, struct session *session);

/* The time between two frames by the settings, in ticks */
uint64_t sampler_interval(const struct lab *lab);
/* The ring by the settings: how many bytes, and where */
uint64_t sampler_ring(const struct lab *lab, uint64_t *address);

/*
 * INITiate. Return: 0, SCPI_ERR_INIT_IGNORED: it runs already, or
 * SCPI_ERR_SETTINGS_CONFLICT with its reason in @why.
 */
int sampler_start(struct lab *lab, struct session *owner, const char **why);
/* End it, also before the trigger. When it is idle: nothing. */
void sampler_abort(struct lab *lab);
/* A trigger by command. Return: false: no trigger is waited for. */
bool sampler_trigger(struct lab *lab);
/* What is sampled from now on is not what it was: users who record see it. */
void sampler_changed(struct lab *lab);
/* So it is if an input changes that is sampled, or is to be. */
void sampler_input_changed(struct lab *lab, unsigned int input);
/* Card memory is written to by somebody else: in the ring, that is a change. */
void sampler_overwritten(struct lab *lab, uint64_t address, uint64_t length);
/* Sample what is due, count edges. */
void sampler_catch_up(struct lab *lab);
/* Frames since frame 0 of users, 0 before the trigger */
uint64_t sampler_frames(const struct lab *lab);
/* Card address of a frame of the internal count */
uint64_t sampler_address(const struct lab *lab, uint64_t frame);
/* Is it still in the ring? Of the internal count */
bool sampler_has(const struct lab *lab, uint64_t frame, uint64_t count);
/* Time of a frame of the internal count, in ns */
lab_time sampler_time(const struct sampler *sampler, uint64_t frame);

#endif /* _LAB_SAMPLER_H */
