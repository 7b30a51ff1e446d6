// SPDX-License-Identifier: GPL-2.0
/*
 * PCI cards that go away while everything is in use: open files, mappings of
 * buffers and registers, a blocked reader, a running transfer. On QEMU's edu
 * device, and on ivshmem-plain with the driver template for memory
 * (samples/skel/skel_pci_memory.c).
 *
 * SKEL_TEST_ROUNDS is how often a card is unplugged in each test (default 5).
 */
#include <pthread.h>
#include <sys/socket.h>

#include "../kselftest_harness.h"
#include "skel_pci.h"
#include "skel_permission.h"

#define LENGTH		SKEL_KIB(256)
#define BYTES		4000		/* of a transfer */
#define DEVICE		"\"id\":\"edu0\""

/* Debug kernels and busy machines are slow. */
#define TIMEOUT		1800

static int rounds(void)
{
	const char *text = getenv("SKEL_TEST_ROUNDS");

	return text ? atoi(text) : 5;
}

struct mess {
	int fd;
	__u64 host;
	__u8 *map, *registers;
	struct skel_region_info region;
	pthread_t reader;
	char last[128];			/* the last line that the reader got */
	int error;			/* and how it ended */
};

static void *read_to_the_end(void *arg)
{
	struct mess *mess = arg;
	char line[SKEL_LINE_MAX];
	int n;

	while ((n = skel_err(read(mess->fd, line, sizeof(line) - 1))) > 0) {
		line[n] = '\0';
		line[strcspn(line, "\n")] = '\0';
		snprintf(mess->last, sizeof(mess->last), "%.100s", line);
	}
	mess->error = n;
	return NULL;
}

/* Use everything there is: 0 or -errno. */
static int make_mess(const struct skel_pci *pci, struct mess *mess)
{
	struct skel_info info;
	int rc;

	memset(mess, 0, sizeof(*mess));
	mess->fd = skel_pci_open(pci);
	if (mess->fd < 0)
		return mess->fd;
	rc = skel_info(mess->fd, &info);
	mess->map = skel_buffer(mess->fd, SKEL_BOTH, LENGTH, &mess->host);
	if (rc || !mess->map)
		return -EIO;
	skel_fill(mess->map, LENGTH, 1);
	if (info.regions) {
		if (skel_region(mess->fd, 0, &mess->region))
			return -EIO;
		mess->registers = skel_map(mess->fd, mess->region.offset, mess->region.length);
		if (!mess->registers || skel_touch(mess->registers))
			return -EIO;
	}
	rc = skel_send(mess->fd, "TOHOST 0 %d %#llx", BYTES, mess->host);
	return rc ?: -pthread_create(&mess->reader, NULL, read_to_the_end, mess);
}

/* What a program can do with a card that is gone: nothing */
static void check_calls(struct __test_metadata *_metadata, struct mess *mess)
{
	struct pollfd pollfd = { .fd = mess->fd, .events = POLLIN };
	struct skel_info info;
	__u64 host;

	ASSERT_EQ(0, pthread_join(mess->reader, NULL));
	EXPECT_EQ(-ENODEV, mess->error);
	/* "": the command had not been run yet, "closed": not asked for */
	EXPECT_TRUE(!mess->last[0] || strstr(mess->last, " gone") ||
		    strstr(mess->last, " closed") ||
		    strstr(mess->last, "DONE ") || strstr(mess->last, " error"))
		TH_LOG("%s", mess->last);
	EXPECT_EQ(-ENODEV, skel_info(mess->fd, &info));
	EXPECT_EQ(-ENODEV, skel_alloc(mess->fd, SKEL_BOTH, 1, &host));
	EXPECT_EQ(-ENODEV, skel_free(mess->fd, mess->host));
	EXPECT_EQ(-ENODEV, skel_send(mess->fd, "*IDN?"));
	EXPECT_EQ(-ENODEV, skel_map_err(mess->fd, mess->host, LENGTH, PROT_READ, MAP_SHARED));
	ASSERT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_TRUE(pollfd.revents & POLLHUP);
	EXPECT_TRUE(pollfd.revents & POLLERR);
}

