// SPDX-License-Identifier: GPL-2.0
/*
 * For tests that play a card themselves, see skel_ucard_util.h
 */
#include <sys/prctl.h>

#include "skel_ucard_util.h"

int ucard_open_node(int flags)
{
	return skel_open_module(UCARD_NODE, flags, "skel_ucard");
}

void ucard_describe(struct skel_ucard_create *create)
{
	*create = *UCARD_CREATE(2 * skel_page());
}

int ucard_create(int fd, struct skel_ucard_create *create)
{
	return skel_err(ioctl(fd, SKEL_UCARD_IOC_CREATE, create));
}

int ucard_begin(struct ucard *card, const struct skel_ucard_create *create)
{
	struct skel_ucard_create made = create ? *create : *UCARD_CREATE(2 * skel_page());
	int rc;

	memset(card, 0, sizeof(*card));
	card->fd = ucard_open_node(O_RDWR);
	if (card->fd < 0)
		return card->fd;
	rc = ucard_create(card->fd, &made);
	if (!rc) {
		card->index = made.index;
		card->length = made.memory;
		card->memory = skel_map(card->fd, 0, card->length);
		rc = card->memory ? 0 : -errno;
	}
	if (rc)
		ucard_end(card);
	return rc;
}

void ucard_end(struct ucard *card)
{
	if (card->memory)
		munmap(card->memory, card->length);
	if (card->fd >= 0)
		close(card->fd);
	card->memory = NULL;
	card->fd = -1;
}

int ucard_open(const struct ucard *card, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/skel%d", card->index);
	return skel_err(open(path, flags | O_CLOEXEC));
}

int ucard_user(struct ucard *card)
{
	union ucard_event event;
	int type, fd = ucard_open(card, O_RDWR);

	if (fd < 0)
		return fd;
	type = ucard_next(card, &event);
	if (type == SKEL_UCARD_OPENED)
		return fd;
	close(fd);
	return type < 0 ? type : -EPROTO;
}

int ucard_begin_used(struct ucard *card, const struct skel_ucard_create *create, int *user)
{
	int rc = ucard_begin(card, create);

	if (rc)
		return rc;
	*user = ucard_user(card);
	return *user < 0 ? *user : 0;
}

static bool well_formed(const struct skel_ucard_head *head, size_t left)
{
	const char *bytes = (const char *)head;
	size_t length = head->length, end = UCARD_ALIGN(length);

	/* A result carries the opening of its action, which can be 0. */
	if (left < sizeof(*head) || end > left || head->flags ||
	    (!head->opening && head->type != SKEL_UCARD_RESULT))
		return false;
	/* Nothing of the kernel's may leak in the gap before the next record. */
	if (length < sizeof(*head) || !skel_all(bytes + length, end - length, 0))
		return false;
	switch (head->type) {
	case SKEL_UCARD_OPENED:
	case SKEL_UCARD_CLOSED:
		return length == sizeof(*head);
	case SKEL_UCARD_COMMAND:
		return length < SKEL_UCARD_RECORD_MAX &&
		       !memchr(bytes + sizeof(*head), '\n', length - sizeof(*head));
	case SKEL_UCARD_RESULT:
	case SKEL_UCARD_EXPIRED:
		return length == sizeof(struct skel_ucard_result);
	}
	return false;
}

int ucard_next(struct ucard *card, union ucard_event *event)
{
	const struct skel_ucard_head *head;

	if (card->used == card->have) {
		long n;

		if (!skel_readable(card->fd, SKEL_ANSWER_MS))
			return -ETIMEDOUT;
		n = skel_err(read(card->fd, card->events, sizeof(card->events)));
		if (n <= 0)
			return n ? n : -EIO;
		card->have = n;
		card->used = 0;
	}
	head = (const void *)(card->events + card->used);
	if (!well_formed(head, card->have - card->used))
		return -EPROTO;
	memset(event, 0, sizeof(*event));
	memcpy(event, head, head->length);
	if (head->type == SKEL_UCARD_OPENED && head->channel < ARRAY_SIZE(card->opening))
		card->opening[head->channel] = head->opening;
	card->used += UCARD_ALIGN(head->length);
	return head->type;
}

bool ucard_pending(struct ucard *card, int timeout_ms)
{
	return card->used < card->have || skel_readable(card->fd, timeout_ms);
}

int ucard_drain(struct ucard *card)
{
	union ucard_event event;
	int n = 0;

	for (; ucard_pending(card, 0); n++) {
		int type = ucard_next(card, &event);

		if (type < 0)
			return type;
	}
	return n;
}

int ucard_act(const struct ucard *card, const void *action)
{
	const struct skel_ucard_head *head = action;
	long n = skel_err(write(card->fd, action, head->length));

	return n < 0 ? n : n == head->length ? 0 : -EIO;
}

static __u32 opening_of(const struct ucard *card, __u32 channel)
{
	return channel < ARRAY_SIZE(card->opening) ? card->opening[channel] : 1;
}

