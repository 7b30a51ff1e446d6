// SPDX-License-Identifier: GPL-2.0
/*
 * grant_kunit.c - the pieces of memory of buffers and grants
 *
 * The card has a device of its own, which no IOMMU translates for, and never asks
 * for anything by itself.
 */

#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/device/faux.h>
#include <linux/dma-mapping.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../core.h"

#define MEMORY		SZ_1M
#define CHANNELS	3

struct grant_case {
	const char *name;
	u32 segments;
	unsigned int bits;		/* of the DMA mask */
	u32 pages;			/* of the buffer */
	u32 first;			/* that is granted */
	int ret;
	u32 nr_segments;		/* 0: up to @segments */
	bool ram;
};

struct grant_test {
	struct faux_device *faux;
	struct skel_card *card;
	struct skel_chan *chan;
	u64 host_addr;
	int stop_ret;			/* of quiesce() and reset() */
};

static int test_command(struct skel_card *card, u32 channel, char *line,
			size_t len)
{
	return 0;
}

static int test_reset(struct skel_card *card)
{
	struct grant_test *t = skel_card_priv(card);

	return t->stop_ret;
}

static int test_quiesce(struct skel_card *card, u32 channel)
{
	return test_reset(card);
}

static const struct skel_card_ops test_ops = {
	.command	= test_command,
	.quiesce	= test_quiesce,
	.reset		= test_reset,
};

static void grant_card(struct kunit *test, const struct grant_case *c)
{
	const struct skel_card_desc desc = {
		.name = "skel_kunit",
		.owner = THIS_MODULE,
		.ops = &test_ops,
		.channels = CHANNELS,
		.transfers = 2,
		.segments = c->segments,
		.memory = MEMORY,
		.ram = c->ram,
		.caps = SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST,
	};
	struct grant_test *t = test->priv;

	t->faux = faux_device_create("skel_kunit", NULL, NULL);
	KUNIT_ASSERT_NOT_NULL(test, t->faux);
	KUNIT_ASSERT_EQ(test, 0,
			dma_coerce_mask_and_coherent(&t->faux->dev,
						     DMA_BIT_MASK(c->bits)));
	t->card = skel_card_alloc(&t->faux->dev, &desc, t);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->card);

	scoped_guard(rwsem_read, &t->card->ops_sem)
		t->chan = skel_chan_create(t->card);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->chan);
	KUNIT_ASSERT_EQ(test, 0,
			skel_buf_create(t->chan, (u64)c->pages << PAGE_SHIFT,
					SKEL_ALLOC_TOHOST | SKEL_ALLOC_FROMHOST,
					&t->host_addr));
}

static int grant_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct grant_test), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static void grant_exit(struct kunit *test)
{
	struct grant_test *t = test->priv;

	if (!t)
		return;
	if (!IS_ERR_OR_NULL(t->chan))
		KUNIT_EXPECT_TRUE(test, skel_chan_destroy(t->chan));
	if (!IS_ERR_OR_NULL(t->card))
		skel_card_put(t->card);
	if (t->faux)
		faux_device_destroy(t->faux);
}

