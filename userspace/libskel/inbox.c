// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * inbox.c - what comes from the card, and how threads wait for it
 *
 * The file is non-blocking; all waiting is done by poll(), so that each wait
 * has a timeout and ends when the card is unplugged. Of several threads that wait
 * one is the reader (inbox.reading): it polls without the lock, and distributes what
 * comes. The others sleep until it has, and when it leaves, one of them takes over.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

/* Then, whoever waits looks at the time: a card may send without an end */
#define READS_MAX	64

/* How long a sender relies on a reader before it looks whether there is one still */
#define SENDER_MS	20

int64_t skel_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t skel_deadline(int timeout)
{
	return timeout < 0 ? INT64_MAX : skel_now() + timeout;
}

static int timeout_until(int64_t deadline)
{
	int64_t left;

	if (deadline == INT64_MAX)
		return -1;
	left = deadline - skel_now();
	return left > 0 ? (int)left : 0;
}

/* Give a line to whom it belongs, or keep it */
static void distribute(struct skel *skel, struct line *line)
{
	struct inbox *in = &skel->inbox;
	struct skel_transfer end;
	bool ended = skel_parse_end(line->text, &end);

	if ((ended && skel_job_ended(skel, &end)) ||
	    (skel->stream &&
	     skel_stream_line(skel->stream, line->text, ended ? &end : NULL))) {
		free(line);
		return;
	}
	line->number = in->count++;
	if (in->last)
		in->last->next = line;
	else
		in->first = line;
	in->last = line;
}

/* Turn complete lines among the bytes into lines. Return: 0 or -ENOMEM. */
static int inbox_split(struct skel *skel)
{
	struct inbox *in = &skel->inbox;
	size_t start = 0;
	int ret = 0;

	while (in->scanned < in->length) {
		size_t length = in->scanned - start;
		struct scan before = in->scan;
		struct line *line;

		if (!skel_scan(&in->scan, in->bytes[in->scanned], length)) {
			in->scanned++;
			continue;
		}
		line = malloc(sizeof(*line) + length + 1);
		if (!line) {
			in->scan = before;
			ret = -ENOMEM;
			break;
		}
		memcpy(line->text, in->bytes + start, length);
		line->text[length] = '\0';
		line->length = length;
		line->next = NULL;
		memset(&in->scan, 0, sizeof(in->scan));
		start = ++in->scanned;
		distribute(skel, line);
	}
	if (start) {
		in->length -= start;
		in->scanned -= start;
		memmove(in->bytes, in->bytes + start, in->length);
	}
	return ret;
}

/* Return: 1 if something came, 0 if nothing is there, or -errno. */
static int inbox_read(struct skel *skel)
{
	struct inbox *in = &skel->inbox;
	ssize_t n;
	int ret;

	ret = inbox_split(skel);	/* what could not be before */
	if (ret)
		return ret;
	if (in->room - in->length < SKEL_LINE_MAX) {
		size_t room = in->room + 4 * (size_t)SKEL_LINE_MAX;
		char *bytes = realloc(in->bytes, room);

		if (!bytes)
			return -ENOMEM;
		in->bytes = bytes;
		in->room = room;
	}
	n = read(skel->fd, in->bytes + in->length, in->room - in->length);
	if (n > 0) {
		in->length += n;
		ret = inbox_split(skel);
		return ret ? ret : 1;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n == 0 || errno == ENODEV) {
		in->dead = true;
		return 0;
	}
	return -errno;
}

/* Poll without the lock, as the reader, and read all there is */
static int inbox_poll(struct skel *skel, short events, int timeout)
{
	struct pollfd pfd[] = {
		{ .fd = skel->fd, .events = events },
		{ .fd = skel->wake, .events = POLLIN },
	};
	struct inbox *in = &skel->inbox;
	uint64_t woken;
	int n, ret, reads = 0;

	in->reading = true;
	pthread_mutex_unlock(&skel->lock);
	n = poll(pfd, 2, timeout);
	ret = n < 0 ? -errno : 0;
	pthread_mutex_lock(&skel->lock);
	in->reading = false;
	if (n > 0 && pfd[1].revents && read(skel->wake, &woken, sizeof(woken)) < 0)
		ret = errno == EAGAIN ? 0 : -errno;
	if (n > 0 && pfd[0].revents) {
		do {
			ret = inbox_read(skel);
		} while (ret > 0 && ++reads < READS_MAX);
		/* not before all was read that came earlier */
		if (ret <= 0 && ret != -ENOMEM &&
		    pfd[0].revents & (POLLERR | POLLHUP | POLLNVAL))
			in->dead = true;
		if (in->dead) {
			skel_jobs_gone(skel);
			ret = 0;
		}
	}
	pthread_cond_broadcast(&skel->changed);
	return ret < 0 ? ret : 0;
}

