// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * job.c - transfers that somebody has submitted, and will hear of
 *
 * All jobs are in one list, in the order in which they were submitted: those that
 * have ended and those that run or wait may be mixed. skel->lock protects it. A job
 * whose owner has abandoned it stays in the list until it ends, as its end must not
 * be taken for that of an equal transfer.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct job {
	struct job *next;
	enum { JOB_WAITS, JOB_RUNS, JOB_ENDED } state;
	struct skel_transfer transfer;	/* as submitted, and its end */
	struct skel_transfer *owner;	/* NULL: abandoned */
	skel_done_fn *done;
	void *data;
	bool internal;			/* of a stream: not for skel_dispatch() */
};

static void job_remove(struct skel *skel, struct job *job)
{
	struct job **at = &skel->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	if (!job->next)
		skel->jobs_last = at;
	free(job);
}

static void job_end(struct skel *skel, struct job *job,
		    enum skel_result result, const char *reason)
{
	if (job->state == JOB_RUNS)
		skel->jobs_running--;
	job->state = JOB_ENDED;
	job->transfer.result = result;
	snprintf(job->transfer.reason, sizeof(job->transfer.reason), "%s",
		 reason);
	if (!job->owner)
		job_remove(skel, job);
}

bool skel_job_ended(struct skel *skel, const struct skel_transfer *end)
{
	struct job *job;

	for (job = skel->jobs; job; job = job->next) {
		if (job->state == JOB_RUNS &&
		    skel_same_transfer(&job->transfer, end)) {
			job_end(skel, job, end->result, end->reason);
			return true;
		}
	}
	return false;
}

void skel_jobs_gone(struct skel *skel)
{
	struct job *job, *next;

	for (job = skel->jobs; job; job = next) {
		next = job->next;
		if (job->state != JOB_ENDED)
			job_end(skel, job, SKEL_FAILED, "gone");
	}
}

static struct job *next_to_start(const struct skel *skel)
{
	struct job *job = skel->jobs;

	if (skel->jobs_running >= skel->transfers || skel->inbox.dead)
		return NULL;
	while (job && job->state != JOB_WAITS)
		job = job->next;
	return job;
}

bool skel_jobs_waiting(const struct skel *skel)
{
	return next_to_start(skel);
}

/* It was not sent: it waits again, unless the card is gone, which ends it. */
static void put_back(struct skel *skel, const struct job *job)
{
	struct job *at;

	pthread_mutex_lock(&skel->lock);
	for (at = skel->jobs; at && at != job; at = at->next)
		;
	if (at && at->state == JOB_RUNS) {
		at->state = JOB_WAITS;
		skel->jobs_running--;
		if (!at->owner)
			job_remove(skel, at);
	}
	pthread_mutex_unlock(&skel->lock);
}

/*
 * Start one job if there is one. The caller holds skel->sending, so nobody else does.
 * Return: false: a line cannot be sent now.
 */
static bool start_one(struct skel *skel)
{
	struct pollfd pfd = { .fd = skel->fd, .events = POLLOUT };
	char line[SKEL_LINE_MAX];
	struct job *job;
	int length = 0;

	/* then a line fits in whole, and this does not wait */
	if (poll(&pfd, 1, 0) != 1 || !(pfd.revents & POLLOUT))
		return false;
	pthread_mutex_lock(&skel->lock);
	job = next_to_start(skel);
	if (job) {
		/* before it is written: its end may come at once */
		job->state = JOB_RUNS;
		skel->jobs_running++;
		length = skel_format_transfer(line, sizeof(line),
					      &job->transfer);
	}
	pthread_mutex_unlock(&skel->lock);
	if (!job || !skel_write_line(skel, line, length))
		return true;
	put_back(skel, job);
	return false;
}

void skel_jobs_start(struct skel *skel)
{
	bool more = true;

	while (more) {
		pthread_mutex_lock(&skel->lock);
		more = skel_jobs_waiting(skel);
		pthread_mutex_unlock(&skel->lock);
		/* a thread that is sending comes here when it has sent its line */
		if (!more || pthread_mutex_trylock(&skel->sending))
			return;
		more = start_one(skel);
		pthread_mutex_unlock(&skel->sending);
	}
}

struct job *skel_job_find(struct skel *skel,
			  const struct skel_transfer *transfer)
{
	struct job *job = skel->jobs;

	while (job && job->owner != transfer)
		job = job->next;
	return job;
}

