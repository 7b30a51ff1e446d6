// SPDX-License-Identifier: GPL-2.0
/*
 * engine_kunit.c - the core runs the engines of a card
 *
 * The engines of this card only note what they were told to do. A test says when
 * they have done it.
 */

#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/device/faux.h>
#include <linux/dma-mapping.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../core.h"

#define CHANNELS	3
#define ENGINES		2
#define BUFFER		(31 * PAGE_SIZE)

struct engine_test {
	struct faux_device *faux;
	struct skel_card *card;
	struct skel_chan *chans[CHANNELS];
	u64 host_addr[CHANNELS];

	struct skel_run runs[ENGINES];	/* id 0: none since it was looked at */
	u64 lower;			/* start() lowers the length to this */
	unsigned int started;
	unsigned int stopped;
	unsigned int resets;
	bool lost;			/* stop() finds that the run had ended */
	int lost_error;			/* with which it had ended */
	int stop_ret;
	int reset_ret;
};

static int test_command(struct skel_card *card, u32 channel, char *line,
			size_t len)
{
	return 0;
}

static void test_start(struct skel_card *card, u32 engine, struct skel_run *run)
{
	struct engine_test *t = skel_card_priv(card);

	if (t->lower)
		run->length = min(run->length, t->lower);
	t->runs[engine] = *run;
	t->started++;
}

static int test_stop(struct skel_card *card, u32 engine)
{
	struct engine_test *t = skel_card_priv(card);

	t->stopped++;
	if (t->lost)
		skel_engine_done(card, engine, t->lost_error);
	return t->stop_ret;
}

static int test_reset(struct skel_card *card)
{
	struct engine_test *t = skel_card_priv(card);

	t->resets++;
	return t->reset_ret;
}

static const struct skel_card_ops test_ops = {
	.command	= test_command,
	.start		= test_start,
	.stop		= test_stop,
	.reset		= test_reset,
};

/* What a test has of its own is in @own. */
static void engine_card(struct kunit *test, const struct skel_card_desc *own)
{
	struct engine_test *t = test->priv;
	struct skel_card_desc desc = *own;

	desc.name = "skel_kunit";
	desc.owner = THIS_MODULE;
	desc.ops = &test_ops;
	desc.channels = CHANNELS;
	desc.transfers = 4;
	desc.memory = SZ_1M;
	desc.caps = SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST;
	t->card = skel_card_alloc(&t->faux->dev, &desc, t);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->card);
	for (int i = 0; i < CHANNELS; i++) {
		scoped_guard(rwsem_read, &t->card->ops_sem)
			t->chans[i] = skel_chan_create(t->card);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->chans[i]);
		KUNIT_ASSERT_EQ(test, 0,
				skel_buf_create(t->chans[i], BUFFER,
						SKEL_ALLOC_TOHOST | SKEL_ALLOC_FROMHOST,
						&t->host_addr[i]));
	}
}

static int engine_init(struct kunit *test)
{
	struct engine_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	test->priv = t;
	if (!t)
		return -ENOMEM;
	t->faux = faux_device_create("skel_kunit", NULL, NULL);
	if (!t->faux)
		return -ENODEV;
	return dma_coerce_mask_and_coherent(&t->faux->dev, DMA_BIT_MASK(64));
}

static void engine_close(struct engine_test *t, int i)
{
	if (!IS_ERR_OR_NULL(t->chans[i]))
		skel_chan_destroy(t->chans[i]);
	t->chans[i] = NULL;
}

static void engine_exit(struct kunit *test)
{
	struct engine_test *t = test->priv;

	if (!t)
		return;
	/* What still runs ends. */
	for (u32 i = 0; t->card && !IS_ERR(t->card) && i < t->card->desc.engines; i++) {
		while (!skel_engine_done(t->card, i, 0))
			;
	}
	for (int i = 0; i < CHANNELS; i++)
		engine_close(t, i);
	if (!IS_ERR_OR_NULL(t->card)) {
		cancel_delayed_work_sync(&t->card->watchdog);
		skel_card_put(t->card);
	}
	if (t->faux)
		faux_device_destroy(t->faux);
}

