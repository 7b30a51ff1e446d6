/* SPDX-License-Identifier: GPL-2.0 */
/*
 * list.h - cards and channels as JSON
 */
#ifndef _SKELCTL_LIST_H
#define _SKELCTL_LIST_H

#include "json.h"
#include "system.h"

/* Members of a channel that a command adds */
typedef void json_more(struct json *json, const struct system_user *user,
		       const void *data);

/* All cards and channels, the last members of an object, which is closed. */
void json_cards(struct json *json, const struct system_view *view,
		json_more *more, const void *data);

/* A user's name, else the number. Return: @name, SYSTEM_NAME_MAX bytes. */
char *user_name(const char *root, uid_t uid, char *name);

/* Print that there is no card, if so. Return: exit status. */
int no_cards(const struct system_view *view, bool quiet);

#endif /* _SKELCTL_LIST_H */
