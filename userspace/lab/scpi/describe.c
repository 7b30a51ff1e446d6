// SPDX-License-Identifier: GPL-2.0
/*
 * describe.c - syntax and parameters of a command in words
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "scpi/internal.h"

/* Text of limited size; what does not fit is cut off */
struct text {
	char *bytes;
	size_t length, size;
};

__printf(2, 3)
static void add(struct text *text, const char *format, ...)
{
	va_list args;

	if (text->length >= text->size)
		return;
	va_start(args, format);
	text->length += vsnprintf(text->bytes + text->length,
				  text->size - text->length, format, args);
	va_end(args);
}

static struct text text_of(char *bytes, size_t size)
{
	bytes[0] = '\0';
	return (struct text){ .bytes = bytes, .size = size };
}

/* The header as in the table, with the range of each suffix */
static void add_header(struct text *text, const struct scpi_command *command)
{
	const char *header = command->header;
	const char *mark;
	unsigned int i = 0;

	while ((mark = strchr(header, '<')) && strchr(mark, '>')) {
		add(text, "%.*s<%u..%u>", (int)(mark - header), header,
		    command->suffix_min[i], command->suffix_max[i]);
		header = strchr(mark, '>') + 1;
		i++;
	}
	add(text, "%s", header);
}

void scpi_describe_syntax(const struct scpi_command *command, bool query,
			  char *buffer, size_t size)
{
	struct text text = text_of(buffer, size);
	const struct scpi_param *param = scpi_params(command, query);
	const char *between = "";
	unsigned int open = 0;

	add_header(&text, command);
	if (query)
		add(&text, "?");
	if (query && scpi_limit_query(command)) {
		add(&text, " [MINimum|MAXimum|DEFault]");
		return;
	}
	if (param->type != SCPI_NONE)
		add(&text, " ");
	for (; param->type != SCPI_NONE; param++) {
		add(&text, param->optional ? "[%s<%s>" : "%s<%s>", between,
		    param->name);
		open += param->optional;
		between = command->blanks ? " " : ",";
	}
	while (open--)
		add(&text, "]");
}

static void add_number(struct text *text, double value)
{
	if (isinf(value))
		add(text, value < 0 ? "NINFinity" : "INFinity");
	else
		add(text, "%.10g", value);
}

static void add_range(struct text *text, const struct scpi_param *param)
{
	add_number(text, param->min);
	add(text, " to ");
	add_number(text, param->max);
	if (param->unit)
		add(text, " %s", param->unit);
	if (param->type == SCPI_LIST || param->def < param->min ||
	    param->def > param->max)
		return;
	add(text, ", default ");
	add_number(text, param->def);
}

/* "SINusoid, SQUare or DC" */
static void add_words(struct text *text, const char *words)
{
	size_t length;

	for (; *words; words += length + (words[length] == '|')) {
		length = strcspn(words, "|");
		add(text, "%.*s", (int)length, words);
		if (words[length] == '|')
			add(text, strchr(words + length + 1, '|') ? ", " :
								    " or ");
	}
}

void scpi_describe_param(const struct scpi_param *param, char *buffer,
			 size_t size)
{
	struct text text = text_of(buffer, size);

	switch (param->type) {
	case SCPI_INTEGER:
		add(&text, "whole number, ");
		add_range(&text, param);
		break;
	case SCPI_NUMBER:
		add(&text, "number, ");
		add_range(&text, param);
		break;
	case SCPI_ADDRESS:
		add(&text, "whole number below 2^64, also as 0x1F");
		break;
	case SCPI_VALUE:
		add(&text, "any number");
		break;
	case SCPI_BOOL:
		add(&text, "ON, OFF or a number, 0 being OFF");
		break;
	case SCPI_CHOICE:
		add_words(&text, param->words);
		break;
	case SCPI_STRING:
		add(&text, "string in quotes");
		break;
	case SCPI_BLOCK:
		add(&text, "block such as #15abcde, or string in quotes");
		break;
	case SCPI_LIST:
		add(&text, "list such as (@1,3:5), entries ");
		add_range(&text, param);
		break;
	case SCPI_WORD:
		add(&text, "word of letters, digits and _");
		break;
	case SCPI_HEADER:
		add(&text, "header of a command or its beginning, or number of a page");
		break;
	case SCPI_NONE:
		break;
	}
	if (param->optional)
		add(&text, "; may be left out");
}
