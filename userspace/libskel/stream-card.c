// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stream-card.c - a stream that the card sends by itself: STREam:STARt of skel-lab
 *
 * The core's line about each transfer says that a block, or a part of it, is there.
 * userspace/lab/doc/skel-lab.rst describes the commands and the events.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "stream.h"

#define QUIET_MS	100	/* after which the card is asked whether it has ended */
#define STOPPING_MS	10

/* Why the card has not done something: the oldest error of its queue */
static int explain(struct skel_stream *stream, const char *what)
{
	char error[SKEL_LINE_MAX];

	if (skel_stream_ask(stream->skel, error, "SYSTem:ERRor?"))
		return -errno;
	return skel_fail(EIO, "%s: the card answers %.160s", what, error);
}

static int prepare(struct skel_stream *stream)
{
	char command[80], reply[SKEL_LINE_MAX];
	int ret;

	snprintf(command, sizeof(command), "STREam:STARt 0x%" PRIx64 ",%" PRIu64
		 ",%" PRIu64, stream->host_addr, stream->blocks * stream->block,
		 stream->block);
	ret = skel_command_and_ask(stream->skel, command, "STREam?", "STREAM ",
				   reply, sizeof(reply), STREAM_ANSWER_MS);
	if (ret)
		return ret;
	if (strncmp(reply, "STREAM RUNNING", 14) != 0)
		return explain(stream, command);
	/* frames before are not sent */
	skel_stream_field(reply, "next", &stream->next);
	return 0;
}

/* Part of a block has come, or not: @end says which. */
static void on_transfer(struct skel_stream *stream, const struct skel_transfer *end)
{
	uint64_t at = end->host_addr - stream->host_addr;
	uint64_t place = stream->received % stream->blocks;

	if (end->result != SKEL_DONE) {
		skel_stream_fail_locked(stream, EIO, "the card's transfer of a block: %s %s",
					end->result == SKEL_REFUSED ? "refused" : "failed",
					end->reason);
		return;
	}
	/* a short block was the last one of its acquisition */
	if (stream->got && at != place * stream->block + stream->got) {
		skel_stream_received(stream, stream->got);
		place = stream->received % stream->blocks;
	}
	if (at != place * stream->block + stream->got ||
	    end->length > stream->block - stream->got ||
	    stream->received - stream->released >= stream->blocks) {
		skel_stream_fail_locked(stream, EPROTO, "the card has sent a block to the wrong place");
		return;
	}
	stream->got += end->length;
	if (stream->got == stream->block)
		skel_stream_received(stream, stream->got);
}

static void on_overrun(struct skel_stream *stream, uint64_t frames)
{
	uint64_t bytes = frames * stream->frame;

	if (stream->got)
		skel_stream_received(stream, stream->got);
	stream->gap += bytes;
	stream->lost += bytes;
	stream->offset += bytes;
}

static bool on_line(struct skel_stream *stream, const char *line,
		    const struct skel_transfer *end)
{
	const char *event = skel_event_line(line);
	uint64_t frames;

	if (end) {
		if (end->direction != SKEL_TOHOST ||
		    end->host_addr - stream->host_addr >=
		    stream->blocks * stream->block)
			return false;
		on_transfer(stream, end);
		return true;
	}
	if (!event)
		return false;
	if (sscanf(event, "OVERRUN %" SCNu64, &frames) == 1) {
		on_overrun(stream, frames);
		return true;
	}
	if (strncmp(event, "STREAM STOPPED ", 15) == 0) {
		skel_stream_fail_locked(stream, EIO, "the card has ended the stream: %s",
					event + 15);
		return true;
	}
	return false;
}

/* All that were received before the card was asked are of this run. */
static int confirm(struct skel_stream *stream)
{
	struct skel *skel = stream->skel;
	uint64_t received;
	int ret;

	pthread_mutex_lock(&skel->lock);
	received = stream->received;
	pthread_mutex_unlock(&skel->lock);
	ret = skel_stream_get_status(stream);
	if (ret)
		return ret;
	pthread_mutex_lock(&skel->lock);
	if (stream->error != ESTALE && stream->error != EPROTO)
		stream->confirmed = received;
	pthread_mutex_unlock(&skel->lock);
	return 0;
}

/*
 * Nothing has come for a while. Has it ended? Then all that was sampled was sent,
 * and what was sent has arrived.
 */
static int look_for_end(struct skel_stream *stream)
{
	struct skel *skel = stream->skel;
	uint64_t frames = 0, lost = 0;
	char reply[SKEL_LINE_MAX];
	bool stopped;
	int ret;

	ret = skel_stream_get_status(stream);
	if (ret || skel_stream_is_over(stream))
		return ret;
	if (stream->status.sampling && !skel_stream_is_stopping(stream))
		return 0;
	ret = skel_stream_ask(skel, reply, "STREam?");
	if (ret)
		return ret;
	if (!skel_stream_field(reply, "frames", &frames) ||
	    !skel_stream_field(reply, "lost", &lost)) {
		skel_stream_fail(stream, EPROTO, "'STREam?': cannot understand '%.120s'",
				 reply);
		return 0;
	}
	stopped = strncmp(reply, "STREAM STOPPED", 14) == 0;
	if (!stopped && (!stream->based || stream->status.sampling ||
			 stream->next + frames + lost < stream->status.frames))
		return 0;
	pthread_mutex_lock(&skel->lock);
	if (stream->offset + stream->got - stream->lost ==
	    frames * stream->frame) {
		if (stream->got)
			skel_stream_received(stream, stream->got);
		/* the status is newer than the last of them */
		stream->confirmed = stream->received;
		stream->finished = true;
	}
	pthread_mutex_unlock(&skel->lock);
	return 0;
}

static int advance(struct skel_stream *stream, int64_t deadline)
{
	struct skel *skel = stream->skel;
	bool late = false, quiet;
	int64_t until;
	int ret = 0;

	pthread_mutex_lock(&skel->lock);
	until = skel_now() + (stream->stopping ? STOPPING_MS : QUIET_MS);
	if (until > deadline)
		until = deadline;
	while (!ret && stream->received == stream->confirmed && !stream->error)
		ret = skel_await(skel, until, &late);
	quiet = stream->received == stream->confirmed;
	pthread_mutex_unlock(&skel->lock);
	if (ret && ret != -ETIMEDOUT && quiet)
		return skel_explain(-ret, "no block");
	if (!quiet)
		return confirm(stream);
	return skel_stream_is_over(stream) ? 0 : look_for_end(stream);
}

static int acknowledge(struct skel_stream *stream, uint64_t released)
{
	return skel_send(stream->skel, "STREam:ACKnowledge %" PRIu64, released) ?
	       -errno : 0;
}

static int leave(struct skel_stream *stream)
{
	return skel_send(stream->skel, "STREam:STOP") ? -errno : 0;
}

const struct stream_source skel_stream_card = {
	.id = SKEL_STREAM_CARD,
	.prepare = prepare,
	.advance = advance,
	.acknowledge = acknowledge,
	.leave = leave,
	.line = on_line,
};
