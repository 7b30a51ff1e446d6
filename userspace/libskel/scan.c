// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * scan.c - where an answer ends, and where its blocks are
 *
 * A block of definite length (IEEE 488.2-1992, 8.7.9) is '#', the number of digits
 * of its length, its length, its bytes, which may be anything. It is an item of an
 * answer by itself: at the start, or after ',' or ';', but not in a string.
 *
 * An answer, with all its blocks, has at most SKEL_LINE_MAX bytes: what would be
 * longer is no block. That limits the harm of a text that looks like one.
 */
#include <errno.h>

#include "internal.h"

static void scan_text(struct scan *scan, char byte)
{
	switch (byte) {
	case '"':
		scan->state = SCAN_STRING;
		break;
	case ',':
	case ';':
		scan->state = SCAN_ITEM;
		break;
	default:
		scan->state = SCAN_TEXT;
	}
}

static void scan_length(struct scan *scan, char byte, size_t at)
{
	if (byte < '0' || byte > '9') {
		scan_text(scan, byte);
		return;
	}
	scan->bytes = scan->bytes * 10 + (byte - '0');
	if (--scan->digits)
		return;
	/* the bytes up to here, the data, the '\n' */
	if (scan->bytes && at + 1 + scan->bytes + 1 <= SKEL_LINE_MAX)
		scan->state = SCAN_DATA;
	else
		scan->state = SCAN_TEXT;
}

bool skel_scan(struct scan *scan, char byte, size_t at)
{
	if (scan->state == SCAN_DATA) {
		if (!--scan->bytes)
			scan->state = SCAN_TEXT;
		return false;
	}
	if (byte == '\n')
		return true;
	switch (scan->state) {
	case SCAN_ITEM:
		if (byte == '#')
			scan->state = SCAN_HASH;
		else if (byte != ' ')
			scan_text(scan, byte);
		break;
	case SCAN_HASH:
		if (byte >= '1' && byte <= '9') {
			scan->state = SCAN_LENGTH;
			scan->digits = byte - '0';
			scan->bytes = 0;
		} else {
			scan_text(scan, byte);
		}
		break;
	case SCAN_LENGTH:
		scan_length(scan, byte, at);
		break;
	case SCAN_STRING:
		if (byte == '"')
			scan->state = SCAN_TEXT;
		break;
	default:
		scan_text(scan, byte);
	}
	return false;
}

int skel_find_block(const char *answer, size_t length, const void **data,
		    size_t *size)
{
	struct scan scan = { 0 };
	size_t at;

	for (at = 0; at < length; at++) {
		bool counting = scan.state == SCAN_LENGTH;

		if (skel_scan(&scan, answer[at], at))
			break;
		/* or it is empty */
		if (scan.state == SCAN_DATA ||
		    (counting && !scan.digits && !scan.bytes)) {
			if (scan.bytes > length - at - 1)
				break;
			*data = answer + at + 1;
			*size = scan.bytes;
			return 0;
		}
	}
	return skel_fail(ENOENT, "there is no block of definite length (#...) in the answer");
}
