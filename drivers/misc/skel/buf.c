// SPDX-License-Identifier: GPL-2.0
/*
 * buf.c - DMA buffers: allocate, find, pin, synchronize, free
 *
 * The life of a buffer is documented in core.h.
 */

#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "core.h"

static unsigned long skel_index(u64 host_addr)
{
	return host_addr >> PAGE_SHIFT;
}

/* Direction of the allocation; bidirectional allows syncing in either one. */
static enum dma_data_direction skel_buf_dir(const struct skel_buf *buf)
{
	return buf->range.dirs == SKEL_ALLOC_FROMHOST ? DMA_TO_DEVICE :
							DMA_BIDIRECTIONAL;
}

/* What a buffer takes in memory and in host addresses: a power of two. */
static unsigned long skel_buf_pages(const struct skel_buf *buf)
{
	return 1UL << get_order(buf->range.length);
}

static u64 skel_buf_bytes(const struct skel_buf *buf)
{
	return (u64)skel_buf_pages(buf) << PAGE_SHIFT;
}

/*
 * Find a free range of host addresses in the channel's window; returns 0 if there
 * is none. It is aligned to its own size so that one entry of the array covers
 * it. The search continues from the last one, so that a number comes back as late
 * as possible.
 */
u64 skel_buf_find_addr(struct skel_chan *chan, u64 size)
{
	u64 base = (chan->nr + 1ULL) << SKEL_WINDOW_SHIFT;
	u64 end = base + SKEL_WINDOW_SIZE;
	u64 addr = base + chan->next;
	bool wrapped = false;

	lockdep_assert_held(&chan->card->mutex);
	for (;;) {
		unsigned long index;
		struct skel_buf *buf;

		addr = ALIGN(addr, size);
		if (addr > end - size) {
			if (wrapped)
				return 0;
			wrapped = true;
			addr = base;
		}
		index = skel_index(addr);
		buf = xa_find(&chan->bufs, &index, skel_index(addr + size - 1),
			      XA_PRESENT);
		if (!buf)
			return addr;
		/* Its entry covers more than its length. */
		addr = buf->range.addr + skel_buf_bytes(buf);
	}
}
EXPORT_SYMBOL_IF_KUNIT(skel_buf_find_addr);

static int skel_buf_insert(struct skel_chan *chan, struct skel_buf *buf,
			   u64 *host_addr)
{
	u64 size = skel_buf_bytes(buf);
	u64 addr;
	int ret;

	guard(mutex)(&chan->card->mutex);

	/* On 32-bit machines it could wrap and match that of an old mapping. */
	if (chan->generation == ULONG_MAX)
		return -ENOSPC;
	addr = skel_buf_find_addr(chan, size);
	if (!addr)
		return -ENOSPC;
	buf->range.addr = addr;
	buf->generation = ++chan->generation;
	ret = xa_err(xa_store_range(&chan->bufs, skel_index(addr),
				    skel_index(addr + size - 1), buf,
				    GFP_KERNEL));
	if (ret)
		return ret;
	chan->next = (addr + size) & (SKEL_WINDOW_SIZE - 1);
	chan->nr_bufs++;
	chan->buf_bytes += size;
	*host_addr = addr;
	return 0;
}

static void skel_buf_erase(struct skel_chan *chan, struct skel_buf *buf)
{
	guard(mutex)(&chan->card->mutex);
	xa_erase(&chan->bufs, skel_index(buf->range.addr));
	chan->nr_bufs--;
	chan->buf_bytes -= skel_buf_bytes(buf);
}

/*
 * Write back first what the CPU has written. Otherwise it would be lost when the
 * cache is invalidated for the card, which may write less than it was granted, or
 * nothing.
 */
static void skel_sync_for_device(struct device *dev, dma_addr_t dma, u64 length,
				 bool tohost)
{
	dma_sync_single_for_device(dev, dma, length, DMA_TO_DEVICE);
	if (tohost)
		dma_sync_single_for_device(dev, dma, length, DMA_FROM_DEVICE);
}

/* DMA memory that could not be freed while its device was there is lost. */
static bool skel_buf_is_stranded(const struct skel_card *card,
				 const struct skel_buf *buf)
{
	return skel_card_has_dma(card) && READ_ONCE(card->gone) && buf->page;
}

