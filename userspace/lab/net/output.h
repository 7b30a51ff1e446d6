/* SPDX-License-Identifier: GPL-2.0 */
/*
 * output.h - what is to be sent to a client, and has not been taken yet
 */
#ifndef _LAB_OUTPUT_H
#define _LAB_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct output {
	char *bytes;
	size_t size, start, length;
};

/* Return: false: no memory, or it would have more than @max bytes. */
bool output_add(struct output *output, const char *bytes, size_t length,
		size_t max);
/* Send what the socket takes. Return: 0, or -1: the client has gone. */
int output_send(struct output *output, int fd);
void output_free(struct output *output);

#endif /* _LAB_OUTPUT_H */
