/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream.h - what all streams have in common, and what each source does
 *
 * Block number n is in place n modulo blocks. Blocks are received (their bytes are
 * there), then confirmed (they are of the right run), then acquired, then released;
 * each of the four counts never exceeds the one before it.
 */
#ifndef _LIBSKEL_STREAM_H
#define _LIBSKEL_STREAM_H

#include "internal.h"

#define STREAM_ANSWER_MS	5000	/* for an answer, or a transfer */
#define STREAM_PIECES		2	/* a block may wrap around in the card's ring */

/* What the card says about its sampling: STATUS? */
struct stream_status {
	bool sampling;
	uint64_t frames;		/* so far */
	uint64_t base, ring;		/* of the card's ring, in bytes */
	uint64_t position;		/* where the next frame goes */
	uint64_t lost;			/* frames */
	bool has_run;
	uint64_t run;
	double period_ns;		/* 0: unknown */
};

struct stream_place {
	uint64_t length, offset, lost;
	bool held;			/* acquired, not released */
	struct skel_transfer piece[STREAM_PIECES];
	unsigned int pieces;		/* that were submitted */
};

struct skel_stream {
	struct skel *skel;
	const struct stream_source *source;
	char *ring;
	uint64_t host_addr;
	uint32_t blocks;
	uint64_t block, frame;		/* bytes */
	uint64_t card_addr;

	pthread_mutex_t acquiring;
	pthread_mutex_t acknowledging;
	uint64_t acknowledged;

	/* by the thread that acquires, or starts */
	bool based;			/* status is that of the run to be followed */
	struct stream_status status;	/* the newest */
	uint64_t next;			/* frame to be fetched, or first one sent */
	uint64_t end;			/* frame after the last one, once that is known */

	/* with skel->lock */
	bool started;
	bool ours;			/* skel_stream_start() began the sampling, */
	uint64_t run;			/* of this number */
	double period_ns;
	bool stopping;			/* no more than is there by now */
	bool finished;
	int error;			/* an errno that ended it */
	char text[192];
	uint64_t asked;			/* blocks for which transfers were submitted */
	uint64_t received, confirmed, acquired, released;
	uint64_t got;			/* bytes of the block that arrives */
	uint64_t gap;			/* bytes lost before it */
	uint64_t offset;		/* of it */
	uint64_t bytes, lost;		/* in blocks acquired; in total */
	struct stream_place *place;
};

struct stream_source {
	enum skel_stream_source id;
	/* Before the command that begins the sampling. Return: 0, -errno with text. */
	int (*prepare)(struct skel_stream *stream);
	/*
	 * Come closer to the next confirmed block, wait until @deadline at most.
	 * Return: 0: look again; or -errno with text. What ends the stream is
	 * reported by skel_stream_fail() and skel_stream_finish() instead.
	 */
	int (*advance)(struct skel_stream *stream, int64_t deadline);
	/* Optional: tell the card of released blocks */
	int (*acknowledge)(struct skel_stream *stream, uint64_t released);
	/* Optional: when nothing more shall come, of a run that goes on */
	int (*leave)(struct skel_stream *stream);
	/* Optional: a line of the core, or an event; with skel->lock. See internal.h. */
	bool (*line)(struct skel_stream *stream, const char *line,
		     const struct skel_transfer *end);
};

extern const struct stream_source skel_stream_card, skel_stream_ring, skel_stream_memory;

/* The rest is in stream.c, stream-open.c, stream-start.c and stream-status.c */

/* Return: 0 or -errno with text */
int skel_stream_ask(struct skel *skel, char *reply, const char *question);
/* The number after " @name="; false: there is none */
bool skel_stream_field(const char *line, const char *name, uint64_t *value);
bool skel_stream_parse_status(const char *line, struct stream_status *status);
/* Ask, and see that it is the same run. Return: 0, -errno; see advance(). */
int skel_stream_get_status(struct skel_stream *stream);

void skel_stream_fail(struct skel_stream *stream, int error, const char *format, ...)
	_SKEL_PRINTF(3, 4);
/* The same with skel->lock */
void skel_stream_fail_locked(struct skel_stream *stream, int error,
			     const char *format, ...) _SKEL_PRINTF(3, 4);
void skel_stream_finish(struct skel_stream *stream);
/* skel_stream_stop(), which waits @timeout ms for each answer */
int skel_stream_end(struct skel_stream *stream, int timeout);
bool skel_stream_is_over(struct skel_stream *stream);
bool skel_stream_is_stopping(struct skel_stream *stream);
/* The block that arrives is complete, with @length bytes; with skel->lock */
void skel_stream_received(struct skel_stream *stream, uint64_t length);
/* How many blocks may be asked for */
uint64_t skel_stream_free_places(struct skel_stream *stream);
struct stream_place *skel_stream_place(struct skel_stream *stream, uint64_t number);
/* Ask for @length bytes, as the next piece of a block. Return: 0 or -errno. */
int skel_stream_fetch(struct skel_stream *stream, uint64_t number, uint64_t at,
		      uint64_t card_addr, uint64_t length);
/*
 * Wait for all pieces of a block. Return: 0: they are there; or -errno.
 * A refused or failed one ends the stream.
 */
int skel_stream_await_block(struct skel_stream *stream, uint64_t number,
			    int64_t deadline);

#endif /* _LIBSKEL_STREAM_H */
