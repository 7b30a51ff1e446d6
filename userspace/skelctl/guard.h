/* SPDX-License-Identifier: GPL-2.0 */
/*
 * guard.h - who keeps a card from memory that it was not granted
 */
#ifndef _SKELCTL_GUARD_H
#define _SKELCTL_GUARD_H

#include "libskel.h"

enum guard {
	GUARD_UNKNOWN,
	GUARD_NOBODY,	/* but its driver */
	GUARD_KERNEL,	/* which copies the bytes itself */
	GUARD_IOMMU,
};

/* Return: the guard of an open card, by what SKEL_IOC_INFO has said about it. */
enum guard find_guard(struct skel *skel, const struct skel_info *info);

#endif /* _SKELCTL_GUARD_H */
