// SPDX-License-Identifier: GPL-2.0
/*
 * Transfers of the simulated card: the right bytes move, and each request that is
 * not wholly inside one live buffer of its channel is refused and moves none. While
 * a transfer runs, its buffer cannot be freed; the channel can be closed and its
 * process killed, no byte moves afterwards, and all that is left behind comes back.
 * What the converters of the card write into its memory is tested here as well.
 */
#include <endian.h>
#include <pthread.h>

#include "../kselftest_harness.h"
#include "skel_util.h"

#define PAGES		3
#define NEIGHBOURS	4

/* Debug kernels and busy machines are slow. */
#define TIMEOUT		300

/* A buffer between others, and card memory, all with patterns */
struct scene {
	int fd;
	size_t page;
	size_t length;		/* of each buffer */
	__u64 host;
	__u8 *map;
	size_t card_length;
	__u8 *card;
	struct {
		__u64 host;
		__u8 *map;
	} near[NEIGHBOURS];	/* buffers allocated before and after */
	__u64 sum;
	struct skel_info info;
};

FIXTURE(transfer)
{
	struct scene scene;
};

static bool add_buffer(struct scene *s, __u8 **map, __u64 *host, __u32 seed)
{
	*map = skel_buffer(s->fd, SKEL_BOTH, s->length, host);
	if (*map)
		skel_fill(*map, s->length, seed);
	return *map;
}

FIXTURE_SETUP(transfer)
{
	struct scene *s = &self->scene;

	SKEL_OPEN_OR_SKIP(s->fd, O_RDWR);
	s->page = skel_page();
	s->length = PAGES * s->page;
	ASSERT_STREQ("OK STOP", skel_ask(s->fd, "STOP"));
	s->card = skel_card_memory(s->fd, &s->card_length);
	ASSERT_NE(NULL, s->card);
	for (int i = 0; i < NEIGHBOURS; i++) {
		if (i == NEIGHBOURS / 2)
			ASSERT_TRUE(add_buffer(s, &s->map, &s->host, 100));
		ASSERT_TRUE(add_buffer(s, &s->near[i].map, &s->near[i].host, 101 + i));
	}
	skel_fill(s->card, s->card_length, 99);
}

FIXTURE_TEARDOWN(transfer)
{
	close(self->scene.fd);
}

/* FNV-1a, of words: emulated machines are slow. */
static __u64 add_to_sum(__u64 sum, const void *data, size_t length)
{
	const __u64 *words = data;

	for (size_t i = 0; i < length / sizeof(*words); i++)
		sum = (sum ^ words[i]) * 0x100000001b3ULL;
	return sum;
}

/* Of everything that a transfer could have changed */
static __u64 sum_of_all(struct scene *s)
{
	__u64 sum = add_to_sum(0xcbf29ce484222325ULL, s->card, s->card_length);

	sum = add_to_sum(sum, s->map, s->length);
	for (int i = 0; i < NEIGHBOURS; i++)
		sum = add_to_sum(sum, s->near[i].map, s->length);
	return sum;
}

/* Both directions of a request, which must be refused for this reason, or for any */
static bool refused(struct scene *s, __u64 card, __u64 length, __u64 host, const char *reason)
{
	static const char * const directions[] = { "TOHOST", "FROMHOST" };

	for (size_t i = 0; i < ARRAY_SIZE(directions); i++) {
		const char *seen = skel_transfer(s->fd, directions[i], card, length, host);

		if (strncmp(seen, "REFUSED ", 8) || (reason && strcmp(seen + 8, reason))) {
			fprintf(stderr, "# %s %#llx %#llx %#llx: %s, expected %s\n",
				directions[i], card, length, host, seen,
				reason ?: "any refusal");
			return false;
		}
	}
	return true;
}

/* One transfer each way; only the bytes asked for change. */
static bool moves(struct scene *s, size_t card, size_t length, size_t offset)
{
	const __u64 host = s->host + offset;
	bool ok;

	memset(s->map, 0xee, s->length);
	skel_fill(s->card + card, length, offset + length);
	ok = !strcmp("DONE", skel_transfer(s->fd, "TOHOST", card, length, host)) &&
	     skel_all(s->map, offset, 0xee) &&
	     skel_check(s->map + offset, length, offset + length) &&
	     skel_all(s->map + offset + length, s->length - offset - length, 0xee);

	memset(s->card, 0xdd, card + length + s->page);
	ok = ok && !strcmp("DONE", skel_transfer(s->fd, "FROMHOST", card, length, host)) &&
	     skel_all(s->card, card, 0xdd) &&
	     skel_check(s->card + card, length, offset + length) &&
	     skel_all(s->card + card + length, s->page, 0xdd);
	if (!ok)
		fprintf(stderr, "# card %#zx, length %#zx, offset %#zx\n", card, length, offset);
	return ok;
}

TEST_F_TIMEOUT(transfer, moves_exactly_the_bytes_asked_for, TIMEOUT)
{
	struct scene *s = &self->scene;
	const size_t page = s->page;
	const size_t starts[] = { 0, 1, 2, 3, 5, 8, 63, page / 2 + 1, page - 1, page, page + 1 };
	const size_t lengths[] = { 1, 2, 3, 4, 7, 8, 9, 64, 511, page - 1, page, page + 1 };

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(lengths); j++) {
			EXPECT_TRUE(moves(s, starts[(i + j) % ARRAY_SIZE(starts)], lengths[j],
					  starts[i]));
		}
	}
	for (size_t length = 1; length <= page + 1; length += 1 + length / 16)
		EXPECT_TRUE(moves(s, 7, length, page - length % 13));
}

