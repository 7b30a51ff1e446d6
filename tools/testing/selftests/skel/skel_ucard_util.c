// SPDX-License-Identifier: GPL-2.0
/*
 * A test that plays a card itself: what the tests of skel_ucard share
 */
#include <sys/prctl.h>

#include "skel_ucard_util.h"

int ucard_open_node(int flags)
{
	return skel_open_module(UCARD_NODE, flags, "skel_ucard");
}

void ucard_describe(struct skel_ucard_create *create)
{
	*create = (struct skel_ucard_create) {
		.size = sizeof(*create),
		.flags = UCARD_BOTH,
		.name = "test card",
		.memory = 2 * skel_page(),
		.channels = 2,
		.transfers = 2,
	};
}

int ucard_create(int fd, struct skel_ucard_create *create)
{
	return skel_err(ioctl(fd, SKEL_UCARD_IOC_CREATE, create));
}

int ucard_begin(struct ucard *card, struct skel_ucard_create *create)
{
	struct skel_ucard_create standard;
	int rc;

	if (!create) {
		ucard_describe(&standard);
		create = &standard;
	}
	memset(card, 0, sizeof(*card));
	card->fd = ucard_open_node(O_RDWR);
	if (card->fd < 0)
		return card->fd;
	rc = ucard_create(card->fd, create);
	if (rc) {
		close(card->fd);
		return rc;
	}
	card->index = create->index;
	card->length = create->memory;
	card->memory = skel_map(card->fd, 0, card->length);
	return card->memory ? 0 : -errno;
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

static bool well_formed(const struct skel_ucard_head *head, size_t left)
{
	const char *bytes = (const char *)head;
	size_t length = head->length, end = UCARD_ALIGN(length);
	bool fits;

	if (left < sizeof(*head) || end > left || head->flags)
		return false;
	/* Of results it is what the action had. */
	if (!head->opening && head->type != SKEL_UCARD_RESULT)
		return false;
	switch (head->type) {
	case SKEL_UCARD_OPENED:
	case SKEL_UCARD_CLOSED:
		fits = length == sizeof(*head);
		break;
	case SKEL_UCARD_COMMAND:
		fits = length >= sizeof(*head) && length < SKEL_UCARD_RECORD_MAX &&
		       !memchr(bytes + sizeof(*head), '\n', length - sizeof(*head));
		break;
	case SKEL_UCARD_RESULT:
	case SKEL_UCARD_EXPIRED:
		fits = length == sizeof(struct skel_ucard_result);
		break;
	default:
		fits = false;
	}
	/* Nothing of the kernel's is in the gap before the next one. */
	return fits && skel_all(bytes + length, end - length, 0);
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

/* Carry it out; the result of an action says the same as the action. */
static int act(struct ucard *card, union ucard_action *action, __u64 *id)
{
	union ucard_event event;
	int rc;

	action->request.tag = ++card->tag;
	rc = ucard_act(card, action);
	if (rc)
		return rc;
	rc = ucard_next(card, &event);
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
	/* An id is given exactly to what was granted. */
	if (rc != -ENOENT && !rc != !!got)
		return -EPROTO;
	if (id)
		*id = got;
	return rc;
}

static int act_on(struct ucard *card, union ucard_action *action)
{
	__u64 got = action->transfer.id;
	int rc = act(card, action, &got);

	return got == action->transfer.id ? rc : -EPROTO;
}

int ucard_move(struct ucard *card, __u64 id)
{
	union ucard_action action;

	ucard_fill_transfer(&action, SKEL_UCARD_MOVE, id, 0, 0);
	return act_on(card, &action);
}

int ucard_complete(struct ucard *card, __u64 id, __u64 moved, __u32 error)
{
	union ucard_action action;

	ucard_fill_transfer(&action, SKEL_UCARD_COMPLETE, id, moved, error);
	return act_on(card, &action);
}

int ucard_command(struct ucard *card, int user, const char *line)
{
	union ucard_event event;
	int rc = skel_send(user, "%s", line);

	if (rc)
		return rc;
	rc = ucard_next(card, &event);
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

bool ucard_wait_asleep(pid_t tid)
{
	char path[64], stat[256];

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	for (int i = 0; i < SKEL_ANSWER_MS; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1);
		const char *state;

		if (fd >= 0)
			close(fd);
		if (n <= 0)
			return false;
		stat[n] = '\0';
		state = strrchr(stat, ')');
		if (state && state[1] && strchr("STD", state[2]))
			return true;
		skel_sleep_ms(1);
	}
	return false;
}

int ucard_events(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}
