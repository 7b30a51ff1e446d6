// SPDX-License-Identifier: GPL-2.0
/*
 * ucard_event.c - from the card's users to the program that plays it
 *
 * A callback posts an event, read() takes it. What the program does not take in
 * time expires.
 */

#include <linux/cleanup.h>
#include <linux/device/faux.h>
#include <linux/jiffies.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "ucard.h"

struct skel_ucard_chan *skel_ucard_chan(struct skel_ucard *ucard, u32 nr)
{
	lockdep_assert_held(&ucard->lock);
	if (nr >= ucard->channels)
		return NULL;
	return &ucard->chans[array_index_nospec(nr, ucard->channels)];
}

static void skel_ucard_post(struct skel_ucard *ucard, struct skel_ucard_msg *msg)
{
	lockdep_assert_held(&ucard->lock);
	list_add_tail(&msg->node, &ucard->events);
	wake_up_interruptible_poll(&ucard->file->wait, EPOLLIN | EPOLLRDNORM);
}

/* @msg is allocated, and freed once the program has read it. */
void skel_ucard_post_result(struct skel_ucard *ucard, struct skel_ucard_msg *msg)
{
	ucard->results++;
	skel_ucard_post(ucard, msg);
}

static bool skel_ucard_queued(const struct skel_ucard_msg *msg)
{
	return !list_empty(&msg->node);
}

/* The event has been read, or does not matter any more. */
void skel_ucard_drop(struct skel_ucard *ucard, struct skel_ucard_msg *msg)
{
	lockdep_assert_held(&ucard->lock);
	list_del_init(&msg->node);
	switch (msg->type) {
	case SKEL_UCARD_COMMAND:
		kfree(msg->line);
		msg->line = NULL;
		skel_command_ready(ucard->card, msg->channel);
		break;
	case SKEL_UCARD_RESULT:
	case SKEL_UCARD_EXPIRED:
		ucard->results--;
		kfree(msg);
		wake_up_interruptible_poll(&ucard->file->wait, EPOLLOUT | EPOLLWRNORM);
		break;
	}
}

/* The granted transfer has ended. */
void skel_ucard_forget(struct skel_ucard *ucard, struct skel_ucard_msg *msg)
{
	lockdep_assert_held(&ucard->lock);
	list_del(&msg->node);
	ucard->nr_granted--;
	kfree(msg);
}

int skel_ucard_open(struct skel_card *card, u32 nr)
{
	struct skel_ucard *ucard = skel_card_priv(card);
	struct skel_ucard_chan *chan = &ucard->chans[nr];

	guard(mutex)(&ucard->lock);
	chan->opened.opening = chan->opening;
	chan->command.opening = chan->opening;
	skel_ucard_post(ucard, &chan->opened);
	return 0;
}

void skel_ucard_close(struct skel_card *card, u32 nr)
{
	struct skel_ucard *ucard = skel_card_priv(card);
	struct skel_ucard_chan *chan = &ucard->chans[nr];
	struct skel_ucard_msg *msg, *next;

	guard(mutex)(&ucard->lock);
	if (skel_ucard_queued(&chan->command))
		skel_ucard_drop(ucard, &chan->command);
	/* The core has ended its transfers. */
	list_for_each_entry_safe(msg, next, &ucard->granted, node) {
		if (msg->channel == nr)
			skel_ucard_forget(ucard, msg);
	}
	if (skel_ucard_queued(&chan->opened)) {
		skel_ucard_drop(ucard, &chan->opened);
	} else {
		chan->closed.opening = chan->opening;
		skel_ucard_post(ucard, &chan->closed);
	}
	/* Not in open: the core has published the channel before that. */
	if (!++chan->opening)
		chan->opening = 1;
}

int skel_ucard_command(struct skel_card *card, u32 nr, char *line, size_t len)
{
	struct skel_ucard *ucard = skel_card_priv(card);
	struct skel_ucard_msg *msg = &ucard->chans[nr].command;

	guard(mutex)(&ucard->lock);
	if (skel_ucard_queued(msg))
		return -EAGAIN;
	if (ucard->stalled) {
		skel_reply(card, nr, "ERROR timeout");
		return 0;
	}
	msg->line = kmemdup(line, len, GFP_KERNEL);
	if (!msg->line) {
		skel_reply(card, nr, "ERROR memory");
		return 0;
	}
	msg->len = len;
	msg->deadline = jiffies + ucard->timeout;
	skel_ucard_post(ucard, msg);
	schedule_delayed_work(&ucard->watchdog, ucard->timeout);
	return 0;
}

