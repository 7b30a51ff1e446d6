// SPDX-License-Identifier: GPL-2.0
/* Template of a driver for a card on a SoC's bus, found by the device tree. */

#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/skel.h>

#define MY_COMPATIBLE	"vendor,my-card"	/* goes into a binding document */
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
	struct skel_card *card;
	void __iomem *regs;
	u64 id;				/* of the transfer that the DMA engine runs */
	int irq;
};

static irqreturn_t my_irq(int irq, void *data)
{
	struct my_card *my = data;
	u32 status = readl(my->regs + REG_STATUS);

	if (!status)
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

/* There is no other way to cut off the engine: report if it does not stop. */
static int my_reset(struct skel_card *card)
{
	struct my_card *my = skel_card_priv(card);
	u32 stop;

	/* The handler may be about to start what was granted. */
	synchronize_irq(my->irq);
	writel(1, my->regs + REG_STOP);
	return readl_poll_timeout(my->regs + REG_STOP, stop, !stop, 10, 100000);
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
	.name = "my-soc-card",
	.owner = THIS_MODULE,
	.ops = &my_ops,
	.channels = 1,			/* files that can be open */
	.transfers = 1,			/* of a channel at once */
	.memory = SZ_64K,		/* of the card, in bytes */
	.caps = SKEL_CAP_TOHOST,	/* directions of DMA */
};

static int my_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct my_card *my;
	int ret;

	my = devm_kzalloc(dev, sizeof(*my), GFP_KERNEL);
	if (!my)
		return -ENOMEM;
	my->regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(my->regs))
		return PTR_ERR(my->regs);
	my->irq = platform_get_irq(pdev, 0);
	if (my->irq < 0)
		return my->irq;
	/* The limits of the bus come from dma-ranges in the device tree. */
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;

	my->card = devm_skel_card_alloc(dev, &my_desc, my);
	if (IS_ERR(my->card))
		return PTR_ERR(my->card);
	platform_set_drvdata(pdev, my->card);

	/* Whatever it did before, it is idle before the first interrupt. */
	ret = my_reset(my->card);
	if (ret)
		return ret;
	ret = devm_request_irq(dev, my->irq, my_irq, 0, KBUILD_MODNAME, my);
	if (ret)
		return ret;
	return skel_card_register(my->card);
}

static void my_remove(struct platform_device *pdev)
{
	skel_card_unregister(platform_get_drvdata(pdev));
}

static const struct of_device_id my_ids[] = {
	{ .compatible = MY_COMPATIBLE },
	{}
};
MODULE_DEVICE_TABLE(of, my_ids);

static struct platform_driver my_driver = {
	.driver = {
		.name		= KBUILD_MODNAME,
		.of_match_table	= my_ids,
	},
	.probe		= my_probe,
	.remove		= my_remove,
};
module_platform_driver(my_driver);

MODULE_DESCRIPTION("Template of a laboratory card on a SoC's bus");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("SKEL");
