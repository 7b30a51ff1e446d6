// SPDX-License-Identifier: GPL-2.0
/*
 * ucard_action.c - from the program that plays a card to its users: write()
 */

#include <linux/cleanup.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "ucard.h"

static_assert(sizeof(struct skel_ucard_head) == 16);
static_assert(sizeof(struct skel_ucard_request) == 56);
static_assert(sizeof(struct skel_ucard_transfer) == 48);
static_assert(sizeof(struct skel_ucard_result) == 40);

/* Is the user that the action is for still there? */
static bool skel_ucard_addresses(struct skel_ucard *ucard,
				 const struct skel_ucard_head *head)
{
	struct skel_ucard_chan *chan = skel_ucard_chan(ucard, head->channel);

	return chan && chan->opening == head->opening;
}

static void skel_ucard_reply(struct skel_ucard *ucard)
{
	const struct skel_ucard_head *head = &ucard->in.head;

	guard(mutex)(&ucard->lock);
	if (skel_ucard_addresses(ucard, head))
		skel_reply_raw(ucard->card, head->channel,
			       ucard->in.bytes + sizeof(*head),
			       head->length - sizeof(*head));
}

/*
 * Ask the core. A grant that is not carried out at once is kept in @msg, so that
 * it can expire.
 */
static int skel_ucard_ask(struct skel_ucard *ucard,
			  const struct skel_ucard_request *action,
			  struct skel_ucard_msg *msg, struct skel_grant *grant)
{
	const struct skel_request req = {
		.channel = action->head.channel,
		.dir = action->dir ? SKEL_FROMHOST : SKEL_TOHOST,
		.card_addr = action->card_addr,
		.length = action->bytes,
		.host_addr = action->host_addr,
	};
	int ret;

	guard(mutex)(&ucard->lock);
	if (!skel_ucard_addresses(ucard, &action->head))
		return -ENOTCONN;
	ret = skel_request(ucard->card, &req, grant);
	if (ret || !msg)
		return ret;
	*msg = (struct skel_ucard_msg) {
		.type = SKEL_UCARD_EXPIRED,
		.channel = req.channel,
		.opening = action->head.opening,
		.deadline = jiffies + ucard->timeout,
		.tag = action->tag,
		.id = grant->id,
		.action = SKEL_UCARD_REQUEST,
		.error = -ETIMEDOUT,
	};
	list_add_tail(&msg->node, &ucard->granted);
	ucard->nr_granted++;
	schedule_delayed_work(&ucard->watchdog, ucard->timeout);
	return 0;
}

static int skel_ucard_request(struct skel_ucard *ucard,
			      const struct skel_ucard_request *action,
			      struct skel_ucard_msg *result)
{
	bool at_once = action->head.flags & SKEL_UCARD_AT_ONCE;
	struct skel_ucard_msg *msg = NULL;
	struct skel_grant grant = {};

	if (action->reserved)
		return -EOPNOTSUPP;
	if (action->dir > 1)
		return -EINVAL;
	if (!at_once) {
		if (READ_ONCE(ucard->nr_granted) >= SKEL_UCARD_RESULTS)
			return -EAGAIN;
		msg = kzalloc_obj(*msg, GFP_KERNEL_ACCOUNT);
		if (!msg)
			return -ENOMEM;
	}
	result->error = skel_ucard_ask(ucard, action, msg, &grant);
	result->id = grant.id;
	if (result->error) {
		kfree(msg);
	} else if (at_once) {
		result->error = skel_card_copy(ucard->card, grant.id);
		if (!result->error)
			result->error = skel_complete(ucard->card, grant.id,
						      action->bytes, 0);
	}
	return 0;
}

static int skel_ucard_move(struct skel_ucard *ucard,
			   const struct skel_ucard_transfer *action,
			   struct skel_ucard_msg *result)
{
	if (action->reserved)
		return -EOPNOTSUPP;
	if (action->moved || action->error)
		return -EINVAL;
	result->id = action->id;
	scoped_guard(mutex, &ucard->lock)
		ucard->moving = action->id;
	result->error = skel_card_copy(ucard->card, action->id);
	scoped_guard(mutex, &ucard->lock)
		ucard->moving = 0;
	return 0;
}

