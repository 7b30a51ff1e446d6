// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * buffer.c - DMA buffers, mapped regions, and the list of what is mapped where
 *
 * The kernel neither maps nor unmaps by itself, so skel_malloc() is
 * SKEL_IOC_ALLOC, then mmap(), and skel_free() is SKEL_IOC_FREE, then munmap().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

/* Index of the first mapping that starts after @ptr */
static size_t mapping_after(const struct skel *skel, const void *ptr)
{
	size_t low = 0, high = skel->mapping_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if ((uintptr_t)skel->mappings[middle].start > (uintptr_t)ptr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The mapping that @ptr points into, or NULL */
static struct mapping *mapping_find(const struct skel *skel, const void *ptr)
{
	size_t i = mapping_after(skel, ptr);
	struct mapping *m;

	if (!i)
		return NULL;
	m = &skel->mappings[i - 1];
	return (uintptr_t)ptr - (uintptr_t)m->start < m->length ? m : NULL;
}

/* The mapping of a buffer (else of a region) that starts at @ptr, or NULL */
static struct mapping *mapping_start(const struct skel *skel, const void *ptr,
				     bool buffer)
{
	struct mapping *m = mapping_find(skel, ptr);

	return m && m->start == ptr && !m->host_addr == !buffer ? m : NULL;
}

/*
 * Make room for one more mapping, so that mapping_add() cannot fail.
 * Return: 0, or -1 with errno.
 */
static int mapping_reserve(struct skel *skel)
{
	size_t room = skel->mapping_room ? 2 * skel->mapping_room : 8;
	struct mapping *mappings;

	if (skel->mapping_count < skel->mapping_room)
		return 0;
	mappings = reallocarray(skel->mappings, room, sizeof(*mappings));
	if (!mappings)
		return -1;
	skel->mappings = mappings;
	skel->mapping_room = room;
	return 0;
}

static void mapping_add(struct skel *skel, void *start, size_t length,
			uint64_t host_addr)
{
	size_t i = mapping_after(skel, start);
	struct mapping *m = &skel->mappings[i];

	memmove(m + 1, m, (skel->mapping_count - i) * sizeof(*m));
	skel->mapping_count++;
	m->start = start;
	m->length = length;
	m->host_addr = host_addr;
}

/* Unmap and forget. munmap() fails only when it would have to split a VMA. */
static void mapping_remove(struct skel *skel, struct mapping *m)
{
	size_t i = m - skel->mappings;

	munmap(m->start, m->length);
	skel->mapping_count--;
	memmove(m, m + 1, (skel->mapping_count - i) * sizeof(*m));
}

/*
 * A child inherits the mappings of regions on fork(), but not those of buffers:
 * something else may be mapped there by now.
 */
void skel_unmap_all(struct skel *skel)
{
	bool child = skel->owner != getpid();

	while (skel->mapping_count) {
		struct mapping *m = &skel->mappings[--skel->mapping_count];

		if (!child || !m->host_addr)
			munmap(m->start, m->length);
	}
}

static int buffer_free(struct skel *skel, uint64_t host_addr)
{
	struct skel_free request = {
		.size = sizeof(request),
		.host_addr = host_addr,
	};

	return ioctl(skel->fd, SKEL_IOC_FREE, &request);
}

void *skel_malloc(struct skel *skel, size_t length, uint32_t flags)
{
	struct skel_alloc request = {
		.size = sizeof(request),
		.flags = flags,
		.length = length,
	};
	void *ptr;

	if (mapping_reserve(skel))
		return NULL;
	if (ioctl(skel->fd, SKEL_IOC_ALLOC, &request))
		return NULL;
	ptr = mmap(NULL, request.length, PROT_READ | PROT_WRITE, MAP_SHARED,
		   skel->fd, request.host_addr);
	if (ptr == MAP_FAILED) {
		int error = errno;

		buffer_free(skel, request.host_addr);
		errno = error;
		return NULL;
	}
	mapping_add(skel, ptr, request.length, request.host_addr);
	return ptr;
}

int skel_free(struct skel *skel, void *ptr)
{
	struct mapping *m;

	if (!ptr)
		return 0;
	m = mapping_start(skel, ptr, true);
	if (!m) {
		errno = EINVAL;
		return -1;
	}
	/* ENOENT: the program itself has already revoked it by SKEL_IOC_FREE */
	if (buffer_free(skel, m->host_addr) && errno != ENOENT)
		return -1;
	mapping_remove(skel, m);
	return 0;
}

uint64_t skel_host_addr(struct skel *skel, const void *ptr)
{
	struct mapping *m = mapping_find(skel, ptr);

	if (!m || !m->host_addr) {
		errno = ENOENT;
		return 0;
	}
	return m->host_addr + ((const char *)ptr - m->start);
}

int skel_sync(struct skel *skel, const void *ptr, size_t length,
	      uint32_t flags)
{
	struct skel_sync request = {
		.size = sizeof(request),
		.flags = flags,
		.host_addr = skel_host_addr(skel, ptr),
		.length = length,
	};

	if (!request.host_addr)
		return -1;
	return ioctl(skel->fd, SKEL_IOC_SYNC, &request);
}

void *skel_map_region(struct skel *skel, uint32_t index, int prot,
		      size_t *length)
{
	struct skel_region_info region;
	void *ptr;

	if (!prot || (prot & ~(PROT_READ | PROT_WRITE))) {
		errno = EINVAL;
		return NULL;
	}
	if (mapping_reserve(skel))
		return NULL;
	if (skel_get_region(skel, index, &region))
		return NULL;
	if (region.length > SIZE_MAX) {
		errno = ENOMEM;
		return NULL;
	}
	ptr = mmap(NULL, region.length, prot, MAP_SHARED, skel->fd,
		   region.offset);
	if (ptr == MAP_FAILED)
		return NULL;
	mapping_add(skel, ptr, region.length, 0);
	if (length)
		*length = region.length;
	return ptr;
}

int skel_unmap_region(struct skel *skel, void *ptr)
{
	struct mapping *m;

	if (!ptr)
		return 0;
	m = mapping_start(skel, ptr, false);
	if (!m) {
		errno = EINVAL;
		return -1;
	}
	mapping_remove(skel, m);
	return 0;
}
