// SPDX-License-Identifier: GPL-2.0
/*
 * Driver of a card that does not exist: two DMA engines, 24 address bits, a FIFO of 8
 * requests, 64 KiB of memory that programs map. KUnit runs it on fake registers.
 */

#include <linux/cleanup.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/skel.h>

#define REG_STATUS	0x00		/* BIT(e): engine e has ended; write to acknowledge */
#define REG_FREE	0x04		/* requests that the FIFO has room for */
#define REG_COUNT	0x08		/* requests in the FIFO */
#define REG_FIFO	0x0c		/* 5 words: direction and channel, card, length, host */
#define REG_STOP	0x10		/* write BIT(e), BIT(31): FIFO; reads 0 once stopped */
#define REG_CARD(e)	(0x20 + 0x10 * (e))	/* address in the card's memory */
#define REG_DMA(e)	(0x24 + 0x10 * (e))	/* bus address */
#define REG_RUN(e)	(0x28 + 0x10 * (e))	/* write length and direction: start */
#define FROMHOST	BIT(31)

struct daq {
	struct pci_dev *pdev;
	struct skel_card *card;
	void __iomem *regs;
	spinlock_t lock;		/* to see the end of a run and say so at once */
};

/* Pass on what the card asks for; the core refuses what it may not do now. */
static void daq_serve(struct daq *daq)
{
	u32 word[5];

	lockdep_assert_held(&daq->lock);
	for (u32 n = min(readl(daq->regs + REG_COUNT), 8); n; n--) {
		ioread32_rep(daq->regs + REG_FIFO, word, ARRAY_SIZE(word));
		skel_submit(daq->card, &(struct skel_request) {
			word[0] & ~FROMHOST, word[0] & FROMHOST ? SKEL_FROMHOST : SKEL_TOHOST,
			word[1], word[2], word[3] | (u64)word[4] << 32 });
	}
}

static irqreturn_t daq_irq(int irq, void *data)
{
	struct daq *daq = data;
	u32 status;

	guard(spinlock_irqsave)(&daq->lock);
	status = readl(daq->regs + REG_STATUS);
	if (PCI_POSSIBLE_ERROR(status))
		return IRQ_NONE;
	writel(status, daq->regs + REG_STATUS);
	for (u32 e = 0; e < 2; e++) {
		if (status & BIT(e))
			skel_engine_done(daq->card, e, 0);
	}
	daq_serve(daq);
	return IRQ_HANDLED;
}

static void daq_start(struct skel_card *card, u32 e, struct skel_run *run)
{
	struct daq *daq = skel_card_priv(card);

	writel(run->card_addr, daq->regs + REG_CARD(e));
	writel(run->dma, daq->regs + REG_DMA(e));
	writel(run->length | (run->dir == SKEL_FROMHOST ? FROMHOST : 0), daq->regs + REG_RUN(e));
}

static int daq_halt(struct skel_card *card, u32 what)
{
	struct daq *daq = skel_card_priv(card);
	u32 left;

	writel(what, daq->regs + REG_STOP);
	if (readl_poll_timeout(daq->regs + REG_STOP, left, !(left & what), 10, 20000))
		/* A card that was pulled out reads as all ones, and has stopped. */
		return pci_device_is_present(daq->pdev) ? -ETIMEDOUT : 0;
	guard(spinlock_irqsave)(&daq->lock);
	writel(what, daq->regs + REG_STATUS);
	return 0;
}

static int daq_stop(struct skel_card *card, u32 e)
{
	return daq_halt(card, BIT(e));
}

/* Requests of this user must not become those of the next one. */
static int daq_quiesce(struct skel_card *card, u32 channel)
{
	struct daq *daq = skel_card_priv(card);

	guard(spinlock_irqsave)(&daq->lock);
	daq_serve(daq);
	return 0;
}

