/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a program may do with a mapping, by every way in: mmap(), mprotect(),
 * mremap(), loads and stores, debuggers. To be included after the harness.
 */
#ifndef SKEL_PERMISSION_H
#define SKEL_PERMISSION_H

#include <sys/uio.h>

#include "skel_test.h"

#define PROT_RW	(PROT_READ | PROT_WRITE)

struct target {
	int fd;
	__u64 offset;
	size_t length;		/* whole pages, at least two */
	bool writable;
	bool debugger;		/* memory that a debugger may look into */
};

/* Is @prot more than a mapping of the target may have? */
static bool forbidden(const struct target *target, int prot)
{
	return prot & PROT_EXEC || (prot & PROT_WRITE && !target->writable);
}

static void *map_target(const struct target *target, int prot)
{
	return mmap(NULL, target->length, prot, MAP_SHARED, target->fd, target->offset);
}

/* Loads and stores, on both ends */
static void check_access(struct __test_metadata *_metadata, const struct target *target,
			 __u8 *map, int prot)
{
	for (size_t at = 0; at < target->length; at += target->length - 1) {
		/* What can be written can be read on most machines. */
		if (prot != PROT_WRITE) {
			EXPECT_EQ(prot & PROT_READ ? 0 : SIGSEGV, skel_touch(map + at))
				TH_LOG("prot %d, byte %zu", prot, at);
		}
		EXPECT_EQ(prot & PROT_WRITE ? 0 : SIGSEGV, skel_poke(map + at, 1))
			TH_LOG("prot %d, byte %zu", prot, at);
	}
}

static void check_mmap(struct __test_metadata *_metadata, const struct target *target)
{
	for (int prot = PROT_NONE; prot <= (PROT_RW | PROT_EXEC); prot++) {
		int rc = skel_map_err(target->fd, target->offset, target->length, prot,
				      MAP_SHARED);
		__u8 *map;

		if (forbidden(target, prot)) {
			EXPECT_TRUE((rc == -EPERM && prot & PROT_EXEC) ||
				    (rc == -EACCES && prot & PROT_WRITE && !target->writable))
				TH_LOG("prot %d: %d", prot, rc);
		} else {
			map = map_target(target, prot);
			ASSERT_NE(MAP_FAILED, map);
			check_access(_metadata, target, map, prot);
			munmap(map, target->length);
		}
		rc = skel_map_err(target->fd, target->offset, target->length, prot, MAP_PRIVATE);
		EXPECT_TRUE(rc == -EINVAL || (rc == -EPERM && prot & PROT_EXEC))
			TH_LOG("private, prot %d: %d", prot, rc);
	}
}

/* Whatever it was mapped with: neither more nor less can be had later. */
static void check_mprotect(struct __test_metadata *_metadata, const struct target *target,
			   __u8 *map, int prot)
{
	for (int next = PROT_NONE; next <= (PROT_RW | PROT_EXEC); next++) {
		int rc = skel_err(mprotect(map, target->length, next));

		EXPECT_EQ(forbidden(target, next) ? -EACCES : 0, rc)
			TH_LOG("from %d to %d", prot, next);
		if (!rc)
			prot = next;
		check_access(_metadata, target, map, prot);
	}
}

static void check_mprotect_all(struct __test_metadata *_metadata, const struct target *target)
{
	for (int prot = PROT_NONE; prot <= PROT_RW; prot++) {
		__u8 *map;

		if (forbidden(target, prot))
			continue;
		map = map_target(target, prot);
		ASSERT_NE(MAP_FAILED, map);
		check_mprotect(_metadata, target, map, prot);
		munmap(map, target->length);
	}
}

static long try_mremap(void *map, size_t from, size_t to, int flags)
{
	return mremap(map, from, to, flags) == MAP_FAILED ? -errno : 0;
}

