// SPDX-License-Identifier: GPL-2.0
/*
 * A card that asks for what it must not have and says what it must not say: its
 * users lose nothing but their time.
 *
 * One test is an oracle: it knows of each request whether it is right, by a way of
 * its own, and expects exactly that answer. It also knows the value of every byte
 * that the card could reach: each buffer, the card's memory, ordinary memory, and
 * what another process has. All of it is compared again and again; a byte that
 * differs is astray.
 *
 * Environment: SKEL_HOSTILE_REQUESTS is how many requests the oracle makes (default
 * 20000), SKEL_RACE_SECONDS is how long threads race (default 3), and SKEL_RACE_SEED
 * repeats a run.
 */
#include <pthread.h>
#include <sys/prctl.h>

#include "../kselftest_harness.h"
#include "skel_ucard_util.h"

#define MARK	SKEL_CORE_MARK
#define CARD	SKEL_CARD_MARK
#define GUARD	0xa5
/* Debug kernels and busy machines are slow. */
#define TIMEOUT	120

/* A number that is often nearly right */
static __u64 nearly(unsigned int *seed, __u64 right)
{
	switch (rand_r(seed) % 14) {
	case 0:
		return skel_random64(seed);
	case 1:
		return right ^ 1ULL << rand_r(seed) % 64;
	case 2:
		return right + rand_r(seed) % 64 - 32;
	case 3:
		return right + rand_r(seed) % 8 - 4;
	case 4:
		return -right;
	default:
		return right;
	}
}

FIXTURE(hostile)
{
	struct ucard card;
	size_t length;		/* of the card's memory and of each buffer */
	int user[2];
	__u64 host[2];
	__u8 *buffer[2];	/* the second one is for reading only */
	unsigned int seed;
};

FIXTURE_SETUP(hostile)
{
	static const __u32 dirs[] = { SKEL_BOTH, SKEL_ALLOC_FROMHOST };
	struct skel_ucard_create create;

	ucard_describe(&create);
	/* Nothing that is granted expires meanwhile. */
	create.timeout = SKEL_UCARD_TIMEOUT_MAX;
	UCARD_OR_SKIP(return, ucard_begin(&self->card, &create));
	self->length = self->card.length;
	for (int i = 0; i < 2; i++) {
		self->user[i] = ucard_user(&self->card);
		ASSERT_LE(0, self->user[i]);
		self->buffer[i] = skel_buffer(self->user[i], dirs[i], self->length,
					      &self->host[i]);
		ASSERT_NE(NULL, self->buffer[i]);
		memset(self->buffer[i], GUARD, self->length);
	}
	self->seed = skel_seed();
	TH_LOG("SKEL_RACE_SEED=%u", self->seed);
}

FIXTURE_TEARDOWN(hostile)
{
	close(self->user[0]);
	close(self->user[1]);
	ucard_end(&self->card);
}

/* What the card says in the first channel */
static int reply_bytes(struct ucard *card, const char *bytes, size_t length)
{
	union ucard_action action;

	ucard_fill_reply(card, &action, 0, bytes, length);
	return ucard_act(card, &action);
}

/* The buffer is still being written when the card says that it is not. */
TEST_F(hostile, forged_end_of_a_transfer)
{
	const __u64 host = self->host[0];
	char line[128];
	__u64 id;

	ASSERT_EQ(0, ucard_request(&self->card, 0, 0, UCARD_DIR_TOHOST, 0, self->length, host,
				   &id));
	snprintf(line, sizeof(line), MARK "FAILED TOHOST 0x0 %#zx %#llx error", self->length, host);
	ASSERT_EQ(0, ucard_reply(&self->card, 0, line));
	memcpy(line, CARD, strlen(CARD));
	EXPECT_STREQ(line, skel_transfer_end(self->user[0], "TOHOST", 0, self->length, host));
	EXPECT_EQ(-EBUSY, skel_free(self->user[0], host));
	EXPECT_EQ(0, ucard_move(&self->card, id));
	EXPECT_FALSE(skel_all(self->buffer[0], self->length, GUARD));
	EXPECT_EQ(0, ucard_complete(&self->card, id, self->length, 0));
	EXPECT_STREQ("DONE", skel_transfer_end(self->user[0], "TOHOST", 0, self->length, host));
	EXPECT_FALSE(skel_readable(self->user[0], 0));
}

struct text {
	const char *bytes;
	size_t length;
};

#define TEXT(s)	{ s, sizeof(s) - 1 }
#define SAME(s)	{ .said = TEXT(s) }

