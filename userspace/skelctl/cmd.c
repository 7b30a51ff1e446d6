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
#include <strings.h>
#include <unistd.h>

#include "command.h"
#include "quantity.h"
#include "scpi.h"
#include "skelctl.h"

#define POLL_MS	20	/* while a program runs on the card */

struct conversation {
	struct skel *skel;
	const char *path;
	int replies;		/* to each line, -1: as many as the card's language has */
	int timeout;
	bool refused;		/* an error, or a transfer not done */
	long long missing;	/* replies still to come */

	/* with a card that speaks SCPI */
	bool scpi;
	bool asked;		/* for a verdict, which is still to come */
	bool again;		/* lines were sent since then */
	bool program;		/* was running at the last verdict */
	bool started;		/* by the last line, still running */
	bool answered, failed;	/* the last line */
	const char *line;	/* that one, or '-' */
	int transfers;		/* whose end is not reported yet */
};

static bool is_error(const char *line)
{
	return strncmp(line, "ERROR", 5) == 0 &&
	       (line[5] == ' ' || line[5] == '\0');
}

static bool is_transfer(const char *line)
{
	return strncasecmp(line, "TOHOST ", 7) == 0 ||
	       strncasecmp(line, "FROMHOST ", 9) == 0;
}

static void send_line(struct conversation *talk, const char *line)
{
	if (skel_send(talk->skel, "%s", line))
		err(EXIT_CARD, "'%s'", line);
}

/* One verdict at a time: the instrument keeps a limited number of lines. */
static void ask_verdict(struct conversation *talk)
{
	talk->again = talk->asked;
	if (!talk->asked)
		send_line(talk, SCPI_VERDICT);
	talk->asked = true;
}

static void take_verdict(struct conversation *talk,
			 const struct scpi_verdict *verdict)
{
	talk->asked = false;
	talk->started |= verdict->program && !talk->program;
	talk->started &= verdict->program;
	talk->program = verdict->program;
	if (*verdict->error) {
		warnx("'%s': %s", talk->line, verdict->error);
		talk->refused = true;
		talk->failed = true;
	}
	/* there may be more errors in the queue */
	if (*verdict->error || talk->again)
		ask_verdict(talk);
}

/* If the answer is late, take_reply() drops it. */
static void find_language(struct conversation *talk)
{
	int timeout = talk->timeout;
	struct scpi_verdict verdict;
	char line[SKEL_LINE_MAX];

	if (timeout < 0)
		timeout = 10 * ANSWER_MS;
	talk->replies = 1;
	talk->asked = skel_query(talk->skel, line, sizeof(line), timeout,
				 SCPI_VERDICT) < 0;
	if (talk->asked && errno != ETIMEDOUT)
		err(EXIT_CARD, "%s", talk->path);
	talk->scpi = !talk->asked && scpi_parse_verdict(line, &verdict);
	if (talk->scpi)
		talk->program = verdict.program;
}

static void send_command(struct conversation *talk, const char *line)
{
	send_line(talk, line);
	talk->started = false;
	talk->answered = false;
	talk->failed = false;
	if (!talk->scpi) {
		talk->missing += talk->replies;
		return;
	}
	talk->transfers += is_transfer(line);
	ask_verdict(talk);
}

/* Print one reply. Return: 0, or -1 with errno of skel_readline(). */
static int take_reply(struct conversation *talk, int timeout)
{
	struct scpi_verdict verdict;
	char line[SKEL_LINE_MAX];
	struct skel_transfer end;
	int length = skel_readline(talk->skel, line, sizeof(line), timeout);

	if (length < 0)
		return -1;
	if (talk->asked && scpi_parse_verdict(line, &verdict)) {
		take_verdict(talk, &verdict);
		return 0;
	}
	fwrite(line, 1, length, stdout);
	putchar('\n');
	fflush(stdout);
	talk->answered = true;
	if (talk->missing > 0)
		talk->missing--;
	if (!skel_parse_transfer(line, &end)) {
		if (talk->transfers > 0)
			talk->transfers--;
		talk->refused |= end.result != SKEL_DONE;
	}
	talk->refused |= is_error(line);
	return 0;
}

/* Print what is there without waiting. Exits on errors. */
static void take_replies(struct conversation *talk)
{
	while (!take_reply(talk, 0))
		;
	if (errno != ETIMEDOUT)
		err(EXIT_CARD, "%s", talk->path);
}

