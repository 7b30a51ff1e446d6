/* SPDX-License-Identifier: GPL-2.0 */
/*
 * template.h - the template of a driver in samples/skel, on a fake card and core
 *
 * The file that includes this one names the template in TEMPLATE. What the
 * template calls is replaced by what is below: a card that is some registers, and
 * a core that grants one transfer at a time.
 */

#include <kunit/test.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/skel.h>
#include <linux/string.h>

#define UNTOUCHED	0xdeadbeef
#define GRANTED		0x10000000	/* bus address of the first byte */
#define FORBIDDEN	0x20000000	/* in the grant of a refused request */

static struct {
	u32 regs[16];
	u32 stopped;		/* what REG_STOP reads */
	bool synchronized;
	bool present;
	void *priv;		/* of the backend */
	u64 grants;
	u64 running;		/* id, 0 if none */
	u64 completed;		/* id of the last one */
	u64 moved;
	unsigned int calls;
} fake;

static u32 fake_readl(const void __iomem *addr);
static void fake_writel(u32 value, void __iomem *addr);

static void fake_synchronize_irq(unsigned int irq)
{
	fake.synchronized = true;
}

static bool __maybe_unused fake_is_present(struct pci_dev *pdev)
{
	return fake.present;
}

static void *fake_priv(const struct skel_card *card)
{
	return fake.priv;
}

static int fake_request(struct skel_card *card, const struct skel_request *req,
			struct skel_grant *grant)
{
	fake.calls++;
	if (fake.running || !req->length) {
		*grant = (struct skel_grant) { .dma = FORBIDDEN };
		return -EBUSY;
	}
	fake.running = ++fake.grants;
	*grant = (struct skel_grant) { fake.running, GRANTED + req->host_addr };
	return 0;
}

static int fake_complete(struct skel_card *card, u64 id, u64 moved, int error)
{
	fake.calls++;
	if (!id || id != fake.running)
		return -ENOENT;
	fake.running = 0;
	fake.completed = id;
	fake.moved = moved;
	return 0;
}

#undef readl
#define readl(addr)		fake_readl((const void __iomem *)(addr))
#undef writel
#define writel(value, addr)	fake_writel(value, (void __iomem *)(addr))
#define synchronize_irq		fake_synchronize_irq
#define pci_device_is_present	fake_is_present
#define skel_card_priv		fake_priv
#define skel_complete		fake_complete
/* There is a structure of this name, too. */
#define skel_request(card, req, grant) fake_request(card, req, grant)

#include TEMPLATE

static u32 *fake_reg(unsigned int offset)
{
	return &fake.regs[offset / sizeof(u32)];
}

static u32 fake_readl(const void __iomem *addr)
{
	unsigned int offset = (const u8 __force *)addr - (u8 *)fake.regs;

	return offset == REG_STOP ? fake.stopped : *fake_reg(offset);
}

static void fake_writel(u32 value, void __iomem *addr)
{
	unsigned int offset = (const u8 __force *)addr - (u8 *)fake.regs;

	if (offset == REG_STATUS)
		*fake_reg(offset) &= ~value;
	/* A handler that is running could start a DMA after it was stopped. */
	else if (offset != REG_STOP || fake.synchronized)
		*fake_reg(offset) = value;
}

static struct my_card fake_card = {
	.regs = (void __iomem __force *)fake.regs,
};

/* An interrupt for these causes. What the card asks for counts for a request only. */
static irqreturn_t fake_irq(u32 status, u32 length, u32 host)
{
	*fake_reg(REG_STATUS) = status;
	*fake_reg(REG_LENGTH) = length;
	*fake_reg(REG_HOST) = host;
	*fake_reg(REG_DMA) = UNTOUCHED;
	*fake_reg(REG_REFUSE) = UNTOUCHED;
	return my_irq(0, &fake_card);
}

static int template_init(struct kunit *test)
{
	memset(&fake, 0, sizeof(fake));
	fake.present = true;
	fake.priv = &fake_card;
	fake_card.id = 0;
	return 0;
}

