/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * internal.h - what the files of libskel share
 *
 * Locks, in the order in which they are taken:
 *
 *	skel_stream.acquiring	one thread at a time in skel_stream_acquire()
 *	skel_stream.acknowledging	the same in skel_stream_release()
 *	skel.sending		whoever writes a line
 *	skel.lock		everything else but the mappings; never held while waiting
 *	skel.mapping		the list of mappings
 */
#ifndef _LIBSKEL_INTERNAL_H
#define _LIBSKEL_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "libskel.h"

/* One mapping that the library made: a buffer, or a region of the card */
struct mapping {
	char *start;
	size_t length;
	uint64_t host_addr;		/* 0: this is a region */
};

/* A line that nobody has asked for yet */
struct line {
	struct line *next;
	uint64_t number;		/* counts lines from 0 */
	size_t length;			/* without the '\n' */
	char text[];			/* ends with NUL, may contain others */
};

/* Where in an answer a byte is (scan.c); zeroed at the start of a line */
struct scan {
	enum {
		SCAN_ITEM, SCAN_TEXT, SCAN_STRING, SCAN_HASH, SCAN_LENGTH,
		SCAN_DATA
	} state;
	unsigned int digits;		/* of the length that are still to come */
	size_t bytes;			/* of the data, as far as is known */
};

/* What has come from the card (inbox.c) */
struct inbox {
	struct line *first, *last;
	uint64_t count;			/* lines so far */
	char *bytes;			/* the start of the next line */
	size_t length;
	size_t room;
	size_t scanned;
	struct scan scan;
	bool reading;			/* a thread waits for more, for all */
	bool dead;			/* the card is gone, nothing more will come */
};

struct job;

struct skel {
	int fd;
	int wake;			/* eventfd: for the thread that reads for all */
	pid_t owner;			/* buffers are mapped in this process only */
	unsigned int transfers;		/* that the card can run at once */
	uint32_t caps;

	pthread_mutex_t sending;
	pthread_mutex_t lock;
	pthread_cond_t changed;		/* lines have come, or a wait has ended */
	struct inbox inbox;
	bool querying;			/* a thread waits for an answer */
	bool late;			/* an earlier answer may still come */
	uint64_t fences;
	struct job *jobs, **jobs_last;	/* submitted, in their order */
	unsigned int jobs_running;
	struct skel_stream *stream;

	pthread_mutex_t mapping;
	struct mapping *mappings;	/* sorted by start */
	size_t mapping_count;
	size_t mapping_room;
};

/*
 * error.c: set errno and the text of skel_errmsg(). Return: -error.
 * skel_explain() is for errors of the system: what failed, and what errno means.
 */
int skel_fail(int error, const char *format, ...) _SKEL_PRINTF(2, 3);
int skel_explain(int error, const char *format, ...) _SKEL_PRINTF(2, 3);
/* The text for one errno value */
const char *skel_meaning(int error);

/* device.c */
struct skel *skel_new(int fd);

/* scan.c: step over one byte of a line, at @at of it. Return: true: it is the end. */
bool skel_scan(struct scan *scan, char byte, size_t at);

/* inbox.c */

/* Deadlines are in ms of the monotonic clock; INT64_MAX: never */
int64_t skel_now(void);
int64_t skel_deadline(int timeout);

/*
 * Let a thread wait until something has come or changed. The caller holds
 * skel->lock, looks whether it has what it wants, and calls this again, until it
 * returns something else than 0.
 * @late: false at first
 * Return: 0, or -EINTR, -ENOMEM, -ENODEV, -ETIMEDOUT; without a text.
 */
int skel_await(struct skel *skel, int64_t deadline, bool *late);
/* Let all that wait look again; the caller holds skel->lock. */
void skel_wake(struct skel *skel);
/*
 * Wait for room for a line, and read what comes meanwhile; with @begun, also without
 * memory to read. Return: 0 or -errno.
 */
int skel_await_room(struct skel *skel, bool begun);

/* Whether skel_take_line() is to take this line */
typedef bool line_filter(struct skel *skel, const char *line, void *data);
/* Find a wanted line (NULL: any) from number *seen on. The caller holds the lock. */
struct line *skel_find_line(struct skel *skel, uint64_t *seen,
			    line_filter *wanted, void *data);
void skel_drop_line(struct skel *skel, struct line *line);
int skel_take_line(struct skel *skel, line_filter *wanted, void *data,
		   char *line, size_t size, int64_t deadline);
void skel_inbox_free(struct inbox *inbox);

/* line.c */

/* What follows the mark if the line is from the core, or an event; else NULL */
const char *skel_core_line(const char *line);
const char *skel_event_line(const char *line);
/* Write a whole line. The caller holds skel->sending. Return: 0, or -errno: nothing was written. */
int skel_write_line(struct skel *skel, const char *line, size_t length);

/*
 * Send @command and then ask @question, in one go, and take answers until one
 * begins with @prefix. Return: 0, or -errno with a text; EIO: an answer before it
 * began with ERROR.
 */
int skel_command_and_ask(struct skel *skel, const char *command,
			 const char *question, const char *prefix, char *reply,
			 size_t size, int timeout);

/* transfer.c */
/* skel_parse_transfer() without a text */
bool skel_parse_end(const char *line, struct skel_transfer *transfer);
bool skel_same_transfer(const struct skel_transfer *a,
			const struct skel_transfer *b);
int skel_format_transfer(char *line, size_t size,
			 const struct skel_transfer *transfer);

/* job.c: skel_submit(); @internal: skel_dispatch() does not report it */
int skel_job_add(struct skel *skel, struct skel_transfer *transfer,
		 skel_done_fn *done, void *data, bool internal);

/* the caller holds skel->lock, but not for skel_jobs_start() */

/* The core reports this end. Return: true: of a job. */
bool skel_job_ended(struct skel *skel, const struct skel_transfer *end);
void skel_jobs_gone(struct skel *skel);
bool skel_jobs_waiting(const struct skel *skel);	/* some could be started */
void skel_jobs_start(struct skel *skel);
struct job *skel_job_find(struct skel *skel,
			  const struct skel_transfer *transfer);
/* Report the end of a job to its owner. Return: false: it still runs. */
bool skel_job_take(struct skel *skel, struct job *job);
void skel_jobs_free(struct skel *skel);

/* stream.c; the caller holds skel->lock. Return: true: it was for the stream. */
bool skel_stream_line(struct skel_stream *stream, const char *line,
		      const struct skel_transfer *end);

/* buffer.c */
void skel_unmap_all(struct skel *skel);

#endif /* _LIBSKEL_INTERNAL_H */
