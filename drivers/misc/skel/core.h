/* SPDX-License-Identifier: GPL-2.0 */
/*
 * core.h - structures of the laboratory card core, private to it
 *
 * Lifetimes
 * ---------
 *
 * A *card* (struct skel_card) is reference counted: the backend holds one
 * reference, each open file another. After skel_card_unregister() the card is
 * *gone*: its files still exist, but their operations fail with -ENODEV. The last
 * reference frees it and, where the card's memory is RAM, that memory: mappings
 * of it hold their file.
 *
 * A *channel* (struct skel_chan) is one open file, from open() to release(). It is
 * in card->chans[] meanwhile. Backends know nothing but its number.
 *
 * A *transfer* (struct skel_xfer) is a slot of its channel, from the grant to
 * the completion. It pins its buffer. Its id encodes channel, slot and a count
 * that never repeats, so a late or double completion finds nothing.
 *
 * A *buffer* (struct skel_buf) is live from SKEL_IOC_ALLOC until SKEL_IOC_FREE
 * marks it dead, or until release(), when its channel is CLOSING and nothing of it
 * is mapped. Nothing new begins with it then. Its pages are freed once
 *
 *  - no transfer and no copy holds it (buf->pins is 0), and
 *  - its mappings have been revoked. None is filled after that: mmap() fills page
 *    tables in vm_operations.mapped, where the area can already be found and
 *    unmapped, under card->mutex, and only for a live buffer. Access to a mapping
 *    without pages raises SIGBUS.
 *
 * The area remains until the program unmaps it, and the host address may be
 * handed out again. Each buffer therefore has a generation, which its mappings
 * keep: an area with another generation does not belong to the buffer.
 *
 * Without an IOMMU, a card whose reset has failed may still write to the pages of
 * its transfers. These have ended, but each keeps its pin (xfer->kept), and a
 * channel that is closed meanwhile (chan->abandoned) keeps its number and its
 * reference to the card. skel_chan_reap() frees all of that once a reset succeeds;
 * if the card is gone before, it is never freed.
 *
 * The pages belong to the core, not to the card's device, which buffers outlive:
 * they are readable and writable until close(), whatever becomes of the card.
 * Behind an IOMMU each transfer has a range of bus addresses of its own, and a card
 * that does not stop loses it nevertheless: see skel_xfer_reset(). Without one they
 * are mapped for the device while both are there.
 *
 * A *region* can be mapped by any process that holds the file, and its mappings
 * are inherited by fork(). A region of I/O memory is mapped empty and filled by
 * the fault handler, which checks card->gone under card->mutex. Once
 * skel_card_unregister() has set that and unmapped the regions, no page table
 * refers to the device. A region of RAM is filled by mmap() and stays, because
 * that memory lives as long as the file.
 *
 * Locks
 * -----
 *
 * In the order in which they are taken:
 *
 *   card->command_mutex  around each command. The workqueue waits for it; a writer
 *                      only tries to take it, under card->lock, so that nobody
 *                      overtakes a command that is queued, and tries ops_sem in
 *                      the same way.
 *   card->ops_sem      read: around every call of card->ops but release(), and
 *                      whatever needs the device; write: skel_card_unregister().
 *                      Held for a bounded time, never while user memory is touched.
 *   mm->mmap_lock      taken by the kernel around mmap() and page faults.
 *   card->mutex        buffers: chan->bufs and the counts beside it; filling of
 *                      page tables; resets of the card, and stop() of its engines.
 *                      User memory is never touched under it.
 *   card->lock         spinlock, interrupts off: channels, transfers, FIFOs,
 *                      buf->dead and buf->pins.
 *
 * chan->read_lock and chan->write_lock serialize readers and writers of one
 * channel while they copy from and to user memory. They are taken before all of
 * these locks, and page faults of the copies before them; they are never held
 * while waiting for data. A writer that runs a command holds write_lock.
 *
 * card->gone is written under ops_sem, mutex and lock together; holding any one
 * of them is enough to rely on it.
 */
