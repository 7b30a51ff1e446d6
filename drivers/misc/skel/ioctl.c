// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl.c - the table of ioctls and their dispatch
 *
 * The structures are extensible, as documented in the user API (general format).
 */

#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "core.h"

/* A card's directions are those of its buffers. */
static_assert(SKEL_ALLOC_TOHOST == SKEL_CAP_TOHOST);
static_assert(SKEL_ALLOC_FROMHOST == SKEL_CAP_FROMHOST);

/* They may only grow at the end. */
static_assert(sizeof(struct skel_info) == 152);
static_assert(sizeof(struct skel_region_info) == 64);
static_assert(sizeof(struct skel_alloc) == 24);
static_assert(sizeof(struct skel_free) == 16);
static_assert(sizeof(struct skel_sync) == 24);

union skel_cmd_buffer {
	struct skel_info info;
	struct skel_region_info region_info;
	struct skel_alloc alloc;
	struct skel_free free;
	struct skel_sync sync;
};

/* An ioctl being executed. */
struct skel_cmd {
	struct skel_chan *chan;
	void __user *user;
	u32 user_size;
	u32 size;
	union skel_cmd_buffer arg;
};

static int skel_cmd_respond(struct skel_cmd *cmd)
{
	if (copy_to_user(cmd->user, &cmd->arg, min(cmd->user_size, cmd->size)))
		return -EFAULT;
	return 0;
}

static int skel_ioctl_info(struct skel_cmd *cmd)
{
	struct skel_info *info = &cmd->arg.info;
	struct skel_chan *chan = cmd->chan;
	struct skel_card *card = chan->card;

	if (info->flags)
		return -EOPNOTSUPP;

	*info = (struct skel_info) {
		.size = info->size,
		.channel = chan->nr,
		.channels = card->desc.channels,
		.regions = card->nr_regions,
		.line_max = SKEL_LINE_MAX,
		.caps = card->desc.caps |
			(card->enforced ? SKEL_CAP_ENFORCED : 0),
		.segments = card->iova ? 0 : card->segments,
		.transfers = card->desc.transfers,
		.dma_mask = card->dev->coherent_dma_mask,
		.buffer_max = card->buffer_max,
	};
	strscpy(info->name, card->name);
	scoped_guard(mutex, &card->mutex) {
		info->buffers = chan->nr_bufs;
		info->buffer_bytes = chan->buf_bytes;
	}
	scoped_guard(spinlock_irq, &card->lock) {
		info->pending = chan->running;
		info->granted = chan->stats.granted;
		info->refused = chan->stats.refused;
		info->failed = chan->stats.failed;
		info->bytes_tohost = chan->stats.bytes_tohost;
		info->bytes_fromhost = chan->stats.bytes_fromhost;
		info->replies_lost = chan->stats.replies_lost;
	}
	return skel_cmd_respond(cmd);
}

static int skel_ioctl_region_info(struct skel_cmd *cmd)
{
	struct skel_region_info *info = &cmd->arg.region_info;
	int ret;

	if (info->flags || info->reserved)
		return -EOPNOTSUPP;
	ret = skel_region_info(cmd->chan->card, info);
	return ret ?: skel_cmd_respond(cmd);
}

static int skel_ioctl_alloc(struct skel_cmd *cmd)
{
	struct skel_alloc *alloc = &cmd->arg.alloc;
	struct skel_chan *chan = cmd->chan;
	int ret;

	if (alloc->flags & ~chan->card->desc.caps)
		return -EOPNOTSUPP;
	if (!alloc->flags || alloc->host_addr || !alloc->length ||
	    alloc->length > chan->card->buffer_max)
		return -EINVAL;

	ret = skel_buf_create(chan, alloc->length, alloc->flags,
			      &alloc->host_addr);
	if (ret)
		return ret;
	alloc->length = PAGE_ALIGN(alloc->length);
	ret = skel_cmd_respond(cmd);
	/* If a transfer uses it already (-EBUSY), it remains until close(). */
	if (ret)
		skel_buf_free(chan, alloc->host_addr);
	return ret;
}

static int skel_ioctl_free(struct skel_cmd *cmd)
{
	struct skel_free *free = &cmd->arg.free;

	if (free->flags)
		return -EOPNOTSUPP;
	return skel_buf_free(cmd->chan, free->host_addr);
}

static int skel_ioctl_sync(struct skel_cmd *cmd)
{
	struct skel_sync *sync = &cmd->arg.sync;

	if (sync->flags & ~(SKEL_SYNC_FOR_CPU | SKEL_SYNC_FOR_DEVICE))
		return -EOPNOTSUPP;
	if (!is_power_of_2(sync->flags) || !sync->length)
		return -EINVAL;
	return skel_grant_sync(cmd->chan, sync->host_addr, sync->length,
			       sync->flags);
}

struct skel_ioctl {
	u32 size;
	u32 min_size;
	int (*execute)(struct skel_cmd *cmd);
};

#define SKEL_IOCTL(_cmd, _fn, _struct, _last)				\
	[_IOC_NR(_cmd)] = {						\
		.size = sizeof(_struct) +				\
			BUILD_BUG_ON_ZERO(sizeof(union skel_cmd_buffer) < \
					  sizeof(_struct)),		\
		.min_size = offsetofend(_struct, _last),		\
		.execute = _fn,						\
	}

/* The last argument is the last member of the first version. Never change it. */
static const struct skel_ioctl skel_ioctls[] = {
	SKEL_IOCTL(SKEL_IOC_INFO, skel_ioctl_info, struct skel_info,
		   reserved),
	SKEL_IOCTL(SKEL_IOC_REGION_INFO, skel_ioctl_region_info,
		   struct skel_region_info, name),
	SKEL_IOCTL(SKEL_IOC_ALLOC, skel_ioctl_alloc, struct skel_alloc,
		   host_addr),
	SKEL_IOCTL(SKEL_IOC_FREE, skel_ioctl_free, struct skel_free, host_addr),
	SKEL_IOCTL(SKEL_IOC_SYNC, skel_ioctl_sync, struct skel_sync, length),
};

long skel_ioctl(struct file *file, unsigned int number, unsigned long arg)
{
	struct skel_cmd cmd = {
		.chan = file->private_data,
		.user = (void __user *)arg,
	};
	unsigned int nr = _IOC_NR(number);
	const struct skel_ioctl *op;
	int ret;

	if (nr >= ARRAY_SIZE(skel_ioctls) || number != _IO(SKEL_IOC_TYPE, nr))
		return -ENOTTY;
	nr = array_index_nospec(nr, ARRAY_SIZE(skel_ioctls));
	op = &skel_ioctls[nr];

	if (READ_ONCE(cmd.chan->card->gone))
		return -ENODEV;
	if (get_user(cmd.user_size, (u32 __user *)cmd.user))
		return -EFAULT;
	if (cmd.user_size < op->min_size)
		return -EINVAL;
	if (cmd.user_size > PAGE_SIZE)
		return -E2BIG;
	cmd.size = op->size;
	ret = copy_struct_from_user(&cmd.arg, op->size, cmd.user,
				    cmd.user_size);
	if (ret)
		return ret;

	return op->execute(&cmd);
}
