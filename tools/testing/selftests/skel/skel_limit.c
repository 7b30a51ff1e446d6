// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers are charged to RLIMIT_MEMLOCK of the user who allocates them: the
 * limit holds for an ordinary user, and what is freed in any way counts again
 */
#include <sys/socket.h>

#include "../kselftest_harness.h"
#include "skel_test.h"

#define LIMIT	SKEL_MIB(8)	/* what a user has by default */
/* Debug kernels and busy machines are slow. */
#define TIMEOUT	300

FIXTURE(limit)
{
	int fd;
};

FIXTURE_SETUP(limit)
{
	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	if (getuid())
		SKIP(return, "must be root to become another user");
	/* The limit stays when the test drops its privileges. */
	ASSERT_EQ(0, skel_memlock(LIMIT));
}

FIXTURE_TEARDOWN(limit)
{
	close(self->fd);
}

/* How many buffers of this length the limit allows; they stay. */
static int allocate_all(int fd, size_t length, __u64 *host, int max)
{
	for (int n = 0; n < max; n++) {
		int rc = skel_alloc(fd, SKEL_BOTH, length, &host[n]);

		if (rc)
			return rc == -ENOMEM ? n : rc;
	}
	return max;
}

TEST_F(limit, ordinary_user_gets_enomem)
{
	struct skel_info info;
	__u64 host[32];

	ASSERT_EQ(0, skel_drop_root());
	EXPECT_EQ(8, allocate_all(self->fd, SKEL_MIB(1), host, 32));
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(8, info.buffers);
	EXPECT_EQ(LIMIT, info.buffer_bytes);
	/* Not one page more, neither here nor on another channel */
	EXPECT_EQ(-ENOMEM, skel_alloc(self->fd, SKEL_BOTH, 1, &host[8]));
	EXPECT_EQ(0, skel_free(self->fd, host[3]));
	EXPECT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, SKEL_MIB(1), &host[3]));
	EXPECT_EQ(-ENOMEM, skel_alloc(self->fd, SKEL_BOTH, 1, &host[8]));
}

TEST_F(limit, all_channels_of_a_user_count)
{
	int other = skel_open(O_RDWR);
	__u64 host[32];

	ASSERT_LE(0, other);
	ASSERT_EQ(0, skel_drop_root());
	EXPECT_EQ(2, allocate_all(self->fd, SKEL_MIB(4), host, 32));
	EXPECT_EQ(-ENOMEM, skel_alloc(other, SKEL_BOTH, 1, &host[2]));
	EXPECT_EQ(0, skel_free(self->fd, host[0]));
	EXPECT_EQ(0, skel_alloc(other, SKEL_BOTH, SKEL_MIB(4), &host[0]));
}

TEST_F(limit, charge_is_a_power_of_two)
{
	size_t page = skel_page();
	__u64 host;

	ASSERT_EQ(0, skel_memlock(8 * page));
	ASSERT_EQ(0, skel_drop_root());
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 5 * page, &host));
	EXPECT_EQ(-ENOMEM, skel_alloc(self->fd, SKEL_BOTH, 1, &host));
}

TEST_F(limit, no_limit_no_buffer)
{
	__u64 host;

	ASSERT_EQ(0, skel_memlock(0));
	ASSERT_EQ(0, skel_drop_root());
	EXPECT_EQ(-ENOMEM, skel_alloc(self->fd, SKEL_BOTH, 1, &host));
	/* A mistake is still told as what it is. */
	EXPECT_EQ(-EINVAL, skel_alloc(self->fd, SKEL_BOTH, 0, &host));
}

TEST_F(limit, failed_allocations_are_not_charged)
{
	__u64 host[32];

	ASSERT_EQ(0, skel_drop_root());
	for (int i = 0; i < 100; i++) {
		EXPECT_EQ(-EINVAL, skel_alloc(self->fd, SKEL_BOTH, UINT64_MAX, host));
		EXPECT_EQ(-EINVAL, skel_alloc(self->fd, 0, SKEL_MIB(1), host));
		EXPECT_EQ(-EFAULT, skel_err(ioctl(self->fd, SKEL_IOC_ALLOC, NULL)));
	}
	EXPECT_EQ(8, allocate_all(self->fd, SKEL_MIB(1), host, 32));
}

