// SPDX-License-Identifier: GPL-2.0
/*
 * output.c - what is to be sent to a client, and has not been taken yet
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/output.h"

static bool grow(struct output *output, size_t size)
{
	char *bytes;

	if (size <= output->size)
		return true;
	if (size < 2 * output->size)
		size = 2 * output->size;
	bytes = realloc(output->bytes, size);
	if (!bytes)
		return false;
	output->bytes = bytes;
	output->size = size;
	return true;
}

bool output_add(struct output *output, const char *bytes, size_t length,
		size_t max)
{
	if (length > max || output->length > max - length)
		return false;
	if (output->start) {
		memmove(output->bytes, output->bytes + output->start,
			output->length);
		output->start = 0;
	}
	if (!grow(output, output->length + length))
		return false;
	memcpy(output->bytes + output->length, bytes, length);
	output->length += length;
	return true;
}

int output_send(struct output *output, int fd)
{
	while (output->length) {
		ssize_t n = send(fd, output->bytes + output->start,
				 output->length, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
		output->start += n;
		output->length -= n;
	}
	output_free(output);
	return 0;
}

void output_free(struct output *output)
{
	free(output->bytes);
	*output = (struct output){ 0 };
}
