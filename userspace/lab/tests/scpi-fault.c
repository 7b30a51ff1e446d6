// SPDX-License-Identifier: GPL-2.0
/*
 * scpi-fault.c - what is wrong with a table of commands
 */
#include <stdio.h>
#include <string.h>

#include "scpi/internal.h"
#include "tests/scpi-user.h"

static char fault[200];

static const char *wrong(const struct scpi_command *command, const char *what)
{
	snprintf(fault, sizeof(fault), "%s: %s", command->header, what);
	return fault;
}

static const char *header_fault(const struct scpi_command *command)
{
	const char *header = command->header + (command->header[0] == '*');
	unsigned int suffixes = 0;
	struct scpi_node node;

	if (strlen(command->header) > 100)
		return wrong(command, "header too long");
	for (;;) {
		header = scpi_next_node(header, &node);
		if (!node.length)
			break;
		if (node.length + 2 * node.suffix > SCPI_MNEMONIC_MAX)
			return wrong(command, "mnemonic too long");
		if (!scpi_is_letter(node.name[0]))
			return wrong(command, "mnemonic without letter");
		if (!node.suffix)
			continue;
		if (suffixes >= SCPI_SUFFIXES_MAX)
			return wrong(command, "too many suffixes");
		if (!command->suffix_max[suffixes] ||
		    command->suffix_min[suffixes] >
		    command->suffix_max[suffixes])
			return wrong(command, "range of suffix");
		suffixes++;
	}
	for (; suffixes < SCPI_SUFFIXES_MAX; suffixes++)
		if (command->suffix_max[suffixes])
			return wrong(command, "range without suffix");
	return NULL;
}

static const char *param_fault(const struct scpi_command *command,
			       const struct scpi_param *param)
{
	bool ranged = param->type == SCPI_INTEGER ||
		      param->type == SCPI_NUMBER || param->type == SCPI_LIST;

	if (!param->name || !*param->name)
		return wrong(command, "parameter without name");
	if (ranged && !(param->min < param->max))
		return wrong(command, "range of parameter");
	if (param->type != SCPI_LIST && ranged &&
	    !(param->def >= param->min && param->def <= param->max))
		return wrong(command, "default is out of range");
	if (param->type == SCPI_INTEGER &&
	    !(param->min >= -0x1p63 && param->max < 0x1p63))
		return wrong(command, "range of 64 bits");
	if (!ranged && (param->min != 0 || param->max != 0 || param->unit))
		return wrong(command, "range or unit of what has none");
	if (param->type == SCPI_CHOICE ? !param->words : !!param->words)
		return wrong(command, "words");
	return NULL;
}

static const char *params_fault(const struct scpi_command *command,
				const struct scpi_param *params, bool used)
{
	const char *bad = NULL;
	unsigned int i;

	if (!used && params[0].type != SCPI_NONE)
		return wrong(command, "parameters without handler");
	if (params[SCPI_PARAMS_MAX].type != SCPI_NONE)
		return wrong(command, "too many parameters");
	for (i = 0; params[i].type != SCPI_NONE && !bad; i++) {
		bad = param_fault(command, &params[i]);
		if (i && params[i - 1].optional && !params[i].optional)
			bad = wrong(command, "optional one in front");
	}
	return bad;
}

static const char *text_fault(const struct scpi_command *command)
{
	const char *help = command->help;

	if (!command->set && !command->query)
		return wrong(command, "does nothing");
	if ((command->set == scpi_store || command->query == scpi_recall) &&
	    !command->object)
		return wrong(command, "kept nowhere");
	if (!help || !*help || help[strlen(help) - 1] != '.' || strchr(help, '\n'))
		return wrong(command, "help text");
	if (!command->example || strchr(command->example, '`'))
		return wrong(command, "example");
	if (command->query && !command->reply)
		return wrong(command, "query without reply");
	return NULL;
}

/* Does the long form of a command find it? */
static const char *lookup_fault(const struct scpi_table *const *tables,
			 size_t count,
				const struct scpi_command *command)
{
	struct scpi_header header = { .query = !command->set };
	struct scpi_call call = { 0 };

	scpi_header_name(command, command->suffix_min, false, header.text,
			 sizeof(header.text));
	header.length = strlen(header.text);
	if (scpi_find(tables, count, &header, &call) ||
	    call.command != command)
		return wrong(command, "is not found, or another one is");
	return NULL;
}

/* HELP? cuts off what is too long; the example is last. */
static const char *help_fault(const struct scpi_table *const *tables,
			 size_t count,
			      const struct scpi_command *command)
{
	size_t length, example = strlen(command->example);
	struct scpi_call call = { 0 };
	struct scpi scpi;
	char name[128];

	scpi_init(&scpi, tables, count, NULL, NULL);
	scpi_header_name(command, command->suffix_min, false, name,
			 sizeof(name));
	call.arg[0].given = true;
	call.arg[0].bytes = name;
	call.arg[0].length = strlen(name);
	if (scpi_help(&scpi, &call))
		return wrong(command, "no help");
	length = scpi.out_length;
	if (length < example || memcmp(scpi.out + length - example,
				       command->example, example) != 0)
		return wrong(command, "help is too long");
	return NULL;
}

static const char *command_fault(const struct scpi_command *command)
{
	const char *bad = header_fault(command);

	if (!bad)
		bad = params_fault(command, command->params, command->set);
	if (!bad)
		bad = params_fault(command, command->query_params,
				   command->query);
	return bad ? bad : text_fault(command);
}

const char *scpi_table_fault(const struct scpi_table *const *tables,
			     size_t count)
{
	const char *bad = NULL;
	size_t i, j;

	for (i = 0; i < count && !bad; i++) {
		const struct scpi_table *table = tables[i];

		for (j = 0; j < table->count && !bad; j++) {
			bad = command_fault(&table->commands[j]);
			if (!bad)
				bad = lookup_fault(tables, count,
						   &table->commands[j]);
			if (!bad)
				bad = help_fault(tables, count,
						 &table->commands[j]);
		}
	}
	return bad;
}
