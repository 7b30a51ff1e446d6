// SPDX-License-Identifier: GPL-2.0
/*
 * client.c - a connection of the network: a socket and its session
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/client.h"

#define REFUSED_LINGER	(1 * LAB_SECOND)

/*
 * The session waits for its next message while HIGH bytes are not taken, so more
 * than MAX is only possible if a program prints and its user does not read.
 */
static void client_write(struct session *session, const char *bytes,
			 size_t length)
{
	struct client *client = session->owner;

	if (client->gone ||
	    output_add(&client->out, bytes, length, CLIENT_OUTPUT_MAX))
		return;
	if (!client->lost)
		scpi_error(&session->scpi, SCPI_ERR_DEADLOCKED,
			   "output lost, the client does not read it");
	client->lost = true;
}

static void refuse(struct client *client, int error, uint64_t now)
{
	char line[80];
	int length;

	if (error == EUSERS)
		length = snprintf(line, sizeof(line),
				  "ERROR connections: %d are the most, close one first\n",
				  LAB_CLIENTS);
	else
		length = snprintf(line, sizeof(line),
				  "ERROR memory: none for one more connection, close one first\n");
	client->deadline = now + REFUSED_LINGER;
	output_add(&client->out, line, length, CLIENT_OUTPUT_MAX);
}

struct client *client_new(struct lab *lab, int fd, uint64_t now)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->fd = fd;
	client->deadline = LAB_NEVER;
	client->message = malloc(SESSION_MESSAGE_MAX);
	if (!client->message) {
		free(client);
		return NULL;
	}
	framer_init(&client->framer, client->message, SESSION_MESSAGE_MAX - 1);
	client->session = session_connect(lab);
	if (client->session) {
		client->session->write = client_write;
		client->session->owner = client;
	} else {
		refuse(client, errno, now);
	}
	return client;
}

void client_free(struct client *client)
{
	session_close(client->session);
	output_free(&client->out);
	close(client->fd);
	free(client->message);
	free(client);
}

short client_wants(const struct client *client)
{
	bool room = client->in_end - client->in_start < CLIENT_INPUT;

	return (!client->ended && room ? POLLIN : 0) |
	       (client->out.length ? POLLOUT : 0);
}

static void receive(struct client *client, uint64_t now)
{
	ssize_t n;

	client->in_end -= client->in_start;
	memmove(client->in, client->in + client->in_start, client->in_end);
	client->in_start = 0;
	n = recv(client->fd, client->in + client->in_end,
		 CLIENT_INPUT - client->in_end, MSG_DONTWAIT);
	if (n > 0) {
		client->in_end += n;
	} else if (n == 0) {
		client->ended = true;
		client->deadline = now + CLIENT_LINGER;
	} else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		client->gone = true;
	}
}

void client_event(struct client *client, short events, uint64_t now)
{
	if (events & (POLLERR | POLLNVAL))
		client->gone = true;
	else if (events & POLLIN && client_wants(client) & POLLIN)
		receive(client, now);
	else if (events & POLLHUP)
		client->gone = true;
}

/* Take input up to the end of one message. Return: false: there is none. */
static bool deliver(struct client *client)
{
	struct session *session = client->session;
	struct framer *framer = &client->framer;
	enum framer_result result;

	client->in_start += framer_take(framer, client->in + client->in_start,
					client->in_end - client->in_start,
					&result);
	switch (result) {
	case FRAMER_MESSAGE:
		session_command(session, framer->bytes, framer->length);
		return true;
	case FRAMER_LONG_LINE:
		scpi_error(&session->scpi, SCPI_ERR_INPUT_OVERRUN,
			   "a message has at most %zu bytes", framer->size);
		return true;
	case FRAMER_LONG_BLOCK:
		scpi_error(&session->scpi, SCPI_ERR_TOO_MUCH_DATA,
			   "a message with its blocks has at most %zu bytes",
			   framer->size);
		return true;
	case FRAMER_MORE:
		break;
	}
	return false;
}

static bool may_deliver(const struct client *client)
{
	return client->in_start < client->in_end &&
	       client->out.length <= CLIENT_OUTPUT_HIGH &&
	       session_is_idle(client->session);
}

static void work_refused(struct client *client)
{
	client->in_start = client->in_end;
	if (!client->shut && !client->out.length)
		client->shut = !shutdown(client->fd, SHUT_WR);
}

bool client_work(struct client *client, uint64_t now)
{
	size_t length = client->out.length;
	bool more = false;

	client->gone |= output_send(&client->out, client->fd) < 0;
	if (client->gone)
		return false;
	if (!client->session) {
		work_refused(client);
		return false;
	}
	if (client->out.length <= CLIENT_OUTPUT_HIGH)
		client->lost = false;
	while (may_deliver(client))
		more |= deliver(client);
	/* answers move on: it is not time to give up */
	if (client->ended && (more || client->out.length < length))
		client->deadline = now + CLIENT_LINGER;
	return more;
}

bool client_is_over(const struct client *client, uint64_t now)
{
	if (client->gone || now >= client->deadline)
		return true;
	if (!client->ended || client->out.length)
		return false;
	return !client->session || (client->in_start == client->in_end &&
				    session_is_idle(client->session));
}
