// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * device.c - open and close a channel, query the card
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "internal.h"

/* Make a handle for an open file. If this fails, @fd stays the caller's. */
struct skel *skel_new(int fd)
{
	struct skel *skel = calloc(1, sizeof(*skel));

	if (!skel)
		return NULL;
	skel->fd = fd;
	skel->owner = getpid();
	return skel;
}

struct skel *skel_open(const char *path)
{
	struct skel_info info;
	struct skel *skel;
	int fd, error;

	fd = open(path ? path : SKEL_DEFAULT_PATH,
		  O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return NULL;
	skel = skel_new(fd);
	if (skel && !skel_get_info(skel, &info))
		return skel;

	error = errno;
	free(skel);
	close(fd);
	errno = error;
	return NULL;
}

void skel_close(struct skel *skel)
{
	int error = errno;

	if (!skel)
		return;
	/* mappings keep the file open: without this, close() would free nothing */
	skel_unmap_all(skel);
	close(skel->fd);
	free(skel->mappings);
	free(skel->inbox.bytes);
	free(skel);
	errno = error;
}

int skel_fd(const struct skel *skel)
{
	return skel->fd;
}

int skel_get_info(struct skel *skel, struct skel_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return ioctl(skel->fd, SKEL_IOC_INFO, info);
}

int skel_get_region(struct skel *skel, uint32_t index,
		    struct skel_region_info *region)
{
	memset(region, 0, sizeof(*region));
	region->size = sizeof(*region);
	region->index = index;
	return ioctl(skel->fd, SKEL_IOC_REGION_INFO, region);
}
