// SPDX-License-Identifier: GPL-2.0
/*
 * two-maps.c - two different mappings of one driver
 *
 * The other question to the article of 1996: how does a driver offer two areas
 * to mmap()? By their offsets. Here the card's memory and a DMA buffer are
 * mapped through the same file, without libskel, to show the offsets:
 *
 *	two-maps [/dev/skel0]
 *
 * A driver could also have one device per area. Those are opened one by one, may
 * have different owners, and the driver can no longer tell which two belong together.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/skel.h>

#define BYTES	4096

static char *map(int fd, size_t length, __u64 offset)
{
	char *ptr = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	if (ptr == MAP_FAILED)
		err(1, "mmap at %#llx", (unsigned long long)offset);
	return ptr;
}

int main(int argc, char **argv)
{
	struct skel_region_info region = { .size = sizeof(region) };
	struct skel_alloc alloc = {
		.size = sizeof(alloc), .flags = SKEL_ALLOC_TOHOST, .length = BYTES,
	};
	const char *path = argc > 1 ? argv[1] : "/dev/skel0";
	char reply[SKEL_LINE_MAX] = "", *card, *buffer;
	int fd = open(path, O_RDWR);

	if (fd < 0 || ioctl(fd, SKEL_IOC_REGION_INFO, &region) ||
	    ioctl(fd, SKEL_IOC_ALLOC, &alloc))
		err(1, "%s", path);
	card = map(fd, region.length, region.offset);
	buffer = map(fd, alloc.length, alloc.host_addr);
	printf("region \"%s\" is at offset %#llx, the buffer at %#llx\n", region.name,
	       (unsigned long long)region.offset, (unsigned long long)alloc.host_addr);

	/* written through one, carried by the card, read through the other */
	strcpy(card, "from the card's memory");
	if (dprintf(fd, "TOHOST 0 %d %#llx\n", BYTES, (unsigned long long)alloc.host_addr) < 0 ||
	    read(fd, reply, sizeof(reply) - 1) < 0)
		err(1, "TOHOST");
	printf("%sthe buffer has \"%s\"\n", reply, buffer);
	return strcmp(buffer, card) != 0;
}
