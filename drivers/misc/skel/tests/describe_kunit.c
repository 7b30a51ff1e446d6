// SPDX-License-Identifier: GPL-2.0
/*
 * describe_kunit.c - each mistake in the description of a card has its message
 */

#include <kunit/test.h>
#include <linux/device/faux.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../core.h"

static int test_command(struct skel_card *card, u32 channel, char *line,
			size_t len)
{
	return 0;
}

static int test_quiesce(struct skel_card *card, u32 channel)
{
	return 0;
}

static int test_reset(struct skel_card *card)
{
	return 0;
}

static void test_start(struct skel_card *card, u32 engine, struct skel_run *run)
{
}

#define OPS	.command = test_command, .quiesce = test_quiesce, .reset = test_reset

static const struct skel_card_ops whole = { OPS };
static const struct skel_card_ops no_command = { .quiesce = test_quiesce, .reset = test_reset };
static const struct skel_card_ops no_quiesce = { .command = test_command, .reset = test_reset };
static const struct skel_card_ops no_reset = { .command = test_command, .quiesce = test_quiesce };
static const struct skel_card_ops no_stop = { OPS, .start = test_start };
static const struct skel_card_ops engine_ops = {
	.command = test_command, .reset = test_reset, .start = test_start, .stop = test_quiesce,
};

#define DESC	.name = "skel_kunit", .ops = &whole, .channels = 1, .transfers = 1, \
		.memory = SZ_4K, .caps = SKEL_CAP_TOHOST
#define ENGINES	.name = "skel_kunit", .ops = &engine_ops, .channels = 1, .transfers = 1, \
		.memory = SZ_4K, .caps = SKEL_CAP_TOHOST, .engines = 2

/* What a description has, after the last one of each member, and a word of the message */
static const struct {
	struct skel_card_desc desc;
	const char *word;
} mistakes[] = {
	{ { DESC }, NULL },
	{ { ENGINES }, NULL },
	{ { ENGINES, .align = 8, .run_max = 4096, .boundary = SZ_4K, .timeout_ms = 1 }, NULL },
	{ { .ops = &whole }, "name" },
	{ { .name = "a name of thirty-two characters!", .ops = &whole }, "name" },
	{ { .name = "x" }, "ops is missing" },
	{ { .name = "x", .ops = &no_command }, "ops->command" },
	{ { .name = "x", .ops = &no_quiesce }, "ops->quiesce" },
	{ { .name = "x", .ops = &no_reset }, "ops->reset" },
	{ { .name = "x", .ops = &no_stop, .engines = 1 }, "ops->start" },
	{ { .name = "x", .ops = &whole }, "channels" },
	{ { .name = "x", .ops = &whole, .channels = 1024 }, "channels" },
	{ { .name = "x", .ops = &whole, .channels = 1 }, "transfers" },
	{ { .name = "x", .ops = &whole, .channels = 1, .transfers = 65 }, "transfers" },
	{ { DESC, .segments = 257 }, "segments" },
	{ { .name = "x", .ops = &whole, .channels = 1, .transfers = 1, .ram = true }, "memory" },
	{ { DESC, .ram = true, .pio = true }, "pio" },
	{ { DESC, .align = 3 }, "align" },
	{ { DESC, .align = 2 * PAGE_SIZE }, "align" },
	{ { DESC, .run_max = 1 }, "there are none" },
	{ { ENGINES, .align = 8, .run_max = 12 }, "run_max" },
	{ { ENGINES, .boundary = 12 }, "boundary" },
	{ { ENGINES, .align = 8, .boundary = 4 }, "boundary" },
	{ { DESC, .nr_regions = SKEL_REGIONS_MAX + 1 }, "nr_regions" },
	{ { .name = "x", .ops = &whole, .channels = 1, .transfers = 1 }, "neither" },
	{ { .name = "x", .ops = &whole, .channels = 1, .transfers = 1, .caps = 4 }, "caps" },
};

static void check_word(struct kunit *test, const char *error, const char *word, int row)
{
	if (!word)
		KUNIT_EXPECT_TRUE_MSG(test, !error, "row %d: %s", row, error);
	else
		KUNIT_EXPECT_TRUE_MSG(test, error && strstr(error, word),
				      "row %d: %s, not %s", row, error, word);
}

static void description_test(struct kunit *test)
{
	for (int i = 0; i < ARRAY_SIZE(mistakes); i++)
		check_word(test, skel_desc_error(&mistakes[i].desc), mistakes[i].word, i);
}

static void dma_mask_test(struct kunit *test)
{
	struct faux_device *faux = faux_device_create("skel_kunit", NULL, NULL);
	u64 mask = DMA_BIT_MASK(32);
	struct skel_card *card;
	struct device *dev;

	KUNIT_ASSERT_NOT_NULL(test, faux);
	dev = &faux->dev;
	dev->dma_mask = NULL;
	check_word(test, skel_dma_error(dev), "no DMA mask", 0);
	card = skel_card_alloc(dev, &mistakes[0].desc, NULL);
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR_OR_ZERO(card));
	KUNIT_EXPECT_EQ(test, 0, dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(32)));
	check_word(test, skel_dma_error(dev), NULL, 1);
	dev->coherent_dma_mask = 255;
	check_word(test, skel_dma_error(dev), "below a page", 2);
	dev->dma_mask = &mask;
	dev->coherent_dma_mask = DMA_BIT_MASK(33);
	check_word(test, skel_dma_error(dev), "above", 3);
	faux_device_destroy(faux);
}

static void region_test(struct kunit *test)
{
	/* No machine has anything there. */
	const phys_addr_t far = BIT_ULL(44);
	void *ram = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	const struct {
		struct skel_region regions[2];
		const char *word;
	} rows[] = {
		{ { { "a", far, PAGE_SIZE, SZ_1M } }, NULL },
		{ { { NULL, far, PAGE_SIZE, SZ_1M } }, "name" },
		{ { { "a", far + 8, PAGE_SIZE, SZ_1M } }, "whole pages" },
		{ { { "a", far, 0, SZ_1M } }, "whole pages" },
		{ { { "a", far, PAGE_SIZE, SKEL_REGIONS_END } }, "whole pages" },
		{ { { "a", PAGE_ALIGN_DOWN(virt_to_phys(ram)), PAGE_SIZE, SZ_1M } },
		  "ordinary memory" },
		{ { { "a", far, PAGE_SIZE, SZ_1M }, { "b", 2 * far, PAGE_SIZE, SZ_1M } },
		  "overlaps" },
		{ { { "a", far, PAGE_SIZE, SZ_1M }, { "b", far, PAGE_SIZE, SZ_2M } },
		  "overlaps" },
	};

	KUNIT_ASSERT_NOT_NULL(test, ram);
	if (IS_ENABLED(CONFIG_PHYS_ADDR_T_64BIT)) {
		for (int i = 0; i < ARRAY_SIZE(rows); i++)
			check_word(test, skel_region_error(rows[i].regions,
							   !!rows[i].regions[1].name),
				   rows[i].word, i);
	} else {
		kunit_skip(test, "physical addresses have 32 bits");
	}
}

static struct kunit_case describe_cases[] = {
	KUNIT_CASE(description_test),
	KUNIT_CASE(dma_mask_test),
	KUNIT_CASE(region_test),
	{}
};

static struct kunit_suite describe_suite = {
	.name = "skel_describe",
	.test_cases = describe_cases,
};

kunit_test_suite(describe_suite);