TEST_F(transfer, whole_buffer_and_both_ends)
{
	struct scene *s = &self->scene;

	EXPECT_TRUE(moves(s, 0, s->length, 0));
	EXPECT_TRUE(moves(s, 0, 1, 0));
	EXPECT_TRUE(moves(s, 0, 1, s->length - 1));
	EXPECT_STREQ("DONE", skel_transfer(s->fd, "TOHOST", s->card_length - 1, 1, s->host));
	EXPECT_STREQ("DONE", skel_transfer(s->fd, "TOHOST", s->card_length - s->length,
					   s->length, s->host));
}

TEST_F(transfer, whole_card_memory)
{
	struct scene *s = &self->scene;
	__u64 host;
	__u8 *map = skel_buffer(s->fd, SKEL_BOTH, s->card_length, &host);

	if (!map && (errno == ENOMEM || errno == EINVAL))
		SKIP(return, "no buffer as long as card memory");
	ASSERT_NE(NULL, map);
	EXPECT_STREQ("DONE", skel_transfer(s->fd, "TOHOST", 0, s->card_length, host));
	EXPECT_TRUE(skel_check(map, s->card_length, 99));
	skel_fill(map, s->card_length, 98);
	EXPECT_STREQ("DONE", skel_transfer(s->fd, "FROMHOST", 0, s->card_length, host));
	EXPECT_TRUE(skel_check(s->card, s->card_length, 98));
}

TEST_F(transfer, numbers_may_be_decimal_or_hexadecimal)
{
	struct scene *s = &self->scene;
	char expected[128];

	snprintf(expected, sizeof(expected), SKEL_CORE_MARK "DONE TOHOST 0x10 0x11 %#llx",
		 s->host);
	EXPECT_STREQ(expected, skel_ask(s->fd, "TOHOST 16 17 %llu", s->host));
	EXPECT_STREQ(expected, skel_ask(s->fd, "tohost 0x10 0x11 0x%llX\r", s->host));
	EXPECT_STREQ(expected, skel_ask(s->fd, " TOHOST\t0x0010  17 0x%020llx ", s->host));
}

struct bad {
	__u64 card, length, host;
};

/* All of these are refused, in both directions, for this reason or for any. */
static bool all_refused(struct scene *s, const struct bad *bad, size_t count, const char *reason)
{
	bool good = true;

	for (size_t i = 0; i < count; i++)
		good &= refused(s, bad[i].card, bad[i].length, bad[i].host, reason);
	return good;
}

TEST_F(transfer, outside_is_refused)
{
	struct scene *s = &self->scene;
	const __u64 host = s->host, length = s->length, end = host + length, page = s->page;
	const __u64 card_end = s->card_length;
	/* Each begins or ends one byte outside of the buffer, or much more. */
	const struct bad in_host[] = {
		{ 0, 1, host - 1 }, { 0, 2, host - 1 }, { 0, length, host - 1 },
		{ 0, length + 2, host - 1 }, { 0, 1, end }, { 0, 2, end - 1 },
		{ 0, length, host + 1 }, { 0, length + 1, host }, { 0, page, host - page },
		{ 0, 2 * page, host - page }, { 0, 2 * page, end - page },
		{ 0, 16, host ^ 1ULL << 32 }, { 0, 16, host ^ 1ULL << 34 },
		{ 0, 16, host | 1ULL << 44 }, { 0, 16, host | 1ULL << 63 }, { 0, 1, 0 },
		{ 0, page, 0 }, { 0, 1, 0x100000000 }, { 0, 1, UINT64_MAX },
		{ 0, 16, (uintptr_t)s->map },
	};
	const struct bad in_card[] = {
		{ card_end, 1, host }, { card_end - 1, 2, host },
		{ card_end - length + 1, length, host }, { card_end + page, page, host },
		{ 1ULL << 32, 16, host }, { 1ULL << 63, 16, host }, { UINT64_MAX, 1, host },
	};
	const struct bad nothing[] = { { 0, 0, host }, { 5, 0, host + 5 } };
	/* Sums that wrap around: any reason will do, but nothing moves. */
	const struct bad wrap[] = {
		{ 0, UINT64_MAX, host }, { 0, -host, host }, { 0, -host + 1, host },
		{ 0, -host + length, host }, { 0, UINT64_MAX, host + 1 }, { 0, 2, UINT64_MAX },
		{ 0, UINT64_MAX, UINT64_MAX }, { UINT64_MAX, 2, host },
		{ UINT64_MAX - 15, 16, host }, { UINT64_MAX - 15, 32, host },
		{ 1, UINT64_MAX, host }, { 0, 1ULL << 32, host }, { 0, (1ULL << 32) + 1, host },
		{ 1ULL << 32, 1, host }, { (1ULL << 32) + 1, 1, host }, { 0, 1ULL << 63, host },
	};

	/* Leave a hole on each side, so that one outside is outside. */
	EXPECT_EQ(0, skel_free(s->fd, s->near[NEIGHBOURS / 2 - 1].host));
	EXPECT_EQ(0, skel_free(s->fd, s->near[NEIGHBOURS / 2].host));
	s->near[NEIGHBOURS / 2 - 1] = s->near[0];
	s->near[NEIGHBOURS / 2] = s->near[NEIGHBOURS - 1];
	s->sum = sum_of_all(s);
	EXPECT_TRUE(all_refused(s, in_host, ARRAY_SIZE(in_host), "host-address"));
	EXPECT_TRUE(all_refused(s, in_card, ARRAY_SIZE(in_card), "card-address"));
	EXPECT_TRUE(all_refused(s, nothing, ARRAY_SIZE(nothing), "length"));
	EXPECT_TRUE(all_refused(s, wrap, ARRAY_SIZE(wrap), NULL));
	EXPECT_EQ(s->sum, sum_of_all(s));
	ASSERT_EQ(0, skel_info(s->fd, &s->info));
	EXPECT_EQ(2 * (ARRAY_SIZE(in_host) + ARRAY_SIZE(in_card) + ARRAY_SIZE(nothing) +
		       ARRAY_SIZE(wrap)), s->info.refused);
	EXPECT_EQ(0, s->info.granted + s->info.bytes_tohost + s->info.bytes_fromhost);
}