static int submit(struct engine_test *t, u32 channel, u64 offset, u64 length)
{
	const struct skel_request req = {
		.channel = channel,
		.dir = SKEL_TOHOST,
		.card_addr = offset,
		.length = length,
		.host_addr = t->host_addr[channel] + offset,
	};

	return skel_submit(t->card, &req);
}

/* The first word, and the last one, of the next line that a user would read */
static noinline_for_stack void expect_line(struct kunit *test, u32 channel,
					   const char *first, const char *last)
{
	struct engine_test *t = test->priv;
	struct skel_chan *chan = t->chans[channel];
	char line[96], *end;
	unsigned int n;

	scoped_guard(spinlock_irq, &t->card->lock) {
		n = kfifo_out_peek(&chan->replies, line, sizeof(line) - 1);
		line[n] = '\0';
		end = strchrnul(line, '\n');
		kfifo_skip_count(&chan->replies, *end ? end - line + 1 : n);
	}
	*end = '\0';
	KUNIT_EXPECT_TRUE_MSG(test, strstarts(line, "skel: ") &&
			      strstarts(line + 6, first), "%s", line);
	if (last)
		KUNIT_EXPECT_STREQ(test, strrchr(line, ' ') ?: "", last);
}

/* The runs of a transfer: the bytes of its grant, in order, within the limits */
static void split_test(struct kunit *test)
{
	static const struct skel_card_desc desc = {
		.engines = 1, .segments = 32, .align = 4, .run_max = 6000, .boundary = SZ_8K,
	};
	struct engine_test *t = test->priv;
	const u64 first = 1000;
	u64 length = BUFFER - 2 * first, at = 0;
	struct skel_buf *buf;

	engine_card(test, &desc);
	buf = skel_buf_find(t->chans[0], t->host_addr[0]);
	KUNIT_ASSERT_EQ(test, 0, submit(t, 0, first, length));
	while (at < length) {
		const struct skel_run run = t->runs[0];
		phys_addr_t phys;

		KUNIT_ASSERT_NE(test, 0, run.id);
		KUNIT_ASSERT_GT(test, run.length, 0);
		KUNIT_EXPECT_LE(test, run.length, 6000);
		KUNIT_EXPECT_EQ(test, run.length % 4, 0);
		KUNIT_EXPECT_EQ(test, run.card_addr, first + at);
		KUNIT_EXPECT_EQ(test, run.dma / SZ_8K,
				(run.dma + run.length - 1) / SZ_8K);
		KUNIT_EXPECT_EQ(test, run.length,
				skel_buf_piece(buf, first + at, run.length, &phys));
		/* Nothing translates for this device. */
		KUNIT_EXPECT_EQ(test, run.dma, phys);
		at += run.length;
		t->runs[0].id = 0;
		/* Sometimes the card takes less. */
		t->lower = at & SZ_8K ? 100 : 0;
		KUNIT_ASSERT_EQ(test, 0, skel_engine_done(t->card, 0, 0));
	}
	KUNIT_EXPECT_EQ(test, at, length);
	KUNIT_EXPECT_EQ(test, t->runs[0].id, 0);
	KUNIT_EXPECT_EQ(test, -ENOENT, skel_engine_done(t->card, 0, 0));
	KUNIT_EXPECT_EQ(test, t->chans[0]->stats.bytes_tohost, length);
	expect_line(test, 0, "DONE", NULL);
}

