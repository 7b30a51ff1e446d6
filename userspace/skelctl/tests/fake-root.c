// SPDX-License-Identifier: GPL-2.0
/*
 * fake-root.c - a directory with the /dev, /sys, /proc and /etc of some machine
 */
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake-root.h"
#include "run.h"

#define PATTERN	"/tmp/skel-root-XXXXXX"

char root[] = PATTERN;

static pid_t maker;	/* children exit, too */

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	return remove(path);
}

static void remove_tree(const char *path)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS))
		abort();
}

static void remove_root(void)
{
	if (maker == getpid())
		remove_tree(root);
}

void root_make(void)
{
	if (!maker)
		atexit(remove_root);
	remove_root();
	strcpy(root, PATTERN);
	if (!mkdtemp(root))
		abort();
	maker = getpid();
	run_at = root;
}

char *root_path(const char *path)
{
	static char full[PATH_MAX];
	char *slash;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (slash = full + sizeof(PATTERN); (slash = strchr(slash, '/'));
	     slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	return full;
}

void root_put(const char *path, const char *content)
{
	FILE *file = fopen(root_path(path), "w");

	if (!file || fputs(content, file) < 0 || fclose(file))
		abort();
}

void root_link(const char *path, const char *to)
{
	if (symlink(to, root_path(path)))
		abort();
}

void root_delete(const char *path)
{
	remove_tree(root_path(path));
}

void root_mode(const char *path, unsigned int mode)
{
	if (chmod(root_path(path), mode))
		abort();
}
