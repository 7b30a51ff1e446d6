// SPDX-License-Identifier: GPL-2.0
/*
 * test-job.c - asynchronous transfers: in which order they start, and who hears
 * of their ends
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "card.h"

#define JOBS	10

/* A card with three transfers at once */
static void plug_three(void)
{
	plug();
	skel->transfers = 3;
}

/* How many transfers the card was told, until now; *@last: address of the last */
static int told(unsigned long long *last)
{
	char text[4096];
	ssize_t n = read(card, text, sizeof(text) - 1);
	const char *at = text;
	int count = 0;

	text[n > 0 ? n : 0] = '\0';
	while ((at = strstr(at, "TOHOST 0x"))) {
		at += 7;
		count++;
		if (last)
			sscanf(at, "%llx", last);
	}
	return count;
}

static void end(int n, const char *word, const char *reason)
{
	char text[100];

	snprintf(text, sizeof(text), "skel: %s TOHOST 0x%x 0x10 0x1000%s%s\n",
		 word, n, *reason ? " " : "", reason);
	say(text);
}

static struct skel_transfer transfer(int n)
{
	return (struct skel_transfer){
		.direction = SKEL_TOHOST, .card_addr = (uint64_t)n,
		.length = 0x10, .host_addr = 0x1000,
	};
}

static int heard_of[JOBS], heard;

static void on_end(struct skel *which, struct skel_transfer *t, void *data)
{
	int *n = data;

	check(which == skel && t->result != SKEL_PENDING);
	heard_of[heard++ % JOBS] = *n;
}

static void as_many_as_the_card_can(void)
{
	struct skel_transfer t[JOBS];
	struct pollfd pfd = { .events = POLLIN };
	unsigned long long last;
	int i, number[JOBS];

	plug_three();
	heard = 0;
	check(skel_dispatch(skel, 0) == 0);
	for (i = 0; i < JOBS; i++) {
		t[i] = transfer(i);
		number[i] = i;
		check(!skel_submit(skel, &t[i], on_end, &number[i]));
		check(skel_submit(skel, &t[i], on_end, NULL) == -EINVAL);
	}
	check(told(&last) == 3 && last == 2);
	check(skel_dispatch(skel, 0) == -ETIMEDOUT && !heard);
	/* not in their order; a line for somebody else in between */
	end(2, "DONE", "");
	end(77, "DONE", "");
	end(0, "REFUSED", "busy");
	pfd.fd = skel_fd(skel);
	check(poll(&pfd, 1, 1000) == 1);
	check(skel_dispatch(skel, 0) == 2 && heard == 2);
	/* in the order in which they were submitted */
	check(heard_of[0] == 0 && heard_of[1] == 2);
	check(t[0].result == SKEL_REFUSED && strcmp(t[0].reason, "busy") == 0);
	check(t[2].result == SKEL_DONE && !*t[2].reason);
	check(t[1].result == SKEL_PENDING);
	check(told(&last) == 2 && last == 4);
	check(skel->jobs_running == 3);
	for (i = 1; i < JOBS; i++) {
		if (i != 2)
			end(i, "DONE", "");
		while (skel_dispatch(skel, 0) > 0)
			;
	}
	check(heard == JOBS && skel_dispatch(skel, -1) == 0);
	check(skel->jobs_running == 0 && !skel->jobs);
	unplug();
}

