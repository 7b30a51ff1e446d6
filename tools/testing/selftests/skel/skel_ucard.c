// SPDX-License-Identifier: GPL-2.0
/*
 * A card that a program plays: how it is created, the events that the program
 * reads, the actions that it writes, and the example of
 * Documentation/userspace-api/skel-ucard.rst
 */
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/time.h>

#include "../kselftest_harness.h"
#include "skel_ucard_util.h"

#define GUARD	0xee
/* In seconds: debug kernels and busy machines are slow. */
#define TIMEOUT	120

FIXTURE(create)
{
	int fd;
	size_t page;
	struct skel_ucard_create create;
	struct ucard card;	/* on another file than @fd */
};

FIXTURE_SETUP(create)
{
	UCARD_OR_SKIP(return, self->fd = ucard_open_node(O_RDWR));
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

/* Without a card the file can do nothing, in the documented way. */
static void expect_no_card(struct __test_metadata *_metadata, int fd)
{
	char record[SKEL_UCARD_RECORD_MAX] = { 0 };

	EXPECT_EQ(-ENOTCONN, skel_err(read(fd, record, sizeof(record))));
	EXPECT_EQ(-ENOTCONN, skel_err(write(fd, record, sizeof(record))));
	EXPECT_EQ(-ENODEV, skel_map_err(fd, 0, skel_page(), SKEL_RW, MAP_SHARED));
	EXPECT_EQ(POLLERR, ucard_events(fd));
}

TEST_F(create, without_a_card)
{
	expect_no_card(_metadata, self->fd);
	for (unsigned int nr = 0; nr < 256; nr++) {
		const unsigned int cmd = _IO(SKEL_IOC_TYPE, nr);

		if (cmd != SKEL_UCARD_IOC_CREATE)
			EXPECT_EQ(-ENOTTY, skel_err(ioctl(self->fd, cmd, &self->create)));
	}
	EXPECT_EQ(-ENOTTY, skel_err(ioctl(self->fd, _IO(SKEL_IOC_TYPE + 1, 0x40), &self->create)));
	expect_no_card(_metadata, self->fd);
	/* None of this did any harm. */
	EXPECT_EQ(0, ucard_create(self->fd, &self->create));
	EXPECT_EQ(POLLOUT, ucard_events(self->fd));
}

/* A card that is made from the description is as described, for its users, too. */
static void expect_as_described(struct __test_metadata *_metadata,
				const struct skel_ucard_create *create)
{
	const size_t page = skel_page(), length = (create->memory + page - 1) / page * page;
	const bool readonly = create->flags & SKEL_UCARD_READONLY;
	const __u32 dirs = create->flags & UCARD_BOTH;
	struct skel_region_info region;
	struct skel_info info;
	struct ucard card;
	int rc, user[3];
	__u64 host;
	__u32 n;

	rc = ucard_begin(&card, create);
	/* A machine without low memory cannot provide it. */
	if (rc == -EIO && !(create->dma_mask >> 32))
		return;
	ASSERT_EQ(0, rc);
	EXPECT_EQ(length, card.length);
	EXPECT_TRUE(skel_all(card.memory, card.length, 0));
	for (n = 0; n < 3 && n < create->channels; n++) {
		user[n] = ucard_user(&card);
		ASSERT_LE(0, user[n]);
		ASSERT_EQ(0, skel_info(user[n], &info));
		EXPECT_STREQ(create->name, info.name);
		EXPECT_EQ(n, info.channel);
		EXPECT_EQ(create->channels, info.channels);
		EXPECT_EQ(create->transfers, info.transfers);
		EXPECT_EQ(dirs | SKEL_CAP_ENFORCED, info.caps);
		EXPECT_EQ(1, info.regions);
		EXPECT_EQ(SKEL_LINE_MAX, info.line_max);
		EXPECT_EQ(create->dma_mask ?: UINT32_MAX, info.dma_mask);
		EXPECT_GE(info.dma_mask, info.buffer_max - 1);
	}
	if (n == create->channels)
		EXPECT_EQ(-EBUSY, ucard_open(&card, O_RDWR));
	ASSERT_EQ(0, skel_region(user[0], 0, &region));
	EXPECT_EQ(length, region.length);
	EXPECT_EQ(0, region.offset);
	EXPECT_EQ(SKEL_REGION_RAM | (readonly ? SKEL_REGION_READONLY : 0), region.flags);
	EXPECT_EQ(-EINVAL, skel_region(user[0], 1, &region));
	for (__u32 flags = 1; flags < 4; flags++)
		EXPECT_EQ(flags & ~dirs ? -EOPNOTSUPP : 0, skel_alloc(user[0], flags, 1, &host));
	EXPECT_EQ(-EINVAL, skel_alloc(user[0], 0, 1, &host));
	close(user[n / 2]);
	user[n / 2] = ucard_open(&card, O_RDWR);
	EXPECT_LE(0, user[n / 2]);
	while (n--)
		close(user[n]);
	ucard_end(&card);
}

#define WITH(_member, _value, _rc)	\
	{ offsetof(struct skel_ucard_create, _member), (_value), (_rc) }

TEST_F_TIMEOUT(create, values_and_their_ranges, TIMEOUT)
{
	const size_t page = self->page;
	const struct { size_t offset; __u64 value; int rc; } cases[] = {
		WITH(flags, SKEL_UCARD_TOHOST, 0), WITH(flags, SKEL_UCARD_FROMHOST, 0),
		WITH(flags, SKEL_UCARD_TOHOST | SKEL_UCARD_READONLY, 0), WITH(flags, UCARD_BOTH, 0),
		WITH(flags, 0, -EINVAL), WITH(flags, SKEL_UCARD_READONLY, -EINVAL),
		WITH(memory, 1, 0), WITH(memory, page, 0), WITH(memory, page + 1, 0),
		WITH(memory, 3 * page, 0), WITH(memory, 0, -EINVAL),
		/* More than anybody has in one piece */
		WITH(memory, 1ULL << 36, -ENOMEM), WITH(memory, 1ULL << 50, -ENOMEM),
		WITH(memory, 1ULL << 63, -ENOMEM), WITH(memory, -(__u64)page, -ENOMEM),
		WITH(channels, 1, 0), WITH(channels, 3, 0), WITH(channels, 1023, 0),
		WITH(channels, 0, -EINVAL), WITH(channels, 1024, -EINVAL),
		WITH(channels, UINT32_MAX, -EINVAL),
		WITH(transfers, 1, 0), WITH(transfers, 7, 0), WITH(transfers, 64, 0),
		WITH(transfers, 0, -EINVAL), WITH(transfers, 65, -EINVAL),
		WITH(transfers, UINT32_MAX, -EINVAL),
		WITH(timeout, 1, 0), WITH(timeout, SKEL_UCARD_TIMEOUT_MAX, 0),
		WITH(timeout, SKEL_UCARD_TIMEOUT_MAX + 1, -EINVAL),
		WITH(timeout, UINT32_MAX, -EINVAL),
		WITH(index, 1, -EINVAL), WITH(index, UINT32_MAX, -EINVAL),
		WITH(dma_mask, 1, -EINVAL), WITH(dma_mask, 0xfff, -EINVAL),
		WITH(dma_mask, (1ULL << 23) - 1, -EINVAL), WITH(dma_mask, 1ULL << 32, -EINVAL),
		WITH(dma_mask, (1ULL << 32) - 2, -EINVAL), WITH(dma_mask, 1ULL << 63, -EINVAL),
		WITH(dma_mask, 0xff00ffffffffULL, -EINVAL),
		WITH(dma_mask, (1ULL << 24) - 1, 0), WITH(dma_mask, (1ULL << 28) - 1, 0),
		WITH(dma_mask, (1ULL << 32) - 1, 0), WITH(dma_mask, (1ULL << 40) - 1, 0),
		WITH(dma_mask, UINT64_MAX, 0), WITH(dma_mask, 0, 0),
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct skel_ucard_create create = self->create;
		const __u32 value = cases[i].value;

		if (cases[i].offset == offsetof(struct skel_ucard_create, memory))
			create.memory = cases[i].value;
		else if (cases[i].offset == offsetof(struct skel_ucard_create, dma_mask))
			create.dma_mask = cases[i].value;
		else
			memcpy((char *)&create + cases[i].offset, &value, sizeof(value));
		if (!cases[i].rc)
			expect_as_described(_metadata, &create);
		else
			EXPECT_EQ(cases[i].rc, ucard_create(self->fd, &create))
				TH_LOG("case %zu", i);
	}
	self->create.memory = UINT64_MAX;
	EXPECT_GT(0, ucard_create(self->fd, &self->create));
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
	ucard_describe(&self->create);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		memset(self->create.name, good[i], SKEL_NAME_MAX - 1);
		expect_as_described(_metadata, &self->create);
	}
	snprintf(self->create.name, SKEL_NAME_MAX, "a card, its name 100%% %%s");
	expect_as_described(_metadata, &self->create);
}

