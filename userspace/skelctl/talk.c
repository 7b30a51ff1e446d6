// SPDX-License-Identifier: GPL-2.0
/*
 * talk.c - one line to the card at a time, and all that comes back
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "scpi.h"
#include "skelctl.h"
#include "talk.h"
#include "text.h"

#define POLL_MS		20	/* while a program runs on the card */
#define ERRORS_MAX	100	/* more is a card that never runs out of them */

/* No card has an address like this: "skelctl\0" */
#define MARK		0x736b656c63746c00ULL
#define MARK_LINE	"TOHOST 0x736b656c63746c00 0 0"

enum arrival {
	NOTHING = -1,	/* see errno */
	REPLY,
	MARKED,		/* the end of a line */
};

static bool is_error(const char *line)
{
	return strncmp(line, "ERROR", 5) == 0 &&
	       (line[5] == ' ' || line[5] == '\0');
}

static bool is_transfer(const char *line)
{
	line += strspn(line, " \t");
	return strncasecmp(line, "TOHOST ", 7) == 0 ||
	       strncasecmp(line, "FROMHOST ", 9) == 0;
}

const char *talk_unfit(const char *line, size_t length)
{
	if (length >= SKEL_LINE_MAX)
		return "is longer than the 1023 bytes that a card takes";
	if (memchr(line, '\n', length))
		return "has a newline in it: give each line as an argument of its own, or all of them by '-'";
	return memchr(line, '\0', length) ? "has a NUL byte in it" : NULL;
}

/* Behind the '#' of a block of definite length: "15abcde" */
static const char *skip_block(const char *digits)
{
	size_t length = 0, left, count = *digits - '0';

	if (*digits < '1' || *digits > '9' ||
	    strspn(digits + 1, "0123456789") < count)
		return digits;
	while (count--)
		length = 10 * length + *++digits - '0';
	left = strlen(digits + 1);
	return digits + 1 + (length < left ? length : left);
}

bool talk_is_query(const char *line)
{
	char quote = '\0';

	while (*line) {
		char c = *line++;

		if (quote)
			quote = c == quote ? '\0' : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '#')
			line = skip_block(line);
		else if (c == '?')
			return true;
	}
	return false;
}

static void print_line(const char *line, size_t length)
{
	text_put(stdout, line, length);
	putchar('\n');
	if (fflush(stdout))
		err(EXIT_CARD, "standard output");
}

static void print_reply(struct talk *talk, const char *line, int length)
{
	print_line(line, length);
	talk->refused |= is_error(line);
	talk->failed |= is_error(line);
	talk->stopped |= card_has_stopped(line);
	if (strncmp(line, SKEL_EVENT_MARK, strlen(SKEL_EVENT_MARK)) != 0)
		talk->answered = true;
}

/* Take the next line, and print it unless it is a mark */
static enum arrival take(struct talk *talk, int timeout,
			 struct scpi_verdict *verdict)
{
	char line[SKEL_LINE_MAX];
	struct skel_transfer end;
	int length = skel_readline(talk->skel, line, sizeof(line), timeout);

	if (length < 0) {
		if (errno == ETIMEDOUT)
			return NOTHING;
		if (errno == ENODEV)
			card_gone();
		err(EXIT_CARD, "%s", card_path());
	}
	if (verdict && (talk->language == TALK_SCPI || talk->late) &&
	    scpi_parse_verdict(line, verdict))
		return MARKED;
	if (skel_parse_transfer(line, &end)) {
		print_reply(talk, line, length);
		return REPLY;
	}
	if (end.card_addr == MARK && end.length == 0)
		return MARKED;
	print_line(line, length);
	if (talk->transfers > 0)
		talk->transfers--;
	talk->refused |= end.result != SKEL_DONE;
	return REPLY;
}

static void send_line(struct talk *talk, const char *line)
{
	if (!skel_send(talk->skel, "%s", line))
		return;
	if (errno == ENODEV)
		card_gone();
	err(EXIT_CARD, "%s: '%s'", card_path(), line);
}

/* A line that has no answer may be one that the card does not know. */
static void ask_why(struct talk *talk)
{
	char line[SKEL_LINE_MAX];

	if (talk->language == TALK_COUNTED && talk->replies > 0 &&
	    skel_query(talk->skel, line, sizeof(line), ANSWER_MS,
		       "SYSTem:ERRor?") >= 0 &&
	    strtol(line, NULL, 10) < 0)
		warnx("the card's error queue says %s", text_tame(line));
}

static int silent(struct talk *talk)
{
	warnx("'%s': no reply in %d ms; if it takes longer, see --timeout, if the card has stopped, see skelctl doctor",
	      talk->line, talk->timeout);
	ask_why(talk);
	return -1;
}

/* Wait for one reply; a mark that comes late is none */
static int wait_reply(struct talk *talk)
{
	struct scpi_verdict verdict;

	while (!talk->answered && !talk->failed) {
		if (take(talk, talk->timeout, &verdict) == NOTHING)
			return silent(talk);
	}
	return 0;
}

