// SPDX-License-Identifier: GPL-2.0
/*
 * Memory and its limits: mappings of card memory, permissions, ways in other
 * than loads and stores, what is charged to the user, large and freed buffers
 *
 * SKEL_BIG_MIB is the length of a buffer that is tested beside the others; 4096 is
 * a page less.
 */
#include <linux/io_uring.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "../kselftest_harness.h"
#include "skel_cgroup.h"
#include "skel_pci.h"
#include "skel_permission.h"
#include "skel_ucard_util.h"

/* Debug kernels and busy machines are slow. */
#define TIMEOUT		300

/* Addresses where nothing is mapped; where mremap() may move something to */
static void *reserve(size_t length)
{
	return mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Card memory, which is region 0, mapped as a whole */
FIXTURE(region)
{
	int fd;
	size_t page;
	struct skel_region_info memory;
	size_t length;
	__u8 *map;
};

FIXTURE_SETUP(region)
{
	SKEL_OPEN_OR_SKIP(self->fd, O_RDWR);
	if (!skel_is_simulated(self->fd) && !skel_has_memory(self->fd))
		SKIP(return, "the card's memory cannot be mapped");
	self->page = skel_page();
	ASSERT_EQ(0, skel_region(self->fd, 0, &self->memory));
	self->length = self->memory.length;
	self->map = skel_map(self->fd, self->memory.offset, self->length);
	ASSERT_NE(NULL, self->map);
	ASSERT_STREQ("OK STOP", skel_ask(self->fd, "STOP"));
	skel_fill(self->map, self->length, 3);
}

FIXTURE_TEARDOWN(region)
{
	close(self->fd);
}

/* Other channels, the card itself, and debuggers */
TEST_F(region, all_see_the_same_memory)
{
	const size_t length = 4 * self->page + 17;
	int other = skel_open(O_RDWR);
	__u8 *map, *buffer;
	__u64 host;

	EXPECT_EQ(SKEL_REGION_RAM, self->memory.flags);
	ASSERT_LE(0, other);
	map = skel_map(other, self->memory.offset, self->length);
	ASSERT_NE(NULL, map);
	EXPECT_TRUE(skel_check(self->map, self->length, 3));
	EXPECT_TRUE(skel_check(map, self->length, 3));
	buffer = skel_buffer(self->fd, SKEL_BOTH, length, &host);
	ASSERT_NE(NULL, buffer);
	EXPECT_EQ(length, skel_self_mem(self->map, buffer, length, false));
	EXPECT_TRUE(skel_check(buffer, length, 3));

	skel_fill(self->map + 100, length, 5);
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 100, length, host));
	EXPECT_TRUE(skel_check(buffer, length, 5));
	skel_fill(buffer, length, 6);
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "FROMHOST", 333, length, host));
	EXPECT_TRUE(skel_check(map + 333, length, 6));
	close(other);
}

TEST_F(region, bounds_hold)
{
	const __u64 start = self->memory.offset, end = start + self->length;
	const struct { __u64 offset; size_t length; int rc; } ranges[] = {
		{ start, self->page, 0 },
		{ start, self->length, 0 },
		{ end - self->page, self->page, 0 },
		{ start + self->page, self->length - self->page, 0 },
		{ start, self->length + self->page, -ENXIO },
		{ start + self->page, self->length, -ENXIO },
		{ end - self->page, 2 * self->page, -ENXIO },
		{ (1ULL << 32) - self->page, self->page, -ENXIO },
		{ (1ULL << 32) - self->page, 2 * self->page, -ENXIO },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		EXPECT_EQ(ranges[i].rc, skel_map_err(self->fd, ranges[i].offset, ranges[i].length,
						     SKEL_RW, MAP_SHARED))
			TH_LOG("%#llx, %#zx", ranges[i].offset, ranges[i].length);
	}
}

/* By buffers that come and go, and by the end of the file */
TEST_F(region, mapping_stays)
{
	__u64 host;

	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &host));
		ASSERT_EQ(0, skel_free(self->fd, host));
	}
	EXPECT_TRUE(skel_check(self->map, self->length, 3));
	close(self->fd);
	self->map[1] ^= 0xff;
	self->fd = skel_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	self->map[1] ^= 0xff;
	EXPECT_TRUE(skel_check(self->map, self->length, 3));
	EXPECT_EQ(0, munmap(self->map, self->length));
}

TEST_F(region, cut_move_and_protect)
{
	const size_t page = self->page;
	void *target = reserve(page);
	__u8 *moved, *again;

	ASSERT_NE(MAP_FAILED, target);
	moved = mremap(self->map + page, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, target);
	ASSERT_EQ(target, moved);
	EXPECT_EQ(SIGSEGV, skel_touch(self->map + page));
	EXPECT_EQ(0, munmap(self->map + 4 * page, page));
	EXPECT_EQ(SIGSEGV, skel_touch(self->map + 4 * page));
	EXPECT_EQ(0, mprotect(self->map, page, PROT_READ));
	EXPECT_EQ(SIGSEGV, skel_poke(self->map, 1));
	again = skel_map(self->fd, self->memory.offset, self->length);
	ASSERT_NE(NULL, again);
	EXPECT_TRUE(skel_check(again, self->length, 3));
	EXPECT_EQ(0, memcmp(again + page, moved, page));
}

/*
 * Any process that holds the file may map a region: nobody owns it. As the
 * mapping of any device does, it goes through fork().
 */
TEST_F(region, child_inherits_the_mapping)
{
	const size_t last = self->length - 1;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		if (skel_map_err(self->fd, self->memory.offset, self->length, SKEL_RW, MAP_SHARED))
			_exit(3);
		close(self->fd);
		if (skel_touch(self->map) || skel_poke(self->map + last, 77))
			_exit(1);
		_exit(skel_check(self->map, last, 3) ? 0 : 2);
	}
	EXPECT_EQ(0, skel_wait(pid));
	EXPECT_EQ(77, self->map[last]);
}

