// SPDX-License-Identifier: GPL-2.0
/*
 * Transfers that a program which plays a card asks for: granted, refused, at
 * once and in three steps, and exactly the bytes that were granted
 */
#include "../kselftest_harness.h"
#include "skel_ucard_util.h"

#define GUARD	0xee
#define PAGES	4

FIXTURE(transfer)
{
	struct ucard card;
	size_t length;		/* of the card's memory and of each buffer */
	int user[2];
	__u64 host[2];
	__u8 *buffer[2];
	struct skel_info info;
	__u64 id;
};

FIXTURE_SETUP(transfer)
{
	struct skel_ucard_create create;
	int rc;

	ucard_describe(&create);
	self->length = PAGES * skel_page();
	create.memory = self->length;
	create.transfers = 3;
	create.channels = 3;
	rc = ucard_begin(&self->card, &create);
	if (rc == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (rc == -EACCES)
		SKIP(return, "must be root");
	ASSERT_EQ(0, rc);
	for (int i = 0; i < 2; i++) {
		self->user[i] = ucard_user(&self->card);
		ASSERT_LE(0, self->user[i]);
		self->buffer[i] = skel_buffer(self->user[i], SKEL_BOTH, self->length,
					      &self->host[i]);
		ASSERT_NE(NULL, self->buffer[i]);
		memset(self->buffer[i], GUARD, self->length);
	}
	skel_fill(self->card.memory, self->length, 1);
}

FIXTURE_TEARDOWN(transfer)
{
	close(self->user[0]);
	close(self->user[1]);
	ucard_end(&self->card);
}

/* [at, at + n) of @to is @from, all around it is as it was */
static bool moved(const __u8 *to, size_t at, const __u8 *from, size_t n, size_t length)
{
	return !memcmp(to + at, from, n) && skel_all(to, at, GUARD) &&
	       skel_all(to + at + n, length - at - n, GUARD);
}

static const struct { size_t card, host, bytes; } pieces[] = {
	{ 0, 0, 1 }, { 1, 0, 1 }, { 0, 1, 7 }, { 4095, 4095, 2 }, { 100, 4000, 200 },
	{ 4000, 3, 4097 }, { 1, 2, 8191 }, { 16383, 0, 1 }, { 0, 16383, 1 },
	{ 3, 1, 16380 }, { 0, 0, 16384 },
};

TEST_F(transfer, exactly_the_bytes_tohost)
{
	__u64 sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		const size_t n = pieces[i].bytes;
		__u64 host = self->host[0] + pieces[i].host;

		memset(self->buffer[0], GUARD, self->length);
		ASSERT_EQ(0, ucard_request(&self->card, SKEL_UCARD_AT_ONCE, 0,
					   UCARD_DIR_TOHOST, pieces[i].card, n, host, NULL));
		EXPECT_TRUE(moved(self->buffer[0], pieces[i].host,
				  self->card.memory + pieces[i].card, n, self->length))
			TH_LOG("piece %zu", i);
		EXPECT_STREQ("DONE", skel_transfer_end(self->user[0], "TOHOST",
						       pieces[i].card, n, host));
		sum += n;
	}
	EXPECT_TRUE(skel_check(self->card.memory, self->length, 1));
	EXPECT_TRUE(skel_all(self->buffer[1], self->length, GUARD));
	ASSERT_EQ(0, skel_info(self->user[0], &self->info));
	EXPECT_EQ(ARRAY_SIZE(pieces), self->info.granted);
	EXPECT_EQ(sum, self->info.bytes_tohost);
	EXPECT_EQ(0, self->info.bytes_fromhost);
	EXPECT_EQ(0, self->info.failed + self->info.refused + self->info.pending);
}

