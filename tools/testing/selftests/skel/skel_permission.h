/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a program may do with a mapping, by every way in: mmap(), mprotect(),
 * mremap(), loads and stores, debuggers. To be included after the harness.
 */
#ifndef SKEL_PERMISSION_H
#define SKEL_PERMISSION_H

#include <sys/uio.h>

#include "skel_util.h"

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

/* For a mapping with each protection that the target may have */
static void check_each(struct __test_metadata *_metadata, const struct target *target,
		       void (*check)(struct __test_metadata *_metadata, const struct target *target,
				     __u8 *map, int prot))
{
	for (int prot = PROT_NONE; prot <= SKEL_RW; prot++) {
		__u8 *map;

		if (forbidden(target, prot))
			continue;
		map = mmap(NULL, target->length, prot, MAP_SHARED, target->fd, target->offset);
		ASSERT_NE(MAP_FAILED, map);
		check(_metadata, target, map, prot);
		munmap(map, target->length);
	}
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
	for (int prot = PROT_NONE; prot <= (SKEL_RW | PROT_EXEC); prot++) {
		int shared = skel_map_err(target->fd, target->offset, target->length, prot,
					  MAP_SHARED);
		int private = skel_map_err(target->fd, target->offset, target->length, prot,
					   MAP_PRIVATE);

		EXPECT_TRUE(forbidden(target, prot) ?
			    (shared == -EPERM && prot & PROT_EXEC) ||
			    (shared == -EACCES && prot & PROT_WRITE && !target->writable) :
			    shared == 0)
			TH_LOG("prot %d: %d", prot, shared);
		EXPECT_TRUE(private == -EINVAL || (private == -EPERM && prot & PROT_EXEC))
			TH_LOG("private, prot %d: %d", prot, private);
	}
	check_each(_metadata, target, check_access);
}

/* Whatever it was mapped with: neither more nor less can be had later. */
static void check_mprotect(struct __test_metadata *_metadata, const struct target *target,
			   __u8 *map, int prot)
{
	for (int next = PROT_NONE; next <= (SKEL_RW | PROT_EXEC); next++) {
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
	check_each(_metadata, target, check_mprotect);
}

/* A mapping does not grow or double, and takes its permissions along. */
static void move(struct __test_metadata *_metadata, const struct target *target, __u8 *map,
		 int prot)
{
	const size_t length = target->length, page = skel_page();
	const struct { size_t from, to; int flags, error; } wrong[] = {
		{ length, length + page, 0, EFAULT },
		{ length, length + page, MREMAP_MAYMOVE, EFAULT },
		{ 0, length, MREMAP_MAYMOVE, EFAULT },
		{ 0, page, MREMAP_MAYMOVE, EFAULT },
		{ length, length, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, EINVAL },
	};
	__u8 *place = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(MAP_FAILED, mremap(map, wrong[i].from, wrong[i].to, wrong[i].flags));
		EXPECT_EQ(wrong[i].error, errno)
			TH_LOG("prot %d, row %zu", prot, i);
	}
	check_access(_metadata, target, map, prot);
	ASSERT_EQ(place, mremap(map, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, place));
	check_access(_metadata, target, place, prot);
	check_mprotect(_metadata, target, place, prot);

	EXPECT_EQ(place, mremap(place, length, page, 0));
	EXPECT_EQ(MAP_FAILED, mremap(place, page, length, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	munmap(place, page);
}

static void check_mremap(struct __test_metadata *_metadata, const struct target *target)
{
	check_each(_metadata, target, move);
}

/*
 * A debugger sees all memory that is mapped, and writes where the program may
 * write; it does not see I/O memory. process_vm_readv() is not one: it pins.
 */
static void check_debugger(struct __test_metadata *_metadata, const struct target *target,
			   __u8 *map, int prot)
{
	const bool may_write = target->debugger && prot & PROT_WRITE;
	const int size = sizeof(long);
	long *place = (long *)(map + target->length) - 1;
	struct iovec remote = { place, size };
	long before = 0, word, seen;
	struct iovec local = { &before, size };
	int rc[2];

	EXPECT_EQ(-EFAULT, skel_err(process_vm_readv(getpid(), &local, 1, &remote, 1, 0)));
	EXPECT_EQ(-EFAULT, skel_err(process_vm_writev(getpid(), &local, 1, &remote, 1, 0)));
	EXPECT_EQ(target->debugger ? size : -EIO, skel_self_mem(place, &before, size, false));
	/* Whatever is there: another word */
	word = ~before;
	EXPECT_EQ(may_write ? size : -EIO, skel_self_mem(place, &word, size, true))
		TH_LOG("prot %d", prot);
	seen = skel_ptrace(place, rc);
	EXPECT_EQ(target->debugger ? 0 : -EIO, rc[0]);
	EXPECT_EQ(may_write ? 0 : -EIO, rc[1])
		TH_LOG("prot %d", prot);
	if (!target->debugger)
		return;
	EXPECT_EQ(may_write ? word : before, seen);
	EXPECT_EQ(size, skel_self_mem(place, &word, size, false));
	EXPECT_EQ(may_write ? seen + 1 : before, word)
		TH_LOG("prot %d", prot);
}

/* What counts is what it may now. */
static void debug(struct __test_metadata *_metadata, const struct target *target, __u8 *map,
		  int prot)
{
	check_debugger(_metadata, target, map, prot);
	for (int next = PROT_NONE; next <= SKEL_RW; next++) {
		if (next != prot && !mprotect(map, target->length, next))
			check_debugger(_metadata, target, map, next);
	}
}

static void check_debugger_all(struct __test_metadata *_metadata, const struct target *target)
{
	check_each(_metadata, target, debug);
}

#endif /* SKEL_PERMISSION_H */
