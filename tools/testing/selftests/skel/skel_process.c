// SPDX-License-Identifier: GPL-2.0
/*
 * A buffer belongs to the address space that allocated it: what children,
 * programs after execve() and receivers of the descriptor can and cannot do
 */
#include <sys/socket.h>

#include "../kselftest_harness.h"
#include "skel_test.h"

#define RW	(PROT_READ | PROT_WRITE)

FIXTURE(process)
{
	int fd;
	size_t length;
	__u64 host;
	__u8 *map;
};

FIXTURE_SETUP(process)
{
	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	self->length = 2 * skel_page();
	self->map = skel_buffer(self->fd, SKEL_BOTH, self->length, &self->host);
	ASSERT_NE(NULL, self->map);
	skel_fill(self->map, self->length, 1);
}

FIXTURE_TEARDOWN(process)
{
	close(self->fd);
}

/*
 * What somebody who is not the owner may do with a channel. Returns 0 or the
 * number of the first step that went wrong.
 */
static int act_as_a_stranger(int fd, __u64 host, size_t length)
{
	struct skel_info info;
	__u64 own;
	void *map;

	if (skel_map_err(fd, host, length, RW, MAP_SHARED) != -EPERM)
		return 1;
	if (skel_map_err(fd, host, length, PROT_READ, MAP_SHARED) != -EPERM)
		return 2;
	if (skel_free(fd, host) != -EPERM)
		return 3;
	if (skel_info(fd, &info) || info.buffers != 1)
		return 4;
	/* The command stream belongs to who holds the file. */
	if (strcmp(skel_transfer(fd, "TOHOST", 0, 16, host), "DONE"))
		return 5;
	/* A buffer of one's own works as ever. */
	if (skel_alloc(fd, SKEL_BOTH, length, &own))
		return 6;
	map = skel_map(fd, own, length);
	if (!map)
		return 7;
	if (!skel_all(map, length, 0))
		return 8;
	if (munmap(map, length) || skel_free(fd, own))
		return 9;
	if (skel_map_err(fd, host + length, length, RW, MAP_SHARED) == 0)
		return 10;
	return 0;
}

TEST_F(process, child_has_no_mapping)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		if (skel_touch(self->map) != SIGSEGV)
			_exit(1);
		_exit(skel_poke(self->map + self->length - 1, 1) == SIGSEGV ? 0 : 2);
	}
	EXPECT_EQ(0, skel_wait(pid));
	EXPECT_TRUE(skel_check(self->map, self->length, 1));
}

TEST_F(process, child_is_a_stranger)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(act_as_a_stranger(self->fd, self->host, self->length));
	EXPECT_EQ(0, skel_wait(pid));
	/* Nothing has happened to the owner. */
	EXPECT_TRUE(skel_check(self->map + 16, self->length - 16, 1) ||
		    !skel_all(self->map, self->length, 0));
	EXPECT_EQ(0, skel_map_err(self->fd, self->host, self->length, RW, MAP_SHARED));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
}

TEST_F(process, parent_is_a_stranger_to_the_childs_buffer)
{
	__u64 *shared = mmap(NULL, skel_page(), RW, MAP_SHARED | MAP_ANONYMOUS,
			     -1, 0);
	struct skel_info info;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, shared);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, self->length, shared));
		_exit(0);
	}
	EXPECT_EQ(0, skel_wait(pid));
	/* The child is gone; its buffer stays with the channel. */
	EXPECT_EQ(-EPERM, skel_map_err(self->fd, *shared, self->length, RW, MAP_SHARED));
	EXPECT_EQ(-EPERM, skel_free(self->fd, *shared));
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "FROMHOST", 0, 16, *shared));
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(2, info.buffers);
}

TEST_F(process, threads_share_the_buffer)
{
	/* CLONE_VM without CLONE_THREAD is what vfork() does. */
	pid_t pid = vfork();

	if (!pid) {
		self->map[0] ^= 0xff;
		_exit(skel_map_err(self->fd, self->host, self->length, RW, MAP_SHARED));
	}
	ASSERT_LE(0, pid);
	EXPECT_EQ(0, skel_wait(pid));
	self->map[0] ^= 0xff;
	EXPECT_TRUE(skel_check(self->map, self->length, 1));
}

static int after_exec(char **argv)
{
	int fd = atoi(argv[2]);
	__u64 host = strtoull(argv[3], NULL, 0);
	size_t length = strtoul(argv[4], NULL, 0);

	return act_as_a_stranger(fd, host, length);
}

TEST_F(process, program_after_exec_is_a_stranger)
{
	char fd[16], host[32], length[32];
	pid_t pid;

	snprintf(fd, sizeof(fd), "%d", self->fd);
	snprintf(host, sizeof(host), "%#llx", self->host);
	snprintf(length, sizeof(length), "%zu", self->length);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		int own = skel_open(O_RDWR);
		__u64 buffer;

		/* The child's own channel and buffer go through execve(). */
		if (skel_alloc(own, SKEL_BOTH, self->length, &buffer))
			_exit(100);
		snprintf(fd, sizeof(fd), "%d", own);
		snprintf(host, sizeof(host), "%#llx", buffer);
		if (fcntl(own, F_SETFD, 0))
			_exit(101);
		execl("/proc/self/exe", "skel_process", "--after-exec", fd, host,
		      length, NULL);
		_exit(102);
	}
	EXPECT_EQ(0, skel_wait(pid));
}

TEST_F(process, receiver_of_the_descriptor_is_a_stranger)
{
	int sockets[2];
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		int fd;

		close(self->fd);
		fd = skel_recv_fd(sockets[1]);
		_exit(fd < 0 ? 100 : act_as_a_stranger(fd, self->host, self->length));
	}
	EXPECT_EQ(0, skel_send_fd(sockets[0], self->fd));
	EXPECT_EQ(0, skel_wait(pid));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
}

/* The owner dies, the descriptor lives on elsewhere: the buffer, too. */
TEST_F(process, descriptor_keeps_the_buffer_of_a_dead_owner)
{
	struct skel_info info;
	int sockets[2];
	pid_t pid;
	int fd;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		int own = skel_open(O_RDWR);
		__u64 host;

		EXPECT_NE(NULL, skel_buffer(own, SKEL_BOTH, SKEL_KIB(64), &host));
		EXPECT_EQ(0, skel_send_fd(sockets[1], own));
		_exit(0);
	}
	fd = skel_recv_fd(sockets[0]);
	EXPECT_EQ(0, skel_wait(pid));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, skel_info(fd, &info));
	EXPECT_EQ(1, info.buffers);
	EXPECT_EQ(SKEL_KIB(64), info.buffer_bytes);
	close(fd);
}

/* A dead owner's address space may be reborn as another at the same place. */
TEST_F(process, later_process_is_no_heir)
{
	__u64 *shared = mmap(NULL, skel_page(), RW, MAP_SHARED | MAP_ANONYMOUS,
			     -1, 0);

	ASSERT_NE(MAP_FAILED, shared);
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid) {
			if (*shared) {
				EXPECT_EQ(-EPERM, skel_map_err(self->fd, *shared,
							       1, RW, MAP_SHARED));
				EXPECT_EQ(-EPERM, skel_free(self->fd, *shared));
			}
			EXPECT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, shared));
			_exit(0);
		}
		ASSERT_EQ(0, skel_wait(pid));
	}
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "--after-exec"))
		return after_exec(argv);
	return test_harness_run(argc, argv);
}
