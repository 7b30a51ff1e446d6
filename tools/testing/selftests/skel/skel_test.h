/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of lab cards share
 *
 * The helpers return 0 or a positive result, or a negative errno: a test
 * reads EXPECT_EQ(-EBUSY, skel_free(fd, host)). They know nothing about the
 * harness, so a child process can use them too.
 *
 * The tests run against the simulated card skel_sim, which they load if they may.
 * The environment variable SKEL_TEST_CARD names another card, which must speak the
 * same commands. SKEL_TEST_EXHAUST allows to use up all memory of a machine that
 * has not more than 4 GiB.
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

/* User and group without privileges that tests drop to. */
#define SKEL_TEST_UID		1000

/* Free pages hold this byte in a kernel that boots with page_poison=1. */
#define SKEL_PAGE_POISON	0xaa

/* -errno of a system call that failed, its result otherwise. */
static inline long skel_err(long rc)
{
	return rc == -1 ? -errno : rc;
}

size_t skel_page(void);
const char *skel_device(void);

/* open(); root loads the module if there is no such node */
int skel_open_module(const char *path, int flags, const char *module);

/* The user API, one function per entry */
int skel_open(int flags);
int skel_info(int fd, struct skel_info *info);
int skel_region(int fd, __u32 index, struct skel_region_info *region);
int skel_alloc(int fd, __u32 flags, __u64 length, __u64 *host);
int skel_free(int fd, __u64 host);
int skel_sync(int fd, __u32 flags, __u64 host, __u64 length);

/* mmap() of a shared, writable mapping; NULL on failure, errno is set */
void *skel_map(int fd, __u64 offset, size_t length);
/* What mmap() says: 0 (and the mapping is undone) or -errno */
int skel_map_err(int fd, __u64 offset, size_t length, int prot, int flags);
/* Allocate and map; NULL on failure, errno is set */
void *skel_buffer(int fd, __u32 flags, size_t length, __u64 *host);
/* Map the memory of the card, region 0; NULL on failure */
void *skel_card_memory(int fd, size_t *length);
/* Whether it can be mapped */
bool skel_has_memory(int fd);

/* The command stream */
int skel_write(int fd, const void *data, size_t length);
__printf(2, 3)
int skel_send(int fd, const char *format, ...);
bool skel_readable(int fd, int timeout_ms);
const char *skel_line(int fd);
__printf(2, 3)
const char *skel_ask(int fd, const char *format, ...);
int skel_drain(int fd, int timeout_ms);
const char *skel_core(const char *line);

/*
 * Ask for a transfer and wait for its end: "DONE", "REFUSED <reason>" or
 * "FAILED <reason>" if the reply repeats the request exactly, else the line.
 */
const char *skel_transfer(int fd, const char *direction, __u64 card,
			  __u64 length, __u64 host);
const char *skel_transfer_end(int fd, const char *direction, __u64 card,
			      __u64 length, __u64 host);

/* Access to memory that may be gone: 0 or the signal it raised */
int skel_try(void (*fn)(void *arg), void *arg);
int skel_peek(const void *address, __u8 *value);
int skel_poke(void *address, __u8 value);
/* The signal that reading (or writing) one byte raises */
int skel_touch(const void *address);

/* Patterns: each byte depends on its place and on the seed */
void skel_fill(void *data, size_t length, __u32 seed);
bool skel_check(const void *data, size_t length, __u32 seed);
bool skel_all(const void *data, size_t length, __u8 value);
__u64 skel_sum(const void *data, size_t length);

/* Processes */
int skel_wait(pid_t pid);
int skel_drop_root(void);
int skel_memlock(rlim_t limit);
int skel_send_fd(int sock, int fd);
int skel_recv_fd(int sock);
/* As a debugger does it: how many bytes, or -errno */
int skel_self_mem(void *address, void *data, size_t length, bool write);
/* The same by ptrace(), for one word: 0 or -errno */
int skel_ptrace(void *address, long *word, bool write);

/* The machine */
__u64 skel_now_ms(void);
void skel_sleep_ms(unsigned int ms);
long skel_meminfo_kb(const char *key);
long skel_fdinfo(int fd, const char *key);
/* The first line of a file, and a text into one: 0 or -errno */
int skel_read_file(const char *path, char *text, size_t size);
int skel_write_file(const char *path, const char *text);
bool skel_misbehave(void);
int skel_block_device(char *path, size_t size);
size_t skel_quick_length(int fd, size_t length);

#endif /* SKEL_TEST_H */
