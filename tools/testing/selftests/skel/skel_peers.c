// SPDX-License-Identifier: GPL-2.0
/*
 * What users of other DMA buffer drivers report most often. Each test is named
 * after the failure that it prevents here; those that are longer stand where
 * their subject is (no_write_after_kill, ordinary_user_gets_enomem, ...).
 */
#include "../kselftest_harness.h"
#include "skel_test.h"

/* Debug kernels and busy machines are slow. */
#define TIMEOUT		300

FIXTURE(peers)
{
	int fd;
	int kmsg;
	size_t page;
	struct skel_info info;
};

FIXTURE_SETUP(peers)
{
	self->kmsg = -1;
	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	ASSERT_EQ(0, skel_info(self->fd, &self->info));
	ASSERT_STREQ("OK STOP", skel_ask(self->fd, "STOP"));
	self->page = skel_page();
	/* From here on: what the kernel says about the test */
	self->kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (self->kmsg >= 0)
		lseek(self->kmsg, 0, SEEK_END);
}

/* The kernel must not have complained. */
FIXTURE_TEARDOWN(peers)
{
	static const char * const complaints[] = {
		"BUG", "WARNING", "Bad page", "bad page", "page allocation failure",
		"corruption", "Oops", "Call Trace",
	};
	char record[2048];
	ssize_t n;

	close(self->fd);
	while (self->kmsg >= 0 && (n = read(self->kmsg, record, sizeof(record) - 1)) > 0) {
		record[n] = '\0';
		for (size_t i = 0; i < ARRAY_SIZE(complaints); i++) {
			EXPECT_EQ(NULL, strstr(record, complaints[i]))
				TH_LOG("%s", record);
		}
	}
	if (self->kmsg >= 0)
		close(self->kmsg);
}

/* No sync call, no O_SYNC flag, no uncached mapping: it is right as it is. */
TEST_F(peers, no_manual_sync_needed)
{
	size_t card_length;
	__u8 *card = skel_card_memory(self->fd, &card_length);
	__u64 host;
	__u8 *map = skel_buffer(self->fd, SKEL_BOTH, SKEL_KIB(64), &host);

	ASSERT_NE(NULL, card);
	ASSERT_NE(NULL, map);
	for (int i = 0; i < 100; i++) {
		skel_fill(card, SKEL_KIB(64), i);
		ASSERT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0,
						   SKEL_KIB(64), host));
		ASSERT_TRUE(skel_check(map, SKEL_KIB(64), i));
		skel_fill(map, SKEL_KIB(64), ~i);
		ASSERT_STREQ("DONE", skel_transfer(self->fd, "FROMHOST", 0,
						   SKEL_KIB(64), host));
		ASSERT_TRUE(skel_check(card, SKEL_KIB(64), ~i));
	}
}

/*
 * May a test use up all memory that the card reaches? Where that is 16 MiB nobody
 * misses it; all of the machine's is only for a machine that has no other use.
 */
static bool may_exhaust(const struct skel_info *info)
{
	return !(info->dma_mask >> 24) || getenv("SKEL_TEST_EXHAUST");
}

/*
 * Memory is not endless, contiguous memory still less: an error then, no
 * complaint, nobody killed, and everything works as soon as there is room.
 */
TEST_F_TIMEOUT(peers, contiguous_alloc_fails_cleanly, TIMEOUT)
{
	const size_t length = self->info.buffer_max < SKEL_MIB(4) ?
			      self->info.buffer_max : SKEL_MIB(4);
	enum { MAX = 1024 };
	static __u64 host[MAX];
	int n, rc = 0;

	if (!may_exhaust(&self->info))
		SKIP(return, "load skel_sim with dma_bits=24, or set SKEL_TEST_EXHAUST");
	for (n = 0; n < MAX; n++) {
		rc = skel_alloc(self->fd, SKEL_BOTH, length, &host[n]);
		if (rc)
			break;
	}
	EXPECT_EQ(-ENOMEM, rc);
	EXPECT_LT(0, n);
	while (n--)
		EXPECT_EQ(0, skel_free(self->fd, host[n]));
	EXPECT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, length, &host[0]));
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, 16, host[0]));
}

/* Half of the memory is free, but in small pieces with ours in between. */
TEST_F_TIMEOUT(peers, fragmented_memory_is_enomem, TIMEOUT)
{
	enum { MAX = 16384 };
	static __u64 small[MAX], large[MAX];
	int n, m, rc = 0;
	long free;

	if (!may_exhaust(&self->info))
		SKIP(return, "load skel_sim with dma_bits=24, or set SKEL_TEST_EXHAUST");
	for (n = 0; n < MAX && !rc; n++)
		rc = skel_alloc(self->fd, SKEL_BOTH, SKEL_KIB(256), &small[n]);
	ASSERT_EQ(-ENOMEM, rc);
	n--;
	ASSERT_LT(8, n);
	for (int i = 0; i < n; i += 2)
		ASSERT_EQ(0, skel_free(self->fd, small[i]));
	/* What can be moved out of the way is. */
	for (m = 0, rc = 0; m < MAX && !rc; m++)
		rc = skel_alloc(self->fd, SKEL_BOTH, SKEL_MIB(1), &large[m]);
	EXPECT_EQ(-ENOMEM, rc);
	m--;
	free = skel_meminfo_kb("MemFree:");
	TH_LOG("%d pieces of 256 KiB, every second freed, then %d of 1 MiB", n, m);
	/* A small one is no problem. */
	EXPECT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &small[0]));
	EXPECT_EQ(0, skel_free(self->fd, small[0]));
	/* More than was asked for has been freed. */
	EXPECT_LT(m + 1, n / 2 / 4);
	if (self->info.dma_mask >> 24)
		EXPECT_LT((n / 2 * 256L - m * 1024L) / 2, free);
	for (int i = 1; i < n; i += 2)
		ASSERT_EQ(0, skel_free(self->fd, small[i]));
	while (m--)
		ASSERT_EQ(0, skel_free(self->fd, large[m]));
	EXPECT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, SKEL_MIB(1), &large[0]));
}

