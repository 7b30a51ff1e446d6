// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that use one channel at the same time
 *
 * race: FREE against one other thing, aimed at the moment that hurts, such as an
 * mmap() that found the buffer alive and has yet to fill in page tables when FREE
 * gives the pages away. Whatever the order, once FREE has returned 0 no access
 * through any mapping may succeed.
 *
 * stress: buffers come and go while threads map, touch, split, move and fork
 * them, at random. Meanwhile spies, processes that have nothing to do with it, fill
 * buffers of their own and ordinary memory with their own pattern.
 *  - An access that begins after FREE has returned must raise SIGBUS.
 *  - A live buffer holds zeroes or the mark of this process, nothing else: not
 *    the mark of a spy, not the poison of a free page (page_poison=1).
 *  - A spy finds nothing but its own mark.
 *
 * pairs: two threads do two things with one channel, each pair of things for a
 * moment. Neither may see an errno that has no business there, and after each pair
 * the channel holds exactly what is known to be in it.
 *
 * turns: programs command a card, each in a channel of its own, while others come,
 * close in the middle, and are killed; a card that is played is unplugged in the
 * middle, too. Commands of a channel are answered in order, each once, and no channel
 * waits while others go ahead.
 *
 * In the environment, SKEL_RACE_SECONDS is how long each race and the stress go on
 * (default 5, better 15), SKEL_PAIR_MS how long a pair takes (default 60),
 * SKEL_RACE_MIB how large the buffers are (default as is quick, up to 4; above 64
 * they are mapped by entries of 2 MiB), and SKEL_RACE_SEED repeats a run as far as
 * that is possible.
 */
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#include "../kselftest_harness.h"
#include "skel_ucard_util.h"
#include "skel_util.h"

#define TIMEOUT		3600
#define NOWHERE		(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)
#define MARK		0x5c

static unsigned int race_seconds(void)
{
	return skel_env("SKEL_RACE_SECONDS", 5);
}

/* Long page tables take long to fill, that is: a wide window */
static size_t large(int fd)
{
	size_t mib = skel_env("SKEL_RACE_MIB", 0);

	return mib ? SKEL_MIB(mib) : skel_quick_length(fd, SKEL_MIB(4));
}

