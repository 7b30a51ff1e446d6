// SPDX-License-Identifier: GPL-2.0
/*
 * grant.c - what the card reaches, and when: the bytes of its running transfers
 *
 * They are mapped for the card's device from the grant to the end of the transfer.
 * Behind an IOMMU each transfer has a range of bus addresses of its own, which is
 * contiguous whatever the pages are, and destroyed at the end; the IOMMU then
 * stops the card from reaching them. That happens at once (dma_iova_destroy()
 * flushes the IOTLB), also in lazy mode. Only the pages that hold the first and
 * last byte are reachable as a whole; not even those if the device is untrusted.
 *
 * Without an IOMMU the card can reach all memory. Buffers are mapped as long as they
 * live and the device is there: the DMA API does not like to have the same bytes mapped
 * several times, by transfers that overlap. A grant has a segment for each piece.
 */

#include <linux/cleanup.h>
#include <linux/dma-mapping.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "core.h"

static bool skel_is_tohost(const struct skel_xfer *xfer)
{
	return xfer->req.dir == SKEL_TOHOST;
}

/*
 * Write back first what the CPU has written. Otherwise it would be lost when the
 * cache is invalidated for the card, which may write less than it was granted, or
 * nothing. What the last owner of the pages wrote would come back: the zeroes of a
 * new buffer may be in the cache only.
 */
static void skel_sync_for_device(struct device *dev, dma_addr_t dma, u64 length,
				 bool tohost)
{
	dma_sync_single_for_device(dev, dma, length, DMA_TO_DEVICE);
	if (tohost)
		dma_sync_single_for_device(dev, dma, length, DMA_FROM_DEVICE);
}

static void skel_sync_for_cpu(struct device *dev, dma_addr_t dma, u64 length,
			      bool tohost)
{
	dma_sync_single_for_cpu(dev, dma, length,
				tohost ? DMA_FROM_DEVICE : DMA_TO_DEVICE);
}

/*
 * A bidirectional mapping can be synchronized in both directions, and what the CPU
 * has written is written back when it is made.
 */
static enum dma_data_direction skel_map_dir(bool tohost)
{
	return tohost ? DMA_BIDIRECTIONAL : DMA_TO_DEVICE;
}

static int skel_map_pages(struct skel_card *card, const struct skel_buf *buf,
			  struct page *page, u64 length, dma_addr_t *bus)
{
	*bus = dma_map_phys(card->dev, page_to_phys(page), length,
			    skel_map_dir(buf->range.dirs & SKEL_ALLOC_TOHOST),
			    DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_NO_WARN);
	return dma_mapping_error(card->dev, *bus) ? -ENOMEM : 0;
}

static void skel_unmap_pages(struct skel_card *card, const struct skel_buf *buf,
			     dma_addr_t bus, u64 length)
{
	dma_unmap_phys(card->dev, bus, length,
		       skel_map_dir(buf->range.dirs & SKEL_ALLOC_TOHOST),
		       DMA_ATTR_SKIP_CPU_SYNC);
}

int skel_buf_map(struct skel_card *card, struct skel_buf *buf)
{
	lockdep_assert_held(&card->ops_sem);
	if (!skel_card_has_dma(card) || card->iova)
		return 0;
	for (; buf->nr_mapped < buf->nr_chunks; buf->nr_mapped++) {
		struct skel_chunk *chunk = &buf->chunks[buf->nr_mapped];

		if (skel_map_pages(card, buf, chunk->page,
				   skel_chunk_length(chunk), &chunk->bus)) {
			skel_buf_unmap(card, buf);
			return -ENOMEM;
		}
	}
	return 0;
}

void skel_buf_unmap(struct skel_card *card, struct skel_buf *buf)
{
	while (buf->nr_mapped) {
		struct skel_chunk *chunk = &buf->chunks[--buf->nr_mapped];

		skel_unmap_pages(card, buf, chunk->bus,
				 skel_chunk_length(chunk));
	}
}

static struct skel_segment *skel_xfer_segments(struct skel_chan *chan,
					       const struct skel_xfer *xfer)
{
	return &chan->segments[(xfer - chan->xfers) * chan->card->segments];
}

/* Collect what the bytes are in, then give it to the card. */
static enum skel_verdict skel_begin_segments(struct skel_chan *chan,
					     struct skel_xfer *xfer)
{
	u64 offset = xfer->req.host_addr - xfer->buf->range.addr;
	struct skel_segment *segment = skel_xfer_segments(chan, xfer);
	u64 left = xfer->req.length;

	for (; left; left -= segment->length, segment++) {
		const struct skel_chunk *chunk = skel_buf_chunk(xfer->buf, offset);
		u64 start = (u64)chunk->first << PAGE_SHIFT;

		if (xfer->nr_segments == chan->card->segments)
			return SKEL_SCATTERED;
		segment->dma = chunk->bus + (offset - start);
		segment->length = min(left, start + skel_chunk_length(chunk) -
				      offset);
		offset += segment->length;
		xfer->nr_segments++;
	}
	segment = skel_xfer_segments(chan, xfer);
	for (u32 i = 0; i < xfer->nr_segments; i++, segment++)
		skel_sync_for_device(chan->card->dev, segment->dma,
				     segment->length, skel_is_tohost(xfer));
	return SKEL_OK;
}

