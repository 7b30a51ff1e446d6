// SPDX-License-Identifier: GPL-2.0
/*
 * engine.c - the DMA engines of a card, and the transfers that wait for them
 *
 * A granted transfer waits in its slot (xfer->queued) until an engine is free, and
 * is moved in runs of what an engine can do at once. Between two runs it waits again,
 * so that channels take turns. An engine knows its transfer by the id alone: a
 * transfer can end before the engine has stopped.
 */

#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/nospec.h>

#include "core.h"

/* The oldest transfer of the channel that waits for an engine, or NULL. */
static struct skel_xfer *skel_chan_waiting(struct skel_chan *chan)
{
	struct skel_xfer *oldest = NULL;

	for (u32 i = 0; chan->running && i < chan->card->desc.transfers; i++) {
		struct skel_xfer *xfer = &chan->xfers[i];

		if (xfer->id && xfer->queued && (!oldest || xfer->id < oldest->id))
			oldest = xfer;
	}
	return oldest;
}

/* The oldest one of the channel whose turn it is. */
static struct skel_xfer *skel_engine_next(struct skel_card *card,
					  struct skel_chan **chan)
{
	for (u32 i = 1; i <= card->desc.channels; i++) {
		u32 nr = (card->turn + i) % card->desc.channels;
		struct skel_xfer *xfer;

		*chan = card->chans[nr];
		if (!*chan || (*chan)->state != SKEL_CHAN_OPEN)
			continue;
		xfer = skel_chan_waiting(*chan);
		if (xfer) {
			card->turn = nr;
			return xfer;
		}
	}
	return NULL;
}

static void skel_engines_arm(struct skel_card *card)
{
	unsigned long next = 0, now = jiffies;
	bool busy = false;

	lockdep_assert_held(&card->lock);
	for (u32 nr = 0; nr < card->desc.engines; nr++) {
		const struct skel_engine *engine = &card->engines[nr];

		if (!engine->id)
			continue;
		if (!busy || time_before(engine->deadline, next))
			next = engine->deadline;
		busy = true;
	}
	if (busy && !card->resetting)
		mod_delayed_work(system_percpu_wq, &card->watchdog,
				 time_before(now, next) ? next - now : 1);
}

static void skel_engine_run(struct skel_card *card, u32 nr,
			    struct skel_chan *chan, struct skel_xfer *xfer)
{
	const struct skel_card_desc *desc = &card->desc;
	struct skel_run run = {
		.id = xfer->id,
		.channel = chan->nr,
		.dir = xfer->req.dir,
		.card_addr = xfer->req.card_addr + xfer->moved,
		.timeout_ms = desc->timeout_ms ?: SKEL_ENGINE_TIMEOUT_MS,
	};
	u64 length = skel_grant_at(chan, xfer, xfer->moved, &run.dma);

	if (desc->run_max)
		length = min(length, desc->run_max);
	if (desc->boundary)
		length = min(length, desc->boundary -
				     (run.dma & (desc->boundary - 1)));
	run.length = length;
	desc->ops->start(card, nr, &run);

	card->engines[nr] = (struct skel_engine) {
		.id = xfer->id,
		.length = clamp(run.length, 1, length),
		.deadline = jiffies + msecs_to_jiffies(run.timeout_ms) + 1,
	};
	xfer->queued = false;
}

/* Let free engines begin with what waits. */
static void skel_engines_start(struct skel_card *card)
{
	bool started = false;

	lockdep_assert_held(&card->lock);
	for (u32 nr = 0; nr < card->desc.engines; nr++) {
		struct skel_chan *chan;
		struct skel_xfer *xfer;

		if (card->paused || card->resetting || card->engines[nr].id ||
		    card->engines[nr].stopping)
			continue;
		xfer = skel_engine_next(card, &chan);
		if (!xfer)
			break;
		skel_engine_run(card, nr, chan, xfer);
		started = true;
	}
	if (started)
		skel_engines_arm(card);
}

int skel_submit(struct skel_card *card, const struct skel_request *req)
{
	struct skel_grant grant;
	struct skel_xfer *xfer;
	struct skel_chan *chan;
	int ret;

	if (!card->desc.engines)
		return -EOPNOTSUPP;
	ret = skel_request(card, req, &grant);
	if (ret)
		return ret;
	guard(spinlock_irqsave)(&card->lock);
	xfer = skel_xfer_find(card, grant.id, &chan);
	if (xfer) {
		xfer->queued = true;
		skel_engines_start(card);
	}
	return 0;
}
EXPORT_SYMBOL_NS_GPL(skel_submit, "SKEL");

/*
 * The run of an engine has ended. Returns true if the transfer has, too; otherwise it
 * waits for its next run, or has been ended before.
 */
static bool skel_engine_free(struct skel_card *card, struct skel_engine *engine,
			     int error, u64 *moved)
{
	struct skel_chan *chan;
	struct skel_xfer *xfer = skel_xfer_find(card, engine->id, &chan);

	engine->id = 0;
	wake_up_all(&card->engine_wait);
	if (!xfer)
		return false;
	if (!error)
		xfer->moved += engine->length;
	*moved = xfer->moved;
	xfer->queued = !error && xfer->moved < xfer->req.length;
	return !xfer->queued;
}

