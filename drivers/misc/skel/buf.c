// SPDX-License-Identifier: GPL-2.0
/*
 * buf.c - DMA buffers: allocate, find, pin, free
 *
 * The life of a buffer is documented in core.h.
 */

#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include "core.h"

static unsigned long skel_index(u64 host_addr)
{
	return host_addr >> PAGE_SHIFT;
}

/* Host addresses that a buffer takes: a power of two. */
static u64 skel_buf_span(const struct skel_buf *buf)
{
	return PAGE_SIZE << get_order(buf->range.length);
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
		addr = buf->range.addr + skel_buf_span(buf);
	}
}
EXPORT_SYMBOL_IF_KUNIT(skel_buf_find_addr);

static int skel_buf_insert(struct skel_chan *chan, struct skel_buf *buf,
			   u64 *host_addr)
{
	u64 size = skel_buf_span(buf);
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
	chan->buf_bytes += (u64)buf->charged << PAGE_SHIFT;
	*host_addr = addr;
	return 0;
}

static void skel_buf_erase(struct skel_chan *chan, struct skel_buf *buf)
{
	guard(mutex)(&chan->card->mutex);
	xa_erase(&chan->bufs, skel_index(buf->range.addr));
	chan->nr_bufs--;
	chan->buf_bytes -= (u64)buf->charged << PAGE_SHIFT;
}

static void skel_buf_release(struct skel_chan *chan, struct skel_buf *buf)
{
	skel_pages_free(chan->card, buf);
	skel_uncharge(buf->user, buf->charged);
	free_uid(buf->user);
	/* A request may have found it in the array just before. */
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
	buf->charged = chan->card->one_piece ? skel_buf_span(buf) >> PAGE_SHIFT :
					       buf->range.length >> PAGE_SHIFT;

	ret = skel_charge(current_user(), buf->charged);
	if (ret)
		goto free;
	ret = skel_pages_alloc(chan->card, buf);
	if (ret)
		goto uncharge;
	buf->user = get_uid(current_user());
	return buf;

uncharge:
	skel_uncharge(current_user(), buf->charged);
free:
	kfree(buf);
	return ERR_PTR(ret);
}

/* The device has to be there, and stay, while something is mapped for it. */
static int skel_buf_add(struct skel_chan *chan, struct skel_buf *buf,
			u64 *host_addr)
{
	struct skel_card *card = chan->card;
	int ret;

	guard(rwsem_read)(&card->ops_sem);
	if (card->gone)
		return -ENODEV;
	ret = skel_buf_map(card, buf);
	if (ret)
		return ret;
	ret = skel_buf_insert(chan, buf, host_addr);
	if (ret)
		skel_buf_unmap(card, buf);
	return ret;
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

	buf = skel_buf_alloc(chan, length, dirs);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	ret = skel_buf_add(chan, buf, host_addr);
	if (ret)
		skel_buf_release(chan, buf);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(skel_buf_create);

/* Nothing begins with the buffer any more, and nothing holds it. */
static void skel_buf_destroy(struct skel_chan *chan, struct skel_buf *buf)
{
	skel_buf_erase(chan, buf);
	skel_buf_unmap(chan->card, buf);
	skel_buf_release(chan, buf);
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

	scoped_guard(mutex, &chan->card->mutex) {
		buf = skel_buf_find(chan, host_addr);
		if (!buf || buf->range.addr != host_addr)
			return -ENOENT;
		ret = skel_buf_kill(chan, buf);
		if (ret)
			return ret;
	}
	/* It is dead, and no other thread can free it: nothing maps it any more. */
	skel_revoke(chan->card, buf->range.addr, buf->range.length);
	scoped_guard(rwsem_read, &chan->card->ops_sem)
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

/*
 * The device goes: nothing may be mapped for it any more, except what a card that did
 * not stop may still write to.
 */
void skel_buf_unmap_all(struct skel_card *card)
{
	lockdep_assert_held_write(&card->ops_sem);
	guard(mutex)(&card->mutex);
	for (u32 nr = 0; nr < card->desc.channels; nr++) {
		struct skel_chan *chan = card->chans[nr];
		struct skel_buf *buf;
		unsigned long index;

		if (!chan)
			continue;
		xa_for_each(&chan->bufs, index, buf) {
			if (!READ_ONCE(buf->pins))
				skel_buf_unmap(card, buf);
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
	if (chan->pins == chan->kept)
		wake_up(&chan->wait);
}