static void template_transfer_test(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, IRQ_HANDLED, fake_irq(STATUS_REQUEST, 64, 0x100));
	KUNIT_EXPECT_EQ(test, 0, *fake_reg(REG_STATUS));
	KUNIT_EXPECT_EQ(test, GRANTED + 0x100, *fake_reg(REG_DMA));
	KUNIT_EXPECT_EQ(test, UNTOUCHED, *fake_reg(REG_REFUSE));
	*fake_reg(REG_MOVED) = 64;
	KUNIT_EXPECT_EQ(test, IRQ_HANDLED, fake_irq(STATUS_DONE, 0, 0));
	KUNIT_EXPECT_EQ(test, 1, fake.completed);
	KUNIT_EXPECT_EQ(test, 64, fake.moved);
	KUNIT_EXPECT_EQ(test, UNTOUCHED, *fake_reg(REG_DMA));
}

/* One interrupt for the end of a transfer and the request for the next one */
static void template_both_causes_test(struct kunit *test)
{
	fake_irq(STATUS_REQUEST, 64, 0x100);
	*fake_reg(REG_MOVED) = 64;
	fake_irq(STATUS_REQUEST | STATUS_DONE, 32, 0x200);
	KUNIT_EXPECT_EQ(test, 1, fake.completed);
	KUNIT_EXPECT_EQ(test, 64, fake.moved);
	KUNIT_EXPECT_EQ(test, 2, fake.running);
	KUNIT_EXPECT_EQ(test, GRANTED + 0x200, *fake_reg(REG_DMA));
	KUNIT_EXPECT_EQ(test, UNTOUCHED, *fake_reg(REG_REFUSE));
	*fake_reg(REG_MOVED) = 32;
	fake_irq(STATUS_DONE, 0, 0);
	KUNIT_EXPECT_EQ(test, 2, fake.completed);
	KUNIT_EXPECT_EQ(test, 32, fake.moved);
}

/* The same after the core has ended the first transfer: the second one goes on. */
static void template_late_end_test(struct kunit *test)
{
	fake_irq(STATUS_REQUEST, 64, 0x100);
	fake.running = 0;
	fake_irq(STATUS_REQUEST | STATUS_DONE, 32, 0x200);
	KUNIT_EXPECT_EQ(test, 0, fake.completed);
	KUNIT_EXPECT_EQ(test, 2, fake.running);
}

static void template_refusal_test(struct kunit *test)
{
	fake_irq(STATUS_REQUEST, 0, 0x100);
	KUNIT_EXPECT_EQ(test, 1, *fake_reg(REG_REFUSE));
	KUNIT_EXPECT_EQ(test, UNTOUCHED, *fake_reg(REG_DMA));

	/* The transfer that runs keeps its id. */
	fake_irq(STATUS_REQUEST, 64, 0x100);
	fake_irq(STATUS_REQUEST, 32, 0x200);
	KUNIT_EXPECT_EQ(test, 1, *fake_reg(REG_REFUSE));
	KUNIT_EXPECT_EQ(test, UNTOUCHED, *fake_reg(REG_DMA));
	fake_irq(STATUS_DONE, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, fake.completed);
}

static void template_no_cause_test(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, IRQ_NONE, fake_irq(0, 64, 0x100));
	KUNIT_EXPECT_EQ(test, 0, fake.calls);
}

static void template_reset_test(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, my_reset(NULL));
	KUNIT_EXPECT_EQ(test, 1, *fake_reg(REG_STOP));
	/* It does not stop. */
	fake.stopped = 1;
	KUNIT_EXPECT_GT(test, 0, my_reset(NULL));
}

static struct kunit_case template_cases[] = {
	KUNIT_CASE(template_transfer_test),
	KUNIT_CASE(template_both_causes_test),
	KUNIT_CASE(template_late_end_test),
	KUNIT_CASE(template_refusal_test),
	KUNIT_CASE(template_no_cause_test),
	KUNIT_CASE(template_reset_test),
	{}
};

static struct kunit_suite template_suite = {
	.name = KBUILD_MODNAME,
	.init = template_init,
	.test_cases = template_cases,
};