void ucard_fill_reply(const struct ucard *card, union ucard_action *action,
		      __u32 channel, const void *bytes, size_t length)
{
	memset(action, 0, sizeof(*action));
	action->head = (struct skel_ucard_head) {
		.length = sizeof(action->head) + length,
		.type = SKEL_UCARD_REPLY,
		.channel = channel,
		.opening = opening_of(card, channel),
	};
	memcpy(action->bytes + sizeof(action->head), bytes, length);
}

int ucard_reply(const struct ucard *card, __u32 channel, const char *line)
{
	union ucard_action action;
	char bytes[SKEL_LINE_MAX + 1];
	int length = snprintf(bytes, sizeof(bytes), "%s\n", line);

	ucard_fill_reply(card, &action, channel, bytes, length);
	return ucard_act(card, &action);
}

void ucard_fill_request(const struct ucard *card, union ucard_action *action,
			__u16 flags, __u32 channel, __u32 dir, __u64 card_addr,
			__u64 bytes, __u64 host)
{
	memset(action, 0, sizeof(*action));
	action->request = (struct skel_ucard_request) {
		.head = {
			.length = sizeof(action->request),
			.type = SKEL_UCARD_REQUEST,
			.flags = flags,
			.channel = channel,
			.opening = opening_of(card, channel),
		},
		.card_addr = card_addr,
		.host_addr = host,
		.bytes = bytes,
		.dir = dir,
	};
}

void ucard_fill_transfer(union ucard_action *action, __u16 type, __u64 id,
			 __u64 moved, __u32 error)
{
	memset(action, 0, sizeof(*action));
	action->transfer = (struct skel_ucard_transfer) {
		.head = { .length = sizeof(action->transfer), .type = type },
		.id = id,
		.moved = moved,
		.error = error,
	};
}

void ucard_add(struct ucard_batch *batch, const union ucard_action *action)
{
	size_t length = UCARD_ALIGN(action->head.length);

	if (batch->length + length > sizeof(batch->bytes))
		abort();
	memcpy(batch->bytes + batch->length, action, length);
	batch->length += length;
}

/* The members that a result shares with its action are the same. */
static int act(struct ucard *card, union ucard_action *action, __u64 *id)
{
	union ucard_event event;
	int rc;

	action->request.tag = ++card->tag;
	rc = ucard_act(card, action) ?: ucard_next(card, &event);
	if (rc < 0)
		return rc;
	if (rc != SKEL_UCARD_RESULT || event.result.tag != card->tag ||
	    event.result.action != action->head.type ||
	    event.head.channel != action->head.channel ||
	    event.head.opening != action->head.opening ||
	    event.result.error > 0)
		return -EPROTO;
	*id = event.result.id;
	return event.result.error;
}

int ucard_request(struct ucard *card, __u16 flags, __u32 channel, __u32 dir,
		  __u64 card_addr, __u64 bytes, __u64 host, __u64 *id)
{
	union ucard_action action;
	__u64 got = 0;
	int rc;

	ucard_fill_request(card, &action, flags, channel, dir, card_addr, bytes, host);
	rc = act(card, &action, &got);
	/* There is an id if, and only if, the transfer was granted. */
	if (rc != -ENOENT && !rc != !!got)
		return -EPROTO;
	if (id)
		*id = got;
	return rc;
}

static int step(struct ucard *card, __u16 type, __u64 id, __u64 moved, __u32 error)
{
	union ucard_action action;
	__u64 got = id;
	int rc;

	ucard_fill_transfer(&action, type, id, moved, error);
	rc = act(card, &action, &got);
	return got == id ? rc : -EPROTO;
}

int ucard_move(struct ucard *card, __u64 id)
{
	return step(card, SKEL_UCARD_MOVE, id, 0, 0);
}

int ucard_complete(struct ucard *card, __u64 id, __u64 moved, __u32 error)
{
	return step(card, SKEL_UCARD_COMPLETE, id, moved, error);
}

int ucard_command(struct ucard *card, int user, const char *line)
{
	union ucard_event event;
	int rc = skel_send(user, "%s", line) ?: ucard_next(card, &event);

	if (rc < 0)
		return rc;
	return rc == SKEL_UCARD_COMMAND && !strcmp(line, event.line) ? 0 : -EPROTO;
}

pid_t ucard_hand_over(struct ucard *card, int (*play)(struct ucard *card))
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		munmap(card->memory, card->length);
		card->memory = NULL;
		if (play)
			_exit(play(card));
		for (;;)
			pause();
	}
	if (pid > 0)
		ucard_end(card);
	return pid;
}

int ucard_echo(struct ucard *card)
{
	union ucard_event event;

	for (;;) {
		struct pollfd p = { .fd = card->fd, .events = POLLIN };
		int type;

		if (card->used == card->have && poll(&p, 1, -1) != 1)
			return 1;
		type = ucard_next(card, &event);
		if (type < 0)
			return 2;
		if (type == SKEL_UCARD_COMMAND &&
		    ucard_reply(card, event.head.channel, event.line))
			return 3;
	}
}

int ucard_events(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}
