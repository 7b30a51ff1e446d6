/* SPDX-License-Identifier: GPL-2.0 */
/*
 * checksum.h - detect whether memory has changed
 */
#ifndef _SKEL_CHECKSUM_H
#define _SKEL_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint32_t checksum(const void *bytes, size_t length);

#endif /* _SKEL_CHECKSUM_H */
