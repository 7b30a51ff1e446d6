/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stream.h - blocks of the ring to a ring in the host's memory
 *
 * Block k goes to host + (k modulo blocks) * block_bytes. The reader says how many
 * blocks it has consumed; at most as many as the host ring has are on the way or
 * unread. What cannot be sent stays in the card's ring as long as there is place,
 * then it is lost: frames_sent + lost + those still in the ring are all frames.
 */
#ifndef _LAB_STREAM_H
#define _LAB_STREAM_H

#include "lab.h"

#define STREAM_BLOCK	65536	/* bytes, if the user does not say */
/*
 * The core lets four transfers of a channel run: leave some to the user. A block
 * that goes over the end of the ring takes two.
 */
#define STREAM_TRANSFERS	2

/* A transfer that runs */
struct stream_piece {
	struct lab *lab;
	bool busy;
	uint64_t frame, frames;	/* of the internal count */
};

struct streams {
	struct session *owner;	/* NULL: there is no stream */
	uint64_t host;
	uint64_t blocks;	/* in the host's ring */
	uint64_t block_bytes;

	bool flows;		/* an acquisition has been triggered */
	bool ending;		/* that one has ended: also send a short block */
	uint64_t frames;	/* in a block */
	uint64_t next;		/* frame to send next, of the internal count */
	uint64_t gap_from, gap_to;	/* there, gap_frames do not exist */
	uint64_t gap_frames;

	uint64_t sent, acknowledged;	/* blocks */
	uint64_t frames_sent, lost;
	uint64_t unreported;	/* of lost */
	struct stream_piece piece[STREAM_TRANSFERS];
};

extern const struct scpi_table lab_stream_table;

int streams_init(struct lab *lab);	/* 0, or -ENOMEM */
void streams_reset(struct lab *lab);
void streams_destroy(struct lab *lab);
/* A session is closed: its stream ends. */
void streams_forget(struct lab *lab, struct session *session);

/*
 * Begin a stream of what is sampled now, or will be.
 * @block_bytes: 0: STREAM_BLOCK or less, whole frames
 * Return: 0, SCPI_ERR_SETTINGS_CONFLICT: another session has one,
 * SCPI_ERR_RANGE: no block fits, SCPI_ERR_ILLEGAL_VALUE: no whole frames.
 */
int stream_start(struct lab *lab, struct session *owner, uint64_t host,
		 uint64_t length, uint64_t block_bytes);
void stream_stop(struct lab *lab);
/* Return: 0, or SCPI_ERR_ILLEGAL_VALUE: not between the last and those sent. */
int stream_acknowledge(struct lab *lab, uint64_t blocks);

/* Transfers of the stream that run */
unsigned int stream_transfers(const struct lab *lab);

/* --- for sampler.c --------------------------------------------------- */

/* Frames of a block, 0: there is no stream */
uint64_t stream_frames(const struct lab *lab);
/*
 * Sampling begins anew, what has not been sent is lost.
 * Return: false: not now, the ring is still being read.
 */
bool stream_rewind(struct lab *lab);
/* The trigger has come; frames count from @first. And: the last frame is there. */
void stream_begin(struct lab *lab, uint64_t first);
void stream_end(struct lab *lab);
/* Frames in the ring that have not been sent; 0 without a stream */
uint64_t stream_backlog(const struct lab *lab);
/* How many of @count frames may be sampled without spoiling what is being sent */
uint64_t stream_room(struct lab *lab, uint64_t count);
/* Frames have been sampled: send what is complete. */
void stream_push(struct lab *lab);
/* Frames up to before @to are not sampled. Return: false: there is no stream. */
bool stream_gap(struct lab *lab, uint64_t from, uint64_t to);

/* --- for loop.c, virtual time ---------------------------------------- */

/* Time shall pass, just for the stream: it has room for the next block. */
bool streams_want_time(const struct lab *lab);
/* The stream waits for its reader: commands shall take no time. */
bool streams_hold_time(const struct lab *lab);

#endif /* _LAB_STREAM_H */
