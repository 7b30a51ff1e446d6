// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of buffers and of card memory: what may be mapped, how, and what
 * becomes of a mapping when the program moves, cuts, protects or frees it
 */
#include <sys/utsname.h>

#include "../kselftest_harness.h"
#include "skel_test.h"

#define PAGES	4
#define RW	(PROT_READ | PROT_WRITE)

FIXTURE(mapping)
{
	int fd;
	size_t page;
	size_t length;		/* of the buffer */
	__u64 host;
	__u8 *map;
};

FIXTURE_SETUP(mapping)
{
	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	self->page = skel_page();
	self->length = PAGES * self->page;
	self->map = skel_buffer(self->fd, SKEL_BOTH, self->length, &self->host);
	ASSERT_NE(NULL, self->map);
	skel_fill(self->map, self->length, 1);
}

FIXTURE_TEARDOWN(mapping)
{
	close(self->fd);
}

TEST_F(mapping, any_part_can_be_mapped)
{
	for (size_t first = 0; first < PAGES; first++) {
		for (size_t n = 1; first + n <= PAGES; n++) {
			__u8 *part = skel_map(self->fd, self->host + first * self->page,
					      n * self->page);

			ASSERT_NE(NULL, part);
			EXPECT_EQ(0, memcmp(part, self->map + first * self->page,
					    n * self->page));
			part[n * self->page - 1] ^= 0xff;
			EXPECT_EQ(part[n * self->page - 1],
				  self->map[(first + n) * self->page - 1]);
			EXPECT_EQ(0, munmap(part, n * self->page));
		}
	}
}

TEST_F(mapping, length_is_rounded_up_by_mmap)
{
	EXPECT_EQ(0, skel_map_err(self->fd, self->host, 1, RW, MAP_SHARED));
	EXPECT_EQ(0, skel_map_err(self->fd, self->host, self->length - 1, RW,
				  MAP_SHARED));
	EXPECT_EQ(-ENXIO, skel_map_err(self->fd, self->host, self->length + 1,
				       RW, MAP_SHARED));
}

TEST_F(mapping, beyond_the_buffer_is_enxio)
{
	const __u64 end = self->host + self->length;
	/*
	 * The system call of a 32-bit program has 32 bits for the page: what
	 * does not fit is refused by the C library.
	 */
	const __u64 limit = sizeof(long) == 4 ? (__u64)UINT32_MAX * self->page : UINT64_MAX;
	const struct { __u64 offset; size_t length; } bad[] = {
		{ self->host, self->length + self->page },
		{ self->host, SKEL_MIB(64) },
		{ self->host + self->page, self->length },
		{ self->host - self->page, self->page },
		{ self->host - self->page, 2 * self->page },
		{ self->host - self->page, self->length + self->page },
		{ end, self->page },
		{ end - self->page, 2 * self->page },
		{ self->host + (1ULL << 34), self->page },
		{ self->host + (1ULL << 44), self->page },
		{ 1ULL << 32, self->page },
		{ 1ULL << 44, self->page },
		{ (1ULL << 63) - self->page, self->page },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(bad[i].offset > limit ? -EINVAL : -ENXIO,
			  skel_map_err(self->fd, bad[i].offset, bad[i].length, RW, MAP_SHARED))
			TH_LOG("%#llx, %#zx", bad[i].offset, bad[i].length);
	}
	if (sizeof(long) == 4)
		return;
	/* The last page of all; and one that wraps around, which does not reach the driver. */
	EXPECT_EQ(-ENXIO, skel_map_err(self->fd, -(__u64)self->page, self->page,
				       RW, MAP_SHARED));
	EXPECT_EQ(-EOVERFLOW, skel_map_err(self->fd, -(__u64)self->page,
					   2 * self->page, RW, MAP_SHARED));
}

TEST_F(mapping, two_buffers_are_not_one_range)
{
	__u64 host[8];

	for (int i = 0; i < 8; i++) {
		ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, self->page, &host[i]))
			TH_LOG("%d", (int)i);
	}
	for (int i = 0; i < 8; i++) {
		EXPECT_EQ(0, skel_map_err(self->fd, host[i], self->page, RW, MAP_SHARED));
		EXPECT_EQ(-ENXIO, skel_map_err(self->fd, host[i], 2 * self->page,
					       RW, MAP_SHARED));
	}
}

