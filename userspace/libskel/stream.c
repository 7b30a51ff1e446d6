// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stream.c - steady data from a card, through a ring of blocks in one buffer
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stream.h"

#define BLOCKS		16
#define BLOCKS_MAX	65536
#define BLOCK		65536
#define CLOSE_MS	1000	/* for transfers that still run */

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

void stream_fail_locked(struct skel_stream *stream, int error,
			const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_va(stream, error, format, args);
	va_end(args);
}

void stream_fail(struct skel_stream *stream, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	pthread_mutex_lock(&stream->skel->lock);
	fail_va(stream, error, format, args);
	pthread_mutex_unlock(&stream->skel->lock);
	va_end(args);
}

void stream_finish(struct skel_stream *stream)
{
	pthread_mutex_lock(&stream->skel->lock);
	stream->finished = true;
	pthread_mutex_unlock(&stream->skel->lock);
}

bool stream_is_over(struct skel_stream *stream)
{
	bool over;

	pthread_mutex_lock(&stream->skel->lock);
	over = stream->error || stream->finished;
	pthread_mutex_unlock(&stream->skel->lock);
	return over;
}

bool stream_is_stopping(struct skel_stream *stream)
{
	bool stopping;

	pthread_mutex_lock(&stream->skel->lock);
	stopping = stream->stopping;
	pthread_mutex_unlock(&stream->skel->lock);
	return stopping;
}

struct stream_place *stream_place(struct skel_stream *stream, uint64_t number)
{
	return &stream->place[number % stream->blocks];
}

void stream_received(struct skel_stream *stream, uint64_t length)
{
	struct stream_place *place = stream_place(stream, stream->received);

	place->length = length;
	place->lost = stream->gap;
	place->offset = stream->offset;
	stream->received++;
	stream->gap = 0;
	stream->got = 0;
	stream->offset += length;
}

uint64_t stream_free_places(struct skel_stream *stream)
{
	uint64_t places;

	pthread_mutex_lock(&stream->skel->lock);
	places = stream->blocks - (stream->asked - stream->released);
	pthread_mutex_unlock(&stream->skel->lock);
	return places;
}

int stream_fetch(struct skel_stream *stream, uint64_t number, uint64_t at,
		 uint64_t card_addr, uint64_t length)
{
	struct stream_place *place = stream_place(stream, number);
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

int stream_await_block(struct skel_stream *stream, uint64_t number,
		       int64_t deadline)
{
	struct stream_place *place = stream_place(stream, number);

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
		stream_fail(stream, EIO, "%s", skel_errmsg());
		return 0;
	}
	return 0;
}

bool skel_stream_line(struct skel_stream *stream, const char *line,
		      const struct skel_transfer *end)
{
	return stream->source->line && stream->source->line(stream, line, end);
}

/* --- open ------------------------------------------------------------------ */

/* Return: 0, or -errno with text; -EOPNOTSUPP: the card does not sample. */
static int learn_sampling(struct skel_stream *stream)
{
	char reply[SKEL_LINE_MAX];
	unsigned int inputs, bits;
	int ret;

	ret = stream_ask(stream->skel, reply, "STATUS?");
	if (ret)
		return ret;
	if (!stream_parse_status(reply, &stream->status))
		return skel_fail(EOPNOTSUPP, "the card does not sample: name a piece of its memory (SKEL_STREAM_MEMORY)");
	ret = stream_ask(stream->skel, reply, "INPUTS?");
	if (ret)
		return ret;
	if (sscanf(reply, "INPUTS %u bits=%u", &inputs, &bits) != 2 ||
	    !inputs || inputs > 65536 || !bits || bits > 64)
		return skel_fail(EPROTO, "'INPUTS?': cannot understand '%.160s'",
				 reply);
	stream->frame = (uint64_t)inputs * ((bits + 7) / 8);
	if (stream->status.ring % stream->frame ||
	    stream->status.ring < 2 * stream->frame)
		return skel_fail(EPROTO, "the card's ring of %llu bytes has no whole frames of %llu bytes",
				 (unsigned long long)stream->status.ring,
				 (unsigned long long)stream->frame);
	return 0;
}

