/* SPDX-License-Identifier: GPL-2.0 */
/*
 * client.h - a connection of the network: a socket and its session
 *
 * The next message is handed to the session when the one before has been carried
 * out and most of its answer has been taken. Until then the bytes stay in the
 * socket, so TCP holds the sender back, and nothing here grows.
 */
#ifndef _LAB_CLIENT_H
#define _LAB_CLIENT_H

#include "core/lab.h"
#include "net/framer.h"
#include "net/output.h"

#define CLIENT_INPUT		4096
/* Messages wait while more than this is not taken by the client ... */
#define CLIENT_OUTPUT_HIGH	32768
/* ... and more than this is not kept: an answer that follows prints of programs */
#define CLIENT_OUTPUT_MAX	(2 * SESSION_MESSAGE_MAX)
/*
 * A client that has ended its side gets answers for so long after the last one:
 * nobody can tell whether it still reads.
 */
#define CLIENT_LINGER		(10 * LAB_SECOND)

struct client {
	int fd;				/* nonblocking, closed with it */
	struct session *session;	/* NULL: refused, waits until it goes */
	struct framer framer;
	char *message;			/* of the framer */
	char in[CLIENT_INPUT];		/* received, not yet in the framer */
	size_t in_start, in_end;
	struct output out;
	bool ended;			/* the client sends no more */
	bool gone;			/* nor does it receive */
	bool lost;			/* output, since it last was below HIGH */
	bool shut;			/* refused, and told so */
	uint64_t deadline;		/* CLOCK_MONOTONIC; of one that has ended */
};

/*
 * Serve a socket; without a place for a session it gets a line that says so.
 * NULL: no memory, the socket is still the caller's.
 */
struct client *client_new(struct lab *lab, int fd, uint64_t now);
void client_free(struct client *client);
/* What to poll() for, and what it has returned. */
short client_wants(const struct client *client);
void client_event(struct client *client, short events, uint64_t now);
/*
 * Send what can be sent, and hand on a message if it is time for it.
 * Return: true: the instrument has something to run.
 */
bool client_work(struct client *client, uint64_t now);
/* May it be freed? If not, deadline is LAB_NEVER or when to ask again. */
bool client_is_over(const struct client *client, uint64_t now);

#endif /* _LAB_CLIENT_H */
