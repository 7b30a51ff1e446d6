// SPDX-License-Identifier: GPL-2.0
/*
 * Ways into a mapped buffer other than plain loads and stores: debuggers and
 * copying system calls work, those that pin pages fail cleanly
 */
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "../kselftest_harness.h"
#include "skel_test.h"

FIXTURE(debug)
{
	int fd;
	size_t page;
	size_t length;
	__u64 host;
	__u8 *map;
	__u8 *copy;	/* ordinary memory as long as the buffer */
};

FIXTURE_SETUP(debug)
{
	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	self->page = skel_page();
	self->length = 4 * self->page;
	self->map = skel_buffer(self->fd, SKEL_BOTH, self->length, &self->host);
	ASSERT_NE(NULL, self->map);
	skel_fill(self->map, self->length, 1);
	self->copy = calloc(1, self->length);
	ASSERT_NE(NULL, self->copy);
}

FIXTURE_TEARDOWN(debug)
{
	free(self->copy);
	close(self->fd);
}

TEST_F(debug, debugger_reads_a_buffer)
{
	static const size_t starts[] = { 0, 1, 100, 4090, 4095, 4096, 8191 };

	EXPECT_EQ(self->length, skel_self_mem(self->map, self->copy, self->length, false));
	EXPECT_TRUE(skel_check(self->copy, self->length, 1));
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		__u8 part[64] = { 0 };

		EXPECT_EQ(sizeof(part), skel_self_mem(self->map + starts[i], part,
						      sizeof(part), false));
		EXPECT_EQ(0, memcmp(part, self->map + starts[i], sizeof(part)));
	}
}

TEST_F(debug, debugger_writes_a_buffer)
{
	__u8 data[64];

	memset(data, 0x77, sizeof(data));
	EXPECT_EQ(sizeof(data), skel_self_mem(self->map + self->page - 30, data,
					      sizeof(data), true));
	EXPECT_TRUE(skel_all(self->map + self->page - 30, sizeof(data), 0x77));
	/* and nothing else */
	EXPECT_TRUE(skel_check(self->map, self->page - 30, 1));
	skel_fill(self->copy, self->length, 1);
	EXPECT_EQ(0, memcmp(self->map + self->page + 34, self->copy + self->page + 34,
			    self->length - self->page - 34));
}

