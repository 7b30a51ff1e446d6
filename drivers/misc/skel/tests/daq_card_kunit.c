// SPDX-License-Identifier: GPL-2.0
/*
 * daq_card_kunit.c - the driver in samples/skel/skel_daq_card.c, on the real core and
 * a fake card
 *
 * The registers of the card are the functions below, and its engines move bytes when
 * a test says so.
 */

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/device/faux.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/string.h>

#include "../core.h"

static u32 fake_readl(const void __iomem *addr);
static void fake_writel(u32 value, void __iomem *addr);
static void fake_pop(const void __iomem *addr, u32 *word, unsigned long n);
static void fake_push(void __iomem *addr, const u32 *word, unsigned long n);
static bool fake_is_present(struct pci_dev *pdev);

#undef readl
#define readl(addr)		fake_readl((const void __iomem *)(addr))
#undef writel
#define writel(value, addr)	fake_writel(value, (void __iomem *)(addr))
#undef ioread32_rep
#define ioread32_rep(addr, word, n)	fake_pop(addr, word, n)
#undef iowrite32_rep
#define iowrite32_rep(addr, word, n)	fake_push(addr, word, n)
#define pci_device_is_present		fake_is_present

#include "../../../../samples/skel/skel_daq_card.c"

#define FIFO	8

static struct {
	u32 status;
	u32 fifo[FIFO][5];
	u32 first;
	u32 count;
	u32 lost;			/* requests written to a full FIFO */
	struct { u32 card, dma, run; } engine[2];
	u8 memory[SZ_64K];
	bool stuck;			/* nothing stops */
	bool pulled;
} fake;

static unsigned int fake_reg(const void __iomem *addr)
{
	return (const u8 __force *)addr - (const u8 *)&fake;
}

static u32 fake_readl(const void __iomem *addr)
{
	switch (fake_reg(addr)) {
	case REG_STATUS:
		return fake.status;
	case REG_FREE:
		return FIFO - fake.count;
	case REG_COUNT:
		return fake.count;
	case REG_STOP:
		return fake.stuck || fake.pulled ? ~0 : 0;
	}
	return ~0;
}

static bool fake_is_present(struct pci_dev *pdev)
{
	return !fake.pulled;
}

static void fake_writel(u32 value, void __iomem *addr)
{
	unsigned int reg = fake_reg(addr);

	if (reg == REG_STATUS)
		fake.status &= ~value;
	if (reg == REG_STOP && value & BIT(31))
		fake.count = 0;
	for (u32 e = 0; e < 2; e++) {
		if (reg == REG_STOP && value & BIT(e) && !fake.stuck)
			fake.engine[e].run = 0;
		if (reg == REG_CARD(e))
			fake.engine[e].card = value;
		if (reg == REG_DMA(e))
			fake.engine[e].dma = value;
		if (reg == REG_RUN(e))
			fake.engine[e].run = value;
	}
}

static void fake_pop(const void __iomem *addr, u32 *word, unsigned long n)
{
	memcpy(word, fake.fifo[fake.first++ % FIFO], n * sizeof(*word));
	fake.count--;
}

static void fake_push(void __iomem *addr, const u32 *word, unsigned long n)
{
	if (fake.count == FIFO)
		fake.lost++;
	else
		memcpy(fake.fifo[(fake.first + fake.count++) % FIFO], word,
		       n * sizeof(*word));
}

/* The engine does what it was told, and raises its interrupt. Nothing translates. */
static void fake_move(struct daq *daq, u32 e)
{
	u8 *host = phys_to_virt(fake.engine[e].dma);
	u8 *card = fake.memory + fake.engine[e].card;
	u32 length = fake.engine[e].run & ~FROMHOST;

	if (fake.engine[e].run & FROMHOST)
		memcpy(card, host, length);
	else
		memcpy(host, card, length);
	fake.engine[e].run = 0;
	fake.status |= BIT(e);
	daq_irq(0, daq);
}

