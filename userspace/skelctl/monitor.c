// SPDX-License-Identifier: GPL-2.0
/*
 * monitor.c - skelctl monitor: what all programs do with the cards, as it happens
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "interrupt.h"
#include "list.h"
#include "monitor-table.h"
#include "quantity.h"
#include "rates.h"
#include "skelctl.h"

static struct termios saved;	/* of the terminal */
static volatile sig_atomic_t *interrupted;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void look(struct monitor *monitor, const char *root)
{
	static double last;
	double time = now();

	system_free(&monitor->before);
	monitor->looked = last > 0;
	monitor->seconds = time - last;
	last = time;
	monitor->before = monitor->now;
	system_look(&monitor->now, root, chosen_card());
}

static void number_or_null(struct json *json, const char *key, bool known,
			   uint64_t value)
{
	if (known)
		json_number(json, key, value);
	else
		json_null(json, key);
}

static void json_counters(struct json *json, const struct system_user *user,
			  const void *data)
{
	const struct monitor *monitor = data;
	struct rates rates = rates_of(user, &monitor->before, monitor->seconds);

	number_or_null(json, "granted", user->counted, user->granted);
	number_or_null(json, "refused", user->counted, user->refused);
	number_or_null(json, "failed", user->counted, user->failed);
	number_or_null(json, "bytes_tohost", user->counted, user->bytes_tohost);
	number_or_null(json, "bytes_fromhost", user->counted,
		       user->bytes_fromhost);
	number_or_null(json, "replies_lost", user->counted, user->replies_lost);
	json_real(json, "granted_per_second", rates.known ? rates.granted : NAN);
	json_real(json, "refused_per_second", rates.known ? rates.refused : NAN);
	json_real(json, "bytes_tohost_per_second",
		  rates.known ? rates.bytes_tohost : NAN);
	json_real(json, "bytes_fromhost_per_second",
		  rates.known ? rates.bytes_fromhost : NAN);
}

/* One line */
static void show_json(const struct monitor *monitor)
{
	struct json json = { .file = stdout, .dense = true };

	json_open(&json, NULL, '{');
	json_real(&json, "seconds", monitor->seconds);
	json_cards(&json, &monitor->now, json_counters, monitor);
}

static void restore_terminal(void)
{
	static const char text[] = "\033[?25h\033[?1049l";

	fflush(stdout);
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		return;		/* it is gone */
	tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
}

static void wake(int signal)
{
}

/* Another screen without a cursor, keys at once, and sizes as they change */
static void prepare_terminal(void)
{
	struct sigaction resized = { .sa_handler = wake };
	struct termios keys;

	if (tcgetattr(STDIN_FILENO, &saved))
		return;
	keys = saved;
	keys.c_lflag &= ~(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &keys);
	printf("\033[?1049h\033[?25l");
	atexit(restore_terminal);
	sigaction(SIGWINCH, &resized, NULL);
}

/* All at once, so that it does not flicker */
static void draw(const struct monitor *monitor)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	char *text = NULL;
	size_t length;
	FILE *file;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	file = open_memstream(&text, &length);
	if (!file)
		err(EXIT_CARD, "no memory");
	fputs("\033[H", file);
	/* no newline behind the last line, which would scroll */
	monitor_table(file, monitor, size.ws_col ? size.ws_col : 80,
		      size.ws_row > 1 ? size.ws_row - 1 : 1, "\033[K\n");
	fputs("\033[J", file);
	fclose(file);
	fwrite(text, 1, length, stdout);
	fflush(stdout);
	free(text);
}

/* Return: whether to go on */
static bool wait_until(double end, const struct monitor *monitor, bool terminal)
{
	struct pollfd pfd = {
		.fd = terminal ? STDIN_FILENO : -1, .events = POLLIN,
	};
	char key;

	for (;;) {
		double left = end - now();

		if (*interrupted)
			return false;
		if (left <= 0)
			return true;
		if (poll(&pfd, 1, 1000 * left + 1) < 0) {
			if (errno == EINTR && terminal && !*interrupted)
				draw(monitor);
		} else if (pfd.revents &&
			   (read(STDIN_FILENO, &key, 1) != 1 || key == 'q')) {
			return false;
		}
	}
}

enum {
	OPT_ROOT = OPTION_LONG,
};

static int monitor_main(const struct command *command, int argc, char **argv)
{
	struct monitor monitor = { .interval = 1 };
	long long count = 0, i;
	const char *root = "";
	bool json = false, terminal;
	int c, status;

	while ((c = command_option(command, argc, argv)) != -1) {
		switch (c) {
		case 'i':
			monitor.interval = quantity_option("--interval", optarg,
							   QUANTITY_SECOND,
							   0.01, 86400);
			break;
		case 'n':
			count = count_option("--count", optarg, QUANTITY_COUNT,
					     1, 1000000000);
			break;
		case OPT_ROOT:
			root = optarg;
			break;
		default:
			json = true;
		}
	}
	monitor.unprivileged = geteuid() != 0;
	interrupted = interrupt_catch();
	terminal = !json && !count && isatty(STDIN_FILENO) &&
		   isatty(STDOUT_FILENO);
	if (terminal)
		prepare_terminal();
	look(&monitor, root);
	for (i = 0; !count || i < count; i++) {
		if (terminal)
			draw(&monitor);
		if (!wait_until(now() + monitor.interval, &monitor, terminal))
			break;
		look(&monitor, root);
		if (json)
			show_json(&monitor);
		else if (!terminal)
			monitor_table(stdout, &monitor, INT_MAX, INT_MAX, "\n");
		if (fflush(stdout))
			err(EXIT_CARD, "standard output");
	}
	status = count ? no_cards(&monitor.now, true) : EXIT_SUCCESS;
	system_free(&monitor.now);
	system_free(&monitor.before);
	return status;
}

static const struct option_row options[] = {
	{ "interval", 'i', "TIME", NULL,
	  "how often to look: 200 ms, 2 s (default: 1 s)" },
	{ "count", 'n', "N", NULL,
	  "print so many tables, one each interval, and end; 1 shows what happens in one interval" },
	{ "json", 'j', NULL, NULL, "print JSON, one line for each look" },
	{ "root", OPT_ROOT, "DIR", "<file>",
	  "look at DIR/sys and DIR/proc, for example those of a container" },
	{ }
};

const struct command monitor_command = {
	.name = "monitor",
	.summary = "watch what all programs do with the cards",
	.text = "Show the channels of all cards, or of that of --device, as a table that is brought up to date: program, buffers and their memory, running transfers, granted requests and bytes per second; and since the channel was opened: requests refused, transfers failed, lines of answers lost. It opens no card and changes nothing. 'q' or Ctrl-C ends it. On a narrow terminal the less important columns are left out. If the output is no terminal, a table is printed each time.\n\n"
"An ordinary user sees only programs of their own; the rates of these, too, unless kernel.yama.ptrace_scope forbids it. Root sees all. What is not known is a '-', in JSON null.",
	.example = "monitor --count 1 --json",
	.options = options,
	.main = monitor_main,
};
