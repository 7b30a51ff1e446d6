// SPDX-License-Identifier: GPL-2.0
/*
 * A card with registers, an interrupt and bus-master DMA: QEMU's edu device
 *
 * SKEL_EDU_ATTEMPTS is how often the card tries to reach memory of its own accord
 * (default 60). SKEL_TEST_SUSPEND allows suspending all devices of the machine.
 */
#include <pthread.h>

#include "../kselftest_harness.h"
#include "skel_pci.h"
#include "skel_permission.h"

/* The card's memory, and how long its engine takes for a burst */
#define MEMORY		4095
#define BURST_MS	100

/* Debug kernels and busy machines are slow. */
#define TIMEOUT		300

FIXTURE(edu)
{
	struct skel_pci pci;
	long burst, timeout, faults;
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
	self->faults = skel_iommu_faults();
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
	/* The driver does not let the card try what is not granted. */
	EXPECT_EQ(self->faults, skel_iommu_faults());
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
	EXPECT_EQ((1ULL << (skel_machine_is("cma") || skel_machine_is("bounce") ? 32 : 28)) - 1,
		  info.dma_mask);
	snprintf(line, sizeof(line), "QEMU,edu,%s,1.0", self->pci.address);
	EXPECT_STREQ(line, skel_ask(self->fd, "*IDN?"));
	EXPECT_EQ(line + 9, strstr(line, self->pci.address));
	status = skel_ask(self->fd, "STATUS?");
	EXPECT_EQ(0, strncmp("STATUS IDLE requests=0", status, 22));
	EXPECT_NE(NULL, strstr(status, intx ? "interrupt=intx" : "interrupt=msi"));
}

TEST_F(edu, registers_and_interrupt)
{
	static const char * const lines[][2] = {
		{ "LIVE? 0x12345678", "LIVE 0xedcba987" }, { "LIVE? 0", "LIVE 0xffffffff" },
		{ "LIVE? 0x100000000", "ERROR range x" }, { "FACT? 13", "ERROR range n" },
		{ "FACT? -1", "ERROR number n" }, { "FACT?", "ERROR parameter-count" },
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
	EXPECT_EQ(0, strncmp("STATUS IDLE requests=0", skel_ask(self->fd, "STATUS?"), 22));
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
 * What the CPU has written, the zeroes of a new buffer at first, leaves the caches
 * before the card gets the bytes: on many machines the synchronization for the CPU
 * would drop it and show what the memory held before.
 */
TEST_F(edu, granted_bytes_are_written_back)
{
	static const __u32 kinds[] = { SKEL_ALLOC_TOHOST, SKEL_ALLOC_FROMHOST, SKEL_BOTH };

	if (skel_machine_is("iommu") || skel_machine_is("cma"))
		SKIP(return, "no event shows it, or nothing has to be done");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const size_t length = 100 + i;
		char line[256], last[256] = "", wanted[64];
		FILE *trace = trace_syncs(true);
		bool seen = false;
		__u64 host;

		if (!trace)
			SKIP(return, "needs root and the trace events of the DMA API");
		fclose(trace);
		ASSERT_EQ(0, skel_alloc(self->fd, kinds[i], length, &host));
		EXPECT_STREQ("DONE", skel_transfer(self->fd, kinds[i] & SKEL_ALLOC_TOHOST ?
						   "TOHOST" : "FROMHOST", 0, length, host));
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
	__u64 pages[64], host, bus;
	int n = skel_trace_alloc(self->fd, SKEL_BOTH, MEMORY, &host, pages, ARRAY_SIZE(pages));
	struct skel_info info;
	bool physical = false;

	ASSERT_LE(0, n);
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, MEMORY, host));
	bus = skel_edu_bus(self->fd, true);
	if (!bus || !n)
		SKIP(return, "needs root, and CONFIG_TRACING");
	EXPECT_LE(bus + MEMORY - 1, info.dma_mask);
	while (n--)
		physical |= pages[n] == bus;
	EXPECT_NE(skel_machine_is("iommu") || skel_machine_is("bounce"), physical)
		TH_LOG("bus %#llx", bus);
}

