// SPDX-License-Identifier: GPL-2.0
/*
 * list.c - skelctl list: the cards of this machine, their users and mappings
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "list.h"
#include "skelctl.h"
#include "text.h"

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

char *user_name(const char *root, uid_t uid, char *name)
{
	if (!system_user_name(root, uid, name))
		snprintf(name, SYSTEM_NAME_MAX, "%u", uid);
	return text_tame(name);
}

static void show_users(const struct system_view *view, unsigned int card)
{
	char name[SYSTEM_NAME_MAX], memory[TEXT_SIZE_MAX], mapped[TEXT_SIZE_MAX];
	bool first = true;
	size_t i;

	for (i = 0; i < view->users; i++) {
		const struct system_user *user = &view->user[i];

		if (user->card != card)
			continue;
		if (first)
			printf("       channel  user      program          pid  buffers      memory  running  mapped\n");
		first = false;
		printf("       %7u  %-8s  %-12s %7d  %7u  %10s  %7u  %s\n",
		       user->channel, user_name(view->root, user->uid, name),
		       or_dash(user->program), user->pid, user->buffers,
		       text_size(memory, user->memory), user->pending,
		       text_size(mapped, user->mapped));
	}
}

int no_cards(const struct system_view *view, bool quiet)
{
	const char *only = chosen_card();

	if (view->cards)
		return EXIT_SUCCESS;
	if (!quiet && only)
		printf("no card %s; skelctl doctor says why, skelctl list shows all\n",
		       only);
	else if (!quiet)
		printf("no cards; skelctl doctor says why, and how to get a simulated one\n");
	return EXIT_NO_CARD;
}

static void show(const struct system_view *view)
{
	size_t i;

	for (i = 0; i < view->cards; i++) {
		const struct system_card *card = &view->card[i];

		if (!i)
			printf("card   device       model             place\n");
		printf("%-6u /dev/%-7s %-17s %s\n", card->number, card->name,
		       or_dash(card->model), or_dash(card->place));
		show_users(view, card->number);
	}
	if (view->hidden && view->cards)
		printf("The channels of other users are not shown; root sees them: sudo skelctl list\n");
}

static void json_card(struct json *json, const struct system_card *card)
{
	char device[64];

	json_number(json, "number", card->number);
	snprintf(device, sizeof(device), "/dev/%s", card->name);
	json_string(json, "device", device);
	json_string(json, "model", *card->model ? card->model : NULL);
	json_string(json, "place", *card->place ? card->place : NULL);
}

static void json_user(struct json *json, const char *root,
		      const struct system_user *user)
{
	char name[SYSTEM_NAME_MAX];

	json_number(json, "channel", user->channel);
	json_number(json, "pid", user->pid);
	json_number(json, "fd", user->fd);
	json_number(json, "uid", user->uid);
	json_string(json, "user",
		    system_user_name(root, user->uid, name) ? name : NULL);
	json_string(json, "program", user->program);
	json_number(json, "buffers", user->buffers);
	json_number(json, "buffer_bytes", user->memory);
	json_number(json, "pending", user->pending);
	json_number(json, "mappings", user->mappings);
	json_number(json, "mapped_bytes", user->mapped);
}

void json_cards(struct json *json, const struct system_view *view,
		json_more *more, const void *data)
{
	size_t i, j;

	json_open(json, "cards", '[');
	for (i = 0; i < view->cards; i++) {
		json_open(json, NULL, '{');
		json_card(json, &view->card[i]);
		json_open(json, "users", '[');
		for (j = 0; j < view->users; j++) {
			if (view->user[j].card != view->card[i].number)
				continue;
			json_open(json, NULL, '{');
			json_user(json, view->root, &view->user[j]);
			if (more)
				more(json, &view->user[j], data);
			json_close(json, '}');
		}
		json_close(json, ']');
		json_close(json, '}');
	}
	json_close(json, ']');
	json_bool(json, "all_users_shown", !view->hidden);
	json_close(json, '}');
}

enum {
	OPT_ROOT = OPTION_LONG,
};

static int list_main(const struct command *command, int argc, char **argv)
{
	struct json facts = { .file = stdout };
	struct system_view view;
	const char *root = "";
	bool json = false;
	int c, status;

	while ((c = command_option(command, argc, argv)) != -1) {
		if (c == OPT_ROOT)
			root = optarg;
		else
			json = true;
	}
	system_look(&view, root, chosen_card());
	if (json) {
		json_open(&facts, NULL, '{');
		json_cards(&facts, &view, NULL, NULL);
	} else {
		show(&view);
	}
	status = no_cards(&view, json);
	system_free(&view);
	return status;
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
	.text = "List the cards of this machine, or the one of --device, and for each its open channels: user, program, buffers and their memory, running transfers, and how much of the card and its buffers the process has mapped. It opens no card. The exit status is 3 if there is no card.\n\n"
"Only root sees the channels of other users.",
	.options = options,
	.main = list_main,
};
