// SPDX-License-Identifier: GPL-2.0
/*
 * The user API of lab cards as functions, for the tests
 */
#include <setjmp.h>
#include <stdarg.h>

#include "skel_test.h"

size_t skel_page(void)
{
	return sysconf(_SC_PAGESIZE);
}

const char *skel_device(void)
{
	return getenv("SKEL_TEST_CARD") ?: "/dev/skel0";
}

int skel_open_module(const char *path, int flags, const char *module)
{
	int fd = skel_err(open(path, flags | O_CLOEXEC));
	char command[64];

	if (fd != -ENOENT || getuid())
		return fd;
	snprintf(command, sizeof(command), "modprobe -q %s", module);
	return system(command) ? fd : skel_err(open(path, flags | O_CLOEXEC));
}

int skel_open(int flags)
{
	if (getenv("SKEL_TEST_CARD"))
		return skel_err(open(skel_device(), flags | O_CLOEXEC));
	return skel_open_module(skel_device(), flags, "skel_sim");
}

int skel_info(int fd, struct skel_info *info)
{
	*info = (struct skel_info){ .size = sizeof(*info) };
	return skel_err(ioctl(fd, SKEL_IOC_INFO, info));
}

int skel_region(int fd, __u32 index, struct skel_region_info *region)
{
	*region = (struct skel_region_info){ .size = sizeof(*region), .index = index };
	return skel_err(ioctl(fd, SKEL_IOC_REGION_INFO, region));
}

int skel_alloc(int fd, __u32 flags, __u64 length, __u64 *host)
{
	struct skel_alloc cmd = { .size = sizeof(cmd), .flags = flags, .length = length };
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
		.size = sizeof(cmd), .flags = flags, .host_addr = host, .length = length,
	};

	return skel_err(ioctl(fd, SKEL_IOC_SYNC, &cmd));
}

__u32 skel_buffers(int fd)
{
	struct skel_info info;

	return skel_info(fd, &info) ? UINT32_MAX : info.buffers;
}

bool skel_is_simulated(int fd)
{
	struct skel_info info;

	return !skel_info(fd, &info) && !strcmp(info.name, "skel_sim");
}

bool skel_has_memory(int fd)
{
	struct skel_region_info region;

	return !skel_region(fd, 0, &region) && region.offset == 0;
}

void *skel_map(int fd, __u64 offset, size_t length)
{
	void *map = mmap(NULL, length, SKEL_RW, MAP_SHARED, fd, offset);

	return map == MAP_FAILED ? NULL : map;
}

int skel_map_err(int fd, __u64 offset, size_t length, int prot, int flags)
{
	void *map = mmap(NULL, length, prot, flags, fd, offset);

	return map == MAP_FAILED ? -errno : munmap(map, length);
}

void *skel_buffer(int fd, __u32 flags, size_t length, __u64 *host)
{
	int rc = skel_alloc(fd, flags, length, host);

	errno = -rc;
	return rc ? NULL : skel_map(fd, *host, length);
}

int skel_write(int fd, const void *data, size_t length)
{
	const char *bytes = data;

	while (length) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		ssize_t n = write(fd, bytes, length);

		if (n == -1 && errno == EAGAIN) {
			if (poll(&p, 1, SKEL_ANSWER_MS) == 1)
				continue;
			errno = ETIMEDOUT;
		}
		if (n <= 0)
			return n ? -errno : -EIO;
		bytes += n;
		length -= n;
	}
	return 0;
}

int skel_send(int fd, const char *format, ...)
{
	char line[2 * SKEL_LINE_MAX];
	va_list ap;
	int length;

	va_start(ap, format);
	length = vsnprintf(line, sizeof(line) - 1, format, ap);
	va_end(ap);
	if (length < 0 || length >= (int)sizeof(line) - 1)
		return -EMSGSIZE;
	line[length++] = '\n';
	return skel_write(fd, line, length);
}

bool skel_readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1 && (p.revents & POLLIN);
}

