// SPDX-License-Identifier: GPL-2.0
/*
 * test-scpi-help.c - HELP?, completion, reference, and the tables themselves
 */
#include <stdio.h>
#include <string.h>

#include "tests/scpi-user.h"
#include "unit.h"

static struct scpi_user user;
static char output[200000];

/* All commands are on some page if a table needs more than one. */
TEST(long_table)
{
	static struct scpi_command many[200];
	static char headers[200][12];
	struct scpi_table table = { "Many", many, 200 };
	size_t i, found = 0;
	char line[20];

	scpi_user_init(&user);
	for (i = 0; i < 200; i++) {
		many[i] = user.tables[1]->commands[0];
		snprintf(headers[i], sizeof(headers[i]), "COMM%zuand", i);
		many[i].header = headers[i];
	}
	user.tables[0] = &table;
	for (i = 1; i <= 3; i++) {
		const char *page;

		snprintf(line, sizeof(line), "HELP? %zu", i);
		page = scpi_user_say(&user, line);
		check(strncmp(page, "Many: ", 6) == 0);
		while ((page = strstr(page, "and?"))) {
			page++;
			found++;
		}
	}
	check(found == 200 && user.longest <= SCPI_LINE_MAX);
	check(strncmp(scpi_user_say(&user, "HELP? 4"), "Common", 6) == 0);
}

/* Each command that is in a table can be explained, in one line */
TEST(help_all)
{
	char line[120];
	size_t i, j;

	scpi_user_init(&user);
	for (i = 0; i < SCPI_USER_TABLES; i++) {
		for (j = 0; j < user.tables[i]->count; j++) {
			const struct scpi_command *c =
				&user.tables[i]->commands[j];
			const char *answer;

			if (strpbrk(c->header, "<["))
				continue;
			snprintf(line, sizeof(line), "HELP? %s", c->header);
			answer = scpi_user_say(&user, line);
			check(strncmp(answer, c->header,
				      strlen(c->header)) == 0);
			check(strstr(answer, c->help));
		}
	}
}

/* Examples work, except those of commands that are meant to fail. */
TEST(examples)
{
	size_t i, j;

	for (i = 0; i < SCPI_USER_TABLES; i++) {
		scpi_user_init(&user);
		for (j = 0; j < user.tables[i]->count; j++) {
			const struct scpi_command *c =
				&user.tables[i]->commands[j];

			scpi_user_init(&user);
			scpi_user_say(&user, c->example);
			check(user.scpi.error_count ==
			      (strncmp(c->header, "FAIL", 4) == 0));
		}
	}
}

static int print_completion(void *data)
{
	scpi_print_completion(user.tables, SCPI_USER_TABLES);
	return 0;
}

static int print_reference(void *data)
{
	scpi_print_reference(user.tables, SCPI_USER_TABLES);
	return 0;
}

TEST(completion)
{
	scpi_user_init(&user);
	check(!unit_catch(print_completion, NULL, output, sizeof(output)));
	check(strncmp(output, "INPut1:FREQuency\nINPut1:FREQuency?\n"
		      "INPut2:FREQuency\n", 51) == 0);
	check(strstr(output, "\nRANGe2:LINE14?\nRANGe2:LINE15?\nA1:SIZE?\n"));
	check(strstr(output, "\nRANGe1:LINE0?\n"));
	check(!strstr(output, "RANGe3") && !strstr(output, "RANGe0"));
	check(strstr(output, "\n*OPC\n*OPC?\n*WAI\n*ESR?\n"));
	check(!strpbrk(output, "<>[] "));
}

TEST(reference)
{
	const char *line = output;

	scpi_user_init(&user);
	check(!unit_catch(print_reference, NULL, output, sizeof(output)));
	check(strncmp(output, "\nTest commands\n-------------\n\n"
		      "``INPut<n>:FREQuency[:CW]``\n"
		      "~~~~~~~~~~~~~~~~~~~~~~~~~~~\n\n::\n\n", 91) == 0);
	check(strstr(output, "\n\nFrequency of the generator; "));
	check(strstr(output, "; \\*RST sets \\`50\\` Hz.\n\n:frequency: num"));
	check(strstr(output, ", default 50\n:Reply: frequency in Hz\n:Exa"));
	check(strstr(output, "Hz\n:Example: ``INP1:FREQ 1 kHz``\n"));
	check(strstr(output, "\n``*IDN?``\n~~~~~~~~~\n"));
	check(strstr(output, "\n:Errors: -221 while sampling\n"));
	check(strstr(output, "\n:mV: any number; may be left out\n"));
	while (*line) {
		size_t length = strcspn(line, "\n");

		check(length <= 80 || strncmp(line, "    ", 4) == 0);
		check(!length || line[length - 1] != ' ');
		line += length + 1;
	}
}

static bool finds(struct scpi_command command, const char *what)
{
	const struct scpi_table table = { "One", &command, 1 };
	const struct scpi_table *const tables[] = { &table };
	const char *fault = scpi_table_fault(tables, 1);

	return fault && strstr(fault, what);
}

TEST(tables)
{
	struct scpi_table one = { .title = "One", .count = 1 }, same = one;
	struct scpi_command good, bad;
	static char text[SCPI_LINE_MAX];

	scpi_user_init(&user);
	check(!scpi_table_fault(user.tables, SCPI_USER_TABLES));
	good = user.tables[0]->commands[0];
	bad = good;
	bad.help = "No full stop";
	check(finds(bad, "help"));
	bad.help = "Two\nlines.";
	check(finds(bad, "help"));
	bad = good;
	bad.query = scpi_recall;
	check(finds(bad, "kept nowhere"));
	bad = good;
	bad.params[0].def = 0;
	check(finds(bad, "default"));
	bad = good;
	bad.header = "ABCDEFGHIJKLMnop";
	check(finds(bad, "too long"));
	bad = good;
	bad.suffix_max[0] = 0;
	check(finds(bad, "range of suffix"));
	bad = good;
	bad.suffix_max[1] = 1;
	check(finds(bad, "range without suffix"));
	bad = good;
	bad.params[1] = good.params[0];
	bad.params[0].optional = true;
	check(finds(bad, "optional"));
	bad = good;
	bad.params[0].type = SCPI_INTEGER;
	bad.params[0].max = 0x1p63;
	check(finds(bad, "64 bits"));
	bad = good;
	memset(text, '.', sizeof(text) - 1);
	bad.help = text;
	check(finds(bad, "too long"));
	bad = good;
	bad.reply = NULL;
	check(finds(bad, "reply"));
	one.commands = user.tables[0]->commands;
	user.tables[0] = &one;
	check(!scpi_table_fault(user.tables, 1));
	same.commands = &good;
	user.tables[1] = &same;
	check(strstr(scpi_table_fault(user.tables, 2), "another"));
}
