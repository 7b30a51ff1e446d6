// SPDX-License-Identifier: GPL-2.0
/*
 * chan.c - the lifetime of a channel, from open() to release()
 */

#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "core.h"

static void skel_chan_free(struct skel_chan *chan)
{
	xa_destroy(&chan->bufs);
	skel_stream_free(chan);
	kvfree(chan->segments);
	kfree(chan);
}

static struct skel_chan *skel_chan_alloc(struct skel_card *card)
{
	struct skel_chan *chan;

	chan = kzalloc_flex(*chan, xfers, card->desc.transfers,
			    GFP_KERNEL_ACCOUNT);
	if (!chan)
		return NULL;
	chan->card = card;
	chan->state = SKEL_CHAN_OPENING;
	xa_init_flags(&chan->bufs, XA_FLAGS_ACCOUNT);
	chan->segments = kvcalloc(array_size(card->desc.transfers, card->segments),
				  sizeof(*chan->segments), GFP_KERNEL_ACCOUNT);
	if (!chan->segments || skel_stream_init(chan)) {
		kvfree(chan->segments);
		kfree(chan);
		return NULL;
	}
	return chan;
}

/* Take the lowest free number. */
static int skel_chan_insert(struct skel_chan *chan)
{
	struct skel_card *card = chan->card;

	guard(spinlock_irq)(&card->lock);
	while (skel_chan_find(card, chan->nr))
		chan->nr++;
	if (chan->nr == card->desc.channels)
		return -EBUSY;
	card->chans[chan->nr] = chan;
	return 0;
}

static void skel_chan_remove(struct skel_chan *chan)
{
	guard(spinlock_irq)(&chan->card->lock);
	chan->card->chans[chan->nr] = NULL;
}

static void skel_chan_set_state(struct skel_chan *chan,
				enum skel_chan_state state)
{
	guard(spinlock_irq)(&chan->card->lock);
	chan->state = state;
}

/* A closed channel of which the card does not touch anything any more, or NULL. */
static struct skel_chan *skel_chan_take_abandoned(struct skel_card *card)
{
	guard(spinlock_irq)(&card->lock);
	for (u32 nr = 0; nr < card->desc.channels; nr++) {
		struct skel_chan *chan = card->chans[nr];

		if (chan && chan->abandoned && !chan->pins) {
			card->chans[nr] = NULL;
			return chan;
		}
	}
	return NULL;
}

/*
 * Free what was kept for a card that did not stop, and now has. The caller has a
 * reference to the card, so none of these is the last one.
 */
void skel_chan_reap(struct skel_card *card)
{
	struct skel_chan *chan;

	lockdep_assert_held(&card->ops_sem);
	while ((chan = skel_chan_take_abandoned(card))) {
		skel_buf_free_all(chan);
		skel_chan_free(chan);
		skel_card_put(card);
	}
}
EXPORT_SYMBOL_IF_KUNIT(skel_chan_reap);

struct skel_chan *skel_chan_create(struct skel_card *card)
{
	const struct skel_card_ops *ops = card->desc.ops;
	struct skel_chan *chan;
	int ret;

	lockdep_assert_held(&card->ops_sem);
	chan = skel_chan_alloc(card);
	if (!chan)
		return ERR_PTR(-ENOMEM);
	/* First: all numbers may be kept for it. */
	skel_xfer_unstick(card);
	skel_chan_reap(card);
	ret = skel_chan_insert(chan);
	if (ret)
		goto free;
	ret = ops->open ? ops->open(card, chan->nr) : 0;
	if (ret)
		goto remove;
	skel_chan_set_state(chan, SKEL_CHAN_OPEN);
	return chan;

remove:
	skel_chan_remove(chan);
free:
	skel_chan_free(chan);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_IF_KUNIT(skel_chan_create);

static void skel_chan_abandon(struct skel_chan *chan)
{
	guard(spinlock_irq)(&chan->card->lock);
	chan->abandoned = true;
}

/*
 * Returns false if the card did not stop: then the channel, its number and the
 * reference to the card are kept for skel_chan_reap().
 */
bool skel_chan_destroy(struct skel_chan *chan)
{
	struct skel_card *card = chan->card;
	bool quiet;

	skel_chan_set_state(chan, SKEL_CHAN_CLOSING);
	skel_stream_stop(chan);

	guard(rwsem_read)(&card->ops_sem);
	quiet = skel_xfer_stop(chan);
	skel_buf_free_all(chan);
	if (!card->gone && card->desc.ops->close)
		card->desc.ops->close(card, chan->nr);
	if (quiet) {
		/* This also waits for the last skel_buf_unpin() to leave. */
		skel_chan_remove(chan);
		skel_chan_free(chan);
	} else {
		skel_chan_abandon(chan);
	}
	/* Also this one, if the card has stopped in the meantime. */
	skel_chan_reap(card);
	return quiet;
}
EXPORT_SYMBOL_IF_KUNIT(skel_chan_destroy);