/* Two buffers are not one, even if their host addresses are neighbours. */
TEST_F(transfer, across_two_buffers_is_refused)
{
	struct scene *s = &self->scene;

	s->sum = sum_of_all(s);
	for (int i = 0; i < NEIGHBOURS; i++) {
		const __u64 host = s->near[i].host;

		EXPECT_TRUE(refused(s, 0, 2 * s->length, host, "host-address"));
		EXPECT_TRUE(refused(s, 0, 2, host + s->length - 1, "host-address"));
	}
	EXPECT_EQ(s->sum, sum_of_all(s));
}

TEST_F(transfer, wrong_direction_is_refused)
{
	struct scene *s = &self->scene;
	__u64 tohost, fromhost;
	__u8 *to = skel_buffer(s->fd, SKEL_ALLOC_TOHOST, s->page, &tohost);
	__u8 *from = skel_buffer(s->fd, SKEL_ALLOC_FROMHOST, s->page, &fromhost);

	ASSERT_NE(NULL, to);
	ASSERT_NE(NULL, from);
	memset(from, 0x11, s->page);
	s->sum = sum_of_all(s);
	EXPECT_STREQ("REFUSED direction", skel_transfer(s->fd, "FROMHOST", 0, 16, tohost));
	EXPECT_STREQ("REFUSED direction", skel_transfer(s->fd, "TOHOST", 0, 16, fromhost));
	EXPECT_EQ(s->sum, sum_of_all(s));
	EXPECT_TRUE(skel_all(to, s->page, 0));
	EXPECT_TRUE(skel_all(from, s->page, 0x11));
	EXPECT_STREQ("DONE", skel_transfer(s->fd, "TOHOST", 0, 16, tohost));
	EXPECT_STREQ("DONE", skel_transfer(s->fd, "FROMHOST", 0, 16, fromhost));
	EXPECT_TRUE(skel_all(s->card, 16, 0x11));
	EXPECT_TRUE(skel_all(to + 16, s->page - 16, 0));
}

TEST_F(transfer, freed_buffer_is_refused)
{
	struct scene *s = &self->scene;
	const __u64 freed = s->near[0].host;
	__u64 host;
	__u8 *map;

	EXPECT_EQ(0, skel_free(s->fd, freed));
	/* Likely to get the same pages */
	map = skel_buffer(s->fd, SKEL_BOTH, s->length, &host);
	ASSERT_NE(NULL, map);
	EXPECT_TRUE(refused(s, 0, 16, freed, "host-address"));
	EXPECT_TRUE(refused(s, 0, s->length, freed, "host-address"));
	EXPECT_TRUE(skel_all(map, s->length, 0));
	EXPECT_TRUE(skel_check(s->card, s->card_length, 99));
}

TEST_F(transfer, other_channels_buffer_is_refused)
{
	struct scene *s = &self->scene;
	int other = skel_open(O_RDWR);
	__u64 host;
	__u8 *map;

	ASSERT_LE(0, other);
	map = skel_buffer(other, SKEL_BOTH, s->length, &host);
	ASSERT_NE(NULL, map);
	skel_fill(map, s->length, 55);
	EXPECT_TRUE(refused(s, 0, 16, host, "host-address"));
	EXPECT_TRUE(refused(s, 0, s->length, host, "host-address"));
	EXPECT_TRUE(skel_check(map, s->length, 55));
	EXPECT_TRUE(skel_check(s->card, s->card_length, 99));
	/* Reported and counted for the channel that asked */
	EXPECT_FALSE(skel_readable(other, SKEL_SILENCE_MS));
	ASSERT_EQ(0, skel_info(other, &s->info));
	EXPECT_EQ(0, s->info.refused);
	ASSERT_EQ(0, skel_info(s->fd, &s->info));
	EXPECT_EQ(4, s->info.refused);
	/* Its owner may. */
	EXPECT_STREQ("DONE", skel_transfer(other, "TOHOST", 0, 16, host));
	close(other);
}

