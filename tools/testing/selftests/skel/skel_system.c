// SPDX-License-Identifier: GPL-2.0
/*
 * The driver as a part of the system: other processes, its modules, what it
 * reveals, and what users of other DMA buffer drivers report most often
 */
#include <dirent.h>
#include <sys/klog.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "../kselftest_harness.h"
#include "skel_util.h"

/* Debug kernels and busy machines are slow. */
#define TIMEOUT		300

/*
 * A buffer belongs to its channel, whichever address space allocated it: children,
 * programs after execve() and receivers of the descriptor use it alike.
 */
FIXTURE(process)
{
	int fd;
	size_t length;
	__u64 host;
	__u8 *map;
	__u64 *shared;	/* with children */
};

FIXTURE_SETUP(process)
{
	SKEL_OPEN_OR_SKIP(self->fd, O_RDWR);
	self->length = 2 * skel_page();
	self->map = skel_buffer(self->fd, SKEL_BOTH, self->length, &self->host);
	ASSERT_NE(NULL, self->map);
	skel_fill(self->map, self->length, 1);
	self->shared = mmap(NULL, skel_page(), SKEL_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);
}

FIXTURE_TEARDOWN(process)
{
	close(self->fd);
}

/*
 * A channel belongs to whoever holds the file: the same buffer in another address
 * space, filled from 1 by its maker. Returns 0 or the number of the first step that
 * went wrong.
 */
static int use_the_file(int fd, __u64 host, size_t length)
{
	__u64 own;
	void *map = skel_map(fd, host, length), *other;

	if (!map)
		return 1;
	if (!skel_check(map, length, 1))
		return 2;
	if (skel_map_err(fd, host + length, length, SKEL_RW, MAP_SHARED) == 0)
		return 3;
	if (strcmp(skel_transfer(fd, "FROMHOST", 0, 16, host), "DONE"))
		return 4;
	if (skel_alloc(fd, SKEL_BOTH, length, &own))
		return 5;
	other = skel_map(fd, own, length);
	if (!other)
		return 6;
	if (!skel_all(other, length, 0))
		return 7;
	if (strcmp(skel_transfer(fd, "TOHOST", 0, 16, own), "DONE"))
		return 8;
	if (memcmp(other, map, 16))
		return 9;
	if (skel_free(fd, own) || skel_touch(other) != SIGBUS)
		return 10;
	skel_fill(map, length, 2);
	return 0;
}

/* It can make one of its own. */
TEST_F(process, child_has_no_mapping)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		if (skel_touch(self->map) != SIGSEGV)
			_exit(101);
		if (skel_poke(self->map + self->length - 1, 1) != SIGSEGV)
			_exit(102);
		_exit(use_the_file(self->fd, self->host, self->length));
	}
	EXPECT_EQ(0, skel_wait(pid));
	EXPECT_TRUE(skel_check(self->map, self->length, 2));
	EXPECT_EQ(0, skel_map_err(self->fd, self->host, self->length, SKEL_RW, MAP_SHARED));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
}

TEST_F(process, parent_uses_the_childs_buffer)
{
	__u64 *shared = self->shared;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(skel_alloc(self->fd, SKEL_BOTH, self->length, shared) ? 1 : 0);
	EXPECT_EQ(0, skel_wait(pid));
	/* The child is gone; its buffer stays with the channel. */
	EXPECT_EQ(2, skel_buffers(self->fd));
	EXPECT_EQ(0, skel_map_err(self->fd, *shared, self->length, SKEL_RW, MAP_SHARED));
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "FROMHOST", 0, 16, *shared));
	EXPECT_EQ(0, skel_free(self->fd, *shared));
	EXPECT_EQ(1, skel_buffers(self->fd));
}

