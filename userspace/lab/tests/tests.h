/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tests.h - the unit tests of skel-lab, each in a file of its name
 */
#ifndef _LAB_TESTS_H
#define _LAB_TESTS_H

#include "unit.h"

void test_config(void);
void test_digital(void);
void test_framer(void);
void test_lab(void);
void test_net(void);
void test_notify(void);
void test_recording(void);
void test_sampler(void);
void test_scpi(void);
void test_scpi_help(void);
void test_session(void);
void test_signal(void);
void test_stream(void);
void test_timebase(void);
void test_trigger(void);

#endif /* _LAB_TESTS_H */
