// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of real PCI cards share; see skel_pci.h
 */
#include <dirent.h>

#include "skel_pci.h"

#define QMP_PORT	"skel.qmp"

static int link_name(const char *path, char *name, size_t size)
{
	char target[256];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *last;

	if (n < 0)
		return -errno;
	target[n] = '\0';
	last = strrchr(target, '/');
	snprintf(name, size, "%.31s", last ? last + 1 : target);
	return 0;
}

static int skel_pci_read(int index, const char *model, const char *address,
			 struct skel_pci *pci)
{
	char path[128], text[64];

	snprintf(path, sizeof(path), "/sys/class/misc/skel%d/model", index);
	if (skel_read_file(path, text, sizeof(text)) || strcmp(text, model))
		return -ENOENT;
	snprintf(path, sizeof(path), "/sys/class/misc/skel%d/path", index);
	if (skel_read_file(path, text, sizeof(text)) ||
	    strncmp(text, "pci-", 4))
		return -ENOENT;
	if (address && strcmp(text + 4, address))
		return -ENOENT;
	snprintf(pci->address, sizeof(pci->address), "%.31s", text + 4);
	snprintf(pci->node, sizeof(pci->node), "/dev/skel%d", index);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver",
		 pci->address);
	return link_name(path, pci->driver, sizeof(pci->driver));
}

int skel_pci_find(const char *model, const char *address, int n,
		  struct skel_pci *pci)
{
	for (int i = 0; i < 64; i++) {
		if (!skel_pci_read(i, model, address, pci) && !n--)
			return 0;
	}
	return -ENOENT;
}

int skel_pci_wait(const char *model, const char *address, struct skel_pci *pci)
{
	__u64 end = skel_now_ms() + 2 * SKEL_ANSWER_MS;

	do {
		if (!skel_pci_find(model, address, 0, pci) &&
		    !access(pci->node, R_OK | W_OK))
			return 0;
		skel_sleep_ms(10);
	} while (skel_now_ms() < end);
	return -ENOENT;
}

int skel_pci_open(const struct skel_pci *pci)
{
	return skel_err(open(pci->node, O_RDWR | O_CLOEXEC));
}

static int config_open(const struct skel_pci *pci)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config",
		 pci->address);
	return skel_err(open(path, O_RDWR | O_CLOEXEC));
}

int skel_pci_command(const struct skel_pci *pci)
{
	int fd = config_open(pci);
	__u16 command;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = pread(fd, &command, sizeof(command), SKEL_PCI_COMMAND);
	close(fd);
	return n == sizeof(command) ? command : -EIO;
}

int skel_pci_set_command(const struct skel_pci *pci, __u16 command)
{
	int fd = config_open(pci);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = pwrite(fd, &command, sizeof(command), SKEL_PCI_COMMAND);
	close(fd);
	return n == sizeof(command) ? 0 : -EIO;
}

int skel_pci_bind(const struct skel_pci *pci, bool bind)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/%s", pci->driver,
		 bind ? "bind" : "unbind");
	return skel_write_file(path, pci->address);
}

int skel_pci_reset(const struct skel_pci *pci)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", pci->address);
	return skel_write_file(path, "1");
}

__u64 skel_pci_bar(const struct skel_pci *pci, int bar)
{
	char path[128], line[128] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", pci->address);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file) && bar--)
		;
	fclose(file);
	return strtoull(line, NULL, 0);
}

void *skel_pci_map_bar(const struct skel_pci *pci, int bar)
{
	char path[128];
	void *map;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%d",
		 pci->address, bar);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd == -1)
		return NULL;
	map = mmap(NULL, skel_page(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return map == MAP_FAILED ? NULL : map;
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

bool skel_dma_end(const struct skel_pci *pci, __u64 *physical, __u64 *bus)
{
	FILE *file = fopen("/sys/kernel/debug/dma-api/dump", "re");
	char line[256];

	*physical = 0;
	*bus = 0;
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		unsigned long long p, d, length;
		char name[64];

		if (sscanf(line, "%*s %63s %*s idx %*d P=%llx D=%llx L=%llx",
			   name, &p, &d, &length) != 4 || strcmp(name, pci->address))
			continue;
		if (p + length > *physical)
			*physical = p + length;
		if (d + length > *bus)
			*bus = d + length;
	}
	fclose(file);
	return *bus;
}

const char *skel_machine(void)
{
	const char *machine = getenv("SKEL_TEST_MACHINE");

	return machine ? machine : "";
}

bool skel_has_iommu(void)
{
	return !strcmp(skel_machine(), "iommu");
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

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name",
			 entry->d_name);
		if (skel_read_file(path, name, sizeof(name)) ||
		    strcmp(name, QMP_PORT))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = skel_err(open(path, O_RDWR | O_CLOEXEC));
	}
	closedir(dir);
	return fd;
}

bool skel_has_qmp(void)
{
	int fd = qmp_open();

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* Skip greetings and events up to the answer. */
static int qmp_answer(int fd)
{
	size_t length = 0;
	char line[4096];

	for (;;) {
		struct pollfd pollfd = { .fd = fd, .events = POLLIN };

		if (poll(&pollfd, 1, SKEL_ANSWER_MS) != 1)
			return -ETIMEDOUT;
		if (read(fd, line + length, 1) != 1)
			return -EIO;
		if (line[length] != '\n') {
			length = (length + 1) % (sizeof(line) - 1);
			continue;
		}
		line[length] = '\0';
		length = 0;
		if (!strncmp(line, "{\"return\"", 9))
			return 0;
		if (!strncmp(line, "{\"error\"", 8))
			return -EPROTO;
	}
}

static int qmp_send(int fd, const char *command)
{
	if (write(fd, command, strlen(command)) != (ssize_t)strlen(command) ||
	    write(fd, "\n", 1) != 1)
		return -EIO;
	return qmp_answer(fd);
}

int skel_qmp(const char *command)
{
	static bool ready;
	int fd = qmp_open();
	int rc = 0;

	if (fd < 0)
		return fd;
	if (!ready)
		rc = qmp_send(fd, "{\"execute\":\"qmp_capabilities\"}");
	/* Another program may have said so before. */
	if (rc == -EPROTO)
		rc = 0;
	ready = !rc;
	if (!rc)
		rc = qmp_send(fd, command);
	close(fd);
	return rc;
}
