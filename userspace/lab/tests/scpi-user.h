/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scpi-user.h - a small instrument and its user, for tests of the language
 */
#ifndef _LAB_TESTS_SCPI_USER_H
#define _LAB_TESTS_SCPI_USER_H

#include "scpi/scpi.h"

#define SCPI_USER_OUT		8192
#define SCPI_USER_TABLES	2

struct scpi_user {
	struct scpi scpi;
	/* a small table with a bit of everything, and scpi_common_table */
	const struct scpi_table *tables[SCPI_USER_TABLES];
	char out[SCPI_USER_OUT];	/* what was written, a string */
	size_t out_length;
	size_t longest;			/* write, in bytes */
	bool pending;			/* operations run */
	uint16_t operation;		/* condition register */
	bool uploaded;			/* there is a command UPLoaded */
	int reset_error, test_result;

	unsigned int resets, tests;
	unsigned int calls;		/* of handlers, without limit queries */
	struct scpi_call last;		/* the last of them */
	char bytes[SCPI_LINE_MAX];	/* of its last string, block or word */
	size_t length;
};

void scpi_user_init(struct scpi_user *user);
/* Send a line. Return: what was answered, with newlines */
const char *scpi_user_say(struct scpi_user *user, const char *line);
const char *scpi_user_send(struct scpi_user *user, const char *line,
			   size_t length);
/* Is @line answered with @answer? Prints if not. */
bool scpi_user_ask(struct scpi_user *user, const char *line,
		   const char *answer);
/*
 * What is wrong with the tables themselves: a static string, or NULL. Each
 * command has a help text and an example, defaults are in range, mnemonics have
 * at most 12 characters, no header hides another, HELP? fits into a line, ...
 */
const char *scpi_table_fault(const struct scpi_table *const *tables,
			     size_t count);

#endif /* _LAB_TESTS_SCPI_USER_H */
