// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - the unit tests of skel-lab
 */
#include "tests/test-program.h"
#include "tests/tests.h"

int main(void)
{
	test_scpi();
	test_scpi_help();
	test_timebase();
	test_signal();
	test_digital();
	test_recording();
	test_trigger();
	test_sampler();
	test_stream();
	test_program();
	test_program_run();
	test_program_manual();
	test_config();
	test_notify();
	test_session();
	test_framer();
	test_net();
	test_lab();
	return unit_end();
}