struct daq_test {
	struct faux_device *faux;
	struct daq daq;
	struct skel_chan *chan[2];
	u64 host_addr[2];
};

static void daq_open(struct kunit *test, int i)
{
	struct daq_test *t = test->priv;

	scoped_guard(rwsem_read, &t->daq.card->ops_sem)
		t->chan[i] = skel_chan_create(t->daq.card);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->chan[i]);
	KUNIT_ASSERT_EQ(test, 0,
			skel_buf_create(t->chan[i], SZ_16K,
					SKEL_ALLOC_TOHOST | SKEL_ALLOC_FROMHOST,
					&t->host_addr[i]));
}

static int daq_init(struct kunit *test)
{
	struct daq_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int ret;

	test->priv = t;
	if (!t)
		return -ENOMEM;
	memset(&fake, 0, sizeof(fake));
	spin_lock_init(&t->daq.lock);
	t->daq.regs = (void __iomem __force *)&fake;
	t->faux = faux_device_create("skel_kunit", NULL, NULL);
	if (!t->faux)
		return -ENODEV;
	ret = dma_coerce_mask_and_coherent(&t->faux->dev, DMA_BIT_MASK(24));
	if (ret)
		return ret;
	t->daq.card = skel_card_alloc(&t->faux->dev, &daq_desc, &t->daq);
	if (IS_ERR(t->daq.card))
		return PTR_ERR(t->daq.card);
	daq_open(test, 0);
	daq_open(test, 1);
	return 0;
}

/* Returns whether the card had stopped. */
static bool daq_close(struct daq_test *t, int i)
{
	struct skel_chan *chan = t->chan[i];

	t->chan[i] = NULL;
	if (IS_ERR_OR_NULL(chan))
		return true;
	/* As an open file does. */
	kref_get(&t->daq.card->ref);
	if (!skel_chan_destroy(chan))
		return false;
	skel_card_put(t->daq.card);
	return true;
}

static void daq_exit(struct kunit *test)
{
	struct daq_test *t = test->priv;

	if (!t)
		return;
	if (!IS_ERR_OR_NULL(t->daq.card)) {
		KUNIT_EXPECT_TRUE(test, daq_close(t, 0));
		KUNIT_EXPECT_TRUE(test, daq_close(t, 1));
		cancel_delayed_work_sync(&t->daq.card->watchdog);
		skel_card_put(t->daq.card);
	}
	if (t->faux)
		faux_device_destroy(t->faux);
}

static void daq_say(struct daq_test *t, int i, const char *what, u64 length)
{
	char line[64];
	int n = scnprintf(line, sizeof(line), "%s 0 %llu %llu", what, length,
			  t->host_addr[i]);

	daq_command(t->daq.card, t->chan[i]->nr, line, n);
}

/* What comes next has this word, "DONE" or the reason of a failure. */
static noinline_for_stack void daq_expect(struct kunit *test, int i, const char *word)
{
	struct daq_test *t = test->priv;
	char line[96], *end;
	unsigned int n;

	scoped_guard(spinlock_irq, &t->daq.card->lock) {
		n = kfifo_out_peek(&t->chan[i]->replies, line, sizeof(line) - 1);
		line[n] = '\0';
		end = strchrnul(line, '\n');
		kfifo_skip_count(&t->chan[i]->replies, *end ? end - line + 1 : n);
	}
	*end = '\0';
	KUNIT_EXPECT_TRUE_MSG(test, strstr(line, word), "'%s', not %s", line, word);
}