TEST_F(mapping, freed_buffer_is_enxio)
{
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	EXPECT_EQ(-ENXIO, skel_map_err(self->fd, self->host, self->length, RW,
				       MAP_SHARED));
	EXPECT_EQ(-ENXIO, skel_map_err(self->fd, self->host, self->page,
				       PROT_READ, MAP_SHARED));
}

TEST_F(mapping, other_channels_buffer_is_enxio)
{
	int other = skel_open(O_RDWR);

	ASSERT_LE(0, other);
	EXPECT_EQ(-ENXIO, skel_map_err(other, self->host, self->page, RW, MAP_SHARED));
	close(other);
}

TEST_F(mapping, private_is_einval)
{
	EXPECT_EQ(-EINVAL, skel_map_err(self->fd, self->host, self->page, RW,
					MAP_PRIVATE));
	EXPECT_EQ(-EINVAL, skel_map_err(self->fd, self->host, self->page,
					PROT_READ, MAP_PRIVATE));
	if (skel_has_memory(self->fd))
		EXPECT_EQ(-EINVAL, skel_map_err(self->fd, 0, self->page, RW,
						MAP_PRIVATE));
}

TEST_F(mapping, exec_is_eperm_and_stays_refused)
{
	EXPECT_EQ(-EPERM, skel_map_err(self->fd, self->host, self->page,
				       PROT_READ | PROT_EXEC, MAP_SHARED));
	EXPECT_EQ(-EPERM, skel_map_err(self->fd, self->host, self->page,
				       RW | PROT_EXEC, MAP_SHARED));
	if (skel_has_memory(self->fd))
		EXPECT_EQ(-EPERM, skel_map_err(self->fd, 0, self->page,
					       PROT_READ | PROT_EXEC, MAP_SHARED));
	EXPECT_EQ(-EACCES, skel_err(mprotect(self->map, self->page,
					     PROT_READ | PROT_EXEC)));
	EXPECT_EQ(-EACCES, skel_err(mprotect(self->map, self->length,
					     RW | PROT_EXEC)));
	EXPECT_EQ(0, skel_touch(self->map));
}

TEST_F(mapping, file_mode_limits_the_mapping)
{
	int reader = skel_open(O_RDONLY), writer = skel_open(O_WRONLY);
	__u64 host;
	void *map;

	ASSERT_LE(0, reader);
	ASSERT_LE(0, writer);
	ASSERT_EQ(0, skel_alloc(reader, SKEL_BOTH, 1, &host));
	EXPECT_EQ(-EACCES, skel_map_err(reader, host, self->page, RW, MAP_SHARED));
	/* If it can be mapped, then for reading only, and for good. */
	map = mmap(NULL, self->page, PROT_READ, MAP_SHARED, reader, host);
	if (map != MAP_FAILED) {
		EXPECT_EQ(0, skel_touch(map));
		EXPECT_EQ(SIGSEGV, skel_poke(map, 1));
		EXPECT_EQ(-EACCES, skel_err(mprotect(map, self->page, RW)));
	}
	ASSERT_EQ(0, skel_alloc(writer, SKEL_BOTH, 1, &host));
	EXPECT_EQ(-EACCES, skel_map_err(writer, host, self->page, RW, MAP_SHARED));
	EXPECT_EQ(-EACCES, skel_map_err(writer, host, self->page, PROT_READ, MAP_SHARED));
	close(reader);
	close(writer);
}

TEST_F(mapping, read_only_and_back)
{
	EXPECT_EQ(0, mprotect(self->map, self->length, PROT_READ));
	EXPECT_EQ(SIGSEGV, skel_poke(self->map, 7));
	EXPECT_TRUE(skel_check(self->map, self->length, 1));
	EXPECT_EQ(0, mprotect(self->map + self->page, self->page, RW));
	EXPECT_EQ(0, skel_poke(self->map + self->page, 7));
	EXPECT_EQ(SIGSEGV, skel_poke(self->map, 7));
	EXPECT_EQ(SIGSEGV, skel_poke(self->map + 2 * self->page, 7));
	EXPECT_EQ(0, mprotect(self->map, self->length, PROT_NONE));
	EXPECT_EQ(SIGSEGV, skel_touch(self->map));
	EXPECT_EQ(0, mprotect(self->map, self->length, RW));
	EXPECT_EQ(0, skel_poke(self->map, 7));
	EXPECT_EQ(7, self->map[self->page]);
}

