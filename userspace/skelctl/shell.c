// SPDX-License-Identifier: GPL-2.0
/*
 * shell.c - a conversation with the card in the terminal, by libedit
 */
#include <err.h>
#include <errno.h>
#include <histedit.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include "header.h"
#include "shell.h"
#include "skelctl.h"

#define HISTORY_LINES	1000
#define WORDS_MAX	1000
#define PAGES_MAX	100

static struct {
	struct talk *talk;
	EditLine *edit;
	char *word[WORDS_MAX];	/* headers, as HELP? lists them */
	size_t words;
} shell;

/* What cards of the simple kind know */
static const char *const simple_words[] = {
	"*IDN?", "INPUTS?", "STATUS?", "SAMPLE", "STOP", "INPUT", "TOHOST",
	"FROMHOST", "LOCK", "LOCK?", "UNLOCK",
};

static void add_word(const char *word)
{
	char *copy = strdup(word);

	if (copy && shell.words < WORDS_MAX)
		shell.word[shell.words++] = copy;
	else
		free(copy);
}

/* "<title>: <header> <header>..." */
static void add_page(char *page)
{
	char *words = strchr(page, ':'), *word;

	if (!words)
		return;
	for (word = strtok(words + 1, " "); word; word = strtok(NULL, " "))
		add_word(word);
}

/* "... lists: 1 <title>, 2 <title>": the last number */
static int count_pages(const char *index)
{
	const char *at = strstr(index, "lists:");
	int count = 0;

	for (; at; at = strchr(at, ',')) {
		at += strcspn(at, " ");
		if (atoi(at) != count + 1)
			break;
		count++;
	}
	return count;
}

static void ask_words(struct talk *talk)
{
	char line[SKEL_LINE_MAX];
	int i, pages = 0;
	size_t n;

	if (talk->language == TALK_SCPI &&
	    skel_query(talk->skel, line, sizeof(line), ANSWER_MS, "HELP?") > 0)
		pages = count_pages(line);
	for (i = 1; i <= pages && i <= PAGES_MAX; i++) {
		if (skel_query(talk->skel, line, sizeof(line), ANSWER_MS,
			       "HELP? %d", i) < 0)
			break;
		add_page(line);
	}
	for (n = 0; !pages && n < ARRAY_SIZE(simple_words); n++)
		add_word(simple_words[n]);
}

static const char *prompt(EditLine *edit)
{
	return "card> ";
}

/*
 * The next character; meanwhile, what the card sends is printed above the line that
 * is being edited.
 */
static int get_character(EditLine *edit, wchar_t *wide)
{
	struct pollfd pfd[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = skel_fd(shell.talk->skel), .events = POLLIN },
	};
	mbstate_t state = { 0 };
	char byte;

	for (;;) {
		if (poll(pfd, 2, -1) < 0) {
			if (errno != EINTR)
				return -1;
			el_resize(edit);
			continue;
		}
		if (pfd[1].revents) {
			fputs("\r\033[K", stdout);
			talk_take(shell.talk);
			el_set(edit, EL_REFRESH);
		}
		if (!pfd[0].revents)
			continue;
		if (read(STDIN_FILENO, &byte, 1) != 1)
			return 0;
		switch (mbrtowc(wide, &byte, 1, &state)) {
		case (size_t)-2:
			continue;
		case (size_t)-1:
			memset(&state, 0, sizeof(state));
			continue;
		default:
			return 1;
		}
	}
}

/* Length of the beginning that two words have in common */
static size_t in_common(const char *one, const char *other)
{
	size_t n = 0;

	while (one[n] && one[n] == other[n])
		n++;
	return n;
}

