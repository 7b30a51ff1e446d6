// SPDX-License-Identifier: GPL-2.0
/*
 * xfer.c - requests of the card, grants, completions
 *
 * The life of a request, in the order of the functions: skel_request() decides
 * and pins the buffer, the backend moves the bytes, skel_complete() unpins the
 * buffer and reports to the user.
 */

#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/string.h>

#include "core.h"
#include "parse.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* The id of a transfer: a count, the channel, the slot. */
#define SKEL_ID_SLOT_BITS	6
#define SKEL_ID_CHANNEL_BITS	10
#define SKEL_ID_COUNT_SHIFT	(SKEL_ID_SLOT_BITS + SKEL_ID_CHANNEL_BITS)

static_assert(BIT(SKEL_ID_SLOT_BITS) >= SKEL_TRANSFERS_MAX);
static_assert(BIT(SKEL_ID_CHANNEL_BITS) >= SKEL_CHANNELS_MAX);

static void skel_xfer_report(struct skel_chan *chan,
			     const struct skel_request *req, bool granted,
			     enum skel_verdict verdict)
{
	char line[SKEL_TRANSFER_LINE_MAX];
	int len;

	len = skel_format_transfer(line, sizeof(line), req, granted, verdict);
	skel_stream_push(chan, line, len);
}

static struct skel_xfer *skel_xfer_find_slot(struct skel_chan *chan)
{
	for (u32 i = 0; i < chan->card->desc.transfers; i++) {
		if (!chan->xfers[i].buf)
			return &chan->xfers[i];
	}
	return NULL;
}

/* The running transfer with that id; NULL if it has ended, or never was. */
struct skel_xfer *skel_xfer_find(struct skel_card *card, u64 id,
				 struct skel_chan **chan)
{
	u32 slot = id & (BIT(SKEL_ID_SLOT_BITS) - 1);
	u32 nr = (id >> SKEL_ID_SLOT_BITS) & (BIT(SKEL_ID_CHANNEL_BITS) - 1);

	lockdep_assert_held(&card->lock);
	*chan = skel_chan_find(card, nr);
	if (!id || !*chan || slot >= card->desc.transfers)
		return NULL;
	slot = array_index_nospec(slot, card->desc.transfers);
	return (*chan)->xfers[slot].id == id ? &(*chan)->xfers[slot] : NULL;
}

/*
 * Decide on a request and, if it is right, take a slot for it and pin the buffer.
 * The slot has no id yet: the transfer is not running.
 */
static enum skel_verdict skel_xfer_begin(struct skel_chan *chan,
					 const struct skel_request *req,
					 struct skel_xfer **xfer)
{
	enum skel_verdict verdict;
	struct skel_buf *buf;

	lockdep_assert_held(&chan->card->lock);
	guard(rcu)();			/* for buf, up to its pin */

	if (chan->state == SKEL_CHAN_CLOSING)
		return SKEL_CLOSED;
	if (chan->card->resetting)
		return SKEL_BUSY;
	buf = skel_buf_find(chan, req->host_addr);
	if (buf && buf->dead)
		buf = NULL;
	verdict = skel_validate(req, buf ? &buf->range : NULL,
				chan->card->desc.memory);
	if (verdict != SKEL_OK)
		return verdict;
	if (chan->card->desc.align &&
	    (req->host_addr | req->card_addr | req->length) &
	    (chan->card->desc.align - 1))
		return SKEL_UNALIGNED;
	*xfer = skel_xfer_find_slot(chan);
	if (!*xfer)
		return SKEL_BUSY;

	skel_buf_pin(chan, buf);
	(*xfer)->buf = buf;
	(*xfer)->req = *req;
	return SKEL_OK;
}

/* Give a slot back. */
static void skel_xfer_put(struct skel_chan *chan, struct skel_xfer *xfer)
{
	skel_buf_unpin(chan, xfer->buf);
	memset(xfer, 0, sizeof(*xfer));
}

/* Give the slot an id, unless the transfers were stopped in the meantime. */
static enum skel_verdict skel_xfer_run(struct skel_chan *chan,
				       struct skel_xfer *xfer)
{
	struct skel_card *card = chan->card;

	lockdep_assert_held(&card->lock);

	if (chan->state == SKEL_CHAN_CLOSING)
		return SKEL_CLOSED;
	if (card->resetting)
		return SKEL_BUSY;
	xfer->id = ++card->grants << SKEL_ID_COUNT_SHIFT |
		   chan->nr << SKEL_ID_SLOT_BITS | (xfer - chan->xfers);
	chan->running++;
	chan->stats.granted++;
	return SKEL_OK;
}

