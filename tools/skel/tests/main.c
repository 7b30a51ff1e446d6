// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - the unit tests of libskel, skelctl and the demonstration
 */
#include "unit.h"

int main(void)
{
	test_line();
	test_transfer();
	test_buffer();
	test_inputs();
	test_wave();
	test_plot();
	test_skelctl();
	return unit_end();
}
