// SPDX-License-Identifier: GPL-2.0
/*
 * FREE against one other thing at a time, aimed at the moment that hurts: an
 * mmap() that found the buffer alive and has yet to fill in page tables when
 * FREE gives the pages away. Whatever the order, once FREE has returned 0 no
 * access through any mapping may succeed. skel_stress does the same at random.
 *
 * SKEL_RACE_SECONDS is how long each test goes on (default 5, better 15),
 * SKEL_RACE_SEED repeats a run as far as that is possible.
 */
#include <sched.h>

#include "../kselftest_harness.h"
#include "skel_duel.h"

#define RW		(PROT_READ | PROT_WRITE)
#define TIMEOUT		900
/* Long page tables take long to fill, that is: a wide window */
#define LENGTH		SKEL_MIB(4)
#define MARK		0x5c

FIXTURE(race)
{
	struct duel duel;
};

FIXTURE_SETUP(race)
{
	struct duel *d = &self->duel;

	d->fd = skel_open(O_RDWR);
	if (d->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, d->fd);
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	d->page = skel_page();
	d->length = skel_quick_length(d->fd, LENGTH);
	d->seed = skel_race_seed();
	d->target = mmap(NULL, d->length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, d->target);
	d->copy = malloc(SKEL_KIB(64));
	ASSERT_NE(NULL, d->copy);
	TH_LOG("seed %u, buffers of %zu KiB", d->seed, d->length / 1024);
}

FIXTURE_TEARDOWN(race)
{
	close(self->duel.fd);
}

static void act_mmap(struct duel *d)
{
	d->map = skel_map(d->fd, d->host, d->length);
}

/* THE race */
TEST_F_TIMEOUT(race, mmap_against_free, TIMEOUT)
{
	struct duel *d = &self->duel;

	ASSERT_EQ(0, duel_begin(d));
	while (duel_goes_on(d)) {
		ASSERT_EQ(0, skel_alloc(d->fd, SKEL_BOTH, d->length, &d->host));
		duel_fight(d, act_mmap);
		ASSERT_EQ(0, d->rc);
		ASSERT_EQ(-1, duel_survivor(d, d->map, d->length));
		if (d->map)
			ASSERT_EQ(0, munmap(d->map, d->length));
	}
	duel_end(d);
}

/* Several mappings in a row: FREE falls between, before, or into one. */
static void act_mmap_parts(struct duel *d)
{
	size_t quarter = d->length / 4;

	for (int i = 0; i < 4; i++) {
		void *map = mmap(d->target + i * quarter, quarter, RW,
				 MAP_SHARED | MAP_FIXED, d->fd,
				 d->host + i * quarter);
		if (map == MAP_FAILED)
			break;
	}
}

TEST_F_TIMEOUT(race, mmap_of_parts_against_free, TIMEOUT)
{
	struct duel *d = &self->duel;

	ASSERT_EQ(0, duel_begin(d));
	while (duel_goes_on(d)) {
		ASSERT_EQ(0, skel_alloc(d->fd, SKEL_BOTH, d->length, &d->host));
		duel_fight(d, act_mmap_parts);
		ASSERT_EQ(0, d->rc);
		ASSERT_EQ(-1, duel_survivor(d, d->target, d->length));
		ASSERT_EQ(d->target, mmap(d->target, d->length, PROT_NONE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
					     -1, 0));
	}
	duel_end(d);
}

static void act_mremap(struct duel *d)
{
	d->map = mremap(d->map, d->length, d->length,
			MREMAP_MAYMOVE | MREMAP_FIXED, d->target);
}

TEST_F_TIMEOUT(race, mremap_against_free, TIMEOUT)
{
	struct duel *d = &self->duel;

	ASSERT_EQ(0, duel_begin(d));
	while (duel_goes_on(d)) {
		__u8 *before = skel_buffer(d->fd, SKEL_BOTH, d->length, &d->host);

		ASSERT_NE(NULL, before);
		d->map = before;
		duel_fight(d, act_mremap);
		ASSERT_EQ(0, d->rc);
		ASSERT_EQ(d->target, d->map);
		ASSERT_EQ(-1, duel_survivor(d, d->target, d->length));
		ASSERT_EQ(-1, duel_survivor(d, before, d->length));
		ASSERT_EQ(d->target, mmap(d->target, d->length, PROT_NONE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
					     -1, 0));
	}
	duel_end(d);
}