/*
 * Every permission on every kind of mapping by every way in. Mappings of I/O
 * memory are tested where cards have it, by skel_edu and skel_unplug.
 */
FIXTURE(permission)
{
	struct ucard card;
	struct target target;
};

/* What is mapped, of what file */
FIXTURE_VARIANT(permission)
{
	enum { BUFFER, MEMORY, PROGRAM } what;
	__u32 flags;		/* of the buffer, or of the card that is played */
	int mode;
	bool readonly;
};

FIXTURE_VARIANT_ADD(permission, buffer_tohost) { BUFFER, SKEL_ALLOC_TOHOST, O_RDWR };
FIXTURE_VARIANT_ADD(permission, buffer_fromhost) { BUFFER, SKEL_ALLOC_FROMHOST, O_RDWR };
FIXTURE_VARIANT_ADD(permission, buffer_both) { BUFFER, SKEL_BOTH, O_RDWR };
FIXTURE_VARIANT_ADD(permission, buffer_of_a_reader) { BUFFER, SKEL_BOTH, O_RDONLY, true };
FIXTURE_VARIANT_ADD(permission, memory) { MEMORY, UCARD_BOTH, O_RDWR };
FIXTURE_VARIANT_ADD(permission, memory_of_a_reader) { MEMORY, UCARD_BOTH, O_RDONLY, true };
FIXTURE_VARIANT_ADD(permission, readonly_memory)
{
	MEMORY, UCARD_BOTH | SKEL_UCARD_READONLY, O_RDWR, true
};

/* The same memory, for the program that plays the card */
FIXTURE_VARIANT_ADD(permission, program) { PROGRAM, UCARD_BOTH | SKEL_UCARD_READONLY };

FIXTURE_SETUP(permission)
{
	struct target *target = &self->target;
	struct skel_ucard_create create;

	*target = (struct target) {
		.length = 2 * skel_page(),
		.writable = !variant->readonly,
		.debugger = variant->what != PROGRAM,
	};
	self->card.fd = -1;
	if (variant->what == BUFFER) {
		SKEL_OPEN_OR_SKIP(target->fd, variant->mode);
		ASSERT_EQ(0, skel_alloc(target->fd, variant->flags, target->length,
					&target->offset));
		return;
	}
	ucard_describe(&create);
	create.flags = variant->flags;
	UCARD_OR_SKIP(return, ucard_begin(&self->card, &create));
	target->fd = variant->what == PROGRAM ? self->card.fd :
						ucard_open(&self->card, variant->mode);
	ASSERT_LE(0, target->fd);
}

FIXTURE_TEARDOWN(permission)
{
	ucard_end(&self->card);
	close(self->target.fd);
}

TEST_F(permission, mmap)
{
	check_mmap(_metadata, &self->target);
}

TEST_F(permission, mprotect)
{
	check_mprotect_all(_metadata, &self->target);
}

TEST_F(permission, mremap)
{
	check_mremap(_metadata, &self->target);
}

TEST_F(permission, debugger)
{
	check_debugger_all(_metadata, &self->target);
}

/*
 * Ways into a mapped buffer other than loads and stores: debuggers and copying
 * system calls work, those that pin pages fail cleanly
 */
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
	SKEL_OPEN_OR_SKIP(self->fd, O_RDWR);
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
	const size_t page = self->page;
	__u8 *place[2];

	EXPECT_EQ(self->length, skel_self_mem(self->map, self->copy, self->length, false));
	EXPECT_TRUE(skel_check(self->copy, self->length, 1));
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		__u8 part[64] = { 0 };

		EXPECT_EQ(sizeof(part), skel_self_mem(self->map + starts[i], part, sizeof(part),
						      false));
		EXPECT_EQ(0, memcmp(part, self->map + starts[i], sizeof(part)));
	}
	/* A mapping that starts inside the buffer, and at another address */
	place[0] = skel_map(self->fd, self->host + 2 * page, page);
	ASSERT_NE(NULL, place[0]);
	place[1] = reserve(page);
	for (int i = 0; i < 2; i++) {
		memset(self->copy, 0, page);
		EXPECT_EQ(page, skel_self_mem(place[i], self->copy, page, false));
		EXPECT_EQ(0, memcmp(self->copy, self->map + 2 * page, page));
		if (!i)
			ASSERT_EQ(place[1], mremap(place[0], page, page,
						   MREMAP_MAYMOVE | MREMAP_FIXED, place[1]));
	}
}

TEST_F(debug, debugger_writes_a_buffer)
{
	__u8 *place = self->map + self->page - 30, data[64];

	memset(data, 0x77, sizeof(data));
	EXPECT_EQ(sizeof(data), skel_self_mem(place, data, sizeof(data), true));
	EXPECT_TRUE(skel_all(place, sizeof(data), 0x77));
	/* and nothing else */
	skel_fill(self->copy, self->length, 1);
	memcpy(self->copy + self->page - 30, data, sizeof(data));
	EXPECT_EQ(0, memcmp(self->map, self->copy, self->length));
}

/* Also when a new buffer has got the pages at once */
TEST_F(debug, freed_buffer_cannot_be_reached)
{
	FILE *file = tmpfile();
	__u64 host;
	__u8 *next;

	ASSERT_NE(NULL, file);
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	EXPECT_EQ(-EIO, skel_self_mem(self->map, self->copy, 16, false));
	EXPECT_EQ(-EIO, skel_self_mem(self->map, self->copy, 16, true));
	EXPECT_EQ(-EFAULT, skel_err(pwrite(fileno(file), self->map, self->page, 0)));
	EXPECT_TRUE(skel_all(self->copy, self->length, 0));
	next = skel_buffer(self->fd, SKEL_BOTH, self->length, &host);
	ASSERT_NE(NULL, next);
	memset(self->copy, 0x66, self->length);
	EXPECT_EQ(-EIO, skel_self_mem(self->map, self->copy, self->length, true));
	EXPECT_TRUE(skel_all(next, self->length, 0));
	fclose(file);
}

