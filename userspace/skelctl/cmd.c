// SPDX-License-Identifier: GPL-2.0
/*
 * cmd.c - skelctl cmd: send command lines, print what the card answers
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "quantity.h"
#include "shell.h"
#include "skelctl.h"
#include "talk.h"
#include "text.h"

static int status_of(const struct talk *talk)
{
	return talk->stopped ? EXIT_SILENT :
	       talk->refused ? EXIT_CARD : EXIT_SUCCESS;
}

/* Return: exit status, as of the next ones */
static int send_lines(struct talk *talk, char **lines, int count)
{
	const char *why;
	int i;

	/* known before anything is sent */
	for (i = 0; i < count; i++) {
		why = talk_unfit(lines[i], strlen(lines[i]));
		if (why)
			errx(EXIT_USAGE, "cmd: '%.40s' %s; nothing was sent",
			     text_tame(lines[i]), why);
	}
	talk->skel = open_card();
	talk_begin(talk);
	for (i = 0; i < count; i++) {
		if (talk_line(talk, lines[i]) || talk_wait_for_program(talk))
			return EXIT_SILENT;
	}
	talk_end(talk);
	return status_of(talk);
}

/*
 * The next line of standard input, without its newline or CR and newline; NULL at
 * its end. It is unbuffered, so that getline() takes no more than this line from a pipe and
 * poll() sees the next one. Meanwhile, print what the card sends.
 */
static char *next_line(struct talk *talk, size_t *length)
{
	struct pollfd pfd[] = {
		{ .fd = skel_fd(talk->skel), .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	static char *line;
	static size_t size;
	ssize_t count;

	do {
		talk_take(talk);
		if (poll(pfd, 2, -1) < 0)
			err(EXIT_CARD, "poll");
	} while (!pfd[1].revents);
	count = getline(&line, &size, stdin);
	if (count < 0) {
		if (ferror(stdin))
			err(EXIT_CARD, "standard input");
		free(line);
		line = NULL;
		return NULL;
	}
	if (line[count - 1] == '\n')
		line[--count] = '\0';
	if (count && line[count - 1] == '\r')
		line[--count] = '\0';
	*length = count;
	return line;
}

static int copy_lines(struct talk *talk)
{
	int status = EXIT_SUCCESS;
	const char *why;
	size_t length;
	char *line;

	talk->skel = open_card();
	talk_begin(talk);
	setvbuf(stdin, NULL, _IONBF, 0);
	while (!status && (line = next_line(talk, &length))) {
		why = talk_unfit(line, length);
		if (why) {
			warnx("'%.40s' %s; not sent", text_tame(line), why);
			talk->refused = true;
		} else if (talk_line(talk, line)) {
			status = EXIT_SILENT;
		}
	}
	if (!status && talk_wait_for_program(talk))
		status = EXIT_SILENT;
	talk_end(talk);
	return status ? status : status_of(talk);
}

static int timeout_option(const char *text)
{
	if (strcmp(text, "-1") == 0)
		return -1;
	return quantity_option("--timeout", text, QUANTITY_MILLISECOND, 0,
			       86400000);
}

static int converse(struct talk *talk)
{
#ifdef HAVE_LIBEDIT
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
		talk->skel = open_card();
		talk_begin(talk);
		return shell_run(talk);
	}
#endif
	errx(EXIT_USAGE, "cmd: no line to send; see skelctl cmd --help");
}

static int cmd_main(const struct command *command, int argc, char **argv)
{
	struct talk talk = { .replies = -1, .timeout = ANSWER_MS };
	int c, status;

	while ((c = command_option(command, argc, argv)) != -1) {
		if (c == 'n')
			talk.replies = count_option("--replies", optarg,
						    QUANTITY_COUNT, 0, 1000000);
		else
			talk.timeout = timeout_option(optarg);
	}
	if (optind == argc)
		status = converse(&talk);
	else if (argc - optind == 1 && strcmp(argv[optind], "-") == 0)
		status = copy_lines(&talk);
	else
		status = send_lines(&talk, argv + optind, argc - optind);
	skel_close(talk.skel);
	return status;
}

static const struct option_row options[] = {
	{ "replies", 'n', "N", NULL,
	  "wait for N reply lines after each LINE, and query no errors; with 0, wait at the end until the card is quiet (default: all there are)" },
	{ "timeout", 't', "TIME", NULL,
	  "how long to wait for each reply, in ms or with a unit, such as 2.5 s (default: 1000; -1: forever)" },
	{ }
};

const struct command cmd_command = {
	.name = "cmd",
	.arguments = "[LINE... | -]",
	.most = MANY,
	.summary = "send command lines to the card and print what it answers",
	.text = "Send each LINE to the card, print what it answers, and return when it has run. With '-', lines come from standard input until its end. Without any, in a terminal, lines are edited with a history and with completion by Tab from the card's HELP?, until Ctrl-D.\n\n"
"A line with a '?' asks for an answer and waits for it. Another one need not have an answer. A card that speaks SCPI puts errors into a queue: skelctl queries that (SYSTem:ERRor?) after each line and prints them to standard error, so a SYSTem:ERRor? of your own finds none. If a line starts an uploaded program, the command waits for its first line of output or for its end; with '-', at the end of the input.\n\n"
"Lines that begin with 'skel:' come from the core, which reports the end of each transfer. No card can send such a line: the core replaces its beginning by 'card:'. Lines that begin with 'event:' answer nothing: the card sent them unasked. A block of definite length in an answer is read by its length, and written as it is.\n\n"
"The exit status is 1 if the card says ERROR or has an error in its queue, or a transfer is REFUSED or FAILED.",
	.example = "cmd '*IDN?' 'STATUS?'",
	.words = "*IDN? STATUS? INPUTS? HELP?",
	.options = options,
	.main = cmd_main,
};
