// SPDX-License-Identifier: GPL-2.0
/*
 * validate.c - is a request of the card allowed, is its description sound?
 */

#include <kunit/visibility.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/string.h>

#include "validate.h"

/*
 * Is [addr, addr + length) inside [base, base + size)? An empty range is never
 * inside. No sum is computed, so nothing can wrap around.
 */
bool skel_range_inside(u64 addr, u64 length, u64 base, u64 size)
{
	return length && addr >= base && addr - base < size &&
	       length <= size - (addr - base);
}
EXPORT_SYMBOL_IF_KUNIT(skel_range_inside);

/*
 * @range is the buffer of the request's channel that contains the request's
 * first byte, or NULL if there is none; @memory is the size of the card's.
 */
enum skel_verdict skel_validate(const struct skel_request *req,
				const struct skel_range *range, u64 memory)
{
	u32 need = req->dir == SKEL_TOHOST ? SKEL_ALLOC_TOHOST :
					     SKEL_ALLOC_FROMHOST;

	if (!req->length)
		return SKEL_BAD_LENGTH;
	if (!range || !skel_range_inside(req->host_addr, req->length,
					 range->addr, range->length))
		return SKEL_BAD_HOST_ADDR;
	if (!(range->dirs & need))
		return SKEL_BAD_DIRECTION;
	if (!skel_range_inside(req->card_addr, req->length, 0, memory))
		return SKEL_BAD_CARD_ADDR;
	return SKEL_OK;
}
EXPORT_SYMBOL_IF_KUNIT(skel_validate);

static bool skel_region_valid(const struct skel_region *region, u64 end)
{
	phys_addr_t last;

	return region->name && strlen(region->name) < SKEL_NAME_MAX &&
	       PAGE_ALIGNED(region->start) && PAGE_ALIGNED(region->offset) &&
	       PAGE_ALIGNED(region->length) &&
	       skel_range_inside(region->offset, region->length, 0, end) &&
	       !check_add_overflow(region->start, region->length - 1, &last);
}

/* Does one of two ranges, neither of which wraps, start in the other? */
static bool skel_overlap(u64 a, u64 a_length, u64 b, u64 b_length)
{
	return a < b ? b - a < a_length : a - b < b_length;
}

/* Can these be the regions of one card, with offsets below @end? */
bool skel_regions_valid(const struct skel_region *regions, unsigned int n,
			u64 end)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct skel_region *a = &regions[i];

		if (!skel_region_valid(a, end))
			return false;
		for (unsigned int j = 0; j < i; j++) {
			const struct skel_region *b = &regions[j];

			if (skel_overlap(a->offset, a->length,
					 b->offset, b->length) ||
			    skel_overlap(a->start, a->length,
					 b->start, b->length))
				return false;
		}
	}
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(skel_regions_valid);

/* What skel_request() returns to the backend. */
int skel_verdict_errno(enum skel_verdict verdict)
{
	switch (verdict) {
	case SKEL_OK:
		return 0;
	case SKEL_BAD_LENGTH:
		return -EINVAL;
	case SKEL_BAD_HOST_ADDR:
		return -EFAULT;
	case SKEL_BAD_DIRECTION:
		return -EACCES;
	case SKEL_BAD_CARD_ADDR:
		return -ERANGE;
	case SKEL_BUSY:
		return -EBUSY;
	case SKEL_CLOSED:
		return -ENOTCONN;
	case SKEL_NO_MEMORY:
		return -ENOMEM;
	case SKEL_SCATTERED:
		return -E2BIG;
	case SKEL_UNALIGNED:
		return -EINVAL;
	default:
		return -EIO;
	}
}
EXPORT_SYMBOL_IF_KUNIT(skel_verdict_errno);
