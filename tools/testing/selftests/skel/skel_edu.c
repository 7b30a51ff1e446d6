// SPDX-License-Identifier: GPL-2.0
/*
 * A card with registers, an interrupt and bus-master DMA: QEMU's edu device
 *
 * SKEL_TEST_SUSPEND allows suspending all devices of the machine.
 */
#include "../kselftest_harness.h"
#include "skel_pci.h"
#include "skel_permission.h"

/* The card's memory, and how long its engine takes for a burst */
#define MEMORY		4095
#define BURST_MS	100
#define DMA_MASK	((1ULL << 28) - 1)

/* Debug kernels and busy machines are slow. */
#define TIMEOUT		300

FIXTURE(edu)
{
	struct skel_pci pci;
	long burst, timeout;
	int fd, other;
	__u64 host, other_host;
	__u8 *map;
};

FIXTURE_SETUP(edu)
{
	if (skel_edu_find(0, &self->pci))
		SKIP(return, "no edu device, or skel_edu is not loaded");
	self->burst = skel_edu_param("burst");
	self->timeout = skel_edu_param("timeout_ms");
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	self->other = -1;
	self->fd = skel_pci_open(&self->pci);
	ASSERT_LE(0, self->fd);
	self->map = skel_buffer(self->fd, SKEL_BOTH, 2 * skel_page(), &self->host);
	ASSERT_NE(NULL, self->map);
}

FIXTURE_TEARDOWN(edu)
{
	skel_edu_set_param("burst", self->burst);
	skel_edu_set_param("timeout_ms", self->timeout);
	close(self->fd);
	close(self->other);
}

/* A second channel of the card with a buffer: 0 or -errno */
static int open_another(const struct skel_pci *pci, int *fd, __u64 *host)
{
	*fd = skel_pci_open(pci);
	return *fd < 0 ? *fd : skel_alloc(*fd, SKEL_BOTH, MEMORY, host);
}

static int start(int fd, const char *direction, __u64 card, __u64 length, __u64 host)
{
	return skel_send(fd, "%s %#llx %#llx %#llx", direction, card, length, host);
}

TEST_F(edu, it_says_who_it_is)
{
	const bool intx = skel_machine_is("intx");
	const char *status;
	struct skel_info info;
	char line[64];

	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_STREQ("skel_edu", info.name);
	EXPECT_EQ(DMA_MASK, info.dma_mask);
	snprintf(line, sizeof(line), "QEMU,edu,%s,1.0", self->pci.address);
	EXPECT_STREQ(line, skel_ask(self->fd, "*IDN?"));
	EXPECT_EQ(line + 9, strstr(line, self->pci.address));
	status = skel_ask(self->fd, "STATUS?");
	EXPECT_EQ(0, strncmp("STATUS IDLE transfers=0", status, 23));
	EXPECT_NE(NULL, strstr(status, intx ? "interrupt=intx" : "interrupt=msi"));
}

TEST_F(edu, registers_and_interrupt)
{
	static const char * const lines[][2] = {
		{ "LIVE? 0x12345678", "LIVE 0xedcba987" }, { "LIVE? 0", "LIVE 0xffffffff" },
		{ "LIVE? 0x100000000", "ERROR range" }, { "FACT? 13", "ERROR range" },
		{ "FACT? -1", "ERROR number" }, { "FACT?", "ERROR parameter-count" },
		{ "SAMPLE 1", "ERROR unknown-command" },
	};
	unsigned int product = 1;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		EXPECT_STREQ(lines[i][1], skel_ask(self->fd, "%s", lines[i][0]));
	for (unsigned int n = 0; n <= 12; n++) {
		char line[32];

		product *= n ?: 1;
		snprintf(line, sizeof(line), "FACT %u", product);
		EXPECT_STREQ(line, skel_ask(self->fd, "FACT? %u", n));
	}
}

