// SPDX-License-Identifier: GPL-2.0
/*
 * ucard.c - /dev/skel-ucard: a program creates a card
 */

#include <linux/cleanup.h>
#include <linux/ctype.h>
#include <linux/device/faux.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/jiffies.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "ucard.h"

static_assert(sizeof(struct skel_ucard_create) == 72);
static_assert(SKEL_UCARD_TOHOST == SKEL_CAP_TOHOST);
static_assert(SKEL_UCARD_FROMHOST == SKEL_CAP_FROMHOST);

static unsigned int cards_max = 64;
module_param(cards_max, uint, 0444);
MODULE_PARM_DESC(cards_max, "largest number of cards at the same time (default 64)");

static DEFINE_IDA(skel_ucard_ida);
static atomic_t skel_ucard_count;	/* cards whose programs are alive */

/* The card of a file, or NULL. */
static struct skel_ucard *skel_ucard_of(struct file *file)
{
	struct skel_ucard_file *f = file->private_data;

	/* Pairs with the cmpxchg() of skel_ucard_plug(). */
	return smp_load_acquire(&f->ucard);
}

static int skel_ucard_lock(struct file *file, struct mutex *lock)
{
	if (file->f_flags & O_NONBLOCK)
		return mutex_trylock(lock) ? 0 : -EAGAIN;
	return mutex_lock_interruptible(lock) ? -ERESTARTSYS : 0;
}

static ssize_t skel_ucard_read(struct file *file, char __user *buf,
			       size_t count, loff_t *ppos)
{
	struct skel_ucard *ucard = skel_ucard_of(file);
	ssize_t ret;

	if (!ucard)
		return -ENOTCONN;
	if (count < SKEL_UCARD_RECORD_MAX)
		return -EINVAL;
	for (;;) {
		ret = skel_ucard_lock(file, &ucard->read_lock);
		if (ret)
			return ret;
		ret = skel_ucard_copy_events(ucard, buf, count);
		mutex_unlock(&ucard->read_lock);
		if (ret)
			return ret;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(ucard->file->wait,
					       skel_ucard_readable(ucard));
		if (ret)
			return ret;
	}
}

static ssize_t skel_ucard_write(struct file *file, const char __user *buf,
				size_t count, loff_t *ppos)
{
	struct skel_ucard *ucard = skel_ucard_of(file);
	ssize_t ret;

	if (!ucard)
		return -ENOTCONN;
	ret = skel_ucard_lock(file, &ucard->write_lock);
	if (ret)
		return ret;
	ret = skel_ucard_copy_actions(ucard, buf, count);
	mutex_unlock(&ucard->write_lock);
	return ret;
}

static __poll_t skel_ucard_poll(struct file *file, struct poll_table_struct *wait)
{
	struct skel_ucard_file *f = file->private_data;
	struct skel_ucard *ucard;
	__poll_t mask = 0;

	poll_wait(file, &f->wait, wait);
	ucard = skel_ucard_of(file);
	if (!ucard)
		return EPOLLERR;
	if (skel_ucard_readable(ucard))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(ucard->results) < SKEL_UCARD_RESULTS)
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

static int skel_ucard_mmap_prepare(struct vm_area_desc *desc)
{
	struct skel_ucard *ucard = skel_ucard_of(desc->file);

	return ucard ? skel_card_mmap_prepare(ucard->card, desc) : -ENODEV;
}

/* As skel_card_ops.release: all files of the card are closed. */
static void skel_ucard_free(void *priv)
{
	struct skel_ucard *ucard = priv;

	faux_device_destroy(ucard->faux);
	if (ucard->index >= 0)
		ida_free(&skel_ucard_ida, ucard->index);
	kvfree(ucard->chans);
	kfree(ucard);
}

static int skel_ucard_create_check(struct skel_ucard_create *create)
{
	size_t len = strnlen(create->name, sizeof(create->name));

	if (create->flags & ~(SKEL_UCARD_TOHOST | SKEL_UCARD_FROMHOST |
			      SKEL_UCARD_READONLY))
		return -EOPNOTSUPP;
	if (!(create->flags & (SKEL_UCARD_TOHOST | SKEL_UCARD_FROMHOST)) ||
	    !len || len == sizeof(create->name) || create->index ||
	    !create->memory || create->timeout > SKEL_UCARD_TIMEOUT_MAX ||
	    !create->channels || create->channels > SKEL_CHANNELS_MAX ||
	    !create->transfers || create->transfers > SKEL_TRANSFERS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (!isascii(create->name[i]) || !isprint(create->name[i]))
			return -EINVAL;
	}
	if (!create->timeout)
		create->timeout = SKEL_UCARD_TIMEOUT;
	if (!create->dma_mask)
		create->dma_mask = DMA_BIT_MASK(32);
	if (create->dma_mask & (create->dma_mask + 1) ||
	    create->dma_mask < DMA_BIT_MASK(24))
		return -EINVAL;
	return 0;
}

