// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - cards are registered and unregistered
 *
 * Core of a driver for laboratory and FPGA cards: an ASCII command channel, DMA
 * buffers for ordinary users, and a check of every DMA request of the card
 * against the buffers of the program behind it. After "Device Drivers
 * Concluded" by Georg v. Zezschwitz, Linux Journal, 1996.
 */

#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sysfs.h>

#include "core.h"

static DEFINE_IDA(skel_ida);

/* For stable names: N of /dev/skelN depends on the order of registration. */
static ssize_t model_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	const struct skel_card *card = container_of(dev_get_drvdata(dev),
						    struct skel_card, misc);

	return sysfs_emit(buf, "%s\n", card->name);
}
static DEVICE_ATTR_RO(model);

static ssize_t path_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	const struct skel_card *card = container_of(dev_get_drvdata(dev),
						    struct skel_card, misc);

	return sysfs_emit(buf, "%s-%s\n", dev_bus_name(card->dev),
			  dev_name(card->dev));
}
static DEVICE_ATTR_RO(path);

static struct attribute *skel_attrs[] = {
	&dev_attr_model.attr,
	&dev_attr_path.attr,
	NULL
};
ATTRIBUTE_GROUPS(skel);

int skel_card_register(struct skel_card *card)
{
	int ret;

	ret = skel_regions_reserve(card);
	if (ret)
		return ret;
	card->index = ida_alloc(&skel_ida, GFP_KERNEL);
	if (card->index < 0) {
		ret = card->index;
		goto release;
	}
	snprintf(card->node, sizeof(card->node), "skel%d", card->index);
	card->misc = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR,
		.name = card->node,
		.fops = &skel_fops,
		.parent = card->dev,
		.groups = skel_groups,
		.mode = 0660,
	};
	ret = misc_register(&card->misc);
	if (ret)
		goto free_index;
	return 0;

free_index:
	ida_free(&skel_ida, card->index);
release:
	skel_regions_release(card);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(skel_card_register, "SKEL");

int skel_card_index(const struct skel_card *card)
{
	return card->index;
}
EXPORT_SYMBOL_NS_GPL(skel_card_index, "SKEL");

static void skel_card_set_gone(struct skel_card *card)
{
	lockdep_assert_held_write(&card->ops_sem);

	guard(mutex)(&card->mutex);
	guard(spinlock_irq)(&card->lock);
	WRITE_ONCE(card->gone, true);
	for (u32 i = 0; i < card->desc.channels; i++) {
		struct skel_chan *chan = skel_chan_find(card, i);

		if (!chan)
			continue;
		chan->state = SKEL_CHAN_CLOSING;
		wake_up_poll(&chan->wait, EPOLLHUP | EPOLLERR);
	}
}

static void skel_card_stop(struct skel_card *card)
{
	skel_card_set_gone(card);
	/* From here on, no page table is filled with I/O memory. */
	skel_regions_revoke(card);
	skel_regions_release(card);
	skel_xfer_stop_all(card);
	skel_chan_reap(card);
	skel_buf_unmap_all(card);
}

void skel_card_unregister(struct skel_card *card)
{
	/* Before ops_sem, which open() takes with misc_mtx held. */
	misc_deregister(&card->misc);
	ida_free(&skel_ida, card->index);

	scoped_guard(rwsem_write, &card->ops_sem)
		skel_card_stop(card);
	/* Nothing arms it any more, and it takes ops_sem. */
	cancel_delayed_work_sync(&card->watchdog);
}
EXPORT_SYMBOL_NS_GPL(skel_card_unregister, "SKEL");

bool skel_card_has_stopped(const struct skel_card *card)
{
	return !READ_ONCE(card->stuck);
}
EXPORT_SYMBOL_NS_GPL(skel_card_has_stopped, "SKEL");

MODULE_DESCRIPTION("Core for laboratory and FPGA cards with checked DMA");
MODULE_LICENSE("GPL");
