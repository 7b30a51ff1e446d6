// SPDX-License-Identifier: GPL-2.0
/*
 * skelctl - look at a laboratory card, talk to it, record with it
 */
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "skelctl.h"

void no_command(const char *name)
{
	errx(EXIT_USAGE, "unknown command '%s'; see skelctl --help", name);
}

/*
 * The card must not become the standard output of a program that was started
 * without one: what it prints would be commands. Using these fails as without.
 */
static void fill_standard_files(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			exit(EXIT_CARD);
	}
}

/* However it ends: what could not be printed is an error. */
static void check_output(void)
{
	if (fflush(stdout))
		warn("standard output");
	else if (ferror(stdout))
		warnx("standard output: something could not be written");
	else
		return;
	_exit(EXIT_CARD);
}

int skelctl_main(int argc, char **argv)
{
	const struct command *command;

	fill_standard_files();
	atexit(check_output);
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
	return command->main(command, argc, argv);
}
