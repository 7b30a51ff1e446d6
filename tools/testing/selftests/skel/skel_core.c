// SPDX-License-Identifier: GPL-2.0
/*
 * The contract of the user API: ioctls, buffers, their mappings, the command
 * stream and transfers, as any card offers them
 */
#include <sys/utsname.h>

#include "../kselftest_harness.h"
#include "skel_test.h"

#define POISON		0xa5
#define PAGES		4

/* Channel n hands out host addresses from (n + 1) * WINDOW on. */
#define WINDOW		0x400000000ULL
#define HOST_END	0x100000000000ULL

/* Debug kernels and busy machines are slow. */
#define TIMEOUT		300

static const char * const directions[] = { "TOHOST", "FROMHOST" };

FIXTURE(core)
{
	int fd;
	struct skel_info info;	/* before the buffer */
	size_t page;
	size_t length;		/* of the buffer */
	__u64 host;
	__u8 *map;
};

FIXTURE_SETUP(core)
{
	SKEL_OPEN_OR_SKIP(self->fd, O_RDWR);
	ASSERT_EQ(0, skel_info(self->fd, &self->info));
	self->page = skel_page();
	self->length = PAGES * self->page;
	self->map = skel_buffer(self->fd, SKEL_BOTH, self->length, &self->host);
	ASSERT_NE(NULL, self->map);
	skel_fill(self->map, self->length, 1);
}

FIXTURE_TEARDOWN(core)
{
	close(self->fd);
}

/* Addresses where nothing is mapped; where mremap() may move something to */
static void *reserve(size_t length)
{
	return mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Ordinary memory of one page; the page behind it is not there. */
static void *last_page(size_t page)
{
	__u8 *map = mmap(NULL, 2 * page, SKEL_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED || munmap(map + page, page) ? NULL : map;
}

/* An ioctl that works, with room for members of the future */
union command {
	__u32 size;
	struct skel_info info;
	struct skel_region_info region;
	struct skel_alloc alloc;
	struct skel_free free;
	struct skel_sync sync;
	__u8 bytes[512];
};

static const struct ioctl_case {
	const char *name;
	unsigned long number;
	__u32 size;
	__u32 flags;	/* that are known */
	bool output;	/* the kernel writes to the structure */
} cases[] = {
	{ "INFO", SKEL_IOC_INFO, sizeof(struct skel_info), 0, true },
	{ "REGION_INFO", SKEL_IOC_REGION_INFO, sizeof(struct skel_region_info), 0, true },
	{ "SYNC", SKEL_IOC_SYNC, sizeof(struct skel_sync),
	  SKEL_SYNC_FOR_CPU | SKEL_SYNC_FOR_DEVICE, false },
	{ "ALLOC", SKEL_IOC_ALLOC, sizeof(struct skel_alloc), SKEL_BOTH, true },
	{ "FREE", SKEL_IOC_FREE, sizeof(struct skel_free), 0, false },
};

static void prepare(const struct ioctl_case *c, union command *cmd, __u64 host)
{
	memset(cmd, 0, sizeof(*cmd));
	cmd->size = c->size;
	if (c->number == SKEL_IOC_ALLOC)
		cmd->alloc = (struct skel_alloc){
			.size = c->size, .flags = SKEL_ALLOC_TOHOST, .length = 1,
		};
	else if (c->number == SKEL_IOC_FREE)
		cmd->free.host_addr = host;
	else if (c->number == SKEL_IOC_SYNC)
		cmd->sync = (struct skel_sync){
			.size = c->size, .flags = SKEL_SYNC_FOR_CPU, .host_addr = host, .length = 1,
		};
}

static int map_rw(int fd, __u64 offset, size_t length)
{
	return skel_map_err(fd, offset, length, SKEL_RW, MAP_SHARED);
}

static int call(int fd, unsigned long number, void *arg)
{
	return skel_err(ioctl(fd, number, arg));
}

/* Too short, or longer with a member that this kernel does not know */
TEST_F(core, wrong_size_is_refused)
{
	const struct { __u32 size, add; int rc; } wrong[] = {
		{ 0, 0, -EINVAL }, { 1, 0, -EINVAL }, { 3, 0, -EINVAL }, { 4, 0, -EINVAL },
		{ 8, 0, -EINVAL }, { -1, 1, -EINVAL }, { 1, 1, -E2BIG },
		{ sizeof(union command), 0, -E2BIG }, { UINT32_MAX, 0, -EFAULT },
	};
	union command cmd;

	for (size_t i = 0; i < ARRAY_SIZE(cases) * ARRAY_SIZE(wrong); i++) {
		const struct ioctl_case *c = &cases[i / ARRAY_SIZE(wrong)];
		const typeof(wrong[0]) *w = &wrong[i % ARRAY_SIZE(wrong)];
		int rc;

		prepare(c, &cmd, self->host);
		cmd.size = w->size + w->add * c->size;
		if (w->rc == -E2BIG)
			cmd.bytes[cmd.size - 1] = 0x80;
		rc = call(self->fd, c->number, &cmd);
		/* Of an absurd size it may not come to reading all. */
		EXPECT_TRUE(rc == w->rc || (w->rc == -EFAULT && rc == -E2BIG))
			TH_LOG("%s, size %u: %d", c->name, w->size, rc);
	}
	EXPECT_EQ(1, skel_buffers(self->fd));
}

/* The same with members of the future that are 0, which works */
TEST_F(core, nothing_is_written_behind_the_structure)
{
	union command cmd;

	for (int poison = 0; poison <= POISON; poison += POISON) {
		__u64 host = 0;

		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			const struct ioctl_case *c = &cases[i];
			const size_t spare = sizeof(cmd) - c->size;

			prepare(c, &cmd, self->host);
			if (!poison)
				cmd.size = sizeof(cmd);
			memset(cmd.bytes + c->size, poison, spare);
			EXPECT_EQ(0, call(self->fd, c->number, &cmd))
				TH_LOG("%s, poison %#x", c->name, poison);
			EXPECT_TRUE(skel_all(cmd.bytes + c->size, spare, poison))
				TH_LOG("%s, poison %#x", c->name, poison);
			if (c->number == SKEL_IOC_ALLOC)
				host = cmd.alloc.host_addr;
		}
		/* One allocated, one freed */
		EXPECT_EQ(1, skel_buffers(self->fd));
		self->host = host;
	}
}

TEST_F(core, bad_pointer_is_efault)
{
	const size_t page = self->page;
	__u8 *map = last_page(page);
	union command cmd;

	ASSERT_NE(NULL, map);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct ioctl_case *c = &cases[i];

		EXPECT_EQ(-EFAULT, call(self->fd, c->number, NULL));
		EXPECT_EQ(-EFAULT, call(self->fd, c->number, map + page));
		EXPECT_EQ(-EFAULT, call(self->fd, c->number, (void *)-page));
		prepare(c, &cmd, self->host);
		/* The last byte is missing, and all but the size is. */
		for (size_t there = c->size - 1; there; there = there == 4 ? 0 : 4) {
			memcpy(map + page - there, &cmd, there);
			EXPECT_EQ(-EFAULT, call(self->fd, c->number, map + page - there))
				TH_LOG("%s", c->name);
		}
	}
	EXPECT_EQ(1, skel_buffers(self->fd));
}