static void skel_xfer_refuse(struct skel_chan *chan, const struct skel_request *req,
			     enum skel_verdict verdict)
{
	lockdep_assert_held(&chan->card->lock);
	chan->stats.refused++;
	skel_xfer_report(chan, req, false, verdict);
}

/*
 * Map the bytes of a slot for the card and let the transfer begin. The pin keeps
 * buffer and channel alive: release() waits for it.
 */
static enum skel_verdict skel_xfer_start(struct skel_chan *chan,
					 struct skel_xfer *xfer,
					 struct skel_grant *grant)
{
	struct skel_card *card = chan->card;
	enum skel_verdict verdict = skel_grant_map(chan, xfer);

	if (verdict == SKEL_OK) {
		scoped_guard(spinlock_irqsave, &card->lock) {
			verdict = skel_xfer_run(chan, xfer);
			if (verdict == SKEL_OK)
				skel_grant_fill(chan, xfer, grant);
		}
		if (verdict != SKEL_OK)
			skel_grant_unmap(chan, xfer);
	}
	if (verdict != SKEL_OK) {
		guard(spinlock_irqsave)(&card->lock);
		skel_xfer_refuse(chan, &xfer->req, verdict);
		skel_xfer_put(chan, xfer);
	}
	return verdict;
}

/* The end of a transfer that had an id. */
static void skel_xfer_end(struct skel_chan *chan, struct skel_xfer *xfer,
			  u64 moved, enum skel_verdict verdict)
{
	lockdep_assert_held(&chan->card->lock);

	if (xfer->req.dir == SKEL_TOHOST)
		chan->stats.bytes_tohost += moved;
	else
		chan->stats.bytes_fromhost += moved;
	if (verdict != SKEL_OK)
		chan->stats.failed++;
	skel_xfer_report(chan, &xfer->req, true, verdict);
	chan->running--;
	if (xfer->kept)
		return;
	skel_xfer_put(chan, xfer);
}

/**
 * skel_request - the card asks for a transfer
 * @card: the card
 * @req: what it asks for; any value is allowed
 * @grant: filled in if the request is granted, otherwise zeroed: a refusal leaves
 *         no address that the card could be given
 *
 * A grant holds the buffer until skel_complete(). The bytes have been
 * synchronized for the device: the backend can start the DMA at once. A refusal
 * has been counted and reported to the user of the channel, if there is one; the
 * backend reports it to the card.
 * Context: any, including hard interrupt.
 * Return: 0 if granted, otherwise -EINVAL (length 0), -EFAULT (host address not
 * inside one live buffer of the channel), -EACCES (direction), -ERANGE (outside
 * of the card's memory), -EBUSY (too many transfers of this channel are running,
 * or the card is being reset or did not stop), -ENOTCONN (the channel is not open),
 * -ENOMEM (the bytes cannot be mapped for the card) or -E2BIG (they are in more
 * pieces than the card can do).
 */
int skel_request(struct skel_card *card, const struct skel_request *req,
		 struct skel_grant *grant)
{
	enum skel_verdict verdict = SKEL_CLOSED;
	struct skel_xfer *xfer = NULL;
	struct skel_chan *chan;

	*grant = (struct skel_grant) {};

	scoped_guard(spinlock_irqsave, &card->lock) {
		chan = skel_chan_find(card, req->channel);
		/* The request of an earlier user: do not report it to the next. */
		if (chan && chan->state == SKEL_CHAN_OPENING)
			chan = NULL;
		if (chan)
			verdict = skel_xfer_begin(chan, req, &xfer);
		if (chan && verdict != SKEL_OK)
			skel_xfer_refuse(chan, req, verdict);
	}
	if (verdict != SKEL_OK) {
		trace_skel_request(card, req, 0, skel_verdict_errno(verdict));
		return skel_verdict_errno(verdict);
	}

	verdict = skel_xfer_start(chan, xfer, grant);
	trace_skel_request(card, req, grant->id, skel_verdict_errno(verdict));
	return skel_verdict_errno(verdict);
}
EXPORT_SYMBOL_NS_GPL(skel_request, "SKEL");

void skel_refuse(struct skel_card *card, const struct skel_request *req)
{
	struct skel_chan *chan;

	scoped_guard(spinlock_irqsave, &card->lock) {
		chan = skel_chan_find(card, req->channel);
		if (chan && chan->state != SKEL_CHAN_OPENING)
			skel_xfer_refuse(chan, req, SKEL_LOST);
	}
	trace_skel_request(card, req, 0, skel_verdict_errno(SKEL_LOST));
}
EXPORT_SYMBOL_NS_GPL(skel_refuse, "SKEL");

