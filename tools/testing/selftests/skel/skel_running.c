// SPDX-License-Identifier: GPL-2.0
/*
 * While a transfer runs: its buffer cannot be freed; the channel can be
 * closed and its process killed, and no byte moves afterwards
 */
#include "../kselftest_harness.h"
#include "skel_test.h"

/* How many transfers of a channel run at once */
#define PARALLEL	4
/* A transfer that does not end while the test lasts */
#define FOREVER		"SPEED 1"

/* Debug kernels and busy machines are slow. */
#define TIMEOUT		300

FIXTURE(running)
{
	int fd;
	size_t page;
	__u64 host;
	__u8 *map;
	size_t card_length;
	__u8 *card;
};

FIXTURE_SETUP(running)
{
	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	self->page = skel_page();
	ASSERT_STREQ("OK STOP", skel_ask(self->fd, "STOP"));
	self->card = skel_card_memory(self->fd, &self->card_length);
	ASSERT_NE(NULL, self->card);
	skel_fill(self->card, self->card_length, 1);
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

TEST_F(running, free_is_ebusy_until_it_is_done)
{
	__u64 begin = skel_now_ms();

	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &self->host));
	ASSERT_STREQ("OK SPEED", skel_ask(self->fd, "SPEED %zu", 2 * self->page));
	ASSERT_EQ(0, start(self->fd, "TOHOST", 0, self->page, self->host));
	ASSERT_TRUE(pending(self->fd, 1));
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(-EBUSY, skel_free(self->fd, self->host))
			TH_LOG("%d", (int)i);
	}
	/* Nothing has changed. */
	EXPECT_EQ(0, skel_map_err(self->fd, self->host, self->page,
				  PROT_READ, MAP_SHARED));
	EXPECT_STREQ("DONE", skel_transfer_end(self->fd, "TOHOST", 0, self->page,
					       self->host));
	/* It took as long as the speed says. */
	EXPECT_LE(400, skel_now_ms() - begin);
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	EXPECT_EQ(-ENOENT, skel_free(self->fd, self->host));
}

TEST_F(running, busy_buffer_does_not_hold_others)
{
	__u64 other;

	ASSERT_STREQ("OK SPEED", skel_ask(self->fd, FOREVER));
	ASSERT_EQ(0, start(self->fd, "TOHOST", 0, self->page, self->host));
	ASSERT_TRUE(pending(self->fd, 1));
	EXPECT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &other));
	EXPECT_EQ(0, skel_free(self->fd, other));
	EXPECT_EQ(-EBUSY, skel_free(self->fd, self->host));
}

TEST_F(running, program_may_look_while_it_runs)
{
	ASSERT_STREQ("OK SPEED", skel_ask(self->fd, FOREVER));
	ASSERT_EQ(0, start(self->fd, "TOHOST", 0, self->page, self->host));
	ASSERT_TRUE(pending(self->fd, 1));
	EXPECT_EQ(0, skel_sync(self->fd, SKEL_SYNC_FOR_CPU, self->host, self->page));
	EXPECT_EQ(0, skel_touch(self->map));
	EXPECT_EQ(0, skel_sync(self->fd, SKEL_SYNC_FOR_DEVICE, self->host, self->page));
}

TEST_F(running, several_at_once)
{
	__u64 host[PARALLEL];
	__u8 *map[PARALLEL];
	struct skel_info info;
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
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(PARALLEL, info.granted);
	EXPECT_EQ(1, info.refused);
	EXPECT_EQ(0, info.pending);
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
	EXPECT_STREQ("DONE", skel_transfer_end(self->fd, "TOHOST", 100, 500,
					       self->host + 100));
	EXPECT_TRUE(skel_check(self->map, 600, 1));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
}

