// SPDX-License-Identifier: GPL-2.0
/*
 * cmd.c - skelctl cmd: send command lines, print what the card answers
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "skelctl.h"

static const char usage[] =
"Usage: skelctl [-d DEVICE] cmd [OPTION]... LINE...\n"
"       skelctl [-d DEVICE] cmd [OPTION]... -\n"
"Send each LINE to the card and print what it answers. With '-', lines come from\n"
"standard input and answers are printed as they arrive, until end of file.\n"
"\n"
"Options:\n"
"  -n, --replies N   reply lines to wait for after each LINE (default 1; 0: none)\n"
"  -t, --timeout MS  how long to wait for each (default 1000; -1: for ever)\n"
"  -h, --help        show this text\n"
"\n"
"Exit status: 1 if a reply is ERROR, REFUSED or FAILED or does not come in time.\n"
"\n"
"Example: skelctl cmd '*IDN?' 'STATUS?'\n";

struct conversation {
	struct skel *skel;
	const char *path;
	int replies;
	int timeout;
	bool refused;	/* the card said ERROR, REFUSED or FAILED */
};

static bool starts_with(const char *line, const char *word)
{
	size_t length = strlen(word);

	return strncmp(line, word, length) == 0 &&
	       (line[length] == ' ' || line[length] == '\0');
}

/* Print one reply. Return: 0, -1 with errno of skel_readline(). */
static int print_reply(struct conversation *talk, int timeout)
{
	char line[SKEL_LINE_MAX];
	int length = skel_readline(talk->skel, line, sizeof(line), timeout);

	if (length < 0)
		return -1;
	fwrite(line, 1, length, stdout);
	putchar('\n');
	fflush(stdout);
	if (starts_with(line, "ERROR") || starts_with(line, "REFUSED") ||
	    starts_with(line, "FAILED"))
		talk->refused = true;
	return 0;
}

/* Print what is there without waiting. Ends the program on errors. */
static int print_replies(struct conversation *talk)
{
	int count = 0;

	while (!print_reply(talk, 0))
		count++;
	if (errno != ETIMEDOUT)
		err(EXIT_CARD, "%s", talk->path);
	return count;
}

static int send_lines(struct conversation *talk, char **lines, int count)
{
	int i, n;

	for (i = 0; i < count; i++) {
		if (skel_send(talk->skel, "%s", lines[i]))
			err(EXIT_CARD, "'%s'", lines[i]);
		for (n = 0; n < talk->replies; n++) {
			if (!print_reply(talk, talk->timeout))
				continue;
			if (errno == ETIMEDOUT)
				errx(EXIT_CARD, "'%s': no reply in %d ms",
				     lines[i], talk->timeout);
			err(EXIT_CARD, "'%s'", lines[i]);
		}
	}
	print_replies(talk);
	return talk->refused ? EXIT_CARD : EXIT_SUCCESS;
}

/*
 * Copy one line from standard input to the card.
 * Return: 1 sent, 0 end of file. getline() may take several lines at once from
 * the pipe, that is why standard input is unbuffered.
 */
static int send_input(struct conversation *talk)
{
	static char *line;
	static size_t size;
	ssize_t length = getline(&line, &size, stdin);

	if (length < 0) {
		free(line);
		line = NULL;
		return 0;
	}
	if (line[length - 1] == '\n')
		line[length - 1] = '\0';
	if (skel_send(talk->skel, "%s", line)) {
		if (errno != EMSGSIZE)
			err(EXIT_CARD, "%s", talk->path);
		warnx("line too long, not sent");
		talk->refused = true;
	}
	return 1;
}

static int copy_lines(struct conversation *talk)
{
	struct pollfd pfd[] = {
		{ .fd = skel_fd(talk->skel), .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	long long missing = 0;	/* replies that are still to come */

	setvbuf(stdin, NULL, _IONBF, 0);
	for (;;) {
		missing -= print_replies(talk);
		if (poll(pfd, 2, -1) < 0)
			err(EXIT_CARD, "poll");
		if (!pfd[1].revents)
			continue;
		if (!send_input(talk))
			break;
		missing += talk->replies;
	}
	for (; missing > 0; missing--) {
		if (!print_reply(talk, talk->timeout))
			continue;
		if (errno == ETIMEDOUT)
			errx(EXIT_CARD, "no reply in %d ms", talk->timeout);
		err(EXIT_CARD, "%s", talk->path);
	}
	return talk->refused ? EXIT_CARD : EXIT_SUCCESS;
}

int cmd_main(const char *path, int argc, char **argv)
{
	static const struct option options[] = {
		{ "replies", required_argument, NULL, 'n' },
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct conversation talk = {
		.path = path,
		.replies = 1,
		.timeout = ANSWER_MS,
	};
	int c, status;

	while ((c = getopt_long(argc, argv, "+n:t:h", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			talk.replies = number_option("--replies", optarg, 0,
						     1000000);
			break;
		case 't':
			talk.timeout = number_option("--timeout", optarg, -1,
						     86400000);
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		errx(EXIT_USAGE, "cmd: no line to send; see skelctl cmd --help");

	talk.skel = open_card(path);
	if (argc - optind == 1 && strcmp(argv[optind], "-") == 0)
		status = copy_lines(&talk);
	else
		status = send_lines(&talk, argv + optind, argc - optind);
	skel_close(talk.skel);
	return status;
}