int skel_complete(struct skel_card *card, u64 id, u64 moved, int error)
{
	enum skel_verdict verdict = SKEL_OK;
	struct skel_xfer *xfer;
	struct skel_chan *chan;
	u64 length = 0;

	scoped_guard(spinlock_irqsave, &card->lock) {
		xfer = skel_xfer_find(card, id, &chan);
		if (xfer) {
			length = xfer->req.length;
			xfer->id = 0;	/* no other caller ends it from here on */
		}
	}
	if (!xfer) {
		trace_skel_complete(card, id, moved, -ENOENT);
		return -ENOENT;
	}

	if (!error && moved != length)
		error = -ERANGE;
	if (error)
		verdict = error == -ETIMEDOUT ? SKEL_TIMEOUT : SKEL_ERROR;
	skel_grant_unmap(chan, xfer);

	scoped_guard(spinlock_irqsave, &card->lock)
		skel_xfer_end(chan, xfer, min(moved, length), verdict);
	trace_skel_complete(card, id, moved, error);
	return error == -ERANGE ? -ERANGE : 0;
}
EXPORT_SYMBOL_NS_GPL(skel_complete, "SKEL");

int skel_card_copy(struct skel_card *card, u64 id)
{
	struct skel_request req;
	struct skel_xfer *xfer;
	struct skel_chan *chan;
	struct skel_buf *buf;

	if (!card->ram)
		return -EOPNOTSUPP;

	scoped_guard(spinlock_irqsave, &card->lock) {
		xfer = skel_xfer_find(card, id, &chan);
		if (!xfer)
			return -ENOENT;
		/* With a pin of its own: the transfer may end meanwhile. */
		buf = xfer->buf;
		req = xfer->req;
		skel_buf_pin(chan, buf);
	}

	skel_cardmem_copy(card, buf, &req);

	scoped_guard(spinlock_irqsave, &card->lock)
		skel_buf_unpin(chan, buf);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(skel_card_copy, "SKEL");

int skel_grant_copy(struct skel_card *card, u64 id, u64 offset, void *bytes,
		    size_t length)
{
	struct skel_request req;
	struct skel_xfer *xfer;
	struct skel_chan *chan;
	struct skel_buf *buf;

	if (skel_card_has_dma(card))
		return -EOPNOTSUPP;

	scoped_guard(spinlock_irqsave, &card->lock) {
		xfer = skel_xfer_find(card, id, &chan);
		if (!xfer)
			return -ENOENT;
		req = xfer->req;
		if (!skel_range_inside(offset, length, 0, req.length))
			return -ERANGE;
		buf = xfer->buf;
		skel_buf_pin(chan, buf);
	}

	skel_buf_copy(buf, req.host_addr + offset - buf->range.addr, bytes, length,
		      req.dir);

	scoped_guard(spinlock_irqsave, &card->lock)
		skel_buf_unpin(chan, buf);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(skel_grant_copy, "SKEL");

/* Take the transfer of a slot out, so that nobody else ends it. */
static struct skel_xfer *skel_xfer_take(struct skel_card *card, u32 nr, u32 slot,
					struct skel_chan **chan)
{
	struct skel_xfer *xfer;

	guard(spinlock_irq)(&card->lock);
	*chan = skel_chan_find(card, nr);
	if (!*chan)
		return NULL;
	xfer = &(*chan)->xfers[slot];
	if (!xfer->id)
		return NULL;
	xfer->id = 0;
	return xfer;
}

/* The card does not touch the memory of these transfers any more, or cannot. */
void skel_xfer_cancel(struct skel_card *card, u32 nr, enum skel_verdict verdict)
{
	for (u32 slot = 0; slot < card->desc.transfers; slot++) {
		struct skel_chan *chan;
		struct skel_xfer *xfer = skel_xfer_take(card, nr, slot, &chan);

		if (!xfer)
			continue;
		/* A part may have been moved. */
		skel_grant_unmap(chan, xfer);
		scoped_guard(spinlock_irq, &card->lock)
			skel_xfer_end(chan, xfer, 0, verdict);
	}
}

/*
 * The card may still touch the memory of these transfers. They end, but keep their
 * slots and pins.
 */
static void skel_xfer_keep(struct skel_card *card, u32 nr,
			   enum skel_verdict verdict)
{
	for (u32 slot = 0; slot < card->desc.transfers; slot++) {
		struct skel_chan *chan;
		struct skel_xfer *xfer = skel_xfer_take(card, nr, slot, &chan);

		if (!xfer)
			continue;
		guard(spinlock_irq)(&card->lock);
		xfer->kept = true;
		chan->kept++;
		skel_xfer_end(chan, xfer, 0, verdict);
		wake_up(&chan->wait);
	}
}

/* The card has stopped after all. */
static void skel_xfer_release(struct skel_card *card, u32 nr)
{
	for (u32 slot = 0; slot < card->desc.transfers; slot++) {
		struct skel_chan *chan;

		scoped_guard(spinlock_irq, &card->lock) {
			chan = skel_chan_find(card, nr);
			if (chan && !chan->xfers[slot].kept)
				chan = NULL;
		}
		if (!chan)
			continue;
		/* Its pin keeps the channel. */
		skel_grant_unmap(chan, &chan->xfers[slot]);
		guard(spinlock_irq)(&card->lock);
		chan->kept--;
		skel_xfer_put(chan, &chan->xfers[slot]);
	}
}

static void skel_xfer_set_resetting(struct skel_card *card, bool resetting)
{
	guard(spinlock_irq)(&card->lock);
	card->resetting = resetting;
}

/*
 * Stop all DMA of the card. If that fails, the IOMMU does: what the card still
 * tries is a fault. Without one, the memory of running transfers is kept until it
 * succeeds. Nothing is granted until then: the card may still use bus addresses
 * that other transfers would get.
 */
int skel_xfer_reset(struct skel_card *card, enum skel_verdict verdict)
{
	int ret;

	/* One at a time, and nothing is granted that the reset would not stop. */
	guard(mutex)(&card->mutex);
	skel_xfer_set_resetting(card, true);
	ret = card->desc.ops->reset(card);
	card->stuck = ret;
	if (ret)
		dev_err_ratelimited(card->dev, "%s does not stop its DMA (%d), %s\n",
				    card->node, ret, card->enforced ?
				    "its transfers are cancelled" :
				    "keeping the memory of running transfers");
	for (u32 nr = 0; nr < card->desc.channels; nr++) {
		if (ret && !card->enforced) {
			skel_xfer_keep(card, nr, verdict);
			continue;
		}
		skel_xfer_cancel(card, nr, verdict);
		skel_xfer_release(card, nr);
	}
	if (!ret)
		skel_engines_clear(card, true);
	wake_up_all(&card->engine_wait);
	skel_xfer_set_resetting(card, card->stuck);
	return ret;
}

/* Has a card that did not stop come to its senses? */
void skel_xfer_unstick(struct skel_card *card)
{
	lockdep_assert_held(&card->ops_sem);
	if (READ_ONCE(card->stuck))
		skel_xfer_reset(card, SKEL_CANCELLED);
}
EXPORT_SYMBOL_IF_KUNIT(skel_xfer_unstick);

static bool skel_xfer_has_pins(struct skel_chan *chan)
{
	guard(spinlock_irq)(&chan->card->lock);
	return chan->pins != chan->kept;
}

/*
 * A completion or a copy may be under way. No transfer is running: but for what is
 * kept, only such code holds pins, and it always drops them.
 */
static void skel_xfer_wait_pins(struct skel_chan *chan)
{
	wait_event(chan->wait, !skel_xfer_has_pins(chan));
}

static int skel_xfer_quiesce(struct skel_chan *chan)
{
	struct skel_card *card = chan->card;
	int ret = skel_engines_quiesce(chan);

	if (ret || !card->desc.ops->quiesce)
		return ret;
	return card->desc.ops->quiesce(card, chan->nr);
}

/*
 * End the transfers of a channel that is being closed. Returns false if the card
 * may still touch its buffers.
 */
bool skel_xfer_stop(struct skel_chan *chan)
{
	struct skel_card *card = chan->card;

	lockdep_assert_held(&card->ops_sem);

	if (!card->gone) {
		if (!READ_ONCE(card->stuck) && !skel_xfer_quiesce(chan))
			skel_xfer_cancel(card, chan->nr, SKEL_CANCELLED);
		else
			skel_xfer_reset(card, SKEL_CANCELLED);
	}
	skel_xfer_wait_pins(chan);
	/* Order after what was done under the last pin. */
	guard(spinlock_irq)(&card->lock);
	return !chan->pins;
}

/* End all transfers of a card that is being unregistered. */
void skel_xfer_stop_all(struct skel_card *card)
{
	lockdep_assert_held_write(&card->ops_sem);
	skel_xfer_reset(card, SKEL_GONE);
	for (u32 nr = 0; nr < card->desc.channels; nr++) {
		if (card->chans[nr])
			skel_xfer_wait_pins(card->chans[nr]);
	}
}