#ifndef _SKEL_CORE_H
#define _SKEL_CORE_H

#include <linux/dma-mapping.h>
#include <linux/kfifo.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/rwsem.h>
#include <linux/skel.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "validate.h"

struct faux_device;
struct file;
struct user_struct;

/*
 * Host addresses: each channel has a window of its own, so a number says which
 * channel it belongs to, and one channel learns nothing of another's buffers.
 * Windows lie above the offsets of regions, and within what 32-bit mmap2() takes.
 */
#define SKEL_WINDOW_SHIFT	34
#define SKEL_WINDOW_SIZE	BIT_ULL(SKEL_WINDOW_SHIFT)
#define SKEL_HOST_ADDR_END	BIT_ULL(44)

#define SKEL_REGIONS_END	BIT_ULL(32)

static_assert((SKEL_CHANNELS_MAX + 1ULL) << SKEL_WINDOW_SHIFT <=
	      SKEL_HOST_ADDR_END);

enum skel_chan_state {
	SKEL_CHAN_OPENING,		/* the backend does not know it yet */
	SKEL_CHAN_OPEN,
	SKEL_CHAN_CLOSING,		/* or the card is gone */
};

/* A piece of a buffer's memory: contiguous pages. */
struct skel_chunk {
	struct page *page;
	dma_addr_t dma;			/* of card->faux, unless any_page */
	dma_addr_t bus;			/* of card->dev, if it is mapped */
	u32 first;			/* page of the buffer */
	u32 count;
};

static inline u64 skel_chunk_length(const struct skel_chunk *chunk)
{
	return (u64)chunk->count << PAGE_SHIFT;
}

struct skel_buf {
	struct skel_range range;	/* host address, length, directions */
	struct skel_chunk *chunks;
	u32 nr_chunks;
	u32 max_chunks;
	u32 nr_mapped;			/* for card->dev; under ops_sem */
	struct skel_chunk only;		/* most buffers need no other */
	unsigned long charged;		/* pages */
	unsigned long generation;	/* never the same twice in a channel */
	bool dead;			/* written under mutex and lock */
	unsigned int pins;		/* card->lock */
	struct user_struct *user;	/* is charged */
	struct rcu_head rcu;
};

struct skel_xfer {
	u64 id;				/* 0: not running */
	struct skel_buf *buf;		/* NULL: the slot is free */
	struct skel_request req;
	struct dma_iova_state iova;	/* if card->iova */
	u32 nr_segments;
	bool queued;			/* waits for an engine */
	u64 moved;			/* bytes, by engines */
	bool kept;			/* ended, and the card may still touch it */
};

struct skel_stats {
	u64 granted;
	u64 refused;
	u64 failed;
	u64 bytes_tohost;
	u64 bytes_fromhost;
	u64 replies_lost;
};

struct skel_chan {
	struct skel_card *card;
	u32 nr;

	struct mutex read_lock;		/* one reader copies */
	struct mutex write_lock;	/* one writer copies */
	wait_queue_head_t wait;		/* readers, writers, release() */
	struct work_struct work;	/* runs commands, on card->wq */

	/* The line being written, under write_lock. */
	char *line;
	size_t line_len;
	bool discard;			/* up to the next '\n' */

	/* Under card->lock. */
	enum skel_chan_state state;
	struct skel_stats stats;
	struct kfifo commands;		/* whole lines */
	struct kfifo replies;		/* whole lines, partly read */
	u64 lost;			/* replies, since the last LOST line */
	bool put_off;			/* the command waits for the card */
	bool busy;			/* a command of it is running */
	bool ready;			/* since the command was tried */
	u32 running;			/* transfers */
	u32 pins;			/* sum over all buffers */
	u32 kept;			/* of them, for a card that did not stop */
	bool abandoned;			/* closed; the card did not stop */
	struct skel_segment *segments;	/* card->segments of each transfer */