/* A mapping that starts inside the buffer, at another address */
TEST_F(debug, debugger_finds_the_right_bytes)
{
	__u8 *part = skel_map(self->fd, self->host + 2 * self->page, self->page);
	void *target = mmap(NULL, self->page, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(NULL, part);
	EXPECT_EQ(self->page, skel_self_mem(part, self->copy, self->page, false));
	EXPECT_EQ(0, memcmp(self->copy, self->map + 2 * self->page, self->page));
	part = mremap(part, self->page, self->page, MREMAP_MAYMOVE | MREMAP_FIXED,
		      target);
	ASSERT_EQ(target, part);
	EXPECT_EQ(self->page, skel_self_mem(part, self->copy, self->page, false));
	EXPECT_EQ(0, memcmp(self->copy, self->map + 2 * self->page, self->page));
}

TEST_F(debug, debugger_reads_card_memory)
{
	size_t length;
	__u8 *card;

	if (!skel_has_memory(self->fd))
		SKIP(return, "the card's memory cannot be mapped");
	card = skel_card_memory(self->fd, &length);
	ASSERT_NE(NULL, card);
	ASSERT_STREQ("OK STOP", skel_ask(self->fd, "STOP"));
	skel_fill(card, self->length, 2);
	EXPECT_EQ(self->length, skel_self_mem(card, self->copy, self->length, false));
	EXPECT_TRUE(skel_check(self->copy, self->length, 2));
}

TEST_F(debug, debugger_gets_eio_after_free)
{
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	EXPECT_EQ(-EIO, skel_self_mem(self->map, self->copy, 16, false));
	EXPECT_EQ(-EIO, skel_self_mem(self->map, self->copy, 16, true));
	EXPECT_TRUE(skel_all(self->copy, self->length, 0));
}

/* Also from the stack of a loser: a new buffer at once takes the pages. */
TEST_F(debug, debugger_cannot_reach_the_next_buffer)
{
	__u64 host;
	__u8 *next;

	EXPECT_EQ(0, skel_free(self->fd, self->host));
	next = skel_buffer(self->fd, SKEL_BOTH, self->length, &host);
	ASSERT_NE(NULL, next);
	memset(self->copy, 0x66, self->length);
	EXPECT_EQ(-EIO, skel_self_mem(self->map, self->copy, self->length, true));
	EXPECT_TRUE(skel_all(next, self->length, 0));
}

TEST_F(debug, process_vm_is_efault)
{
	struct iovec local = { self->copy, 16 }, remote = { self->map, 16 };

	EXPECT_EQ(-EFAULT, skel_err(process_vm_readv(getpid(), &local, 1, &remote, 1, 0)));
	EXPECT_EQ(-EFAULT, skel_err(process_vm_writev(getpid(), &local, 1, &remote, 1, 0)));
	EXPECT_TRUE(skel_check(self->map, self->length, 1));
}

TEST_F(debug, vmsplice_is_efault)
{
	struct iovec iov = { self->map, self->page };
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ(-EFAULT, skel_err(vmsplice(pipes[1], &iov, 1, 0)));
	EXPECT_EQ(-EFAULT, skel_err(vmsplice(pipes[1], &iov, 1, SPLICE_F_GIFT)));
}

TEST_F(debug, plain_write_and_read_work)
{
	FILE *file = tmpfile();

	ASSERT_NE(NULL, file);
	EXPECT_EQ(self->length, skel_err(pwrite(fileno(file), self->map, self->length, 0)));
	memset(self->map, 0, self->length);
	EXPECT_EQ(self->length, skel_err(pread(fileno(file), self->map, self->length, 0)));
	EXPECT_TRUE(skel_check(self->map, self->length, 1));
	fclose(file);
}

TEST_F(debug, plain_write_is_efault_after_free)
{
	FILE *file = tmpfile();

	ASSERT_NE(NULL, file);
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	EXPECT_EQ(-EFAULT, skel_err(pwrite(fileno(file), self->map, self->page, 0)));
	fclose(file);
}

TEST_F(debug, o_direct_is_efault)
{
	char path[64];
	void *ordinary;
	int disk = skel_block_device(path, sizeof(path));

	if (disk < 0)
		SKIP(return, "no block device, load brd");
	ASSERT_EQ(0, posix_memalign(&ordinary, self->page, self->page));
	if (pread(disk, ordinary, self->page, 0) != (ssize_t)self->page)
		SKIP(return, "%s cannot be read", path);
	EXPECT_EQ(-EFAULT, skel_err(pread(disk, self->map, self->page, 0)))
		TH_LOG("%s", path);
	EXPECT_TRUE(skel_check(self->map, self->length, 1));
	free(ordinary);
	close(disk);
}

TEST_F(debug, io_uring_fixed_buffer_is_efault)
{
	struct io_uring_params params = { 0 };
	struct iovec iov = { self->map, self->length };
	int ring = syscall(__NR_io_uring_setup, 4, &params);

	if (ring == -1 && errno != EMFILE && errno != ENOMEM)
		SKIP(return, "no io_uring");
	ASSERT_LE(0, ring);
	EXPECT_EQ(-EFAULT, skel_err(syscall(__NR_io_uring_register, ring,
					    IORING_REGISTER_BUFFERS, &iov, 1)));
	/* The ring is fine with ordinary memory. */
	iov.iov_base = self->copy;
	EXPECT_EQ(0, skel_err(syscall(__NR_io_uring_register, ring,
				      IORING_REGISTER_BUFFERS, &iov, 1)));
	close(ring);
}

/* "VmFlags:" in smaps: io, pfnmap, dontexpand, dontcopy, dontdump */
TEST_F(debug, mapping_is_kept_out_of_fork_and_core_dump)
{
	static const char * const wanted[] = { " io", " pf", " de", " dc", " dd", " sh" };
	static const char * const banned[] = { " ex", " me" };
	FILE *smaps = fopen("/proc/self/smaps", "re");
	bool inside = false, seen = false;
	char line[512];

	if (!smaps)
		SKIP(return, "no /proc/self/smaps");
	while (fgets(line, sizeof(line), smaps)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start == (unsigned long)self->map;
		if (!inside || strncmp(line, "VmFlags:", 8))
			continue;
		seen = true;
		for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
			EXPECT_NE(NULL, strstr(line + 8, wanted[i]))
				TH_LOG("%s is missing in %s", wanted[i], line);
		}
		for (size_t i = 0; i < ARRAY_SIZE(banned); i++) {
			EXPECT_EQ(NULL, strstr(line + 8, banned[i]))
				TH_LOG("%s should not be in %s", banned[i], line);
		}
	}
	EXPECT_TRUE(seen);
	fclose(smaps);
}

TEST_HARNESS_MAIN