/* The mark is changed wherever a line begins, and not a byte besides. */
TEST_F(hostile, replies_of_any_bytes)
{
	static const struct { struct text said, heard; } replies[] = {
		/* The core's lines when nothing has happened */
		{ TEXT(MARK "DONE TOHOST 0x0 0x1000 0x100000000\n"),
		  TEXT(CARD "DONE TOHOST 0x0 0x1000 0x100000000\n") },
		{ TEXT(MARK "REFUSED TOHOST 0x0 0x1000 0x100000000 length\n"),
		  TEXT(CARD "REFUSED TOHOST 0x0 0x1000 0x100000000 length\n") },
		{ TEXT(MARK "FAILED TOHOST 0x0 0x1000 0x100000000 error\n"),
		  TEXT(CARD "FAILED TOHOST 0x0 0x1000 0x100000000 error\n") },
		{ TEXT(MARK "LOST 7\n"), TEXT(CARD "LOST 7\n") },
		{ TEXT(MARK "\n"), TEXT(CARD "\n") },
		{ TEXT(MARK MARK "\n"), TEXT(CARD MARK "\n") },
		{ TEXT(MARK "\0\n"), TEXT(CARD "\0\n") },
		{ TEXT("OK\n" MARK "DONE\n"), TEXT("OK\n" CARD "DONE\n") },
		{ TEXT("\n" MARK "DONE\n"), TEXT("\n" CARD "DONE\n") },
		{ TEXT("\0\n" MARK "DONE\n\0\n"), TEXT("\0\n" CARD "DONE\n\0\n") },
		{ TEXT(MARK "a\n" MARK "b\nc\n\n" MARK "d\n"),
		  TEXT(CARD "a\n" CARD "b\nc\n\n" CARD "d\n") },
		/* These are not like the core's. */
		SAME(CARD MARK "DONE\n"), SAME("x" MARK "DONE\n"), SAME(" " MARK "DONE\n"),
		SAME("\0" MARK "DONE\n"), SAME("\r" MARK "DONE\n"), SAME("SKEL: DONE\n"),
		SAME("skel:\n"), SAME("skel:\tDONE\n"), SAME("skel\n: DONE\n"),
		/* A mark that comes in pieces is put together by nobody. */
		SAME("s\n"), SAME("kel: DONE\n"), SAME("sk\n"), SAME("el: DONE\n"),
		SAME("ske\n"), SAME("l: DONE\n"), SAME("skel\n"), SAME(": DONE\n"),
		SAME("skel:\n"), SAME(" DONE\n"),
	};
	char got[SKEL_LINE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
		const struct text *said = &replies[i].said, *heard = &replies[i].heard;

		heard = heard->length ? heard : said;
		ASSERT_EQ(0, reply_bytes(&self->card, said->bytes, said->length));
		ASSERT_EQ(heard->length, read(self->user[0], got, sizeof(got)))
			TH_LOG("reply %zu", i);
		EXPECT_EQ(0, memcmp(heard->bytes, got, heard->length))
			TH_LOG("reply %zu", i);
	}
	/* A line without its end does not arrive. */
	EXPECT_EQ(-EINVAL, reply_bytes(&self->card, "skel", 4));
	EXPECT_EQ(-EINVAL, reply_bytes(&self->card, "OK\n" MARK, 3 + strlen(MARK)));
	ASSERT_EQ(0, reply_bytes(&self->card, ": DONE\n", 7));
	EXPECT_STREQ(": DONE", skel_line(self->user[0]));
	EXPECT_FALSE(skel_readable(self->user[0], 0));
}

/* The longest replies: nothing but marks, and one line */
TEST_F(hostile, longest_replies)
{
	const size_t unit = strlen(MARK "\n"), lines = SKEL_LINE_MAX / unit;
	char bytes[SKEL_LINE_MAX];
	const char *line;

	for (size_t i = 0; i < lines; i++)
		memcpy(bytes + i * unit, MARK "\n", unit);
	ASSERT_EQ(0, reply_bytes(&self->card, bytes, lines * unit));
	for (size_t i = 0; i < lines; i++) {
		ASSERT_STREQ(CARD, skel_line(self->user[0]))
			TH_LOG("line %zu", i);
	}
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, MARK, strlen(MARK));
	bytes[SKEL_LINE_MAX - 1] = '\n';
	ASSERT_EQ(0, reply_bytes(&self->card, bytes, SKEL_LINE_MAX));
	line = skel_line(self->user[0]);
	ASSERT_EQ(SKEL_LINE_MAX - 1, strlen(line));
	memcpy(bytes, CARD, strlen(CARD));
	EXPECT_EQ(0, memcmp(bytes, line, SKEL_LINE_MAX - 1));
	EXPECT_FALSE(skel_readable(self->user[0], 0));
}

/* A reply without room for all of it is lost as a whole; the line about it is the core's. */
TEST_F(hostile, lost_replies)
{
	static const char forged[] = MARK "LOST 1\n" MARK "LOST 2\n";
	static const char heard[] = CARD "LOST 1\n" CARD "LOST 2\n";
	const size_t unit = strlen(heard);
	unsigned long sent, lost = 0, n;
	static char bytes[65536];
	struct skel_info info;
	size_t got = 0;

	for (sent = 0; sent < 500; sent++) {
		ASSERT_EQ(0, reply_bytes(&self->card, forged, strlen(forged)))
			TH_LOG("reply %lu", sent);
	}
	while (skel_readable(self->user[0], 0))
		got += read(self->user[0], bytes + got, sizeof(bytes) - got);
	EXPECT_EQ(0, got % unit);
	for (size_t at = 0; at < got; at += unit)
		ASSERT_EQ(0, memcmp(heard, bytes + at, unit));
	ASSERT_EQ(0, ucard_reply(&self->card, 0, "next"));
	if (sscanf(skel_core(skel_line(self->user[0])), "LOST %lu", &n) == 1)
		lost = n;
	EXPECT_STREQ("next", skel_line(self->user[0]));
	EXPECT_LT(0, lost);
	EXPECT_EQ(sent, got / unit + lost);
	ASSERT_EQ(0, skel_info(self->user[0], &info));
	EXPECT_EQ(lost, info.replies_lost);
}

/* An action whose members are often nearly right, and its length as well */
static size_t make_action(const struct ucard *card, union ucard_action *action,
			  unsigned int *seed, __u64 host, __u64 last_id)
{
	const __u16 flags = rand_r(seed) % 4;
	const __u32 channel = rand_r(seed) % 3;

	switch (rand_r(seed) % 5) {
	case 0:
		ucard_fill_reply(card, action, channel, "random\n", 7);
		action->head.flags = rand_r(seed) % 8 ? 0 : flags;
		break;
	case 1:
		for (size_t i = 0; i < sizeof(*action); i++)
			action->bytes[i] = rand_r(seed) >> 8;
		action->head.length = nearly(seed, 56);
		break;
	case 2:
		ucard_fill_transfer(action, rand_r(seed) % 2 ? SKEL_UCARD_MOVE :
				    SKEL_UCARD_COMPLETE, nearly(seed, last_id), 0, 0);
		action->transfer.moved = nearly(seed, 0);
		break;
	default:
		ucard_fill_request(card, action, flags, channel, rand_r(seed) % 2,
				   nearly(seed, 0), nearly(seed, 100), nearly(seed, host));
		break;
	}
	if (rand_r(seed) % 8 == 0)
		action->bytes[rand_r(seed) % 56] ^= 1 << rand_r(seed) % 8;
	return rand_r(seed) % 16 ? nearly(seed, action->head.length) % sizeof(*action) :
				   sizeof(*action);
}

/* What write() may return for such an action */
static bool fair(long rc, size_t length)
{
	return rc < 0 ? rc == -EINVAL || rc == -EOPNOTSUPP || rc == -EAGAIN : rc <= (long)length;
}

