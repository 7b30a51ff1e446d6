// SPDX-License-Identifier: GPL-2.0
/*
 * Transfers that a program which plays a card asks for, whether it keeps to the
 * rules or not: exactly the granted bytes move, whatever it claims. When it does
 * not do its part, nobody waits for it without a limit, and every event wakes
 * those that wait for it, in whatever way they wait.
 */
#include <pthread.h>
#include <sys/epoll.h>

#include "../kselftest_harness.h"
#include "skel_ucard_util.h"

#define GUARD	0xee
#define PAGES	4

/* Debug kernels and busy machines are slow; a missing wake-up takes SKEL_ANSWER_MS. */
#define TIMEOUT	120

static const char * const dir_names[] = { "TOHOST", "FROMHOST" };

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

	ucard_describe(&create);
	self->length = PAGES * skel_page();
	create.memory = self->length;
	create.transfers = 3;
	create.channels = 3;
	UCARD_OR_SKIP(return, ucard_begin(&self->card, &create));
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

/* [at, at + n) of @to is @from, and everything around it is as it was. */
static bool moved(const __u8 *to, size_t at, const __u8 *from, size_t n, size_t length)
{
	return !memcmp(to + at, from, n) && skel_all(to, at, GUARD) &&
	       skel_all(to + at + n, length - at - n, GUARD);
}

/* A request to the first channel, in three steps */
static int ask(struct ucard *card, __u64 card_addr, __u64 bytes, __u64 host, __u64 *id)
{
	return ucard_request(card, 0, 0, UCARD_DIR_TOHOST, card_addr, bytes, host, id);
}

/* A transfer from one end to the other */
static bool works(struct ucard *card, __u32 channel, int user, __u64 host)
{
	return !ucard_request(card, SKEL_UCARD_AT_ONCE, channel, UCARD_DIR_TOHOST, 0, 16, host,
			      NULL) &&
	       !strcmp("DONE", skel_transfer_end(user, "TOHOST", 0, 16, host));
}

TEST_F(transfer, exactly_the_bytes)
{
	static const struct { size_t card, host, bytes; } pieces[] = {
		{ 0, 0, 1 }, { 1, 0, 1 }, { 0, 1, 7 }, { 4095, 4095, 2 }, { 100, 4000, 200 },
		{ 4000, 3, 4097 }, { 1, 2, 8191 }, { 16383, 0, 1 }, { 0, 16383, 1 },
		{ 3, 1, 16380 }, { 0, 0, 16384 },
	};

	for (int dir = UCARD_DIR_TOHOST; dir <= UCARD_DIR_FROMHOST; dir++) {
		__u8 *from = dir ? self->buffer[0] : self->card.memory;
		__u8 *to = dir ? self->card.memory : self->buffer[0];
		__u64 sum = 0;

		skel_fill(from, self->length, dir + 1);
		for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
			const size_t card = pieces[i].card, n = pieces[i].bytes;
			const __u64 host = self->host[0] + pieces[i].host;

			memset(to, GUARD, self->length);
			ASSERT_EQ(0, ucard_request(&self->card, SKEL_UCARD_AT_ONCE, 0, dir, card,
						   n, host, NULL));
			EXPECT_TRUE(moved(to, dir ? card : pieces[i].host,
					  from + (dir ? pieces[i].host : card), n, self->length))
				TH_LOG("piece %zu", i);
			EXPECT_STREQ("DONE", skel_transfer_end(self->user[0], dir_names[dir],
							       card, n, host));
			sum += n;
		}
		EXPECT_TRUE(skel_check(from, self->length, dir + 1));
		EXPECT_TRUE(skel_all(self->buffer[1], self->length, GUARD));
		ASSERT_EQ(0, skel_info(self->user[0], &self->info));
		EXPECT_EQ((dir + 1) * ARRAY_SIZE(pieces), self->info.granted);
		EXPECT_EQ(sum, self->info.bytes_tohost);
		EXPECT_EQ(dir ? sum : 0, self->info.bytes_fromhost);
		EXPECT_EQ(0, self->info.failed + self->info.refused + self->info.pending);
	}
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
	EXPECT_STREQ("DONE", skel_transfer_end(self->user[0], "TOHOST", 0, 100, self->host[0]));
	EXPECT_EQ(-ENOENT, ucard_move(&self->card, self->id));
	EXPECT_EQ(-ENOENT, ucard_complete(&self->card, self->id, 100, 0));
	EXPECT_EQ(-ENOENT, ucard_complete(&self->card, self->id, 0, 1));
	EXPECT_TRUE(skel_all(self->buffer[0], self->length, GUARD));
	EXPECT_FALSE(skel_readable(self->user[0], 0));
	/* At once means that it is over at once. */
	ASSERT_EQ(0, ucard_request(&self->card, SKEL_UCARD_AT_ONCE, 0, 0, 0, 1, self->host[0],
				   &self->id));
	EXPECT_EQ(-ENOENT, ucard_move(&self->card, self->id));
	EXPECT_EQ(-ENOENT, ucard_complete(&self->card, self->id, 1, 0));
	EXPECT_STREQ("DONE", skel_transfer_end(self->user[0], "TOHOST", 0, 1, self->host[0]));
	EXPECT_FALSE(skel_readable(self->user[0], 0));
}

