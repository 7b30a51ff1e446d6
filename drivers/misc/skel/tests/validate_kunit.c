// SPDX-License-Identifier: GPL-2.0
/*
 * validate_kunit.c - tests of the check of DMA requests
 */

#include <kunit/test.h>
#include <linux/ktime.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "../core.h"

struct inside_param {
	const char *name;
	u64 addr, length, base, size;
	bool inside;
};

#define PAGE	4096ULL	/* of the numbers below, not of the machine */
#define BUF	BIT_ULL(34)

static const struct inside_param inside_params[] = {
	{ "all",			BUF, PAGE, BUF, PAGE, true },
	{ "first byte",			BUF, 1, BUF, PAGE, true },
	{ "last byte",			BUF + PAGE - 1, 1, BUF, PAGE, true },
	{ "one byte before",		BUF - 1, 1, BUF, PAGE, false },
	{ "one byte behind",		BUF + PAGE, 1, BUF, PAGE, false },
	{ "starts one byte before",	BUF - 1, 2, BUF, PAGE, false },
	{ "ends one byte behind",	BUF + PAGE - 1, 2, BUF, PAGE, false },
	{ "one byte longer",		BUF, PAGE + 1, BUF, PAGE, false },
	{ "larger on both sides",	BUF - 1, PAGE + 2, BUF, PAGE, false },
	{ "empty at the start",		BUF, 0, BUF, PAGE, false },
	{ "empty at the end",		BUF + PAGE, 0, BUF, PAGE, false },
	{ "length 2^32",		BUF, 1ULL << 32, BUF, PAGE, false },
	{ "length 2^32 + 1 page",	BUF, (1ULL << 32) + PAGE, BUF, PAGE, false },
	{ "length 2^64 - 1",		BUF, U64_MAX, BUF, PAGE, false },
	{ "wraps to the start",		BUF + 1, U64_MAX, BUF, PAGE, false },
	{ "wraps to 0",			BUF, -BUF, BUF, PAGE, false },
	{ "wraps by one byte",		U64_MAX, 2, BUF, PAGE, false },
	{ "address 0",			0, 1, BUF, PAGE, false },
	{ "address 2^64 - 1",		U64_MAX, 1, BUF, PAGE, false },
	{ "base 0",			0, PAGE, 0, PAGE, true },
	{ "base 0, one longer",		0, PAGE + 1, 0, PAGE, false },
	{ "size 0",			BUF, 1, BUF, 0, false },
	{ "size 1",			BUF, 1, BUF, 1, true },
	{ "size 1, next",		BUF + 1, 1, BUF, 1, false },
	{ "size 2^32",			BUF, 1ULL << 32, BUF, 1ULL << 32, true },
	{ "size 2^64 - 1",		0, U64_MAX, 0, U64_MAX, true },
	{ "end of the numbers",		U64_MAX, 1, U64_MAX, 1, true },
	{ "up to the end of the numbers", U64_MAX - 1, 2, U64_MAX - 1, 2, true },
};

KUNIT_ARRAY_PARAM_DESC(inside, inside_params, name);

static void range_inside_test(struct kunit *test)
{
	const struct inside_param *p = test->param_value;

	KUNIT_EXPECT_EQ(test, skel_range_inside(p->addr, p->length, p->base,
						p->size), p->inside);
}

/*
 * The definition, byte by byte: every byte of the request is one of the
 * range's, and there is one.
 */
static bool naive_inside(u8 addr, u8 length, u8 base, u8 size)
{
	for (unsigned int i = 0; i < length; i++) {
		unsigned int byte = addr + i;

		if (byte < base || byte >= base + size)
			return false;
	}
	return length;
}