/* Until nothing is left: an error, no OOM kill, and nothing out of reach. */
TEST_F_TIMEOUT(edu, memory_in_reach_ends_cleanly, TIMEOUT)
{
	struct skel_info info;
	__u64 length, host;
	int n = 0, rc;

	ASSERT_EQ(0, skel_info(self->fd, &info));
	/* More than 4 MiB in one piece need memory that is set aside for that. */
	length = skel_at_most(info.buffer_max, SKEL_MIB(4));
	while (!(rc = skel_alloc(self->fd, SKEL_BOTH, length, &host)) && n < 400)
		n++;
	EXPECT_LT(0, n);
	EXPECT_TRUE(rc == -ENOMEM || skel_machine_is("iommu") || skel_machine_is("cma"));
	if (!rc)
		ASSERT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, 100, host));
	ASSERT_LE(skel_edu_bus(self->fd, true), info.dma_mask);
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
	skel_write32(map, SKEL_EDU_IRQ_RAISE, SKEL_EDU_IRQ_DMA);
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

/*
 * A card that moves bytes of its own accord: its engine is started by hand, at bus
 * addresses that it has been given, or guesses. Behind an IOMMU it reaches what is
 * granted, while that is granted. Without one it reaches all memory.
 */
#define ATTEMPT		16	/* bytes of an attempt */
#define HOST_BYTE	0x33	/* in the buffer */
#define CARD_BYTE	0xcc	/* in the card's memory */

FIXTURE(hostile)
{
	struct hostile {
		struct skel_pci pci;
		int fd;			/* keeps the card on the bus */
		void *registers;
		long timeout;
		bool enforced;
		__u8 *map;		/* what the card tries to reach: two pages */
		__u32 bus;		/* where it takes them to be */
		__u32 granted;		/* DURING: bus address of the transfer */
		__u64 host;
	} hostile;
};

/* When it tries, as seen from the transfer that showed the address to it */
FIXTURE_VARIANT(hostile)
{
	enum { BEFORE, DURING, AFTER, FREED, CLOSED, KILLED } when;
};

FIXTURE_VARIANT_ADD(hostile, before) { BEFORE };
FIXTURE_VARIANT_ADD(hostile, during) { DURING };
FIXTURE_VARIANT_ADD(hostile, after) { AFTER };
FIXTURE_VARIANT_ADD(hostile, freed) { FREED };
FIXTURE_VARIANT_ADD(hostile, closed) { CLOSED };
FIXTURE_VARIANT_ADD(hostile, killed) { KILLED };

/*
 * A transfer of the last bytes of the first page and the first ones of the second;
 * returns the bus address of the first page.
 */
static __u32 grant_both(struct __test_metadata *_metadata, struct hostile *h, int fd,
			__u64 host)
{
	const size_t offset = skel_page() - ATTEMPT;

	ASSERT_STREQ("DONE", skel_transfer(fd, "TOHOST", 0, 2 * ATTEMPT, host + offset));
	return skel_read32(h->registers, SKEL_EDU_DMA_DESTINATION) - offset;
}

/*
 * A transfer into the second page that goes on while the engine is idle: without
 * the bus, the interrupt at its end is lost, too. end_grant() raises it. False if
 * the end came first.
 */
static bool try_grant_second(struct __test_metadata *_metadata, struct hostile *h)
{
	const int command = skel_pci_command(&h->pci);

	ASSERT_LE(0, command);
	ASSERT_EQ(0, start(h->fd, "TOHOST", 0, ATTEMPT, h->host + skel_page()));
	while (!(skel_read32(h->registers, SKEL_EDU_DMA_COMMAND) & SKEL_EDU_DMA_RUN) &&
	       !skel_readable(h->fd, 0))
		;
	ASSERT_EQ(0, skel_pci_set_command(&h->pci, command & ~SKEL_PCI_COMMAND_MASTER));
	ASSERT_TRUE(skel_edu_idle(h->registers));
	ASSERT_EQ(0, skel_pci_set_command(&h->pci, command));
	return !skel_readable(h->fd, SKEL_SILENCE_MS);
}

static void grant_second(struct __test_metadata *_metadata, struct hostile *h)
{
	ASSERT_EQ(0, skel_edu_set_param("timeout_ms", 1000 * TIMEOUT));
	for (int i = 0; !try_grant_second(_metadata, h); i++) {
		ASSERT_STREQ("DONE", skel_transfer_end(h->fd, "TOHOST", 0, ATTEMPT,
						       h->host + skel_page()));
		ASSERT_GT(20, i);
	}
	h->granted = skel_read32(h->registers, SKEL_EDU_DMA_DESTINATION);
	h->bus = h->granted - skel_page();
}

