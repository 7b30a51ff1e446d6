/* SPDX-License-Identifier: GPL-2.0 */
/*
 * session.h - what session.c shares with loop.c and lab.c only
 */
#ifndef _LAB_SESSION_H
#define _LAB_SESSION_H

#include "lab.h"

/* A line that waits */
struct session_line {
	struct session_line *next;
	uint64_t number;	/* of all lines of all sessions, in order of arrival */
	size_t length;
	char bytes[];
};

/* The oldest line, to be freed by the caller; NULL: none waits. */
struct session_line *session_take_line(struct session *session);

/* lab.c: all parts forget a session that is being closed. */
void lab_forget_session(struct lab *lab, struct session *session);

#endif /* _LAB_SESSION_H */
