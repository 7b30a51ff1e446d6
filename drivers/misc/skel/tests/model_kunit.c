// SPDX-License-Identifier: GPL-2.0
/*
 * model_kunit.c - the check of DMA requests against a naive model of it
 *
 * The model has a bitmap of the bytes of each buffer. A request is right if all of
 * its bytes are in the bitmap of one buffer that is for its direction, and in the
 * bitmap of the card's memory. The driver's answer comes from its own lookup and
 * check.
 */

#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sched.h>

#include "../core.h"

static unsigned int model_requests = 50000;
module_param(model_requests, uint, 0444);
MODULE_PARM_DESC(model_requests, "random requests of the check against the model (default 50000)");

static unsigned long long model_seed = 1;
module_param(model_seed, ullong, 0444);
MODULE_PARM_DESC(model_seed, "seed of the random requests (default 1)");

#define PAGES	16
#define SPACE	(PAGES * PAGE_SIZE)	/* of the model, host and card */
#define BASE	BIT_ULL(SKEL_WINDOW_SHIFT)	/* of channel 0 */
#define BUFS	8

struct model_buf {
	struct skel_buf buf;
	bool used;
	/* The second half is never set: nothing ends at the end of the map. */
	unsigned long bytes[BITS_TO_LONGS(2 * SPACE)];
};

struct model {
	struct skel_card card;
	struct model_buf bufs[BUFS];
	u64 memory;			/* of the card */
	unsigned long memory_bytes[BITS_TO_LONGS(2 * SPACE)];
	struct rnd_state rnd;

	/* How many, so that a test cannot pass by looking at nothing */
	unsigned int granted, length, host, direction, card_addr;

	struct skel_chan chan;		/* ends with a flexible array */
};

static int model_init(struct kunit *test)
{
	struct model *m = kvzalloc_obj(*m);

	if (!m)
		return -ENOMEM;
	test->priv = m;
	mutex_init(&m->card.mutex);
	xa_init(&m->chan.bufs);
	m->chan.card = &m->card;
	prandom_seed_state(&m->rnd, model_seed);
	return 0;
}

static void model_exit(struct kunit *test)
{
	struct model *m = test->priv;

	if (m)
		xa_destroy(&m->chan.bufs);
	kvfree(m);
}

static u32 below(struct model *m, u32 end)
{
	return prandom_u32_state(&m->rnd) % end;
}

static u64 random64(struct model *m)
{
	return (u64)prandom_u32_state(&m->rnd) << 32 | prandom_u32_state(&m->rnd);
}

/* Lend a buffer at the place that the driver chooses, if that is in the map. */
static void lend(struct kunit *test, struct model *m, unsigned int pages,
		 u32 dirs)
{
	u64 size = (u64)PAGE_SIZE << get_order(pages * PAGE_SIZE), addr;
	struct model_buf *b = m->bufs;

	while (b < m->bufs + BUFS && b->used)
		b++;
	if (b == m->bufs + BUFS)
		return;
	scoped_guard(mutex, &m->card.mutex)
		addr = skel_buf_find_addr(&m->chan, size);
	KUNIT_ASSERT_GE(test, addr, BASE);
	if (addr - BASE + size > SPACE)
		return;
	b->buf.range = (struct skel_range) { addr, pages * PAGE_SIZE, dirs };
	KUNIT_ASSERT_EQ(test, 0,
			xa_err(xa_store_range(&m->chan.bufs, addr >> PAGE_SHIFT,
					      (addr + size - 1) >> PAGE_SHIFT,
					      &b->buf, GFP_KERNEL)));
	bitmap_set(b->bytes, addr - BASE, pages * PAGE_SIZE);
	b->used = true;
}

static void take_back(struct model *m, struct model_buf *b)
{
	if (!b->used)
		return;
	xa_erase(&m->chan.bufs, b->buf.range.addr >> PAGE_SHIFT);
	bitmap_zero(b->bytes, 2 * SPACE);
	b->used = false;
}

static void set_memory(struct model *m, u64 bytes)
{
	m->memory = bytes;
	bitmap_zero(m->memory_bytes, 2 * SPACE);
	bitmap_set(m->memory_bytes, 0, bytes);
}

/* Are the bytes [addr, addr + length) in the map, whose first byte is @base? */
static bool all_set(const unsigned long *map, u64 base, u64 addr, u64 length)
{
	u64 offset = addr - base;	/* below base: far beyond the map */

	/* More bytes than the map has cannot all be in it. */
	if (offset >= SPACE || length > SPACE)
		return false;
	return find_next_zero_bit(map, 2 * SPACE, offset) >= offset + length;
}