static void skel_ucard_init_event(struct skel_ucard_msg *msg, u16 type,
				  u32 channel)
{
	INIT_LIST_HEAD(&msg->node);
	msg->type = type;
	msg->channel = channel;
}

static struct skel_ucard *skel_ucard_alloc(struct skel_ucard_file *f,
					   const struct skel_ucard_create *create)
{
	struct skel_ucard *ucard;
	char name[24];
	int ret = -ENOMEM;

	ucard = kzalloc_obj(*ucard, GFP_KERNEL_ACCOUNT);
	if (!ucard)
		return ERR_PTR(-ENOMEM);
	ucard->file = f;
	mutex_init(&ucard->lock);
	mutex_init(&ucard->read_lock);
	mutex_init(&ucard->write_lock);
	INIT_LIST_HEAD(&ucard->events);
	INIT_LIST_HEAD(&ucard->granted);
	INIT_DELAYED_WORK(&ucard->watchdog, skel_ucard_watchdog);
	ucard->timeout = msecs_to_jiffies(create->timeout);
	ucard->channels = create->channels;
	ucard->index = -1;
	ucard->chans = kvcalloc(create->channels, sizeof(*ucard->chans),
				GFP_KERNEL_ACCOUNT);
	if (!ucard->chans)
		goto free;
	for (u32 nr = 0; nr < create->channels; nr++) {
		struct skel_ucard_chan *chan = &ucard->chans[nr];

		chan->opening = 1;
		skel_ucard_init_event(&chan->opened, SKEL_UCARD_OPENED, nr);
		skel_ucard_init_event(&chan->closed, SKEL_UCARD_CLOSED, nr);
		skel_ucard_init_event(&chan->command, SKEL_UCARD_COMMAND, nr);
	}

	ucard->index = ida_alloc(&skel_ucard_ida, GFP_KERNEL);
	ret = ucard->index;
	if (ret < 0)
		goto free;
	snprintf(name, sizeof(name), "skel_ucard.%d", ucard->index);
	ucard->faux = faux_device_create(name, NULL, NULL);
	ret = -ENOMEM;
	if (!ucard->faux)
		goto free;
	ret = dma_coerce_mask_and_coherent(&ucard->faux->dev, create->dma_mask);
	if (ret)
		goto free;
	return ucard;

free:
	skel_ucard_free(ucard);
	return ERR_PTR(ret);
}

/* The core grants nothing to the channel, and waits for copies under way. */
static int skel_ucard_quiesce(struct skel_card *card, u32 nr)
{
	return 0;
}

static int skel_ucard_reset(struct skel_card *card)
{
	return 0;
}

static const struct skel_card_ops skel_ucard_ops = {
	.open		= skel_ucard_open,
	.close		= skel_ucard_close,
	.command	= skel_ucard_command,
	.quiesce	= skel_ucard_quiesce,
	.reset		= skel_ucard_reset,
	.release	= skel_ucard_free,
};

/* Make a card that is not registered yet; skel_card_put() frees all of it. */
static struct skel_ucard *skel_ucard_make(struct skel_ucard_file *f,
					  const struct skel_ucard_create *create)
{
	const struct skel_card_desc desc = {
		.name = create->name,
		.owner = THIS_MODULE,
		.ops = &skel_ucard_ops,
		.channels = create->channels,
		.transfers = create->transfers,
		.memory = create->memory,
		.ram = true,
		.prompt = true,
		.readonly = create->flags & SKEL_UCARD_READONLY,
		.caps = create->flags & (SKEL_UCARD_TOHOST | SKEL_UCARD_FROMHOST),
	};
	struct skel_ucard *ucard;
	struct skel_card *card;

	ucard = skel_ucard_alloc(f, create);
	if (IS_ERR(ucard))
		return ucard;
	card = skel_card_alloc(&ucard->faux->dev, &desc, ucard);
	if (IS_ERR(card)) {
		skel_ucard_free(ucard);
		return ERR_CAST(card);
	}
	ucard->card = card;
	return ucard;
}