/* Return: 1: it has streams of its own, 0: it has not, or -errno. */
static int learn_stream(struct skel_stream *stream)
{
	char reply[SKEL_LINE_MAX];
	int ret = stream_ask(stream->skel, reply, "STREam?");

	return ret ? ret : strncmp(reply, "STREAM ", 7) == 0;
}

static int choose_source(struct skel_stream *stream,
			 enum skel_stream_source wanted, uint64_t block)
{
	int ret;

	stream->frame = 1;
	if (wanted == SKEL_STREAM_MEMORY) {
		stream->source = &stream_memory;
		return 0;
	}
	ret = learn_sampling(stream);
	if (ret == -EOPNOTSUPP && wanted == SKEL_STREAM_AUTO && block) {
		stream->source = &stream_memory;
		return 0;
	}
	if (ret)
		return ret;
	stream->source = &stream_ring;
	if (wanted == SKEL_STREAM_RING)
		return 0;
	ret = learn_stream(stream);
	if (ret > 0)
		stream->source = &stream_card;
	else if (!ret && wanted == SKEL_STREAM_CARD)
		return skel_fail(EOPNOTSUPP, "the card has no streams of its own: take SKEL_STREAM_RING");
	return ret < 0 ? ret : 0;
}

static int choose_block(struct skel_stream *stream, uint64_t wanted)
{
	uint64_t ring = stream->status.ring, block = wanted;

	if (stream->source == &stream_memory) {
		if (!wanted)
			return skel_fail(EINVAL, "a stream of a piece of the card's memory needs its length as the block");
		stream->block = wanted;
		return 0;
	}
	if (!wanted) {
		block = ring / 4 < BLOCK ? ring / 4 : BLOCK;
		block -= block % stream->frame;
		if (!block)
			block = stream->frame;
	}
	if (block % stream->frame || block > ring / 2)
		return skel_fail(EINVAL, "a block of %llu bytes: take whole frames of %llu bytes, and at most half of the card's ring of %llu bytes",
				 (unsigned long long)block,
				 (unsigned long long)stream->frame,
				 (unsigned long long)ring);
	stream->block = block;
	return 0;
}

static int allocate(struct skel_stream *stream, uint32_t blocks)
{
	stream->blocks = blocks ? blocks : BLOCKS;
	stream->place = calloc(stream->blocks, sizeof(*stream->place));
	if (!stream->place)
		return skel_fail(ENOMEM, "no memory for %u blocks",
				 stream->blocks);
	if (stream->block > SIZE_MAX / stream->blocks)
		return skel_fail(EINVAL, "%u blocks of %llu bytes: take fewer or smaller ones",
				 stream->blocks,
				 (unsigned long long)stream->block);
	stream->ring = skel_malloc(stream->skel, stream->blocks * stream->block,
				   SKEL_ALLOC_TOHOST);
	if (!stream->ring)
		return -errno;
	stream->host_addr = skel_host_addr(stream->skel, stream->ring);
	return 0;
}

static int check_options(const struct skel_stream_options *options)
{
	uint64_t reserved = 0;
	size_t i;

	for (i = 0; i < sizeof(options->reserved) / sizeof(uint64_t); i++)
		reserved |= options->reserved[i];
	if (reserved)
		return skel_fail(EINVAL, "reserved members of the options of a stream must be 0");
	if ((unsigned int)options->source > SKEL_STREAM_MEMORY)
		return skel_fail(EINVAL, "there is no source %d of a stream",
				 (int)options->source);
	if (options->blocks == 1 || options->blocks > BLOCKS_MAX)
		return skel_fail(EINVAL, "%u blocks: take 2 to %d",
				 options->blocks, BLOCKS_MAX);
	return 0;
}