TEST_F(transfer, exactly_the_bytes_fromhost)
{
	__u64 sum = 0;

	skel_fill(self->buffer[0], self->length, 2);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		const size_t n = pieces[i].bytes;
		__u64 host = self->host[0] + pieces[i].host;

		memset(self->card.memory, GUARD, self->length);
		ASSERT_EQ(0, ucard_request(&self->card, SKEL_UCARD_AT_ONCE, 0,
					   UCARD_DIR_FROMHOST, pieces[i].card, n, host, NULL));
		EXPECT_TRUE(moved(self->card.memory, pieces[i].card,
				  self->buffer[0] + pieces[i].host, n, self->length))
			TH_LOG("piece %zu", i);
		EXPECT_STREQ("DONE", skel_transfer_end(self->user[0], "FROMHOST",
						       pieces[i].card, n, host));
		sum += n;
	}
	EXPECT_TRUE(skel_check(self->buffer[0], self->length, 2));
	ASSERT_EQ(0, skel_info(self->user[0], &self->info));
	EXPECT_EQ(sum, self->info.bytes_fromhost);
	EXPECT_EQ(0, self->info.bytes_tohost);
}

static int ask(struct ucard *card, __u64 card_addr, __u64 bytes, __u64 host, __u64 *id)
{
	return ucard_request(card, 0, 0, UCARD_DIR_TOHOST, card_addr, bytes, host, id);
}

TEST_F(transfer, three_steps)
{
	const __u64 host = self->host[0] + 50;

	ASSERT_EQ(0, ask(&self->card, 10, 100, host, &self->id));
	ASSERT_EQ(0, skel_info(self->user[0], &self->info));
	EXPECT_EQ(1, self->info.pending);
	EXPECT_EQ(-EBUSY, skel_free(self->user[0], self->host[0]));
	EXPECT_TRUE(skel_all(self->buffer[0], self->length, GUARD));
	/* As often as the card likes */
	for (__u32 seed = 2; seed < 5; seed++) {
		skel_fill(self->card.memory, self->length, seed);
		EXPECT_EQ(0, ucard_move(&self->card, self->id));
		EXPECT_TRUE(moved(self->buffer[0], 50, self->card.memory + 10, 100,
				  self->length));
	}
	EXPECT_FALSE(skel_readable(self->user[0], 0));
	EXPECT_EQ(0, ucard_complete(&self->card, self->id, 100, 0));
	EXPECT_STREQ("DONE", skel_transfer_end(self->user[0], "TOHOST", 10, 100, host));
	ASSERT_EQ(0, skel_info(self->user[0], &self->info));
	EXPECT_EQ(0, self->info.pending);
	EXPECT_EQ(100, self->info.bytes_tohost);
	EXPECT_EQ(0, skel_free(self->user[0], self->host[0]));
}

TEST_F(transfer, nothing_after_its_end)
{
	ASSERT_EQ(0, ask(&self->card, 0, 100, self->host[0], &self->id));
	/* A card that says so without having moved anything is believed. */
	EXPECT_EQ(0, ucard_complete(&self->card, self->id, 100, 0));
	EXPECT_STREQ("DONE", skel_transfer_end(self->user[0], "TOHOST", 0, 100,
					       self->host[0]));
	EXPECT_EQ(-ENOENT, ucard_move(&self->card, self->id));
	EXPECT_EQ(-ENOENT, ucard_complete(&self->card, self->id, 100, 0));
	EXPECT_EQ(-ENOENT, ucard_complete(&self->card, self->id, 0, 1));
	EXPECT_TRUE(skel_all(self->buffer[0], self->length, GUARD));
	EXPECT_FALSE(skel_readable(self->user[0], 0));
	/* At once is at its end at once. */
	ASSERT_EQ(0, ucard_request(&self->card, SKEL_UCARD_AT_ONCE, 0, 0, 0, 1,
				   self->host[0], &self->id));
	EXPECT_EQ(-ENOENT, ucard_move(&self->card, self->id));
	EXPECT_EQ(-ENOENT, ucard_complete(&self->card, self->id, 1, 0));
	EXPECT_STREQ("DONE", skel_transfer_end(self->user[0], "TOHOST", 0, 1, self->host[0]));
	EXPECT_FALSE(skel_readable(self->user[0], 0));
}

