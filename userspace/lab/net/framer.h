/* SPDX-License-Identifier: GPL-2.0 */
/*
 * framer.h - where a program message ends in a stream of bytes
 *
 * A message ends with a newline (IEEE 488.2-1992, 7.5), but not with one that is
 * among the bytes of a definite-length block, #15ab..., (7.7.6). A block begins
 * where a parameter may: after a blank or a comma, and outside of quotes. A
 * newline within quotes ends the message: the standard allows it there, but then
 * one forgotten quote would swallow everything that follows. So does a newline
 * after #0, since a socket has no END.
 */
#ifndef _LAB_FRAMER_H
#define _LAB_FRAMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum framer_result {
	FRAMER_MORE,		/* all bytes were taken, the message goes on */
	FRAMER_MESSAGE,		/* bytes and length are a message */
	FRAMER_LONG_LINE,	/* a message has ended that was too long */
	FRAMER_LONG_BLOCK,	/* ... because of a block in it */
};

/* Members are private, but for @bytes and @length of a message. */
struct framer {
	char *bytes;		/* of the caller, or malloc()ed by it */
	size_t size;		/* the longest message, without its newline */
	size_t length;
	enum framer_result excess;	/* FRAMER_MORE: it is not too long */
	enum framer_state {
		FRAMER_TEXT, FRAMER_QUOTED, FRAMER_HASH, FRAMER_DIGITS,
		FRAMER_BLOCK, FRAMER_ENDED,
	} state;
	char previous;		/* byte of the text; 0 at the start */
	char quote;
	unsigned int digits;	/* that are left of the block's length */
	uint64_t block;		/* bytes that are left of the block */
};

/* @bytes has room for @size bytes, and stays the caller's. */
void framer_init(struct framer *framer, char *bytes, size_t size);
/*
 * Take bytes up to the end of a message. A message that is longer than the buffer
 * is skipped to its end, a block by its length.
 * Return: how many bytes were taken, at least 1 of any; @result says why no more.
 */
size_t framer_take(struct framer *framer, const char *bytes, size_t length,
		   enum framer_result *result);

#endif /* _LAB_FRAMER_H */
