/* SPDX-License-Identifier: GPL-2.0 */
/*
 * output.h - the file that a recording goes to
 *
 * It is opened before the first sample, so that a wrong name costs no recording,
 * and an existing file keeps its contents until there is a frame. Bytes go to it
 * in large pieces. When the disk is full, the file ends with the last whole
 * frame, and so do the counters.
 *
 * All functions that can fail return 0, or -1 with errno.
 */
#ifndef _SKEL_OUTPUT_H
#define _SKEL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct output {
	const char *path;
	int fd;
	bool regular;		/* else a pipe, a device: it cannot be changed */
	bool made;		/* there was no such file, or its contents are gone */
	bool started;		/* it has a frame or a header */
	bool failed;		/* no more can be written */

	char *buffer;
	size_t used;
	uint64_t written;	/* bytes in the file */
	uint64_t header;	/* of them in front of the first frame */
	uint64_t frames;	/* in the file and the buffer */

	/* Of the bytes of whole frames, those that are whole frames too. */
	size_t (*whole)(const struct output *out, const char *bytes,
			size_t length, uint64_t *frames);
	size_t frame_bytes;	/* for whole_by_size() */
};

/* whole: frames of frame_bytes, or lines with one frame each */
size_t whole_by_size(const struct output *out, const char *bytes,
		     size_t length, uint64_t *frames);
size_t whole_by_line(const struct output *out, const char *bytes,
		     size_t length, uint64_t *frames);

/* @path: "-" is standard output; EEXIST: there is such a file, unless @force */
int output_open(struct output *out, const char *path, bool force);
/* Room for @length bytes, at most OUTPUT_PIECE, then say how many were used. */
#define OUTPUT_PIECE	4096
char *output_room(struct output *out, size_t length);
void output_used(struct output *out, size_t length);
int output_put(struct output *out, const void *bytes, size_t length);
/* The old contents go: for those who write without the buffer */
int output_begin(struct output *out);
/* Write what is in the buffer. */
int output_flush(struct output *out);
/* Change bytes that have been written: a header. */
int output_change(struct output *out, const void *bytes, size_t length,
		  uint64_t at);
/* A file that has only what was written here is removed if that is no frame. */
int output_close(struct output *out);

#endif /* _SKEL_OUTPUT_H */
