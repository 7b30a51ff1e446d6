// SPDX-License-Identifier: GPL-2.0
/*
 * Transfers: the right bytes move, and each request that is not wholly inside
 * one live buffer of this channel is refused and moves none
 */
#include "../kselftest_harness.h"
#include "skel_test.h"

#define PAGES		3
#define NEIGHBOURS	4

/* Debug kernels and busy machines are slow. */
#define TIMEOUT		300

/* A buffer between others, and card memory, all with patterns */
struct scene {
	int fd;
	size_t page;
	size_t length;		/* of the buffer */
	__u64 host;
	__u8 *map;
	size_t card_length;
	__u8 *card;
	struct {
		__u64 host;
		__u8 *map;
	} near[NEIGHBOURS];	/* buffers allocated before and after */
	__u64 sum;
};

FIXTURE(transfer)
{
	struct scene scene;
};

FIXTURE_SETUP(transfer)
{
	struct scene *s = &self->scene;

	s->fd = skel_open(O_RDWR);
	if (s->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, s->fd);
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	s->page = skel_page();
	s->length = PAGES * s->page;
	ASSERT_STREQ("OK STOP", skel_ask(s->fd, "STOP"));
	s->card = skel_card_memory(s->fd, &s->card_length);
	ASSERT_NE(NULL, s->card);
	for (int i = 0; i < NEIGHBOURS; i++) {
		if (i == NEIGHBOURS / 2) {
			s->map = skel_buffer(s->fd, SKEL_BOTH, s->length,
					     &s->host);
			ASSERT_NE(NULL, s->map);
			skel_fill(s->map, s->length, 100);
		}
		s->near[i].map = skel_buffer(s->fd, SKEL_BOTH, s->length,
					     &s->near[i].host);
		ASSERT_NE(NULL, s->near[i].map);
		skel_fill(s->near[i].map, s->length, 101 + i);
	}
	skel_fill(s->card, s->card_length, 99);
}

FIXTURE_TEARDOWN(transfer)
{
	struct scene *s = &self->scene;

	close(s->fd);
}

/* Of everything that a transfer could have changed */
static __u64 sum_of_all(struct scene *s)
{
	__u64 sum = skel_sum(s->card, s->card_length);

	sum = sum * 31 + skel_sum(s->map, s->length);
	for (int i = 0; i < NEIGHBOURS; i++)
		sum = sum * 31 + skel_sum(s->near[i].map, s->length);
	return sum;
}

/* Both directions of a request, which must be refused for this reason */
static int refused(struct scene *s, __u64 card, __u64 length,
		   __u64 host, const char *reason)
{
	static const char * const directions[] = { "TOHOST", "FROMHOST" };
	char expected[64];

	snprintf(expected, sizeof(expected), "REFUSED %s", reason);
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++) {
		const char *seen = skel_transfer(s->fd, directions[i], card,
						 length, host);

		if (strcmp(seen, expected)) {
			fprintf(stderr, "# %s %#llx %#llx %#llx: %s, expected %s\n",
				directions[i], card, length, host, seen, expected);
			return 0;
		}
	}
	return 1;
}

/* One transfer each way; only the bytes asked for change. */
static bool moves(struct scene *s, size_t card, size_t length,
		  size_t offset)
{
	bool ok;

	memset(s->map, 0xee, s->length);
	skel_fill(s->card + card, length, offset + length);
	ok = !strcmp("DONE", skel_transfer(s->fd, "TOHOST", card, length,
					   s->host + offset)) &&
	     skel_all(s->map, offset, 0xee) &&
	     skel_check(s->map + offset, length, offset + length) &&
	     skel_all(s->map + offset + length,
		      s->length - offset - length, 0xee);

	memset(s->card, 0xdd, card + length + s->page);
	ok = ok && !strcmp("DONE", skel_transfer(s->fd, "FROMHOST", card, length,
						 s->host + offset)) &&
	     skel_all(s->card, card, 0xdd) &&
	     skel_check(s->card + card, length, offset + length) &&
	     skel_all(s->card + card + length, s->page, 0xdd);
	if (!ok)
		fprintf(stderr, "# card %#zx, length %#zx, offset %#zx\n", card,
			length, offset);
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
			EXPECT_TRUE(moves(s, starts[(i + j) % ARRAY_SIZE(starts)],
					  lengths[j], starts[i]));
		}
	}
}

TEST_F_TIMEOUT(transfer, every_length_up_to_a_page, TIMEOUT)
{
	struct scene *s = &self->scene;

	for (size_t length = 1; length <= s->page + 1; length += 1 + length / 16)
		EXPECT_TRUE(moves(s, 7, length, s->page - length % 13));
}