/* An answer that cannot be written leaves nothing behind. */
TEST_F(core, read_only_pointer_leaves_nothing_behind)
{
	union command *cmd = mmap(NULL, self->page, SKEL_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct skel_info info;

	ASSERT_NE(MAP_FAILED, cmd);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct ioctl_case *c = &cases[i];
		int rc;

		ASSERT_EQ(0, mprotect(cmd, self->page, SKEL_RW));
		prepare(c, cmd, self->host);
		ASSERT_EQ(0, mprotect(cmd, self->page, PROT_READ));
		rc = call(self->fd, c->number, cmd);
		EXPECT_TRUE(rc == -EFAULT || (rc == 0 && !c->output))
			TH_LOG("%s", c->name);
		ASSERT_EQ(0, skel_info(self->fd, &info));
		/* FREE, the last one, is all or nothing, too. */
		EXPECT_EQ(c->number != SKEL_IOC_FREE || rc, info.buffers);
		EXPECT_EQ(info.buffers * self->length, info.buffer_bytes);
	}
}

TEST_F(core, unknown_number_is_enotty)
{
	const unsigned long numbers[] = {
		/* Size and direction are no part of our numbers. */
		_IOWR(SKEL_IOC_TYPE, 0, struct skel_info), _IOR(SKEL_IOC_TYPE, 0, struct skel_info),
		UINT32_MAX, SKEL_IOC_TYPE << 8 | 0xff,
	};
	union command cmd;

	prepare(&cases[0], &cmd, self->host);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		EXPECT_EQ(-ENOTTY, call(self->fd, numbers[i], &cmd))
			TH_LOG("%#lx", numbers[i]);
	}
	/* Among them those of other drivers */
	for (unsigned int i = 0xb000; i < 0xc000; i++) {
		if (i >> 8 == SKEL_IOC_TYPE && (i & 0xff) < 0x20)
			continue;
		EXPECT_EQ(-ENOTTY, call(self->fd, _IO(i >> 8, i & 0xff), &cmd))
			TH_LOG("type and number %#x", i);
	}
}

TEST_F(core, unknown_flag_is_eopnotsupp)
{
	union command cmd;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases) * 32; i++) {
		const struct ioctl_case *c = &cases[i / 32];
		const bool region = c->number == SKEL_IOC_REGION_INFO;
		const __u32 flag = 1U << i % 32;

		if (c->flags & flag)
			continue;
		prepare(c, &cmd, self->host);
		if (region)
			cmd.region.flags |= flag;
		else
			cmd.info.flags |= flag;
		EXPECT_EQ(-EOPNOTSUPP, call(self->fd, c->number, &cmd))
			TH_LOG("%s bit %u", c->name, i % 32);
		if (!region)
			continue;
		/* Reserved members are flags of the future. */
		cmd.region.flags = 0;
		cmd.region.reserved = flag;
		EXPECT_EQ(-EOPNOTSUPP, call(self->fd, c->number, &cmd))
			TH_LOG("reserved bit %u", i % 32);
	}
	EXPECT_EQ(1, skel_buffers(self->fd));
}