/* As are process_vm_readv() and process_vm_writev(), see check_debugger() */
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
	EXPECT_EQ(-EFAULT, skel_err(syscall(__NR_io_uring_register, ring, IORING_REGISTER_BUFFERS,
					    &iov, 1)));
	/* The ring is fine with ordinary memory. */
	iov.iov_base = self->copy;
	EXPECT_EQ(0, skel_err(syscall(__NR_io_uring_register, ring, IORING_REGISTER_BUFFERS, &iov,
				      1)));
	close(ring);
}

/* "VmFlags:" in smaps: io, pfnmap, dontexpand, dontcopy, dontdump, shared */
TEST_F(debug, mapping_is_kept_out_of_fork_and_core_dump)
{
	static const struct { const char *flag; bool wanted; } flags[] = {
		{ " io", true }, { " pf", true }, { " de", true }, { " dc", true }, { " dd", true },
		{ " sh", true }, { " ex", false }, { " me", false },
	};
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
		for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
			EXPECT_EQ(flags[i].wanted, !!strstr(line + 8, flags[i].flag))
				TH_LOG("%s in %s", flags[i].flag, line);
		}
	}
	EXPECT_TRUE(seen);
	fclose(smaps);
}

/*
 * Buffers are charged to RLIMIT_MEMLOCK of the user who allocates them: the limit
 * holds for an ordinary user, also for threads that race, and what is freed in
 * any way counts again.
 */
#define UNIT	SKEL_KIB(64)
#define LIMIT	(8 * UNIT)

FIXTURE(limit)
{
	int fd;
	int other;	/* a second channel */
};

FIXTURE_SETUP(limit)
{
	SKEL_OPEN_OR_SKIP(self->fd, O_RDWR);
	if (getuid())
		SKIP(return, "must be root to become another user");
	self->other = skel_open(O_RDWR);
	ASSERT_LE(0, self->other);
	/* The limit stays when the test drops its privileges. */
	ASSERT_EQ(0, skel_memlock(LIMIT));
}

FIXTURE_TEARDOWN(limit)
{
	close(self->fd);
	close(self->other);
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
	EXPECT_EQ(8, allocate_all(self->fd, UNIT, host, 32));
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(8, info.buffers);
	EXPECT_EQ(LIMIT, info.buffer_bytes);
	/* Not one page more, neither here nor on another channel: they count together. */
	EXPECT_EQ(-ENOMEM, skel_alloc(self->fd, SKEL_BOTH, 1, &host[8]));
	EXPECT_EQ(-ENOMEM, skel_alloc(self->other, SKEL_BOTH, 1, &host[8]));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(0, skel_free(self->fd, host[i]));
		EXPECT_EQ(0, skel_alloc(i ? self->fd : self->other, SKEL_BOTH, UNIT, &host[i]));
		EXPECT_EQ(-ENOMEM, skel_alloc(self->fd, SKEL_BOTH, 1, &host[8]));
	}
}

/* Five pages count as five; as eight for a card that needs them in one piece. */
TEST_F(limit, charge_is_exact)
{
	struct skel_info info;
	__u64 host;

	ASSERT_EQ(0, skel_info(self->fd, &info));
	ASSERT_EQ(0, skel_memlock((info.segments == 1 ? 8 : 5) * skel_page()));
	ASSERT_EQ(0, skel_drop_root());
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 5 * skel_page(), &host));
	EXPECT_EQ(-ENOMEM, skel_alloc(self->fd, SKEL_BOTH, 1, &host));
	/* Without a limit there is no buffer; a mistake is still a mistake. */
	ASSERT_EQ(0, skel_memlock(0));
	EXPECT_EQ(-ENOMEM, skel_alloc(self->other, SKEL_BOTH, 1, &host));
	EXPECT_EQ(-EINVAL, skel_alloc(self->other, SKEL_BOTH, 0, &host));
}

/* Root gets more, until nothing is left: an error, nobody killed, and all comes back. */
TEST_F_TIMEOUT(limit, root_gets_all_there_is, TIMEOUT)
{
	const long kills = skel_number_in("/proc/vmstat", "oom_kill ");
	const long free = skel_meminfo_kb("MemAvailable:");
	static __u64 host[4096];
	struct skel_info info;
	int n = 0, rc = 0;

	if (!getenv("SKEL_TEST_EXHAUST"))
		SKIP(return, "SKEL_TEST_EXHAUST is not set");
	ASSERT_EQ(0, skel_info(self->fd, &info));
	/* In ever smaller steps, down to pages */
	for (size_t length = SKEL_MIB(64); length >= skel_page(); length /= 4) {
		if (length > info.buffer_max)
			continue;
		for (rc = 0; !rc && n < (int)ARRAY_SIZE(host); n += !rc)
			rc = skel_alloc(self->fd, SKEL_BOTH, length, &host[n]);
		ASSERT_EQ(-ENOMEM, rc)
			TH_LOG("%d buffers, the last ones of %zu bytes", n, length);
	}
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(n, info.buffers);
	/* Half of the machine's memory, unless the module has another memory_percent. */
	EXPECT_LT(info.segments == 1 ? 0 : free / 4, (long)(info.buffer_bytes / 1024));
	while (n)
		ASSERT_EQ(0, skel_free(self->fd, host[--n]));
	EXPECT_LT(free - (long)SKEL_KIB(8), skel_meminfo_kb("MemAvailable:"));
	EXPECT_EQ(kills, skel_number_in("/proc/vmstat", "oom_kill "));
}

