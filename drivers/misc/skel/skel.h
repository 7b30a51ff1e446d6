/* SPDX-License-Identifier: GPL-2.0 */
/*
 * skel.h - structures of the laboratory card core, private to it
 *
 * Lifetimes
 * ---------
 *
 * A *card* (struct skel_card) is counted: one reference for the backend, one
 * for each open file. After skel_card_unregister() it is *gone*: an empty shell
 * whose files still exist, whose operations end with -ENODEV and whose buffers
 * can still be read through mappings. The last reference frees it and, where
 * the card's memory is RAM, that memory: mappings of it hold their file.
 *
 * A *channel* (struct skel_chan) is one open file. It lives from open() to
 * release(), and is published in card->chans[] between the two. Backends name
 * it by number only.
 *
 * A *buffer* (struct skel_buf) lives from SKEL_IOC_ALLOC to SKEL_IOC_FREE or
 * release(). Its states:
 *
 *   hidden -> live -> dead -> (freed)
 *
 * Hidden: in the channel's array, so that its host address is taken, but not
 * yet told to user space. Live: can be mapped and be the target of requests.
 * Dead: nothing new begins. Its pages are freed when
 *
 *  - no transfer and no copy holds it (buf->pins is 0), and
 *  - what was mapped is unmapped (unmap_mapping_pages()). No mapping comes into
 *    being after that: mmap() fills page tables in vm_operations.mapped, where
 *    the area can already be found and unmapped, under card->mutex and only for
 *    a live buffer. A mapping without pages raises SIGBUS: the fault handler
 *    fills none while the card exists.
 *
 * The area remains until the program unmaps it, and the host address may be
 * handed out again. So each buffer has a generation, which its mappings keep:
 * an area whose number is another has nothing to do with the buffer.
 *
 * When the card goes, its device goes with it, and memory of the DMA API may not
 * outlive that: an IOMMU mapping would stay, and freeing would go through a
 * device that has another driver, or none. The data belongs to the user, though,
 * and stays readable until close(). So skel_card_unregister() *saves* the
 * buffers: copies them to ordinary memory and gives the DMA memory back. With
 * card->ops_sem held for writing (no ALLOC, FREE or release() is under way) it
 *
 *  - sets card->gone: no mmap() fills page tables, no request is granted;
 *  - stops the DMA, and waits for the last pins. Where the card does not stop,
 *    what is pinned stays as it is, mappings and charges included: it is never
 *    freed;
 *  - under card->mutex: unmaps the buffer, copies, frees. An access to the
 *    mapping meanwhile faults, waits for card->mutex, and gets the copy: no
 *    write of the program is lost.
 *
 * The fault handler fills page tables of a gone card with saved memory and does
 * nothing else. It needs no more than card->mutex: what it maps is freed by
 * release() only, when no mapping is left. Where there is no memory for the copy
 * it raises SIGBUS. The copy is charged to RLIMIT_MEMLOCK, as the buffer was, but
 * not to its memory cgroup: that is the process's, and this is the unplug.
 *
 * Cards whose memory is RAM have no DMA that must be undone: their buffers stay
 * as they are.
 *
 * A *region* is mapped by any process that holds the file, and inherited by
 * fork(). One of I/O memory is mapped empty and filled by the fault handler,
 * which looks at card->gone under card->mutex: after skel_card_unregister() has
 * set that and unmapped the regions, nothing of the device is in a page table
 * and nothing comes back. One of RAM is filled by mmap() and stays, for that
 * memory lives as long as the file.
 *
 * A *transfer* (struct skel_xfer) is a slot of its channel, from the grant to
 * the completion. It pins its buffer. Its id names channel, slot and a count
 * that never repeats, so a late or double completion finds nothing.
 *
 * Pages that a card may still write to, because it did not stop when its channel
 * was closed, are never freed.
 *
 * Locks
 * -----
 *
 * In the order in which they are taken:
 *
 *   card->ops_sem      read: around every call of card->ops and whatever needs
 *                      the device; write: skel_card_unregister(). Held for
 *                      bounded time, user memory is never touched under it.
 *   mm->mmap_lock      taken by the kernel around mmap() and page faults.
 *   card->mutex        buffers: chan->bufs and the counts beside it; what fault
 *                      handlers fill in; resets of the card. User memory is
 *                      never touched under it.
 *   card->lock         spinlock, interrupts off: channels, transfers, FIFOs,
 *                      and buf->state and buf->pins.
 *
 * chan->read_lock and chan->write_lock serialize readers and writers of one
 * channel while they copy from and to user memory. Only card->lock is taken
 * under them; nobody sleeps for data with them held.
 *
 * card->gone is written under ops_sem, mutex and lock together; holding any
 * one of them is enough to rely on it.
 */
