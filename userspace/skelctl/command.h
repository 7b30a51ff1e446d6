/* SPDX-License-Identifier: GPL-2.0 */
/*
 * command.h - the commands of skelctl and their options, in one table
 *
 * What parses the options, the help texts, the manual page and the completion of
 * the shells all read this table, so that they cannot differ.
 */
#ifndef _SKELCTL_COMMAND_H
#define _SKELCTL_COMMAND_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Of struct option_row.letter, for options that have no letter */
#define OPTION_LONG	256
/* Of struct command.most */
#define MANY		INT_MAX

struct option_row {
	const char *name;	/* without "--" */
	int letter;		/* that command_option() returns */
	const char *value;	/* "HZ"; NULL: the option takes none */
	const char *words;	/* to complete the value: "sine square",
				 * "<file>", "<device>", "<command>"; or NULL */
	const char *help;	/* no dot at its end; NULL: an old name */
};

struct command {
	const char *name;
	const char *arguments;	/* behind the options: "LINE..."; or NULL */
	int most;		/* how many, MANY: any number */
	const char *summary;	/* NULL: not for people */
	const char *text;	/* what it does; paragraphs begin behind "\n\n" */
	const char *example;	/* arguments of skelctl, or NULL */
	const char *words;	/* to complete the arguments, as above */
	const struct option_row *options;	/* the last one has no name */
	/* Return: exit status */
	int (*main)(const struct command *command, int argc, char **argv);
};

/* All commands; the last pointer is NULL */
extern const struct command *const commands[];
/* Options that each command has, also in front of it */
extern const struct option_row common_options[];
/* What the exit statuses mean; the last one has no text */
struct exit_row {
	int status;
	const char *text;
};
extern const struct exit_row exit_rows[];

/* The command of this name, or NULL */
const struct command *find_command(const char *name);

/*
 * command_option() - the next option of a command, like getopt_long()
 *
 * Takes those of common_options itself. Wrong usage ends the program, and so do more
 * arguments than the command takes.
 *
 * Return: the letter of its row, or -1 when all are taken; optarg and optind as
 * of getopt_long().
 */
int command_option(const struct command *command, int argc, char **argv);

/* The help text of a command, or with NULL that of the whole program */
void command_help(const struct command *command, FILE *file);

/*
 * Print text in lines of at most 79 columns, the first from @column on, the others
 * from @indent on. Ends the last one.
 */
void print_wrapped(FILE *file, const char *text, int column, int indent);

#endif /* _SKELCTL_COMMAND_H */