/* PTEs exist when mmap() returns. The first round brings in the test itself. */
TEST_F(mapping, first_touch_takes_no_page_fault)
{
	const size_t length = SKEL_MIB(1);
	struct rusage before, after, written;
	struct utsname machine;
	__u64 host;
	long faults;
	__u8 *map;

	for (int round = 0; round < 2; round++) {
		map = skel_buffer(self->fd, SKEL_BOTH, length, &host);
		ASSERT_NE(NULL, map);
		ASSERT_EQ(0, getrusage(RUSAGE_SELF, &before));
		for (size_t i = 0; i < length; i += self->page)
			(void)__atomic_load_n(map + i, __ATOMIC_RELAXED);
		ASSERT_EQ(0, getrusage(RUSAGE_SELF, &after));
		for (size_t i = 0; i < length; i += self->page)
			__atomic_store_n(map + i, 1, __ATOMIC_RELAXED);
		ASSERT_EQ(0, getrusage(RUSAGE_SELF, &written));
	}
	EXPECT_EQ(before.ru_minflt, after.ru_minflt);
	EXPECT_EQ(before.ru_majflt, after.ru_majflt);
	/* Some processors of arm64 need one for each page, to mark it dirty. */
	faults = written.ru_minflt - after.ru_minflt;
	ASSERT_EQ(0, uname(&machine));
	if (faults && !strcmp(machine.machine, "aarch64"))
		faults -= length / self->page;
	EXPECT_EQ(0, faults);
}

TEST_F(mapping, unmapping_a_part_leaves_the_rest)
{
	EXPECT_EQ(0, munmap(self->map + self->page, self->page));
	EXPECT_EQ(0, skel_touch(self->map + self->page - 1));
	EXPECT_EQ(SIGSEGV, skel_touch(self->map + self->page));
	EXPECT_EQ(SIGSEGV, skel_touch(self->map + 2 * self->page - 1));
	EXPECT_EQ(0, skel_touch(self->map + 2 * self->page));
	/* Fill the hole with its own page, or with another one. */
	EXPECT_EQ(self->map + self->page,
		  mmap(self->map + self->page, self->page, RW,
		       MAP_SHARED | MAP_FIXED, self->fd, self->host + self->page));
	EXPECT_TRUE(skel_check(self->map, self->length, 1));
	EXPECT_EQ(self->map + self->page,
		  mmap(self->map + self->page, self->page, RW,
		       MAP_SHARED | MAP_FIXED, self->fd, self->host));
	EXPECT_EQ(0, memcmp(self->map, self->map + self->page, self->page));
}

TEST_F(mapping, moving_takes_the_buffer_along)
{
	void *target = mmap(NULL, self->length, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	__u8 *moved;

	ASSERT_NE(MAP_FAILED, target);
	moved = mremap(self->map, self->length, self->length,
		       MREMAP_MAYMOVE | MREMAP_FIXED, target);
	ASSERT_EQ(target, moved);
	EXPECT_EQ(SIGSEGV, skel_touch(self->map));
	EXPECT_TRUE(skel_check(moved, self->length, 1));
	/* Revocation finds it at its new place. */
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	for (size_t i = 0; i < self->length; i += self->page)
		EXPECT_EQ(SIGBUS, skel_touch(moved + i));
}

TEST_F(mapping, moving_a_part)
{
	void *target = mmap(NULL, self->page, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	__u8 *moved;

	ASSERT_NE(MAP_FAILED, target);
	moved = mremap(self->map + 2 * self->page, self->page, self->page,
		       MREMAP_MAYMOVE | MREMAP_FIXED, target);
	ASSERT_EQ(target, moved);
	moved[5] ^= 0xff;
	EXPECT_EQ(0, munmap(self->map, self->length));
	self->map = skel_map(self->fd, self->host, self->length);
	ASSERT_NE(NULL, self->map);
	EXPECT_EQ(moved[5], self->map[2 * self->page + 5]);
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	EXPECT_EQ(SIGBUS, skel_touch(moved));
	EXPECT_EQ(SIGBUS, skel_touch(self->map));
}

TEST_F(mapping, shrinking_works_growing_is_efault)
{
	void *grown;

	EXPECT_EQ(self->map, mremap(self->map, self->length, 2 * self->page, 0));
	EXPECT_EQ(SIGSEGV, skel_touch(self->map + 2 * self->page));
	EXPECT_EQ(0, skel_touch(self->map + 2 * self->page - 1));
	/* Not even to what it was */
	grown = mremap(self->map, 2 * self->page, self->length, MREMAP_MAYMOVE);
	EXPECT_EQ(MAP_FAILED, grown);
	EXPECT_EQ(EFAULT, errno);
	grown = mremap(self->map, 2 * self->page, self->length, 0);
	EXPECT_EQ(MAP_FAILED, grown);
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, skel_touch(self->map));
}

/* mremap() with an old size of 0 makes a second mapping of a shared one. */
TEST_F(mapping, duplicates_are_refused_or_revoked)
{
	__u8 *copy = mremap(self->map, 0, self->length, MREMAP_MAYMOVE);

	if (copy == MAP_FAILED) {
		/* One with DONTEXPAND or PFNMAP cannot be duplicated. */
		EXPECT_TRUE(errno == EINVAL || errno == EFAULT);
		return;
	}
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	EXPECT_EQ(SIGBUS, skel_touch(copy));
}

TEST_F(mapping, advice_that_would_change_it_is_einval)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_FREE, MADV_DOFORK, MADV_DODUMP,
		MADV_WIPEONFORK, MADV_COLD, MADV_PAGEOUT,
		22 /* MADV_POPULATE_READ */, 23 /* MADV_POPULATE_WRITE */,
	};

	for (size_t i = 0; i < ARRAY_SIZE(advices); i++) {
		EXPECT_EQ(-EINVAL, skel_err(madvise(self->map, self->length,
						    advices[i])))
			TH_LOG("advice %d", advices[i]);
	}
	EXPECT_TRUE(skel_check(self->map, self->length, 1));
}

