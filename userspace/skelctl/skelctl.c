// SPDX-License-Identifier: GPL-2.0
/*
 * skelctl - look at a laboratory card, talk to it, record with it
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "skelctl.h"

void no_command(const char *name)
{
	errx(EXIT_USAGE, "unknown command '%s'; see skelctl --help", name);
}

int skelctl_main(int argc, char **argv)
{
	const struct command *command;
	int status;

	while (command_option(NULL, argc, argv) != -1)
		;
	if (optind == argc) {
		command_help(NULL, stderr);
		return EXIT_USAGE;
	}
	command = find_command(argv[optind]);
	if (!command)
		no_command(argv[optind]);
	argc -= optind;
	argv += optind;
	optind = 0;	/* start again with new arguments */
	status = command->main(argc, argv);
	if (ferror(stdout) | fflush(stdout))
		err(EXIT_CARD, "standard output");
	return status;
}
