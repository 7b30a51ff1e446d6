// SPDX-License-Identifier: GPL-2.0
/*
 * program.c - the programs of the instrument
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "programs/internal.h"
#include "scpi/chars.h"

void programs_connect(struct lab *lab, const struct program_io *io)
{
	lab->programs->io = io;
}

struct program_limits *programs_limits(struct lab *lab)
{
	return &lab->programs->limits;
}

static void free_program(struct program *program)
{
	free(program->text);
	free(program);
}

static bool is_named(const struct program *program, const char *name,
		     size_t length)
{
	return length == strlen(program->name) &&
	       strncasecmp(name, program->name, length) == 0;
}

struct program *program_find(struct lab *lab, const char *name, size_t length)
{
	struct programs *programs = lab->programs;
	unsigned int i;

	for (i = 0; i < programs->count; i++) {
		if (is_named(programs->program[i], name, length))
			return programs->program[i];
	}
	return NULL;
}

bool program_call(struct lab *lab, const char *name, size_t length)
{
	lab->programs->called = program_find(lab, name, length);
	return lab->programs->called;
}

struct program *program_called(const struct lab *lab)
{
	return lab->programs->called;
}

struct program *program_at(struct lab *lab, unsigned int n)
{
	struct programs *programs = lab->programs;

	return n < programs->count ? programs->program[n] : NULL;
}

const char *program_name(const struct program *program)
{
	return program->name;
}

const char *program_text(const struct program *program, size_t *length)
{
	*length = program->length;
	return program->text;
}

/* --- definition -------------------------------------------------------------- */

static bool is_name(const char *name, size_t length)
{
	size_t i;

	if (!length || length > PROGRAM_NAME_MAX || !scpi_is_letter(name[0]))
		return false;
	for (i = 1; i < length; i++) {
		if (!scpi_is_mnemonic(name[i]))
			return false;
	}
	return true;
}

static void set_name(struct program *program, const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++) {
		program->name[i] = name[i];
		if (name[i] >= 'a' && name[i] <= 'z')
			program->name[i] -= 'a' - 'A';
	}
}

/* A program with a name and two pieces of text; NULL: no memory */
static struct program *make(const char *name, size_t name_length,
			    const char *head, size_t head_length,
			    const char *tail, size_t tail_length)
{
	struct program *program = calloc(1, sizeof(*program));

	if (!program)
		return NULL;
	program->length = head_length + tail_length;
	program->text = malloc(program->length + 1);
	if (!program->text) {
		free(program);
		return NULL;
	}
	if (head_length)
		memcpy(program->text, head, head_length);
	if (tail_length)
		memcpy(program->text + head_length, tail, tail_length);
	program->text[program->length] = '\0';
	set_name(program, name, name_length);
	return program;
}

/* @program takes the place of @old, or the next one if that is NULL. */
static int put(struct programs *programs, struct program *old,
	       struct program *program)
{
	unsigned int i;

	for (i = 0; i < programs->count && programs->program[i] != old; i++)
		;
	if (i == PROGRAMS_MAX)
		return SCPI_ERR_PROGRAM_CREATE;
	if (i == programs->count)
		programs->count++;
	else
		free_program(old);
	programs->program[i] = program;
	return 0;
}

static int replace(struct lab *lab, struct program *old,
		   struct program *program, char *error)
{
	int result;

	if (!program)
		return SCPI_ERR_OUT_OF_MEMORY;
	result = program_check(program->text, program->length, program->error,
			       &program->complete);
	if (result)
		memcpy(error, program->error, PROGRAM_ERROR_MAX);
	if (!result)
		result = put(lab->programs, old, program);
	if (result)
		free_program(program);
	return result;
}

static int check(const struct program *old, const char *name,
		 size_t name_length, size_t length, char *error)
{
	*error = '\0';
	if (!is_name(name, name_length))
		return SCPI_ERR_PROGRAM_NAME;
	if (old && old->run)
		return SCPI_ERR_PROGRAM_RUNNING;
	return length > PROGRAM_TEXT_MAX ? SCPI_ERR_TOO_MUCH_DATA : 0;
}

int program_define(struct lab *lab, const char *name, size_t name_length,
		   const char *text, size_t length, char *error)
{
	struct program *old = program_find(lab, name, name_length);
	int result = check(old, name, name_length, length, error);

	if (result)
		return result;
	return replace(lab, old, make(name, name_length, text, length, NULL, 0),
		       error);
}

