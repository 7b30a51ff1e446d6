// SPDX-License-Identifier: GPL-2.0
/*
 * Making a card that a program plays: each value in and out of its range, what
 * users see of it, and the program's own view of the card's memory
 */
#include <pthread.h>

#include <sys/epoll.h>

#include "../kselftest_harness.h"
#include "skel_ucard_util.h"

#define RW	(PROT_READ | PROT_WRITE)

FIXTURE(create)
{
	int fd;
	size_t page;
	struct skel_ucard_create create;
};

FIXTURE_SETUP(create)
{
	self->fd = ucard_open_node(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (self->fd == -EACCES)
		SKIP(return, "must be root");
	ASSERT_LE(0, self->fd);
	self->page = skel_page();
	ucard_describe(&self->create);
}

FIXTURE_TEARDOWN(create)
{
	close(self->fd);
}

static int open_card(int index)
{
	const struct ucard card = { .index = index };

	return ucard_open(&card, O_RDWR);
}

/* What the file can do without a card: nothing, in the documented way */
static void expect_no_card(struct __test_metadata *_metadata, int fd)
{
	char record[SKEL_UCARD_RECORD_MAX] = { 0 };
	const size_t page = skel_page();

	EXPECT_EQ(-ENOTCONN, skel_err(read(fd, record, sizeof(record))));
	EXPECT_EQ(-ENOTCONN, skel_err(write(fd, record, sizeof(record))));
	EXPECT_EQ(-ENODEV, skel_map_err(fd, 0, page, RW, MAP_SHARED));
	EXPECT_EQ(POLLERR, ucard_events(fd));
}

TEST_F(create, without_a_card)
{
	expect_no_card(_metadata, self->fd);
	for (unsigned int nr = 0; nr < 256; nr++) {
		if (_IO(SKEL_IOC_TYPE, nr) != SKEL_UCARD_IOC_CREATE) {
			EXPECT_EQ(-ENOTTY, skel_err(ioctl(self->fd, _IO(SKEL_IOC_TYPE, nr),
							  &self->create)));
		}
	}
	EXPECT_EQ(-ENOTTY, skel_err(ioctl(self->fd, _IO(SKEL_IOC_TYPE + 1, 0x40),
					  &self->create)));
	expect_no_card(_metadata, self->fd);
	/* All this did no harm. */
	EXPECT_EQ(0, ucard_create(self->fd, &self->create));
	EXPECT_EQ(POLLOUT, ucard_events(self->fd));
}

struct with {
	size_t offset;		/* of the member */
	__u64 value;
};

#define WITH(_member, _value)						\
	{ offsetof(struct skel_ucard_create, _member), (_value) }

/* As usual, but for one member */
static void describe_with(struct skel_ucard_create *create, const struct with *with)
{
	__u32 value = with->value;

	ucard_describe(create);
	if (with->offset == offsetof(struct skel_ucard_create, memory))
		create->memory = with->value;
	else
		memcpy((char *)create + with->offset, &value, sizeof(value));
}

TEST_F(create, values_in_range)
{
	static const struct with good[] = {
		WITH(flags, SKEL_UCARD_TOHOST), WITH(flags, SKEL_UCARD_FROMHOST),
		WITH(flags, SKEL_UCARD_TOHOST | SKEL_UCARD_READONLY),
		WITH(memory, 1), WITH(channels, 1), WITH(channels, 1023),
		WITH(transfers, 1), WITH(transfers, 64),
		WITH(timeout, 1), WITH(timeout, SKEL_UCARD_TIMEOUT_MAX),
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		int fd = ucard_open_node(O_RDWR);

		ASSERT_LE(0, fd);
		describe_with(&self->create, &good[i]);
		EXPECT_EQ(0, ucard_create(fd, &self->create))
			TH_LOG("case %zu", i);
		close(fd);
	}
}

TEST_F(create, values_out_of_range)
{
	static const struct with bad[] = {
		WITH(flags, 0), WITH(flags, SKEL_UCARD_READONLY), WITH(memory, 0),
		WITH(channels, 0), WITH(channels, 1024), WITH(channels, UINT32_MAX),
		WITH(transfers, 0), WITH(transfers, 65), WITH(transfers, UINT32_MAX),
		WITH(timeout, SKEL_UCARD_TIMEOUT_MAX + 1), WITH(timeout, UINT32_MAX),
		WITH(index, 1), WITH(index, UINT32_MAX),
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		describe_with(&self->create, &bad[i]);
		EXPECT_EQ(-EINVAL, ucard_create(self->fd, &self->create))
			TH_LOG("case %zu", i);
	}
	for (__u32 flag = 8; flag; flag <<= 1) {
		ucard_describe(&self->create);
		self->create.flags |= flag;
		EXPECT_EQ(-EOPNOTSUPP, ucard_create(self->fd, &self->create));
	}
	expect_no_card(_metadata, self->fd);
}

TEST_F(create, names)
{
	static const char good[] = { ' ', '!', '%', '/', 'a', '~' };
	static const char bad[] = { 1, '\t', '\n', 0x1b, 0x7f, (char)0x80, (char)0xe4 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		self->create.name[3] = bad[i];
		EXPECT_EQ(-EINVAL, ucard_create(self->fd, &self->create));
	}
	self->create.name[0] = '\0';
	EXPECT_EQ(-EINVAL, ucard_create(self->fd, &self->create));
	memset(self->create.name, 'x', SKEL_NAME_MAX);
	EXPECT_EQ(-EINVAL, ucard_create(self->fd, &self->create));
	expect_no_card(_metadata, self->fd);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		int fd = ucard_open_node(O_RDWR);

		ASSERT_LE(0, fd);
		ucard_describe(&self->create);
		memset(self->create.name, good[i], SKEL_NAME_MAX - 1);
		EXPECT_EQ(0, ucard_create(fd, &self->create));
		close(fd);
	}
}

