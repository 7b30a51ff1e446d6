// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stream-status.c - what a card says about its sampling
 *
 * All users of a card share its sampling. STATUS? numbers the runs, of cards that
 * know who they are dealing with: while the number is the same, all frames belong
 * together.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"

int skel_stream_ask(struct skel *skel, char *reply, const char *question)
{
	if (skel_query(skel, reply, SKEL_LINE_MAX, STREAM_ANSWER_MS, "%s",
		       question) < 0)
		return -errno;
	return 0;
}

bool skel_stream_field(const char *line, const char *name, uint64_t *value)
{
	size_t length = strlen(name);

	while ((line = strchr(line, ' '))) {
		line++;
		if (strncmp(line, name, length) == 0 && line[length] == '=' &&
		    line[length + 1] >= '0' && line[length + 1] <= '9') {
			*value = strtoull(line + length + 1, NULL, 10);
			return true;
		}
	}
	return false;
}

bool skel_stream_parse_status(const char *line, struct stream_status *status)
{
	struct stream_status st = { 0 };
	uint64_t value;

	if (strncmp(line, "STATUS ", 7) != 0)
		return false;
	st.sampling = strncmp(line + 7, "IDLE", 4) != 0;
	if (!skel_stream_field(line, "frames", &st.frames) ||
	    !skel_stream_field(line, "position", &st.position) ||
	    !skel_stream_field(line, "ring", &st.ring))
		return false;
	skel_stream_field(line, "base", &st.base);
	skel_stream_field(line, "lost", &st.lost);
	st.has_run = skel_stream_field(line, "run", &st.run);
	if (skel_stream_field(line, "period", &value))
		st.period_ns = (double)value;
	else if (skel_stream_field(line, "rate", &value) && value)
		st.period_ns = 1e9 / (double)value;
	*status = st;
	return st.ring && st.position >= st.base &&
	       st.position - st.base < st.ring;
}

int skel_stream_get_status(struct skel_stream *stream)
{
	char reply[SKEL_LINE_MAX];
	struct stream_status now;
	int ret;

	ret = skel_stream_ask(stream->skel, reply, "STATUS?");
	if (ret)
		return ret;
	if (!skel_stream_parse_status(reply, &now) || now.ring % stream->frame) {
		skel_stream_fail(stream, EPROTO, "'STATUS?': cannot understand '%.120s'",
				 reply);
		return 0;
	}
	/* nothing to follow yet: the next run is the one */
	if (!stream->based && now.sampling) {
		stream->based = true;
		stream->next = 0;
	} else if (stream->based &&
		   ((now.has_run && now.run != stream->status.run) ||
		    now.period_ns != stream->status.period_ns ||
		    now.frames < stream->status.frames)) {
		skel_stream_fail(stream, ESTALE, "another program has changed the sampling of this card: its data are another recording");
		return 0;
	}
	stream->status = now;
	return 0;
}
