/* SPDX-License-Identifier: GPL-2.0 */
/*
 * unit.h - tests of the user space that need neither card nor driver
 *
 * Each program prints TAP, the Test Anything Protocol, for meson test.
 */
#ifndef _SKEL_UNIT_H
#define _SKEL_UNIT_H

#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* A test passes if all of its checks hold */
#define check(condition) unit_check(condition, #condition, __FILE__, __LINE__)

#define run(test) unit_run(test, #test)

void unit_check(bool ok, const char *what, const char *file, int line);
void unit_run(void (*test)(void), const char *name);
void unit_skip(const char *why);
/* Print the plan once all tests have run. Return: exit status. */
int unit_end(void);

/*
 * Run a command in a child process and capture what it prints.
 * Return: its exit status, 256 + signal if it was killed.
 */
int unit_catch(int (*run_it)(void *data), void *data, char *output,
	       size_t size);

#endif /* _SKEL_UNIT_H */