TEST_F(transfer, other_processs_buffer_is_refused)
{
	struct scene *s = &self->scene;
	int to_child[2], to_parent[2];
	__u64 host = 0;
	char byte = 0;
	pid_t pid;

	ASSERT_EQ(0, pipe(to_child));
	ASSERT_EQ(0, pipe(to_parent));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		int own = skel_open(O_RDWR);
		__u8 *map = skel_buffer(own, SKEL_BOTH, s->length, &host);

		ASSERT_NE(NULL, map);
		skel_fill(map, s->length, 66);
		EXPECT_EQ(sizeof(host), write(to_parent[1], &host, sizeof(host)));
		EXPECT_EQ(1, read(to_child[0], &byte, 1));
		EXPECT_TRUE(skel_check(map, s->length, 66));
		_exit(_metadata->exit_code);
	}
	close(to_parent[1]);
	ASSERT_EQ(sizeof(host), read(to_parent[0], &host, sizeof(host)));
	EXPECT_TRUE(refused(s, 0, 16, host, "host-address"));
	EXPECT_TRUE(refused(s, 0, s->length, host, "host-address"));
	EXPECT_EQ(1, write(to_child[1], &byte, 1));
	EXPECT_EQ(0, skel_wait(pid));
	EXPECT_TRUE(skel_check(s->card, s->card_length, 99));
}

TEST_F(transfer, counters_count)
{
	struct scene *s = &self->scene;

	for (int i = 0; i < 10; i++)
		EXPECT_STREQ("DONE", skel_transfer(s->fd, "TOHOST", 0, 100 + i, s->host));
	for (int i = 0; i < 7; i++)
		EXPECT_STREQ("DONE", skel_transfer(s->fd, "FROMHOST", 0, 10, s->host));
	EXPECT_TRUE(refused(s, 0, 0, s->host, "length"));
	ASSERT_EQ(0, skel_info(s->fd, &s->info));
	EXPECT_EQ(17, s->info.granted);
	EXPECT_EQ(2, s->info.refused);
	EXPECT_EQ(0, s->info.failed);
	EXPECT_EQ(0, s->info.pending);
	EXPECT_EQ(10 * 100 + 45, s->info.bytes_tohost);
	EXPECT_EQ(70, s->info.bytes_fromhost);
}

TEST_F(transfer, needs_no_mapping)
{
	struct scene *s = &self->scene;

	EXPECT_EQ(0, munmap(s->map, s->length));
	EXPECT_STREQ("DONE", skel_transfer(s->fd, "TOHOST", 0, s->length, s->host));
	s->map = skel_map(s->fd, s->host, s->length);
	ASSERT_NE(NULL, s->map);
	EXPECT_TRUE(skel_check(s->map, s->length, 99));
}

/* While a transfer runs */

/* How many transfers of a channel run at once */
#define PARALLEL	4
/* A transfer that does not end while the test lasts */
#define FOREVER		"SPEED 1"

FIXTURE(running)
{
	int fd;
	size_t page;
	__u64 host;
	__u8 *map;
	size_t card_length;
	__u8 *card;
	struct skel_info info;
};

FIXTURE_SETUP(running)
{
	SKEL_OPEN_OR_SKIP(self->fd, O_RDWR);
	self->page = skel_page();
	ASSERT_STREQ("OK STOP", skel_ask(self->fd, "STOP"));
	self->card = skel_card_memory(self->fd, &self->card_length);
	ASSERT_NE(NULL, self->card);
	/* More than any of these transfers moves */
	ASSERT_LE(SKEL_KIB(64), self->card_length);
	skel_fill(self->card, SKEL_KIB(64), 1);
	self->map = skel_buffer(self->fd, SKEL_BOTH, self->page, &self->host);
	ASSERT_NE(NULL, self->map);
}

FIXTURE_TEARDOWN(running)
{
	close(self->fd);
}

static int start(int fd, const char *direction, __u64 card, __u64 length, __u64 host)
{
	return skel_send(fd, "%s %#llx %#llx %#llx", direction, card, length, host);
}

/* Wait until that many transfers of the channel are running. */
static bool pending(int fd, __u32 wanted)
{
	__u64 end = skel_now_ms() + SKEL_ANSWER_MS;
	struct skel_info info;

	do {
		if (skel_info(fd, &info))
			return false;
		if (info.pending == wanted)
			return true;
		skel_sleep_ms(1);
	} while (skel_now_ms() < end);
	return false;
}

/* A transfer at this speed (a command of the card), and wait until it runs */
static bool run(int fd, const char *speed, size_t length, __u64 host)
{
	return !strcmp("OK SPEED", skel_ask(fd, "%s", speed)) &&
	       !start(fd, "TOHOST", 0, length, host) && pending(fd, 1);
}