static int wait_count(struct talk *talk)
{
	struct scpi_verdict verdict;
	int i = 0;

	while (i < talk->replies) {
		switch (take(talk, talk->timeout, &verdict)) {
		case NOTHING:
			return silent(talk);
		case MARKED:
			break;	/* what talk_begin() asked is answered late */
		case REPLY:
			i++;
		}
	}
	return 0;
}

/* Send a mark and wait until it comes back */
static int mark(struct talk *talk, struct scpi_verdict *verdict)
{
	enum arrival arrival;

	send_line(talk, talk->language == TALK_SCPI ? SCPI_VERDICT : MARK_LINE);
	do {
		arrival = take(talk, talk->timeout, verdict);
		if (arrival == NOTHING)
			return silent(talk);
	} while (arrival != MARKED);
	return 0;
}

/* Ask for the verdict until there are no more errors */
static int wait_verdict(struct talk *talk)
{
	struct scpi_verdict verdict;
	bool before = talk->program;
	int i;

	for (i = 0; i < ERRORS_MAX; i++) {
		if (mark(talk, &verdict))
			return -1;
		talk->program = verdict.program;
		if (!*verdict.error)
			break;
		warnx("'%s': %s", talk->line, text_tame(verdict.error));
		talk->refused = true;
		talk->failed = true;
	}
	talk->started |= talk->program && !before;
	talk->started &= talk->program;
	return 0;
}

static int wait_transfers(struct talk *talk)
{
	while (talk->transfers > 0 && !talk->failed) {
		if (take(talk, talk->timeout, NULL) == NOTHING)
			return silent(talk);
	}
	return 0;
}

int talk_line(struct talk *talk, const char *line)
{
	talk->line = line;
	talk->started = false;
	talk->answered = false;
	talk->failed = false;
	send_line(talk, line);
	if (talk->language == TALK_COUNTED)
		return wait_count(talk);

	talk->transfers = is_transfer(line);
	if (talk->language == TALK_SCPI ? wait_verdict(talk) : mark(talk, NULL))
		return -1;
	if (talk_is_query(line) && wait_reply(talk))
		return -1;
	return wait_transfers(talk);
}

/* A program on the card ends with or without an answer. */
int talk_wait_for_program(struct talk *talk)
{
	int ms = 0;

	while (talk->started && !talk->answered) {
		if (take(talk, POLL_MS, NULL) != NOTHING)
			continue;
		ms += POLL_MS;
		if (talk->timeout >= 0 && ms > talk->timeout)
			return silent(talk);
		if (wait_verdict(talk))
			return -1;
	}
	return 0;
}

void talk_take(struct talk *talk)
{
	struct scpi_verdict verdict;

	while (take(talk, 0, &verdict) != NOTHING)
		;
}

void talk_end(struct talk *talk)
{
	int timeout = talk->timeout < 0 ? ANSWER_MS : talk->timeout;

	if (talk->language == TALK_COUNTED && !talk->replies)
		while (take(talk, timeout, NULL) != NOTHING)
			;
	talk_take(talk);
}

/*
 * Ask for a verdict. If the answer is late, take() drops it. What an earlier user
 * has left in the queue of a card that has one for all is no error of a line to
 * come. Return: whether it does; if not, errno.
 */
static bool speaks_scpi(struct talk *talk, int timeout)
{
	struct scpi_verdict verdict;
	char line[SKEL_LINE_MAX];
	int i;

	for (i = 0; i < ERRORS_MAX; i++) {
		if (skel_query(talk->skel, line, sizeof(line), timeout,
			       SCPI_VERDICT) < 0) {
			if (errno == ENODEV)
				card_gone();
			return false;
		}
		if (!scpi_parse_verdict(line, &verdict)) {
			errno = EPROTO;
			return false;
		}
		talk->program = verdict.program;
		if (!*verdict.error)
			break;
	}
	return true;
}

/*
 * Does the mark come back? Before it comes the answer to SCPI_VERDICT if that is
 * late, and what the card says to commands that it does not know: at most @lines.
 */
static bool has_marks(struct talk *talk, int timeout, int lines)
{
	struct scpi_verdict verdict;
	struct skel_transfer end;
	char line[SKEL_LINE_MAX];

	send_line(talk, MARK_LINE);
	while (lines > 0 &&
	       skel_readline(talk->skel, line, sizeof(line), timeout) >= 0) {
		if (!skel_parse_transfer(line, &end) && end.card_addr == MARK)
			return true;
		if (scpi_parse_verdict(line, &verdict))
			talk->language = TALK_SCPI;
		lines -= strncmp(line, SKEL_EVENT_MARK,
				 strlen(SKEL_EVENT_MARK)) != 0;
	}
	return false;
}

void talk_begin(struct talk *talk)
{
	int timeout = talk->timeout < 0 ? 10 * ANSWER_MS : talk->timeout;

	talk->language = TALK_COUNTED;
	if (talk->replies >= 0)
		return;
	talk->replies = 1;
	if (speaks_scpi(talk, timeout)) {
		talk->language = TALK_SCPI;
		return;
	}
	talk->late = errno == ETIMEDOUT;
	if (has_marks(talk, timeout, talk->late ? 2 : 1) &&
	    talk->language == TALK_COUNTED)
		talk->language = TALK_MARKED;
}
