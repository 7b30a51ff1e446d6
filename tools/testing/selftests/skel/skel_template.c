// SPDX-License-Identifier: GPL-2.0
/*
 * The template of a driver for memory (samples/skel/skel_pci_memory.c) on QEMU's
 * ivshmem-plain: a write-combined region
 */
#include "../kselftest_harness.h"
#include "skel_pci.h"
#include "skel_permission.h"

#define MODEL		"my-pci-memory"
#define BAR		2

FIXTURE(template)
{
	struct skel_pci pci;
	struct skel_region_info region;
	int fd;
};

FIXTURE_SETUP(template)
{
	struct skel_info info;

	if (skel_pci_find(MODEL, NULL, 0, &self->pci))
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

/* The cache mode of what begins at the BAR, by x86's list of them; "" if none */
static bool memtype(const struct skel_pci *pci, char *type, size_t size)
{
	FILE *file = fopen("/sys/kernel/debug/x86/pat_memtype_list", "re");
	unsigned long long bar = skel_pci_bar(pci, BAR), start;
	char line[128];

	type[0] = '\0';
	if (!file || !bar)
		return false;
	while (fgets(line, sizeof(line), file)) {
		char *name = strrchr(line, ' ');

		if (sscanf(line, "PAT: [mem %llx-", &start) != 1 || start != bar)
			continue;
		name[strcspn(name, "\n")] = '\0';
		snprintf(type, size, "%s", name + 1);
	}
	fclose(file);
	return true;
}

TEST_F(template, memory_is_write_combined)
{
	char type[32];
	__u8 *map, *again;

	EXPECT_STREQ("memory", self->region.name);
	EXPECT_EQ(SKEL_REGION_WC, self->region.flags);
	EXPECT_EQ(0, self->region.offset);
	map = skel_map(self->fd, 0, self->region.length);
	ASSERT_NE(NULL, map);
	skel_fill(map, self->region.length, 3);
	if (memtype(&self->pci, type, sizeof(type)))
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
	/* It has no DMA. */
	EXPECT_EQ(-EOPNOTSUPP, skel_alloc(self->fd, SKEL_BOTH, 1, &host));
}

TEST_F(template, unplug_takes_the_memory_away)
{
	char type[32];
	__u8 *map;

	if (getuid())
		SKIP(return, "must be root");
	map = skel_map(self->fd, 0, self->region.length);
	ASSERT_NE(NULL, map);
	ASSERT_EQ(0, skel_touch(map));
	ASSERT_EQ(0, skel_pci_bind(&self->pci, false));
	EXPECT_EQ(SIGBUS, skel_touch(map));
	EXPECT_EQ(SIGBUS, skel_touch(map + self->region.length - 1));
	if (memtype(&self->pci, type, sizeof(type)))
		EXPECT_STREQ("", type);
	ASSERT_EQ(0, skel_pci_bind(&self->pci, true));
	ASSERT_EQ(0, skel_pci_wait(MODEL, self->pci.address, &self->pci));
}

TEST_HARNESS_MAIN
