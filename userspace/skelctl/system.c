// SPDX-License-Identifier: GPL-2.0
/*
 * system.c - the cards of a machine and their users, as /sys and /proc show them
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "skelctl.h"
#include "system.h"
#include "text.h"

static void make_path(char *path, const char *root, const char *format,
		      va_list args)
{
	int length = snprintf(path, PATH_MAX, "%s", root);

	if (length < PATH_MAX)
		vsnprintf(path + length, PATH_MAX - length, format, args);
}

static FILE *open_file(const char *root, const char *format, va_list args)
{
	char path[PATH_MAX];

	make_path(path, root, format, args);
	return fopen(path, "re");
}

FILE *system_open(const char *root, const char *format, ...)
{
	va_list args;
	FILE *file;

	va_start(args, format);
	file = open_file(root, format, args);
	va_end(args);
	return file;
}

void system_close(FILE **file)
{
	if (*file)
		fclose(*file);
}

bool system_line(const char *root, char *line, size_t size, const char *format,
		 ...)
{
	FILE *file CLOSED = NULL;
	va_list args;
	bool found;

	va_start(args, format);
	file = open_file(root, format, args);
	va_end(args);
	line[0] = '\0';
	found = file && fgets(line, size, file);
	line[strcspn(line, "\n")] = '\0';
	text_tame(line);
	return found;
}

bool system_has(const char *root, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	struct stat st;

	va_start(args, format);
	make_path(path, root, format, args);
	va_end(args);
	return lstat(path, &st) == 0;
}

/* A static program has no name services. */
bool system_user_name(const char *root, uid_t uid, char *name)
{
	FILE *file CLOSED = system_open(root, "/etc/passwd");
	const struct passwd *entry;

	while (file && (entry = fgetpwent(file))) {
		if (entry->pw_uid != uid)
			continue;
		snprintf(name, SYSTEM_NAME_MAX, "%s", entry->pw_name);
		return true;
	}
	return false;
}

/* "skelN": N, -1 for any other name such as "skel-ucard" */
static long card_number(const char *name)
{
	const char *digits = name + 4;

	if (strncmp(name, "skel", 4) != 0 || !*digits ||
	    digits[strspn(digits, "0123456789")] || strlen(digits) > 9)
		return -1;
	return atol(digits);
}

static void *grow(void *array, size_t count, size_t size)
{
	/* when it is full, twice as many: 0, 1, 2, 4, ... */
	if (count & (count - 1))
		return array;
	array = realloc(array, (count ? 2 * count : 1) * size);
	if (!array)
		err(EXIT_CARD, "no memory");
	return array;
}

static int compare_cards(const void *a, const void *b)
{
	const struct system_card *one = a, *other = b;

	return (one->number > other->number) - (one->number < other->number);
}

struct system_card *system_cards(const char *root, size_t *count)
{
	struct system_card *cards = NULL;
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	*count = 0;
	snprintf(path, sizeof(path), "%s/sys/class/misc", root);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		long number = card_number(entry->d_name);
		struct system_card *card;

		if (number < 0)
			continue;
		cards = grow(cards, *count, sizeof(*cards));
		card = &cards[(*count)++];
		card->number = number;
		snprintf(card->name, sizeof(card->name), "skel%ld", number);
		system_line(root, card->model, sizeof(card->model),
			    "/sys/class/misc/%s/model", card->name);
		system_line(root, card->place, sizeof(card->place),
			    "/sys/class/misc/%s/path", card->name);
	}
	if (dir)
		closedir(dir);
	if (*count)
		qsort(cards, *count, sizeof(*cards), compare_cards);
	return cards;
}

/* Channels */

struct users {
	const char *root;
	struct system_user *user;
	size_t count;
	bool hidden;
};

/* A line "<key>:\t<number> ..." of fdinfo */
static bool field(const char *line, const char *key, uint64_t *value)
{
	size_t length = strlen(key);

	if (strncmp(line, key, length) != 0 || line[length] != ':')
		return false;
	*value = strtoull(line + length + 1, NULL, 10);
	return true;
}

