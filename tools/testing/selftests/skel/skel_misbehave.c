// SPDX-License-Identifier: GPL-2.0
/*
 * Cards that do not keep to the rules: the core does, and no byte goes astray.
 * Needs skel_sim with misbehave=1.
 */
#include "../kselftest_harness.h"
#include "skel_test.h"

/* Debug kernels and busy machines are slow. */
#define TIMEOUT	300

/* Two channels with a buffer each; the card misbehaves for the first */
struct scene {
	int fd;
	int other;
	size_t page;
	__u64 host, other_host;
	__u8 *map, *other_map;
	struct skel_info other_info;
};

FIXTURE(misbehaving)
{
	struct scene scene;
};

FIXTURE_SETUP(misbehaving)
{
	struct scene *s = &self->scene;
	size_t length;
	__u8 *card;

	s->fd = skel_open(O_RDWR);
	if (s->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, s->fd);
	if (!skel_misbehave())
		SKIP(return, "load skel_sim with misbehave=1");
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	s->page = skel_page();
	s->other = skel_open(O_RDWR);
	ASSERT_LE(0, s->other);
	ASSERT_STREQ("OK STOP", skel_ask(s->fd, "STOP"));
	card = skel_card_memory(s->fd, &length);
	ASSERT_NE(NULL, card);
	skel_fill(card, length, 1);
	s->map = skel_buffer(s->fd, SKEL_BOTH, 2 * s->page, &s->host);
	ASSERT_NE(NULL, s->map);
	s->other_map = skel_buffer(s->other, SKEL_BOTH, s->page,
				   &s->other_host);
	ASSERT_NE(NULL, s->other_map);
	ASSERT_EQ(0, skel_info(s->other, &s->other_info));
}

FIXTURE_TEARDOWN(misbehaving)
{
	struct scene *s = &self->scene;

	close(s->fd);
	close(s->other);
}

static bool nothing_moved(struct scene *s)
{
	return skel_all(s->map, 2 * s->page, 0) &&
	       skel_all(s->other_map, s->page, 0);
}

static bool works(int fd, __u64 host)
{
	return !strcmp("DONE", skel_transfer(fd, "TOHOST", 0, 16, host)) &&
	       !strncmp("skel,", skel_ask(fd, "*IDN?"), 5);
}

static int start(struct scene *s, const char *mode)
{
	if (strcmp("OK MISBEHAVE", skel_ask(s->fd, "MISBEHAVE %s", mode)))
		return -EPROTO;
	return skel_send(s->fd, "TOHOST 0 %#zx %#llx", s->page, s->host);
}

/* The buffer is that of the asking channel, not of the one named. */
TEST_F(misbehaving, request_in_the_name_of_another_channel)
{
	struct scene *s = &self->scene;
	struct skel_info info;
	char mode[32];

	snprintf(mode, sizeof(mode), "CHANNEL %u", s->other_info.channel);
	ASSERT_EQ(0, start(s, mode));
	/* Who is named is told that it was refused. */
	EXPECT_STREQ("REFUSED host-address",
		     skel_transfer_end(s->other, "TOHOST", 0, s->page, s->host));
	EXPECT_TRUE(nothing_moved(s));
	ASSERT_EQ(0, skel_info(s->other, &info));
	EXPECT_EQ(1, info.refused);
	EXPECT_EQ(0, info.granted);
	EXPECT_EQ(0, info.pending);
	skel_drain(s->fd, SKEL_SILENCE_MS);
	EXPECT_TRUE(works(s->fd, s->host));
	EXPECT_TRUE(works(s->other, s->other_host));
}

/*
 * Replies that a channel has not asked for, more than it keeps: the first ones
 * stay, one line tells in its place how many are missing.
 */
TEST_F(misbehaving, lost_replies_are_told)
{
	enum { N = 200 };
	struct scene *s = &self->scene;
	unsigned long replies = 0, lost;
	struct skel_info info;
	const char *line;
	char mode[32];

	snprintf(mode, sizeof(mode), "CHANNEL %u", s->other_info.channel);
	for (int i = 0; i < N; i++) {
		ASSERT_EQ(0, start(s, mode))
			TH_LOG("round %d", i);
	}
	/* The last of them has been dealt with when this comes. */
	EXPECT_TRUE(works(s->fd, s->host));
	while (skel_readable(s->other, SKEL_SILENCE_MS)) {
		line = skel_core(skel_line(s->other));
		EXPECT_EQ(0, strncmp("REFUSED TOHOST 0x0 ", line, 19));
		replies++;
	}
	EXPECT_LT(0, replies);
	EXPECT_GT(N, replies);
	/* The line comes with the next reply, and only once. */
	line = skel_core(skel_ask(s->other, "*IDN?"));
	EXPECT_EQ(0, strncmp("LOST ", line, 5));
	lost = strtoul(line + 5, NULL, 10);
	EXPECT_EQ(0, strncmp("skel,", skel_line(s->other), 5));
	EXPECT_EQ(N, replies + lost);
	ASSERT_EQ(0, skel_info(s->other, &info));
	EXPECT_EQ(lost, info.replies_lost);
	EXPECT_EQ(N, info.refused);
	EXPECT_TRUE(nothing_moved(s) || skel_all(s->map + 16, 2 * s->page - 16, 0));
	EXPECT_TRUE(works(s->other, s->other_host));
}

