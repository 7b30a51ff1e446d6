// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz-net.c - connections of the network under a fuzzer
 *
 * Input is what a client sends; '~' and two hexadecimal digits are a byte of
 * any value, so that files may be text. It is sent in pieces whose lengths come
 * from the input, to a whole instrument, by a client that may read late, end
 * its side or vanish; and to a framer, whose messages must be the same in any
 * pieces.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "card/fake-card.h"
#include "net/client.h"
#include "tests/fuzz.h"

#define MEMORY		16384
#define SMALL		24		/* longest message of the framer alone */

struct fuzz {
	struct fake_card *fake;
	struct lab *lab;
	struct client *client;
	int peer;
	uint64_t now;
	uint32_t random;		/* from the input: xorshift */
};

static uint32_t next(uint32_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 17;
	*random ^= *random << 5;
	return *random;
}

static uint32_t seed(const char *bytes, size_t length)
{
	uint32_t sum = 2166136261;	/* FNV-1a */

	while (length--)
		sum = (sum ^ (unsigned char)*bytes++) * 16777619;
	return sum | 1;
}

/* --- the framer ------------------------------------------------------------ */

/* Append all messages, and what they ended with, to @messages. */
static size_t frame(const char *bytes, size_t length, uint32_t random,
		    char *messages)
{
	char buffer[SMALL];
	struct framer framer;
	size_t at = 0, count = 0;

	framer_init(&framer, buffer, sizeof(buffer));
	while (at < length) {
		size_t most = random ? 1 + next(&random) % 9 : length;
		enum framer_result result;
		size_t taken;

		if (most > length - at)
			most = length - at;
		taken = framer_take(&framer, bytes + at, most, &result);
		must(taken && taken <= most && framer.length <= SMALL);
		must(result != FRAMER_MORE || taken == most);
		at += taken;
		if (result == FRAMER_MORE)
			continue;
		must(bytes[at - 1] == '\n');
		if (result == FRAMER_MESSAGE) {
			must(!memcmp(framer.bytes, bytes + at - 1 - framer.length,
				     framer.length));
			memcpy(messages + count, framer.bytes, framer.length);
			count += framer.length;
		}
		messages[count++] = result;
	}
	return count;
}

static void frame_in_any_pieces(const char *bytes, size_t length,
				uint32_t random)
{
	/* a message is not longer than its bytes, and its newline its result */
	char *whole = malloc(length + 1), *pieces = malloc(length + 1);
	size_t count;

	must(whole && pieces);
	count = frame(bytes, length, 0, whole);
	must(frame(bytes, length, random, pieces) == count);
	must(!memcmp(whole, pieces, count));
	free(whole);
	free(pieces);
}

/* --- a connection ---------------------------------------------------------- */

static void work(struct fuzz *fuzz)
{
	struct client *client = fuzz->client;
	int round;

	for (round = 0; round < 4; round++) {
		struct pollfd pfd = { .fd = client->fd };

		fake_card_run(fuzz->fake, fuzz->lab, 2);
		client_work(client, fuzz->now);
		must(client->out.length <= CLIENT_OUTPUT_MAX);
		must(client->session->queued <= 2 * SESSION_MESSAGE_MAX);
		must(client->in_start <= client->in_end &&
		     client->in_end <= CLIENT_INPUT);
		if (client_is_over(client, fuzz->now))
			break;
		pfd.events = client_wants(client);
		poll(&pfd, 1, 0);
		client_event(client, pfd.revents, fuzz->now);
	}
}

static void take_answers(struct fuzz *fuzz)
{
	char answers[4096];

	if (fuzz->peer >= 0)
		recv(fuzz->peer, answers, sizeof(answers), MSG_DONTWAIT);
}

static void leave(struct fuzz *fuzz)
{
	if (fuzz->peer >= 0)
		close(fuzz->peer);
	fuzz->peer = -1;
}

/* Something else than the next piece happens, now and then. */
static void happen(struct fuzz *fuzz)
{
	switch (next(&fuzz->random) % 64) {
	case 0:
		shutdown(fuzz->peer, SHUT_WR);
		break;
	case 1:
		leave(fuzz);
		break;
	case 2:
		fuzz->now += LAB_SECOND;
		break;
	}
	if (next(&fuzz->random) % 4)
		take_answers(fuzz);
}

static void send_all(struct fuzz *fuzz, const char *bytes, size_t length)
{
	size_t at = 0;
	int stuck = 0;

	while (at < length && fuzz->peer >= 0 && stuck < 8) {
		size_t most = 1 + next(&fuzz->random) % 200;
		ssize_t n = send(fuzz->peer, bytes + at,
				 most < length - at ? most : length - at,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		stuck = n > 0 ? 0 : stuck + 1;
		at += n > 0 ? n : 0;
		work(fuzz);
		if (client_is_over(fuzz->client, fuzz->now))
			return;
		happen(fuzz);
	}
}

static void connection(struct fuzz *fuzz, const char *bytes, size_t length)
{
	int fds[2];

	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds));
	fuzz->peer = fds[1];
	fuzz->client = client_new(fuzz->lab, fds[0], fuzz->now);
	must(fuzz->client && fuzz->client->session);
	send_all(fuzz, bytes, length);
	work(fuzz);
	leave(fuzz);
	work(fuzz);
	client_free(fuzz->client);
	must(!fuzz->lab->sessions[LAB_CHANNELS]);
}

/* --- the input ------------------------------------------------------------- */

int fuzz_input(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = { .fake = fake_card_create(MEMORY), .now = 1 };
	char *bytes = malloc(size + 1);
	size_t length;

	must(bytes && fuzz.fake);
	length = fuzz_unescape(bytes, (const char *)data, size);
	fuzz.random = seed(bytes, length);
	frame_in_any_pieces(bytes, length, fuzz.random);
	fuzz.lab = fuzz_lab(fuzz.fake);
	connection(&fuzz, bytes, length);
	lab_destroy(fuzz.lab);
	fake_card_destroy(fuzz.fake);
	free(bytes);
	return 0;
}