static int daq_reset(struct skel_card *card)
{
	int ret = daq_halt(card, BIT(0) | BIT(1));

	daq_quiesce(card, 0);
	return ret;
}

/* The card gets the request, and asks for it when its turn comes. */
static const char *daq_ask(struct skel_card *card, const struct skel_request *req)
{
	const u32 word[] = { req->channel | (req->dir == SKEL_FROMHOST ? FROMHOST : 0),
			     req->card_addr, req->length, req->host_addr,
			     req->host_addr >> 32 };
	struct daq *daq = skel_card_priv(card);

	if (!readl(daq->regs + REG_FREE))
		skel_refuse(card, req);
	else
		iowrite32_rep(daq->regs + REG_FIFO, word, ARRAY_SIZE(word));
	return NULL;
}

static const struct skel_command daq_commands[] = {
	{ "TOHOST", SKEL_REQUEST_ARGS, .ask = daq_ask, .dir = SKEL_TOHOST },
	{ "FROMHOST", SKEL_REQUEST_ARGS, .ask = daq_ask, .dir = SKEL_FROMHOST },
};

static int daq_command(struct skel_card *card, u32 channel, char *line, size_t len)
{
	skel_command_run(card, channel, line, len, daq_commands, ARRAY_SIZE(daq_commands));
	return 0;
}

static const struct skel_card_ops daq_ops = {
	.command = daq_command, .start = daq_start, .stop = daq_stop,
	.quiesce = daq_quiesce, .reset = daq_reset,
};

static const struct skel_card_desc daq_desc = {
	.name = "daq", .owner = THIS_MODULE, .ops = &daq_ops, .channels = 8, .transfers = 4,
	.memory = SZ_64K, .caps = SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST,
	.engines = 2, .align = 4, .run_max = SZ_64K, .timeout_ms = 1000,
};

static int daq_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	const struct skel_region memory = { .name = "memory", .flags = SKEL_REGION_WC,
		.start = pci_resource_start(pdev, 1), .length = pci_resource_len(pdev, 1) };
	struct skel_card_desc desc = daq_desc;
	struct device *dev = &pdev->dev;
	struct daq *daq;
	int ret;

	daq = devm_kzalloc(dev, sizeof(*daq), GFP_KERNEL);
	if (!daq)
		return -ENOMEM;
	spin_lock_init(&daq->lock);
	daq->pdev = pdev;
	ret = pcim_enable_device(pdev) ?: dma_set_mask_and_coherent(dev, DMA_BIT_MASK(24));
	if (ret)
		return ret;
	daq->regs = pcim_iomap_region(pdev, 0, KBUILD_MODNAME);
	if (IS_ERR(daq->regs))
		return PTR_ERR(daq->regs);
	desc.regions = &memory;
	desc.nr_regions = 1;
	daq->card = devm_skel_card_alloc(dev, &desc, daq);
	if (IS_ERR(daq->card))
		return PTR_ERR(daq->card);
	pci_set_drvdata(pdev, daq->card);
	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (ret < 0)
		return ret;
	/* Whatever it did before, it is idle before it gets the bus. */
	ret = daq_halt(daq->card, ~0);
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = devm_request_irq(dev, pci_irq_vector(pdev, 0), daq_irq, 0, KBUILD_MODNAME, daq);
	return ret ?: skel_card_register(daq->card);
}

static void daq_remove(struct pci_dev *pdev)
{
	skel_card_unregister(pci_get_drvdata(pdev));
}

static const struct pci_device_id daq_ids[] = { { PCI_DEVICE(0x1234, 0xda0c) }, {} };
MODULE_DEVICE_TABLE(pci, daq_ids);

static struct pci_driver daq_driver = {
	.name = KBUILD_MODNAME, .id_table = daq_ids, .probe = daq_probe, .remove = daq_remove,
};
module_pci_driver(daq_driver);

MODULE_DESCRIPTION("A data acquisition card that does not exist");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("SKEL");
