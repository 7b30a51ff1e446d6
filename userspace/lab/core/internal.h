/* SPDX-License-Identifier: GPL-2.0 */
/*
 * internal.h - what the files of core/ share with each other
 */
#ifndef _LAB_CORE_INTERNAL_H
#define _LAB_CORE_INTERNAL_H

#include "core/lab.h"

/* A queued line */
struct session_line {
	struct session_line *next;
	uint64_t number;	/* of all lines of all sessions, in order of arrival */
	size_t length;
	char bytes[];
};

/* The oldest line, to be freed by the caller; NULL: there is none. */
struct session_line *session_take_line(struct session *session);

/* --- parts.c: what all parts have to do ---------------------------------- */

int parts_init(struct lab *lab);	/* 0, or -errno and none of them is there */
void parts_destroy(struct lab *lab);
void parts_reset(struct lab *lab);
void parts_forget(struct lab *lab, struct session *session);
uint16_t parts_operation(const struct lab *lab, const struct session *session);
bool parts_want_time(const struct lab *lab);
bool parts_hold_time(const struct lab *lab);

/* --- selftest.c ---------------------------------------------------------- */

/* *TST?: 0, or the number of the test that failed. */
int lab_test(struct lab *lab);

#endif /* _LAB_CORE_INTERNAL_H */