TEST_F(process, threads_share_the_buffer)
{
	/* CLONE_VM without CLONE_THREAD is what vfork() does. */
	pid_t pid = vfork();

	if (!pid) {
		self->map[0] ^= 0xff;
		_exit(skel_map_err(self->fd, self->host, self->length, SKEL_RW, MAP_SHARED));
	}
	ASSERT_LE(0, pid);
	EXPECT_EQ(0, skel_wait(pid));
	self->map[0] ^= 0xff;
	EXPECT_TRUE(skel_check(self->map, self->length, 1));
}

/* The child's own channel and buffer go through execve(), see main(). */
TEST_F(process, program_after_exec_uses_the_file)
{
	char fd[16], host[32], length[32];
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		int own = skel_open(O_RDWR);
		__u64 buffer;
		void *map = skel_buffer(own, SKEL_BOTH, self->length, &buffer);

		if (!map)
			_exit(100);
		skel_fill(map, self->length, 1);
		snprintf(fd, sizeof(fd), "%d", own);
		snprintf(host, sizeof(host), "%#llx", buffer);
		snprintf(length, sizeof(length), "%zu", self->length);
		if (fcntl(own, F_SETFD, 0))
			_exit(101);
		execl("/proc/self/exe", "skel_system", "--after-exec", fd, host, length, NULL);
		_exit(102);
	}
	EXPECT_EQ(0, skel_wait(pid));
}

TEST_F(process, receiver_of_the_descriptor_uses_it)
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
		_exit(fd < 0 ? 100 : use_the_file(fd, self->host, self->length));
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

/*
 * The driver's modules cannot be unloaded as long as anything of a card is in
 * use, however little that is, and can be as soon as nothing is.
 */
FIXTURE(module)
{
	char name[64];		/* of the module that drives the card */
	long references;	/* to it, without us */
	int fd;
	void *map;
	size_t length;		/* of the mapping */
	int socks[2];
	pid_t reader;
};

/* How a program uses the card */
FIXTURE_VARIANT(module)
{
	bool buffer, map;	/* it has a buffer, and maps it */
	bool memory;		/* it maps card memory */
	bool closed;		/* the descriptor is closed */
	bool in_flight;		/* the descriptor is in a socket */
	bool running;		/* a transfer lasts longer than the test */
	bool in_read;		/* another process waits in read() */
	const char *sent;	/* it has written that */
};

FIXTURE_VARIANT_ADD(module, opened) { };
FIXTURE_VARIANT_ADD(module, allocated) { .buffer = true };
FIXTURE_VARIANT_ADD(module, mapped) { .buffer = true, .map = true };
FIXTURE_VARIANT_ADD(module, only_mapped) { .buffer = true, .map = true, .closed = true };
FIXTURE_VARIANT_ADD(module, only_card_memory_mapped) { .memory = true, .closed = true };
FIXTURE_VARIANT_ADD(module, half_a_line) { .sent = "*ID" };
FIXTURE_VARIANT_ADD(module, unread_reply) { .sent = "*IDN?\n" };
FIXTURE_VARIANT_ADD(module, running) { .running = true };
FIXTURE_VARIANT_ADD(module, in_read) { .in_read = true };
FIXTURE_VARIANT_ADD(module, in_flight) { .in_flight = true, .closed = true };

FIXTURE_SETUP(module)
{
	struct skel_info info;

	SKEL_OPEN_OR_SKIP(self->fd, O_RDWR);
	ASSERT_EQ(0, skel_info(self->fd, &info));
	if (variant->memory && !skel_has_memory(self->fd))
		SKIP(return, "the card's memory cannot be mapped");
	if (variant->running && !skel_is_simulated(self->fd))
		SKIP(return, "the card's transfers end too soon");
	close(self->fd);
	/* The name of a card is that of its module. */
	snprintf(self->name, sizeof(self->name), "%.*s", (int)sizeof(info.name), info.name);
	if (getuid())
		SKIP(return, "must be root to unload a module");
	self->references = skel_module_refs(self->name);
	if (self->references < 0)
		SKIP(return, "the driver is built in, or modules cannot be unloaded");
}

FIXTURE_TEARDOWN(module)
{
}

static int be_in_read(void *arg)
{
	char byte;

	return read(*(int *)arg, &byte, 1) != 1;
}

