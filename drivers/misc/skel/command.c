// SPDX-License-Identifier: GPL-2.0
/*
 * command.c - commands of backends whose language is words and numbers
 */

#include <linux/export.h>

#include "core.h"
#include "parse.h"

/**
 * skel_command_run - carry out a command line
 * @card: the card
 * @channel: number of the channel
 * @line: the line, as of skel_card_ops.command; changed
 * @len: its length
 * @commands: what the card can do
 * @count: how many @commands
 *
 * Words are printable ASCII, separated by spaces and tabs: a command, in upper or
 * lower case, and numbers, decimal or hexadecimal with 0x. An empty line does
 * nothing. A wrong line is answered with "ERROR" and "character",
 * "unknown-command", "parameter-count", "number", or what the command returned.
 *
 * Context: skel_card_ops.command.
 */
void skel_command_run(struct skel_card *card, u32 channel, char *line,
		      size_t len, const struct skel_command *commands,
		      unsigned int count)
{
	const struct skel_command *command;
	u64 arg[SKEL_COMMAND_ARGS_MAX];
	const char *error;

	error = skel_parse_command(line, len, commands, count, &command, arg);
	if (!error && command)
		error = command->run(card, channel, arg);
	if (error)
		skel_reply(card, channel, "ERROR %s", error);
}
EXPORT_SYMBOL_NS_GPL(skel_command_run, "SKEL");