/* Return: whether the file is a channel and still open */
static bool read_fdinfo(const char *root, struct system_user *user)
{
	uint64_t channel = UINT64_MAX, buffers = 0, pending = 0, kb = 0;
	const struct {
		const char *key;
		uint64_t *value;
	} fields[] = {
		{ "skel-channel", &channel },
		{ "skel-buffers", &buffers },
		{ "skel-memory", &kb },
		{ "skel-pending", &pending },
		/* not of every kernel */
		{ "skel-granted", &user->granted },
		{ "skel-refused", &user->refused },
		{ "skel-failed", &user->failed },
		{ "skel-tohost", &user->bytes_tohost },
		{ "skel-fromhost", &user->bytes_fromhost },
		{ "skel-lost", &user->replies_lost },
	};
	FILE *file CLOSED = system_open(root, "/proc/%d/fdinfo/%d", user->pid,
					user->fd);
	char line[256];
	size_t i;

	while (file && fgets(line, sizeof(line), file)) {
		for (i = 0; i < ARRAY_SIZE(fields); i++) {
			if (field(line, fields[i].key, fields[i].value))
				user->counted |= fields[i].value == &user->granted;
		}
	}
	user->channel = channel;
	user->buffers = buffers;
	user->pending = pending;
	user->memory = kb * 1024;
	return channel != UINT64_MAX;
}

/* @device: as the process has opened it */
static void read_maps(const char *root, struct system_user *user,
		      const char *device)
{
	FILE *file CLOSED = system_open(root, "/proc/%d/maps", user->pid);
	char line[PATH_MAX];

	while (file && fgets(line, sizeof(line), file)) {
		unsigned long long start, end;
		char *slash = strchr(line, '/');

		line[strcspn(line, "\n")] = '\0';
		if (!slash || strcmp(slash, device) != 0 ||
		    sscanf(line, "%llx-%llx", &start, &end) != 2)
			continue;
		user->mappings++;
		user->mapped += end - start;
	}
}

static uid_t owner(const char *root, pid_t pid)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/proc/%d", root, pid);
	return stat(path, &st) ? (uid_t)-1 : st.st_uid;
}

static void add_user(struct users *users, pid_t pid, int fd, long card,
		     const char *device)
{
	struct system_user user = { .pid = pid, .fd = fd, .card = card };

	if (!read_fdinfo(users->root, &user))
		return;
	user.uid = owner(users->root, pid);
	system_line(users->root, user.program, sizeof(user.program),
		    "/proc/%d/comm", pid);
	read_maps(users->root, &user, device);
	users->user = grow(users->user, users->count, sizeof(user));
	users->user[users->count++] = user;
}

static void look_at_process(struct users *users, const char *pid)
{
	char path[PATH_MAX], link[PATH_MAX], *name;
	struct dirent *entry;
	ssize_t length;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/proc/%s/fd", users->root, pid);
	dir = opendir(path);
	if (!dir) {
		users->hidden |= errno == EACCES;
		return;
	}
	while ((entry = readdir(dir))) {
		length = readlinkat(dirfd(dir), entry->d_name, link,
				    sizeof(link) - 1);
		if (length <= 0)
			continue;
		link[length] = '\0';
		name = strrchr(link, '/');
		if (name && card_number(name + 1) >= 0)
			add_user(users, atoi(pid), atoi(entry->d_name),
				 card_number(name + 1), link);
	}
	closedir(dir);
}

static int compare_users(const void *a, const void *b)
{
	const struct system_user *one = a, *other = b;

	if (one->card != other->card)
		return one->card < other->card ? -1 : 1;
	if (one->channel != other->channel)
		return one->channel < other->channel ? -1 : 1;
	return one->pid - other->pid;
}

struct system_user *system_users(const char *root, size_t *count, bool *hidden)
{
	struct users users = { .root = root };
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/proc", root);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			look_at_process(&users, entry->d_name);
	}
	if (dir)
		closedir(dir);
	if (users.count)
		qsort(users.user, users.count, sizeof(*users.user),
		      compare_users);
	*count = users.count;
	*hidden = users.hidden;
	return users.user;
}

void system_look(struct system_view *view, const char *root, const char *only)
{
	size_t i, n = 0;

	*view = (struct system_view) { .root = root };
	view->card = system_cards(root, &view->cards);
	view->user = system_users(root, &view->users, &view->hidden);
	for (i = 0; i < view->cards; i++) {
		if (!only || strcmp(view->card[i].name, only) == 0)
			view->card[n++] = view->card[i];
	}
	view->cards = n;
}

void system_free(struct system_view *view)
{
	free(view->card);
	free(view->user);
}