/* The reasons to refuse a request; 0: it is right */
static unsigned int model_faults(struct model *m, const struct skel_request *req)
{
	const u32 need = req->dir == SKEL_FROMHOST ? SKEL_ALLOC_FROMHOST :
						     SKEL_ALLOC_TOHOST;
	const struct model_buf *lender = NULL;
	unsigned int faults = 0;

	for (const struct model_buf *b = m->bufs; b < m->bufs + BUFS; b++) {
		if (all_set(b->bytes, BASE, req->host_addr, req->length))
			lender = b;
	}
	if (!req->length)
		faults |= BIT(SKEL_BAD_LENGTH);
	if (!lender)
		faults |= BIT(SKEL_BAD_HOST_ADDR);
	if (lender && !(lender->buf.range.dirs & need))
		faults |= BIT(SKEL_BAD_DIRECTION);
	if (!all_set(m->memory_bytes, 0, req->card_addr, req->length))
		faults |= BIT(SKEL_BAD_CARD_ADDR);
	return faults;
}

/* A right request is granted; a wrong one is refused for one of its faults. */
static void compare(struct kunit *test, struct model *m,
		    const struct skel_request *req)
{
	unsigned int faults = model_faults(m, req);
	struct skel_buf *buf = skel_buf_find(&m->chan, req->host_addr);
	enum skel_verdict verdict = skel_validate(req, buf ? &buf->range : NULL,
						  m->memory);

	/* KUNIT_EXPECT() for each of a million is slow. */
	if (verdict == SKEL_OK ? faults : !(faults & BIT(verdict)))
		KUNIT_FAIL_AND_ABORT(test, "dir %d %#llx %#llx %#llx: verdict %d, faults %#x",
				     req->dir, req->card_addr, req->length,
				     req->host_addr, verdict, faults);
	m->granted += verdict == SKEL_OK;
	m->length += verdict == SKEL_BAD_LENGTH;
	m->host += verdict == SKEL_BAD_HOST_ADDR;
	m->direction += verdict == SKEL_BAD_DIRECTION;
	m->card_addr += verdict == SKEL_BAD_CARD_ADDR;
}

static void tell(struct kunit *test, const struct model *m)
{
	kunit_info(test, "%u granted; refused: length %u, host address %u, direction %u, card address %u\n",
		   m->granted, m->length, m->host, m->direction, m->card_addr);
	KUNIT_EXPECT_GT(test, m->granted, 0);
	KUNIT_EXPECT_GT(test, m->length, 0);
	KUNIT_EXPECT_GT(test, m->host, 0);
	KUNIT_EXPECT_GT(test, m->direction, 0);
	KUNIT_EXPECT_GT(test, m->card_addr, 0);
}

/* A number near a boundary, which is where mistakes are made */
static u64 near_edge(struct model *m)
{
	return below(m, PAGES + 1) * PAGE_SIZE + below(m, 5) - 2;
}

/* Sometimes something absurd instead of a number that could be right */
static u64 maybe_absurd(struct model *m, u64 number)
{
	switch (below(m, 24)) {
	case 0:
		return random64(m);
	case 1:
		return number ^ BIT_ULL(below(m, 64));
	case 2:
		return -number;
	case 3:
		return U64_MAX - below(m, 4);
	default:
		return number;
	}
}

/* From @start inside of @room bytes, or from anywhere if @room is 0 */
static u64 random_length(struct model *m, u64 start, u64 room)
{
	switch (below(m, 8)) {
	case 0:
		return below(m, 3);
	case 1:
		return below(m, SPACE);
	case 2:
	case 3:
		/* up to an edge, or backwards from one: that wraps around */
		return near_edge(m) - start;
	default:
		return room ? room + below(m, 5) - 3 : below(m, PAGE_SIZE);
	}
}

static void random_request(struct model *m, struct skel_request *req)
{
	const struct model_buf *b = &m->bufs[below(m, BUFS)];
	u64 start = near_edge(m), room = 0;

	if (b->used) {
		u64 into = below(m, 4) ? below(m, b->buf.range.length) : 0;

		start = b->buf.range.addr - BASE + into;
		room = b->buf.range.length - into;
	}
	*req = (struct skel_request) {
		.dir = below(m, 2) ? SKEL_TOHOST : SKEL_FROMHOST,
		.length = maybe_absurd(m, random_length(m, start, room)),
		.host_addr = maybe_absurd(m, BASE + start),
	};
	/* Right as often as not, else nothing would ever be granted */
	if (below(m, 4))
		req->card_addr = m->memory > req->length ?
				 below(m, m->memory - req->length + 1) : 0;
	else
		req->card_addr = maybe_absurd(m, m->memory + below(m, 5) - 2 -
					      (below(m, 2) ? req->length : 0));
}

static void change_layout(struct kunit *test, struct model *m)
{
	take_back(m, &m->bufs[below(m, BUFS)]);
	/* The search starts anywhere, else all would lie in a row. */
	m->chan.next = below(m, PAGES) * PAGE_SIZE;
	for (unsigned int i = 1 + below(m, 3); i; i--)
		lend(test, m, 1 + below(m, 5),
		     1 + below(m, SKEL_ALLOC_TOHOST | SKEL_ALLOC_FROMHOST));
	if (!below(m, 16))
		set_memory(m, below(m, 2) ? SPACE : below(m, SPACE));
}