static void take_into_use(struct __test_metadata *_metadata, FIXTURE_DATA(module) * self,
			  const FIXTURE_VARIANT(module) * variant)
{
	const size_t page = skel_page();
	__u64 host = 0;

	self->fd = skel_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	self->length = page;
	if (variant->buffer || variant->running)
		ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, page, &host));
	if (variant->map || variant->memory) {
		self->map = variant->map ? skel_map(self->fd, host, page) :
					   skel_card_memory(self->fd, &self->length);
		ASSERT_NE(NULL, self->map);
	}
	if (variant->sent) {
		ASSERT_EQ(0, skel_write(self->fd, variant->sent, strlen(variant->sent)));
		if (strchr(variant->sent, '\n'))
			ASSERT_TRUE(skel_readable(self->fd, SKEL_ANSWER_MS));
	}
	if (variant->running) {
		ASSERT_STREQ("OK SPEED", skel_ask(self->fd, "SPEED 1"));
		ASSERT_EQ(0, skel_send(self->fd, "TOHOST 0 %#zx %#llx", page, host));
	}
	if (variant->in_read) {
		self->reader = skel_child(be_in_read, &self->fd);
		ASSERT_TRUE(skel_wait_asleep(self->reader));
	}
	if (variant->in_flight) {
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, self->socks));
		ASSERT_EQ(0, skel_send_fd(self->socks[0], self->fd));
	}
	if (variant->closed)
		close(self->fd);
}

TEST_F(module, is_busy)
{
	/* The core, on which the other one depends, comes last. */
	const char * const names[] = { self->name, "skel" };

	take_into_use(_metadata, self, variant);
	EXPECT_LT(self->references, skel_module_refs(self->name));
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(-EWOULDBLOCK, skel_err(syscall(SYS_delete_module, names[i], O_NONBLOCK)));
	if (self->map) {
		EXPECT_EQ(0, skel_touch(self->map));
		munmap(self->map, self->length);
	}
	if (variant->in_read) {
		ASSERT_EQ(0, skel_send(self->fd, "*IDN?"));
		ASSERT_EQ(0, skel_wait(self->reader));
	}
	if (variant->in_flight) {
		close(self->socks[0]);
		close(self->socks[1]);
	}
	if (!variant->closed)
		close(self->fd);
	/* A descriptor in flight is closed by a work item. */
	for (int i = 0; i < 200 && skel_module_refs(self->name) != self->references; i++)
		skel_sleep_ms(10);
	EXPECT_EQ(self->references, skel_module_refs(self->name));
}

/*
 * What an ordinary user is told contains no address of the kernel nor of the
 * bus, and nothing that was left in the kernel's memory.
 */
#define PAGES		13	/* nobody else has a buffer of this length */
#define LOG_READ_ALL	3	/* of syslog(2) */

/* Where the buffer really is, page by page: without an IOMMU on the bus, too */
struct place {
	__u64 address[8 * PAGES];
	int known;
};

FIXTURE(secret)
{
	int fd;
	__u64 host;
	struct place place;
};

FIXTURE_SETUP(secret)
{
	struct place *place = &self->place;

	SKEL_OPEN_OR_SKIP(self->fd, O_RDWR);
	if (getuid())
		SKIP(return, "must be root to become another user");
	place->known = skel_trace_alloc(self->fd, SKEL_BOTH, PAGES * skel_page(), &self->host,
					place->address, ARRAY_SIZE(place->address));
	ASSERT_LE(0, place->known);
	ASSERT_EQ(0, skel_drop_root());
}

FIXTURE_TEARDOWN(secret)
{
	close(self->fd);
}

/* In the buffer, or what a pointer of a 64-bit kernel looks like */
static bool is_secret(const struct place *place, __u64 value)
{
	if (value >= 0xffff800000000000ULL && value < 0xffffffffffff0000ULL)
		return true;
	for (int i = 0; i < place->known; i++) {
		if (value - place->address[i] < skel_page())
			return true;
	}
	return false;
}