TEST_F(create, sizes_of_the_structure)
{
	struct {
		struct skel_ucard_create create;
		__u64 later;
	} longer = { .create = self->create, .later = 1 };
	struct skel_ucard_create *readonly;

	for (__u32 size = 0; size < sizeof(self->create); size++) {
		self->create.size = size;
		EXPECT_EQ(-EINVAL, ucard_create(self->fd, &self->create));
	}
	longer.create.size = sizeof(longer);
	EXPECT_EQ(-E2BIG, ucard_create(self->fd, &longer.create));
	self->create.size = UINT32_MAX;
	EXPECT_EQ(-E2BIG, ucard_create(self->fd, &self->create));
	EXPECT_EQ(-EFAULT, ucard_create(self->fd, NULL));
	/* The answer cannot be written, so the card is removed again. */
	readonly = mmap(NULL, self->page, SKEL_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(readonly != MAP_FAILED);
	ucard_describe(readonly);
	ASSERT_EQ(0, mprotect(readonly, self->page, PROT_READ));
	EXPECT_EQ(-EFAULT, ucard_create(self->fd, readonly));
	expect_no_card(_metadata, self->fd);
	/* A later program whose new member is 0; that member is not written. */
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

/* Two threads create a card on one file: one of them succeeds. */
TEST_F(create, race_has_one_winner)
{
	pthread_barrier_t barrier;

	pthread_barrier_init(&barrier, NULL, 2);
	for (int round = 0; round < 20; round++) {
		int fd = ucard_open_node(O_RDWR), winner, user;
		struct racer racers[2];

		ASSERT_LE(0, fd);
		racers[0] = (struct racer) { &barrier, self->create, fd };
		racers[1] = racers[0];
		ASSERT_EQ(0, skel_threads(race_to_create, racers, 2, sizeof(*racers)));
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
		{ 0, 4 * page, SKEL_RW, MAP_SHARED, 0 },
		{ 0, 1, SKEL_RW, MAP_SHARED, 0 },
		{ page, 3 * page, PROT_READ, MAP_SHARED, 0 },
		{ 3 * page, page, SKEL_RW, MAP_SHARED, 0 },
		{ 0, 5 * page, SKEL_RW, MAP_SHARED, -ENXIO },
		{ page, 4 * page, SKEL_RW, MAP_SHARED, -ENXIO },
		{ 4 * page, page, SKEL_RW, MAP_SHARED, -ENXIO },
		{ 1ULL << 34, page, SKEL_RW, MAP_SHARED, -ENXIO },
		{ 0, page, SKEL_RW, MAP_PRIVATE, -EINVAL },
		{ 0, page, PROT_READ, MAP_PRIVATE, -EINVAL },
		{ 0, page, SKEL_RW | PROT_EXEC, MAP_SHARED, -EPERM },
		{ 0, page, PROT_READ | PROT_EXEC, MAP_SHARED, -EPERM },
	};
	struct ucard *card = &self->card;
	__u8 *part, *theirs;
	size_t length;
	int user;

	ASSERT_EQ(0, ucard_begin_used(card, UCARD_CREATE(4 * page), &user));
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		EXPECT_EQ(maps[i].rc, skel_map_err(card->fd, maps[i].offset, maps[i].length,
						   maps[i].prot, maps[i].flags))
			TH_LOG("map %zu", i);
	}
	EXPECT_EQ(-EACCES, skel_err(mprotect(card->memory, page, PROT_READ | PROT_EXEC)));
	/* It is one memory, whoever maps it and from where. */
	theirs = skel_card_memory(user, &length);
	ASSERT_TRUE(!!theirs);
	EXPECT_EQ(4 * page, length);
	part = skel_map(card->fd, page, 2 * page);
	ASSERT_TRUE(!!part);
	skel_fill(card->memory, card->length, 1);
	EXPECT_EQ(0, memcmp(card->memory + page, part, 2 * page));
	EXPECT_TRUE(skel_check(theirs, length, 1));
	theirs[3] ^= 1;
	EXPECT_EQ(theirs[3], card->memory[3]);
}

/* A program that began to wait before the card existed learns of it. */
TEST_F(create, epoll_from_before_is_woken)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->fd, &event));
	/* Edge-triggered: reported once, and again only after a wakeup */
	ASSERT_EQ(1, epoll_wait(epoll, &event, 1, SKEL_ANSWER_MS));
	EXPECT_EQ(EPOLLERR, event.events);
	ASSERT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	ASSERT_EQ(0, ucard_create(self->fd, &self->create));
	ASSERT_EQ(1, epoll_wait(epoll, &event, 1, SKEL_ANSWER_MS));
	EXPECT_EQ(EPOLLOUT, event.events);
	close(epoll);
}