static void model_random_test(struct kunit *test)
{
	struct model *m = test->priv;
	unsigned int layouts = 0;
	struct skel_request req;

	set_memory(m, SPACE);
	for (unsigned int i = 0; i < model_requests; i++) {
		if (i % 16 == 0) {
			change_layout(test, m);
			layouts++;
			cond_resched();
		}
		random_request(m, &req);
		compare(test, m, &req);
	}
	kunit_info(test, "seed %llu, %u requests in %u layouts\n", model_seed,
		   model_requests, layouts);
	tell(test, m);
}

/* All requests that begin and end at, or one byte beside, the edge of a page */
static void all_requests(struct kunit *test, struct model *m, unsigned int pages)
{
	for (unsigned int begin = 0; begin < 3 * (pages + 1); begin++) {
		for (unsigned int end = 0; end < 3 * (pages + 1); end++) {
			for (unsigned int i = 0; i < 8; i++) {
				u64 first = begin / 3 * PAGE_SIZE + begin % 3 - 1;
				struct skel_request req = {
					.dir = i & 1 ? SKEL_TOHOST : SKEL_FROMHOST,
					.host_addr = BASE + first,
					.length = end / 3 * PAGE_SIZE +
						  end % 3 - 1 - first,
				};

				/* at both ends of the card's memory, and beyond */
				if (i & 2)
					req.card_addr = m->memory - req.length;
				if (i & 4)
					req.card_addr += i & 2 ? 1 : -1;
				compare(test, m, &req);
			}
		}
	}
}

/* All ways to lay buffers of 1 to 4 pages into four pages, for any direction */
static void model_all_layouts_test(struct kunit *test)
{
	struct model *m = test->priv;
	const unsigned int pages = 4;
	unsigned int layouts = 0;

	set_memory(m, pages * PAGE_SIZE);
	/* At each page begins no buffer, or one of that many pages. */
	for (unsigned int code = 0; code < 5 * 3 * 3 * 2 * 3; code++) {
		const unsigned int lengths[] = {
			code % 5, code / 5 % 3, code / 15 % 3, code / 45 % 2,
		};
		unsigned int free = 0;
		bool fits = true;

		for (unsigned int i = 0; fits && i < pages; i++) {
			unsigned int size = lengths[i] ?
				1 << get_order(lengths[i] * PAGE_SIZE) : 0;

			/* Buffers are aligned to their size, and end before the next. */
			fits = !size || (i >= free && !(i & (size - 1)) &&
					 i + size <= pages);
			if (size)
				free = i + size;
		}
		if (!fits)
			continue;
		layouts++;
		for (unsigned int i = 0; i < pages; i++) {
			if (!lengths[i])
				continue;
			m->chan.next = i * PAGE_SIZE;
			lend(test, m, lengths[i], 1 + (code / 90 + i) % 3);
		}
		all_requests(test, m, pages);
		for (unsigned int i = 0; i < BUFS; i++)
			take_back(m, &m->bufs[i]);
		cond_resched();
	}
	kunit_info(test, "%u layouts\n", layouts);
	KUNIT_EXPECT_GT(test, layouts, 50);
	tell(test, m);
}

/* Each byte of a request, one after the other */
static bool each_inside(unsigned int addr, unsigned int length,
			unsigned int base, unsigned int size)
{
	for (unsigned int byte = addr; byte < addr + length; byte++) {
		if (byte < base || byte >= base + size)
			return false;
	}
	return true;
}

/* All requests against all buffers and all cards in a space of six bytes */
static void model_all_bytes_test(struct kunit *test)
{
	enum { ADDR, LENGTH, BASE_ADDR, SIZE, CARD, MEMORY, NUMBERS };
	unsigned int granted = 0, n[NUMBERS];

	for (unsigned int code = 0; code < 6 * 6 * 6 * 6 * 6 * 6; code++) {
		struct skel_range range = { .dirs = SKEL_ALLOC_TOHOST };
		struct skel_request req = { .dir = SKEL_TOHOST };
		bool ok, right;

		for (unsigned int i = 0, rest = code; i < NUMBERS; i++, rest /= 6)
			n[i] = rest % 6;
		req.host_addr = n[ADDR];
		req.card_addr = n[CARD];
		req.length = n[LENGTH];
		range.addr = n[BASE_ADDR];
		range.length = n[SIZE];
		ok = skel_validate(&req, &range, n[MEMORY]) == SKEL_OK;
		right = n[LENGTH] &&
			each_inside(n[ADDR], n[LENGTH], n[BASE_ADDR], n[SIZE]) &&
			each_inside(n[CARD], n[LENGTH], 0, n[MEMORY]);
		if (ok != right)
			KUNIT_FAIL_AND_ABORT(test, "case %u: %d", code, ok);
		granted += ok;
	}
	KUNIT_EXPECT_GT(test, granted, 0);
}

static struct kunit_case model_cases[] = {
	KUNIT_CASE(model_all_bytes_test),
	KUNIT_CASE(model_all_layouts_test),
	KUNIT_CASE_SLOW(model_random_test),
	{}
};

static struct kunit_suite model_suite = {
	.name = "skel_model",
	.init = model_init,
	.exit = model_exit,
	.test_cases = model_cases,
};

kunit_test_suite(model_suite);