static int skel_ucard_complete(struct skel_ucard *ucard,
			       const struct skel_ucard_transfer *action,
			       struct skel_ucard_msg *result)
{
	struct skel_ucard_msg *msg;

	if (action->reserved)
		return -EOPNOTSUPP;
	if (action->error > 1)
		return -EINVAL;
	result->id = action->id;

	guard(mutex)(&ucard->lock);
	list_for_each_entry(msg, &ucard->granted, node) {
		if (msg->id == action->id) {
			skel_ucard_forget(ucard, msg);
			break;
		}
	}
	result->error = skel_complete(ucard->card, action->id, action->moved,
				      action->error ? -EIO : 0);
	return 0;
}

/* REQUEST, MOVE and COMPLETE, which have a result. */
static int skel_ucard_act(struct skel_ucard *ucard)
{
	const struct skel_ucard_head *head = &ucard->in.head;
	struct skel_ucard_msg *result __free(kfree) = NULL;
	int ret;

	if (READ_ONCE(ucard->results) >= SKEL_UCARD_RESULTS)
		return -EAGAIN;
	result = kzalloc_obj(*result, GFP_KERNEL_ACCOUNT);
	if (!result)
		return -ENOMEM;
	result->type = SKEL_UCARD_RESULT;
	result->channel = head->channel;
	result->opening = head->opening;
	result->action = head->type;
	result->tag = ucard->in.request.tag;

	switch (head->type) {
	case SKEL_UCARD_REQUEST:
		ret = skel_ucard_request(ucard, &ucard->in.request, result);
		break;
	case SKEL_UCARD_MOVE:
		ret = skel_ucard_move(ucard, &ucard->in.transfer, result);
		break;
	default:
		ret = skel_ucard_complete(ucard, &ucard->in.transfer, result);
		break;
	}
	if (ret || (!result->error && head->flags & SKEL_UCARD_QUIET))
		return ret;

	guard(mutex)(&ucard->lock);
	skel_ucard_post_result(ucard, no_free_ptr(result));
	return 0;
}

static int skel_ucard_check(const struct skel_ucard_head *head, size_t left)
{
	size_t min, max;
	u16 flags;

	switch (head->type) {
	case SKEL_UCARD_REPLY:
		min = sizeof(*head) + 1;
		max = SKEL_UCARD_RECORD_MAX;
		flags = 0;
		break;
	case SKEL_UCARD_REQUEST:
		min = sizeof(struct skel_ucard_request);
		max = min;
		flags = SKEL_UCARD_AT_ONCE | SKEL_UCARD_QUIET;
		break;
	case SKEL_UCARD_MOVE:
	case SKEL_UCARD_COMPLETE:
		min = sizeof(struct skel_ucard_transfer);
		max = min;
		flags = SKEL_UCARD_QUIET;
		break;
	default:
		return -EOPNOTSUPP;
	}
	if (head->flags & ~flags)
		return -EOPNOTSUPP;
	return head->length < min || head->length > max || head->length > left ?
	       -EINVAL : 0;
}

/* Carry out the action at @buf. */
static int skel_ucard_do(struct skel_ucard *ucard, const char __user *buf,
			 size_t left)
{
	struct skel_ucard_head *head = &ucard->in.head;
	size_t len;
	int ret;

	if (left < sizeof(*head))
		return -EINVAL;
	if (copy_from_user(head, buf, sizeof(*head)))
		return -EFAULT;
	ret = skel_ucard_check(head, left);
	if (ret)
		return ret;
	len = head->length - sizeof(*head);
	if (copy_from_user(head + 1, buf + sizeof(*head), len))
		return -EFAULT;

	if (head->type != SKEL_UCARD_REPLY)
		return skel_ucard_act(ucard);
	if (ucard->in.bytes[head->length - 1] != '\n')
		return -EINVAL;
	skel_ucard_reply(ucard);
	return 0;
}

ssize_t skel_ucard_copy_actions(struct skel_ucard *ucard,
				const char __user *buf, size_t count)
{
	size_t done = 0;

	while (done < count && (!done || !signal_pending(current))) {
		int ret = skel_ucard_do(ucard, buf + done, count - done);

		if (ret)
			return done ?: ret;
		done += min(ALIGN(ucard->in.head.length, 8), count - done);
		cond_resched();
	}
	return done;
}
