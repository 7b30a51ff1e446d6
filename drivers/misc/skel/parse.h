/* SPDX-License-Identifier: GPL-2.0 */
/*
 * parse.h - command lines of users, and lines of the core
 *
 * Pure, like validate.h.
 */
#ifndef _SKEL_PARSE_H
#define _SKEL_PARSE_H

#include "validate.h"

/* Most words of a command line */
#define SKEL_WORDS_MAX	(SKEL_COMMAND_ARGS_MAX + 1)

/* NUL-terminated words, in the memory of the line */
struct skel_words {
	unsigned int count;
	char *word[SKEL_WORDS_MAX];
};

/* A command line: what to run, if anything, and with what */
struct skel_parsed {
	const struct skel_command *command;
	u64 arg[SKEL_COMMAND_ARGS_MAX];
	const char *wrong;		/* argument, or NULL */
};

/* Longest line that skel_format_transfer() makes, with its NUL. */
#define SKEL_TRANSFER_LINE_MAX	128

int skel_parse_words(char *line, size_t len, struct skel_words *words);
int skel_parse_u64(const char *word, u64 *value);
const char *skel_parse_command(char *line, size_t len,
			       const struct skel_command *commands,
			       unsigned int count, struct skel_parsed *parsed);

int skel_format_transfer(char *buf, size_t size, const struct skel_request *req,
			 bool granted, enum skel_verdict verdict);
const char *skel_next_line(const char *line, const char *end);
const char *skel_find_mark(const char *line, const char *end);

#endif /* _SKEL_PARSE_H */