static void act_split(struct duel *d)
{
	size_t page = d->page;

	mprotect(d->map, d->length / 2, PROT_READ);
	munmap(d->map + d->length / 4, page);
	mprotect(d->map + 2 * page, page, PROT_NONE);
	munmap(d->map + d->length - 2 * page, page);
	mprotect(d->map, d->length / 4, RW);
}

TEST_F_TIMEOUT(race, split_against_free, TIMEOUT)
{
	struct duel *d = &self->duel;

	ASSERT_EQ(0, duel_begin(d));
	while (duel_goes_on(d)) {
		d->map = skel_buffer(d->fd, SKEL_BOTH, d->length, &d->host);
		ASSERT_NE(NULL, d->map);
		duel_fight(d, act_split);
		ASSERT_EQ(0, d->rc);
		ASSERT_EQ(-1, duel_survivor(d, d->map, d->length));
		ASSERT_EQ(0, munmap(d->map, d->length));
	}
	duel_end(d);
}

static void act_fork(struct duel *d)
{
	pid_t pid = fork();

	if (!pid)
		_exit(skel_touch(d->map) != SIGSEGV ||
		      skel_touch(d->map + d->length - 1) != SIGSEGV);
	d->result = skel_wait(pid);
}

TEST_F_TIMEOUT(race, fork_against_free, TIMEOUT)
{
	struct duel *d = &self->duel;

	ASSERT_EQ(0, duel_begin(d));
	while (duel_goes_on(d)) {
		d->map = skel_buffer(d->fd, SKEL_BOTH, d->length, &d->host);
		ASSERT_NE(NULL, d->map);
		duel_fight(d, act_fork);
		ASSERT_EQ(0, d->rc);
		ASSERT_EQ(0, d->result);
		ASSERT_EQ(-1, duel_survivor(d, d->map, d->length));
		ASSERT_EQ(0, munmap(d->map, d->length));
	}
	duel_end(d);
}

/* A debugger copies while FREE runs: it gets the buffer's bytes or nothing. */
static void act_debugger(struct duel *d)
{
	memset(d->copy, 0, SKEL_KIB(64));
	d->result = skel_self_mem(d->map, d->copy, SKEL_KIB(64), false);
}

TEST_F_TIMEOUT(race, debugger_against_free, TIMEOUT)
{
	struct duel *d = &self->duel;

	ASSERT_EQ(0, duel_begin(d));
	while (duel_goes_on(d)) {
		int got;

		d->map = skel_buffer(d->fd, SKEL_BOTH, SKEL_KIB(64), &d->host);
		ASSERT_NE(NULL, d->map);
		memset(d->map, MARK, SKEL_KIB(64));
		duel_fight(d, act_debugger);
		ASSERT_EQ(0, d->rc);
		got = d->result;
		ASSERT_TRUE(got == -EIO || (got >= 0 && got <= (int)SKEL_KIB(64)));
		if (got > 0)
			ASSERT_TRUE(skel_all(d->copy, got, MARK));
		ASSERT_EQ(-EIO, skel_self_mem(d->map, d->copy, 1, false));
		ASSERT_EQ(0, munmap(d->map, SKEL_KIB(64)));
	}
	duel_end(d);
}

/* The card asks while FREE runs: one of the two is refused. */
static void act_transfer(struct duel *d)
{
	skel_send(d->fd, "FROMHOST 0 0x1000 %#llx", d->host);
	skel_send(d->fd, "TOHOST 0 0x1000 %#llx", d->host);
}