/* The data stays, all but what the transfer may have written; registers do not. */
static void check_mappings(struct __test_metadata *_metadata, struct mess *mess)
{
	__u8 *last = mess->map + LENGTH - 1;
	__u8 *wanted = malloc(LENGTH), byte = 0;

	ASSERT_NE(NULL, wanted);
	skel_fill(wanted, LENGTH, 1);
	ASSERT_EQ(0, skel_touch(mess->map));
	EXPECT_EQ(0, memcmp(wanted + BYTES, mess->map + BYTES, LENGTH - BYTES));
	*last ^= 0xff;
	EXPECT_EQ((__u8)~wanted[LENGTH - 1], *last);
	EXPECT_EQ(1, skel_self_mem(last, &byte, 1, false));
	EXPECT_EQ(*last, byte);
	free(wanted);
	if (mess->registers) {
		EXPECT_EQ(SIGBUS, skel_touch(mess->registers));
		EXPECT_EQ(SIGBUS, skel_touch(mess->registers + mess->region.length - 1));
	}
}

static void clean_mess(struct mess *mess)
{
	munmap(mess->map, LENGTH);
	if (mess->registers)
		munmap(mess->registers, mess->region.length);
	close(mess->fd);
}

static void check_alive(struct __test_metadata *_metadata, const struct skel_pci *pci)
{
	int fd = skel_pci_open(pci);
	__u64 host;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, skel_alloc(fd, SKEL_BOTH, BYTES, &host));
	EXPECT_STREQ("FACT 720", skel_ask(fd, "FACT? 6"));
	EXPECT_STREQ("DONE", skel_transfer(fd, "TOHOST", 0, BYTES, host));
	close(fd);
}

static bool behind_root_port(const struct skel_pci *pci)
{
	return strncmp(pci->address, "0000:00:", 8);
}

static bool can_be_plugged(const struct skel_pci *pci)
{
	return behind_root_port(pci) && !skel_qmp("{\"execute\":\"query-status\"}");
}

/* The card behind a root port, if there is one: that one can be unplugged. */
static int find_card(struct skel_pci *pci)
{
	int n = 0;

	while (!skel_edu_find(n, pci)) {
		if (behind_root_port(pci))
			return 0;
		n++;
	}
	return skel_edu_find(0, pci);
}

FIXTURE(unplug)
{
	struct skel_pci pci;
	struct mess mess;
	long timeout, burst;
};

FIXTURE_SETUP(unplug)
{
	if (getuid())
		SKIP(return, "must be root");
	if (find_card(&self->pci))
		SKIP(return, "no edu device, or skel_edu is not loaded");
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	self->timeout = skel_edu_param("timeout_ms");
	self->burst = skel_edu_param("burst");
}

FIXTURE_TEARDOWN(unplug)
{
	skel_edu_set_param("timeout_ms", self->timeout);
	skel_edu_set_param("burst", self->burst);
	/* For the next test, if this one has ended early */
	skel_pci_bind(&self->pci, true);
	if (skel_pci_wait(&self->pci, true)) {
		skel_pci_bind(&self->pci, false);
		skel_pci_return(&self->pci);
	}
}

/*
 * What unbind leaves behind is quiet: the engine has ended its burst, without the
 * bus, and what it raised then is acknowledged. On a line that is shared nobody
 * else could do that.
 */
TEST_F_TIMEOUT(unplug, unbind_and_bind, TIMEOUT)
{
	/* Before, in the middle of, and after a transfer */
	static const int moments[] = { 40, 140, 0, 70, 20 };

	for (int i = 0; i < rounds(); i++) {
		void *registers;

		ASSERT_EQ(0, make_mess(&self->pci, &self->mess));
		skel_sleep_ms(moments[i % ARRAY_SIZE(moments)]);
		ASSERT_EQ(0, skel_pci_bind(&self->pci, false));
		registers = skel_pci_map_bar(&self->pci, 0);
		ASSERT_NE(NULL, registers);
		ASSERT_EQ(SKEL_EDU_VERSION, skel_read32(registers, SKEL_EDU_ID));
		EXPECT_EQ(0, skel_read32(registers, SKEL_EDU_DMA_COMMAND) & SKEL_EDU_DMA_RUN);
		EXPECT_EQ(0, skel_read32(registers, SKEL_EDU_IRQ_STATUS));
		munmap(registers, skel_page());
		/* Every other time the new card is there before the old one is looked at. */
		if (i % 2)
			ASSERT_EQ(0, skel_pci_return(&self->pci));
		check_calls(_metadata, &self->mess);
		check_mappings(_metadata, &self->mess);
		/* The old file may outlive the new card's beginning. */
		if (i % 2 == 0)
			ASSERT_EQ(0, skel_pci_return(&self->pci));
		check_alive(_metadata, &self->pci);
		clean_mess(&self->mess);
	}
}