/* Read all events and all replies; -errno if an event is not well-formed. */
static int take_all(struct ucard *card, const int *users, __u64 *last_id)
{
	union ucard_event event;
	char replies[4096];

	while (ucard_pending(card, 0)) {
		int type = ucard_next(card, &event);

		if (type < 0)
			return type;
		if (type == SKEL_UCARD_RESULT && event.result.id)
			*last_id = event.result.id;
	}
	for (int i = 0; i < 2; i++) {
		while (skel_readable(users[i], 0)) {
			if (read(users[i], replies, sizeof(replies)) <= 0)
				return -EIO;
		}
	}
	return 0;
}

TEST_F_TIMEOUT(hostile, random_actions, TIMEOUT)
{
	enum { ROUNDS = 10000 };
	__u64 last_id = 0, accepted = 0;

	for (int round = 0; round < ROUNDS; round++) {
		union ucard_action action;
		size_t length = make_action(&self->card, &action, &self->seed,
					    self->host[round % 2], last_id);
		long rc = skel_err(write(self->card.fd, &action, length));

		ASSERT_TRUE(fair(rc, length))
			TH_LOG("round %d: %ld", round, rc);
		accepted += rc > 0;
		if (round % 50 == 0)
			ASSERT_EQ(0, take_all(&self->card, self->user, &last_id));
	}
	ASSERT_EQ(0, take_all(&self->card, self->user, &last_id));
	/* Half of them were meant to be understood, half were not. */
	EXPECT_LT(ROUNDS / 10, accepted);
	EXPECT_GT(ROUNDS, accepted);
	/* Nobody wrote to what the card may only read. */
	EXPECT_TRUE(skel_all(self->buffer[1], self->length, GUARD));
	/* The card works as ever, for those who come now. */
	for (int i = 0; i < 2; i++) {
		munmap(self->buffer[i], self->length);
		close(self->user[i]);
	}
	ASSERT_EQ(2, ucard_drain(&self->card));
	self->user[0] = ucard_user(&self->card);
	ASSERT_LE(0, self->user[0]);
	EXPECT_EQ(0, ucard_command(&self->card, self->user[0], "hello"));
	ASSERT_EQ(0, skel_alloc(self->user[0], SKEL_BOTH, self->length, &self->host[0]));
	EXPECT_EQ(0, ucard_request(&self->card, SKEL_UCARD_AT_ONCE, 0, 0, 0, self->length,
				   self->host[0], NULL));
}

/* Noise from end to end, in large pieces */
TEST_F_TIMEOUT(hostile, random_bytes, TIMEOUT)
{
	static char noise[65536];
	__u64 last_id;

	for (int round = 0; round < 100; round++) {
		long rc;

		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = rand_r(&self->seed) >> 8;
		rc = skel_err(write(self->card.fd, noise, sizeof(noise)));
		EXPECT_TRUE(rc == -EOPNOTSUPP || rc == -EINVAL);
	}
	EXPECT_EQ(0, take_all(&self->card, self->user, &last_id));
	EXPECT_TRUE(skel_all(self->buffer[0], self->length, GUARD));
	EXPECT_EQ(0, ucard_command(&self->card, self->user[0], "hello"));
}

static __u64 invent_id(unsigned int *seed, __u64 id, int n)
{
	return n < 64 ? id ^ 1ULL << n : n < 200 ? id + n - 132 : n == 200 ? 0 :
	       skel_random64(seed);
}

TEST_F(hostile, invented_ids)
{
	const __u64 host = self->host[0];
	union ucard_event event;
	struct skel_info info;
	__u64 id;

	ASSERT_EQ(0, ucard_request(&self->card, 0, 0, UCARD_DIR_TOHOST, 0, 100, host, &id));
	for (int n = 0; n < 600;) {
		struct ucard_batch batch = { 0 };
		union ucard_action action;

		for (; n < 600 && batch.length < sizeof(batch.bytes) / 2; n++) {
			__u64 other = invent_id(&self->seed, id, n);

			if (other == id)
				continue;
			ucard_fill_transfer(&action, SKEL_UCARD_MOVE, other, 0, 0);
			action.transfer.tag = other;
			ucard_add(&batch, &action);
			ucard_fill_transfer(&action, SKEL_UCARD_COMPLETE, other, 100, n & 1);
			action.transfer.tag = other;
			ucard_add(&batch, &action);
		}
		ASSERT_EQ(batch.length, write(self->card.fd, batch.bytes, batch.length));
		for (size_t i = 0; i < batch.length; i += sizeof(action.transfer)) {
			ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&self->card, &event));
			EXPECT_EQ(-ENOENT, event.result.error);
			EXPECT_EQ(event.result.tag, event.result.id);
		}
	}
	ASSERT_EQ(0, skel_info(self->user[0], &info));
	EXPECT_EQ(1, info.pending);
	EXPECT_FALSE(skel_readable(self->user[0], 0));
	EXPECT_TRUE(skel_all(self->buffer[0], self->length, GUARD));
	EXPECT_EQ(0, ucard_complete(&self->card, id, 100, 0));
	EXPECT_STREQ("DONE", skel_transfer_end(self->user[0], "TOHOST", 0, 100, host));
}

/* What several threads do at the same time */
struct noise {
	void (*act)(struct noise *noise);
	struct ucard *card;
	__u64 host;
	__u64 *last_id;		/* of a granted transfer, by any of them */
	unsigned int seed;
	__u64 deadline;
	unsigned long rounds;
	long bad;		/* what a call must not return */
};

static void *make_noise(void *arg)
{
	struct noise *noise = arg;

	while (skel_now_ms() < noise->deadline && !noise->bad)
		noise->act(noise);
	return NULL;
}

static void write_noise(struct noise *noise)
{
	union ucard_action action;
	const __u64 last_id = __atomic_load_n(noise->last_id, __ATOMIC_RELAXED);
	size_t length = make_action(noise->card, &action, &noise->seed, noise->host, last_id);
	long rc = skel_err(write(noise->card->fd, &action, length));

	if (!fair(rc, length))
		noise->bad = rc;
	noise->rounds++;
}

static void read_noise(struct noise *noise)
{
	union ucard_event event;
	int type;

	if (!ucard_pending(noise->card, 10))
		return;
	type = ucard_next(noise->card, &event);
	if (type < 0)
		noise->bad = type;
	if (type == SKEL_UCARD_RESULT && event.result.id)
		__atomic_store_n(noise->last_id, event.result.id, __ATOMIC_RELAXED);
	noise->rounds++;
}