/* All requests against all ranges of a small address space. */
static void range_inside_exhaustive_test(struct kunit *test)
{
	const unsigned int end = 24;
	unsigned int wrong = 0;

	for (unsigned int addr = 0; addr < end; addr++)
		for (unsigned int length = 0; length < end; length++)
			for (unsigned int base = 0; base < end; base++)
				for (unsigned int size = 0; size < end; size++)
					wrong += skel_range_inside(addr, length, base, size) !=
						 naive_inside(addr, length, base, size);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static const struct skel_range both = {
	BUF, 2 * PAGE, SKEL_ALLOC_TOHOST | SKEL_ALLOC_FROMHOST,
};

static const struct skel_range tohost = { BUF, 2 * PAGE, SKEL_ALLOC_TOHOST };
static const struct skel_range fromhost = { BUF, 2 * PAGE, SKEL_ALLOC_FROMHOST };

struct validate_param {
	const char *name;
	struct skel_request req;
	const struct skel_range *range;
	u64 memory;
	enum skel_verdict verdict;
	int error;
};

static const struct validate_param validate_params[] = {
	{ "granted", { 0, SKEL_TOHOST, 0, PAGE, BUF }, &both, PAGE,
	  SKEL_OK, 0 },
	{ "all of both", { 0, SKEL_TOHOST, 0, 2 * PAGE, BUF }, &both, 2 * PAGE,
	  SKEL_OK, 0 },
	{ "last byte of both", { 0, SKEL_FROMHOST, PAGE - 1, 1, BUF + 2 * PAGE - 1 },
	  &both, PAGE, SKEL_OK, 0 },
	{ "length 0", { 0, SKEL_TOHOST, 0, 0, BUF }, &both, PAGE,
	  SKEL_BAD_LENGTH, -EINVAL },
	{ "length 0 without buffer", { 0, SKEL_TOHOST, 0, 0, BUF }, NULL, PAGE,
	  SKEL_BAD_LENGTH, -EINVAL },
	{ "no buffer", { 0, SKEL_TOHOST, 0, 1, BUF }, NULL, PAGE,
	  SKEL_BAD_HOST_ADDR, -EFAULT },
	{ "one byte beyond the buffer", { 0, SKEL_TOHOST, 0, 2, BUF + 2 * PAGE - 1 },
	  &both, PAGE, SKEL_BAD_HOST_ADDR, -EFAULT },
	{ "one byte before the buffer", { 0, SKEL_TOHOST, 0, 2, BUF - 1 },
	  &both, PAGE, SKEL_BAD_HOST_ADDR, -EFAULT },
	{ "to a source", { 0, SKEL_TOHOST, 0, 1, BUF }, &fromhost, PAGE,
	  SKEL_BAD_DIRECTION, -EACCES },
	{ "from a sink", { 0, SKEL_FROMHOST, 0, 1, BUF }, &tohost, PAGE,
	  SKEL_BAD_DIRECTION, -EACCES },
	{ "to a sink", { 0, SKEL_TOHOST, 0, 1, BUF }, &tohost, PAGE,
	  SKEL_OK, 0 },
	{ "from a source", { 0, SKEL_FROMHOST, 0, 1, BUF }, &fromhost, PAGE,
	  SKEL_OK, 0 },
	{ "one byte beyond the card", { 0, SKEL_TOHOST, 1, PAGE, BUF }, &both, PAGE,
	  SKEL_BAD_CARD_ADDR, -ERANGE },
	{ "behind the card", { 0, SKEL_TOHOST, PAGE, 1, BUF }, &both, PAGE,
	  SKEL_BAD_CARD_ADDR, -ERANGE },
	{ "card address wraps", { 0, SKEL_TOHOST, U64_MAX, 2, BUF }, &both, PAGE,
	  SKEL_BAD_CARD_ADDR, -ERANGE },
	{ "card without memory", { 0, SKEL_TOHOST, 0, 1, BUF }, &both, 0,
	  SKEL_BAD_CARD_ADDR, -ERANGE },
	/* A direction that is no member of the enum reads from the host. */
	{ "unknown direction", { 0, 7, 0, 1, BUF }, &tohost, PAGE,
	  SKEL_BAD_DIRECTION, -EACCES },
};

KUNIT_ARRAY_PARAM_DESC(validate, validate_params, name);

static void validate_test(struct kunit *test)
{
	const struct validate_param *p = test->param_value;
	enum skel_verdict verdict = skel_validate(&p->req, p->range, p->memory);

	KUNIT_EXPECT_EQ(test, verdict, p->verdict);
	KUNIT_EXPECT_EQ(test, skel_verdict_errno(verdict), p->error);
}

/* A channel with @n buffers of one page, as skel_buf_create() would lay them. */
static struct skel_chan *channel_with_buffers(struct kunit *test, unsigned int n)
{
	struct skel_chan *chan = kunit_kzalloc(test, sizeof(*chan), GFP_KERNEL);
	struct skel_buf *bufs = kunit_kcalloc(test, n, sizeof(*bufs), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, chan);
	KUNIT_ASSERT_NOT_NULL(test, bufs);
	xa_init(&chan->bufs);
	for (unsigned int i = 0; i < n; i++) {
		bufs[i].range = (struct skel_range) {
			BUF + i * PAGE_SIZE, PAGE_SIZE, SKEL_ALLOC_TOHOST,
		};
		KUNIT_ASSERT_FALSE(test, xa_is_err(xa_store(&chan->bufs,
							    bufs[i].range.addr >> PAGE_SHIFT,
							    &bufs[i], GFP_KERNEL)));
	}
	return chan;
}

/* Each buffer is found by each of its ends, and nothing beside them. */
static void buf_find_test(struct kunit *test)
{
	const unsigned int n = 1000;
	struct skel_chan *chan = channel_with_buffers(test, n);

	for (unsigned int i = 0; i < n; i++) {
		u64 addr = BUF + i * PAGE_SIZE;
		struct skel_buf *buf = skel_buf_find(chan, addr);

		KUNIT_ASSERT_NOT_NULL(test, buf);
		KUNIT_EXPECT_EQ(test, buf->range.addr, addr);
		KUNIT_EXPECT_PTR_EQ(test, buf, skel_buf_find(chan, addr + PAGE_SIZE - 1));
	}
	KUNIT_EXPECT_NULL(test, skel_buf_find(chan, BUF - 1));
	KUNIT_EXPECT_NULL(test, skel_buf_find(chan, BUF + n * PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, skel_buf_find(chan, 0));
	KUNIT_EXPECT_NULL(test, skel_buf_find(chan, U64_MAX));
	/* A 32-bit index would be cut here. */
	KUNIT_EXPECT_NULL(test, skel_buf_find(chan, BUF + (1ULL << 44)));
	KUNIT_EXPECT_NULL(test, skel_buf_find(chan, BUF + (1ULL << 32)));
	xa_destroy(&chan->bufs);
}

/* Put a buffer of @pages pages where the core would put it. */
static u64 place(struct kunit *test, struct skel_chan *chan, unsigned int pages)
{
	struct skel_buf *buf = kunit_kzalloc(test, sizeof(*buf), GFP_KERNEL);
	u64 size = (u64)PAGE_SIZE << get_order(pages * PAGE_SIZE);
	u64 addr = skel_buf_find_addr(chan, size);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_ASSERT_NE(test, addr, 0);
	buf->range.addr = addr;
	buf->range.length = pages * PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, 0,
			xa_err(xa_store_range(&chan->bufs, addr >> PAGE_SHIFT,
					      (addr + size - 1) >> PAGE_SHIFT,
					      buf, GFP_KERNEL)));
	chan->next = (addr + size) & (SKEL_WINDOW_SIZE - 1);
	return addr;
}

/* Host addresses never overlap, also when the search has come round. */
static void buf_find_addr_test(struct kunit *test)
{
	struct skel_card *card = kunit_kzalloc(test, sizeof(*card), GFP_KERNEL);
	struct skel_chan *chan = kunit_kzalloc(test, sizeof(*chan), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, card);
	KUNIT_ASSERT_NOT_NULL(test, chan);
	mutex_init(&card->mutex);
	xa_init(&chan->bufs);
	chan->card = card;
	guard(mutex)(&card->mutex);

	/* Three pages take the place of four. */
	KUNIT_EXPECT_EQ(test, place(test, chan, 3), BUF);
	KUNIT_EXPECT_EQ(test, place(test, chan, 1), BUF + 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, place(test, chan, 2), BUF + 6 * PAGE_SIZE);

	/* The last place of the window, then what is free from its start. */
	chan->next = SKEL_WINDOW_SIZE - PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, place(test, chan, 1),
			BUF + SKEL_WINDOW_SIZE - PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, place(test, chan, 1), BUF + 5 * PAGE_SIZE);
	chan->next = SKEL_WINDOW_SIZE - PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, place(test, chan, 5), BUF + 8 * PAGE_SIZE);

	/* A whole window does not fit any more. */
	KUNIT_EXPECT_EQ(test, skel_buf_find_addr(chan, SKEL_WINDOW_SIZE), 0);
	xa_destroy(&chan->bufs);
}