#ifndef _SKEL_PRIVATE_H
#define _SKEL_PRIVATE_H

#include <linux/kfifo.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/skel.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "validate.h"

struct file;
struct seq_file;
struct user_struct;
struct vm_area_desc;

/*
 * Host addresses: each channel has a window of its own, so that a number says
 * whose it is and one channel learns nothing of another's buffers. Windows lie
 * above the regions' offsets and below what a 32-bit mmap2() can express.
 */
#define SKEL_WINDOW_SHIFT	34
#define SKEL_WINDOW_SIZE	BIT_ULL(SKEL_WINDOW_SHIFT)
#define SKEL_HOST_ADDR_END	BIT_ULL(44)

#define SKEL_REGIONS_END	BIT_ULL(32)

/* How long close() and unregistering wait for a card that does not stop. */
#define SKEL_STOP_TIMEOUT	(5 * HZ)

#define SKEL_COMMAND_FIFO	2048
#define SKEL_REPLY_FIFO		4096

static_assert((SKEL_CHANNELS_MAX + 1ULL) << SKEL_WINDOW_SHIFT <=
	      SKEL_HOST_ADDR_END);

enum skel_buf_state {
	SKEL_BUF_HIDDEN,
	SKEL_BUF_LIVE,
	SKEL_BUF_DEAD,
};

enum skel_chan_state {
	SKEL_CHAN_OPENING,		/* the backend does not know it yet */
	SKEL_CHAN_OPEN,
	SKEL_CHAN_CLOSING,		/* or the card is gone */
};

struct skel_buf {
	struct skel_range range;	/* host address, length, directions */
	struct page *page;		/* NULL: given back, see saved */
	void *saved;			/* the data, of a card that is gone */
	dma_addr_t dma;
	unsigned long generation;	/* never the same twice in a channel */
	enum skel_buf_state state;	/* card->lock */
	unsigned int pins;		/* card->lock */
	struct mm_struct *mm;		/* who may map and free it, mmgrab()ed */
	struct user_struct *user;	/* who is charged */
	struct rcu_head rcu;
};

struct skel_xfer {
	u64 id;				/* 0: not running, or no more */
	struct skel_buf *buf;		/* NULL: the slot is free */
	struct skel_request req;
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
	struct kfifo commands;		/* whole lines */
	struct kfifo replies;		/* whole lines, partly read */
	u64 lost;			/* replies, since the last LOST line */
	bool put_off;			/* the command waits for the card */
	bool ready;			/* the card said so since it was brought */
	u32 running;			/* transfers */
	u32 pins;			/* sum over all buffers */
	enum skel_chan_state state;
	struct skel_stats stats;

	/* Under card->mutex. */
	struct xarray bufs;		/* by host address / PAGE_SIZE */
	u64 next;			/* where to look for a free address */
	unsigned long generation;	/* of the last buffer */
	u32 nr_bufs;
	u64 buf_bytes;

	struct skel_xfer xfers[];	/* card->desc.transfers, under card->lock */
};

struct skel_card {
	struct kref ref;
	struct device *dev;
	struct skel_card_desc desc;
	void *priv;
	char name[SKEL_NAME_MAX];
	u64 buffer_max;

