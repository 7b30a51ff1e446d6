/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test-scpi.h - tests of the language
 */
#ifndef _LAB_TESTS_TEST_SCPI_H
#define _LAB_TESTS_TEST_SCPI_H

void test_scpi_message(void);
void test_scpi_number(void);
void test_scpi_param(void);
void test_scpi_reply(void);
void test_scpi_status(void);
void test_scpi_help(void);

#endif /* _LAB_TESTS_TEST_SCPI_H */