/* Not even the transfer that has begun meanwhile, on the same channel */
TEST_F(transfer, second_completion_ends_nothing)
{
	__u64 last, sum = 1;

	ASSERT_EQ(0, ask(&self->card, 0, 1, self->host[0], &last));
	for (int i = 1; i <= 50; i++) {
		EXPECT_EQ(0, ucard_complete(&self->card, last, i, 0));
		EXPECT_STREQ("DONE", skel_transfer_end(self->user[0], "TOHOST", 0, i,
						       self->host[0]));
		ASSERT_EQ(0, ask(&self->card, 0, i + 1, self->host[0], &self->id));
		EXPECT_EQ(-ENOENT, ucard_complete(&self->card, last, i, 0));
		EXPECT_FALSE(skel_readable(self->user[0], 0));
		ASSERT_EQ(0, skel_info(self->user[0], &self->info));
		EXPECT_EQ(i + 1, self->info.granted);
		EXPECT_EQ(1, self->info.pending);
		EXPECT_EQ(0, self->info.failed);
		EXPECT_EQ(sum, self->info.bytes_tohost);
		sum += i + 1;
		last = self->id;
	}
	EXPECT_EQ(0, ucard_complete(&self->card, last, 51, 0));
	EXPECT_STREQ("DONE", skel_transfer_end(self->user[0], "TOHOST", 0, 51, self->host[0]));
	EXPECT_FALSE(skel_readable(self->user[0], SKEL_SILENCE_MS));
	EXPECT_EQ(0, skel_free(self->user[0], self->host[0]));
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
		/* Whatever it claims, no more was moved than was granted. */
		if (i % 2 == 0)
			EXPECT_EQ(0, ucard_move(&self->card, self->id));
		EXPECT_EQ(ends[i].rc, ucard_complete(&self->card, self->id,
						     ends[i].moved, ends[i].error))
			TH_LOG("end %zu", i);
		EXPECT_EQ(-ENOENT, ucard_complete(&self->card, self->id, 100, 0));
		EXPECT_STREQ("FAILED error",
			     skel_transfer_end(self->user[0], "TOHOST", 0, 100, self->host[0]));
		EXPECT_TRUE(skel_all(self->buffer[0] + 100, self->length - 100, GUARD));
	}
	ASSERT_EQ(0, skel_info(self->user[0], &self->info));
	EXPECT_EQ(ARRAY_SIZE(ends), self->info.granted);
	EXPECT_EQ(ARRAY_SIZE(ends), self->info.failed);
	EXPECT_EQ(0, self->info.pending);
	EXPECT_GE(100 * ARRAY_SIZE(ends), self->info.bytes_tohost);
	EXPECT_TRUE(skel_all(self->buffer[1], self->length, GUARD));
	/* None of it spoils the next ones. */
	for (int i = 0; i < 5; i++)
		EXPECT_TRUE(works(&self->card, 0, self->user[0], self->host[0]));
	EXPECT_EQ(0, skel_free(self->user[0], self->host[0]));
}

struct refusal {
	__u64 card, bytes, host;
	int rc;
	__u32 dir;
};

static const char *reason_of(int rc)
{
	switch (rc) {
	case -EINVAL:
		return "REFUSED length";
	case -EFAULT:
		return "REFUSED host-address";
	case -EACCES:
		return "REFUSED direction";
	case -ERANGE:
		return "REFUSED card-address";
	default:
		return "?";
	}
}

TEST_F(transfer, refusals)
{
	const __u64 host = self->host[0], length = self->length;
	__u64 oneway, freed;
	int refused = 0;

	/* The addresses behind the buffer belong to no buffer any more. */
	ASSERT_EQ(0, skel_alloc(self->user[0], SKEL_BOTH, length, &freed));
	ASSERT_EQ(0, skel_alloc(self->user[0], SKEL_ALLOC_TOHOST, length, &oneway));
	ASSERT_EQ(0, skel_free(self->user[0], freed));
	const struct refusal table[] = {
		{ 0, 0, host, -EINVAL }, { UINT64_MAX, 0, 0, -EINVAL },
		{ 0, 1, 0, -EFAULT }, { 0, 1, host - 1, -EFAULT },
		{ 0, 1, host + length, -EFAULT }, { 0, 2, host + length - 1, -EFAULT },
		{ 0, length + 1, host, -EFAULT }, { 0, UINT64_MAX, host, -EFAULT },
		{ 0, -host, host, -EFAULT }, { 0, 1, UINT64_MAX, -EFAULT },
		{ 0, 1, (uintptr_t)self->buffer[0], -EFAULT },
		{ 0, 1, self->host[1], -EFAULT }, { 0, 1, freed, -EFAULT },
		{ 0, 1, oneway, -EACCES, UCARD_DIR_FROMHOST },
		{ length, 1, host, -ERANGE }, { length - 1, 2, host, -ERANGE },
		{ 1, length, host, -ERANGE }, { UINT64_MAX, 1, host, -ERANGE },
		{ UINT64_MAX, 2, host, -ERANGE }, { -length, length, host, -ERANGE },
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(table); i++) {
		const struct refusal *r = &table[i / 2];

		EXPECT_EQ(r->rc, ucard_request(&self->card, i % 2 ? SKEL_UCARD_AT_ONCE : 0, 0,
					       r->dir, r->card, r->bytes, r->host, NULL))
			TH_LOG("case %zu", i / 2);
		EXPECT_STREQ(reason_of(r->rc),
			     skel_transfer_end(self->user[0], dir_names[r->dir], r->card,
					       r->bytes, r->host));
		refused++;
	}
	EXPECT_TRUE(skel_all(self->buffer[0], length, GUARD));
	EXPECT_TRUE(skel_all(self->buffer[1], length, GUARD));
	EXPECT_TRUE(skel_check(self->card.memory, length, 1));
	ASSERT_EQ(0, skel_info(self->user[0], &self->info));
	EXPECT_EQ(refused, self->info.refused);
	EXPECT_EQ(0, self->info.granted);
}

/* The buffer is that of one user, the channel that of another, who is told. */
TEST_F(transfer, in_the_name_of_another)
{
	ASSERT_EQ(-EFAULT, ucard_request(&self->card, SKEL_UCARD_AT_ONCE, 0, UCARD_DIR_TOHOST, 0,
					 self->length, self->host[1], NULL));
	EXPECT_STREQ("REFUSED host-address",
		     skel_transfer_end(self->user[0], "TOHOST", 0, self->length, self->host[1]));
	EXPECT_FALSE(skel_readable(self->user[1], SKEL_SILENCE_MS));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, skel_info(self->user[i], &self->info));
		EXPECT_EQ(!i, self->info.refused);
		EXPECT_EQ(0, self->info.granted + self->info.pending);
		EXPECT_TRUE(skel_all(self->buffer[i], self->length, GUARD));
	}
	for (int i = 0; i < 2; i++)
		EXPECT_TRUE(works(&self->card, i, self->user[i], self->host[i]));
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
	for (int i = 0; i < 2; i++) {
		EXPECT_FALSE(skel_readable(self->user[i], 0));
		EXPECT_TRUE(skel_all(self->buffer[i], self->length, GUARD));
		EXPECT_TRUE(works(&self->card, i, self->user[i], self->host[i]));
	}
}

