// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * line.c - the command stream: lines to the card, lines from the card
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* A card address that no card has, but can read: it marks a request as a fence */
#define FENCE	0x7e4ce00000000000

/* The kernel lets no line from a card begin with the mark. */
const char *skel_core_line(const char *line)
{
	size_t length = strlen(SKEL_CORE_MARK);

	return strncmp(line, SKEL_CORE_MARK, length) ? NULL : line + length;
}

const char *skel_event_line(const char *line)
{
	size_t length = strlen(SKEL_EVENT_MARK);

	return strncmp(line, SKEL_EVENT_MARK, length) ? NULL : line + length;
}

static bool is_answer(struct skel *skel, const char *line, void *data)
{
	(void)skel;
	(void)data;
	return !skel_core_line(line) && !skel_event_line(line);
}

/* Once part of the line is out, neither signals nor a lack of memory end this. */
int skel_write_line(struct skel *skel, const char *line, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = write(skel->fd, line + done, length - done);
		int ret = n < 0 ? -errno : 0;

		if (n >= 0) {
			done += n;
			continue;
		}
		if (ret == -EAGAIN)
			ret = skel_await_room(skel, done);
		if (ret && (ret != -EINTR || !done))
			return ret;
	}
	return 0;
}

/* Return: 0 or -errno, with a text */
static int send_line(struct skel *skel, const char *line, size_t length)
{
	int ret;

	pthread_mutex_lock(&skel->sending);
	ret = skel_write_line(skel, line, length);
	pthread_mutex_unlock(&skel->sending);
	/* those that could not be started while this thread was writing */
	skel_jobs_start(skel);
	if (ret)
		return skel_explain(-ret, "'%.*s' cannot be sent", (int)length - 1,
				    line);
	return 0;
}

/* Format a line with its '\n'. Return: its length, or -errno with a text. */
static int format_line(char *line, size_t size, const char *format,
		       va_list args)
{
	int length = vsnprintf(line, size, format, args);

	if (length < 0)
		return skel_fail(EINVAL, "a command cannot be formatted");
	if (length >= SKEL_LINE_MAX)
		return skel_fail(EMSGSIZE,
				 "a command has %d bytes: at most %d can be sent",
				 length, SKEL_LINE_MAX - 1);
	if (memchr(line, '\n', length))
		return skel_fail(EINVAL,
				 "a command contains a newline: send one line at a time");
	line[length] = '\n';
	return length + 1;
}

int skel_send(struct skel *skel, const char *format, ...)
{
	char line[SKEL_LINE_MAX + 1];
	va_list args;
	int length;

	va_start(args, format);
	length = format_line(line, sizeof(line), format, args);
	va_end(args);
	if (length < 0)
		return -1;
	return send_line(skel, line, length) ? -1 : 0;
}

/* Answers are left to a thread that waits for one. */
static bool is_free(struct skel *skel, const char *line, void *data)
{
	return !skel->querying || !is_answer(skel, line, data);
}

int skel_readline(struct skel *skel, char *line, size_t size, int timeout)
{
	int ret = skel_take_line(skel, is_free, NULL, line, size,
				 skel_deadline(timeout));

	if (ret >= 0)
		return ret;
	skel_explain(-ret, "no line");
	return -1;
}

static bool is_event(struct skel *skel, const char *line, void *data)
{
	(void)skel;
	(void)data;
	return skel_event_line(line);
}

int skel_read_event(struct skel *skel, char *line, size_t size, int timeout)
{
	size_t mark = strlen(SKEL_EVENT_MARK);
	char event[SKEL_LINE_MAX];
	int ret;

	/* by its whole length, so that nothing is cut when it is too long for @line */
	ret = skel_take_line(skel, is_event, NULL, event,
			     size + mark < sizeof(event) ? size + mark :
			     sizeof(event), skel_deadline(timeout));
	if (ret < 0)
		return skel_explain(-ret, "no event");
	ret -= (int)mark;
	memcpy(line, event + mark, (size_t)ret + 1);
	return ret;
}

/* Queries of several threads take turns. Return: 0 or -errno without a text. */
static int begin_query(struct skel *skel, int64_t deadline)
{
	bool late = false;
	int ret = 0;

	pthread_mutex_lock(&skel->lock);
	while (skel->querying && !ret)
		ret = skel_await(skel, deadline, &late);
	if (!skel->querying) {
		skel->querying = true;
		ret = 0;
	}
	pthread_mutex_unlock(&skel->lock);
	return ret;
}

static void end_query(struct skel *skel, bool late)
{
	pthread_mutex_lock(&skel->lock);
	skel->querying = false;
	skel->late = late;
	skel_wake(skel);
	pthread_mutex_unlock(&skel->lock);
}

static bool is_fence(struct skel *skel, const char *line, void *data)
{
	const uint64_t *number = data;
	struct skel_transfer t;

	(void)skel;
	return skel_parse_end(line, &t) && t.result == SKEL_REFUSED &&
	       t.card_addr == *number && !t.length && !t.host_addr;
}

/* Drop all answers that have come before the fence, which is taken */
static void drop_answers(struct skel *skel, const struct line *fence)
{
	uint64_t seen = 0;
	struct line *line;

	while ((line = skel_find_line(skel, &seen, is_answer, NULL)) &&
	       line->number < fence->number)
		skel_drop_line(skel, line);
}