TEST_F(create, dma_masks)
{
	const struct { __u64 mask; int rc; } masks[] = {
		{ 1, -EINVAL }, { 0xfff, -EINVAL }, { (1ULL << 23) - 1, -EINVAL },
		{ 1ULL << 32, -EINVAL }, { (1ULL << 32) - 2, -EINVAL },
		{ 0xff00ffffffffULL, -EINVAL }, { 1ULL << 63, -EINVAL },
		{ (1ULL << 24) - 1, 0 }, { (1ULL << 28) - 1, 0 },
		{ (1ULL << 32) - 1, 0 }, { (1ULL << 40) - 1, 0 },
		{ UINT64_MAX, 0 }, { 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		int fd = ucard_open_node(O_RDWR);
		struct skel_info info;
		int rc, user;
		__u64 host;

		ASSERT_LE(0, fd);
		ucard_describe(&self->create);
		self->create.dma_mask = masks[i].mask;
		rc = ucard_create(fd, &self->create);
		/* A machine without low memory cannot give it. */
		if (rc != -EIO || masks[i].mask >> 32)
			EXPECT_EQ(masks[i].rc, rc)
				TH_LOG("%#llx", masks[i].mask);
		if (!rc) {
			user = open_card(self->create.index);
			ASSERT_LE(0, user);
			ASSERT_EQ(0, skel_info(user, &info));
			EXPECT_EQ(masks[i].mask ? masks[i].mask : 0xffffffff, info.dma_mask);
			EXPECT_GE(info.dma_mask, info.buffer_max - 1);
			EXPECT_EQ(0, skel_alloc(user, SKEL_BOTH, 1, &host));
			close(user);
		}
		close(fd);
	}
}

TEST_F(create, memory_is_whole_pages_and_limited)
{
	const struct { __u64 memory, rounded; } sizes[] = {
		{ 1, self->page }, { self->page, self->page },
		{ self->page + 1, 2 * self->page }, { 3 * self->page, 3 * self->page },
	};
	/* More than anybody has in one piece */
	const __u64 huge[] = {
		1ULL << 36, 1ULL << 50, 1ULL << 63, -(__u64)self->page,
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct skel_region_info region;
		struct ucard card;
		int user;

		ucard_describe(&self->create);
		self->create.memory = sizes[i].memory;
		ASSERT_EQ(0, ucard_begin(&card, &self->create));
		EXPECT_EQ(sizes[i].rounded, card.length);
		EXPECT_TRUE(skel_all(card.memory, card.length, 0));
		user = ucard_user(&card);
		ASSERT_LE(0, user);
		ASSERT_EQ(0, skel_region(user, 0, &region));
		EXPECT_EQ(sizes[i].rounded, region.length);
		EXPECT_EQ(0, region.offset);
		EXPECT_EQ(SKEL_REGION_RAM, region.flags);
		EXPECT_EQ(-EINVAL, skel_region(user, 1, &region));
		close(user);
		ucard_end(&card);
	}
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
		ucard_describe(&self->create);
		self->create.memory = huge[i];
		EXPECT_EQ(-ENOMEM, ucard_create(self->fd, &self->create));
	}
	ucard_describe(&self->create);
	self->create.memory = UINT64_MAX;
	EXPECT_GT(0, ucard_create(self->fd, &self->create));
	expect_no_card(_metadata, self->fd);
}