/* A user who opens the card, maps, lets things move, frees and closes it */
static void use_card(struct noise *noise)
{
	int fd = ucard_open(noise->card, O_RDWR | O_NONBLOCK), rc;
	const size_t page = skel_page();
	char replies[1024];
	__u64 host;
	__u8 *map;

	if (fd == -EBUSY)
		return;
	map = fd < 0 ? NULL : skel_buffer(fd, SKEL_ALLOC_FROMHOST, page, &host);
	if (!map) {
		noise->bad = fd < 0 ? fd : -errno;
		return;
	}
	memset(map, GUARD, page);
	for (int i = 0; i < 20; i++) {
		rc = skel_send(fd, "a line");
		if (rc && rc != -ETIMEDOUT)
			noise->bad = rc;
		if (read(fd, replies, sizeof(replies)) < 0 && errno != EAGAIN)
			noise->bad = -errno;
	}
	if (!skel_all(map, page, GUARD))
		noise->bad = 1;
	if (rand_r(&noise->seed) % 2) {
		rc = skel_free(fd, host);
		if (rc && rc != -EBUSY)
			noise->bad = rc;
	}
	munmap(map, page);
	close(fd);
	noise->rounds++;
}

/* Two threads write noise, one reads it, users come and go. */
TEST_F_TIMEOUT(hostile, everybody_at_once, TIMEOUT)
{
	void (* const acts[])(struct noise *noise) = {
		write_noise, write_noise, read_noise, use_card,
	};
	const __u64 deadline = skel_now_ms() + 1000 * skel_env("SKEL_RACE_SECONDS", 3);
	struct noise noise[ARRAY_SIZE(acts)];
	__u64 last_id = 0;

	/* Its channel is for those who come and go. */
	munmap(self->buffer[1], self->length);
	close(self->user[1]);
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		noise[i] = (struct noise) {
			.act = acts[i],
			.card = &self->card,
			.host = self->host[i % 2],
			.last_id = &last_id,
			.seed = self->seed + i,
			.deadline = deadline,
		};
	}
	ASSERT_EQ(0, skel_threads(make_noise, noise, ARRAY_SIZE(acts), sizeof(*noise)));
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		EXPECT_EQ(0, noise[i].bad)
			TH_LOG("thread %zu", i);
		EXPECT_LT(0, noise[i].rounds);
	}
}

/* Tell the user that the program knows of, over and over, who that is. */
static void talk(struct noise *noise)
{
	struct ucard *card = noise->card;
	struct ucard_batch batch = { 0 };
	union ucard_action action;
	union ucard_event event;
	char line[32];

	snprintf(line, sizeof(line), "%u\n", card->opening[1]);
	ucard_fill_reply(card, &action, 1, line, strlen(line));
	while (batch.length < 1000)
		ucard_add(&batch, &action);
	if (write(card->fd, batch.bytes, batch.length) < 0)
		noise->bad = -errno;
	if (ucard_pending(card, 0) && ucard_next(card, &event) < 0)
		noise->bad = -EPROTO;
}

/* Lines of a stream, with few calls of read() */
struct reader {
	int fd;
	size_t have, used;
	char bytes[4096];
};

/* NULL: no line is there, or comes within the time. */
static const char *next_line(struct reader *r, int timeout_ms)
{
	for (;;) {
		char *line = r->bytes + r->used, *end = memchr(line, '\n', r->have - r->used);
		ssize_t got;

		if (end) {
			*end = '\0';
			r->used = end + 1 - r->bytes;
			return line;
		}
		r->have -= r->used;
		memmove(r->bytes, line, r->have);
		r->used = 0;
		if (!skel_readable(r->fd, timeout_ms))
			return NULL;
		got = read(r->fd, r->bytes + r->have, sizeof(r->bytes) - r->have);
		if (got <= 0)
			return NULL;
		r->have += got;
	}
}

/* Read some lines: do all of them say the same? */
static bool hear_one_voice(int fd)
{
	struct reader reader = { .fd = fd };
	unsigned int first = 0, lines = 0;

	while (lines < 100) {
		const char *line = next_line(&reader, SKEL_ANSWER_MS);
		/* A LOST line is no number. */
		unsigned int n = line ? strtoul(line, NULL, 10) : 0;

		if (n)
			first = lines++ ? first : n;
		if (!line || (n && n != first))
			return false;
	}
	return true;
}

/* Users come and go while replies are on their way: none reaches the next one. */
TEST_F_TIMEOUT(hostile, late_replies, TIMEOUT)
{
	struct noise noise = {
		.act = talk,
		.card = &self->card,
		.deadline = skel_now_ms() + 1000 * skel_env("SKEL_RACE_SECONDS", 3),
	};
	unsigned int users = 0, wrong = 0;
	pthread_t thread;

	munmap(self->buffer[1], self->length);
	close(self->user[1]);
	ASSERT_EQ(1, ucard_drain(&self->card));
	ASSERT_EQ(0, pthread_create(&thread, NULL, make_noise, &noise));
	while (skel_now_ms() + 500 < noise.deadline) {
		int fd = ucard_open(&self->card, O_RDWR);

		ASSERT_LE(0, fd);
		wrong += !hear_one_voice(fd);
		users++;
		close(fd);
	}
	pthread_join(thread, NULL);
	EXPECT_EQ(0, noise.bad);
	EXPECT_EQ(0, wrong);
	EXPECT_LT(5, users);
	TH_LOG("%u users", users);
}

/* Channels: two of the test, two of another process, one closed, one unused */
enum { MINE, YOURS, THEIRS, SPY, CLOSED, UNUSED, CHANNELS };

#define CARD_PAGES	8
#define ORDINARY	SKEL_KIB(256)
#define SPIED		SKEL_KIB(64)
#define BATCH		200		/* requests between two comparisons */

/* A buffer, and what must be in it */
struct lent {
	__u32 channel;
	__u32 dirs;
	__u32 pages;
	bool live;
	__u64 host;
	size_t length;
	__u8 *map;
	__u8 *shadow;
};

