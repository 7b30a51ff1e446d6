// SPDX-License-Identifier: GPL-2.0
/*
 * noise_kunit.c - a card that raises interrupts all the time
 *
 * The handler makes right requests and ones that are wrong in one way each, and
 * reports the end of transfers that are running, have ended, or never were. It
 * does so while channels are opened and closed, buffers are allocated and freed,
 * and the card is unregistered.
 */

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/device/faux.h>
#include <linux/dma-mapping.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "../core.h"

#define CHANNELS	2
#define TRANSFERS	4
#define MEMORY		SZ_64K
#define LENGTH		SZ_8K		/* of buffers */
#define CLOSES		50
#define ENDS		20		/* enough ended transfers */
#define PATIENCE	(10 * HZ)	/* of a test, on any machine */
#define IDS		16		/* transfers that are remembered */

struct noise {
	struct faux_device *faux;
	struct skel_card *card;
	struct task_struct *thread;
	struct irq_work irq;
	bool registered;

	spinlock_t lock;		/* all that follows; held by the handler */
	struct rnd_state rnd;
	u64 host_addr[CHANNELS];
	struct {
		u64 id;
		u64 length;
		bool ended;
	} last[IDS];
	unsigned int nr_ids;

	/* By channel, since it was opened. */
	u64 granted[CHANNELS];
	u64 refused[CHANNELS];

	/* In all */
	unsigned int right, wrong, ended;

	/* Mistakes of the core */
	unsigned int outside;		/* granted and not inside of a buffer */
	unsigned int addresses;		/* in the grant of a refused request */
	unsigned int lies;		/* wrong completions that were accepted */
};

static u32 below(struct noise *n, u32 end)
{
	return prandom_u32_state(&n->rnd) % end;
}

/* So high that sums wrap around, by little as often as by much */
static u64 far(struct noise *n)
{
	return U64_MAX - (prandom_u32_state(&n->rnd) >> below(n, 32));
}

/* Make a right request wrong. */
static void spoil(struct noise *n, struct skel_request *req)
{
	switch (below(n, 6)) {
	case 0:
		req->length = 0;
		break;
	case 1:
		req->length = far(n);
		break;
	case 2:
		req->card_addr = far(n);
		break;
	case 3:
		req->host_addr = far(n);
		break;
	case 4:
		/* where regions are */
		req->host_addr = prandom_u32_state(&n->rnd);
		break;
	case 5:
		req->channel += 1 + below(n, U32_MAX - 1);
		break;
	}
}

/* Is the grant what the request said, inside of the buffer? */
static bool inside(struct noise *n, const struct skel_request *req,
		   const struct skel_grant *grant)
{
	struct skel_chan *chan;
	struct skel_buf *buf;

	guard(spinlock_irqsave)(&n->card->lock);
	guard(rcu)();
	chan = skel_chan_find(n->card, req->channel);
	buf = chan ? skel_buf_find(chan, req->host_addr) : NULL;
	return buf && !buf->dead && buf->pins && req->length &&
	       req->host_addr - buf->range.addr + req->length <=
	       buf->range.length &&
	       req->card_addr + req->length <= MEMORY;
}

/* Ask, and count as the core does. */
static int noise_ask(struct noise *n, const struct skel_request *req,
		     struct skel_grant *grant)
{
	int ret = skel_request(n->card, req, grant);

	if (!ret)
		n->granted[req->channel]++;
	else if (ret != -ENOTCONN && req->channel < CHANNELS)
		n->refused[req->channel]++;
	if (ret)
		n->addresses += grant->id || grant->dma;
	return ret;
}

static void noise_request(struct noise *n, bool wrong)
{
	u32 offset = below(n, LENGTH);
	struct skel_request req = {
		.channel = below(n, CHANNELS),
		.dir = below(n, 2) ? SKEL_TOHOST : SKEL_FROMHOST,
		.card_addr = below(n, MEMORY - LENGTH),
		.length = 1 + below(n, LENGTH - offset),
	};
	struct skel_grant grant;

	req.host_addr = n->host_addr[req.channel] + offset;
	if (wrong)
		spoil(n, &req);
	if (noise_ask(n, &req, &grant))
		return;
	n->outside += wrong || !inside(n, &req, &grant);
	n->right++;
	n->last[n->nr_ids % IDS].id = grant.id;
	n->last[n->nr_ids % IDS].length = req.length;
	n->last[n->nr_ids++ % IDS].ended = false;
}