TEST_F(create, users_see_what_was_described)
{
	struct skel_info info;
	int user[3];

	strcpy(self->create.name, "a card, its name 100% %s");
	self->create.flags = SKEL_UCARD_FROMHOST;
	self->create.channels = 3;
	self->create.transfers = 7;
	ASSERT_EQ(0, ucard_create(self->fd, &self->create));
	for (int i = 0; i < 3; i++) {
		user[i] = open_card(self->create.index);
		ASSERT_LE(0, user[i]);
		ASSERT_EQ(0, skel_info(user[i], &info));
		EXPECT_STREQ("a card, its name 100% %s", info.name);
		EXPECT_EQ(i, info.channel);
		EXPECT_EQ(3, info.channels);
		EXPECT_EQ(7, info.transfers);
		EXPECT_EQ(SKEL_CAP_FROMHOST, info.caps);
		EXPECT_EQ(1, info.regions);
		EXPECT_EQ(SKEL_LINE_MAX, info.line_max);
	}
	EXPECT_EQ(-EBUSY, open_card(self->create.index));
	close(user[1]);
	user[1] = open_card(self->create.index);
	EXPECT_LE(0, user[1]);
}

TEST_F(create, directions_limit_the_buffers)
{
	static const __u32 dirs[] = { SKEL_UCARD_TOHOST, SKEL_UCARD_FROMHOST, UCARD_BOTH };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		int fd = ucard_open_node(O_RDWR), user;
		struct skel_info info;
		__u64 host;

		ASSERT_LE(0, fd);
		ucard_describe(&self->create);
		self->create.flags = dirs[i];
		ASSERT_EQ(0, ucard_create(fd, &self->create));
		user = open_card(self->create.index);
		ASSERT_LE(0, user);
		ASSERT_EQ(0, skel_info(user, &info));
		EXPECT_EQ(dirs[i], info.caps);
		for (__u32 flags = 1; flags < 4; flags++) {
			EXPECT_EQ(flags & ~dirs[i] ? -EOPNOTSUPP : 0,
				  skel_alloc(user, flags, 1, &host));
		}
		EXPECT_EQ(-EINVAL, skel_alloc(user, 0, 1, &host));
		close(user);
		close(fd);
	}
}

TEST_F(create, sizes_of_the_structure)
{
	struct {
		struct skel_ucard_create create;
		__u64 later;
	} longer = { .create = self->create };
	struct skel_ucard_create *readonly;

	for (__u32 size = 0; size < sizeof(self->create); size++) {
		self->create.size = size;
		EXPECT_EQ(-EINVAL, ucard_create(self->fd, &self->create));
	}
	longer.create.size = sizeof(longer);
	longer.later = 1;
	EXPECT_EQ(-E2BIG, ucard_create(self->fd, &longer.create));
	self->create.size = UINT32_MAX;
	EXPECT_EQ(-E2BIG, ucard_create(self->fd, &self->create));
	EXPECT_EQ(-EFAULT, ucard_create(self->fd, NULL));
	/* The answer cannot be written: it is taken back. */
	readonly = mmap(NULL, self->page, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, readonly);
	ucard_describe(readonly);
	ASSERT_EQ(0, mprotect(readonly, self->page, PROT_READ));
	EXPECT_EQ(-EFAULT, ucard_create(self->fd, readonly));
	expect_no_card(_metadata, self->fd);
	/* A later program whose new member is zero; it is not touched. */
	longer.later = 0;
	EXPECT_EQ(0, ucard_create(self->fd, &longer.create));
	EXPECT_EQ(0, longer.later);
	EXPECT_EQ(sizeof(longer), longer.create.size);
}

TEST_F(create, one_card_for_each_file)
{
	struct skel_ucard_create again = self->create;
	int user;

	ASSERT_EQ(0, ucard_create(self->fd, &self->create));
	EXPECT_EQ(-EBUSY, ucard_create(self->fd, &again));
	user = open_card(self->create.index);
	EXPECT_LE(0, user);
	again.channels = 0;
	EXPECT_GT(0, ucard_create(self->fd, &again));
	EXPECT_EQ(0, skel_send(user, "x"));
}

struct racer {
	pthread_t thread;
	pthread_barrier_t *barrier;
	struct skel_ucard_create create;
	int fd;
	int rc;
};

