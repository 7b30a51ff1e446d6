// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stream.c - steady data from a card, through a ring of blocks in one buffer
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "stream.h"

/* --- for the sources ------------------------------------------------------ */

static void fail_va(struct skel_stream *stream, int error, const char *format,
		    va_list args)
{
	/* these say that what was received may not be returned */
	if (stream->error && error != ESTALE && error != EPROTO)
		return;
	stream->error = error;
	vsnprintf(stream->text, sizeof(stream->text), format, args);
}

void skel_stream_fail_locked(struct skel_stream *stream, int error,
			     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_va(stream, error, format, args);
	va_end(args);
}

void skel_stream_fail(struct skel_stream *stream, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	pthread_mutex_lock(&stream->skel->lock);
	fail_va(stream, error, format, args);
	pthread_mutex_unlock(&stream->skel->lock);
	va_end(args);
}

void skel_stream_finish(struct skel_stream *stream)
{
	pthread_mutex_lock(&stream->skel->lock);
	stream->finished = true;
	pthread_mutex_unlock(&stream->skel->lock);
}

bool skel_stream_is_over(struct skel_stream *stream)
{
	bool over;

	pthread_mutex_lock(&stream->skel->lock);
	over = stream->error || stream->finished;
	pthread_mutex_unlock(&stream->skel->lock);
	return over;
}

bool skel_stream_is_stopping(struct skel_stream *stream)
{
	bool stopping;

	pthread_mutex_lock(&stream->skel->lock);
	stopping = stream->stopping;
	pthread_mutex_unlock(&stream->skel->lock);
	return stopping;
}

struct stream_place *skel_stream_place(struct skel_stream *stream, uint64_t number)
{
	return &stream->place[number % stream->blocks];
}

void skel_stream_received(struct skel_stream *stream, uint64_t length)
{
	struct stream_place *place = skel_stream_place(stream, stream->received);

	place->length = length;
	place->lost = stream->gap;
	place->offset = stream->offset;
	stream->received++;
	stream->gap = 0;
	stream->got = 0;
	stream->offset += length;
}

uint64_t skel_stream_free_places(struct skel_stream *stream)
{
	uint64_t places;

	pthread_mutex_lock(&stream->skel->lock);
	places = stream->blocks - (stream->asked - stream->released);
	pthread_mutex_unlock(&stream->skel->lock);
	return places;
}

int skel_stream_fetch(struct skel_stream *stream, uint64_t number, uint64_t at,
		      uint64_t card_addr, uint64_t length)
{
	struct stream_place *place = skel_stream_place(stream, number);
	struct skel_transfer *piece;
	int ret;

	if (!at)
		place->pieces = 0;
	piece = &place->piece[place->pieces++];
	memset(piece, 0, sizeof(*piece));
	piece->direction = SKEL_TOHOST;
	piece->card_addr = card_addr;
	piece->length = length;
	piece->host_addr = stream->host_addr +
			   number % stream->blocks * stream->block + at;
	ret = skel_job_add(stream->skel, piece, NULL, NULL, true);
	if (ret) {
		place->pieces--;
		return ret;
	}
	pthread_mutex_lock(&stream->skel->lock);
	stream->asked = number + 1;
	pthread_mutex_unlock(&stream->skel->lock);
	return 0;
}

int skel_stream_await_block(struct skel_stream *stream, uint64_t number,
			    int64_t deadline)
{
	struct stream_place *place = skel_stream_place(stream, number);

	for (; place->pieces; place->pieces--) {
		struct skel_transfer *piece = &place->piece[place->pieces - 1];
		int64_t left = deadline == INT64_MAX ? -1 :
			       deadline - skel_now();

		if (deadline != INT64_MAX && left < 0)
			left = 0;
		if (!skel_wait(stream->skel, piece, (int)left))
			continue;
		if (piece->result == SKEL_PENDING)
			return -errno;
		skel_stream_fail(stream, EIO, "%s", skel_errmsg());
		return 0;
	}
	return 0;
}

bool skel_stream_line(struct skel_stream *stream, const char *line,
		      const struct skel_transfer *end)
{
	return stream->source->line && stream->source->line(stream, line, end);
}

/* --- blocks ----------------------------------------------------------------- */

/* What can be said without asking the card. Return: 2: nothing; else as acquire(). */
static int look(struct skel_stream *stream, struct skel_block *block)
{
	bool all = stream->received == stream->confirmed ||
		   stream->error == ESTALE || stream->error == EPROTO;
	struct stream_place *place;

	if (stream->acquired == stream->confirmed) {
		if (stream->error && all)
			return skel_fail(stream->error, "%s", stream->text);
		if (stream->finished && all)
			return 0;
		if (stream->acquired - stream->released == stream->blocks)
			return skel_fail(ENOBUFS, "all %u blocks are acquired: release one first",
					 stream->blocks);
		return 2;
	}
	place = skel_stream_place(stream, stream->acquired);
	memset(block, 0, sizeof(*block));
	block->data = stream->ring +
		      stream->acquired % stream->blocks * stream->block;
	block->length = place->length;
	block->offset = place->offset;
	block->lost = place->lost;
	block->index = stream->acquired++;
	place->held = true;
	stream->bytes += place->length;
	return 1;
}

