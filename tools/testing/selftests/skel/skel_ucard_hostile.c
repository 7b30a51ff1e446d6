// SPDX-License-Identifier: GPL-2.0
/*
 * A program that plays a card may say anything: random actions, invented ids,
 * many threads at once. Its users lose nothing but their time.
 *
 * SKEL_RACE_SEED and SKEL_RACE_SECONDS in the environment set the seed and the
 * duration.
 */
#include <pthread.h>

#include "../kselftest_harness.h"
#include "skel_ucard_util.h"

#define ROUNDS	10000
#define GUARD	0xee
/* Debug kernels and busy machines are slow. */
#define TIMEOUT	120

FIXTURE(hostile)
{
	struct ucard card;
	size_t length;		/* of the card's memory and of each buffer */
	int user[2];
	__u64 host[2];
	__u8 *buffer[2];	/* the second one is for reading only */
	unsigned int seed;
};

static unsigned int from_environment(const char *name, unsigned int otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 0) : otherwise;
}

FIXTURE_SETUP(hostile)
{
	static const __u32 dirs[] = { SKEL_BOTH, SKEL_ALLOC_FROMHOST };
	struct skel_ucard_create create;
	int rc;

	ucard_describe(&create);
	/* Nothing that is granted expires meanwhile, unless the test says so. */
	create.timeout = SKEL_UCARD_TIMEOUT_MAX;
	rc = ucard_begin(&self->card, &create);
	if (rc == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (rc == -EACCES)
		SKIP(return, "must be root");
	ASSERT_EQ(0, rc);
	self->length = self->card.length;
	for (int i = 0; i < 2; i++) {
		self->user[i] = ucard_user(&self->card);
		ASSERT_LE(0, self->user[i]);
		self->buffer[i] = skel_buffer(self->user[i], dirs[i], self->length,
					      &self->host[i]);
		ASSERT_NE(NULL, self->buffer[i]);
		memset(self->buffer[i], GUARD, self->length);
	}
	self->seed = from_environment("SKEL_RACE_SEED", skel_now_ms());
	TH_LOG("SKEL_RACE_SEED=%u", self->seed);
}

FIXTURE_TEARDOWN(hostile)
{
	close(self->user[0]);
	close(self->user[1]);
	ucard_end(&self->card);
}

static __u64 random64(unsigned int *seed)
{
	__u64 value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 16 ^ rand_r(seed);
	return value;
}

/* A number that is often nearly right */
static __u64 nearly(unsigned int *seed, __u64 right)
{
	switch (rand_r(seed) % 8) {
	case 0:
		return random64(seed);
	case 1:
		return right ^ 1ULL << rand_r(seed) % 64;
	case 2:
		return right + rand_r(seed) % 64 - 32;
	default:
		return right;
	}
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
	__u64 last_id = 0, accepted = 0;

	for (int round = 0; round < ROUNDS; round++) {
		union ucard_action action;
		size_t length = make_action(&self->card, &action, &self->seed,
					    self->host[round % 2], last_id);
		long rc = skel_err(write(self->card.fd, &action, length));

		ASSERT_TRUE((rc >= 0 && rc <= (long)length) || rc == -EINVAL ||
			    rc == -EOPNOTSUPP || rc == -EAGAIN)
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

TEST_F(hostile, invented_ids)
{
	struct skel_info info;
	__u64 id;

	ASSERT_EQ(0, ucard_request(&self->card, 0, 0, UCARD_DIR_TOHOST, 0, 100, self->host[0],
				   &id));
	for (int i = 0; i < 2000; i++) {
		__u64 other = i < 64 ? id ^ 1ULL << i : i < 200 ? id + i - 132 :
			      i == 200 ? 0 : random64(&self->seed);

		if (other == id)
			continue;
		EXPECT_EQ(-ENOENT, ucard_move(&self->card, other));
		EXPECT_EQ(-ENOENT, ucard_complete(&self->card, other, 100, i & 1));
	}
	ASSERT_EQ(0, skel_info(self->user[0], &info));
	EXPECT_EQ(1, info.pending);
	EXPECT_FALSE(skel_readable(self->user[0], 0));
	EXPECT_TRUE(skel_all(self->buffer[0], self->length, GUARD));
	EXPECT_EQ(0, ucard_complete(&self->card, id, 100, 0));
	EXPECT_STREQ("DONE", skel_transfer_end(self->user[0], "TOHOST", 0, 100, self->host[0]));
}

struct noise {
	pthread_t thread;
	struct ucard *card;
	__u64 host;
	unsigned int seed;
	__u64 deadline;
	unsigned long rounds;
	long bad;		/* what a call must not say */
};

static void *write_noise(void *arg)
{
	struct noise *noise = arg;

	while (skel_now_ms() < noise->deadline && !noise->bad) {
		union ucard_action action;
		size_t length = make_action(noise->card, &action, &noise->seed, noise->host,
					    rand_r(&noise->seed));
		long rc = skel_err(write(noise->card->fd, &action, length));

		if (rc < 0 && rc != -EINVAL && rc != -EOPNOTSUPP && rc != -EAGAIN)
			noise->bad = rc;
		noise->rounds++;
	}
	return NULL;
}

static void *read_noise(void *arg)
{
	struct noise *noise = arg;
	union ucard_event event;

	while (skel_now_ms() < noise->deadline && !noise->bad) {
		int type;

		if (!ucard_pending(noise->card, 10))
			continue;
		type = ucard_next(noise->card, &event);
		if (type < 0)
			noise->bad = type;
		noise->rounds++;
	}
	return NULL;
}

/* A user who comes, maps, lets things move, frees and goes */
static void *use_card(void *arg)
{
	struct noise *noise = arg;

	while (skel_now_ms() < noise->deadline && !noise->bad) {
		int fd = ucard_open(noise->card, O_RDWR | O_NONBLOCK);
		const size_t page = skel_page();
		char replies[1024];
		__u64 host;
		__u8 *map;

		if (fd == -EBUSY)
			continue;
		map = fd < 0 ? NULL : skel_buffer(fd, SKEL_ALLOC_FROMHOST, page, &host);
		if (!map) {
			noise->bad = fd < 0 ? fd : -errno;
			break;
		}
		memset(map, GUARD, page);
		for (int i = 0; i < 20; i++) {
			int rc = skel_send(fd, "a line");

			if (rc && rc != -ETIMEDOUT)
				noise->bad = rc;
			if (read(fd, replies, sizeof(replies)) < 0 && errno != EAGAIN)
				noise->bad = -errno;
		}
		if (!skel_all(map, page, GUARD))
			noise->bad = 1;
		if (rand_r(&noise->seed) % 2) {
			int rc = skel_free(fd, host);

			if (rc && rc != -EBUSY)
				noise->bad = rc;
		}
		munmap(map, page);
		close(fd);
		noise->rounds++;
	}
	return NULL;
}

/* Two threads write noise, one reads it, users come and go. */
TEST_F_TIMEOUT(hostile, everybody_at_once, TIMEOUT)
{
	void *(* const roles[])(void *) = { write_noise, write_noise, read_noise, use_card };
	const __u64 deadline = skel_now_ms() + 1000 *
		from_environment("SKEL_RACE_SECONDS", 3);
	struct noise noise[ARRAY_SIZE(roles)];

	/* Its channel is for those who come and go. */
	munmap(self->buffer[1], self->length);
	close(self->user[1]);
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		noise[i] = (struct noise) {
			.card = &self->card,
			.host = self->host[i % 2],
			.seed = self->seed + i,
			.deadline = deadline,
		};
		ASSERT_EQ(0, pthread_create(&noise[i].thread, NULL, roles[i], &noise[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		pthread_join(noise[i].thread, NULL);
		EXPECT_EQ(0, noise[i].bad)
			TH_LOG("role %zu", i);
		EXPECT_LT(0, noise[i].rounds);
	}
}

/* Never stops to tell the user it has heard of last who that is. */
static void *talk(void *arg)
{
	struct noise *noise = arg;
	struct ucard *card = noise->card;

	while (skel_now_ms() < noise->deadline && !noise->bad) {
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
		noise->rounds++;
	}
	return NULL;
}

/* Read some lines: do all of them say the same? */
static bool hear_one_voice(int fd)
{
	unsigned int n, first = 0, lines = 0;
	char bytes[4096];
	size_t have = 0;

	while (lines < 100) {
		char *line = bytes, *end;
		ssize_t got;

		if (!skel_readable(fd, SKEL_ANSWER_MS))
			return false;
		got = read(fd, bytes + have, sizeof(bytes) - have);
		if (got <= 0)
			return false;
		have += got;
		while ((end = memchr(line, '\n', bytes + have - line))) {
			*end = '\0';
			/* A LOST line is no number. */
			n = strtoul(line, NULL, 10);
			if (n) {
				first = lines++ ? first : n;
				if (n != first)
					return false;
			}
			line = end + 1;
		}
		have -= line - bytes;
		memmove(bytes, line, have);
	}
	return true;
}

/* Users come and go while replies are on their way: none reaches the next one. */
TEST_F_TIMEOUT(hostile, late_replies, TIMEOUT)
{
	struct noise noise = {
		.card = &self->card,
		.deadline = skel_now_ms() + 1000 * from_environment("SKEL_RACE_SECONDS", 3),
	};
	unsigned int users = 0, wrong = 0;

	munmap(self->buffer[1], self->length);
	close(self->user[1]);
	ASSERT_EQ(1, ucard_drain(&self->card));
	ASSERT_EQ(0, pthread_create(&noise.thread, NULL, talk, &noise));
	while (skel_now_ms() + 500 < noise.deadline) {
		int fd = ucard_open(&self->card, O_RDWR);

		ASSERT_LE(0, fd);
		wrong += !hear_one_voice(fd);
		users++;
		close(fd);
	}
	pthread_join(noise.thread, NULL);
	EXPECT_EQ(0, noise.bad);
	EXPECT_EQ(0, wrong);
	EXPECT_LT(5, users);
	TH_LOG("%u users", users);
}

TEST_HARNESS_MAIN
