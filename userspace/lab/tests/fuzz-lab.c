// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz-lab.c - the whole instrument under a fuzzer
 *
 * Input is what users send: lines of text, which run one after the other. '!'
 * and a digit at the start of a line is another event, see enum event.
 */
#include <stdint.h>
#include <stdlib.h>

#include "card/fake-card.h"
#include "tests/fuzz.h"

#define USERS		3
#define MEMORY		16384
#define BUFFER		4096

enum event {
	EVENT_USER0 = 1,	/* the rest of the line is a command of this user */
	EVENT_USER1,
	EVENT_USER2,
	EVENT_CLOSE,		/* the user closes the channel and opens it again */
	EVENT_EXPIRE,		/* the kernel's timeout for transfers */
	EVENT_BUFFER,		/* the user gets another buffer */
	EVENT_HURRY,		/* the next line comes without waiting */
	EVENT_REAL,		/* time is real from now on */
};

struct fuzz {
	struct fake_card *fake;
	struct lab *lab;
	unsigned int user;
	bool hurry;
};

static void step(struct fuzz *fuzz)
{
	unsigned int i;

	fake_card_run(fuzz->fake, fuzz->lab, 3);
	for (i = 0; i < USERS; i++) {
		struct session *session = session_find(fuzz->lab, i);

		must(session->queued <= SESSION_QUEUE_MAX);
		must(session->scpi.error_count <= SCPI_ERRORS_MAX);
		must(session->transfer_count <= SESSION_TRANSFERS_MAX);
		fake_card_replies(fuzz->fake, i);
	}
}

static void open_user(struct fuzz *fuzz, unsigned int user)
{
	must(fake_card_open(fuzz->fake, fuzz->lab, user));
	must(fake_card_buffer(fuzz->fake, user, BUFFER, user, NULL));
}

/* Return: false: the rest of the line is a command. */
static bool event(struct fuzz *fuzz, enum event event)
{
	switch (event) {
	case EVENT_USER0:
	case EVENT_USER1:
	case EVENT_USER2:
		fuzz->user = event - EVENT_USER0;
		return false;
	case EVENT_CLOSE:
		fake_card_close(fuzz->fake, fuzz->lab, fuzz->user);
		open_user(fuzz, fuzz->user);
		return true;
	case EVENT_EXPIRE:
		fake_card_expire(fuzz->fake);
		return true;
	case EVENT_BUFFER:
		fake_card_buffer(fuzz->fake, fuzz->user, BUFFER, 0, NULL);
		return true;
	case EVENT_HURRY:
		fuzz->hurry = true;
		return false;
	case EVENT_REAL:
		fuzz->lab->time.real = true;
		return true;
	}
	return false;
}

static void line(void *arg, const char *bytes, size_t length)
{
	struct fuzz *fuzz = arg;

	fuzz->hurry = false;
	while (length > 1 && bytes[0] == '!' &&
	       bytes[1] >= '0' && bytes[1] <= '0' + EVENT_REAL) {
		if (event(fuzz, bytes[1] - '0')) {
			step(fuzz);
			return;
		}
		bytes += 2;
		length -= 2;
	}
	/* as the core does it */
	if (length >= SCPI_LINE_MAX)
		length = SCPI_LINE_MAX - 1;
	session_command(session_find(fuzz->lab, fuzz->user), bytes, length);
	if (!fuzz->hurry)
		step(fuzz);
}

/* All users go away, and leave nothing behind. */
static void end(struct fuzz *fuzz)
{
	unsigned int i;

	for (i = 0; i < USERS; i++)
		fake_card_close(fuzz->fake, fuzz->lab, i);
	must(!fuzz->lab->slow_transfers);
	fake_card_run(fuzz->fake, fuzz->lab, 3);
	must(!fuzz->lab->card->queued && !fuzz->lab->card->awaited);
	lab_destroy(fuzz->lab);
	fake_card_destroy(fuzz->fake);
}

int fuzz_input(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = { .fake = fake_card_create(MEMORY) };
	unsigned int i;

	must(fuzz.fake);
	fuzz.lab = fuzz_lab(fuzz.fake);
	for (i = 0; i < USERS; i++)
		open_user(&fuzz, i);
	fuzz_lines(data, size, line, &fuzz);
	step(&fuzz);
	end(&fuzz);
	return 0;
}