/* Is there more to come that belongs to what was sent? */
static bool is_waiting(const struct conversation *talk)
{
	if (!talk->scpi)
		return talk->missing > 0;
	return talk->asked || (talk->transfers > 0 && !talk->failed);
}

static void give_up(const struct conversation *talk)
{
	if (errno == ETIMEDOUT)
		errx(EXIT_CARD, "'%s': no reply in %d ms", talk->line,
		     talk->timeout);
	err(EXIT_CARD, "'%s'", talk->line);
}

/* A program on the card ends with or without an answer. */
static void wait_for_program(struct conversation *talk)
{
	int ms = 0;

	while (talk->started && !talk->answered) {
		if (!take_reply(talk, POLL_MS))
			continue;
		ms += POLL_MS;
		if (errno != ETIMEDOUT ||
		    (talk->timeout >= 0 && ms > talk->timeout))
			give_up(talk);
		if (!talk->asked)
			ask_verdict(talk);
	}
}

static void wait_for_replies(struct conversation *talk)
{
	while (is_waiting(talk)) {
		if (take_reply(talk, talk->timeout))
			give_up(talk);
	}
	wait_for_program(talk);
}

static int send_lines(struct conversation *talk, char **lines, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		talk->line = lines[i];
		talk->transfers = 0;
		send_command(talk, lines[i]);
		wait_for_replies(talk);
	}
	take_replies(talk);
	return talk->refused ? EXIT_CARD : EXIT_SUCCESS;
}

/*
 * Copy one line from standard input to the card.
 * Return: 1 if one was sent, 0 at the end of file. Standard input is unbuffered,
 * so that getline() takes no more than this line from a pipe and poll() sees the
 * next one.
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
	if (strlen(line) >= SKEL_LINE_MAX) {
		warnx("line too long, not sent");
		talk->refused = true;
	} else {
		send_command(talk, line);
	}
	return 1;
}

static int copy_lines(struct conversation *talk)
{
	struct pollfd pfd[] = {
		{ .fd = skel_fd(talk->skel), .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};

	talk->line = "-";
	setvbuf(stdin, NULL, _IONBF, 0);
	for (;;) {
		take_replies(talk);
		if (poll(pfd, 2, -1) < 0)
			err(EXIT_CARD, "poll");
		if (pfd[1].revents && !send_input(talk))
			break;
	}
	wait_for_replies(talk);
	return talk->refused ? EXIT_CARD : EXIT_SUCCESS;
}

static int cmd_main(int argc, char **argv)
{
	struct conversation talk = {
		.replies = -1,
		.timeout = ANSWER_MS,
	};
	int c, status;

	while ((c = command_option(&cmd_command, argc, argv)) != -1) {
		if (c == 'n')
			talk.replies = count_option("--replies", optarg,
						    QUANTITY_COUNT, 0, 1000000);
		else
			talk.timeout = number_option("--timeout", optarg, -1,
						     86400000);
	}
	if (optind == argc)
		errx(EXIT_USAGE, "cmd: no line to send; see skelctl cmd --help");

	talk.path = card_path();
	talk.skel = open_card();
	if (talk.replies < 0)
		find_language(&talk);
	if (argc - optind == 1 && strcmp(argv[optind], "-") == 0)
		status = copy_lines(&talk);
	else
		status = send_lines(&talk, argv + optind, argc - optind);
	skel_close(talk.skel);
	return status;
}

static const struct option_row options[] = {
	{ "replies", 'n', "N", NULL,
	  "wait for N reply lines after each LINE, and do not query errors (default: 1; from a card that speaks SCPI, all there are)" },
	{ "timeout", 't', "MS", NULL,
	  "how long to wait for each reply in milliseconds (default: 1000; -1: forever)" },
	{ }
};

const struct command cmd_command = {
	.name = "cmd",
	.arguments = "LINE... | -",
	.summary = "send command lines to the card and print what it answers",
	.text = "Send each LINE to the card and print what it answers. With '-', lines come from standard input, and answers are printed as they arrive until the end of the input.\n\n"
"Lines that begin with 'skel:' come from the core, which reports the end of each transfer. No card can send such a line: the core replaces its beginning by 'card:'.\n\n"
"A card that speaks SCPI does not answer a setting. Its errors are queried (SYSTem:ERRor?) after each line and printed to standard error, so a SYSTem:ERRor? of your own finds none. If a line starts an uploaded program, the command waits for its first line of output or for its end.",
	.example = "cmd '*IDN?' 'STATUS?'",
	.words = "*IDN? STATUS? INPUTS? HELP?",
	.options = options,
	.main = cmd_main,
};
