// SPDX-License-Identifier: GPL-2.0
/*
 * card.c - the lifetime of a card, from skel_card_alloc() to its last reference
 */

#include <linux/anon_inodes.h>
#include <linux/cacheinfo.h>
#include <linux/cc_platform.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"

/* Only its mapping is used. With an owner, because fput() releases it later. */
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

/**
 * skel_card_put - drop the backend's reference to a card
 * @card: the card, never registered or already unregistered
 *
 * Dropping the last reference calls skel_card_ops.release.
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
 * Return: @priv of skel_card_alloc().
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

/* dma_alloc_pages() honours the coherent mask. */
static bool skel_dma_valid(struct device *dev)
{
	return dev->dma_mask && dev->coherent_dma_mask >= PAGE_SIZE - 1 &&
	       dev->coherent_dma_mask <= *dev->dma_mask;
}

/* The most that dma_alloc_pages() can return in one piece. */
static u64 skel_buffer_max(struct device *dev)
{
	u64 max = IS_ENABLED(CONFIG_DMA_CMA) ? SZ_1G :
					       PAGE_SIZE << MAX_PAGE_ORDER;

	if (dev->coherent_dma_mask < max)
		max = dev->coherent_dma_mask + 1;
	return max;
}

/**
 * skel_card_alloc - allocate a card, not yet visible to users
 * @dev: the device that does the DMA, with its DMA masks set as by
 *       dma_set_mask_and_coherent(); becomes the parent of the device node
 * @desc: description of the card; copied
 * @priv: the backend's own data; must stay valid until skel_card_unregister()
 *        has returned, or until skel_card_ops.release
 *
 * Context: process, may sleep.
 * Return: the card, to be released by skel_card_put(); or ERR_PTR of -EINVAL (the
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
	 * The name of a workqueue is shorter than that of a card. Freezable: no
	 * command runs while devices are suspended.
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
 * devm_skel_card_alloc - managed skel_card_alloc()
 * @dev: as for skel_card_alloc()
 * @desc: as for skel_card_alloc()
 * @priv: as for skel_card_alloc()
 *
 * The backend's reference is dropped after remove(), like all managed resources.
 * An interrupt that is requested after this by devm_request_irq() is freed first.
 * remove() has to call skel_card_unregister().
 *
 * Context: process, may sleep.
 * Return: as for skel_card_alloc().
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
