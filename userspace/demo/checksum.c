// SPDX-License-Identifier: GPL-2.0
/*
 * checksum.c - detect whether memory has changed
 */
#include "checksum.h"

/* checksum() - CRC-32 of Ethernet, zlib and cksum -o3 */
uint32_t checksum(const void *bytes, size_t length)
{
	const uint8_t *byte = bytes;
	uint32_t crc = 0xffffffff;
	int bit;

	while (length--) {
		crc ^= *byte++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}
