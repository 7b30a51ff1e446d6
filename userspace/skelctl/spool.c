// SPDX-License-Identifier: GPL-2.0
/*
 * spool.c - frames on their way to a file, which may be slow
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "spool.h"

#define COMMIT_S	1

struct spool_piece {
	struct spool_piece *next;
	int64_t first;
	size_t count, bytes;
	int16_t codes[];
};

/* The next piece, out of the list; NULL at the end or after a second */
static struct spool_piece *take(struct spool *spool,
				const struct timespec *until, bool *end)
{
	struct spool_piece *piece = NULL;
	int error = 0;

	pthread_mutex_lock(&spool->lock);
	while (!spool->first && !spool->closing && !error)
		error = pthread_cond_timedwait(&spool->more, &spool->lock,
					       until);
	*end = false;
	if (spool->first) {
		piece = spool->first;
		spool->first = piece->next;
		if (!spool->first)
			spool->end = &spool->first;
		spool->bytes -= piece->bytes;
		pthread_cond_signal(&spool->less);
	} else {
		*end = spool->closing;
	}
	pthread_mutex_unlock(&spool->lock);
	return piece;
}

static bool fail(struct spool *spool)
{
	pthread_mutex_lock(&spool->lock);
	if (!spool->error)
		spool->error = errno ? errno : EIO;
	pthread_cond_signal(&spool->less);
	pthread_mutex_unlock(&spool->lock);
	return true;
}

static void *write_pieces(void *data)
{
	struct spool *spool = data;
	struct timespec until, now;
	bool end = false, failed = false;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += COMMIT_S;
	while (!end) {
		struct spool_piece *piece = take(spool, &until, &end);

		if (piece && !failed &&
		    writer_put(spool->writer, piece->first, piece->codes,
			       piece->count))
			failed = fail(spool);
		free(piece);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec < until.tv_sec || (now.tv_sec == until.tv_sec &&
						  now.tv_nsec < until.tv_nsec))
			continue;
		if (!failed && writer_commit(spool->writer))
			failed = fail(spool);
		until = now;
		until.tv_sec += COMMIT_S;
	}
	return NULL;
}

int spool_start(struct spool *spool, struct writer *writer)
{
	pthread_condattr_t attr;
	sigset_t all, old;

	*spool = (struct spool){ .writer = writer };
	spool->end = &spool->first;
	pthread_mutex_init(&spool->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&spool->more, &attr);
	pthread_cond_init(&spool->less, &attr);
	pthread_condattr_destroy(&attr);
	/* signals are for the other thread */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	errno = pthread_create(&spool->thread, NULL, write_pieces, spool);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return errno ? -1 : 0;
}

bool spool_put(struct spool *spool, int64_t first, const int16_t *codes,
	       size_t count)
{
	size_t bytes = count * spool->writer->rec->inputs * sizeof(*codes);
	struct spool_piece *piece = malloc(sizeof(*piece) + bytes);
	bool ok;

	pthread_mutex_lock(&spool->lock);
	while (piece && spool->bytes > SPOOL_MAX && !spool->error)
		pthread_cond_wait(&spool->less, &spool->lock);
	ok = piece && !spool->error;
	/* what waits is written all the same */
	if (!piece && !spool->error)
		spool->error = ENOMEM;
	if (ok) {
		*piece = (struct spool_piece){
			.first = first, .count = count, .bytes = bytes,
		};
		memcpy(piece->codes, codes, bytes);
		*spool->end = piece;
		spool->end = &piece->next;
		spool->bytes += bytes;
		pthread_cond_signal(&spool->more);
	} else {
		free(piece);
	}
	pthread_mutex_unlock(&spool->lock);
	return ok;
}

int spool_finish(struct spool *spool)
{
	int error;

	pthread_mutex_lock(&spool->lock);
	spool->closing = true;
	pthread_cond_signal(&spool->more);
	pthread_mutex_unlock(&spool->lock);
	pthread_join(spool->thread, NULL);
	error = spool->error;
	if (writer_close(spool->writer) && !error)
		error = errno;
	pthread_cond_destroy(&spool->more);
	pthread_cond_destroy(&spool->less);
	pthread_mutex_destroy(&spool->lock);
	errno = error;
	return error ? -1 : 0;
}
