// SPDX-License-Identifier: GPL-2.0
/*
 * What all ioctls have in common (sizes, flags, reserved
 * members, bad pointers, unknown numbers), and what INFO and REGION_INFO say
 */
#include "../kselftest_harness.h"
#include "skel_test.h"

#define POISON	0xa5

FIXTURE(ioctl)
{
	int fd;
	__u64 host;
};

FIXTURE_SETUP(ioctl)
{
	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &self->host));
}

FIXTURE_TEARDOWN(ioctl)
{
	close(self->fd);
}

static int call(int fd, unsigned long number, void *arg)
{
	return skel_err(ioctl(fd, number, arg));
}

/*
 * A command that works, with one spare word for a member of the future.
 * Each structure starts with its size.
 */
union command {
	__u32 size;
	struct skel_info info;
	struct skel_region_info region;
	struct skel_alloc alloc;
	struct skel_free free;
	struct skel_sync sync;
	__u8 bytes[512];
};

struct ioctl_case {
	const char *name;
	unsigned long number;
	__u32 size;
	bool output;	/* the kernel writes to the structure */
};

static const struct ioctl_case cases[] = {
	{ "INFO", SKEL_IOC_INFO, sizeof(struct skel_info), true },
	{ "REGION_INFO", SKEL_IOC_REGION_INFO, sizeof(struct skel_region_info), true },
	{ "SYNC", SKEL_IOC_SYNC, sizeof(struct skel_sync), false },
	{ "ALLOC", SKEL_IOC_ALLOC, sizeof(struct skel_alloc), true },
	{ "FREE", SKEL_IOC_FREE, sizeof(struct skel_free), false },
};

static void prepare(const struct ioctl_case *c, union command *cmd, __u64 host)
{
	memset(cmd, 0, sizeof(*cmd));
	cmd->size = c->size;
	switch (c->number) {
	case SKEL_IOC_ALLOC:
		cmd->alloc.flags = SKEL_ALLOC_TOHOST;
		cmd->alloc.length = 1;
		break;
	case SKEL_IOC_FREE:
		cmd->free.host_addr = host;
		break;
	case SKEL_IOC_SYNC:
		cmd->sync.flags = SKEL_SYNC_FOR_CPU;
		cmd->sync.host_addr = host;
		cmd->sync.length = 1;
		break;
	}
}

static __u32 buffers(int fd)
{
	struct skel_info info;

	return skel_info(fd, &info) ? UINT32_MAX : info.buffers;
}

TEST_F(ioctl, too_short_is_einval)
{
	static const __u32 sizes[] = { 0, 1, 3, 4, 8 };
	union command cmd;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(sizes); j++) {
			prepare(&cases[i], &cmd, self->host);
			cmd.size = sizes[j];
			EXPECT_EQ(-EINVAL, call(self->fd, cases[i].number, &cmd))
				TH_LOG("%s size %u", cases[i].name, sizes[j]);
		}
		prepare(&cases[i], &cmd, self->host);
		cmd.size--;
		EXPECT_EQ(-EINVAL, call(self->fd, cases[i].number, &cmd))
			TH_LOG("%s one byte short", cases[i].name);
	}
	EXPECT_EQ(1, buffers(self->fd));
}

TEST_F(ioctl, unknown_member_is_e2big)
{
	union command cmd;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		/* the first byte, and the last one far away */
		prepare(&cases[i], &cmd, self->host);
		cmd.size++;
		cmd.bytes[cases[i].size] = 1;
		EXPECT_EQ(-E2BIG, call(self->fd, cases[i].number, &cmd))
			TH_LOG("%s", cases[i].name);
		prepare(&cases[i], &cmd, self->host);
		cmd.size = sizeof(cmd);
		cmd.bytes[sizeof(cmd) - 1] = 0x80;
		EXPECT_EQ(-E2BIG, call(self->fd, cases[i].number, &cmd))
			TH_LOG("%s", cases[i].name);
	}
	EXPECT_EQ(1, buffers(self->fd));
}

TEST_F(ioctl, longer_with_zeroes_works)
{
	union command cmd;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		prepare(&cases[i], &cmd, self->host);
		cmd.size = sizeof(cmd);
		EXPECT_EQ(0, call(self->fd, cases[i].number, &cmd))
			TH_LOG("%s", cases[i].name);
		/* The kernel wrote its own part only. */
		EXPECT_TRUE(skel_all(cmd.bytes + cases[i].size,
				     sizeof(cmd) - cases[i].size, 0))
			TH_LOG("%s", cases[i].name);
	}
	/* One allocated, one freed */
	EXPECT_EQ(1, buffers(self->fd));
}

TEST_F(ioctl, absurd_size_is_refused)
{
	union command cmd;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int rc;

		prepare(&cases[i], &cmd, self->host);
		cmd.size = UINT32_MAX;
		rc = call(self->fd, cases[i].number, &cmd);
		EXPECT_TRUE(rc == -E2BIG || rc == -EFAULT)
			TH_LOG("%s %d", cases[i].name, rc);
	}
	EXPECT_EQ(1, buffers(self->fd));
}

