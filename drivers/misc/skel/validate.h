/* SPDX-License-Identifier: GPL-2.0 */
/*
 * validate.h - is a request of the card allowed, is its description sound?
 *
 * Pure: no lock, no allocation, no device. The caller finds the buffer and makes
 * sure that it does not change.
 */
#ifndef _SKEL_VALIDATE_H
#define _SKEL_VALIDATE_H

#include <linux/skel.h>

/* How a request has ended; skel_verdict_name() has the words. */
enum skel_verdict {
	SKEL_OK,
	/* Refusals: nothing has moved. */
	SKEL_BAD_LENGTH,
	SKEL_BAD_HOST_ADDR,
	SKEL_BAD_DIRECTION,
	SKEL_BAD_CARD_ADDR,
	SKEL_BUSY,
	SKEL_CLOSED,
	SKEL_NO_MEMORY,
	SKEL_SCATTERED,
	SKEL_UNALIGNED,
	SKEL_LOST,
	/* Failures of granted transfers. */
	SKEL_CANCELLED,
	SKEL_TIMEOUT,
	SKEL_ERROR,
	SKEL_GONE,
};

/* A range of host addresses that the card may use. */
struct skel_range {
	u64 addr;
	u64 length;
	u32 dirs;		/* SKEL_ALLOC_* */
};

bool skel_regions_valid(const struct skel_region *regions, unsigned int n,
			u64 end);
bool skel_range_inside(u64 addr, u64 length, u64 base, u64 size);
enum skel_verdict skel_validate(const struct skel_request *req,
				const struct skel_range *range, u64 memory);
int skel_verdict_errno(enum skel_verdict verdict);

#endif /* _SKEL_VALIDATE_H */
