/* SPDX-License-Identifier: GPL-2.0 */
/*
 * spool.h - frames on their way to a file, which may be slow
 *
 * A thread writes them; commit() of the format follows once a second. When SPOOL_MAX bytes wait, spool_put() waits, too.
 */
#ifndef _SKEL_SPOOL_H
#define _SKEL_SPOOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format.h"

#define SPOOL_MAX	(64 << 20)

struct spool_piece;

struct spool {
	struct writer *writer;
	pthread_t thread;
	pthread_mutex_t lock;	/* of all below */
	pthread_cond_t more, less;
	struct spool_piece *first, **end;
	size_t bytes;
	bool closing;
	int error;		/* errno of the writer, 0 */
};

/* Return: 0, or -1 with errno. */
int spool_start(struct spool *spool, struct writer *writer);
/* Return: false: the writer has failed, nothing more will be written. */
bool spool_put(struct spool *spool, int64_t first, const int16_t *codes,
	       size_t count);
/* Write all of it, and close. Return: 0, or -1 with errno. */
int spool_finish(struct spool *spool);

#endif /* _SKEL_SPOOL_H */
