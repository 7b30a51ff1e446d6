// SPDX-License-Identifier: GPL-2.0
/*
 * help.c - HELP?
 *
 * A page is a line that fits into a response; each table begins a new one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scpi/internal.h"

/* A position in the listing of all commands */
struct place {
	const struct scpi_table *const *table;
	size_t command;
};

static const char *forms(const struct scpi_command *command)
{
	if (!command->query)
		return "";
	return command->set ? "[?]" : "?";
}

/* Format the page that begins at @place, and move to the next one. */
static void make_page(struct place *place, char *text, size_t size)
{
	const struct scpi_table *table = *place->table;
	const struct scpi_command *command;
	size_t length = snprintf(text, size, "%s:", table->title);
	size_t first = place->command;

	for (; place->command < table->count; place->command++) {
		command = &table->commands[place->command];
		/* at least one, or it would never end */
		if (place->command > first &&
		    length + strlen(command->header) + 5 > size)
			return;
		length += snprintf(text + length, size - length, " %s%s",
				   command->header, forms(command));
		if (length >= size)
			length = size - 1;
	}
	place->table++;
	place->command = 0;
}

static bool page_exists(const struct scpi *scpi, const struct place *place)
{
	return place->table < scpi->tables + scpi->table_count;
}

static int help_page(struct scpi *scpi, unsigned long number)
{
	struct place place = { scpi->tables, 0 };
	char text[SCPI_LINE_MAX];

	while (number-- && page_exists(scpi, &place)) {
		make_page(&place, text, sizeof(text));
		if (!number) {
			scpi_reply_last(scpi, "%s", text);
			return 0;
		}
	}
	return SCPI_ERR_ILLEGAL_VALUE;
}

static int help_index(struct scpi *scpi)
{
	struct place place = { scpi->tables, 0 };
	char page[SCPI_LINE_MAX], text[SCPI_LINE_MAX];
	size_t length = snprintf(text, sizeof(text),
				 "HELP? <command> explains, HELP? <n> lists:");
	unsigned int n = 0;

	while (page_exists(scpi, &place) && length < sizeof(text)) {
		const char *title = (*place.table)->title;

		make_page(&place, page, sizeof(page));
		length += snprintf(text + length, sizeof(text) - length,
				   "%s %u %s", n ? "," : "", n + 1, title);
		n++;
	}
	return scpi_reply_last(scpi, "%s", text);
}

/* The explanation of a command, cut if it is too long for a response */
struct line {
	char text[SCPI_LINE_MAX];
	size_t length;
};

static void add(struct line *line, const char *before, const char *text)
{
	if (!text || line->length >= sizeof(line->text))
		return;
	line->length += snprintf(line->text + line->length,
				 sizeof(line->text) - line->length, "%s%s",
				 before, text);
}

static void add_sentence(struct line *line, const char *before,
			 const char *text)
{
	add(line, before, text);
	if (text)
		add(line, ".", "");
}

static void add_form(struct line *line, const struct scpi_command *command,
		     bool query)
{
	char text[200];

	if (!(query ? command->query : command->set))
		return;
	scpi_describe_syntax(command, query, text, sizeof(text));
	add(line, line->length ? " | " : "", text);
}

static void add_params(struct line *line, const struct scpi_param *param)
{
	char text[200];

	for (; param->type != SCPI_NONE; param++) {
		add(line, "; ", param->name);
		scpi_describe_param(param, text, sizeof(text));
		add(line, ": ", text);
	}
}

/* All commands that begin so, but for @except. Return: is there one? */
static bool add_group(struct scpi *scpi, struct line *line, const char *before,
		      const struct scpi_header *group,
		      const struct scpi_command *except)
{
	bool any = false;

	for (size_t i = 0; i < scpi->table_count; i++) {
		for (size_t j = 0; j < scpi->tables[i]->count; j++) {
			const struct scpi_command *command =
				&scpi->tables[i]->commands[j];

			if (command == except ||
			    !scpi_match_group(command->header, group->text,
					      group->length))
				continue;
			add(line, any ? " " : before, command->header);
			add(line, forms(command), "");
			any = true;
		}
	}
	return any;
}

static int help_group(struct scpi *scpi, const struct scpi_header *group)
{
	struct line line = { .length = 0 };

	if (!add_group(scpi, &line, "Commands: ", group, NULL))
		return SCPI_ERR_ILLEGAL_VALUE;
	return scpi_reply_last(scpi, "%s", line.text);
}

static int help_command(struct scpi *scpi, const struct scpi_command *command,
			const struct scpi_header *header)
{
	struct line line = { .length = 0 };

	add_form(&line, command, false);
	add_form(&line, command, true);
	add_params(&line, command->params);
	add_params(&line, command->query_params);
	add(&line, ". ", command->help);
	add_sentence(&line, " Reply: ", command->reply);
	add_sentence(&line, " Errors: ", command->errors);
	if (add_group(scpi, &line, " Also: ", header, command))
		add(&line, ".", "");
	add(&line, " Example: ", command->example);
	return scpi_reply_last(scpi, "%s", line.text);
}

static bool is_number(const struct scpi_arg *arg)
{
	size_t i;

	for (i = 0; i < arg->length; i++)
		if (!scpi_is_digit(arg->bytes[i]))
			return false;
	return arg->length > 0 && arg->length < 6;
}

int scpi_help(struct scpi *scpi, const struct scpi_call *call)
{
	const struct scpi_arg *arg = &call->arg[0];
	struct scpi_header header = { .length = arg->length };
	struct scpi_call found;

	if (!arg->given)
		return help_index(scpi);
	if (is_number(arg))
		return help_page(scpi, strtoul(arg->bytes, NULL, 10));
	if (arg->length >= sizeof(header.text))
		return SCPI_ERR_ILLEGAL_VALUE;
	memcpy(header.text, arg->bytes, arg->length);
	if (header.length && header.text[header.length - 1] == '?')
		header.length--;
	for (header.query = false; ; header.query = true) {
		/* the number of a suffix does not matter here */
		if (scpi_find(scpi->tables, scpi->table_count, &header,
			      &found) != SCPI_ERR_UNDEFINED_HEADER)
			return help_command(scpi, found.command, &header);
		if (header.query)
			return help_group(scpi, &header);
	}
}
