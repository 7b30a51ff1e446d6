/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test-program.h - what the tests of uploaded commands share
 */
#ifndef _LAB_TEST_PROGRAM_H
#define _LAB_TEST_PROGRAM_H

#include "programs/program.h"
#include "tests/rig.h"

#define LOG_MAX		256

/* What programs have done to the connectors and the card, and when */
struct program_event {
	lab_time when;
	char what;		/* A O: analog in, out; D L: digital in, out */
	unsigned int place;
	double value;
};

struct program_log {
	struct program_event event[LOG_MAX];
	unsigned int count;
	double input;		/* what each sample() gives */
	struct lab_transfer transfer[LOG_MAX];
	unsigned int transfers;
	int transfer_error;	/* returned for each of them */
	bool hold;		/* do not pass them on */
	unsigned int forgotten;
	const struct lab_card_ops *ops;		/* of the card */
};

extern struct program_log program_log;

/* An instrument whose connectors and card keep a log */
void program_test_start(void);
#define PROGRAM_TEST(name)	TEST_WITH(name, program_test_start, rig_stop)
/* Define program P. Return: 0 or the error; its details are in @error. */
int program_test_define(const char *text, char *error);
/*
 * Define P and run it until it ends. Return: what user 0 got. A text that
 * cannot be compiled gives its error.
 */
const char *program_test_run(const char *text);
/* Does P print @lines, each with its newline? Prints if not. */
bool program_test_prints(const char *text, const char *lines);
/* Is the text refused with @error? Prints if not. */
bool program_test_refused(const char *text, const char *error);
/* Does it end with a line and error -286 about @error? */
bool program_test_fails(const char *text, const char *error);

#endif /* _LAB_TEST_PROGRAM_H */
