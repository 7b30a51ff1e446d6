// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation and every copy from or to user memory that a system call
 * makes fails once. The call says so or does without, nothing is left behind,
 * and nothing is lost.
 */
#include "../kselftest_harness.h"
#include "skel_inject.h"
#include "skel_test.h"

#define RW	(PROT_READ | PROT_WRITE)
#define TIMEOUT	300
#define MAX	1000		/* failures in one call, not to run for ever */

FIXTURE(fail)
{
	int fd;
	int nth;
	size_t length;
	__u64 host;
	unsigned int failures;
};

FIXTURE_SETUP(fail)
{
	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	self->nth = skel_inject_open();
	if (self->nth < 0)
		SKIP(return, "no fault injection in this kernel");
	self->length = 4 * skel_page();
}

FIXTURE_TEARDOWN(fail)
{
	close(self->nth);
	close(self->fd);
}

static __u32 buffers(int fd)
{
	struct skel_info info;

	return skel_info(fd, &info) ? UINT32_MAX : info.buffers;
}

/* What a call may say whose memory or whose access to user memory failed */
static bool acceptable(int rc)
{
	return rc >= 0 || rc == -ENOMEM || rc == -EFAULT;
}

TEST_F_TIMEOUT(fail, open, TIMEOUT)
{
	for (unsigned int n = 1; n < MAX; n++) {
		bool failed;
		int fd;

		skel_inject_start(self->nth, n);
		fd = skel_open(O_RDWR);
		failed = skel_inject_stop(self->nth);
		ASSERT_TRUE(acceptable(fd))
			TH_LOG("failure %u: %d", n, fd);
		if (fd >= 0)
			close(fd);
		self->failures += fd < 0;
		if (!failed) {
			ASSERT_LE(0, fd);
			break;
		}
	}
	EXPECT_LT(0, self->failures);
	/* No channel was lost. */
	for (int i = 0; i < 100; i++) {
		int fd = skel_open(O_RDWR);

		ASSERT_LE(0, fd);
		close(fd);
	}
}

/* As a user who may have this one buffer: a charge that is lost would be seen. */
TEST_F_TIMEOUT(fail, alloc, TIMEOUT)
{
	if (getuid())
		SKIP(return, "must be root to become another user");
	ASSERT_EQ(0, skel_memlock(self->length));
	ASSERT_EQ(0, setresuid(SKEL_TEST_UID, SKEL_TEST_UID, 0));
	for (unsigned int n = 1; n < MAX; n++) {
		bool failed;
		int rc;

		skel_inject_start(self->nth, n);
		rc = skel_alloc(self->fd, SKEL_BOTH, self->length, &self->host);
		failed = skel_inject_stop(self->nth);
		ASSERT_TRUE(acceptable(rc))
			TH_LOG("failure %u: %d", n, rc);
		ASSERT_EQ(rc ? 0 : 1, buffers(self->fd))
			TH_LOG("failure %u: %d", n, rc);
		if (!rc)
			ASSERT_EQ(0, skel_free(self->fd, self->host));
		self->failures += rc < 0;
		if (!failed) {
			ASSERT_EQ(0, rc)
				TH_LOG("failure %u lost something", n - 1);
			break;
		}
	}
	EXPECT_LT(0, self->failures);
}

TEST_F_TIMEOUT(fail, mmap, TIMEOUT)
{
	__u8 *place = mmap(NULL, self->length, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, place);
	for (unsigned int n = 1; n < MAX; n++) {
		bool failed;
		__u8 *map;

		ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, self->length, &self->host));
		/* New page tables each time, this is what may fail. */
		ASSERT_EQ(0, munmap(place, self->length));
		skel_inject_start(self->nth, n);
		map = mmap(place, self->length, RW, MAP_SHARED | MAP_FIXED, self->fd,
			   self->host);
		failed = skel_inject_stop(self->nth);
		if (map == MAP_FAILED) {
			EXPECT_EQ(ENOMEM, errno);
			EXPECT_EQ(SIGSEGV, skel_touch(place));
		} else {
			EXPECT_TRUE(skel_all(map, self->length, 0));
			map[self->length - 1] = 1;
		}
		self->failures += map == MAP_FAILED;
		EXPECT_EQ(0, skel_free(self->fd, self->host));
		if (map != MAP_FAILED)
			EXPECT_EQ(SIGBUS, skel_touch(map + self->length - 1));
		if (!failed) {
			ASSERT_NE(MAP_FAILED, map);
			break;
		}
	}
	EXPECT_LT(0, self->failures);
}