/* The answer of an allocation cannot be written: it is taken back. */
TEST_F_TIMEOUT(limit, unanswered_allocations_are_not_charged, TIMEOUT)
{
	struct skel_alloc *cmd = mmap(NULL, skel_page(), PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	__u64 host[32];

	ASSERT_NE(MAP_FAILED, cmd);
	cmd->size = sizeof(*cmd);
	cmd->flags = SKEL_BOTH;
	cmd->length = SKEL_MIB(1);
	ASSERT_EQ(0, mprotect(cmd, skel_page(), PROT_READ));
	ASSERT_EQ(0, skel_drop_root());
	for (int i = 0; i < 100; i++)
		EXPECT_EQ(-EFAULT, skel_err(ioctl(self->fd, SKEL_IOC_ALLOC, cmd)));
	EXPECT_EQ(8, allocate_all(self->fd, SKEL_MIB(1), host, 32));
}

TEST_F_TIMEOUT(limit, free_gives_back_1000_times, TIMEOUT)
{
	__u64 host;

	ASSERT_EQ(0, skel_memlock(SKEL_KIB(64)));
	ASSERT_EQ(0, skel_drop_root());
	for (int i = 0; i < 1000; i++) {
		ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, SKEL_KIB(64), &host))
			TH_LOG("round %d", i);
		ASSERT_EQ(0, skel_free(self->fd, host));
	}
}

TEST_F_TIMEOUT(limit, death_gives_back, TIMEOUT)
{
	for (int i = 0; i < 20; i++) {
		int pipes[2];
		char ready = 'n';
		pid_t pid;

		ASSERT_EQ(0, pipe(pipes));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			int fd = skel_open(O_RDWR);
			__u64 host[4];

			if (!skel_drop_root() &&
			    allocate_all(fd, SKEL_MIB(4), host, 4) == 2)
				ready = 'y';
			if (write(pipes[1], &ready, 1) == 1)
				pause();
			_exit(1);
		}
		close(pipes[1]);
		ASSERT_EQ(1, read(pipes[0], &ready, 1));
		kill(pid, SIGKILL);
		EXPECT_EQ(128 + SIGKILL, skel_wait(pid));
		close(pipes[0]);
		EXPECT_EQ('y', ready)
			TH_LOG("round %d", i);
	}
}

/* The charge stays with the user who allocated, until the buffer is gone. */
TEST_F(limit, charge_lives_as_long_as_the_buffer)
{
	int second = skel_open(O_RDWR);
	__u64 host[4];
	pid_t pid;

	ASSERT_LE(0, second);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(0, skel_drop_root());
		EXPECT_EQ(2, allocate_all(self->fd, SKEL_MIB(4), host, 4));
		_exit(0);
	}
	EXPECT_EQ(0, skel_wait(pid));

	/* The user's process is gone, its buffers are not: we hold the file. */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(0, skel_drop_root());
		EXPECT_EQ(-ENOMEM, skel_alloc(second, SKEL_BOTH, 1, host));
		_exit(0);
	}
	EXPECT_EQ(0, skel_wait(pid));

	close(self->fd);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(0, skel_drop_root());
		EXPECT_EQ(2, allocate_all(second, SKEL_MIB(4), host, 4));
		_exit(0);
	}
	EXPECT_EQ(0, skel_wait(pid));
}

TEST_F(limit, another_user_has_a_limit_of_his_own)
{
	__u64 host[4];
	pid_t pid;

	/* A card that reaches 16 MiB must do for both. */
	ASSERT_EQ(0, skel_memlock(SKEL_MIB(2)));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(0, skel_drop_root());
		EXPECT_EQ(2, allocate_all(self->fd, SKEL_MIB(1), host, 4));
		_exit(0);
	}
	EXPECT_EQ(0, skel_wait(pid));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(0, setresuid(SKEL_TEST_UID + 1, SKEL_TEST_UID + 1,
				       SKEL_TEST_UID + 1));
		EXPECT_EQ(2, allocate_all(self->fd, SKEL_MIB(1), host, 4));
		_exit(0);
	}
	EXPECT_EQ(0, skel_wait(pid));
}

TEST_HARNESS_MAIN