/* Each has a neighbour on both sides, which must never be touched along with it. */
static const struct lent layout[] = {
	{ .channel = MINE, .dirs = SKEL_ALLOC_FROMHOST, .pages = 1 },
	{ .channel = MINE, .dirs = SKEL_BOTH, .pages = 1 },
	{ .channel = MINE, .dirs = SKEL_ALLOC_TOHOST, .pages = 1 },
	{ .channel = MINE, .dirs = SKEL_BOTH, .pages = 1 },	/* to be freed */
	{ .channel = MINE, .dirs = SKEL_BOTH, .pages = 3 },
	{ .channel = YOURS, .dirs = SKEL_ALLOC_FROMHOST, .pages = 1 },
	{ .channel = YOURS, .dirs = SKEL_BOTH, .pages = 2 },
	{ .channel = THEIRS, .dirs = SKEL_BOTH, .pages = 2 },
	{ .channel = CLOSED, .dirs = SKEL_BOTH, .pages = 2 },
};

#define LENT	ARRAY_SIZE(layout)
#define FREED	3			/* of them */

static const int errors[] = { 0, -ENOTCONN, -EINVAL, -EFAULT, -EACCES, -ERANGE };

/* Shared with the process that has nothing to do with it */
struct bystander {
	bool ready;
	bool stop;
	__u64 host;
	unsigned long checks;
	unsigned long astray;	/* ranges with a byte that differs */
};

struct oracle {
	struct ucard card;
	int user[CHANNELS];		/* -1: not open, or not ours */
	struct lent lent[LENT];
	__u8 *card_shadow, *ordinary;
	struct bystander *bystander;
	pid_t pid;
	unsigned int seed, requests;
	unsigned long astray;

	/* Systematic requests: how many, the next one, and how many to skip */
	unsigned long all, next, step;
	struct skel_ucard_request asked[BATCH];

	/* The oracle's counts, not the driver's */
	unsigned long answers[ARRAY_SIZE(errors)];
	unsigned long granted[CHANNELS], refused[CHANNELS], unanswered;
	unsigned long ends[CHANNELS];	/* lines that say so */
	struct reader readers[2];
};