int program_append(struct lab *lab, const char *name, size_t name_length,
		   const char *text, size_t length, char *error)
{
	struct program *old = program_find(lab, name, name_length);
	size_t before = old ? old->length : 0;
	bool newline = before && old->text[before - 1] != '\n';
	int result = check(old, name, name_length, before + newline + length,
			   error);
	struct program *program;

	if (result)
		return result;
	/* the newline replaces the NUL after the text */
	program = make(name, name_length, old ? old->text : NULL,
		       before + newline, text, length);
	if (program && newline)
		program->text[before] = '\n';
	return replace(lab, old, program, error);
}

int program_delete(struct lab *lab, struct program *program)
{
	struct programs *programs = lab->programs;
	unsigned int i = 0;

	if (program->run)
		return SCPI_ERR_PROGRAM_RUNNING;
	while (programs->program[i] != program)
		i++;
	programs->count--;
	memmove(&programs->program[i], &programs->program[i + 1],
		(programs->count - i) * sizeof(programs->program[0]));
	free_program(program);
	return 0;
}

int program_delete_all(struct lab *lab)
{
	struct programs *programs = lab->programs;
	unsigned int i;

	for (i = 0; i < programs->count; i++) {
		if (programs->program[i]->run)
			return SCPI_ERR_PROGRAM_RUNNING;
	}
	while (programs->count)
		free_program(programs->program[--programs->count]);
	return 0;
}

/* --- runs ---------------------------------------------------------------------- */

enum program_state program_state(const struct program *program,
				 const char **error)
{
	const struct program_run *run = program->run;

	*error = program->error;
	if (run)
		return run->wait || run->stopping ? PROGRAM_WAITING :
						    PROGRAM_RUNNING;
	return program->error[0] ? PROGRAM_ERROR : PROGRAM_STOPPED;
}

int program_run(struct session *session, struct program *program,
		const struct scpi_value *args, unsigned int count,
		char *error)
{
	*error = '\0';
	if (program->run)
		return SCPI_ERR_PROGRAM_RUNNING;
	if (!program->complete) {
		memcpy(error, program->error, PROGRAM_ERROR_MAX);
		return SCPI_ERR_PROGRAM_SYNTAX;
	}
	if (program_start(program, session, args, count))
		return SCPI_ERR_OUT_OF_MEMORY;
	return 0;
}

void program_stop(struct program *program)
{
	if (program->run)
		program_run_stop(program->run);
}

/* --- the part of the instrument ------------------------------------------ */

/* Definitions stay. */
static void programs_reset(struct lab *lab)
{
	struct programs *programs = lab->programs;
	unsigned int i;

	for (i = 0; i < programs->count; i++)
		program_stop(programs->program[i]);
	programs->limits = (struct program_limits){
		.instructions = PROGRAM_INSTRUCTIONS_DEFAULT,
		.time = (lab_time)(PROGRAM_TIME_DEFAULT * LAB_SECOND),
	};
	programs->runs = 0;
}

static void programs_init(struct lab *lab)
{
	lab->programs->io = &program_connectors;
	programs_reset(lab);
}

static void programs_destroy(struct lab *lab)
{
	struct programs *programs = lab->programs;
	unsigned int i;

	for (i = 0; i < programs->count; i++) {
		if (programs->program[i]->run)
			program_run_forget(programs->program[i]->run);
		free_program(programs->program[i]);
	}
}

static void programs_forget(struct lab *lab, struct session *session)
{
	struct programs *programs = lab->programs;
	unsigned int i;

	for (i = 0; i < programs->count; i++) {
		struct program_run *run = programs->program[i]->run;

		if (run && run->session == session)
			program_run_forget(run);
	}
}

static uint16_t programs_operation(const struct lab *lab,
				   const struct session *session)
{
	const struct programs *programs = lab->programs;

	for (unsigned int i = 0; i < programs->count; i++) {
		const struct program_run *run = programs->program[i]->run;

		if (run && run->session == session)
			return SCPI_OPERATION_PROGRAM;
	}
	return 0;
}

const struct lab_part programs_part = {
	LAB_PART_IN(programs),
	.init = programs_init,
	.destroy = programs_destroy,
	.reset = programs_reset,
	.forget = programs_forget,
	.operation = programs_operation,
};
