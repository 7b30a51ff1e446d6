// SPDX-License-Identifier: GPL-2.0
/*
 * serve.c - events of the card, of the network and of the system
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "serve.h"

#define RETRY		(LAB_SECOND / 100)	/* when the kernel has no memory */

enum { POLL_CARD, POLL_SIGNALS, POLL_SERVER, POLL_MAX = POLL_SERVER + SERVER_POLLED };

/* Signals that end the program arrive through a file. */
static int open_signals(void)
{
	sigset_t set;

	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* How long there is nothing to do; LAB_NEVER: until an event */
static lab_time idle_time(const struct lab *lab, const struct ucard *ucard)
{
	lab_time next = lab_next_timer(lab), now = lab_now(lab) + lab_lag(lab);
	lab_time idle = LAB_NEVER;

	if (lab->time.real && next != LAB_NEVER)
		idle = next > now ? next - now : 0;
	return ucard && ucard_is_full(ucard) && idle > RETRY ? RETRY : idle;
}

/* Wait for events and handle them. Return: 0: go on, 1: a signal, -1: errno. */
static int wait_for_events(struct lab *lab, struct ucard *ucard,
			   struct server *server, int signals, lab_time idle)
{
	struct pollfd pfd[POLL_MAX] = {
		[POLL_CARD] = { ucard ? ucard_fd(ucard) : -1, POLLIN, 0 },
		[POLL_SIGNALS] = { signals, POLLIN, 0 },
	};
	unsigned int count = POLL_SERVER;
	struct timespec ts;

	if (server)
		count += server_poll(server, pfd + POLL_SERVER, &idle);
	ts = (struct timespec){ idle / LAB_SECOND, idle % LAB_SECOND };
	if (ppoll(pfd, count, idle == LAB_NEVER ? NULL : &ts, NULL) < 0)
		return errno == EINTR ? 0 : -1;
	if (pfd[POLL_SIGNALS].revents)
		return 1;
	if (server)
		server_events(server, pfd + POLL_SERVER);
	if (pfd[POLL_CARD].revents & POLLIN)
		return ucard_read(ucard, lab);
	if (pfd[POLL_CARD].revents) {
		errno = ENODEV;
		return -1;
	}
	return 0;
}

int serve(struct lab *lab, struct ucard *ucard, struct server *server)
{
	int signals = open_signals(), ret = signals < 0 ? -1 : 0;

	while (!ret) {
		bool more = lab_step(lab);

		lab->card->ops->flush(lab->card);
		if (server)
			more |= server_work(server);
		ret = wait_for_events(lab, ucard, server, signals,
				      more ? 0 : idle_time(lab, ucard));
	}
	if (ret < 0)
		lab_log(LOG_ERR, "card: %s", strerror(errno));
	else
		lab_log(LOG_INFO, "terminated by a signal");
	if (signals >= 0)
		close(signals);
	return ret < 0 ? -1 : 0;
}
