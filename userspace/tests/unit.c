// SPDX-License-Identifier: GPL-2.0
/*
 * unit.c - run unit tests and print the results as TAP
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static int count, failed;
static bool ok_so_far;
static const char *skip_reason;

void unit_check(bool ok, const char *what, const char *file, int line)
{
	if (ok)
		return;
	printf("# %s:%d: not true: %s\n", file, line, what);
	ok_so_far = false;
}

void unit_skip(const char *why)
{
	skip_reason = why;
}

void unit_run(void (*test)(void), const char *name)
{
	ok_so_far = true;
	skip_reason = NULL;
	test();
	if (!ok_so_far)
		failed++;
	printf("%s %d - %s", ok_so_far ? "ok" : "not ok", ++count, name);
	if (ok_so_far && skip_reason)
		printf(" # SKIP %s", skip_reason);
	printf("\n");
	fflush(stdout);
}

int unit_catch(int (*run_it)(void *data), void *data, char *output,
	       size_t size)
{
	FILE *file = tmpfile();
	int status;
	size_t n;
	pid_t pid;

	if (!file)
		abort();
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		abort();
	if (!pid) {
		dup2(fileno(file), STDOUT_FILENO);
		dup2(fileno(file), STDERR_FILENO);
		exit(run_it(data));
	}
	waitpid(pid, &status, 0);
	rewind(file);
	n = fread(output, 1, size - 1, file);
	output[n] = '\0';
	fclose(file);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   256 + WTERMSIG(status);
}

int unit_end(void)
{
	printf("1..%d\n", count);
	return failed ? 1 : 0;
}

static struct unit_test *tests, **last_test = &tests;

void unit_add(struct unit_test *test)
{
	*last_test = test;
	last_test = &test->next;
}

__attribute__((__weak__)) void unit_setup(void)
{
}

static const struct unit_test *current;

/* What begin() and end() check belongs to the test. */
static void run_current(void)
{
	unit_setup();
	if (current->begin)
		current->begin();
	current->function();
	if (current->end)
		current->end();
}

int unit_run_all(void)
{
	for (current = tests; current; current = current->next)
		unit_run(run_current, current->name);
	return unit_end();
}

__attribute__((__weak__)) int main(void)
{
	return unit_run_all();
}