TEST_F_TIMEOUT(unplug, device_del_and_add, TIMEOUT)
{
	if (!can_be_plugged(&self->pci))
		SKIP(return, "no QMP monitor, or no edu device behind a root port");
	for (int i = 0; i < rounds(); i++) {
		ASSERT_EQ(0, make_mess(&self->pci, &self->mess));
		skel_sleep_ms(i % 3 * 70);
		ASSERT_EQ(0, skel_qmp("{\"execute\":\"device_del\",\"arguments\":{" DEVICE "}}"));
		ASSERT_EQ(0, skel_pci_wait(&self->pci, false));
		check_calls(_metadata, &self->mess);
		check_mappings(_metadata, &self->mess);
		/* It takes a moment until the slot is free. */
		for (int j = 0; skel_qmp("{\"execute\":\"device_add\",\"arguments\":{"
					 "\"driver\":\"edu\",\"bus\":\"rp0\"," DEVICE "}}"); j++) {
			ASSERT_GT(500, j);
			skel_sleep_ms(10);
		}
		ASSERT_EQ(0, skel_pci_wait(&self->pci, true));
		check_alive(_metadata, &self->pci);
		clean_mess(&self->mess);
	}
}

/* As if it were pulled out: the registers are not there, but nobody says so. */
TEST_F_TIMEOUT(unplug, registers_vanish, TIMEOUT)
{
	ASSERT_EQ(0, skel_edu_set_param("timeout_ms", 300));
	/* The transfer takes a second, for machines that are late. */
	ASSERT_EQ(0, skel_edu_set_param("burst", 400));
	ASSERT_EQ(0, make_mess(&self->pci, &self->mess));
	skel_sleep_ms(30);
	ASSERT_EQ(0, skel_pci_set_command(&self->pci, SKEL_PCI_COMMAND_MASTER));
	ASSERT_EQ(0, skel_pci_wait(&self->pci, false));
	check_calls(_metadata, &self->mess);
	check_mappings(_metadata, &self->mess);
	clean_mess(&self->mess);
	ASSERT_EQ(0, skel_pci_bind(&self->pci, false));
	ASSERT_EQ(0, skel_pci_return(&self->pci));
	ASSERT_EQ(0, skel_edu_set_param("timeout_ms", self->timeout));
	ASSERT_EQ(0, skel_edu_set_param("burst", self->burst));
	check_alive(_metadata, &self->pci);
}

/* The same, and a command is the first to notice. */
TEST_F_TIMEOUT(unplug, registers_vanish_when_idle, TIMEOUT)
{
	struct pollfd pollfd = { .fd = skel_pci_open(&self->pci) };
	const int fd = pollfd.fd;
	const char *line;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, skel_pci_set_command(&self->pci, 0));
	line = skel_ask(fd, "LIVE? 1");
	EXPECT_TRUE(!strcmp(line, "ERROR gone") || line[0] == '[') TH_LOG("%s", line);
	/* The node goes first. */
	ASSERT_EQ(0, skel_pci_wait(&self->pci, false));
	ASSERT_EQ(1, poll(&pollfd, 1, SKEL_ANSWER_MS));
	EXPECT_EQ(-ENODEV, skel_send(fd, "LIVE? 1"));
	close(fd);
	ASSERT_EQ(0, skel_pci_bind(&self->pci, false));
	ASSERT_EQ(0, skel_pci_return(&self->pci));
	check_alive(_metadata, &self->pci);
}

/* For a child: what it has inherited works until the parent says that it must not. */
static int watch_registers(__u8 *map, size_t length, int sock)
{
	char byte = 0;

	/* The first page was there before fork(), the last one is the child's own. */
	if (skel_touch(map) || skel_touch(map + length - 1))
		return 1;
	if (write(sock, &byte, 1) != 1 || read(sock, &byte, 1) != 1)
		return 2;
	return skel_touch(map) == SIGBUS && skel_touch(map + length - 1) == SIGBUS ? 0 : 3;
}