/* A mapping does not grow or double, and takes its permissions along. */
static void check_mremap(struct __test_metadata *_metadata, const struct target *target)
{
	const size_t length = target->length, page = skel_page();

	for (int prot = PROT_NONE; prot <= PROT_RW; prot++) {
		__u8 *map, *place;

		if (forbidden(target, prot))
			continue;
		map = map_target(target, prot);
		ASSERT_NE(MAP_FAILED, map);
		EXPECT_EQ(-EFAULT, try_mremap(map, length, length + page, 0));
		EXPECT_EQ(-EFAULT, try_mremap(map, length, length + page, MREMAP_MAYMOVE));
		EXPECT_EQ(-EFAULT, try_mremap(map, 0, length, MREMAP_MAYMOVE));
		EXPECT_EQ(-EFAULT, try_mremap(map, 0, page, MREMAP_MAYMOVE));
		EXPECT_EQ(-EINVAL, try_mremap(map, length, length,
					      MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
		check_access(_metadata, target, map, prot);

		place = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ASSERT_NE(MAP_FAILED, place);
		ASSERT_EQ(place, mremap(map, length, length, MREMAP_MAYMOVE | MREMAP_FIXED,
					place));
		check_access(_metadata, target, place, prot);
		check_mprotect(_metadata, target, place, prot);

		EXPECT_EQ(0, try_mremap(place, length, page, 0));
		EXPECT_EQ(-EFAULT, try_mremap(place, page, length, MREMAP_MAYMOVE));
		munmap(place, page);
	}
}

/*
 * A debugger sees all memory that is mapped, and writes where the program may
 * write; it does not see I/O memory. process_vm_readv() is not one: it pins.
 */
static void check_debugger(struct __test_metadata *_metadata, const struct target *target,
			   __u8 *map, int prot)
{
	const bool may_write = target->debugger && prot & PROT_WRITE;
	long *place = (long *)(map + target->length) - 1;
	struct iovec remote = { place, sizeof(*place) };
	long word = 0, seen = 0;
	struct iovec local = { &seen, sizeof(seen) };

	EXPECT_EQ(-EFAULT, skel_err(process_vm_readv(getpid(), &local, 1, &remote, 1, 0)));
	EXPECT_EQ(-EFAULT, skel_err(process_vm_writev(getpid(), &local, 1, &remote, 1, 0)));
	if (!target->debugger) {
		EXPECT_EQ(-EIO, skel_self_mem(place, &word, sizeof(word), false));
		EXPECT_EQ(-EIO, skel_ptrace(place, &word, false));
	} else {
		EXPECT_EQ(sizeof(word), skel_self_mem(place, &word, sizeof(word), false));
		EXPECT_EQ(0, skel_ptrace(place, &seen, false));
		EXPECT_EQ(word, seen);
	}

	/* Whatever is there: another word */
	word = ~word;
	EXPECT_EQ(may_write ? (int)sizeof(word) : -EIO,
		  skel_self_mem(place, &word, sizeof(word), true))
		TH_LOG("prot %d", prot);
	if (target->debugger) {
		EXPECT_EQ(0, skel_ptrace(place, &seen, false));
		EXPECT_EQ(may_write, word == seen)
			TH_LOG("prot %d", prot);
	}
	word = seen + 1;
	EXPECT_EQ(may_write ? 0 : -EIO, skel_ptrace(place, &word, true))
		TH_LOG("prot %d", prot);
	if (target->debugger) {
		EXPECT_EQ(sizeof(seen), skel_self_mem(place, &seen, sizeof(seen), false));
		EXPECT_EQ(may_write, word == seen)
			TH_LOG("prot %d", prot);
	}
}

static void check_debugger_all(struct __test_metadata *_metadata, const struct target *target)
{
	for (int prot = PROT_NONE; prot <= PROT_RW; prot++) {
		__u8 *map;

		if (forbidden(target, prot))
			continue;
		map = map_target(target, prot);
		ASSERT_NE(MAP_FAILED, map);
		check_debugger(_metadata, target, map, prot);
		/* What counts is what it may now. */
		for (int next = PROT_NONE; next <= PROT_RW; next++) {
			if (!mprotect(map, target->length, next))
				check_debugger(_metadata, target, map, next);
		}
		munmap(map, target->length);
	}
}

#endif /* SKEL_PERMISSION_H */