/*
 * More refusals than the channel keeps: the first ones stay, and one line tells in
 * its place how many are missing.
 */
TEST_F(transfer, lost_refusals_are_counted)
{
	enum { N = 200 };
	unsigned long kept = 0, lost = 0, n;

	for (int i = 0; i < N; i++) {
		ASSERT_EQ(-EFAULT, ucard_request(&self->card, SKEL_UCARD_AT_ONCE, 0, 0, 0,
						 self->length, self->host[1], NULL));
	}
	for (; skel_readable(self->user[0], 0); kept++) {
		ASSERT_STREQ("REFUSED host-address",
			     skel_transfer_end(self->user[0], "TOHOST", 0, self->length,
					       self->host[1]));
	}
	EXPECT_LT(0, kept);
	EXPECT_GT(N, kept);
	/* The line comes with the next reply, and only once. */
	ASSERT_EQ(0, ucard_reply(&self->card, 0, "next"));
	if (sscanf(skel_core(skel_line(self->user[0])), "LOST %lu", &n) == 1)
		lost = n;
	EXPECT_STREQ("next", skel_line(self->user[0]));
	EXPECT_EQ(N, kept + lost);
	ASSERT_EQ(0, skel_info(self->user[0], &self->info));
	EXPECT_EQ(lost, self->info.replies_lost);
	EXPECT_EQ(N, self->info.refused);
	EXPECT_TRUE(skel_all(self->buffer[0], self->length, GUARD));
	EXPECT_TRUE(skel_all(self->buffer[1], self->length, GUARD));
	EXPECT_TRUE(works(&self->card, 0, self->user[0], self->host[0]));
}

/*
 * Requests and transfers that were meant for the last user do not touch the next
 * one, who has the same channel.
 */
TEST_F(transfer, next_user_is_not_touched)
{
	static const int expected[] = {
		SKEL_UCARD_CLOSED, SKEL_UCARD_OPENED, SKEL_UCARD_RESULT, SKEL_UCARD_RESULT,
	};
	union ucard_action action;
	union ucard_event event;
	__u64 late, running;

	ASSERT_EQ(0, ucard_request(&self->card, 0, 1, 0, 0, 100, self->host[1], &late));
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
	/* Even later than that */
	ASSERT_EQ(0, ucard_act(&self->card, &action));
	ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&self->card, &event));
	EXPECT_EQ(-ENOTCONN, event.result.error);
	EXPECT_FALSE(skel_readable(self->user[1], 0));
	/* The same channel, the same place among its transfers, another id */
	ASSERT_EQ(0, ucard_request(&self->card, 0, 1, 0, 0, 100, self->host[1], &running));
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

TEST_F(transfer, so_many_at_once)
{
	__u64 ids[3], host = self->host[0], other;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, ask(&self->card, 0, 1, host + i, &ids[i]));
		for (int j = 0; j < i; j++)
			EXPECT_NE(ids[i], ids[j]);
	}
	for (__u16 flags = 0; flags <= SKEL_UCARD_AT_ONCE; flags++) {
		EXPECT_EQ(-EBUSY, ucard_request(&self->card, flags, 0, 0, 0, 1, host, NULL));
		EXPECT_STREQ("REFUSED busy",
			     skel_transfer_end(self->user[0], "TOHOST", 0, 1, host));
	}
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

#define SHORT	300		/* timeout of the card, in ms */
/* Clocks of the kernel are coarse: this much earlier is not too early. */
#define COARSE	30

FIXTURE(timeout)
{
	struct ucard card;
	int user;
	size_t page;
	__u64 host;
	__u8 *buffer;
	union ucard_event event;
};

FIXTURE_SETUP(timeout)
{
	struct skel_ucard_create create;

	ucard_describe(&create);
	create.timeout = SHORT;
	UCARD_OR_SKIP(return, ucard_begin(&self->card, &create));
	self->page = skel_page();
	self->user = ucard_user(&self->card);
	ASSERT_LE(0, self->user);
	self->buffer = skel_buffer(self->user, SKEL_BOTH, self->page, &self->host);
	ASSERT_NE(NULL, self->buffer);
}

FIXTURE_TEARDOWN(timeout)
{
	close(self->user);
	ucard_end(&self->card);
}

TEST_F(timeout, unread_command)
{
	__u64 begin = skel_now_ms();
	char bytes[SKEL_UCARD_RECORD_MAX];

	ASSERT_EQ(0, fcntl(self->card.fd, F_SETFL, O_RDWR | O_NONBLOCK));
	EXPECT_STREQ("ERROR timeout", skel_ask(self->user, "hello?"));
	EXPECT_LE(SHORT - COARSE, skel_now_ms() - begin);
	/* The program does not get it any more. */
	EXPECT_FALSE(ucard_pending(&self->card, 0));
	EXPECT_FALSE(skel_readable(self->user, 0));
	/* As long as the program does not read, the next ones fail at once. */
	begin = skel_now_ms();
	for (int i = 0; i < 100; i++)
		ASSERT_STREQ("ERROR timeout", skel_ask(self->user, "still there?"));
	EXPECT_GT(100 * (SHORT - COARSE), skel_now_ms() - begin);
	/* When it reads again, it gets the new ones. */
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EAGAIN, skel_err(read(self->card.fd, bytes, sizeof(bytes))));
		ASSERT_EQ(0, ucard_command(&self->card, self->user, "hello again"));
		ASSERT_EQ(0, ucard_reply(&self->card, 0, "hello"));
		ASSERT_STREQ("hello", skel_line(self->user));
		ASSERT_STREQ("ERROR timeout", skel_ask(self->user, "hello?"));
	}
}