/* What is there before does not matter, and no byte of it stays. */
TEST_F(core, info_describes_card_and_channel)
{
	struct skel_info expected, info;

	for (int poison = 0; poison <= 0xff; poison += 0xff) {
		memset(&info, poison, sizeof(info));
		info.size = sizeof(info);
		info.flags = 0;
		ASSERT_EQ(0, call(self->fd, SKEL_IOC_INFO, &info));
		ASSERT_NE(NULL, memchr(info.name, 0, sizeof(info.name)));
		EXPECT_LT(0, strlen(info.name));
		EXPECT_LT(0, info.channels);
		EXPECT_LT(info.channel, info.channels);
		EXPECT_LE(1, info.regions);
		EXPECT_LE((1ULL << 24) - 1, info.dma_mask);
		EXPECT_EQ(0, info.dma_mask & (info.dma_mask + 1));
		EXPECT_LE(self->page, info.buffer_max);
		/* All counters but two are 0. */
		expected = (struct skel_info) {
			.size = sizeof(info), .channel = info.channel, .channels = info.channels,
			.regions = info.regions, .line_max = SKEL_LINE_MAX, .buffers = 1,
			.caps = info.caps, .transfers = info.transfers,
			.dma_mask = info.dma_mask, .buffer_max = info.buffer_max,
			.segments = info.segments, .buffer_bytes = self->length,
		};
		memcpy(expected.name, info.name, strlen(info.name));
		EXPECT_EQ(0, memcmp(&expected, &info, sizeof(info)));
	}
}

TEST_F(core, region_info_describes_each_region)
{
	const __u32 wrong[] = { self->info.regions, INT32_MAX, 1U << 31, UINT32_MAX };
	const __u32 known = SKEL_REGION_RAM | SKEL_REGION_READONLY | SKEL_REGION_WC |
			    SKEL_REGION_RAWIO;
	struct skel_region_info expected, region;

	for (__u32 i = 0; i < self->info.regions * 2; i++) {
		memset(&region, i % 2 ? 0xff : 0, sizeof(region));
		region.size = sizeof(region);
		region.index = i / 2;
		region.flags = 0;
		region.reserved = 0;
		ASSERT_EQ(0, call(self->fd, SKEL_IOC_REGION_INFO, &region));
		EXPECT_EQ(0, region.flags & ~known);
		EXPECT_EQ(0, region.offset % self->page);
		EXPECT_EQ(0, region.length % self->page);
		EXPECT_LT(0, region.length);
		EXPECT_LE(region.offset + region.length, 1ULL << 32);
		/* Memory is the card's. */
		if (region.flags & SKEL_REGION_RAM)
			EXPECT_EQ(0, region.offset);
		ASSERT_NE(NULL, memchr(region.name, 0, sizeof(region.name)));
		expected = (struct skel_region_info) {
			.size = sizeof(region), .index = i / 2, .flags = region.flags,
			.offset = region.offset, .length = region.length,
		};
		memcpy(expected.name, region.name, strlen(region.name));
		EXPECT_EQ(0, memcmp(&expected, &region, sizeof(region)));
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(-EINVAL, skel_region(self->fd, wrong[i], &region));
}

/* A card that needs one piece takes a power of two of pages. */
static size_t charge(const struct skel_info *info, size_t length)
{
	size_t charged = skel_page();

	if (info->segments != 1)
		return length;
	while (charged < length)
		charged *= 2;
	return charged;
}

/* Lengths are rounded to pages. */
TEST_F(core, length_is_rounded)
{
	const size_t page = self->page;
	const size_t lengths[] = {
		1, 2, page - 1, page, page + 1, 2 * page - 1, 2 * page, 3 * page, 3 * page + 1,
		4 * page, 5 * page, 7 * page, 9 * page, 64 * page,
	};
	struct { __u64 host; size_t charged; } b[ARRAY_SIZE(lengths)];
	size_t total = self->length;
	struct skel_info info;

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		const size_t rounded = (lengths[i] + page - 1) / page * page;
		struct skel_alloc cmd = {
			.size = sizeof(cmd), .flags = SKEL_ALLOC_TOHOST, .length = lengths[i],
		};

		ASSERT_EQ(0, call(self->fd, SKEL_IOC_ALLOC, &cmd));
		EXPECT_EQ(rounded, cmd.length);
		EXPECT_EQ(0, cmd.host_addr % page);
		EXPECT_EQ(0, map_rw(self->fd, cmd.host_addr, rounded));
		EXPECT_EQ(-ENXIO, map_rw(self->fd, cmd.host_addr, rounded + page));
		b[i].host = cmd.host_addr;
		b[i].charged = charge(&self->info, rounded);
		total += b[i].charged;
		ASSERT_EQ(0, skel_info(self->fd, &info));
		EXPECT_EQ(i + 2, info.buffers);
		EXPECT_EQ(total, info.buffer_bytes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(0, skel_free(self->fd, b[i].host));
		total -= b[i].charged;
		ASSERT_EQ(0, skel_info(self->fd, &info));
		EXPECT_EQ(total, info.buffer_bytes);
	}
	EXPECT_EQ(1, info.buffers);
}

TEST_F(core, bad_allocations_are_refused)
{
	const __u64 max = self->info.buffer_max;
	const __u64 lengths[] = {
		0, max + 1, max * 2, 1ULL << 32, (1ULL << 32) + 1, 1ULL << 44, 1ULL << 63,
		UINT64_MAX - self->page, UINT64_MAX - 1, UINT64_MAX,
	};
	/* A wish for a host address */
	struct skel_alloc wish = {
		.size = sizeof(wish), .flags = SKEL_ALLOC_TOHOST, .length = 1,
		.host_addr = (self->info.channel + 1) * WINDOW,
	};
	struct skel_info info;
	__u64 host;

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(-EINVAL, skel_alloc(self->fd, SKEL_BOTH, lengths[i], &host))
			TH_LOG("length %#llx", lengths[i]);
	}
	EXPECT_EQ(-EINVAL, call(self->fd, SKEL_IOC_ALLOC, &wish));
	EXPECT_EQ(-EINVAL, skel_alloc(self->fd, 0, 1, &host));
	/* A flag of the future beside a known one */
	EXPECT_EQ(-EOPNOTSUPP, skel_alloc(self->fd, SKEL_BOTH | 1U << 2, 1, &host));
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(1, info.buffers);
	EXPECT_EQ(self->length, info.buffer_bytes);
	for (__u32 flags = SKEL_ALLOC_TOHOST; flags <= SKEL_BOTH; flags++)
		EXPECT_EQ(0, skel_alloc(self->fd, flags, 1, &host));
}

