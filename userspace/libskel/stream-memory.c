// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stream-memory.c - a stream from any card: the same piece of its memory, again
 *
 * Transfers for all free places are under way at any time, as far as the card can.
 */
#include "stream.h"

static int ask_for_blocks(struct skel_stream *stream)
{
	int ret = 0;

	while (!ret && !skel_stream_is_stopping(stream) && skel_stream_free_places(stream))
		ret = skel_stream_fetch(stream, stream->asked, 0, stream->card_addr,
					stream->block);
	return ret;
}

static int advance(struct skel_stream *stream, int64_t deadline)
{
	int ret = ask_for_blocks(stream);

	if (ret)
		return ret;
	if (stream->received == stream->asked) {
		skel_stream_finish(stream);
		return 0;
	}
	ret = skel_stream_await_block(stream, stream->received, deadline);
	if (ret || skel_stream_is_over(stream))
		return ret;
	pthread_mutex_lock(&stream->skel->lock);
	skel_stream_received(stream, stream->block);
	stream->confirmed = stream->received;
	pthread_mutex_unlock(&stream->skel->lock);
	return 0;
}

const struct stream_source skel_stream_memory = {
	.id = SKEL_STREAM_MEMORY,
	.advance = advance,
};