TEST_F(transfer, whole_buffer_and_both_ends)
{
	struct scene *s = &self->scene;

	EXPECT_TRUE(moves(s, 0, s->length, 0));
	EXPECT_TRUE(moves(s, 0, 1, 0));
	EXPECT_TRUE(moves(s, 0, 1, s->length - 1));
	EXPECT_STREQ("DONE", skel_transfer(s->fd, "TOHOST", s->card_length - 1,
					   1, s->host));
	EXPECT_STREQ("DONE", skel_transfer(s->fd, "TOHOST",
					   s->card_length - s->length,
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
	EXPECT_STREQ("DONE", skel_transfer(s->fd, "TOHOST", 0,
					   s->card_length, host));
	EXPECT_TRUE(skel_check(map, s->card_length, 99));
	skel_fill(map, s->card_length, 98);
	EXPECT_STREQ("DONE", skel_transfer(s->fd, "FROMHOST", 0,
					   s->card_length, host));
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
	EXPECT_STREQ(expected, skel_ask(s->fd, " TOHOST\t0x0010  17 0x%020llx ",
					s->host));
}

/* Each row begins or ends one byte outside, or much more. */
TEST_F(transfer, outside_of_the_buffer_is_refused)
{
	struct scene *s = &self->scene;
	const __u64 end = s->host + s->length;
	const struct { __u64 host; __u64 length; } bad[] = {
		{ s->host - 1, 1 },
		{ s->host - 1, 2 },
		{ s->host - 1, s->length },
		{ s->host - 1, s->length + 2 },
		{ end, 1 },
		{ end - 1, 2 },
		{ s->host + 1, s->length },
		{ s->host, s->length + 1 },
		{ s->host - s->page, s->page },
		{ s->host - s->page, 2 * s->page },
		{ end - s->page, 2 * s->page },
		{ s->host ^ 1ULL << 32, 16 },
		{ s->host ^ 1ULL << 34, 16 },
		{ s->host | 1ULL << 44, 16 },
		{ s->host | 1ULL << 63, 16 },
		{ 0, 1 },
		{ 0, s->page },
		{ 0x100000000, 1 },
		{ UINT64_MAX, 1 },
		{ (uintptr_t)s->map, 16 },
	};
	struct skel_info info;

	/* Leave a hole on each side, so that one outside is outside. */
	EXPECT_EQ(0, skel_free(s->fd, s->near[NEIGHBOURS / 2 - 1].host));
	EXPECT_EQ(0, skel_free(s->fd, s->near[NEIGHBOURS / 2].host));
	s->near[NEIGHBOURS / 2 - 1] = s->near[0];
	s->near[NEIGHBOURS / 2] = s->near[NEIGHBOURS - 1];
	s->sum = sum_of_all(s);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_TRUE(refused(s, 0, bad[i].length, bad[i].host, "host-address"));
	EXPECT_EQ(s->sum, sum_of_all(s));
	ASSERT_EQ(0, skel_info(s->fd, &info));
	EXPECT_EQ(2 * ARRAY_SIZE(bad), info.refused);
	EXPECT_EQ(0, info.granted);
	EXPECT_EQ(0, info.bytes_tohost);
	EXPECT_EQ(0, info.bytes_fromhost);
}

/* Two buffers are not one, even if their host addresses are neighbours. */
TEST_F(transfer, across_two_buffers_is_refused)
{
	struct scene *s = &self->scene;

	s->sum = sum_of_all(s);
	for (int i = 0; i < NEIGHBOURS; i++) {
		EXPECT_TRUE(refused(s, 0, 2 * s->length, s->near[i].host,
				    "host-address"));
		EXPECT_TRUE(refused(s, 0, 2,
				    s->near[i].host + s->length - 1,
				    "host-address"));
	}
	EXPECT_EQ(s->sum, sum_of_all(s));
}

TEST_F(transfer, length_zero_is_refused)
{
	struct scene *s = &self->scene;

	s->sum = sum_of_all(s);
	EXPECT_TRUE(refused(s, 0, 0, s->host, "length"));
	EXPECT_TRUE(refused(s, 5, 0, s->host + 5, "length"));
	EXPECT_EQ(s->sum, sum_of_all(s));
}

/* Sums that wrap around: any reason will do, but nothing moves. */
TEST_F(transfer, wrap_around_is_refused)
{
	struct scene *s = &self->scene;
	const struct { __u64 card, length, host; } bad[] = {
		{ 0, UINT64_MAX, s->host },
		{ 0, -s->host, s->host },
		{ 0, -s->host + 1, s->host },
		{ 0, -s->host + s->length, s->host },
		{ 0, UINT64_MAX, s->host + 1 },
		{ 0, 2, UINT64_MAX },
		{ 0, UINT64_MAX, UINT64_MAX },
		{ UINT64_MAX, 1, s->host },
		{ UINT64_MAX, 2, s->host },
		{ UINT64_MAX - 15, 16, s->host },
		{ UINT64_MAX - 15, 32, s->host },
		{ 1, UINT64_MAX, s->host },
		{ 0, 1ULL << 32, s->host },
		{ 0, (1ULL << 32) + 1, s->host },
		{ 1ULL << 32, 1, s->host },
		{ (1ULL << 32) + 1, 1, s->host },
		{ 0, 1ULL << 63, s->host },
	};
	static const char * const directions[] = { "TOHOST", "FROMHOST" };

	s->sum = sum_of_all(s);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(directions); j++) {
			const char *seen = skel_transfer(s->fd, directions[j],
							 bad[i].card, bad[i].length,
							 bad[i].host);

			EXPECT_EQ(0, strncmp(seen, "REFUSED ", 8))
				TH_LOG("%zu: %s", i, seen);
		}
	}
	EXPECT_EQ(s->sum, sum_of_all(s));
}

