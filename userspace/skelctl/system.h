/* SPDX-License-Identifier: GPL-2.0 */
/*
 * system.h - the cards of a machine and their users, as /sys and /proc show them
 *
 * @root is a directory in front of /dev, /sys and /proc: "" on the machine itself;
 * another one is that of a test, or of a system that does not run.
 */
#ifndef _SKELCTL_SYSTEM_H
#define _SKELCTL_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* A card: /sys/class/misc/skelN */
struct system_card {
	unsigned int number;	/* N */
	char name[32];		/* "skelN" */
	char model[64];		/* "": not told, likewise the next */
	char place[128];	/* "pci-0000:03:00.0" */
};

/* A channel: an open file of a process */
struct system_user {
	pid_t pid;
	int fd;
	uid_t uid;
	unsigned int card;	/* its number */
	char program[32];
	unsigned int channel, buffers, pending;
	uint64_t memory;	/* of the buffers, in bytes */
	unsigned int mappings;	/* of the card in this process, by all its channels */
	uint64_t mapped;	/* their length, in bytes */

	/* since it was opened, as in struct skel_info; only if counted */
	bool counted;
	uint64_t granted, refused, failed, bytes_tohost, bytes_fromhost,
		 replies_lost;
};

/*
 * system_cards() - the cards, by their numbers
 * @count: set to how many there are
 *
 * Return: to be freed; NULL with count 0 if there are none. Exits without memory.
 */
struct system_card *system_cards(const char *root, size_t *count);

/*
 * system_users() - the open channels, by card and channel
 * @count: set to how many there are
 * @hidden: set to whether there are processes that may not be looked at
 *
 * Return: as of system_cards().
 */
struct system_user *system_users(const char *root, size_t *count, bool *hidden);

/* What there is at one time */
struct system_view {
	const char *root;
	struct system_card *card;
	struct system_user *user;
	size_t cards, users;
	bool hidden;
};

/* @only: the name of a card, to see no others; NULL. To be freed by system_free() */
void system_look(struct system_view *view, const char *root, const char *only);
void system_free(struct system_view *view);

/*
 * The first line of a file, without its newline; what would control a terminal is
 * replaced. Return: whether there is one.
 */
__attribute__((__format__(__printf__, 4, 5)))
bool system_line(const char *root, char *line, size_t size, const char *format,
		 ...);

/* Open a file for reading; NULL if that cannot be. "FILE *file CLOSED = ..." closes it. */
__attribute__((__format__(__printf__, 2, 3)))
FILE *system_open(const char *root, const char *format, ...);
void system_close(FILE **file);
#define CLOSED	__attribute__((__cleanup__(system_close)))

/* The name of a user, by the file passwd. Return: whether it is known. */
#define SYSTEM_NAME_MAX	64
bool system_user_name(const char *root, uid_t uid, char *name);

/* Is there such a file or directory? */
__attribute__((__format__(__printf__, 2, 3)))
bool system_has(const char *root, const char *format, ...);

#endif /* _SKELCTL_SYSTEM_H */
