// SPDX-License-Identifier: GPL-2.0
/*
 * card.c - the lifetime of a card, from skel_card_alloc() to its last reference
 */

#include <linux/anon_inodes.h>
#include <linux/cacheinfo.h>
#include <linux/cc_platform.h>
#include <linux/device.h>
#include <linux/device/faux.h>
#include <linux/dma-direct.h>	/* struct bus_dma_region */
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"

static bool require_enforced;
module_param(require_enforced, bool, 0444);
MODULE_PARM_DESC(require_enforced, "refuse cards that can reach memory outside of their grants (default N)");

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
	if (card->faux)
		faux_device_destroy(card->faux);
	put_device(card->dev);
	kfree(card->command);
	kfree(card->chans);
	kfree(card->engines);
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

void skel_card_put(struct skel_card *card)
{
	kref_put(&card->ref, skel_card_free);
}
EXPORT_SYMBOL_NS_GPL(skel_card_put, "SKEL");

void *skel_card_priv(const struct skel_card *card)
{
	return card->priv;
}
EXPORT_SYMBOL_NS_GPL(skel_card_priv, "SKEL");

static u64 skel_buffer_max(const struct skel_card *card)
{
	u64 max = BITS_PER_LONG == 32 ? SZ_1G : SKEL_WINDOW_SIZE / 2;

	/* The most that dma_alloc_pages() can return, and dma_map_phys() map. */
	if (card->one_piece) {
		max = IS_ENABLED(CONFIG_DMA_CMA) ? SZ_1G :
						   PAGE_SIZE << MAX_PAGE_ORDER;
		max = min(max, dma_max_mapping_size(card->dev) & PAGE_MASK);
	}
	max = min(max, (u64)skel_charge_max() << PAGE_SHIFT);
	return min(max - 1, card->dev->coherent_dma_mask) + 1;
}

/* Is there an IOMMU that maps single pages? It says so if it is tried. */
static bool skel_dma_has_iova(struct device *dev)
{
	struct dma_iova_state state;

	if (!dma_iova_try_alloc(dev, &state, 0, PAGE_SIZE))
		return false;
	dma_iova_free(dev, &state);
	return dma_get_merge_boundary(dev) < PAGE_SIZE;
}

/* A device that translates by itself (ATS) goes past the IOMMU. */
static bool skel_dev_has_ats(struct device *dev)
{
	return dev_is_pci(dev) && to_pci_dev(dev)->ats_enabled;
}

/* Bridges are members of groups, too, and do no DMA of their own. */
static int skel_count_dev(struct device *dev, void *count)
{
	if (dev_is_pci(dev) &&
	    to_pci_dev(dev)->hdr_type != PCI_HEADER_TYPE_NORMAL)
		return 0;
	return ++*(unsigned int *)count > 1;
}

/* The devices of a group reach what is mapped for any of them. */
static bool skel_dev_is_alone(struct device *dev)
{
	struct iommu_group *group = iommu_group_get(dev);
	unsigned int count = 0;

	if (!group)
		return false;
	iommu_group_for_each_dev(group, &count, skel_count_dev);
	iommu_group_put(group);
	return count == 1;
}

/* What else than a mask tells the DMA API which memory a device can reach. */
static int skel_copy_dma_limits(struct device *to, const struct device *from)
{
	const struct bus_dma_region *map = from->dma_range_map;
	size_t count = 1;

	to->bus_dma_limit = from->bus_dma_limit;
#ifdef CONFIG_DMA_CMA
	to->cma_area = from->cma_area;
#endif
	if (!map)
		return 0;
	while (map[count - 1].size)
		count++;
	/* Freed by the driver core, when the device is unbound. */
	to->dma_range_map = kmemdup_array(map, count, sizeof(*map), GFP_KERNEL);
	return to->dma_range_map ? 0 : -ENOMEM;
}

/*
 * A device with the card's DMA mask that lives as long as the card: its driver may
 * be unbound from @card->dev, whose memory of the DMA API must be gone by then.
 */
static int skel_memory_dev_create(struct skel_card *card)
{
	static atomic_t count;
	struct device *dev;
	char name[24];

	snprintf(name, sizeof(name), "skel-memory.%u",
		 atomic_inc_return(&count));
	card->faux = faux_device_create(name, NULL, NULL);
	if (!card->faux)
		return -ENOMEM;
	dev = &card->faux->dev;
	set_dev_node(dev, dev_to_node(card->dev));
	if (skel_copy_dma_limits(dev, card->dev))
		return -ENOMEM;
	return dma_coerce_mask_and_coherent(dev, card->dev->coherent_dma_mask);
}

/* Decide where buffers come from and how the card reaches them. */
static int skel_memory_init(struct skel_card *card)
{
	bool dma = skel_card_has_dma(card);

	if (dma)
		card->segments = max(card->desc.segments, 1);
	card->iova = dma && skel_dma_has_iova(card->dev);
	card->enforced = !dma || (card->iova && !skel_dev_has_ats(card->dev) &&
				  skel_dev_is_alone(card->dev));
	if (require_enforced && !card->enforced) {
		dev_err(card->dev, "no IOMMU enforces the card's grants, and skel.require_enforced is set\n");
		return -EPERM;
	}
	card->one_piece = dma && !card->iova && card->segments == 1;
	card->any_page = card->iova ||
			 (!card->one_piece && !dma_addressing_limited(card->dev));
	card->order_max = MAX_PAGE_ORDER;
	if (dma && !card->iova)
		card->order_max = min_t(unsigned int, MAX_PAGE_ORDER,
					ilog2(max(dma_max_mapping_size(card->dev),
						  PAGE_SIZE)) - PAGE_SHIFT);
	card->buffer_max = skel_buffer_max(card);
	return card->any_page ? 0 : skel_memory_dev_create(card);
}

static bool skel_describes(struct device *dev, const struct skel_card_desc *desc)
{
	const char *error = skel_desc_error(desc) ?: skel_dma_error(dev);

	if (error)
		dev_err(dev, "skel: wrong description of a card: %s\n", error);
	return !error;
}

struct skel_card *skel_card_alloc(struct device *dev,
				  const struct skel_card_desc *desc, void *priv)
{
	struct skel_card *card;
	int ret = -ENOMEM;

	if (!skel_describes(dev, desc))
		return ERR_PTR(-EINVAL);
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT) || cpu_dcache_is_aliasing())
		return ERR_PTR(-EOPNOTSUPP);

	card = kzalloc_obj(*card);
	if (!card)
		return ERR_PTR(-ENOMEM);
	kref_init(&card->ref);
	mutex_init(&card->command_mutex);
	init_rwsem(&card->ops_sem);
	mutex_init(&card->mutex);
	spin_lock_init(&card->lock);
	card->dev = get_device(dev);
	card->desc = *desc;
	card->priv = priv;
	card->index = -1;
	strscpy(card->name, desc->name);
	card->desc.name = card->name;

	card->command = kmalloc(SKEL_LINE_MAX, GFP_KERNEL);
	card->chans = kcalloc(desc->channels, sizeof(*card->chans), GFP_KERNEL);
	if (!card->command || !card->chans)
		goto destroy;
	ret = skel_memory_init(card);
	if (ret)
		goto destroy;
	ret = -ENOMEM;
	/*
	 * The name of a workqueue is shorter than that of a card. Freezable: no
	 * command runs while devices are suspended. Nor does one in a writer:
	 * suspending waits until all programs have left the kernel.
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
	ret = skel_engines_init(card);
	if (ret)
		goto destroy;
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