/* There and back, by both engines at once */
static void daq_transfer_test(struct kunit *test)
{
	struct daq_test *t = test->priv;
	u8 *data = phys_to_virt(page_to_phys(skel_buf_find(t->chan[0], t->host_addr[0])
					     ->chunks->page));
	u8 *back = phys_to_virt(page_to_phys(skel_buf_find(t->chan[1], t->host_addr[1])
					     ->chunks->page));

	for (int i = 0; i < SZ_16K; i++)
		data[i] = i * 7;
	daq_say(t, 0, "FROMHOST", SZ_16K);
	daq_irq(0, &t->daq);
	KUNIT_ASSERT_EQ(test, fake.engine[0].run, SZ_16K | FROMHOST);
	KUNIT_EXPECT_LE(test, fake.engine[0].dma, DMA_BIT_MASK(24));
	daq_say(t, 1, "TOHOST", SZ_16K);
	daq_irq(0, &t->daq);
	KUNIT_ASSERT_EQ(test, fake.engine[1].run, SZ_16K);
	fake_move(&t->daq, 0);
	fake_move(&t->daq, 1);
	daq_expect(test, 0, "DONE");
	daq_expect(test, 1, "DONE");
	KUNIT_EXPECT_MEMEQ(test, data, back, SZ_16K);
}

/* A request that finds the FIFO full is refused, the others are served. */
static void daq_overflow_test(struct kunit *test)
{
	struct daq_test *t = test->priv;

	for (int i = 0; i < FIFO + 1; i++)
		daq_say(t, i & 1, "TOHOST", 64);
	KUNIT_EXPECT_EQ(test, fake.lost, 0);
	daq_expect(test, 0, "REFUSED TOHOST");
	for (int i = 0; i < FIFO; i++) {
		daq_irq(0, &t->daq);
		fake_move(&t->daq, i & 1);
	}
	for (int i = 0; i < FIFO; i++)
		daq_expect(test, i & 1, "DONE");
	daq_say(t, 0, "TOHOST", 62);
	daq_irq(0, &t->daq);
	daq_expect(test, 0, "alignment");
}

/* Its interrupt does not come; then nothing stops, neither engine nor card. */
static void daq_stuck_test(struct kunit *test)
{
	struct daq_test *t = test->priv;
	struct skel_chan *kept = t->chan[0];

	daq_say(t, 0, "TOHOST", 64);
	daq_irq(0, &t->daq);
	for (int i = 0; READ_ONCE(kept->running) && i < 250; i++)
		msleep(20);
	daq_expect(test, 0, "timeout");
	KUNIT_EXPECT_EQ(test, fake.engine[0].run, 0);

	daq_say(t, 0, "TOHOST", 64);
	daq_say(t, 1, "TOHOST", 64);
	daq_irq(0, &t->daq);
	fake.stuck = true;
	KUNIT_EXPECT_FALSE(test, daq_close(t, 0));
	daq_expect(test, 1, "FAILED TOHOST");
	KUNIT_EXPECT_EQ(test, 1, kept->pins);
	daq_say(t, 1, "TOHOST", 64);
	daq_irq(0, &t->daq);
	daq_expect(test, 1, "busy");

	fake.stuck = false;
	daq_open(test, 0);
	KUNIT_EXPECT_EQ(test, 1, kref_read(&t->daq.card->ref));
	daq_say(t, 1, "TOHOST", 64);
	daq_irq(0, &t->daq);
	fake_move(&t->daq, 0);
	daq_expect(test, 1, "DONE");
}

/* A card that was pulled out has stopped: nothing is kept for it. */
static void daq_pulled_test(struct kunit *test)
{
	struct daq_test *t = test->priv;

	daq_say(t, 0, "TOHOST", 64);
	daq_irq(0, &t->daq);
	fake.pulled = true;
	KUNIT_EXPECT_TRUE(test, daq_close(t, 0));
	fake.pulled = false;
	daq_open(test, 0);
}

static struct kunit_case daq_cases[] = {
	KUNIT_CASE(daq_transfer_test),
	KUNIT_CASE(daq_overflow_test),
	KUNIT_CASE_SLOW(daq_stuck_test),
	KUNIT_CASE(daq_pulled_test),
	{}
};

static struct kunit_suite daq_suite = {
	.name = "skel_daq_card",
	.init = daq_init,
	.exit = daq_exit,
	.test_cases = daq_cases,
};

kunit_test_suite(daq_suite);
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
