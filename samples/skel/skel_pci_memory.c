// SPDX-License-Identifier: GPL-2.0
/*
 * Template of a driver for a PCI card that only has memory: BAR 2, which programs
 * map write-combined. It works with QEMU's ivshmem-plain:
 *
 *   echo 1af4 1110 > /sys/bus/pci/drivers/skel_pci_memory/new_id
 */

#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/skel.h>

#define MY_BAR	2

static int my_command(struct skel_card *card, u32 channel, char *line,
		      size_t len)
{
	skel_reply(card, channel, "ERROR unknown-command");
	return 0;
}

/* There is no DMA to stop. */
static int my_quiesce(struct skel_card *card, u32 channel)
{
	return 0;
}

static int my_reset(struct skel_card *card)
{
	return 0;
}

static const struct skel_card_ops my_ops = {
	.command	= my_command,
	.quiesce	= my_quiesce,
	.reset		= my_reset,
};

static int my_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	const struct skel_region memory = {
		.name = "memory",
		.start = pci_resource_start(pdev, MY_BAR),
		.length = pci_resource_len(pdev, MY_BAR),
		.flags = SKEL_REGION_WC,
	};
	const struct skel_card_desc desc = {
		.name = "my-pci-memory",
		.owner = THIS_MODULE,
		.ops = &my_ops,
		.channels = 16,
		.transfers = 1,
		.memory = memory.length,
		.regions = &memory,
		.nr_regions = 1,
	};
	struct skel_card *card;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;
	ret = pcim_request_region(pdev, MY_BAR, KBUILD_MODNAME);
	if (ret)
		return ret;
	card = devm_skel_card_alloc(&pdev->dev, &desc, NULL);
	if (IS_ERR(card))
		return PTR_ERR(card);
	pci_set_drvdata(pdev, card);
	return skel_card_register(card);
}

static void my_remove(struct pci_dev *pdev)
{
	skel_card_unregister(pci_get_drvdata(pdev));
}

static struct pci_driver my_driver = {
	.name		= KBUILD_MODNAME,
	.probe		= my_probe,
	.remove		= my_remove,
};
module_pci_driver(my_driver);

MODULE_DESCRIPTION("Template of a laboratory card on PCI that only has memory");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("SKEL");