static void skel_end_segments(struct skel_chan *chan, struct skel_xfer *xfer)
{
	struct skel_segment *segment = skel_xfer_segments(chan, xfer);

	for (u32 i = 0; i < xfer->nr_segments; i++, segment++)
		skel_sync_for_cpu(chan->card->dev, segment->dma,
				  segment->length, skel_is_tohost(xfer));
}

static enum skel_verdict skel_link_iova(struct skel_chan *chan,
					struct skel_xfer *xfer)
{
	u64 offset = xfer->req.host_addr - xfer->buf->range.addr;
	enum dma_data_direction dir = skel_map_dir(skel_is_tohost(xfer));
	struct device *dev = chan->card->dev;
	u64 length = xfer->req.length;
	u64 done = 0;
	int ret = 0;

	if (!dma_iova_try_alloc(dev, &xfer->iova, offset_in_page(offset), length))
		return SKEL_NO_MEMORY;
	while (!ret && done < length) {
		phys_addr_t phys;
		u64 n = skel_buf_piece(xfer->buf, offset + done, length - done,
				       &phys);

		ret = dma_iova_link(dev, &xfer->iova, phys, done, n,
				    dir, DMA_ATTR_NO_WARN);
		if (!ret)
			done += n;
	}
	if (!ret)
		ret = dma_iova_sync(dev, &xfer->iova, 0, length);
	if (ret) {
		dma_iova_destroy(dev, &xfer->iova, done, dir, 0);
		return SKEL_NO_MEMORY;
	}
	*skel_xfer_segments(chan, xfer) = (struct skel_segment) {
		xfer->iova.addr, length
	};
	xfer->nr_segments = 1;
	return SKEL_OK;
}

/* Any context. The transfer is not running, and pins its buffer. */
enum skel_verdict skel_grant_map(struct skel_chan *chan, struct skel_xfer *xfer)
{
	if (!skel_card_has_dma(chan->card))
		return SKEL_OK;
	return chan->card->iova ? skel_link_iova(chan, xfer) :
				  skel_begin_segments(chan, xfer);
}

/* Any context. The card must not touch the bytes any more, or cannot. */
void skel_grant_unmap(struct skel_chan *chan, struct skel_xfer *xfer)
{
	if (chan->card->iova)
		dma_iova_destroy(chan->card->dev, &xfer->iova, xfer->req.length,
				 skel_map_dir(skel_is_tohost(xfer)), 0);
	else
		skel_end_segments(chan, xfer);
}

/* How many bytes of a transfer are contiguous from @offset on, and where */
u64 skel_grant_at(struct skel_chan *chan, const struct skel_xfer *xfer, u64 offset,
		  dma_addr_t *dma)
{
	const struct skel_segment *segment = skel_xfer_segments(chan, xfer);

	*dma = 0;
	if (!xfer->nr_segments)
		return xfer->req.length - offset;
	for (; offset >= segment->length; segment++)
		offset -= segment->length;
	*dma = segment->dma + offset;
	return segment->length - offset;
}

void skel_grant_fill(struct skel_chan *chan, const struct skel_xfer *xfer,
		     struct skel_grant *grant)
{
	*grant = (struct skel_grant) { .id = xfer->id };
	if (!xfer->nr_segments)
		return;
	grant->segments = skel_xfer_segments(chan, xfer);
	grant->nr_segments = xfer->nr_segments;
	grant->dma = grant->segments->dma;
}

/* The DMA API has no such thing for a range of bus addresses of one's own. */
static void skel_xfer_sync(struct skel_chan *chan, const struct skel_xfer *xfer,
			   u64 start, u64 end, u32 flags)
{
	struct skel_segment *segment = skel_xfer_segments(chan, xfer);
	u64 at = xfer->req.host_addr;

	if (chan->card->iova)
		return;
	for (u32 i = 0; i < xfer->nr_segments; i++, segment++) {
		u64 low = max(start, at), high = min(end, at + segment->length);

		if (low < high && flags == SKEL_SYNC_FOR_CPU)
			skel_sync_for_cpu(chan->card->dev,
					  segment->dma + (low - at), high - low,
					  skel_is_tohost(xfer));
		else if (low < high)
			skel_sync_for_device(chan->card->dev,
					     segment->dma + (low - at),
					     high - low, skel_is_tohost(xfer));
		at += segment->length;
	}
}

/* What running transfers have of these bytes; the others are in order. */
int skel_grant_sync(struct skel_chan *chan, u64 host_addr, u64 length, u32 flags)
{
	struct skel_card *card = chan->card;
	struct skel_buf *buf;

	guard(mutex)(&card->mutex);
	if (card->gone)
		return -ENODEV;
	buf = skel_buf_find(chan, host_addr);
	if (!buf || READ_ONCE(buf->dead) ||
	    !skel_range_inside(host_addr, length, buf->range.addr,
			       buf->range.length))
		return -ENOENT;

	guard(spinlock_irq)(&card->lock);
	for (u32 i = 0; i < card->desc.transfers; i++) {
		const struct skel_xfer *xfer = &chan->xfers[i];
		u64 start = max(host_addr, xfer->req.host_addr);
		u64 end = min(host_addr + length,
			      xfer->req.host_addr + xfer->req.length);

		if (xfer->id && start < end && skel_card_has_dma(card))
			skel_xfer_sync(chan, xfer, start, end, flags);
	}
	return 0;
}