/* The answer of an allocation cannot be written: it is taken back. */
TEST_F_TIMEOUT(limit, unanswered_allocations_are_not_charged, TIMEOUT)
{
	struct skel_alloc *cmd = mmap(NULL, skel_page(), SKEL_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				      0);
	__u64 host[32];

	ASSERT_NE(MAP_FAILED, cmd);
	*cmd = (struct skel_alloc){ .size = sizeof(*cmd), .flags = SKEL_BOTH, .length = UNIT };
	ASSERT_EQ(0, mprotect(cmd, skel_page(), PROT_READ));
	ASSERT_EQ(0, skel_drop_root());
	for (int i = 0; i < 100; i++) {
		EXPECT_EQ(-EFAULT, skel_err(ioctl(self->fd, SKEL_IOC_ALLOC, cmd)));
		/* Nor are those that fail before. */
		EXPECT_EQ(-EFAULT, skel_err(ioctl(self->fd, SKEL_IOC_ALLOC, NULL)));
		EXPECT_EQ(-EINVAL, skel_alloc(self->fd, SKEL_BOTH, UINT64_MAX, host));
		EXPECT_EQ(-EINVAL, skel_alloc(self->fd, 0, UNIT, host));
	}
	EXPECT_EQ(8, allocate_all(self->fd, UNIT, host, 32));
}

/* The limit is that of the one buffer: a charge that stays is noticed at once. */
TEST_F_TIMEOUT(limit, free_gives_back_each_time, TIMEOUT)
{
	const size_t length = 2 * skel_page();
	__u64 host;

	ASSERT_EQ(0, skel_memlock(length));
	ASSERT_EQ(0, skel_drop_root());
	for (int i = 0; i < 200; i++) {
		ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, length, &host))
			TH_LOG("round %d", i);
		ASSERT_EQ(0, skel_free(self->fd, host));
	}
}

/* A user who takes two halves of the limit, by a file of his own or by this one */
struct user {
	uid_t uid;
	int fd;
	int gets;	/* so many */
	bool dies;	/* after that */
};

static int use_limit(void *arg)
{
	const struct user *user = arg;
	int fd = user->fd < 0 ? skel_open(O_RDWR) : user->fd;
	__u64 host[4];

	if (setresgid(user->uid, user->uid, user->uid) ||
	    setresuid(user->uid, user->uid, user->uid))
		return 1;
	if (allocate_all(fd, LIMIT / 2, host, 4) != user->gets)
		return 2;
	if (!user->gets && skel_alloc(fd, SKEL_BOTH, 1, host) != -ENOMEM)
		return 3;
	if (user->dies)
		raise(SIGKILL);
	return 0;
}

TEST_F_TIMEOUT(limit, death_gives_back, TIMEOUT)
{
	struct user user = { .uid = SKEL_TEST_UID, .fd = -1, .gets = 2, .dies = true };

	for (int i = 0; i < 20; i++) {
		EXPECT_EQ(128 + SIGKILL, skel_in_child(use_limit, &user))
			TH_LOG("round %d", i);
	}
}

/* The charge stays with the user who allocated, until the buffer is gone. */
TEST_F(limit, charge_lives_as_long_as_the_buffer)
{
	struct user first = { .uid = SKEL_TEST_UID, .fd = self->fd, .gets = 2 };
	struct user later = { .uid = SKEL_TEST_UID, .fd = self->other };

	EXPECT_EQ(0, skel_in_child(use_limit, &first));
	/* The user's process is gone, its buffers are not: we hold the file. */
	EXPECT_EQ(0, skel_in_child(use_limit, &later));
	close(self->fd);
	later.gets = 2;
	EXPECT_EQ(0, skel_in_child(use_limit, &later));
}

TEST_F(limit, another_user_has_a_limit_of_his_own)
{
	struct user user = { .uid = SKEL_TEST_UID, .fd = self->fd, .gets = 2 };

	EXPECT_EQ(0, skel_in_child(use_limit, &user));
	user.uid++;
	EXPECT_EQ(0, skel_in_child(use_limit, &user));
}

/* What threads have in common that allocate and free at the same time */
struct race {
	int fd[2];
	size_t least, limit;	/* length of the smallest buffer; for all of them */
	__u64 deadline;
	unsigned int threads;
	size_t bytes;		/* that they have at least */
	unsigned long allocated, refused;
	long bad;
};