TEST_F_TIMEOUT(core, largest_length_works, TIMEOUT)
{
	size_t max = self->info.buffer_max;
	__u64 host;
	__u8 *map;

	/* Other buffers and the memory of cards count towards the same limit. */
	ASSERT_EQ(0, skel_free(self->fd, self->host));
	max -= self->info.segments == 1 ? 0 : max / 8;
	map = skel_buffer(self->fd, SKEL_BOTH, max, &host);
	if (!map && errno == ENOMEM && (self->info.segments == 1 ||
					sysconf(_SC_AVPHYS_PAGES) < (long)(max / self->page)))
		SKIP(return, "not so much memory is free");
	ASSERT_NE(NULL, map);
	EXPECT_EQ(0, skel_poke(map + max - 1, 1));
}

/* Many buffers, freed in a mixed order: each is found, once. */
TEST_F_TIMEOUT(core, host_addresses_are_unique_and_in_the_window, TIMEOUT)
{
	enum { MANY = 1000 };
	static struct { __u64 host; size_t length; } b[MANY];
	const __u64 start = (self->info.channel + 1) * WINDOW;
	struct skel_info info;

	EXPECT_LE(start + WINDOW, HOST_END);
	for (int i = 0; i < MANY; i++) {
		b[i].length = (i < 64 ? 1 + i % 5 : 1) * self->page;
		ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, b[i].length, &b[i].host));
		EXPECT_LE(start, b[i].host);
		EXPECT_LE(b[i].host + b[i].length, start + WINDOW);
		for (int j = 0; j < i; j++) {
			ASSERT_TRUE(b[j].host + b[j].length <= b[i].host ||
				    b[i].host + b[i].length <= b[j].host);
		}
	}
	EXPECT_EQ(MANY + 1, skel_buffers(self->fd));
	/* Two buffers are not one range. */
	for (int i = 0; i < 8; i++) {
		EXPECT_EQ(0, map_rw(self->fd, b[i].host, b[i].length));
		EXPECT_EQ(-ENXIO, map_rw(self->fd, b[i].host, b[i].length + self->page));
	}
	for (int i = 0; i < MANY; i++)
		EXPECT_EQ(0, skel_free(self->fd, b[i * 7 % MANY].host));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(0, info.buffers);
	EXPECT_EQ(0, info.buffer_bytes);
}

/* Also what the rounding to whole pages and powers of two adds */
TEST_F(core, memory_is_zeroed)
{
	for (int i = 0; i < 50; i++) {
		const size_t length = i % 5 ? 16 * self->page : self->page;
		__u64 host;
		__u8 *map = skel_buffer(self->fd, SKEL_BOTH, i % 5 ? length : 1, &host);

		ASSERT_NE(NULL, map);
		ASSERT_TRUE(skel_all(map, length, 0));
		memset(map, 0x5a, length);
		ASSERT_EQ(0, munmap(map, length));
		ASSERT_EQ(0, skel_free(self->fd, host));
	}
}

TEST_F(core, free_of_unknown_buffer_is_enoent)
{
	const __u64 host = self->host, end = host + self->length;
	const __u64 unknown[] = {
		0, 1, host - 1, host + 1, host + self->page, end - 1, end, host + (1ULL << 32),
		host | 1ULL << 63, HOST_END, UINT64_MAX,
	};

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		EXPECT_EQ(-ENOENT, skel_free(self->fd, unknown[i]))
			TH_LOG("%#llx", unknown[i]);
	}
	EXPECT_EQ(0, skel_free(self->fd, host));
	EXPECT_EQ(-ENOENT, skel_free(self->fd, host));
	EXPECT_EQ(-ENOENT, skel_sync(self->fd, SKEL_SYNC_FOR_CPU, host, 1));
	EXPECT_EQ(-ENXIO, map_rw(self->fd, host, self->length));
	EXPECT_EQ(-ENXIO, skel_map_err(self->fd, host, self->page, PROT_READ, MAP_SHARED));
	/* A stale number should not soon name another buffer. */
	for (int i = 0; i < 16; i++) {
		__u64 next;

		ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, self->length, &next));
		EXPECT_NE(host, next);
		ASSERT_EQ(0, skel_free(self->fd, next));
	}
}

