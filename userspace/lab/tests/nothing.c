// SPDX-License-Identifier: GPL-2.0
/*
 * nothing.c - for a program that is only linked
 */
int main(void)
{
	return 0;
}
