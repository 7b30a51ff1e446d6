// SPDX-License-Identifier: GPL-2.0
#define TEMPLATE	"../../../../samples/skel/skel_pci_card.c"
#include "template.h"

/* Registers of a card that has gone, or does not answer, read as all ones. */
static void pci_card_gone_test(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, IRQ_NONE, fake_irq(U32_MAX, 64, 0x100));
	KUNIT_EXPECT_EQ(test, 0, fake.calls);

	fake.stopped = U32_MAX;
	KUNIT_EXPECT_GT(test, 0, my_reset(NULL));
	fake.present = false;
	KUNIT_EXPECT_EQ(test, 0, my_reset(NULL));
}

static struct kunit_case gone_cases[] = {
	KUNIT_CASE(pci_card_gone_test),
	{}
};

static struct kunit_suite gone_suite = {
	.name = "skel_pci_card_gone",
	.init = template_init,
	.test_cases = gone_cases,
};

kunit_test_suites(&template_suite, &gone_suite);
