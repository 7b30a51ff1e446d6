// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of lab cards share: the user API as functions that return
 * -errno, memory that may be gone, patterns, processes.
 */
#include <setjmp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <time.h>

#include "skel_test.h"

size_t skel_page(void)
{
	return sysconf(_SC_PAGESIZE);
}

const char *skel_device(void)
{
	const char *name = getenv("SKEL_TEST_CARD");

	return name ? name : "/dev/skel0";
}

int skel_open_module(const char *path, int flags, const char *module)
{
	int fd = skel_err(open(path, flags | O_CLOEXEC));
	pid_t pid;

	if (fd != -ENOENT || getuid())
		return fd;
	pid = fork();
	if (!pid) {
		execlp("modprobe", "modprobe", "-q", module, NULL);
		_exit(1);
	}
	if (pid > 0)
		skel_wait(pid);
	return skel_err(open(path, flags | O_CLOEXEC));
}

int skel_open(int flags)
{
	if (getenv("SKEL_TEST_CARD"))
		return skel_err(open(skel_device(), flags | O_CLOEXEC));
	return skel_open_module(skel_device(), flags, "skel_sim");
}

int skel_info(int fd, struct skel_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return skel_err(ioctl(fd, SKEL_IOC_INFO, info));
}

int skel_region(int fd, __u32 index, struct skel_region_info *region)
{
	memset(region, 0, sizeof(*region));
	region->size = sizeof(*region);
	region->index = index;
	return skel_err(ioctl(fd, SKEL_IOC_REGION_INFO, region));
}

int skel_alloc(int fd, __u32 flags, __u64 length, __u64 *host)
{
	struct skel_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.length = length,
	};
	int rc = skel_err(ioctl(fd, SKEL_IOC_ALLOC, &cmd));

	*host = rc ? 0 : cmd.host_addr;
	return rc;
}

int skel_free(int fd, __u64 host)
{
	struct skel_free cmd = { .size = sizeof(cmd), .host_addr = host };

	return skel_err(ioctl(fd, SKEL_IOC_FREE, &cmd));
}

int skel_sync(int fd, __u32 flags, __u64 host, __u64 length)
{
	struct skel_sync cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.host_addr = host,
		.length = length,
	};

	return skel_err(ioctl(fd, SKEL_IOC_SYNC, &cmd));
}

void *skel_map(int fd, __u64 offset, size_t length)
{
	void *map = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			 offset);

	return map == MAP_FAILED ? NULL : map;
}

int skel_map_err(int fd, __u64 offset, size_t length, int prot, int flags)
{
	void *map = mmap(NULL, length, prot, flags, fd, offset);

	if (map == MAP_FAILED)
		return -errno;
	munmap(map, length);
	return 0;
}

void *skel_buffer(int fd, __u32 flags, size_t length, __u64 *host)
{
	int rc = skel_alloc(fd, flags, length, host);

	if (rc) {
		errno = -rc;
		return NULL;
	}
	return skel_map(fd, *host, length);
}

bool skel_has_memory(int fd)
{
	struct skel_region_info region;

	return !skel_region(fd, 0, &region) && region.offset == 0;
}

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

static __thread sigjmp_buf try_env;
static __thread int trying;

static void try_handler(int sig)
{
	if (!__atomic_load_n(&trying, __ATOMIC_RELAXED)) {
		/* Not ours: die of it. */
		signal(sig, SIG_DFL);
		raise(sig);
		return;
	}
	siglongjmp(try_env, sig);
}

int skel_try(void (*fn)(void *arg), void *arg)
{
	/* SA_NODEFER: the jump need not restore a signal mask */
	struct sigaction action = {
		.sa_handler = try_handler,
		.sa_flags = SA_NODEFER,
	};
	int sig;

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sig = sigsetjmp(try_env, 0);
	if (!sig) {
		__atomic_store_n(&trying, 1, __ATOMIC_SEQ_CST);
		fn(arg);
	}
	__atomic_store_n(&trying, 0, __ATOMIC_SEQ_CST);
	return sig;
}

struct access {
	__u8 *address;
	__u8 value;
};

static void do_peek(void *arg)
{
	struct access *access = arg;

	access->value = __atomic_load_n(access->address, __ATOMIC_RELAXED);
}

