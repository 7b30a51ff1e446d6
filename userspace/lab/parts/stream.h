/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stream.h - blocks of the ring to a ring in the host's memory
 *
 * Block k goes to host + (k modulo blocks) * block_bytes. The reader
 * acknowledges the blocks it has consumed; no more than fit into the host ring
 * are in flight or unread. What cannot be sent stays in the card's ring as long
 * as there is room, then it is lost: frames_sent + lost + those still in the
 * ring are all frames.
 */
#ifndef _LAB_STREAM_H
#define _LAB_STREAM_H

#include "core/lab.h"

#define STREAM_BLOCK	65536	/* bytes, by default */
/*
 * The driver's core allows four transfers of a channel at a time: leave some to
 * the user. A block that wraps around in the ring takes two.
 */
#define STREAM_TRANSFERS	2

/* A running transfer */
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
	bool ending;		/* it has ended: also send a short block */
	uint64_t frames;	/* in a block */
	uint64_t next;		/* frame to send next, of the internal count */
	uint64_t gap_from, gap_to;	/* where gap_frames are missing */
	uint64_t gap_frames;

	uint64_t sent, acknowledged;	/* blocks */
	uint64_t frames_sent, lost;
	uint64_t unreported;	/* of those lost */
	struct stream_piece piece[STREAM_TRANSFERS];
};


extern const struct lab_part streams_part;

/*
 * Start a stream of what is being sampled, or will be.
 * @block_bytes: 0: STREAM_BLOCK or less, whole frames
 * Return: 0, SCPI_ERR_SETTINGS_CONFLICT: another session has one,
 * SCPI_ERR_RANGE: no block fits, SCPI_ERR_ILLEGAL_VALUE: no whole frames.
 */
int stream_start(struct lab *lab, struct session *owner, uint64_t host,
		 uint64_t length, uint64_t block_bytes);
void streams_stop(struct lab *lab);
/* Return: 0, or SCPI_ERR_ILLEGAL_VALUE: fewer than before, or more than sent. */
int stream_acknowledge(struct lab *lab, uint64_t blocks);

/* Running transfers of the stream */
unsigned int stream_transfers(const struct lab *lab);
/* Frames of a block, 0: there is no stream */
uint64_t stream_frames(const struct lab *lab);
/* Frames in the ring that have not been sent; 0 without a stream */
uint64_t stream_backlog(const struct lab *lab);

#endif /* _LAB_STREAM_H */
