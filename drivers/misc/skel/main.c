// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - cards come and go
 *
 * Core of a driver for laboratory and FPGA cards: an ASCII command channel, DMA
 * buffers for ordinary users, and a check of every DMA request of the card
 * against the buffers of the program behind it. After "Device Drivers
 * Concluded" by Georg v. Zezschwitz, Linux Journal, 1996.
 */

#include <linux/anon_inodes.h>
#include <linux/cacheinfo.h>
#include <linux/cc_platform.h>
#include <linux/cleanup.h>
#include <linux/dma-mapping.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "skel.h"

static DEFINE_IDA(skel_ida);

/* Only its mapping is used; the owner outlives the delayed release. */
static const struct file_operations skel_anon_fops = {
	.owner = THIS_MODULE,
};

static void skel_card_destroy(struct skel_card *card)
{
	if (card->wq)
		destroy_workqueue(card->wq);
	if (card->anon)
		fput(card->anon);
	skel_cardmem_free(card);
	put_device(card->dev);
	kfree(card->command);
	kfree(card->chans);
	kfree(card->regions);
	kfree(card);
}

static void skel_card_free(struct kref *ref)
{
	struct skel_card *card = container_of(ref, struct skel_card, ref);
	void (*release)(void *priv) = card->desc.ops->release;
	void *priv = card->priv;

	skel_card_destroy(card);
	if (release)
		release(priv);
}

void skel_card_get(struct skel_card *card)
{
	kref_get(&card->ref);
}

/**
 * skel_card_put - drop the backend's reference of a card
 * @card: the card, never registered or already unregistered
 *
 * With the last reference skel_card_ops.release is called.
 *
 * Context: process, may sleep.
 */
void skel_card_put(struct skel_card *card)
{
	kref_put(&card->ref, skel_card_free);
}
EXPORT_SYMBOL_NS_GPL(skel_card_put, "SKEL");

/**
 * skel_card_priv - the backend's own data
 * @card: the card
 *
 * Context: any.
 * Return: what skel_card_alloc() was given.
 */
void *skel_card_priv(const struct skel_card *card)
{
	return card->priv;
}
EXPORT_SYMBOL_NS_GPL(skel_card_priv, "SKEL");

static bool skel_desc_valid(const struct skel_card_desc *desc)
{
	const struct skel_card_ops *ops = desc->ops;

	return desc->name && strlen(desc->name) < SKEL_NAME_MAX &&
	       ops && ops->command && ops->quiesce && ops->reset &&
	       desc->channels && desc->channels <= SKEL_CHANNELS_MAX &&
	       desc->transfers && desc->transfers <= SKEL_TRANSFERS_MAX &&
	       (desc->caps || desc->nr_regions) &&
	       !(desc->caps & ~(SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST));
}

/* dma_alloc_pages() goes by the coherent mask. */
static bool skel_dma_valid(struct device *dev)
{
	return dev->dma_mask && dev->coherent_dma_mask >= PAGE_SIZE - 1 &&
	       dev->coherent_dma_mask <= *dev->dma_mask;
}

/* What dma_alloc_pages() can give at most, as one piece. */
static u64 skel_buffer_max(struct device *dev)
{
	u64 max = IS_ENABLED(CONFIG_DMA_CMA) ? SZ_1G :
					       PAGE_SIZE << MAX_PAGE_ORDER;

	if (dev->coherent_dma_mask < max)
		max = dev->coherent_dma_mask + 1;
	return max;
}

/**
 * skel_card_alloc - a new card, not yet visible to anybody
 * @dev: the device that does the DMA, with its DMA masks set as by
 *       dma_set_mask_and_coherent(); becomes the parent of the device node
 * @desc: description of the card; copied
 * @priv: the backend's own data; must stay valid until skel_card_unregister()
 *        has returned, or until skel_card_ops.release
 *
 * Context: process, may sleep.
 * Return: the card, which skel_card_put() gives back; or ERR_PTR of -EINVAL (the
 * description is wrong, regions overlap or are not whole pages, or the DMA masks
 * of @dev are not set), -EOPNOTSUPP (memory is encrypted, or the data cache has
 * aliases: user space and the card would not see the same bytes) or -ENOMEM.
 */