static void end_grant(struct __test_metadata *_metadata, struct hostile *h)
{
	skel_write32(h->registers, SKEL_EDU_IRQ_RAISE, SKEL_EDU_IRQ_DMA);
	EXPECT_STREQ("DONE", skel_transfer_end(h->fd, "TOHOST", 0, ATTEMPT,
					       h->host + skel_page()));
}

/* A program that is killed in the middle of its transfer */
static int die_in_a_transfer(void *arg)
{
	const size_t page = skel_page();
	int fd = skel_pci_open(arg);
	__u64 host;
	__u8 *map = skel_buffer(fd, SKEL_BOTH, 2 * page, &host);

	if (!map)
		return 1;
	memset(map, HOST_BYTE, 2 * page);
	if (start(fd, "TOHOST", 0, 2 * ATTEMPT, host + page - ATTEMPT))
		return 2;
	skel_sleep_ms(BURST_MS / 3);
	raise(SIGKILL);
	return 3;
}

/* The transfer is another channel's, and so was its buffer. */
static void grant_another(struct __test_metadata *_metadata, struct hostile *h,
			  bool killed)
{
	const size_t page = skel_page();
	__u64 host;
	__u8 *map;
	int fd;

	if (killed) {
		ASSERT_EQ(128 + SIGKILL, skel_in_child(die_in_a_transfer, &h->pci));
		h->bus = skel_read32(h->registers, SKEL_EDU_DMA_DESTINATION) -
			    (page - ATTEMPT);
		return;
	}
	fd = skel_pci_open(&h->pci);
	ASSERT_LE(0, fd);
	map = skel_buffer(fd, SKEL_BOTH, 2 * page, &host);
	ASSERT_NE(NULL, map);
	h->bus = grant_both(_metadata, h, fd, host);
	memset(map, HOST_BYTE, 2 * page);
	munmap(map, 2 * page);
	close(fd);
}

/* Fill the card's memory; the bus address of the transfer is out of date then. */
static __u32 fill_card(struct __test_metadata *_metadata, struct hostile *h)
{
	__u64 host;
	__u8 *map = skel_buffer(h->fd, SKEL_BOTH, MEMORY, &host);

	ASSERT_NE(NULL, map);
	memset(map, CARD_BYTE, MEMORY);
	ASSERT_STREQ("DONE", skel_transfer(h->fd, "FROMHOST", 0, MEMORY, host));
	ASSERT_EQ(0, skel_free(h->fd, host));
	munmap(map, MEMORY);
	return skel_read32(h->registers, SKEL_EDU_DMA_SOURCE);
}

FIXTURE_SETUP(hostile)
{
	struct hostile *h = &self->hostile;
	const size_t length = 2 * skel_page();
	struct skel_region_info region;
	struct skel_info info;

	if (skel_edu_find(0, &h->pci))
		SKIP(return, "no edu device, or skel_edu is not loaded");
	h->timeout = skel_edu_param("timeout_ms");
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	h->fd = skel_pci_open(&h->pci);
	ASSERT_LE(0, h->fd);
	ASSERT_EQ(0, skel_info(h->fd, &info));
	h->enforced = info.caps & SKEL_CAP_ENFORCED;
	EXPECT_EQ(skel_machine_is("iommu"), h->enforced);
	if (getuid() || skel_region(h->fd, 0, &region))
		SKIP(return, "needs root, and skel_edu with map_registers=1");
	if (skel_machine_is("bounce"))
		SKIP(return, "what the card reaches are bounce buffers");
	if (!h->enforced && variant->when >= FREED)
		SKIP(return, "without an IOMMU the card would overwrite what is not ours");
	if (variant->when == DURING && skel_machine_is("intx"))
		SKIP(return, "the interrupt of a card without the bus is not lost");
	h->registers = skel_map(h->fd, region.offset, region.length);
	ASSERT_NE(NULL, h->registers);
	h->bus = fill_card(_metadata, h);
	if (variant->when >= CLOSED)
		grant_another(_metadata, h, variant->when == KILLED);
	h->map = skel_buffer(h->fd, SKEL_BOTH, length, &h->host);
	ASSERT_NE(NULL, h->map);
	if (variant->when == DURING)
		grant_second(_metadata, h);
	if (variant->when == AFTER || variant->when == FREED)
		h->bus = grant_both(_metadata, h, h->fd, h->host);
	memset(h->map, HOST_BYTE, length);
	if (variant->when == FREED) {
		ASSERT_EQ(0, skel_free(h->fd, h->host));
		munmap(h->map, length);
		/* Most often of the same pages; page_poison finds what was written. */
		h->map = skel_buffer(h->fd, SKEL_BOTH, length, &h->host);
		ASSERT_NE(NULL, h->map);
	}
	/* Without an IOMMU the address is no guess: it is beside one that the card knows. */
	if (!h->enforced && variant->when == BEFORE) {
		ASSERT_STREQ("DONE", skel_transfer(h->fd, "TOHOST", 0, ATTEMPT,
						   h->host + length / 2));
		h->bus = skel_read32(h->registers, SKEL_EDU_DMA_DESTINATION) - length / 2;
	}
	memset(h->map, HOST_BYTE, length);
}

