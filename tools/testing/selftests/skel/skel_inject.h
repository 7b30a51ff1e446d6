/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failures of the kernel on demand: the nth allocation or copy from or to user
 * memory of the calling thread fails
 */
#ifndef SKEL_INJECT_H
#define SKEL_INJECT_H

#include <stdbool.h>

/* A file for the functions below; -ENOENT: not in this kernel, or not for us */
int skel_inject_open(void);
/* From here on the nth possible failure of this thread happens. */
void skel_inject_start(int file, unsigned int nth);
/* True if it has happened */
bool skel_inject_stop(int file);

#endif /* SKEL_INJECT_H */