/* End what the engine runs; @stopped: after skel_card_ops.stop. */
static int skel_engine_end(struct skel_card *card, u32 nr, int error, bool stopped)
{
	bool ended;
	u64 id, moved;

	if (nr >= card->desc.engines)
		return -ENOENT;
	nr = array_index_nospec(nr, card->desc.engines);
	scoped_guard(spinlock_irqsave, &card->lock) {
		struct skel_engine *engine = &card->engines[nr];

		/* Whoever ends a run that is late ends it because of that. */
		if (error && engine->stopping)
			error = -ETIMEDOUT;
		if (stopped)
			engine->stopping = false;
		id = engine->id;
		ended = id && skel_engine_free(card, engine, error, &moved);
		skel_engines_start(card);
	}
	if (ended)
		skel_complete(card, id, moved, error);
	return id ? 0 : -ENOENT;
}

int skel_engine_done(struct skel_card *card, u32 engine, int error)
{
	return skel_engine_end(card, engine, error, false);
}
EXPORT_SYMBOL_NS_GPL(skel_engine_done, "SKEL");

/* Does its run take too long? Then the engine gets no other before it was stopped. */
static bool skel_engine_is_late(struct skel_card *card, u32 nr)
{
	struct skel_engine *engine = &card->engines[nr];

	guard(spinlock_irq)(&card->lock);
	engine->stopping = engine->id && !card->resetting &&
			   time_after_eq(jiffies, engine->deadline);
	return engine->stopping;
}

/* Stop the engines that take too long. Returns the error of one that does not stop. */
static int skel_engines_expire(struct skel_card *card)
{
	lockdep_assert_held(&card->ops_sem);
	guard(mutex)(&card->mutex);
	for (u32 nr = 0; nr < card->desc.engines; nr++) {
		int ret;

		if (!skel_engine_is_late(card, nr))
			continue;
		ret = card->desc.ops->stop(card, nr);
		if (ret)
			return ret;
		skel_engine_end(card, nr, -ETIMEDOUT, true);
	}
	return 0;
}

static void skel_engines_watchdog(struct work_struct *work)
{
	struct skel_card *card = container_of(to_delayed_work(work),
					      struct skel_card, watchdog);

	guard(rwsem_read)(&card->ops_sem);
	if (card->gone)
		return;
	if (skel_engines_expire(card))
		skel_xfer_reset(card, SKEL_CANCELLED);
	guard(spinlock_irq)(&card->lock);
	skel_engines_arm(card);
}

/* Jiffies until the run of an engine for this channel is late; 0 if there is none. */
static unsigned long skel_engine_serves(struct skel_chan *chan)
{
	struct skel_card *card = chan->card;

	guard(spinlock_irq)(&card->lock);
	for (u32 nr = 0; nr < card->desc.engines; nr++) {
		const struct skel_engine *engine = &card->engines[nr];
		struct skel_chan *other;

		if (!skel_xfer_find(card, engine->id, &other) || other != chan)
			continue;
		return time_before(jiffies, engine->deadline) ?
		       engine->deadline - jiffies : 1;
	}
	return 0;
}

/*
 * Wait until no engine serves the channel, which gets no new run. Not for the
 * watchdog, which would wait for ops_sem behind skel_card_unregister().
 */
int skel_engines_quiesce(struct skel_chan *chan)
{
	struct skel_card *card = chan->card;
	unsigned long left;
	int ret;

	while ((left = skel_engine_serves(chan))) {
		if (wait_event_timeout(card->engine_wait,
				       !skel_engine_serves(chan), left))
			break;
		ret = skel_engines_expire(card);
		if (ret || READ_ONCE(card->resetting))
			return ret ?: -EBUSY;
	}
	return 0;
}

/*
 * The card has been stopped: nothing runs. What was submitted since then may begin,
 * but not on an engine that the core is stopping, unless that is over, too.
 */
void skel_engines_clear(struct skel_card *card, bool reset)
{
	guard(spinlock_irq)(&card->lock);
	for (u32 nr = 0; nr < card->desc.engines; nr++) {
		card->engines[nr].id = 0;
		if (reset)
			card->engines[nr].stopping = false;
	}
	wake_up_all(&card->engine_wait);
	skel_engines_start(card);
}

static bool skel_engines_busy(struct skel_card *card)
{
	guard(spinlock_irq)(&card->lock);
	for (u32 nr = 0; nr < card->desc.engines; nr++) {
		if (card->engines[nr].id)
			return true;
	}
	return false;
}

int skel_card_pause(struct skel_card *card, unsigned int ms)
{
	scoped_guard(spinlock_irq, &card->lock)
		card->paused = true;
	return wait_event_timeout(card->engine_wait, !skel_engines_busy(card),
				  msecs_to_jiffies(ms)) ? 0 : -ETIMEDOUT;
}
EXPORT_SYMBOL_NS_GPL(skel_card_pause, "SKEL");

void skel_card_resume(struct skel_card *card)
{
	guard(spinlock_irqsave)(&card->lock);
	card->paused = false;
	skel_engines_start(card);
}
EXPORT_SYMBOL_NS_GPL(skel_card_resume, "SKEL");

void skel_card_abort(struct skel_card *card, int error)
{
	for (u32 nr = 0; nr < card->desc.channels; nr++)
		skel_xfer_cancel(card, nr, error == -ETIMEDOUT ? SKEL_TIMEOUT :
								 SKEL_ERROR);
	skel_engines_clear(card, false);
}
EXPORT_SYMBOL_NS_GPL(skel_card_abort, "SKEL");

int skel_engines_init(struct skel_card *card)
{
	init_waitqueue_head(&card->engine_wait);
	INIT_DELAYED_WORK(&card->watchdog, skel_engines_watchdog);
	card->engines = kcalloc(card->desc.engines, sizeof(*card->engines),
				GFP_KERNEL);
	return card->engines ? 0 : -ENOMEM;
}