/* A command that was read in time may be answered as late as the program likes. */
TEST_F(timeout, read_is_in_time)
{
	ASSERT_EQ(0, ucard_command(&self->card, self->user, "think about it"));
	EXPECT_FALSE(skel_readable(self->user, 3 * SHORT));
	EXPECT_EQ(0, ucard_reply(&self->card, 0, "42"));
	EXPECT_STREQ("42", skel_line(self->user));
}

/* More than a channel keeps: the writer waits, but not for ever. */
TEST_F(timeout, writer_goes_on)
{
	enum { LINES = 500 };
	char line[101];
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		int rc = 0;

		memset(line, 'x', 100);
		line[100] = '\n';
		for (int i = 0; i < LINES && !rc; i++)
			rc = skel_write(self->user, line, sizeof(line));
		_exit(!!rc);
	}
	for (int i = 0; i < LINES; i++)
		ASSERT_STREQ("ERROR timeout", skel_line(self->user));
	EXPECT_EQ(0, skel_wait(pid));
}

TEST_F(timeout, stopped_program)
{
	pid_t program = ucard_hand_over(&self->card, ucard_echo), reader;
	const char *line;
	__u64 begin;
	int other;
	char byte;

	ASSERT_LE(0, program);
	ASSERT_STREQ("hello", skel_ask(self->user, "hello"));
	ASSERT_EQ(0, kill(program, SIGSTOP));
	ASSERT_TRUE(skel_wait_asleep(program));
	begin = skel_now_ms();
	EXPECT_STREQ("ERROR timeout", skel_ask(self->user, "are you there?"));
	EXPECT_LE(SHORT - COARSE, skel_now_ms() - begin);
	/* A reader that waits can be killed. */
	reader = fork();
	ASSERT_LE(0, reader);
	if (!reader)
		_exit(read(self->user, &byte, 1));
	ASSERT_TRUE(skel_wait_asleep(reader));
	ASSERT_EQ(0, kill(reader, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, skel_wait(reader));
	/* Opening and closing do not need the program. */
	begin = skel_now_ms();
	other = ucard_open(&self->card, O_RDWR);
	ASSERT_LE(0, other);
	EXPECT_EQ(0, skel_send(other, "a command that nobody reads"));
	close(other);
	munmap(self->buffer, self->page);
	close(self->user);
	EXPECT_GT(2000, skel_now_ms() - begin);
	/* It goes on as if nothing had happened, as soon as it has read something. */
	ASSERT_EQ(0, kill(program, SIGCONT));
	self->user = ucard_open(&self->card, O_RDWR);
	ASSERT_LE(0, self->user);
	for (int i = 0; !strcmp("ERROR timeout", line = skel_ask(self->user, "hello")); i++) {
		ASSERT_GT(100, i);
		skel_sleep_ms(10);
	}
	EXPECT_STREQ("hello", line);
	kill(program, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, skel_wait(program));
}

/* Transfers that never end, for their timeout is an hour away, hold up nobody. */
TEST_F(timeout, close_does_not_wait)
{
	__u64 begin, id, host, other_host;
	struct skel_ucard_create create;
	struct ucard patient;
	int user, other;

	ucard_describe(&create);
	create.timeout = SKEL_UCARD_TIMEOUT_MAX;
	ASSERT_EQ(0, ucard_begin(&patient, &create));
	user = ucard_user(&patient);
	other = ucard_user(&patient);
	ASSERT_LE(0, user);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, skel_alloc(user, SKEL_BOTH, self->page, &host));
	ASSERT_EQ(0, skel_alloc(other, SKEL_BOTH, self->page, &other_host));
	ASSERT_EQ(0, ask(&patient, 0, 16, host, &id));
	ASSERT_EQ(0, ask(&patient, 0, 16, host, NULL));
	EXPECT_EQ(-EBUSY, skel_free(user, host));
	EXPECT_TRUE(works(&patient, 1, other, other_host));
	ASSERT_EQ(0, skel_send(user, "a command"));
	ASSERT_EQ(0, skel_send(user, "another command"));
	EXPECT_TRUE(ucard_pending(&patient, SKEL_ANSWER_MS));
	begin = skel_now_ms();
	close(user);
	EXPECT_GT(2000, skel_now_ms() - begin);
	/* The commands have gone with their user. */
	ASSERT_EQ(SKEL_UCARD_CLOSED, ucard_next(&patient, &self->event));
	EXPECT_EQ(-ENOENT, ucard_complete(&patient, id, 16, 0));
	user = ucard_user(&patient);
	EXPECT_LE(0, user);
	ASSERT_EQ(0, skel_alloc(user, SKEL_BOTH, self->page, &host));
	EXPECT_TRUE(works(&patient, 0, user, host));
	EXPECT_TRUE(works(&patient, 1, other, other_host));
	ASSERT_EQ(0, ask(&patient, 0, 16, host, NULL));
	begin = skel_now_ms();
	ucard_end(&patient);
	close(user);
	EXPECT_GT(2000, skel_now_ms() - begin);
	close(other);
}

TEST_F(timeout, transfer_that_is_not_completed)
{
	__u64 begin = skel_now_ms(), id;
	struct skel_info info;

	ASSERT_EQ(0, ask(&self->card, 0, 16, self->host, &id));
	EXPECT_EQ(-EBUSY, skel_free(self->user, self->host));
	EXPECT_STREQ("FAILED timeout",
		     skel_transfer_end(self->user, "TOHOST", 0, 16, self->host));
	EXPECT_LE(SHORT - COARSE, skel_now_ms() - begin);
	ASSERT_EQ(SKEL_UCARD_EXPIRED, ucard_next(&self->card, &self->event));
	EXPECT_EQ(id, self->event.result.id);
	EXPECT_EQ(self->card.tag, self->event.result.tag);
	EXPECT_EQ(SKEL_UCARD_REQUEST, self->event.result.action);
	EXPECT_EQ(-ETIMEDOUT, self->event.result.error);
	EXPECT_EQ(0, self->event.head.channel);
	/* Too late */
	memset(self->card.memory, 1, 16);
	EXPECT_EQ(-ENOENT, ucard_move(&self->card, id));
	EXPECT_EQ(-ENOENT, ucard_complete(&self->card, id, 16, 0));
	EXPECT_TRUE(skel_all(self->buffer, self->page, 0));
	ASSERT_EQ(0, skel_info(self->user, &info));
	EXPECT_EQ(1, info.failed);
	EXPECT_EQ(0, info.pending);
	EXPECT_EQ(0, skel_free(self->user, self->host));
	EXPECT_FALSE(skel_readable(self->user, 0));
}