/* FREE works or has done nothing. */
TEST_F_TIMEOUT(fail, free, TIMEOUT)
{
	for (unsigned int n = 1; n < MAX; n++) {
		bool failed;
		__u8 *map;
		int rc;

		map = skel_buffer(self->fd, SKEL_BOTH, self->length, &self->host);
		ASSERT_NE(NULL, map);
		skel_inject_start(self->nth, n);
		rc = skel_free(self->fd, self->host);
		failed = skel_inject_stop(self->nth);
		ASSERT_TRUE(rc == 0 || rc == -EFAULT)
			TH_LOG("failure %u: %d", n, rc);
		ASSERT_EQ(rc ? 1 : 0, buffers(self->fd));
		EXPECT_EQ(rc ? 0 : SIGBUS, skel_touch(map));
		if (rc)
			ASSERT_EQ(0, skel_free(self->fd, self->host));
		ASSERT_EQ(0, munmap(map, self->length));
		if (!failed) {
			ASSERT_EQ(0, rc);
			break;
		}
	}
}

/* No byte of a command is taken twice, none of the reply is lost. */
TEST_F_TIMEOUT(fail, command, TIMEOUT)
{
	static const char command[] = "*IDN?\n";
	char idn[SKEL_LINE_MAX + 1], line[SKEL_LINE_MAX];
	size_t length;

	snprintf(idn, sizeof(idn), "%s\n", skel_ask(self->fd, "*IDN?"));
	length = strlen(idn);
	for (unsigned int n = 1; n < MAX; n++) {
		long wrote, got;
		bool failed;

		skel_inject_start(self->nth, n);
		wrote = skel_err(write(self->fd, command, sizeof(command) - 1));
		failed = skel_inject_stop(self->nth);
		ASSERT_TRUE(acceptable(wrote));
		wrote = wrote < 0 ? 0 : wrote;
		ASSERT_EQ(0, skel_write(self->fd, command + wrote,
					sizeof(command) - 1 - wrote));
		ASSERT_TRUE(skel_readable(self->fd, SKEL_ANSWER_MS));

		skel_inject_start(self->nth, n);
		got = skel_err(read(self->fd, line, sizeof(line)));
		failed |= skel_inject_stop(self->nth);
		ASSERT_TRUE(acceptable(got));
		got = got < 0 ? 0 : got;
		if ((size_t)got < length)
			ASSERT_EQ(length - got, read(self->fd, line + got, sizeof(line) - got));
		ASSERT_EQ(0, memcmp(idn, line, length));
		ASSERT_FALSE(skel_readable(self->fd, 0));
		if (!failed)
			break;
	}
}

TEST_F_TIMEOUT(fail, transfer, TIMEOUT)
{
	char command[64];
	int length;

	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, self->length, &self->host));
	length = snprintf(command, sizeof(command), "TOHOST 0 0x100 %#llx\n", self->host);
	for (unsigned int n = 1; n < MAX; n++) {
		const char *line;
		bool failed;
		long wrote;

		skel_inject_start(self->nth, n);
		wrote = skel_err(write(self->fd, command, length));
		failed = skel_inject_stop(self->nth);
		wrote = wrote < 0 ? 0 : wrote;
		ASSERT_EQ(0, skel_write(self->fd, command + wrote, length - wrote));
		line = skel_transfer_end(self->fd, "TOHOST", 0, 0x100, self->host);
		/* The card may have no memory to do it. */
		ASSERT_TRUE(!strcmp("DONE", line) || !strncmp("ERROR ", line, 6))
			TH_LOG("failure %u: %s", n, line);
		if (!failed)
			break;
	}
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, 16, self->host));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
}

TEST_F_TIMEOUT(fail, info, TIMEOUT)
{
	struct skel_region_info region;
	struct skel_info info;

	for (unsigned int n = 1; n < MAX; n++) {
		int rc, rc2;

		skel_inject_start(self->nth, n);
		rc = skel_info(self->fd, &info);
		rc2 = skel_region(self->fd, 0, &region);
		if (!skel_inject_stop(self->nth)) {
			ASSERT_EQ(0, rc);
			ASSERT_EQ(0, rc2);
			break;
		}
		ASSERT_TRUE(acceptable(rc));
		ASSERT_TRUE(acceptable(rc2));
	}
}

