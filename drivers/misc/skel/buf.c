// SPDX-License-Identifier: GPL-2.0
/*
 * buf.c - DMA buffers: allocate, find, pin, synchronize, free
 *
 * The states of a buffer, and why freeing one takes these steps in this order,
 * are documented in skel.h.
 */

#include <kunit/visibility.h>
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>	/* rlimit() */
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "skel.h"

static unsigned long skel_index(u64 host_addr)
{
	return host_addr >> PAGE_SHIFT;
}

/* Of the allocation; with both, syncing in either direction is right. */
static enum dma_data_direction skel_buf_dir(const struct skel_buf *buf)
{
	return buf->range.dirs == SKEL_ALLOC_FROMHOST ? DMA_TO_DEVICE :
							DMA_BIDIRECTIONAL;
}

/* What a buffer takes from the system and of host addresses: a power of two. */
static unsigned long skel_buf_pages(const struct skel_buf *buf)
{
	return 1UL << get_order(buf->range.length);
}

static u64 skel_buf_bytes(const struct skel_buf *buf)
{
	return (u64)skel_buf_pages(buf) << PAGE_SHIFT;
}

/* As io_uring and iommufd do it: memory that lives as long as a file. */
int skel_charge(struct user_struct *user, unsigned long pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	unsigned long old = atomic_long_read(&user->locked_vm);

	do {
		if (old + pages > limit && !capable(CAP_IPC_LOCK))
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &old, old + pages));
	return 0;
}

void skel_uncharge(struct user_struct *user, unsigned long pages)
{
	atomic_long_sub(pages, &user->locked_vm);
}

/*
 * A free range of host addresses in the channel's window, or 0; aligned to its
 * own size so that one entry of the array covers it. The search goes on from the
 * last one: a number comes back as late as possible.
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

static int skel_buf_insert(struct skel_chan *chan, struct skel_buf *buf)
{
	u64 size = skel_buf_bytes(buf);
	u64 addr;
	int ret;

	guard(mutex)(&chan->card->mutex);

	/* On 32-bit machines it could wrap, and an old mapping meet its number. */
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
	return 0;
}

static void skel_buf_erase(struct skel_chan *chan, struct skel_buf *buf)
{
	guard(mutex)(&chan->card->mutex);
	xa_erase(&chan->bufs, skel_index(buf->range.addr));
	chan->nr_bufs--;
	chan->buf_bytes -= skel_buf_bytes(buf);
}

/* In a card whose memory is RAM, the CPU does what is DMA elsewhere. */
static bool skel_card_has_dma(const struct skel_card *card)
{
	return !card->ram;
}

/*
 * What the CPU has written goes out to memory first. Else it could be lost when
 * the caches make way for what a card writes, which may be less than it was
 * granted, or nothing.
 */
static void skel_sync_for_device(struct device *dev, dma_addr_t dma, u64 length,
				 bool tohost)
{
	dma_sync_single_for_device(dev, dma, length, DMA_TO_DEVICE);
	if (tohost)
		dma_sync_single_for_device(dev, dma, length, DMA_FROM_DEVICE);
}

/* DMA memory that could not be given back while its device was there: lost. */
static bool skel_buf_is_stranded(const struct skel_card *card,
				 const struct skel_buf *buf)
{
	return skel_card_has_dma(card) && READ_ONCE(card->gone) && buf->page;
}

static void skel_buf_free_pages(struct skel_chan *chan, struct skel_buf *buf)
{
	if (skel_buf_is_stranded(chan->card, buf)) {
		/* Still held, so still charged, to a user that stays. */
		get_uid(buf->user);
		return;
	}
	if (buf->page)
		dma_free_pages(chan->card->dev, buf->range.length, buf->page,
			       buf->dma, skel_buf_dir(buf));
	vfree(buf->saved);
	skel_uncharge(buf->user, skel_buf_pages(buf));
}

/* The last step: a request may still have found it in the array, hence RCU. */
static void skel_buf_release(struct skel_buf *buf)
{
	free_uid(buf->user);
	mmdrop(buf->mm);
	kfree_rcu(buf, rcu);
}

/*
 * A new buffer of the channel, hidden until skel_buf_publish(). @length is from
 * 1 to card->buffer_max.
 */
struct skel_buf *skel_buf_create(struct skel_chan *chan, u64 length, u32 dirs)
{
	struct skel_buf *buf;
	int ret;