/* The cost of one decision: lookup and check, in ns. */
static u64 measure(struct kunit *test, unsigned int n)
{
	struct skel_chan *chan = channel_with_buffers(test, n);
	const unsigned int rounds = 20000;
	unsigned int granted = 0, step = 7919;
	u64 start, ns;

	start = ktime_get_ns();
	for (unsigned int i = 0; i < rounds; i++) {
		struct skel_request req = {
			.dir = SKEL_TOHOST,
			.length = 64,
			.host_addr = BUF + (u64)(i * step % n) * PAGE_SIZE,
		};
		struct skel_buf *buf = skel_buf_find(chan, req.host_addr);

		granted += skel_validate(&req, buf ? &buf->range : NULL,
					 SZ_1M) == SKEL_OK;
	}
	ns = ktime_get_ns() - start;
	KUNIT_EXPECT_EQ(test, granted, rounds);
	xa_destroy(&chan->bufs);
	return div_u64(ns, rounds);
}

static void validate_benchmark(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_SKEL_KUNIT_BENCHMARK))
		kunit_skip(test, "not enabled");

	kunit_info(test, "skel-bench: validate: 1 buffers: %llu ns\n",
		   measure(test, 1));
	kunit_info(test, "skel-bench: validate: 10000 buffers: %llu ns\n",
		   measure(test, 10000));
}