/* The registers go from every process that has inherited a mapping of them. */
TEST_F_TIMEOUT(unplug, child_loses_the_registers, TIMEOUT)
{
	struct skel_region_info region;
	int socks[2], fd;
	char byte = 0;
	pid_t pid;
	void *map;

	if (skel_edu_param("map_registers") != 1)
		SKIP(return, "skel_edu was loaded without map_registers=1");
	fd = skel_pci_open(&self->pci);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, skel_region(fd, 0, &region));
	map = skel_map(fd, region.offset, region.length);
	ASSERT_NE(NULL, map);
	ASSERT_EQ(0, skel_touch(map));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		close(socks[0]);
		close(fd);
		_exit(watch_registers(map, region.length, socks[1]));
	}
	close(socks[1]);
	ASSERT_EQ(1, read(socks[0], &byte, 1));
	ASSERT_EQ(0, skel_pci_bind(&self->pci, false));
	ASSERT_EQ(1, write(socks[0], &byte, 1));
	EXPECT_EQ(0, skel_wait(pid));
	EXPECT_EQ(SIGBUS, skel_touch(map));
	munmap(map, region.length);
	close(fd);
}

/* As another driver may leave it, or the kernel that did kexec */
TEST_F_TIMEOUT(unplug, engine_that_runs_at_open_moves_nothing, TIMEOUT)
{
	__u32 bus, again;
	void *registers;
	__u64 host;
	__u8 *map;
	int fd;

	/* The new card's first buffer is most likely where the old one's was. */
	fd = skel_pci_open(&self->pci);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, skel_alloc(fd, SKEL_BOTH, LENGTH, &host));
	ASSERT_STREQ("DONE", skel_transfer(fd, "TOHOST", 0, BYTES, host));
	bus = skel_edu_bus(fd, true);
	ASSERT_NE(0, bus);
	close(fd);

	ASSERT_EQ(0, skel_pci_bind(&self->pci, false));
	ASSERT_EQ(0, skel_pci_return(&self->pci));
	registers = skel_pci_map_bar(&self->pci, 0);
	ASSERT_NE(NULL, registers);
	skel_write32(registers, SKEL_EDU_DMA_SOURCE, SKEL_EDU_MEMORY);
	skel_write32(registers, SKEL_EDU_DMA_DESTINATION, bus);
	skel_write32(registers, SKEL_EDU_DMA_COUNT, BYTES);
	skel_write32(registers, SKEL_EDU_DMA_COMMAND, SKEL_EDU_DMA_RUN | SKEL_EDU_DMA_TO_HOST);
	ASSERT_NE(0, skel_read32(registers, SKEL_EDU_DMA_COMMAND) & SKEL_EDU_DMA_RUN);

	fd = skel_pci_open(&self->pci);
	ASSERT_LE(0, fd);
	map = skel_buffer(fd, SKEL_BOTH, LENGTH, &host);
	ASSERT_NE(NULL, map);
	memset(map, 0xdd, LENGTH);
	/* The first transfer gives the bus back, when the engine has ended. */
	EXPECT_STREQ("DONE", skel_transfer(fd, "FROMHOST", 0, 1, host));
	again = skel_edu_bus(fd, false);
	skel_sleep_ms(300);
	EXPECT_TRUE(again != bus || skel_all(map, LENGTH, 0xdd));
	munmap(registers, skel_page());
	close(fd);
	check_alive(_metadata, &self->pci);
}

/*
 * Disturb the card in the middle of a transfer of seconds: the transfer fails, and
 * within so many tries everything works as before. Returns what @disturb did.
 */
