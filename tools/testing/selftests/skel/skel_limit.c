// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers are charged to RLIMIT_MEMLOCK of the user who allocates them, and to
 * the memory cgroup: the limits hold for an ordinary user, also for threads that
 * race, and what is freed in any way counts again.
 */
#include <pthread.h>

#include "../kselftest_harness.h"
#include "skel_cgroup.h"
#include "skel_test.h"

#define LIMIT	SKEL_MIB(8)	/* what a user has by default */
/* Debug kernels and busy machines are slow. */
#define TIMEOUT	300
/* more than a card has */
#define CHANNELS_TRIED	64

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

struct racer {
	int fd;
	size_t length;
	__u64 deadline;
	/* All of the threads together */
	size_t *bytes;
	size_t limit;
	/* What it has seen */
	unsigned long allocated, refused;
	long bad;
	pthread_t thread;
};

/* Allocate and free without end, and count what there must be at least. */
static void *allocate_and_free(void *arg)
{
	struct racer *r = arg;
	enum { HELD = 8 };
	__u64 host[HELD] = { };

	/* On a slow machine as often as it takes to mean something */
	for (unsigned int i = 0; !r->bad && (skel_now_ms() < r->deadline || i < 400); i++) {
		__u64 *slot = &host[i % HELD];
		int rc;

		if (*slot) {
			/* Less from before it is given back */
			__atomic_sub_fetch(r->bytes, r->length, __ATOMIC_SEQ_CST);
			r->bad = skel_free(r->fd, *slot);
			*slot = 0;
			continue;
		}
		rc = skel_alloc(r->fd, SKEL_BOTH, r->length, slot);
		if (rc == -ENOMEM) {
			*slot = 0;
			r->refused++;
			continue;
		}
		r->bad = rc;
		if (!rc && __atomic_add_fetch(r->bytes, r->length, __ATOMIC_SEQ_CST) > r->limit)
			r->bad = -ERANGE;
		r->allocated++;
	}
	for (int i = 0; i < HELD; i++) {
		if (!host[i])
			continue;
		__atomic_sub_fetch(r->bytes, r->length, __ATOMIC_SEQ_CST);
		skel_free(r->fd, host[i]);
	}
	return NULL;
}

TEST_F_TIMEOUT(limit, threads_that_race_get_no_more, TIMEOUT)
{
	enum { RACERS = 4 };
	const size_t limit = SKEL_MIB(1);
	unsigned long allocated = 0, refused = 0;
	int other = skel_open(O_RDWR);
	struct racer racers[RACERS];
	size_t bytes = 0;
	__u64 host[32];

	ASSERT_LE(0, other);
	ASSERT_EQ(0, skel_memlock(limit));
	ASSERT_EQ(0, skel_drop_root());
	for (int i = 0; i < RACERS; i++) {
		racers[i] = (struct racer) {
			.fd = i % 2 ? other : self->fd,
			.length = SKEL_KIB(64) << i,
			.deadline = skel_now_ms() + 2000,
			.bytes = &bytes,
			.limit = limit,
		};
		ASSERT_EQ(0, pthread_create(&racers[i].thread, NULL, allocate_and_free,
					    &racers[i]));
	}
	for (int i = 0; i < RACERS; i++) {
		pthread_join(racers[i].thread, NULL);
		EXPECT_EQ(0, racers[i].bad)
			TH_LOG("thread %d", i);
		allocated += racers[i].allocated;
		refused += racers[i].refused;
	}
	EXPECT_LT(100, allocated);
	EXPECT_LT(100, refused);
	/* Nothing was charged twice, or not given back. */
	EXPECT_EQ(16, allocate_all(self->fd, SKEL_KIB(64), host, 32));
	close(other);
}

struct opener {
	int fd[CHANNELS_TRIED];
	int opened;
	pthread_t thread;
};