TEST_F(running, speed_belongs_to_the_channel)
{
	int other = skel_open(O_RDWR);
	__u64 host;

	ASSERT_LE(0, other);
	ASSERT_STREQ("OK SPEED", skel_ask(self->fd, FOREVER));
	ASSERT_EQ(0, start(self->fd, "TOHOST", 0, self->page, self->host));
	ASSERT_TRUE(pending(self->fd, 1));
	ASSERT_EQ(0, skel_alloc(other, SKEL_BOTH, 1, &host));
	EXPECT_STREQ("DONE", skel_transfer(other, "TOHOST", 0, self->page, host));
	close(other);
}

TEST_F(running, close_cancels)
{
	__u64 begin = skel_now_ms();
	struct skel_info info;

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
		ASSERT_EQ(0, skel_info(self->fd, &info));
		EXPECT_EQ(0, info.buffers);
		EXPECT_EQ(0, info.pending);
		EXPECT_EQ(0, info.granted);
		EXPECT_EQ(0, info.failed);
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

static bool start_victim(const char *direction, size_t length, pid_t *pid)
{
	int pipes[2];
	char byte = 'n';

	if (pipe(pipes))
		return false;
	*pid = fork();
	if (!*pid)
		_exit(run_until_killed(pipes[1], direction, length));
	close(pipes[1]);
	if (read(pipes[0], &byte, 1) != 1)
		byte = 'n';
	close(pipes[0]);
	return byte == 'y';
}

/* The pages of the dead go to somebody else: no late write may hit them. */
TEST_F(running, no_write_after_kill)
{
	enum { N = 32 };
	const size_t length = SKEL_KIB(64);
	__u8 *map[N], *ordinary;
	__u64 host;
	pid_t pid;

	ASSERT_TRUE(start_victim("TOHOST", length, &pid));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, skel_wait(pid));
	for (int i = 0; i < N; i++) {
		map[i] = skel_buffer(self->fd, SKEL_BOTH, length, &host);
		ASSERT_NE(NULL, map[i]);
		EXPECT_TRUE(skel_all(map[i], length, 0));
	}
	ordinary = mmap(NULL, SKEL_MIB(8), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, ordinary);
	/* Longer than the transfer would have taken */
	skel_sleep_ms(1500);
	for (int i = 0; i < N; i++)
		EXPECT_TRUE(skel_all(map[i], length, 0));
	EXPECT_TRUE(skel_all(ordinary, SKEL_MIB(8), 0));
}

/* Nor may card memory be filled from pages that are no longer the dead's. */
TEST_F(running, no_read_after_kill)
{
	enum { N = 16 };
	const size_t length = SKEL_KIB(64);
	__u64 host;
	pid_t pid;

	ASSERT_TRUE(start_victim("FROMHOST", length, &pid));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, skel_wait(pid));
	for (int i = 0; i < N; i++) {
		__u8 *map = skel_buffer(self->fd, SKEL_BOTH, length, &host);

		ASSERT_NE(NULL, map);
		memset(map, 0x5e, length);
	}
	skel_sleep_ms(1500);
	EXPECT_EQ(NULL, memmem(self->card, length, "\x5e\x5e\x5e\x5e\x5e\x5e\x5e\x5e", 8));
}

TEST_F_TIMEOUT(running, channel_is_clean_after_kill, TIMEOUT)
{
	struct skel_info info;
	pid_t pid;

	for (int i = 0; i < 40; i++) {
		int fd;

		ASSERT_TRUE(start_victim("TOHOST", self->page, &pid));
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(128 + SIGKILL, skel_wait(pid));
		fd = skel_open(O_RDWR);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, skel_info(fd, &info));
		EXPECT_EQ(0, info.pending);
		EXPECT_EQ(0, info.buffers);
		EXPECT_FALSE(skel_readable(fd, 1));
		EXPECT_EQ(0, strncmp("skel,", skel_ask(fd, "*IDN?"), 5));
		EXPECT_FALSE(skel_readable(fd, 1));
		close(fd);
	}
}

/* The card asks, the program closes: over and over at every moment */
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

TEST_HARNESS_MAIN
