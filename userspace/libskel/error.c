// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * error.c - errno, and the same in words, per thread
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static _Thread_local char message[256];

static void put(const char *format, va_list args)
{
	char *c;

	vsnprintf(message, sizeof(message), format, args);
	/* one line, whatever the card has answered */
	for (c = message; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
}

int skel_fail(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put(format, args);
	va_end(args);
	errno = error;
	return -error;
}

/* Those that mean something particular here, and what to do */
const char *skel_meaning(int error)
{
	switch (error) {
	case ENODEV:
		return "the card is gone: close it, plug it in again or load its driver";
	case ETIMEDOUT:
		return "the card has not answered in time";
	case EINTR:
		return "interrupted by a signal: call it again";
	case ENOMEM:
		return "no memory";
	case EMSGSIZE:
		return "the line does not fit: it has more than 1023 bytes, or the space for it is too small";
	case EPERM:
		return "it belongs to another process";
	default:
		return NULL;
	}
}

int skel_explain(int error, const char *format, ...)
{
	const char *meaning = skel_meaning(error);
	char other[64];
	size_t length, room;
	va_list args;

	va_start(args, format);
	put(format, args);
	va_end(args);
	if (!meaning) {
		errno = error;
		snprintf(other, sizeof(other), "%m");
		meaning = other;
	}
	length = strlen(message);
	/* what it means must fit in behind a long command */
	room = sizeof(message) - strlen(": ") - strlen(meaning) - 1;
	if (length > room) {
		length = room;
		snprintf(message + length - 3, 4, "...");
	}
	snprintf(message + length, sizeof(message) - length, ": %s", meaning);
	errno = error;
	return -error;
}

const char *skel_errmsg(void)
{
	return message;
}
