// SPDX-License-Identifier: GPL-2.0
/*
 * test-line.c - the command stream
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../internal.h"
#include "unit.h"

static struct skel *skel;
static int card;	/* the card's end of the stream */
static char line[SKEL_LINE_MAX];

static void plug(void)
{
	int fds[2];

	check(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds));
	card = fds[1];
	skel = skel_new(fds[0]);
	check(skel);
}

static void unplug(void)
{
	skel_close(skel);
	close(card);
}

static void say(const char *text)
{
	check(write(card, text, strlen(text)) == (ssize_t)strlen(text));
}

/* Whether the next line is @text */
static bool next_is(const char *text)
{
	return skel_readline(skel, line, sizeof(line), 0) ==
	       (int)strlen(text) && strcmp(line, text) == 0;
}

static bool nothing_is_there(void)
{
	return skel_readline(skel, line, sizeof(line), 0) == -1 &&
	       errno == ETIMEDOUT;
}

/* What the card has received */
static const char *heard(void)
{
	static char text[65536];
	ssize_t n = read(card, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void lines_come_in_order(void)
{
	plug();
	say("one\ntwo\n\nfo");
	check(next_is("one"));
	check(next_is("two"));
	check(next_is(""));
	check(nothing_is_there());
	say("ur\n");
	check(next_is("four"));
	check(nothing_is_there());
	unplug();
}

static void long_lines_and_many(void)
{
	char text[SKEL_LINE_MAX + 1];
	int i;

	plug();
	memset(text, 'x', SKEL_LINE_MAX);
	text[SKEL_LINE_MAX - 1] = '\n';
	text[SKEL_LINE_MAX] = '\0';
	for (i = 0; i < 50; i++)
		say(text);
	text[SKEL_LINE_MAX - 1] = '\0';
	for (i = 0; i < 50; i++)
		check(next_is(text));
	check(nothing_is_there());
	unplug();
}

static void eight_bit_bytes_and_nul(void)
{
	plug();
	check(write(card, "a\0\xff\n\n", 4) == 4);
	check(skel_readline(skel, line, sizeof(line), 0) == 3);
	check(memcmp(line, "a\0\xff", 4) == 0);
	unplug();
}

static void too_small_for_the_line(void)
{
	char small[4];

	plug();
	say("four\nend\n");
	check(skel_readline(skel, small, sizeof(small), 0) == -1);
	check(errno == EMSGSIZE);
	check(next_is("four"));
	check(skel_readline(skel, small, sizeof(small), 0) == 3);
	check(strcmp(small, "end") == 0);
	unplug();
}

static void timeout_is_kept(void)
{
	plug();
	say("half");
	check(skel_readline(skel, line, sizeof(line), 20) == -1);
	check(errno == ETIMEDOUT);
	say("\n");
	check(next_is("half"));
	unplug();
}

static void send_whole_lines(void)
{
	char text[SKEL_LINE_MAX + 10];

	plug();
	check(!skel_send(skel, "SAMPLE %d", 10000));
	check(strcmp(heard(), "SAMPLE 10000\n") == 0);
	check(skel_send(skel, "one\ntwo") == -1 && errno == EINVAL);
	memset(text, 'x', sizeof(text));
	text[SKEL_LINE_MAX] = '\0';
	check(skel_send(skel, "%s", text) == -1 && errno == EMSGSIZE);
	text[SKEL_LINE_MAX - 1] = '\0';
	check(!skel_send(skel, "%s", text));
	check(strlen(heard()) == SKEL_LINE_MAX);
	check(!*heard());
	unplug();
}

/* A card that takes no command until its answers are read: no deadlock */
static void send_reads_while_it_waits(void)
{
	char text[SKEL_LINE_MAX];
	int sent = 0, size = 4096;
	pid_t pid;

	plug();
	setsockopt(skel_fd(skel), SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	memset(text, 'x', 1000);
	text[1000] = '\0';
	pid = fork();
	if (!pid) {
		/* answer first, wait until that was read, then listen */
		int unread, left = 100 * 1001;

		alarm(10);
		fcntl(card, F_SETFL, 0);
		usleep(20000);
		for (unread = 0; unread < 20; unread++)
			say("answer\n");
		while (left > 0)
			left -= strlen(heard());
		_exit(0);
	}
	while (sent < 100 && !skel_send(skel, "%s", text))
		sent++;
	check(sent == 100);
	check(skel_readline(skel, line, sizeof(line), 1000) == 6);
	unplug();
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void signals_end_a_wait(void)
{
	struct itimerval soon = { .it_value.tv_usec = 20000 };
	struct sigaction action = { .sa_handler = on_alarm }, old;

	plug();
	say("half");
	sigaction(SIGALRM, &action, &old);
	setitimer(ITIMER_REAL, &soon, NULL);
	check(skel_readline(skel, line, sizeof(line), -1) == -1);
	check(errno == EINTR);
	sigaction(SIGALRM, &old, NULL);
	say(" line\n");
	check(next_is("half line"));
	unplug();
}

static void query_leaves_transfers(void)
{
	struct skel_transfer t = {
		.direction = SKEL_TOHOST,
		.length = 0x10,
		.host_addr = 0x100000000,
	};

	plug();
	say("skel: DONE TOHOST 0x0 0x10 0x100000000\nskel: LOST 3\n");
	say("skel: NEW line of the core\nOK SPEED\nmore\n");
	check(skel_query(skel, line, sizeof(line), 0, "SPEED %d", 0) == 8);
	check(strcmp(line, "OK SPEED") == 0);
	check(strcmp(heard(), "SPEED 0\n") == 0);
	check(!skel_wait(skel, &t, 0));
	check(next_is("skel: LOST 3"));
	check(next_is("skel: NEW line of the core"));
	check(next_is("more"));
	check(skel_query(skel, line, sizeof(line), 0, "x") == -1);
	check(errno == ETIMEDOUT);
	unplug();
}

static void unplugged(void)
{
	plug();
	say("last\nhal");
	close(card);
	check(next_is("last"));
	check(skel_readline(skel, line, sizeof(line), -1) == -1);
	check(errno == ENODEV);
	check(skel_readline(skel, line, sizeof(line), 0) == -1);
	check(errno == ENODEV);
	skel_close(skel);
}

int main(void)
{
	run(lines_come_in_order);
	run(long_lines_and_many);
	run(eight_bit_bytes_and_nul);
	run(too_small_for_the_line);
	run(timeout_is_kept);
	run(send_whole_lines);
	run(send_reads_while_it_waits);
	run(signals_end_a_wait);
	run(query_leaves_transfers);
	run(unplugged);
	return unit_end();
}