/* A transfer that ends at once, one that is completed, and one that is not */
static int ask_for_three(struct ucard *card, __u64 host)
{
	__u64 id;

	return ucard_request(card, SKEL_UCARD_AT_ONCE, 0, 0, 0, 1, host, NULL) ?:
	       ask(card, 0, 1, host, &id) ?: ucard_complete(card, id, 1, 0) ?:
	       ask(card, 0, 1, host, NULL);
}

/* Each has its own time, and one that has ended does not expire. */
TEST_F(timeout, transfers_expire_in_their_order)
{
	for (int round = 0, tries = 0; round < 2; round++) {
		const __u64 begin = skel_now_ms();
		__u64 tag[2];
		int rc;

		ASSERT_EQ(0, ask_for_three(&self->card, self->host));
		tag[0] = self->card.tag;
		skel_sleep_ms(SHORT / 3);
		rc = ask_for_three(&self->card, self->host);
		tag[1] = self->card.tag;
		if (rc == -EPROTO && skel_now_ms() - begin > SHORT - COARSE && tries++ < 10) {
			/* On a busy machine it has expired meanwhile: from the start. */
			skel_drain(self->user, 2 * SHORT);
			ucard_drain(&self->card);
			round = -1;
			continue;
		}
		ASSERT_EQ(0, rc);
		for (int i = 0; i < 2; i++) {
			ASSERT_EQ(SKEL_UCARD_EXPIRED, ucard_next(&self->card, &self->event));
			EXPECT_EQ(tag[i], self->event.result.tag);
		}
	}
	EXPECT_FALSE(ucard_pending(&self->card, 2 * SHORT));
	EXPECT_EQ(12, skel_drain(self->user, 0));
}

/* Its success has no result, but that it expires is reported. */
TEST_F(timeout, quiet_request_expires)
{
	union ucard_action action;

	ucard_fill_request(&self->card, &action, SKEL_UCARD_QUIET, 0, 0, 0, 1, self->host);
	action.request.tag = 7;
	ASSERT_EQ(0, ucard_act(&self->card, &action));
	ASSERT_EQ(SKEL_UCARD_EXPIRED, ucard_next(&self->card, &self->event));
	EXPECT_EQ(7, self->event.result.tag);
	EXPECT_STREQ("FAILED timeout", skel_transfer_end(self->user, "TOHOST", 0, 1, self->host));
}

/*
 * The program does not read. Commands from before that was found out are not
 * answered later than those from afterwards.
 */
TEST_F(timeout, earlier_commands_are_answered_first)
{
	struct skel_ucard_create create;
	struct ucard card;
	int user[3];

	ucard_describe(&create);
	create.timeout = 1000;
	create.channels = ARRAY_SIZE(user);
	ASSERT_EQ(0, ucard_begin(&card, &create));
	for (size_t i = 0; i < ARRAY_SIZE(user); i++) {
		user[i] = ucard_user(&card);
		ASSERT_LE(0, user[i]);
	}
	ASSERT_EQ(0, skel_send(user[0], "is anybody there?"));
	skel_sleep_ms(500);
	ASSERT_EQ(0, skel_send(user[1], "is anybody there?"));
	ASSERT_STREQ("ERROR timeout", skel_line(user[0]));
	ASSERT_STREQ("ERROR timeout", skel_ask(user[2], "is anybody there?"));
	EXPECT_TRUE(skel_readable(user[1], 0));
	EXPECT_STREQ("ERROR timeout", skel_line(user[1]));
	/* The program does not get any of them any more. */
	EXPECT_FALSE(ucard_pending(&card, 0));
	for (size_t i = 0; i < ARRAY_SIZE(user); i++)
		close(user[i]);
	ucard_end(&card);
}

/* A card that copies large buffers, and a thread that tells it so over and over */
struct mover {
	struct ucard card;
	size_t length;
	int user;
	__u64 host, id;
	pthread_t thread;
	struct ucard_batch batch;
	int begun;
	long result;
};

static void *move_again_and_again(void *arg)
{
	struct mover *mover = arg;

	__atomic_store_n(&mover->begun, 1, __ATOMIC_SEQ_CST);
	mover->result = skel_err(write(mover->card.fd, mover->batch.bytes, mover->batch.length));
	return NULL;
}

static int start_moving(struct mover *mover)
{
	union ucard_action action;
	int rc = ask(&mover->card, 0, mover->length, mover->host, &mover->id);

	if (rc)
		return rc;
	ucard_fill_transfer(&action, SKEL_UCARD_MOVE, mover->id, 0, 0);
	action.head.flags = SKEL_UCARD_QUIET;
	mover->begun = 0;
	mover->batch.length = 0;
	while (mover->batch.length < sizeof(mover->batch.bytes) - sizeof(action.transfer))
		ucard_add(&mover->batch, &action);
	return -pthread_create(&mover->thread, NULL, move_again_and_again, mover);
}

static int begin_mover(struct mover *mover, __u32 timeout)
{
	struct skel_ucard_create create;

	ucard_describe(&create);
	create.timeout = timeout;
	create.memory = SKEL_MIB(4);
	mover->length = create.memory;
	return skel_memlock(RLIM_INFINITY) ?: ucard_begin(&mover->card, &create);
}

FIXTURE(copy)
{
	struct mover mover;
};

FIXTURE_SETUP(copy)
{
}

FIXTURE_TEARDOWN(copy)
{
	ucard_end(&self->mover.card);
}

/*
 * A transfer expires while the program says MOVE over and over: once the user has
 * been told, no byte is written any more.
 */
