// SPDX-License-Identifier: GPL-2.0
/*
 * The command stream by lines: what the tests send to the card and what it
 * answers.
 */
#include <stdarg.h>

#include "skel_test.h"

/* All bytes, however often write() is needed; does not wait forever. */
int skel_write(int fd, const void *data, size_t length)
{
	const char *bytes = data;

	while (length) {
		ssize_t n = write(fd, bytes, length);

		if (n == -1 && errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };

			if (poll(&p, 1, SKEL_ANSWER_MS) == 1)
				continue;
			errno = ETIMEDOUT;
		}
		if (n <= 0)
			return n ? -errno : -EIO;
		bytes += n;
		length -= n;
	}
	return 0;
}

static int send_line(int fd, const char *format, va_list ap)
{
	char line[2 * SKEL_LINE_MAX];
	int length = vsnprintf(line, sizeof(line) - 1, format, ap);

	if (length < 0 || length >= (int)sizeof(line) - 1)
		return -EMSGSIZE;
	line[length++] = '\n';
	return skel_write(fd, line, length);
}

/* Send one command; the newline is added here. */
int skel_send(int fd, const char *format, ...)
{
	va_list ap;
	int rc;

	va_start(ap, format);
	rc = send_line(fd, format, ap);
	va_end(ap);
	return rc;
}

bool skel_readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1 && (p.revents & POLLIN);
}

/*
 * The next reply line without its newline, or a word in brackets that says
 * why there is none. Byte by byte: what follows stays in the channel.
 */
const char *skel_line(int fd)
{
	static __thread char line[SKEL_LINE_MAX + 1];
	size_t length = 0;

	while (length < SKEL_LINE_MAX) {
		ssize_t n;

		if (!skel_readable(fd, SKEL_ANSWER_MS))
			return "[no reply]";
		n = read(fd, line + length, 1);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n != 1)
			return n ? "[read failed]" : "[end of file]";
		if (line[length] == '\n') {
			line[length] = '\0';
			return line;
		}
		length++;
	}
	return "[line too long]";
}

const char *skel_ask(int fd, const char *format, ...)
{
	va_list ap;
	int rc;

	va_start(ap, format);
	rc = send_line(fd, format, ap);
	va_end(ap);
	return rc ? "[write failed]" : skel_line(fd);
}

/* What a line of the core says, without its mark; "" if it is none of those. */
const char *skel_core(const char *line)
{
	const size_t mark = strlen(SKEL_CORE_MARK);

	return strncmp(line, SKEL_CORE_MARK, mark) ? "" : line + mark;
}

/* Throw away reply lines until none comes any more; how many they were. */
int skel_drain(int fd, int timeout_ms)
{
	int lines = 0;

	while (skel_readable(fd, timeout_ms)) {
		if (skel_line(fd)[0] == '[')
			break;
		lines++;
	}
	return lines;
}

const char *skel_transfer_end(int fd, const char *direction, __u64 card,
			      __u64 length, __u64 host)
{
	static __thread char result[SKEL_LINE_MAX];
	static const char * const verbs[] = { "DONE", "REFUSED", "FAILED" };
	const char *line = skel_line(fd);
	char expected[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		int n = snprintf(expected, sizeof(expected),
				 SKEL_CORE_MARK "%s %s 0x%llx 0x%llx 0x%llx",
				 verbs[i], direction, card, length, host);

		if (strncmp(line, expected, n))
			continue;
		/* DONE ends here, the others go on with a reason. */
		if (!i == !!line[n])
			break;
		snprintf(result, sizeof(result), "%s%s", verbs[i], line + n);
		return result;
	}
	return line;
}

const char *skel_transfer(int fd, const char *direction, __u64 card,
			  __u64 length, __u64 host)
{
	int rc = skel_send(fd, "%s 0x%llx 0x%llx 0x%llx", direction,
			   card,
			   length,
			   host);

	if (rc)
		return "[write failed]";
	return skel_transfer_end(fd, direction, card, length, host);
}
