/* SPDX-License-Identifier: GPL-2.0 */
/*
 * header.h - complete the header of a SCPI command from the card's list of them
 */
#ifndef _SKELCTL_HEADER_H
#define _SKELCTL_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#define HEADER_MAX	128

/**
 * header_complete() - what a header can become
 * @pattern: as HELP? lists it: "INPut<n>:FUNCtion[?]", "SYSTem:ERRor[:NEXT]?"
 * @typed: the beginning, in long or short form: "inp2:f"
 * @word: receives what was typed with the rest of the pattern, up to a number that
 *        is still to be typed: "inp2:FUNCtion"; HEADER_MAX bytes
 *
 * Parts in brackets are left out. Return: whether it can become that one.
 */
bool header_complete(const char *pattern, const char *typed, char *word);

#endif /* _SKELCTL_HEADER_H */
