/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz.h - what the fuzzers share
 *
 * Each is for libFuzzer, or with replay.c a program that replays files.
 */
#ifndef _LAB_FUZZ_H
#define _LAB_FUZZ_H

#include <stdint.h>
#include <stdlib.h>

#include "card/fake-card.h"
#include "core/lab.h"

/* Each fuzzer has one, under the name that libFuzzer calls. */
int fuzz_input(const uint8_t *data, size_t size)
	__asm__("LLVMFuzzerTestOneInput");

/* fuzz.c: an instrument whose time does not depend on the machine */
struct lab *fuzz_lab(struct fake_card *fake);
/*
 * So that files may be text, '~' and two hexadecimal digits are a byte of any
 * value. Return: how many bytes were written to @to, at most @length
 */
size_t fuzz_unescape(char *to, const char *bytes, size_t length);

/* Call @line with each of the lines that an input consists of. */
void fuzz_lines(const uint8_t *data, size_t size,
		void (*line)(void *arg, const char *bytes, size_t length),
		void *arg);

static inline void must(bool condition)
{
	if (!condition)
		abort();
}

#endif /* _LAB_FUZZ_H */
