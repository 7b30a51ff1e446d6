// SPDX-License-Identifier: GPL-2.0
/*
 * parse.c - numbers from lines of text, and lines from numbers
 */

#include <kunit/visibility.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/string.h>

#include "parse.h"

/**
 * skel_parse_words - take a command line apart
 * @line: the line, NUL-terminated; blanks in it are overwritten with NUL
 * @len: its length
 * @words: the words found
 *
 * Words are printable ASCII, separated by spaces and tabs; a carriage return at
 * the end of the line is ignored.
 *
 * Context: any.
 * Return: 0, also for an empty line (no words); -EILSEQ for a byte that is
 * not printable ASCII; -E2BIG for more than %SKEL_WORDS_MAX words.
 */
int skel_parse_words(char *line, size_t len, struct skel_words *words)
{
	bool inside = false;

	words->count = 0;
	if (len && line[len - 1] == '\r')
		line[--len] = '\0';

	for (size_t i = 0; i < len; i++) {
		if (line[i] == ' ' || line[i] == '\t') {
			line[i] = '\0';
			inside = false;
			continue;
		}
		if (!isascii(line[i]) || !isgraph(line[i]))
			return -EILSEQ;
		if (inside)
			continue;
		if (words->count == SKEL_WORDS_MAX)
			return -E2BIG;
		words->word[words->count++] = &line[i];
		inside = true;
	}
	return 0;
}
EXPORT_SYMBOL_NS_GPL(skel_parse_words, "SKEL");

/**
 * skel_parse_error - what to answer to a line that is wrong
 * @error: negative errno of skel_parse_words() or skel_parse_transfer()
 *
 * Context: any.
 * Return: the reason, as it stands after "ERROR " in a reply line.
 */
const char *skel_parse_error(int error)
{
	switch (error) {
	case -EILSEQ:
		return "character";
	case -ERANGE:
		return "number";
	default:
		return "parameter-count";
	}
}
EXPORT_SYMBOL_NS_GPL(skel_parse_error, "SKEL");

/**
 * skel_parse_u64 - number from a word
 * @word: digits, or 0x and hexadecimal digits; no sign, no octal
 * @value: the number
 *
 * Context: any.
 * Return: 0; -EINVAL if it is no such number; -ERANGE if it is above 2^64-1.
 * @value is written only on success.
 */
int skel_parse_u64(const char *word, u64 *value)
{
	unsigned int base = 10;

	if (word[0] == '0' && tolower(word[1]) == 'x') {
		base = 16;
		word += 2;
	}
	/* kstrtou64() would take a sign, and a second 0x. */
	if (!isxdigit(word[0]) || tolower(word[1]) == 'x')
		return -EINVAL;
	return kstrtou64(word, base, value);
}
EXPORT_SYMBOL_NS_GPL(skel_parse_u64, "SKEL");

/**
 * skel_parse_transfer - TOHOST or FROMHOST command
 * @words: the command line: TOHOST or FROMHOST in any case, then card address,
 *         length and host address
 * @req: the request; the channel is left alone
 *
 * The command is that of the article "Device Drivers Concluded" (Linux
 * Journal, 1996). The numbers are not checked, that is for skel_request().
 *
 * Context: any.
 * Return: 0; -ENOENT if it is another command; -EINVAL for a wrong number of
 * parameters; -ERANGE if one is not a number of 64 bits.
 */
int skel_parse_transfer(const struct skel_words *words,
			struct skel_request *req)
{
	if (!words->count)
		return -ENOENT;
	if (!strcasecmp(words->word[0], "TOHOST"))
		req->dir = SKEL_TOHOST;
	else if (!strcasecmp(words->word[0], "FROMHOST"))
		req->dir = SKEL_FROMHOST;
	else
		return -ENOENT;

	if (words->count != 4)
		return -EINVAL;
	if (skel_parse_u64(words->word[1], &req->card_addr) ||
	    skel_parse_u64(words->word[2], &req->length) ||
	    skel_parse_u64(words->word[3], &req->host_addr))
		return -ERANGE;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(skel_parse_transfer, "SKEL");

static const char *skel_verdict_name(enum skel_verdict verdict)
{
	static const char * const names[] = {
		[SKEL_OK]		= "ok",
		[SKEL_BAD_LENGTH]	= "length",
		[SKEL_BAD_HOST_ADDR]	= "host-address",
		[SKEL_BAD_DIRECTION]	= "direction",
		[SKEL_BAD_CARD_ADDR]	= "card-address",
		[SKEL_BUSY]		= "busy",
		[SKEL_CLOSED]		= "closed",
		[SKEL_CANCELLED]	= "cancelled",
		[SKEL_TIMEOUT]		= "timeout",
		[SKEL_ERROR]		= "error",
		[SKEL_GONE]		= "gone",
	};

	return names[verdict];
}

/*
 * The core's line about the end of a request, with its '\n': see "Reply lines
 * of the core" in the user API. Returns its length; @size of
 * SKEL_TRANSFER_LINE_MAX is always enough.
 */
int skel_format_transfer(char *buf, size_t size, const struct skel_request *req,
			 bool granted, enum skel_verdict verdict)
{
	const char *what = !granted ? "REFUSED" :
			   verdict == SKEL_OK ? "DONE" : "FAILED";

	return scnprintf(buf, size,
			 SKEL_CORE_MARK "%s %s %#llx %#llx %#llx%s%s\n", what,
			 req->dir == SKEL_TOHOST ? "TOHOST" : "FROMHOST",
			 req->card_addr, req->length, req->host_addr,
			 verdict == SKEL_OK ? "" : " ",
			 verdict == SKEL_OK ? "" : skel_verdict_name(verdict));
}
EXPORT_SYMBOL_IF_KUNIT(skel_format_transfer);

/* The start of the line after the one that @line is in, or @end. */
const char *skel_next_line(const char *line, const char *end)
{
	const char *newline = memchr(line, '\n', end - line);

	return newline ? newline + 1 : end;
}

/*
 * The first of the lines from @line on that begins with SKEL_CORE_MARK, or NULL.
 */
const char *skel_find_mark(const char *line, const char *end)
{
	for (; line < end; line = skel_next_line(line, end)) {
		if (end - line >= strlen(SKEL_CORE_MARK) &&
		    !memcmp(line, SKEL_CORE_MARK, strlen(SKEL_CORE_MARK)))
			return line;
	}
	return NULL;
}