static int check_survival(struct __test_metadata *_metadata, const struct skel_pci *pci,
			  int (*disturb)(const struct skel_pci *pci), int ms, int tries)
{
	const long burst = skel_edu_param("burst");
	int fd = skel_pci_open(pci), rc;
	const char *line;
	__u64 host;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, skel_alloc(fd, SKEL_BOTH, BYTES, &host));
	ASSERT_EQ(0, skel_edu_set_param("burst", 100));
	ASSERT_EQ(0, skel_send(fd, "TOHOST 0 %d %#llx", BYTES, host));
	skel_sleep_ms(ms);
	rc = disturb(pci);
	if (!rc) {
		EXPECT_STREQ("FAILED error", skel_transfer_end(fd, "TOHOST", 0, BYTES, host));
		ASSERT_EQ(0, skel_edu_set_param("burst", burst));
		while (strcmp("FACT 720", line = skel_ask(fd, "FACT? 6")) && --tries)
			skel_sleep_ms(10);
		EXPECT_STREQ("FACT 720", line);
		EXPECT_STREQ("DONE", skel_transfer(fd, "TOHOST", 0, BYTES, host));
	}
	close(fd);
	return rc;
}

/* A reset by the administrator is an error for the transfer that runs, no more. */
TEST_F_TIMEOUT(unplug, reset_is_survived, TIMEOUT)
{
	for (int i = 0; i < rounds(); i++) {
		int rc = check_survival(_metadata, &self->pci, skel_pci_reset,
					20 + i % 4 * 30, 1);

		if (rc == -ENOENT)
			SKIP(return, "this device cannot be reset");
		ASSERT_EQ(0, rc);
	}
}

static int break_the_link(const struct skel_pci *pci)
{
	return skel_qmp("{\"execute\":\"human-monitor-command\",\"arguments\":{"
			"\"command-line\":\"pcie_aer_inject_error rp0 DLP\"}}");
}

/* A fatal error on the link: transfers fail, the card is reset, its files stay. */
TEST_F_TIMEOUT(unplug, pci_error_is_survived, TIMEOUT)
{
	if (!can_be_plugged(&self->pci))
		SKIP(return, "no QMP monitor, or no edu device behind a root port");
	if (skel_machine_is("intx"))
		SKIP(return, "this root port reports errors by MSI only");
	ASSERT_EQ(0, check_survival(_metadata, &self->pci, break_the_link, 20, 1000));
}

struct user {
	pthread_t thread;
	struct skel_pci pci;
	bool *stop;
	const char *fault;
	int maps;
};

/* Map, write, read: what was written is there, whatever happens to the card. */
static void use_a_card(struct user *user, int fd)
{
	while (!__atomic_load_n(user->stop, __ATOMIC_RELAXED) && !user->fault) {
		const __u32 seed = (uintptr_t)user + user->maps;
		__u64 host;
		__u8 *map = skel_buffer(fd, SKEL_BOTH, SKEL_KIB(32), &host);

		if (!map)
			return;
		user->maps++;
		/* An mmap() that the unplug has overtaken is empty. */
		if (!skel_touch(map)) {
			skel_fill(map, SKEL_KIB(32), seed);
			if (!skel_check(map, SKEL_KIB(32), seed))
				user->fault = "what was written is not there";
		}
		munmap(map, SKEL_KIB(32));
		skel_sleep_ms(1);
		/* Some are left to the unplug, or to close(). */
		if (user->maps % 8 && skel_free(fd, host))
			return;
	}
}

static void *use_cards(void *arg)
{
	struct user *user = arg;

	while (!__atomic_load_n(user->stop, __ATOMIC_RELAXED) && !user->fault) {
		int fd = skel_pci_open(&user->pci);

		if (fd < 0) {
			skel_sleep_ms(1);
			continue;
		}
		use_a_card(user, fd);
		close(fd);
	}
	return NULL;
}

TEST_F_TIMEOUT(unplug, mmap_races_with_unbind, TIMEOUT)
{
	struct user users[2] = {};
	bool stop = false;

	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		users[i].pci = self->pci;
		users[i].stop = &stop;
		ASSERT_EQ(0, pthread_create(&users[i].thread, NULL, use_cards, &users[i]));
	}
	for (int i = 0; i < 2 * rounds(); i++) {
		skel_sleep_ms(20 + i % 7 * 10);
		ASSERT_EQ(0, skel_pci_bind(&self->pci, false));
		ASSERT_EQ(0, skel_pci_return(&self->pci));
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		ASSERT_EQ(0, pthread_join(users[i].thread, NULL));
		EXPECT_EQ(NULL, users[i].fault) TH_LOG("%s", users[i].fault);
		EXPECT_LT(0, users[i].maps);
	}
}

