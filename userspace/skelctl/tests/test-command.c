// SPDX-License-Identifier: GPL-2.0
/*
 * test-command.c - the table of commands: options, help texts, completion
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../command.h"
#include "../skelctl.h"
#include "run.h"

static void rows_are_complete(const struct option_row *row)
{
	const struct option_row *other;

	for (; row && row->name; row++) {
		for (other = row + 1; other->name; other++) {
			check(strcmp(row->name, other->name) != 0);
			/* two names for one thing: one of them is an old one */
			check(row->letter != other->letter || !row->help ||
			      !other->help);
		}
		for (other = common_options; other->name; other++) {
			if (row == other)
				break;
			check(strcmp(row->name, other->name) != 0);
			check(row->letter != other->letter);
		}
		if (row->help)
			check(row->help[0] && row->help[strlen(row->help) - 1] != '.');
		check(row->value || !row->words);
	}
}

TEST(the_table_is_complete)
{
	const struct command *const *command;

	rows_are_complete(common_options);
	for (command = commands; *command; command++) {
		check((*command)->main);
		check(find_command((*command)->name) == *command);
		rows_are_complete((*command)->options);
		if ((*command)->summary)
			check((*command)->text);
	}
}

/* No line of any help text is wider than a terminal. */
TEST(help_fits)
{
	const struct command *const *command;
	char args[64], *line;

	prints(0, "--help", "\n  acquire   old name of plot", "\n  2  wrong options",
	       "!complete");
	for (command = commands; *command; command++) {
		if (!(*command)->summary)
			continue;
		snprintf(args, sizeof(args), "help %s", (*command)->name);
		prints(0, args, "--device DEVICE");
		for (line = strtok(output, "\n"); line; line = strtok(NULL, "\n")) {
			check(strlen(line) <= 79);
			check(!*line || line[strlen(line) - 1] != ' ');
		}
	}
}

TEST(wrong_usage)
{
	static const char * const wrong[][2] = {
		{ "", "Usage: skelctl" },
		{ "nonsense", "unknown command 'nonsense'" },
		{ "help nonsense", "unknown command 'nonsense'" },
		{ "--nonsense", "unknown option '--nonsense'" },
		{ "-x info", "unknown option '-x'" },
		{ "info --nonsense", "info: unknown option '--nonsense'" },
		{ "info --help=x", "info: option '--help=x' takes no value" },
		{ "info -x", "info: unknown option '-x'" },
		{ "info more", "unexpected argument 'more'" },
		{ "info -d", "info: option '-d' needs a value" },
		{ "cmd --timeout", "cmd: option '--timeout' needs a value" },
		{ "cmd", "cmd: no line to send" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		prints(EXIT_USAGE, wrong[i][0], wrong[i][1]);
}

/* Which device an option means, in front of and behind the command */
TEST(devices_are_found)
{
	static const char * const wanted[][2] = {
		{ "-d 991 info", "/dev/skel991" },
		{ "info -d 991", "/dev/skel991" },
		{ "-d 0 info --device skel991", "/dev/skel991" },
		{ "info -d /dev/skel991", "/dev/skel991" },
		{ "info -d./skel991", "./skel991" },
		{ "-d skeleton info", "skeleton" },
		{ "cmd *IDN? -d 991", "/dev/skel991" },
		{ "info", "/dev/skel992" },
	};
	size_t i;

	setenv("SKEL_DEVICE", "992", 1);
	for (i = 0; i < ARRAY_SIZE(wanted); i++)
		prints(EXIT_NO_CARD, wanted[i][0], wanted[i][1]);
	prints(EXIT_NO_CARD, "info -d /dev/null",
	       "/dev/null: not a card of the skel core.");
	unsetenv("SKEL_DEVICE");
}

static const char *complete(const char *words)
{
	char args[256];

	snprintf(args, sizeof(args), "complete %s", words);
	prints(0, args);
	return output;
}

TEST(words_are_completed)
{
	check(strstr(complete("''"), "info\tshow the card"));
	has("!complete");
	check(strncmp(complete("ac"), "acquire\t", 8) == 0);
	check(strchr(output, '\n')[1] == '\0');
	check(strstr(complete("help c"), "cmd\t"));
	check(strstr(complete("cmd --t"), "--timeout\thow long"));
	check(strstr(complete("-d 0 cmd --d"), "--device\t"));
	check(strstr(complete("cmd --timeout 5 *"), "*IDN?\t"));
	check(!*complete("cmd --timeout ''"));
	check(strcmp(complete("acquire --csv ''"), "<file>\n") == 0);
	check(strcmp(complete("acquire --csv = x"), "<file>\n") == 0);
	check(strcmp(complete("acquire --function tr"), "triangle\t\n") == 0);
	check(strcmp(complete("acquire --function ="), complete("acquire --function ''")) == 0);
	/* old names work, but are not offered */
	check(strcmp(complete("acquire --fr"), "") == 0);
}
