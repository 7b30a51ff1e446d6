// SPDX-License-Identifier: GPL-2.0
/*
 * file.c - /dev/skelN: each open file is a channel
 */

#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/mm.h>	/* thp_get_unmapped_area() */
#include <linux/module.h>
#include <linux/seq_file.h>

#include "core.h"

/* Called under misc_mtx: the card stays registered meanwhile. */
static int skel_open(struct inode *inode, struct file *file)
{
	struct skel_card *card = container_of(file->private_data,
					      struct skel_card, misc);
	struct skel_chan *chan;

	guard(rwsem_read)(&card->ops_sem);
	if (card->gone || !try_module_get(card->desc.owner))
		return -ENODEV;
	chan = skel_chan_create(card);
	if (IS_ERR(chan)) {
		module_put(card->desc.owner);
		return PTR_ERR(chan);
	}
	kref_get(&card->ref);
	file->private_data = chan;
	/* One mapping for all nodes of the card, for skel_revoke(). */
	file->f_mapping = card->anon->f_mapping;
	return stream_open(inode, file);
}

static int skel_release(struct inode *inode, struct file *file)
{
	struct skel_chan *chan = file->private_data;
	struct skel_card *card = chan->card;
	struct module *owner = card->desc.owner;

	/* If the card may still use the channel, both are kept. */
	if (skel_chan_destroy(chan))
		skel_card_put(card);
	module_put(owner);
	return 0;
}

static void skel_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct skel_chan *chan = file->private_data;
	struct skel_card *card = chan->card;
	struct skel_stats stats;
	u64 bytes;
	u32 nr, running;

	scoped_guard(mutex, &card->mutex) {
		nr = chan->nr_bufs;
		bytes = chan->buf_bytes;
	}
	scoped_guard(spinlock_irq, &card->lock) {
		running = chan->running;
		stats = chan->stats;
	}

	seq_printf(m, "skel-card:\t%s\n", card->name);
	seq_printf(m, "skel-channel:\t%u\n", chan->nr);
	seq_printf(m, "skel-buffers:\t%u\n", nr);
	seq_printf(m, "skel-memory:\t%llu kB\n", bytes >> 10);
	seq_printf(m, "skel-pending:\t%u\n", running);
	seq_printf(m, "skel-granted:\t%llu\n", stats.granted);
	seq_printf(m, "skel-refused:\t%llu\n", stats.refused);
	seq_printf(m, "skel-failed:\t%llu\n", stats.failed);
	seq_printf(m, "skel-tohost:\t%llu\n", stats.bytes_tohost);
	seq_printf(m, "skel-fromhost:\t%llu\n", stats.bytes_fromhost);
	seq_printf(m, "skel-lost:\t%llu\n", stats.replies_lost);
}

const struct file_operations skel_fops = {
	.owner		= THIS_MODULE,
	.fop_flags	= FOP_UNSIGNED_OFFSET,
	.open		= skel_open,
	.release	= skel_release,
	.read		= skel_stream_read,
	.write		= skel_stream_write,
	.poll		= skel_stream_poll,
	.unlocked_ioctl	= skel_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.mmap_prepare	= skel_mmap_prepare,
	.get_unmapped_area = thp_get_unmapped_area,
	.show_fdinfo	= skel_show_fdinfo,
};