/* Any number in a text, in either base; short ones could be anything */
static bool text_is_secret(const struct place *place, const char *text)
{
	while (*text) {
		size_t hex = strspn(text, "0123456789abcdefABCDEF");

		if (hex >= 6 && is_secret(place, strtoull(text, NULL, 16)))
			return true;
		if (hex >= 7 && strspn(text, "0123456789") == hex &&
		    is_secret(place, strtoull(text, NULL, 10)))
			return true;
		text += hex ?: 1;
	}
	return false;
}

/* The members that are long enough for an address are aligned. */
static bool bytes_are_secret(const struct place *place, const void *bytes, size_t length)
{
	for (size_t i = 0; i + sizeof(__u64) <= length; i += 8) {
		__u64 value;

		memcpy(&value, (const char *)bytes + i, sizeof(value));
		if (is_secret(place, value))
			return true;
	}
	return false;
}

static bool file_is_secret(const struct place *place, const char *path)
{
	FILE *file = fopen(path, "re");
	bool secret = false;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		secret |= text_is_secret(place, line);
	if (file)
		fclose(file);
	return secret;
}

/* A check that finds nothing is worth nothing. */
TEST_F(secret, the_check_finds_what_it_looks_for)
{
	char text[64];

	if (self->place.known < PAGES)
		SKIP(return, "the kernel needs CONFIG_TRACING");
	snprintf(text, sizeof(text), "TOHOST at %#llx", self->place.address[0]);
	EXPECT_TRUE(text_is_secret(&self->place, text));
	snprintf(text, sizeof(text), "%llu bytes", self->place.address[1] + 5);
	EXPECT_TRUE(text_is_secret(&self->place, text));
	EXPECT_TRUE(text_is_secret(&self->place, "ffff888012345678"));
	EXPECT_FALSE(text_is_secret(&self->place, "0x400000000 0x1000 -1 ffffffff"));
	EXPECT_TRUE(bytes_are_secret(&self->place, &self->place.address[0], 8));
}

TEST_F(secret, no_address_in_structures)
{
	struct skel_alloc alloc = {
		.size = sizeof(alloc), .flags = SKEL_BOTH, .length = skel_page(),
	};
	struct skel_region_info region;
	struct skel_info info;

	EXPECT_FALSE(is_secret(&self->place, self->host));
	ASSERT_EQ(0, ioctl(self->fd, SKEL_IOC_ALLOC, &alloc));
	EXPECT_FALSE(bytes_are_secret(&self->place, &alloc, sizeof(alloc)));
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_FALSE(bytes_are_secret(&self->place, &info, sizeof(info)));
	for (__u32 i = 0; i < info.regions; i++) {
		ASSERT_EQ(0, skel_region(self->fd, i, &region));
		EXPECT_FALSE(bytes_are_secret(&self->place, &region, sizeof(region)));
	}
}

TEST_F(secret, no_address_in_replies)
{
	/* Those that end with a blank take a host address. */
	static const char * const commands[] = {
		"*IDN?", "STATUS?", "INPUTS?", "nonsense", "TOHOST", "TOHOST 0 1 0",
		"TOHOST 0 0 0x1000", "FROMHOST 0xffffffff 1 0", "TOHOST 0 16 ",
		"FROMHOST 0 16 ", "TOHOST 0 0x1000000 ", "TOHOST 0 0 ",
	};
	char host[32];

	snprintf(host, sizeof(host), "%#llx", self->host);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		bool takes = commands[i][strlen(commands[i]) - 1] == ' ';
		const char *reply = skel_ask(self->fd, "%s%s", commands[i], takes ? host : "");

		EXPECT_LT(0, strlen(reply));
		EXPECT_FALSE(text_is_secret(&self->place, reply))
			TH_LOG("%s: %s", commands[i], reply);
	}
}