TEST_F_TIMEOUT(race, transfer_against_free, TIMEOUT)
{
	unsigned long busy = 0, refused = 0, finished = 0;
	struct duel *d = &self->duel;
	struct skel_info info;

	ASSERT_EQ(0, duel_begin(d));
	while (duel_goes_on(d)) {
		__u64 next;

		ASSERT_EQ(0, skel_alloc(d->fd, SKEL_BOTH, d->page, &d->host));
		duel_fight(d, act_transfer);
		/* Whose pages are these now? */
		d->map = skel_buffer(d->fd, SKEL_BOTH, d->page, &next);
		ASSERT_NE(NULL, d->map);
		memset(d->map, MARK, d->page);
		for (int i = 0; i < 2; i++) {
			const char *line = skel_core(skel_line(d->fd));

			refused += !strncmp(line, "REFUSED ", 8);
			finished += !strncmp(line, "DONE ", 5);
		}
		ASSERT_EQ(2 * d->rounds, refused + finished);
		ASSERT_TRUE(skel_all(d->map, d->page, MARK));
		ASSERT_TRUE(d->rc == 0 || d->rc == -EBUSY);
		if (d->rc) {
			busy++;
			ASSERT_EQ(0, skel_free(d->fd, d->host));
		}
		ASSERT_EQ(0, munmap(d->map, d->page));
		ASSERT_EQ(0, skel_free(d->fd, next));
	}
	duel_end(d);
	ASSERT_EQ(0, skel_info(d->fd, &info));
	EXPECT_EQ(finished, info.granted);
	EXPECT_EQ(refused, info.refused);
	EXPECT_EQ(0, info.buffers);
	TH_LOG("%lu done, %lu refused, FREE %lu times EBUSY", finished, refused, busy);
}

/* Two threads free the same buffer: one of them does it. */
static void act_free(struct duel *d)
{
	d->result = skel_free(d->fd, d->host);
}

TEST_F_TIMEOUT(race, free_against_free, TIMEOUT)
{
	struct duel *d = &self->duel;
	struct skel_info info;

	ASSERT_EQ(0, duel_begin(d));
	while (duel_goes_on(d)) {
		int other;

		d->map = skel_buffer(d->fd, SKEL_BOTH, SKEL_KIB(64), &d->host);
		ASSERT_NE(NULL, d->map);
		duel_fight(d, act_free);
		other = d->result;
		ASSERT_TRUE((d->rc == 0 && other == -ENOENT) ||
			    (d->rc == -ENOENT && other == 0))
			TH_LOG("%d and %d", d->rc, other);
		ASSERT_EQ(-1, duel_survivor(d, d->map, SKEL_KIB(64)));
		ASSERT_EQ(0, munmap(d->map, SKEL_KIB(64)));
	}
	duel_end(d);
	ASSERT_EQ(0, skel_info(d->fd, &info));
	EXPECT_EQ(0, info.buffers);
	EXPECT_EQ(0, info.buffer_bytes);
}

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
	if (skel_alloc(d->fd, SKEL_BOTH, d->page, &host))
		return;
	d->map = skel_map(d->fd, host, d->page);
	if (d->map)
		d->map[0] = MARK;
	d->result = host;
}

TEST_F_TIMEOUT(race, alloc_against_free, TIMEOUT)
{
	struct sched_param param = { .sched_priority = 1 };
	struct duel *d = &self->duel;
	unsigned long same = 0;

	d->one_cpu = true;
	ASSERT_EQ(0, duel_begin(d));
	if (sched_setscheduler(0, SCHED_FIFO, &param))
		SKIP(return, "no real-time priority");
	while (duel_goes_on(d)) {
		__u8 *old = skel_buffer(d->fd, SKEL_BOTH, d->page, &d->host);
		__u8 value = 0;

		ASSERT_NE(NULL, old);
		duel_fight(d, act_alloc);
		/* How long FREE takes is what counts here. */
		d->span = (7 * d->span + d->free_ended - d->free_begun) / 8;
		ASSERT_EQ(0, d->rc);
		ASSERT_NE(0, d->result);
		ASSERT_NE(NULL, d->map);
		same += d->result == (__s64)d->host;
		ASSERT_EQ(0, skel_peek(d->map, &value))
			TH_LOG("round %lu: new buffer %#llx was revoked with the old %#llx",
			       d->rounds, d->result, d->host);
		ASSERT_EQ(MARK, value);
		ASSERT_EQ(-1, duel_survivor(d, old, d->page));
		ASSERT_EQ(0, munmap(old, d->page));
		ASSERT_EQ(0, munmap(d->map, d->page));
		ASSERT_EQ(0, skel_free(d->fd, d->result));
	}
	duel_end(d);
	TH_LOG("%lu times the same number", same);
}

TEST_HARNESS_MAIN
