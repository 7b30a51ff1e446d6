// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stream-start.c - let the card sample for a stream, and see that it is its run
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "stream.h"

static int explain_start(struct skel_stream *stream, const char *command)
{
	char error[SKEL_LINE_MAX];

	if (stream->source == &skel_stream_card &&
	    !skel_stream_ask(stream->skel, error, "SYSTem:ERRor?"))
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
	if (!skel_stream_parse_status(reply, &stream->status))
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
	if (stream->based && stream->source == &skel_stream_ring)
		stream->next = stream->status.frames;
	return 0;
}

static int start_sampling(struct skel_stream *stream, const char *command)
{
	char reply[SKEL_LINE_MAX];
	int ret;

	ret = skel_stream_ask(stream->skel, reply, "STATUS?");
	if (ret)
		return ret;
	if (!skel_stream_parse_status(reply, &stream->status))
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
	else if (stream->source == &skel_stream_memory)
		ret = start_memory(stream, command);
	else
		ret = start_sampling(stream, command);
	if (!ret) {
		pthread_mutex_lock(&stream->skel->lock);
		stream->period_ns = stream->status.period_ns;
		stream->ours = command && stream->source != &skel_stream_memory;
		stream->started = true;
		pthread_mutex_unlock(&stream->skel->lock);
	}
	pthread_mutex_unlock(&stream->acquiring);
	return ret;
}
