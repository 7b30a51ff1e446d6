// SPDX-License-Identifier: GPL-2.0
/*
 * server.c - the instrument on the network
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"
#include "net/client.h"
#include "net/server.h"

#define PAUSE		(1 * LAB_SECOND)	/* no files left: try again */
#define KEEPALIVE	60			/* s, until a silent one is asked */

struct server {
	struct lab *lab;
	int fd;
	struct address address;
	struct client *client[SERVER_CONNECTIONS];	/* without gaps */
	unsigned int count;
	bool called;		/* somebody waits for accept() */
	uint64_t paused;	/* CLOCK_MONOTONIC: do not accept() before */
};

static uint64_t now_of(const struct server *server)
{
	return server->lab->time.clock();
}

static int start_listening(struct server *server, const struct address *address)
{
	const struct sockaddr *socket_address = (const void *)&address->socket;
	int on = 1;

	server->fd = socket(socket_address->sa_family,
			    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->fd < 0)
		return -1;
	setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(server->fd, socket_address, address->length) ||
	    listen(server->fd, SOMAXCONN))
		return -1;
	server->address.length = sizeof(server->address.socket);
	return getsockname(server->fd, (void *)&server->address.socket,
			   &server->address.length);
}

struct server *server_create(struct lab *lab, const struct address *address)
{
	struct server *server = calloc(1, sizeof(*server));
	int error;

	if (!server)
		return NULL;
	server->lab = lab;
	if (!start_listening(server, address))
		return server;
	error = errno;
	server_destroy(server);
	errno = error;
	return NULL;
}

void server_destroy(struct server *server)
{
	if (!server)
		return;
	while (server->count)
		client_free(server->client[--server->count]);
	if (server->fd >= 0)
		close(server->fd);
	free(server);
}

const struct address *server_address(const struct server *server)
{
	return &server->address;
}

/* Answers are sent as they are made, and who vanishes does not stay for ever. */
static void set_options(int fd)
{
	int on = 1, idle = KEEPALIVE;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
}

static void add_client(struct server *server, int fd)
{
	struct client *client = client_new(server->lab, fd, now_of(server));

	if (!client) {
		close(fd);
		return;
	}
	set_options(fd);
	server->client[server->count++] = client;
	lab_log(LOG_DEBUG, "network: connected, %u now%s", server->count,
		client->session ? "" : ", refused");
}

static void accept_clients(struct server *server)
{
	server->called = false;
	while (server->count < SERVER_CONNECTIONS) {
		int fd = accept4(server->fd, NULL, NULL,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			add_client(server, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			lab_log(LOG_WARNING, "network: cannot accept: %s",
				strerror(errno));
			server->paused = now_of(server) + PAUSE;
		}
		return;
	}
}

bool server_work(struct server *server)
{
	uint64_t now = now_of(server);
	unsigned int i = 0;
	bool more = false;

	while (i < server->count) {
		struct client *client = server->client[i];

		more |= client_work(client, now);
		if (!client_is_over(client, now)) {
			i++;
			continue;
		}
		client_free(client);
		server->client[i] = server->client[--server->count];
		lab_log(LOG_DEBUG, "network: closed, %u now", server->count);
	}
	/* now that those have gone that went before it came */
	if (server->called)
		accept_clients(server);
	return more;
}

static void shorten(lab_time *idle, uint64_t until, uint64_t now)
{
	lab_time left = until > now ? until - now : 0;

	if (until != LAB_NEVER && left < *idle)
		*idle = left;
}

unsigned int server_poll(const struct server *server, struct pollfd *polled,
			 lab_time *idle)
{
	uint64_t now = now_of(server);
	bool paused = now < server->paused;
	bool full = server->count == SERVER_CONNECTIONS;
	unsigned int i;

	if (paused)
		shorten(idle, server->paused, now);
	polled[0] = (struct pollfd){
		.fd = paused || full ? -1 : server->fd, .events = POLLIN,
	};
	for (i = 0; i < server->count; i++) {
		const struct client *client = server->client[i];

		polled[i + 1] = (struct pollfd){
			.fd = client->fd, .events = client_wants(client),
		};
		shorten(idle, client->deadline, now);
	}
	return i + 1;
}

void server_events(struct server *server, const struct pollfd *polled)
{
	uint64_t now = now_of(server);
	unsigned int i;

	for (i = 0; i < server->count; i++)
		client_event(server->client[i], polled[i + 1].revents, now);
	server->called = polled[0].revents;
}