/* There and back, at odd places; not a byte beside. */
TEST_F_TIMEOUT(edu, moves_exactly_the_bytes, TIMEOUT)
{
	const struct { size_t card, length, offset; } ranges[] = {
		{ 0, MEMORY, 0 }, { 1, MEMORY - 1, 3 }, { MEMORY - 1, 1, 4095 },
		{ 17, 1000, 4000 }, { 0, 1, 8191 },
	};
	static __u8 wanted[8192];

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		const size_t from = ranges[i].offset, length = ranges[i].length;

		skel_fill(self->map, 8192, i);
		EXPECT_STREQ("DONE", skel_transfer(self->fd, "FROMHOST", ranges[i].card,
						   length, self->host + from));
		memset(self->map, 0xee, 8192);
		EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", ranges[i].card,
						   length, self->host + from));
		EXPECT_TRUE(skel_all(self->map, from, 0xee)) TH_LOG("range %zu", i);
		EXPECT_TRUE(skel_all(self->map + from + length, 8192 - from - length, 0xee))
			TH_LOG("range %zu", i);
		skel_fill(wanted, 8192, i);
		EXPECT_EQ(0, memcmp(self->map + from, wanted + from, length))
			TH_LOG("range %zu", i);
	}
}

TEST_F(edu, card_memory_has_its_limits)
{
	const __u64 end = self->host + 2 * skel_page();
	const struct { __u64 card, length, host; const char *reason; } ranges[] = {
		{ 0, MEMORY + 1, self->host, "card-address" },
		{ MEMORY, 1, self->host, "card-address" },
		{ MEMORY - 1, 2, self->host, "card-address" },
		{ 1, MEMORY, self->host, "card-address" },
		{ 0x40000, 1, self->host, "card-address" },
		{ ~0ULL, 1, self->host, "card-address" },
		{ ~0ULL, 2, self->host, "card-address" },
		{ 0, 1, end, "host-address" },
		{ 0, 0, self->host, "length" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		char refusal[64];

		snprintf(refusal, sizeof(refusal), "REFUSED %s", ranges[i].reason);
		EXPECT_STREQ(refusal, skel_transfer(self->fd, "TOHOST", ranges[i].card,
						    ranges[i].length, ranges[i].host))
			TH_LOG("range %zu", i);
	}
}

TEST_F_TIMEOUT(edu, bursts_make_one_transfer, TIMEOUT)
{
	__u64 begin;

	ASSERT_EQ(0, skel_edu_set_param("burst", 1000));
	skel_fill(self->map, MEMORY, 5);
	begin = skel_now_ms();
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "FROMHOST", 0, MEMORY, self->host));
	/* Five bursts, where one would take BURST_MS */
	EXPECT_LE(4 * BURST_MS, skel_now_ms() - begin);
	memset(self->map, 0, MEMORY);
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, MEMORY, self->host));
	EXPECT_TRUE(skel_check(self->map, MEMORY, 5));
}

TEST_F_TIMEOUT(edu, nobody_starves, TIMEOUT)
{
	struct skel_info info;

	ASSERT_EQ(0, open_another(&self->pci, &self->other, &self->other_host));
	ASSERT_EQ(0, skel_edu_set_param("burst", 500));
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, start(self->fd, "TOHOST", 0, 4000, self->host));
	ASSERT_FALSE(skel_readable(self->fd, 2 * BURST_MS));
	/* 32 bursts wait; this one has its turn among them. */
	EXPECT_STREQ("DONE", skel_transfer(self->other, "TOHOST", 0, 500, self->other_host));
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_LE(3, info.pending);
	for (int i = 0; i < 4; i++)
		EXPECT_STREQ("DONE", skel_transfer_end(self->fd, "TOHOST", 0, 4000, self->host));
}