static void *allocate_and_free(void *arg)
{
	struct race *r = arg;
	const unsigned int n = __atomic_fetch_add(&r->threads, 1, __ATOMIC_SEQ_CST);
	const size_t length = r->least << n;
	const int fd = r->fd[n % 2];
	enum { HELD = 8 };
	__u64 host[HELD] = { };

	/* On a slow machine as often as it takes to mean something; then free all. */
	for (unsigned int i = 0, left = HELD; left; i++) {
		__u64 *slot = &host[i % HELD];
		int rc;

		if (skel_now_ms() >= r->deadline && i >= 400)
			left--;
		if (*slot) {
			/* Less from before it is given back */
			__atomic_sub_fetch(&r->bytes, length, __ATOMIC_SEQ_CST);
			rc = skel_free(fd, *slot);
			*slot = 0;
		} else if (left < HELD) {
			continue;
		} else {
			rc = skel_alloc(fd, SKEL_BOTH, length, slot);
			__atomic_add_fetch(rc ? &r->refused : &r->allocated, 1, __ATOMIC_SEQ_CST);
			if (rc == -ENOMEM)
				continue;
			if (!rc && r->limit < __atomic_add_fetch(&r->bytes, length,
								 __ATOMIC_SEQ_CST))
				rc = -ERANGE;
		}
		if (rc)
			__atomic_store_n(&r->bad, rc, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

TEST_F_TIMEOUT(limit, threads_that_race_get_no_more, TIMEOUT)
{
	struct race race = {
		.fd = { self->fd, self->other }, .least = SKEL_KIB(16), .limit = SKEL_KIB(256),
		.deadline = skel_now_ms() + 2000,
	};
	__u64 host[32];

	ASSERT_EQ(0, skel_memlock(race.limit));
	ASSERT_EQ(0, skel_drop_root());
	ASSERT_EQ(0, skel_threads(allocate_and_free, &race, 4, 0));
	EXPECT_EQ(0, race.bad);
	EXPECT_LT(100, race.allocated);
	EXPECT_LT(100, race.refused);
	/* Nothing was charged twice, or not given back. */
	EXPECT_EQ(race.limit / race.least, allocate_all(self->fd, race.least, host, 32));
}

struct opened {
	int fd[256];	/* more than a card has */
	unsigned int count;
};

static void *open_all(void *arg)
{
	struct opened *opened = arg;
	int fd;

	while ((fd = skel_open(O_RDWR)) >= 0)
		opened->fd[__atomic_fetch_add(&opened->count, 1, __ATOMIC_SEQ_CST) % 256] = fd;
	return NULL;
}

/* The channels of a card, too, are as many as it has. The race is for the last ones. */
TEST_F_TIMEOUT(limit, threads_that_race_get_no_more_channels, TIMEOUT)
{
	struct opened opened = { };
	struct skel_info info;
	unsigned int held;

	ASSERT_EQ(0, skel_info(self->fd, &info));
	ASSERT_GT(256, info.channels);
	for (held = 0; held + 6 < info.channels; held++)
		ASSERT_LE(0, skel_open(O_RDWR));
	for (int round = 0; round < 100; round++) {
		ASSERT_EQ(0, skel_threads(open_all, &opened, 4, 0));
		EXPECT_EQ(-EBUSY, skel_open(O_RDWR));
		/* All but those held and the two of the fixture */
		EXPECT_EQ(info.channels - held - 2, opened.count)
			TH_LOG("round %d", round);
		while (opened.count)
			close(opened.fd[--opened.count]);
	}
}

/* Buffers are charged to the memory cgroup, too. */
FIXTURE(cgroup)
{
	struct member {
		int fd;
		struct skel_cgroup group;
	} member;
};

FIXTURE_SETUP(cgroup)
{
	int rc;

	SKEL_OPEN_OR_SKIP(self->member.fd, O_RDWR);
	if (getuid())
		SKIP(return, "must be root to make a cgroup");
	if (!skel_is_simulated(self->member.fd) && skel_meminfo_kb("CmaTotal:") > 0)
		SKIP(return, "the kernel does not charge contiguous memory (CMA)");
	rc = skel_cgroup_make(&self->member.group);
	if (rc == -ENODEV)
		SKIP(return, "the kernel has no memory cgroups (version 2)");
	ASSERT_EQ(0, rc);
}

FIXTURE_TEARDOWN(cgroup)
{
	close(self->member.fd);
	if (self->member.group.path[0])
		skel_cgroup_remove(&self->member.group);
}

static int allocate_one(void *arg)
{
	const struct member *member = arg;
	__u64 host[4];

	if (skel_cgroup_enter(&member->group))
		return 1;
	return allocate_all(member->fd, SKEL_KIB(256), host, 4) == 4 ? 0 : 2;
}

static int allocate_too_much(void *arg)
{
	const struct member *member = arg;
	__u64 host[256];
	int n;

	if (skel_cgroup_enter(&member->group))
		return 1;
	n = allocate_all(member->fd, SKEL_KIB(256), host, 256);
	if (n < 8 || n > 32 || skel_buffers(member->fd) != (__u32)n)
		return 2;
	while (n && !skel_free(member->fd, host[n - 1]))
		n--;
	return n || skel_alloc(member->fd, SKEL_BOTH, SKEL_KIB(256), &host[0]) ? 3 : 0;
}

/* Buffers are the group's, until they are gone, whoever holds the file. */
TEST_F(cgroup, buffers_are_charged)
{
	long long before = skel_cgroup_used(&self->member.group);

	EXPECT_EQ(0, skel_in_child(allocate_one, &self->member));
	EXPECT_LE(before + (long long)SKEL_MIB(1), skel_cgroup_used(&self->member.group));
	close(self->member.fd);
	/* Each CPU may keep a charge of 64 pages for what comes next. */
	before += SKEL_KIB(768);
	for (int i = 0; i < 200 && skel_cgroup_used(&self->member.group) >= before; i++)
		skel_sleep_ms(10);
	EXPECT_GT(before, skel_cgroup_used(&self->member.group));
}

/* An error, not the death of the process; and room again after FREE */
TEST_F_TIMEOUT(cgroup, limit_is_enomem, TIMEOUT)
{
	ASSERT_EQ(0, skel_cgroup_limit(&self->member.group, "8M"));
	EXPECT_EQ(0, skel_in_child(allocate_too_much, &self->member));
	EXPECT_EQ(0, skel_cgroup_kills(&self->member.group));
}

/*
 * Large buffers consist of many pieces of memory. mmap() fills the page tables of
 * mappings up to 64 MiB; those of larger ones are filled 2 MiB at a time.
 */
#define FILLED		SKEL_MIB(64)
#define BLOCK		SKEL_MIB(2)

FIXTURE(big)
{
	int fd;
	size_t page;
	struct skel_info info;
	size_t length;
	__u64 host;
	__u8 *map;
};

FIXTURE_VARIANT(big)
{
	size_t mib;	/* 0 without pages: SKEL_BIG_MIB */
	size_t pages;	/* beyond that */
};

FIXTURE_VARIANT_ADD(big, three_pages) { 0, 3 };
FIXTURE_VARIANT_ADD(big, four_mib_and_a_page) { 4, 1 };
FIXTURE_VARIANT_ADD(big, eight_mib) { 8, 0 };
FIXTURE_VARIANT_ADD(big, filled) { 64, 0 };
FIXTURE_VARIANT_ADD(big, filled_and_a_page) { 64, 1 };
FIXTURE_VARIANT_ADD(big, many_blocks) { 128, 0 };
FIXTURE_VARIANT_ADD(big, as_configured) { 0, 0 };

FIXTURE_SETUP(big)
{
	int rc;

	SKEL_OPEN_OR_SKIP(self->fd, O_RDWR);
	ASSERT_EQ(0, skel_info(self->fd, &self->info));
	self->page = skel_page();
	self->length = SKEL_MIB(variant->mib) + variant->pages * self->page;
	if (!self->length)
		self->length = skel_at_most(SKEL_MIB(skel_env("SKEL_BIG_MIB", 0)),
					    (1ULL << 32) - self->page);
	if (!self->length || self->length > self->info.buffer_max)
		SKIP(return, "SKEL_BIG_MIB is not set, or more than a buffer can have");
	if (self->length / 1024 > (size_t)skel_meminfo_kb("MemAvailable:") / 4 * 3)
		SKIP(return, "not enough memory");
	rc = skel_alloc(self->fd, SKEL_BOTH, self->length, &self->host);
	if (rc == -ENOMEM && self->info.segments == 1)
		SKIP(return, "no contiguous memory");
	ASSERT_EQ(0, rc);
	self->map = skel_map(self->fd, self->host, self->length);
	ASSERT_NE(NULL, self->map);
}

FIXTURE_TEARDOWN(big)
{
	close(self->fd);
}

/* Places in a buffer: both ends, both sides of each multiple of 2 MiB, and others */
static size_t places(size_t length)
{
	return 2 * (length / BLOCK + 1) + 100;
}

static size_t place(size_t length, size_t i)
{
	const size_t borders = 2 * (length / BLOCK + 1);
	size_t at = i / 2 * BLOCK;

	if (i < 2)
		return i ? length - 1 : 0;
	if (i >= borders)
		return i * 2654435761ULL % length;
	if (i % 2)
		at--;
	return at < length ? at : length - 1;
}

/* The byte that belongs there, never 0 */
static __u8 byte_of(size_t at)
{
	return (at ^ at >> 8 ^ at >> 16 ^ at >> 24) | 1;
}

static void mark(__u8 *map, size_t length)
{
	for (size_t i = 0; i < places(length); i++)
		map[place(length, i)] = byte_of(place(length, i));
}

/* How many places hold another byte */
static size_t unmarked(const __u8 *map, size_t length)
{
	size_t wrong = 0;

	for (size_t i = 0; i < places(length); i++)
		wrong += map[place(length, i)] != byte_of(place(length, i));
	return wrong;
}

static long faults(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) ? -1 : usage.ru_minflt;
}

/* Touch each page; how many page faults that takes. */
static long touch_all(__u8 *map, size_t length)
{
	const size_t page = skel_page();
	long before = faults();

	before = faults();	/* the first call may have brought in code */
	for (size_t at = 0; at < length; at += page)
		__atomic_fetch_or(&map[at], 1, __ATOMIC_RELAXED);
	return faults() - before;
}

/* One for each block that a mapping has a part of, or none */
static long faults_allowed(size_t length)
{
	return length > FILLED ? length / BLOCK + 2 : 0;
}

TEST_F_TIMEOUT(big, is_zeroed_and_charged_exactly, TIMEOUT)
{
	const size_t length = self->length;
	struct skel_info info;
	__u64 host;

	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(1, info.buffers);
	EXPECT_TRUE(info.segments == 1 ? length <= info.buffer_bytes : length == info.buffer_bytes);
	EXPECT_TRUE(skel_all(self->map, length, 0));
	mark(self->map, length);
	EXPECT_EQ(0, unmarked(self->map, length));
	/* The next one does not overlap it. */
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &host));
	EXPECT_TRUE(host >= self->host + length || host + self->page <= self->host);
	EXPECT_EQ(0, skel_free(self->fd, host));
	EXPECT_EQ(-EINVAL, skel_alloc(self->fd, SKEL_BOTH, info.buffer_max + 1, &host));
	EXPECT_EQ(0, unmarked(self->map, length));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(0, info.buffer_bytes);
}

