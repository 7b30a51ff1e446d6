// SPDX-License-Identifier: GPL-2.0
/*
 * help.c - skelctl help: the help text of the program or of a command
 */
#include <err.h>
#include <getopt.h>
#include <stdlib.h>

#include "command.h"
#include "skelctl.h"

static int help_main(const struct command *self, int argc, char **argv)
{
	const struct command *command = NULL;

	while (command_option(self, argc, argv) != -1)
		;
	if (argc > optind) {
		command = find_command(argv[optind++]);
		if (!command)
			no_command(argv[optind - 1]);
	}
	command_help(command, stdout);
	return EXIT_SUCCESS;
}

const struct command help_command = {
	.name = "help",
	.arguments = "[COMMAND]",
	.most = 1,
	.summary = "show this text, or that of a command",
	.text = "Show the help text of skelctl, or that of one of its commands.",
	.words = "<command>",
	.main = help_main,
};