/* A card with a user on channel 0 */
FIXTURE(card)
{
	struct ucard card;
	int user;
	union ucard_action action;
	union ucard_event event;

	/* See TAKE_BUFFER() */
	size_t page;
	__u64 host;
	__u8 *buffer;
};

FIXTURE_SETUP(card)
{
	UCARD_OR_SKIP(return, ucard_begin_used(&self->card, NULL, &self->user));
	self->page = skel_page();
}

FIXTURE_TEARDOWN(card)
{
	close(self->user);
	ucard_end(&self->card);
}

/* The user has a page for transfers. */
#define TAKE_BUFFER() do {								\
	self->buffer = skel_buffer(self->user, SKEL_BOTH, self->page, &self->host);	\
	ASSERT_TRUE(!!self->buffer);							\
	memset(self->buffer, GUARD, self->page);					\
} while (0)

/* The user has nothing to read, and no byte of the buffer was written. */
#define EXPECT_UNTOUCHED() do {								\
	EXPECT_FALSE(skel_readable(self->user, 0));					\
	EXPECT_TRUE(!self->buffer || skel_all(self->buffer, self->page, GUARD));	\
} while (0)

/* Nor has the program anything to read. */
#define EXPECT_NOTHING() do {								\
	EXPECT_UNTOUCHED();								\
	EXPECT_FALSE(ucard_pending(&self->card, 0));					\
} while (0)

/* What the program reads next */
#define ASSERT_EVENT(_type, _channel) do {						\
	ASSERT_EQ(SKEL_UCARD_##_type, ucard_next(&self->card, &self->event));		\
	EXPECT_EQ(_channel, self->event.head.channel);					\
} while (0)

#define ASSERT_RESULT(_member, _value, _error) do {					\
	ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&self->card, &self->event));		\
	EXPECT_EQ(_value, self->event.result._member);					\
	EXPECT_EQ(_error, self->event.result.error);					\
} while (0)

/* What the user reads next about a transfer from the beginning of the card's memory */
#define EXPECT_END(_end, _bytes, _host)	\
	EXPECT_STREQ(_end, skel_transfer_end(self->user, "TOHOST", 0, _bytes, _host))

TEST_F(card, life_of_a_channel)
{
	int other = ucard_open(&self->card, O_RDWR);

	ASSERT_LE(0, other);
	ASSERT_EVENT(OPENED, 1);
	EXPECT_EQ(0, ucard_command(&self->card, other, "hello"));
	close(other);
	ASSERT_EVENT(CLOSED, 1);
	/* The number is used again; another channel is closed and opened before it is read. */
	other = ucard_open(&self->card, O_RDWR);
	close(self->user);
	self->user = ucard_open(&self->card, O_RDWR);
	ASSERT_EVENT(OPENED, 1);
	ASSERT_EVENT(CLOSED, 0);
	ASSERT_EVENT(OPENED, 0);
	EXPECT_FALSE(ucard_pending(&self->card, 0));
	close(other);
}

/* Users that come and go while the program does not read use no memory. */
TEST_F(card, unread_openings_are_forgotten)
{
	for (int i = 0; i < 200; i++) {
		int other = ucard_open(&self->card, O_RDWR);

		ASSERT_LE(0, other);
		ASSERT_EQ(0, skel_send(other, "never read"));
		close(other);
	}
	EXPECT_FALSE(ucard_pending(&self->card, 0));
	for (int i = 0; i < 200; i++) {
		close(self->user);
		self->user = ucard_open(&self->card, O_RDWR);
		ASSERT_LE(0, self->user);
	}
	ASSERT_EVENT(CLOSED, 0);
	ASSERT_EVENT(OPENED, 0);
	EXPECT_FALSE(ucard_pending(&self->card, 0));
}

