// SPDX-License-Identifier: GPL-2.0
/*
 * Helpers for the tests of real PCI cards; see skel_pci.h
 */
#include <dirent.h>

#include "skel_pci.h"

#define QMP_PORT	"skel.qmp"
#define EDU_IDS		"1234 11e8"

/* A file of the card in sysfs: its path, in a buffer of the calling thread */
static const char *sysfs(const struct skel_pci *pci, const char *file)
{
	static __thread char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", pci->address, file);
	return path;
}

static int read_card(int index, const char *model, const char *address, struct skel_pci *pci)
{
	char path[128], text[64], driver[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/misc/skel%d/model", index);
	if (skel_read_file(path, text, sizeof(text)) || strcmp(text, model))
		return -ENOENT;
	snprintf(path, sizeof(path), "/sys/class/misc/skel%d/path", index);
	if (skel_read_file(path, text, sizeof(text)) || strncmp(text, "pci-", 4) ||
	    (address && strcmp(text + 4, address)))
		return -ENOENT;
	snprintf(pci->address, sizeof(pci->address), "%.31s", text + 4);
	snprintf(pci->node, sizeof(pci->node), "/dev/skel%d", index);
	n = skel_err(readlink(sysfs(pci, "driver"), driver, sizeof(driver) - 1));
	if (n < 0)
		return n;
	driver[n] = '\0';
	snprintf(pci->driver, sizeof(pci->driver), "%.31s", strrchr(driver, '/') + 1);
	return 0;
}

int skel_pci_find(const char *model, const char *address, int n, struct skel_pci *pci)
{
	for (int i = 0; i < 64; i++) {
		if (!read_card(i, model, address, pci) && !n--)
			return 0;
	}
	return -ENOENT;
}

int skel_edu_find(int n, struct skel_pci *pci)
{
	int rc = skel_write_file("/sys/bus/pci/drivers/skel_edu/new_id", EDU_IDS);

	/* -EEXIST: it has bound them already. New cards appear as it is written. */
	return rc && rc != -EEXIST && rc != -EACCES ? rc : skel_pci_find("skel_edu", NULL, n, pci);
}

int skel_pci_open(const struct skel_pci *pci)
{
	return skel_err(open(pci->node, O_RDWR | O_CLOEXEC));
}

/* Its node, which may be another one after each bind; false: it has none */
static bool find_node(struct skel_pci *pci)
{
	DIR *dir = opendir(sysfs(pci, "misc"));
	struct dirent *entry = NULL;

	while (dir && (entry = readdir(dir)) && strncmp(entry->d_name, "skel", 4))
		;
	if (entry)
		snprintf(pci->node, sizeof(pci->node), "/dev/%.20s", entry->d_name);
	if (dir)
		closedir(dir);
	return entry && !access(pci->node, R_OK | W_OK);
}

int skel_pci_wait(struct skel_pci *pci, bool there)
{
	for (int i = 0; i < 2 * SKEL_ANSWER_MS / 5; i++) {
		if (find_node(pci) == there)
			return 0;
		skel_sleep_ms(5);
	}
	return -ETIMEDOUT;
}

int skel_pci_bind(const struct skel_pci *pci, bool bind)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/%s", pci->driver,
		 bind ? "bind" : "unbind");
	return skel_write_file(path, pci->address);
}

int skel_pci_return(struct skel_pci *pci)
{
	return skel_pci_bind(pci, true) ?: skel_pci_wait(pci, true);
}

int skel_pci_command(const struct skel_pci *pci)
{
	int fd = skel_err(open(sysfs(pci, "config"), O_RDONLY | O_CLOEXEC));
	__u16 command;
	ssize_t n = pread(fd, &command, sizeof(command), SKEL_PCI_COMMAND);

	close(fd);
	return n == sizeof(command) ? command : -EIO;
}

int skel_pci_open_config(const struct skel_pci *pci)
{
	return skel_err(open(sysfs(pci, "config"), O_RDWR | O_CLOEXEC));
}

int skel_pci_set_command(const struct skel_pci *pci, __u16 command)
{
	int fd = skel_pci_open_config(pci);
	ssize_t n = pwrite(fd, &command, sizeof(command), SKEL_PCI_COMMAND);

	close(fd);
	return n == sizeof(command) ? 0 : -EIO;
}

int skel_pci_reset(const struct skel_pci *pci)
{
	return skel_write_file(sysfs(pci, "reset"), "1");
}

__u64 skel_pci_bar(const struct skel_pci *pci, int bar)
{
	FILE *file = fopen(sysfs(pci, "resource"), "re");
	char line[128] = "";

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file) && bar--)
		;
	fclose(file);
	return strtoull(line, NULL, 0);
}

