// SPDX-License-Identifier: GPL-2.0
/*
 * What an ordinary user is told contains no address of the kernel nor of the
 * bus, and nothing that was left in the kernel's memory.
 */
#include <dirent.h>
#include <sys/klog.h>

#include "../kselftest_harness.h"
#include "skel_test.h"

#define PAGES		13	/* nobody else has a buffer of this length */
#define ADDRESSES	16
#define LOG_READ_ALL	3	/* of syslog(2) */

/* Where the buffer really is, as far as root can find out */
struct place {
	__u64 address[ADDRESSES];
	int known;
	size_t length;
};

FIXTURE(secret)
{
	int fd;
	__u64 host;
	__u8 *map;
	struct place place;
};

/* Physical and bus addresses of DMA memory of this length */
static void find(struct place *place)
{
	FILE *file = fopen("/sys/kernel/debug/dma-api/dump", "re");
	char line[256];

	while (file && place->known + 2 <= ADDRESSES && fgets(line, sizeof(line), file)) {
		unsigned long long physical, bus, size;

		if (sscanf(line, "%*s %*s %*s idx %*d P=%llx D=%llx L=%llx", &physical,
			   &bus, &size) != 3 || size != place->length)
			continue;
		place->address[place->known++] = physical;
		place->address[place->known++] = bus;
	}
	if (file)
		fclose(file);
}

FIXTURE_SETUP(secret)
{
	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	if (getuid())
		SKIP(return, "must be root to become another user");
	ASSERT_EQ(0, skel_memlock(SKEL_MIB(8)));
	self->place.length = PAGES * skel_page();
	self->map = skel_buffer(self->fd, SKEL_BOTH, self->place.length, &self->host);
	ASSERT_NE(NULL, self->map);
	find(&self->place);
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
		if (value - place->address[i] < place->length)
			return true;
	}
	return false;
}

/* Any number in a text, in either base; short ones could be anything */
static bool text_is_secret(const struct place *place, const char *text)
{
	while (*text) {
		size_t hex = strspn(text, "0123456789abcdefABCDEF");

		if (!hex) {
			text++;
			continue;
		}
		if (hex >= 6 && is_secret(place, strtoull(text, NULL, 16)))
			return true;
		if (hex >= 7 && strspn(text, "0123456789") == hex &&
		    is_secret(place, strtoull(text, NULL, 10)))
			return true;
		text += hex;
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

	if (self->place.known == 0)
		SKIP(return, "the kernel needs CONFIG_DMA_API_DEBUG");
	snprintf(text, sizeof(text), "TOHOST at %#llx",
		 (unsigned long long)self->place.address[0]);
	EXPECT_TRUE(text_is_secret(&self->place, text));
	snprintf(text, sizeof(text), "%llu bytes",
		 (unsigned long long)self->place.address[1] + 5);
	EXPECT_TRUE(text_is_secret(&self->place, text));
	EXPECT_TRUE(text_is_secret(&self->place, "ffff888012345678"));
	EXPECT_FALSE(text_is_secret(&self->place, "0x400000000 0x1000 -1 ffffffff"));
	EXPECT_TRUE(bytes_are_secret(&self->place, &self->place.address[0], 8));
}

TEST_F(secret, no_address_in_structures)
{
	struct skel_alloc alloc = {
		.size = sizeof(alloc),
		.flags = SKEL_BOTH,
		.length = skel_page(),
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

/* What was in the memory of the caller does not matter, nor what is in the kernel's. */
TEST_F(secret, every_byte_of_the_structures_is_set)
{
	struct skel_region_info region[2];
	struct skel_info info[2];

	for (int i = 0; i < 2; i++) {
		memset(&info[i], i ? 0xff : 0x00, sizeof(info[i]));
		info[i].size = sizeof(info[i]);
		info[i].flags = 0;
		ASSERT_EQ(0, ioctl(self->fd, SKEL_IOC_INFO, &info[i]));
	}
	EXPECT_EQ(0, memcmp(&info[0], &info[1], sizeof(info[0])));
	EXPECT_TRUE(skel_all(info[1].name + strlen(info[1].name),
			     sizeof(info[1].name) - strlen(info[1].name), 0));
	if (!info[0].regions)
		SKIP(return, "the card has no region");
	for (int i = 0; i < 2; i++) {
		memset(&region[i], i ? 0xff : 0x00, sizeof(region[i]));
		region[i].size = sizeof(region[i]);
		region[i].index = 0;
		region[i].flags = 0;
		region[i].reserved = 0;
		ASSERT_EQ(0, ioctl(self->fd, SKEL_IOC_REGION_INFO, &region[i]));
	}
	EXPECT_EQ(0, memcmp(&region[0], &region[1], sizeof(region[0])));
	EXPECT_EQ(0, region[1].reserved);
	EXPECT_TRUE(skel_all(region[1].name + strlen(region[1].name),
			     sizeof(region[1].name) - strlen(region[1].name), 0));
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

	snprintf(host, sizeof(host), "%#llx", (unsigned long long)self->host);
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
	skel_ask(self->fd, "TOHOST 0 16 %#llx", (unsigned long long)self->host);
	EXPECT_EQ(0, skel_free(self->fd, self->host));
	n = klogctl(LOG_READ_ALL, log, sizeof(log) - 1);
	if (n < 0)
		SKIP(return, "the log is for root only");
	log[n] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		if (!strstr(line, "skel"))
			continue;
		EXPECT_FALSE(text_is_secret(&self->place, line))
			TH_LOG("%s", line);
	}
}

TEST_HARNESS_MAIN
