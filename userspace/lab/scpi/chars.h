/* SPDX-License-Identifier: GPL-2.0 */
/*
 * chars.h - classes of characters: ASCII, whatever the locale
 */
#ifndef _SCPI_CHARS_H
#define _SCPI_CHARS_H

#include <stdbool.h>

bool scpi_is_letter(char c);
bool scpi_is_digit(char c);
bool scpi_is_mnemonic(char c);	/* letter, digit or '_' */
bool scpi_same_letter(char a, char b);	/* in any case */

#endif /* _SCPI_CHARS_H */
