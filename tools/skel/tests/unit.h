/* SPDX-License-Identifier: GPL-2.0 */
/*
 * unit.h - tests of the user space that need neither card nor driver
 */
#ifndef _SKEL_UNIT_H
#define _SKEL_UNIT_H

#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* A test passes if all its checks hold */
#define check(condition) unit_check(condition, #condition, __FILE__, __LINE__)

#define run(test) unit_run(test, #test)

void unit_check(bool ok, const char *what, const char *file, int line);
void unit_run(void (*test)(void), const char *name);
void unit_skip(const char *why);
/* All tests have run: print how many. Return: exit status. */
int unit_end(void);

/*
 * Run a command in a child process with its output caught.
 * Return: its exit status, 256 + signal if it was killed.
 */
int unit_catch(int (*run_it)(void *data), void *data, char *output,
	       size_t size);

void test_line(void);
void test_transfer(void);
void test_buffer(void);
void test_inputs(void);
void test_plot(void);
void test_wave(void);
void test_skelctl(void);

#endif /* _SKEL_UNIT_H */