struct regions_param {
	const char *name;
	struct skel_region regions[2];
	bool valid;
};

#define REGION(_start, _length, _offset)				\
	{ "a", .start = (_start), .length = (_length), .offset = (_offset) }
#define SIZE	((u64)PAGE_SIZE)

static const struct regions_param regions_params[] = {
	{ "side by side", { REGION(SZ_1G, SIZE, 0),
			    REGION(SZ_1G + SIZE, SIZE, SIZE) }, true },
	{ "far apart", { REGION(SZ_1G, SIZE, SZ_2G), REGION(SZ_1M, SIZE, 0) }, true },
	{ "other order of offsets", { REGION(SZ_1G, SIZE, SIZE),
				      REGION(SZ_1G + SIZE, SIZE, 0) }, true },
	{ "up to the end", { REGION(SZ_1G, SIZE, 0),
			     REGION(SZ_1M, SIZE, SZ_4G - SIZE) }, true },
	{ "beyond the end", { REGION(SZ_1G, SIZE, 0),
			      REGION(SZ_1M, 2 * SIZE, SZ_4G - SIZE) }, false },
	{ "at the end", { REGION(SZ_1G, SIZE, 0), REGION(SZ_1M, SIZE, SZ_4G) }, false },
	{ "same offset", { REGION(SZ_1G, SIZE, 0), REGION(SZ_1M, SIZE, 0) }, false },
	{ "offsets overlap", { REGION(SZ_1G, 2 * SIZE, 0),
			       REGION(SZ_1M, SIZE, SIZE) }, false },
	{ "offsets overlap, other order", { REGION(SZ_1M, SIZE, SIZE),
					    REGION(SZ_1G, 2 * SIZE, 0) }, false },
	{ "same memory", { REGION(SZ_1G, SIZE, 0), REGION(SZ_1G, SIZE, SIZE) }, false },
	{ "memory overlaps", { REGION(SZ_1G, 2 * SIZE, 0),
			       REGION(SZ_1G + SIZE, SIZE, SZ_1M) }, false },
	{ "part of a page", { REGION(SZ_1G, SIZE, 0), REGION(SZ_1M, 256, SIZE) }, false },
	{ "page and a bit", { REGION(SZ_1G, SIZE, 0),
			      REGION(SZ_1M, SIZE + 8, SIZE) }, false },
	{ "starts inside a page", { REGION(SZ_1G, SIZE, 0),
				    REGION(SZ_1M + 256, SIZE, SIZE) }, false },
	{ "offset inside a page", { REGION(SZ_1G, SIZE, 0),
				    REGION(SZ_1M, SIZE, SIZE + 256) }, false },
	{ "empty", { REGION(SZ_1G, SIZE, 0), REGION(SZ_1M, 0, SIZE) }, false },
	{ "wraps", { REGION(SZ_1G, SIZE, 0),
		     REGION(-(phys_addr_t)PAGE_SIZE, 2 * SIZE, SIZE) }, false },
	{ "no name", { REGION(SZ_1G, SIZE, 0), { .start = SZ_1M, .length = SIZE,
						 .offset = SIZE } }, false },
	{ "name too long", { REGION(SZ_1G, SIZE, 0),
			     { "0123456789012345678901234567890.", SZ_1M, SIZE,
			       SIZE } }, false },
};

KUNIT_ARRAY_PARAM_DESC(regions, regions_params, name);

static void regions_valid_test(struct kunit *test)
{
	const struct regions_param *p = test->param_value;

	KUNIT_EXPECT_EQ(test, p->valid,
			skel_regions_valid(p->regions, 2, SKEL_REGIONS_END));
}

static struct kunit_case validate_cases[] = {
	KUNIT_CASE_PARAM(range_inside_test, inside_gen_params),
	KUNIT_CASE(range_inside_exhaustive_test),
	KUNIT_CASE_PARAM(validate_test, validate_gen_params),
	KUNIT_CASE_PARAM(regions_valid_test, regions_gen_params),
	KUNIT_CASE(buf_find_test),
	KUNIT_CASE(buf_find_addr_test),
	KUNIT_CASE_SLOW(validate_benchmark),
	{}
};

static struct kunit_suite validate_suite = {
	.name = "skel_validate",
	.test_cases = validate_cases,
};

kunit_test_suite(validate_suite);
