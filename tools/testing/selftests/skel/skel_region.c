// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of the card's regions, card memory first of all
 */
#include "../kselftest_harness.h"
#include "skel_test.h"

#define RW	(PROT_READ | PROT_WRITE)

FIXTURE(region)
{
	int fd;
	size_t page;
	struct skel_region_info memory;
	__u8 *map;
};

FIXTURE_SETUP(region)
{
	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	self->page = skel_page();
	ASSERT_EQ(0, skel_region(self->fd, 0, &self->memory));
	self->map = skel_map(self->fd, self->memory.offset, self->memory.length);
	ASSERT_NE(NULL, self->map);
	ASSERT_STREQ("OK STOP", skel_ask(self->fd, "STOP"));
}

FIXTURE_TEARDOWN(region)
{
	close(self->fd);
}

TEST_F(region, card_memory_is_memory)
{
	EXPECT_EQ(SKEL_REGION_RAM, self->memory.flags);
	skel_fill(self->map, self->memory.length, 3);
	EXPECT_TRUE(skel_check(self->map, self->memory.length, 3));
	EXPECT_EQ(0, skel_touch(self->map + self->memory.length - 1));
}

TEST_F(region, bounds_hold)
{
	const __u64 start = self->memory.offset;
	const __u64 end = start + self->memory.length;
	const struct { __u64 offset; size_t length; int rc; } ranges[] = {
		{ start, self->page, 0 },
		{ start, self->memory.length, 0 },
		{ end - self->page, self->page, 0 },
		{ start + self->page, self->memory.length - self->page, 0 },
		{ start, self->memory.length + self->page, -ENXIO },
		{ start + self->page, self->memory.length, -ENXIO },
		{ end - self->page, 2 * self->page, -ENXIO },
		{ (1ULL << 32) - self->page, self->page, -ENXIO },
		{ (1ULL << 32) - self->page, 2 * self->page, -ENXIO },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		EXPECT_EQ(ranges[i].rc, skel_map_err(self->fd, ranges[i].offset,
						     ranges[i].length, RW, MAP_SHARED))
			TH_LOG("%#llx, %#zx", ranges[i].offset, ranges[i].length);
	}
}

TEST_F(region, all_channels_see_the_same_memory)
{
	int other = skel_open(O_RDWR);
	__u8 *map;

	ASSERT_LE(0, other);
	map = skel_map(other, self->memory.offset, self->memory.length);
	ASSERT_NE(NULL, map);
	skel_fill(self->map, self->memory.length, 4);
	EXPECT_TRUE(skel_check(map, self->memory.length, 4));
	close(other);
}

TEST_F(region, mapping_and_transfers_agree)
{
	const size_t length = 2 * self->page + 17;
	__u64 host;
	__u8 *buffer = skel_buffer(self->fd, SKEL_BOTH, length, &host);

	ASSERT_NE(NULL, buffer);
	skel_fill(self->map + 100, length, 5);
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 100, length, host));
	EXPECT_TRUE(skel_check(buffer, length, 5));
	skel_fill(buffer, length, 6);
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "FROMHOST", 333, length, host));
	EXPECT_TRUE(skel_check(self->map + 333, length, 6));
}

TEST_F(region, mapping_lives_when_buffers_are_freed)
{
	__u64 host;

	skel_fill(self->map, self->memory.length, 7);
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &host));
		ASSERT_EQ(0, skel_free(self->fd, host));
	}
	EXPECT_TRUE(skel_check(self->map, self->memory.length, 7));
}

TEST_F(region, mapping_outlives_the_descriptor)
{
	close(self->fd);
	self->map[1] = 8;
	EXPECT_EQ(8, self->map[1]);
	self->fd = skel_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(0, munmap(self->map, self->memory.length));
}

TEST_F(region, cut_move_and_protect)
{
	void *target = mmap(NULL, self->page, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	__u8 *moved, *again;

	ASSERT_NE(MAP_FAILED, target);
	skel_fill(self->map, self->memory.length, 9);
	moved = mremap(self->map + self->page, self->page, self->page,
		       MREMAP_MAYMOVE | MREMAP_FIXED, target);
	ASSERT_EQ(target, moved);
	EXPECT_EQ(SIGSEGV, skel_touch(self->map + self->page));
	EXPECT_EQ(0, munmap(self->map + 4 * self->page, self->page));
	EXPECT_EQ(SIGSEGV, skel_touch(self->map + 4 * self->page));
	EXPECT_EQ(0, mprotect(self->map, self->page, PROT_READ));
	EXPECT_EQ(SIGSEGV, skel_poke(self->map, 1));
	again = skel_map(self->fd, self->memory.offset, self->memory.length);
	ASSERT_NE(NULL, again);
	EXPECT_TRUE(skel_check(again, self->memory.length, 9));
	EXPECT_EQ(0, memcmp(again + self->page, moved, self->page));
}

/* Any process that holds the file may map a region: nobody owns it. */
TEST_F(region, child_may_map_it)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(skel_map_err(self->fd, self->memory.offset, self->memory.length,
				   RW, MAP_SHARED) ? 1 : 0);
	EXPECT_EQ(0, skel_wait(pid));
}

/* As the mapping of any device does, it goes through fork(). */
TEST_F(region, child_inherits_the_mapping)
{
	const size_t last = self->memory.length - 1;
	pid_t pid;

	skel_fill(self->map, self->memory.length, 10);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		close(self->fd);
		if (skel_touch(self->map) || skel_poke(self->map + last, 77))
			_exit(1);
		_exit(skel_check(self->map, last, 10) ? 0 : 2);
	}
	EXPECT_EQ(0, skel_wait(pid));
	EXPECT_EQ(77, self->map[last]);
}

TEST_HARNESS_MAIN
