// SPDX-License-Identifier: GPL-2.0
/*
 * ucard.c - the instrument's card: /dev/skel-ucard
 *
 * One read() takes many events, one write() passes on all resulting actions.
 * The protocol is described in linux/skel_ucard.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <syslog.h>
#include <unistd.h>

#include <linux/skel_ucard.h>

#include "card/slots.h"
#include "card/ucard.h"
#include "log.h"

#define UCARD_BUFFER	65536

struct ucard {
	struct lab_card card;
	int fd;
	unsigned int index;
	struct card_slots slots;
	size_t out_length;
	uint64_t lost;		/* replies */
	uint32_t opening[LAB_CHANNELS];	/* of each channel, from its events */
	/* aligned as the structures in them */
	alignas(8) char in[UCARD_BUFFER];
	alignas(8) char out[UCARD_BUFFER];
};

static struct ucard *of(struct lab_card *card)
{
	return lab_container_of(card, struct ucard, card);
}

static size_t padded(size_t length)
{
	return (length + 7) & ~(size_t)7;
}

static const struct skel_ucard_head *head_at(const char *buffer, size_t at)
{
	return (const void *)(buffer + at);
}

/* --- actions --------------------------------------------------------- */

static bool is_transfer(const struct skel_ucard_head *head)
{
	return head->type != SKEL_UCARD_REPLY;
}

static bool has_answer(const struct skel_ucard_head *head)
{
	return is_transfer(head) && !(head->flags & SKEL_UCARD_QUIET);
}

/* The kernel has taken the first @length bytes of the actions. */
static void sent(struct ucard *ucard, size_t length)
{
	size_t at = 0;

	while (at < length) {
		const struct skel_ucard_head *head = head_at(ucard->out, at);

		ucard->card.queued -= is_transfer(head);
		ucard->card.awaited += has_answer(head);
		at += padded(head->length);
	}
	ucard->out_length -= at;
	memmove(ucard->out, ucard->out + at, ucard->out_length);
}

/*
 * The kernel has rejected the first action, which is a bug of this program. The
 * slot of a transfer stays in use until its channel is closed.
 */
static void drop_first(struct ucard *ucard)
{
	const struct skel_ucard_head *head = head_at(ucard->out, 0);
	size_t length = padded(head->length);

	lab_log(LOG_ERR, "card: action %u of %u bytes: %s", head->type,
		head->length, strerror(errno));
	ucard->card.queued -= is_transfer(head);
	ucard->out_length -= length;
	memmove(ucard->out, ucard->out + length, ucard->out_length);
}

static void ucard_flush(struct lab_card *card)
{
	struct ucard *ucard = of(card);

	while (ucard->out_length) {
		ssize_t n = write(ucard->fd, ucard->out, ucard->out_length);

		if (n > 0) {
			sent(ucard, n);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOMEM)
			return;	/* read events first, or try again */
		drop_first(ucard);
	}
}

/*
 * Room for an action for the current user of the channel, zeroed but for its
 * head; NULL: there is none.
 */
static void *add_action(struct ucard *ucard, unsigned int channel,
			uint16_t type, size_t length)
{
	size_t room = padded(length);
	struct skel_ucard_head *head;

	if (UCARD_BUFFER - ucard->out_length < room)
		ucard_flush(&ucard->card);
	if (UCARD_BUFFER - ucard->out_length < room)
		return NULL;
	head = (void *)(ucard->out + ucard->out_length);
	memset(head, 0, room);
	head->length = length;
	head->type = type;
	head->channel = channel;
	/* commands of the configuration have no channel */
	if (channel < LAB_CHANNELS)
		head->opening = ucard->opening[channel];
	ucard->out_length += room;
	return head;
}

static void ucard_reply(struct lab_card *card, unsigned int channel,
			const char *bytes, size_t length)
{
	struct ucard *ucard = of(card);
	struct skel_ucard_head *head;

	if (!length || length > SKEL_LINE_MAX)
		return;
	head = add_action(ucard, channel, SKEL_UCARD_REPLY,
			  sizeof(*head) + length);
	if (!head) {
		if (!ucard->lost++)
			lab_log(LOG_WARNING, "card: losing replies");
		return;
	}
	memcpy(head + 1, bytes, length);
}

static int ucard_transfer(struct lab_card *card,
			  const struct lab_transfer *transfer)
{
	struct ucard *ucard = of(card);
	struct skel_ucard_request *request;
	uint64_t tag;

	if (!card_slot_take(&ucard->slots, transfer, &tag))
		return -ENOMEM;
	request = add_action(ucard, transfer->channel, SKEL_UCARD_REQUEST,
			     sizeof(*request));
	if (!request) {
		card_slot_find(&ucard->slots, tag)->used = false;
		return -ENOMEM;
	}
	request->head.flags = transfer->granted ? 0 : SKEL_UCARD_AT_ONCE;
	request->tag = tag;
	request->card_addr = transfer->card_addr;
	request->host_addr = transfer->host_addr;
	request->bytes = transfer->length;
	request->dir = transfer->dir == LAB_FROMHOST;
	card->queued++;
	return 0;
}

static bool add_end(struct ucard *ucard, struct card_slot *slot, uint64_t tag,
		    uint16_t type, uint16_t flags)
{
	struct skel_ucard_transfer *action;

	action = add_action(ucard, slot->transfer.channel, type,
			    sizeof(*action));
	if (!action)
		return false;
	action->head.flags = flags;
	action->tag = tag;
	action->id = slot->id;
	if (type == SKEL_UCARD_COMPLETE)
		action->moved = slot->transfer.length;
	ucard->card.queued++;
	return true;
}

