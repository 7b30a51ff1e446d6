/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A test that plays a card itself: the API of /dev/skel-ucard as functions that
 * return 0 or a positive result, or a negative errno
 */
#ifndef SKEL_UCARD_UTIL_H
#define SKEL_UCARD_UTIL_H

#include <linux/skel_ucard.h>

#include "skel_test.h"

#define UCARD_NODE	"/dev/skel-ucard"
#define UCARD_BOTH	(SKEL_UCARD_TOHOST | SKEL_UCARD_FROMHOST)

/* Where an event or an action begins that follows one of this length */
#define UCARD_ALIGN(n)	(((size_t)(n) + 7) & ~(size_t)7)

/* The two directions of a request */
enum { UCARD_DIR_TOHOST, UCARD_DIR_FROMHOST };

struct ucard {
	int fd;			/* of the program */
	int index;		/* N of /dev/skelN */
	size_t length;		/* of the card's memory */
	__u8 *memory;		/* mapped by the program */
	__u64 tag;		/* of the last action */
	__u32 opening[16];	/* of each channel, as the events say */

	/* Read, and not yet taken by ucard_next() */
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
		char line[SKEL_LINE_MAX];	/* a NUL follows */
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

/* The driver is loaded if need be; -ENOENT: there is none, -EACCES: not root. */
int ucard_open_node(int flags);
/* A card of two pages, two channels, two transfers at once, both directions */
void ucard_describe(struct skel_ucard_create *create);
int ucard_create(int fd, struct skel_ucard_create *create);
/* Open, create (as described above if @create is NULL), and map the memory. */
int ucard_begin(struct ucard *card, struct skel_ucard_create *create);
/* Unmap and close: the card is unplugged unless somebody else holds its file. */
void ucard_end(struct ucard *card);
/* A user opens the card; ucard_user() also waits until the program knows it. */
int ucard_open(const struct ucard *card, int flags);
int ucard_user(struct ucard *card);

/* The next event: its type. One that is not well-formed is -EPROTO. */
int ucard_next(struct ucard *card, union ucard_event *event);
/* Is an event there, or does one come within the time? */
bool ucard_pending(struct ucard *card, int timeout_ms);
/* Throw away the events that are there; how many they were. */
int ucard_drain(struct ucard *card);

/* One write() of one action: 0, or -EIO if it was taken in part */
int ucard_act(const struct ucard *card, const void *action);
int ucard_reply(const struct ucard *card, __u32 channel, const char *line);
/* For the user of the channel of whom the program has read last */
void ucard_fill_reply(const struct ucard *card, union ucard_action *action,
		      __u32 channel, const void *bytes, size_t length);
void ucard_fill_request(const struct ucard *card, union ucard_action *action,
			__u16 flags, __u32 channel, __u32 dir, __u64 card_addr,
			__u64 bytes, __u64 host);
void ucard_fill_transfer(union ucard_action *action, __u16 type, __u64 id,
			 __u64 moved, __u32 error);
void ucard_add(struct ucard_batch *batch, const union ucard_action *action);

/*
 * Do it and return the error of its result, which must be the next event.
 * -EPROTO: it is another one, or does not belong to the action.
 */
int ucard_request(struct ucard *card, __u16 flags, __u32 channel, __u32 dir,
		  __u64 card_addr, __u64 bytes, __u64 host, __u64 *id);
int ucard_move(struct ucard *card, __u64 id);
int ucard_complete(struct ucard *card, __u64 id, __u64 moved, __u32 error);

/* The user sends this line and the program gets it, or -errno. */
int ucard_command(struct ucard *card, int user, const char *line);

/*
 * A child that keeps the program's file while the caller gives it up; it runs
 * @play if that is not NULL, and dies with the caller at the latest.
 */
pid_t ucard_hand_over(struct ucard *card, int (*play)(struct ucard *card));
/* For @play: echo commands until the end. */
int ucard_echo(struct ucard *card);

/* Is the task (of any process) asleep? Waits for it, for a bounded time. */
bool ucard_wait_asleep(pid_t tid);
/* poll() without waiting: revents, or -errno */
int ucard_events(int fd);

#endif /* SKEL_UCARD_UTIL_H */