TEST_F_TIMEOUT(edu, close_cancels_only_its_own, TIMEOUT)
{
	ASSERT_EQ(0, open_another(&self->pci, &self->other, &self->other_host));
	skel_fill(self->map, MEMORY, 6);
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "FROMHOST", 0, MEMORY, self->host));
	memset(self->map, 0, MEMORY);
	ASSERT_EQ(0, skel_edu_set_param("burst", 1000));
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, start(self->other, "TOHOST", 0, MEMORY, self->other_host));
	ASSERT_EQ(0, start(self->fd, "TOHOST", 0, MEMORY, self->host));
	skel_sleep_ms(BURST_MS / 2);
	close(self->other);
	self->other = -1;
	EXPECT_STREQ("DONE", skel_transfer_end(self->fd, "TOHOST", 0, MEMORY, self->host));
	EXPECT_TRUE(skel_check(self->map, MEMORY, 6));
	EXPECT_EQ(0, strncmp("STATUS IDLE transfers=0", skel_ask(self->fd, "STATUS?"), 23));
}

/* DMA after the death of its process is what would corrupt memory elsewhere. */
TEST_F_TIMEOUT(edu, killed_process_leaves_no_dma, TIMEOUT)
{
	for (int i = 0; i < 5; i++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid) {
			__u64 host;
			int fd;

			if (open_another(&self->pci, &fd, &host) ||
			    start(fd, "TOHOST", 0, MEMORY, host))
				_exit(1);
			skel_sleep_ms(BURST_MS / 3);
			raise(SIGKILL);
		}
		EXPECT_EQ(128 + SIGKILL, skel_wait(pid));
	}
	/* page_poison finds what was written late. */
	skel_sleep_ms(2 * BURST_MS);
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, MEMORY, self->host));
}

TEST_F_TIMEOUT(edu, free_is_ebusy_while_it_runs, TIMEOUT)
{
	ASSERT_EQ(0, skel_edu_set_param("burst", 1000));
	ASSERT_EQ(0, start(self->fd, "TOHOST", 0, MEMORY, self->host));
	skel_sleep_ms(BURST_MS / 4);
	EXPECT_EQ(-EBUSY, skel_free(self->fd, self->host));
	EXPECT_EQ(0, skel_sync(self->fd, SKEL_SYNC_FOR_CPU, self->host, MEMORY));
	EXPECT_STREQ("DONE", skel_transfer_end(self->fd, "TOHOST", 0, MEMORY, self->host));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
}

/* A burst that was reported as failed must not arrive later. */
TEST_F_TIMEOUT(edu, timeout_is_reported_and_survived, TIMEOUT)
{
	const char *line;

	skel_fill(self->map, MEMORY, 7);
	line = skel_transfer(self->fd, "FROMHOST", 0, MEMORY, self->host);
	EXPECT_STREQ("DONE", line);
	ASSERT_EQ(0, skel_edu_set_param("timeout_ms", BURST_MS / 4));
	/* On a busy machine the burst may end before the timeout is noticed. */
	for (int i = 0; i < 20 && !strcmp("DONE", line); i++) {
		memset(self->map, 0xdd, MEMORY);
		line = skel_transfer(self->fd, "TOHOST", 0, MEMORY, self->host);
	}
	EXPECT_STREQ("FAILED timeout", line);
	ASSERT_EQ(0, skel_edu_set_param("timeout_ms", self->timeout));
	skel_sleep_ms(2 * BURST_MS);
	EXPECT_TRUE(skel_all(self->map, MEMORY, 0xdd));
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, MEMORY, self->host));
	EXPECT_TRUE(skel_check(self->map, MEMORY, 7));
	EXPECT_STREQ("FACT 120", skel_ask(self->fd, "FACT? 5"));
}

