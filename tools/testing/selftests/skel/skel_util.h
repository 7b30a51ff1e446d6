/* SPDX-License-Identifier: GPL-2.0 */
/*
 * More that the tests of lab cards share: processes and threads, ways into
 * memory other than loads and stores, and what the machine says
 *
 * The functions return 0 or a positive result, or a negative errno. Environment
 * variables: SKEL_TEST_EXHAUST allows to use up all memory of a machine that has
 * not more than 4 GiB, SKEL_TEST_STALE a test that takes minutes.
 */
#ifndef SKEL_UTIL_H
#define SKEL_UTIL_H

#include "skel_test.h"

/* User and group without privileges that tests drop to */
#define SKEL_TEST_UID		1000

/* Free pages hold this byte in a kernel that boots with page_poison=1. */
#define SKEL_PAGE_POISON	0xaa

static inline size_t skel_at_most(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

/* Map the memory of the card, region 0; NULL on failure, errno is set */
void *skel_card_memory(int fd, size_t *length);

/* What a line of the core says without its mark; "" if it is none of those */
const char *skel_core(const char *line);
/* Throw away reply lines until none comes any more; how many they were */
int skel_drain(int fd, int timeout_ms);

/* The number in a variable of the environment, if there is one */
unsigned long skel_env(const char *name, unsigned long otherwise);
/* SKEL_RACE_SEED, or another number each time; a test of random things logs it. */
unsigned int skel_seed(void);
/* A random number of 64 bits */
__u64 skel_random64(unsigned int *seed);

/*
 * A child that calls fn() and exits with what that returns. skel_in_child()
 * waits for its end: 0 is success, see skel_wait().
 */
pid_t skel_child(int (*fn)(void *arg), void *arg);
int skel_in_child(int (*fn)(void *arg), void *arg);
/*
 * Threads that run fn() at the same time, each with its own element of an array,
 * or all with the same if the size is 0; returns after the end of all.
 */
int skel_threads(void *(*fn)(void *arg), void *array, size_t count, size_t size);
/* Is the task (of any process) asleep? Waits for it, for a bounded time. */
bool skel_wait_asleep(pid_t tid);
pid_t skel_gettid(void);

/* Become an ordinary user, for good. */
int skel_drop_root(void);
int skel_send_fd(int sock, int fd);
int skel_recv_fd(int sock);
/* As a debugger does it, by /proc/self/mem: how many bytes, or -errno */
int skel_self_mem(void *address, void *data, size_t length, bool write);
/*
 * By ptrace(): read a word, then write one that is 1 more. Returns the word;
 * the results of both, 0 or -errno, are stored in rc.
 */
long skel_ptrace(void *address, int rc[2]);

__u64 skel_now_ms(void);
void skel_sleep_ms(unsigned int ms);
/* The number behind the first "<key>" at the start of a line of a file, or -1 */
long skel_number_in(const char *path, const char *key);
long skel_meminfo_kb(const char *key);
long skel_fdinfo(int fd, const char *key);
/* The first line of a file, and a text into one: 0 or -errno */
int skel_read_file(const char *path, char *text, size_t size);
int skel_write_file(const char *path, const char *text);
/* References to a module, or -1 */
long skel_module_refs(const char *module);
/* Open any block device for direct I/O. */
int skel_block_device(char *path, size_t size);
/*
 * The length, not above @length, of a buffer that comes and goes within some
 * milliseconds: debug options make large ones very slow.
 */
size_t skel_quick_length(int fd, size_t length);

/*
 * A new buffer, and the physical addresses of its pages and of what else was allocated
 * for it: how many. 0 if they are not known, which needs root and CONFIG_TRACING.
 */
int skel_trace_alloc(int fd, __u32 flags, __u64 length, __u64 *host, __u64 *pages, int max);
#endif /* SKEL_UTIL_H */