static void skel_buf_free_pages(struct skel_chan *chan, struct skel_buf *buf)
{
	if (skel_buf_is_stranded(chan->card, buf)) {
		/* Never freed, so charged for ever: keep the user, too. */
		get_uid(buf->user);
		return;
	}
	if (buf->page)
		dma_free_pages(chan->card->dev, buf->range.length, buf->page,
			       buf->dma, skel_buf_dir(buf));
	vfree(buf->saved);
	skel_uncharge(buf->user, skel_buf_pages(buf));
}

/* RCU: a request may have found it in the array just before. */
static void skel_buf_release(struct skel_buf *buf)
{
	free_uid(buf->user);
	mmdrop(buf->mm);
	kfree_rcu(buf, rcu);
}

static struct skel_buf *skel_buf_alloc(struct skel_chan *chan, u64 length,
				       u32 dirs)
{
	struct skel_buf *buf;
	int ret;

	buf = kzalloc_obj(*buf, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	buf->range.length = PAGE_ALIGN(length);
	buf->range.dirs = dirs;

	ret = skel_charge(current_user(), skel_buf_pages(buf));
	if (ret)
		goto free;
	/*
	 * The zone retry of dma_alloc_pages() makes it honour the mask without an
	 * IOMMU. A failure is not worth an OOM kill.
	 */
	buf->page = dma_alloc_pages(chan->card->dev, buf->range.length,
				    &buf->dma, skel_buf_dir(buf),
				    GFP_KERNEL_ACCOUNT | __GFP_NOWARN |
				    __GFP_RETRY_MAYFAIL);
	if (!buf->page) {
		ret = -ENOMEM;
		goto uncharge;
	}
	/*
	 * The zeroes may still be in the cache only. If that is invalidated
	 * later, the last owner's data must not appear.
	 */
	if (skel_card_has_dma(chan->card))
		skel_sync_for_device(chan->card->dev, buf->dma,
				     buf->range.length, false);
	buf->user = get_uid(current_user());
	buf->mm = current->mm;
	mmgrab(buf->mm);
	return buf;

uncharge:
	skel_uncharge(current_user(), skel_buf_pages(buf));
free:
	kfree(buf);
	return ERR_PTR(ret);
}

/*
 * Make a buffer; @length is from 1 to card->buffer_max. Another thread can use it,
 * and free it, before this returns.
 */
int skel_buf_create(struct skel_chan *chan, u64 length, u32 dirs,
		    u64 *host_addr)
{
	struct skel_buf *buf;
	int ret;

	lockdep_assert_held(&chan->card->ops_sem);
	buf = skel_buf_alloc(chan, length, dirs);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	ret = skel_buf_insert(chan, buf, host_addr);
	if (ret) {
		skel_buf_free_pages(chan, buf);
		skel_buf_release(buf);
	}
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(skel_buf_create);

/*
 * Nothing begins with the buffer any more, and nothing holds it. The host address
 * is given back last: mmap() must not find another buffer there meanwhile.
 */
static void skel_buf_destroy(struct skel_chan *chan, struct skel_buf *buf)
{
	skel_buf_free_pages(chan, buf);
	skel_buf_erase(chan, buf);
	skel_buf_release(buf);
}

/*
 * The buffer that contains the host address, live or dead. The caller holds
 * card->mutex, or card->lock and rcu_read_lock().
 */
struct skel_buf *skel_buf_find(struct skel_chan *chan, u64 host_addr)
{
	/* An index is 32 bits wide on 32-bit machines. */
	if (host_addr >= SKEL_HOST_ADDR_END)
		return NULL;
	return xa_load(&chan->bufs, skel_index(host_addr));
}
EXPORT_SYMBOL_IF_KUNIT(skel_buf_find);

static int skel_buf_kill(struct skel_chan *chan, struct skel_buf *buf)
{
	guard(spinlock_irq)(&chan->card->lock);
	if (buf->dead)
		return -ENOENT;
	if (buf->pins)
		return -EBUSY;
	buf->dead = true;
	return 0;
}

int skel_buf_free(struct skel_chan *chan, u64 host_addr)
{
	struct skel_buf *buf;
	int ret;

	/* The memory is freed while its device is there. */
	guard(rwsem_read)(&chan->card->ops_sem);
	if (chan->card->gone)
		return -ENODEV;

	scoped_guard(mutex, &chan->card->mutex) {
		buf = skel_buf_find(chan, host_addr);
		if (!buf || buf->range.addr != host_addr)
			return -ENOENT;
		if (buf->mm != current->mm)
			return -EPERM;
		ret = skel_buf_kill(chan, buf);
		if (ret)
			return ret;
	}
	/* It is dead, and no other thread can free it: nothing maps it any more. */
	skel_revoke(chan->card, buf->range.addr, buf->range.length);
	skel_buf_destroy(chan, buf);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(skel_buf_free);

/*
 * For release(): there are no mappings, and skel_xfer_stop() has run. What is
 * still pinned belongs to a card that did not stop and may still write to it.
 */
void skel_buf_free_all(struct skel_chan *chan)
{
	struct skel_buf *buf;
	unsigned long index;

	xa_for_each(&chan->bufs, index, buf) {
		if (!READ_ONCE(buf->pins))
			skel_buf_destroy(chan, buf);
	}
}

/* Move the data out of the DMA memory: see core.h. */
static void skel_buf_detach(struct skel_card *card, struct skel_buf *buf)
{
	u64 length = buf->range.length;

	guard(mutex)(&card->mutex);
	skel_revoke(card, buf->range.addr, length);
	buf->saved = __vmalloc(length, GFP_KERNEL | __GFP_NOWARN |
				       __GFP_RETRY_MAYFAIL);
	if (buf->saved)
		memcpy(buf->saved, page_address(buf->page), length);
	dma_free_pages(card->dev, length, buf->page, buf->dma,
		       skel_buf_dir(buf));
	buf->page = NULL;
}

/* The device is removed: free its memory, and keep the data. */
void skel_buf_detach_all(struct skel_card *card)
{
	/* Nobody opens or closes a channel, or adds or frees a buffer. */
	lockdep_assert_held_write(&card->ops_sem);
	if (!skel_card_has_dma(card))
		return;

	for (u32 nr = 0; nr < card->desc.channels; nr++) {
		struct skel_chan *chan = card->chans[nr];
		struct skel_buf *buf;
		unsigned long index;

		if (!chan)
			continue;
		xa_for_each(&chan->bufs, index, buf) {
			/* If it is pinned, skel_xfer_reset() has reported that. */
			if (!READ_ONCE(buf->pins))
				skel_buf_detach(card, buf);
		}
	}
}

/* A transfer or a copy uses the buffer. */
void skel_buf_pin(struct skel_chan *chan, struct skel_buf *buf)
{
	lockdep_assert_held(&chan->card->lock);
	buf->pins++;
	chan->pins++;
}

void skel_buf_unpin(struct skel_chan *chan, struct skel_buf *buf)
{
	lockdep_assert_held(&chan->card->lock);
	buf->pins--;
	chan->pins--;
	if (!chan->pins)
		wake_up(&chan->wait);
}

int skel_buf_sync(struct skel_chan *chan, u64 host_addr, u64 length, u32 flags)
{
	struct device *dev = chan->card->dev;
	struct skel_buf *buf;
	dma_addr_t dma;

	guard(mutex)(&chan->card->mutex);
	if (chan->card->gone)
		return -ENODEV;
	buf = skel_buf_find(chan, host_addr);
	if (!buf || READ_ONCE(buf->dead) ||
	    !skel_range_inside(host_addr, length, buf->range.addr,
			       buf->range.length))
		return -ENOENT;

	if (!skel_card_has_dma(chan->card))
		return 0;
	dma = buf->dma + (host_addr - buf->range.addr);
	if (flags == SKEL_SYNC_FOR_CPU)
		dma_sync_single_for_cpu(dev, dma, length, skel_buf_dir(buf));
	else
		skel_sync_for_device(dev, dma, length,
				     buf->range.dirs & SKEL_ALLOC_TOHOST);
	return 0;
}

void skel_buf_sync_for_device(struct skel_card *card, const struct skel_buf *buf,
			      const struct skel_request *req)
{
	if (skel_card_has_dma(card))
		skel_sync_for_device(card->dev,
				     buf->dma + (req->host_addr - buf->range.addr),
				     req->length, req->dir == SKEL_TOHOST);
}

void skel_buf_sync_for_cpu(struct skel_card *card, const struct skel_buf *buf,
			   const struct skel_request *req)
{
	if (skel_card_has_dma(card))
		dma_sync_single_for_cpu(card->dev,
					buf->dma + (req->host_addr - buf->range.addr),
					req->length,
					req->dir == SKEL_TOHOST ? DMA_FROM_DEVICE :
								  DMA_TO_DEVICE);
}
