// SPDX-License-Identifier: GPL-2.0
/*
 * A card that ends its transfers twice, ends what was never granted, ends and
 * moves too late: after the end, after FREE, after close(), when the channel has
 * another user; or never. The test keeps book of every id and knows each answer.
 *
 * SKEL_HOSTILE_REQUESTS and SKEL_RACE_SEED are as in skel_hostile.c.
 */
#include "../kselftest_harness.h"
#include "skel_duel.h"
#include "skel_ucard_util.h"

#define TIMEOUT		3600
#define USERS		2
#define BUFFERS		3	/* of each user */
#define TRANSFERS	4	/* of one user at once */
#define IDS		64	/* that are remembered, most have ended */

struct lent {
	__u64 host;
	__u8 *map;
	__u8 *shadow;		/* what must be in it */
	unsigned int running;
};

struct granted {
	__u64 id;
	__u32 user, buffer, dir;
	__u64 card, bytes, offset;
	bool running;
};

FIXTURE(late)
{
	struct ucard card;
	size_t page;
	int user[USERS];
	struct lent lent[USERS][BUFFERS];
	struct granted granted[IDS];
	unsigned int next;
	__u8 *card_shadow;
	unsigned int seed;
	unsigned int rounds;

	/* Of the user who has the channel now */
	__u64 grants[USERS], failures[USERS];
	/* Of the whole run, so that none of it can be missing */
	unsigned long moved, ended, too_late, invented, busy, left;
};

static bool open_user(struct ucard *card, int *user)
{
	*user = ucard_user(card);
	return *user >= 0;
}

static bool lend(int user, struct lent *lent, size_t length)
{
	lent->map = skel_buffer(user, SKEL_BOTH, length, &lent->host);
	if (!lent->map)
		return false;
	lent->running = 0;
	memset(lent->shadow, 0, length);
	return true;
}

