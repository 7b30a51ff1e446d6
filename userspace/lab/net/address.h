/* SPDX-License-Identifier: GPL-2.0 */
/*
 * address.h - where a server listens: 127.0.0.1:5025, [::1]:5025, or a port
 */
#ifndef _LAB_ADDRESS_H
#define _LAB_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_MAX	64	/* "[...]:65535" with its NUL */
#define ADDRESS_FORMS		"127.0.0.1:5025, [::1]:5025, localhost:5025 or 5025"

struct address {
	struct sockaddr_storage socket;
	socklen_t length;
};

/*
 * Read an address. A port alone, and localhost, are 127.0.0.1; port 0 lets the
 * system choose one. Names are not looked up: what is not loopback has to be
 * written as the number that it is.
 * Return: 0, or -1: @text has none of ADDRESS_FORMS.
 */
int address_parse(struct address *address, const char *text);
void address_print(const struct address *address, char text[ADDRESS_TEXT_MAX]);
/* Can only programs of this machine reach it? */
bool address_is_loopback(const struct address *address);

#endif /* _LAB_ADDRESS_H */