TEST_F(ioctl, nothing_is_written_behind_the_structure)
{
	union command cmd;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t spare = sizeof(cmd) - cases[i].size;

		prepare(&cases[i], &cmd, self->host);
		memset(cmd.bytes + cases[i].size, POISON, spare);
		EXPECT_EQ(0, call(self->fd, cases[i].number, &cmd))
			TH_LOG("%s", cases[i].name);
		EXPECT_TRUE(skel_all(cmd.bytes + cases[i].size, spare, POISON))
			TH_LOG("%s", cases[i].name);
	}
}

TEST_F(ioctl, bad_pointer_is_efault)
{
	size_t page = skel_page();
	__u8 *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	union command cmd;

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, munmap(map + page, page));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned long number = cases[i].number;

		EXPECT_EQ(-EFAULT, call(self->fd, number, NULL));
		EXPECT_EQ(-EFAULT, call(self->fd, number, map + page));
		EXPECT_EQ(-EFAULT, call(self->fd, number, (void *)-page));
		/* The last byte is missing. */
		prepare(&cases[i], &cmd, self->host);
		memcpy(map + page + 1 - cases[i].size, &cmd, cases[i].size - 1);
		EXPECT_EQ(-EFAULT, call(self->fd, number,
					map + page + 1 - cases[i].size))
			TH_LOG("%s", cases[i].name);
		/* Only the size is there. */
		memcpy(map + page - 4, &cmd, 4);
		EXPECT_EQ(-EFAULT, call(self->fd, number, map + page - 4))
			TH_LOG("%s", cases[i].name);
	}
	EXPECT_EQ(1, buffers(self->fd));
}

/* An answer that cannot be told must not leave anything behind. */
TEST_F(ioctl, read_only_pointer_leaves_nothing_behind)
{
	size_t page = skel_page();
	union command *cmd = mmap(NULL, page, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct skel_info info;

	ASSERT_NE(MAP_FAILED, cmd);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int rc;

		ASSERT_EQ(0, mprotect(cmd, page, PROT_READ | PROT_WRITE));
		prepare(&cases[i], cmd, self->host);
		ASSERT_EQ(0, mprotect(cmd, page, PROT_READ));
		rc = call(self->fd, cases[i].number, cmd);
		EXPECT_TRUE(rc == -EFAULT || (rc == 0 && !cases[i].output))
			TH_LOG("%s", cases[i].name);
		ASSERT_EQ(0, skel_info(self->fd, &info));
		/* FREE, the last one, is all or nothing, too. */
		EXPECT_EQ(cases[i].number != SKEL_IOC_FREE || rc, info.buffers);
		EXPECT_EQ(info.buffers * page, info.buffer_bytes);
	}
}

TEST_F(ioctl, unknown_number_is_enotty)
{
	union command cmd;

	prepare(&cases[0], &cmd, self->host);
	for (unsigned int i = 0x20; i < 0x100; i++) {
		EXPECT_EQ(-ENOTTY, call(self->fd, _IO(SKEL_IOC_TYPE, i), &cmd))
			TH_LOG("number %#x", i);
	}
	/* Right number, another driver's type */
	for (unsigned int type = 0xb0; type < 0xc0; type++) {
		if (type == SKEL_IOC_TYPE)
			continue;
		EXPECT_EQ(-ENOTTY, call(self->fd, _IO(type, 0), &cmd))
			TH_LOG("type %#x", type);
	}
	/* Size and direction are no part of our numbers. */
	EXPECT_EQ(-ENOTTY, call(self->fd, _IOWR(SKEL_IOC_TYPE, 0, struct skel_info),
				&cmd));
	EXPECT_EQ(-ENOTTY, call(self->fd, _IOR(SKEL_IOC_TYPE, 0, struct skel_info),
				&cmd));
	EXPECT_EQ(-ENOTTY, call(self->fd, UINT32_MAX, &cmd));
	EXPECT_EQ(-ENOTTY, call(self->fd, SKEL_IOC_TYPE << 8 | 0xff, &cmd));
}

TEST_F(ioctl, unknown_flag_is_eopnotsupp)
{
	static const __u32 known[] = {
		[_IOC_NR(SKEL_IOC_INFO)] = 0,
		[_IOC_NR(SKEL_IOC_REGION_INFO)] = 0,
		[_IOC_NR(SKEL_IOC_ALLOC)] = SKEL_BOTH,
		[_IOC_NR(SKEL_IOC_FREE)] = 0,
		[_IOC_NR(SKEL_IOC_SYNC)] = SKEL_SYNC_FOR_CPU | SKEL_SYNC_FOR_DEVICE,
	};
	union command cmd;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (unsigned int bit = 0; bit < 32; bit++) {
			__u32 flag = 1U << bit;

			if (known[_IOC_NR(cases[i].number)] & flag)
				continue;
			prepare(&cases[i], &cmd, self->host);
			if (cases[i].number == SKEL_IOC_REGION_INFO)
				cmd.region.flags |= flag;
			else
				cmd.info.flags |= flag;
			EXPECT_EQ(-EOPNOTSUPP, call(self->fd, cases[i].number, &cmd))
				TH_LOG("%s bit %u", cases[i].name, bit);
		}
	}
	EXPECT_EQ(1, buffers(self->fd));
}