static void *open_all(void *arg)
{
	struct opener *o = arg;

	while (o->opened < CHANNELS_TRIED) {
		int fd = skel_open(O_RDWR);

		if (fd < 0)
			break;
		o->fd[o->opened++] = fd;
	}
	return NULL;
}

/* The channels of a card, too, are as many as it has. */
TEST_F_TIMEOUT(limit, threads_that_race_get_no_more_channels, TIMEOUT)
{
	struct skel_info info;

	ASSERT_EQ(0, skel_info(self->fd, &info));
	for (int round = 0; round < 100; round++) {
		struct opener openers[4] = { };
		__u32 opened = 0;

		for (int i = 0; i < 4; i++) {
			ASSERT_EQ(0, pthread_create(&openers[i].thread, NULL, open_all,
						    &openers[i]));
		}
		for (int i = 0; i < 4; i++) {
			pthread_join(openers[i].thread, NULL);
			opened += openers[i].opened;
		}
		EXPECT_EQ(-EBUSY, skel_open(O_RDWR));
		EXPECT_EQ(info.channels - 1, opened)
			TH_LOG("round %d", round);
		for (int i = 0; i < 4; i++) {
			while (openers[i].opened)
				close(openers[i].fd[--openers[i].opened]);
		}
	}
}

FIXTURE(cgroup)
{
	int fd;
	struct skel_cgroup group;
};

FIXTURE_SETUP(cgroup)
{
	int rc;

	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	if (getuid())
		SKIP(return, "must be root to make a cgroup");
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	rc = skel_cgroup_make(&self->group);
	if (rc == -ENODEV)
		SKIP(return, "the kernel has no memory cgroups (version 2)");
	ASSERT_EQ(0, rc);
}

FIXTURE_TEARDOWN(cgroup)
{
	close(self->fd);
	if (self->group.path[0])
		skel_cgroup_remove(&self->group);
}

/* A process of the group; it ends with the errno or, if all is well, 0. */
static pid_t member(const struct skel_cgroup *group, int (*act)(int fd), int fd)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (skel_cgroup_enter(group))
		_exit(EPERM);
	_exit(-act(fd));
}

static int allocate_one(int fd)
{
	__u64 host;

	return skel_alloc(fd, SKEL_BOTH, SKEL_MIB(1), &host);
}

/* Buffers are the group's, until they are gone, whoever holds the file. */
TEST_F(cgroup, buffers_are_charged)
{
	__u64 before = skel_cgroup_used(&self->group);

	EXPECT_EQ(0, skel_wait(member(&self->group, allocate_one, self->fd)));
	EXPECT_LE(before + SKEL_MIB(1), skel_cgroup_used(&self->group));
	close(self->fd);
	/* Each CPU may keep a charge of 64 pages for what comes next. */
	for (int i = 0; i < 100; i++) {
		if (skel_cgroup_used(&self->group) < (long long)(before + SKEL_KIB(768)))
			break;
		skel_sleep_ms(20);
	}
	EXPECT_GT(before + SKEL_KIB(768), skel_cgroup_used(&self->group));
}

static int allocate_too_much(int fd)
{
	__u64 host[256];
	struct skel_info info;
	int n = allocate_all(fd, SKEL_KIB(256), host, 256);

	if (n < 8 || n > 32 || skel_info(fd, &info) || info.buffers != (__u32)n)
		return -ERANGE;
	for (int i = 0; i < n; i++) {
		if (skel_free(fd, host[i]))
			return -EINVAL;
	}
	return skel_alloc(fd, SKEL_BOTH, SKEL_MIB(1), &host[0]);
}

/* An error, not the death of the process; and room again after FREE. */
TEST_F_TIMEOUT(cgroup, limit_is_enomem, TIMEOUT)
{
	ASSERT_EQ(0, skel_cgroup_limit(&self->group, "8M"));
	EXPECT_EQ(0, skel_wait(member(&self->group, allocate_too_much, self->fd)));
	EXPECT_EQ(0, skel_cgroup_kills(&self->group));
}

TEST_HARNESS_MAIN