/* The driver template: a card that is a write-combined region, without DMA */
FIXTURE(template)
{
	struct skel_pci pci;
	struct skel_region_info region;
	int fd;
};

FIXTURE_SETUP(template)
{
	struct skel_info info;

	if (skel_pci_find("my-pci-memory", NULL, 0, &self->pci))
		SKIP(return, "skel_pci_memory is not bound to a card");
	self->fd = skel_pci_open(&self->pci);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, skel_info(self->fd, &info));
	ASSERT_EQ(1, info.regions);
	ASSERT_EQ(0, skel_region(self->fd, 0, &self->region));
}

FIXTURE_TEARDOWN(template)
{
	close(self->fd);
}

/* Cache mode of what begins at BAR 2, from x86's list; "": none, NULL: no list */
static const char *memtype(const struct skel_pci *pci)
{
	FILE *file = fopen("/sys/kernel/debug/x86/pat_memtype_list", "re");
	unsigned long long bar = skel_pci_bar(pci, 2), start;
	static char type[32];
	char line[128];

	if (!file || !bar)
		return NULL;
	type[0] = '\0';
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "PAT: [mem %llx-", &start) != 1 || start != bar)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(type, sizeof(type), "%.31s", strrchr(line, ' ') + 1);
	}
	fclose(file);
	return type;
}

TEST_F(template, memory_is_write_combined)
{
	const char *type;
	__u8 *map, *again;

	EXPECT_STREQ("memory", self->region.name);
	EXPECT_EQ(SKEL_REGION_WC, self->region.flags);
	EXPECT_EQ(0, self->region.offset);
	map = skel_map(self->fd, 0, self->region.length);
	ASSERT_NE(NULL, map);
	skel_fill(map, self->region.length, 3);
	type = memtype(&self->pci);
	if (type)
		EXPECT_STREQ("write-combining", type);
	again = skel_map(self->fd, 0, self->region.length);
	ASSERT_NE(NULL, again);
	EXPECT_TRUE(skel_check(again, self->region.length, 3));
	munmap(map, self->region.length);
	EXPECT_TRUE(skel_check(again, self->region.length, 3));
}

TEST_F(template, bounds_hold)
{
	const size_t page = skel_page(), length = self->region.length;

	EXPECT_EQ(0, skel_map_err(self->fd, length - page, page, PROT_READ, MAP_SHARED));
	EXPECT_EQ(-ENXIO, skel_map_err(self->fd, length, page, PROT_READ, MAP_SHARED));
	EXPECT_EQ(-ENXIO, skel_map_err(self->fd, page, length, PROT_READ, MAP_SHARED));
	EXPECT_EQ(-EINVAL, skel_map_err(self->fd, 0, page, PROT_READ, MAP_PRIVATE));
}

TEST_F(template, permissions)
{
	const struct target memory = {
		.fd = self->fd,
		.offset = self->region.offset,
		.length = self->region.length,
		.writable = true,
	};

	check_mmap(_metadata, &memory);
	check_mprotect_all(_metadata, &memory);
	check_mremap(_metadata, &memory);
	check_debugger_all(_metadata, &memory);
}

TEST_F(template, channel_works_without_dma)
{
	__u64 host;

	EXPECT_STREQ("ERROR unknown-command", skel_ask(self->fd, "*IDN?"));
	EXPECT_EQ(-EOPNOTSUPP, skel_alloc(self->fd, SKEL_BOTH, 1, &host));
}

TEST_F(template, unplug_takes_the_memory_away)
{
	const char *type;
	__u8 *map;

	if (getuid())
		SKIP(return, "must be root");
	map = skel_map(self->fd, 0, self->region.length);
	ASSERT_NE(NULL, map);
	ASSERT_EQ(0, skel_touch(map));
	ASSERT_EQ(0, skel_pci_bind(&self->pci, false));
	EXPECT_EQ(SIGBUS, skel_touch(map));
	EXPECT_EQ(SIGBUS, skel_touch(map + self->region.length - 1));
	type = memtype(&self->pci);
	if (type)
		EXPECT_STREQ("", type);
	ASSERT_EQ(0, skel_pci_return(&self->pci));
}

TEST_HARNESS_MAIN
