// SPDX-License-Identifier: GPL-2.0
/*
 * pages.c - the memory of a buffer
 *
 * One chunk of contiguous pages, or several, as large as they come. If the card
 * reaches all memory, because an IOMMU translates or its DMA mask is wide, they
 * come from the page allocator. Otherwise dma_alloc_pages() finds them, by zones
 * and in contiguous memory areas (CMA). That is done for card->faux, a device with
 * the card's mask that lives as long as the card.
 */

#include <kunit/visibility.h>
#include <linux/device/faux.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "core.h"

#define SKEL_TRY_AGAIN	512	/* pages: large chunks are tried again after them */

static struct page *skel_pages_get(struct skel_card *card, u64 length, gfp_t gfp,
				   dma_addr_t *dma)
{
	gfp |= GFP_KERNEL_ACCOUNT | __GFP_NOWARN;
	if (card->any_page)
		return alloc_pages_node(dev_to_node(card->dev), gfp | __GFP_ZERO,
					get_order(length));
	return dma_alloc_pages(&card->faux->dev, length, dma,
			       DMA_BIDIRECTIONAL, gfp);
}

static void skel_chunk_free(struct skel_card *card,
			    const struct skel_chunk *chunk)
{
	u64 length = skel_chunk_length(chunk);

	if (card->any_page)
		__free_pages(chunk->page, get_order(length));
	else
		dma_free_pages(&card->faux->dev, length, chunk->page,
			       chunk->dma, DMA_BIDIRECTIONAL);
}

/* Make room for one more chunk. */
static int skel_chunks_grow(struct skel_buf *buf)
{
	struct skel_chunk *chunks;

	if (!buf->max_chunks) {
		buf->chunks = &buf->only;
		buf->max_chunks = 1;
	}
	if (buf->nr_chunks < buf->max_chunks)
		return 0;
	chunks = kvmalloc_objs(*chunks, 2 * buf->max_chunks,
			       GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL |
			       __GFP_NOWARN);
	if (!chunks)
		return -ENOMEM;
	memcpy(chunks, buf->chunks, array_size(buf->nr_chunks, sizeof(*chunks)));
	if (buf->chunks != &buf->only)
		kvfree(buf->chunks);
	buf->chunks = chunks;
	buf->max_chunks *= 2;
	return 0;
}

static int skel_chunk_add(struct skel_card *card, struct skel_buf *buf, u32 first,
			  u32 count, gfp_t gfp)
{
	struct skel_chunk *chunk;

	if (skel_chunks_grow(buf))
		return -ENOMEM;
	chunk = &buf->chunks[buf->nr_chunks];
	*chunk = (struct skel_chunk) { .first = first, .count = count };
	chunk->page = skel_pages_get(card, (u64)count << PAGE_SHIFT, gfp,
				     &chunk->dma);
	if (!chunk->page)
		return -ENOMEM;
	buf->nr_chunks++;
	return 0;
}

void skel_pages_free(struct skel_card *card, struct skel_buf *buf)
{
	for (u32 i = 0; i < buf->nr_chunks; i++)
		skel_chunk_free(card, &buf->chunks[i]);
	if (buf->chunks != &buf->only)
		kvfree(buf->chunks);
}

/* Large chunks only if they are to be had with little effort. */
static int skel_chunks_alloc(struct skel_card *card, struct skel_buf *buf,
			     u32 count)
{
	unsigned int order = MAX_PAGE_ORDER;
	u32 done = 0;

	while (done < count) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		order = min_t(unsigned int, order, ilog2(count - done));
		order = min(order, card->order_max);
		if (!skel_chunk_add(card, buf, done, 1U << order,
				    order ? __GFP_NORETRY : __GFP_RETRY_MAYFAIL)) {
			done += 1U << order;
			/* Memory that is fragmented here need not be so there. */
			if (IS_ALIGNED(done, SKEL_TRY_AGAIN))
				order = MAX_PAGE_ORDER;
		} else if (order) {
			order--;
		} else {
			return -ENOMEM;
		}
	}
	return 0;
}

/* Zeroed memory of buf->range.length bytes. A failure is not worth an OOM kill. */
int skel_pages_alloc(struct skel_card *card, struct skel_buf *buf)
{
	u32 count = buf->range.length >> PAGE_SHIFT;
	int ret;

	if (card->one_piece)
		ret = skel_chunk_add(card, buf, 0, count, __GFP_RETRY_MAYFAIL);
	else
		ret = skel_chunks_alloc(card, buf, count);
	if (ret)
		skel_pages_free(card, buf);
	return ret;
}

/* The chunk that contains a byte of the buffer. */
const struct skel_chunk *skel_buf_chunk(const struct skel_buf *buf, u64 offset)
{
	u32 low = 0, high = buf->nr_chunks;

	/* The last chunk that does not begin after it. */
	while (high - low > 1) {
		u32 middle = low + (high - low) / 2;

		if (buf->chunks[middle].first <= offset >> PAGE_SHIFT)
			low = middle;
		else
			high = middle;
	}
	return &buf->chunks[low];
}

/*
 * How many of the @length bytes from @offset on are contiguous in memory, and
 * where; all of them are inside the buffer.
 */
u64 skel_buf_piece(const struct skel_buf *buf, u64 offset, u64 length,
		   phys_addr_t *phys)
{
	const struct skel_chunk *chunk = skel_buf_chunk(buf, offset);

	offset -= (u64)chunk->first << PAGE_SHIFT;
	*phys = page_to_phys(chunk->page) + offset;
	return min(length, skel_chunk_length(chunk) - offset);
}
EXPORT_SYMBOL_IF_KUNIT(skel_buf_piece);