TEST_F(card, lines_and_replies_arrive_unchanged)
{
	char longest[SKEL_LINE_MAX], most[256], all[257], got[SKEL_LINE_MAX + 1];
	const struct { const char *bytes; size_t length; } lines[] = {
		{ "\n", 1 }, { "x\n", 2 }, { "OK\n", 3 }, { " two words\40\n", 12 }, { "\0\n", 2 },
		{ "a\0b\n", 4 }, { "a\0b\0\n", 5 }, { "\r\n", 2 }, { "two\nlines\n", 10 },
		{ most, 256 }, { all, 257 }, { longest, SKEL_LINE_MAX },
		{ longest + 1, SKEL_LINE_MAX - 1 },
	};

	for (int i = 0; i < 256; i++) {
		all[i] = i;
		most[i] = i < '\n' ? i : i + 1;
	}
	all[256] = '\n';
	most[255] = '\n';
	memset(longest, 'L', SKEL_LINE_MAX - 1);
	longest[SKEL_LINE_MAX - 1] = '\n';
	longest[0] = '<';
	longest[SKEL_LINE_MAX - 2] = '>';
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const char *bytes = lines[i].bytes;
		const size_t length = lines[i].length, head = sizeof(self->event.head);

		ucard_fill_reply(&self->card, &self->action, 0, bytes, length);
		ASSERT_EQ(0, ucard_act(&self->card, &self->action));
		ASSERT_EQ(length, read(self->user, got, sizeof(got)));
		EXPECT_EQ(0, memcmp(bytes, got, length));
		/* Only a reply can be several lines. */
		if (memchr(bytes, '\n', length - 1))
			continue;
		ASSERT_EQ(0, skel_write(self->user, bytes, length - 1));
		ASSERT_EQ(0, skel_write(self->user, "\n", 1));
		ASSERT_EVENT(COMMAND, 0);
		ASSERT_EQ(head + length - 1, self->event.head.length);
		EXPECT_EQ(0, memcmp(bytes, self->event.line, length - 1));
	}
	EXPECT_NOTHING();
	/* Half a line is no line. */
	ASSERT_EQ(0, skel_write(self->user, "half", 4));
	EXPECT_FALSE(ucard_pending(&self->card, SKEL_SILENCE_MS));
}

TEST_F(card, commands_keep_their_order)
{
	int user[2] = { self->user, ucard_user(&self->card) }, next[2] = { 0 };

	ASSERT_LE(0, user[1]);
	/* As many as a channel keeps; commands of one do not block the other. */
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, skel_send(user[0], "0 %d", i));
		ASSERT_EQ(0, skel_send(user[1], "1 %d", i));
	}
	for (int i = 0; i < 200; i++) {
		int channel, number;

		ASSERT_EQ(SKEL_UCARD_COMMAND, ucard_next(&self->card, &self->event));
		if (sscanf(self->event.line, "%d %d", &channel, &number) != 2)
			channel = -1;
		ASSERT_EQ(self->event.head.channel, channel);
		ASSERT_EQ(next[channel], number);
		next[channel]++;
	}
	EXPECT_FALSE(ucard_pending(&self->card, 0));
	close(user[1]);
}

/* Leave this many results to be read; returns how many there are. */
static int make_results(struct ucard *card, int n)
{
	union ucard_action action;

	for (int i = 0; i < n; i++) {
		ucard_fill_request(card, &action, 0, 0, 0, 0, 0, 0);
		action.request.tag = i;
		if (ucard_act(card, &action))
			return i;
	}
	return n;
}

TEST_F(card, read_returns_whole_events)
{
	const long size = sizeof(struct skel_ucard_result);
	char bytes[SKEL_UCARD_RECORD_MAX + 39];
	const struct skel_ucard_result *result;
	__u64 tag = 0;

	ASSERT_EQ(100, make_results(&self->card, 100));
	for (size_t space = SKEL_UCARD_RECORD_MAX; tag < 100; space += 13) {
		long fit;

		if (space > sizeof(bytes))
			space = SKEL_UCARD_RECORD_MAX;
		fit = space / size < 100 - tag ? space / size : 100 - tag;
		ASSERT_EQ(fit * size, skel_err(read(self->card.fd, bytes, space)));
		for (long at = 0; at < fit * size; at += size) {
			result = (const void *)(bytes + at);
			EXPECT_EQ(SKEL_UCARD_RESULT, result->head.type);
			EXPECT_EQ(tag, result->tag);
			EXPECT_EQ(-EINVAL, result->error);
			tag++;
		}
	}
	EXPECT_FALSE(ucard_pending(&self->card, 0));
}

TEST_F(card, short_buffer)
{
	char bytes[SKEL_UCARD_RECORD_MAX];

	for (int pending = 0; pending < 2; pending++) {
		for (size_t size = 0; size < sizeof(bytes); size += size < 40 ? 1 : 37)
			EXPECT_EQ(-EINVAL, skel_err(read(self->card.fd, bytes, size)));
		if (!pending)
			ASSERT_EQ(0, skel_send(self->user, "x"));
	}
	ASSERT_EVENT(COMMAND, 0);
	EXPECT_STREQ("x", self->event.line);
}

/* Two pages, the second of which cannot be accessed */
static char *half_accessible(struct __test_metadata *_metadata, size_t page)
{
	char *pages = mmap(NULL, 2 * page, SKEL_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_TRUE(pages != MAP_FAILED);
	ASSERT_EQ(0, mprotect(pages + page, page, PROT_NONE));
	return pages;
}

/* EFAULT loses nothing, whatever was copied before. */
TEST_F(card, unwritable_buffer)
{
	const size_t page = self->page, size = sizeof(struct skel_ucard_result);
	char *pages = half_accessible(_metadata, page), *end = pages + page;
	struct skel_ucard_result *result = (void *)pages;
	const int fd = self->card.fd;

	ASSERT_EQ(3, make_results(&self->card, 3));
	EXPECT_EQ(-EFAULT, skel_err(read(fd, end, page)));
	EXPECT_EQ(-EFAULT, skel_err(read(fd, end - size + 1, page)));
	ASSERT_TRUE(ucard_pending(&self->card, 0));
	/* One whole event, then the end of the memory */
	EXPECT_EQ(size, read(fd, end - size, page));
	memcpy(result, end - size, size);
	EXPECT_EQ(0, result->tag);
	ASSERT_TRUE(ucard_pending(&self->card, 0));
	EXPECT_EQ(2 * size, read(fd, pages, page));
	EXPECT_EQ(1, result[0].tag);
	EXPECT_EQ(2, result[1].tag);
	EXPECT_FALSE(ucard_pending(&self->card, 0));
}

TEST_F(card, nonblocking_and_poll)
{
	const int fd = self->card.fd, flags = fcntl(fd, F_GETFL);
	char bytes[SKEL_UCARD_RECORD_MAX];

	ASSERT_EQ(0, fcntl(fd, F_SETFL, flags | O_NONBLOCK));
	EXPECT_EQ(POLLOUT, ucard_events(fd));
	EXPECT_EQ(-EAGAIN, skel_err(read(fd, bytes, sizeof(bytes))));
	ASSERT_EQ(1, make_results(&self->card, 1));
	EXPECT_EQ(POLLIN | POLLOUT, ucard_events(fd));
	EXPECT_EQ(sizeof(struct skel_ucard_result), read(fd, bytes, sizeof(bytes)));
	EXPECT_EQ(POLLOUT, ucard_events(fd));
	EXPECT_EQ(-EAGAIN, skel_err(read(fd, bytes, sizeof(bytes))));
}

TEST_F(card, blocked_reader_can_be_killed)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		char bytes[SKEL_UCARD_RECORD_MAX];

		_exit(read(self->card.fd, bytes, sizeof(bytes)) < 0 ? 1 : 2);
	}
	ASSERT_TRUE(skel_wait_asleep(pid));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, skel_wait(pid));
	EXPECT_EQ(0, ucard_command(&self->card, self->user, "still here"));
}