TEST_F(misbehaving, request_in_the_name_of_no_channel)
{
	struct scene *s = &self->scene;
	static const char * const modes[] = {
		"CHANNEL 31", "CHANNEL 32", "CHANNEL 1000000", "CHANNEL 4294967295",
	};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		ASSERT_EQ(0, start(s, modes[i]))
			TH_LOG("%s", modes[i]);
		skel_drain(s->fd, SKEL_SILENCE_MS);
		EXPECT_TRUE(nothing_moved(s));
	}
	EXPECT_TRUE(works(s->fd, s->host));
	EXPECT_TRUE(works(s->other, s->other_host));
}

TEST_F(misbehaving, transfer_that_never_ends)
{
	struct scene *s = &self->scene;
	__u64 begin = skel_now_ms();
	struct skel_info info;

	ASSERT_EQ(0, start(s, "NEVER"));
	do {
		ASSERT_EQ(0, skel_info(s->fd, &info));
	} while (!info.pending && skel_now_ms() - begin < SKEL_ANSWER_MS);
	EXPECT_EQ(1, info.pending);
	EXPECT_EQ(-EBUSY, skel_free(s->fd, s->host));
	/* Others are not held up. */
	EXPECT_TRUE(works(s->other, s->other_host));
	munmap(s->map, 2 * s->page);
	begin = skel_now_ms();
	close(s->fd);
	EXPECT_GT(SKEL_ANSWER_MS, skel_now_ms() - begin);

	s->fd = skel_open(O_RDWR);
	ASSERT_LE(0, s->fd);
	ASSERT_EQ(0, skel_alloc(s->fd, SKEL_BOTH, 1, &s->host));
	EXPECT_TRUE(works(s->fd, s->host));
	EXPECT_TRUE(works(s->other, s->other_host));
}

TEST_F(misbehaving, transfer_that_ends_twice)
{
	struct scene *s = &self->scene;
	struct skel_info info;

	for (int i = 1; i <= 20; i++) {
		ASSERT_EQ(0, start(s, "TWICE"));
		EXPECT_STREQ("DONE", skel_transfer_end(s->fd, "TOHOST", 0,
						       s->page, s->host));
		EXPECT_FALSE(skel_readable(s->fd, 5));
		ASSERT_EQ(0, skel_info(s->fd, &info));
		EXPECT_EQ(i, info.granted);
		EXPECT_EQ(0, info.failed);
		EXPECT_EQ(0, info.pending);
		EXPECT_EQ(i * s->page, info.bytes_tohost);
	}
	EXPECT_TRUE(skel_check(s->map, s->page, 1));
	EXPECT_EQ(0, skel_free(s->fd, s->host));
}

/* The second end must not end another transfer that has begun meanwhile. */
TEST_F(misbehaving, second_end_does_not_hit_the_next_transfer)
{
	struct scene *s = &self->scene;

	ASSERT_EQ(0, start(s, "TWICE"));
	for (int i = 0; i < 50; i++) {
		const char *line = skel_line(s->fd);

		EXPECT_EQ(0, strncmp("DONE TOHOST ", skel_core(line), 12))
			TH_LOG("%s", line);
		ASSERT_EQ(0, skel_send(s->fd, "TOHOST 0 %#x %#llx", i + 1, s->host));
	}
	EXPECT_STREQ("DONE", skel_transfer_end(s->fd, "TOHOST", 0, 50, s->host));
	EXPECT_FALSE(skel_readable(s->fd, SKEL_SILENCE_MS));
}