static void noise_complete(struct noise *n)
{
	unsigned int i = below(n, IDS);
	u64 moved = n->last[i].length;
	int ret;

	switch (below(n, 4)) {
	case 0:
		/* of none */
		ret = skel_complete(n->card, far(n), moved, 0);
		n->lies += ret != -ENOENT;
		n->wrong++;
		return;
	case 1:
		/* more, or less, than was granted */
		moved = far(n);
		break;
	}
	ret = skel_complete(n->card, n->last[i].id, moved, 0);
	/* It may have been cancelled, but not have ended twice. */
	if (n->last[i].ended)
		n->lies += ret != -ENOENT;
	else if (ret != -ENOENT)
		n->lies += ret != (moved == n->last[i].length ? 0 : -ERANGE);
	n->last[i].ended = true;
	n->ended += ret != -ENOENT;
}

static void noise_irq(struct irq_work *work)
{
	struct noise *n = container_of(work, struct noise, irq);

	guard(spinlock_irqsave)(&n->lock);
	switch (below(n, 4)) {
	case 0:
		noise_request(n, true);
		n->wrong++;
		break;
	case 1:
		noise_request(n, false);
		break;
	default:
		noise_complete(n);
		break;
	}
}

static int noise_thread(void *data)
{
	struct noise *n = data;

	while (!kthread_should_stop()) {
		for (int i = 0; i < 8; i++)
			irq_work_queue(&n->irq);
		usleep_range(10, 50);
	}
	return 0;
}

static int noise_command(struct skel_card *card, u32 channel, char *line,
			 size_t len)
{
	return 0;
}

/* The handler holds the lock from its start to its end. */
static int noise_reset(struct skel_card *card)
{
	struct noise *n = skel_card_priv(card);

	guard(spinlock_irq)(&n->lock);
	return 0;
}

static int noise_quiesce(struct skel_card *card, u32 channel)
{
	return noise_reset(card);
}

static const struct skel_card_ops noise_ops = {
	.command	= noise_command,
	.quiesce	= noise_quiesce,
	.reset		= noise_reset,
};

static int noise_init(struct kunit *test)
{
	const struct skel_card_desc desc = {
		.name = "skel_kunit",
		.owner = THIS_MODULE,
		.ops = &noise_ops,
		.channels = CHANNELS,
		.transfers = TRANSFERS,
		.memory = MEMORY,
		.ram = true,
		.caps = SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST,
	};
	struct noise *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);
	int ret;

	if (!n)
		return -ENOMEM;
	test->priv = n;
	spin_lock_init(&n->lock);
	prandom_seed_state(&n->rnd, 1);
	init_irq_work(&n->irq, noise_irq);
	n->faux = faux_device_create("skel_kunit", NULL, NULL);
	if (!n->faux)
		return -ENODEV;
	ret = dma_coerce_mask_and_coherent(&n->faux->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	n->card = skel_card_alloc(&n->faux->dev, &desc, n);
	if (IS_ERR(n->card))
		return PTR_ERR(n->card);
	n->thread = kthread_run(noise_thread, n, "skel_kunit");
	return PTR_ERR_OR_ZERO(n->thread);
}

static void noise_stop(struct noise *n)
{
	if (!IS_ERR_OR_NULL(n->thread))
		kthread_stop(n->thread);
	n->thread = NULL;
	irq_work_sync(&n->irq);
}

static void noise_exit(struct kunit *test)
{
	struct noise *n = test->priv;

	if (!n)
		return;
	noise_stop(n);
	if (n->registered)
		skel_card_unregister(n->card);
	if (!IS_ERR_OR_NULL(n->card))
		skel_card_put(n->card);
	if (n->faux)
		faux_device_destroy(n->faux);
}

static struct skel_chan *noise_open(struct kunit *test)
{
	struct noise *n = test->priv;
	struct skel_chan *chan;
	u64 host_addr = 0;
	int ret;

	/* A failed assertion ends the thread: not with the semaphore held. */
	scoped_guard(rwsem_read, &n->card->ops_sem)
		chan = skel_chan_create(n->card);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, chan);
	ret = skel_buf_create(chan, LENGTH,
			      SKEL_ALLOC_TOHOST | SKEL_ALLOC_FROMHOST,
			      &host_addr);
	KUNIT_EXPECT_EQ(test, ret, 0);
	guard(spinlock_irq)(&n->lock);
	n->host_addr[chan->nr] = host_addr;
	return chan;
}

