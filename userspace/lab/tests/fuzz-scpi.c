// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz-scpi.c - the language under a fuzzer
 *
 * Input is what a user may send: lines. In between, other things happen: a line
 * of '!' and a digit below 8 is a mask of those.
 */
#include <stdint.h>
#include <stdlib.h>

#include "tests/fuzz.h"
#include "tests/scpi-user.h"

/* Mask of events */
enum {
	EVENT_PENDING = 1 << 0,		/* operations run from now on, or end */
	EVENT_UPLOADED = 1 << 1,	/* there is another command */
	EVENT_ABORT = 1 << 2,		/* the session is cleared */
};

static void event(struct scpi_user *user, unsigned int mask)
{
	user->pending = mask & EVENT_PENDING;
	user->uploaded = mask & EVENT_UPLOADED;
	user->operation = mask << 4;
	if (mask & EVENT_ABORT)
		scpi_abort(&user->scpi);
	scpi_update(&user->scpi);
}

/* This holds whatever was sent. */
static void check_user(struct scpi_user *user)
{
	must(user->longest <= SCPI_LINE_MAX);
	must(user->scpi.error_count <= SCPI_ERRORS_MAX);
	must(!user->out_length || user->out[user->out_length - 1] == '\n');
}

/* Return: how many bytes were sent */
static size_t send_line(struct scpi_user *user, const char *bytes, size_t length)
{
	char *sent = malloc(length + 1);

	must(sent);
	length = fuzz_unescape(sent, bytes, length);
	scpi_user_send(user, sent, length);
	free(sent);
	check_user(user);
	return length;
}

static void line(void *arg, const char *bytes, size_t length)
{
	struct scpi_user *user = arg;

	if (length > 1 && bytes[0] == '!' && bytes[1] >= '0' && bytes[1] < '8')
		event(user, bytes[1] - '0');
	else
		length = send_line(user, bytes, length);
	/* the session does not run lines while it is suspended */
	if (scpi_is_suspended(&user->scpi)) {
		scpi_reply_text(&user->scpi, "resumed");
		user->pending = false;
		scpi_update(&user->scpi);
		scpi_resume(&user->scpi, length & 1 ? -310 : 0);
	}
	/* it may be suspended again, more than once */
	while (scpi_is_suspended(&user->scpi))
		scpi_resume(&user->scpi, 0);
}

int fuzz_input(const uint8_t *data, size_t size)
{
	struct scpi_user user;

	scpi_user_init(&user);
	fuzz_lines(data, size, line, &user);
	scpi_user_say(&user, "SYST:ERR:ALL?;:HELP?");
	check_user(&user);
	return 0;
}
