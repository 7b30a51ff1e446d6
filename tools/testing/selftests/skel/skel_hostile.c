// SPDX-License-Identifier: GPL-2.0
/*
 * A card that asks for what it must not have, and an oracle: the test knows of
 * each request whether it is right, by a way of its own, and expects exactly that
 * answer. It also knows what each byte must be that the card could reach: each
 * buffer, the card's memory, ordinary memory, and what another process has. All
 * of it is compared again and again; a byte that differs is astray.
 *
 * SKEL_HOSTILE_REQUESTS is how many requests are made (default 20000), and
 * SKEL_RACE_SEED repeats them.
 */
#include <pthread.h>
#include <sys/prctl.h>

#include "../kselftest_harness.h"
#include "skel_duel.h"
#include "skel_ucard_util.h"

#define RW	(PROT_READ | PROT_WRITE)
#define TIMEOUT	3600

/* Channels: two of the test, two of another process, one closed, one unused */
enum { MINE, YOURS, THEIRS, SPY, CLOSED, UNUSED, CHANNELS };

#define CARD_PAGES	8
#define ORDINARY	SKEL_KIB(256)
#define SPIED		SKEL_KIB(64)
#define BATCH		200		/* requests between two comparisons */
#define GUARD		0xa5

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

/* Each has a neighbour on both sides, which is never right to be touched with it. */
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

/* With the process that has nothing to do with it */
struct bystander {
	bool ready;
	bool stop;
	__u64 host;
	unsigned long checks;
	unsigned long astray;
};

FIXTURE(hostile)
{
	struct ucard card;
	size_t page;
	int user[CHANNELS];		/* -1: not open, or not ours */
	struct lent lent[LENT];
	__u8 *card_shadow;
	__u8 *ordinary;
	struct bystander *bystander;
	pid_t pid;
	unsigned int seed;
	unsigned int requests;
	unsigned long astray;
};

static unsigned int requests_wanted(void)
{
	const char *value = getenv("SKEL_HOSTILE_REQUESTS");

	return value ? strtoul(value, NULL, 0) : 20000;
}

static unsigned long count_wrong(const __u8 *bytes, const __u8 *right, size_t length)
{
	unsigned long wrong = 0;

	if (!memcmp(bytes, right, length))
		return 0;
	for (size_t i = 0; i < length; i++)
		wrong += bytes[i] != right[i];
	return wrong;
}

static unsigned long count_not(const __u8 *bytes, __u8 value, size_t length)
{
	unsigned long wrong = 0;

	if (skel_all(bytes, length, value))
		return 0;
	for (size_t i = 0; i < length; i++)
		wrong += bytes[i] != value;
	return wrong;
}

/*
 * Another process: a buffer and ordinary memory that it keeps, and some that come
 * and go, for they may have been freed by somebody else just before.
 */
