/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tests.h - the unit tests of skel-lab, each in a file of its name
 */
#ifndef _LAB_TESTS_H
#define _LAB_TESTS_H

#include "unit.h"

void test_config(void);
void test_framer(void);
void test_lab(void);
void test_net(void);
void test_notify(void);
void test_session(void);

#endif /* _LAB_TESTS_H */
