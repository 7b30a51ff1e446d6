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

/*
 * Define a test that unit_run_all() runs, in the order of the sources of the
 * program; TEST_WITH() with what comes before and after it.
 */
#define TEST(name)	TEST_WITH(name, NULL, NULL)
#define TEST_WITH(test_name, at_begin, at_end)				\
static void test_name(void);						\
__attribute__((__constructor__)) static void test_name ## _is_a_test(void) \
{									\
	static struct unit_test test = {				\
		.function = test_name, .name = #test_name,		\
		.begin = at_begin, .end = at_end,			\
	};								\
									\
	unit_add(&test);						\
}									\
static void test_name(void)

struct unit_test {
	void (*function)(void);
	const char *name;
	void (*begin)(void), (*end)(void);	/* may be NULL */
	struct unit_test *next;
};

void unit_add(struct unit_test *test);
/* Return: exit status. A program without a main() of its own has just that. */
int unit_run_all(void);
/* Before each of them, if the program has such a function */
void unit_setup(void);

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