/* More grants than engines: all of them run, and channels take turns. */
static void fair_test(struct kunit *test)
{
	static const struct skel_card_desc desc = { .engines = ENGINES, .run_max = 4096 };
	struct engine_test *t = test->priv;
	u32 order[12];

	engine_card(test, &desc);
	for (int i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, 0, submit(t, 0, i * PAGE_SIZE, 4096));
	KUNIT_EXPECT_EQ(test, t->started, ENGINES);
	KUNIT_EXPECT_EQ(test, -EBUSY, submit(t, 0, 0, 1));
	for (u32 c = 1; c < CHANNELS; c++)
		KUNIT_ASSERT_EQ(test, 0, submit(t, c, 0, 3 * 4096));
	KUNIT_EXPECT_EQ(test, t->started, ENGINES);
	/* Four runs of each of the three, less one each for those of three */
	for (int i = 0; i < 10; i++) {
		order[i] = t->runs[i % ENGINES].channel;
		KUNIT_ASSERT_EQ(test, 0, skel_engine_done(t->card, i % ENGINES, 0));
	}
	KUNIT_EXPECT_EQ(test, t->started, 10);
	/* The first two of channel 0 had begun before the others came. */
	for (int i = 2; i + 2 < 8; i += 3) {
		KUNIT_EXPECT_EQ(test, order[i], 1);
		KUNIT_EXPECT_EQ(test, order[i + 1], 2);
		KUNIT_EXPECT_EQ(test, order[i + 2], 0);
	}
	expect_line(test, 0, "REFUSED", " busy");
	for (int i = 0; i < 4; i++)
		expect_line(test, 0, "DONE", NULL);
	expect_line(test, 1, "DONE", NULL);
	expect_line(test, 2, "DONE", NULL);
}

/* Wait up to @ms for the transfers of a channel to end. */
static void wait_for_end(struct engine_test *t, u32 channel, unsigned int ms)
{
	for (; ms && READ_ONCE(t->chans[channel]->running); ms -= 20)
		msleep(20);
}

/* No interrupt comes. The engine can be stopped, or had ended, or runs on. */
static void timeout_test(struct kunit *test)
{
	static const struct skel_card_desc desc = {
		.engines = 1, .ram = true, .timeout_ms = 100, .run_max = 64,
	};
	struct engine_test *t = test->priv;

	engine_card(test, &desc);
	KUNIT_ASSERT_EQ(test, 0, submit(t, 0, 0, 64));
	KUNIT_ASSERT_EQ(test, 0, submit(t, 1, 0, 64));
	wait_for_end(t, 0, 5000);
	expect_line(test, 0, "FAILED", " timeout");
	wait_for_end(t, 1, 5000);
	expect_line(test, 1, "FAILED", " timeout");
	KUNIT_EXPECT_EQ(test, t->stopped, 2);
	KUNIT_EXPECT_EQ(test, -ENOENT, skel_engine_done(t->card, 0, 0));

	t->lost = true;
	KUNIT_ASSERT_EQ(test, 0, submit(t, 0, 0, 3 * 64));
	wait_for_end(t, 0, 5000);
	expect_line(test, 0, "DONE", NULL);
	KUNIT_EXPECT_EQ(test, t->stopped, 2 + 3);
	KUNIT_EXPECT_EQ(test, t->resets, 0);
	/* An end that the stop has caused */
	t->lost_error = -EIO;
	KUNIT_ASSERT_EQ(test, 0, submit(t, 0, 0, 64));
	wait_for_end(t, 0, 5000);
	expect_line(test, 0, "FAILED", " timeout");
	t->lost_error = 0;

	t->lost = false;
	t->stop_ret = -EIO;
	KUNIT_ASSERT_EQ(test, 0, submit(t, 0, 0, 64));
	KUNIT_ASSERT_EQ(test, 0, submit(t, 1, 0, 64));
	wait_for_end(t, 0, 5000);
	expect_line(test, 0, "FAILED", " cancelled");
	wait_for_end(t, 1, 5000);
	expect_line(test, 1, "FAILED", " cancelled");
	/* On a busy machine the second one may have begun after the first reset. */
	KUNIT_EXPECT_GE(test, t->resets, 1);
	/* As good as new, also if this machine is late again */
	t->stop_ret = 0;
	t->lost = true;
	KUNIT_ASSERT_EQ(test, 0, submit(t, 2, 0, 64));
	skel_engine_done(t->card, 0, 0);
	wait_for_end(t, 2, 5000);
	expect_line(test, 2, "DONE", NULL);
}