static void tell_owner(const struct job *job)
{
	job->owner->result = job->transfer.result;
	memcpy(job->owner->reason, job->transfer.reason,
	       sizeof(job->transfer.reason));
}

bool skel_job_take(struct skel *skel, struct job *job)
{
	if (job->state != JOB_ENDED)
		return false;
	tell_owner(job);
	job_remove(skel, job);
	/* another thread may wait for the same one, or for all */
	skel_wake(skel);
	return true;
}

static struct job *first_ended(const struct skel *skel)
{
	struct job *job = skel->jobs;

	while (job && (job->state != JOB_ENDED || job->internal))
		job = job->next;
	return job;
}

static bool any_owned(const struct skel *skel)
{
	struct job *job = skel->jobs;

	while (job && (!job->owner || job->internal))
		job = job->next;
	return job;
}

void skel_jobs_free(struct skel *skel)
{
	while (skel->jobs)
		job_remove(skel, skel->jobs);
}

static int submit(struct skel *skel, struct job *job)
{
	int ret = 0;

	pthread_mutex_lock(&skel->lock);
	if (skel->inbox.dead) {
		ret = -ENODEV;
	} else if (skel_job_find(skel, job->owner)) {
		ret = -EINVAL;
	} else {
		*skel->jobs_last = job;
		skel->jobs_last = &job->next;
		/* from now on, another thread may report its end */
		job->owner->result = SKEL_PENDING;
		job->owner->reason[0] = '\0';
	}
	pthread_mutex_unlock(&skel->lock);
	return ret;
}

int skel_job_add(struct skel *skel, struct skel_transfer *transfer,
		 skel_done_fn *done, void *data, bool internal)
{
	struct job *job;
	int ret;

	if (transfer->direction != SKEL_TOHOST &&
	    transfer->direction != SKEL_FROMHOST)
		return skel_fail(EINVAL, "a transfer needs direction SKEL_TOHOST or SKEL_FROMHOST");
	job = calloc(1, sizeof(*job));
	if (!job)
		return skel_fail(ENOMEM, "no memory for a transfer");
	job->transfer = *transfer;
	job->owner = transfer;
	job->done = done;
	job->data = data;
	job->internal = internal;
	ret = submit(skel, job);
	if (ret) {
		free(job);
		if (ret == -EINVAL)
			return skel_fail(EINVAL, "the transfer is submitted already: wait for its end");
		return skel_explain(-ret, "the transfer is not started");
	}
	skel_jobs_start(skel);
	return 0;
}

int skel_submit(struct skel *skel, struct skel_transfer *transfer,
		skel_done_fn *done, void *data)
{
	return skel_job_add(skel, transfer, done, data, false);
}

/* Report all that have ended. The caller holds the lock, which is left for @done. */
static int report(struct skel *skel)
{
	struct job *job;
	int count = 0;

	while ((job = first_ended(skel))) {
		struct skel_transfer *transfer = job->owner;
		skel_done_fn *done = job->done;
		void *data = job->data;

		skel_job_take(skel, job);
		count++;
		if (!done)
			continue;
		pthread_mutex_unlock(&skel->lock);
		done(skel, transfer, data);
		pthread_mutex_lock(&skel->lock);
	}
	return count;
}

int skel_dispatch(struct skel *skel, int timeout)
{
	int64_t deadline = skel_deadline(timeout);
	bool late = false;
	int ret, count = 0;

	pthread_mutex_lock(&skel->lock);
	for (;;) {
		count = report(skel);
		if (count || !any_owned(skel)) {
			ret = count;
			break;
		}
		ret = skel_await(skel, deadline, &late);
		if (ret)
			break;
	}
	pthread_mutex_unlock(&skel->lock);
	return ret < 0 ? skel_explain(-ret, "no transfer has ended") : ret;
}

int skel_abandon(struct skel *skel, struct skel_transfer *transfer)
{
	struct job *job;

	pthread_mutex_lock(&skel->lock);
	job = skel_job_find(skel, transfer);
	if (job && job->state != JOB_RUNS)
		job_remove(skel, job);
	else if (job)
		job->owner = NULL;
	skel_wake(skel);
	pthread_mutex_unlock(&skel->lock);
	if (!job)
		return skel_fail(ENOENT, "the transfer is not submitted, or its end was reported");
	transfer->result = SKEL_PENDING;
	transfer->reason[0] = '\0';
	return 0;
}
