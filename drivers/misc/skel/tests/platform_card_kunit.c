// SPDX-License-Identifier: GPL-2.0
#define TEMPLATE	"../../../../samples/skel/skel_platform_card.c"
#include "template.h"

kunit_test_suite(template_suite);