static void wait_for_a_submitted_one(void)
{
	struct skel_transfer a = transfer(1), b = transfer(1), c = transfer(2);
	int number = 5;

	plug_three();
	heard = 0;
	/* equal ones end in their order */
	check(!skel_submit(skel, &a, NULL, NULL));
	check(!skel_submit(skel, &b, on_end, &number));
	check(!skel_submit(skel, &c, NULL, NULL));
	check(skel_wait(skel, &b, 10) == -1 && errno == ETIMEDOUT);
	end(1, "DONE", "");
	end(1, "FAILED", "timeout");
	check(skel_wait(skel, &b, 0) == -1 && errno == EIO);
	check(strcmp(b.reason, "timeout") == 0 && strstr(skel_errmsg(), "timeout"));
	check(!skel_wait(skel, &a, 0) && a.result == SKEL_DONE);
	/* who has waited needs no call */
	check(!heard);
	end(2, "REFUSED", "length");
	check(skel_wait(skel, &c, 0) == -1 && errno == EACCES);
	check(skel_dispatch(skel, 0) == 0);
	unplug();
}

static void abandoned(void)
{
	struct skel_transfer t[5];
	char line[SKEL_LINE_MAX];
	unsigned long long last;
	int i;

	plug_three();
	for (i = 0; i < 5; i++) {
		t[i] = transfer(i);
		check(!skel_submit(skel, &t[i], NULL, NULL));
	}
	told(NULL);
	check(!skel_abandon(skel, &t[0]));	/* runs */
	check(!skel_abandon(skel, &t[3]));	/* waits */
	check(skel_abandon(skel, &t[3]) == -ENOENT);
	memset(&t[0], 0xff, sizeof(t[0]));
	/* the card is still busy with it; then not 3, but 4 is next */
	check(skel_dispatch(skel, 0) == -ETIMEDOUT && told(&last) == 0);
	end(0, "DONE", "");
	check(skel_dispatch(skel, 0) == -ETIMEDOUT);
	check(told(&last) == 1 && last == 4);
	check(skel_readline(skel, line, sizeof(line), 0) == -1);
	end(1, "DONE", "");
	check(skel_dispatch(skel, 0) == 1);
	check(!skel_abandon(skel, &t[2]));
	check(!skel_abandon(skel, &t[4]));
	check(skel_dispatch(skel, -1) == 0);
	unplug();
}

static void resubmit(struct skel *which, struct skel_transfer *t, void *data)
{
	int *left = data;

	if (--*left > 0)
		check(!skel_submit(which, t, resubmit, data));
}

static void submitted_by_its_own_function(void)
{
	struct skel_transfer t = transfer(1);
	int i, left = 5;

	plug_three();
	check(!skel_submit(skel, &t, resubmit, &left));
	for (i = 0; i < 5; i++) {
		check(told(NULL) == 1);
		end(1, "DONE", "");
		check(skel_dispatch(skel, 100) == 1);
	}
	check(left == 0 && skel_dispatch(skel, -1) == 0);
	unplug();
}

static void the_card_goes(void)
{
	struct skel_transfer t[5];
	int i, number = 0;

	plug_three();
	heard = 0;
	for (i = 0; i < 5; i++) {
		t[i] = transfer(i);
		check(!skel_submit(skel, &t[i], on_end, &number));
	}
	end(1, "DONE", "");
	told(NULL);
	close(card);
	while ((i = skel_dispatch(skel, 1000)) > 0)
		;
	check(i == 0 && heard == 5);
	check(t[1].result == SKEL_DONE);
	check(t[0].result == SKEL_FAILED && strcmp(t[0].reason, "gone") == 0);
	check(t[4].result == SKEL_FAILED && strcmp(t[4].reason, "gone") == 0);
	check(skel_submit(skel, &t[0], NULL, NULL) == -ENODEV);
	skel_close(skel);
}

static void wrong_direction(void)
{
	struct skel_transfer t = { .direction = (enum skel_direction)7 };

	plug_three();
	check(skel_submit(skel, &t, NULL, NULL) == -EINVAL && *skel_errmsg());
	check(skel_abandon(skel, &t) == -ENOENT);
	unplug();
}

int main(void)
{
	run(as_many_as_the_card_can);
	run(wait_for_a_submitted_one);
	run(abandoned);
	run(submitted_by_its_own_function);
	run(the_card_goes);
	run(wrong_direction);
	return unit_end();
}