static int finish_later(void *data)
{
	struct engine_test *t = data;

	msleep(50);
	skel_engine_done(t->card, 0, 0);
	return 0;
}

/* close() waits for the run of its channel, and nothing begins for it any more. */
static void close_test(struct kunit *test)
{
	static const struct skel_card_desc desc = { .engines = 1, .run_max = 4096 };
	struct engine_test *t = test->priv;
	struct task_struct *thread;

	engine_card(test, &desc);
	KUNIT_ASSERT_EQ(test, 0, submit(t, 0, 0, 8192));
	KUNIT_ASSERT_EQ(test, 0, submit(t, 0, 0, 64));
	KUNIT_ASSERT_EQ(test, 0, submit(t, 1, 0, 64));
	thread = kthread_run(finish_later, t, "skel_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	engine_close(t, 0);
	KUNIT_EXPECT_EQ(test, t->started, 2);
	KUNIT_EXPECT_EQ(test, t->runs[0].channel, 1);
	KUNIT_EXPECT_EQ(test, t->stopped + t->resets, 0);
	KUNIT_EXPECT_EQ(test, 0, skel_engine_done(t->card, 0, 0));
	expect_line(test, 1, "DONE", NULL);
}

/* The same if it does not end by itself */
static void close_late_test(struct kunit *test)
{
	static const struct skel_card_desc desc = { .engines = 1, .timeout_ms = 20 };
	struct engine_test *t = test->priv;

	engine_card(test, &desc);
	KUNIT_ASSERT_EQ(test, 0, submit(t, 0, 0, 64));
	engine_close(t, 0);
	KUNIT_EXPECT_EQ(test, t->stopped, 1);
	KUNIT_EXPECT_EQ(test, t->resets, 0);
	/* And it is free. */
	KUNIT_ASSERT_EQ(test, 0, submit(t, 1, 0, 64));
	KUNIT_EXPECT_EQ(test, t->started, 2);
}

/* Nothing runs or begins after it. */
static void unplug_test(struct kunit *test)
{
	static const struct skel_card_desc desc = { .engines = 1, .timeout_ms = 60000 };
	struct engine_test *t = test->priv;

	engine_card(test, &desc);
	KUNIT_ASSERT_EQ(test, 0, skel_card_register(t->card));
	KUNIT_ASSERT_EQ(test, 0, submit(t, 0, 0, 64));
	KUNIT_ASSERT_EQ(test, 0, submit(t, 1, 0, 64));
	skel_card_unregister(t->card);
	expect_line(test, 0, "FAILED", " gone");
	expect_line(test, 1, "FAILED", " gone");
	KUNIT_EXPECT_EQ(test, -ENOENT, skel_engine_done(t->card, 0, 0));
	KUNIT_EXPECT_EQ(test, t->started, 1);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&t->card->watchdog));
	KUNIT_EXPECT_EQ(test, t->stopped, 0);
	KUNIT_EXPECT_EQ(test, t->resets, 1);
}

static void pause_test(struct kunit *test)
{
	static const struct skel_card_desc desc = { .engines = 1 };
	struct engine_test *t = test->priv;

	engine_card(test, &desc);
	KUNIT_ASSERT_EQ(test, 0, submit(t, 0, 0, 64));
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, skel_card_pause(t->card, 10));
	KUNIT_ASSERT_EQ(test, 0, submit(t, 1, 0, 64));
	KUNIT_EXPECT_EQ(test, 0, skel_engine_done(t->card, 0, 0));
	KUNIT_EXPECT_EQ(test, t->started, 1);
	KUNIT_EXPECT_EQ(test, 0, skel_card_pause(t->card, 10));
	skel_card_resume(t->card);
	KUNIT_EXPECT_EQ(test, t->started, 2);

	KUNIT_ASSERT_EQ(test, 0, submit(t, 2, 0, 64));
	skel_card_pause(t->card, 0);
	skel_card_abort(t->card, -EIO);
	expect_line(test, 0, "DONE", NULL);
	expect_line(test, 1, "FAILED", " error");
	expect_line(test, 2, "FAILED", " error");
	KUNIT_EXPECT_EQ(test, t->started, 2);
	KUNIT_EXPECT_EQ(test, -ENOENT, skel_engine_done(t->card, 0, 0));
}