TEST_F(transfer, outside_of_card_memory_is_refused)
{
	struct scene *s = &self->scene;
	const struct { __u64 card, length; } bad[] = {
		{ s->card_length, 1 },
		{ s->card_length - 1, 2 },
		{ s->card_length - s->length + 1, s->length },
		{ s->card_length + s->page, s->page },
		{ 1ULL << 32, 16 },
		{ 1ULL << 63, 16 },
		{ UINT64_MAX, 1 },
	};

	s->sum = sum_of_all(s);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_TRUE(refused(s, bad[i].card, bad[i].length, s->host,
				    "card-address"));
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
	EXPECT_STREQ("REFUSED direction",
		     skel_transfer(s->fd, "FROMHOST", 0, 16, tohost));
	EXPECT_STREQ("REFUSED direction",
		     skel_transfer(s->fd, "TOHOST", 0, 16, fromhost));
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
	__u64 host;
	__u8 *map;

	EXPECT_EQ(0, skel_free(s->fd, s->near[0].host));
	/* Who gets the pages now? */
	map = skel_buffer(s->fd, SKEL_BOTH, s->length, &host);
	ASSERT_NE(NULL, map);
	EXPECT_TRUE(refused(s, 0, 16, s->near[0].host, "host-address"));
	EXPECT_TRUE(refused(s, 0, s->length, s->near[0].host, "host-address"));
	EXPECT_TRUE(skel_all(map, s->length, 0));
	EXPECT_TRUE(skel_check(s->card, s->card_length, 99));
}

TEST_F(transfer, other_channels_buffer_is_refused)
{
	struct scene *s = &self->scene;
	int other = skel_open(O_RDWR);
	struct skel_info info;
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
	/* It is told and counted where it was asked. */
	EXPECT_FALSE(skel_readable(other, SKEL_SILENCE_MS));
	ASSERT_EQ(0, skel_info(other, &info));
	EXPECT_EQ(0, info.refused);
	ASSERT_EQ(0, skel_info(s->fd, &info));
	EXPECT_EQ(4, info.refused);
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
		_exit(0);
	}
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
	struct skel_info info;

	for (int i = 0; i < 10; i++)
		EXPECT_STREQ("DONE", skel_transfer(s->fd, "TOHOST", 0, 100 + i, s->host));
	for (int i = 0; i < 7; i++)
		EXPECT_STREQ("DONE", skel_transfer(s->fd, "FROMHOST", 0, 10, s->host));
	EXPECT_TRUE(refused(s, 0, 0, s->host, "length"));
	ASSERT_EQ(0, skel_info(s->fd, &info));
	EXPECT_EQ(17, info.granted);
	EXPECT_EQ(2, info.refused);
	EXPECT_EQ(0, info.failed);
	EXPECT_EQ(0, info.pending);
	EXPECT_EQ(10 * 100 + 45, info.bytes_tohost);
	EXPECT_EQ(70, info.bytes_fromhost);
}

/* A read-only mapping binds the program, not the card. */
TEST_F(transfer, needs_no_mapping)
{
	struct scene *s = &self->scene;

	EXPECT_EQ(0, munmap(s->map, s->length));
	EXPECT_STREQ("DONE", skel_transfer(s->fd, "TOHOST", 0, s->length, s->host));
	s->map = skel_map(s->fd, s->host, s->length);
	ASSERT_NE(NULL, s->map);
	EXPECT_TRUE(skel_check(s->map, s->length, 99));
}

TEST_HARNESS_MAIN
