/* SPDX-License-Identifier: GPL-2.0 */
/*
 * server.h - the instrument on the network: SCPI over TCP, a session for each
 * connection
 *
 * SCPI has no authentication: who can reach the address can use the instrument.
 */
#ifndef _LAB_SERVER_H
#define _LAB_SERVER_H

#include <poll.h>

#include "core/lab.h"
#include "net/address.h"

/*
 * Connections, those included that wait until they know they were refused; more
 * wait in the system until those have gone
 */
#define SERVER_CONNECTIONS	(LAB_CLIENTS + 16)
#define SERVER_POLLED		(1 + SERVER_CONNECTIONS)

struct server;

/* Listen for clients of @lab. NULL: errno. */
struct server *server_create(struct lab *lab, const struct address *address);
/* Close all connections. NULL: nothing happens. */
void server_destroy(struct server *server);
/* Where it listens, with the port that the system has chosen */
const struct address *server_address(const struct server *server);

/*
 * Send answers, hand on messages, and free the connections that are over.
 * Return: true: the instrument has something to run.
 */
bool server_work(struct server *server);
/*
 * Fill in @polled for poll(), of SERVER_POLLED. @idle is shortened to when
 * server_work() has to be called without an event, in ns from now.
 * Return: how many.
 */
unsigned int server_poll(const struct server *server, struct pollfd *polled,
			 lab_time *idle);
/* What poll() has returned for them; nothing may be called in between. */
void server_events(struct server *server, const struct pollfd *polled);

#endif /* _LAB_SERVER_H */