FIXTURE_TEARDOWN(hostile)
{
	skel_edu_set_param("timeout_ms", self->hostile.timeout);
	close(self->hostile.fd);
}

/* Each of the tests makes its part of the attempts. */
static size_t attempts(void)
{
	const size_t n = skel_env("SKEL_EDU_ATTEMPTS", 60) / 12;

	return n < MEMORY / ATTEMPT ? n : MEMORY / ATTEMPT;
}

/* Any place in the buffer that is not granted; BEFORE, one page is known. */
static size_t any_place(int when)
{
	return rand() % ((when <= DURING ? 1 : 2) * skel_page() / ATTEMPT) * ATTEMPT;
}

static size_t count_bytes(const __u8 *bytes, size_t length, __u8 value)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += bytes[i] == value;
	return count;
}

TEST_F_TIMEOUT(hostile, card_writes, TIMEOUT)
{
	const size_t length = 2 * skel_page(), n = attempts();
	struct hostile *h = &self->hostile;
	const long faults = skel_iommu_faults();

	for (size_t i = 0; i < n; i++) {
		const size_t place = any_place(variant->when);

		ASSERT_TRUE(skel_edu_dma(h->registers, h->bus + place, 0, ATTEMPT, true));
		EXPECT_EQ(h->enforced ? HOST_BYTE : CARD_BYTE, h->map[place]);
		EXPECT_EQ(h->enforced ? length : length - ATTEMPT,
			  count_bytes(h->map, length, HOST_BYTE))
			TH_LOG("attempt %zu at %#zx", i, place);
		memset(h->map + place, HOST_BYTE, ATTEMPT);
	}
	if (faults >= 0 && h->enforced)
		EXPECT_EQ(faults + (long)n, skel_iommu_faults());
	if (variant->when == DURING) {
		/* The bytes that are granted it does reach. */
		EXPECT_TRUE(skel_edu_dma(h->registers, h->granted, 0, ATTEMPT, true));
		EXPECT_TRUE(skel_all(h->map + skel_page(), ATTEMPT, CARD_BYTE));
		EXPECT_TRUE(skel_all(h->map, skel_page(), HOST_BYTE));
		end_grant(_metadata, h);
	}
}

TEST_F_TIMEOUT(hostile, card_reads, TIMEOUT)
{
	const long faults = skel_iommu_faults();
	struct hostile *h = &self->hostile;
	const size_t n = attempts();
	__u64 host;
	__u8 *seen;

	for (size_t i = 0; i < n; i++)
		ASSERT_TRUE(skel_edu_dma(h->registers, h->bus + any_place(variant->when),
					 i * ATTEMPT, ATTEMPT, false));
	if (faults >= 0 && h->enforced)
		EXPECT_EQ(faults + (long)n, skel_iommu_faults());
	if (variant->when == DURING)
		end_grant(_metadata, h);
	/* What has come into the card's memory? */
	seen = skel_buffer(h->fd, SKEL_BOTH, MEMORY, &host);
	ASSERT_NE(NULL, seen);
	ASSERT_STREQ("DONE", skel_transfer(h->fd, "TOHOST", 0, MEMORY, host));
	EXPECT_EQ(h->enforced ? 0 : n * ATTEMPT, count_bytes(seen, MEMORY, HOST_BYTE));
	EXPECT_EQ(0, count_bytes(seen, MEMORY, SKEL_PAGE_POISON));
	EXPECT_EQ(MEMORY - n * ATTEMPT, count_bytes(seen + n * ATTEMPT, MEMORY - n * ATTEMPT,
						    CARD_BYTE));
}

