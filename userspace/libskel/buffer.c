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
	size_t i = (size_t)(m - skel->mappings);

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

/*
 * Map what is at @offset and enter it into the list. The caller holds the lock.
 * Return: NULL with errno.
 */
static void *map(struct skel *skel, size_t length, int prot, uint64_t offset,
		 uint64_t host_addr)
{
	void *ptr;

	if (mapping_reserve(skel))
		return NULL;
	ptr = mmap(NULL, length, prot, MAP_SHARED, skel->fd, (off_t)offset);
	if (ptr == MAP_FAILED)
		return NULL;
	mapping_add(skel, ptr, length, host_addr);
	return ptr;
}

static void explain_malloc(struct skel *skel, int error, size_t length)
{
	struct skel_info info;
	uint64_t most = skel_get_info(skel, &info) ? 0 : info.buffer_max;

	switch (error) {
	case EINVAL:
		if (most && length > most)
			skel_fail(error, "a buffer of %zu bytes: a buffer of this card has at most %llu",
				  length, (unsigned long long)most);
		else
			skel_fail(error, "a buffer of %zu bytes: take 1 or more, and a direction",
				  length);
		break;
	case EOPNOTSUPP:
		skel_fail(error, "a buffer of %zu bytes: the card does not know this direction",
			  length);
		break;
	case ENOMEM:
		skel_fail(error, "a buffer of %zu bytes: no such memory is free within reach of the card, or a limit (see 'ulimit -l', in KiB) is reached: take a smaller one",
			  length);
		break;
	case ENOSPC:
		skel_fail(error, "a buffer of %zu bytes: the channel has no host addresses left: free other buffers first",
			  length);
		break;
	default:
		skel_explain(error, "a buffer of %zu bytes", length);
	}
}

void *skel_malloc(struct skel *skel, size_t length, uint32_t flags)
{
	struct skel_alloc request = {
		.size = sizeof(request),
		.flags = flags,
		.length = length,
	};
	void *ptr = NULL;
	int error;

	if (ioctl(skel->fd, SKEL_IOC_ALLOC, &request)) {
		explain_malloc(skel, errno, length);
		return NULL;
	}
	if (request.length > SIZE_MAX) {
		errno = ENOMEM;
	} else {
		pthread_mutex_lock(&skel->mapping);
		ptr = map(skel, request.length, PROT_READ | PROT_WRITE,
			  request.host_addr, request.host_addr);
		pthread_mutex_unlock(&skel->mapping);
	}
	if (!ptr) {
		error = errno;
		buffer_free(skel, request.host_addr);
		skel_explain(error, "a buffer of %zu bytes cannot be mapped",
			     length);
	}
	return ptr;
}

/* The caller holds the lock. */
static int free_buffer(struct skel *skel, void *ptr)
{
	struct mapping *m = mapping_start(skel, ptr, true);

	/* The kernel would let a child free it; what is mapped there is another matter. */
	if (skel->owner != getpid())
		return skel_fail(EPERM, "skel_free: the handle belongs to another process, which has called fork()");
	if (!m)
		return skel_fail(EINVAL, "skel_free: this is not the start of a buffer of the handle");
	/* ENOENT: the program itself has already revoked it by SKEL_IOC_FREE */
	if (buffer_free(skel, m->host_addr) && errno != ENOENT) {
		if (errno == EBUSY)
			return skel_fail(EBUSY, "the buffer cannot be freed while a transfer uses it: wait for its end");
		return skel_explain(errno, "the buffer cannot be freed");
	}
	mapping_remove(skel, m);
	return 0;
}

int skel_free(struct skel *skel, void *ptr)
{
	int ret;

	if (!ptr)
		return 0;
	pthread_mutex_lock(&skel->mapping);
	ret = free_buffer(skel, ptr);
	pthread_mutex_unlock(&skel->mapping);
	return ret ? -1 : 0;
}

uint64_t skel_host_addr(struct skel *skel, const void *ptr)
{
	uint64_t host_addr = 0;
	struct mapping *m;

	pthread_mutex_lock(&skel->mapping);
	m = mapping_find(skel, ptr);
	if (m && m->host_addr)
		host_addr = m->host_addr +
			    (uint64_t)((const char *)ptr - m->start);
	pthread_mutex_unlock(&skel->mapping);
	if (!host_addr)
		skel_fail(ENOENT, "the pointer is not inside a buffer of this handle: only skel_malloc() makes one");
	return host_addr;
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
	if (!ioctl(skel->fd, SKEL_IOC_SYNC, &request))
		return 0;
	if (errno == EINVAL)
		skel_fail(EINVAL, "skel_sync: give a length, and exactly one direction");
	else if (errno == ENOENT)
		skel_fail(ENOENT, "skel_sync: %zu bytes from there are not inside one buffer",
			  length);
	else
		skel_explain(errno, "skel_sync");
	return -1;
}

void *skel_map_region(struct skel *skel, uint32_t index, int prot,
		      size_t *length)
{
	struct skel_region_info region;
	void *ptr;

	if (!prot || (prot & ~(PROT_READ | PROT_WRITE))) {
		skel_fail(EINVAL, "a region is mapped with PROT_READ, PROT_WRITE or both");
		return NULL;
	}
	if (skel_get_region(skel, index, &region))
		return NULL;
	if (region.length > SIZE_MAX) {
		skel_fail(ENOMEM, "region %u is larger than this program's address space",
			  index);
		return NULL;
	}
	pthread_mutex_lock(&skel->mapping);
	ptr = map(skel, region.length, prot, region.offset, 0);
	pthread_mutex_unlock(&skel->mapping);
	if (!ptr) {
		if (errno == EPERM)
			skel_fail(EPERM, "region %u needs CAP_SYS_RAWIO: try as root",
				  index);
		else if (errno == EACCES)
			skel_fail(EACCES, "region %u can only be mapped with PROT_READ",
				  index);
		else
			skel_explain(errno, "region %u cannot be mapped", index);
		return NULL;
	}
	if (length)
		*length = region.length;
	return ptr;
}

int skel_unmap_region(struct skel *skel, void *ptr)
{
	struct mapping *m;

	if (!ptr)
		return 0;
	pthread_mutex_lock(&skel->mapping);
	m = mapping_start(skel, ptr, false);
	if (m)
		mapping_remove(skel, m);
	pthread_mutex_unlock(&skel->mapping);
	if (m)
		return 0;
	skel_fail(EINVAL, "skel_unmap_region: this is not a region that the handle has mapped");
	return -1;
}
