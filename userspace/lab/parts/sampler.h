/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sampler.h - sampling of the analog inputs into a ring in card memory
 *
 * Sampling begins with INITiate, at frame 0 of the internal count. The trigger,
 * which may come later, determines the first frame that is kept: frame 0 for
 * users. Frame n of the internal count is at start + n * interval,
 * and at place n modulo ring_frames in the ring.
 *
 * Frames are computed when they are looked at, or by a timer, not each at its
 * own time: sampler_catch_up() must come before anything that reads the ring or
 * changes what the inputs see.
 */
#ifndef _LAB_SAMPLER_H
#define _LAB_SAMPLER_H

#include "core/lab.h"
#include "parts/trigger.h"

#define SAMPLER_RATE_MIN	0.001		/* frames per second */
#define SAMPLER_RATE_MAX	1000000
#define SAMPLER_INTERVAL_MIN	100		/* ticks */
#define SAMPLER_INTERVAL_MAX	UINT64_C(10000000000000)
#define SAMPLER_DIVIDER_MAX	1000000
#define SAMPLER_COUNT_MAX	(INT64_C(1) << 48)
/* Real time: further behind than this, frames are given up. In ns. */
#define SAMPLER_LAG_MAX		(LAB_SECOND / 10)

enum sampler_state {
	SAMPLER_IDLE,
	SAMPLER_WAITING,	/* for the trigger */
	SAMPLER_SAMPLING,
};

/*
 * Where frames go besides the ring: stream.c, which is above the sampler. All
 * frames are of the internal count.
 */
struct sampler_sink {
	/* Frames in a block; 0: there is no stream */
	uint64_t (*block)(const struct lab *lab);
	/*
	 * Sampling starts over: what has not been sent is lost.
	 * Return: false: not now, the ring is still being read.
	 */
	bool (*rewind)(struct lab *lab);
	/* Triggered; frames count from @first. */
	void (*begin)(struct lab *lab, uint64_t first);
	/* The last frame has been sampled. */
	void (*end)(struct lab *lab);
	/* Frames in the ring that have not been sent */
	uint64_t (*backlog)(const struct lab *lab);
	/*
	 * How many of @count frames may be sampled without overwriting what is
	 * being sent
	 */
	uint64_t (*room)(struct lab *lab, uint64_t count);
	/* Frames have been sampled: send what is complete. */
	void (*push)(struct lab *lab);
	/*
	 * Frames up to before @to are not sampled. Return: false: they have to
	 * be reported here.
	 */
	bool (*gap)(struct lab *lab, uint64_t from, uint64_t to);
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

	/* the current or last acquisition; inputs 0: there was none */
	enum sampler_state state;
	struct session *owner;	/* NULL: closed */
	bool operation;		/* counts for *OPC of the owner */
	unsigned int taken;	/* of trigger.count acquisitions */
	uint64_t begin, tick, unsampled;	/* of the first one; frames up to which some are lost */
	unsigned int inputs;
	unsigned int input[LAB_INPUTS];
	uint64_t start, interval;	/* ticks */
	uint8_t *ring;
	size_t frame_bytes;
	uint64_t ring_frames;
	uint64_t valid;		/* frames before this one are not in the ring */
	uint64_t next;		/* to be sampled */
	uint64_t first;		/* frame 0 of users, after the trigger */
	uint64_t end;		/* UINT64_MAX: none */
	uint64_t lost;		/* frames, since the trigger */
	uint64_t run;		/* counts starts and changes of what is sampled */
	struct lab_timer timer;

	/* set by the parts above when they are created */
	const struct sampler_sink *sink;
	void (*ended)(struct lab *lab);
};

extern const struct lab_part sampler_part;

/* The time between two frames according to the settings, in ticks */
uint64_t sampler_interval(const struct lab *lab);
/* The ring according to the settings: its size in bytes and its address */
uint64_t sampler_ring(const struct lab *lab, uint64_t *address);

/*
 * INITiate. Return: 0, SCPI_ERR_INIT_IGNORED: sampling already, or
 * SCPI_ERR_SETTINGS_CONFLICT with its reason in @why.
 */
int sampler_start(struct lab *lab, struct session *owner, const char **why);
/*
 * End sampling, even before the trigger. Nothing happens when idle. If a command
 * of another user does that, the owner is told.
 */
void sampler_abort(struct lab *lab);
/* Trigger by command. Return: false: not waiting for a trigger. */
bool sampler_trigger(struct lab *lab);
/* What is sampled changes from now on: STATUS? counts another run. */
void sampler_changed(struct lab *lab);
/* Something else has written to card memory: in the ring, that is a change. */
void sampler_overwritten(struct lab *lab, uint64_t address, uint64_t length);
/* Sample what is due, and count edges. */
void sampler_catch_up(struct lab *lab);
/* Frames since frame 0 of users, 0 before the trigger */
uint64_t sampler_frames(const struct lab *lab);
/* Card address of a frame of the internal count */
uint64_t sampler_address(const struct lab *lab, uint64_t frame);
/* Are these frames of the internal count in the ring? */
bool sampler_has(const struct lab *lab, uint64_t frame, uint64_t count);
/* Time of a frame of the internal count, in ns */
lab_time sampler_time(const struct sampler *sampler, uint64_t frame);

#endif /* _LAB_SAMPLER_H */