/*
 * A card that cannot be stopped: its bus master bit is set again as soon as its driver
 * clears it, by a thread that writes to its configuration space.
 */
struct insistence {
	int config;
	__u16 command;
	bool stop;
};

static void *insist(void *arg)
{
	struct insistence *i = arg;

	while (!__atomic_load_n(&i->stop, __ATOMIC_RELAXED)) {
		if (pwrite(i->config, &i->command, sizeof(i->command), SKEL_PCI_COMMAND) !=
		    sizeof(i->command))
			break;
	}
	return NULL;
}

/* Unbind its driver meanwhile: 0 or -errno */
static int unbind_unstoppable(const struct skel_pci *pci)
{
	struct insistence i = {
		.config = skel_pci_open_config(pci),
		.command = skel_pci_command(pci) | SKEL_PCI_COMMAND_MASTER,
	};
	pthread_t thread;
	int rc = i.config < 0 ? i.config : -pthread_create(&thread, NULL, insist, &i);

	if (!rc) {
		rc = skel_pci_bind(pci, false);
		__atomic_store_n(&i.stop, true, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
	}
	close(i.config);
	return rc ?: skel_pci_set_command(pci, i.command & ~SKEL_PCI_COMMAND_MASTER);
}

/* Has the kernel said so since the last time? */
static bool kernel_says(int kmsg, const char *text)
{
	bool said = false;
	char record[2048];
	ssize_t n;

	while ((n = read(kmsg, record, sizeof(record) - 1)) > 0) {
		record[n] = '\0';
		if (strstr(record, text))
			said = true;
	}
	return said;
}

FIXTURE(unstoppable)
{
	struct skel_pci pci;
	long burst;
	int kmsg;
	int fd;
	__u64 host;
	__u8 *map;
};

#define LARGE	SKEL_MIB(64)

FIXTURE_SETUP(unstoppable)
{
	struct skel_info info;

	self->kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (self->kmsg == -1 || getuid() || skel_edu_find(0, &self->pci))
		SKIP(return, "needs root, an edu device, and /dev/kmsg");
	self->fd = skel_pci_open(&self->pci);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, skel_info(self->fd, &info));
	close(self->fd);
	if (!(info.caps & SKEL_CAP_ENFORCED))
		SKIP(return, "without an IOMMU the memory of its transfers is never freed");
	/* A transfer takes minutes. */
	self->burst = skel_edu_param("burst");
	ASSERT_EQ(0, skel_edu_set_param("burst", 1));
}

FIXTURE_TEARDOWN(unstoppable)
{
	close(self->kmsg);
	skel_pci_bind(&self->pci, true);
	skel_edu_set_param("burst", self->burst);
}

/* Its transfer is cancelled, and its memory freed: the IOMMU keeps the card from it. */
TEST_F_TIMEOUT(unstoppable, keeps_no_memory, TIMEOUT)
{
	bool seen = false;

	/* The thread does not win each time. */
	for (int i = 0; i < 20 && !seen; i++) {
		const long free = skel_meminfo_kb("MemAvailable:");
		struct skel_info info = { .pending = 0 };

		self->fd = skel_pci_open(&self->pci);
		ASSERT_LE(0, self->fd);
		self->map = skel_buffer(self->fd, SKEL_BOTH, LARGE, &self->host);
		ASSERT_NE(NULL, self->map);
		memset(self->map, 9, LARGE);
		ASSERT_EQ(0, start(self->fd, "FROMHOST", 0, MEMORY, self->host));
		while (!info.pending)
			ASSERT_EQ(0, skel_info(self->fd, &info));
		kernel_says(self->kmsg, "");
		ASSERT_EQ(0, unbind_unstoppable(&self->pci));
		seen = kernel_says(self->kmsg, "does not stop its DMA");
		EXPECT_STREQ("FAILED gone",
			     skel_transfer_end(self->fd, "FROMHOST", 0, MEMORY, self->host));
		EXPECT_TRUE(skel_all(self->map, LARGE, 9));
		EXPECT_GT(free - (long)SKEL_KIB(48), skel_meminfo_kb("MemAvailable:"));
		munmap(self->map, LARGE);
		close(self->fd);
		EXPECT_LT(free - (long)SKEL_KIB(16), skel_meminfo_kb("MemAvailable:"));
		ASSERT_EQ(0, skel_pci_return(&self->pci));
	}
	EXPECT_TRUE(seen);
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
