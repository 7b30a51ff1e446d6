// SPDX-License-Identifier: GPL-2.0
/*
 * header.c - complete the header of a SCPI command from the card's list of them
 *
 * SCPI-99 volume 1, 6.2.1: a mnemonic is written in its long form or in its short
 * one, which is its capitals.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "header.h"

/* Copy a pattern without what is in brackets: "[?]", "[:NEXT]" */
static void drop_brackets(const char *pattern, char *plain)
{
	size_t length = 0;
	int depth = 0;

	for (; *pattern && length < HEADER_MAX - 1; pattern++) {
		depth += *pattern == '[';
		if (!depth)
			plain[length++] = *pattern;
		depth -= *pattern == ']';
	}
	plain[length] = '\0';
}

/* The length of a mnemonic, without "<n>" and ":" */
static size_t mnemonic(const char *text)
{
	return strcspn(text, "<:?0123456789");
}

/* Is this mnemonic the long or the short form? */
static bool is_form(const char *pattern, size_t length, const char *typed,
		    size_t count)
{
	size_t capitals = 0;

	while (capitals < length && !islower((unsigned char)pattern[capitals]))
		capitals++;
	return (count == length || count == capitals) &&
	       strncasecmp(pattern, typed, count) == 0;
}

bool header_complete(const char *pattern, const char *typed, char *word)
{
	char plain[HEADER_MAX];
	const char *rest = plain, *at = typed;

	drop_brackets(pattern, plain);
	at += *at == ':';
	for (;;) {
		size_t length = mnemonic(rest), count = mnemonic(at);

		if (!at[count]) {
			/* the last one may be incomplete */
			if (count > length || strncasecmp(rest, at, count) != 0)
				return false;
			break;
		}
		if (!is_form(rest, length, at, count))
			return false;
		rest += length;
		at += count;
		if (strncmp(rest, "<n>", 3) == 0) {
			rest += 3;
			at += strspn(at, "0123456789");
			if (!*at)
				break;
		}
		if (*at != *rest)
			return false;
		if (!*at)
			break;
		at++;
		rest++;
	}
	plain[rest - plain + strcspn(rest, "<")] = '\0';
	return snprintf(word, HEADER_MAX, "%.*s%s", (int)(at - typed), typed,
			rest) < HEADER_MAX;
}
