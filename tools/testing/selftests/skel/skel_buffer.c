// SPDX-License-Identifier: GPL-2.0
/*
 * ALLOC, FREE and SYNC: lengths, host addresses, ownership
 */
#include "../kselftest_harness.h"
#include "skel_test.h"

/* Channel n hands out host addresses from (n + 1) * WINDOW on. */
#define WINDOW		0x400000000ULL
#define HOST_END	0x100000000000ULL

/* Debug kernels and busy machines are slow. */
#define TIMEOUT		300

FIXTURE(buffer)
{
	int fd;
	struct skel_info info;
};

FIXTURE_SETUP(buffer)
{
	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	ASSERT_EQ(0, skel_info(self->fd, &self->info));
}

FIXTURE_TEARDOWN(buffer)
{
	close(self->fd);
}

TEST_F(buffer, length_is_rounded_to_pages)
{
	size_t page = skel_page();
	const size_t lengths[] = {
		1, 2, page - 1, page, page + 1, 2 * page - 1, 2 * page,
		3 * page, 3 * page + 1, 7 * page, 64 * page,
	};

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct skel_alloc cmd = {
			.size = sizeof(cmd),
			.flags = SKEL_ALLOC_TOHOST,
			.length = lengths[i],
		};
		size_t rounded = (lengths[i] + page - 1) / page * page;

		ASSERT_EQ(0, skel_err(ioctl(self->fd, SKEL_IOC_ALLOC, &cmd)));
		EXPECT_EQ(rounded, cmd.length);
		EXPECT_EQ(0, cmd.host_addr % page);
		EXPECT_EQ(0, skel_map_err(self->fd, cmd.host_addr, rounded,
					  PROT_READ | PROT_WRITE, MAP_SHARED));
		EXPECT_EQ(-ENXIO, skel_map_err(self->fd, cmd.host_addr,
					       rounded + page,
					       PROT_READ | PROT_WRITE, MAP_SHARED));
		EXPECT_EQ(0, skel_free(self->fd, cmd.host_addr));
	}
}

TEST_F(buffer, bad_length_is_einval)
{
	const __u64 lengths[] = {
		0, self->info.buffer_max + 1, self->info.buffer_max * 2,
		1ULL << 32, (1ULL << 32) + 1, 1ULL << 44, 1ULL << 63,
		UINT64_MAX - skel_page(), UINT64_MAX - 1, UINT64_MAX,
	};
	struct skel_info info;
	__u64 host;

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(-EINVAL, skel_alloc(self->fd, SKEL_BOTH, lengths[i], &host))
			TH_LOG("length %#llx", lengths[i]);
	}
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(0, info.buffers);
	EXPECT_EQ(0, info.buffer_bytes);
}

TEST_F(buffer, largest_length_works)
{
	__u64 host;
	__u8 *map;

	map = skel_buffer(self->fd, SKEL_BOTH, self->info.buffer_max, &host);
	if (!map && errno == ENOMEM)
		SKIP(return, "memory is fragmented");
	ASSERT_NE(NULL, map);
	EXPECT_EQ(0, skel_poke(map + self->info.buffer_max - 1, 1));
	EXPECT_EQ(0, munmap(map, self->info.buffer_max));
	EXPECT_EQ(0, skel_free(self->fd, host));
}

TEST_F(buffer, direction_is_required)
{
	__u64 host;

	EXPECT_EQ(-EINVAL, skel_alloc(self->fd, 0, 1, &host));
	EXPECT_EQ(0, skel_alloc(self->fd, SKEL_ALLOC_TOHOST, 1, &host));
	EXPECT_EQ(0, skel_alloc(self->fd, SKEL_ALLOC_FROMHOST, 1, &host));
	EXPECT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &host));
	/* A flag of the future beside a known one */
	EXPECT_EQ(-EOPNOTSUPP, skel_alloc(self->fd, SKEL_BOTH | 1U << 2, 1, &host));
}

TEST_F(buffer, wanted_host_address_is_einval)
{
	struct skel_alloc cmd = {
		.size = sizeof(cmd),
		.flags = SKEL_ALLOC_TOHOST,
		.length = 1,
		.host_addr = (self->info.channel + 1) * WINDOW,
	};

	EXPECT_EQ(-EINVAL, skel_err(ioctl(self->fd, SKEL_IOC_ALLOC, &cmd)));
}

