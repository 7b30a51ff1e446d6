/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For tests that play a card themselves: the API of /dev/skel-ucard as functions
 * that return 0 or a positive result, or a negative errno
 */
#ifndef SKEL_UCARD_UTIL_H
#define SKEL_UCARD_UTIL_H

#include <linux/skel_ucard.h>

#include "skel_util.h"

#define UCARD_NODE	"/dev/skel-ucard"
#define UCARD_BOTH	(SKEL_UCARD_TOHOST | SKEL_UCARD_FROMHOST)

/* Where the record that follows one of this length begins */
#define UCARD_ALIGN(n)	(((size_t)(n) + 7) & ~(size_t)7)

/* The two directions of a request */
enum { UCARD_DIR_TOHOST, UCARD_DIR_FROMHOST };

/*
 * The preamble of fixtures and tests, @_rc being what ucard_open_node() or
 * ucard_begin() returned: where nobody can play a card the test is skipped and
 * @_statement, usually return, leaves it.
 */
#define UCARD_OR_SKIP(_statement, _rc) do {				\
	const int ucard_rc = (_rc);					\
									\
	if (ucard_rc == -ENOENT || ucard_rc == -EACCES)			\
		SKIP(_statement, "%s", ucard_rc == -EACCES ? "must be root" :	\
		     "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");	\
	ASSERT_LE(0, ucard_rc);						\
} while (0)

/*
 * The description of a card with two channels, two transfers at once, both
 * directions, unless the arguments, which initialize members, say otherwise
 */
#define UCARD_CREATE(_memory, ...) (&(struct skel_ucard_create) {	\
	.size = sizeof(struct skel_ucard_create), .flags = UCARD_BOTH,	\
	.name = "test card", .memory = (_memory),			\
	.channels = 2, .transfers = 2, ##__VA_ARGS__			\
})

struct ucard {
	int fd;			/* of the program */
	int index;		/* N of /dev/skelN */
	size_t length;		/* of the card's memory */
	__u8 *memory;		/* mapped by the program */
	__u64 tag;		/* of the last action */
	__u32 opening[16];	/* of each channel, from the events read so far */

	/* Read, but not yet returned by ucard_next() */
	size_t have;
	size_t used;
	union {
		char events[16384];
		__u64 align;
	};
};

union ucard_event {
	struct skel_ucard_head head;
	struct skel_ucard_result result;
	struct {
		struct skel_ucard_head line_head;
		char line[SKEL_LINE_MAX];	/* NUL-terminated */
	};
};

union ucard_action {
	struct skel_ucard_head head;
	struct skel_ucard_request request;
	struct skel_ucard_transfer transfer;
	char bytes[UCARD_ALIGN(SKEL_UCARD_RECORD_MAX) + 8];
};

/* Several actions for one write() */
struct ucard_batch {
	size_t length;
	char bytes[16384];
};

/* Loads the driver if need be. -ENOENT: there is none, -EACCES: not root */
int ucard_open_node(int flags);
/* As UCARD_CREATE() does, with two pages of memory */
void ucard_describe(struct skel_ucard_create *create);
int ucard_create(int fd, struct skel_ucard_create *create);
/* Open, create (as ucard_describe() says if @create is NULL), and map the memory. */
int ucard_begin(struct ucard *card, const struct skel_ucard_create *create);
/* Unmap and close, which unplugs the card unless another process has its file. */
void ucard_end(struct ucard *card);
/* A user opens the card; ucard_user() also reads the event of the opening. */
int ucard_open(const struct ucard *card, int flags);
int ucard_user(struct ucard *card);
/* ucard_begin() and ucard_user() */
int ucard_begin_used(struct ucard *card, const struct skel_ucard_create *create, int *user);

/* The type of the next event, or -EPROTO if that is not well-formed */
int ucard_next(struct ucard *card, union ucard_event *event);
/* Is there an event, or does one come within the time? */
bool ucard_pending(struct ucard *card, int timeout_ms);
/* Discard the pending events; returns their number. */
int ucard_drain(struct ucard *card);

/* One write() of one action: 0, or -EIO if it was taken in part */
int ucard_act(const struct ucard *card, const void *action);
int ucard_reply(const struct ucard *card, __u32 channel, const char *line);
/* For the latest user of the channel that the program has read of */
void ucard_fill_reply(const struct ucard *card, union ucard_action *action,
		      __u32 channel, const void *bytes, size_t length);
void ucard_fill_request(const struct ucard *card, union ucard_action *action,
			__u16 flags, __u32 channel, __u32 dir, __u64 card_addr,
			__u64 bytes, __u64 host);
void ucard_fill_transfer(union ucard_action *action, __u16 type, __u64 id,
			 __u64 moved, __u32 error);
void ucard_add(struct ucard_batch *batch, const union ucard_action *action);

/*
 * Carry out the action and return the error of its result, which must be the
 * next event. -EPROTO: it is not, or it does not match the action.
 */
int ucard_request(struct ucard *card, __u16 flags, __u32 channel, __u32 dir,
		  __u64 card_addr, __u64 bytes, __u64 host, __u64 *id);
int ucard_move(struct ucard *card, __u64 id);
int ucard_complete(struct ucard *card, __u64 id, __u64 moved, __u32 error);

/* The user sends this line and the program receives it, or -errno. */
int ucard_command(struct ucard *card, int user, const char *line);

/*
 * Fork a child that keeps the program's file while the caller gives it up. The
 * child runs @play if that is not NULL, and does not outlive the caller.
 */
pid_t ucard_hand_over(struct ucard *card, int (*play)(struct ucard *card));
/* For @play: echo commands until the end. */
int ucard_echo(struct ucard *card);

/* poll() without waiting: revents, or -errno */
int ucard_events(int fd);

#endif /* SKEL_UCARD_UTIL_H */