static int stand_by(const struct ucard *card, struct bystander *b, size_t length)
{
	int fd = ucard_open(card, O_RDWR), spy = ucard_open(card, O_RDWR);
	__u8 *map = skel_buffer(fd, SKEL_BOTH, length, &b->host);
	__u8 *ordinary = mmap(NULL, ORDINARY, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!map || ordinary == MAP_FAILED)
		return 1;
	memset(map, GUARD, length);
	memset(ordinary, GUARD, ORDINARY);
	__atomic_store_n(&b->ready, true, __ATOMIC_RELEASE);
	do {
		__u8 *fresh[2];
		__u64 host;

		fresh[0] = skel_buffer(spy, SKEL_BOTH, SPIED, &host);
		fresh[1] = mmap(NULL, SPIED, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (!fresh[0] || fresh[1] == MAP_FAILED)
			return 2;
		for (int i = 0; i < 2; i++) {
			b->astray += count_not(fresh[i], 0, SPIED);
			memset(fresh[i], GUARD, SPIED);
		}
		skel_sleep_ms(10);
		for (int i = 0; i < 2; i++) {
			b->astray += count_not(fresh[i], GUARD, SPIED);
			munmap(fresh[i], SPIED);
		}
		if (skel_free(spy, host))
			return 3;
		b->astray += count_not(map, GUARD, length);
		b->astray += count_not(ordinary, GUARD, ORDINARY);
		b->checks++;
	} while (!__atomic_load_n(&b->stop, __ATOMIC_ACQUIRE));
	return 0;
}

FIXTURE_SETUP(hostile)
{
	struct skel_ucard_create create;
	int rc;

	self->page = skel_page();
	ucard_describe(&create);
	create.channels = CHANNELS;
	create.memory = CARD_PAGES * self->page;
	/* Nothing that is granted expires meanwhile. */
	create.timeout = SKEL_UCARD_TIMEOUT_MAX;
	rc = ucard_begin(&self->card, &create);
	if (rc == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (rc == -EACCES)
		SKIP(return, "must be root");
	ASSERT_EQ(0, rc);
	self->seed = skel_race_seed();
	self->requests = requests_wanted();
	TH_LOG("SKEL_HOSTILE_REQUESTS=%u SKEL_RACE_SEED=%u", self->requests, self->seed);

	for (int i = 0; i < CHANNELS; i++)
		self->user[i] = -1;
	for (int i = MINE; i <= YOURS; i++) {
		self->user[i] = ucard_user(&self->card);
		ASSERT_LE(0, self->user[i]);
		ASSERT_EQ(0, fcntl(self->user[i], F_SETFL, O_RDWR | O_NONBLOCK));
	}
	self->bystander = mmap(NULL, sizeof(*self->bystander), RW,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->bystander);
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid)
		_exit(stand_by(&self->card, self->bystander, 2 * self->page));
	for (int i = 0; i < SKEL_ANSWER_MS; i++) {
		if (__atomic_load_n(&self->bystander->ready, __ATOMIC_ACQUIRE))
			break;
		skel_sleep_ms(1);
	}
	ASSERT_TRUE(self->bystander->ready);
	self->user[CLOSED] = ucard_open(&self->card, O_RDWR);
	ASSERT_LE(0, self->user[CLOSED]);
	ASSERT_EQ(3, ucard_drain(&self->card));
}

FIXTURE_TEARDOWN(hostile)
{
	__atomic_store_n(&self->bystander->stop, true, __ATOMIC_RELEASE);
	EXPECT_EQ(0, skel_wait(self->pid));
	EXPECT_EQ(0, self->bystander->astray);
	EXPECT_LT(0, self->bystander->checks);
	for (int i = 0; i < CHANNELS; i++)
		if (self->user[i] >= 0)
			close(self->user[i]);
	ucard_end(&self->card);
}

static __u64 random64(unsigned int *seed)
{
	__u64 value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 16 ^ rand_r(seed);
	return value;
}

/* Its first and its last byte are inside, in this order: nothing wraps around. */
static bool inside(__u64 first, __u64 length, __u64 base, __u64 size)
{
	const __u64 last = first + length - 1;

	return length && first <= last && first >= base && last <= base + size - 1;
}

/* The buffer of its channel in which the request lies, or NULL */
static struct lent *lender_of(struct lent *lent, size_t n, const struct skel_ucard_request *r)
{
	for (size_t i = 0; i < n; i++)
		if (lent[i].live && lent[i].channel == r->head.channel &&
		    inside(r->host_addr, r->bytes, lent[i].host, lent[i].length))
			return &lent[i];
	return NULL;
}

/* Is @error what a card may hear that has asked this? */
static bool right_answer(struct lent *lent, size_t n, size_t memory,
			 const struct skel_ucard_request *r, int error)
{
	const struct lent *lender = lender_of(lent, n, r);
	const __u32 need = r->dir ? SKEL_ALLOC_FROMHOST : SKEL_ALLOC_TOHOST;
	const bool open = r->head.channel <= THEIRS;
	const bool range = !inside(r->card_addr, r->bytes, 0, memory);
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

/* The @n-th of all wrong and right ones that can be thought of; false: no more */
static bool systematic(const struct lent *lent, size_t memory, unsigned long n,
		       struct skel_ucard_request *r)
{
	const __u32 channels[] = {
		MINE, YOURS, THEIRS, CLOSED, UNUSED, CHANNELS, 1023, ~0U, MINE,
	};
	const struct lent *b;
	__u64 from, length;

	r->dir = n % 2;
	n /= 2;
	b = &lent[n % LENT];
	n /= LENT;
	/* every other time the channel whose buffer it is */
	r->head.channel = n % 18 < 9 ? b->channel : channels[n % 9];
	n /= 18;
	{
		const __u64 starts[] = {
			b->host, b->host - 1, b->host + 1, b->host + b->length - 1,
			b->host + b->length, b->host - b->length, 0, ~0ULL,
		};

		from = starts[n % 8];
		n /= 8;
	}
	{
		const __u64 left = b->host + b->length - from;
		const __u64 lengths[] = {
			1, left, left + 1, left - 1, 0, b->length, b->length + 1, 2,
			~0ULL, -from, -from + 1, 1ULL << 32, (1ULL << 32) + left,
			1ULL << 63, 2 * b->length,
		};

		length = lengths[n % 15];
		n /= 15;
	}
	{
		const __u64 cards[] = {
			0, memory - length, memory - length + 1, memory, ~0ULL, -length,
			1ULL << 32,
		};

		r->card_addr = cards[n % 7];
		n /= 7;
	}
	r->host_addr = from;
	r->bytes = length;
	return !n;
}

static __u64 nearly(unsigned int *seed, __u64 right)
{
	switch (rand_r(seed) % 16) {
	case 0:
		return random64(seed);
	case 1:
		return right ^ 1ULL << rand_r(seed) % 64;
	case 2:
	case 3:
		return right + rand_r(seed) % 8 - 4;
	case 4:
		return -right;
	default:
		return right;
	}
}

static void at_random(const struct lent *lent, size_t memory, unsigned int *seed,
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
static void follow(struct lent *lent, size_t n, __u8 *card_shadow,
		   const struct skel_ucard_request *r)
{
	struct lent *b = lender_of(lent, n, r);

	if (r->dir)
		memcpy(card_shadow + r->card_addr, b->shadow + (r->host_addr - b->host), r->bytes);
	else
		memcpy(b->shadow + (r->host_addr - b->host), card_shadow + r->card_addr, r->bytes);
}

/* Lines that tell of the end of a request, the lost ones with them */
static unsigned long count_ends(int fd)
{
	static char rest[2 * SKEL_LINE_MAX];
	unsigned long ends = 0;
	size_t have = 0;

	for (;;) {
		ssize_t got = read(fd, rest + have, sizeof(rest) - have);
		char *line = rest, *end;

		if (got <= 0)
			return ends;
		have += got;
		while ((end = memchr(line, '\n', rest + have - line))) {
			unsigned long lost;
			const char *core;

			*end = '\0';
			core = skel_core(line);
			if (sscanf(core, "LOST %lu", &lost) == 1)
				ends += lost;
			else if (!strncmp(core, "REFUSED ", 8) || !strncmp(core, "DONE ", 5))
				ends++;
			line = end + 1;
		}
		have -= line - rest;
		memmove(rest, line, have);
	}
}

/*
 * Every request is answered as it has to be, and counted as what it was; and no
 * byte moves that was not asked for rightly.
 */
TEST_F_TIMEOUT(hostile, wrong_requests, TIMEOUT)
{
	const int errors[] = { 0, -ENOTCONN, -EINVAL, -EFAULT, -EACCES, -ERANGE };
	unsigned long answers[ARRAY_SIZE(errors)] = { 0 };
	unsigned long refused[CHANNELS] = { 0 }, granted[CHANNELS] = { 0 };
	unsigned long ends[CHANNELS] = { 0 }, code = 0, step = 1, n;
	unsigned long wrong = 0, right = 0, unanswered = 0;
	const size_t memory = self->card.length;
	struct skel_ucard_request asked[BATCH];
	union ucard_event event;
	struct skel_info info;

	self->card_shadow = malloc(memory);
	self->ordinary = malloc(ORDINARY);
	ASSERT_NE(NULL, self->card_shadow);
	ASSERT_NE(NULL, self->ordinary);
	memset(self->ordinary, GUARD, ORDINARY);
	for (size_t i = 0; i < LENT; i++) {
		struct lent *b = &self->lent[i];

		*b = layout[i];
		b->length = b->pages * self->page;
		if (b->channel == THEIRS) {
			b->host = self->bystander->host;
			b->live = true;
			continue;
		}
		b->map = skel_buffer(self->user[b->channel], b->dirs, b->length, &b->host);
		ASSERT_NE(NULL, b->map);
		b->live = b->channel != CLOSED;
		b->shadow = malloc(b->length);
		ASSERT_NE(NULL, b->shadow);
	}
	ASSERT_EQ(0, skel_free(self->user[MINE], self->lent[FREED].host));
	self->lent[FREED].live = false;
	ASSERT_EQ(0, munmap(self->lent[LENT - 1].map, self->lent[LENT - 1].length));
	close(self->user[CLOSED]);
	self->user[CLOSED] = -1;
	ASSERT_EQ(1, ucard_drain(&self->card));

	/* If there is no time for all systematic ones, then for some of each kind. */
	for (n = 0; systematic(self->lent, memory, n, &asked[0]); n++)
		;
	while (step * (self->requests / 2) < n || n % step == 0)
		step++;

	for (unsigned int done = 0; done < self->requests; done += BATCH) {
		struct lent *b = &self->lent[rand_r(&self->seed) % LENT];
		struct ucard_batch batch = { 0 };
		unsigned int count = 0;

		/* Fresh bytes, else all of it would look alike soon */
		if (b->live && b->map) {
			skel_fill(b->shadow, b->length, rand_r(&self->seed));
			memcpy(b->map, b->shadow, b->length);
		}
		skel_fill(self->card_shadow, memory, rand_r(&self->seed));
		memcpy(self->card.memory, self->card_shadow, memory);
		if (!done) {
			for (b = self->lent; b < self->lent + LENT; b++) {
				if (!b->live || !b->map)
					continue;
				skel_fill(b->shadow, b->length, rand_r(&self->seed));
				memcpy(b->map, b->shadow, b->length);
			}
		}

		while (count < BATCH) {
			struct skel_ucard_request *r = &asked[count];
			union ucard_action action;

			ucard_fill_request(&self->card, &action, SKEL_UCARD_AT_ONCE, 0, 0, 0, 0, 0);
			*r = action.request;
			/* The first half is systematic, as long as there are any. */
			if (code >= n || count % 2)
				at_random(self->lent, memory, &self->seed, r);
			else
				systematic(self->lent, memory, code, r);
			code += step;
			if (r->head.channel < ARRAY_SIZE(self->card.opening))
				r->head.opening = self->card.opening[r->head.channel];
			/* What it asks of another process shall always be wrong. */
			if (r->head.channel == SPY ||
			    (r->head.channel == THEIRS &&
			     right_answer(self->lent, LENT, memory, r, 0)))
				continue;
			r->tag = count++;
			action.request = *r;
			ucard_add(&batch, &action);
		}
		ASSERT_EQ(batch.length, write(self->card.fd, batch.bytes, batch.length));

		for (unsigned int i = 0; i < BATCH; i++) {
			const struct skel_ucard_request *r = &asked[i];
			bool fits;

			ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&self->card, &event));
			ASSERT_EQ(i, event.result.tag);
			fits = right_answer(self->lent, LENT, memory, r, event.result.error);
			ASSERT_TRUE(fits)
				TH_LOG("channel %u dir %u card %#llx bytes %#llx host %#llx: %d",
				       r->head.channel, r->dir, r->card_addr, r->bytes,
				       r->host_addr, event.result.error);
			for (size_t e = 0; e < ARRAY_SIZE(errors); e++)
				answers[e] += event.result.error == errors[e];
			/* The oracle's count, not the driver's */
			if (right_answer(self->lent, LENT, memory, r, 0)) {
				right++;
				granted[r->head.channel]++;
				follow(self->lent, LENT, self->card_shadow, r);
			} else {
				wrong++;
				if (r->head.channel <= THEIRS)
					refused[r->head.channel]++;
				else
					unanswered++;
			}
		}
		EXPECT_FALSE(ucard_pending(&self->card, 0));
		for (b = self->lent; b < self->lent + LENT; b++)
			if (b->live && b->map)
				self->astray += count_wrong(b->map, b->shadow, b->length);
		self->astray += count_wrong(self->card.memory, self->card_shadow, memory);
		self->astray += count_not(self->ordinary, GUARD, ORDINARY);
		ASSERT_EQ(0, self->astray)
			TH_LOG("after %u requests", done + BATCH);
		for (int i = MINE; i <= YOURS; i++)
			ends[i] += count_ends(self->user[i]);
	}

	for (size_t e = 0; e < ARRAY_SIZE(errors); e++) {
		TH_LOG("error %d: %lu times", errors[e], answers[e]);
		EXPECT_LT(0, answers[e]);
	}
	TH_LOG("%lu wrong requests, %lu right ones, %lu bytes astray", wrong, right, self->astray);
	/* As many refusals as wrong requests, of each channel and for all of them */
	EXPECT_EQ(right, answers[0]);
	EXPECT_EQ(unanswered, answers[1]);
	for (int i = MINE; i <= YOURS; i++) {
		ASSERT_EQ(0, skel_info(self->user[i], &info));
		EXPECT_EQ(refused[i], info.refused);
		EXPECT_EQ(granted[i], info.granted);
		EXPECT_EQ(0, info.failed);
		EXPECT_EQ(0, info.pending);
		/* What was lost last is told with the next line. */
		ASSERT_EQ(-EINVAL, ucard_request(&self->card, SKEL_UCARD_AT_ONCE, i, 0, 0, 0, 0,
						 NULL));
		ends[i] += count_ends(self->user[i]);
		EXPECT_EQ(refused[i] + granted[i] + 1, ends[i]);
	}
	EXPECT_EQ(0, granted[THEIRS]);
	EXPECT_LT(0, refused[THEIRS]);
	for (size_t i = 0; i < LENT; i++)
		free(self->lent[i].shadow);
	free(self->card_shadow);
	free(self->ordinary);
}

/* A buffer that comes and goes, and what is known of it */
struct slot {
	__u64 word;		/* a count, and one of the states */
	__u64 host;
};

enum { DEAD, LIVE, UNSURE, FREEING, STATES };

#define SLOTS	3		/* of each user */
#define MARK	0x3c		/* of users */
#define FROM	0xca		/* of the card */

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

static void set_state(struct slot *slot, unsigned int state)
{
	__atomic_store_n(&slot->word, (slot->word / STATES + 1) * STATES + state,
			 __ATOMIC_SEQ_CST);
}

/* Only what users and the card write, nobody else's bytes */
static unsigned long count_foreign(const __u8 *bytes, size_t length)
{
	unsigned long wrong = 0;

	if (skel_all(bytes, length, *bytes) && *bytes != GUARD && *bytes != SKEL_PAGE_POISON)
		return 0;
	for (size_t i = 0; i < length; i++)
		wrong += bytes[i] && bytes[i] != MARK && bytes[i] != FROM;
	return wrong;
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
		f->astray += count_foreign(map, f->length);
		memset(map, MARK, f->length);
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
		if (__atomic_load_n(&slot->word, __ATOMIC_SEQ_CST) % STATES == FREEING)
			break;
	}
	return slot;
}