/* A buffer of 31 pages has chunks of 16, 8, 4, 2 and 1 at the most. */
static const struct grant_case grant_cases[] = {
	{ "one piece", 1, 64, 31, 0, 0, 1 },
	{ "one piece, from within", 1, 64, 31, 7, 0, 1 },
	{ "one piece below 4 GiB", 1, 32, 31, 0, 0, 1 },
	{ "one piece below 256 MiB", 1, 28, 31, 0, 0, 1 },
	{ "pieces", 32, 64, 31, 0, 0, 0 },
	{ "as many as allowed", 4, 64, 31, 16, 0, 4 },
	{ "one more than allowed", 4, 64, 31, 15, -E2BIG, 0 },
	{ "pieces below 4 GiB", 32, 32, 31, 0, 0, 0 },
	{ "pieces below 256 MiB", 32, 28, 31, 0, 0, 0 },
	{ "one page of many", 2, 64, 31, 30, 0, 1 },
	{ "many pages", 256, 64, 5000, 0, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(grant, grant_cases, name);

/* The segments are the bytes of the request, in their order, within the mask. */
static void check_segments(struct kunit *test, const struct skel_request *req,
			   const struct skel_grant *grant,
			   const struct grant_case *c)
{
	struct grant_test *t = test->priv;
	struct skel_buf *buf = skel_buf_find(t->chan, req->host_addr);
	u64 offset = req->host_addr - buf->range.addr;
	u64 length = 0;

	KUNIT_EXPECT_EQ(test, grant->dma, grant->segments[0].dma);
	for (u32 i = 0; i < grant->nr_segments; i++) {
		const struct skel_segment *s = &grant->segments[i];
		phys_addr_t phys;

		KUNIT_EXPECT_GT(test, s->length, 0);
		KUNIT_EXPECT_EQ(test, s->length,
				skel_buf_piece(buf, offset + length,
					       req->length - length, &phys));
		/* Nothing translates for this device. */
		KUNIT_EXPECT_EQ(test, s->dma, phys);
		KUNIT_EXPECT_LE(test, s->dma + s->length - 1,
				DMA_BIT_MASK(c->bits));
		length += s->length;
	}
	KUNIT_EXPECT_EQ(test, length, req->length);
}

static void grant_test(struct kunit *test)
{
	const struct grant_case *c = test->param_value;
	struct grant_test *t = test->priv;
	struct skel_request req = { .dir = SKEL_TOHOST };
	struct skel_grant grant;

	grant_card(test, c);
	req.host_addr = t->host_addr + ((u64)c->first << PAGE_SHIFT) + 1;
	req.length = min_t(u64, MEMORY,
			   ((u64)(c->pages - c->first) << PAGE_SHIFT) - 2);
	KUNIT_ASSERT_EQ(test, c->ret, skel_request(t->card, &req, &grant));
	if (c->ret) {
		KUNIT_EXPECT_EQ(test, grant.id, 0);
		KUNIT_EXPECT_EQ(test, grant.dma, 0);
		KUNIT_EXPECT_EQ(test, grant.nr_segments, 0);
		return;
	}
	KUNIT_EXPECT_LE(test, grant.nr_segments, c->segments);
	if (c->nr_segments)
		KUNIT_EXPECT_EQ(test, grant.nr_segments, c->nr_segments);
	check_segments(test, &req, &grant, c);
	KUNIT_EXPECT_EQ(test, 0, skel_complete(t->card, grant.id, req.length, 0));
}

/* Segments of one transfer are not those of another. */
static void two_grants_test(struct kunit *test)
{
	static const struct grant_case c = { "", 8, 64, 31 };
	struct grant_test *t = test->priv;
	struct skel_request req[] = {
		{ .dir = SKEL_TOHOST, .length = 15 << PAGE_SHIFT },
		{ .dir = SKEL_FROMHOST, .length = 16 << PAGE_SHIFT },
	};
	struct skel_grant grant[2];

	grant_card(test, &c);
	req[0].host_addr = t->host_addr + (16 << PAGE_SHIFT);
	req[1].host_addr = t->host_addr;
	for (int i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, 0, skel_request(t->card, &req[i], &grant[i]));
	for (int i = 0; i < 2; i++)
		check_segments(test, &req[i], &grant[i], &c);
	for (int i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, 0, skel_complete(t->card, grant[i].id,
						       req[i].length, 0));
}

/*
 * The kernel moves the bytes of this card. If it does not stop, its transfers end
 * nevertheless, and it gets no other until it has been reset.
 */
static void stuck_test(struct kunit *test)
{
	static const struct grant_case c = { "", 0, 64, 1, .ram = true };
	struct grant_test *t = test->priv;
	struct skel_request req = { .dir = SKEL_TOHOST, .length = PAGE_SIZE };
	struct skel_grant grant;
	u64 id;

	grant_card(test, &c);
	req.host_addr = t->host_addr;
	KUNIT_ASSERT_EQ(test, 0, skel_request(t->card, &req, &grant));
	id = grant.id;
	t->stop_ret = -EIO;
	KUNIT_EXPECT_TRUE(test, skel_chan_destroy(t->chan));
	KUNIT_EXPECT_EQ(test, -ENOENT, skel_complete(t->card, id, PAGE_SIZE, 0));

	for (int i = 0; i < 2; i++) {
		scoped_guard(rwsem_read, &t->card->ops_sem)
			t->chan = skel_chan_create(t->card);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->chan);
		KUNIT_ASSERT_EQ(test, 0, skel_buf_create(t->chan, PAGE_SIZE,
							 SKEL_ALLOC_TOHOST,
							 &req.host_addr));
		KUNIT_EXPECT_EQ(test, t->stop_ret ? -EBUSY : 0,
				skel_request(t->card, &req, &grant));
		/* It comes to its senses; the next open() notices. */
		if (!t->stop_ret)
			break;
		KUNIT_EXPECT_TRUE(test, skel_chan_destroy(t->chan));
		t->chan = NULL;
		t->stop_ret = 0;
	}
	KUNIT_EXPECT_EQ(test, 0, skel_complete(t->card, grant.id, PAGE_SIZE, 0));
}

/* A channel with a running transfer, of a card that can reach its memory */
struct kept {
	struct skel_chan *chan;
	struct skel_buf *buf;
	u64 host_addr;
	u64 id;
};

static noinline_for_stack void kept_start(struct kunit *test, struct kept *kept,
					  struct skel_chan *chan, u64 host_addr)
{
	struct grant_test *t = test->priv;
	struct skel_request req = {
		.channel = chan->nr,
		.dir = SKEL_TOHOST,
		.length = PAGE_SIZE,
		.host_addr = host_addr,
	};
	struct skel_grant grant;

	KUNIT_ASSERT_EQ(test, 0, skel_request(t->card, &req, &grant));
	*kept = (struct kept) {
		chan, skel_buf_find(chan, host_addr), host_addr, grant.id,
	};
}

static noinline_for_stack struct skel_chan *kept_open(struct kunit *test,
						      u64 *host_addr)
{
	struct grant_test *t = test->priv;
	struct skel_chan *chan;

	scoped_guard(rwsem_read, &t->card->ops_sem)
		chan = skel_chan_create(t->card);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, chan);
	KUNIT_ASSERT_EQ(test, 0, skel_buf_create(chan, PAGE_SIZE, SKEL_ALLOC_TOHOST,
						 host_addr));
	return chan;
}

