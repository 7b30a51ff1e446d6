// SPDX-License-Identifier: GPL-2.0
/*
 * scpi.c - execution of program messages
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scpi/internal.h"

void scpi_init(struct scpi *scpi, const struct scpi_table *const *tables,
	       size_t count, const struct scpi_ops *ops, void *priv)
{
	memset(scpi, 0, sizeof(*scpi));
	scpi->tables = tables;
	scpi->table_count = count;
	scpi->ops = ops;
	scpi->priv = priv;
	scpi->events = true;
	scpi_set_buffers(scpi, scpi->own_line, scpi->own_out, SCPI_LINE_MAX);
	scpi_status_init(scpi);
}

void scpi_set_buffers(struct scpi *scpi, char *line, char *out, size_t size)
{
	scpi->line = line;
	scpi->out = out;
	scpi->size = size;
}

bool scpi_is_suspended(const struct scpi *scpi)
{
	return scpi->suspended;
}

/* MIN, MAX or DEF of a setting */
static int reply_limit(struct scpi *scpi, const struct scpi_call *call)
{
	const struct scpi_param *param = call->command->params;
	const double limits[] = { param->min, param->max, param->def };
	double value = limits[call->arg[0].integer];

	if (param->type == SCPI_INTEGER)
		scpi_reply_integer(scpi, (int64_t)value);
	else
		scpi_reply_number(scpi, value);
	return 0;
}

static int set(struct scpi *scpi, const struct scpi_call *call)
{
	const struct scpi_object *object = call->command->object;
	int error = object && object->change ? object->change(scpi, call) : 0;

	if (!error)
		error = call->command->set(scpi, call);
	if (!error && object && object->changed)
		object->changed(scpi, call);
	return error;
}

static int invoke(struct scpi *scpi, const struct scpi_call *call)
{
	int error = scpi->ops->calls ? scpi->ops->calls(scpi->priv, call) : 0;

	if (error && call->command->blanks)
		scpi_notify(scpi, "ERROR %s", scpi_simple_reason(error));
	if (error)
		return error;
	if (!call->query)
		return set(scpi, call);
	if (call->arg[0].given && scpi_limit_query(call->command))
		return reply_limit(scpi, call);
	return call->command->query(scpi, call);
}

/*
 * An error without details: those of the table, if it has this number. Of "-213 it
 * runs, -221 settings differ", what -221 says is "settings differ".
 */
static void report(struct scpi *scpi, int error)
{
	const char *errors = scpi->running ? scpi->running->command->errors : NULL;
	size_t length, digits;

	for (; errors && *errors; errors += length) {
		length = 1;
		while (errors[length] && (errors[length] != '-' ||
					  !scpi_is_digit(errors[length + 1])))
			length++;
		digits = strspn(errors + 1, "0123456789") + 1;
		if (atoi(errors) != error || errors[digits] != ' ')
			continue;
		while (strchr(" ,;", errors[length - 1]))
			length--;
		scpi_error(scpi, error, "%.*s", (int)(length - digits - 1),
			   errors + digits + 1);
		return;
	}
	scpi_error(scpi, error, NULL);
}

/* The command has ended; with an error, so has the message. */
static void finish(struct scpi *scpi, int error)
{
	if (error > 0)
		error = SCPI_ERR_DEVICE;
	if (!error && scpi->out_overflow) {
		error = SCPI_ERR_DEADLOCKED;
		scpi->unit_start = 0;
	}
	if (error) {
		scpi_reply_cancel(scpi);
		scpi->line_pos = scpi->line_length;
		if (error != scpi->raised)
			report(scpi, error);
	}
	scpi->running = NULL;
	scpi_status_latch(scpi);
}

/* The position in the message, from 1 */
static size_t character(const struct scpi *scpi, const struct scpi_cursor *at)
{
	return at->pos - scpi->line + 1;
}

static int find_command(struct scpi *scpi, const struct scpi_header *header)
{
	struct scpi_call *call = &scpi->call;
	int error = scpi_find(scpi->tables, scpi->table_count, header, call);

	if (error != SCPI_ERR_UNDEFINED_HEADER || header->query ||
	    !scpi->ops->undefined)
		return error;
	call->command = scpi->ops->undefined(scpi->priv, header->text,
					     header->length);
	return call->command ? 0 : error;
}

static void refuse_suffix(struct scpi *scpi, const struct scpi_header *header)
{
	const struct scpi_command *command = scpi->call.command;
	const unsigned int *min = command->suffix_min;
	const unsigned int *max = command->suffix_max;
	char second[40] = "";

	if (max[1])
		snprintf(second, sizeof(second), ", then %u to %u", min[1], max[1]);
	scpi_error(scpi, SCPI_ERR_SUFFIX_RANGE, "%s%s, there are %u to %u%s",
		   header->text, header->query ? "?" : "", min[0], max[0],
		   second);
}

