// SPDX-License-Identifier: GPL-2.0
/*
 * map-card.c - look at the memory or the registers of a card
 *
 * Readers of the article of 1996 asked how to mmap() the "high PCI memory" of
 * their card. Today: by the name of the region, at the offset that the driver
 * reports. No address is known or needed, nor is /dev/mem.
 *
 *	map-card DEVICE			lists the regions
 *	map-card DEVICE NAME [WORDS]	prints the first words of one of them
 *
 * Registers that could make the card write anywhere need CAP_SYS_RAWIO.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <libskel.h>

static void print_words(struct skel *skel, uint32_t index, size_t words)
{
	const uint32_t *map;
	size_t length;

	map = skel_map_region(skel, index, PROT_READ, &length);
	if (!map)
		err(1, "region %u", index);
	/* registers are read one by one, as wide as they are, and just once */
	for (size_t i = 0; i < words && i < length / sizeof(*map); i++)
		printf("%04zx: %08x\n", i * sizeof(*map),
		       __atomic_load_n(&map[i], __ATOMIC_RELAXED));
	skel_unmap_region(skel, (void *)map);
}

int main(int argc, char **argv)
{
	struct skel_region_info region;
	struct skel_info info;
	struct skel *skel;

	if (argc < 2)
		errx(2, "usage: map-card DEVICE [NAME [WORDS]]");
	skel = skel_open(argv[1]);
	if (!skel)
		err(1, "%s", argv[1]);
	/* skel_get_info(); a binding of another language knows the size of its own struct */
	if (argc == 2 && !skel_get_info_sized(skel, &info, sizeof(info)))
		printf("%s, channel %u of %u\n", info.name, info.channel, info.channels);

	for (uint32_t i = 0; !skel_get_region(skel, i, &region); i++) {
		if (argc == 2)
			printf("%s: %llu bytes at offset %#llx%s\n", region.name,
			       (unsigned long long)region.length,
			       (unsigned long long)region.offset,
			       region.flags & SKEL_REGION_RAM ? "" : ", I/O memory");
		else if (!strcmp(region.name, argv[2]))
			print_words(skel, i, argc > 3 ? strtoul(argv[3], NULL, 0) : 8);
	}
	skel_close(skel);
	return EXIT_SUCCESS;
}
