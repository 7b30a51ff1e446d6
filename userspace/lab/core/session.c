// SPDX-License-Identifier: GPL-2.0
/*
 * session.c - a user of the instrument: a channel of the card, or a connection
 *
 * Lines are queued in the session until loop.c runs them. The card delivers
 * them as they come, so without a limit a user could fill the memory during a
 * long *WAI.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

static void session_write(void *priv, const char *bytes, size_t length)
{
	struct session *session = priv;
	struct lab_card *card = session->lab->card;

	if (session->write)
		session->write(session, bytes, length);
	else
		card->ops->reply(card, session->channel, bytes, length);
}

static int session_calls(void *priv, const struct scpi_call *call)
{
	struct session *session = priv;
	int error = session->lab->model->refuses(session, call);

	if (!error)
		session->lab->actor = session;
	return error;
}

static bool session_pending(void *priv)
{
	const struct session *session = priv;

	return session->operations > 0;
}

static int session_reset(void *priv)
{
	struct session *session = priv;

	parts_reset(session->lab);
	return SCPI_OK;
}

static int session_test(void *priv)
{
	struct session *session = priv;

	return lab_test(session->lab);
}

static const char *session_identity(void *priv)
{
	const struct session *session = priv;

	return session->lab->identity;
}

static uint16_t session_operation(void *priv)
{
	const struct session *session = priv;

	return parts_operation(session->lab, session);
}

static const struct scpi_command *session_undefined(void *priv,
						    const char *header,
						    size_t length)
{
	const struct session *session = priv;

	return session->lab->model->undefined(session->lab, header, length);
}

static const struct scpi_ops session_ops = {
	.write = session_write,
	.calls = session_calls,
	.pending = session_pending,
	.reset = session_reset,
	.test = session_test,
	.identity = session_identity,
	.operation = session_operation,
	.undefined = session_undefined,
};

struct session *session_new(struct lab *lab, unsigned int channel)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->lab = lab;
	session->channel = channel;
	scpi_init(&session->scpi, lab->model->tables, lab->model->table_count,
		  &session_ops, session);
	return session;
}

struct session *session_open(struct lab *lab, unsigned int channel)
{
	if (channel >= LAB_CHANNELS)
		return NULL;
	session_close(lab->sessions[channel]);
	lab->sessions[channel] = session_new(lab, channel);
	return lab->sessions[channel];
}

struct session *session_find(struct lab *lab, unsigned int channel)
{
	return channel < LAB_SESSIONS ? lab->sessions[channel] : NULL;
}

struct session *session_connect(struct lab *lab)
{
	unsigned int number = LAB_CHANNELS;
	struct session *session;

	while (number < LAB_SESSIONS && lab->sessions[number])
		number++;
	if (number == LAB_SESSIONS) {
		errno = EUSERS;
		return NULL;
	}
	session = session_new(lab, number);
	if (!session)
		return NULL;
	/* memory that the kernel gives only when it is used */
	session->buffers = malloc(2 * SESSION_MESSAGE_MAX);
	if (!session->buffers) {
		session_close(session);
		errno = ENOMEM;
		return NULL;
	}
	scpi_set_buffers(&session->scpi, session->buffers,
			 session->buffers + SESSION_MESSAGE_MAX,
			 SESSION_MESSAGE_MAX);
	session->scpi.events = false;
	lab->sessions[number] = session;
	return session;
}

bool session_is_kept_out(struct session *session)
{
	const struct session *holder = session->lab->holder;

	return holder && holder != session_user(session);
}

bool session_is_idle(const struct session *session)
{
	return !session->first && !scpi_is_suspended(&session->scpi);
}

void session_close(struct session *session)
{
	struct lab *lab;

	if (!session)
		return;
	lab = session->lab;
	scpi_abort(&session->scpi);
	lab_timer_stop(lab, &session->advance);
	parts_forget(lab, session);
	while (session->first)
		free(session_take_line(session));
	if (lab->actor == session)
		lab->actor = NULL;
	if (session_find(lab, session->channel) == session)
		lab->sessions[session->channel] = NULL;
	free(session->buffers);
	free(session);
}

void session_command(struct session *session, const char *bytes, size_t length)
{
	size_t size = sizeof(struct session_line) + length;
	struct session_line *line;

	if (size > SESSION_QUEUE_MAX - session->queued) {
		scpi_error(&session->scpi, SCPI_ERR_INPUT_OVERRUN,
			   "%d bytes of lines wait", SESSION_QUEUE_MAX);
		return;
	}
	line = malloc(size);
	if (!line) {
		scpi_error(&session->scpi, SCPI_ERR_OUT_OF_MEMORY, NULL);
		return;
	}
	line->next = NULL;
	line->number = session->lab->loop.lines++;
	line->length = length;
	memcpy(line->bytes, bytes, length);
	if (session->last)
		session->last->next = line;
	else
		session->first = line;
	session->last = line;
	session->queued += size;
}

struct session_line *session_take_line(struct session *session)
{
	struct session_line *line = session->first;

	if (!line)
		return NULL;
	session->first = line->next;
	if (!line->next)
		session->last = NULL;
	session->queued -= sizeof(*line) + line->length;
	return line;
}

void session_begin(struct session *session)
{
	session->operations++;
}

void session_end(struct session *session)
{
	session->operations--;
	session->lab->loop.ended = true;
}
