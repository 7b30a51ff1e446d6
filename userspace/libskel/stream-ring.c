// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stream-ring.c - a stream from a card that samples into a ring in its memory
 *
 * STATUS? says how far it is; what is new is fetched by TOHOST, several blocks at
 * once. Then STATUS? says whether the card has overwritten any of it meanwhile.
 */
#include <errno.h>

#include "stream.h"

#define FETCH_MAX	4	/* blocks at once */
#define SLEEP_MAX	50	/* ms until the card is asked again */

static uint64_t ring_frames(const struct skel_stream *stream)
{
	return stream->status.ring / stream->frame;
}

/* Card address of a frame that is still in the ring */
static uint64_t address(const struct skel_stream *stream, uint64_t frame)
{
	const struct stream_status *st = &stream->status;
	uint64_t back = (st->frames - frame) * stream->frame % st->ring;

	return st->base + (st->position - st->base + st->ring - back) % st->ring;
}

static void skip_to(struct skel_stream *stream, uint64_t frame)
{
	uint64_t bytes = (frame - stream->next) * stream->frame;

	pthread_mutex_lock(&stream->skel->lock);
	stream->gap += bytes;
	stream->lost += bytes;
	stream->offset += bytes;
	stream->next = frame;
	pthread_mutex_unlock(&stream->skel->lock);
}

static int fetch_block(struct skel_stream *stream, uint64_t frame, uint64_t bytes)
{
	const struct stream_status *st = &stream->status;
	uint64_t from = address(stream, frame), number = stream->asked;
	uint64_t part = st->base + st->ring - from;
	int ret;

	if (part >= bytes)
		return skel_stream_fetch(stream, number, 0, from, bytes);
	ret = skel_stream_fetch(stream, number, 0, from, part);
	if (!ret)
		ret = skel_stream_fetch(stream, number, part, st->base, bytes - part);
	return ret;
}

/* Frames of the next block, 0: not yet */
static uint64_t block_frames(const struct skel_stream *stream, uint64_t available,
			     bool last)
{
	uint64_t frames = stream->block / stream->frame;

	if (available >= frames)
		return frames;
	return last ? available : 0;
}

/*
 * Fetch what is there. Those that the card may have overwritten are not counted:
 * the next look at the status finds that they are gone.
 */
static int fetch(struct skel_stream *stream, bool last)
{
	struct skel *skel = stream->skel;
	uint64_t end = last ? stream->end : stream->status.frames;
	uint64_t frame = stream->next;
	uint64_t first = stream->asked, number, count, length[FETCH_MAX];
	unsigned int blocks = 0, i;
	int ret = 0;

	while (!ret && blocks < FETCH_MAX && skel_stream_free_places(stream) &&
	       (count = block_frames(stream, end - frame, last))) {
		length[blocks++] = count * stream->frame;
		ret = fetch_block(stream, frame, count * stream->frame);
		frame += count;
	}
	if (!blocks)
		return ret;
	for (number = first; number < stream->asked; number++) {
		int error = skel_stream_await_block(stream, number,
						    skel_deadline(STREAM_ANSWER_MS));

		if (error == -ETIMEDOUT)
			skel_stream_fail(stream, EIO, "a transfer has not ended in %d s",
					 STREAM_ANSWER_MS / 1000);
		/* until all are there: their places are used again */
		else if (error == -EINTR)
			number--;
		else if (error && !ret)
			ret = error;
	}
	if (!ret && !skel_stream_is_over(stream))
		do
			ret = skel_stream_get_status(stream);
		while (ret == -EINTR);
	pthread_mutex_lock(&skel->lock);
	stream->asked = first;
	if (!ret && !stream->error &&
	    stream->status.frames - stream->next <= ring_frames(stream)) {
		for (i = 0; i < blocks; i++)
			skel_stream_received(stream, length[i]);
		stream->asked = stream->received;
		stream->confirmed = stream->received;
		stream->next = frame;
	}
	pthread_mutex_unlock(&skel->lock);
	return ret;
}

/* Until the next block is full; less if something comes from the card */
static int sleep_until_full(struct skel_stream *stream, int64_t deadline)
{
	const struct stream_status *st = &stream->status;
	double left = (double)stream->block / (double)stream->frame -
		      (double)(st->frames - stream->next);
	double ms = left > 0 ? left * st->period_ns / 1e6 + 1 : 1;
	int64_t until = skel_now() + (ms < SLEEP_MAX ? (int64_t)ms : SLEEP_MAX);
	bool late = false;
	int ret = 0;

	pthread_mutex_lock(&stream->skel->lock);
	while (!ret && !stream->stopping)
		ret = skel_await(stream->skel, until < deadline ? until : deadline,
				 &late);
	pthread_mutex_unlock(&stream->skel->lock);
	if (ret && ret != -ETIMEDOUT)
		return skel_explain(-ret, "no block");
	return 0;
}

static int advance(struct skel_stream *stream, int64_t deadline)
{
	uint64_t lost = stream->status.lost, before = stream->asked;
	bool based = stream->based, last;
	int ret;

	/* the order counts: what was sampled until stopping is set must come */
	last = skel_stream_is_stopping(stream);
	ret = skel_stream_get_status(stream);
	if (ret || skel_stream_is_over(stream))
		return ret;
	if (!stream->based) {
		if (last)
			skel_stream_finish(stream);
		return last ? 0 : sleep_until_full(stream, deadline);
	}
	last |= !stream->status.sampling;
	/* others may let it go on, but that is not for this stream */
	if (last && !stream->end)
		stream->end = stream->status.frames;
	/* the card has left out frames, but not said which */
	if (based && stream->status.lost != lost)
		skip_to(stream, stream->status.frames);
	if (stream->status.frames - stream->next > ring_frames(stream))
		skip_to(stream, stream->status.frames - ring_frames(stream) / 2);
	if (last && stream->next >= stream->end) {
		skel_stream_finish(stream);
		return 0;
	}
	ret = fetch(stream, last);
	if (ret || skel_stream_is_over(stream) || stream->received != before)
		return ret;
	return last ? 0 : sleep_until_full(stream, deadline);
}

const struct stream_source skel_stream_ring = {
	.id = SKEL_STREAM_RING,
	.advance = advance,
};