/* Commands and close() wait for the card, not for the timeout. */
TEST_F_TIMEOUT(edu, interrupts_wake_waiters, TIMEOUT)
{
	const int timeout = 6 * SKEL_ANSWER_MS;

	ASSERT_EQ(0, skel_edu_set_param("timeout_ms", timeout));
	/* Often the answer is there before anybody sleeps. */
	for (int i = 0; i < 200; i++) {
		ASSERT_STREQ("FACT 479001600", skel_ask(self->fd, "FACT? 12"))
			TH_LOG("round %d", i);
	}
	for (int i = 0; i < 3; i++) {
		__u64 begin;

		ASSERT_EQ(0, open_another(&self->pci, &self->other, &self->other_host));
		ASSERT_EQ(0, start(self->other, "TOHOST", 0, MEMORY, self->other_host));
		skel_sleep_ms(BURST_MS / 4);
		begin = skel_now_ms();
		close(self->other);
		ASSERT_GT(timeout / 2, skel_now_ms() - begin);
		self->other = -1;
	}
}

TEST_F_TIMEOUT(edu, timeout_of_one_is_not_of_the_others, TIMEOUT)
{
	struct skel_info info;

	ASSERT_EQ(0, open_another(&self->pci, &self->other, &self->other_host));
	ASSERT_EQ(0, skel_edu_set_param("timeout_ms", BURST_MS / 4));
	ASSERT_EQ(0, start(self->fd, "TOHOST", 0, MEMORY, self->host));
	do {
		ASSERT_EQ(0, skel_info(self->fd, &info));
	} while (!info.granted);
	/* Granted, and then started */
	skel_sleep_ms(2);
	ASSERT_EQ(0, skel_edu_set_param("timeout_ms", self->timeout));
	ASSERT_EQ(0, start(self->other, "TOHOST", 0, MEMORY, self->other_host));
	EXPECT_STREQ("FAILED timeout",
		     skel_transfer_end(self->fd, "TOHOST", 0, MEMORY, self->host));
	EXPECT_STREQ("DONE",
		     skel_transfer_end(self->other, "TOHOST", 0, MEMORY, self->other_host));
}

/*
 * A burst that was cut off goes on for a while without the bus. A program that
 * opens the card meanwhile does not wait: open() of all misc devices would.
 */
TEST_F_TIMEOUT(edu, open_does_not_wait_for_the_engine, TIMEOUT)
{
	void *registers = skel_pci_map_bar(&self->pci, 0);
	bool running = false;

	if (!registers)
		SKIP(return, "the registers cannot be mapped past the driver");
	ASSERT_EQ(0, skel_edu_set_param("timeout_ms", BURST_MS / 4));
	for (int i = 0; i < 20 && !running; i++) {
		int fd;

		EXPECT_STREQ("FAILED timeout",
			     skel_transfer(self->fd, "TOHOST", 0, MEMORY, self->host));
		fd = skel_pci_open(&self->pci);
		running = skel_read32(registers, SKEL_EDU_DMA_COMMAND) & SKEL_EDU_DMA_RUN;
		ASSERT_LE(0, fd);
		close(fd);
	}
	EXPECT_TRUE(running);
	munmap(registers, skel_page());
}

/* What the DMA API is told, by its trace events; NULL without them. */
static FILE *trace_syncs(bool on)
{
	if (skel_write_file("/sys/kernel/tracing/events/dma/dma_sync_single_for_device/enable",
			    on ? "1" : "0"))
		return NULL;
	/* Opening it for writing empties it. */
	return fopen("/sys/kernel/tracing/trace", on ? "we" : "re");
}

/*
 * The zeroes of a new buffer leave the caches, where on many machines the first
 * synchronization for the CPU would drop them and show what the memory held before.
 */
