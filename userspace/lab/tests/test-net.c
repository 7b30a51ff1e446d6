// SPDX-License-Identifier: GPL-2.0
/*
 * test-net.c - addresses, and connections one by one: sockets without a network
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/address.h"
#include "net/client.h"
#include "tests/rig.h"
#include "unit.h"

/* The linker leads malloc() of the code under test here (option --wrap). */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

/* --- addresses ------------------------------------------------------------- */

static const struct {
	const char *text, *means;
	bool loopback;
} addresses[] = {
	{ "5025", "127.0.0.1:5025", true },
	{ "0", "127.0.0.1:0", true },
	{ "localhost:5025", "127.0.0.1:5025", true },
	{ "127.0.0.1:5025", "127.0.0.1:5025", true },
	{ "127.1.2.3:65535", "127.1.2.3:65535", true },
	{ "[::1]:5025", "[::1]:5025", true },
	{ "0.0.0.0:5025", "0.0.0.0:5025", false },
	{ "[::]:1", "[::]:1", false },
	{ "192.168.1.2:80", "192.168.1.2:80", false },
	{ "128.0.0.1:80", "128.0.0.1:80", false },
	{ "[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:80", false },
};

static const char * const no_addresses[] = {
	"", ":", ":5025", "*:5025", "lab.example:5025", "127.0.0.1",
	"127.0.0.1:", "127.0.0.1:65536", "-1", "127.0.0.1:000080",
	"127.0.0.1:80x", " 5025", "+5025", "::1:5025", "[::1]", "[::1:5025",
	"[]:5025", "[:5025", "[127.0.0.1]:80", "127.1:80",
	"[fe80::1%eth0]:80",
	"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80",
};

TEST(addresses_are_read)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		char text[ADDRESS_TEXT_MAX] = "";
		struct address address;

		check(!address_parse(&address, addresses[i].text));
		address_print(&address, text);
		check(strcmp(text, addresses[i].means) == 0);
		check(address_is_loopback(&address) == addresses[i].loopback);
	}
	for (i = 0; i < ARRAY_SIZE(no_addresses); i++) {
		struct address address;
		bool refused = address_parse(&address, no_addresses[i]);

		check(refused);
		if (!refused)
			printf("# '%s' is an address\n", no_addresses[i]);
	}
}

/* --- connections ----------------------------------------------------------- */

static struct client *client;
static int peer;
static uint64_t now;

static void open_client(void)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		       fds))
		abort();
	client = client_new(rig.lab, fds[0], now);
	peer = fds[1];
	if (!client)
		abort();
}

static void start(void)
{
	rig_start();
	now = LAB_SECOND;
	open_client();
}

static void stop(void)
{
	client_free(client);
	close(peer);
	rig_stop();
}

#define NET_TEST(name)	TEST_WITH(name, start, stop)

/* As serve() does it, until nothing moves any more */
static void work(void)
{
	bool more = true;
	int rounds = 0;

	while (more && !client_is_over(client, now) && ++rounds < 100000) {
		struct pollfd pfd = { .fd = client->fd };

		fake_card_run(rig.fake, rig.lab, 1000);
		more = client_work(client, now);
		pfd.events = client_wants(client);
		poll(&pfd, 1, 0);
		more |= pfd.revents & POLLIN;
		client_event(client, pfd.revents, now);
	}
	check(rounds < 100000);
	check(client->out.length <= CLIENT_OUTPUT_MAX);
}

static ssize_t put(const char *bytes, size_t length)
{
	return send(peer, bytes, length, MSG_NOSIGNAL);
}

/* Send, work, and receive. */
static const char *ask(const char *text)
{
	static char answer[2 * CLIENT_OUTPUT_HIGH];
	ssize_t n;

	put(text, strlen(text));
	work();
	n = recv(peer, answer, sizeof(answer) - 1, 0);
	answer[n > 0 ? n : 0] = '\0';
	return answer;
}

static bool answers(const char *text, const char *wanted)
{
	const char *answer = ask(text);

	if (strcmp(answer, wanted) == 0)
		return true;
	printf("# '%.60s' is answered '%.60s'\n", text, answer);
	return false;
}

NET_TEST(messages_come_in_any_pieces)
{
	check(answers("SYST:SEED 7\nSYST:SEED?\n*OP", "7\n"));
	check(answers("C", ""));
	check(answers("?\n", "1\n"));
	/* a program of several lines, in a block */
	check(answers("PROG:DEF P,#217print(1)\nprint(2)\nP\n*OPC?\n",
		      "1\n2\n1\n"));
}