static __u8 *ordinary_memory(size_t length)
{
	__u8 *map = mmap(NULL, length, SKEL_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

/*
 * Another process: a buffer and ordinary memory that it keeps, and some that come
 * and go, for they may have been freed by somebody else just before.
 */
static int stand_by(const struct ucard *card, struct bystander *b, size_t length)
{
	int fd = ucard_open(card, O_RDWR), spy = ucard_open(card, O_RDWR);
	__u8 *map = skel_buffer(fd, SKEL_BOTH, length, &b->host);
	__u8 *ordinary = ordinary_memory(ORDINARY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!map || !ordinary)
		return 1;
	memset(map, GUARD, length);
	memset(ordinary, GUARD, ORDINARY);
	__atomic_store_n(&b->ready, true, __ATOMIC_RELEASE);
	do {
		__u64 host;
		__u8 *fresh[2] = {
			skel_buffer(spy, SKEL_BOTH, SPIED, &host),
			ordinary_memory(SPIED),
		};

		if (!fresh[0] || !fresh[1])
			return 2;
		for (int i = 0; i < 2; i++) {
			b->astray += !skel_all(fresh[i], SPIED, 0);
			memset(fresh[i], GUARD, SPIED);
		}
		skel_sleep_ms(10);
		for (int i = 0; i < 2; i++) {
			b->astray += !skel_all(fresh[i], SPIED, GUARD);
			munmap(fresh[i], SPIED);
		}
		if (skel_free(spy, host))
			return 3;
		b->astray += !skel_all(map, length, GUARD);
		b->astray += !skel_all(ordinary, ORDINARY, GUARD);
		b->checks++;
	} while (!__atomic_load_n(&b->stop, __ATOMIC_ACQUIRE));
	return 0;
}

FIXTURE(oracle)
{
	struct oracle oracle;
};

FIXTURE_SETUP(oracle)
{
	struct oracle *o = &self->oracle;
	struct skel_ucard_create create;

	ucard_describe(&create);
	create.channels = CHANNELS;
	create.memory = CARD_PAGES * skel_page();
	create.timeout = SKEL_UCARD_TIMEOUT_MAX;
	UCARD_OR_SKIP(return, ucard_begin(&o->card, &create));
	o->seed = skel_seed();
	o->requests = skel_env("SKEL_HOSTILE_REQUESTS", 20000);
	TH_LOG("SKEL_HOSTILE_REQUESTS=%u SKEL_RACE_SEED=%u", o->requests, o->seed);

	for (int i = 0; i < CHANNELS; i++)
		o->user[i] = -1;
	for (int i = MINE; i <= YOURS; i++) {
		o->user[i] = ucard_user(&o->card);
		ASSERT_LE(0, o->user[i]);
		o->readers[i].fd = o->user[i];
	}
	o->bystander = mmap(NULL, sizeof(*o->bystander), SKEL_RW, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	ASSERT_NE(MAP_FAILED, o->bystander);
	o->pid = fork();
	ASSERT_LE(0, o->pid);
	if (!o->pid)
		_exit(stand_by(&o->card, o->bystander, 2 * skel_page()));
	for (int i = 0; i < SKEL_ANSWER_MS; i++) {
		if (__atomic_load_n(&o->bystander->ready, __ATOMIC_ACQUIRE))
			break;
		skel_sleep_ms(1);
	}
	ASSERT_TRUE(o->bystander->ready);
	o->user[CLOSED] = ucard_open(&o->card, O_RDWR);
	ASSERT_LE(0, o->user[CLOSED]);
	ASSERT_EQ(3, ucard_drain(&o->card));
}

FIXTURE_TEARDOWN(oracle)
{
	struct oracle *o = &self->oracle;

	__atomic_store_n(&o->bystander->stop, true, __ATOMIC_RELEASE);
	EXPECT_EQ(0, skel_wait(o->pid));
	EXPECT_EQ(0, o->bystander->astray);
	EXPECT_LT(0, o->bystander->checks);
	for (int i = 0; i < CHANNELS; i++)
		if (o->user[i] >= 0)
			close(o->user[i]);
	ucard_end(&o->card);
}

/* Its first and its last byte are inside, in this order: nothing wraps around. */
static bool inside(__u64 first, __u64 length, __u64 base, __u64 size)
{
	const __u64 last = first + length - 1;

	return length && first <= last && first >= base && last <= base + size - 1;
}

/* The buffer of its channel in which the request lies, or NULL */
static struct lent *lender_of(struct lent *lent, const struct skel_ucard_request *r)
{
	for (struct lent *b = lent; b < lent + LENT; b++)
		if (b->live && b->channel == r->head.channel &&
		    inside(r->host_addr, r->bytes, b->host, b->length))
			return b;
	return NULL;
}

/* Is @error what a card may be told that has asked this? */
static bool right_answer(struct oracle *o, const struct skel_ucard_request *r,
			 int error)
{
	const struct lent *lender = lender_of(o->lent, r);
	const __u32 need = r->dir ? SKEL_ALLOC_FROMHOST : SKEL_ALLOC_TOHOST;
	const bool open = r->head.channel <= THEIRS;
	const bool range = !inside(r->card_addr, r->bytes, 0, o->card.length);
	const bool direction = lender && !(lender->dirs & need);

	switch (error) {
	case 0:
		return open && r->bytes && lender && !direction && !range;
	case -ENOTCONN:
		return !open;
	case -EINVAL:
		return open && !r->bytes;
	case -EFAULT:
		return open && !lender;
	case -EACCES:
		return open && direction;
	case -ERANGE:
		return open && range;
	default:
		return false;
	}
}

static unsigned int digit(unsigned long *n, unsigned int base)
{
	const unsigned int rest = *n % base;

	*n /= base;
	return rest;
}

/* The @n-th of all wrong and right ones that can be thought of; false: no more */
static bool systematic(const struct lent *lent, __u64 memory, unsigned long n,
		       struct skel_ucard_request *r)
{
	static const __u32 channels[] = {
		MINE, YOURS, THEIRS, CLOSED, UNUSED, CHANNELS, 1023, ~0U, MINE,
	};

	r->dir = digit(&n, 2);
	const struct lent *b = &lent[digit(&n, LENT)];
	/* Every other time the channel that owns the buffer */
	const unsigned int channel = digit(&n, 2 * ARRAY_SIZE(channels));

	r->head.channel = channel < ARRAY_SIZE(channels) ? b->channel :
			  channels[channel - ARRAY_SIZE(channels)];
	const __u64 starts[] = {
		b->host, b->host - 1, b->host + 1, b->host + b->length - 1,
		b->host + b->length, b->host - b->length, 0, ~0ULL,
	};
	const __u64 from = starts[digit(&n, ARRAY_SIZE(starts))];
	const __u64 left = b->host + b->length - from;
	const __u64 lengths[] = {
		1, left, left + 1, left - 1, 0, b->length, b->length + 1, 2,
		~0ULL, -from, -from + 1, 1ULL << 32, (1ULL << 32) + left,
		1ULL << 63, 2 * b->length,
	};
	const __u64 length = lengths[digit(&n, ARRAY_SIZE(lengths))];
	const __u64 cards[] = {
		0, memory - length, memory - length + 1, memory, ~0ULL, -length, 1ULL << 32,
	};

	r->card_addr = cards[digit(&n, ARRAY_SIZE(cards))];
	r->host_addr = from;
	r->bytes = length;
	return !n;
}

static void at_random(const struct lent *lent, __u64 memory, unsigned int *seed,
		      struct skel_ucard_request *r)
{
	const struct lent *b = &lent[rand_r(seed) % LENT];
	const size_t into = rand_r(seed) % b->length;
	const size_t bytes = rand_r(seed) % (b->length - into) + 1;

	r->dir = rand_r(seed) % 2;
	r->head.channel = rand_r(seed) % 8 ? b->channel : nearly(seed, rand_r(seed) % CHANNELS);
	r->host_addr = nearly(seed, b->host + into);
	r->bytes = nearly(seed, bytes);
	r->card_addr = nearly(seed, rand_r(seed) % (memory - bytes + 1));
}

/* What the kernel has done, if it did what it says */
static void follow(struct oracle *o, const struct skel_ucard_request *r)
{
	struct lent *b = lender_of(o->lent, r);
	__u8 *host = b->shadow + (r->host_addr - b->host);
	__u8 *card = o->card_shadow + r->card_addr;

	memcpy(r->dir ? card : host, r->dir ? host : card, r->bytes);
}

/* Lines that report the end of a request, the lost ones among them */
static unsigned long count_ends(struct reader *reader)
{
	unsigned long ends = 0, lost;
	const char *line;

	while ((line = next_line(reader, 0))) {
		const char *core = skel_core(line);

		if (sscanf(core, "LOST %lu", &lost) == 1)
			ends += lost;
		else if (!strncmp(core, "REFUSED ", 8) || !strncmp(core, "DONE ", 5))
			ends++;
	}
	return ends;
}

static void lend_buffers(struct __test_metadata *_metadata, struct oracle *o)
{
	o->card_shadow = malloc(o->card.length);
	o->ordinary = malloc(ORDINARY);
	ASSERT_NE(NULL, o->card_shadow);
	ASSERT_NE(NULL, o->ordinary);
	memset(o->ordinary, GUARD, ORDINARY);
	for (size_t i = 0; i < LENT; i++) {
		struct lent *b = &o->lent[i];

		*b = layout[i];
		b->length = b->pages * skel_page();
		if (b->channel == THEIRS) {
			b->host = o->bystander->host;
			b->live = true;
			continue;
		}
		b->map = skel_buffer(o->user[b->channel], b->dirs, b->length, &b->host);
		ASSERT_NE(NULL, b->map);
		b->live = b->channel != CLOSED;
		b->shadow = malloc(b->length);
		ASSERT_NE(NULL, b->shadow);
	}
	ASSERT_EQ(0, skel_free(o->user[MINE], o->lent[FREED].host));
	o->lent[FREED].live = false;
	ASSERT_EQ(0, munmap(o->lent[LENT - 1].map, o->lent[LENT - 1].length));
	close(o->user[CLOSED]);
	o->user[CLOSED] = -1;
	ASSERT_EQ(1, ucard_drain(&o->card));
}

/* Fresh bytes, else all of it would look alike soon: in one buffer, or in all */
static void refresh(struct oracle *o, bool all)
{
	const struct lent *one = &o->lent[rand_r(&o->seed) % LENT];

	for (struct lent *b = o->lent; b < o->lent + LENT; b++) {
		if (!b->live || !b->map || (b != one && !all))
			continue;
		skel_fill(b->shadow, b->length, rand_r(&o->seed));
		memcpy(b->map, b->shadow, b->length);
	}
	skel_fill(o->card_shadow, o->card.length, rand_r(&o->seed));
	memcpy(o->card.memory, o->card_shadow, o->card.length);
}

/* Half of the requests are systematic, as long as there are any. */
static void fill_batch(struct oracle *o, struct ucard_batch *batch)
{
	const __u64 memory = o->card.length;
	unsigned int count = 0;

	while (count < BATCH) {
		struct skel_ucard_request *r = &o->asked[count];
		union ucard_action action;

		ucard_fill_request(&o->card, &action, SKEL_UCARD_AT_ONCE, 0, 0, 0, 0, 0);
		*r = action.request;
		if (o->next >= o->all || count % 2)
			at_random(o->lent, memory, &o->seed, r);
		else
			systematic(o->lent, memory, o->next, r);
		o->next += o->step;
		if (r->head.channel < ARRAY_SIZE(o->card.opening))
			r->head.opening = o->card.opening[r->head.channel];
		/* What it asks of another process shall always be wrong. */
		if (r->head.channel == SPY ||
		    (r->head.channel == THEIRS && right_answer(o, r, 0)))
			continue;
		r->tag = count++;
		action.request = *r;
		ucard_add(batch, &action);
	}
}

static void check_answers(struct __test_metadata *_metadata, struct oracle *o)
{
	union ucard_event event;

	for (unsigned int i = 0; i < BATCH; i++) {
		const struct skel_ucard_request *r = &o->asked[i];

		ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&o->card, &event));
		ASSERT_EQ(i, event.result.tag);
		ASSERT_TRUE(right_answer(o, r, event.result.error))
			TH_LOG("channel %u dir %u card %#llx bytes %#llx host %#llx: %d",
			       r->head.channel, r->dir, r->card_addr, r->bytes,
			       r->host_addr, event.result.error);
		for (size_t e = 0; e < ARRAY_SIZE(errors); e++)
			o->answers[e] += event.result.error == errors[e];
		if (right_answer(o, r, 0)) {
			o->granted[r->head.channel]++;
			follow(o, r);
		} else if (r->head.channel <= THEIRS) {
			o->refused[r->head.channel]++;
		} else {
			o->unanswered++;
		}
	}
	EXPECT_FALSE(ucard_pending(&o->card, 0));
}

static void check_bytes(struct __test_metadata *_metadata, struct oracle *o)
{
	for (struct lent *b = o->lent; b < o->lent + LENT; b++)
		if (b->live && b->map)
			o->astray += !!memcmp(b->map, b->shadow, b->length);
	o->astray += !!memcmp(o->card.memory, o->card_shadow, o->card.length);
	o->astray += !skel_all(o->ordinary, ORDINARY, GUARD);
	ASSERT_EQ(0, o->astray);
}

/* As many refusals as wrong requests, of each channel and for all of them */
static void check_counts(struct __test_metadata *_metadata, struct oracle *o)
{
	struct skel_info info;

	for (size_t e = 0; e < ARRAY_SIZE(errors); e++) {
		TH_LOG("error %d: %lu times", errors[e], o->answers[e]);
		EXPECT_LT(0, o->answers[e]);
	}
	TH_LOG("%lu right requests, %lu ranges astray", o->answers[0], o->astray);
	EXPECT_EQ(o->granted[MINE] + o->granted[YOURS], o->answers[0]);
	EXPECT_EQ(o->unanswered, o->answers[1]);
	for (int i = MINE; i <= YOURS; i++) {
		ASSERT_EQ(0, skel_info(o->user[i], &info));
		EXPECT_EQ(o->refused[i], info.refused);
		EXPECT_EQ(o->granted[i], info.granted);
		EXPECT_EQ(0, info.failed);
		EXPECT_EQ(0, info.pending);
		/* What was lost last is reported with the next line. */
		ASSERT_EQ(-EINVAL, ucard_request(&o->card, SKEL_UCARD_AT_ONCE, i, 0, 0, 0, 0,
						 NULL));
		o->ends[i] += count_ends(&o->readers[i]);
		EXPECT_EQ(o->refused[i] + o->granted[i] + 1, o->ends[i]);
	}
	EXPECT_EQ(0, o->granted[THEIRS]);
	EXPECT_LT(0, o->refused[THEIRS]);
}

/*
 * Every request is answered as it has to be, and counted as what it was; and no
 * byte moves that was not asked for rightly.
 */
TEST_F_TIMEOUT(oracle, wrong_requests, 30 * TIMEOUT)
{
	struct oracle *o = &self->oracle;
	struct skel_ucard_request r;

	lend_buffers(_metadata, o);
	while (systematic(o->lent, o->card.length, o->all, &r))
		o->all++;
	/* If there is no time for all systematic ones, then for some of each kind. */
	do {
		o->step++;
	} while (o->step * (o->requests / 2) < o->all || o->all % o->step == 0);

	for (unsigned int done = 0; done < o->requests; done += BATCH) {
		struct ucard_batch batch = { 0 };

		refresh(o, !done);
		fill_batch(o, &batch);
		ASSERT_EQ(batch.length, write(o->card.fd, batch.bytes, batch.length));
		check_answers(_metadata, o);
		check_bytes(_metadata, o);
		for (int i = MINE; i <= YOURS; i++)
			o->ends[i] += count_ends(&o->readers[i]);
	}
	check_counts(_metadata, o);
}

/* A buffer that comes and goes, and what is known of it */
struct slot {
	__u64 word;		/* a count, and one of the states */
	__u64 host;
};

enum { DEAD, LIVE, UNSURE, FREEING, STATES };

#define SLOTS	3		/* of each user */
#define WRITTEN	0x3c		/* by users */
#define FROM	0xca		/* from the card */

struct freer {
	pthread_t thread;
	int fd;
	size_t length;
	unsigned int seed;
	bool stop;
	struct slot slots[SLOTS];
	unsigned long frees, busy, astray;
	long bad;
};

static unsigned long get_state(struct slot *slot)
{
	return __atomic_load_n(&slot->word, __ATOMIC_SEQ_CST);
}

static void set_state(struct slot *slot, unsigned int state)
{
	__atomic_store_n(&slot->word, (slot->word / STATES + 1) * STATES + state,
			 __ATOMIC_SEQ_CST);
}

/* Are there bytes that neither users nor the card write? */
static bool foreign(const __u8 *bytes, size_t length)
{
	if (skel_all(bytes, length, *bytes) && *bytes != GUARD && *bytes != SKEL_PAGE_POISON)
		return false;
	while (length && (!*bytes || *bytes == WRITTEN || *bytes == FROM)) {
		bytes++;
		length--;
	}
	return length;
}

static void *come_and_go(void *arg)
{
	struct freer *f = arg;

	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED) && !f->bad) {
		struct slot *slot = &f->slots[rand_r(&f->seed) % SLOTS];
		const bool was_live = slot->word % STATES == LIVE;
		__u8 *map;
		int rc;

		set_state(slot, was_live ? FREEING : UNSURE);
		if (was_live) {
			rc = skel_free(f->fd, slot->host);
			if (rc && rc != -EBUSY)
				f->bad = rc;
			f->busy += rc == -EBUSY;
			f->frees += !rc;
			set_state(slot, rc ? LIVE : DEAD);
			continue;
		}
		map = skel_buffer(f->fd, SKEL_BOTH, f->length, &slot->host);
		if (!map) {
			f->bad = -errno;
			break;
		}
		f->astray += foreign(map, f->length);
		memset(map, WRITTEN, f->length);
		munmap(map, f->length);
		set_state(slot, LIVE);
	}
	return NULL;
}

