/* SPDX-License-Identifier: GPL-2.0 */
/*
 * talk.h - one line to the card at a time, and all that comes back
 *
 * A card answers a query, and it may or may not answer a setting. So that a line
 * need not be waited for longer than it runs, an end mark is sent behind each:
 * SCPI_VERDICT to a card that speaks SCPI, to another one a request that the core
 * refuses. Commands run in order: when the mark comes back, the line has run.
 */
#ifndef _SKELCTL_TALK_H
#define _SKELCTL_TALK_H

#include <stdbool.h>

#include "libskel.h"

enum talk_language {
	TALK_COUNTED,	/* so many replies to each line; sends no marks */
	TALK_MARKED,	/* any card that knows TOHOST */
	TALK_SCPI,
};

struct talk {
	struct skel *skel;
	int timeout;		/* in ms, -1: none */
	int replies;		/* with TALK_COUNTED */
	enum talk_language language;
	bool refused;		/* an error, or a transfer that was not done */
	bool stopped;		/* the driver says that nobody answers */

	/* private: of talk_begin(), and of the last line */
	bool late;		/* the answer to the first question may still come */
	const char *line;
	bool answered, failed;
	int transfers;		/* whose end is not reported yet */
	bool program;		/* runs on the card, by the last verdict */
	bool started;		/* by the last line */
};

/**
 * talk_begin() - find out how the card marks the end of a line
 * @talk: with skel, timeout, and replies set; negative: TALK_COUNTED only if the
 *        card has no marks, then with one reply
 *
 * Exits if the card is gone.
 */
void talk_begin(struct talk *talk);

/* Why the card cannot be sent this, "has a NUL byte in it"; NULL: it can */
const char *talk_unfit(const char *line, size_t length);

/**
 * talk_line() - send a line, print what comes back, wait until it has run
 * @talk: of talk_begin()
 * @line: without '\n', and not talk_unfit()
 *
 * Errors of a card that speaks SCPI go to standard error.
 *
 * Return: 0, or -1 after a message: the card did not answer in time. Exits if the
 * card is gone.
 */
int talk_line(struct talk *talk, const char *line);

/* Wait for the first output or the end of the program that the last line started */
int talk_wait_for_program(struct talk *talk);

/* Print what has come without waiting for more */
void talk_take(struct talk *talk);

/* At the end: without marks, print what comes until the card is quiet */
void talk_end(struct talk *talk);

/* Does a line ask for an answer: has it a '?' outside of strings and blocks? */
bool talk_is_query(const char *line);

#endif /* _SKELCTL_TALK_H */
