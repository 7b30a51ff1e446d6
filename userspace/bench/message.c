// SPDX-License-Identifier: GPL-2.0
/*
 * message.c - skel-bench: commands, and the messages that they are compared with
 *
 * Raw read() and write(): without the library.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define ASKED		6	/* bytes of a question and of its answer */
#define ANSWERED	13
#define CALLS		1000

struct question {
	int fd;
	const char *text, *expected;
};

static void ask(void *data)
{
	const struct question *q = data;
	struct pollfd pfd = { .fd = q->fd, .events = POLLIN };
	size_t length = strlen(q->text), got = 0;
	char reply[SKEL_LINE_MAX];

	if (write(q->fd, q->text, length) != (ssize_t)length)
		err(1, "write");
	do {
		ssize_t n = read(q->fd, reply + got, sizeof(reply) - got);

		if (n < 0 && errno == EAGAIN) {
			if (poll(&pfd, 1, 5000) != 1)
				errx(1, "no reply to %s", q->text);
			continue;
		}
		if (n <= 0)
			err(1, "read");
		got += n;
	} while (reply[got - 1] != '\n');
	if (strncmp(reply, q->expected, strlen(q->expected)) != 0)
		errx(1, "%.*s: unexpected reply: %.*s", (int)length - 1, q->text,
		     (int)got - 1, reply);
}

uint64_t bench_command(int fd, const char *command, const char *expected)
{
	struct question q = { fd, command, expected };

	return bench_repeat(BENCH_RUNS, ask, &q);
}

struct pipes {
	int in, out;
	size_t asked;
};

static void talk(void *data)
{
	const struct pipes *p = data;
	char bytes[16] = "";

	if (write(p->out, bytes, p->asked) != (ssize_t)p->asked ||
	    read(p->in, bytes, ANSWERED) != ANSWERED)
		err(1, "pipe");
}

/* Within this process: no more than the two system calls; or to another one and back */
static uint64_t pipes(bool other)
{
	struct pipes p = { .asked = other ? ASKED : ANSWERED };
	char bytes[16] = "";
	int there[2], back[2];
	uint64_t time;
	pid_t pid = 0;

	if (pipe(there) || pipe(back))
		err(1, "pipe");
	if (other)
		pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (other && !pid) {
		bench_realtime(true);
		close(there[1]);
		while (read(there[0], bytes, ASKED) == ASKED &&
		       write(back[1], bytes, ANSWERED) == ANSWERED)
			;
		_exit(0);
	}
	p.in = other ? back[0] : there[0];
	p.out = there[1];
	time = bench_repeat(BENCH_RUNS, talk, &p);
	close(there[0]);
	close(there[1]);
	if (other)
		waitpid(pid, NULL, 0);
	close(back[0]);
	close(back[1]);
	return time;
}

static void calls(void *data)
{
	const int *count = data;
	int i;

	for (i = 0; i < *count; i++)
		syscall(SYS_getppid);
}

void bench_messages(void)
{
	struct skel *skel = bench_open();
	int count = CALLS;

	bench_heading("Messages",
		      "From write() until the reply is read. The pipes carry about as many bytes.");
	bench_table();
	bench_time("command", "skel", 0,
		   bench_command(skel_fd(skel), BENCH_IDN, "skel,"));
	bench_time("message", "two-pipes", 0, pipes(true));
	bench_time("message", "one-pipe", 0, pipes(false));
	bench_time("call", "getppid", 0,
		   (double)bench_repeat(5, calls, &count) / count);
	skel_close(skel);
}