TEST_F(ioctl, reserved_member_is_eopnotsupp)
{
	struct skel_region_info region = { .size = sizeof(region) };

	for (unsigned int bit = 0; bit < 32; bit++) {
		region.reserved = 1U << bit;
		EXPECT_EQ(-EOPNOTSUPP,
			  call(self->fd, SKEL_IOC_REGION_INFO, &region));
	}
}

TEST_F(ioctl, info_describes_card_and_channel)
{
	struct skel_info info;

	/* What is there before does not matter and does not stay. */
	memset(&info, POISON, sizeof(info));
	info.size = sizeof(info);
	info.flags = 0;
	ASSERT_EQ(0, call(self->fd, SKEL_IOC_INFO, &info));
	EXPECT_EQ(sizeof(info), info.size);
	EXPECT_EQ(0, info.flags);
	ASSERT_NE(NULL, memchr(info.name, 0, sizeof(info.name)));
	EXPECT_LT(0, strlen(info.name));
	EXPECT_TRUE(skel_all(info.name + strlen(info.name),
			     sizeof(info.name) - strlen(info.name), 0));
	EXPECT_LT(0, info.channels);
	EXPECT_LT(info.channel, info.channels);
	EXPECT_LE(1, info.regions);
	EXPECT_EQ(SKEL_LINE_MAX, info.line_max);
	EXPECT_LE((1ULL << 24) - 1, info.dma_mask);
	EXPECT_EQ(0, info.dma_mask & (info.dma_mask + 1));
	EXPECT_LE(skel_page(), info.buffer_max);
	EXPECT_EQ(1, info.buffers);
	EXPECT_EQ(skel_page(), info.buffer_bytes);
	EXPECT_EQ(0, info.pending);
	EXPECT_EQ(0, info.granted);
	EXPECT_EQ(0, info.refused);
	EXPECT_EQ(0, info.failed);
	EXPECT_EQ(0, info.bytes_tohost);
	EXPECT_EQ(0, info.bytes_fromhost);
	EXPECT_EQ(0, info.replies_lost);
}

TEST_F(ioctl, info_counts_what_was_allocated)
{
	/* Charged are powers of two of pages. */
	static const struct {
		size_t pages;
		size_t charged;
	} sizes[] = { { 1, 1 }, { 2, 2 }, { 3, 4 }, { 4, 4 }, { 5, 8 }, { 9, 16 } };
	size_t charged = skel_page();
	__u64 host[ARRAY_SIZE(sizes)];
	struct skel_info info;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH,
					sizes[i].pages * skel_page(), &host[i]));
		charged += sizes[i].charged * skel_page();
		ASSERT_EQ(0, skel_info(self->fd, &info));
		EXPECT_EQ(i + 2, info.buffers);
		EXPECT_EQ(charged, info.buffer_bytes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(0, skel_free(self->fd, host[i]));
		charged -= sizes[i].charged * skel_page();
		ASSERT_EQ(0, skel_info(self->fd, &info));
		EXPECT_EQ(charged, info.buffer_bytes);
	}
	EXPECT_EQ(1, info.buffers);
}

TEST_F(ioctl, region_info_describes_each_region)
{
	struct skel_region_info region;
	struct skel_info info;

	ASSERT_EQ(0, skel_info(self->fd, &info));
	for (__u32 i = 0; i < info.regions; i++) {
		memset(&region, POISON, sizeof(region));
		region.size = sizeof(region);
		region.index = i;
		region.flags = 0;
		region.reserved = 0;
		ASSERT_EQ(0, call(self->fd, SKEL_IOC_REGION_INFO, &region));
		EXPECT_EQ(i, region.index);
		EXPECT_EQ(0, region.reserved);
		EXPECT_EQ(0, region.flags & ~(SKEL_REGION_RAM | SKEL_REGION_READONLY |
					      SKEL_REGION_WC | SKEL_REGION_RAWIO));
		EXPECT_EQ(0, region.offset % skel_page());
		EXPECT_EQ(0, region.length % skel_page());
		EXPECT_LT(0, region.length);
		EXPECT_LE(region.offset + region.length, 1ULL << 32);
		ASSERT_NE(NULL, memchr(region.name, 0, sizeof(region.name)));
		EXPECT_TRUE(skel_all(region.name + strlen(region.name),
				     sizeof(region.name) - strlen(region.name), 0));
		/* Memory is the card's. */
		if (region.flags & SKEL_REGION_RAM)
			EXPECT_EQ(0, region.offset);
	}
}

TEST_F(ioctl, region_index_out_of_range_is_einval)
{
	struct skel_region_info region;
	struct skel_info info;

	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(-EINVAL, skel_region(self->fd, info.regions, &region));
	EXPECT_EQ(-EINVAL, skel_region(self->fd, INT32_MAX, &region));
	EXPECT_EQ(-EINVAL, skel_region(self->fd, 1U << 31, &region));
	EXPECT_EQ(-EINVAL, skel_region(self->fd, UINT32_MAX, &region));
}

TEST_HARNESS_MAIN