/* The next user of a channel does not receive replies to the previous one. */
TEST_F(card, replies_do_not_reach_the_next_user)
{
	struct skel_info info;
	__u32 old;

	close(self->user);
	EXPECT_EQ(0, ucard_reply(&self->card, 0, "you have gone"));
	self->user = ucard_open(&self->card, O_RDWR);
	ASSERT_LE(0, self->user);
	EXPECT_EQ(0, ucard_reply(&self->card, 0, "for the last one"));
	EXPECT_FALSE(skel_readable(self->user, 0));
	ASSERT_EQ(0, skel_info(self->user, &info));
	EXPECT_EQ(0, info.replies_lost);
	old = self->card.opening[0];
	EXPECT_EQ(2, ucard_drain(&self->card));
	EXPECT_NE(old, self->card.opening[0]);
	/* Even later: the program has read of the new user. */
	ucard_fill_reply(&self->card, &self->action, 0, "for the last one\n", 17);
	self->action.head.opening = old;
	EXPECT_EQ(0, ucard_act(&self->card, &self->action));
	EXPECT_EQ(0, ucard_reply(&self->card, 0, "for you"));
	EXPECT_STREQ("for you", skel_line(self->user));
}

TEST_F(card, unread_replies_are_counted)
{
	int sent = 0, got = 0, lost = 0, n;
	struct skel_info info;

	for (; sent < 2000; sent++)
		ASSERT_EQ(0, ucard_reply(&self->card, 0, "a reply that nobody reads"));
	ASSERT_EQ(0, skel_info(self->user, &info));
	EXPECT_LT(0, info.replies_lost);
	while (skel_readable(self->user, 0)) {
		const char *line = skel_line(self->user);

		if (sscanf(skel_core(line), "LOST %d", &n) == 1)
			lost += n;
		else if (!strcmp(line, "a reply that nobody reads"))
			got++;
	}
	EXPECT_EQ(sent, got + info.replies_lost);
	/* A loss not yet reported is reported before the next reply. */
	ASSERT_EQ(0, ucard_reply(&self->card, 0, "next"));
	if (lost < (int)info.replies_lost) {
		if (sscanf(skel_core(skel_line(self->user)), "LOST %d", &n) == 1)
			lost += n;
		EXPECT_EQ(info.replies_lost, lost);
	}
	EXPECT_STREQ("next", skel_line(self->user));
}

static void add_reply(const struct ucard *card, struct ucard_batch *batch, const char *line)
{
	union ucard_action action;

	ucard_fill_reply(card, &action, 0, line, strlen(line));
	ucard_add(batch, &action);
}

static void add_request(const struct ucard *card, struct ucard_batch *batch, __u16 flags,
			__u64 tag, __u64 bytes, __u64 host)
{
	union ucard_action action;

	ucard_fill_request(card, &action, flags, 0, UCARD_DIR_TOHOST, 0, bytes, host);
	action.request.tag = tag;
	ucard_add(batch, &action);
}

TEST_F(card, several_in_one_write)
{
	struct ucard_batch batch = { 0 };
	struct ucard *card = &self->card;

	TAKE_BUFFER();
	skel_fill(card->memory, 300, 1);
	add_reply(card, &batch, "before\n");
	add_request(card, &batch, SKEL_UCARD_AT_ONCE, 11, 100, self->host);
	add_reply(card, &batch, "odd length: between\n");
	add_request(card, &batch, SKEL_UCARD_AT_ONCE, 12, 200, self->host + 100);
	add_request(card, &batch, SKEL_UCARD_AT_ONCE, 13, 0, self->host);
	add_reply(card, &batch, "after\n");
	ASSERT_EQ(batch.length, write(card->fd, batch.bytes, batch.length));
	EXPECT_STREQ("before", skel_line(self->user));
	EXPECT_END("DONE", 100, self->host);
	EXPECT_STREQ("odd length: between", skel_line(self->user));
	EXPECT_END("DONE", 200, self->host + 100);
	EXPECT_END("REFUSED length", 0, self->host);
	EXPECT_STREQ("after", skel_line(self->user));
	ASSERT_RESULT(tag, 11, 0);
	ASSERT_RESULT(tag, 12, 0);
	ASSERT_RESULT(tag, 13, -EINVAL);
	EXPECT_EQ(0, memcmp(self->buffer, card->memory, 100));
	EXPECT_EQ(0, memcmp(self->buffer + 100, card->memory, 200));
	EXPECT_TRUE(skel_all(self->buffer + 300, self->page - 300, GUARD));
}

/* The last one need not be padded to a multiple of 8. */
TEST_F(card, end_of_a_write)
{
	struct ucard_batch batch = { 0 };
	size_t length;

	add_reply(&self->card, &batch, "one\n");
	length = batch.length + sizeof(struct skel_ucard_head) + 1;
	add_reply(&self->card, &batch, "\n");
	for (size_t n = length; n <= batch.length; n++) {
		ASSERT_EQ(n, skel_err(write(self->card.fd, batch.bytes, n)));
		EXPECT_STREQ("one", skel_line(self->user));
		EXPECT_STREQ("", skel_line(self->user));
	}
	EXPECT_EQ(0, write(self->card.fd, batch.bytes, 0));
	EXPECT_FALSE(skel_readable(self->user, 0));
}