void skel_wake(struct skel *skel)
{
	const uint64_t one = 1;

	pthread_cond_broadcast(&skel->changed);
	/* this fails only when there are 2^64 - 1 wakes already */
	if (skel->inbox.reading && write(skel->wake, &one, sizeof(one)) < 0)
		return;
}

/* Sleep until the reader has something, or leaves */
static void sleep_until(struct skel *skel, int64_t deadline)
{
	struct timespec at;

	if (deadline == INT64_MAX) {
		pthread_cond_wait(&skel->changed, &skel->lock);
		return;
	}
	at.tv_sec = deadline / 1000;
	at.tv_nsec = deadline % 1000 * 1000000;
	pthread_cond_timedwait(&skel->changed, &skel->lock, &at);
}

int skel_await(struct skel *skel, int64_t deadline, bool *late)
{
	short events = POLLIN;
	int ret = 0;

	if (skel->inbox.dead)
		return -ENODEV;
	if (*late)
		return -ETIMEDOUT;
	*late = deadline != INT64_MAX && skel_now() >= deadline;
	if (skel->inbox.reading) {
		sleep_until(skel, deadline);
		return 0;
	}
	if (skel_jobs_waiting(skel))
		events |= POLLOUT;
	ret = inbox_poll(skel, events, timeout_until(deadline));
	if (skel_jobs_waiting(skel)) {
		pthread_mutex_unlock(&skel->lock);
		skel_jobs_start(skel);
		pthread_mutex_lock(&skel->lock);
	}
	return ret;
}

int skel_await_room(struct skel *skel, bool begun)
{
	struct pollfd pfd = { .fd = skel->fd, .events = POLLOUT };
	int ret = 0;

	pthread_mutex_lock(&skel->lock);
	if (skel->inbox.dead)
		ret = -ENODEV;
	else if (!skel->inbox.reading)
		/* the card may take no more commands before its answers are read */
		ret = inbox_poll(skel, POLLIN | POLLOUT, -1);
	else
		ret = 1;
	if (ret == -ENOMEM && begun)
		ret = 1;
	if (!ret && skel->inbox.dead)
		ret = -ENODEV;
	pthread_mutex_unlock(&skel->lock);
	if (ret <= 0)
		return ret;
	return poll(&pfd, 1, SENDER_MS) < 0 ? -errno : 0;
}

struct line *skel_find_line(struct skel *skel, uint64_t *seen,
			    line_filter *wanted, void *data)
{
	struct line *line;

	for (line = skel->inbox.first; line; line = line->next) {
		if (line->number < *seen)
			continue;
		if (!wanted || wanted(skel, line->text, data))
			return line;
		*seen = line->number + 1;
	}
	return NULL;
}

void skel_drop_line(struct skel *skel, struct line *line)
{
	struct inbox *in = &skel->inbox;
	struct line *before = NULL, *at = in->first;

	while (at != line) {
		before = at;
		at = at->next;
	}
	if (before)
		before->next = line->next;
	else
		in->first = line->next;
	if (in->last == line)
		in->last = before;
	free(line);
}

/*
 * Wait for the first line that @wanted accepts (NULL: any) and take it from the
 * stream; all others stay, in order. Return: its length, or -errno without a text.
 */
int skel_take_line(struct skel *skel, line_filter *wanted, void *data,
		   char *line, size_t size, int64_t deadline)
{
	struct line *found;
	uint64_t seen = 0;
	bool late = false;
	int ret = 0;

	pthread_mutex_lock(&skel->lock);
	while (!(found = skel_find_line(skel, &seen, wanted, data))) {
		ret = skel_await(skel, deadline, &late);
		if (ret)
			break;
		/* what @wanted has left to a query is free when that has ended */
		if (!skel->querying)
			seen = 0;
	}
	if (found && found->length >= size) {
		ret = -EMSGSIZE;
	} else if (found) {
		ret = (int)found->length;
		memcpy(line, found->text, found->length + 1);
		skel_drop_line(skel, found);
	}
	pthread_mutex_unlock(&skel->lock);
	return ret;
}

void skel_inbox_free(struct inbox *inbox)
{
	while (inbox->first) {
		struct line *line = inbox->first;

		inbox->first = line->next;
		free(line);
	}
	free(inbox->bytes);
}
