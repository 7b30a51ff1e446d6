// SPDX-License-Identifier: GPL-2.0
/*
 * Closing a channel with everything left behind: buffers, mappings, running
 * transfers, unread replies, half a line. All of it comes back.
 */
#include <pthread.h>

#include "../kselftest_harness.h"
#include "skel_test.h"

#define ROUNDS	200
/* Debug kernels and busy machines are slow. */
#define TIMEOUT	300

FIXTURE(release)
{
	int fd;		/* holds a channel meanwhile */
};

FIXTURE_SETUP(release)
{
	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
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
	/* replies nobody reads, a transfer for hours, half a line */
	for (int i = 0; i < 20; i++)
		skel_send(fd, "*IDN?");
	skel_send(fd, "SPEED 1");
	skel_send(fd, "TOHOST 0 %#zx %#llx", skel_page(), host);
	skel_write(fd, "TOHOST 0 1", 10);
	return fd;
}

TEST_F_TIMEOUT(release, everything_left_behind, TIMEOUT)
{
	for (int i = 0; i < ROUNDS; i++) {
		void *map;
		int fd = leave_a_mess(&map, SKEL_KIB(16));

		ASSERT_LE(0, fd);
		if (i % 2) {
			ASSERT_EQ(0, munmap(map, SKEL_KIB(16)));
			close(fd);
		} else {
			/* The mapping is the last that holds the file. */
			close(fd);
			ASSERT_EQ(0, munmap(map, SKEL_KIB(16)));
		}
	}
}

TEST_F_TIMEOUT(release, everything_left_behind_by_exit, TIMEOUT)
{
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid) {
			void *map;

			_exit(leave_a_mess(&map, SKEL_KIB(64)) < 0);
		}
		ASSERT_EQ(0, skel_wait(pid));
	}
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
			ASSERT_EQ(0, munmap(map, SKEL_MIB(1)));
			close(fd);
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
		/* Who closes it does not matter. */
		if (i % 2)
			ASSERT_EQ(0, setresuid(0, 0, 0));
		close(fd);
		ASSERT_EQ(0, setresuid(0, 0, 0));
	}
}

static void *wait_for_reply(void *arg)
{
	int *fd = arg;
	char byte;

	return (void *)skel_err(read(*fd, &byte, 1));
}

/* close() by one thread while another reads: the read holds the file. */
TEST_F(release, close_while_a_thread_reads)
{
	int fd = skel_open(O_RDWR);
	int copy = dup(fd);
	pthread_t thread;
	void *result;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, copy);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_reply, &fd));
	skel_sleep_ms(SKEL_SILENCE_MS);
	close(fd);
	ASSERT_EQ(0, skel_send(copy, "*IDN?"));
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(1, (long)result);
	close(copy);
}

TEST_F(release, fdinfo_tells_what_the_channel_holds)
{
	struct skel_info info;
	void *map;
	int fd = leave_a_mess(&map, 3 * skel_page());

	ASSERT_LE(0, fd);
	for (int i = 0; i < 1000; i++) {
		ASSERT_EQ(0, skel_info(fd, &info));
		if (info.pending)
			break;
		skel_sleep_ms(1);
	}
	EXPECT_EQ(info.channel, skel_fdinfo(fd, "skel-channel:"));
	EXPECT_EQ(1, skel_fdinfo(fd, "skel-buffers:"));
	EXPECT_EQ(info.buffer_bytes / 1024, skel_fdinfo(fd, "skel-memory:"));
	EXPECT_EQ(1, info.pending);
	EXPECT_EQ(1, skel_fdinfo(fd, "skel-pending:"));
	EXPECT_EQ(0, skel_fdinfo(self->fd, "skel-buffers:"));
	EXPECT_EQ(0, skel_fdinfo(self->fd, "skel-memory:"));
	EXPECT_EQ(0, skel_fdinfo(self->fd, "skel-pending:"));
	close(fd);
}

TEST_F(release, fdinfo_is_well_formed)
{
	struct skel_info info;
	char path[64], line[256], unit[16];
	bool card = false, memory = false;
	unsigned long kb;
	FILE *file;

	ASSERT_EQ(0, skel_info(self->fd, &info));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->fd);
	file = fopen(path, "re");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file)) {
		ASSERT_NE(NULL, strchr(line, ':'));
		/* no addresses of the kernel */
		EXPECT_EQ(NULL, strstr(line, "ffff"));
		if (!strncmp(line, "skel-card:", 10)) {
			EXPECT_NE(NULL, strstr(line, info.name));
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
}

TEST_HARNESS_MAIN