TEST_F(buffer, host_addresses_are_unique_and_in_the_window)
{
	const __u64 start = (self->info.channel + 1) * WINDOW;
	const __u64 end = start + WINDOW;
	struct { __u64 host; size_t length; } b[64];

	EXPECT_LE(end, HOST_END);
	for (size_t i = 0; i < ARRAY_SIZE(b); i++) {
		b[i].length = (1 + i % 5) * skel_page();
		ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, b[i].length, &b[i].host));
		EXPECT_LE(start, b[i].host);
		EXPECT_LE(b[i].host + b[i].length, end);
		for (size_t j = 0; j < i; j++) {
			EXPECT_TRUE(b[j].host + b[j].length <= b[i].host ||
				    b[i].host + b[i].length <= b[j].host);
		}
	}
}

/* A stale number should not soon name another buffer. */
TEST_F(buffer, host_addresses_are_not_reused_at_once)
{
	__u64 first, next;

	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &first));
	ASSERT_EQ(0, skel_free(self->fd, first));
	for (int i = 0; i < 16; i++) {
		ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &next));
		EXPECT_NE(first, next);
		ASSERT_EQ(0, skel_free(self->fd, next));
	}
}

TEST_F(buffer, memory_is_zeroed)
{
	const size_t length = 16 * skel_page();

	for (int i = 0; i < 50; i++) {
		__u64 host;
		__u8 *map = skel_buffer(self->fd, SKEL_BOTH, length, &host);

		ASSERT_NE(NULL, map);
		ASSERT_TRUE(skel_all(map, length, 0));
		memset(map, 0x5a, length);
		ASSERT_EQ(0, munmap(map, length));
		ASSERT_EQ(0, skel_free(self->fd, host));
	}
}

/* Also what the rounding to whole pages and powers of two adds */
TEST_F(buffer, tail_of_the_last_page_is_zeroed)
{
	__u64 host;
	__u8 *map = skel_buffer(self->fd, SKEL_BOTH, 1, &host);

	ASSERT_NE(NULL, map);
	EXPECT_TRUE(skel_all(map, skel_page(), 0));
}

TEST_F_TIMEOUT(buffer, many_buffers, TIMEOUT)
{
	enum { MANY = 1000 };
	static __u64 host[MANY];
	struct skel_info info;

	for (int i = 0; i < MANY; i++) {
		ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &host[i]))
			TH_LOG("%d", (int)i);
	}
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(MANY, info.buffers);
	/* Free them in a mixed order; each is found, once. */
	for (int i = 0; i < MANY; i++)
		EXPECT_EQ(0, skel_free(self->fd, host[i * 7 % MANY]));
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(0, info.buffers);
	EXPECT_EQ(0, info.buffer_bytes);
}

TEST_F(buffer, free_of_unknown_buffer_is_enoent)
{
	__u64 host, end;

	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 2 * skel_page(), &host));
	end = host + 2 * skel_page();
	EXPECT_EQ(-ENOENT, skel_free(self->fd, 0));
	EXPECT_EQ(-ENOENT, skel_free(self->fd, 1));
	EXPECT_EQ(-ENOENT, skel_free(self->fd, host - 1));
	EXPECT_EQ(-ENOENT, skel_free(self->fd, host + 1));
	EXPECT_EQ(-ENOENT, skel_free(self->fd, host + skel_page()));
	EXPECT_EQ(-ENOENT, skel_free(self->fd, end - 1));
	EXPECT_EQ(-ENOENT, skel_free(self->fd, end));
	EXPECT_EQ(-ENOENT, skel_free(self->fd, host + (1ULL << 32)));
	EXPECT_EQ(-ENOENT, skel_free(self->fd, host | 1ULL << 63));
	EXPECT_EQ(-ENOENT, skel_free(self->fd, HOST_END));
	EXPECT_EQ(-ENOENT, skel_free(self->fd, UINT64_MAX));
	EXPECT_EQ(0, skel_free(self->fd, host));
	EXPECT_EQ(-ENOENT, skel_free(self->fd, host));
}

