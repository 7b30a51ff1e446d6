// SPDX-License-Identifier: GPL-2.0
/*
 * test-program-manual.c - the examples of the manual
 *
 * "The replies::" is followed by what the commands of the literal block before it
 * give, on an instrument whose user has one page. "..." stands for any lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/test-program.h"
#include "unit.h"

#define BLOCK_MAX	4096

/* The next literal block, without its indentation. Return: is there one? */
static bool next_block(FILE *file, char *block, bool *replies)
{
	char line[256];
	bool inside = false;

	*block = '\0';
	while (fgets(line, sizeof(line), file)) {
		size_t length = strlen(line);

		if (inside && strncmp(line, "    ", 4) == 0)
			strncat(block, line + 4, BLOCK_MAX - strlen(block) - 1);
		else if (*block)
			return true;
		else if (length > 3 && strcmp(line + length - 3, "::\n") == 0) {
			inside = true;
			*replies = strstr(line, "replies::");
		}
	}
	return *block;
}

static void run_commands(char *commands, char *replies)
{
	char *line;

	*replies = '\0';
	rig_start();
	fake_card_buffer(rig.fake, 0, 4096, 0, NULL);
	for (line = strtok(commands, "\n"); line; line = strtok(NULL, "\n"))
		strncat(replies, say(0, line),
			BLOCK_MAX - strlen(replies) - 1);
	rig_stop();
}

static bool are_replies(const char *replies, char *expected)
{
	char *gap = strstr(expected, "...\n");
	size_t length = strlen(replies), end;

	if (!gap)
		return strcmp(replies, expected) == 0;
	end = strlen(gap + 4);
	return length >= (size_t)(gap - expected) + end &&
	       strncmp(replies, expected, gap - expected) == 0 &&
	       strcmp(replies + length - end, gap + 4) == 0;
}

TEST(examples_of_the_manual)
{
	static char commands[BLOCK_MAX], block[BLOCK_MAX], replies[BLOCK_MAX];
	FILE *file = fopen(LAB_PROGRAMS_RST, "r");
	unsigned int examples = 0;
	bool are_expected;

	check(file);
	while (file && next_block(file, block, &are_expected)) {
		if (!are_expected) {
			strcpy(commands, block);
			continue;
		}
		examples++;
		run_commands(commands, replies);
		if (!are_replies(replies, block)) {
			printf("# '%s' instead of '%s'\n", replies, block);
			check(!"the manual is right");
		}
	}
	check(examples == 5);
	if (file)
		fclose(file);
}
