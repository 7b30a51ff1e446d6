// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - skelctl(1); all else is in skelctl.c, where tests reach it
 */
#include "skelctl.h"

int main(int argc, char **argv)
{
	return skelctl_main(argc, argv);
}