	buf = kzalloc_obj(*buf, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	buf->range.length = PAGE_ALIGN(length);
	buf->range.dirs = dirs;
	buf->state = SKEL_BUF_HIDDEN;

	ret = skel_charge(current_user(), skel_buf_pages(buf));
	if (ret)
		goto free;
	buf->user = get_uid(current_user());

	/*
	 * The zone retry of dma_alloc_pages() is why the mask is honoured
	 * without an IOMMU. Failing is an answer, not worth an OOM kill.
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
	 * The zeroes may still be in the cache alone: whoever invalidates it
	 * must not find there what the last owner of the memory has left.
	 */
	if (skel_card_has_dma(chan->card))
		skel_sync_for_device(chan->card->dev, buf->dma,
				     buf->range.length, false);
	buf->mm = current->mm;
	mmgrab(buf->mm);

	ret = skel_buf_insert(chan, buf);
	if (ret)
		goto free_pages;
	return buf;

free_pages:
	skel_buf_free_pages(chan, buf);
	skel_buf_release(buf);
	return ERR_PTR(ret);
uncharge:
	skel_uncharge(buf->user, skel_buf_pages(buf));
	free_uid(buf->user);
free:
	kfree(buf);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_IF_KUNIT(skel_buf_create);

void skel_buf_publish(struct skel_chan *chan, struct skel_buf *buf)
{
	guard(spinlock_irq)(&chan->card->lock);
	buf->state = SKEL_BUF_LIVE;
}
EXPORT_SYMBOL_IF_KUNIT(skel_buf_publish);

/* Nothing begins with the buffer any more, and nothing holds it. */
void skel_buf_destroy(struct skel_chan *chan, struct skel_buf *buf)
{
	skel_buf_free_pages(chan, buf);
	skel_buf_erase(chan, buf);
	skel_buf_release(buf);
}

/*
 * The buffer that contains the host address, in whatever state. The caller
 * holds card->mutex, or card->lock and rcu_read_lock().
 */
struct skel_buf *skel_buf_find(struct skel_chan *chan, u64 host_addr)
{
	/* An index is 32 bits wide on 32-bit machines. */
	if (host_addr >= SKEL_HOST_ADDR_END)
		return NULL;
	return xa_load(&chan->bufs, skel_index(host_addr));
}
EXPORT_SYMBOL_IF_KUNIT(skel_buf_find);

/* A buffer that the user named by its first byte. */
static struct skel_buf *skel_buf_lookup(struct skel_chan *chan, u64 host_addr)
{
	struct skel_buf *buf;

	lockdep_assert_held(&chan->card->mutex);
	buf = skel_buf_find(chan, host_addr);
	return buf && buf->range.addr == host_addr ? buf : NULL;
}

static int skel_buf_kill(struct skel_chan *chan, struct skel_buf *buf)
{
	guard(spinlock_irq)(&chan->card->lock);
	if (buf->state != SKEL_BUF_LIVE)
		return -ENOENT;
	if (buf->pins)
		return -EBUSY;
	buf->state = SKEL_BUF_DEAD;
	return 0;
}

int skel_buf_free(struct skel_chan *chan, u64 host_addr)
{
	struct skel_buf *buf;
	int ret;

	/* The memory goes back to a device that is still there. */
	guard(rwsem_read)(&chan->card->ops_sem);
	if (chan->card->gone)
		return -ENODEV;

	scoped_guard(mutex, &chan->card->mutex) {
		buf = skel_buf_lookup(chan, host_addr);
		if (!buf)
			return -ENOENT;
		if (buf->mm != current->mm)
			return -EPERM;
		ret = skel_buf_kill(chan, buf);
		if (ret)
			return ret;
	}
	/* It is dead and this caller's alone now: nothing maps it any more. */
	skel_mmap_revoke(chan->card, buf->range.addr, buf->range.length);
	skel_buf_destroy(chan, buf);
	return 0;
}

/*
 * From release(): there are no mappings, skel_xfer_stop() has run. What is still
 * pinned then, a card that did not obey may still write to.
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

/* Move the data out of the DMA memory: see skel.h. */
static void skel_buf_save(struct skel_card *card, struct skel_buf *buf)
{
	u64 length = buf->range.length;

	guard(mutex)(&card->mutex);
	skel_mmap_revoke(card, buf->range.addr, length);
	buf->saved = __vmalloc(length, GFP_KERNEL | __GFP_NOWARN |
				       __GFP_RETRY_MAYFAIL);
	if (buf->saved)
		memcpy(buf->saved, page_address(buf->page), length);
	dma_free_pages(card->dev, length, buf->page, buf->dma,
		       skel_buf_dir(buf));
	buf->page = NULL;
}

/* The device goes: give its memory back, the data stays. */
void skel_buf_save_all(struct skel_card *card)
{
	if (!skel_card_has_dma(card))
		return;
	/* Nobody opens or closes a channel, or adds or frees a buffer. */
	lockdep_assert_held_write(&card->ops_sem);

	for (u32 nr = 0; nr < card->desc.channels; nr++) {
		struct skel_chan *chan = card->chans[nr];
		struct skel_buf *buf;
		unsigned long index;

		if (!chan)
			continue;
		xa_for_each(&chan->bufs, index, buf) {
			/* What is still pinned stays: skel_xfer_reset() has said so. */
			if (!READ_ONCE(buf->pins))
				skel_buf_save(card, buf);
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
	if (!buf || READ_ONCE(buf->state) != SKEL_BUF_LIVE ||
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