TEST_F(core, other_channels_buffer_is_unknown)
{
	int other = skel_open(O_RDWR);

	ASSERT_LE(0, other);
	EXPECT_EQ(-ENOENT, skel_free(other, self->host));
	EXPECT_EQ(-ENOENT, skel_sync(other, SKEL_SYNC_FOR_CPU, self->host, 1));
	EXPECT_EQ(-ENXIO, map_rw(other, self->host, self->page));
	EXPECT_EQ(1, skel_buffers(self->fd));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	close(other);
}

TEST_F(core, sync_takes_what_is_inside)
{
	const __u64 length = self->length;
	__u64 host, far;

	/* One buffer before and one behind, perhaps side by side */
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, length, &host));
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, length, &far));
	const struct { __u64 host, length; int rc; } ranges[] = {
		{ host, 1, 0 }, { host, length, 0 }, { host + length - 1, 1, 0 },
		{ host + 5, self->page, 0 }, { host, 0, -EINVAL }, { host - 1, 2, -ENOENT },
		{ host, length + 1, -ENOENT }, { host + length - 1, 2, -ENOENT },
		{ host + 1, length, -ENOENT }, { host, UINT64_MAX, -ENOENT },
		{ host, -host, -ENOENT }, { host + 1, UINT64_MAX, -ENOENT },
		{ UINT64_MAX, 1, -ENOENT }, { UINT64_MAX, UINT64_MAX, -ENOENT },
		{ 0, 1, -ENOENT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		for (__u32 flag = SKEL_SYNC_FOR_CPU; flag <= SKEL_SYNC_FOR_DEVICE; flag++) {
			EXPECT_EQ(ranges[i].rc,
				  skel_sync(self->fd, flag, ranges[i].host, ranges[i].length))
				TH_LOG("row %zu, flag %u", i, flag);
		}
	}
	EXPECT_EQ(-EINVAL, skel_sync(self->fd, 0, host, 1));
	EXPECT_EQ(-EINVAL, skel_sync(self->fd, SKEL_SYNC_FOR_CPU | SKEL_SYNC_FOR_DEVICE, host, 1));
	EXPECT_EQ(-EOPNOTSUPP, skel_sync(self->fd, 1U << 2, host, 1));
}

TEST_F(core, any_part_can_be_mapped)
{
	const size_t page = self->page;

	for (size_t first = 0; first < PAGES; first++) {
		for (size_t n = 1; first + n <= PAGES; n++) {
			const size_t length = n * page;
			__u8 *part = skel_map(self->fd, self->host + first * page, length);

			ASSERT_NE(NULL, part);
			EXPECT_EQ(0, memcmp(part, self->map + first * page, length));
			part[length - 1] ^= 0xff;
			EXPECT_EQ(part[length - 1], self->map[(first + n) * page - 1]);
			EXPECT_EQ(0, munmap(part, length));
		}
	}
}

TEST_F(core, beyond_the_buffer_is_enxio)
{
	const __u64 host = self->host, length = self->length, page = self->page;
	/*
	 * The system call of a 32-bit program has 32 bits for the page: what
	 * does not fit is refused by the C library.
	 */
	const __u64 limit = sizeof(long) == 4 ? UINT32_MAX * page : UINT64_MAX;
	const struct { __u64 offset; size_t length; int rc; } ranges[] = {
		{ host, 1, 0 }, { host, length - 1, 0 }, { host, length + 1, -ENXIO },
		{ host, length + page, -ENXIO }, { host, SKEL_MIB(64), -ENXIO },
		{ host + page, length, -ENXIO }, { host - page, page, -ENXIO },
		{ host - page, 2 * page, -ENXIO }, { host - page, length + page, -ENXIO },
		{ host + length, page, -ENXIO }, { host + length - page, 2 * page, -ENXIO },
		{ host + (1ULL << 34), page, -ENXIO }, { host + (1ULL << 44), page, -ENXIO },
		{ 1ULL << 32, page, -ENXIO }, { 1ULL << 44, page, -ENXIO },
		{ (1ULL << 63) - page, page, -ENXIO },
		/* The last page of all; one that wraps around does not reach the driver. */
		{ -page, page, -ENXIO }, { -page, 2 * page, -EOVERFLOW },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		EXPECT_EQ(ranges[i].offset > limit ? -EINVAL : ranges[i].rc,
			  map_rw(self->fd, ranges[i].offset, ranges[i].length))
			TH_LOG("%#llx, %#zx", ranges[i].offset, ranges[i].length);
	}
}