TEST_F(peers, munmap_partial_no_bad_page)
{
	const size_t length = 16 * self->page;

	for (int i = 0; i < 100; i++) {
		__u64 host;
		__u8 *map = skel_buffer(self->fd, SKEL_BOTH, length, &host);

		ASSERT_NE(NULL, map);
		memset(map, i, length);
		munmap(map + (1 + i % 14) * self->page, self->page);
		munmap(map, self->page);
		if (i % 4 == 0)
			ASSERT_EQ(0, skel_free(self->fd, host));
		munmap(map + 15 * self->page, self->page);
		if (i % 4 == 1)
			ASSERT_EQ(0, skel_free(self->fd, host));
		munmap(map, length);
		if (i % 4 == 2)
			ASSERT_EQ(0, skel_free(self->fd, host));
	}
}

TEST_F_TIMEOUT(peers, fork_and_exit_no_bad_page, TIMEOUT)
{
	__u64 host;
	__u8 *map = skel_buffer(self->fd, SKEL_BOTH, SKEL_KIB(64), &host);

	ASSERT_NE(NULL, map);
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid) {
			/* A buffer of the child's own, left mapped and cut */
			__u8 *own = skel_buffer(self->fd, SKEL_BOTH, SKEL_KIB(64), &host);

			if (!own)
				_exit(1);
			memset(own, i, SKEL_KIB(64));
			munmap(own + self->page, self->page);
			_exit(0);
		}
		ASSERT_EQ(0, skel_wait(pid));
		map[i] = i;
	}
}

/* Free pages in the zone that 24-bit devices reach, -1 if there is none */
static long free_in_low_zone(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	bool inside = false;
	char line[256];
	long pages = -1;

	if (!file)
		return -1;
	while (pages < 0 && fgets(line, sizeof(line), file)) {
		char zone[16];

		if (sscanf(line, "Node %*d, zone %15s", zone) == 1)
			inside = !strcmp(zone, "DMA");
		else if (inside && sscanf(line, " pages free %ld", &pages) != 1)
			pages = -1;
	}
	fclose(file);
	return pages;
}

/* A card that reaches 16 MiB gets memory from there, although more is free. */
TEST_F(peers, mask_respected)
{
	long before, after;
	__u64 host;

	if (self->info.dma_mask >> 24)
		SKIP(return, "load skel_sim with dma_bits=24");
	before = free_in_low_zone();
	if (before < 1024)
		SKIP(return, "there is no low memory");
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, SKEL_MIB(1), &host));
	after = free_in_low_zone();
	EXPECT_LE(SKEL_MIB(1) / self->page, before - after);
	ASSERT_EQ(0, skel_free(self->fd, host));
	EXPECT_GT(SKEL_MIB(1) / self->page, before - free_in_low_zone());
}

/* Numbers that could be addresses for a driver that trusts them */
TEST_F(peers, unchecked_address_refused)
{
	__u64 host;
	__u8 *map = skel_buffer(self->fd, SKEL_BOTH, self->page, &host);
	const __u64 guesses[] = {
		0, 0x1000, 0x100000, 0x1000000, 0xfee00000, 0xffffffff,
		0xffff888000000000ULL, 0xffffffff81000000ULL, UINT64_MAX,
		(uintptr_t)map, (uintptr_t)&host,
	};
	static const char * const directions[] = { "TOHOST", "FROMHOST" };

	ASSERT_NE(NULL, map);
	for (size_t i = 0; i < ARRAY_SIZE(guesses); i++) {
		for (size_t j = 0; j < 2; j++) {
			EXPECT_STREQ("REFUSED host-address",
				     skel_transfer(self->fd, directions[j], 0, 16,
						   guesses[i]));
		}
	}
	EXPECT_TRUE(skel_all(map, self->page, 0));
}

/* poll() and its time limit: neither early nor for ever */
TEST_F(peers, poll_waits_as_long_as_asked)
{
	__u64 begin = skel_now_ms(), took;

	EXPECT_FALSE(skel_readable(self->fd, 300));
	took = skel_now_ms() - begin;
	EXPECT_LE(299, took);
	EXPECT_GT(SKEL_ANSWER_MS, took);
}

/* Programs compiled for a later version of the API ask this one. */
TEST_F(peers, later_program_is_understood_or_told)
{
	struct {
		struct skel_alloc alloc;
		__u64 later;
	} cmd = { .alloc = { .size = sizeof(cmd), .flags = SKEL_BOTH, .length = 1 } };

	EXPECT_EQ(0, skel_err(ioctl(self->fd, SKEL_IOC_ALLOC, &cmd)));
	cmd.alloc.host_addr = 0;
	cmd.later = 1;
	EXPECT_EQ(-E2BIG, skel_err(ioctl(self->fd, SKEL_IOC_ALLOC, &cmd)));
}

TEST_HARNESS_MAIN