TEST_F(running, free_is_ebusy_until_it_is_done)
{
	__u64 begin = skel_now_ms();
	char speed[32];

	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &self->host));
	snprintf(speed, sizeof(speed), "SPEED %zu", 2 * self->page);
	ASSERT_TRUE(run(self->fd, speed, self->page, self->host));
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(-EBUSY, skel_free(self->fd, self->host))
			TH_LOG("%d", (int)i);
	}
	/* Nothing has changed. */
	EXPECT_EQ(0, skel_map_err(self->fd, self->host, self->page, PROT_READ, MAP_SHARED));
	EXPECT_STREQ("DONE", skel_transfer_end(self->fd, "TOHOST", 0, self->page, self->host));
	/* It took as long as the speed says. */
	EXPECT_LE(400, skel_now_ms() - begin);
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	EXPECT_EQ(-ENOENT, skel_free(self->fd, self->host));
}

/* Its program may look at the buffer, and the other buffers are not held up. */
TEST_F(running, what_is_possible_meanwhile)
{
	__u64 other;

	ASSERT_TRUE(run(self->fd, FOREVER, self->page, self->host));
	EXPECT_EQ(0, skel_sync(self->fd, SKEL_SYNC_FOR_CPU, self->host, self->page));
	EXPECT_EQ(0, skel_touch(self->map));
	EXPECT_EQ(0, skel_sync(self->fd, SKEL_SYNC_FOR_DEVICE, self->host, self->page));
	EXPECT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &other));
	EXPECT_EQ(0, skel_free(self->fd, other));
	EXPECT_EQ(-EBUSY, skel_free(self->fd, self->host));
}

TEST_F(running, several_at_once)
{
	__u64 host[PARALLEL];
	__u8 *map[PARALLEL];
	int done = 0;

	ASSERT_STREQ("OK SPEED", skel_ask(self->fd, "SPEED %zu", 2 * self->page));
	for (int i = 0; i < PARALLEL; i++) {
		map[i] = skel_buffer(self->fd, SKEL_BOTH, self->page, &host[i]);
		ASSERT_NE(NULL, map[i]);
		ASSERT_EQ(0, start(self->fd, "TOHOST", i * self->page, self->page, host[i]));
	}
	EXPECT_TRUE(pending(self->fd, PARALLEL));
	/* One more is too many. */
	EXPECT_STREQ("REFUSED busy", skel_transfer(self->fd, "TOHOST", 0, 1, self->host));
	for (int i = 0; i < PARALLEL; i++)
		done += !strncmp(skel_core(skel_line(self->fd)), "DONE TOHOST ", 12);
	EXPECT_EQ(PARALLEL, done);
	for (int i = 0; i < PARALLEL; i++)
		EXPECT_EQ(0, memcmp(map[i], self->card + i * self->page, self->page));
	ASSERT_EQ(0, skel_info(self->fd, &self->info));
	EXPECT_EQ(PARALLEL, self->info.granted);
	EXPECT_EQ(1, self->info.refused);
	EXPECT_EQ(0, self->info.pending);
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, 1, self->host));
}

/* One buffer may be part of several transfers; the last one frees it. */
TEST_F(running, several_in_one_buffer)
{
	ASSERT_STREQ("OK SPEED", skel_ask(self->fd, "SPEED 1000"));
	ASSERT_EQ(0, start(self->fd, "TOHOST", 0, 100, self->host));
	ASSERT_EQ(0, start(self->fd, "TOHOST", 100, 500, self->host + 100));
	EXPECT_STREQ("DONE", skel_transfer_end(self->fd, "TOHOST", 0, 100, self->host));
	EXPECT_EQ(-EBUSY, skel_free(self->fd, self->host));
	EXPECT_STREQ("DONE", skel_transfer_end(self->fd, "TOHOST", 100, 500, self->host + 100));
	EXPECT_TRUE(skel_check(self->map, 600, 1));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
}

TEST_F(running, speed_belongs_to_the_channel)
{
	int other = skel_open(O_RDWR);
	__u64 host;

	ASSERT_LE(0, other);
	ASSERT_TRUE(run(self->fd, FOREVER, self->page, self->host));
	ASSERT_EQ(0, skel_alloc(other, SKEL_BOTH, 1, &host));
	EXPECT_STREQ("DONE", skel_transfer(other, "TOHOST", 0, self->page, host));
	close(other);
}

TEST_F(running, close_cancels)
{
	__u64 begin = skel_now_ms();

	ASSERT_STREQ("OK SPEED", skel_ask(self->fd, FOREVER));
	for (int i = 0; i < PARALLEL; i++) {
		ASSERT_EQ(0, start(self->fd, "TOHOST", 0, self->page, self->host))
			TH_LOG("%d", (int)i);
	}
	ASSERT_TRUE(pending(self->fd, PARALLEL));
	munmap(self->map, self->page);
	munmap(self->card, self->card_length);
	close(self->fd);
	EXPECT_GT(SKEL_ANSWER_MS, skel_now_ms() - begin);

	/* The next one finds a clean channel, whichever it is. */
	for (int i = 0; i < 40; i++) {
		self->fd = skel_open(O_RDWR);
		ASSERT_LE(0, self->fd);
		ASSERT_EQ(0, skel_info(self->fd, &self->info));
		EXPECT_EQ(0, self->info.buffers);
		EXPECT_EQ(0, self->info.pending);
		EXPECT_EQ(0, self->info.granted);
		EXPECT_EQ(0, self->info.failed);
		EXPECT_FALSE(skel_readable(self->fd, 1));
		ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &self->host));
		/* Also its speed is the default again. */
		EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, self->page,
						   self->host));
		close(self->fd);
	}
}

