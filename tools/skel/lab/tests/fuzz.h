/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz.h - what libFuzzer calls with each input; without it, the replaying main()
 */
#ifndef _LAB_FUZZ_H
#define _LAB_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Its name for the linker is libFuzzer's. */
int fuzz_input(const uint8_t *data, size_t size)
	__asm__("LLVMFuzzerTestOneInput");

#endif /* _LAB_FUZZ_H */