static int attach(struct skel_stream *stream)
{
	struct skel *skel = stream->skel;
	bool busy;

	pthread_mutex_lock(&skel->lock);
	busy = skel->stream;
	if (!busy)
		skel->stream = stream;
	pthread_mutex_unlock(&skel->lock);
	if (busy)
		return skel_fail(EBUSY, "the handle has a stream already: close that first");
	return 0;
}

static void detach(struct skel_stream *stream)
{
	struct skel *skel = stream->skel;

	pthread_mutex_lock(&skel->lock);
	if (skel->stream == stream)
		skel->stream = NULL;
	pthread_mutex_unlock(&skel->lock);
}

static void destroy(struct skel_stream *stream)
{
	detach(stream);
	pthread_mutex_destroy(&stream->acquiring);
	pthread_mutex_destroy(&stream->acknowledging);
	free(stream->place);
	free(stream);
}

struct skel_stream *skel_stream_open(struct skel *skel,
				     const struct skel_stream_options *options)
{
	static const struct skel_stream_options none;
	struct skel_stream *stream;
	int ret;

	if (!options)
		options = &none;
	if (check_options(options))
		return NULL;
	stream = calloc(1, sizeof(*stream));
	if (!stream) {
		skel_fail(ENOMEM, "no memory for a stream");
		return NULL;
	}
	stream->skel = skel;
	stream->card_addr = options->card_addr;
	pthread_mutex_init(&stream->acquiring, NULL);
	pthread_mutex_init(&stream->acknowledging, NULL);
	ret = choose_source(stream, options->source, options->block);
	if (!ret)
		ret = choose_block(stream, options->block);
	if (!ret)
		ret = allocate(stream, options->blocks);
	if (!ret)
		ret = attach(stream);
	if (!ret)
		return stream;
	skel_free(skel, stream->ring);
	destroy(stream);
	errno = -ret;
	return NULL;
}

/* --- start ----------------------------------------------------------------- */

static int explain_start(struct skel_stream *stream, const char *command)
{
	char error[SKEL_LINE_MAX];

	if (stream->source == &stream_card &&
	    !stream_ask(stream->skel, error, "SYSTem:ERRor?"))
		return skel_fail(EIO, "'%.80s' does not start the sampling: %.120s",
				 command, error);
	return skel_fail(EIO, "'%.80s' does not start the sampling", command);
}

/* Each start increments the number of the run: ours must be the next one. */
static int begin(struct skel_stream *stream, const char *command)
{
	const struct stream_status before = stream->status;
	char reply[SKEL_LINE_MAX];
	int ret;

	ret = skel_command_and_ask(stream->skel, command, "STATUS?", "STATUS ",
				   reply, sizeof(reply), STREAM_ANSWER_MS);
	if (ret)
		return ret;
	if (!stream_parse_status(reply, &stream->status))
		return skel_fail(EPROTO, "'STATUS?': cannot understand '%.160s'",
				 reply);
	if (before.has_run && stream->status.run == before.run)
		return explain_start(stream, command);
	if (before.has_run && stream->status.run != before.run + 1)
		return skel_fail(ESTALE, "'%.80s': another program has started or changed the sampling at the same moment: try again",
				 command);
	stream->based = true;
	stream->next = 0;
	stream->run = stream->status.run;
	/* so that frames lost by now are found to be */
	stream->status.lost = 0;
	return 0;
}

static int follow(struct skel_stream *stream)
{
	stream->based = stream->status.sampling;
	if (stream->based && stream->source == &stream_ring)
		stream->next = stream->status.frames;
	return 0;
}