/* What a child does until it is killed: a transfer of about a second */
static int run_until_killed(int ready, const char *direction, size_t length)
{
	int fd = skel_open(O_RDWR);
	__u64 host;
	void *map = skel_buffer(fd, SKEL_BOTH, length, &host);
	char byte = 'n';

	if (map) {
		memset(map, 0xbd, length);
		if (!strcmp("OK SPEED", skel_ask(fd, "SPEED %zu", length)) &&
		    !start(fd, direction, 0, length, host) && pending(fd, 1))
			byte = 'y';
	}
	if (write(ready, &byte, 1) == 1)
		pause();
	return 1;
}

/* A process that is killed while its transfer runs */
static bool make_victim(const char *direction, size_t length)
{
	int pipes[2];
	char byte = 'n';
	pid_t pid;

	if (pipe(pipes))
		return false;
	pid = fork();
	if (!pid)
		_exit(run_until_killed(pipes[1], direction, length));
	close(pipes[1]);
	if (read(pipes[0], &byte, 1) != 1)
		byte = 'n';
	close(pipes[0]);
	return byte == 'y' && !kill(pid, SIGKILL) && skel_wait(pid) == 128 + SIGKILL;
}

/*
 * The pages of a process that was killed are given to others: no late write may
 * reach them, and card memory may not be filled from them.
 */
TEST_F(running, no_byte_moves_after_kill)
{
	enum { ZEROED = 32, FILLED = 16 };
	const size_t length = SKEL_KIB(64);
	__u8 *map[ZEROED], *ordinary;
	__u64 host, over;

	ASSERT_TRUE(make_victim("TOHOST", length));
	for (int i = 0; i < ZEROED; i++) {
		map[i] = skel_buffer(self->fd, SKEL_BOTH, length, &host);
		ASSERT_NE(NULL, map[i]);
		EXPECT_TRUE(skel_all(map[i], length, 0));
	}
	ordinary = mmap(NULL, SKEL_MIB(8), SKEL_RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
			-1, 0);
	ASSERT_NE(MAP_FAILED, ordinary);

	ASSERT_TRUE(make_victim("FROMHOST", length));
	/* Longer than the transfer would have taken */
	over = skel_now_ms() + 1500;
	for (int i = 0; i < FILLED; i++) {
		__u8 *filled = skel_buffer(self->fd, SKEL_BOTH, length, &host);

		ASSERT_NE(NULL, filled);
		memset(filled, 0x5e, length);
	}
	while (skel_now_ms() < over)
		skel_sleep_ms(10);
	for (int i = 0; i < ZEROED; i++)
		EXPECT_TRUE(skel_all(map[i], length, 0));
	EXPECT_TRUE(skel_all(ordinary, SKEL_MIB(8), 0));
	EXPECT_EQ(NULL, memmem(self->card, length, "\x5e\x5e\x5e\x5e\x5e\x5e\x5e\x5e", 8));
}

TEST_F_TIMEOUT(running, channel_is_clean_after_kill, TIMEOUT)
{
	for (int i = 0; i < 40; i++) {
		int fd;

		ASSERT_TRUE(make_victim("TOHOST", self->page));
		fd = skel_open(O_RDWR);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, skel_info(fd, &self->info));
		EXPECT_EQ(0, self->info.pending);
		EXPECT_EQ(0, self->info.buffers);
		EXPECT_FALSE(skel_readable(fd, 1));
		EXPECT_EQ(0, strncmp("skel,", skel_ask(fd, "*IDN?"), 5));
		EXPECT_FALSE(skel_readable(fd, 1));
		close(fd);
	}
}

/* The card asks and the program closes, over and over, at every moment */
TEST_F_TIMEOUT(running, close_at_any_moment, TIMEOUT)
{
	for (int i = 0; i < 300; i++) {
		int fd = skel_open(O_RDWR);
		__u64 host;

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, skel_alloc(fd, SKEL_BOTH, self->page, &host));
		if (i % 3)
			ASSERT_EQ(0, skel_send(fd, "SPEED %u", 1000000 << i % 7));
		ASSERT_EQ(0, start(fd, i % 2 ? "TOHOST" : "FROMHOST", 0, self->page, host));
		if (i % 10)
			usleep(i % 10 * 50);
		close(fd);
	}
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, self->page, self->host));
}

/*
 * Closing a channel with everything left behind: buffers, mappings, running
 * transfers, unread replies, half a line
 */

#define ROUNDS	200

FIXTURE(release)
{
	int fd;		/* holds a channel meanwhile */
	struct skel_info info;
};

FIXTURE_SETUP(release)
{
	SKEL_OPEN_OR_SKIP(self->fd, O_RDWR);
}

FIXTURE_TEARDOWN(release)
{
	close(self->fd);
}

/* A channel with a bit of everything; returns the file or -errno. */
static int leave_a_mess(void **map, size_t length)
{
	int fd = skel_open(O_RDWR);
	__u64 host;

	if (fd < 0)
		return fd;
	*map = skel_buffer(fd, SKEL_BOTH, length, &host);
	if (!*map)
		return -errno;
	memset(*map, 0x3c, length);
	/* replies that are not read, a transfer for hours, half a line */
	for (int i = 0; i < 20; i++)
		skel_send(fd, "*IDN?");
	skel_send(fd, "SPEED 1");
	skel_send(fd, "TOHOST 0 %#zx %#llx", skel_page(), host);
	skel_write(fd, "TOHOST 0 1", 10);
	return fd;
}

