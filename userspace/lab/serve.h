/* SPDX-License-Identifier: GPL-2.0 */
/*
 * serve.h - events of the card, of the network and of the system
 */
#ifndef _LAB_SERVE_H
#define _LAB_SERVE_H

#include "card/ucard.h"
#include "net/server.h"

/*
 * Serve the users until SIGTERM or SIGINT. @ucard and @server may be NULL.
 * Return: 0, or -1: something failed, which has been logged.
 */
int serve(struct lab *lab, struct ucard *ucard, struct server *server);

#endif /* _LAB_SERVE_H */