TEST_F(mapping, mlock_is_harmless)
{
	EXPECT_EQ(0, mlock(self->map, self->length));
	EXPECT_EQ(0, munlock(self->map, self->length));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	EXPECT_EQ(SIGBUS, skel_touch(self->map));
}

/* Every mapping, however made and cut, goes with the buffer. */
TEST_F(mapping, free_revokes_all_of_it)
{
	__u8 *second = skel_map(self->fd, self->host, self->length);
	__u8 *part = skel_map(self->fd, self->host + self->page, self->page);
	__u8 *readonly = mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->fd,
			      self->host + 3 * self->page);

	ASSERT_NE(NULL, second);
	ASSERT_NE(NULL, part);
	ASSERT_NE(MAP_FAILED, readonly);
	EXPECT_EQ(0, mprotect(second + self->page, self->page, PROT_READ));
	EXPECT_EQ(0, munmap(second + 3 * self->page, self->page));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	for (size_t i = 0; i < self->length; i += self->page) {
		EXPECT_EQ(SIGBUS, skel_touch(self->map + i));
		EXPECT_EQ(SIGBUS, skel_poke(self->map + i, 1));
	}
	for (size_t i = 0; i < 3 * self->page; i += self->page)
		EXPECT_EQ(SIGBUS, skel_touch(second + i));
	EXPECT_EQ(SIGBUS, skel_touch(part));
	EXPECT_EQ(SIGBUS, skel_touch(readonly));
	/* It stays so, whatever the program does with the ruins. */
	EXPECT_EQ(0, mprotect(self->map, self->length, PROT_READ));
	EXPECT_EQ(SIGBUS, skel_touch(self->map));
	EXPECT_EQ(0, mprotect(self->map, self->length, RW));
	EXPECT_EQ(SIGBUS, skel_poke(self->map, 1));
	EXPECT_EQ(0, munmap(self->map, self->length));
}

/* Its neighbours stay. */
TEST_F(mapping, free_revokes_nothing_else)
{
	enum { N = 9 };
	__u64 host[N];
	__u8 *map[N];

	for (int i = 0; i < N; i++) {
		map[i] = skel_buffer(self->fd, SKEL_BOTH, self->length, &host[i]);
		ASSERT_NE(NULL, map[i]);
		skel_fill(map[i], self->length, i + 10);
	}
	for (int i = 0; i < N; i += 2) {
		EXPECT_EQ(0, skel_free(self->fd, host[i]));
		EXPECT_EQ(SIGBUS, skel_touch(map[i]));
	}
	for (int i = 1; i < N; i += 2)
		EXPECT_TRUE(skel_check(map[i], self->length, i + 10));
	EXPECT_TRUE(skel_check(self->map, self->length, 1));
}

/* A mapping keeps the channel: closing the file does not end it. */
TEST_F(mapping, mapping_outlives_the_descriptor)
{
	close(self->fd);
	EXPECT_TRUE(skel_check(self->map, self->length, 1));
	self->map[0] = 1;
	EXPECT_EQ(0, munmap(self->map, self->length));
}

TEST_HARNESS_MAIN