TEST_F(transfer, failures_of_the_card)
{
	static const struct { __u64 moved; __u32 error; int rc; } ends[] = {
		{ 0, 0, -ERANGE }, { 99, 0, -ERANGE }, { 101, 0, -ERANGE },
		{ UINT64_MAX, 0, -ERANGE }, { 0, 1, 0 }, { 100, 1, 0 },
		{ UINT64_MAX, 1, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		ASSERT_EQ(0, ask(&self->card, 0, 100, self->host[0], &self->id));
		EXPECT_EQ(ends[i].rc, ucard_complete(&self->card, self->id,
						     ends[i].moved, ends[i].error))
			TH_LOG("end %zu", i);
		EXPECT_EQ(-ENOENT, ucard_complete(&self->card, self->id, 100, 0));
		EXPECT_STREQ("FAILED error",
			     skel_transfer_end(self->user[0], "TOHOST", 0, 100,
					       self->host[0]));
	}
	ASSERT_EQ(0, skel_info(self->user[0], &self->info));
	EXPECT_EQ(ARRAY_SIZE(ends), self->info.failed);
	EXPECT_GE(100 * ARRAY_SIZE(ends), self->info.bytes_tohost);
	EXPECT_EQ(0, skel_free(self->user[0], self->host[0]));
}

TEST_F(transfer, refusals)
{
	const __u64 host = self->host[0], length = self->length;
	__u64 oneway, freed;
	int refused = 0;

	/* The addresses behind the buffer are no buffer any more. */
	ASSERT_EQ(0, skel_alloc(self->user[0], SKEL_BOTH, length, &freed));
	ASSERT_EQ(0, skel_alloc(self->user[0], SKEL_ALLOC_TOHOST, length, &oneway));
	ASSERT_EQ(0, skel_free(self->user[0], freed));
	const struct {
		__u64 card, bytes, host;
		int rc;
		const char *reason;
		__u32 dir;
	} table[] = {
		{ 0, 0, host, -EINVAL, "length" },
		{ UINT64_MAX, 0, 0, -EINVAL, "length" },
		{ 0, 1, 0, -EFAULT, "host-address" },
		{ 0, 1, host - 1, -EFAULT, "host-address" },
		{ 0, 1, host + length, -EFAULT, "host-address" },
		{ 0, 2, host + length - 1, -EFAULT, "host-address" },
		{ 0, length + 1, host, -EFAULT, "host-address" },
		{ 0, UINT64_MAX, host, -EFAULT, "host-address" },
		{ 0, -host, host, -EFAULT, "host-address" },
		{ 0, 1, UINT64_MAX, -EFAULT, "host-address" },
		{ 0, 1, (uintptr_t)self->buffer[0], -EFAULT, "host-address" },
		{ 0, 1, self->host[1], -EFAULT, "host-address" },
		{ 0, 1, freed, -EFAULT, "host-address" },
		{ 0, 1, oneway, -EACCES, "direction", UCARD_DIR_FROMHOST },
		{ length, 1, host, -ERANGE, "card-address" },
		{ length - 1, 2, host, -ERANGE, "card-address" },
		{ 1, length, host, -ERANGE, "card-address" },
		{ UINT64_MAX, 1, host, -ERANGE, "card-address" },
		{ UINT64_MAX, 2, host, -ERANGE, "card-address" },
		{ -length, length, host, -ERANGE, "card-address" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		for (__u16 flags = 0; flags <= SKEL_UCARD_AT_ONCE; flags++) {
			char expected[64];

			snprintf(expected, sizeof(expected), "REFUSED %s", table[i].reason);
			EXPECT_EQ(table[i].rc,
				  ucard_request(&self->card, flags, 0, table[i].dir,
						table[i].card, table[i].bytes,
						table[i].host, NULL))
				TH_LOG("case %zu", i);
			EXPECT_STREQ(expected,
				     skel_transfer_end(self->user[0], table[i].dir ?
						       "FROMHOST" : "TOHOST",
						       table[i].card, table[i].bytes,
						       table[i].host));
			refused++;
		}
	}
	EXPECT_TRUE(skel_all(self->buffer[0], length, GUARD));
	EXPECT_TRUE(skel_all(self->buffer[1], length, GUARD));
	EXPECT_TRUE(skel_check(self->card.memory, length, 1));
	ASSERT_EQ(0, skel_info(self->user[0], &self->info));
	EXPECT_EQ(refused, self->info.refused);
	EXPECT_EQ(0, self->info.granted);
}

TEST_F(transfer, channels_that_nobody_has)
{
	static const __u32 channels[] = { 2, 3, 1023, 1024, 0xffff, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(channels); i++) {
		for (__u16 flags = 0; flags <= SKEL_UCARD_AT_ONCE; flags++) {
			EXPECT_EQ(-ENOTCONN, ucard_request(&self->card, flags, channels[i],
							   0, 0, 1, self->host[0], NULL));
		}
	}
	EXPECT_FALSE(skel_readable(self->user[0], 0));
}

/* A request that was meant for the last user does not touch the next one's. */
TEST_F(transfer, next_user_is_not_touched)
{
	static const int expected[] = {
		SKEL_UCARD_CLOSED, SKEL_UCARD_OPENED, SKEL_UCARD_RESULT, SKEL_UCARD_RESULT,
	};
	union ucard_action action;
	union ucard_event event;

	close(self->user[1]);
	munmap(self->buffer[1], self->length);
	self->user[1] = ucard_open(&self->card, O_RDWR);
	ASSERT_LE(0, self->user[1]);
	self->buffer[1] = skel_buffer(self->user[1], SKEL_BOTH, self->length, &self->host[1]);
	ASSERT_NE(NULL, self->buffer[1]);
	for (__u16 flags = 0; flags <= SKEL_UCARD_AT_ONCE; flags++) {
		ucard_fill_request(&self->card, &action, flags, 1, UCARD_DIR_TOHOST, 0, 100,
				   self->host[1]);
		ASSERT_EQ(0, ucard_act(&self->card, &action));
	}
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		ASSERT_EQ(expected[i], ucard_next(&self->card, &event));
		if (expected[i] == SKEL_UCARD_RESULT)
			EXPECT_EQ(-ENOTCONN, event.result.error);
	}
	/* Late by more than that */
	ASSERT_EQ(0, ucard_act(&self->card, &action));
	ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&self->card, &event));
	EXPECT_EQ(-ENOTCONN, event.result.error);
	EXPECT_TRUE(skel_all(self->buffer[1], self->length, 0));
	EXPECT_FALSE(skel_readable(self->user[1], 0));
	EXPECT_EQ(0, ucard_request(&self->card, SKEL_UCARD_AT_ONCE, 1, 0, 0, 100,
				   self->host[1], NULL));
}