/* Unplug the card. The rest is freed with the last of its files. */
static void skel_ucard_destroy(struct skel_ucard *ucard)
{
	struct skel_ucard_msg *msg, *next;

	skel_card_unregister(ucard->card);
	cancel_delayed_work_sync(&ucard->watchdog);
	scoped_guard(mutex, &ucard->lock) {
		list_for_each_entry_safe(msg, next, &ucard->granted, node)
			skel_ucard_forget(ucard, msg);
		list_for_each_entry_safe(msg, next, &ucard->events, node)
			skel_ucard_drop(ucard, msg);
	}
	skel_card_put(ucard->card);
}

/* Make a card and register it. */
static int skel_ucard_plug(struct skel_ucard_file *f, void __user *user,
			   struct skel_ucard_create *create)
{
	struct skel_ucard *ucard;
	int ret;

	ucard = skel_ucard_make(f, create);
	if (IS_ERR(ucard))
		return PTR_ERR(ucard);
	ret = skel_card_register(ucard->card);
	if (ret) {
		skel_card_put(ucard->card);
		return ret;
	}
	create->index = skel_card_index(ucard->card);
	create->memory = PAGE_ALIGN(create->memory);
	if (copy_to_user(user, create, sizeof(*create)))
		ret = -EFAULT;
	else if (cmpxchg(&f->ucard, NULL, ucard))
		ret = -EBUSY;	/* another thread came first */
	if (ret)
		skel_ucard_destroy(ucard);
	return ret;
}

static int skel_ucard_ioctl_create(struct skel_ucard_file *f, void __user *user)
{
	struct skel_ucard_create create;
	u32 size;
	int ret;

	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < sizeof(create))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(&create, sizeof(create), user, size);
	if (ret)
		return ret;
	ret = skel_ucard_create_check(&create);
	if (ret)
		return ret;

	if (READ_ONCE(f->ucard))
		return -EBUSY;
	ret = -ENOSPC;
	if (atomic_inc_return(&skel_ucard_count) <= cards_max)
		ret = skel_ucard_plug(f, user, &create);
	if (ret)
		atomic_dec(&skel_ucard_count);
	else
		wake_up_interruptible_all(&f->wait);
	return ret;
}

static long skel_ucard_ioctl(struct file *file, unsigned int cmd,
			     unsigned long arg)
{
	if (cmd != SKEL_UCARD_IOC_CREATE)
		return -ENOTTY;
	return skel_ucard_ioctl_create(file->private_data, (void __user *)arg);
}

static int skel_ucard_file_open(struct inode *inode, struct file *file)
{
	struct skel_ucard_file *f = kzalloc_obj(*f, GFP_KERNEL_ACCOUNT);

	if (!f)
		return -ENOMEM;
	init_waitqueue_head(&f->wait);
	file->private_data = f;
	return stream_open(inode, file);
}

static int skel_ucard_file_release(struct inode *inode, struct file *file)
{
	struct skel_ucard_file *f = file->private_data;

	if (f->ucard) {
		skel_ucard_destroy(f->ucard);
		atomic_dec(&skel_ucard_count);
	}
	kfree(f);
	return 0;
}

static const struct file_operations skel_ucard_fops = {
	.owner		= THIS_MODULE,
	.open		= skel_ucard_file_open,
	.release	= skel_ucard_file_release,
	.read		= skel_ucard_read,
	.write		= skel_ucard_write,
	.poll		= skel_ucard_poll,
	.unlocked_ioctl	= skel_ucard_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.mmap_prepare	= skel_ucard_mmap_prepare,
};

static struct miscdevice skel_ucard_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "skel-ucard",
	.fops = &skel_ucard_fops,
	.mode = 0600,
};

static int __init skel_ucard_init(void)
{
	if (!cards_max || cards_max > INT_MAX)
		return -EINVAL;
	return misc_register(&skel_ucard_misc);
}
module_init(skel_ucard_init);

static void __exit skel_ucard_exit(void)
{
	misc_deregister(&skel_ucard_misc);
}
module_exit(skel_ucard_exit);

MODULE_DESCRIPTION("Laboratory cards played by programs");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("SKEL");
