/* SPDX-License-Identifier: GPL-2.0 */
/*
 * run.h - run skelctl in a child process, and look at what it prints
 */
#ifndef _SKELCTL_RUN_H
#define _SKELCTL_RUN_H

#include <stdbool.h>

#include "unit.h"

/* What the last one has printed */
extern char output[65536];

/* What '@' stands for in arguments, such as a directory; NULL: itself */
extern const char *run_at;

/* A file that standard output goes to instead, such as /dev/full; or NULL */
extern const char *run_into;

/*
 * Arguments are separated by blanks; what is between two ' is one.
 * Return: the exit status.
 */
int skelctl(const char *args);
int skelctl_reads(const char *args, const char *input, size_t length);

bool run_has(const char *const *texts);
bool run_prints(int status, const char *args, const char *const *texts);

#define TEXTS(...) ((const char *const[]){ "", ##__VA_ARGS__, NULL })

/* The output has all these texts; "!text": not that one, "=text": nothing else */
#define has(...) check(run_has(TEXTS(__VA_ARGS__)))

/* The same of the output of skelctl, which ends with this status */
#define prints(status, args, ...) \
	check(run_prints(status, args, TEXTS(__VA_ARGS__)))

#endif /* _SKELCTL_RUN_H */