/* Buffers, and card memory where it can be mapped */
TEST_F(core, mappings_are_shared_and_not_executable)
{
	static const struct { int prot, flags, rc; } kinds[] = {
		{ SKEL_RW, MAP_PRIVATE, -EINVAL },
		{ PROT_READ, MAP_PRIVATE, -EINVAL },
		{ PROT_READ | PROT_EXEC, MAP_SHARED, -EPERM },
		{ SKEL_RW | PROT_EXEC, MAP_SHARED, -EPERM },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		EXPECT_EQ(kinds[i].rc, skel_map_err(self->fd, self->host, self->page,
						    kinds[i].prot, kinds[i].flags));
		if (skel_has_memory(self->fd))
			EXPECT_EQ(kinds[i].rc, skel_map_err(self->fd, 0, self->page,
							    kinds[i].prot, kinds[i].flags));
	}
	EXPECT_EQ(-EACCES, skel_err(mprotect(self->map, self->page, PROT_READ | PROT_EXEC)));
	EXPECT_EQ(-EACCES, skel_err(mprotect(self->map, self->length, SKEL_RW | PROT_EXEC)));
	EXPECT_EQ(0, skel_touch(self->map));
}

TEST_F(core, file_mode_limits_the_mapping)
{
	int reader = skel_open(O_RDONLY), writer = skel_open(O_WRONLY);
	__u64 host;
	void *map;

	ASSERT_LE(0, reader);
	ASSERT_LE(0, writer);
	ASSERT_EQ(0, skel_alloc(reader, SKEL_BOTH, 1, &host));
	EXPECT_EQ(-EACCES, map_rw(reader, host, self->page));
	/* It can be mapped for reading, and that is for good. */
	map = mmap(NULL, self->page, PROT_READ, MAP_SHARED, reader, host);
	EXPECT_EQ(0, skel_touch(map));
	EXPECT_EQ(SIGSEGV, skel_poke(map, 1));
	EXPECT_EQ(-EACCES, skel_err(mprotect(map, self->page, SKEL_RW)));
	ASSERT_EQ(0, skel_alloc(writer, SKEL_BOTH, 1, &host));
	EXPECT_EQ(-EACCES, map_rw(writer, host, self->page));
	EXPECT_EQ(-EACCES, skel_map_err(writer, host, self->page, PROT_READ, MAP_SHARED));
	close(reader);
	close(writer);
}

TEST_F(core, read_only_and_back)
{
	const size_t page = self->page;

	EXPECT_EQ(0, mprotect(self->map, self->length, PROT_READ));
	EXPECT_EQ(SIGSEGV, skel_poke(self->map, 7));
	EXPECT_TRUE(skel_check(self->map, self->length, 1));
	EXPECT_EQ(0, mprotect(self->map + page, page, SKEL_RW));
	EXPECT_EQ(0, skel_poke(self->map + page, 7));
	EXPECT_EQ(SIGSEGV, skel_poke(self->map, 7));
	EXPECT_EQ(SIGSEGV, skel_poke(self->map + 2 * page, 7));
	EXPECT_EQ(0, mprotect(self->map, self->length, PROT_NONE));
	EXPECT_EQ(SIGSEGV, skel_touch(self->map));
	EXPECT_EQ(0, mprotect(self->map, self->length, SKEL_RW));
	EXPECT_EQ(0, skel_poke(self->map, 7));
	EXPECT_EQ(7, self->map[page]);
}

/* PTEs exist when mmap() returns. The first round brings in the test itself. */
TEST_F(core, first_touch_takes_no_page_fault)
{
	const size_t length = 64 * self->page;
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

TEST_F(core, unmapping_a_part_leaves_the_rest)
{
	const size_t page = self->page;
	__u8 *hole = self->map + page;

	EXPECT_EQ(0, munmap(hole, page));
	EXPECT_EQ(0, skel_touch(hole - 1));
	EXPECT_EQ(SIGSEGV, skel_touch(hole));
	EXPECT_EQ(SIGSEGV, skel_touch(hole + page - 1));
	EXPECT_EQ(0, skel_touch(hole + page));
	/* Fill the hole with its own page, or with another one. */
	EXPECT_EQ(hole, mmap(hole, page, SKEL_RW, MAP_SHARED | MAP_FIXED, self->fd,
			     self->host + page));
	EXPECT_TRUE(skel_check(self->map, self->length, 1));
	EXPECT_EQ(hole, mmap(hole, page, SKEL_RW, MAP_SHARED | MAP_FIXED, self->fd, self->host));
	EXPECT_EQ(0, memcmp(self->map, hole, page));
}

/* All of it, and a part; revocation finds it at its new place. */
TEST_F(core, moving_takes_the_buffer_along)
{
	const int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	const size_t page = self->page, length = self->length;
	__u8 *second = skel_map(self->fd, self->host, length);
	__u8 *moved = reserve(length), *part = reserve(page);

	ASSERT_NE(NULL, second);
	ASSERT_NE(MAP_FAILED, moved);
	ASSERT_NE(MAP_FAILED, part);
	ASSERT_EQ(moved, mremap(self->map, length, length, flags, moved));
	EXPECT_EQ(SIGSEGV, skel_touch(self->map));
	EXPECT_TRUE(skel_check(moved, length, 1));
	ASSERT_EQ(part, mremap(second + 2 * page, page, page, flags, part));
	EXPECT_EQ(SIGSEGV, skel_touch(second + 2 * page));
	part[5] ^= 0xff;
	EXPECT_EQ(part[5], moved[2 * page + 5]);
	EXPECT_EQ(0, munmap(second, length));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	EXPECT_EQ(SIGBUS, skel_touch(part));
	for (size_t i = 0; i < length; i += page)
		EXPECT_EQ(SIGBUS, skel_touch(moved + i));
}

TEST_F(core, shrinking_works_growing_is_efault)
{
	const size_t length = 2 * self->page;

	EXPECT_EQ(self->map, mremap(self->map, self->length, length, 0));
	EXPECT_EQ(SIGSEGV, skel_touch(self->map + length));
	EXPECT_EQ(0, skel_touch(self->map + length - 1));
	/* Not even to what it was */
	for (int flags = 0; flags <= MREMAP_MAYMOVE; flags += MREMAP_MAYMOVE) {
		EXPECT_EQ(MAP_FAILED, mremap(self->map, length, self->length, flags));
		EXPECT_EQ(EFAULT, errno);
	}
	/* An old size of 0 would make a second mapping of a shared one. */
	EXPECT_EQ(MAP_FAILED, mremap(self->map, 0, self->length, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, skel_touch(self->map));
}

TEST_F(core, advice_that_would_change_it_is_einval)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_FREE, MADV_DOFORK, MADV_DODUMP, MADV_WIPEONFORK, MADV_COLD,
		MADV_PAGEOUT, 22 /* MADV_POPULATE_READ */, 23 /* MADV_POPULATE_WRITE */,
	};

	for (size_t i = 0; i < ARRAY_SIZE(advices); i++) {
		EXPECT_EQ(-EINVAL, skel_err(madvise(self->map, self->length, advices[i])))
			TH_LOG("advice %d", advices[i]);
	}
	EXPECT_TRUE(skel_check(self->map, self->length, 1));
	/* Locking is harmless. */
	EXPECT_EQ(0, mlock(self->map, self->length));
	EXPECT_EQ(0, munlock(self->map, self->length));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	EXPECT_EQ(SIGBUS, skel_touch(self->map));
}

