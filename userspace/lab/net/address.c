// SPDX-License-Identifier: GPL-2.0
/*
 * address.c - where a server listens
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/address.h"

#define HOST_MAX	48	/* "[...]" with its NUL */

/* Return: 0 to 65535, or -1 */
static long parse_port(const char *text)
{
	size_t length = strspn(text, "0123456789");
	long port = strtol(text, NULL, 10);

	return length && length <= 5 && !text[length] && port <= 65535 ?
	       port : -1;
}

static int set_ipv4(struct address *address, const char *host, long port)
{
	struct sockaddr_in *in = (void *)&address->socket;

	if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
		return -1;
	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	address->length = sizeof(*in);
	return 0;
}

/* @host has its brackets */
static int set_ipv6(struct address *address, char *host, long port)
{
	struct sockaddr_in6 *in = (void *)&address->socket;
	size_t length = strlen(host);

	if (host[length - 1] != ']')
		return -1;
	host[length - 1] = '\0';
	if (inet_pton(AF_INET6, host + 1, &in->sin6_addr) != 1)
		return -1;
	in->sin6_family = AF_INET6;
	in->sin6_port = htons(port);
	address->length = sizeof(*in);
	return 0;
}

int address_parse(struct address *address, const char *text)
{
	const char *colon = strrchr(text, ':');
	long port = parse_port(colon ? colon + 1 : text);
	char host[HOST_MAX] = "localhost";

	memset(address, 0, sizeof(*address));
	if (port < 0 || (colon && (colon == text || colon - text >= HOST_MAX)))
		return -1;
	if (colon)
		snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	if (host[0] == '[')
		return set_ipv6(address, host, port);
	return set_ipv4(address, strcmp(host, "localhost") ? host : "127.0.0.1",
			port);
}

void address_print(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
	const struct sockaddr_in *in = (const void *)&address->socket;
	const struct sockaddr_in6 *in6 = (const void *)&address->socket;
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->socket.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(text, ADDRESS_TEXT_MAX, "[%s]:%u", host,
			 ntohs(in6->sin6_port));
	} else {
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(text, ADDRESS_TEXT_MAX, "%s:%u", host,
			 ntohs(in->sin_port));
	}
}

bool address_is_loopback(const struct address *address)
{
	const struct sockaddr_in *in = (const void *)&address->socket;
	const struct sockaddr_in6 *in6 = (const void *)&address->socket;

	if (address->socket.ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}
