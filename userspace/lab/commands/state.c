// SPDX-License-Identifier: GPL-2.0
/*
 * state.c - *SAV and *RCL: the settings of the instrument, as commands
 *
 * What is saved are the answers to the queries of all settings, as commands that
 * set them again: IEEE 488.2-1992, 10.29 and 10.33.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/tables.h"

/* In this order they are set again. */
static const struct scpi_table *const tables[] = {
	&lab_input_table, &lab_output_table, &lab_clock_table,
	&lab_digital_table, &lab_sample_table, &lab_trigger_table,
	&lab_program_table,
};

/* The lines that are saved, and the answer to a query */
struct state {
	char *text;
	size_t length;
	bool failed;
	char answer[SCPI_LINE_MAX];
};

static void keep_answer(struct session *session, const char *bytes,
			size_t length)
{
	struct state *state = session->owner;

	snprintf(state->answer, sizeof(state->answer), "%.*s", (int)length - 1,
		 bytes);
}

static struct session *open_session(struct scpi *scpi, struct state *state)
{
	struct session *session = session_new(scpi_lab(scpi), LAB_SESSIONS);

	if (!session)
		return NULL;
	session->write = keep_answer;
	session->owner = state;
	session->user = session_user(scpi_session(scpi));
	session->scpi.events = false;
	return session;
}

static void execute(struct session *session, const char *line, size_t length)
{
	struct state *state = session->owner;

	state->answer[0] = '\0';
	scpi_execute(&session->scpi, line, length);
}

/* "INPut1:FREQuency 50.0" */
static void save_setting(struct session *session, const char *name)
{
	struct state *state = session->owner;
	char line[2 * SCPI_LINE_MAX];
	int length = snprintf(line, sizeof(line), "%s?", name);
	char *text;

	execute(session, line, length);
	/* a recording that is not there */
	if (!state->answer[0] || strncmp(state->answer, "\"\"", 2) == 0)
		return;
	length = snprintf(line, sizeof(line), "%s %s\n", name, state->answer);
	text = realloc(state->text, state->length + length + 1);
	if (!text) {
		state->failed = true;
		return;
	}
	memcpy(text + state->length, line, length + 1);
	state->text = text;
	state->length += length;
}

static void save_command(struct session *session,
			 const struct scpi_command *command)
{
	unsigned int n = command->suffix_min[0];
	char name[128];

	if (!command->set || !command->query || command->unsaved ||
	    command->params[0].type == SCPI_NONE)
		return;
	for (; n <= command->suffix_max[0]; n++) {
		const unsigned int suffix[SCPI_SUFFIXES_MAX] = { n };

		scpi_header_name(command, suffix, false, name,
				 sizeof(name));
		save_setting(session, name);
	}
}

static int save(struct scpi *scpi, const struct scpi_call *call)
{
	char **saved = &scpi_lab(scpi)->saved[call->arg[0].integer];
	struct state state = { 0 };
	struct session *session = open_session(scpi, &state);

	if (!session)
		return SCPI_ERR_OUT_OF_MEMORY;
	session->saves = true;
	for (size_t i = 0; i < SCPI_ARRAY_SIZE(tables); i++)
		for (size_t j = 0; j < tables[i]->count; j++)
			save_command(session, &tables[i]->commands[j]);
	session_close(session);
	if (state.failed || !state.text) {
		free(state.text);
		return SCPI_ERR_OUT_OF_MEMORY;
	}
	free(*saved);
	*saved = state.text;
	return SCPI_OK;
}

/* Set all that can be set. Return: 0, or the first error, which is reported. */
static int set_again(struct scpi *scpi, struct session *session,
		     const char *text)
{
	static const char ask[] = "SYSTem:ERRor?";
	struct state *state = session->owner;
	int error = 0;

	for (const char *end; *text; text = end + 1) {
		end = strchr(text, '\n');
		execute(session, text, end - text);
		if (scpi_is_suspended(&session->scpi))
			scpi_abort(&session->scpi);
		execute(session, ask, strlen(ask));
		if (atoi(state->answer) && !error) {
			error = SCPI_ERR_SAVED_LOST;
			scpi_error(scpi, error, "%.*s: %.80s",
				   (int)(end - text), text, state->answer);
		}
	}
	return error;
}

static int recall(struct scpi *scpi, const struct scpi_call *call)
{
	const char *text = scpi_lab(scpi)->saved[call->arg[0].integer];
	struct state state = { 0 };
	struct session *session;
	int error;

	if (!text)
		return SCPI_ERR_SETTINGS_CONFLICT;
	session = open_session(scpi, &state);
	if (!session)
		return SCPI_ERR_OUT_OF_MEMORY;
	scpi->ops->reset(scpi->priv);
	error = set_again(scpi, session, text);
	session_close(session);
	return error;
}

#define PLACE	{ { INTEGER("place", 0, LAB_SAVED - 1, 0) } }

static const struct scpi_command commands[] = {
	{
		.header = "*SAV", .set = save,
		.params = PLACE,
		.help = "Save all settings that *RST would change, for *RCL: until the instrument ends.",
		.example = "*SAV 1",
	}, {
		.header = "*RCL", .set = recall,
		.params = PLACE,
		.help = "Do as *RST, then set what was saved with *SAV.",
		.errors = "-221 nothing was saved there: *SAV first, -314 a setting is not possible any more, such as a file that has gone",
		.example = "*SAV 1;*RCL 1",
	},
};

const struct scpi_table lab_state_table = SCPI_TABLE("Saved settings", commands);

static void destroy(struct lab *lab)
{
	for (unsigned int i = 0; i < LAB_SAVED; i++)
		free(lab->saved[i]);
}

const struct lab_part states_part = { .destroy = destroy };