TEST_F(secret, no_address_in_files)
{
	const char *node = strrchr(skel_device(), '/') + 1;
	char directory[128], path[512];
	struct dirent *entry;
	int files = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->fd);
	EXPECT_EQ(0, access(path, R_OK));
	EXPECT_FALSE(file_is_secret(&self->place, path));
	snprintf(directory, sizeof(directory), "/sys/class/misc/%s", node);
	dir = opendir(directory);
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (entry->d_type != DT_REG || access(path, R_OK))
			continue;
		EXPECT_FALSE(file_is_secret(&self->place, path))
			TH_LOG("%s", path);
		files++;
	}
	closedir(dir);
	EXPECT_LE(3, files);
}

TEST_F(secret, no_address_in_the_log)
{
	static char log[1 << 20];
	char *line, *rest = log;
	int n;

	/* So that there is something */
	skel_ask(self->fd, "TOHOST 0 16 %#llx", self->host);
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	n = klogctl(LOG_READ_ALL, log, sizeof(log) - 1);
	if (n < 0)
		SKIP(return, "the log is for root only");
	log[n] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		EXPECT_FALSE(strstr(line, "skel") && text_is_secret(&self->place, line))
			TH_LOG("%s", line);
	}
}

/*
 * What users of other DMA buffer drivers report most often. Each test is named
 * after the failure that it prevents here; those that are longer are where their
 * subject is (no_write_after_kill, ordinary_user_gets_enomem, ...).
 */
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
	SKEL_OPEN_OR_SKIP(self->fd, O_RDWR);
	ASSERT_EQ(0, skel_info(self->fd, &self->info));
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
		"BUG", "WARNING", "Bad page", "bad page", "page allocation failure", "corruption",
		"Oops", "Call Trace",
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
	close(self->kmsg);
}

/* No sync call, no O_SYNC flag, no uncached mapping: it is right as it is. */
TEST_F(peers, no_manual_sync_needed)
{
	const size_t length = SKEL_KIB(64);
	size_t card_length;
	__u8 *card, *map;
	__u64 host;

	if (!skel_is_simulated(self->fd) && !skel_has_memory(self->fd))
		SKIP(return, "the card's memory cannot be mapped");
	ASSERT_STREQ("OK STOP", skel_ask(self->fd, "STOP"));
	card = skel_card_memory(self->fd, &card_length);
	ASSERT_NE(NULL, card);
	map = skel_buffer(self->fd, SKEL_BOTH, length, &host);
	ASSERT_NE(NULL, map);
	for (int i = 0; i < 100; i++) {
		skel_fill(card, length, i);
		ASSERT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, length, host));
		ASSERT_TRUE(skel_check(map, length, i));
		skel_fill(map, length, ~i);
		ASSERT_STREQ("DONE", skel_transfer(self->fd, "FROMHOST", 0, length, host));
		ASSERT_TRUE(skel_check(card, length, ~i));
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

/* Allocate until there is no more of that length; how many, or -errno. */
static int exhaust(int fd, size_t length, __u64 *host, int max)
{
	for (int n = 0; n < max; n++) {
		int rc = skel_alloc(fd, SKEL_BOTH, length, &host[n]);

		if (rc)
			return rc == -ENOMEM ? n : rc;
	}
	return -E2BIG;
}

/*
 * Memory is not endless, contiguous memory still less: an error then, no
 * complaint, nobody killed, and everything works as soon as there is room.
 */
TEST_F_TIMEOUT(peers, contiguous_alloc_fails_cleanly, TIMEOUT)
{
	const size_t length = skel_at_most(self->info.buffer_max, SKEL_MIB(4));
	static __u64 host[1024];
	int n;

	if (!may_exhaust(&self->info))
		SKIP(return, "load skel_sim with dma_bits=24, or set SKEL_TEST_EXHAUST");
	n = exhaust(self->fd, length, host, ARRAY_SIZE(host));
	EXPECT_LT(0, n);
	while (n-- > 0)
		EXPECT_EQ(0, skel_free(self->fd, host[n]));
	EXPECT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, length, &host[0]));
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, 16, host[0]));
}