/* Any one; every other time one that is being freed, if that comes up soon */
static struct slot *choose(struct freer *f, unsigned int *seed)
{
	struct slot *slot = &f->slots[rand_r(seed) % SLOTS];

	for (int i = 0; i < 1000 * (rand_r(seed) % 2); i++) {
		slot = &f->slots[i % SLOTS];
		if (get_state(slot) % STATES == FREEING)
			break;
	}
	return slot;
}

struct tally {
	unsigned long granted, refused, astray, sure[STATES];
};

/* One request for a buffer that may be on its way out */
static void ask_for_slot(struct __test_metadata *_metadata, struct ucard *card,
			 struct freer *freers, unsigned int *seed, struct tally *tally)
{
	const unsigned int channel = rand_r(seed) % 2;
	const size_t half = card->length / 2;
	struct slot *slot = choose(&freers[channel], seed);
	const __u64 before = get_state(slot);
	const __u32 dir = rand_r(seed) % 2;
	union ucard_action action;
	union ucard_event event;
	unsigned int state;
	int error;

	ucard_fill_request(card, &action, SKEL_UCARD_AT_ONCE, channel, dir, dir ? half : 0, half,
			   slot->host);
	ASSERT_EQ(0, ucard_act(card, &action));
	ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(card, &event));
	error = event.result.error;
	state = before == get_state(slot) ? before % STATES : UNSURE;
	ASSERT_TRUE(error == 0 || error == -EFAULT)
		TH_LOG("%d", error);
	if (state == LIVE)
		ASSERT_EQ(0, error);
	if (state == DEAD)
		ASSERT_EQ(-EFAULT, error);
	tally->sure[state]++;
	tally->granted += !error;
	tally->refused += !!error;
	if (dir && !error)
		tally->astray += foreign(card->memory + half, half);
}