TEST_F(transfer, so_many_at_once)
{
	__u64 ids[3], host = self->host[0], other;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, ask(&self->card, 0, 1, host + i, &ids[i]));
		for (int j = 0; j < i; j++)
			EXPECT_NE(ids[i], ids[j]);
	}
	EXPECT_EQ(-EBUSY, ask(&self->card, 0, 1, host, NULL));
	EXPECT_STREQ("REFUSED busy", skel_transfer_end(self->user[0], "TOHOST", 0, 1, host));
	EXPECT_EQ(-EBUSY, ucard_request(&self->card, SKEL_UCARD_AT_ONCE, 0, 0, 0, 1,
					host, NULL));
	EXPECT_STREQ("REFUSED busy", skel_transfer_end(self->user[0], "TOHOST", 0, 1, host));
	/* The other channel has its own. */
	EXPECT_EQ(0, ucard_request(&self->card, 0, 1, 0, 0, 1, self->host[1], &other));
	EXPECT_EQ(0, ucard_complete(&self->card, ids[1], 1, 0));
	EXPECT_STREQ("DONE", skel_transfer_end(self->user[0], "TOHOST", 0, 1, host + 1));
	EXPECT_EQ(0, ask(&self->card, 0, 1, host + 3, &ids[1]));
	for (int i = 2; i >= 0; i--)
		EXPECT_EQ(0, ucard_complete(&self->card, ids[i], 1, 0));
	EXPECT_EQ(0, ucard_complete(&self->card, other, 1, 0));
	EXPECT_EQ(3, skel_drain(self->user[0], 0));
	EXPECT_EQ(1, skel_drain(self->user[1], 0));
}