TEST_F_TIMEOUT(big, touching_takes_few_faults, TIMEOUT)
{
	const size_t length = self->length, page = self->page;
	long tables = skel_number_in("/proc/self/status", "VmPTE:");
	__u8 *odd = reserve(length + page);

	EXPECT_GE(faults_allowed(length), touch_all(self->map, length));
	tables = skel_number_in("/proc/self/status", "VmPTE:") - tables;
	/* Entries of 2 MiB need none; programs of 32 bits get no such addresses. */
	if (length > SKEL_MIB(64) && sizeof(long) == 8)
		EXPECT_GT((long)(length / BLOCK * page / 1024 / 2), tables);
	EXPECT_EQ(0, touch_all(self->map, length));
	/* Where 2 MiB of memory are not 2 MiB of addresses */
	ASSERT_NE(MAP_FAILED, odd);
	odd = mmap(odd + page, length, SKEL_RW, MAP_SHARED | MAP_FIXED, self->fd, self->host);
	ASSERT_NE(MAP_FAILED, odd);
	EXPECT_GE(faults_allowed(length), touch_all(odd, length));
	mark(self->map, length);
	EXPECT_EQ(0, unmarked(odd, length));
	/* A part of it, from an odd offset on */
	munmap(odd, length);
	odd = skel_map(self->fd, self->host + page, length - 2 * page);
	ASSERT_NE(NULL, odd);
	EXPECT_GE(faults_allowed(length), touch_all(odd, length - 2 * page));
	EXPECT_EQ(0, memcmp(odd, self->map + page, length - 2 * page));
	EXPECT_EQ(-ENXIO, skel_map_err(self->fd, self->host + page, length, SKEL_RW, MAP_SHARED));
}