TEST_F_TIMEOUT(copy, expiry_waits_for_a_copy, TIMEOUT)
{
	const size_t page = skel_page();
	struct mover *mover = &self->mover;
	int begun = 0;
	__u8 *buffer, *last;

	UCARD_OR_SKIP(return, begin_mover(mover, 20));
	memset(mover->card.memory, 'c', mover->length);
	mover->user = ucard_user(&mover->card);
	ASSERT_LE(0, mover->user);
	ASSERT_EQ(0, fcntl(mover->user, F_SETFL, O_RDWR | O_NONBLOCK));
	buffer = skel_buffer(mover->user, SKEL_BOTH, mover->length, &mover->host);
	ASSERT_NE(NULL, buffer);
	/* A copy would get to it last. */
	last = buffer + mover->length - page;
	/* On a busy machine it may expire before the first MOVE: that does not count. */
	for (int round = 0; round < 100 && begun < 10; round++) {
		char line[SKEL_LINE_MAX];

		buffer[0] = 0;
		ASSERT_EQ(0, start_moving(mover));
		/* Without sleeping, to be there before a copy under way has ended */
		while (read(mover->user, line, sizeof(line)) < 0)
			ASSERT_EQ(EAGAIN, errno);
		memset(last, 'u', page);
		EXPECT_EQ(0, strncmp(skel_core(line), "FAILED TOHOST ", 14));
		ASSERT_EQ(0, pthread_join(mover->thread, NULL));
		ASSERT_EQ(mover->batch.length, mover->result);
		ASSERT_TRUE(skel_all(last, page, 'u'))
			TH_LOG("round %d", round);
		begun += buffer[0] == 'c';
		EXPECT_LT(0, ucard_drain(&mover->card));
	}
	EXPECT_EQ(10, begun);
	EXPECT_EQ(0, skel_free(mover->user, mover->host));
	munmap(buffer, mover->length);
	close(mover->user);
}

/* close() waits for a copy that is under way: for five seconds, unless it is woken. */
TEST_F_TIMEOUT(copy, close_is_woken_by_the_end_of_a_copy, TIMEOUT)
{
	struct mover *mover = &self->mover;
	unsigned int slow = 0;

	UCARD_OR_SKIP(return, begin_mover(mover, SKEL_UCARD_TIMEOUT_MAX));
	for (int round = 0; round < 4; round++) {
		__u64 begin;

		mover->user = ucard_user(&mover->card);
		ASSERT_LE(0, mover->user);
		ASSERT_EQ(0, skel_alloc(mover->user, SKEL_BOTH, mover->length, &mover->host));
		ASSERT_EQ(0, start_moving(mover));
		while (!__atomic_load_n(&mover->begun, __ATOMIC_SEQ_CST))
			sched_yield();
		skel_sleep_ms(1);
		begin = skel_now_ms();
		close(mover->user);
		slow += skel_now_ms() - begin > 4000;
		pthread_join(mover->thread, NULL);
		ASSERT_EQ(mover->batch.length, mover->result);
		ASSERT_LT(0, ucard_drain(&mover->card));
	}
	/* A machine may be as slow as that once. */
	EXPECT_GE(1, slow);
}

/* A card with a user who has a buffer, and room for another user */
struct scene {
	struct ucard card;
	int users[2];
	__u64 host;
	__u64 id;		/* of a transfer that runs */
};

static int begin(struct scene *s, __u32 timeout)
{
	struct skel_ucard_create create;
	int rc;

	ucard_describe(&create);
	create.timeout = timeout ?: SKEL_UCARD_TIMEOUT_MAX;
	s->users[1] = -1;
	rc = ucard_begin(&s->card, &create);
	if (rc)
		return rc;
	s->users[0] = ucard_user(&s->card);
	if (s->users[0] < 0)
		return s->users[0];
	return skel_alloc(s->users[0], SKEL_BOTH, 1, &s->host);
}

static void end(struct scene *s)
{
	close(s->users[0]);
	close(s->users[1]);
	ucard_end(&s->card);
}

static int write_request(struct scene *s, __u16 flags, __u64 bytes)
{
	union ucard_action action;

	ucard_fill_request(&s->card, &action, flags, 0, UCARD_DIR_TOHOST, 0, bytes, s->host);
	return ucard_act(&s->card, &action);
}

/* Commands that leave no room for another one, the last of them without its end */
static int write_commands(struct scene *s)
{
	char lines[3 * 800];

	memset(lines, ' ', sizeof(lines));
	lines[800 - 1] = '\n';
	lines[2 * 800 - 1] = '\n';
	return skel_write(s->users[0], lines, sizeof(lines));
}

/* What prepares or causes an event */
enum act {
	NOTHING, REPLY, REFUSE, REQUEST, COMPLETE, FAIL, FILL_REPLIES, READ_REPLIES, LOSE_REPLIES,
	COMMAND, TAKE_COMMAND, FILL_COMMANDS, FILL_BOTH, UNPLUG, OPEN, CLOSE, RESULT, EXPIRE,
	FILL_RESULTS, READ_RESULT,
};

