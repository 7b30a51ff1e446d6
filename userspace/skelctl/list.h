/* SPDX-License-Identifier: GPL-2.0 */
/*
 * list.h - cards and channels as JSON
 */
#ifndef _SKELCTL_LIST_H
#define _SKELCTL_LIST_H

#include "json.h"
#include "system.h"

/* What is known of a card, and of a channel: members of an object that is open */
void json_card(struct json *json, const struct system_card *card);
void json_user(struct json *json, const char *root,
	       const struct system_user *user);

/* A user's name, else the number. Return: @name, SYSTEM_NAME_MAX bytes. */
char *user_name(const char *root, uid_t uid, char *name);

/* Print that there is no card, if so. Return: exit status. */
int no_cards(const struct system_view *view, bool quiet);

#endif /* _SKELCTL_LIST_H */