/* What is not granted has a reason that its user can read. */
static void refuse_test(struct kunit *test)
{
	static const struct skel_card_desc desc = { .engines = 1, .align = 8 };
	struct engine_test *t = test->priv;
	struct skel_request req = { .channel = 1, .length = 8 };

	engine_card(test, &desc);
	KUNIT_EXPECT_EQ(test, -EINVAL, submit(t, 0, 4, 8));
	expect_line(test, 0, "REFUSED", " alignment");
	KUNIT_EXPECT_EQ(test, -EINVAL, submit(t, 0, 8, 4));
	expect_line(test, 0, "REFUSED", " alignment");
	KUNIT_EXPECT_EQ(test, 0, submit(t, 0, 8, 8));
	skel_refuse(t->card, &req);
	expect_line(test, 1, "REFUSED", " lost");
	KUNIT_EXPECT_EQ(test, 1, t->chans[1]->stats.refused);
	req.channel = CHANNELS;
	skel_refuse(t->card, &req);
}

/* The CPU moves the bytes, piece by piece. */
static void pio_test(struct kunit *test)
{
	static const struct skel_card_desc desc = { .engines = 1, .pio = true };
	struct engine_test *t = test->priv;
	struct skel_request req = { .dir = SKEL_FROMHOST, .length = 10000 };
	u8 piece[64];

	engine_card(test, &desc);
	KUNIT_ASSERT_EQ(test, 0, submit(t, 0, 10, 10000));
	KUNIT_EXPECT_EQ(test, t->runs[0].length, 10000);
	for (u64 at = 0; at < 10000; at += sizeof(piece)) {
		u64 n = min(10000 - at, sizeof(piece));

		memset(piece, at / sizeof(piece) + 1, sizeof(piece));
		KUNIT_ASSERT_EQ(test, 0, skel_grant_copy(t->card, t->runs[0].id, at,
							 piece, n));
	}
	KUNIT_EXPECT_EQ(test, -ERANGE, skel_grant_copy(t->card, t->runs[0].id, 9999,
						       piece, 2));
	KUNIT_EXPECT_EQ(test, -ENOENT, skel_grant_copy(t->card, t->runs[0].id + 1, 0,
						       piece, 1));
	KUNIT_EXPECT_EQ(test, 0, skel_engine_done(t->card, 0, 0));
	KUNIT_EXPECT_EQ(test, -ENOENT, skel_grant_copy(t->card, t->runs[0].id, 0,
						       piece, 1));

	req.host_addr = t->host_addr[0] + 10;
	KUNIT_ASSERT_EQ(test, 0, skel_submit(t->card, &req));
	for (u64 at = 0; at < 10000; at += 37) {
		KUNIT_ASSERT_EQ(test, 0, skel_grant_copy(t->card, t->runs[0].id, at,
							 piece, 1));
		KUNIT_ASSERT_EQ(test, piece[0], (u8)(at / sizeof(piece) + 1));
	}
}

static struct kunit_case engine_cases[] = {
	KUNIT_CASE(split_test),
	KUNIT_CASE(fair_test),
	KUNIT_CASE(timeout_test),
	KUNIT_CASE(close_test),
	KUNIT_CASE(close_late_test),
	KUNIT_CASE(unplug_test),
	KUNIT_CASE(pause_test),
	KUNIT_CASE(refuse_test),
	KUNIT_CASE(pio_test),
	{}
};

static struct kunit_suite engine_suite = {
	.name = "skel_engine",
	.init = engine_init,
	.exit = engine_exit,
	.test_cases = engine_cases,
};

kunit_test_suite(engine_suite);
