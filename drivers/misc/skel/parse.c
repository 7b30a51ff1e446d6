// SPDX-License-Identifier: GPL-2.0
/*
 * parse.c - command lines of users, and lines of the core
 */

#include <kunit/visibility.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/string.h>

#include "parse.h"

/*
 * Take a command line apart. Spaces and tabs are overwritten with NUL; a carriage
 * return at the end is ignored. Returns 0; -EILSEQ for a byte that is not printable
 * ASCII; -E2BIG for too many words.
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
EXPORT_SYMBOL_IF_KUNIT(skel_parse_words);

/*
 * A number: digits, or 0x and hexadecimal digits; no sign, no octal. Returns 0,
 * -EINVAL if it is no such number, -ERANGE if it is above 2^64-1. @value is
 * written only on success.
 */
int skel_parse_u64(const char *word, u64 *value)
{
	unsigned int base = 10;

	if (word[0] == '0' && tolower(word[1]) == 'x') {
		base = 16;
		word += 2;
	}
	/* kstrtou64() would accept a sign, and a second 0x. */
	if (!isxdigit(word[0]) || tolower(word[1]) == 'x')
		return -EINVAL;
	return kstrtou64(word, base, value);
}
EXPORT_SYMBOL_IF_KUNIT(skel_parse_u64);

/*
 * Find the command of a line and its numbers. Returns NULL, with no command for an
 * empty line, or the reason that follows "ERROR " in the reply.
 */
const char *skel_parse_command(char *line, size_t len,
			       const struct skel_command *commands,
			       unsigned int count, struct skel_parsed *parsed)
{
	struct skel_words words;
	int ret = skel_parse_words(line, len, &words);
	const struct skel_argument *arg;
	unsigned int n;

	*parsed = (struct skel_parsed) {};
	if (ret)
		return ret == -EILSEQ ? "character" : "parameter-count";
	if (!words.count)
		return NULL;

	for (n = 0; n < count && strcasecmp(words.word[0], commands[n].name); n++)
		;
	if (n == count)
		return "unknown-command";
	parsed->command = &commands[n];
	arg = commands[n].args;
	for (n = 0; n < SKEL_COMMAND_ARGS_MAX && arg[n].name; n++)
		;
	if (words.count != n + 1)
		return "parameter-count";
	for (n = 0; words.count > n + 1; n++) {
		parsed->wrong = arg[n].name;
		if (skel_parse_u64(words.word[n + 1], &parsed->arg[n]))
			return "number";
		if (parsed->arg[n] < arg[n].min || parsed->arg[n] > arg[n].max)
			return "range";
	}
	parsed->wrong = NULL;
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(skel_parse_command);

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
		[SKEL_NO_MEMORY]	= "memory",
		[SKEL_SCATTERED]	= "segments",
		[SKEL_UNALIGNED]	= "alignment",
		[SKEL_LOST]		= "lost",
		[SKEL_CANCELLED]	= "cancelled",
		[SKEL_TIMEOUT]		= "timeout",
		[SKEL_ERROR]		= "error",
		[SKEL_GONE]		= "gone",
	};

	return names[verdict];
}

/*
 * Format the core's line about the end of a request, with its '\n': see "Reply
 * lines of the core" in the user API. Returns its length. SKEL_TRANSFER_LINE_MAX
 * bytes are always enough.
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

/* The start of the line after the one that contains @line, or @end. */
const char *skel_next_line(const char *line, const char *end)
{
	const char *newline = memchr(line, '\n', end - line);

	return newline ? newline + 1 : end;
}

/* The first line, from @line on, that begins with SKEL_CORE_MARK, or NULL. */
const char *skel_find_mark(const char *line, const char *end)
{
	for (; line < end; line = skel_next_line(line, end)) {
		if (end - line >= strlen(SKEL_CORE_MARK) &&
		    !memcmp(line, SKEL_CORE_MARK, strlen(SKEL_CORE_MARK)))
			return line;
	}
	return NULL;
}