	/* Under card->mutex. */
	struct xarray bufs;		/* by host address / PAGE_SIZE */
	u64 next;			/* where to look for a free address */
	unsigned long generation;	/* of the last buffer */
	u32 nr_bufs;
	u64 buf_bytes;

	struct skel_xfer xfers[];	/* card->desc.transfers, under card->lock */
};

struct skel_engine {
	u64 id;				/* of the transfer, 0: it is free */
	u64 length;			/* of the run */
	unsigned long deadline;		/* of the run, jiffies */
	bool stopping;			/* late, gets no run meanwhile */
};

struct skel_card {
	struct kref ref;
	struct device *dev;
	struct skel_card_desc desc;
	void *priv;
	char name[SKEL_NAME_MAX];
	u64 buffer_max;
	struct faux_device *faux;	/* for dma_alloc_pages(), unless any_page */
	bool iova;			/* grants have bus addresses of their own */
	bool enforced;			/* out of its grants the card reaches nothing */
	bool any_page;			/* buffers need not lie below the DMA mask */
	bool one_piece;			/* buffers are contiguous */
	u32 segments;			/* of a transfer, at most; 0: no DMA */
	unsigned int order_max;		/* of a chunk that can be mapped for it */

	int index;			/* of /dev/skelN */
	char node[16];
	struct miscdevice misc;
	struct file *anon;		/* lends its mapping to all files */
	struct workqueue_struct *wq;	/* ordered: runs what no writer does */
	char *command;			/* the line that runs */

	void *ram;			/* card memory, if desc.ram */
	struct user_struct *ram_user;	/* is charged with it */
	struct skel_region *regions;	/* card memory first, if desc.ram */
	u32 nr_regions;

	struct mutex command_mutex;	/* the locks: see above */
	struct rw_semaphore ops_sem;
	struct mutex mutex;		/* buffers */
	spinlock_t lock;		/* channels, transfers, FIFOs */
	bool gone;
	u32 queued;			/* channels whose work is; under lock */
	bool resetting;			/* nothing is granted; under lock */
	bool stuck;			/* its last reset failed; under mutex */
	u64 grants;			/* number of the last one, under lock */

	/* Under card->lock. */
	struct skel_engine *engines;	/* desc.engines */
	u32 turn;			/* channel served last */
	bool paused;			/* no run is started */
	wait_queue_head_t engine_wait;	/* for an engine that becomes free */
	struct delayed_work watchdog;	/* for runs that take too long */
	struct skel_chan **chans;	/* desc.channels, written under lock */
};

/* The channel of that number, or NULL. Any number may be asked for. */
static inline struct skel_chan *skel_chan_find(struct skel_card *card, u32 nr)
{
	lockdep_assert_held(&card->lock);
	if (nr >= card->desc.channels)
		return NULL;
	return card->chans[array_index_nospec(nr, card->desc.channels)];
}

/* Does the card do DMA? If its memory is RAM, the CPU copies instead. */
static inline bool skel_card_has_dma(const struct skel_card *card)
{
	return !card->desc.ram && !card->desc.pio;
}

/* Remove a range of file offsets from all page tables. */
static inline void skel_revoke(struct skel_card *card, u64 offset, u64 length)
{
	unmap_mapping_pages(card->anon->f_mapping, offset >> PAGE_SHIFT,
			    length >> PAGE_SHIFT, true);
}

/* Calls go downwards in this list. */

/* file.c */
extern const struct file_operations skel_fops;

/* ioctl.c */
long skel_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* mmap.c */
int skel_mmap_prepare(struct vm_area_desc *desc);

/* chan.c */
struct skel_chan *skel_chan_create(struct skel_card *card);
bool skel_chan_destroy(struct skel_chan *chan);
void skel_chan_reap(struct skel_card *card);

/* engine.c, and from there to xfer.c */
int skel_engines_init(struct skel_card *card);
int skel_engines_quiesce(struct skel_chan *chan);
void skel_engines_clear(struct skel_card *card, bool reset);