/*
 * Wait until all earlier commands have run, and drop their answers.
 * Return: 0, or -errno with a text
 */
static int clear(struct skel *skel, int64_t deadline)
{
	struct skel_transfer t = {
		.direction = skel->caps & SKEL_CAP_TOHOST ? SKEL_TOHOST :
			     SKEL_FROMHOST,
	};
	char text[SKEL_LINE_MAX];
	struct line *fence;
	uint64_t seen = 0;
	bool late = false;
	int ret;

	if (!(skel->caps & (SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST)))
		return skel_fail(EOPNOTSUPP,
				 "this card has no transfers: close it to get rid of a late answer");
	pthread_mutex_lock(&skel->lock);
	t.card_addr = FENCE + skel->fences++;
	pthread_mutex_unlock(&skel->lock);
	ret = send_line(skel, text, skel_format_transfer(text, sizeof(text), &t));
	if (ret)
		return ret;
	pthread_mutex_lock(&skel->lock);
	while (!(fence = skel_find_line(skel, &seen, is_fence, &t.card_addr))) {
		ret = skel_await(skel, deadline, &late);
		if (ret)
			break;
	}
	if (fence) {
		ret = 0;
		drop_answers(skel, fence);
		skel_drop_line(skel, fence);
	}
	pthread_mutex_unlock(&skel->lock);
	if (ret == -ETIMEDOUT)
		return skel_fail(ETIMEDOUT,
				 "the card still works on an earlier command: wait longer, or close it");
	return ret ? skel_explain(-ret, "waiting for earlier commands") : 0;
}

int skel_clear(struct skel *skel, int timeout)
{
	int64_t deadline = skel_deadline(timeout);
	int ret = begin_query(skel, deadline);

	if (ret)
		return skel_explain(-ret, "another thread waits for its answer");
	ret = clear(skel, deadline);
	end_query(skel, ret ? skel->late : false);
	return ret;
}

/*
 * The next answer will be that of the caller, who ends this by end_query().
 * Return: 0, or -errno with a text: then there is nothing to end.
 */
static int expect_answer(struct skel *skel, int64_t deadline)
{
	int ret = begin_query(skel, deadline);

	if (ret)
		return skel_explain(-ret, "another thread waits for its answer");
	if (!skel->late)
		return 0;
	ret = clear(skel, deadline);
	if (ret)
		end_query(skel, true);
	return ret;
}

/* The answer that was too long for the caller: the next query must not get it. */
static void drop_answer(struct skel *skel)
{
	uint64_t seen = 0;
	struct line *line;

	pthread_mutex_lock(&skel->lock);
	line = skel_find_line(skel, &seen, is_answer, NULL);
	if (line)
		skel_drop_line(skel, line);
	pthread_mutex_unlock(&skel->lock);
}

int skel_query(struct skel *skel, char *reply, size_t size, int timeout,
	       const char *format, ...)
{
	int64_t deadline = skel_deadline(timeout);
	char line[SKEL_LINE_MAX + 1];
	bool late = false;
	int length, ret;
	va_list args;

	va_start(args, format);
	length = format_line(line, sizeof(line), format, args);
	va_end(args);
	if (length < 0)
		return -1;
	if (expect_answer(skel, deadline))
		return -1;
	ret = send_line(skel, line, length);
	if (!ret) {
		ret = skel_take_line(skel, is_answer, NULL, reply, size, deadline);
		late = ret < 0 && ret != -EMSGSIZE;
		if (ret == -EMSGSIZE)
			drop_answer(skel);
		if (ret < 0)
			skel_explain(-ret, "'%.*s'", length - 1, line);
	}
	end_query(skel, late);
	return ret < 0 ? -1 : ret;
}

static int take_answers(struct skel *skel, const char *prefix, char *reply,
			size_t size, int64_t deadline, const char *command)
{
	char wrong[64] = "";
	int ret;

	do {
		ret = skel_take_line(skel, is_answer, NULL, reply, size, deadline);
		if (ret < 0)
			return skel_explain(-ret, "'%s'", command);
		if (strncmp(reply, "ERROR", 5) == 0 && !*wrong)
			snprintf(wrong, sizeof(wrong), "%s", reply);
	} while (strncmp(reply, prefix, strlen(prefix)) != 0);
	if (*wrong)
		return skel_fail(EIO, "'%s': the card answers '%s'", command,
				 wrong);
	return 0;
}

int skel_command_and_ask(struct skel *skel, const char *command,
			 const char *question, const char *prefix, char *reply,
			 size_t size, int timeout)
{
	int64_t deadline = skel_deadline(timeout);
	char line[SKEL_LINE_MAX];
	int length, ret;

	length = snprintf(line, sizeof(line), "%s\n", question);
	ret = expect_answer(skel, deadline);
	if (ret)
		return ret;
	if (skel_send(skel, "%s", command)) {
		ret = -errno;
		end_query(skel, false);
		return ret;
	}
	ret = send_line(skel, line, length);
	if (!ret)
		ret = take_answers(skel, prefix, reply, size, deadline, command);
	/* all answers have come if one has, be it to say that it is wrong */
	end_query(skel, ret && ret != -EIO);
	return ret;
}
