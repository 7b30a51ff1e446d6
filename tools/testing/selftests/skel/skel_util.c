// SPDX-License-Identifier: GPL-2.0
/*
 * More that the tests of lab cards share
 */
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "skel_util.h"

void *skel_card_memory(int fd, size_t *length)
{
	struct skel_region_info region;
	int rc = skel_region(fd, 0, &region);

	if (!rc && region.offset)
		rc = -ENXIO;
	if (rc) {
		errno = -rc;
		return NULL;
	}
	*length = region.length;
	return skel_map(fd, region.offset, region.length);
}

const char *skel_core(const char *line)
{
	const size_t mark = strlen(SKEL_CORE_MARK);

	return strncmp(line, SKEL_CORE_MARK, mark) ? "" : line + mark;
}

int skel_drain(int fd, int timeout_ms)
{
	int lines = 0;

	while (skel_readable(fd, timeout_ms)) {
		if (skel_line(fd)[0] == '[')
			break;
		lines++;
	}
	return lines;
}

unsigned long skel_env(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 0) : otherwise;
}

unsigned int skel_seed(void)
{
	return skel_env("SKEL_RACE_SEED", time(NULL) ^ getpid());
}

__u64 skel_random64(unsigned int *seed)
{
	__u64 value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 16 ^ rand_r(seed);
	return value;
}

pid_t skel_child(int (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();

	if (!pid)
		_exit(fn(arg));
	return pid < 0 ? -errno : pid;
}

int skel_in_child(int (*fn)(void *arg), void *arg)
{
	pid_t pid = skel_child(fn, arg);

	return pid < 0 ? pid : skel_wait(pid);
}

int skel_threads(void *(*fn)(void *arg), void *array, size_t count, size_t size)
{
	pthread_t threads[count];
	size_t begun;
	int rc = 0;

	for (begun = 0; !rc && begun < count; begun += !rc)
		rc = pthread_create(&threads[begun], NULL, fn, (char *)array + begun * size);
	while (begun)
		pthread_join(threads[--begun], NULL);
	return -rc;
}

bool skel_wait_asleep(pid_t tid)
{
	char path[64], stat[256];

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	for (int i = 0; i < SKEL_ANSWER_MS; i++) {
		const char *state;

		if (skel_read_file(path, stat, sizeof(stat)))
			return false;
		state = strrchr(stat, ')');
		if (state && state[1] && strchr("STD", state[2]))
			return true;
		skel_sleep_ms(1);
	}
	return false;
}

pid_t skel_gettid(void)
{
	return syscall(SYS_gettid);
}

int skel_drop_root(void)
{
	if (getuid())
		return 0;
	if (setresgid(SKEL_TEST_UID, SKEL_TEST_UID, SKEL_TEST_UID) ||
	    setresuid(SKEL_TEST_UID, SKEL_TEST_UID, SKEL_TEST_UID))
		return -errno;
	return 0;
}

/* Send @fd, or receive one if it is negative. */
static int pass_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = { 0 }, byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (fd >= 0)
		return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
	if (recvmsg(sock, &msg, 0) != 1)
		return -errno;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -EPROTO;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

int skel_send_fd(int sock, int fd)
{
	return pass_fd(sock, fd);
}

int skel_recv_fd(int sock)
{
	return pass_fd(sock, -1);
}

int skel_self_mem(void *address, void *data, size_t length, bool write)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ssize_t n;
	int rc;

	if (fd == -1)
		return -errno;
	if (write)
		n = pwrite(fd, data, length, (uintptr_t)address);
	else
		n = pread(fd, data, length, (uintptr_t)address);
	rc = skel_err(n);
	close(fd);
	return rc;
}

struct traced {
	long word;
	int rc[2];
};

static int trace(pid_t pid, void *address, struct traced *traced)
{
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) ||
	    waitpid(pid, NULL, __WALL) != pid)
		return 1;
	errno = 0;
	traced->word = ptrace(PTRACE_PEEKDATA, pid, address, NULL);
	traced->rc[0] = -errno;
	traced->rc[1] = skel_err(ptrace(PTRACE_POKEDATA, pid, address, traced->word + 1));
	return 0;
}

