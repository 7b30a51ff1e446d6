/* SPDX-License-Identifier: GPL-2.0 */
/*
 * text.h - text that others have written, and sizes, for people
 *
 * A card, a program's name or a line of a user's can have control characters, which
 * would command the terminal.
 */
#ifndef _SKELCTL_TEXT_H
#define _SKELCTL_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Replace control characters by '?'. Return: @text. */
char *text_tame(char *text);

/* Write it; to a terminal, control characters but tab and newline as \x1b */
void text_put(FILE *file, const char *text, size_t length);

/* A number of bytes in the largest unit that divides it: "16 KiB". Return: @text. */
#define TEXT_SIZE_MAX	32
char *text_size(char *text, uint64_t bytes);

#endif /* _SKELCTL_TEXT_H */
