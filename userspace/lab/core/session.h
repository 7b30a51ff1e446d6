/* SPDX-License-Identifier: GPL-2.0 */
/*
 * session.h - a user of the instrument: a channel of the card, or a connection
 */
#ifndef _LAB_SESSION_H
#define _LAB_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/timebase.h"
#include "scpi/scpi.h"

#define SESSION_QUEUE_MAX	1048576	/* bytes queued while the session is busy */
#define SESSION_MESSAGE_MAX	262144	/* bytes of a connection's messages and responses */
#define SESSION_TRANSFERS_MAX	64	/* of TOHOST and FROMHOST, running */

struct session {
	struct lab *lab;
	unsigned int channel;	/* of the card, if below LAB_CHANNELS */
	struct scpi scpi;
	struct session *user;	/* whose program this is of; NULL: a user itself */
	bool keeps;		/* what it samples goes on after it has closed */
	bool saves;		/* asks for settings, whatever their effect is: *SAV */
	unsigned int operations;	/* running ones: transfers, programs, ... */

	/* private to core/ */
	struct session_line *first, *last;
	size_t queued;			/* bytes, each line with its administration */
	char *buffers;			/* of @scpi, if it has no channel */
	/* where its replies go, if not to the card, and whose they are */
	void (*write)(struct session *session, const char *bytes, size_t length);
	void *owner;

	/* private to parts/transfer.c */
	uint32_t speed;			/* bytes per second, 0: at once */
	struct session_transfer *transfers;
	unsigned int transfer_count;

	struct lab_timer advance;	/* private to commands/system.c */
};

/* The session that a handler runs for */
static inline struct session *scpi_session(const struct scpi *scpi)
{
	return (struct session *)scpi->priv;
}

static inline struct lab *scpi_lab(const struct scpi *scpi)
{
	return scpi_session(scpi)->lab;
}

/*
 * A session with a number that no other one has, or with that of another one, to
 * make transfers for it. NULL: no memory.
 */
struct session *session_new(struct lab *lab, unsigned int channel);
/*
 * A connection: a session without a channel, so without transfers, whose messages
 * and responses may have SESSION_MESSAGE_MAX bytes. It gets no events unless it
 * asks for them. The caller sets its write() and owner.
 * NULL with errno: ENOMEM, or EUSERS: there are LAB_CLIENTS of them.
 */
struct session *session_connect(struct lab *lab);
/* The user that a session acts for */
static inline struct session *session_user(struct session *session)
{
	return session->user ? session->user : session;
}

/* Has another user reserved the sampling? */
bool session_is_kept_out(struct session *session);

/* Has everything been carried out that was sent to it? */
bool session_is_idle(const struct session *session);
/* NULL: no memory, or no such channel. An open session is closed first. */
struct session *session_open(struct lab *lab, unsigned int channel);
/* Ends everything that runs for it. NULL: nothing happens. */
void session_close(struct session *session);
/* NULL: the channel is not open. */
struct session *session_find(struct lab *lab, unsigned int channel);
/*
 * A command line without its '\n', any bytes. lab_step() runs it when its turn
 * comes. Beyond SESSION_QUEUE_MAX it is error -363.
 */
void session_command(struct session *session, const char *line, size_t length);
/* An overlapped operation of the session (*OPC, *WAI) begins and ends. */
void session_begin(struct session *session);
void session_end(struct session *session);

#endif /* _LAB_SESSION_H */
