// SPDX-License-Identifier: GPL-2.0
/*
 * A card that measures what a granted request and its end cost in the core. It has
 * the device of QEMU's edu for the bus and the IOMMU, and never starts a DMA.
 *
 *   GRANT <length> <host address>	GRANTED <request in ns> <end in ns>: medians
 */

#include <linux/dma-mapping.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/skel.h>
#include <linux/sort.h>

#define BENCH_ROUNDS	31	/* the lines of their ends find room in the channel */

static int bench_compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

static u64 bench_median(u64 *ns)
{
	sort(ns, BENCH_ROUNDS, sizeof(*ns), bench_compare, NULL);
	return ns[BENCH_ROUNDS / 2];
}

/* As in the interrupt handlers of a card. */
static int bench_round(struct skel_card *card, const struct skel_request *req,
		       u64 *request, u64 *end)
{
	struct skel_grant grant;
	unsigned long flags;
	u64 start, granted;
	int ret;

	local_irq_save(flags);
	start = ktime_get_ns();
	ret = skel_request(card, req, &grant);
	granted = ktime_get_ns();
	if (!ret)
		ret = skel_complete(card, grant.id, req->length, 0);
	*end = ktime_get_ns() - granted;
	*request = granted - start;
	local_irq_restore(flags);
	return ret;
}

static const char *bench_grant(struct skel_card *card, u32 channel, const u64 *arg)
{
	struct skel_request req = {
		.channel = channel,
		.dir = SKEL_TOHOST,
		.length = arg[0],
		.host_addr = arg[1],
	};
	u64 request[BENCH_ROUNDS], end[BENCH_ROUNDS];

	for (int i = 0; i < BENCH_ROUNDS; i++) {
		if (bench_round(card, &req, &request[i], &end[i]))
			return "refused";
	}
	skel_reply(card, channel, "GRANTED %llu %llu", bench_median(request),
		   bench_median(end));
	return NULL;
}

static const struct skel_command bench_commands[] = {
	{ "GRANT", { { "length", 1, U64_MAX }, { "host-address", 0, U64_MAX } },
	  bench_grant },
};

static int bench_command(struct skel_card *card, u32 channel, char *line, size_t len)
{
	skel_command_run(card, channel, line, len, bench_commands,
			 ARRAY_SIZE(bench_commands));
	return 0;
}

/* No transfer runs on when a command has returned. */
static int bench_quiesce(struct skel_card *card, u32 channel)
{
	return 0;
}

static int bench_reset(struct skel_card *card)
{
	return 0;
}

static const struct skel_card_ops bench_ops = {
	.command = bench_command,
	.quiesce = bench_quiesce,
	.reset = bench_reset,
};

static const struct skel_card_desc bench_desc = {
	.name = "skel-bench-card",
	.owner = THIS_MODULE,
	.ops = &bench_ops,
	.channels = 1,
	.transfers = 1,
	.segments = SKEL_SEGMENTS_MAX,
	.memory = SZ_1M,
	.caps = SKEL_CAP_TOHOST,
};

static int bench_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct skel_card *card;
	int ret;

	ret = pcim_enable_device(pdev);
	if (!ret)
		ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	card = devm_skel_card_alloc(&pdev->dev, &bench_desc, NULL);
	if (IS_ERR(card))
		return PTR_ERR(card);
	pci_set_drvdata(pdev, card);
	return skel_card_register(card);
}

static void bench_remove(struct pci_dev *pdev)
{
	skel_card_unregister(pci_get_drvdata(pdev));
}

static const struct pci_device_id bench_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{}
};

static struct pci_driver bench_driver = {
	.name = "skel_bench_card",
	.id_table = bench_ids,
	.probe = bench_probe,
	.remove = bench_remove,
};
module_pci_driver(bench_driver);

MODULE_DESCRIPTION("Measures grants of the skel core");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("SKEL");
