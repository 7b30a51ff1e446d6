// SPDX-License-Identifier: GPL-2.0
/*
 * describe.c - is the description of a card sound, and if not, why?
 */

#include <kunit/visibility.h>
#include <linux/bits.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/ioport.h>
#include <linux/log2.h>
#include <linux/string.h>

#include "core.h"

static const char *skel_ops_error(const struct skel_card_desc *desc)
{
	const struct skel_card_ops *ops = desc->ops;

	if (!ops)
		return "ops is missing";
	if (!ops->command)
		return "ops->command is missing";
	if (!ops->quiesce && !desc->engines)
		return "ops->quiesce is missing";
	if (!ops->reset)
		return "ops->reset is missing";
	if (desc->engines && (!ops->start || !ops->stop))
		return "engines need ops->start and ops->stop";
	return NULL;
}

static const char *skel_engines_error(const struct skel_card_desc *desc)
{
	if (desc->engines > SKEL_ENGINES_MAX)
		return "engines is above SKEL_ENGINES_MAX";
	if (desc->align && (!is_power_of_2(desc->align) || desc->align > PAGE_SIZE))
		return "align is not a power of two up to the page size";
	if (!desc->engines && (desc->run_max || desc->boundary || desc->timeout_ms))
		return "run_max, boundary and timeout_ms are of engines, and there are none";
	if (desc->align && desc->run_max & (desc->align - 1))
		return "run_max is not a multiple of align";
	if (desc->boundary && (desc->boundary & (desc->boundary - 1) ||
			       desc->boundary < desc->align))
		return "boundary is not a power of two from align on";
	return NULL;
}

/* Returns what is wrong with it, or NULL. */
const char *skel_desc_error(const struct skel_card_desc *desc)
{
	const char *error;

	if (!desc->name || strnlen(desc->name, SKEL_NAME_MAX) == SKEL_NAME_MAX)
		return "name is missing, or not shorter than SKEL_NAME_MAX";
	error = skel_ops_error(desc);
	if (error)
		return error;
	if (!desc->channels || desc->channels > SKEL_CHANNELS_MAX)
		return "channels is not from 1 to SKEL_CHANNELS_MAX";
	if (!desc->transfers || desc->transfers > SKEL_TRANSFERS_MAX)
		return "transfers is not from 1 to SKEL_TRANSFERS_MAX";
	if (desc->segments > SKEL_SEGMENTS_MAX)
		return "segments is above SKEL_SEGMENTS_MAX";
	if (desc->ram && !desc->memory)
		return "ram, but memory is 0";
	if (desc->ram && desc->pio)
		return "ram and pio exclude each other";
	if (desc->caps & ~(SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST))
		return "caps has more than SKEL_CAP_TOHOST and SKEL_CAP_FROMHOST";
	if (!desc->caps && !desc->nr_regions)
		return "there are neither caps nor regions";
	if (desc->nr_regions > SKEL_REGIONS_MAX)
		return "nr_regions is above SKEL_REGIONS_MAX";
	return skel_engines_error(desc);
}
EXPORT_SYMBOL_IF_KUNIT(skel_desc_error);

/* Buffers are allocated by the coherent mask and mapped by the other one. */
const char *skel_dma_error(const struct device *dev)
{
	if (!dev->dma_mask || !*dev->dma_mask)
		return "no DMA mask, see dma_set_mask_and_coherent() or dma_coerce_...()";
	if (dev->coherent_dma_mask < PAGE_SIZE - 1)
		return "coherent DMA mask below a page, see dma_set_mask_and_coherent()";
	if (dev->coherent_dma_mask > *dev->dma_mask)
		return "coherent DMA mask above the other, see dma_set_mask_and_coherent()";
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(skel_dma_error);

/* Returns what is wrong with region @i, alone or with an earlier one, or NULL. */
const char *skel_region_error(const struct skel_region *regions, u32 i)
{
	const struct skel_region *region = &regions[i];

	if (!region->name || strnlen(region->name, SKEL_NAME_MAX) == SKEL_NAME_MAX)
		return "name is missing, or not shorter than SKEL_NAME_MAX";
	if (!skel_regions_valid(region, 1, SKEL_REGIONS_END))
		return "start, length and offset are not whole pages, or beyond 2^32";
	if (!(region->flags & SKEL_REGION_RAM) &&
	    region_intersects(region->start, region->length, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT)
		return "it is ordinary memory, which has other users and is cached";
	if (!skel_regions_valid(regions, i + 1, SKEL_REGIONS_END))
		return "it overlaps another one, in the file or on the bus";
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(skel_region_error);
