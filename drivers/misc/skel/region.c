// SPDX-License-Identifier: GPL-2.0
/*
 * region.c - regions of the card that programs may map
 *
 * Card memory that is RAM comes first, at offset 0, then the I/O memory that the
 * backend has declared, each region at its own offset.
 */

#include <linux/errno.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"

/* Flags that a backend may set. */
#define SKEL_REGION_IO_FLAGS	(SKEL_REGION_READONLY | SKEL_REGION_WC | \
				 SKEL_REGION_RAWIO)

int skel_regions_init(struct skel_card *card)
{
	const struct skel_card_desc *desc = &card->desc;
	struct skel_region *region;

	for (u32 i = 0; i < desc->nr_regions; i++) {
		if (desc->regions[i].flags & ~SKEL_REGION_IO_FLAGS) {
			dev_err(card->dev, "skel: wrong description of region %u: unknown flags\n",
				i);
			return -EINVAL;
		}
	}

	card->nr_regions = desc->nr_regions + (desc->ram ? 1 : 0);
	card->regions = kzalloc_objs(*card->regions, card->nr_regions);
	if (!card->regions)
		return -ENOMEM;
	region = card->regions;
	if (desc->ram)
		*region++ = (struct skel_region) {
			.name = "memory",
			.start = virt_to_phys(card->ram),
			.length = desc->memory,
			.flags = SKEL_REGION_RAM |
				 (desc->readonly ? SKEL_REGION_READONLY : 0),
		};
	memcpy(region, desc->regions, array_size(desc->nr_regions, sizeof(*region)));
	card->desc.regions = NULL;	/* belongs to the caller */

	for (u32 i = desc->ram ? 1 : 0; i < card->nr_regions; i++) {
		const char *error = skel_region_error(card->regions, i);

		if (error) {
			dev_err(card->dev, "skel: wrong description of region %u: %s\n",
				desc->ram ? i - 1 : i, error);
			return -EINVAL;
		}
	}
	return 0;
}

static bool skel_region_is_wc(const struct skel_region *region)
{
	return region->flags & SKEL_REGION_WC;
}

static void skel_regions_release_first(struct skel_card *card, u32 n)
{
	while (n--) {
		const struct skel_region *region = &card->regions[n];

		if (skel_region_is_wc(region))
			arch_io_free_memtype_wc(region->start, region->length);
	}
}

/*
 * Where the cache mode belongs to the memory (x86), vmf_insert_pfn() uses the mode
 * of this reservation, whatever the page protection of the mapping says.
 */
int skel_regions_reserve(struct skel_card *card)
{
	for (u32 i = 0; i < card->nr_regions; i++) {
		const struct skel_region *region = &card->regions[i];
		int ret;

		if (!skel_region_is_wc(region))
			continue;
		ret = arch_io_reserve_memtype_wc(region->start, region->length);
		if (ret) {
			skel_regions_release_first(card, i);
			return ret;
		}
	}
	return 0;
}

void skel_regions_release(struct skel_card *card)
{
	skel_regions_release_first(card, card->nr_regions);
}

/* Remove I/O memory from all page tables. RAM lives as long as the files. */
void skel_regions_revoke(struct skel_card *card)
{
	for (u32 i = 0; i < card->nr_regions; i++) {
		const struct skel_region *region = &card->regions[i];

		if (!(region->flags & SKEL_REGION_RAM))
			skel_revoke(card, region->offset, region->length);
	}
}

/* The region that contains the offset, or NULL. */
const struct skel_region *skel_region_find(const struct skel_card *card,
					   u64 offset)
{
	for (u32 i = 0; i < card->nr_regions; i++) {
		const struct skel_region *region = &card->regions[i];

		if (skel_range_inside(offset, 1, region->offset, region->length))
			return region;
	}
	return NULL;
}

int skel_region_info(const struct skel_card *card,
		     struct skel_region_info *info)
{
	const struct skel_region *region;

	if (info->index >= card->nr_regions)
		return -EINVAL;
	region = &card->regions[array_index_nospec(info->index,
						   card->nr_regions)];
	info->flags = region->flags;
	info->offset = region->offset;
	info->length = region->length;
	strscpy_pad(info->name, region->name);
	return 0;
}
