// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - the unit tests of skel-lab
 */
#include "unit.h"

int main(void)
{
	return unit_run_all();
}
