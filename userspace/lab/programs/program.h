/* SPDX-License-Identifier: GPL-2.0 */
/*
 * program.h - uploaded commands: programs that users define and run
 *
 * Definitions belong to the instrument: all users see the same ones. A run
 * belongs to the session that started it: what it prints, its errors and its
 * transfers are the session's, and it ends with the session. There is at most
 * one run of each program at a time. The language is Lua 5.4; the calls of the
 * card are described in the manual.
 */
#ifndef _LAB_PROGRAM_H
#define _LAB_PROGRAM_H

#include "core/lab.h"

#define PROGRAMS_MAX		16
#define PROGRAM_NAME_MAX	12	/* IEEE 488.2-1992, 7.6.1.4.1 */
#define PROGRAM_TEXT_MAX	16384	/* bytes of a program's text */
#define PROGRAM_MEMORY_MAX	1048576	/* bytes that a run may allocate */
#define PROGRAM_BLOCK_COST	4096	/* bytes that are moved in 1 us */
#define PROGRAM_ARGS_MAX	(SCPI_PARAMS_MAX - 1)
#define PROGRAM_TRANSFERS_MAX	64	/* of a run, in flight */
#define PROGRAM_PAGE		1000	/* bytes of a page of a listing */
#define PROGRAM_ERROR_MAX	96	/* "line 1: ...", with NUL */

/* Limits of the watchdog */
#define PROGRAM_INSTRUCTIONS_MIN	1000
#define PROGRAM_INSTRUCTIONS_MAX	1000000000
#define PROGRAM_INSTRUCTIONS_DEFAULT	1000000
#define PROGRAM_TIME_MIN		0.001	/* s */
#define PROGRAM_TIME_MAX		1e9
#define PROGRAM_TIME_DEFAULT		PROGRAM_TIME_MAX

/* The connectors as programs see them. All numbers count from 0. */
struct program_io {
	double (*analog_in)(struct lab *lab, unsigned int input);
	void (*analog_out)(struct lab *lab, unsigned int output, double volts);
	bool (*digital_in)(struct lab *lab, unsigned int line);
	void (*digital_out)(struct lab *lab, unsigned int line, bool level);
	/* Card memory is about to be read: write what is due. */
	void (*update_memory)(struct lab *lab);
	/* Card memory is about to be written to. */
	void (*memory_changes)(struct lab *lab, uint64_t address,
			       uint64_t length);
};

extern const struct program_io program_connectors;

struct program_limits {
	uint64_t instructions;	/* without a wait() */
	lab_time time;		/* of a run, from its start */
};

struct program;

extern const struct lab_part programs_part;

/* Remember the program of this name. Return: is there one? */
bool program_call(struct lab *lab, const char *name, size_t length);
struct program *program_called(const struct lab *lab);

/* For tests: other connectors */
void programs_connect(struct lab *lab, const struct program_io *io);
struct program_limits *programs_limits(struct lab *lab);

/*
 * All of the following return 0, or the negative number of a SCPI error and
 * change nothing. @error is PROGRAM_ERROR_MAX bytes: where in the text and why,
 * or empty.
 *
 * A text that a continuation can complete is accepted: more can be appended.
 * Errors: -282 not a name (a letter, then letters, digits and '_', up to
 * PROGRAM_NAME_MAX), -284 it runs, -285 the text is wrong, -281 there are
 * PROGRAMS_MAX others, -223 the text is too long, -225.
 */
int program_define(struct lab *lab, const char *name, size_t name_length,
		   const char *text, size_t length, char *error);
/* Append a line. If there is no such program, it is defined. */
int program_append(struct lab *lab, const char *name, size_t name_length,
		   const char *text, size_t length, char *error);

/* By its name in upper or lower case. NULL: there is none. */
struct program *program_find(struct lab *lab, const char *name, size_t length);
/* The @n-th in order of definition. NULL: there are fewer. */
struct program *program_at(struct lab *lab, unsigned int n);
const char *program_name(const struct program *program);
const char *program_text(const struct program *program, size_t *length);
int program_delete(struct lab *lab, struct program *program);
int program_delete_all(struct lab *lab);

enum program_state {
	PROGRAM_STOPPED, PROGRAM_RUNNING, PROGRAM_WAITING, PROGRAM_ERROR,
};

/* @error: what ended the last run, or what is wrong with the text */
enum program_state program_state(const struct program *program,
				 const char **error);
/* Errors: -284 it runs, -285 the text is not complete, -225. */
int program_run(struct session *session, struct program *program,
		const struct scpi_value *args, unsigned int count,
		char *error);
/*
 * The program executes no more instructions. The run ends with the last of its
 * transfers in flight. Nothing happens if it is not running.
 */
void program_stop(struct program *program);

#endif /* _LAB_PROGRAM_H */