TEST_F(edu, zeroes_of_new_buffers_are_synced)
{
	static const __u32 kinds[] = { SKEL_ALLOC_TOHOST, SKEL_ALLOC_FROMHOST, SKEL_BOTH };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const size_t length = (i + 3) * skel_page();
		char line[256], last[256] = "", wanted[64];
		FILE *trace = trace_syncs(true);
		bool seen = false;
		__u64 host;

		if (!trace)
			SKIP(return, "needs root and the trace events of the DMA API");
		fclose(trace);
		ASSERT_EQ(0, skel_alloc(self->fd, kinds[i], length, &host));
		if (kinds[i] & SKEL_ALLOC_TOHOST)
			EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, 1, host));
		trace = trace_syncs(false);
		ASSERT_NE(NULL, trace);
		snprintf(wanted, sizeof(wanted), "size=%zu\n", length);
		while (fgets(line, sizeof(line), trace)) {
			const char *bytes = strstr(line, "_DEVICE dma_addr=");

			if (!bytes || !strstr(line, self->pci.address))
				continue;
			if (strstr(line, "dir=TO_DEVICE") && strstr(line, wanted))
				seen = true;
			/* This one may drop what the CPU has written. */
			if (strstr(line, "dir=FROM_DEVICE"))
				EXPECT_STREQ(last, bytes);
			snprintf(last, sizeof(last), "%s", bytes);
		}
		EXPECT_TRUE(seen) TH_LOG("flags %#x", kinds[i]);
		fclose(trace);
		EXPECT_EQ(0, skel_free(self->fd, host));
	}
}

TEST_F(edu, bus_mastering_only_while_open)
{
	int command;

	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, 1, self->host));
	command = skel_pci_command(&self->pci);
	ASSERT_LE(0, command);
	EXPECT_TRUE(command & SKEL_PCI_COMMAND_MASTER);
	close(self->fd);
	/* The mapping holds the file. */
	munmap(self->map, 2 * skel_page());
	skel_sleep_ms(SKEL_SILENCE_MS);
	EXPECT_FALSE(skel_pci_command(&self->pci) & SKEL_PCI_COMMAND_MASTER);
	self->fd = skel_pci_open(&self->pci);
	ASSERT_LE(0, self->fd);
	/* It comes with the first transfer. */
	EXPECT_FALSE(skel_pci_command(&self->pci) & SKEL_PCI_COMMAND_MASTER);
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, 1, &self->host));
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, 1, self->host));
	EXPECT_TRUE(skel_pci_command(&self->pci) & SKEL_PCI_COMMAND_MASTER);
}

TEST_F(edu, buffers_are_where_the_card_reaches_them)
{
	__u64 physical, bus;

	if (!skel_dma_end(&self->pci, &physical, &bus))
		SKIP(return, "needs root and DMA_API_DEBUG");
	EXPECT_LE(bus, DMA_MASK + 1);
	EXPECT_TRUE(skel_machine_is("iommu") ? physical > 1ULL << 32 : physical == bus)
		TH_LOG("physical %#llx, bus %#llx", physical, bus);
}

/* Until nothing is left: an error, no OOM kill, and nothing out of reach. */
TEST_F_TIMEOUT(edu, memory_in_reach_ends_cleanly, TIMEOUT)
{
	struct skel_info info;
	__u64 host, physical, bus;
	int n = 0, rc;

	ASSERT_EQ(0, skel_info(self->fd, &info));
	while (!(rc = skel_alloc(self->fd, SKEL_BOTH, info.buffer_max, &host)) && n < 200)
		n++;
	EXPECT_LT(0, n);
	EXPECT_TRUE(rc == -ENOMEM || skel_machine_is("iommu"));
	if (skel_dma_end(&self->pci, &physical, &bus))
		ASSERT_LE(bus, DMA_MASK + 1);
	if (!rc)
		ASSERT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, 100, host));
	/* What is there still works. */
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, MEMORY, self->host));
}

