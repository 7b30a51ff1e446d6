// SPDX-License-Identifier: GPL-2.0
/*
 * channel_kunit.c - what one user of a card learns of others, and of grants that
 * were withdrawn
 *
 * The card has a device of its own and never asks for anything by itself.
 */

#include <kunit/test.h>
#include <linux/device/faux.h>
#include <linux/dma-mapping.h>
#include <linux/kthread.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../core.h"

#define CLOSES	300

struct channel_test {
	struct faux_device *faux;
	struct skel_card *card;
	struct skel_request req;	/* what a late interrupt asks for */
	bool late;			/* ask while a channel is being opened */
	int late_ret;

	/* Counted by the other thread */
	unsigned int granted;
	unsigned int leaked;		/* refusals with an address or an id */
};

static int test_open(struct skel_card *card, u32 channel)
{
	struct channel_test *t = skel_card_priv(card);
	struct skel_grant grant;

	if (t->late)
		t->late_ret = skel_request(card, &t->req, &grant);
	return 0;
}

static int test_command(struct skel_card *card, u32 channel, char *line,
			size_t len)
{
	return 0;
}

static int test_quiesce(struct skel_card *card, u32 channel)
{
	return 0;
}

static int test_reset(struct skel_card *card)
{
	return 0;
}

static const struct skel_card_ops test_ops = {
	.open		= test_open,
	.command	= test_command,
	.quiesce	= test_quiesce,
	.reset		= test_reset,
};

static int channel_init(struct kunit *test)
{
	const struct skel_card_desc desc = {
		.name = "skel_kunit",
		.owner = THIS_MODULE,
		.ops = &test_ops,
		.channels = 1,
		.transfers = 1,
		.memory = SZ_4K,
		.caps = SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST,
	};
	struct channel_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int ret;

	if (!t)
		return -ENOMEM;
	test->priv = t;
	t->faux = faux_device_create("skel_kunit", NULL, NULL);
	if (!t->faux)
		return -ENODEV;
	ret = dma_coerce_mask_and_coherent(&t->faux->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	t->card = skel_card_alloc(&t->faux->dev, &desc, t);
	return PTR_ERR_OR_ZERO(t->card);
}

static void channel_exit(struct kunit *test)
{
	struct channel_test *t = test->priv;

	if (!t)
		return;
	if (!IS_ERR_OR_NULL(t->card))
		skel_card_put(t->card);
	if (t->faux)
		faux_device_destroy(t->faux);
}

static struct skel_chan *channel_open(struct kunit *test)
{
	struct channel_test *t = test->priv;
	struct skel_chan *chan;

	scoped_guard(rwsem_read, &t->card->ops_sem)
		chan = skel_chan_create(t->card);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, chan);
	return chan;
}

/* What the user of the channel would read, NUL-terminated. */
static void channel_read(struct skel_chan *chan, char *buf, size_t size)
{
	unsigned int n;

	guard(spinlock_irq)(&chan->card->lock);
	n = kfifo_out(&chan->replies, buf, size - 1);
	buf[n] = '\0';
}

static void late_request_test(struct kunit *test)
{
	struct channel_test *t = test->priv;
	char line[SKEL_LINE_MAX];
	struct skel_chan *chan;

	t->late = true;
	t->req.length = 1;
	chan = channel_open(test);
	KUNIT_EXPECT_EQ(test, t->late_ret, -ENOTCONN);
	channel_read(chan, line, sizeof(line));
	KUNIT_EXPECT_STREQ(test, line, "");
	KUNIT_EXPECT_EQ(test, chan->stats.refused, 0);
	KUNIT_EXPECT_TRUE(test, skel_chan_destroy(chan));
}

/* Like an interrupt handler: whatever channel 0 is at the moment. */
static int ask_and_complete(void *data)
{
	struct channel_test *t = data;

	while (!kthread_should_stop()) {
		struct skel_grant grant;

		if (!skel_request(t->card, &t->req, &grant)) {
			t->granted++;
			skel_complete(t->card, grant.id, t->req.length, 0);
		} else if (grant.id || grant.dma) {
			t->leaked++;
		}
		cond_resched();
	}
	return 0;
}

static void refused_request_test(struct kunit *test)
{
	struct channel_test *t = test->priv;
	struct task_struct *thread;

	/* The first buffer of channel 0 is always there. */
	t->req.host_addr = SKEL_WINDOW_SIZE;
	t->req.length = SZ_4K;
	thread = kthread_run(ask_and_complete, t, "skel_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	for (int i = 0; i < CLOSES; i++) {
		struct skel_chan *chan = channel_open(test);
		u64 host_addr;

		KUNIT_EXPECT_EQ(test, 0,
				skel_buf_create(chan, SZ_4K, SKEL_ALLOC_TOHOST,
						&host_addr));
		KUNIT_EXPECT_TRUE(test, skel_chan_destroy(chan));
	}
	kthread_stop(thread);
	kunit_info(test, "%u granted", t->granted);
	KUNIT_EXPECT_GT(test, t->granted, 0);
	KUNIT_EXPECT_EQ(test, t->leaked, 0);
}

static const struct {
	const char *said;		/* without the last '\n' */
	const char *read;
} mark_cases[] = {
	{ "OK", "OK\n" },
	{ "", "\n" },
	{ "skel: DONE TOHOST 0x0 0x1 0x2", "card: DONE TOHOST 0x0 0x1 0x2\n" },
	{ "skel: .", "card: .\n" },
	{ "skel:", "skel:\n" },
	{ " skel: DONE", " skel: DONE\n" },
	{ "skel: skel: .", "card: skel: .\n" },
	{ "#15a\nskel: LOST 3\nb", "#15a\ncard: LOST 3\nb\n" },
	{ "skel: a\nskel: b\n\nskel: c", "card: a\ncard: b\n\ncard: c\n" },
};

static void forged_line_test(struct kunit *test)
{
	struct channel_test *t = test->priv;
	struct skel_chan *chan = channel_open(test);
	char line[SKEL_LINE_MAX];

	for (int i = 0; i < ARRAY_SIZE(mark_cases); i++) {
		skel_reply(t->card, 0, "%s", mark_cases[i].said);
		channel_read(chan, line, sizeof(line));
		KUNIT_EXPECT_STREQ(test, line, mark_cases[i].read);
	}
	KUNIT_EXPECT_TRUE(test, skel_chan_destroy(chan));
}

static struct kunit_case channel_cases[] = {
	KUNIT_CASE(late_request_test),
	KUNIT_CASE_SLOW(refused_request_test),
	KUNIT_CASE(forged_line_test),
	{}
};

static struct kunit_suite channel_suite = {
	.name = "skel_channel",
	.init = channel_init,
	.exit = channel_exit,
	.test_cases = channel_cases,
};

kunit_test_suite(channel_suite);