struct skel_card *skel_card_alloc(struct device *dev,
				  const struct skel_card_desc *desc, void *priv)
{
	struct skel_card *card;
	int ret = -ENOMEM;

	if (!skel_desc_valid(desc) || !skel_dma_valid(dev))
		return ERR_PTR(-EINVAL);
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT) || cpu_dcache_is_aliasing())
		return ERR_PTR(-EOPNOTSUPP);

	card = kzalloc_obj(*card);
	if (!card)
		return ERR_PTR(-ENOMEM);
	kref_init(&card->ref);
	init_rwsem(&card->ops_sem);
	mutex_init(&card->mutex);
	spin_lock_init(&card->lock);
	card->dev = get_device(dev);
	card->desc = *desc;
	card->priv = priv;
	card->index = -1;
	card->buffer_max = skel_buffer_max(dev);
	strscpy(card->name, desc->name);
	card->desc.name = card->name;

	card->command = kmalloc(SKEL_LINE_MAX, GFP_KERNEL);
	card->chans = kcalloc(desc->channels, sizeof(*card->chans), GFP_KERNEL);
	if (!card->command || !card->chans)
		goto destroy;
	/*
	 * The name of a workqueue is shorter than that of a card. No command
	 * comes while devices sleep.
	 */
	card->wq = alloc_ordered_workqueue("skel-%.26s", WQ_FREEZABLE,
					   card->name);
	if (!card->wq)
		goto destroy;
	if (desc->ram) {
		ret = skel_cardmem_alloc(card);
		if (ret)
			goto destroy;
	}
	ret = skel_regions_init(card);
	if (ret)
		goto destroy;
	card->anon = anon_inode_create_getfile("[skel]", &skel_anon_fops, NULL,
					       O_RDWR, NULL);
	if (IS_ERR(card->anon)) {
		ret = PTR_ERR(card->anon);
		card->anon = NULL;
		goto destroy;
	}
	return card;

destroy:
	skel_card_destroy(card);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_NS_GPL(skel_card_alloc, "SKEL");

static void skel_card_devm_put(void *card)
{
	skel_card_put(card);
}

/**
 * devm_skel_card_alloc - skel_card_alloc(), and skel_card_put() by itself
 * @dev: as for skel_card_alloc()
 * @desc: as for skel_card_alloc()
 * @priv: as for skel_card_alloc()
 *
 * The backend's reference is dropped after remove(), as all that devm has. An
 * interrupt that is requested after this by devm_request_irq() is freed before.
 * remove() has to call skel_card_unregister().
 *
 * Context: process, may sleep.
 * Return: as skel_card_alloc().
 */
struct skel_card *devm_skel_card_alloc(struct device *dev,
				       const struct skel_card_desc *desc,
				       void *priv)
{
	struct skel_card *card = skel_card_alloc(dev, desc, priv);
	int ret;

	if (IS_ERR(card))
		return card;
	ret = devm_add_action_or_reset(dev, skel_card_devm_put, card);
	return ret ? ERR_PTR(ret) : card;
}
EXPORT_SYMBOL_NS_GPL(devm_skel_card_alloc, "SKEL");

/* For stable names: /dev/skelN is whoever came as the Nth. */
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

/**
 * skel_card_register - make a card visible as /dev/skelN
 * @card: the card
 *
 * The callbacks can be called before this returns.
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno: -EBUSY if a region is to be write-combined and
 * somebody has mapped it in another way.
 */
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

/**
 * skel_card_index - N of /dev/skelN
 * @card: a registered card
 *
 * Context: any.
 * Return: the number, which another card may get after skel_card_unregister().
 */
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

/**
 * skel_card_unregister - the card is gone
 * @card: a registered card
 *
 * Returns also when files are open: their operations end with -ENODEV from now
 * on, and who sleeps in one is woken. Running transfers are stopped by
 * skel_card_ops.reset; later completions are answered with -ENOENT. No callback
 * runs after this. Mappings of I/O memory raise SIGBUS.
 *
 * The data of buffers can be read through their mappings until their file is
 * closed, but is not in the card's reach any more: after this, no memory of the
 * DMA API is left, except what a card that did not stop may still write to.
 *
 * Context: process, may sleep.
 */
void skel_card_unregister(struct skel_card *card)
{
	/* First: open() holds misc_mtx while it takes ops_sem. */
	misc_deregister(&card->misc);
	ida_free(&skel_ida, card->index);

	guard(rwsem_write)(&card->ops_sem);
	skel_card_set_gone(card);
	/* From here on nothing fills page tables with I/O memory. */
	skel_regions_revoke(card);
	skel_regions_release(card);
	skel_xfer_stop_all(card);
	skel_buf_save_all(card);
}
EXPORT_SYMBOL_NS_GPL(skel_card_unregister, "SKEL");

MODULE_DESCRIPTION("Core for laboratory and FPGA cards with checked DMA");
MODULE_LICENSE("GPL");
