// SPDX-License-Identifier: GPL-2.0
/*
 * framer.c - where a program message ends in a stream of bytes
 */
#include <string.h>

#include "net/framer.h"

void framer_init(struct framer *framer, char *bytes, size_t size)
{
	*framer = (struct framer){ .bytes = bytes, .size = size };
}

static void begin(struct framer *framer)
{
	framer_init(framer, framer->bytes, framer->size);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* IEEE 488.2-1992, 7.4.1.2: white space is any byte up to the blank */
static bool may_begin_block(char previous)
{
	return previous == ',' ||
	       (previous && (unsigned char)previous <= ' ');
}

static void store(struct framer *framer, const char *bytes, size_t length,
		  enum framer_result excess)
{
	if (framer->excess != FRAMER_MORE)
		return;
	if (length > framer->size - framer->length) {
		framer->excess = excess;
		return;
	}
	memcpy(framer->bytes + framer->length, bytes, length);
	framer->length += length;
}

static void begin_block(struct framer *framer)
{
	framer->state = framer->block ? FRAMER_BLOCK : FRAMER_TEXT;
	framer->previous = 'x';
	/* told at once that it cannot fit, so that not a part of it is kept */
	if (framer->excess == FRAMER_MORE &&
	    framer->block > framer->size - framer->length)
		framer->excess = FRAMER_LONG_BLOCK;
}

static void text(struct framer *framer, char c)
{
	if (c == '#' && may_begin_block(framer->previous)) {
		framer->state = FRAMER_HASH;
	} else if (c == '"' || c == '\'') {
		framer->state = FRAMER_QUOTED;
		framer->quote = c;
	}
	framer->previous = c ? c : ' ';
}

/* A byte that is not in a block, nor the newline at the end */
static void take_byte(struct framer *framer, char c)
{
	switch (framer->state) {
	case FRAMER_QUOTED:
		if (c == framer->quote)
			framer->state = FRAMER_TEXT;
		break;
	case FRAMER_HASH:
		framer->state = FRAMER_TEXT;
		if (is_digit(c) && c != '0') {
			framer->state = FRAMER_DIGITS;
			framer->digits = c - '0';
			framer->block = 0;
		} else {
			text(framer, c);
		}
		break;
	case FRAMER_DIGITS:
		if (!is_digit(c)) {
			framer->state = FRAMER_TEXT;
			text(framer, c);
			break;
		}
		framer->block = framer->block * 10 + c - '0';
		framer->digits--;
		break;
	default:
		text(framer, c);
		break;
	}
	store(framer, &c, 1, FRAMER_LONG_LINE);
	if (framer->state == FRAMER_DIGITS && !framer->digits)
		begin_block(framer);
}

static size_t take_block(struct framer *framer, const char *bytes,
			 size_t length)
{
	if (length > framer->block)
		length = framer->block;
	store(framer, bytes, length, FRAMER_LONG_BLOCK);
	framer->block -= length;
	if (!framer->block)
		framer->state = FRAMER_TEXT;
	return length;
}

size_t framer_take(struct framer *framer, const char *bytes, size_t length,
		   enum framer_result *result)
{
	size_t taken = 0;

	*result = FRAMER_MORE;
	if (framer->state == FRAMER_ENDED)
		begin(framer);
	while (taken < length) {
		if (framer->state == FRAMER_BLOCK) {
			taken += take_block(framer, bytes + taken,
					    length - taken);
		} else if (bytes[taken] == '\n') {
			taken++;
			*result = framer->excess == FRAMER_MORE ?
				  FRAMER_MESSAGE : framer->excess;
			framer->state = FRAMER_ENDED;
			break;
		} else {
			take_byte(framer, bytes[taken++]);
		}
	}
	return taken;
}
