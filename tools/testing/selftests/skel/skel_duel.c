// SPDX-License-Identifier: GPL-2.0
/*
 * Two threads that meet: one frees a buffer at the moment that the other does
 * something else with it.
 */
#include <sched.h>
#include <time.h>

#include "skel_duel.h"

unsigned int skel_race_seconds(void)
{
	const char *value = getenv("SKEL_RACE_SECONDS");

	return value ? strtoul(value, NULL, 0) : 5;
}

unsigned int skel_race_seed(void)
{
	const char *value = getenv("SKEL_RACE_SEED");

	return value ? strtoul(value, NULL, 0) : (unsigned int)(time(NULL) ^ getpid());
}

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Wait in a loop where there is a CPU for it. */
static void wait_ns(__u64 ns)
{
	__u64 end = now_ns() + ns;

	if (sysconf(_SC_NPROCESSORS_ONLN) == 1)
		usleep(ns / 1000 + 1);
	while (now_ns() < end)
		;
}

static void *free_on_go(void *arg)
{
	struct sched_param param = { .sched_priority = 1 };
	struct duel *d = arg;
	unsigned long round = 1;

	pin(!d->one_cpu);
	/* With one CPU only, a timer must be able to interrupt the other. */
	if (sysconf(_SC_NPROCESSORS_ONLN) == 1 && !d->one_cpu)
		pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	for (;; round++) {
		while (__atomic_load_n(&d->go, __ATOMIC_ACQUIRE) < round) {
			if (__atomic_load_n(&d->stop, __ATOMIC_ACQUIRE))
				return NULL;
			if (sysconf(_SC_NPROCESSORS_ONLN) == 1)
				usleep(50);
		}
		if (!d->one_cpu)
			wait_ns(d->delay);
		d->free_begun = now_ns();
		d->rc = skel_free(d->fd, d->host);
		d->free_ended = now_ns();
		__atomic_store_n(&d->done, round, __ATOMIC_RELEASE);
	}
}

int duel_begin(struct duel *d)
{
	pin(0);
	d->deadline = skel_now_ms() + 1000 * skel_race_seconds();
	d->span = 10000000;
	return pthread_create(&d->thread, NULL, free_on_go, d);
}

void duel_end(struct duel *d)
{
	__atomic_store_n(&d->stop, true, __ATOMIC_RELEASE);
	pthread_join(d->thread, NULL);
	fprintf(stderr, "# %lu rounds, %lu met, an action takes %llu us\n",
		d->rounds, d->met, d->span / 1000);
}

/*
 * One round: act() here, FREE there, so much later that it meets any moment of
 * what act() does.
 */
void duel_fight(struct duel *d, void (*act)(struct duel *d))
{
	__u64 took;

	d->delay = d->span ? rand_r(&d->seed) % (d->span * 5 / 4) : 0;
	__atomic_store_n(&d->go, ++d->rounds, __ATOMIC_RELEASE);
	d->begun = now_ns();
	act(d);
	d->ended = now_ns();
	while (__atomic_load_n(&d->done, __ATOMIC_ACQUIRE) < d->rounds) {
		if (d->one_cpu)
			usleep(100);
		else
			sched_yield();
	}
	if (d->free_begun < d->ended && d->begun < d->free_ended)
		d->met++;
	/* What it takes when undisturbed, or a bit more */
	took = d->ended - d->begun;
	d->span = took < d->span ? took : d->span + d->span / 64;
}

bool duel_goes_on(const struct duel *d)
{
	return skel_now_ms() < d->deadline;
}

/* Which page of [start, start + length) can still be read? None: -1 */
long duel_survivor(struct duel *d, __u8 *start, size_t length)
{
	size_t pages = length / d->page;
	__u8 value;

	if (!start)
		return -1;
	for (int i = 0; i < 4; i++) {
		size_t n = i == 0 ? pages - 1 : i == 1 ? 0 :
			   rand_r(&d->seed) % pages;

		if (skel_peek(start + n * d->page, &value))
			continue;
		fprintf(stderr, "# round %lu: page %zu of %zu reads %#x after FREE\n",
			d->rounds, n, pages, value);
		return n;
	}
	return -1;
}