static int start_sampling(struct skel_stream *stream, const char *command)
{
	char reply[SKEL_LINE_MAX];
	int ret;

	ret = stream_ask(stream->skel, reply, "STATUS?");
	if (ret)
		return ret;
	if (!stream_parse_status(reply, &stream->status))
		return skel_fail(EPROTO, "'STATUS?': cannot understand '%.160s'",
				 reply);
	if (stream->source->prepare)
		ret = stream->source->prepare(stream);
	if (ret)
		return ret;
	ret = command ? begin(stream, command) : follow(stream);
	if (ret && stream->source->leave) {
		char text[256];

		snprintf(text, sizeof(text), "%s", skel_errmsg());
		stream->source->leave(stream);
		skel_fail(-ret, "%s", text);
	}
	return ret;
}

static int start_memory(struct skel_stream *stream, const char *command)
{
	if (!command)
		return 0;
	if (skel_send(stream->skel, "%s", command))
		return -errno;
	return skel_clear(stream->skel, STREAM_ANSWER_MS);
}

int skel_stream_start(struct skel_stream *stream, const char *command)
{
	int ret;

	pthread_mutex_lock(&stream->acquiring);
	if (stream->started)
		ret = skel_fail(EALREADY, "the stream was started before: open a new one");
	else if (stream->source == &stream_memory)
		ret = start_memory(stream, command);
	else
		ret = start_sampling(stream, command);
	if (!ret) {
		pthread_mutex_lock(&stream->skel->lock);
		stream->period_ns = stream->status.period_ns;
		stream->ours = command && stream->source != &stream_memory;
		stream->started = true;
		pthread_mutex_unlock(&stream->skel->lock);
	}
	pthread_mutex_unlock(&stream->acquiring);
	return ret;
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
	place = stream_place(stream, stream->acquired);
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
		stream_received(stream, stream->got);
	if (stream->error != ESTALE && stream->error != EPROTO)
		stream->confirmed = stream->received;
	stream_fail_locked(stream, ENODEV, "the card is gone");
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
		stream_fail(stream, -ret, "%s", skel_errmsg());
}

int skel_stream_release(struct skel_stream *stream,
			const struct skel_block *block)
{
	struct stream_place *place = stream_place(stream, block->index);
	bool held, first = false;

	pthread_mutex_lock(&stream->skel->lock);
	held = block->index >= stream->released &&
	       block->index < stream->acquired && place->held;
	if (held)
		place->held = false;
	while (stream->released < stream->acquired &&
	       !stream_place(stream, stream->released)->held) {
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

/* --- stop, close ------------------------------------------------------------ */

/* Another program's run is none of ours to stop. */
static int stop_sampling(struct skel_stream *stream, int timeout)
{
	char reply[SKEL_LINE_MAX];
	struct stream_status now;

	if (skel_query(stream->skel, reply, sizeof(reply), timeout,
		       "STATUS?") < 0)
		return -errno;
	if (stream_parse_status(reply, &now) && now.has_run &&
	    now.run != stream->run)
		return 0;
	return skel_query(stream->skel, reply, sizeof(reply), timeout,
			  "STOP") < 0 ? -errno : 0;
}

static int stop(struct skel_stream *stream, int timeout)
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
	return stop(stream, STREAM_ANSWER_MS);
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

static void abandon_pieces(struct skel_stream *stream)
{
	uint32_t i;

	for (i = 0; i < stream->blocks; i++) {
		struct stream_place *place = &stream->place[i];

		while (place->pieces)
			skel_abandon(stream->skel, &place->piece[--place->pieces]);
	}
}

void skel_stream_close(struct skel_stream *stream)
{
	int error = errno;
	int64_t deadline = skel_deadline(CLOSE_MS);
	struct timespec wait = { .tv_nsec = 10000000 };

	if (!stream)
		return;
	stop(stream, CLOSE_MS);
	if (stream->ours && stream->source->leave)
		stream->source->leave(stream);
	abandon_pieces(stream);
	while (skel_free(stream->skel, stream->ring) && errno == EBUSY &&
	       skel_now() < deadline)
		nanosleep(&wait, NULL);
	destroy(stream);
	errno = error;
}
