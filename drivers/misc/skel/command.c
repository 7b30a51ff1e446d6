// SPDX-License-Identifier: GPL-2.0
/*
 * command.c - commands of backends whose language is words and numbers
 */

#include <linux/export.h>

#include "core.h"
#include "parse.h"

void skel_command_run(struct skel_card *card, u32 channel, char *line,
		      size_t len, const struct skel_command *commands,
		      unsigned int count)
{
	struct skel_parsed parsed;
	const char *error = skel_parse_command(line, len, commands, count, &parsed);
	const struct skel_command *command = parsed.command;
	const u64 *arg = parsed.arg;

	if (!error && command && command->ask)
		error = command->ask(card, &(struct skel_request) {
			channel, command->dir, arg[0], arg[1], arg[2] });
	else if (!error && command)
		error = command->run(card, channel, arg);
	if (error)
		skel_reply(card, channel, "ERROR %s%s%s", error,
			   parsed.wrong ? " " : "", parsed.wrong ?: "");
}
EXPORT_SYMBOL_NS_GPL(skel_command_run, "SKEL");
