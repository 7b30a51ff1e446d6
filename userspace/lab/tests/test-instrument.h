/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test-instrument.h - tests of time, connectors, sampling and streams
 */
#ifndef _LAB_TEST_INSTRUMENT_H
#define _LAB_TEST_INSTRUMENT_H

void test_timebase(void);
void test_signal(void);
void test_digital(void);
void test_recording(void);
void test_trigger(void);
void test_sampler(void);
void test_stream(void);

#endif /* _LAB_TEST_INSTRUMENT_H */
