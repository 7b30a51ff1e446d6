// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers come and go while threads map, touch, split, move and fork them, all
 * at random and against each other. Meanwhile spies, processes that have
 * nothing to do with it, fill buffers of their own and ordinary memory with
 * their own pattern and see whether it stays.
 *
 *  - An access that begins after FREE has returned must raise SIGBUS.
 *  - A live buffer holds zeroes or the mark of this process, nothing else: not
 *    the mark of a spy, not the poison of a free page (page_poison=1).
 *  - A spy finds nothing but its own mark.
 *
 * SKEL_RACE_SECONDS and SKEL_RACE_SEED are as in skel_race.c.
 */
#include <stdarg.h>
#include <sys/prctl.h>

#include "../kselftest_harness.h"
#include "skel_duel.h"

#define RW		(PROT_READ | PROT_WRITE)
#define TIMEOUT		900

#define OURS		0x0123456789abcdefULL
#define SPYS		0x5e5e5e5e5e5e5e5eULL

#define SLOTS		6	/* buffers that are alive at a time, at most */
#define FREERS		2
#define MAPPERS		3
#define SPIES		2
#define LARGE		SKEL_MIB(4)	/* at most, if that is not too slow */
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
	bool stop;
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
 * makes must not be filled by a mapping of somebody else.
 */
struct actor {
	struct stress *stress;
	pthread_t thread;
	int number;
	unsigned int seed;
	__u8 *arena;
};

#define ARENA		(3 * LARGE)
#define MOVED		LARGE		/* where mappings are moved to */
#define MOVED_PAGE	(2 * LARGE)	/* and single pages */

FIXTURE_SETUP(stress)
{
	struct stress *s = &self->stress;

	s->fd = skel_open(O_RDWR);
	if (s->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, s->fd);
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	s->page = skel_page();
	s->seed = skel_race_seed();
	s->generations = mmap(NULL, GENERATIONS * sizeof(struct generation), RW,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, s->generations);
	s->tally = mmap(NULL, sizeof(*s->tally), RW,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, s->tally);
	s->large = skel_quick_length(s->fd, LARGE);
	TH_LOG("seed %u, buffers of %zu KiB", s->seed, s->large / 1024);
}

FIXTURE_TEARDOWN(stress)
{
	struct stress *s = &self->stress;

	close(s->fd);
}

static void count(unsigned long *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

/* The first thing that went wrong is told, all are counted. */
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
	return __atomic_load_n(&s->stop, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&s->tally->wrong, __ATOMIC_RELAXED);
}

/* Allocate into an empty slot, free what is in a full one. */
static void *freer(void *arg)
{
	struct actor *actor = arg;
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
	return NULL;
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
	if (freed && !reused(s, g)) {
		wrong(s->tally, "page %zu of %#llx reads %#llx after FREE", n,
		      g->host, word.value);
		return;
	}
	if (word.value && word.value != OURS) {
		wrong(s->tally, "page %zu of %#llx reads %#llx: %s", n, g->host,
		      word.value, word.value == SPYS ? "a spy's memory" :
		      (word.value & 0xff) == SKEL_PAGE_POISON ? "a free page" :
		      "not ours");
		return;
	}
	skel_try(do_store, &word);
}

static __u8 *map_in_arena(struct actor *actor, struct generation *g)
{
	void *map = mmap(actor->arena, g->length, RW, MAP_SHARED | MAP_FIXED,
			 actor->stress->fd, g->host);

	return map == MAP_FAILED ? NULL : map;
}

static bool clear_arena(struct actor *actor)
{
	return mmap(actor->arena, ARENA, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		    MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
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
		mprotect(map, g->length, RW);
		break;
	case 2:
		munmap(map + n * page, page);
		break;
	case 3:
	case 4:
		moved = mremap(map, g->length, g->length, MREMAP_MAYMOVE | MREMAP_FIXED,
			       actor->arena + MOVED);
		return moved == MAP_FAILED ? map : moved;
	case 5:
		mremap(map + n * page, page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
		       actor->arena + MOVED_PAGE);
		break;
	}
	return map;
}

static void *mapper(void *arg)
{
	struct actor *actor = arg;
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
			clear_arena(actor);
			continue;
		}
		count(&s->tally->maps);
		for (int i = 0; i < 4; i++) {
			touch(s, g, map, g->length / s->page - 1);
			touch(s, g, map, rand_r(&actor->seed) % (g->length / s->page));
			if (i == 1)
				map = maul(actor, g, map);
		}
		touch(s, g, actor->arena + MOVED_PAGE, 0);
		if (!clear_arena(actor))
			break;
	}
	return NULL;
}

/* Children have no mapping of any buffer. */
static void *forker(void *arg)
{
	struct actor *actor = arg;
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
		clear_arena(actor);
		count(&s->tally->forks);
		usleep(1000);
	}
	return NULL;
}

static bool only(const __u64 *words, size_t length, __u64 value)
{
	for (size_t i = 0; i < length / sizeof(*words); i++)
		if (words[i] != value)
			return false;
	return true;
}

/* Its own file, its own memory: nobody else may be seen in it. */
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
			memory = mmap(NULL, length, RW, MAP_PRIVATE | MAP_ANONYMOUS |
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

TEST_F_TIMEOUT(stress, free_against_everything, TIMEOUT)
{
	struct stress *s = &self->stress;
	struct actor actors[FREERS + MAPPERS + 1];
	struct tally *tally = s->tally;
	struct skel_info info;
	__u64 end;

	for (int i = 0; i < SPIES; i++) {
		s->spies[i] = fork();
		ASSERT_LE(0, s->spies[i]);
		if (!s->spies[i])
			run_spy(tally, s->large, s->seed + 100 + i);
	}
	for (size_t i = 0; i < ARRAY_SIZE(actors); i++) {
		actors[i] = (struct actor) {
			.stress = s,
			.number = i,
			.seed = s->seed + i,
			.arena = mmap(NULL, ARENA, PROT_NONE, MAP_PRIVATE |
				      MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
		};
		ASSERT_NE(MAP_FAILED, actors[i].arena);
		ASSERT_EQ(0, pthread_create(&actors[i].thread, NULL,
					    i < FREERS ? freer :
					    i < FREERS + MAPPERS ? mapper : forker,
					    &actors[i]));
	}
	end = skel_now_ms() + 1000 * skel_race_seconds();
	while (skel_now_ms() < end && !stopped(s))
		usleep(10000);
	__atomic_store_n(&s->stop, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < ARRAY_SIZE(actors); i++)
		pthread_join(actors[i].thread, NULL);
	for (int i = 0; i < SPIES; i++) {
		kill(s->spies[i], SIGKILL);
		EXPECT_EQ(128 + SIGKILL, skel_wait(s->spies[i]));
	}
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
	for (int i = 0; i < SLOTS; i++) {
		if (s->slots[i]) {
			EXPECT_EQ(0, skel_free(s->fd,
					       s->generations[s->slots[i]].host));
		}
	}
	ASSERT_EQ(0, skel_info(s->fd, &info));
	EXPECT_EQ(0, info.buffers);
	EXPECT_EQ(0, info.buffer_bytes);
}

TEST_HARNESS_MAIN
