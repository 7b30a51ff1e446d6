/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz.h - the input of a fuzzer, from libFuzzer or from files
 */
#ifndef _LAB_FUZZ_H
#define _LAB_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Each fuzzer has one, under the name that libFuzzer calls. */
int fuzz_input(const uint8_t *data, size_t size)
	__asm__("LLVMFuzzerTestOneInput");

/* main() without libFuzzer: the arguments are files. Exit status. */
int fuzz_replay(int argc, char **argv,
		int (*input)(const uint8_t *data, size_t size));

#endif /* _LAB_FUZZ_H */