static unsigned char complete(EditLine *edit, int ch)
{
	const LineInfo *line = el_line(edit);
	const char *start = line->cursor;
	char typed[HEADER_MAX], word[HEADER_MAX], best[HEADER_MAX] = "";
	size_t i, found = 0;

	while (start > line->buffer && !strchr(" ;", start[-1]))
		start--;
	if (line->cursor - start >= HEADER_MAX)
		return CC_ERROR;
	snprintf(typed, sizeof(typed), "%.*s", (int)(line->cursor - start),
		 start);
	for (i = 0; i < shell.words; i++) {
		if (!header_complete(shell.word[i], typed, word))
			continue;
		if (found++)
			best[in_common(best, word)] = '\0';
		else
			strcpy(best, word);
	}
	if (!found)
		return CC_ERROR;
	if (strlen(best) > strlen(typed)) {
		el_deletestr(edit, strlen(typed));
		el_insertstr(edit, best);
		return CC_REFRESH;
	}
	if (found == 1)
		return CC_NORM;
	putchar('\n');
	for (i = 0; i < shell.words; i++) {
		if (header_complete(shell.word[i], typed, word))
			printf("%s\n", shell.word[i]);
	}
	return CC_REDISPLAY;
}

/* $XDG_STATE_HOME/skelctl/history. Return: whether there is a place for it. */
static bool history_path(char *path)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int length = 0;
	char *slash;

	if (state && *state == '/')
		length = snprintf(path, PATH_MAX, "%s/skelctl/history", state);
	else if (home && *home == '/')
		length = snprintf(path, PATH_MAX, "%s/.local/state/skelctl/history",
				  home);
	if (!length || length >= PATH_MAX)
		return false;
	for (slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	return true;
}

static int converse(EditLine *edit, History *list)
{
	char path[PATH_MAX], *line;
	bool save = history_path(path);
	HistEvent event;
	const char *read, *why;
	int count;

	history(list, &event, H_SETSIZE, HISTORY_LINES);
	history(list, &event, H_SETUNIQUE, 1);
	if (save)
		history(list, &event, H_LOAD, path);
	while ((read = el_gets(edit, &count)) && count > 0) {
		line = strndup(read, strcspn(read, "\n"));
		if (!line)
			err(EXIT_CARD, "no memory");
		why = talk_unfit(line, strlen(line));
		if (why) {
			warnx("the line %s; not sent", why);
		} else if (line[strspn(line, " ")]) {
			history(list, &event, H_ENTER, line);
			if (save)
				history(list, &event, H_SAVE, path);
			if (!talk_line(shell.talk, line))
				talk_wait_for_program(shell.talk);
		}
		free(line);
	}
	putchar('\n');
	return EXIT_SUCCESS;
}

static void restore_terminal(void)
{
	if (shell.edit)
		el_end(shell.edit);
	shell.edit = NULL;
}

int shell_run(struct talk *talk)
{
	History *list;
	EditLine *edit;
	int status;

	setlocale(LC_CTYPE, "");
	shell.talk = talk;
	ask_words(talk);
	list = history_init();
	edit = el_init("skelctl", stdin, stdout, stderr);
	shell.edit = edit;
	atexit(restore_terminal);	/* the card can go while a line is edited */
	if (!list || !edit)
		errx(EXIT_CARD, "the terminal cannot be edited; give the lines as arguments, or with -");
	el_set(edit, EL_PROMPT, prompt);
	el_set(edit, EL_EDITOR, "emacs");
	el_set(edit, EL_SIGNAL, 1);
	el_set(edit, EL_HIST, history, list);
	el_set(edit, EL_GETCFN, get_character);
	/* el_set() would copy the strings and never free them */
	el_wset(edit, EL_ADDFN, L"card-complete",
		L"complete a command of the card", complete);
	el_set(edit, EL_BIND, "^I", "card-complete", NULL);
	printf("Lines go to the card, Tab completes its commands, Ctrl-D ends.\n");
	status = converse(edit, list);
	restore_terminal();
	history_end(list);
	while (shell.words)
		free(shell.word[--shell.words]);
	return status;
}