	int index;			/* of /dev/skelN */
	char node[16];
	struct miscdevice misc;
	struct file *anon;		/* lends its mapping to all files */
	struct workqueue_struct *wq;	/* ordered: one command at a time */
	char *command;			/* the line that wq runs */

	void *ram;			/* card memory, if desc.ram */
	struct user_struct *ram_user;	/* who is charged with it */
	struct skel_region *regions;	/* with it as the first */
	u32 nr_regions;

	struct rw_semaphore ops_sem;	/* the locks: see above */
	struct mutex mutex;		/* buffers */
	spinlock_t lock;		/* channels, transfers, FIFOs */
	bool gone;
	bool resetting;			/* grant nothing, under lock */
	u64 grants;			/* last one's number, under lock */
	struct skel_chan **chans;	/* desc.channels, written under lock */
};

/* main.c */
void skel_card_get(struct skel_card *card);

/* file.c */
extern const struct file_operations skel_fops;

/* ioctl.c */
long skel_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* buf.c */
int skel_charge(struct user_struct *user, unsigned long pages);
void skel_uncharge(struct user_struct *user, unsigned long pages);
struct skel_buf *skel_buf_create(struct skel_chan *chan, u64 length, u32 dirs);
void skel_buf_publish(struct skel_chan *chan, struct skel_buf *buf);
void skel_buf_destroy(struct skel_chan *chan, struct skel_buf *buf);
int skel_buf_free(struct skel_chan *chan, u64 host_addr);
void skel_buf_free_all(struct skel_chan *chan);
void skel_buf_save_all(struct skel_card *card);
int skel_buf_sync(struct skel_chan *chan, u64 host_addr, u64 length, u32 flags);
struct skel_buf *skel_buf_find(struct skel_chan *chan, u64 host_addr);
u64 skel_buf_find_addr(struct skel_chan *chan, u64 size);
void skel_buf_pin(struct skel_chan *chan, struct skel_buf *buf);
void skel_buf_unpin(struct skel_chan *chan, struct skel_buf *buf);
void skel_buf_sync_for_device(struct skel_card *card, const struct skel_buf *buf,
			      const struct skel_request *req);
void skel_buf_sync_for_cpu(struct skel_card *card, const struct skel_buf *buf,
			   const struct skel_request *req);

/* mmap.c */
int skel_mmap_prepare(struct vm_area_desc *desc);
void skel_mmap_revoke(struct skel_card *card, u64 offset, u64 length);

/* cardmem.c */
int skel_cardmem_alloc(struct skel_card *card);
void skel_cardmem_free(struct skel_card *card);
void skel_cardmem_copy(struct skel_card *card, const struct skel_buf *buf,
		       const struct skel_request *req);

/* region.c */
int skel_regions_init(struct skel_card *card);
int skel_regions_reserve(struct skel_card *card);
void skel_regions_release(struct skel_card *card);
void skel_regions_revoke(struct skel_card *card);
const struct skel_region *skel_region_find(const struct skel_card *card,
					   u64 offset);
int skel_region_info(const struct skel_card *card,
		     struct skel_region_info *info);

/* chan.c */
struct skel_chan *skel_chan_create(struct skel_card *card);
bool skel_chan_destroy(struct skel_chan *chan);
struct skel_chan *skel_chan_find(struct skel_card *card, u32 nr);
void skel_chan_push(struct skel_chan *chan, const char *line, size_t len);
ssize_t skel_chan_read(struct file *file, char __user *buf, size_t count,
		       loff_t *ppos);
ssize_t skel_chan_write(struct file *file, const char __user *buf,
			size_t count, loff_t *ppos);
__poll_t skel_chan_poll(struct file *file, struct poll_table_struct *wait);

/* xfer.c */
bool skel_xfer_stop(struct skel_chan *chan);
void skel_xfer_stop_all(struct skel_card *card);

#endif /* _SKEL_PRIVATE_H */
