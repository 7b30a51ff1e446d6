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

/*
 * TEST(name) - the head of a test that unit_main() runs, in the order of the file
 *
 * A program without a main() of its own has just that.
 */
#define TEST(name) \
	static void name(void); \
	__attribute__((__constructor__)) static void add_##name(void) \
	{ \
		static struct unit_test test = { name, #name, NULL }; \
		unit_add(&test); \
	} \
	static void name(void)

struct unit_test {
	void (*run)(void);
	const char *name;
	struct unit_test *next;
};

void unit_add(struct unit_test *test);
/* Run them all and print the plan. Return: exit status. */
int unit_main(void);
/* Before and after each of them, if the program has such functions */
void unit_setup(void);
void unit_teardown(void);

/* The same by hand */
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