/* A child traces the main thread of its parent; its end is the end of that. */
long skel_ptrace(void *address, int rc[2])
{
	struct traced *traced = mmap(NULL, sizeof(*traced), SKEL_RW, MAP_SHARED | MAP_ANONYMOUS,
				     -1, 0);
	long word = 0;
	pid_t pid;

	rc[0] = -ESRCH;
	rc[1] = -ESRCH;
	if (traced == MAP_FAILED)
		return 0;
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	pid = fork();
	if (!pid)
		_exit(trace(getppid(), address, traced));
	if (pid > 0 && !skel_wait(pid)) {
		word = traced->word;
		memcpy(rc, traced->rc, sizeof(traced->rc));
	}
	munmap(traced, sizeof(*traced));
	return word;
}

__u64 skel_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (__u64)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void skel_sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

long skel_number_in(const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	size_t length = strlen(key);
	long value = -1;
	char line[256];

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, key, length) &&
		    sscanf(line + length, " %ld", &value) == 1)
			break;
	}
	fclose(file);
	return value;
}

long skel_meminfo_kb(const char *key)
{
	return skel_number_in("/proc/meminfo", key);
}

long skel_fdinfo(int fd, const char *key)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return skel_number_in(path, key);
}

int skel_read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return -errno;
	n = skel_err(read(fd, text, size - 1));
	close(fd);
	if (n < 0)
		return n;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

int skel_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return -errno;
	n = skel_err(write(fd, text, strlen(text)));
	close(fd);
	return n < 0 ? n : 0;
}

long skel_module_refs(const char *module)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	return skel_read_file(path, text, sizeof(text)) ? -1 : strtol(text, NULL, 10);
}

int skel_block_device(char *path, size_t size)
{
	static const char * const names[] = {
		"ram0", "vda", "sda", "nvme0n1", "nullb0", "zram0",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		int fd;

		snprintf(path, size, "/dev/%s", names[i]);
		fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
		if (fd != -1)
			return fd;
	}
	return -ENODEV;
}

size_t skel_quick_length(int fd, size_t length)
{
	for (; length > SKEL_KIB(64); length /= 2) {
		__u64 start = skel_now_ms(), host;

		for (int i = 0; i < 4; i++) {
			if (skel_alloc(fd, SKEL_BOTH, length, &host))
				break;
			skel_free(fd, host);
		}
		if (host && skel_now_ms() - start < 4 * 10)
			break;
	}
	return length;
}

#define TRACING	"/sys/kernel/tracing/"

/* Of this process alone; nothing may be left for the tests that trace others. */
static int trace_pages(bool on)
{
	int fd = open(TRACING "set_event_pid", O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd == -1)
		return -errno;
	if (on)
		dprintf(fd, "%d", getpid());
	close(fd);
	return skel_write_file(TRACING "events/kmem/mm_page_alloc/enable", on ? "1" : "0");
}

/* What has been traced, all pages of a block one by one */
static int traced_pages(__u64 *pages, int max)
{
	FILE *file = fopen(TRACING "trace", "re");
	char line[512];
	int n = 0;

	while (file && fgets(line, sizeof(line), file)) {
		const char *event = strstr(line, "mm_page_alloc: ");
		unsigned long long frame;
		unsigned int order;

		if (!event || !strstr(event, " pfn=") ||
		    sscanf(strstr(event, " pfn="), " pfn=%llx order=%u", &frame, &order) != 2)
			continue;
		for (int i = 0; i < 1 << order && n < max; i++)
			pages[n++] = (frame + i) * skel_page();
	}
	if (file)
		fclose(file);
	return n;
}

int skel_trace_alloc(int fd, __u32 flags, __u64 length, __u64 *host, __u64 *pages, int max)
{
	FILE *file;
	int rc;

	if (trace_pages(true))
		return skel_alloc(fd, flags, length, host) ?: 0;
	/* Opening it for writing empties it. */
	file = fopen(TRACING "trace", "we");
	if (file)
		fclose(file);
	rc = skel_alloc(fd, flags, length, host);
	trace_pages(false);
	return rc ?: traced_pages(pages, max);
}