/* The actions before the bad one are carried out, those after it are not. */
TEST_F(card, first_bad_one_ends_it)
{
	char newlines[SKEL_LINE_MAX + 1];
	const struct { const char *bytes; size_t length; } bad[] = {
		{ newlines, 0 }, { newlines, sizeof(newlines) }, { "no newline", 10 },
		{ "not\nlast", 8 },
	};

	memset(newlines, '\n', sizeof(newlines));
	for (size_t n = 0; n < 4 * ARRAY_SIZE(bad); n++) {
		struct ucard_batch batch = { 0 };
		const size_t before = n % 4, kind = n / 4;
		size_t good;

		for (size_t i = 0; i < before; i++)
			add_reply(&self->card, &batch, "a line\n");
		good = batch.length;
		ucard_fill_reply(&self->card, &self->action, 0, bad[kind].bytes, bad[kind].length);
		ucard_add(&batch, &self->action);
		for (size_t i = before; i < 3; i++)
			add_reply(&self->card, &batch, "a line\n");
		EXPECT_EQ(good ?: -EINVAL,
			  skel_err(write(self->card.fd, batch.bytes, batch.length)))
			TH_LOG("reply %zu behind %zu others", kind, before);
		for (size_t i = 0; i < before; i++)
			EXPECT_STREQ("a line", skel_line(self->user));
		EXPECT_NOTHING();
	}
}

/* Write the MOVE (@end false) or the COMPLETE of a transfer; the result is not read. */
static int act_on(struct ucard *card, bool end, __u64 id, __u64 moved, __u16 flags)
{
	union ucard_action action;

	ucard_fill_transfer(&action, end ? SKEL_UCARD_COMPLETE : SKEL_UCARD_MOVE, id,
			    end ? moved : 0, 0);
	action.head.flags = flags;
	/* Of these the kernel ignores channel and opening. */
	action.head.opening = UINT32_MAX;
	action.head.channel = UINT32_MAX;
	return ucard_act(card, &action);
}

TEST_F(card, quiet_reports_failures_only)
{
	const __u16 quiet = SKEL_UCARD_QUIET, at_once = SKEL_UCARD_AT_ONCE | quiet;
	struct ucard *card = &self->card;
	__u64 id;

	TAKE_BUFFER();
	ucard_fill_request(card, &self->action, at_once, 0, 0, 0, 1, self->host);
	EXPECT_EQ(0, ucard_act(card, &self->action));
	EXPECT_FALSE(ucard_pending(card, 0));
	EXPECT_END("DONE", 1, self->host);
	EXPECT_EQ(-EINVAL, ucard_request(card, at_once, 0, 0, 0, 0, self->host, NULL));
	EXPECT_EQ(-EFAULT, ucard_request(card, quiet, 0, 0, 0, 1, 0, NULL));

	ASSERT_EQ(0, ucard_request(card, 0, 0, 0, 0, 1, self->host, &id));
	for (int end = 0; end < 2; end++) {
		EXPECT_EQ(0, act_on(card, end, id, 1, quiet));
		EXPECT_FALSE(ucard_pending(card, 0));
	}
	/* It has ended. */
	for (int end = 0; end < 2; end++) {
		EXPECT_EQ(0, act_on(card, end, id, 1, quiet));
		ASSERT_RESULT(id, id, -ENOENT);
	}
}

/* Well-formed actions, each of which the caller corrupts */
static void well_formed(const struct ucard *card, union ucard_action actions[4], __u64 host)
{
	ucard_fill_reply(card, &actions[0], 0, "a reply\n", 8);
	ucard_fill_request(card, &actions[1], SKEL_UCARD_AT_ONCE, 0, UCARD_DIR_TOHOST, 0, 16,
			   host);
	ucard_fill_transfer(&actions[2], SKEL_UCARD_MOVE, 1, 0, 0);
	ucard_fill_transfer(&actions[3], SKEL_UCARD_COMPLETE, 1, 0, 0);
}

TEST_F(card, malformed_heads)
{
	static const __u32 lengths[] = {
		0, 1, 8, 15, 16, 47, 49, 55, 57, 64, SKEL_UCARD_RECORD_MAX,
		SKEL_UCARD_RECORD_MAX + 1, 4096, 1U << 31, UINT32_MAX - 7, UINT32_MAX,
	};
	static const __u16 known[] = { 0, 3, 2, 2 };
	union ucard_action good[4], *bad = &self->action;
	const int fd = self->card.fd;

	TAKE_BUFFER();
	well_formed(&self->card, good, self->host);
	for (int i = 0; i < 4; i++) {
		for (__u32 type = 0; type < 65536; type += type < 8 || type > 65530 ? 1 : 997) {
			*bad = good[i];
			bad->head.type = type;
			if (type < 1 || type > 4)
				EXPECT_EQ(-EOPNOTSUPP, ucard_act(&self->card, bad));
		}
		for (__u32 flag = 1; flag < 65536; flag <<= 1) {
			*bad = good[i];
			bad->head.flags |= flag;
			if (flag & ~known[i])
				EXPECT_EQ(-EOPNOTSUPP, ucard_act(&self->card, bad));
		}
		for (size_t j = 0; j < ARRAY_SIZE(lengths); j++) {
			*bad = good[i];
			bad->head.length = lengths[j];
			if (lengths[j] == good[i].head.length)
				continue;
			/* A reply of another length has its newline elsewhere. */
			EXPECT_EQ(-EINVAL, skel_err(write(fd, bad, sizeof(*bad))))
				TH_LOG("action %d, length %u", i, lengths[j]);
		}
		/* Not all of it is there. */
		for (__u32 n = 1; n < good[i].head.length; n++)
			EXPECT_EQ(-EINVAL, skel_err(write(fd, &good[i], n)));
	}
	EXPECT_NOTHING();
}