static void *race_to_create(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	racer->rc = ucard_create(racer->fd, &racer->create);
	return NULL;
}

/* Two threads make a card on one file: one of them has it. */
TEST_F(create, race_has_one_winner)
{
	pthread_barrier_t barrier;

	pthread_barrier_init(&barrier, NULL, 2);
	for (int round = 0; round < 20; round++) {
		struct racer racers[2];
		int fd = ucard_open_node(O_RDWR), winner, user;

		ASSERT_LE(0, fd);
		for (int i = 0; i < 2; i++) {
			racers[i] = (struct racer) { .barrier = &barrier, .fd = fd };
			ucard_describe(&racers[i].create);
			ASSERT_EQ(0, pthread_create(&racers[i].thread, NULL,
						    race_to_create, &racers[i]));
		}
		for (int i = 0; i < 2; i++)
			pthread_join(racers[i].thread, NULL);
		winner = racers[0].rc ? 1 : 0;
		EXPECT_EQ(0, racers[winner].rc);
		EXPECT_EQ(-EBUSY, racers[!winner].rc);
		user = open_card(racers[winner].create.index);
		EXPECT_LE(0, user);
		close(user);
		close(fd);
	}
}

TEST_F(create, program_maps_the_memory)
{
	const size_t page = self->page;
	const struct { __u64 offset; size_t length; int prot, flags, rc; } maps[] = {
		{ 0, 4 * page, RW, MAP_SHARED, 0 },
		{ 0, 1, RW, MAP_SHARED, 0 },
		{ page, 3 * page, PROT_READ, MAP_SHARED, 0 },
		{ 3 * page, page, RW, MAP_SHARED, 0 },
		{ 0, 5 * page, RW, MAP_SHARED, -ENXIO },
		{ page, 4 * page, RW, MAP_SHARED, -ENXIO },
		{ 4 * page, page, RW, MAP_SHARED, -ENXIO },
		{ 1ULL << 34, page, RW, MAP_SHARED, -ENXIO },
		{ 0, page, RW, MAP_PRIVATE, -EINVAL },
		{ 0, page, PROT_READ, MAP_PRIVATE, -EINVAL },
		{ 0, page, RW | PROT_EXEC, MAP_SHARED, -EPERM },
		{ 0, page, PROT_READ | PROT_EXEC, MAP_SHARED, -EPERM },
	};
	struct ucard card;
	size_t length;
	__u8 *part, *theirs;
	int user;

	self->create.memory = 4 * page;
	ASSERT_EQ(0, ucard_begin(&card, &self->create));
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		EXPECT_EQ(maps[i].rc, skel_map_err(card.fd, maps[i].offset, maps[i].length,
						   maps[i].prot, maps[i].flags))
			TH_LOG("map %zu", i);
	}
	EXPECT_EQ(-EACCES, skel_err(mprotect(card.memory, page, PROT_READ | PROT_EXEC)));
	/* One memory, whoever maps it and from where */
	user = ucard_user(&card);
	ASSERT_LE(0, user);
	theirs = skel_card_memory(user, &length);
	ASSERT_NE(NULL, theirs);
	EXPECT_EQ(4 * page, length);
	part = skel_map(card.fd, page, 2 * page);
	ASSERT_NE(NULL, part);
	skel_fill(card.memory, card.length, 1);
	EXPECT_EQ(0, memcmp(card.memory + page, part, 2 * page));
	EXPECT_TRUE(skel_check(theirs, length, 1));
	theirs[3] ^= 1;
	EXPECT_EQ(theirs[3], card.memory[3]);
}

/* Who has waited since before there was a card is told that there is one. */
TEST_F(create, epoll_from_before_is_woken)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	struct skel_ucard_create create;
	int epoll = epoll_create1(EPOLL_CLOEXEC), fd = ucard_open_node(O_RDWR);

	ASSERT_LE(0, epoll);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	/* Edge-triggered: an event is told once, and again only if it is woken. */
	ASSERT_EQ(1, epoll_wait(epoll, &event, 1, SKEL_ANSWER_MS));
	EXPECT_EQ(EPOLLERR, event.events);
	ASSERT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	ucard_describe(&create);
	ASSERT_EQ(0, ucard_create(fd, &create));
	ASSERT_EQ(1, epoll_wait(epoll, &event, 1, SKEL_ANSWER_MS));
	EXPECT_EQ(EPOLLOUT, event.events);
	close(epoll);
	close(fd);
}

TEST_HARNESS_MAIN