static int mess_of_a_child(void *arg)
{
	void *map;

	return leave_a_mess(&map, SKEL_KIB(64)) < 0;
}

TEST_F_TIMEOUT(release, everything_left_behind_by_exit, TIMEOUT)
{
	for (int i = 0; i < 50; i++)
		ASSERT_EQ(0, skel_in_child(mess_of_a_child, NULL));
}

/* 200 times 1 MiB would be seen, whatever else the machine does. */
TEST_F_TIMEOUT(release, memory_comes_back, TIMEOUT)
{
	long before, after = 0;

	/* Warm up caches first. */
	for (int round = 0; round < 2; round++) {
		before = skel_meminfo_kb("MemAvailable:");
		for (int i = 0; i < (round ? ROUNDS : 5); i++) {
			void *map;
			int fd = leave_a_mess(&map, SKEL_MIB(1));

			ASSERT_LE(0, fd);
			/* Otherwise the mapping is the last that holds the file. */
			if (i % 2)
				ASSERT_EQ(0, munmap(map, SKEL_MIB(1)));
			close(fd);
			if (!(i % 2))
				ASSERT_EQ(0, munmap(map, SKEL_MIB(1)));
		}
	}
	/* What is freed after a grace period may take a moment. */
	for (int i = 0; i < 50; i++) {
		after = skel_meminfo_kb("MemAvailable:");
		if (before - after < 32 * 1024)
			break;
		skel_sleep_ms(100);
	}
	EXPECT_GT(32 * 1024, before - after);
}

/*
 * An ordinary user may have one buffer: 1000 times, each close() gave back what
 * the channel held. Only root opens the card, for it may be closed to others.
 */
TEST_F_TIMEOUT(release, charge_comes_back_1000_times, TIMEOUT)
{
	if (getuid())
		SKIP(return, "must be root to become another user");
	ASSERT_EQ(0, skel_memlock(4 * skel_page()));
	for (int i = 0; i < 1000; i++) {
		int fd = skel_open(O_RDWR);
		__u64 host;

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, setresuid(SKEL_TEST_UID, SKEL_TEST_UID, 0));
		ASSERT_EQ(0, skel_alloc(fd, SKEL_BOTH, 4 * skel_page(), &host))
			TH_LOG("round %d", i);
		EXPECT_EQ(-ENOMEM, skel_alloc(fd, SKEL_BOTH, 1, &host));
		/* It does not matter which user closes it. */
		if (i % 2)
			ASSERT_EQ(0, setresuid(0, 0, 0));
		close(fd);
		ASSERT_EQ(0, setresuid(0, 0, 0));
	}
}

struct reader {
	int fd;
	pid_t tid;
};

static void *wait_for_reply(void *arg)
{
	struct reader *reader = arg;
	char byte;

	__atomic_store_n(&reader->tid, skel_gettid(), __ATOMIC_RELEASE);
	return (void *)skel_err(read(reader->fd, &byte, 1));
}

/* close() by one thread while another reads: the read holds the file. */
TEST_F(release, close_while_a_thread_reads)
{
	struct reader reader = { .fd = skel_open(O_RDWR) };
	int copy = dup(reader.fd);
	pthread_t thread;
	void *result;
	pid_t tid;

	ASSERT_LE(0, reader.fd);
	ASSERT_LE(0, copy);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_reply, &reader));
	while (!(tid = __atomic_load_n(&reader.tid, __ATOMIC_ACQUIRE)))
		skel_sleep_ms(1);
	ASSERT_TRUE(skel_wait_asleep(tid));
	close(reader.fd);
	ASSERT_EQ(0, skel_send(copy, "*IDN?"));
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(1, (long)result);
	close(copy);
}

TEST_F(release, fdinfo_tells_what_the_channel_holds)
{
	struct skel_info *info = &self->info;
	char path[64], line[256], unit[16];
	bool card = false, memory = false;
	unsigned long kb;
	FILE *file;
	void *map;
	int fd = leave_a_mess(&map, 3 * skel_page());

	ASSERT_LE(0, fd);
	EXPECT_TRUE(pending(fd, 1));
	ASSERT_EQ(0, skel_info(fd, info));
	EXPECT_EQ(info->channel, skel_fdinfo(fd, "skel-channel:"));
	EXPECT_EQ(1, skel_fdinfo(fd, "skel-buffers:"));
	EXPECT_EQ(info->buffer_bytes / 1024, skel_fdinfo(fd, "skel-memory:"));
	EXPECT_EQ(1, skel_fdinfo(fd, "skel-pending:"));
	EXPECT_EQ(info->granted, skel_fdinfo(fd, "skel-granted:"));
	EXPECT_EQ(info->refused, skel_fdinfo(fd, "skel-refused:"));
	EXPECT_EQ(info->failed, skel_fdinfo(fd, "skel-failed:"));
	EXPECT_EQ(info->bytes_tohost, skel_fdinfo(fd, "skel-tohost:"));
	EXPECT_EQ(info->bytes_fromhost, skel_fdinfo(fd, "skel-fromhost:"));
	EXPECT_EQ(info->replies_lost, skel_fdinfo(fd, "skel-lost:"));
	EXPECT_EQ(0, skel_fdinfo(self->fd, "skel-buffers:"));
	EXPECT_EQ(0, skel_fdinfo(self->fd, "skel-memory:"));
	EXPECT_EQ(0, skel_fdinfo(self->fd, "skel-pending:"));

	/* It is well-formed. */
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file)) {
		ASSERT_NE(NULL, strchr(line, ':'));
		/* no addresses of the kernel */
		EXPECT_EQ(NULL, strstr(line, "ffff"));
		if (!strncmp(line, "skel-card:", 10)) {
			EXPECT_NE(NULL, strstr(line, info->name));
			card = true;
		}
		if (sscanf(line, "skel-memory: %lu %15s", &kb, unit) == 2) {
			EXPECT_STREQ("kB", unit);
			memory = true;
		}
	}
	EXPECT_TRUE(card);
	EXPECT_TRUE(memory);
	fclose(file);
	close(fd);
}