/* Every mapping, however made and cut, goes with the buffer. */
TEST_F(core, free_revokes_all_of_it)
{
	const size_t page = self->page;
	__u8 *second = skel_map(self->fd, self->host, self->length);
	__u8 *part = skel_map(self->fd, self->host + page, page);
	__u8 *readonly = mmap(NULL, page, PROT_READ, MAP_SHARED, self->fd, self->host + 3 * page);

	ASSERT_NE(NULL, second);
	ASSERT_NE(NULL, part);
	ASSERT_NE(MAP_FAILED, readonly);
	self->map[17] = 42;
	EXPECT_EQ(42, second[17]);
	EXPECT_EQ(0, mprotect(second + page, page, PROT_READ));
	EXPECT_EQ(0, munmap(second + 3 * page, page));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	for (size_t i = 0; i < self->length; i += page) {
		EXPECT_EQ(SIGBUS, skel_touch(self->map + i));
		EXPECT_EQ(SIGBUS, skel_poke(self->map + i, 1));
	}
	for (size_t i = 0; i < 3 * page; i += page)
		EXPECT_EQ(SIGBUS, skel_touch(second + i));
	EXPECT_EQ(SIGBUS, skel_touch(part));
	EXPECT_EQ(SIGBUS, skel_touch(readonly));
	/* It stays so, whatever the program does with the ruins. */
	EXPECT_EQ(0, mprotect(self->map, self->length, PROT_READ));
	EXPECT_EQ(SIGBUS, skel_touch(self->map));
	EXPECT_EQ(0, mprotect(self->map, self->length, SKEL_RW));
	EXPECT_EQ(SIGBUS, skel_poke(self->map, 1));
	EXPECT_EQ(0, munmap(self->map, self->length));
}

/* Its neighbours stay. */
TEST_F(core, free_revokes_nothing_else)
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
	/* A mapping keeps the channel: closing the file does not end it. */
	close(self->fd);
	EXPECT_TRUE(skel_check(self->map, self->length, 1));
	self->map[0] = 1;
	EXPECT_EQ(0, munmap(self->map, self->length));
}

/* However the lines of commands are cut into pieces */
TEST_F(core, each_command_gets_its_reply)
{
	static const char pieces[] = "*IDN?\n*IDN?\n*ID";
	char idn[SKEL_LINE_MAX + 1], junk[2 * SKEL_LINE_MAX];
	int other = skel_open(O_RDWR | O_NONBLOCK);

	snprintf(idn, sizeof(idn), "%s", skel_ask(self->fd, "*IDN?"));
	ASSERT_NE('[', idn[0])
		TH_LOG("%s", idn);
	ASSERT_EQ(strlen(pieces), skel_err(write(self->fd, pieces, strlen(pieces))));
	EXPECT_STREQ(idn, skel_line(self->fd));
	EXPECT_STREQ(idn, skel_line(self->fd));
	EXPECT_FALSE(skel_readable(self->fd, SKEL_SILENCE_MS));
	ASSERT_EQ(3, skel_err(write(self->fd, "N?\n", 3)));
	EXPECT_STREQ(idn, skel_line(self->fd));
	EXPECT_STREQ("ERROR unknown-command", skel_ask(self->fd, "NONSENSE"));
	/* A line that is too long is thrown away, up to its end. */
	memset(junk, 'x', sizeof(junk));
	EXPECT_EQ(-EMSGSIZE, skel_err(write(self->fd, junk, sizeof(junk))));
	ASSERT_EQ(4, skel_err(write(self->fd, "xxx\n", 4)));
	/* Another channel hears nothing of it. */
	ASSERT_LE(0, other);
	ASSERT_EQ(0, skel_send(self->fd, "*IDN?"));
	ASSERT_TRUE(skel_readable(self->fd, SKEL_ANSWER_MS));
	EXPECT_EQ(-EAGAIN, skel_err(read(other, junk, 1)));
	EXPECT_STREQ(idn, skel_line(self->fd));
	EXPECT_STREQ(idn, skel_ask(other, "*IDN?"));
	EXPECT_FALSE(skel_readable(self->fd, SKEL_SILENCE_MS));
	close(other);
}