/* Half of the memory is free, but in small pieces with ours in between. */
TEST_F_TIMEOUT(peers, fragmented_memory, TIMEOUT)
{
	const size_t length = skel_at_most(self->info.buffer_max, SKEL_MIB(1));
	static __u64 small[16384], large[16384];
	int n, m;

	if (!may_exhaust(&self->info))
		SKIP(return, "load skel_sim with dma_bits=24, or set SKEL_TEST_EXHAUST");
	n = exhaust(self->fd, SKEL_KIB(256), small, ARRAY_SIZE(small));
	ASSERT_LT(8, n);
	for (int i = 0; i < n; i += 2)
		ASSERT_EQ(0, skel_free(self->fd, small[i]));
	/* What can be moved out of the way is. */
	m = exhaust(self->fd, length, large, ARRAY_SIZE(large));
	ASSERT_LE(0, m);
	TH_LOG("%d pieces of 256 KiB, every second freed, then %d of %zu KiB", n, m, length / 1024);
	/* A small one is no problem, unless the large ones were as the others. */
	if (length > SKEL_KIB(256)) {
		EXPECT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &small[0]));
		EXPECT_EQ(0, skel_free(self->fd, small[0]));
	}
	/* Pieces are as good as a whole, except for a card that needs one. */
	if (self->info.segments != 1)
		EXPECT_LE(n / 2 / 4, m + 1);
	for (int i = 1; i < n; i += 2)
		ASSERT_EQ(0, skel_free(self->fd, small[i]));
	while (m--)
		ASSERT_EQ(0, skel_free(self->fd, large[m]));
	EXPECT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, length, &large[0]));
}

TEST_F(peers, munmap_partial_no_bad_page)
{
	const size_t page = self->page, length = 16 * page;

	for (int i = 0; i < 100; i++) {
		__u64 host;
		__u8 *map = skel_buffer(self->fd, SKEL_BOTH, length, &host);

		ASSERT_NE(NULL, map);
		memset(map, i, length);
		munmap(map + (1 + i % 14) * page, page);
		munmap(map, page);
		if (i % 4 == 0)
			ASSERT_EQ(0, skel_free(self->fd, host));
		munmap(map + 15 * page, page);
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

/* Free pages in the zone that 24-bit devices reach, which is the first, or -1 */
static long free_in_low_zone(void)
{
	char line[64], zone[16];

	if (skel_read_file("/proc/zoneinfo", line, sizeof(line)) ||
	    sscanf(line, "Node %*d, zone %15s", zone) != 1 || strcmp(zone, "DMA"))
		return -1;
	return skel_number_in("/proc/zoneinfo", "  pages free");
}

/* A card that reaches 16 MiB gets memory from there, although more is free. */
TEST_F(peers, mask_respected)
{
	const long pages = SKEL_MIB(1) / self->page;
	long before;
	__u64 host;

	if (self->info.dma_mask >> 24)
		SKIP(return, "load skel_sim with dma_bits=24");
	before = free_in_low_zone();
	if (before < 1024)
		SKIP(return, "there is no low memory");
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, SKEL_MIB(1), &host));
	EXPECT_LE(pages, before - free_in_low_zone());
	ASSERT_EQ(0, skel_free(self->fd, host));
	EXPECT_GT(pages, before - free_in_low_zone());
}

/* poll() and its time limit: neither early nor for ever */
TEST_F(peers, poll_waits_as_long_as_asked)
{
	__u64 begin = skel_now_ms(), took;

	EXPECT_FALSE(skel_readable(self->fd, 100));
	took = skel_now_ms() - begin;
	EXPECT_LE(99, took);
	EXPECT_GT(SKEL_ANSWER_MS, took);
}

int main(int argc, char **argv)
{
	/* The program of program_after_exec_uses_the_file */
	if (argc == 5 && !strcmp(argv[1], "--after-exec"))
		return use_the_file(atoi(argv[2]), strtoull(argv[3], NULL, 0),
					 strtoul(argv[4], NULL, 0));
	return test_harness_run(argc, argv);
}