/* Of 2 MiB that are mapped by one entry, too, a single page can be taken out. */
TEST_F_TIMEOUT(big, cut_move_and_protect, TIMEOUT)
{
	const size_t page = self->page, third = self->length / page / 3 * page;
	__u8 *hole = self->map + third, *readonly = self->map + 2 * third, *moved = reserve(page);

	ASSERT_NE(MAP_FAILED, moved);
	touch_all(self->map, self->length);
	self->map[0] = 1;
	hole[-1] = 2;
	*readonly = 3;
	self->map[self->length - 1] = 4;
	ASSERT_EQ(0, munmap(hole, page));
	ASSERT_EQ(0, mprotect(readonly, page, PROT_READ));
	ASSERT_EQ(moved, mremap(self->map, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, moved));
	EXPECT_EQ(SIGSEGV, skel_touch(hole));
	EXPECT_EQ(SIGSEGV, skel_touch(hole + page - 1));
	EXPECT_EQ(SIGSEGV, skel_poke(readonly, 1));
	EXPECT_EQ(SIGSEGV, skel_touch(self->map));
	EXPECT_EQ(1, *moved);
	EXPECT_EQ(2, third == page ? moved[page - 1] : hole[-1]);
	EXPECT_EQ(3, *readonly);
	EXPECT_EQ(4, self->map[self->length - 1]);
	ASSERT_EQ(0, mprotect(readonly, page, SKEL_RW));
	EXPECT_EQ(0, skel_poke(readonly, 5));

	ASSERT_EQ(0, skel_free(self->fd, self->host));
	EXPECT_EQ(SIGBUS, skel_touch(moved));
	EXPECT_EQ(SIGBUS, skel_poke(readonly, 1));
	EXPECT_EQ(SIGSEGV, skel_touch(hole));
	EXPECT_EQ(SIGBUS, skel_touch(self->map + self->length - 1));
}

/* As a whole, after a move to addresses that do not suit entries of 2 MiB */
TEST_F_TIMEOUT(big, freed_is_revoked_everywhere, TIMEOUT)
{
	const size_t length = self->length, page = self->page;
	__u8 *again = skel_map(self->fd, self->host, length), *area = reserve(length + page);
	size_t alive = 0;

	ASSERT_NE(NULL, again);
	ASSERT_NE(MAP_FAILED, area);
	mark(self->map, length);
	area = mremap(self->map, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, area + page);
	ASSERT_NE(MAP_FAILED, area);
	EXPECT_EQ(0, unmarked(area, length));
	EXPECT_EQ(0, unmarked(again, length));
	ASSERT_EQ(0, skel_free(self->fd, self->host));
	for (size_t i = 0; i < places(length); i++) {
		alive += skel_touch(area + place(length, i)) != SIGBUS;
		alive += skel_poke(again + place(length, i), 1) != SIGBUS;
	}
	EXPECT_EQ(0, alive);
	EXPECT_EQ(-ENXIO, skel_map_err(self->fd, self->host, length, SKEL_RW, MAP_SHARED));
	EXPECT_EQ(0, munmap(area, length));
}

/* It is not inherited, but who has the file can map it, and free it. */
TEST_F_TIMEOUT(big, child_maps_it_anew, TIMEOUT)
{
	pid_t pid;

	mark(self->map, self->length);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		__u8 *map;

		for (size_t i = 0; i < places(self->length); i++) {
			if (skel_touch(self->map + place(self->length, i)) != SIGSEGV)
				_exit(1);
		}
		map = skel_map(self->fd, self->host, self->length);
		if (!map || unmarked(map, self->length))
			_exit(2);
		if (skel_free(self->fd, self->host))
			_exit(3);
		_exit(skel_touch(map) == SIGBUS ? 0 : 4);
	}
	EXPECT_EQ(0, skel_wait(pid));
	EXPECT_EQ(SIGBUS, skel_touch(self->map));
	EXPECT_EQ(SIGBUS, skel_touch(self->map + self->length - 1));
}

/* Across borders, of a mapping that nobody has touched yet */
TEST_F_TIMEOUT(big, debugger_crosses_borders, TIMEOUT)
{
	const size_t step = self->length > BLOCK ? BLOCK : self->page;
	int checked = 0, rc[2];

	for (size_t at = step; at + 100 < self->length && checked < 40; at += step, checked++) {
		__u8 data[200], seen[200];
		long word;

		skel_fill(data, sizeof(data), at);
		ASSERT_EQ(sizeof(data), skel_self_mem(self->map + at - 100, data, sizeof(data),
						      true));
		ASSERT_EQ(sizeof(data), skel_self_mem(self->map + at - 100, seen, sizeof(seen),
						      false));
		ASSERT_EQ(0, memcmp(data, seen, sizeof(data)));
		ASSERT_EQ(0, memcmp(data, self->map + at - 100, sizeof(data)));
		if (checked > 2)
			continue;
		word = skel_ptrace(self->map + at - 2, rc);
		EXPECT_EQ(0, rc[0] | rc[1]);
		EXPECT_EQ(0, memcmp(&word, data + 98, sizeof(word)));
		word++;
		EXPECT_EQ(0, memcmp(&word, self->map + at - 2, sizeof(word)));
	}
	EXPECT_LT(0, checked);
}

/* Pieces of memory begin and end at borders, the bytes of a transfer go on. */
TEST_F_TIMEOUT(big, transfers_cross_borders, TIMEOUT)
{
	const size_t bytes = 1000, step = self->length > BLOCK ? BLOCK : self->page;
	const size_t most = 16 * step;
	size_t card;

	for (size_t at = step; at + bytes / 2 <= self->length && at < most; at += step)
		skel_fill(self->map + at - bytes / 2, bytes, at);
	for (size_t at = step; at + bytes / 2 <= self->length && at < most; at += step) {
		const size_t from = at - bytes / 2;

		ASSERT_STREQ("DONE", skel_transfer(self->fd, "FROMHOST", 1, bytes,
						   self->host + from));
		memset(self->map + from - 1, 0xee, bytes + 1);
		ASSERT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 1, bytes,
						   self->host + from));
		EXPECT_TRUE(skel_check(self->map + from, bytes, at));
		EXPECT_EQ(0xee, self->map[from - 1]);
	}
	/* As much as the card has, up to the last byte of the buffer; and one more */
	if (!skel_card_memory(self->fd, &card) || card > self->length)
		return;
	skel_fill(self->map + self->length - card, card, 5);
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "FROMHOST", 0, card,
					   self->host + self->length - card));
	memset(self->map + self->length - card, 0, card);
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, card,
					   self->host + self->length - card));
	EXPECT_TRUE(skel_check(self->map + self->length - card, card, 5));
	EXPECT_STREQ("REFUSED host-address", skel_transfer(self->fd, "TOHOST", 0, card,
							   self->host + self->length - card + 1));
}

