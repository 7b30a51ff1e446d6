// SPDX-License-Identifier: GPL-2.0
/*
 * scpi.c - what a card that speaks SCPI says about earlier commands
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scpi.h"

#define CONDITION_PROGRAM	0x4000	/* SCPI-99 volume 1, 9.3 */

/* Skip a quoted string, in which a doubled quote is one. NULL: there is none. */
static const char *skip_string(const char *text)
{
	if (*text++ != '"')
		return NULL;
	while ((text = strchr(text, '"')) && text[1] == '"')
		text += 2;
	return text ? text + 1 : NULL;
}

/* <number>,"<text>";<condition>;<identity> */
bool scpi_parse_verdict(const char *line, struct scpi_verdict *verdict)
{
	long number, condition;
	const char *text;
	char *end;

	number = strtol(line, &end, 10);
	if (end == line || *end != ',')
		return false;
	text = skip_string(end + 1);
	if (!text || *text != ';')
		return false;
	condition = strtol(text + 1, &end, 10);
	/* four fields, IEEE 488.2-1992, 10.14 */
	if (end == text + 1 || *end != ';' || !strchr(end, ','))
		return false;
	verdict->error[0] = '\0';
	if (number)
		snprintf(verdict->error, sizeof(verdict->error), "%.*s",
			 (int)(text - line), line);
	verdict->program = condition & CONDITION_PROGRAM;
	return true;
}
