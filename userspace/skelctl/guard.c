// SPDX-License-Identifier: GPL-2.0
/*
 * guard.c - who keeps a card from memory that it was not granted
 */
#include "guard.h"

/* If the card's memory is the kernel's, the card is a program and does no DMA. */
enum guard find_guard(struct skel *skel, const struct skel_info *info)
{
	struct skel_region_info memory;

	if (!(info->caps & SKEL_CAP_ENFORCED))
		return GUARD_NOBODY;
	if (info->regions && !skel_get_region(skel, 0, &memory) &&
	    memory.offset == 0 && (memory.flags & SKEL_REGION_RAM))
		return GUARD_KERNEL;
	return GUARD_IOMMU;
}
