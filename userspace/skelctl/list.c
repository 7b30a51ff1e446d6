// SPDX-License-Identifier: GPL-2.0
/*
 * list.c - skelctl list: the cards of this machine, their users and mappings
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "json.h"
#include "quantity.h"
#include "skelctl.h"
#include "system.h"

struct listing {
	const char *root;
	struct system_card *card;
	struct system_user *user;
	size_t cards, users;
	bool hidden;
};

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static const char *user_name(const char *root, uid_t uid, char *name)
{
	return system_user_name(root, uid, name) ? name : "-";
}

static void show_users(const struct listing *list, unsigned int card)
{
	char name[SYSTEM_NAME_MAX], memory[QUANTITY_MAX], mapped[QUANTITY_MAX];
	bool first = true;
	size_t i;

	for (i = 0; i < list->users; i++) {
		const struct system_user *user = &list->user[i];

		if (user->card != card)
			continue;
		if (first)
			printf("       channel  user      program          pid  buffers      memory  running  mapped\n");
		first = false;
		printf("       %7u  %-8s  %-12s %7d  %7u  %10s  %7u  %s\n",
		       user->channel, user_name(list->root, user->uid, name),
		       or_dash(user->program), user->pid, user->buffers,
		       quantity_format(memory, QUANTITY_BYTE, user->memory, 4),
		       user->pending,
		       quantity_format(mapped, QUANTITY_BYTE, user->mapped, 4));
	}
}

static void show(const struct listing *list)
{
	size_t i;

	if (!list->cards)
		printf("no cards; skelctl doctor says why, and how to get a simulated one\n");
	for (i = 0; i < list->cards; i++) {
		const struct system_card *card = &list->card[i];

		if (!i)
			printf("card   device       model             place\n");
		printf("%-6u /dev/%-7s %-17s %s\n", card->number, card->name,
		       or_dash(card->model), or_dash(card->place));
		show_users(list, card->number);
	}
	if (list->hidden)
		printf("The channels of other users are not shown; root sees them: sudo skelctl list\n");
}

static void json_users(struct json *json, const struct listing *list,
		       unsigned int card)
{
	char name[SYSTEM_NAME_MAX];
	size_t i;

	json_open(json, "users", '[');
	for (i = 0; i < list->users; i++) {
		const struct system_user *user = &list->user[i];

		if (user->card != card)
			continue;
		json_open(json, NULL, '{');
		json_number(json, "channel", user->channel);
		json_number(json, "pid", user->pid);
		json_number(json, "fd", user->fd);
		json_number(json, "uid", user->uid);
		json_string(json, "user",
			    system_user_name(list->root, user->uid, name) ?
			    name : NULL);
		json_string(json, "program", user->program);
		json_number(json, "buffers", user->buffers);
		json_number(json, "buffer_bytes", user->memory);
		json_number(json, "pending", user->pending);
		json_number(json, "mappings", user->mappings);
		json_number(json, "mapped_bytes", user->mapped);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void show_json(const struct listing *list)
{
	struct json json = { .file = stdout };
	char device[64];
	size_t i;

	json_open(&json, NULL, '{');
	json_open(&json, "cards", '[');
	for (i = 0; i < list->cards; i++) {
		const struct system_card *card = &list->card[i];

		json_open(&json, NULL, '{');
		json_number(&json, "number", card->number);
		snprintf(device, sizeof(device), "/dev/%s", card->name);
		json_string(&json, "device", device);
		json_string(&json, "model", *card->model ? card->model : NULL);
		json_string(&json, "place", *card->place ? card->place : NULL);
		json_users(&json, list, card->number);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_bool(&json, "all_users_shown", !list->hidden);
	json_close(&json, '}');
}

enum {
	OPT_ROOT = OPTION_LONG,
};

static int list_main(int argc, char **argv)
{
	struct listing list = { .root = "" };
	bool json = false;
	int c;

	while ((c = command_option(&list_command, argc, argv)) != -1) {
		if (c == OPT_ROOT)
			list.root = optarg;
		else
			json = true;
	}
	no_arguments(&list_command, argc, argv);

	list.card = system_cards(list.root, &list.cards);
	list.user = system_users(list.root, &list.users, &list.hidden);
	if (json)
		show_json(&list);
	else
		show(&list);
	free(list.card);
	free(list.user);
	return list.cards ? EXIT_SUCCESS : EXIT_NO_CARD;
}

static const struct option_row options[] = {
	{ "json", 'j', NULL, NULL, "print JSON" },
	{ "root", OPT_ROOT, "DIR", "<file>",
	  "look at DIR/sys and DIR/proc, for example those of a container" },
	{ }
};

const struct command list_command = {
	.name = "list",
	.summary = "list the cards and who uses them",
	.text = "List the cards of this machine, and for each its open channels: user, program, buffers and their memory, running transfers, and how much of the card and its buffers the process has mapped. It opens no card. The exit status is 3 if there is no card.\n\n"
"Only root sees the channels of other users.",
	.options = options,
	.main = list_main,
};
