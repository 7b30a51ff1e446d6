// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * device.c - open and close a channel, query the card
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

/* A program compiled with libskel 1.0 has a struct skel_info that ends here. */
#define INFO_SIZE_1_0	offsetof(struct skel_info, segments)

static bool init_locks(struct skel *skel)
{
	pthread_condattr_t attr;
	int ret;

	if (pthread_condattr_init(&attr))
		return false;
	ret = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (!ret)
		ret = pthread_cond_init(&skel->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (ret)
		return false;
	/* without attributes, these cannot fail */
	pthread_mutex_init(&skel->sending, NULL);
	pthread_mutex_init(&skel->lock, NULL);
	pthread_mutex_init(&skel->mapping, NULL);
	return true;
}

/* Make a handle for an open file. If this fails, @fd stays the caller's. */
struct skel *skel_new(int fd)
{
	struct skel *skel = calloc(1, sizeof(*skel));

	if (skel)
		skel->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!skel || skel->wake < 0 || !init_locks(skel)) {
		int error = skel && skel->wake < 0 ? errno : ENOMEM;

		if (skel && skel->wake >= 0)
			close(skel->wake);
		free(skel);
		skel_explain(error, "no handle can be made");
		return NULL;
	}
	skel->fd = fd;
	skel->owner = getpid();
	skel->transfers = 1;
	skel->caps = SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST;
	skel->jobs_last = &skel->jobs;
	return skel;
}

/* Free a handle without its file. In a child, locks may have been held at fork(). */
static void destroy(struct skel *skel)
{
	if (skel->owner == getpid()) {
		pthread_cond_destroy(&skel->changed);
		pthread_mutex_destroy(&skel->sending);
		pthread_mutex_destroy(&skel->lock);
		pthread_mutex_destroy(&skel->mapping);
	}
	skel_jobs_free(skel);
	skel_inbox_free(&skel->inbox);
	free(skel->mappings);
	close(skel->wake);
	free(skel);
}

/* In the words of a user */
static void explain_open(int error, const char *path)
{
	switch (error) {
	case ENOENT:
	case ENXIO:
		skel_fail(error, "%s: there is no such card: is its driver loaded? ('modprobe skel_sim' makes a simulated one; 'ls /dev/skel*' shows all)",
			  path);
		break;
	case EACCES:
		skel_fail(error, "%s: you may not open it: sudo adduser $USER plugdev, then log in again",
			  path);
		break;
	case EBUSY:
		skel_fail(error, "%s: all channels of the card are in use: end another program that uses it",
			  path);
		break;
	case ENOTTY:
	case EISDIR:
		skel_fail(error, "%s is not a card: name a device such as %s",
			  path, SKEL_DEFAULT_PATH);
		break;
	default:
		skel_explain(error, "%s", path);
	}
}

struct skel *skel_open(const char *path)
{
	struct skel_info info = { .size = sizeof(info) };
	struct skel *skel = NULL;
	int fd, error;

	if (!path)
		path = SKEL_DEFAULT_PATH;
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		explain_open(errno, path);
		return NULL;
	}
	if (ioctl(fd, SKEL_IOC_INFO, &info))
		explain_open(errno, path);
	else
		skel = skel_new(fd);
	if (!skel) {
		error = errno;
		close(fd);
		errno = error;
		return NULL;
	}
	skel->transfers = info.transfers ? info.transfers : 1;
	skel->caps = info.caps;
	return skel;
}

void skel_close(struct skel *skel)
{
	int error = errno;

	if (!skel)
		return;
	/* mappings keep the file open: without this, close() would free nothing */
	skel_unmap_all(skel);
	close(skel->fd);
	destroy(skel);
	errno = error;
}

int skel_fd(const struct skel *skel)
{
	return skel->fd;
}

int skel_get_info_sized(struct skel *skel, struct skel_info *info, size_t size)
{
	if (size < INFO_SIZE_1_0 || size != (uint32_t)size)
		return skel_fail(EINVAL, "struct skel_info has from %zu bytes, not %zu",
				 INFO_SIZE_1_0, size);
	memset(info, 0, size);
	info->size = size;
	if (!ioctl(skel->fd, SKEL_IOC_INFO, info))
		return 0;
	return skel_explain(errno, "the card cannot be described");
}

/* What programs compiled with libskel 1.0 call; the header has a macro instead. */
int (skel_get_info)(struct skel *skel, struct skel_info *info)
{
	return skel_get_info_sized(skel, info, INFO_SIZE_1_0) ? -1 : 0;
}

int skel_get_region(struct skel *skel, uint32_t index,
		    struct skel_region_info *region)
{
	memset(region, 0, sizeof(*region));
	region->size = sizeof(*region);
	region->index = index;
	if (!ioctl(skel->fd, SKEL_IOC_REGION_INFO, region))
		return 0;
	if (errno == EINVAL)
		skel_fail(EINVAL, "the card has no region %u", index);
	else
		skel_explain(errno, "region %u cannot be described", index);
	return -1;
}
