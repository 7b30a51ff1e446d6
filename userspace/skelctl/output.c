// SPDX-License-Identifier: GPL-2.0
/*
 * output.c - the file that a recording goes to
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"

#define BUFFER	(1 << 20)

size_t whole_by_size(const struct output *out, const char *bytes,
		     size_t length, uint64_t *frames)
{
	*frames = length / out->frame_bytes;
	return *frames * out->frame_bytes;
}

size_t whole_by_line(const struct output *out, const char *bytes,
		     size_t length, uint64_t *frames)
{
	size_t i, whole = 0;

	*frames = 0;
	for (i = 0; i < length; i++) {
		if (bytes[i] == '\n') {
			whole = i + 1;
			++*frames;
		}
	}
	return whole;
}

static int open_path(struct output *out, const char *path, bool force)
{
	int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY;
	struct stat st;

	out->fd = open(path, flags | O_EXCL, 0666);
	out->made = out->fd >= 0;
	if (out->fd < 0 && errno == EEXIST) {
		out->fd = open(path, flags, 0666);
		/* a pipe, a device that cannot be read */
		if (out->fd < 0 && errno != EISDIR)
			out->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	}
	if (out->fd < 0 || fstat(out->fd, &st))
		return -1;
	out->regular = S_ISREG(st.st_mode);
	if (out->regular && !out->made && st.st_size && !force) {
		errno = EEXIST;
		return -1;
	}
	return 0;
}

int output_open(struct output *out, const char *path, bool force)
{
	int error;

	*out = (struct output){ .path = path, .fd = STDOUT_FILENO };
	out->buffer = malloc(BUFFER);
	if (out->buffer &&
	    (strcmp(path, "-") == 0 || !open_path(out, path, force)))
		return 0;
	error = errno;
	output_close(out);
	errno = error;
	return -1;
}

/* What could not be written is gone: the last frames. Keeps errno. */
static void cut(struct output *out, size_t written)
{
	uint64_t whole = 0, all = 0;
	int error = errno;
	/* the buffer begins with the header or with a frame */
	size_t skip = out->written < out->header ?
		      out->header - out->written : 0;
	size_t keep = 0;

	out->whole(out, out->buffer + skip, out->used - skip, &all);
	if (written >= skip)
		keep = skip + out->whole(out, out->buffer + skip,
					 written - skip, &whole);
	out->frames -= all - whole;
	if (out->regular && keep < written &&
	    !ftruncate(out->fd, out->written + keep))
		written = keep;
	out->written += written;
	out->used = 0;
	out->failed = true;
	errno = error;
}

int output_begin(struct output *out)
{
	out->started = true;
	if (!out->regular)
		return 0;
	out->made = true;
	return ftruncate(out->fd, 0);
}

int output_flush(struct output *out)
{
	size_t done = 0;

	if (out->failed) {
		errno = EIO;
		return -1;
	}
	if (out->used && !out->started && output_begin(out))
		return -1;
	while (done < out->used) {
		ssize_t n = write(out->fd, out->buffer + done,
				  out->used - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (!n)
				errno = ENOSPC;
			cut(out, done);
			return -1;
		}
		done += n;
	}
	out->written += done;
	out->used = 0;
	return 0;
}

char *output_room(struct output *out, size_t length)
{
	if (out->failed || (BUFFER - out->used < length && output_flush(out)))
		return NULL;
	return out->buffer + out->used;
}

void output_used(struct output *out, size_t length)
{
	out->used += length;
}

int output_put(struct output *out, const void *bytes, size_t length)
{
	char *to = output_room(out, length);

	if (!to)
		return -1;
	memcpy(to, bytes, length);
	output_used(out, length);
	return 0;
}

int output_change(struct output *out, const void *bytes, size_t length,
		  uint64_t at)
{
	ssize_t n = pwrite(out->fd, bytes, length, at);

	if (n >= 0 && (size_t)n < length) {
		errno = ENOSPC;
		n = -1;
	}
	return n < 0 ? -1 : 0;
}

int output_close(struct output *out)
{
	int error = 0;

	if (out->fd >= 0 && out->fd != STDOUT_FILENO && close(out->fd))
		error = errno;
	if (out->made && !out->frames)
		unlink(out->path);
	free(out->buffer);
	out->buffer = NULL;
	out->fd = -1;
	errno = error;
	return error ? -1 : 0;
}