/* Actions for a closed channel, or for an opening other than the current one */
TEST_F(card, actions_for_nobody)
{
	static const __u32 channels[] = { 1, 2, 1022, 1023, 1024, 1U << 31, UINT32_MAX };
	const __u32 now = self->card.opening[0];
	struct ucard *card = &self->card;
	__u64 id;

	TAKE_BUFFER();
	ASSERT_EQ(0, ucard_request(card, 0, 0, 0, 0, 16, self->host, &id));
	for (size_t i = 0; i < ARRAY_SIZE(channels); i++)
		EXPECT_EQ(0, ucard_reply(card, channels[i], "anybody?"));
	for (int i = 0; i < 40; i++) {
		const __u32 other = i < 32 ? now ^ 1U << i : i < 39 ? now + i - 35 : 0;

		if (other == now)
			continue;
		card->opening[0] = other;
		EXPECT_EQ(0, ucard_reply(card, 0, "to whom?"));
		for (__u16 flags = 0; flags <= SKEL_UCARD_AT_ONCE; flags++)
			EXPECT_EQ(-ENOTCONN, ucard_request(card, flags, 0, 0, 0, 16, self->host,
							   NULL));
	}
	EXPECT_UNTOUCHED();
	/* For moves and completions the id is enough. */
	for (int end = 0; end < 2; end++) {
		EXPECT_EQ(0, act_on(card, end, id, 16, 0));
		ASSERT_RESULT(id, id, 0);
	}
	EXPECT_END("DONE", 16, self->host);
}

/* The action with one member changed is refused. */
#define EXPECT_REFUSED(_error, _action, _member, _value) do {		\
	self->action = (_action);					\
	self->action._member = (_value);				\
	EXPECT_EQ(_error, ucard_act(&self->card, &self->action));	\
} while (0)

TEST_F(card, malformed_members)
{
	union ucard_action good[4];

	TAKE_BUFFER();
	well_formed(&self->card, good, self->host);
	for (int bit = 0; bit < 32; bit++) {
		const __u32 value = 1U << bit;

		EXPECT_REFUSED(-EOPNOTSUPP, good[1], request.reserved, value);
		if (bit)
			EXPECT_REFUSED(-EINVAL, good[1], request.dir, value);
		EXPECT_REFUSED(-EOPNOTSUPP, good[2], transfer.reserved, value);
		EXPECT_REFUSED(-EOPNOTSUPP, good[3], transfer.reserved, value);
		EXPECT_REFUSED(-EINVAL, good[2], transfer.error, value);
		if (bit)
			EXPECT_REFUSED(-EINVAL, good[3], transfer.error, value);
		EXPECT_REFUSED(-EINVAL, good[2], transfer.moved, value);
		EXPECT_REFUSED(-EINVAL, good[2], transfer.moved, (__u64)value << 32);
	}
	EXPECT_NOTHING();
}

TEST_F(card, unreadable_memory)
{
	char *end = half_accessible(_metadata, self->page) + self->page;
	const size_t length = sizeof(struct skel_ucard_request);
	union ucard_action request;
	const int fd = self->card.fd;

	TAKE_BUFFER();
	EXPECT_EQ(-EFAULT, skel_err(write(fd, end, 100)));
	ucard_fill_request(&self->card, &request, SKEL_UCARD_AT_ONCE, 0, 0, 0, 16, self->host);
	for (size_t n = 1; n < length; n++) {
		memcpy(end - n, &request, n);
		EXPECT_EQ(-EFAULT, skel_err(write(fd, end - n, length)));
	}
	EXPECT_NOTHING();
	/* The action before, which can be read, is carried out. */
	ucard_fill_reply(&self->card, &self->action, 0, "a reply\n", 8);
	memcpy(end - 40, &self->action, 24);
	memcpy(end - 16, &request, 16);
	EXPECT_EQ(24, skel_err(write(fd, end - 40, 24 + length)));
	EXPECT_STREQ("a reply", skel_line(self->user));
	EXPECT_UNTOUCHED();
}

/* A program that does not read its results is throttled, and goes on when it does. */
TEST_F(card, too_many_results)
{
	struct ucard_batch batch = { 0 };
	struct ucard *card = &self->card;
	int sent = make_results(card, 100000), got = 0;

	TAKE_BUFFER();
	ucard_fill_request(card, &self->action, 0, 0, 0, 0, 0, self->host);
	ASSERT_EQ(-EAGAIN, ucard_act(card, &self->action));
	EXPECT_LT(100, sent);
	EXPECT_EQ(POLLIN, ucard_events(card->fd));
	/* Nothing of it was carried out, not even where no result would come. */
	skel_drain(self->user, 0);
	ucard_fill_request(card, &self->action, SKEL_UCARD_AT_ONCE | SKEL_UCARD_QUIET, 0, 0, 0, 16,
			   self->host);
	EXPECT_EQ(-EAGAIN, ucard_act(card, &self->action));
	EXPECT_UNTOUCHED();
	/* Replies have no result. */
	EXPECT_EQ(0, ucard_reply(card, 0, "still talking"));
	EXPECT_EQ(0, strncmp("LOST ", skel_core(skel_line(self->user)), 5));
	EXPECT_STREQ("still talking", skel_line(self->user));
	add_reply(card, &batch, "a reply\n");
	add_request(card, &batch, 0, 0, 0, 0);
	EXPECT_EQ(24, skel_err(write(card->fd, batch.bytes, batch.length)));

	for (; ucard_pending(card, 0); got++) {
		ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(card, &self->event));
		ASSERT_EQ(got, self->event.result.tag);
	}
	EXPECT_EQ(sent, got);
	EXPECT_EQ(POLLOUT, ucard_events(card->fd));
	EXPECT_STREQ("a reply", skel_line(self->user));
	EXPECT_EQ(0, ucard_request(card, SKEL_UCARD_AT_ONCE, 0, 0, 0, 16, self->host, NULL));
}