/* The transfer has ended, which is said, and the memory is still the card's. */
static noinline_for_stack void kept_check(struct kunit *test,
					  const struct kept *kept,
					  const char *reason)
{
	struct grant_test *t = test->priv;
	char line[80], want[80];
	unsigned int n;

	KUNIT_EXPECT_EQ(test, -ENOENT,
			skel_complete(t->card, kept->id, PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			skel_complete(t->card, kept->id, 0, -EIO));
	KUNIT_EXPECT_PTR_EQ(test, kept->buf,
			    skel_buf_find(kept->chan, kept->host_addr));
	KUNIT_EXPECT_EQ(test, 1, kept->buf->pins);
	KUNIT_EXPECT_EQ(test, 0, kept->chan->running);
	KUNIT_EXPECT_EQ(test, -EBUSY, skel_buf_free(kept->chan, kept->host_addr));
	snprintf(want, sizeof(want), "skel: FAILED TOHOST 0x0 %#lx %#llx %s\n",
		 PAGE_SIZE, kept->host_addr, reason);
	scoped_guard(spinlock_irq, &t->card->lock)
		n = kfifo_out(&kept->chan->replies, line, sizeof(line) - 1);
	line[n] = '\0';
	KUNIT_EXPECT_STREQ(test, line, want);
}

/* Close within a second: nothing waits for what is known not to come. */
static noinline_for_stack void kept_close(struct kunit *test, struct kept *kept,
					  bool quiet)
{
	struct grant_test *t = test->priv;
	unsigned long start = jiffies;

	/* As an open file does. */
	kref_get(&t->card->ref);
	if (skel_chan_destroy(kept->chan))
		skel_card_put(t->card);
	else
		KUNIT_EXPECT_FALSE(test, quiet);
	KUNIT_EXPECT_LT(test, jiffies - start, HZ);
}

static const struct grant_case kept_case = { "", 1, 64, 1 };

/* The card can reach its memory, and does not stop when a channel is closed. */
static void kept_at_close_test(struct kunit *test)
{
	struct grant_test *t = test->priv;
	struct kept closed, other;
	struct skel_request req = { .length = PAGE_SIZE };
	struct skel_grant grant;
	u64 host_addr;

	grant_card(test, &kept_case);
	if (t->card->enforced)
		kunit_skip(test, "an IOMMU keeps the card from its memory");
	kept_start(test, &closed, t->chan, t->host_addr);
	t->chan = kept_open(test, &host_addr);
	kept_start(test, &other, t->chan, host_addr);
	t->chan = NULL;
	t->stop_ret = -EIO;
	kept_close(test, &closed, false);
	kept_check(test, &closed, "cancelled");
	kept_check(test, &other, "cancelled");

	/* Its number is not another's, and the card gets nothing. */
	t->chan = kept_open(test, &host_addr);
	KUNIT_EXPECT_EQ(test, 2, t->chan->nr);
	KUNIT_EXPECT_PTR_EQ(test, closed.chan, t->card->chans[0]);
	req.channel = t->chan->nr;
	req.host_addr = host_addr;
	KUNIT_EXPECT_EQ(test, -EBUSY, skel_request(t->card, &req, &grant));
	kept_close(test, &(struct kept) { t->chan }, true);
	t->chan = NULL;

	/* It has stopped: the next open() finds out, and all is as before. */
	t->stop_ret = 0;
	t->chan = kept_open(test, &host_addr);
	KUNIT_EXPECT_EQ(test, 0, t->chan->nr);
	KUNIT_EXPECT_EQ(test, 0, skel_buf_free(other.chan, other.host_addr));
	KUNIT_EXPECT_EQ(test, 1, kref_read(&t->card->ref));
	kept_start(test, &closed, t->chan, host_addr);
	KUNIT_EXPECT_EQ(test, 0,
			skel_complete(t->card, closed.id, PAGE_SIZE, 0));
	KUNIT_EXPECT_TRUE(test, skel_chan_destroy(other.chan));
}

/* It does not stop when it is unplugged, as by the removal of its driver. */
static void kept_at_unplug_test(struct kunit *test)
{
	struct grant_test *t = test->priv;
	struct kept kept;

	grant_card(test, &kept_case);
	if (t->card->enforced)
		kunit_skip(test, "an IOMMU keeps the card from its memory");
	KUNIT_ASSERT_EQ(test, 0, skel_card_register(t->card));
	kept_start(test, &kept, t->chan, t->host_addr);
	t->chan = NULL;
	t->stop_ret = -EIO;
	KUNIT_EXPECT_TRUE(test, skel_card_has_stopped(t->card));
	skel_card_unregister(t->card);
	KUNIT_EXPECT_FALSE(test, skel_card_has_stopped(t->card));
	kept_check(test, &kept, "gone");
	kept_close(test, &kept, false);
	KUNIT_EXPECT_PTR_EQ(test, kept.chan, t->card->chans[0]);
	KUNIT_EXPECT_EQ(test, 1, kept.buf->pins);
	KUNIT_EXPECT_EQ(test, 2, kref_read(&t->card->ref));

	/* Outside of a test that is for ever. */
	t->stop_ret = 0;
	scoped_guard(rwsem_read, &t->card->ops_sem) {
		skel_xfer_unstick(t->card);
		skel_chan_reap(t->card);
	}
	KUNIT_EXPECT_EQ(test, 1, kref_read(&t->card->ref));
}

/* At each page border and beside it, found as slowly as it can be. */
static void piece_test(struct kunit *test)
{
	static const u32 counts[] = { 1, 1, 2, 8, 1, 512, 3, 1024, 1 };
	struct skel_chunk chunks[ARRAY_SIZE(counts)];
	struct skel_buf buf = { .chunks = chunks };
	u64 all = 0;

	for (int i = 0; i < ARRAY_SIZE(counts); i++) {
		chunks[i] = (struct skel_chunk) {
			/* Never touched; far away from each other. */
			.page = pfn_to_page(4096 * (i + 1)),
			.first = all,
			.count = counts[i],
		};
		all += counts[i];
	}
	buf.nr_chunks = ARRAY_SIZE(counts);
	all <<= PAGE_SHIFT;
	for (u64 offset = 0; offset < all; offset += PAGE_SIZE / 2 - 1) {
		const struct skel_chunk *chunk = chunks;
		u64 start, end, n;
		phys_addr_t phys;

		while (offset >> PAGE_SHIFT >= chunk->first + chunk->count)
			chunk++;
		start = (u64)chunk->first << PAGE_SHIFT;
		end = start + ((u64)chunk->count << PAGE_SHIFT);
		n = skel_buf_piece(&buf, offset, all - offset, &phys);
		KUNIT_EXPECT_EQ(test, n, end - offset);
		KUNIT_EXPECT_EQ(test, phys, page_to_phys(chunk->page) + offset - start);
		KUNIT_EXPECT_EQ(test, 1, skel_buf_piece(&buf, offset, 1, &phys));
	}
}

static struct kunit_case grant_tests[] = {
	KUNIT_CASE_PARAM(grant_test, grant_gen_params),
	KUNIT_CASE(two_grants_test),
	KUNIT_CASE(stuck_test),
	KUNIT_CASE(kept_at_close_test),
	KUNIT_CASE(kept_at_unplug_test),
	KUNIT_CASE(piece_test),
	{}
};

static struct kunit_suite grant_suite = {
	.name = "skel_grant",
	.init = grant_init,
	.exit = grant_exit,
	.test_cases = grant_tests,
};

kunit_test_suite(grant_suite);