/* 0 or -errno */
static int perform(struct scene *s, enum act act)
{
	struct skel_info info, before;
	union ucard_event event;
	int rc;

	switch (act) {
	case REPLY:
		return ucard_reply(&s->card, 0, "a reply");
	case REFUSE:
		return ask(&s->card, 0, 0, s->host, NULL) == -EINVAL ? 0 : -EPROTO;
	case REQUEST:
		return ask(&s->card, 0, 1, s->host, &s->id);
	case COMPLETE:
		return ucard_complete(&s->card, s->id, 1, 0);
	case FAIL:
		return ucard_complete(&s->card, s->id, 0, 1);
	case FILL_REPLIES: /* The card says more than there is room for. */
		rc = skel_info(s->users[0], &before);
		do {
			rc = rc ?: perform(s, REPLY) ?: skel_info(s->users[0], &info);
		} while (!rc && info.replies_lost == before.replies_lost);
		return rc;
	case READ_REPLIES:
		return skel_drain(s->users[0], 0) > 0 ? 0 : -ENODATA;
	case LOSE_REPLIES:
		return perform(s, FILL_REPLIES) ?: perform(s, READ_REPLIES);
	case COMMAND:
		return skel_send(s->users[0], "a command");
	case TAKE_COMMAND: /* It is not answered. */
		return ucard_next(&s->card, &event) == SKEL_UCARD_COMMAND ? 0 : -EPROTO;
	case FILL_COMMANDS: /* The program has not read an earlier one. */
		rc = perform(s, COMMAND);
		if (!rc && !ucard_pending(&s->card, SKEL_ANSWER_MS))
			rc = -ETIMEDOUT;
		return rc ?: write_commands(s);
	case FILL_BOTH: /* There is no room for the reply. */
		return perform(s, FILL_REPLIES) ?: write_commands(s);
	case UNPLUG:
		ucard_end(&s->card);
		return 0;
	case OPEN:
		s->users[1] = ucard_open(&s->card, O_RDWR);
		return s->users[1] < 0 ? s->users[1] : 0;
	case CLOSE:
		rc = skel_err(close(s->users[0]));
		s->users[0] = -1;
		return rc;
	case RESULT:
		return write_request(s, 0, 0);
	case EXPIRE:
		return write_request(s, SKEL_UCARD_QUIET, 1);
	case FILL_RESULTS: /* As many as may wait */
		do {
			rc = perform(s, RESULT);
		} while (!rc);
		return rc == -EAGAIN ? 0 : rc;
	case READ_RESULT:
		return ucard_next(&s->card, &event) == SKEL_UCARD_RESULT ? 0 : -EPROTO;
	default:
		return 0;
	}
}

/* An event: who waits for it, how it comes about, and what can be read then */
struct cause {
	const char *name;
	short wanted;			/* POLLIN or POLLOUT */
	enum act prepare, cause;
	const char *line;		/* beginning of what the user reads */
	bool gone;
	int type;			/* of what the program reads */
	__u32 timeout;			/* of the card in ms, 0: hardly ever */
	bool spoils;			/* The next one needs another card. */
};

static const struct cause for_users[] = {
	{ "reply", POLLIN, NOTHING, REPLY, "a reply" },
	{ "refused", POLLIN, NOTHING, REFUSE,
	  SKEL_CORE_MARK "REFUSED TOHOST 0x0 0x0 " },
	{ "done", POLLIN, REQUEST, COMPLETE, SKEL_CORE_MARK "DONE TOHOST 0x0 0x1 " },
	{ "failed", POLLIN, REQUEST, FAIL, SKEL_CORE_MARK "FAILED TOHOST 0x0 0x1 " },
	{ "lost", POLLIN, LOSE_REPLIES, REPLY, SKEL_CORE_MARK "LOST 1" },
	{ "command taken", POLLOUT, FILL_COMMANDS, TAKE_COMMAND, .spoils = true },
	{ "replies read", POLLOUT, FILL_BOTH, READ_REPLIES, .spoils = true },
	{ "unplug of a reader", POLLIN, NOTHING, UNPLUG, .gone = true, .spoils = true },
	{ "unplug of a writer", POLLOUT, FILL_COMMANDS, UNPLUG, .gone = true, .spoils = true },
};

static const struct cause for_programs[] = {
	{ "opened", POLLIN, NOTHING, OPEN, .type = SKEL_UCARD_OPENED, .spoils = true },
	{ "closed", POLLIN, NOTHING, CLOSE, .type = SKEL_UCARD_CLOSED, .spoils = true },
	{ "command", POLLIN, NOTHING, COMMAND, .type = SKEL_UCARD_COMMAND },
	{ "result", POLLIN, NOTHING, RESULT, .type = SKEL_UCARD_RESULT },
	{ "expired", POLLIN, NOTHING, EXPIRE, .type = SKEL_UCARD_EXPIRED, .timeout = 100 },
	{ "results read", POLLOUT, FILL_RESULTS, READ_RESULT, .type = SKEL_UCARD_RESULT,
	  .spoils = true },
};

enum way { BY_POLL, BY_EPOLL, BY_EPOLL_EDGE, BY_CALL, WAYS };

static const char * const way_names[WAYS] = { "poll", "epoll", "edge", "read or write" };

/* A thread that waits for POLLIN or POLLOUT of a file, and for nothing else */
struct sleeper {
	pthread_t thread;
	enum way way;
	int fd, epoll;
	short wanted;
	int tid, woken;
	long result;		/* events, or what the call has returned */
	union {			/* what was read */
		char bytes[SKEL_UCARD_RECORD_MAX];
		struct skel_ucard_head head;
	};
};

