/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bench.h - what the files of skel-bench share
 */
#ifndef _SKEL_BENCH_H
#define _SKEL_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define ROUND_TRIPS		201

extern const char *bench_device;

uint64_t bench_now(void);
uint64_t bench_median(uint64_t *values, size_t count);
void bench_limit(const char *what, double value, double limit,
		 const char *unit);

/* A command and its reply, from write() to read(), with O_NONBLOCK; in ns */
uint64_t bench_command(int fd, const char *command, const char *expected);
/* The same number of bytes to another process and back, by pipes; in ns */
uint64_t bench_two_pipes(void);

void bench_memory(void);
void bench_ucard(void);

#endif /* _SKEL_BENCH_H */