/* Byte by byte: what follows stays in the channel. */
const char *skel_line(int fd)
{
	static __thread char line[SKEL_LINE_MAX + 1];
	size_t length = 0;

	while (length < SKEL_LINE_MAX) {
		ssize_t n;

		if (!skel_readable(fd, SKEL_ANSWER_MS))
			return "[no reply]";
		n = read(fd, line + length, 1);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n != 1)
			return n ? "[read failed]" : "[end of file]";
		if (line[length] == '\n') {
			line[length] = '\0';
			return line;
		}
		length++;
	}
	return "[line too long]";
}

const char *skel_transfer_end(int fd, const char *direction, __u64 card, __u64 length, __u64 host)
{
	static __thread char result[SKEL_LINE_MAX];
	static const char * const verbs[] = { "DONE", "REFUSED", "FAILED" };
	const char *line = skel_line(fd);

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		const char *format = SKEL_CORE_MARK "%s %s 0x%llx 0x%llx 0x%llx";
		char expected[128];
		int n;

		n = snprintf(expected, sizeof(expected), format, verbs[i], direction, card, length,
			     host);
		/* DONE ends here, the others are followed by a reason. */
		if (strncmp(line, expected, n) || !i == !!line[n])
			continue;
		snprintf(result, sizeof(result), "%s%s", verbs[i], line + n);
		return result;
	}
	return line;
}

const char *skel_transfer(int fd, const char *direction, __u64 card, __u64 length, __u64 host)
{
	if (skel_send(fd, "%s 0x%llx 0x%llx 0x%llx", direction, card, length, host))
		return "[write failed]";
	return skel_transfer_end(fd, direction, card, length, host);
}

static __thread sigjmp_buf try_env;
static __thread int trying;

static void try_handler(int sig)
{
	if (__atomic_load_n(&trying, __ATOMIC_RELAXED))
		siglongjmp(try_env, sig);
	/* Not expected: die of it. */
	signal(sig, SIG_DFL);
	raise(sig);
}

int skel_try(void (*fn)(void *arg), void *arg)
{
	/* SA_NODEFER: the jump need not restore a signal mask. */
	struct sigaction action = { .sa_handler = try_handler, .sa_flags = SA_NODEFER };
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
	bool write;
};

static void do_access(void *arg)
{
	struct access *a = arg;

	if (a->write)
		__atomic_store_n(a->address, a->value, __ATOMIC_RELAXED);
	else
		a->value = __atomic_load_n(a->address, __ATOMIC_RELAXED);
}

int skel_peek(const void *address, __u8 *value)
{
	struct access access = { .address = (__u8 *)address };
	int sig = skel_try(do_access, &access);

	if (!sig)
		*value = access.value;
	return sig;
}

int skel_poke(void *address, __u8 value)
{
	struct access access = { .address = address, .value = value, .write = true };

	return skel_try(do_access, &access);
}

static __u8 pattern(size_t i, __u32 seed)
{
	__u32 x = ((__u32)i + 1) * 2654435761U ^ seed * 40503U;

	return x >> 24 ^ x >> 11;
}

void skel_fill(void *data, size_t length, __u32 seed)
{
	for (size_t i = 0; i < length; i++)
		((__u8 *)data)[i] = pattern(i, seed);
}

bool skel_check(const void *data, size_t length, __u32 seed)
{
	for (size_t i = 0; i < length; i++) {
		if (((const __u8 *)data)[i] != pattern(i, seed))
			return false;
	}
	return true;
}

bool skel_all(const void *data, size_t length, __u8 value)
{
	const __u8 *bytes = data;

	return !length || (bytes[0] == value && !memcmp(bytes, bytes + 1, length - 1));
}

int skel_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -errno;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int skel_memlock(rlim_t limit)
{
	struct rlimit rlimit = { .rlim_cur = limit, .rlim_max = limit };

	return skel_err(setrlimit(RLIMIT_MEMLOCK, &rlimit));
}
