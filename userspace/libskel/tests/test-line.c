// SPDX-License-Identifier: GPL-2.0
/*
 * test-line.c - the command stream
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "card.h"

static char line[SKEL_LINE_MAX];

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

/* What is an item of an answer and begins with '#' is read by its length. */
static void blocks_keep_their_newlines(void)
{
	static const struct {
		const char *bytes;
		size_t length;
	} lines[] = {
		{ "#15a\n\nb\n\n", 8 },
		{ "#210\0\n\n\n\n\n\n\n\n;\n", 14 },
		{ "1.5,#13\n\n\n;#11\n,\"#12\"\n", 21 },
		{ "\"a;#19\"\n", 7 },		/* in a string: none */
		{ "a#19\n", 4 },		/* inside of an item */
		{ "#0abc\n", 5 },		/* of indefinite length */
		{ "#1x\n", 3 }, { "#\n", 1 }, { "#2\n", 2 }, { "#10\n", 3 },
		{ "#41020\n", 6 },		/* longer than any line */
		{ "# 15ab\n", 6 },
	};
	const char *next;
	const void *data;
	size_t i, size;

	plug();
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		size_t half = lines[i].length / 2, n = lines[i].length;

		/* in two pieces, and the next line is another one */
		check(write(card, lines[i].bytes, half) == (ssize_t)half);
		check(nothing_is_there());
		check(write(card, lines[i].bytes + half, n + 1 - half) ==
		      (ssize_t)(n + 1 - half));
		say("next\n");
		check(skel_query(skel, line, sizeof(line), 0, "CURVE?") == (int)n);
		check(memcmp(line, lines[i].bytes, n) == 0 && !line[n]);
		check(next_is("next"));
	}
	check(!skel_find_block(lines[2].bytes, 21, &data, &size));
	check(size == 3 && memcmp(data, "\n\n\n", 3) == 0);
	next = (const char *)data + size;
	check(!skel_find_block(next, lines[2].bytes + 21 - next, &data, &size));
	check(size == 1 && memcmp(data, "\n", 1) == 0);
	check(skel_find_block("#15abc", 6, &data, &size) == -ENOENT);
	check(skel_find_block("1;2", 3, &data, &size) == -ENOENT);
	check(!skel_find_block("1,#10", 5, &data, &size) && !size);
	check(!skel_find_block("#200;#11a", 9, &data, &size) && !size);
	check(!skel_find_block(data, 5, &data, &size) && size == 1);
	check(skel_find_block("#20x", 4, &data, &size) == -ENOENT);
	check(skel_find_block("", 0, &data, &size) == -ENOENT);
	unplug();
}

/* A block as long as a line can be */
static void the_longest_block(void)
{
	char text[SKEL_LINE_MAX];
	const void *data;
	size_t size;

	plug();
	memset(text, '\n', sizeof(text));
	memcpy(text, "#41017", 6);
	check(write(card, text, sizeof(text)) == sizeof(text));
	check(skel_query(skel, line, sizeof(line), 0, "DATA?") == 1023);
	check(!skel_find_block(line, 1023, &data, &size) && size == 1017);
	check(nothing_is_there());
	unplug();
}

static void events_are_no_answers(void)
{
	char small[8];

	plug();
	say("event: OVERRUN 160 200\nevent: PROGRAM a STOPPED error\n1.5\n");
	say("eventful\n");
	check(skel_query(skel, line, sizeof(line), 0, "MEAS?") == 3);
	check(strcmp(line, "1.5") == 0);
	check(skel_read_event(skel, small, sizeof(small), 0) == -EMSGSIZE);
	check(skel_read_event(skel, line, sizeof(line), 0) == 15);
	check(strcmp(line, "OVERRUN 160 200") == 0);
	/* those who read all lines see them whole */
	check(next_is("event: PROGRAM a STOPPED error"));
	check(skel_read_event(skel, line, sizeof(line), 0) == -ETIMEDOUT);
	check(next_is("eventful"));
	unplug();
}

/* The number in the last TOHOST that the card has received; 0: there is none */
static unsigned long long fence(void)
{
	unsigned long long number = 0;
	const char *at = strstr(heard(), "TOHOST 0x");

	if (at)
		sscanf(at, "TOHOST %llx 0x0 0x0\n", &number);
	return number;
}

static void *answer_late(void *data)
{
	char text[100];
	unsigned long long number;

	while (!(number = fence()))
		usleep(1000);
	snprintf(text, sizeof(text),
		 "%sskel: REFUSED TOHOST 0x%llx 0x0 0x0 length\nright\n",
		 (char *)data, number);
	say(text);
	return NULL;
}

