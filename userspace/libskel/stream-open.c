// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stream-open.c - which source a stream has, its ring of blocks; open and close it
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stream.h"

#define BLOCKS		16
#define BLOCKS_MAX	65536
#define BLOCK		65536
#define CLOSE_MS	1000	/* for transfers that still run */

/* Return: 0, or -errno with text; -EOPNOTSUPP: the card does not sample. */
static int learn_sampling(struct skel_stream *stream)
{
	char reply[SKEL_LINE_MAX];
	unsigned int inputs, bits;
	int ret;

	ret = skel_stream_ask(stream->skel, reply, "STATUS?");
	if (ret)
		return ret;
	if (!skel_stream_parse_status(reply, &stream->status))
		return skel_fail(EOPNOTSUPP, "the card does not sample: name a piece of its memory (SKEL_STREAM_MEMORY)");
	ret = skel_stream_ask(stream->skel, reply, "INPUTS?");
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
	int ret = skel_stream_ask(stream->skel, reply, "STREam?");

	return ret ? ret : strncmp(reply, "STREAM ", 7) == 0;
}

static int choose_source(struct skel_stream *stream,
			 enum skel_stream_source wanted, uint64_t block)
{
	int ret;

	stream->frame = 1;
	if (wanted == SKEL_STREAM_MEMORY) {
		stream->source = &skel_stream_memory;
		return 0;
	}
	ret = learn_sampling(stream);
	if (ret == -EOPNOTSUPP && wanted == SKEL_STREAM_AUTO && block) {
		stream->source = &skel_stream_memory;
		return 0;
	}
	if (ret)
		return ret;
	stream->source = &skel_stream_ring;
	if (wanted == SKEL_STREAM_RING)
		return 0;
	ret = learn_stream(stream);
	if (ret > 0)
		stream->source = &skel_stream_card;
	else if (!ret && wanted == SKEL_STREAM_CARD)
		return skel_fail(EOPNOTSUPP, "the card has no streams of its own: take SKEL_STREAM_RING");
	return ret < 0 ? ret : 0;
}

static int choose_block(struct skel_stream *stream, uint64_t wanted)
{
	uint64_t ring = stream->status.ring, block = wanted;

	if (stream->source == &skel_stream_memory) {
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
	skel_stream_end(stream, CLOSE_MS);
	if (stream->ours && stream->source->leave)
		stream->source->leave(stream);
	abandon_pieces(stream);
	while (skel_free(stream->skel, stream->ring) && errno == EBUSY &&
	       skel_now() < deadline)
		nanosleep(&wait, NULL);
	destroy(stream);
	errno = error;
}