static void do_poke(void *arg)
{
	struct access *access = arg;

	__atomic_store_n(access->address, access->value, __ATOMIC_RELAXED);
}

int skel_peek(const void *address, __u8 *value)
{
	struct access access = { .address = (__u8 *)address };
	int sig = skel_try(do_peek, &access);

	if (!sig)
		*value = access.value;
	return sig;
}

int skel_poke(void *address, __u8 value)
{
	struct access access = { .address = address, .value = value };

	return skel_try(do_poke, &access);
}

int skel_touch(const void *address)
{
	__u8 value;

	return skel_peek(address, &value);
}

static __u8 pattern(size_t i, __u32 seed)
{
	__u32 x = ((__u32)i + 1) * 2654435761U ^ seed * 40503U;

	return x >> 24 ^ x >> 11;
}

void skel_fill(void *data, size_t length, __u32 seed)
{
	__u8 *bytes = data;
	size_t i;

	for (i = 0; i < length; i++)
		bytes[i] = pattern(i, seed);
}

bool skel_check(const void *data, size_t length, __u32 seed)
{
	const __u8 *bytes = data;
	size_t i;

	for (i = 0; i < length; i++)
		if (bytes[i] != pattern(i, seed))
			return false;
	return true;
}

bool skel_all(const void *data, size_t length, __u8 value)
{
	const __u8 *bytes = data;

	return !length ||
	       (bytes[0] == value && !memcmp(bytes, bytes + 1, length - 1));
}

/* FNV-1a */
__u64 skel_sum(const void *data, size_t length)
{
	const __u8 *bytes = data;
	__u64 sum = 0xcbf29ce484222325ULL;
	size_t i;

	for (i = 0; i < length; i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3ULL;
	return sum;
}

/* Exit status of a child, or 128 plus the signal that ended it. */
int skel_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -errno;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

/* Become an ordinary user, for good. */
int skel_drop_root(void)
{
	if (getuid())
		return 0;
	if (setresgid(SKEL_TEST_UID, SKEL_TEST_UID, SKEL_TEST_UID) ||
	    setresuid(SKEL_TEST_UID, SKEL_TEST_UID, SKEL_TEST_UID))
		return -errno;
	return 0;
}

int skel_memlock(rlim_t limit)
{
	struct rlimit rlimit = { .rlim_cur = limit, .rlim_max = limit };

	return skel_err(setrlimit(RLIMIT_MEMLOCK, &rlimit));
}

int skel_send_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = { 0 };
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
}

int skel_recv_fd(int sock)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(sock, &msg, 0) != 1)
		return -errno;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -EPROTO;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
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

static int trace(pid_t pid, void *address, long *word, bool write)
{
	long rc;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) ||
	    waitpid(pid, NULL, __WALL) != pid)
		return -ESRCH;
	errno = 0;
	if (write) {
		rc = ptrace(PTRACE_POKEDATA, pid, address, *word);
	} else {
		rc = ptrace(PTRACE_PEEKDATA, pid, address, NULL);
		*word = rc;
	}
	return -errno;
}

/* A child traces the main thread of its parent; its end is the end of that. */
int skel_ptrace(void *address, long *word, bool write)
{
	struct { long word; int rc; } *shared;
	int rc;
	pid_t pid;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -errno;
	shared->word = *word;
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	pid = fork();
	if (!pid) {
		shared->rc = trace(getppid(), address, &shared->word, write);
		_exit(0);
	}
	rc = pid < 0 ? -errno : skel_wait(pid);
	if (!rc)
		rc = shared->rc;
	*word = shared->word;
	munmap(shared, sizeof(*shared));
	return rc;
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

/* The number behind "<key>" in a file of "key: number" lines, or -1 */
static long number_in(const char *path, const char *key)
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
	return number_in("/proc/meminfo", key);
}

long skel_fdinfo(int fd, const char *key)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return number_in(path, key);
}

/* The first line of a file */
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

/* True if the simulated card was loaded with misbehave=1 */
bool skel_misbehave(void)
{
	char value[8];

	return !skel_read_file("/sys/module/skel_sim/parameters/misbehave", value, sizeof(value)) &&
	       (value[0] == 'Y' || value[0] == '1');
}

/* Open any block device for direct I/O. */
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

/*
 * The length, not above @length, of a buffer that comes and goes within some
 * milliseconds: debug options make large ones very slow.
 */
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
