// SPDX-License-Identifier: GPL-2.0
/*
 * skelctl - look at a laboratory card, talk to it, record with it
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skelctl.h"

#ifndef SKEL_VERSION
#define SKEL_VERSION	"unknown"
#endif

static const char usage[] =
"Usage: skelctl [-d DEVICE] COMMAND [ARGUMENT]...\n"
"Look at a laboratory card, talk to it, record with it.\n"
"\n"
"Commands:\n"
"  info      show the card, its memory, converters and counters\n"
"  cmd       send command lines to the card and print what it answers\n"
"  acquire   record the card's inputs and draw the waveforms\n"
"  help      show this text, or with 'help COMMAND' that of a command\n"
"\n"
"Options:\n"
"  -d, --device DEVICE  the card (default: environment variable SKEL_DEVICE,\n"
"                       else " SKEL_DEFAULT_PATH ")\n"
"  -h, --help           show this text; after a command, that of the command\n"
"  -V, --version        show the version\n"
"\n"
"Exit status: 0 all went well, 1 the card or the system said no, 2 wrong usage.\n";

static const struct {
	const char *name;
	int (*main)(const char *path, int argc, char **argv);
} commands[] = {
	{ "info", info_main },
	{ "cmd", cmd_main },
	{ "acquire", acquire_main },
};

static int run_command(const char *path, int argc, char **argv)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[0], commands[i].name) == 0) {
			optind = 0;	/* start again with new arguments */
			return commands[i].main(path, argc, argv);
		}
	}
	errx(EXIT_USAGE, "unknown command '%s'; see skelctl --help", argv[0]);
}

static int show_help(const char *path, int argc, char **argv)
{
	char option[] = "--help";

	if (argc > 1) {
		char *args[3] = { argv[1], option, NULL };

		return run_command(path, 2, args);
	}
	fputs(usage, stdout);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ }
	};
	const char *path = getenv("SKEL_DEVICE");
	int c, status;

	if (!path || !*path)
		path = SKEL_DEFAULT_PATH;
	while ((c = getopt_long(argc, argv, "+d:hV", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			path = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("skelctl " SKEL_VERSION);
			return EXIT_SUCCESS;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind == argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[optind], "help") == 0)
		status = show_help(path, argc - optind, argv + optind);
	else
		status = run_command(path, argc - optind, argv + optind);
	if (ferror(stdout) | fflush(stdout))
		err(EXIT_CARD, "standard output");
	return status;
}