/* A transfer that runs goes on afterwards. What else suffers is the machine's matter. */
TEST_F_TIMEOUT(edu, suspend_and_resume, TIMEOUT)
{
	if (!getenv("SKEL_TEST_SUSPEND"))
		SKIP(return, "SKEL_TEST_SUSPEND is not set");
	if (skel_write_file("/sys/power/pm_test", "devices"))
		SKIP(return, "the kernel has no CONFIG_PM_DEBUG");
	skel_write_file("/sys/module/suspend/parameters/pm_test_delay", "1");
	ASSERT_EQ(0, skel_edu_set_param("burst", 500));
	skel_fill(self->map, MEMORY, 8);
	ASSERT_EQ(0, start(self->fd, "FROMHOST", 0, MEMORY, self->host));
	skel_sleep_ms(BURST_MS / 2);
	ASSERT_EQ(0, skel_write_file("/sys/power/state", "freeze"));
	EXPECT_STREQ("DONE", skel_transfer_end(self->fd, "FROMHOST", 0, MEMORY, self->host));
	memset(self->map, 0, MEMORY);
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, MEMORY, self->host));
	EXPECT_TRUE(skel_check(self->map, MEMORY, 8));
	EXPECT_STREQ("FACT 24", skel_ask(self->fd, "FACT? 4"));
	skel_write_file("/sys/power/pm_test", "none");
}

FIXTURE(edu_registers)
{
	struct skel_pci pci;
	int fd;
	struct skel_region_info region;
};

FIXTURE_SETUP(edu_registers)
{
	struct skel_info info;

	if (skel_edu_find(0, &self->pci))
		SKIP(return, "no edu device, or skel_edu is not loaded");
	self->fd = skel_pci_open(&self->pci);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, skel_info(self->fd, &info));
	ASSERT_EQ(skel_edu_param("map_registers"), info.regions);
	if (!info.regions)
		SKIP(return, "skel_edu was loaded without map_registers=1");
	ASSERT_EQ(0, skel_region(self->fd, 0, &self->region));
}

FIXTURE_TEARDOWN(edu_registers)
{
	close(self->fd);
}

TEST_F(edu_registers, can_be_used)
{
	void *map = skel_map(self->fd, self->region.offset, self->region.length);

	ASSERT_NE(NULL, map);
	EXPECT_STREQ("registers", self->region.name);
	EXPECT_EQ(SKEL_REGION_RAWIO, self->region.flags);
	EXPECT_EQ(SKEL_EDU_VERSION, skel_read32(map, SKEL_EDU_ID));
	skel_write32(map, SKEL_EDU_LIVE, 0x12345678);
	EXPECT_EQ(0xedcba987, skel_read32(map, SKEL_EDU_LIVE));
	EXPECT_STREQ("LIVE 0xfffffffe", skel_ask(self->fd, "LIVE? 1"));
	EXPECT_EQ(0xfffffffe, skel_read32(map, SKEL_EDU_LIVE));
	/* An interrupt that says the DMA is done is not believed. */
	skel_write32(map, SKEL_EDU_IRQ_RAISE, 0x100);
	EXPECT_STREQ("FACT 6", skel_ask(self->fd, "FACT? 3"));
}

/* Mapping needs the capability; a mapping that exists is inherited. */
TEST_F(edu_registers, children)
{
	void *map = skel_map(self->fd, self->region.offset, skel_page());
	pid_t pid;

	ASSERT_NE(NULL, map);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (skel_touch(map))
			_exit(1);
		if (skel_read32(map, SKEL_EDU_ID) != SKEL_EDU_VERSION)
			_exit(2);
		if (skel_drop_root())
			_exit(3);
		if (skel_map_err(self->fd, self->region.offset, skel_page(), PROT_READ,
				 MAP_SHARED) != -EPERM)
			_exit(4);
		close(self->fd);
		_exit(skel_touch(map) ? 5 : 0);
	}
	EXPECT_EQ(0, skel_wait(pid));
}