/*
 * The converters: what they write into the card's memory, how fast, and what
 * happens when the memory is full
 */

#define INPUTS	2
#define FULL	32767	/* 10 V */
#define PERIOD	8	/* of the sine, in frames; the square has half of it */

FIXTURE(sample)
{
	int fd;
	size_t length;
	__u16 (*frames)[INPUTS];	/* little-endian */
	size_t frames_max;
};

FIXTURE_SETUP(sample)
{
	SKEL_OPEN_OR_SKIP(self->fd, O_RDWR);
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
	/* A new start is a start from the beginning, also while it runs. */
	ASSERT_TRUE(begin(self->fd, 8));
	EXPECT_GT(100, field(skel_ask(self->fd, "STATUS?"), "frames="));
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

TEST_F(sample, ends_with_the_channel_that_started_it)
{
	int fd = skel_open(O_RDWR), other = skel_open(O_RDWR);

	ASSERT_LE(0, fd);
	ASSERT_LE(0, other);
	ASSERT_TRUE(begin(fd, 8000));
	close(other);
	EXPECT_EQ(0, strncmp(skel_ask(self->fd, "STATUS?"), "STATUS SAMPLING ", 16));
	close(fd);
	EXPECT_EQ(0, strncmp(skel_ask(self->fd, "STATUS?"), "STATUS IDLE ", 12));
}

/* One channel reserves the sampling: the others may look, and read. */
TEST_F(sample, can_be_reserved)
{
	static const char * const busy[] = {
		"LOCK", "UNLOCK", "INPUT 0 1000 1000", "SAMPLE 1000", "STOP",
	};
	int fd = skel_open(O_RDWR);

	ASSERT_LE(0, fd);
	EXPECT_STREQ("LOCK none", skel_ask(fd, "LOCK?"));
	EXPECT_STREQ("OK UNLOCK", skel_ask(fd, "UNLOCK"));
	for (int i = 0; i < 2; i++) {
		EXPECT_STREQ("OK LOCK", skel_ask(fd, "LOCK"));
		EXPECT_STREQ("LOCK own", skel_ask(fd, "LOCK?"));
		EXPECT_STREQ("LOCK other", skel_ask(self->fd, "LOCK?"));
		ASSERT_TRUE(begin(fd, 8000));
		for (size_t k = 0; k < ARRAY_SIZE(busy); k++) {
			EXPECT_STREQ("ERROR busy", skel_ask(self->fd, "%s", busy[k]))
				TH_LOG("%s", busy[k]);
		}
		EXPECT_EQ(0, strncmp(skel_ask(self->fd, "STATUS?"), "STATUS SAMPLING ", 16));
		if (i) {
			close(fd);
		} else {
			EXPECT_STREQ("OK UNLOCK", skel_ask(fd, "UNLOCK"));
			EXPECT_STREQ("OK STOP", skel_ask(self->fd, "STOP"));
		}
		EXPECT_STREQ("LOCK none", skel_ask(self->fd, "LOCK?"));
	}
}

TEST_F(sample, wrong_parameters_change_nothing)
{
	static const char * const commands[][2] = {
		{ "INPUT 2 1000 1000", "ERROR range input" },
		{ "INPUT 0 0 1000", "ERROR range mHz" },
		{ "INPUT 0 500000001 1000", "ERROR range mHz" },
		{ "INPUT 0 1000 10001", "ERROR range mV" },
		{ "SAMPLE 0", "ERROR range rate" }, { "SAMPLE 1000001", "ERROR range rate" },
	};
	char inputs[128], status[160];

	snprintf(inputs, sizeof(inputs), "%s", skel_ask(self->fd, "INPUTS?"));
	snprintf(status, sizeof(status), "%s", skel_ask(self->fd, "STATUS?"));
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_STREQ(commands[i][1], skel_ask(self->fd, "%s", commands[i][0]))
			TH_LOG("%s", commands[i][0]);
	}
	EXPECT_STREQ(inputs, skel_ask(self->fd, "INPUTS?"));
	EXPECT_STREQ(status, skel_ask(self->fd, "STATUS?"));
}

TEST_HARNESS_MAIN