NET_TEST(too_much_is_an_error_and_no_end)
{
	static char line[SESSION_MESSAGE_MAX + 100];
	size_t sent = 0;

	memset(line, ' ', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	while (sent < sizeof(line)) {
		ssize_t n = put(line + sent, sizeof(line) - sent);

		sent += n > 0 ? n : 0;
		work();
	}
	check(strncmp(ask("SYST:ERR?\n"), "-363,", 5) == 0);
	check(answers("PROG:DEF P,#6999999", ""));
	for (sent = 0; sent < 999999;) {
		size_t left = 999999 - sent;
		ssize_t n = put(line, left < 4096 ? left : 4096);

		sent += n > 0 ? n : 0;
		work();
	}
	check(strncmp(ask("\nSYST:ERR?\n"), "-223,", 5) == 0);
	check(answers("SYST:ERR?;*OPC?\n", "0,\"No error\";1\n"));
}

/* 2000 lines at once, behind a READ? that waits: the sender waits, too. */
NET_TEST(the_sender_is_held_back)
{
	char answer[64] = "";
	unsigned int lines = 0, answered = 0;
	ssize_t n;

	check(rig_open(1));
	check(answers("TRIG:SOUR BUS;:SAMP:LIST (@1);COUN 10;:READ?\n", ""));
	while (lines < 1000000 && put("SYST:SEED?\n", 11) == 11) {
		lines++;
		work();
		check(client->session->queued < 100 &&
		      client->in_end <= CLIENT_INPUT);
	}
	check(lines > 200 && lines < 1000000);
	asks(1, "*OPC?", "1");		/* others are served */
	asks(1, "*TRG", "");
	work();
	check(recv(peer, answer, 3, MSG_PEEK) == 3 && !memcmp(answer, "10,", 3));
	while ((n = recv(peer, answer, sizeof(answer), 0)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			answered += answer[i] == '\n';
		work();
	}
	/* the last one may have been cut by the socket */
	check(answered == lines + 1);
	check(client->session->scpi.error_count == 0);
}

/* A client that does not read: its output is bounded, and what it sends waits. */
NET_TEST(one_that_never_reads)
{
	unsigned int i, refused = 0;

	check(rig_open(1));
	check(strncmp(ask("SAMP:LIST (@1);COUN 20000;:READ?\n"), "20000,0,", 8) == 0);
	for (i = 0; i < 1000 && refused < 10; i++) {
		if (put("DATA? 0,20000\n", 14) != 14)
			refused++;
		work();
		check(client->out.length <= CLIENT_OUTPUT_HIGH + 40008);
	}
	check(refused == 10);
	check(!client_is_over(client, now));
	asks(1, "*OPC?", "1");
	close(peer);
	work();
	check(client->gone && client_is_over(client, now));
	peer = dup(0);
}

/* What is printed unasked has no end: it is lost, and the user is told so. */
NET_TEST(output_is_bounded)
{
	static char line[1000];
	unsigned int i;

	check(answers("*OPC?\n", "1\n"));
	memset(line, 'x', sizeof(line) - 1);
	for (i = 0; i < 3 * CLIENT_OUTPUT_MAX / sizeof(line); i++)
		scpi_notify(&client->session->scpi, "%s", line);
	check(client->out.length <= CLIENT_OUTPUT_MAX);
	check(client->out.length > CLIENT_OUTPUT_MAX - 2 * sizeof(line));
	check(client->session->scpi.error_count == 1);
	while (client->out.length)
		ask("");
	ask("");
	check(strncmp(ask("SYST:ERR?\n"), "-430,", 5) == 0);
	check(answers("SYST:ERR?\n", "0,\"No error\"\n"));
}

NET_TEST(a_client_that_ends_its_side_is_answered)
{
	put("SYST:SEED 9\nSYST:SEED?\nSYST:SE", 30);	/* half a line: no command */
	shutdown(peer, SHUT_WR);
	check(answers("", "9\n"));
	check(client_is_over(client, now));
	client_free(client);
	close(peer);

	open_client();
	check(answers("TRIG:SOUR BUS;:SAMP:LIST (@1);COUN 10;:READ?\n", ""));
	shutdown(peer, SHUT_WR);
	work();
	check(!client_is_over(client, now + CLIENT_LINGER - 1));
	check(client_is_over(client, now + CLIENT_LINGER));
	check(client->deadline == now + CLIENT_LINGER);
}

/* In the middle of a block, and of an answer */
NET_TEST(disconnect_anywhere)
{
	static const char * const begun[] = {
		"PROG:DEF P,#6100000abc", "PROG:DEF P,#61", "*IDN?", "P '", "",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(begun); i++) {
		client_free(client);
		open_client();
		put(begun[i], strlen(begun[i]));
		work();
		close(peer);
		work();
		check(client_is_over(client, now));
	}
	client_free(client);
	open_client();
	ask("SAMP:LIST (@1);COUN 20000;:READ?\n");
	put("DATA? 0,20000\nDATA? 0,20000\n*RST\n", 33);
	work();
	close(peer);
	work();
	check(client_is_over(client, now));
	peer = dup(0);
}

NET_TEST(too_many_are_refused_by_a_line)
{
	while (session_connect(rig.lab))
		;
	client_free(client);
	check(session_connect(rig.lab));
	close(peer);
	open_client();
	check(!client->session);
	check(answers("*IDN?\n", "ERROR connections: 64 are the most, close one first\n"));
	work();
	check(recv(peer, &(char){ 0 }, 1, 0) == 0);	/* its side has ended */
	check(!client_is_over(client, now));
	check(client_is_over(client, now + LAB_SECOND));
	close(peer);
	work();
	check(client_is_over(client, now));
	peer = dup(0);
}

static bool no_memory;

void *__wrap_malloc(size_t size)
{
	return no_memory && size == 2 * SESSION_MESSAGE_MAX ?
	       NULL : __real_malloc(size);
}

NET_TEST(no_memory_is_not_too_many)
{
	close(peer);
	client_free(client);
	no_memory = true;
	open_client();
	no_memory = false;
	check(!client->session);
	check(answers("", "ERROR memory: none for one more connection, close one first\n"));
}