/*
 * A mapping of a buffer that was freed raises SIGBUS for ever, also when another
 * buffer has got the same host address since: on an edu device, if there is one,
 * or on a card that the test plays.
 */

/* One is to come back in this process, one in a child. */
enum { OWN, CHILD, BUFFERS };

FIXTURE(stale)
{
	bool played;
	struct ucard card;
	struct skel_pci pci;
	int fd;
	size_t page;
	__u64 host[BUFFERS];
	__u8 *old[BUFFERS];	/* mappings of what was freed */
};

FIXTURE_SETUP(stale)
{
	/*
	 * Before a host address comes back, all others of the channel have their
	 * turn: thousands of large buffers, each some milliseconds in a debug
	 * kernel, and much more with page_poison=1.
	 */
	self->card.fd = -1;
	if (!getenv("SKEL_TEST_STALE"))
		SKIP(return, "takes minutes, set SKEL_TEST_STALE");
	if (getuid())
		SKIP(return, "must be root");
	self->page = skel_page();
	self->played = skel_edu_find(0, &self->pci) != 0;
	if (self->played)
		UCARD_OR_SKIP(return, ucard_begin(&self->card, NULL));
	self->fd = self->played ? ucard_open(&self->card, O_RDWR) : skel_pci_open(&self->pci);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	for (int i = 0; i < BUFFERS; i++) {
		self->old[i] = skel_buffer(self->fd, SKEL_BOTH, self->page, &self->host[i]);
		ASSERT_NE(NULL, self->old[i]);
		skel_fill(self->old[i], self->page, i);
	}
	for (int i = 0; i < BUFFERS; i++) {
		ASSERT_EQ(0, skel_free(self->fd, self->host[i]))
			TH_LOG("buffer %d", i);
	}
}

FIXTURE_TEARDOWN(stale)
{
	close(self->fd);
	ucard_end(&self->card);
	if (!self->played)
		skel_pci_bind(&self->pci, true);
}

/*
 * Allocate and free until the next address is the first one again, and allocate
 * that. Large ones are aligned to their size: a small one before takes it along.
 */
static int go_round(int fd, __u64 first)
{
	const __u64 large = SKEL_MIB(4);
	struct skel_info info;
	__u64 host;
	int rc;

	rc = skel_info(fd, &info);
	while (!rc) {
		rc = skel_alloc(fd, SKEL_BOTH, 1, &host);
		if (rc || host == first)
			break;
		rc = skel_free(fd, host);
		/* The length that is zeroed is smaller than what it takes. */
		if (!rc)
			rc = skel_alloc(fd, SKEL_BOTH,
					skel_at_most(info.buffer_max, large) / 2 + 1, &host);
		if (!rc)
			rc = skel_free(fd, host);
	}
	return rc;
}

/* Nothing comes out of it, nothing goes in, by whatever way. */
static void check_dead(struct __test_metadata *_metadata, __u8 *map)
{
	long word = 0x5a5a5a5a;
	int rc[2];

	EXPECT_EQ(SIGBUS, skel_touch(map));
	EXPECT_EQ(SIGBUS, skel_poke(map, 0x5a));
	EXPECT_EQ(-EIO, skel_self_mem(map, &word, sizeof(word), true));
	EXPECT_EQ(-EIO, skel_self_mem(map, &word, sizeof(word), false));
	EXPECT_EQ(0x5a5a5a5a, word);
	skel_ptrace(map, rc);
	EXPECT_EQ(-EIO, rc[0]);
	EXPECT_EQ(-EIO, rc[1]);
}

/* Have a buffer at that address; stops in between. */
static int own_a_buffer(int fd, __u64 wanted)
{
	const size_t page = skel_page();
	__u64 host;
	__u8 *map = skel_buffer(fd, SKEL_BOTH, page, &host);

	if (!map || host != wanted)
		return 1;
	skel_fill(map, page, 6);
	raise(SIGSTOP);
	return skel_touch(map) || !skel_check(map, page, 6) ? 3 : 0;
}

TEST_F_TIMEOUT(stale, freed_mapping_stays_dead, 3 * TIMEOUT)
{
	__u8 *own, *place = reserve(self->page);
	pid_t child;
	int status;

	for (int i = 0; i < BUFFERS; i++)
		check_dead(_metadata, self->old[i]);
	ASSERT_EQ(0, go_round(self->fd, self->host[OWN]));
	own = skel_map(self->fd, self->host[OWN], self->page);
	ASSERT_NE(NULL, own);
	skel_fill(own, self->page, 5);
	check_dead(_metadata, self->old[OWN]);
	/* It takes that along. */
	ASSERT_EQ(place, mremap(self->old[OWN], self->page, self->page,
				MREMAP_MAYMOVE | MREMAP_FIXED, place));
	check_dead(_metadata, place);

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		/* The parent is the one that plays the card. */
		ucard_end(&self->card);
		_exit(own_a_buffer(self->fd, self->host[CHILD]));
	}
	ASSERT_EQ(child, waitpid(child, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	/* Nobody but the child has written to what a new mapping shows. */
	__u8 *again = skel_map(self->fd, self->host[CHILD], self->page);

	ASSERT_NE(NULL, again);
	EXPECT_TRUE(skel_check(again, self->page, 6));
	EXPECT_EQ(0, munmap(again, self->page));
	check_dead(_metadata, self->old[CHILD]);

	if (self->played)
		ucard_end(&self->card);
	else
		ASSERT_EQ(0, skel_pci_bind(&self->pci, false));
	check_dead(_metadata, place);
	check_dead(_metadata, self->old[CHILD]);
	/* What is alive has lost nothing. */
	ASSERT_EQ(0, skel_touch(own));
	EXPECT_TRUE(skel_check(own, self->page, 5));
	ASSERT_EQ(0, kill(child, SIGCONT));
	EXPECT_EQ(0, skel_wait(child));
}

TEST_HARNESS_MAIN