/* Addresses that are not used by anything else; again where they were, if given */
static void *reserve(void *at, size_t length)
{
	void *map = mmap(at, length, PROT_NONE, NOWHERE | (at ? MAP_FIXED : 0), -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

/* Two threads that meet: one frees a buffer, the other one does something else. */
struct duel {
	int fd;
	size_t page;
	size_t length;		/* of the buffer */
	__u64 host;
	__u8 *before;		/* where it is mapped in the beginning, if at all */
	__u8 *map;		/* where it is in the end */
	__u8 *target;		/* reserved addresses to move it to */
	__u8 *copy;		/* ordinary memory */
	bool one_cpu;		/* for both threads */
	unsigned int seed;
	unsigned long busy, refused, finished, same;

	/* of the last round */
	int rc;			/* of FREE */
	__s64 result;		/* of the other action */
	__u64 delay;		/* of FREE, in ns */
	__u64 begun, ended;
	__u64 free_begun, free_ended;

	__u64 span;		/* how long the other action takes, in ns */
	__u64 deadline;		/* in ms */
	unsigned long rounds;
	unsigned long met;	/* rounds in which both ran at the same time */

	pthread_t thread;
	unsigned long go;	/* number of the round */
	unsigned long done;
	bool stop;
};

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static bool alone(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) == 1;
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

	if (alone())
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
	if (alone() && !d->one_cpu)
		pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	for (;; round++) {
		while (__atomic_load_n(&d->go, __ATOMIC_ACQUIRE) < round) {
			if (__atomic_load_n(&d->stop, __ATOMIC_ACQUIRE))
				return NULL;
			if (alone())
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

/*
 * One round: act() here, FREE there, so much later that it meets any moment of
 * what act() does.
 */
static void duel_fight(struct duel *d, void (*act)(struct duel *d))
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

static bool holds(struct duel *d, bool good, const char *what)
{
	if (!good)
		fprintf(stderr, "# round %lu: not %s (FREE: %d, the other: %lld)\n", d->rounds,
			what, d->rc, (long long)d->result);
	return good;
}

#define CHECK(d, condition)	holds(d, condition, #condition)

/* No page of this mapping can be read any more. */
static bool gone(struct duel *d, __u8 *start)
{
	size_t pages = d->length / d->page;
	__u8 value;

	for (int i = 0; start && i < 4; i++) {
		size_t n = i == 0 ? pages - 1 : i == 1 ? 0 : rand_r(&d->seed) % pages;

		if (skel_peek(start + n * d->page, &value))
			continue;
		fprintf(stderr, "# round %lu: page %zu of %zu reads %#x after FREE\n",
			d->rounds, n, pages, value);
		return false;
	}
	return true;
}

FIXTURE(race)
{
	struct duel duel;
};

FIXTURE_VARIANT(race)
{
	size_t pages;		/* of the buffer; 0: as many as are quick */
	bool mapped;		/* before the fight */
	bool one_cpu;
	void (*act)(struct duel *d);
	/* Is all as it should be? Undoes what act() did. */
	bool (*good)(struct duel *d);
};

FIXTURE_SETUP(race)
{
	struct duel *d = &self->duel;

	SKEL_OPEN_OR_SKIP(d->fd, O_RDWR);
	d->page = skel_page();
	d->length = variant->pages ? variant->pages * d->page : large(d->fd);
	d->seed = skel_seed();
	d->one_cpu = variant->one_cpu;
	d->target = reserve(NULL, d->length);
	ASSERT_NE(NULL, d->target);
	d->copy = malloc(d->length);
	ASSERT_NE(NULL, d->copy);
	TH_LOG("SKEL_RACE_SEED=%u, buffers of %zu KiB", d->seed, d->length / 1024);
	pin(0);
	d->span = 10000000;
	d->deadline = skel_now_ms() + 1000 * race_seconds();
	ASSERT_EQ(0, pthread_create(&d->thread, NULL, free_on_go, d));
}

FIXTURE_TEARDOWN(race)
{
	close(self->duel.fd);
}

/* THE race */
static void act_mmap(struct duel *d)
{
	d->map = skel_map(d->fd, d->host, d->length);
}

/* Of all that ends with a mapping, or none, of a buffer that is free */
static bool good_mapping(struct duel *d)
{
	return CHECK(d, d->rc == 0) && gone(d, d->map) &&
	       CHECK(d, !d->map || !munmap(d->map, d->length));
}

FIXTURE_VARIANT_ADD(race, mmap) { .act = act_mmap, .good = good_mapping };

/* Several mappings in a row: FREE falls between, before, or into one. */
static void act_mmap_parts(struct duel *d)
{
	size_t quarter = d->length / 4;

	for (size_t at = 0; at < d->length; at += quarter) {
		if (mmap(d->target + at, quarter, SKEL_RW, MAP_SHARED | MAP_FIXED, d->fd,
			 d->host + at) == MAP_FAILED)
			break;
	}
}

static bool good_target(struct duel *d)
{
	return CHECK(d, d->rc == 0) && gone(d, d->target) &&
	       CHECK(d, reserve(d->target, d->length) == d->target);
}

FIXTURE_VARIANT_ADD(race, mmap_of_parts) { .act = act_mmap_parts, .good = good_target };

static void act_mremap(struct duel *d)
{
	d->map = mremap(d->before, d->length, d->length, MREMAP_MAYMOVE | MREMAP_FIXED,
			d->target);
}

static bool good_mremap(struct duel *d)
{
	return CHECK(d, d->map == d->target) && gone(d, d->before) && good_target(d);
}

FIXTURE_VARIANT_ADD(race, mremap) { .mapped = true, .act = act_mremap, .good = good_mremap };

static void act_split(struct duel *d)
{
	size_t page = d->page;

	mprotect(d->map, d->length / 2, PROT_READ);
	munmap(d->map + d->length / 4, page);
	mprotect(d->map + 2 * page, page, PROT_NONE);
	munmap(d->map + d->length - 2 * page, page);
	mprotect(d->map, d->length / 4, SKEL_RW);
}

FIXTURE_VARIANT_ADD(race, split) { .mapped = true, .act = act_split, .good = good_mapping };

static void act_fork(struct duel *d)
{
	pid_t pid = fork();

	if (!pid)
		_exit(skel_touch(d->map) != SIGSEGV ||
		      skel_touch(d->map + d->length - 1) != SIGSEGV);
	d->result = skel_wait(pid);
}

static bool good_fork(struct duel *d)
{
	return CHECK(d, d->result == 0) && good_mapping(d);
}

FIXTURE_VARIANT_ADD(race, fork) { .mapped = true, .act = act_fork, .good = good_fork };

/* A debugger copies while FREE runs: it gets the buffer's bytes or nothing. */
static void act_debugger(struct duel *d)
{
	memset(d->copy, 0, d->length);
	d->result = skel_self_mem(d->map, d->copy, d->length, false);
}

static bool good_debugger(struct duel *d)
{
	const __s64 got = d->result;

	return CHECK(d, got == -EIO || (got >= 0 && got <= (__s64)d->length)) &&
	       CHECK(d, got < 0 || skel_all(d->copy, got, MARK)) &&
	       CHECK(d, skel_self_mem(d->map, d->copy, 1, false) == -EIO) &&
	       good_mapping(d);
}

FIXTURE_VARIANT_ADD(race, debugger) {
	.pages = 16, .mapped = true, .act = act_debugger, .good = good_debugger
};

/* The card asks while FREE runs: one of the two is refused. */
static void act_transfer(struct duel *d)
{
	skel_send(d->fd, "FROMHOST 0 0x1000 %#llx", d->host);
	skel_send(d->fd, "TOHOST 0 0x1000 %#llx", d->host);
}

static bool good_transfer(struct duel *d)
{
	__u64 next;

	/* Likely to get the same pages */
	d->map = skel_buffer(d->fd, SKEL_BOTH, d->length, &next);
	if (!CHECK(d, d->map))
		return false;
	memset(d->map, MARK, d->length);
	for (int i = 0; i < 2; i++) {
		const char *line = skel_core(skel_line(d->fd));

		d->refused += !strncmp(line, "REFUSED ", 8);
		d->finished += !strncmp(line, "DONE ", 5);
	}
	d->busy += d->rc == -EBUSY;
	return CHECK(d, 2 * d->rounds == d->refused + d->finished) &&
	       CHECK(d, skel_all(d->map, d->length, MARK)) &&
	       CHECK(d, d->rc == 0 || d->rc == -EBUSY) &&
	       CHECK(d, !d->rc || !skel_free(d->fd, d->host)) &&
	       CHECK(d, !munmap(d->map, d->length)) &&
	       CHECK(d, !skel_free(d->fd, next));
}

FIXTURE_VARIANT_ADD(race, transfer) { .pages = 1, .act = act_transfer, .good = good_transfer };

/* Two threads free the same buffer: one of them does it. */
static void act_free(struct duel *d)
{
	d->result = skel_free(d->fd, d->host);
}

static bool good_free(struct duel *d)
{
	return CHECK(d, (d->rc == 0 && d->result == -ENOENT) ||
			(d->rc == -ENOENT && d->result == 0)) &&
	       gone(d, d->map) && CHECK(d, !munmap(d->map, d->length));
}

FIXTURE_VARIANT_ADD(race, free) {
	.pages = 16, .mapped = true, .act = act_free, .good = good_free
};

/*
 * A new buffer appears while an old one is being freed. If it gets the same
 * number, the end of the old one must not touch it: it stays mapped. Here a
 * timer wakes the thread that allocates, and it gets the CPU at once wherever
 * FREE is; what is left of FREE comes afterwards.
 */
static void act_alloc(struct duel *d)
{
	__u64 host;

	usleep(d->delay / 1000);
	d->result = 0;
	if (skel_alloc(d->fd, SKEL_BOTH, d->length, &host))
		return;
	d->map = skel_map(d->fd, host, d->length);
	if (d->map)
		d->map[0] = MARK;
	d->result = host;
}

static bool good_alloc(struct duel *d)
{
	__u8 value = 0;

	/* How long FREE takes is what counts here. */
	d->span = (7 * d->span + d->free_ended - d->free_begun) / 8;
	d->same += d->result == (__s64)d->host;
	return CHECK(d, d->rc == 0) && CHECK(d, d->result) && CHECK(d, d->map) &&
	       /* The new buffer was not revoked with the old one. */
	       CHECK(d, skel_peek(d->map, &value) == 0) && CHECK(d, value == MARK) &&
	       gone(d, d->before) &&
	       CHECK(d, !munmap(d->before, d->length)) &&
	       CHECK(d, !munmap(d->map, d->length)) &&
	       CHECK(d, !skel_free(d->fd, d->result));
}

FIXTURE_VARIANT_ADD(race, alloc) {
	.pages = 1, .mapped = true, .one_cpu = true, .act = act_alloc, .good = good_alloc
};

TEST_F_TIMEOUT(race, against_free, TIMEOUT)
{
	struct sched_param param = { .sched_priority = 1 };
	struct duel *d = &self->duel;
	struct skel_info info;

	if (d->one_cpu && sched_setscheduler(0, SCHED_FIFO, &param))
		SKIP(return, "no real-time priority");
	while (skel_now_ms() < d->deadline) {
		ASSERT_EQ(0, skel_alloc(d->fd, SKEL_BOTH, d->length, &d->host));
		d->map = NULL;
		if (variant->mapped) {
			d->before = skel_map(d->fd, d->host, d->length);
			ASSERT_NE(NULL, d->before);
			memset(d->before, MARK, d->length);
			d->map = d->before;
		}
		duel_fight(d, variant->act);
		ASSERT_TRUE(variant->good(d));
	}
	__atomic_store_n(&d->stop, true, __ATOMIC_RELEASE);
	pthread_join(d->thread, NULL);
	TH_LOG("%lu rounds, %lu met, an action takes %llu us", d->rounds, d->met, d->span / 1000);
	TH_LOG("%lu transfers, %lu refused, FREE %lu times EBUSY, %lu times the same number",
	       d->finished, d->refused, d->busy, d->same);
	ASSERT_EQ(0, skel_info(d->fd, &info));
	EXPECT_EQ(d->finished, info.granted);
	EXPECT_EQ(d->refused, info.refused);
	EXPECT_EQ(0, info.buffers);
	EXPECT_EQ(0, info.buffer_bytes);
}

/* Everything at random */

#define OURS		0x0123456789abcdefULL
#define SPYS		0x5e5e5e5e5e5e5e5eULL

#define SLOTS		6	/* buffers that are alive at a time, at most */
#define FREERS		2
#define MAPPERS		3
#define SPIES		2
#define GENERATIONS	0x100000

/*
 * One buffer from ALLOC to FREE. Entries are never used again, so that a
 * thread that is late looks at the past and not at another buffer.
 */
struct generation {
	__u64 host;
	__u32 length;
	__u32 freed;	/* FREE has returned 0 */
};

/* What went on, also in the spies: shared memory */
struct tally {
	unsigned long allocs, frees, maps, touches, gone, late, forks, checks;
	unsigned long wrong;
	char what[160];
};

struct stress {
	int fd;
	size_t page;
	size_t large;
	unsigned int seed;
	__u64 deadline;
	struct generation *generations;
	__u32 last;
	__u32 slots[SLOTS];		/* number of the generation, 0: empty */
	unsigned long steps[FREERS];
	struct tally *tally;
	pid_t spies[SPIES];
};

FIXTURE(stress)
{
	struct stress stress;
};

/*
 * Each thread maps in an arena of its own, at fixed places: a hole that it
 * makes must not be filled by a mapping of another thread.
 */
struct actor {
	struct stress *stress;
	void (*role)(struct actor *actor);
	int number;
	unsigned int seed;
	__u8 *arena;
};

/* For a mapping, for one that was moved, and for a moved page */
static size_t arena_length(const struct stress *s)
{
	return 3 * s->large;
}

static __u8 *moved_page(const struct actor *actor)
{
	return actor->arena + 2 * actor->stress->large;
}

FIXTURE_SETUP(stress)
{
	struct stress *s = &self->stress;

	SKEL_OPEN_OR_SKIP(s->fd, O_RDWR);
	s->page = skel_page();
	s->seed = skel_seed();
	s->generations = mmap(NULL, GENERATIONS * sizeof(struct generation), SKEL_RW, NOWHERE,
			      -1, 0);
	ASSERT_NE(MAP_FAILED, s->generations);
	s->tally = mmap(NULL, sizeof(*s->tally), SKEL_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, s->tally);
	s->large = large(s->fd);
	TH_LOG("SKEL_RACE_SEED=%u, buffers of %zu KiB", s->seed, s->large / 1024);
}

FIXTURE_TEARDOWN(stress)
{
	close(self->stress.fd);
}

static void count(unsigned long *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

/* The first thing that went wrong is reported, all are counted. */
__printf(2, 3)
static void wrong(struct tally *tally, const char *format, ...)
{
	va_list ap;

	if (__atomic_fetch_add(&tally->wrong, 1, __ATOMIC_RELAXED))
		return;
	va_start(ap, format);
	vsnprintf(tally->what, sizeof(tally->what), format, ap);
	va_end(ap);
}

static bool stopped(struct stress *s)
{
	return skel_now_ms() >= s->deadline ||
	       __atomic_load_n(&s->tally->wrong, __ATOMIC_RELAXED);
}

/* Allocate into an empty slot, free what is in a full one. */
static void freer(struct actor *actor)
{
	struct stress *s = actor->stress;
	const size_t lengths[] = { s->large, s->large, s->large / 2, s->page };

	while (!stopped(s)) {
		unsigned int n = rand_r(&actor->seed);
		__u32 *slot = &s->slots[n % SLOTS];
		__u32 old = __atomic_exchange_n(slot, 0, __ATOMIC_ACQ_REL), fresh;
		struct generation *g = &s->generations[old];

		if (old) {
			int rc = skel_free(s->fd, g->host);

			if (rc)
				wrong(s->tally, "FREE: %d", rc);
			__atomic_store_n(&g->freed, 1, __ATOMIC_RELEASE);
			count(&s->tally->frees);
		}
		fresh = __atomic_add_fetch(&s->last, 1, __ATOMIC_RELAXED);
		if (fresh >= GENERATIONS)
			break;
		g = &s->generations[fresh];
		g->length = lengths[n / SLOTS % ARRAY_SIZE(lengths)];
		if (skel_alloc(s->fd, SKEL_BOTH, g->length, &g->host)) {
			__atomic_store_n(&g->freed, 1, __ATOMIC_RELEASE);
		} else {
			count(&s->tally->allocs);
			/* The other freer may have filled it: free both later. */
			while ((old = __atomic_exchange_n(slot, fresh, __ATOMIC_ACQ_REL))) {
				fresh = old;
				slot = &s->slots[rand_r(&actor->seed) % SLOTS];
				if (!stopped(s))
					continue;
				skel_free(s->fd, s->generations[fresh].host);
				break;
			}
		}
		count(&s->steps[actor->number]);
	}
}

/*
 * Has the host address of this generation been handed out again? Then what is
 * behind it now is none of its business. Wait until each freer has finished
 * what it is doing, so that its generation is on record. In doubt, yes.
 */
static bool reused(struct stress *s, struct generation *g)
{
	unsigned long steps[FREERS];
	struct generation *other;

	for (int i = 0; i < FREERS; i++)
		steps[i] = __atomic_load_n(&s->steps[i], __ATOMIC_ACQUIRE);
	for (int i = 0; i < FREERS; i++) {
		while (__atomic_load_n(&s->steps[i], __ATOMIC_ACQUIRE) - steps[i] < 2) {
			if (stopped(s))
				return true;
			usleep(100);
		}
	}
	/* A freer may take a generation some time before it allocates. */
	other = g - s->generations > FREERS ? g - FREERS : s->generations + 1;
	for (; other <= s->generations + __atomic_load_n(&s->last, __ATOMIC_ACQUIRE); other++) {
		if (other != g && other->host < g->host + g->length &&
		    g->host < other->host + other->length)
			return true;
	}
	return false;
}

struct word {
	__u64 *address;
	__u64 value;
};

static void do_load(void *arg)
{
	struct word *word = arg;

	word->value = __atomic_load_n(word->address, __ATOMIC_RELAXED);
}

static void do_store(void *arg)
{
	struct word *word = arg;

	__atomic_store_n(word->address, OURS, __ATOMIC_RELAXED);
}

/* Look at one page of a mapping, and leave our mark there. */
static void touch(struct stress *s, struct generation *g, __u8 *map, size_t n)
{
	struct word word = { .address = (__u64 *)(map + n * s->page) };
	bool freed = __atomic_load_n(&g->freed, __ATOMIC_ACQUIRE);

	count(&s->tally->touches);
	switch (skel_try(do_load, &word)) {
	case 0:
		break;
	case SIGBUS:
		count(&s->tally->gone);
		return;
	default:
		return;		/* unmapped by ourselves */
	}
	if (freed && !reused(s, g))
		wrong(s->tally, "page %zu of %#llx reads %#llx after FREE", n, g->host,
		      word.value);
	else if (word.value && word.value != OURS)
		wrong(s->tally, "page %zu of %#llx reads %#llx: %s", n, g->host, word.value,
		      word.value == SPYS ? "a spy's memory" :
		      (word.value & 0xff) == SKEL_PAGE_POISON ? "a free page" : "not ours");
	else
		skel_try(do_store, &word);
}

static __u8 *map_in_arena(struct actor *actor, struct generation *g)
{
	void *map = mmap(actor->arena, g->length, SKEL_RW, MAP_SHARED | MAP_FIXED,
			 actor->stress->fd, g->host);

	return map == MAP_FAILED ? NULL : map;
}

/* Split or move the mapping; where it is then */
static __u8 *maul(struct actor *actor, struct generation *g, __u8 *map)
{
	size_t page = actor->stress->page, pages = g->length / page;
	size_t n = rand_r(&actor->seed) % pages;
	__u8 *moved;

	switch (rand_r(&actor->seed) % 8) {
	case 0:
		mprotect(map + n * page, page, PROT_READ);
		break;
	case 1:
		mprotect(map, n * page, PROT_READ);
		mprotect(map, g->length, SKEL_RW);
		break;
	case 2:
		munmap(map + n * page, page);
		break;
	case 3:
	case 4:
		moved = mremap(map, g->length, g->length, MREMAP_MAYMOVE | MREMAP_FIXED,
			       actor->arena + actor->stress->large);
		return moved == MAP_FAILED ? map : moved;
	case 5:
		mremap(map + n * page, page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
		       moved_page(actor));
		break;
	}
	return map;
}

static void mapper(struct actor *actor)
{
	struct stress *s = actor->stress;

	while (!stopped(s)) {
		unsigned int slot = rand_r(&actor->seed) % SLOTS;
		__u32 n = __atomic_load_n(&s->slots[slot], __ATOMIC_ACQUIRE);
		struct generation *g = &s->generations[n];
		__u8 *map;

		if (!n)
			continue;
		map = map_in_arena(actor, g);
		if (!map) {
			count(&s->tally->late);
			reserve(actor->arena, arena_length(s));
			continue;
		}
		count(&s->tally->maps);
		for (int i = 0; i < 4; i++) {
			touch(s, g, map, g->length / s->page - 1);
			touch(s, g, map, rand_r(&actor->seed) % (g->length / s->page));
			if (i == 1)
				map = maul(actor, g, map);
		}
		touch(s, g, moved_page(actor), 0);
		if (!reserve(actor->arena, arena_length(s)))
			break;
	}
}

/* Children have no mapping of any buffer. */
static void forker(struct actor *actor)
{
	struct stress *s = actor->stress;

	while (!stopped(s)) {
		__u32 n = __atomic_load_n(&s->slots[0], __ATOMIC_ACQUIRE);
		struct generation *g = &s->generations[n];
		void *map = n ? map_in_arena(actor, g) : NULL;
		pid_t pid = fork();

		if (!pid)
			_exit(map && skel_touch(map) != SIGSEGV);
		if (pid > 0 && skel_wait(pid))
			wrong(s->tally, "a child reads %#llx", g->host);
		reserve(actor->arena, arena_length(s));
		count(&s->tally->forks);
		usleep(1000);
	}
}

static bool only(const __u64 *words, size_t length, __u64 value)
{
	for (size_t i = 0; i < length / sizeof(*words); i++)
		if (words[i] != value)
			return false;
	return true;
}

/* Its own file, its own memory: nothing of others may be seen in it. */
static void run_spy(struct tally *tally, size_t large, unsigned int seed)
{
	int fd = skel_open(O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		size_t length = rand_r(&seed) % 2 ? large : SKEL_KIB(64);
		__u64 *memory, host = 0;

		if (rand_r(&seed) % 3) {
			memory = skel_buffer(fd, SKEL_BOTH, length, &host);
		} else {
			memory = mmap(NULL, length, SKEL_RW, MAP_PRIVATE | MAP_ANONYMOUS |
				      MAP_POPULATE, -1, 0);
			if (memory == MAP_FAILED)
				memory = NULL;
		}
		if (!memory) {
			if (host)
				skel_free(fd, host);
			continue;
		}
		if (!only(memory, length, 0))
			wrong(tally, "a spy's new memory is not zero");
		for (size_t i = 0; i < length / sizeof(*memory); i++)
			memory[i] = SPYS;
		usleep(rand_r(&seed) % 2000);
		if (!only(memory, length, SPYS))
			wrong(tally, "a spy's memory has changed");
		count(&tally->checks);
		munmap(memory, length);
		if (host && skel_free(fd, host))
			wrong(tally, "a spy cannot free its buffer");
	}
}

static void *play(void *arg)
{
	struct actor *actor = arg;

	actor->role(actor);
	return NULL;
}

/* All threads and spies, until the time is over; false if one could not be started */
static bool run_stress(struct stress *s)
{
	struct actor actors[FREERS + MAPPERS + 1];
	bool good = true;

	for (int i = 0; i < SPIES; i++) {
		s->spies[i] = fork();
		if (!s->spies[i])
			run_spy(s->tally, s->large, s->seed + 100 + i);
		good &= s->spies[i] > 0;
	}
	for (int i = 0; i < (int)ARRAY_SIZE(actors); i++) {
		actors[i] = (struct actor) {
			.stress = s,
			.role = i < FREERS ? freer : i < FREERS + MAPPERS ? mapper : forker,
			.number = i,
			.seed = s->seed + i,
			.arena = reserve(NULL, arena_length(s)),
		};
		good &= !!actors[i].arena;
	}
	s->deadline = skel_now_ms() + 1000 * race_seconds();
	good = good && !skel_threads(play, actors, ARRAY_SIZE(actors), sizeof(actors[0]));
	for (int i = 0; i < SPIES; i++) {
		if (s->spies[i] > 0)
			good &= !kill(s->spies[i], SIGKILL) &&
				skel_wait(s->spies[i]) == 128 + SIGKILL;
	}
	return good;
}

TEST_F_TIMEOUT(stress, free_against_everything, TIMEOUT)
{
	struct stress *s = &self->stress;
	struct tally *tally = s->tally;
	struct skel_info info;

	ASSERT_TRUE(run_stress(s));
	TH_LOG("%lu allocs, %lu frees, %lu maps, %lu too late, %lu forks, %lu looks of spies",
	       tally->allocs, tally->frees, tally->maps, tally->late, tally->forks,
	       tally->checks);
	TH_LOG("%lu touches, %lu of them of what was gone", tally->touches, tally->gone);
	EXPECT_EQ(0, tally->wrong)
		TH_LOG("%s", tally->what);
	/* The race has been run at all. */
	EXPECT_LT(0, tally->maps);
	EXPECT_LT(0, tally->gone);
	EXPECT_LT(0, tally->checks);
	for (int i = 0; i < SLOTS; i++)
		if (s->slots[i])
			EXPECT_EQ(0, skel_free(s->fd, s->generations[s->slots[i]].host));
	ASSERT_EQ(0, skel_info(s->fd, &info));
	EXPECT_EQ(0, info.buffers);
	EXPECT_EQ(0, info.buffer_bytes);
}

/* Each thing against each other */

#define PLACES	8

struct field {
	int fd;
	size_t page;
	size_t length;			/* of each buffer */
	__u64 hosts[PLACES];		/* 0: none; taking it out makes its owner */
	__u8 *place;			/* where they are mapped */
	__u8 *target;			/* where mappings are moved to */
	int socks[2];
	__u64 deadline;
};

struct fighter {
	struct field *field;
	unsigned int seed;
	size_t act;			/* index into acts[] */
	unsigned long rounds;
	long bad;
};

FIXTURE(pairs)
{
	struct field field;
	unsigned int seed;
};

FIXTURE_SETUP(pairs)
{
	struct field *a = &self->field;

	SKEL_OPEN_OR_SKIP(a->fd, O_RDWR | O_NONBLOCK);
	a->page = skel_page();
	a->length = 4 * a->page;
	self->seed = skel_seed();
	a->place = reserve(NULL, PLACES * a->length);
	a->target = reserve(NULL, PLACES * a->length);
	ASSERT_TRUE(a->place && a->target);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, a->socks));
	TH_LOG("SKEL_RACE_SEED=%u", self->seed);
}

FIXTURE_TEARDOWN(pairs)
{
	close(self->field.socks[0]);
	close(self->field.socks[1]);
	close(self->field.fd);
}

static unsigned int any_place(struct fighter *f)
{
	return rand_r(&f->seed) % PLACES;
}

static __u64 host_of(struct fighter *f, unsigned int place)
{
	return __atomic_load_n(&f->field->hosts[place], __ATOMIC_ACQUIRE);
}

static long do_alloc(struct fighter *f)
{
	struct field *a = f->field;
	__u64 host, none = 0;
	int rc;

	/* A full field is as good as no memory. */
	if (host_of(f, any_place(f)))
		return 0;
	rc = skel_alloc(a->fd, SKEL_BOTH, a->length, &host);
	if (rc)
		return rc;
	if (!__atomic_compare_exchange_n(&a->hosts[any_place(f)], &none, host, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		while ((rc = skel_free(a->fd, host)) == -EBUSY)
			;
	return rc;
}

static long do_free(struct fighter *f)
{
	__u64 *place = &f->field->hosts[any_place(f)];
	__u64 host = __atomic_load_n(place, __ATOMIC_ACQUIRE);
	long rc;

	if (!host)
		return do_alloc(f);
	rc = skel_free(f->field->fd, host);
	/* The one that succeeded takes it out; the other one has seen ENOENT. */
	if (!rc)
		__atomic_compare_exchange_n(place, &host, 0, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED);
	return rc;
}

static long do_mmap(struct fighter *f)
{
	unsigned int n = any_place(f);
	__u64 host = host_of(f, n);
	__u8 *place = f->field->place + n * f->field->length;

	if (!host)
		return do_alloc(f);
	if (mmap(place, f->field->length, SKEL_RW, MAP_SHARED | MAP_FIXED, f->field->fd,
		 host) == MAP_FAILED)
		return -errno;
	skel_poke(place + rand_r(&f->seed) % f->field->length, 1);
	return 0;
}

/* A hole would be filled by the other thread's stack. */
static long do_munmap(struct fighter *f)
{
	struct field *a = f->field;
	__u8 *base = rand_r(&f->seed) % 2 ? a->place : a->target;
	size_t n = rand_r(&f->seed) % (PLACES * a->length / a->page);

	return reserve(base + n * a->page, a->page) ? 0 : -errno;
}

static long do_mremap(struct fighter *f)
{
	struct field *a = f->field;
	size_t at = any_place(f) * a->length;

	if (do_mmap(f) < 0)
		return 0;
	if (mremap(a->place + at, a->length, a->length, MREMAP_MAYMOVE | MREMAP_FIXED,
		   a->target + at) == MAP_FAILED)
		return -errno;
	/* There is a hole now: keep others out of it. */
	reserve(a->place + at, a->length);
	return 0;
}

static long do_write(struct fighter *f)
{
	char line[100];
	int length = snprintf(line, sizeof(line), "%s %#x %#zx %#llx\n",
			      rand_r(&f->seed) % 2 ? "TOHOST" : "FROMHOST", 0,
			      f->field->length, host_of(f, any_place(f)));

	return skel_err(write(f->field->fd, line, length));
}

static long do_read(struct fighter *f)
{
	char bytes[200];

	return skel_err(read(f->field->fd, bytes, sizeof(bytes)));
}

static long do_poll(struct fighter *f)
{
	struct pollfd p = { .fd = f->field->fd, .events = POLLIN | POLLOUT };

	return skel_err(poll(&p, 1, rand_r(&f->seed) % 2));
}

static long do_info(struct fighter *f)
{
	struct skel_info info;
	int rc = skel_info(f->field->fd, &info);

	if (!rc && (info.buffers > 2 * PLACES + 2 ||
		    info.buffer_bytes != info.buffers * f->field->length))
		return -ERANGE;
	return rc ?: skel_fdinfo(f->field->fd, "skel-buffers:");
}

static long do_dup(struct fighter *f)
{
	int fd = fcntl(f->field->fd, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : skel_err(close(fd));
}

static long do_open(struct fighter *f)
{
	int fd = skel_open(O_RDWR | O_NONBLOCK);
	__u64 host;

	if (fd < 0)
		return fd;
	if (!skel_alloc(fd, SKEL_BOTH, f->field->length, &host))
		skel_map_err(fd, host, f->field->length, SKEL_RW, MAP_SHARED);
	return skel_err(close(fd));
}

/* A buffer is revoked from all address spaces. */
static int map_in_child(void *arg)
{
	struct fighter *f = arg;
	__u64 host = host_of(f, any_place(f));
	void *map = host ? skel_map(f->field->fd, host, f->field->length) : NULL;

	if (!map)
		return host && errno != ENXIO;
	skel_poke(map, 1);
	return 0;
}

static long do_fork(struct fighter *f)
{
	int rc = skel_in_child(map_in_child, f);

	return rc > 0 ? -ECHILD : rc;
}

static long do_sync(struct fighter *f)
{
	__u64 host = host_of(f, any_place(f));

	return host ? skel_sync(f->field->fd, SKEL_SYNC_FOR_CPU, host, f->field->length) : 0;
}

/* The file travels over a socket, and may be in nobody's hands for a moment. */
static long do_pass(struct fighter *f)
{
	int rc = skel_send_fd(f->field->socks[0], f->field->fd);
	int fd = skel_recv_fd(f->field->socks[1]);

	if (fd >= 0)
		close(fd);
	return rc;
}

/* All that two threads can do, and the errnos that they may see */
static const struct {
	const char *name;
	long (*act)(struct fighter *f);
	int errors[2];
} acts[] = {
	{ "alloc", do_alloc, { ENOMEM } },
	{ "free", do_free, { ENOENT, EBUSY } },
	{ "mmap", do_mmap, { ENXIO } },
	{ "munmap", do_munmap },
	/* what is no mapping of a buffer, or no whole one any more */
	{ "mremap", do_mremap, { EFAULT } },
	/* Of a line that finds no room a part is taken, and the rest is not written. */
	{ "write", do_write, { EAGAIN, EMSGSIZE } },
	{ "read", do_read, { EAGAIN } },
	{ "poll", do_poll },
	{ "info", do_info },
	{ "dup and close", do_dup },
	{ "open and close", do_open, { EBUSY } },
	{ "fork", do_fork },
	{ "sync", do_sync, { ENOENT } },
	{ "pass", do_pass, { EAGAIN } },
};

static void *fight(void *arg)
{
	struct fighter *f = arg;

	do {
		long rc = acts[f->act].act(f);

		if (rc < 0 && -rc != acts[f->act].errors[0] && -rc != acts[f->act].errors[1])
			f->bad = rc;
		f->rounds++;
	} while (skel_now_ms() < f->field->deadline && !f->bad);
	return NULL;
}

/* Transfers may still run for a moment. */
static int free_at_last(int fd, __u64 host)
{
	for (int i = 0; i < SKEL_ANSWER_MS; i++) {
		int rc = skel_free(fd, host);

		if (rc != -EBUSY)
			return rc;
		skel_sleep_ms(1);
	}
	return -EBUSY;
}

TEST_F_TIMEOUT(pairs, each_against_each, TIMEOUT)
{
	const unsigned int ms = skel_env("SKEL_PAIR_MS", 60);
	unsigned long rounds = 0, pairs = 0;
	struct field *a = &self->field;

	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		for (size_t j = i; j < ARRAY_SIZE(acts); j++, pairs++) {
			struct fighter f[] = { { .act = i }, { .act = j } };
			__u32 held = 0;

			a->deadline = skel_now_ms() + ms;
			for (int k = 0; k < 2; k++) {
				f[k].field = a;
				f[k].seed = self->seed++;
			}
			ASSERT_EQ(0, skel_threads(fight, f, 2, sizeof(f[0])));
			for (int k = 0; k < 2; k++) {
				EXPECT_EQ(0, f[k].bad)
					TH_LOG("%s against %s", acts[f[k].act].name,
					       acts[f[!k].act].name);
				rounds += f[k].rounds;
			}
			for (int n = 0; n < PLACES; n++)
				held += !!a->hosts[n];
			EXPECT_EQ(held, skel_buffers(a->fd))
				TH_LOG("%s against %s", acts[i].name, acts[j].name);
		}
	}
	TH_LOG("%lu pairs, %lu rounds", pairs, rounds);
	/* On average, each of them has run many times. */
	EXPECT_LT(20 * pairs, rounds);
	for (int n = 0; n < PLACES; n++)
		if (a->hosts[n])
			EXPECT_EQ(0, free_at_last(a->fd, a->hosts[n]));
	/* The end of a line that was interrupted, or of none */
	EXPECT_EQ(0, skel_send(a->fd, "%s", ""));
	skel_drain(a->fd, 100);
	EXPECT_EQ(0, strncmp("skel,", skel_ask(a->fd, "*IDN?"), 5));
}

#define TURNS	4

struct turn {
	const struct ucard *card;	/* NULL: the simulated one */
	pthread_t thread;
	int fd;
	unsigned int seed;
	unsigned long lines;		/* that were answered */
	__u64 deadline;
	long bad;
};

FIXTURE(turns)
{
	struct turn turns[TURNS];
	struct ucard card;
	pid_t player;
};

FIXTURE_VARIANT(turns)
{
	bool played;
};

FIXTURE_VARIANT_ADD(turns, simulated) { };
FIXTURE_VARIANT_ADD(turns, played) { .played = true };

static int open_turn(const struct turn *t)
{
	return t->card ? ucard_open(t->card, O_RDWR | O_NONBLOCK) : skel_open(O_RDWR | O_NONBLOCK);
}

FIXTURE_SETUP(turns)
{
	const struct skel_ucard_create *create =
		UCARD_CREATE(skel_page(), .channels = 16, .timeout = SKEL_UCARD_TIMEOUT_MAX);
	__u64 deadline = skel_now_ms() + 1000 * race_seconds();

	if (variant->played)
		UCARD_OR_SKIP(return, ucard_begin(&self->card, create));
	for (int i = 0; i < TURNS; i++) {
		struct turn *t = &self->turns[i];

		t->card = variant->played ? &self->card : NULL;
		t->seed = skel_seed() + i;
		t->deadline = deadline;
		t->fd = open_turn(t);
		if (t->fd == -ENOENT || (!t->card && !skel_is_simulated(t->fd)))
			SKIP(return, "there is no simulated card");
		ASSERT_LE(0, t->fd);
	}
	if (variant->played) {
		self->player = ucard_hand_over(&self->card, ucard_echo);
		ASSERT_LT(0, self->player);
	}
}

FIXTURE_TEARDOWN(turns)
{
	for (int i = 0; i < TURNS; i++)
		close(self->turns[i].fd);
}

/* The simulated card refuses a transfer of nothing, a played one says what it hears. */
static int turn_text(const struct turn *t, char *text, size_t size, bool answer, unsigned long n)
{
	if (t->card)
		return snprintf(text, size, "%#lx\n", n);
	return snprintf(text, size, answer ? SKEL_CORE_MARK "REFUSED TOHOST 0x0 0x0 %#lx length\n" :
			"TOHOST 0 0 %#lx\n", n);
}

/* Why was there no reply? An empty line is answered by nobody. */
static long put_nothing(int fd)
{
	return write(fd, "\n", 1) < 0 ? -errno : -ETIMEDOUT;
}

static void *take_turns(void *arg)
{
	struct turn *t = arg;

	while (!t->bad && (t->card || skel_now_ms() < t->deadline)) {
		unsigned long last = t->lines + 1 + rand_r(&t->seed) % 5;
		char lines[400], expected[100];
		size_t length = 0;

		for (unsigned long n = t->lines + 1; n <= last; n++)
			length += turn_text(t, lines + length, sizeof(lines) - length, false, n);
		t->bad = skel_write(t->fd, lines, length);
		while (t->lines < last && !t->bad) {
			const char *line = skel_line(t->fd);

			length = turn_text(t, expected, sizeof(expected), true, t->lines + 1);
			expected[length - 1] = '\0';
			if (!strcmp(line, expected))
				t->lines++;
			else
				t->bad = *line == '[' ? put_nothing(t->fd) : -EPROTO;
		}
	}
	return NULL;
}

/* Much is asked, and some is read; then the channel is closed, or all ends before. */
static int disturb(void *arg)
{
	struct turn *t = arg;
	int fd = open_turn(t);
	char bytes[200];

	for (int i = rand_r(&t->seed) % 50; fd >= 0 && i >= 0; i--) {
		int length = turn_text(t, bytes, sizeof(bytes), false, i);

		if (write(fd, bytes, length) < 0 || i % 4 == 0)
			skel_err(read(fd, bytes, sizeof(bytes)));
	}
	return 0;
}

TEST_F_TIMEOUT(turns, each_in_order, TIMEOUT)
{
	struct turn other = self->turns[0];
	unsigned long least = ~0UL, all = 0;

	for (int i = 0; i < TURNS; i++)
		ASSERT_EQ(0, pthread_create(&self->turns[i].thread, NULL, take_turns,
					    &self->turns[i]));
	while (skel_now_ms() < other.deadline) {
		pid_t pid = skel_child(disturb, &other);

		ASSERT_LT(0, pid);
		usleep(rand_r(&other.seed) % 20000);
		kill(pid, SIGKILL);
		skel_wait(pid);
	}
	if (variant->played)
		ASSERT_EQ(0, kill(self->player, SIGKILL));
	for (int i = 0; i < TURNS; i++) {
		struct turn *t = &self->turns[i];

		ASSERT_EQ(0, pthread_join(t->thread, NULL));
		EXPECT_EQ(variant->played ? -ENODEV : 0, t->bad)
			TH_LOG("after %lu lines", t->lines);
		least = t->lines < least ? t->lines : least;
		all += t->lines;
	}
	TH_LOG("%lu commands, at least %lu of a channel", all, least);
	EXPECT_LT(all / TURNS / 8, least);
}

TEST_HARNESS_MAIN