static void skel_ucard_expire_command(struct skel_ucard *ucard,
				      struct skel_ucard_msg *msg)
{
	struct device *dev = &ucard->faux->dev;

	if (!ucard->stalled)
		dev_warn_ratelimited(dev, "the program does not read its commands\n");
	ucard->stalled = true;
	/* In this order: the user must not see it waiting after the reply. */
	skel_ucard_drop(ucard, msg);
	skel_reply(ucard->card, msg->channel, "ERROR timeout");
}

void skel_ucard_watchdog(struct work_struct *work)
{
	struct skel_ucard *ucard = container_of(to_delayed_work(work),
						struct skel_ucard, watchdog);
	struct skel_ucard_msg *msg, *tmp;
	unsigned long now = jiffies;
	unsigned long next = 0;		/* jiffies from now, 0: not needed */

	guard(mutex)(&ucard->lock);
	/*
	 * Commands are in the order of their arrival. Those that wait behind one
	 * that was not read in time are answered now, not after later ones.
	 */
	list_for_each_entry_safe(msg, tmp, &ucard->events, node) {
		if (msg->type != SKEL_UCARD_COMMAND)
			continue;
		if (!ucard->stalled && time_before(now, msg->deadline)) {
			next = msg->deadline - now;
			break;
		}
		skel_ucard_expire_command(ucard, msg);
	}
	list_for_each_entry_safe(msg, tmp, &ucard->granted, node) {
		if (time_before(now, msg->deadline)) {
			next = min_not_zero(next, msg->deadline - now);
			break;
		}
		/* Its bytes are being copied: it has not ended yet. */
		if (msg->id == ucard->moving) {
			next = 1;
			continue;
		}
		list_del(&msg->node);
		ucard->nr_granted--;
		skel_complete(ucard->card, msg->id, 0, -ETIMEDOUT);
		skel_ucard_post_result(ucard, msg);
	}
	if (next)
		schedule_delayed_work(&ucard->watchdog, next);
}

static size_t skel_ucard_length(const struct skel_ucard_msg *msg)
{
	switch (msg->type) {
	case SKEL_UCARD_COMMAND:
		return sizeof(struct skel_ucard_head) + msg->len;
	case SKEL_UCARD_RESULT:
	case SKEL_UCARD_EXPIRED:
		return sizeof(struct skel_ucard_result);
	default:
		return sizeof(struct skel_ucard_head);
	}
}

/* Take the next event, in the form for read(), if there is one that fits. */
static bool skel_ucard_take(struct skel_ucard *ucard, size_t room)
{
	struct skel_ucard_result *out = (void *)ucard->out;
	struct skel_ucard_msg *msg;
	size_t len;

	guard(mutex)(&ucard->lock);
	ucard->stalled = false;
	msg = list_first_entry_or_null(&ucard->events, struct skel_ucard_msg,
				       node);
	if (!msg)
		return false;
	len = skel_ucard_length(msg);
	/* The next event starts at a multiple of 8. */
	if (ALIGN(len, 8) > room)
		return false;
	memset(ucard->out + len, 0, ALIGN(len, 8) - len);

	out->head = (struct skel_ucard_head) {
		.length = len,
		.type = msg->type,
		.channel = msg->channel,
		.opening = msg->opening,
	};
	if (msg->type == SKEL_UCARD_COMMAND) {
		memcpy(ucard->out + sizeof(out->head), msg->line, msg->len);
	} else if (len == sizeof(*out)) {
		out->tag = msg->tag;
		out->id = msg->id;
		out->action = msg->action;
		out->error = msg->error;
	}
	skel_ucard_drop(ucard, msg);
	WRITE_ONCE(ucard->out_len, ALIGN(len, 8));
	return true;
}

ssize_t skel_ucard_copy_events(struct skel_ucard *ucard, char __user *buf,
			       size_t count)
{
	size_t done = 0;

	while (!done || !signal_pending(current)) {
		if (!ucard->out_len && !skel_ucard_take(ucard, count - done))
			break;
		if (ucard->out_len > count - done)
			break;
		if (copy_to_user(buf + done, ucard->out, ucard->out_len)) {
			/* Other readers may have found nothing meanwhile. */
			wake_up_interruptible_poll(&ucard->file->wait,
						   EPOLLIN | EPOLLRDNORM);
			return done ?: -EFAULT;
		}
		done += ucard->out_len;
		WRITE_ONCE(ucard->out_len, 0);
	}
	return done;
}

bool skel_ucard_readable(struct skel_ucard *ucard)
{
	return READ_ONCE(ucard->out_len) || !list_empty(&ucard->events);
}
