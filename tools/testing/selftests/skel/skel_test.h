/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The user API of lab cards as functions, for the tests
 *
 * The functions return 0 or a positive result, or a negative errno: a test
 * reads EXPECT_EQ(-EBUSY, skel_free(fd, host)). They know nothing about the
 * harness, so that a child process can use them too.
 *
 * The tests use the simulated card skel_sim, which they load if they may. The
 * environment variable SKEL_TEST_CARD names another card, which must understand
 * the same commands.
 */
#ifndef SKEL_TEST_H
#define SKEL_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/skel.h>

#include "../kselftest.h"

#define SKEL_KIB(n)		((size_t)(n) << 10)
#define SKEL_MIB(n)		((size_t)(n) << 20)

/* How long an answer may take on a slow machine, and how long is "never". */
#define SKEL_ANSWER_MS		10000
#define SKEL_SILENCE_MS		150

#define SKEL_BOTH		(SKEL_ALLOC_TOHOST | SKEL_ALLOC_FROMHOST)
#define SKEL_RW			(PROT_READ | PROT_WRITE)

/*
 * Open the card under test and lift the limit of locked memory. Skips the test
 * if there is no card. For FIXTURE_SETUP() and at the start of a test.
 */
#define SKEL_OPEN_OR_SKIP(fd, flags) do {				\
	int *__fd = &(fd);						\
									\
	*__fd = skel_open(flags);					\
	if (*__fd == -ENOENT)						\
		SKIP(_exit(KSFT_SKIP), "no card, load skel_sim");	\
	ASSERT_LE(0, *__fd);						\
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));			\
} while (0)

/* -errno of a system call that failed, its result otherwise */
static inline long skel_err(long rc)
{
	return rc == -1 ? -errno : rc;
}

size_t skel_page(void);
const char *skel_device(void);

/* open(); root loads the module if there is no such node. */
int skel_open_module(const char *path, int flags, const char *module);

/* One function per entry of the user API */
int skel_open(int flags);
int skel_info(int fd, struct skel_info *info);
int skel_region(int fd, __u32 index, struct skel_region_info *region);
int skel_alloc(int fd, __u32 flags, __u64 length, __u64 *host);
int skel_free(int fd, __u64 host);
int skel_sync(int fd, __u32 flags, __u64 host, __u64 length);

/* How many buffers the channel has; UINT32_MAX on failure */
__u32 skel_buffers(int fd);
bool skel_is_simulated(int fd);
/* Whether the card's memory, region 0, can be mapped */
bool skel_has_memory(int fd);

/* mmap() of a shared, writable mapping; NULL on failure, errno is set */
void *skel_map(int fd, __u64 offset, size_t length);
/* What mmap() says: 0 (and the mapping is undone) or -errno */
int skel_map_err(int fd, __u64 offset, size_t length, int prot, int flags);
/* Allocate and map; NULL on failure, errno is set */
void *skel_buffer(int fd, __u32 flags, size_t length, __u64 *host);

/* All bytes, however often write() is needed; does not wait forever. */
int skel_write(int fd, const void *data, size_t length);
/* Send one command; the newline is added here. */
__printf(2, 3)
int skel_send(int fd, const char *format, ...);
bool skel_readable(int fd, int timeout_ms);
/*
 * The next reply line without its newline, or a word in brackets that says why
 * there is none
 */
const char *skel_line(int fd);
/* Send a command and read the reply. */
#define skel_ask(fd, ...) ({						\
	const int __fd = (fd);						\
									\
	skel_send(__fd, __VA_ARGS__) ? "[write failed]" : skel_line(__fd); \
})

/*
 * Ask for a transfer and wait for its end: "DONE", "REFUSED <reason>" or
 * "FAILED <reason>" if the reply repeats the request exactly, else the line
 */
const char *skel_transfer(int fd, const char *direction, __u64 card, __u64 length, __u64 host);
const char *skel_transfer_end(int fd, const char *direction, __u64 card, __u64 length, __u64 host);

/* Access to memory that may be gone: 0 or the signal it raised */
int skel_try(void (*fn)(void *arg), void *arg);
int skel_peek(const void *address, __u8 *value);
int skel_poke(void *address, __u8 value);

static inline int skel_touch(const void *address)
{
	__u8 value;

	return skel_peek(address, &value);
}

/* Patterns: each byte depends on its place and on the seed. */
void skel_fill(void *data, size_t length, __u32 seed);
bool skel_check(const void *data, size_t length, __u32 seed);
bool skel_all(const void *data, size_t length, __u8 value);

/* Exit status of a child, or 128 plus the signal that ended it */
int skel_wait(pid_t pid);
int skel_memlock(rlim_t limit);

#endif /* SKEL_TEST_H */