TEST_F(transfer, late_for_a_closed_channel)
{
	__u64 late, running;

	ASSERT_EQ(0, ucard_request(&self->card, 0, 1, 0, 0, 100, self->host[1], &late));
	close(self->user[1]);
	ASSERT_EQ(0, munmap(self->buffer[1], self->length));
	self->user[1] = ucard_open(&self->card, O_RDWR);
	ASSERT_LE(0, self->user[1]);
	EXPECT_EQ(2, ucard_drain(&self->card));
	self->buffer[1] = skel_buffer(self->user[1], SKEL_BOTH, self->length, &self->host[1]);
	ASSERT_NE(NULL, self->buffer[1]);
	ASSERT_EQ(0, ucard_request(&self->card, 0, 1, 0, 0, 100, self->host[1], &running));
	/* The same channel, the same place among its transfers, another one */
	EXPECT_NE(late, running);
	EXPECT_EQ(-ENOENT, ucard_move(&self->card, late));
	EXPECT_EQ(-ENOENT, ucard_complete(&self->card, late, 100, 0));
	EXPECT_TRUE(skel_all(self->buffer[1], self->length, 0));
	ASSERT_EQ(0, skel_info(self->user[1], &self->info));
	EXPECT_EQ(1, self->info.pending);
	EXPECT_EQ(0, ucard_move(&self->card, running));
	EXPECT_EQ(0, ucard_complete(&self->card, running, 100, 0));
	EXPECT_STREQ("DONE", skel_transfer_end(self->user[1], "TOHOST", 0, 100, self->host[1]));
}

/* Two users, transfers of both at the same time: each gets its own bytes. */
TEST_F(transfer, no_crossing_over)
{
	for (int round = 0; round < 50; round++) {
		__u64 ids[2];
		int first = round & 1;

		for (int i = 0; i < 2; i++) {
			memset(self->buffer[i], GUARD, self->length);
			skel_fill(self->card.memory + i * 1000, 1000, 2 * round + i);
			ASSERT_EQ(0, ucard_request(&self->card, 0, i, 0, i * 1000, 1000,
						   self->host[i] + round, &ids[i]));
		}
		for (int n = 0; n < 2; n++) {
			int i = n ^ first;

			EXPECT_EQ(0, ucard_move(&self->card, ids[i]));
			EXPECT_EQ(0, ucard_complete(&self->card, ids[i], 1000, 0));
			EXPECT_TRUE(moved(self->buffer[i], round, self->card.memory + i * 1000,
					  1000, self->length));
			if (!n)
				EXPECT_TRUE(skel_all(self->buffer[!i], self->length, GUARD));
			EXPECT_STREQ("DONE", skel_transfer_end(self->user[i], "TOHOST", i * 1000,
							       1000, self->host[i] + round));
		}
	}
	EXPECT_FALSE(skel_readable(self->user[0], 0));
	EXPECT_FALSE(skel_readable(self->user[1], 0));
}

TEST_HARNESS_MAIN