/* Only the bytes asked for, wherever they begin */
TEST_F(core, transfers_move_the_bytes_asked_for)
{
	const size_t length = 300, offset = self->page - 100;
	struct skel_info info;

	EXPECT_STREQ("DONE", skel_transfer(self->fd, "FROMHOST", 7, length, self->host + offset));
	memset(self->map, POISON, self->length);
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 7, length, self->host + 1));
	EXPECT_TRUE(skel_all(self->map, 1, POISON));
	EXPECT_TRUE(skel_all(self->map + 1 + length, self->length - 1 - length, POISON));
	/* Where they were, in the pattern of the fixture */
	memmove(self->map + offset, self->map + 1, length);
	skel_fill(self->map, offset, 1);
	EXPECT_TRUE(skel_check(self->map, offset + length, 1));
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(2, info.granted);
	EXPECT_EQ(0, info.refused);
	EXPECT_EQ(0, info.pending);
	EXPECT_EQ(length, info.bytes_tohost);
	EXPECT_EQ(length, info.bytes_fromhost);
}

/*
 * What is not wholly inside one live buffer of the channel, among it numbers
 * that could be addresses for a driver that trusts them
 */
TEST_F(core, unchecked_address_refused)
{
	const __u64 host = self->host, length = self->length;
	int other = skel_open(O_RDWR);
	struct skel_info info;
	__u64 foreign, freed;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, skel_alloc(other, SKEL_BOTH, length, &foreign));
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, length, &freed));
	ASSERT_EQ(0, skel_free(self->fd, freed));
	const struct { __u64 card, length, host; const char *reason; } wrong[] = {
		{ 0, 0, host, "length" }, { 1ULL << 63, 16, host, "card-address" },
		{ UINT64_MAX, 1, host, "card-address" }, { 0, 2, host - 1, "host-address" },
		{ 0, 2, host + length - 1, "host-address" }, { 0, 16, freed, "host-address" },
		{ 0, 16, foreign, "host-address" }, { 0, 16, 0, "host-address" },
		{ 0, 16, 0x1000, "host-address" }, { 0, 16, 0x100000, "host-address" },
		{ 0, 16, 0x1000000, "host-address" }, { 0, 16, 0xfee00000, "host-address" },
		{ 0, 16, 0xffffffff, "host-address" }, { 0, 16, UINT64_MAX, "host-address" },
		{ 0, 16, 0xffff888000000000ULL, "host-address" },
		{ 0, 16, 0xffffffff81000000ULL, "host-address" },
		{ 0, 16, (uintptr_t)self->map, "host-address" },
		{ 0, 16, (uintptr_t)&info, "host-address" },
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(wrong); i++) {
		const typeof(wrong[0]) *w = &wrong[i / 2];
		const char *end = skel_transfer(self->fd, directions[i % 2], w->card, w->length,
						w->host);

		EXPECT_EQ(0, strncmp("REFUSED ", end, 8));
		EXPECT_STREQ(w->reason, end + 8)
			TH_LOG("row %zu: %s", i / 2, end);
	}
	EXPECT_TRUE(skel_check(self->map, length, 1));
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(2 * ARRAY_SIZE(wrong), info.refused);
	EXPECT_EQ(0, info.granted);
	/* Nor against the direction of the buffer */
	for (__u32 i = 0; i < 2; i++) {
		ASSERT_EQ(0, skel_alloc(self->fd, i ? SKEL_ALLOC_FROMHOST : SKEL_ALLOC_TOHOST, 1,
					&freed));
		EXPECT_STREQ("REFUSED direction",
			     skel_transfer(self->fd, directions[!i], 0, 16, freed));
		EXPECT_STREQ("DONE", skel_transfer(self->fd, directions[i], 0, 16, freed));
	}
	close(other);
}

/* The buffer stays until the card has let go of it. */
TEST_F(core, free_is_ebusy_while_a_transfer_runs)
{
	struct skel_info info = { };

	if (!skel_is_simulated(self->fd))
		SKIP(return, "the card's transfers end too soon");
	ASSERT_STREQ("OK SPEED", skel_ask(self->fd, "SPEED 1"));
	ASSERT_EQ(0, skel_send(self->fd, "TOHOST 0 %#zx %#llx", self->length, self->host));
	for (int i = 0; i < SKEL_ANSWER_MS && !info.pending; i++) {
		ASSERT_EQ(0, skel_info(self->fd, &info));
		usleep(1000);
	}
	EXPECT_EQ(1, info.pending);
	EXPECT_EQ(-EBUSY, skel_free(self->fd, self->host));
	EXPECT_EQ(0, skel_touch(self->map));
}

TEST_HARNESS_MAIN
