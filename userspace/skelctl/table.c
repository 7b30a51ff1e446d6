// SPDX-License-Identifier: GPL-2.0
/*
 * table.c - all commands, what they have in common, and the exit statuses
 */
#include <string.h>

#include "command.h"
#include "skelctl.h"

const struct command *const commands[] = {
	&list_command,
	&monitor_command,
	&info_command,
	&cmd_command,
	&record_command,
	&plot_command,
	&acquire_command,
	&pages_command,
	&doctor_command,
	&selftest_command,
	&help_command,
	&complete_command,
	NULL
};

const struct option_row common_options[] = {
	{ "device", 'd', "DEVICE", "<device>",
	  "the card: a number, a name such as skel0, or a path (default: environment variable SKEL_DEVICE, else "
	  SKEL_DEFAULT_PATH ")" },
	{ "help", 'h', NULL, NULL, "show the help text" },
	{ "version", 'V', NULL, NULL, "show the version" },
	{ }
};

const struct exit_row exit_rows[] = {
	{ 0, "all went well" },
	{ EXIT_CARD, "the card or the system refused something; record, plot: frames were lost; selftest: something has failed" },
	{ EXIT_USAGE, "wrong options or arguments; nothing was done" },
	{ EXIT_NO_CARD, "the card is not there, cannot be opened, or was unplugged; list, monitor --count: there is none; doctor: it cannot be used" },
	{ EXIT_SILENT, "the card did not answer in time; info: what it says about itself is missing" },
	{ }
};

const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; commands[i]; i++) {
		if (strcmp(name, commands[i]->name) == 0)
			return commands[i];
	}
	return NULL;
}