/* Nor can it have more transfers running than results that it could be sent. */
TEST_F(create, too_many_granted)
{
	enum { CHANNELS = 16, EACH = 64 };
	__u64 ids[CHANNELS * EACH];
	int granted = 0, rc = 0;

	ASSERT_EQ(0, ucard_begin(&self->card, UCARD_CREATE(1, .channels = CHANNELS,
							   .transfers = EACH,
							   .timeout = SKEL_UCARD_TIMEOUT_MAX)));
	for (int i = 0; i < CHANNELS && !rc; i++) {
		int user = ucard_user(&self->card);
		__u64 host;

		ASSERT_LE(0, user);
		ASSERT_EQ(0, skel_alloc(user, SKEL_BOTH, 1, &host));
		for (int j = 0; j < EACH && !rc; j++) {
			rc = ucard_request(&self->card, 0, i, 0, 0, 1, host, &ids[granted]);
			granted += !rc;
		}
	}
	EXPECT_TRUE(rc == 0 || rc == -EAGAIN);
	EXPECT_LT(EACH, granted);
	while (granted--)
		ASSERT_EQ(0, ucard_complete(&self->card, ids[granted], 1, 0));
	ucard_end(&self->card);
}

static void on_alarm(int sig)
{
}

/* However much there is to copy, a signal ends write() between two actions. */
TEST_F(create, signal_ends_a_long_write)
{
	const struct itimerval soon = { .it_value.tv_usec = 20000 };
	const struct sigaction alarm = { .sa_handler = on_alarm };
	struct ucard *card = &self->card;
	struct ucard_batch batch = { 0 };
	union ucard_action action;
	__u64 host, id;
	long rc;
	int user;

	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	ASSERT_EQ(0, ucard_begin_used(card, UCARD_CREATE(SKEL_MIB(4)), &user));
	ASSERT_EQ(0, skel_alloc(user, SKEL_BOTH, card->length, &host));
	ASSERT_EQ(0, ucard_request(card, 0, 0, UCARD_DIR_TOHOST, 0, card->length, host, &id));
	ucard_fill_transfer(&action, SKEL_UCARD_MOVE, id, 0, 0);
	action.head.flags = SKEL_UCARD_QUIET;
	while (batch.length < 300 * sizeof(action.transfer))
		ucard_add(&batch, &action);
	ASSERT_EQ(0, sigaction(SIGALRM, &alarm, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &soon, NULL));
	rc = skel_err(write(card->fd, batch.bytes, batch.length));
	EXPECT_LT(0, rc);
	EXPECT_GT((long)batch.length, rc);
	EXPECT_EQ(0, rc % (long)sizeof(action.transfer));
	/* The transfer is as it was. */
	EXPECT_EQ(0, ucard_move(card, id));
	EXPECT_EQ(0, ucard_complete(card, id, card->length, 0));
	close(user);
	ucard_end(card);
}

/* The example plays a card; returns its process and the name of its device. */
static pid_t run_example(char *device)
{
	FILE *file;
	pid_t pid;
	int out[2];

	if (pipe(out))
		return -errno;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out[1], STDOUT_FILENO);
		/* kselftests run in their own directory. */
		execl("./ucard-echo", "ucard-echo", NULL);
		_exit(127);
	}
	close(out[1]);
	file = fdopen(out[0], "r");
	/* It prints this when it is ready. */
	if (fscanf(file, "%63s", device) != 1)
		return -ENOENT;
	fclose(file);
	return pid;
}

TEST_F(create, example)
{
	static const char data[] = "what the card has measured";
	char device[64], line[SKEL_LINE_MAX];
	const size_t page = self->page;
	pid_t pid = run_example(device);
	__u8 *memory, *buffer;
	size_t length;
	int fds[4];
	__u64 host;

	ASSERT_LT(0, pid);
	for (int i = 0; i < 4; i++)
		fds[i] = skel_err(open(device, O_RDWR | O_CLOEXEC));
	ASSERT_LE(0, fds[3]);
	EXPECT_EQ(-EBUSY, skel_err(open(device, O_RDWR | O_CLOEXEC)));
	EXPECT_STREQ("example,ucard-echo,0,1", skel_ask(fds[0], "*IDN?"));
	EXPECT_STREQ("hello", skel_ask(fds[0], "hello"));
	EXPECT_STREQ("", skel_ask(fds[0], "%s", ""));
	EXPECT_STREQ("TOHOST 1 2", skel_ask(fds[0], "TOHOST 1 2"));
	memset(line, 'x', sizeof(line));
	line[SKEL_LINE_MAX - 1] = '\0';
	EXPECT_STREQ(line, skel_ask(fds[0], "%s", line));

	memory = skel_card_memory(fds[0], &length);
	ASSERT_TRUE(!!memory);
	EXPECT_EQ(65536, length);
	buffer = skel_buffer(fds[0], SKEL_BOTH, length, &host);
	ASSERT_TRUE(!!buffer);
	EXPECT_STREQ(data, (char *)memory);
	EXPECT_STREQ("DONE", skel_transfer(fds[0], "TOHOST", 0, 27, host));
	EXPECT_STREQ(data, (char *)buffer);
	EXPECT_TRUE(skel_all(buffer + 27, length - 27, 0));
	skel_fill(buffer, length, 1);
	EXPECT_STREQ("DONE", skel_transfer(fds[0], "FROMHOST", page, 100, host + 50));
	EXPECT_EQ(0, memcmp(memory + page, buffer + 50, 100));
	EXPECT_STREQ("DONE", skel_transfer(fds[0], "FROMHOST", 0, length, host));
	EXPECT_TRUE(skel_check(memory, length, 1));
	EXPECT_STREQ("REFUSED card-address", skel_transfer(fds[0], "TOHOST", length, 1, host));
	EXPECT_STREQ("REFUSED host-address", skel_transfer(fds[0], "TOHOST", 0, 1, 0));
	EXPECT_STREQ("REFUSED length", skel_transfer(fds[0], "TOHOST", 0, 0, host));

	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, skel_send(fds[i], "I am %d", i));
	for (int i = 3; i >= 0; i--) {
		snprintf(line, sizeof(line), "I am %d", i);
		EXPECT_STREQ(line, skel_line(fds[i]));
		close(fds[i]);
	}
	EXPECT_EQ(0, kill(pid, SIGTERM));
	EXPECT_EQ(128 + SIGTERM, skel_wait(pid));
	EXPECT_EQ(-ENOENT, skel_err(open(device, O_RDWR | O_CLOEXEC)));
}

TEST_HARNESS_MAIN
