/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fake-root.h - a directory with the /dev, /sys, /proc and /etc of some machine
 */
#ifndef _SKELCTL_FAKE_ROOT_H
#define _SKELCTL_FAKE_ROOT_H

/*
 * Its path, for '@' of run.h, too. root_make() begins a new one; the one before is
 * removed, and the last one at the end of the program.
 */
extern char root[];
void root_make(void);

/* "/path" below it, until the next call; the directories above it are made */
char *root_path(const char *path);
/* A file with this content, and the directories above it */
void root_put(const char *path, const char *content);
/* A symbolic link */
void root_link(const char *path, const char *to);
/* With all that is below it */
void root_delete(const char *path);
void root_mode(const char *path, unsigned int mode);

#endif /* _SKELCTL_FAKE_ROOT_H */
