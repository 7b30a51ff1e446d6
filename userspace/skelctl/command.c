// SPDX-License-Identifier: GPL-2.0
/*
 * command.c - the options and the help text of a command, by its table
 */
#include <err.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "skelctl.h"

#define OPTIONS_MAX	64
#define COLUMNS		79
#define INDENT_MAX	24

/* Tables of getopt_long(), made from those of a command */
struct getopt_tables {
	struct option options[OPTIONS_MAX + 1];
	char letters[3 * OPTIONS_MAX];
	size_t count, length;
};

static void add_rows(struct getopt_tables *tables, const struct option_row *row)
{
	for (; row && row->name && tables->count < OPTIONS_MAX; row++) {
		tables->options[tables->count++] = (struct option) {
			.name = row->name,
			.has_arg = row->value ? required_argument : no_argument,
			.val = row->letter,
		};
		if (row->letter >= OPTION_LONG)
			continue;
		tables->letters[tables->length++] = row->letter;
		if (row->value)
			tables->letters[tables->length++] = ':';
	}
}

/* @c: of getopt_long(); optopt is 0 for an unknown or ambiguous long option */
static void refuse_option(const struct command *command, int c, char **argv)
{
	const char *name = command ? command->name : "";
	const char *colon = command ? ": " : "", *blank = command ? " " : "";
	const char *word = argv[optind - 1];
	const char *before = "", *behind = "";
	char letter[3] = { '-', optopt, '\0' };

	if (c == ':') {
		behind = " needs a value";
	} else if (optopt && strncmp(word, "--", 2) == 0) {
		behind = " takes no value";
	} else {
		before = "unknown ";
		if (optopt)
			word = letter;
	}
	errx(EXIT_USAGE, "%s%s%soption '%s'%s; see skelctl %s%s--help", name,
	     colon, before, word, behind, name, blank);
}

int command_option(const struct command *command, int argc, char **argv)
{
	/* in front of the command, options end where it begins */
	struct getopt_tables tables = { .length = 0 };
	int c;

	if (!command)
		tables.letters[tables.length++] = '+';
	tables.letters[tables.length++] = ':';
	if (command)
		add_rows(&tables, command->options);
	add_rows(&tables, common_options);
	opterr = 0;
	while ((c = getopt_long(argc, argv, tables.letters, tables.options,
				NULL)) != -1) {
		switch (c) {
		case 'd':
			choose_card(optarg);
			break;
		case 'h':
			command_help(command, stdout);
			exit(EXIT_SUCCESS);
		case 'V':
			puts("skelctl " SKEL_VERSION);
			exit(EXIT_SUCCESS);
		case ':':
		case '?':
			refuse_option(command, c, argv);
			break;
		default:
			return c;
		}
	}
	if (command && argc - optind > command->most)
		errx(EXIT_USAGE, "%s: unexpected argument '%s'; see skelctl %s --help",
		     command->name, argv[optind + command->most], command->name);
	return -1;
}

void print_wrapped(FILE *file, const char *text, int column, int indent)
{
	while (*text) {
		int length = strcspn(text, " \n");

		if (text[0] == '\n') {
			fprintf(file, "\n\n");
			text += strspn(text, "\n");
			column = 0;
			continue;
		}
		if (column > indent && column + 1 + length > COLUMNS) {
			fprintf(file, "\n");
			column = 0;
		}
		if (column < indent)
			column += fprintf(file, "%*s", indent - column, "");
		else if (column > indent)
			column += fprintf(file, " ");
		column += fprintf(file, "%.*s", length, text);
		text += length;
		text += strspn(text, " ");
	}
	fprintf(file, "\n");
}

static int left_of(const struct option_row *row, char *text, size_t size)
{
	char letter[8] = "    ";

	if (row->letter < OPTION_LONG)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	return snprintf(text, size, "  %s--%s%s%s", letter, row->name,
			row->value ? " " : "", row->value ? row->value : "");
}

static int indent_of(const struct option_row *row)
{
	char left[80];
	int widest = 0;

	for (; row && row->name; row++) {
		int width = left_of(row, left, sizeof(left));

		if (row->help && width > widest && width <= INDENT_MAX)
			widest = width;
	}
	return widest + 2;
}

static void print_options(FILE *file, const struct option_row *row, int indent)
{
	char left[80];
	int width;

	for (; row && row->name; row++) {
		if (!row->help)
			continue;
		width = left_of(row, left, sizeof(left));
		fprintf(file, "%s", left);
		if (width > indent - 2) {
			fprintf(file, "\n");
			width = 0;
		}
		print_wrapped(file, row->help, width, indent);
	}
}

static void print_exits(FILE *file)
{
	const struct exit_row *row;

	fprintf(file, "\nExit status:\n");
	for (row = exit_rows; row->text; row++)
		print_wrapped(file, row->text,
			      fprintf(file, "  %d", row->status), 5);
}

static void print_program(FILE *file)
{
	const struct command *const *command;

	fprintf(file,
		"Usage: skelctl [-d DEVICE] COMMAND [OPTION]... [ARGUMENT]...\n"
		"Look at a laboratory card, talk to it, record with it.\n"
		"\nCommands:\n");
	for (command = commands; *command; command++) {
		if ((*command)->summary)
			fprintf(file, "  %-9s %s\n", (*command)->name,
				(*command)->summary);
	}
	fprintf(file, "\nOptions:\n");
	print_options(file, common_options, indent_of(common_options));
	print_exits(file);
}

void command_help(const struct command *command, FILE *file)
{
	int indent, common = indent_of(common_options);

	if (!command) {
		print_program(file);
		return;
	}
	fprintf(file, "Usage: skelctl [-d DEVICE] %s [OPTION]...%s%s\n",
		command->name, command->arguments ? " " : "",
		command->arguments ? command->arguments : "");
	print_wrapped(file, command->text, 0, 0);
	indent = indent_of(command->options);
	if (indent < common)
		indent = common;
	fprintf(file, "\nOptions:\n");
	print_options(file, command->options, indent);
	print_options(file, common_options, indent);
	if (command->example)
		fprintf(file, "\nExample: skelctl %s\n", command->example);
}