TEST_F(buffer, free_of_another_channels_buffer_is_enoent)
{
	int other = skel_open(O_RDWR);
	struct skel_info info;
	__u64 host;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, skel_alloc(other, SKEL_BOTH, 1, &host));
	EXPECT_EQ(-ENOENT, skel_free(self->fd, host));
	EXPECT_EQ(-ENOENT, skel_sync(self->fd, SKEL_SYNC_FOR_CPU, host, 1));
	ASSERT_EQ(0, skel_info(other, &info));
	EXPECT_EQ(1, info.buffers);
	EXPECT_EQ(0, skel_free(other, host));
	close(other);
}

TEST_F(buffer, sync_takes_any_range_inside)
{
	const size_t length = 3 * skel_page();
	__u64 host;

	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, length, &host));
	for (__u32 flag = 1; flag <= 2; flag <<= 1) {
		EXPECT_EQ(0, skel_sync(self->fd, flag, host, 1));
		EXPECT_EQ(0, skel_sync(self->fd, flag, host, length));
		EXPECT_EQ(0, skel_sync(self->fd, flag, host + length - 1, 1));
		EXPECT_EQ(0, skel_sync(self->fd, flag, host + 5, skel_page()));
	}
}

TEST_F(buffer, sync_outside_is_enoent)
{
	const size_t length = 2 * skel_page();
	__u64 host, far;

	/* One before and one behind, perhaps side by side */
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, length, &far));
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, length, &host));
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, length, &far));
	for (__u32 flag = 1; flag <= 2; flag <<= 1) {
		EXPECT_EQ(-ENOENT, skel_sync(self->fd, flag, host - 1, 2));
		EXPECT_EQ(-ENOENT, skel_sync(self->fd, flag, host, length + 1));
		EXPECT_EQ(-ENOENT, skel_sync(self->fd, flag, host + length - 1, 2));
		EXPECT_EQ(-ENOENT, skel_sync(self->fd, flag, host + 1, length));
		EXPECT_EQ(-ENOENT, skel_sync(self->fd, flag, host, UINT64_MAX));
		EXPECT_EQ(-ENOENT, skel_sync(self->fd, flag, host, -host));
		EXPECT_EQ(-ENOENT, skel_sync(self->fd, flag, host + 1, UINT64_MAX));
		EXPECT_EQ(-ENOENT, skel_sync(self->fd, flag, UINT64_MAX, 1));
		EXPECT_EQ(-ENOENT, skel_sync(self->fd, flag, UINT64_MAX, UINT64_MAX));
		EXPECT_EQ(-ENOENT, skel_sync(self->fd, flag, 0, 1));
	}
	ASSERT_EQ(0, skel_free(self->fd, host));
	EXPECT_EQ(-ENOENT, skel_sync(self->fd, SKEL_SYNC_FOR_CPU, host, 1));
}

TEST_F(buffer, sync_needs_one_flag_and_a_length)
{
	__u64 host;

	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &host));
	EXPECT_EQ(-EINVAL, skel_sync(self->fd, 0, host, 1));
	EXPECT_EQ(-EINVAL, skel_sync(self->fd, SKEL_SYNC_FOR_CPU |
				     SKEL_SYNC_FOR_DEVICE, host, 1));
	EXPECT_EQ(-EINVAL, skel_sync(self->fd, SKEL_SYNC_FOR_CPU, host, 0));
	EXPECT_EQ(-EOPNOTSUPP, skel_sync(self->fd, 1U << 2, host, 1));
}

TEST_F(buffer, same_numbers_free_works_while_mapped_twice)
{
	__u64 host;
	__u8 *a = skel_buffer(self->fd, SKEL_BOTH, 1, &host);
	__u8 *b = skel_map(self->fd, host, skel_page());

	ASSERT_NE(NULL, a);
	ASSERT_NE(NULL, b);
	a[17] = 42;
	EXPECT_EQ(42, b[17]);
	EXPECT_EQ(0, skel_free(self->fd, host));
	EXPECT_EQ(SIGBUS, skel_touch(a));
	EXPECT_EQ(SIGBUS, skel_touch(b));
}

TEST_HARNESS_MAIN