TEST_F(misbehaving, transfer_that_claims_too_much)
{
	struct scene *s = &self->scene;
	struct skel_info info;

	ASSERT_EQ(0, start(s, "MORE"));
	EXPECT_STREQ("FAILED error", skel_transfer_end(s->fd, "TOHOST", 0,
						       s->page, s->host));
	ASSERT_EQ(0, skel_info(s->fd, &info));
	EXPECT_EQ(1, info.granted);
	EXPECT_EQ(1, info.failed);
	EXPECT_EQ(0, info.pending);
	EXPECT_GE(s->page, info.bytes_tohost);
	/* What was not granted was not touched. */
	EXPECT_TRUE(skel_all(s->map + s->page, s->page, 0));
	EXPECT_TRUE(skel_all(s->other_map, s->page, 0));
	EXPECT_TRUE(works(s->fd, s->host));
}

/* One life of a channel; its transfers end as the noise likes. */
static bool live(size_t page)
{
	int fd = skel_open(O_RDWR | O_NONBLOCK);
	bool good = false;
	__u64 host;
	__u8 *map;

	if (fd < 0)
		return false;
	map = skel_buffer(fd, SKEL_BOTH, 2 * page, &host);
	if (map) {
		for (int i = 0; i < 4; i++)
			skel_send(fd, "TOHOST 0 %#zx %#llx", page, host);
		skel_readable(fd, 2);
		/* It asked for the first page only. */
		good = skel_all(map + page, page, 0);
		skel_free(fd, host);
		munmap(map, 2 * page);
	}
	close(fd);
	return good;
}

/*
 * Interrupts at any time: wrong requests, transfers ended that run, that ended
 * with their channel or their buffer long ago, or that never were
 */
TEST_F_TIMEOUT(misbehaving, interrupts_at_random, TIMEOUT)
{
	struct scene *s = &self->scene;
	unsigned long long wrong = 0, granted = 1;
	__u64 end = skel_now_ms() + 1000 * TIMEOUT / 2;
	unsigned long lives = 0;

	/* Noise is in the name of who was granted something last: then it is not ours. */
	ASSERT_TRUE(works(s->other, s->other_host));
	skel_fill(s->map, 2 * s->page, 5);
	skel_fill(s->other_map, s->page, 7);
	ASSERT_EQ(0, skel_send(s->fd, "MISBEHAVE NOISE 20000"));
	for (bool over = false; !over; lives++) {
		ASSERT_TRUE(live(s->page));
		ASSERT_GT(end, skel_now_ms());
		while (!over && skel_readable(s->fd, 0))
			over = sscanf(skel_line(s->fd), "NOISE %llu wrong %llu granted",
				      &wrong, &granted) == 2;
	}
	TH_LOG("%llu wrong requests in %lu lives", wrong, lives);
	EXPECT_LT(1000, wrong);
	EXPECT_EQ(0, granted);
	/* Neither has asked for anything. */
	EXPECT_TRUE(skel_check(s->map, 2 * s->page, 5));
	EXPECT_TRUE(skel_check(s->other_map, s->page, 7));
	skel_drain(s->fd, SKEL_SILENCE_MS);
	skel_drain(s->other, 0);
	/* If there were too many, it is told with the next reply. */
	if (!strncmp("LOST ", skel_core(skel_ask(s->other, "*IDN?")), 5))
		skel_line(s->other);
	EXPECT_TRUE(works(s->fd, s->host));
	EXPECT_TRUE(works(s->other, s->other_host));
}

TEST_F(misbehaving, only_the_next_transfer_is_spoiled)
{
	struct scene *s = &self->scene;

	ASSERT_EQ(0, start(s, "MORE"));
	EXPECT_EQ(0, strncmp("FAILED", skel_core(skel_line(s->fd)), 6));
	for (int i = 0; i < 5; i++)
		EXPECT_TRUE(works(s->fd, s->host));
	EXPECT_EQ(0, strncmp("ERROR ", skel_ask(s->fd, "MISBEHAVE"), 6));
	EXPECT_EQ(0, strncmp("ERROR ", skel_ask(s->fd, "MISBEHAVE BADLY"), 6));
	EXPECT_TRUE(works(s->fd, s->host));
}

FIXTURE(behaving)
{
	int fd;
};

FIXTURE_SETUP(behaving)
{
	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(behaving)
{
	close(self->fd);
}

TEST_F(behaving, does_not_know_the_command)
{
	if (skel_misbehave())
		SKIP(return, "load skel_sim without misbehave=1");
	EXPECT_STREQ("ERROR unknown-command", skel_ask(self->fd, "MISBEHAVE NEVER"));
	EXPECT_STREQ("ERROR unknown-command", skel_ask(self->fd, "MISBEHAVE CHANNEL 1"));
}

TEST_HARNESS_MAIN
