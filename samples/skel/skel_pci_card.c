// SPDX-License-Identifier: GPL-2.0
/* Template of a driver for a PCI card. A complete one is skel_edu in drivers/misc/skel. */

#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/skel.h>

#define REG_STATUS	0x00	/* write to acknowledge */
#define STATUS_REQUEST	BIT(0)	/* the card asks for a transfer */
#define STATUS_DONE	BIT(1)	/* the DMA has ended */
#define REG_CARD	0x04	/* request: address in the card's memory */
#define REG_LENGTH	0x08	/* request: number of bytes */
#define REG_HOST	0x0c	/* request: host address, 64 bits */
#define REG_REFUSE	0x14	/* write 1: the request is refused */
#define REG_DMA		0x18	/* write the bus address: granted, start the DMA */
#define REG_MOVED	0x1c	/* bytes moved by the DMA that has ended */
#define REG_STOP	0x20	/* write 1: stop the DMA, drop the request; 0: done */

struct my_card {
	struct pci_dev *pdev;
	struct skel_card *card;
	void __iomem *regs;
	u64 id;				/* of the transfer that the DMA engine runs */
	int irq;
};

static irqreturn_t my_irq(int irq, void *data)
{
	struct my_card *my = data;
	u32 status = readl(my->regs + REG_STATUS);

	if (!status || PCI_POSSIBLE_ERROR(status))
		return IRQ_NONE;
	writel(status, my->regs + REG_STATUS);
	/* First, because the grant of a request overwrites the id. */
	if (status & STATUS_DONE)
		skel_complete(my->card, my->id, readl(my->regs + REG_MOVED), 0);
	if (status & STATUS_REQUEST) {
		struct skel_request req = {
			.dir = SKEL_TOHOST,
			.card_addr = readl(my->regs + REG_CARD),
			.length = readl(my->regs + REG_LENGTH),
			.host_addr = lo_hi_readq(my->regs + REG_HOST),
		};
		struct skel_grant grant;

		if (skel_request(my->card, &req, &grant)) {
			writel(1, my->regs + REG_REFUSE);
		} else {
			my->id = grant.id;
			writel(grant.dma, my->regs + REG_DMA);
		}
	}
	return IRQ_HANDLED;
}

static int my_command(struct skel_card *card, u32 channel, char *line,
		      size_t len)
{
	skel_reply(card, channel, "ERROR unknown-command");
	return 0;
}

static int my_reset(struct skel_card *card)
{
	struct my_card *my = skel_card_priv(card);
	u32 stop;

	/* The handler may be about to start what was granted. */
	synchronize_irq(my->irq);
	writel(1, my->regs + REG_STOP);
	if (readl_poll_timeout(my->regs + REG_STOP, stop,
			       !stop || PCI_POSSIBLE_ERROR(stop), 10, 100000))
		return -ETIMEDOUT;
	/* All ones: it was removed, or does not respond and may still do DMA. */
	if (PCI_POSSIBLE_ERROR(stop) && pci_device_is_present(my->pdev))
		return -EIO;
	return 0;
}

static int my_quiesce(struct skel_card *card, u32 channel)
{
	return my_reset(card);		/* there is no other channel */
}

static const struct skel_card_ops my_ops = {
	.command	= my_command,
	.quiesce	= my_quiesce,
	.reset		= my_reset,
};

static const struct skel_card_desc my_desc = {
	.name = "my-pci-card",
	.owner = THIS_MODULE,
	.ops = &my_ops,
	.channels = 1,			/* files that can be open */
	.transfers = 1,			/* of a channel at once */
	.memory = SZ_64K,		/* of the card, in bytes */
	.caps = SKEL_CAP_TOHOST,	/* directions of DMA */
};

static int my_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct my_card *my;
	int ret;

	my = devm_kzalloc(&pdev->dev, sizeof(*my), GFP_KERNEL);
	if (!my)
		return -ENOMEM;
	my->pdev = pdev;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	my->regs = pcim_iomap_region(pdev, 0, KBUILD_MODNAME);
	if (IS_ERR(my->regs))
		return PTR_ERR(my->regs);
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;

	my->card = devm_skel_card_alloc(&pdev->dev, &my_desc, my);
	if (IS_ERR(my->card))
		return PTR_ERR(my->card);
	pci_set_drvdata(pdev, my->card);

	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI | PCI_IRQ_INTX);
	if (ret < 0)
		return ret;
	my->irq = pci_irq_vector(pdev, 0);
	/* Whatever it did before, it is idle before it gets the bus. */
	ret = my_reset(my->card);
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = devm_request_irq(&pdev->dev, my->irq, my_irq, IRQF_SHARED,
			       KBUILD_MODNAME, my);
	if (ret)
		return ret;
	return skel_card_register(my->card);
}

static void my_remove(struct pci_dev *pdev)
{
	skel_card_unregister(pci_get_drvdata(pdev));
}

static const struct pci_device_id my_ids[] = {
	{ PCI_DEVICE(0x1234, 0xcafe) },
	{}
};
MODULE_DEVICE_TABLE(pci, my_ids);

static struct pci_driver my_driver = {
	.name		= KBUILD_MODNAME,
	.id_table	= my_ids,
	.probe		= my_probe,
	.remove		= my_remove,
};
module_pci_driver(my_driver);

MODULE_DESCRIPTION("Template of a laboratory card on PCI");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("SKEL");