/*
 * Buffers are freed while the card asks for them and while it copies: what was
 * live all the time is granted, what was freed before is refused, and nothing
 * moves to or from pages that are somebody else's by now.
 */
TEST_F_TIMEOUT(hostile, requests_for_what_is_being_freed, TIMEOUT)
{
	unsigned long granted = 0, refused = 0, sure[STATES] = { 0 };
	/* Large buffers take long to copy, and to free. */
	const size_t half = SKEL_KIB(256);
	__u64 now_granted = 0, now_refused = 0;
	struct freer freers[2] = { 0 };
	struct skel_ucard_create create;
	struct skel_info info;
	union ucard_event event;
	struct ucard card;

	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	ucard_describe(&create);
	create.memory = 2 * half;
	ASSERT_EQ(0, ucard_begin(&card, &create));
	memset(card.memory, FROM, card.length);
	for (int i = 0; i < 2; i++) {
		freers[i].fd = ucard_user(&card);
		ASSERT_LE(0, freers[i].fd);
		freers[i].seed = self->seed + i;
		freers[i].length = half;
		ASSERT_EQ(0, pthread_create(&freers[i].thread, NULL, come_and_go, &freers[i]));
	}
	for (unsigned int done = 0; done < self->requests / 4; done++) {
		const unsigned int channel = rand_r(&self->seed) % 2;
		struct slot *slot = choose(&freers[channel], &self->seed);
		const __u64 before = __atomic_load_n(&slot->word, __ATOMIC_SEQ_CST);
		const __u32 dir = rand_r(&self->seed) % 2;
		union ucard_action action;
		unsigned int state;
		int error;

		ucard_fill_request(&card, &action, SKEL_UCARD_AT_ONCE, channel, dir,
				   dir ? half : 0, half, slot->host);
		ASSERT_EQ(0, ucard_act(&card, &action));
		ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&card, &event));
		error = event.result.error;
		state = before == __atomic_load_n(&slot->word, __ATOMIC_SEQ_CST) ?
			before % STATES : UNSURE;
		ASSERT_TRUE(error == 0 || error == -EFAULT)
			TH_LOG("%d", error);
		if (state == LIVE)
			ASSERT_EQ(0, error);
		if (state == DEAD)
			ASSERT_EQ(-EFAULT, error);
		sure[state]++;
		granted += !error;
		refused += !!error;
		if (dir && !error)
			self->astray += count_foreign(card.memory + half, half);
	}
	for (int i = 0; i < 2; i++) {
		__atomic_store_n(&freers[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(freers[i].thread, NULL);
		EXPECT_EQ(0, freers[i].bad);
		EXPECT_LT(0, freers[i].frees);
		self->astray += freers[i].astray;
		ASSERT_EQ(0, skel_info(freers[i].fd, &info));
		now_granted += info.granted;
		now_refused += info.refused;
		EXPECT_EQ(0, info.pending);
	}
	TH_LOG("%lu granted, %lu refused; %lu were live, %lu freed, %lu in between",
	       granted, refused, sure[LIVE], sure[DEAD], sure[UNSURE] + sure[FREEING]);
	TH_LOG("%lu frees, %lu of a busy buffer", freers[0].frees + freers[1].frees,
	       freers[0].busy + freers[1].busy);
	EXPECT_EQ(granted, now_granted);
	EXPECT_EQ(refused, now_refused);
	EXPECT_LT(0, sure[LIVE]);
	EXPECT_LT(0, sure[DEAD]);
	EXPECT_LT(0, sure[UNSURE]);
	EXPECT_EQ(0, self->astray);
	close(freers[0].fd);
	close(freers[1].fd);
	ucard_end(&card);
}

TEST_HARNESS_MAIN
