// SPDX-License-Identifier: GPL-2.0
/*
 * The simulated card's converters: what they write into the card's memory, how
 * fast, and what happens when the memory is full
 */
#include <endian.h>

#include "../kselftest_harness.h"
#include "skel_test.h"

#define INPUTS		2
#define FULL		32767	/* 10 V */
#define PERIOD		8	/* of the sine, in frames; the square has half of it */

FIXTURE(sample)
{
	int fd;
	size_t length;
	__u16 (*frames)[INPUTS];	/* little-endian */
	size_t frames_max;
};

FIXTURE_SETUP(sample)
{
	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	ASSERT_STREQ("OK STOP", skel_ask(self->fd, "STOP"));
	self->frames = skel_card_memory(self->fd, &self->length);
	ASSERT_NE(NULL, self->frames);
	self->frames_max = self->length / sizeof(*self->frames);
	memset(self->frames, 0x55, self->length);
}

FIXTURE_TEARDOWN(sample)
{
	/* As it was when the module was loaded */
	EXPECT_STREQ("OK STOP", skel_ask(self->fd, "STOP"));
	EXPECT_STREQ("OK INPUT", skel_ask(self->fd, "INPUT 0 50000 8000"));
	EXPECT_STREQ("OK INPUT", skel_ask(self->fd, "INPUT 1 25000 5000"));
	close(self->fd);
}

/* Frequencies that give the periods above at that rate */
static bool begin(int fd, unsigned int rate)
{
	return !strcmp("OK INPUT", skel_ask(fd, "INPUT 0 %u 10000", rate / PERIOD * 1000)) &&
	       !strcmp("OK INPUT", skel_ask(fd, "INPUT 1 %u 5000", rate / PERIOD * 2000)) &&
	       !strcmp("OK SAMPLE", skel_ask(fd, "SAMPLE %u", rate));
}

static unsigned long long field(const char *status, const char *name)
{
	const char *place = strstr(status, name);

	return place ? strtoull(place + strlen(name), NULL, 10) : ~0ULL;
}

/* How many frames, from the first one on, are what the generators give */
static size_t right_frames(__u16 (*frames)[INPUTS], size_t n)
{
	/* sin(2 pi n / 8); rounding may be different in the last place. */
	static const int sine[PERIOD] = { 0, 23170, FULL, 23170, 0, -23170, -FULL, -23170 };

	for (size_t i = 0; i < n; i++) {
		int square = i % (PERIOD / 2) < PERIOD / 4 ? FULL / 2 : -FULL / 2;

		if (abs((__s16)le16toh(frames[i][0]) - sine[i % PERIOD]) > 1 ||
		    (__s16)le16toh(frames[i][1]) != square)
			return i;
	}
	return n;
}

TEST_F(sample, waves_are_what_the_generators_give)
{
	unsigned long long n;

	ASSERT_TRUE(begin(self->fd, 8000));
	skel_sleep_ms(200);
	ASSERT_STREQ("OK STOP", skel_ask(self->fd, "STOP"));
	n = field(skel_ask(self->fd, "STATUS?"), "frames=");
	ASSERT_LE(8000 / 5 - 8, n);
	ASSERT_GT(self->frames_max, n);
	EXPECT_EQ(n, right_frames(self->frames, n));
	/* Nothing behind the last one, now and later */
	skel_sleep_ms(50);
	EXPECT_TRUE(skel_all(self->frames + n, self->length - n * sizeof(*self->frames), 0x55));
}

TEST_F(sample, rate_is_kept)
{
	enum { RATE = 100000 };
	__u64 before = skel_now_ms(), begun, asked, after;
	unsigned long long n;

	ASSERT_TRUE(begin(self->fd, RATE));
	begun = skel_now_ms();
	skel_sleep_ms(300);
	asked = skel_now_ms();
	n = field(skel_ask(self->fd, "STATUS?"), "frames=");
	after = skel_now_ms();
	/* Times are whole milliseconds. */
	EXPECT_LE((asked - begun - 1) * RATE / 1000, n);
	EXPECT_GE((after - before + 1) * RATE / 1000, n);
}

/* The ring: what comes after its end is written at its beginning. */
TEST_F(sample, memory_is_a_ring)
{
	enum { RATE = 1000000 };
	__u64 end = skel_now_ms() + SKEL_ANSWER_MS;
	unsigned long long n;
	const char *status;

	ASSERT_EQ(0, self->frames_max % PERIOD);
	ASSERT_TRUE(begin(self->fd, RATE));
	do {
		skel_sleep_ms(50);
		status = skel_ask(self->fd, "STATUS?");
		EXPECT_EQ(0, strncmp(status, "STATUS SAMPLING rate=1000000 ", 29));
		n = field(status, "frames=");
	} while (n < 2 * self->frames_max && skel_now_ms() < end);
	ASSERT_STREQ("OK STOP", skel_ask(self->fd, "STOP"));
	status = skel_ask(self->fd, "STATUS?");
	EXPECT_EQ(0, strncmp(status, "STATUS IDLE ", 12));
	n = field(status, "frames=");
	EXPECT_LE(2 * self->frames_max, n);
	EXPECT_EQ(n % self->frames_max * sizeof(*self->frames), field(status, "position="));
	EXPECT_EQ(self->frames_max * sizeof(*self->frames), field(status, "ring="));
	EXPECT_EQ(self->frames_max, right_frames(self->frames, self->frames_max));
}

/* A new start is a start from the beginning, also while it runs. */
TEST_F(sample, starts_again_from_address_0)
{
	ASSERT_TRUE(begin(self->fd, 100000));
	skel_sleep_ms(100);
	ASSERT_TRUE(begin(self->fd, 8));
	EXPECT_GT(100, field(skel_ask(self->fd, "STATUS?"), "frames="));
}

TEST_F(sample, goes_on_when_its_channel_is_closed)
{
	int fd = skel_open(O_RDWR);

	ASSERT_LE(0, fd);
	ASSERT_TRUE(begin(fd, 8000));
	close(fd);
	EXPECT_EQ(0, strncmp(skel_ask(self->fd, "STATUS?"), "STATUS SAMPLING ", 16));
}

TEST_F(sample, wrong_parameters_change_nothing)
{
	static const char * const commands[] = {
		"INPUT 2 1000 1000", "INPUT 0 0 1000", "INPUT 0 500000001 1000",
		"INPUT 0 1000 10001", "SAMPLE 0", "SAMPLE 1000001",
	};
	char inputs[128], status[160];

	snprintf(inputs, sizeof(inputs), "%s", skel_ask(self->fd, "INPUTS?"));
	snprintf(status, sizeof(status), "%s", skel_ask(self->fd, "STATUS?"));
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_STREQ("ERROR range", skel_ask(self->fd, "%s", commands[i]))
			TH_LOG("%s", commands[i]);
	}
	EXPECT_STREQ(inputs, skel_ask(self->fd, "INPUTS?"));
	EXPECT_STREQ(status, skel_ask(self->fd, "STATUS?"));
}

TEST_HARNESS_MAIN