static int watch(int fd, __u32 events)
{
	struct epoll_event event = { .events = events };
	int epoll = skel_err(epoll_create1(EPOLL_CLOEXEC));

	if (epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	return epoll;
}

static long wait_edge(int epoll, int timeout_ms)
{
	struct epoll_event event;
	int n = epoll_wait(epoll, &event, 1, timeout_ms);

	return n == 1 ? (long)event.events : n ? -errno : -ETIMEDOUT;
}

static void *sleeper_run(void *arg)
{
	struct sleeper *s = arg;
	struct pollfd p = { .fd = s->fd, .events = s->wanted };

	__atomic_store_n(&s->tid, skel_gettid(), __ATOMIC_SEQ_CST);
	if (s->way == BY_POLL)
		s->result = poll(&p, 1, -1) == 1 ? p.revents : -errno;
	else if (s->way != BY_CALL)
		s->result = wait_edge(s->epoll, -1);
	else if (s->wanted == POLLIN)
		s->result = skel_err(read(s->fd, s->bytes, sizeof(s->bytes)));
	else
		s->result = skel_err(write(s->fd, "\n", 1));
	__atomic_store_n(&s->woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static bool sleeper_sleeps(struct sleeper *s)
{
	return skel_wait_asleep(s->tid) && !__atomic_load_n(&s->woken, __ATOMIC_SEQ_CST);
}

/* Returns when it sleeps. */
static bool sleeper_start(struct sleeper *s, int fd, enum way way, short wanted)
{
	*s = (struct sleeper) { .fd = fd, .way = way, .wanted = wanted, .epoll = -1 };
	if (way == BY_EPOLL || way == BY_EPOLL_EDGE) {
		s->epoll = watch(fd, wanted | (way == BY_EPOLL_EDGE ? EPOLLET : 0));
		if (s->epoll < 0)
			return false;
	}
	if (pthread_create(&s->thread, NULL, sleeper_run, s))
		return false;
	while (!__atomic_load_n(&s->tid, __ATOMIC_SEQ_CST))
		skel_sleep_ms(1);
	return sleeper_sleeps(s);
}

static void interrupt(int sig)
{
}

/*
 * What it was woken with. One that is not woken is interrupted in the end; its
 * result then does not count, for it has looked again.
 */
static long sleeper_end(struct sleeper *s)
{
	struct sigaction action = { .sa_handler = interrupt };
	int woken = 0;

	for (int i = 0; i < SKEL_ANSWER_MS && !woken; i++) {
		skel_sleep_ms(1);
		woken = __atomic_load_n(&s->woken, __ATOMIC_SEQ_CST);
	}
	sigaction(SIGUSR1, &action, NULL);
	pthread_kill(s->thread, SIGUSR1);
	pthread_join(s->thread, NULL);
	if (s->epoll >= 0)
		close(s->epoll);
	return woken ? s->result : -ETIMEDOUT;
}

/* It is woken by its event, and not by one that others wait for. */
static void check_wakeup(struct __test_metadata *_metadata, struct scene *s,
			 struct sleeper *sleeper, const struct cause *c, bool program,
			 enum way way)
{
	const long events = c->gone ? POLLHUP | POLLERR : c->wanted;
	bool to_user = (c->wanted == POLLOUT) != program;
	union ucard_event event;
	const char *line;
	long result;

	ASSERT_EQ(0, perform(s, c->prepare));
	ASSERT_TRUE(sleeper_start(sleeper, program ? s->card.fd : s->users[0], way, c->wanted))
		TH_LOG("%s, %s: does not wait", c->name, way_names[way]);
	/* What it does not wait for */
	ASSERT_EQ(0, perform(s, to_user ? REPLY : COMMAND));
	if (!program && !to_user)
		ASSERT_EQ(0, perform(s, TAKE_COMMAND));
	ASSERT_TRUE(sleeper_sleeps(sleeper))
		TH_LOG("%s, %s: woken by another event", c->name, way_names[way]);
	ASSERT_EQ(0, perform(s, c->cause));
	result = sleeper_end(sleeper);
	ASSERT_TRUE(way != BY_CALL ? result == events : c->gone ? result == -ENODEV : result > 0)
		TH_LOG("%s, %s: %ld", c->name, way_names[way], result);
	if (c->line) {
		line = way == BY_CALL ? sleeper->bytes : skel_line(s->users[0]);
		EXPECT_EQ(0, strncmp(c->line, line, strlen(c->line)))
			TH_LOG("%s, %s: %s", c->name, way_names[way], line);
	}
	if (c->type) {
		EXPECT_EQ(c->type, way == BY_CALL ? (int)sleeper->head.type :
					   ucard_next(&s->card, &event))
			TH_LOG("%s, %s", c->name, way_names[way]);
	}
}

FIXTURE(wakeup)
{
	struct scene scene;
	struct sleeper sleeper;
};

FIXTURE_SETUP(wakeup)
{
	UCARD_OR_SKIP(return, begin(&self->scene, 0));
}

FIXTURE_TEARDOWN(wakeup)
{
	end(&self->scene);
}

static void check_wakeups(struct __test_metadata *_metadata, struct scene *s,
			  struct sleeper *sleeper, const struct cause *causes, size_t n,
			  bool program)
{
	for (size_t i = 0; i < n; i++) {
		/* write() of a program never waits. */
		const enum way ways = program && causes[i].wanted == POLLOUT ? BY_CALL : WAYS;

		for (enum way way = 0; way < ways; way++) {
			if (!way || causes[i].spoils) {
				end(s);
				ASSERT_EQ(0, begin(s, causes[i].timeout));
			}
			check_wakeup(_metadata, s, sleeper, &causes[i], program, way);
		}
	}
}

TEST_F_TIMEOUT(wakeup, of_users, TIMEOUT)
{
	check_wakeups(_metadata, &self->scene, &self->sleeper, for_users,
		      ARRAY_SIZE(for_users), false);
}

TEST_F_TIMEOUT(wakeup, of_programs, TIMEOUT)
{
	check_wakeups(_metadata, &self->scene, &self->sleeper, for_programs,
		      ARRAY_SIZE(for_programs), true);
}

/* An event that read() could not deliver is there again. */
TEST_F(wakeup, by_a_read_that_fails)
{
	void *nowhere = mmap(NULL, SKEL_UCARD_RECORD_MAX, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct scene *s = &self->scene;
	int epoll = watch(s->card.fd, EPOLLIN | EPOLLET);

	ASSERT_NE(MAP_FAILED, nowhere);
	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, perform(s, COMMAND));
	ASSERT_EQ(EPOLLIN, wait_edge(epoll, SKEL_ANSWER_MS));
	ASSERT_EQ(-EFAULT, skel_err(read(s->card.fd, nowhere, SKEL_UCARD_RECORD_MAX)));
	EXPECT_EQ(EPOLLIN, wait_edge(epoll, SKEL_ANSWER_MS));
	EXPECT_EQ(0, perform(s, TAKE_COMMAND));
	close(epoll);
}

TEST_F(wakeup, by_the_card_that_is_made)
{
	struct skel_ucard_create create;
	int fd = ucard_open_node(O_RDWR), epoll;

	ASSERT_LE(0, fd);
	epoll = watch(fd, EPOLLOUT | EPOLLET);
	ASSERT_LE(0, epoll);
	ASSERT_EQ(EPOLLERR, wait_edge(epoll, SKEL_ANSWER_MS));
	ucard_describe(&create);
	ASSERT_EQ(0, ucard_create(fd, &create));
	EXPECT_EQ(EPOLLOUT, wait_edge(epoll, SKEL_ANSWER_MS));
	close(epoll);
	close(fd);
}

TEST_HARNESS_MAIN