void *skel_pci_map_bar(const struct skel_pci *pci, int bar)
{
	char file[32];
	void *map;
	int fd;

	snprintf(file, sizeof(file), "resource%d", bar);
	fd = open(sysfs(pci, file), O_RDWR | O_CLOEXEC);
	if (fd == -1)
		return NULL;
	map = skel_map(fd, 0, skel_page());
	close(fd);
	return map;
}

__u32 skel_read32(const void *map, size_t reg)
{
	return __atomic_load_n((const __u32 *)(map + reg), __ATOMIC_SEQ_CST);
}

void skel_write32(void *map, size_t reg, __u32 value)
{
	__atomic_store_n((__u32 *)(map + reg), value, __ATOMIC_RELEASE);
}

long skel_edu_param(const char *name)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "/sys/module/skel_edu/parameters/%s", name);
	if (skel_read_file(path, text, sizeof(text)))
		return -1;
	return text[0] == 'Y' ? 1 : atol(text);
}

int skel_edu_set_param(const char *name, long value)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "/sys/module/skel_edu/parameters/%s", name);
	snprintf(text, sizeof(text), "%ld", value);
	return skel_write_file(path, text);
}

bool skel_edu_idle(const void *registers)
{
	for (int i = 0; i < SKEL_ANSWER_MS; i++) {
		if (!(skel_read32(registers, SKEL_EDU_DMA_COMMAND) & SKEL_EDU_DMA_RUN))
			return true;
		skel_sleep_ms(1);
	}
	return false;
}

bool skel_edu_dma(void *registers, __u32 bus, __u32 card, size_t length, bool to_host)
{
	card += SKEL_EDU_MEMORY;
	if (!skel_edu_idle(registers))
		return false;
	skel_write32(registers, SKEL_EDU_DMA_SOURCE, to_host ? card : bus);
	skel_write32(registers, SKEL_EDU_DMA_DESTINATION, to_host ? bus : card);
	skel_write32(registers, SKEL_EDU_DMA_COUNT, length);
	skel_write32(registers, SKEL_EDU_DMA_COMMAND,
		     SKEL_EDU_DMA_RUN | (to_host ? SKEL_EDU_DMA_TO_HOST : 0));
	return skel_edu_idle(registers);
}

__u32 skel_edu_bus(int fd, bool to_host)
{
	struct skel_region_info region;
	__u32 bus = 0;
	void *map;

	if (skel_region(fd, 0, &region))
		return 0;
	map = skel_map(fd, region.offset, skel_page());
	if (map) {
		bus = skel_read32(map, to_host ? SKEL_EDU_DMA_DESTINATION : SKEL_EDU_DMA_SOURCE);
		munmap(map, skel_page());
	}
	return bus;
}

bool skel_machine_is(const char *kind)
{
	const char *machine = getenv("SKEL_TEST_MACHINE");

	return machine && !strcmp(machine, kind);
}

long skel_iommu_faults(void)
{
	FILE *file = fopen("/proc/interrupts", "re");
	char line[1024];
	long sum = -1;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		const char *count = strchr(line, ':');
		long n;
		int used;

		if (!count || !strstr(count, " dmar"))
			continue;
		if (sum < 0)
			sum = 0;
		/* One number for each processor */
		for (count++; sscanf(count, "%ld%n", &n, &used) == 1; count += used)
			sum += n;
	}
	fclose(file);
	return sum;
}

/* The serial port that leads to the monitor, found by its name */
static int qmp_open(void)
{
	DIR *dir = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	int fd = -ENOENT;

	if (!dir)
		return -errno;
	while (fd < 0 && (entry = readdir(dir))) {
		char path[320], name[64];

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		if (skel_read_file(path, name, sizeof(name)) || strcmp(name, QMP_PORT))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = skel_err(open(path, O_RDWR | O_CLOEXEC));
	}
	closedir(dir);
	return fd;
}

/* Send a command, and skip greetings and events up to the answer. */
static int qmp_send(int fd, const char *command)
{
	int rc = skel_send(fd, "%s", command);

	while (!rc) {
		const char *line = skel_line(fd);

		if (!strncmp(line, "{\"return\"", 9))
			break;
		if (!strncmp(line, "{\"error\"", 8) || line[0] == '[')
			rc = -EPROTO;
	}
	return rc;
}

int skel_qmp(const char *command)
{
	int fd = qmp_open(), rc;

	if (fd < 0)
		return fd;
	/* An error, if that has been said before */
	qmp_send(fd, "{\"execute\":\"qmp_capabilities\"}");
	rc = qmp_send(fd, command);
	close(fd);
	return rc;
}
