// SPDX-License-Identifier: GPL-2.0
/*
 * reference.c - the tables as a chapter of the manual, and as words for
 * completion
 *
 * The reference is reStructuredText: a section for each table, underlined with
 * '-', with a subsection for each command, underlined with '~'.
 */
#include <stdio.h>
#include <string.h>

#include "scpi/internal.h"

#define WIDTH	80

/* Text is wrapped at blanks; nothing in it is markup. */
struct paragraph {
	unsigned int indent, column;
	bool blank;		/* before the next word */
};

static void put_word(struct paragraph *p, const char *word, size_t length)
{
	size_t i;

	if (p->blank && p->column + 1 + length > WIDTH) {
		printf("\n%*s", (int)p->indent, "");
		p->column = p->indent;
	} else if (p->blank) {
		putchar(' ');
		p->column++;
	}
	p->blank = true;
	for (i = 0; i < length; i++) {
		if (strchr("\\*`|_<", word[i])) {
			putchar('\\');
			p->column++;
		}
		putchar(word[i]);
		p->column++;
	}
}

static void put_text(struct paragraph *p, const char *text)
{
	size_t length;

	for (; *text; text += length) {
		text += strspn(text, " ");
		length = strcspn(text, " ");
		if (length)
			put_word(p, text, length);
	}
}

/* After @length characters of a title */
static void put_underline(int length, char underline)
{
	putchar('\n');
	while (length--)
		putchar(underline);
	putchar('\n');
}

/* ":name: text" */
static void put_field(const char *name, const char *text)
{
	struct paragraph p = { .indent = 4, .blank = true };

	if (!text)
		return;
	p.column = printf(":%s:", name);
	put_text(&p, text);
	putchar('\n');
}

static void put_form(const struct scpi_command *command, bool query)
{
	char text[200];

	if (!(query ? command->query : command->set))
		return;
	scpi_describe_syntax(command, query, text, sizeof(text));
	printf("    %s\n", text);
}

static void put_params(const struct scpi_param *param)
{
	char text[200];

	for (; param->type != SCPI_NONE; param++) {
		scpi_describe_param(param, text, sizeof(text));
		put_field(param->name, text);
	}
}

static void put_command(const struct scpi_command *command)
{
	struct paragraph p = { 0 };

	putchar('\n');
	put_underline(printf("``%s%s``", command->header,
			     command->set ? "" : "?"), '~');
	printf("\n::\n\n");
	put_form(command, false);
	put_form(command, true);
	putchar('\n');
	put_text(&p, command->help);
	printf("\n\n");
	put_params(command->params);
	put_params(command->query_params);
	put_field("Reply", command->reply);
	put_field("Errors", command->errors);
	if (command->example)
		printf(":Example: ``%s``\n", command->example);
}

void scpi_print_reference(const struct scpi_table *const *tables, size_t count)
{
	size_t i, j;

	for (i = 0; i < count; i++) {
		putchar('\n');
		put_underline(printf("%s", tables[i]->title), '-');
		for (j = 0; j < tables[i]->count; j++)
			put_command(&tables[i]->commands[j]);
	}
}

/* Headers with all their suffixes: INPut1:FREQuency, INPut1:FREQuency?, ... */
static void complete(const struct scpi_command *command)
{
	const unsigned int *min = command->suffix_min;
	const unsigned int *max = command->suffix_max;
	unsigned int suffix[SCPI_SUFFIXES_MAX];
	char name[128];

	for (suffix[0] = min[0]; suffix[0] <= max[0]; suffix[0]++) {
		for (suffix[1] = min[1]; suffix[1] <= max[1]; suffix[1]++) {
			scpi_header_name(command, suffix, false, name,
					 sizeof(name));
			if (command->set)
				puts(name);
			if (command->query)
				printf("%s?\n", name);
		}
	}
}

void scpi_print_completion(const struct scpi_table *const *tables,
			   size_t count)
{
	size_t i, j;

	for (i = 0; i < count; i++)
		for (j = 0; j < tables[i]->count; j++)
			complete(&tables[i]->commands[j]);
}