FIXTURE_SETUP(late)
{
	const char *requests = getenv("SKEL_HOSTILE_REQUESTS");
	struct skel_ucard_create create;
	int rc;

	self->page = skel_page();
	self->seed = skel_race_seed();
	self->rounds = (requests ? strtoul(requests, NULL, 0) : 20000) / 4;
	ucard_describe(&create);
	create.channels = USERS;
	create.transfers = TRANSFERS;
	create.timeout = SKEL_UCARD_TIMEOUT_MAX;
	rc = ucard_begin(&self->card, &create);
	if (rc == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (rc == -EACCES)
		SKIP(return, "must be root");
	ASSERT_EQ(0, rc);
	self->card_shadow = calloc(1, self->card.length);
	ASSERT_NE(NULL, self->card_shadow);
	for (int u = 0; u < USERS; u++) {
		ASSERT_TRUE(open_user(&self->card, &self->user[u]));
		for (int i = 0; i < BUFFERS; i++) {
			self->lent[u][i].shadow = malloc(self->page);
			ASSERT_NE(NULL, self->lent[u][i].shadow);
			ASSERT_TRUE(lend(self->user[u], &self->lent[u][i], self->page));
		}
	}
	TH_LOG("%u rounds, SKEL_RACE_SEED=%u", self->rounds, self->seed);
}

FIXTURE_TEARDOWN(late)
{
	for (int u = 0; u < USERS; u++)
		close(self->user[u]);
	ucard_end(&self->card);
}

static __u32 below(unsigned int *seed, __u32 end)
{
	return rand_r(seed) % end;
}

/* The bytes go where they were granted. */
static void follow(struct lent *lent, __u8 *card_shadow, const struct granted *g)
{
	__u8 *bytes = lent->shadow + g->offset;

	if (g->dir == UCARD_DIR_FROMHOST)
		memcpy(card_shadow + g->card, bytes, g->bytes);
	else
		memcpy(bytes, card_shadow + g->card, g->bytes);
}

TEST_F_TIMEOUT(late, every_end_has_one_beginning, TIMEOUT)
{
	struct skel_info info;

	for (unsigned int round = 0; round < self->rounds; round++) {
		struct granted *g = &self->granted[below(&self->seed, IDS)];
		const __u32 what = below(&self->seed, 200);
		__u32 u = below(&self->seed, USERS), b = below(&self->seed, BUFFERS);
		struct lent *lent = &self->lent[u][b];
		unsigned int running = 0;
		int rc;

		/* Most of them have ended: look for one that runs every other time. */
		for (int i = 0; i < IDS * (round % 2) && !g->running; i++)
			g = &self->granted[(g - self->granted + 1) % IDS];
		if (what < 70) {		/* ask for a transfer */
			for (int i = 0; i < BUFFERS; i++)
				running += self->lent[u][i].running;
			/* Running ones are not forgotten. */
			do {
				g = &self->granted[self->next++ % IDS];
			} while (g->running);
			*g = (struct granted) {
				.user = u,
				.buffer = b,
				.dir = below(&self->seed, 2),
				.offset = below(&self->seed, self->page),
				.card = below(&self->seed, self->card.length - self->page),
			};
			g->bytes = below(&self->seed, self->page - g->offset) + 1;
			rc = ucard_request(&self->card, 0, u, g->dir, g->card, g->bytes,
					   lent->host + g->offset, &g->id);
			ASSERT_EQ(running < TRANSFERS ? 0 : -EBUSY, rc);
			g->running = !rc;
			lent->running += !rc;
			self->grants[u] += !rc;
			self->busy += !!rc;
		} else if (what < 110) {	/* move it, whether it runs or not */
			lent = &self->lent[g->user][g->buffer];
			rc = ucard_move(&self->card, g->id);
			ASSERT_EQ(g->running ? 0 : -ENOENT, rc);
			if (!rc)
				follow(lent, self->card_shadow, g);
			self->moved += !rc;
			self->too_late += !!rc;
		} else if (what < 160) {	/* end it, whether it runs or not */
			const bool lies = below(&self->seed, 4) == 0;
			const bool fails = below(&self->seed, 4) == 0;

			lent = &self->lent[g->user][g->buffer];
			rc = ucard_complete(&self->card, g->id, g->bytes + lies, fails);
			ASSERT_EQ(!g->running ? -ENOENT : lies && !fails ? -ERANGE : 0, rc);
			lent->running -= g->running;
			self->ended += g->running;
			self->too_late += !g->running;
			self->failures[g->user] += g->running && (lies || fails);
			g->running = false;
		} else if (what < 175) {	/* one that nobody has given out */
			const __u64 id = g->id ^ 1ULL << below(&self->seed, 64);
			bool known = false;

			for (int i = 0; i < IDS; i++)
				known |= self->granted[i].id == id;
			if (known)
				continue;
			ASSERT_EQ(-ENOENT, ucard_move(&self->card, id));
			ASSERT_EQ(-ENOENT, ucard_complete(&self->card, id, g->bytes, 0));
			self->invented++;
		} else if (what < 199) {	/* the user frees it, and takes another */
			rc = skel_free(self->user[u], lent->host);
			ASSERT_EQ(lent->running ? -EBUSY : 0, rc);
			if (rc)
				continue;
			ASSERT_EQ(0, munmap(lent->map, self->page));
			ASSERT_TRUE(lend(self->user[u], lent, self->page));
		} else {			/* the user goes, and another comes */
			union ucard_event event;

			for (int i = 0; i < BUFFERS; i++)
				ASSERT_EQ(0, munmap(self->lent[u][i].map, self->page));
			close(self->user[u]);
			ASSERT_EQ(SKEL_UCARD_CLOSED, ucard_next(&self->card, &event));
			ASSERT_TRUE(open_user(&self->card, &self->user[u]));
			for (int i = 0; i < BUFFERS; i++)
				ASSERT_TRUE(lend(self->user[u], &self->lent[u][i], self->page));
			for (int i = 0; i < IDS; i++) {
				g = &self->granted[i];
				if (g->user == u && g->running) {
					self->left++;
					g->running = false;
				}
			}
			self->grants[u] = 0;
			self->failures[u] = 0;
		}
		if (round % 16)
			continue;

		/* Fresh bytes, and all of them are where they should be. */
		lent = &self->lent[u][b];
		skel_fill(lent->shadow, self->page, round);
		memcpy(lent->map, lent->shadow, self->page);
		for (u = 0; u < USERS; u++) {
			running = 0;
			for (int i = 0; i < BUFFERS; i++) {
				lent = &self->lent[u][i];
				running += lent->running;
				ASSERT_EQ(0, memcmp(lent->map, lent->shadow, self->page))
					TH_LOG("round %u", round);
			}
			ASSERT_EQ(0, skel_info(self->user[u], &info));
			ASSERT_EQ(running, info.pending);
			ASSERT_EQ(self->grants[u], info.granted);
			ASSERT_EQ(self->failures[u], info.failed);
			skel_drain(self->user[u], 0);
		}
		ASSERT_EQ(0, memcmp(self->card.memory, self->card_shadow, self->card.length))
			TH_LOG("round %u", round);
	}
	TH_LOG("%lu moved, %lu ended, %lu too late, %lu invented, %lu busy, %lu left running",
	       self->moved, self->ended, self->too_late, self->invented, self->busy,
	       self->left);
	EXPECT_LT(0, self->moved);
	EXPECT_LT(0, self->ended);
	EXPECT_LT(0, self->too_late);
	EXPECT_LT(0, self->invented);
	EXPECT_LT(0, self->busy);
	EXPECT_LT(0, self->left);
}

TEST_HARNESS_MAIN
