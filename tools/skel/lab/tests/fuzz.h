/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz.h - a fuzzer: what libFuzzer calls with each input; or, without it, what
 * replays files
 */
#ifndef _LAB_FUZZ_H
#define _LAB_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Each fuzzer has one. Its name for the linker is libFuzzer's. */
int fuzz_input(const uint8_t *data, size_t size)
	__asm__("LLVMFuzzerTestOneInput");

/* main() without libFuzzer: the arguments are files. Exit status. */
int fuzz_replay(int argc, char **argv,
		int (*input)(const uint8_t *data, size_t size));

#endif /* _LAB_FUZZ_H */