/* Cut, move and unmap: what needs memory for it says so, and FREE revokes it all. */
TEST_F_TIMEOUT(fail, mremap_and_munmap, TIMEOUT)
{
	const size_t page = skel_page();
	__u8 *target = mmap(NULL, self->length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, target);
	for (unsigned int n = 1; n < MAX; n++) {
		bool failed;
		__u8 *map, *moved;
		int rc, rc2;

		map = skel_buffer(self->fd, SKEL_BOTH, self->length, &self->host);
		ASSERT_NE(NULL, map);
		skel_inject_start(self->nth, n);
		rc = skel_err(munmap(map + page, page));
		failed = skel_inject_stop(self->nth);
		skel_inject_start(self->nth, n);
		rc2 = skel_err(mprotect(map + 3 * page, page, PROT_READ));
		failed |= skel_inject_stop(self->nth);
		skel_inject_start(self->nth, n);
		moved = mremap(map, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, target);
		failed |= skel_inject_stop(self->nth);
		ASSERT_TRUE(rc == 0 || rc == -ENOMEM);
		ASSERT_TRUE(rc2 == 0 || rc2 == -ENOMEM);
		EXPECT_EQ(rc ? 0 : SIGSEGV, skel_touch(map + page));
		EXPECT_EQ(0, skel_touch(moved == MAP_FAILED ? map : moved));
		self->failures += rc || rc2 || moved == MAP_FAILED;
		EXPECT_EQ(0, skel_free(self->fd, self->host));
		EXPECT_EQ(SIGBUS, skel_touch(moved == MAP_FAILED ? map : moved));
		EXPECT_EQ(SIGBUS, skel_touch(map + 3 * page));
		munmap(map, self->length);
		ASSERT_EQ(target, mmap(target, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
				       MAP_FIXED, -1, 0));
		if (!failed) {
			ASSERT_EQ(0, rc | rc2);
			ASSERT_NE(MAP_FAILED, moved);
			break;
		}
	}
	EXPECT_LT(0, self->failures);
}

TEST_F_TIMEOUT(fail, sync, TIMEOUT)
{
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, self->length, &self->host));
	for (unsigned int n = 1; n < MAX; n++) {
		bool failed;
		int rc;

		skel_inject_start(self->nth, n);
		rc = skel_sync(self->fd, SKEL_SYNC_FOR_CPU, self->host, self->length);
		failed = skel_inject_stop(self->nth);
		ASSERT_TRUE(rc == 0 || rc == -EFAULT);
		self->failures += rc < 0;
		if (!failed) {
			ASSERT_EQ(0, rc);
			break;
		}
	}
	EXPECT_LT(0, self->failures);
}

/* Waiting and looking: a failure is told, and the next look sees the same. */
TEST_F_TIMEOUT(fail, poll_and_fdinfo, TIMEOUT)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->fd);
	for (unsigned int n = 1; n < MAX; n++) {
		struct pollfd p = { .fd = self->fd, .events = POLLOUT };
		bool failed;
		int rc, fd;
		ssize_t got;

		skel_inject_start(self->nth, n);
		rc = skel_err(poll(&p, 1, 0));
		failed = skel_inject_stop(self->nth);
		ASSERT_TRUE(rc == 1 || rc == -ENOMEM || rc == -EFAULT)
			TH_LOG("failure %u: %d", n, rc);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd);
		skel_inject_start(self->nth, n);
		got = skel_err(read(fd, text, sizeof(text) - 1));
		failed |= skel_inject_stop(self->nth);
		ASSERT_TRUE(acceptable(got))
			TH_LOG("failure %u: %zd", n, got);
		close(fd);
		self->failures += rc < 0 || got < 0;
		EXPECT_EQ(0, skel_fdinfo(self->fd, "skel-buffers:"));
		if (!failed) {
			EXPECT_EQ(POLLOUT, p.revents);
			text[got] = '\0';
			EXPECT_NE(NULL, strstr(text, "skel-memory:"));
			break;
		}
	}
	EXPECT_LT(0, self->failures);
}

/* close() always works: a user who may have this one buffer gets another one. */
TEST_F_TIMEOUT(fail, close, TIMEOUT)
{
	if (getuid())
		SKIP(return, "must be root to become another user");
	ASSERT_EQ(0, skel_memlock(self->length));
	for (unsigned int n = 1; n < MAX; n++) {
		int fd = skel_open(O_RDWR);
		bool failed;
		void *map;

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, setresuid(SKEL_TEST_UID, SKEL_TEST_UID, 0));
		map = skel_buffer(fd, SKEL_BOTH, self->length, &self->host);
		ASSERT_NE(NULL, map)
			TH_LOG("failure %u lost something", n - 1);
		ASSERT_EQ(0, skel_send(fd, "TOHOST 0 1 %#llx", self->host));
		ASSERT_EQ(0, munmap(map, self->length));
		skel_inject_start(self->nth, n);
		close(fd);
		failed = skel_inject_stop(self->nth);
		ASSERT_EQ(0, setresuid(0, 0, 0));
		/* It is the next round that would notice. */
		if (!failed && n > 2)
			break;
	}
	EXPECT_EQ(0, buffers(self->fd));
}

TEST_HARNESS_MAIN