/* Return: 0, or an error that has been reported */
static int parse_header(struct scpi *scpi, struct scpi_cursor *at)
{
	struct scpi_header header;
	int error = scpi_lex_header(at, scpi->path, &header);

	if (error) {
		scpi_error(scpi, error, "character %zu", character(scpi, at));
		return error;
	}
	error = find_command(scpi, &header);
	if (error == SCPI_ERR_SUFFIX_RANGE)
		refuse_suffix(scpi, &header);
	else if (error)
		scpi_error(scpi, error, "%s%s", header.text,
			   header.query ? "?" : "");
	return error;
}

/* Is the message wrong as such, whatever the command? */
static bool is_syntax(int error)
{
	switch (error) {
	case SCPI_ERR_CHARACTER:
	case SCPI_ERR_SYNTAX:
	case SCPI_ERR_SEPARATOR:
	case SCPI_ERR_NUMBER_CHARACTER:
	case SCPI_ERR_EXPONENT:
	case SCPI_ERR_TOO_MANY_DIGITS:
	case SCPI_ERR_STRING:
	case SCPI_ERR_BLOCK:
		return true;
	default:
		return false;
	}
}

/* Parameter @where is wrong: tell the place, or what would be right. */
static void refuse_param(struct scpi *scpi, const struct scpi_cursor *at,
			 int error, unsigned int where)
{
	const struct scpi_call *call = &scpi->call;
	const struct scpi_param *param =
		&scpi_params(call->command, call->query)[where - 1];
	char right[200];

	if (is_syntax(error)) {
		scpi_error(scpi, error, "parameter %u, character %zu", where,
			   character(scpi, at));
	} else if (param->type == SCPI_NONE) {
		scpi_error(scpi, error, where > 1 ? "parameter %u: at most %u" :
			   "parameter %u: it takes none", where, where - 1);
	} else {
		scpi_describe_param(param, right, sizeof(right));
		right[strcspn(right, ";")] = '\0';
		scpi_error(scpi, error, "parameter %u, %s: %s", where,
			   param->name, right);
	}
}

static int parse_params(struct scpi *scpi, struct scpi_cursor *at)
{
	unsigned int where;
	int error = scpi_parse_params(at, &scpi->call, &where);

	if (error)
		refuse_param(scpi, at, error, where);
	if (error && scpi->call.command->blanks)
		scpi_notify(scpi, "ERROR %s", scpi_simple_reason(error));
	return error;
}

static void run_unit(struct scpi *scpi)
{
	struct scpi_cursor at = {
		scpi->line + scpi->line_pos, scpi->line + scpi->line_length
	};
	int error;

	scpi->raised = 0;
	scpi_reply_begin(scpi);
	scpi_skip_blanks(&at);
	if (scpi_at_unit_end(&at)) {	/* ";;", or after the last ';' */
		scpi->line_pos = at.pos - scpi->line + 1;
		return;
	}
	error = parse_header(scpi, &at);
	if (!error) {
		scpi->running = &scpi->call;
		error = parse_params(scpi, &at);
	}
	scpi->line_pos = at.pos - scpi->line + 1;
	if (!error && scpi->call.query && scpi->out_last)
		error = SCPI_ERR_UNTERMINATED;
	if (!error)
		error = invoke(scpi, &scpi->call);
	if (error == SCPI_SUSPEND) {
		scpi->suspended = true;
		scpi->running = NULL;
	} else {
		finish(scpi, error);
	}
}

static void run(struct scpi *scpi)
{
	while (!scpi->suspended && scpi->line_pos < scpi->line_length)
		run_unit(scpi);
	if (!scpi->suspended)
		scpi_reply_send(scpi);
}

void scpi_execute(struct scpi *scpi, const char *line, size_t length)
{
	if (length >= scpi->size) {
		scpi_error(scpi, SCPI_ERR_INPUT_OVERRUN, "%zu bytes", length);
		return;
	}
	memcpy(scpi->line, line, length);
	scpi->line[length] = '\0';
	scpi->line_length = length;
	scpi->line_pos = 0;
	scpi->path[0] = '\0';
	scpi->out_last = false;
	run(scpi);
}

void scpi_resume(struct scpi *scpi, int error)
{
	if (!scpi->suspended)
		return;
	scpi->suspended = false;
	scpi->wait = SCPI_WAIT_NONE;
	scpi->raised = 0;
	scpi->running = &scpi->call;
	finish(scpi, error);
	run(scpi);
}

void scpi_abort(struct scpi *scpi)
{
	scpi->suspended = false;
	scpi->wait = SCPI_WAIT_NONE;
	scpi->opc = false;
	scpi->out_length = 0;
	scpi->out_overflow = false;
	scpi->line_pos = scpi->line_length;
}

void scpi_update(struct scpi *scpi)
{
	enum scpi_wait wait = scpi->wait;

	scpi_status_latch(scpi);
	if ((!scpi->opc && wait == SCPI_WAIT_NONE) ||
	    scpi->ops->pending(scpi->priv))
		return;
	if (scpi->opc) {
		scpi->opc = false;
		scpi->esr |= SCPI_ESR_OPC;
	}
	if (wait == SCPI_WAIT_OPC)
		scpi_reply_integer(scpi, 1);
	if (wait != SCPI_WAIT_NONE)
		scpi_resume(scpi, 0);
}