/* What has come is all there will ever be, and nobody can confirm it any more. */
static void gone(struct skel_stream *stream)
{
	struct skel *skel = stream->skel;

	pthread_mutex_lock(&skel->lock);
	if (stream->got)
		skel_stream_received(stream, stream->got);
	if (stream->error != ESTALE && stream->error != EPROTO)
		stream->confirmed = stream->received;
	skel_stream_fail_locked(stream, ENODEV, "the card is gone");
	pthread_mutex_unlock(&skel->lock);
}

static int acquire(struct skel_stream *stream, struct skel_block *block,
		   int64_t deadline)
{
	struct skel *skel = stream->skel;
	bool late = false;
	int ret;

	for (;;) {
		pthread_mutex_lock(&skel->lock);
		ret = look(stream, block);
		pthread_mutex_unlock(&skel->lock);
		if (ret != 2)
			return ret;
		if (late)
			return skel_fail(ETIMEDOUT, "no block is full yet: wait longer, or take smaller blocks");
		late = deadline != INT64_MAX && skel_now() >= deadline;
		ret = stream->source->advance(stream, deadline);
		if (ret == -ENODEV)
			gone(stream);
		else if (ret == -ETIMEDOUT && skel_now() >= deadline)
			late = true;
		else if (ret)
			return ret;
	}
}

int skel_stream_acquire(struct skel_stream *stream, struct skel_block *block,
			int timeout)
{
	int64_t deadline = skel_deadline(timeout);
	int ret;

	pthread_mutex_lock(&stream->acquiring);
	if (stream->started)
		ret = acquire(stream, block, deadline);
	else
		ret = skel_fail(EINVAL, "the stream is not started: call skel_stream_start()");
	pthread_mutex_unlock(&stream->acquiring);
	return ret;
}

static void acknowledge(struct skel_stream *stream)
{
	uint64_t released;
	int ret = 0;

	if (!stream->source->acknowledge)
		return;
	pthread_mutex_lock(&stream->acknowledging);
	pthread_mutex_lock(&stream->skel->lock);
	released = stream->released;
	pthread_mutex_unlock(&stream->skel->lock);
	while (released != stream->acknowledged && ret != -ENODEV) {
		ret = stream->source->acknowledge(stream, released);
		if (!ret)
			stream->acknowledged = released;
		else if (ret != -EINTR)
			break;
	}
	pthread_mutex_unlock(&stream->acknowledging);
	/* that the card is gone is found, and said, when the next block is wanted */
	if (ret && ret != -ENODEV)
		skel_stream_fail(stream, -ret, "%s", skel_errmsg());
}

int skel_stream_release(struct skel_stream *stream,
			const struct skel_block *block)
{
	struct stream_place *place = skel_stream_place(stream, block->index);
	bool held, first = false;

	pthread_mutex_lock(&stream->skel->lock);
	held = block->index >= stream->released &&
	       block->index < stream->acquired && place->held;
	if (held)
		place->held = false;
	while (stream->released < stream->acquired &&
	       !skel_stream_place(stream, stream->released)->held) {
		stream->released++;
		first = true;
	}
	pthread_mutex_unlock(&stream->skel->lock);
	if (!held)
		return skel_fail(EINVAL, "block %llu is not acquired",
				 (unsigned long long)block->index);
	if (first)
		acknowledge(stream);
	return 0;
}

/* --- stop ------------------------------------------------------------------- */

/* Another program's run is none of ours to stop. */
static int stop_sampling(struct skel_stream *stream, int timeout)
{
	char reply[SKEL_LINE_MAX];
	struct stream_status now;

	if (skel_query(stream->skel, reply, sizeof(reply), timeout,
		       "STATUS?") < 0)
		return -errno;
	if (skel_stream_parse_status(reply, &now) && now.has_run &&
	    now.run != stream->run)
		return 0;
	return skel_query(stream->skel, reply, sizeof(reply), timeout,
			  "STOP") < 0 ? -errno : 0;
}

int skel_stream_end(struct skel_stream *stream, int timeout)
{
	bool over, again;
	int ret = 0;

	pthread_mutex_lock(&stream->skel->lock);
	/* what was started here goes on behind most errors, such as a refusal */
	over = !stream->started || stream->finished ||
	       (stream->error && (!stream->ours || stream->error == ESTALE ||
				  stream->error == ENODEV));
	again = stream->stopping;
	pthread_mutex_unlock(&stream->skel->lock);
	if (over || again)
		return 0;
	if (stream->ours)
		ret = stop_sampling(stream, timeout);
	else if (stream->source->leave)
		ret = stream->source->leave(stream);
	if (ret)
		return ret;
	pthread_mutex_lock(&stream->skel->lock);
	stream->stopping = true;
	skel_wake(stream->skel);
	pthread_mutex_unlock(&stream->skel->lock);
	return 0;
}

int skel_stream_stop(struct skel_stream *stream)
{
	return skel_stream_end(stream, STREAM_ANSWER_MS);
}

int skel_stream_get_info(struct skel_stream *stream,
			 struct skel_stream_info *info)
{
	memset(info, 0, sizeof(*info));
	pthread_mutex_lock(&stream->skel->lock);
	info->source = stream->source->id;
	info->blocks = stream->blocks;
	info->block = stream->block;
	info->frame = stream->frame;
	info->period_ns = stream->period_ns;
	info->received = stream->received;
	info->acquired = stream->acquired;
	info->released = stream->released;
	info->bytes = stream->bytes;
	info->lost = stream->lost;
	pthread_mutex_unlock(&stream->skel->lock);
	return 0;
}