/* With n->lock held no handler is running: both have counted the same. */
static void noise_compare(struct kunit *test, const struct skel_chan *chan)
{
	struct noise *n = test->priv;
	struct skel_stats stats;
	u64 granted, refused;

	scoped_guard(spinlock_irq, &n->lock) {
		guard(spinlock)(&n->card->lock);
		stats = chan->stats;
		granted = n->granted[chan->nr];
		refused = n->refused[chan->nr];
	}
	KUNIT_EXPECT_EQ(test, stats.granted, granted);
	KUNIT_EXPECT_EQ(test, stats.refused, refused);
}

static void noise_close(struct kunit *test, struct skel_chan *chan)
{
	struct noise *n = test->priv;
	u32 nr = chan->nr;

	KUNIT_EXPECT_TRUE(test, skel_chan_destroy(chan));
	guard(spinlock_irq)(&n->lock);
	n->granted[nr] = 0;
	n->refused[nr] = 0;
}

static void noise_report(struct kunit *test)
{
	const struct noise *n = test->priv;

	kunit_info(test, "%u granted, %u ended, %u wrong\n", n->right, n->ended,
		   n->wrong);
	KUNIT_EXPECT_GT(test, n->right, 0);
	KUNIT_EXPECT_GT(test, n->ended, 0);
	KUNIT_EXPECT_GT(test, n->wrong, 0);
	KUNIT_EXPECT_EQ(test, n->outside, 0);
	KUNIT_EXPECT_EQ(test, n->addresses, 0);
	KUNIT_EXPECT_EQ(test, n->lies, 0);
}

static bool noise_enough(struct noise *n)
{
	guard(spinlock_irq)(&n->lock);
	return n->right && n->wrong && n->ended >= ENDS;
}

/* Channel 0 is open throughout, channel 1 comes and goes. */
static void noise_close_test(struct kunit *test)
{
	struct skel_chan *first = noise_open(test);
	unsigned long end = jiffies + PATIENCE;
	struct noise *n = test->priv;

	for (int i = 0; i < CLOSES ||
	     (!noise_enough(n) && time_before(jiffies, end)); i++) {
		struct skel_chan *chan = noise_open(test);
		int ret;

		usleep_range(500, 1000);
		ret = skel_buf_free(chan, n->host_addr[chan->nr]);
		if (ret != -EBUSY)
			KUNIT_EXPECT_EQ(test, ret, 0);
		noise_compare(test, chan);
		noise_close(test, chan);
	}
	noise_compare(test, first);
	noise_close(test, first);
	noise_stop(n);
	noise_report(test);
}

/* The card goes while transfers are running. */
static void noise_unregister_test(struct kunit *test)
{
	struct noise *n = test->priv;
	unsigned long end = jiffies + PATIENCE;
	struct skel_request req = { .length = 1 };
	struct skel_grant grant;
	struct skel_chan *chan;
	int ret;

	KUNIT_ASSERT_EQ(test, skel_card_register(n->card), 0);
	n->registered = true;
	chan = noise_open(test);
	req.host_addr = n->host_addr[chan->nr];
	/* A transfer that only the core ends, in the first free slot */
	do {
		scoped_guard(spinlock_irq, &n->lock)
			ret = noise_ask(n, &req, &grant);
		usleep_range(10, 20);
	} while (ret && time_before(jiffies, end));
	KUNIT_EXPECT_EQ(test, ret, 0);
	while (!noise_enough(n) && time_before(jiffies, end))
		usleep_range(500, 1000);
	noise_compare(test, chan);
	skel_card_unregister(n->card);
	n->registered = false;

	KUNIT_EXPECT_EQ(test, skel_complete(n->card, grant.id, 1, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, skel_request(n->card, &req, &grant), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, chan->running, 0);
	KUNIT_EXPECT_EQ(test, chan->pins, 0);
	KUNIT_EXPECT_GT(test, chan->stats.failed, 0);
	usleep_range(5000, 10000);
	noise_stop(n);
	noise_close(test, chan);
	noise_report(test);
}

static struct kunit_case noise_cases[] = {
	KUNIT_CASE(noise_close_test),
	KUNIT_CASE(noise_unregister_test),
	{}
};

static struct kunit_suite noise_suite = {
	.name = "skel_noise",
	.init = noise_init,
	.exit = noise_exit,
	.test_cases = noise_cases,
};

kunit_test_suite(noise_suite);