static void ucard_finish(struct lab_card *card, uint64_t grant)
{
	struct ucard *ucard = of(card);
	struct card_slot *slot = card_slot_find(&ucard->slots, grant);

	if (!slot || !slot->id || slot->finished)
		return;
	slot->finished = true;
	/* if there is no room, the kernel's timeout ends the transfer */
	if (add_end(ucard, slot, grant, SKEL_UCARD_MOVE, SKEL_UCARD_QUIET))
		add_end(ucard, slot, grant, SKEL_UCARD_COMPLETE, 0);
}

static void ucard_forget(struct lab_card *card, void *arg)
{
	card_slots_forget(&of(card)->slots, arg);
}

static const struct lab_card_ops ucard_ops = {
	.reply = ucard_reply,
	.transfer = ucard_transfer,
	.finish = ucard_finish,
	.forget = ucard_forget,
	.flush = ucard_flush,
};

/* --- events ---------------------------------------------------------- */

static void on_result(struct ucard *ucard, const struct skel_ucard_result *r)
{
	struct card_slot *slot = card_slot_find(&ucard->slots, r->tag);

	if (r->head.type == SKEL_UCARD_EXPIRED) {
		if (slot)
			card_slot_end(slot, -ETIMEDOUT);
		return;
	}
	if (r->action == SKEL_UCARD_MOVE)
		return;	/* COMPLETE reports the failure once more */
	if (ucard->card.awaited)
		ucard->card.awaited--;
	if (r->action == SKEL_UCARD_REQUEST && r->error &&
	    r->error != -ENOTCONN)
		ucard->card.refused++;
	if (!slot)
		return;
	if (r->action != SKEL_UCARD_REQUEST || r->error ||
	    !slot->transfer.granted) {
		card_slot_end(slot, r->error);
		return;
	}
	slot->id = r->id;
	slot->transfer.granted(slot->transfer.arg, r->tag);
}

static void on_event(struct ucard *ucard, struct lab *lab,
		     const struct skel_ucard_head *head)
{
	size_t length = head->length - sizeof(*head);
	struct session *session = session_find(lab, head->channel);

	switch (head->type) {
	case SKEL_UCARD_OPENED:
		if (head->channel < LAB_CHANNELS)
			ucard->opening[head->channel] = head->opening;
		lab_log(LOG_DEBUG, "channel %u: opened", head->channel);
		if (!session_open(lab, head->channel))
			lab_log(LOG_ERR, "channel %u: no memory", head->channel);
		break;
	case SKEL_UCARD_CLOSED:
		lab_log(LOG_DEBUG, "channel %u: closed", head->channel);
		card_slots_close(&ucard->slots, head->channel);
		session_close(session);
		break;
	case SKEL_UCARD_COMMAND:
		if (session)
			session_command(session, (const char *)(head + 1), length);
		break;
	case SKEL_UCARD_RESULT:
	case SKEL_UCARD_EXPIRED:
		if (head->length >= sizeof(struct skel_ucard_result))
			on_result(ucard, (const void *)head);
		break;
	}
}

int ucard_read(struct ucard *ucard, struct lab *lab)
{
	ssize_t n = read(ucard->fd, ucard->in, sizeof(ucard->in));
	size_t at = 0, left;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	while ((left = n - at) >= sizeof(struct skel_ucard_head)) {
		const struct skel_ucard_head *head = head_at(ucard->in, at);

		if (head->length < sizeof(*head) || head->length > left) {
			errno = EPROTO;
			return -1;
		}
		on_event(ucard, lab, head);
		if (padded(head->length) >= left)
			break;
		at += padded(head->length);
	}
	return 0;
}

/* --- the card itself ------------------------------------------------- */

static int create_card(struct ucard *ucard,
		       const struct ucard_settings *settings, const char **what)
{
	struct skel_ucard_create create = {
		.size = sizeof(create),
		.flags = SKEL_UCARD_TOHOST | SKEL_UCARD_FROMHOST,
		.memory = settings->memory,
		.channels = LAB_CHANNELS,
		.transfers = 4,
	};

	*what = "open";
	ucard->fd = open(settings->device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (ucard->fd < 0)
		return -1;
	strncpy(create.name, settings->name, sizeof(create.name) - 1);
	*what = "cannot create the card";
	if (ioctl(ucard->fd, SKEL_UCARD_IOC_CREATE, &create))
		return -1;
	ucard->index = create.index;
	*what = "cannot map the card's memory";
	ucard->card.memory = mmap(NULL, create.memory, PROT_READ | PROT_WRITE,
				  MAP_SHARED, ucard->fd, 0);
	if (ucard->card.memory == MAP_FAILED) {
		ucard->card.memory = NULL;
		return -1;
	}
	ucard->card.size = create.memory;
	return 0;
}

struct ucard *ucard_create(const struct ucard_settings *settings,
			   const char **what)
{
	struct ucard *ucard = calloc(1, sizeof(*ucard));
	int error;

	*what = "no memory";
	if (!ucard)
		return NULL;
	ucard->fd = -1;
	ucard->card.ops = &ucard_ops;
	if (!create_card(ucard, settings, what))
		return ucard;
	error = errno;
	ucard_destroy(ucard);
	errno = error;
	return NULL;
}

void ucard_destroy(struct ucard *ucard)
{
	if (ucard->card.memory)
		munmap(ucard->card.memory, ucard->card.size);
	if (ucard->fd >= 0)
		close(ucard->fd);
	free(ucard);
}

struct lab_card *ucard_card(struct ucard *ucard)
{
	return &ucard->card;
}

int ucard_fd(const struct ucard *ucard)
{
	return ucard->fd;
}

unsigned int ucard_index(const struct ucard *ucard)
{
	return ucard->index;
}

bool ucard_is_full(const struct ucard *ucard)
{
	return ucard->out_length > 0;
}
