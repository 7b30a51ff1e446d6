// SPDX-License-Identifier: GPL-2.0
/*
 * test-framer.c - messages in a stream of bytes, however it comes
 */
#include <stdio.h>
#include <string.h>

#include "net/framer.h"
#include "unit.h"

#define MAX	16	/* bytes of a message */

/* '|' stands for the end of a message, '!' for a long line, '#' for a block. */
static const struct {
	const char *bytes, *messages;
} streams[] = {
	{ "*IDN?\n", "*IDN?|" },
	{ "*IDN?\r\n", "*IDN?\r|" },
	{ "\n\na\n", "||a|" },
	{ "a;b\nc", "a;b|" },			/* the rest is not a message yet */
	/* blocks by their length */
	{ "P x,#15a\nb\ncd\n", "P x,#15a\nb\ncd|" },
	{ "P #15a\nb\nc\nb\n", "P #15a\nb\nc|b|" },
	{ "P #13a\nb,#11\nc\nd\n", "P #13a\nb,#11\nc|d|" },
	{ "P #203\n\n\n\n", "P #203\n\n\n|" },
	{ "P\t#11\n\n", "P\t#11\n|" },
	{ "P #10\na\n", "P #10|a|" },
	{ "P #13'\"\nx\na\n", "P #13'\"\nx|a|" },	/* no quotes in a block */
	/* what only looks like one */
	{ "P #0a\nb\n", "P #0a|b|" },		/* indefinite: ends as a line */
	{ "P #H1F\na\n", "P #H1F|a|" },
	{ "P#15\na\n", "P#15|a|" },
	{ "#15\na\n", "#15|a|" },
	{ "P '#15\na\n", "P '#15|a|" },
	{ "P ' #15'\na\n", "P ' #15'|a|" },
	{ "P ' ''#15'\na\n", "P ' ''#15'|a|" },
	{ "P \"' #15\"\na\n", "P \"' #15\"|a|" },
	{ "P #3 1\na\n", "P #3 1|a|" },		/* not a length */
	{ "P #2\na\n", "P #2|a|" },
	{ "P #\na\n", "P #|a|" },
	{ "P ##12a\nb\n", "P ##12a|b|" },
	{ "P #3 #12\n\na\n", "P #3 #12\n\na|" },	/* a blank, then a block */
	{ "P 'a\n#15 b\n", "P 'a|#15 b|" },	/* a newline ends quotes */
	/* 16 bytes fit */
	{ "0123456789abcdef\na\n", "0123456789abcdef|a|" },
	{ "0123456789abcdefg\na\n", "!a|" },
	{ "0123456789abcdefghijklmnopqrstuvwxyz\n\na\n", "!|a|" },
	{ "P #211abc\nefghijk\na\n", "#a|" },
	{ "P #19abc\nefghi\na\n", "P #19abc\nefghi|a|" },
	{ "P #19abc\nefghi;*OPC?\na\n", "!a|" },
	/* too long for a length of 32 bits, and its newline is not an end */
	{ "P #9999999999\n\n\na\n", "" },
	{ "P #0123456789abcd\na\n", "!a|" },
};

/* Take @length bytes in steps. Return: the messages, as above. */
static const char *take(const char *bytes, size_t length, size_t step)
{
	static char messages[256];
	char buffer[MAX];
	struct framer framer;
	size_t at = 0, n = 0;

	framer_init(&framer, buffer, sizeof(buffer));
	while (at < length) {
		enum framer_result result;
		size_t most = length - at < step ? length - at : step;

		at += framer_take(&framer, bytes + at, most, &result);
		if (result == FRAMER_MESSAGE) {
			memcpy(messages + n, framer.bytes, framer.length);
			n += framer.length;
		}
		if (result != FRAMER_MORE)
			messages[n++] = result == FRAMER_MESSAGE ? '|' :
				result == FRAMER_LONG_LINE ? '!' : '#';
	}
	messages[n] = '\0';
	return messages;
}

TEST(messages_end_where_they_should)
{
	size_t i, step;

	for (i = 0; i < ARRAY_SIZE(streams); i++) {
		for (step = 1; step <= 40; step++) {
			const char *got = take(streams[i].bytes,
					       strlen(streams[i].bytes), step);
			bool same = strcmp(got, streams[i].messages) == 0;

			check(same);
			if (same)
				continue;
			printf("# stream %zu in steps of %zu\n", i, step);
			break;
		}
	}
}

TEST(nul_is_a_byte)
{
	check(strcmp(take("a\0b\n", 4, 4), "a") == 0);
	check(memcmp(take("a\0b\n", 4, 4), "a\0b|", 4) == 0);
	check(memcmp(take("P\0#11\n\n", 7, 1), "P\0#11\n|", 7) == 0);
}
