// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * line.c - the command stream: lines to the card, lines from the card
 *
 * The file is non-blocking; all waiting is done by poll(), so that each wait
 * has a timeout and ends when the card is unplugged.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Read what the card has sent into the inbox.
 * Return: 1 if something came, 0 if nothing is there, or -1 with errno.
 */
static int inbox_read(struct skel *skel)
{
	struct inbox *in = &skel->inbox;
	ssize_t n;

	if (in->room - in->length < SKEL_LINE_MAX) {
		size_t room = 2 * in->room + 2 * SKEL_LINE_MAX;
		char *bytes = realloc(in->bytes, room);

		if (!bytes)
			return -1;
		in->bytes = bytes;
		in->room = room;
	}
	n = read(skel->fd, in->bytes + in->length, in->room - in->length);
	if (n > 0) {
		in->length += n;
		return 1;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n == 0)
		errno = ENODEV;
	if (errno == ENODEV)
		in->dead = true;
	return -1;
}

/*
 * Wait up to @timeout for @events or for input, and read all input.
 * Return: the events that occurred, 0 after the timeout, or -1 with errno.
 */
static int inbox_poll(struct skel *skel, short events, int timeout)
{
	struct pollfd pfd = { .fd = skel->fd, .events = events | POLLIN };
	int n = poll(&pfd, 1, timeout);

	if (n <= 0)
		return n;
	do {
		n = inbox_read(skel);
	} while (n > 0);
	if (pfd.revents & (POLLERR | POLLHUP | POLLNVAL))
		skel->inbox.dead = true;
	if (n < 0 && !skel->inbox.dead)
		return -1;
	return pfd.revents;
}

/* Copy out the line at @start without its '\n', and remove it from the inbox */
static int inbox_take(struct inbox *in, size_t start, size_t length,
		      char *line, size_t size)
{
	size_t end = start + length + 1;

	if (length >= size) {
		errno = EMSGSIZE;
		return -1;
	}
	memcpy(line, in->bytes + start, length);
	line[length] = '\0';
	memmove(in->bytes + start, in->bytes + end, in->length - end);
	in->length -= length + 1;
	return length;
}

/*
 * Look for a wanted line (@wanted NULL: any) from *@seen on, and take it.
 * Return: its length; or -1 with errno, EAGAIN when there is none: *@seen is
 * then the start of the line that is still incomplete.
 */
static int inbox_search(struct inbox *in, size_t *seen, line_filter *wanted,
			void *data, char *line, size_t size)
{
	while (*seen < in->length) {
		char *start = in->bytes + *seen;
		char *end = memchr(start, '\n', in->length - *seen);
		bool take = true;

		if (!end)
			break;
		if (wanted) {
			*end = '\0';
			take = wanted(start, data);
			*end = '\n';
		}
		if (take)
			return inbox_take(in, *seen, end - start, line, size);
		*seen += end - start + 1;
	}
	errno = EAGAIN;
	return -1;
}

/*
 * Wait for the first line that @wanted accepts (NULL: any) and take it from the
 * stream; all others stay, in order. Return: its length, or -1 with errno.
 */
int skel_take_line(struct skel *skel, line_filter *wanted, void *data,
		   char *line, size_t size, int timeout)
{
	int64_t end = now_ms() + timeout;
	bool late = false;
	size_t seen = 0;
	int n;

	for (;;) {
		n = inbox_search(&skel->inbox, &seen, wanted, data, line, size);
		if (n >= 0 || errno != EAGAIN)
			return n;
		if (skel->inbox.dead) {
			errno = ENODEV;
			return -1;
		}
		if (late) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (timeout >= 0) {
			int64_t left = end - now_ms();

			n = inbox_poll(skel, 0, left > 0 ? left : 0);
			late = n == 0 || left <= 0;
		} else {
			n = inbox_poll(skel, 0, -1);
		}
		if (n < 0)
			return -1;
	}
}

int skel_readline(struct skel *skel, char *line, size_t size, int timeout)
{
	return skel_take_line(skel, NULL, NULL, line, size, timeout);
}

/* Write the whole line. Once part of it is out, signals no longer end this. */
static int send_all(struct skel *skel, const char *line, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = write(skel->fd, line + done, length - done);

		if (n >= 0) {
			done += n;
			continue;
		}
		if (errno == EAGAIN) {
			/*
			 * The card may need us to read its answers before it
			 * takes more commands: inbox_poll() reads them.
			 */
			if (inbox_poll(skel, POLLOUT, -1) >= 0) {
				if (!skel->inbox.dead)
					continue;
				errno = ENODEV;
			}
		}
		if (errno != EINTR || !done)
			return -1;
	}
	return 0;
}

static int send_va(struct skel *skel, const char *format, va_list args)
{
	char line[SKEL_LINE_MAX + 1];
	int length = vsnprintf(line, sizeof(line), format, args);

	if (length < 0) {
		errno = EINVAL;
		return -1;
	}
	if (length >= SKEL_LINE_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	if (memchr(line, '\n', length)) {
		errno = EINVAL;
		return -1;
	}
	line[length] = '\n';
	return send_all(skel, line, length + 1);
}

int skel_send(struct skel *skel, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = send_va(skel, format, args);
	va_end(args);
	return ret;
}

/* The kernel lets no line from a card begin with the mark. */
const char *skel_core_line(const char *line)
{
	size_t length = strlen(SKEL_CORE_MARK);

	return strncmp(line, SKEL_CORE_MARK, length) ? NULL : line + length;
}

static bool is_answer(const char *line, void *data)
{
	(void)data;
	return !skel_core_line(line);
}

int skel_query(struct skel *skel, char *reply, size_t size, int timeout,
	       const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = send_va(skel, format, args);
	va_end(args);
	if (ret)
		return ret;
	return skel_take_line(skel, is_answer, NULL, reply, size, timeout);
}