/* xfer.c */
struct skel_xfer *skel_xfer_find(struct skel_card *card, u64 id,
				 struct skel_chan **chan);
void skel_xfer_cancel(struct skel_card *card, u32 nr, enum skel_verdict verdict);
int skel_xfer_reset(struct skel_card *card, enum skel_verdict verdict);
void skel_xfer_unstick(struct skel_card *card);
bool skel_xfer_stop(struct skel_chan *chan);
void skel_xfer_stop_all(struct skel_card *card);

/* describe.c */
const char *skel_desc_error(const struct skel_card_desc *desc);
const char *skel_dma_error(const struct device *dev);
const char *skel_region_error(const struct skel_region *regions, u32 i);

/* region.c */
int skel_regions_init(struct skel_card *card);
int skel_regions_reserve(struct skel_card *card);
void skel_regions_release(struct skel_card *card);
void skel_regions_revoke(struct skel_card *card);
const struct skel_region *skel_region_find(const struct skel_card *card,
					   u64 offset);
int skel_region_info(const struct skel_card *card,
		     struct skel_region_info *info);

/* buf.c */
int skel_buf_create(struct skel_chan *chan, u64 length, u32 dirs,
		    u64 *host_addr);
int skel_buf_free(struct skel_chan *chan, u64 host_addr);
void skel_buf_free_all(struct skel_chan *chan);
void skel_buf_unmap_all(struct skel_card *card);
struct skel_buf *skel_buf_find(struct skel_chan *chan, u64 host_addr);
u64 skel_buf_find_addr(struct skel_chan *chan, u64 size);
void skel_buf_pin(struct skel_chan *chan, struct skel_buf *buf);
void skel_buf_unpin(struct skel_chan *chan, struct skel_buf *buf);

/* grant.c */
int skel_buf_map(struct skel_card *card, struct skel_buf *buf);
void skel_buf_unmap(struct skel_card *card, struct skel_buf *buf);
enum skel_verdict skel_grant_map(struct skel_chan *chan, struct skel_xfer *xfer);
void skel_grant_unmap(struct skel_chan *chan, struct skel_xfer *xfer);
void skel_grant_fill(struct skel_chan *chan, const struct skel_xfer *xfer,
		     struct skel_grant *grant);
u64 skel_grant_at(struct skel_chan *chan, const struct skel_xfer *xfer, u64 offset,
		  dma_addr_t *dma);
int skel_grant_sync(struct skel_chan *chan, u64 host_addr, u64 length, u32 flags);

/* pages.c */
int skel_pages_alloc(struct skel_card *card, struct skel_buf *buf);
void skel_pages_free(struct skel_card *card, struct skel_buf *buf);
const struct skel_chunk *skel_buf_chunk(const struct skel_buf *buf, u64 offset);
u64 skel_buf_piece(const struct skel_buf *buf, u64 offset, u64 length,
		   phys_addr_t *phys);

/* cardmem.c */
void skel_buf_copy(const struct skel_buf *buf, u64 offset, void *bytes, u64 left,
		   enum skel_dir dir);
int skel_cardmem_alloc(struct skel_card *card);
void skel_cardmem_free(struct skel_card *card);
void skel_cardmem_copy(struct skel_card *card, const struct skel_buf *buf,
		       const struct skel_request *req);

/* stream.c */
int skel_stream_init(struct skel_chan *chan);
void skel_stream_free(struct skel_chan *chan);
void skel_stream_stop(struct skel_chan *chan);
void skel_stream_push(struct skel_chan *chan, const char *line, size_t len);
ssize_t skel_stream_read(struct file *file, char __user *buf, size_t count,
			 loff_t *ppos);
ssize_t skel_stream_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *ppos);
__poll_t skel_stream_poll(struct file *file, struct poll_table_struct *wait);

/* account.c */
unsigned long skel_charge_max(void);
int skel_charge(struct user_struct *user, unsigned long pages);
void skel_uncharge(struct user_struct *user, unsigned long pages);

#endif /* _SKEL_CORE_H */