/*
 * Buffers are freed while the card asks for them and while it copies: what was
 * live all the time is granted, what was freed before is refused, and nothing
 * moves to or from pages that are somebody else's by now.
 */
TEST_F_TIMEOUT(oracle, requests_for_what_is_being_freed, 30 * TIMEOUT)
{
	struct oracle *o = &self->oracle;
	__u64 granted = 0, refused = 0;
	struct freer freers[2] = { 0 };
	struct skel_ucard_create create;
	struct tally tally = { 0 };
	struct skel_info info;
	struct ucard card;

	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	ucard_describe(&create);
	/* Large buffers take long to copy, and to free. */
	create.memory = 2 * SKEL_KIB(128);
	ASSERT_EQ(0, ucard_begin(&card, &create));
	memset(card.memory, FROM, card.length);
	for (int i = 0; i < 2; i++) {
		freers[i].fd = ucard_user(&card);
		ASSERT_LE(0, freers[i].fd);
		freers[i].seed = o->seed + i;
		freers[i].length = card.length / 2;
		ASSERT_EQ(0, pthread_create(&freers[i].thread, NULL, come_and_go, &freers[i]));
	}
	for (unsigned int done = 0; done < o->requests / 4; done++)
		ask_for_slot(_metadata, &card, freers, &o->seed, &tally);
	for (int i = 0; i < 2; i++) {
		__atomic_store_n(&freers[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(freers[i].thread, NULL);
		EXPECT_EQ(0, freers[i].bad);
		EXPECT_LT(0, freers[i].frees);
		tally.astray += freers[i].astray;
		ASSERT_EQ(0, skel_info(freers[i].fd, &info));
		granted += info.granted;
		refused += info.refused;
		EXPECT_EQ(0, info.pending);
		close(freers[i].fd);
	}
	TH_LOG("%lu granted, %lu refused; %lu were live, %lu freed, %lu in between",
	       tally.granted, tally.refused, tally.sure[LIVE], tally.sure[DEAD],
	       tally.sure[UNSURE] + tally.sure[FREEING]);
	TH_LOG("%lu frees, %lu of a busy buffer", freers[0].frees + freers[1].frees,
	       freers[0].busy + freers[1].busy);
	EXPECT_EQ(tally.granted, granted);
	EXPECT_EQ(tally.refused, refused);
	EXPECT_LT(0, tally.sure[LIVE]);
	EXPECT_LT(0, tally.sure[DEAD]);
	EXPECT_LT(0, tally.sure[UNSURE]);
	EXPECT_EQ(0, tally.astray);
	ucard_end(&card);
}

TEST_HARNESS_MAIN
