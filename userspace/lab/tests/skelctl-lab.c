// SPDX-License-Identifier: GPL-2.0
/*
 * skelctl-lab.c - a skelctl whose card is the instrument, in a thread
 *
 * The environment says what the instrument is like:
 *
 *	LAB_REAL	real time, else 1 ms passes with each line
 *	LAB_MEMORY	of the card in bytes, else 1 MiB
 *	LAB_SETUP	a line that is carried out before there are users
 *	LAB_SPOILED	a line that comes to the instrument as another one
 *	LAB_OTHER	a line of another user,
 *	LAB_OTHER_AT	that comes behind so many lines of this one
 *	LAB_LOG		a file that gets all lines, and at the end what the other
 *			user is told when asked for STATUS?
 */
#include <err.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "card/fake-card.h"
#include "commands/instrument.h"
#include "skelctl.h"
#include "start.h"
#include "../../tests/fake-card.h"

#define USER	0	/* channels */
#define OTHER	1

static pthread_mutex_t ended = PTHREAD_MUTEX_INITIALIZER;

struct stage {
	int fd;
	FILE *log;
	struct fake_card *card;
	struct lab *lab;
	struct fake_buffer lent[FAKE_BUFFERS];
	char line[SKEL_LINE_MAX];
	size_t length;
	int lines;
};

static const char *setting(const char *name, const char *otherwise)
{
	const char *text = getenv(name);

	return text ? text : otherwise;
}

/* The user's buffers become those of the channel. */
static void follow_buffers(struct stage *stage)
{
	struct fake_buffer now[FAKE_BUFFERS];
	int i;

	fake_buffers(now);
	for (i = 0; i < FAKE_BUFFERS; i++) {
		struct fake_buffer *lent = &stage->lent[i];

		if (lent->host_addr == now[i].host_addr &&
		    lent->start == now[i].start)
			continue;
		if (lent->host_addr)
			fake_card_return(stage->card, USER, lent->host_addr);
		*lent = (struct fake_buffer){ 0 };
		if (now[i].host_addr && now[i].start &&
		    fake_card_lend(stage->card, USER, now[i].host_addr,
				   (uint8_t *)now[i].start, now[i].length))
			*lent = now[i];
	}
}

static void command(struct stage *stage, unsigned int channel, const char *line)
{
	if (stage->log) {
		fprintf(stage->log, "%u %s\n", channel, line);
		fflush(stage->log);
	}
	session_command(session_find(stage->lab, channel), line, strlen(line));
}

static void obey(struct stage *stage)
{
	follow_buffers(stage);
	command(stage, USER, strcmp(stage->line, setting("LAB_SPOILED", "")) ?
		stage->line : "SPOILED");
	if (++stage->lines == atoi(setting("LAB_OTHER_AT", "0")))
		command(stage, OTHER, setting("LAB_OTHER", "STOP"));
}

/* Return: false: the user has closed the card. */
static bool receive(struct stage *stage)
{
	char bytes[4096];
	ssize_t n = recv(stage->fd, bytes, sizeof(bytes), MSG_DONTWAIT), i;

	for (i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			stage->line[stage->length] = '\0';
			stage->length = 0;
			obey(stage);
		} else if (stage->length < sizeof(stage->line) - 1) {
			stage->line[stage->length++] = bytes[i];
		}
	}
	return n > 0;
}

static bool work(struct stage *stage)
{
	const char *replies;
	bool more = lab_step(stage->lab);

	more |= fake_card_poll(stage->card) > 0;
	replies = fake_card_replies(stage->card, USER);
	if (*replies)
		send(stage->fd, replies, strlen(replies), MSG_NOSIGNAL);
	return more;
}

static int idle_ms(const struct lab *lab)
{
	lab_time next = lab_next_timer(lab), now = lab_now(lab) + lab_lag(lab);

	if (!lab->time.real || next == LAB_NEVER)
		return -1;
	return next > now ? (int)((next - now) / 1000000 + 1) : 0;
}

static void set_up(struct stage *stage)
{
	const struct lab_settings settings = {
		.real = getenv("LAB_REAL"),
		.command_time = LAB_SECOND / 1000,
		.seed = 1,
		.serial = "7",
	};
	const char *line = getenv("LAB_SETUP");
	char error[256];

	stage->card = fake_card_create(atol(setting("LAB_MEMORY", "1048576")));
	stage->lab = stage->card ? lab_create(fake_card_card(stage->card),
					      &instrument, &settings) : NULL;
	if (!stage->lab || !fake_card_open(stage->card, stage->lab, USER) ||
	    !fake_card_open(stage->card, stage->lab, OTHER))
		err(1, "the instrument");
	if (line && lab_start_command(stage->lab, line, error, sizeof(error)))
		errx(1, "LAB_SETUP: %s", error);
	if (getenv("LAB_LOG"))
		stage->log = fopen(getenv("LAB_LOG"), "w");
}

static void play(int fd)
{
	struct stage stage = { .fd = fd };
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	pthread_mutex_lock(&ended);
	set_up(&stage);
	do {
		bool more = work(&stage);

		poll(&pfd, 1, more ? 0 : idle_ms(stage.lab));
	} while (!pfd.revents || receive(&stage));
	fake_card_close(stage.card, stage.lab, USER);
	command(&stage, OTHER, "STATUS?");
	fake_card_run(stage.card, stage.lab, 10000);
	if (stage.log)
		fprintf(stage.log, "end %s", fake_card_replies(stage.card, OTHER));
	if (stage.log)
		fclose(stage.log);
	lab_destroy(stage.lab);
	fake_card_destroy(stage.card);
	pthread_mutex_unlock(&ended);
}

int main(int argc, char **argv)
{
	int status;

	/* Whoever waits for it may have been killed. */
	alarm(300);
	fake_reset();
	fake.play = play;
	choose_card(FAKE_PATH);
	status = skelctl_main(argc, argv);
	/* the card sees that it is closed, and ends */
	pthread_mutex_lock(&ended);
	return status;
}