static void late_answers_are_dropped(void)
{
	char late[] = "late\nevent: x\nskel: LOST 2\nlater\n";
	pthread_t thread;

	plug();
	check(skel_query(skel, line, sizeof(line), 10, "SLOW?") == -1);
	check(errno == ETIMEDOUT && strstr(skel_errmsg(), "SLOW?"));
	check(!pthread_create(&thread, NULL, answer_late, late));
	check(skel_query(skel, line, sizeof(line), 1000, "FAST?") == 5);
	check(strcmp(line, "right") == 0);
	pthread_join(thread, NULL);
	/* only answers are dropped */
	check(next_is("event: x"));
	check(next_is("skel: LOST 2"));
	check(nothing_is_there());
	/* once is enough */
	heard();
	say("2\n");
	check(skel_query(skel, line, sizeof(line), 0, "TWO?") == 1);
	check(!fence());
	/* the card still works on SLOW?: FAST? is not even sent */
	check(skel_query(skel, line, sizeof(line), 0, "SLOW?") == -1);
	heard();
	check(skel_query(skel, line, sizeof(line), 10, "FAST?") == -1);
	check(errno == ETIMEDOUT && !strstr(heard(), "FAST?"));
	unplug();
}

/* As the caller cannot have it, the next query must not get it either. */
static void answers_that_are_too_long_are_dropped(void)
{
	char small[4];

	plug();
	say("event: x\nlong\n");
	check(skel_query(skel, small, sizeof(small), 0, "LONG?") == -1);
	check(errno == EMSGSIZE);
	heard();
	say("2\n");
	check(skel_query(skel, small, sizeof(small), 0, "TWO?") == 1);
	check(strcmp(small, "2") == 0 && !fence());
	check(next_is("event: x"));
	check(nothing_is_there());
	unplug();
}

static void *read_any(void *data)
{
	char any[SKEL_LINE_MAX];

	(void)data;
	return (void *)(size_t)(skel_readline(skel, any, sizeof(any), 2000) == 1 &&
				*any == 'b');
}

static void *say_two(void *data)
{
	(void)data;
	usleep(50000);
	say("a\nb\n");
	return NULL;
}

/* One thread reads all lines; it has looked at this one when it was not its turn. */
static void what_a_query_leaves_is_for_others(void)
{
	pthread_t reader, talker;
	void *right;

	plug();
	check(!pthread_create(&reader, NULL, read_any, NULL));
	usleep(50000);
	check(!pthread_create(&talker, NULL, say_two, NULL));
	check(skel_query(skel, line, sizeof(line), 1000, "A?") == 1);
	check(*line == 'a');
	check(!pthread_join(reader, &right) && right);
	pthread_join(talker, NULL);
	unplug();
}

static void errors_are_one_line_to_its_end(void)
{
	char text[1000];

	plug();
	memset(text, 'x', sizeof(text));
	text[5] = '\r';
	text[sizeof(text) - 1] = '\0';
	check(skel_query(skel, line, sizeof(line), 0, "%s", text) == -1);
	check(strncmp(skel_errmsg(), "'xxxxx?xx", 9) == 0);
	check(strstr(skel_errmsg(), "xx...: the card has not answered in time"));
	unplug();
}

/* Only what makes sure that no late answer comes ends the doubt. */
static void a_late_answer_is_not_forgotten(void)
{
	plug();
	skel->caps = 0;
	check(skel_query(skel, line, sizeof(line), 0, "SLOW?") == -1);
	say("late\n");
	check(skel_command_and_ask(skel, "GO", "GONE?", "GONE", line,
				   sizeof(line), 0) == -EOPNOTSUPP);
	check(skel_query(skel, line, sizeof(line), 0, "FAST?") == -1);
	check(errno == EOPNOTSUPP);
	unplug();
}

static void clear_waits_for_the_card(void)
{
	char old[] = "a\nb\n";
	pthread_t thread;

	plug();
	check(skel_clear(skel, 10) == -ETIMEDOUT);
	check(*skel_errmsg());
	heard();
	check(!skel_send(skel, "A?;B?"));
	check(!pthread_create(&thread, NULL, answer_late, old));
	check(!skel_clear(skel, 1000));
	pthread_join(thread, NULL);
	check(next_is("right"));
	check(nothing_is_there());
	skel->caps = SKEL_CAP_FROMHOST;
	check(skel_clear(skel, 0) == -ETIMEDOUT);
	check(strncmp(heard(), "FROMHOST 0x", 11) == 0);
	skel->caps = 0;
	check(skel_clear(skel, 0) == -EOPNOTSUPP);
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
	run(blocks_keep_their_newlines);
	run(the_longest_block);
	run(events_are_no_answers);
	run(late_answers_are_dropped);
	run(answers_that_are_too_long_are_dropped);
	run(a_late_answer_is_not_forgotten);
	run(clear_waits_for_the_card);
	run(what_a_query_leaves_is_for_others);
	run(errors_are_one_line_to_its_end);
	run(unplugged);
	return unit_end();
}
