// SPDX-License-Identifier: GPL-2.0
/*
 * complete.c - skelctl complete: what can stand in a command line, for shells
 *
 * The scripts skelctl.bash and _skelctl give all words behind "skelctl" up to the
 * one that is to be completed. The answer has one candidate a line, a tab, and
 * its explanation; a line "<file>" stands for the names of files.
 */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "skelctl.h"

static void offer(const char *word, const char *help, const char *begin)
{
	if (strncmp(word, begin, strlen(begin)) == 0)
		printf("%s\t%s\n", word, help ? help : "");
}

static void offer_devices(const char *begin)
{
	glob_t found;
	size_t i;

	if (glob("/dev/skel[0-9]*", 0, NULL, &found) == 0) {
		for (i = 0; i < found.gl_pathc; i++) {
			offer(found.gl_pathv[i], "a card", begin);
			offer(found.gl_pathv[i] + strlen("/dev/"), "a card",
			      begin);
		}
		globfree(&found);
	}
	if (strchr(begin, '/'))
		puts("<file>");
}

static void offer_commands(const char *begin)
{
	const struct command *const *command;

	for (command = commands; *command; command++) {
		if ((*command)->summary)
			offer((*command)->name, (*command)->summary, begin);
	}
}

static void offer_words(const char *words, const char *begin)
{
	char word[64];
	int length;

	if (!words)
		return;
	if (strcmp(words, "<device>") == 0) {
		offer_devices(begin);
	} else if (strcmp(words, "<command>") == 0) {
		offer_commands(begin);
	} else if (strcmp(words, "<file>") == 0) {
		puts(words);
	} else {
		while (sscanf(words, "%63s%n", word, &length) == 1) {
			offer(word, NULL, begin);
			words += length;
		}
	}
}

static void offer_options(const struct option_row *row, const char *begin)
{
	char word[64];

	for (; row && row->name; row++) {
		snprintf(word, sizeof(word), "--%s", row->name);
		if (row->help)
			offer(word, row->help, begin);
	}
}

/* The row of a word such as "-d" or "--device", or NULL */
static const struct option_row *find_row(const struct option_row *row,
					 const char *word)
{
	for (; row && row->name; row++) {
		if (word[0] == '-' && word[1] == '-' &&
		    strcmp(word + 2, row->name) == 0)
			return row;
		if (word[0] == '-' && word[1] == row->letter && !word[2])
			return row;
	}
	return NULL;
}

static const struct option_row *find_option(const struct command *command,
					    const char *word)
{
	const struct option_row *row = NULL;

	if (command)
		row = find_row(command->options, word);
	return row ? row : find_row(common_options, word);
}

/* @argv: "complete", words; bash makes three words of "--option=value" */
static int complete_main(const struct command *self, int argc, char **argv)
{
	const struct command *command = NULL;
	const struct option_row *row = NULL;	/* whose value comes next */
	const char *last = argc > 1 ? argv[argc - 1] : "";
	int i;

	for (i = 1; i < argc - 1; i++) {
		if (strcmp(argv[i], "=") == 0)
			continue;
		if (row) {
			row = NULL;
			continue;
		}
		row = find_option(command, argv[i]);
		if (row && !row->value)
			row = NULL;
		if (!row && !command && argv[i][0] != '-')
			command = find_command(argv[i]);
	}
	if (strcmp(last, "=") == 0)
		last = "";
	if (row) {
		offer_words(row->words, last);
	} else if (last[0] == '-') {
		if (command)
			offer_options(command->options, last);
		offer_options(common_options, last);
	} else if (command) {
		offer_words(command->words, last);
	} else {
		offer_commands(last);
	}
	return EXIT_SUCCESS;
}

const struct command complete_command = {
	.name = "complete",
	.most = MANY,
	.main = complete_main,
};