TEST_F(edu_registers, bounds_hold)
{
	const __u64 start = self->region.offset, length = self->region.length;
	const size_t page = skel_page();
	const struct { __u64 offset; size_t length; int flags, rc; } maps[] = {
		{ start, length, MAP_SHARED, 0 },
		{ start + length - page, page, MAP_SHARED, 0 },
		{ start, length + page, MAP_SHARED, -ENXIO },
		{ start + page, length, MAP_SHARED, -ENXIO },
		{ start - page, 2 * page, MAP_SHARED, -ENXIO },
		{ start + length, page, MAP_SHARED, -ENXIO },
		{ 0, page, MAP_SHARED, -ENXIO },
		{ start, page, MAP_PRIVATE, -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		EXPECT_EQ(maps[i].rc, skel_map_err(self->fd, maps[i].offset, maps[i].length,
						   PROT_READ, maps[i].flags))
			TH_LOG("map %zu", i);
	}
	EXPECT_EQ(-EPERM, skel_map_err(self->fd, start, page, PROT_READ | PROT_EXEC, MAP_SHARED));
}

/* No way in gives more than it may; a debugger would trigger registers. */
TEST_F(edu_registers, permissions)
{
	const struct target registers = {
		.fd = self->fd,
		.offset = self->region.offset,
		.length = self->region.length,
		.writable = true,
	};

	check_mmap(_metadata, &registers);
	check_mprotect_all(_metadata, &registers);
	check_mremap(_metadata, &registers);
	check_debugger_all(_metadata, &registers);
}

/* Open up to @n simulated cards; how many there are. */
static int open_simulated_cards(int *fds, int n)
{
	int found = 0;

	for (int i = 0; i < 64 && found < n; i++) {
		char path[64], model[64];

		snprintf(path, sizeof(path), "/sys/class/misc/skel%d/model", i);
		if (skel_read_file(path, model, sizeof(model)) || strcmp(model, "skel_sim"))
			continue;
		snprintf(path, sizeof(path), "/dev/skel%d", i);
		fds[found] = skel_err(open(path, O_RDWR | O_CLOEXEC));
		found += fds[found] >= 0;
	}
	return found;
}

/* Cards side by side do not mix up channels, buffers or interrupts. */
TEST(several_cards_at_once)
{
	struct { struct skel_pci pci; int fd; __u64 host; __u8 *map; } cards[2];
	int sims[3];

	for (int i = 0; i < 2; i++) {
		if (skel_edu_find(i, &cards[i].pci))
			SKIP(return, "no two edu devices");
	}
	if (open_simulated_cards(sims, 3) < 3)
		SKIP(return, "no three simulated cards, load skel_sim with cards=3");
	for (int i = 0; i < 2; i++) {
		cards[i].fd = skel_pci_open(&cards[i].pci);
		ASSERT_LE(0, cards[i].fd);
		cards[i].map = skel_buffer(cards[i].fd, SKEL_BOTH, MEMORY, &cards[i].host);
		ASSERT_NE(NULL, cards[i].map);
		skel_fill(cards[i].map, MEMORY, 20 + i);
		ASSERT_EQ(0, start(cards[i].fd, "FROMHOST", 0, MEMORY, cards[i].host));
	}
	for (int i = 0; i < 3; i++) {
		__u64 host;

		ASSERT_EQ(0, skel_alloc(sims[i], SKEL_BOTH, SKEL_KIB(64), &host));
		EXPECT_STREQ("DONE", skel_transfer(sims[i], "TOHOST", 0, SKEL_KIB(64), host));
		/* Nobody's buffer but its own */
		EXPECT_STREQ("REFUSED host-address",
			     skel_transfer(sims[i], "TOHOST", 0, 1, host + SKEL_KIB(64)));
		close(sims[i]);
	}
	for (int i = 0; i < 2; i++) {
		EXPECT_STREQ("DONE", skel_transfer_end(cards[i].fd, "FROMHOST", 0, MEMORY,
						       cards[i].host));
		memset(cards[i].map, 0, MEMORY);
		ASSERT_EQ(0, start(cards[i].fd, "TOHOST", 0, MEMORY, cards[i].host));
	}
	for (int i = 0; i < 2; i++) {
		EXPECT_STREQ("DONE", skel_transfer_end(cards[i].fd, "TOHOST", 0, MEMORY,
						       cards[i].host));
		EXPECT_TRUE(skel_check(cards[i].map, MEMORY, 20 + i));
		close(cards[i].fd);
	}
}

TEST_HARNESS_MAIN
