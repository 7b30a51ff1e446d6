// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * transfer.c - start a transfer, and find the line that reports its end
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static const char * const direction_names[] = {
	[SKEL_TOHOST] = "TOHOST",
	[SKEL_FROMHOST] = "FROMHOST",
};

static const char * const result_names[] = {
	[SKEL_DONE] = "DONE",
	[SKEL_REFUSED] = "REFUSED",
	[SKEL_FAILED] = "FAILED",
};

/* If *@p starts with @word and a blank or the end follows, step over both */
static bool take_word(const char **p, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*p, word, length) != 0)
		return false;
	if ((*p)[length] == ' ')
		*p += length + 1;
	else if ((*p)[length] == '\0')
		*p += length;
	else
		return false;
	return true;
}

/* Index of the name that *@p starts with, 0 to @count - 1, or -1 */
static int take_name(const char **p, const char * const *names, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		if (names[i] && take_word(p, names[i]))
			return i;
	}
	return -1;
}

/* A number as the core writes it: 0x and 1 to 16 hexadecimal digits */
static bool take_number(const char **p, uint64_t *value)
{
	static const char digits[] = "0123456789abcdef";
	const char *s = *p, *digit;
	int n = 0;

	if (s[0] != '0' || s[1] != 'x')
		return false;
	*value = 0;
	for (s += 2; *s && (digit = strchr(digits, *s)); s++, n++)
		*value = *value << 4 | (digit - digits);
	if (n < 1 || n > 16)
		return false;
	if (*s == ' ')
		s++;
	else if (*s)
		return false;
	*p = s;
	return true;
}

int skel_parse_transfer(const char *line, struct skel_transfer *transfer)
{
	struct skel_transfer t = { 0 };
	int result, direction;

	errno = EINVAL;
	line = skel_core_line(line);
	if (!line)
		return -1;
	result = take_name(&line, result_names, SKEL_FAILED + 1);
	if (result < 0)
		return -1;
	direction = take_name(&line, direction_names, SKEL_FROMHOST + 1);
	if (direction < 0)
		return -1;
	if (!take_number(&line, &t.card_addr) ||
	    !take_number(&line, &t.length) ||
	    !take_number(&line, &t.host_addr))
		return -1;
	t.result = result;
	t.direction = direction;
	snprintf(t.reason, sizeof(t.reason), "%s", line);
	*transfer = t;
	return 0;
}

static int start(struct skel *skel, struct skel_transfer *transfer,
		 enum skel_direction direction, uint64_t card_addr,
		 uint64_t length, uint64_t host_addr)
{
	memset(transfer, 0, sizeof(*transfer));
	transfer->direction = direction;
	transfer->card_addr = card_addr;
	transfer->length = length;
	transfer->host_addr = host_addr;
	return skel_send(skel, "%s 0x%llx 0x%llx 0x%llx",
			 direction_names[direction],
			 (unsigned long long)card_addr,
			 (unsigned long long)length,
			 (unsigned long long)host_addr);
}

int skel_tohost(struct skel *skel, struct skel_transfer *transfer,
		uint64_t card_addr, uint64_t length, uint64_t host_addr)
{
	return start(skel, transfer, SKEL_TOHOST, card_addr, length, host_addr);
}

int skel_fromhost(struct skel *skel, struct skel_transfer *transfer,
		  uint64_t card_addr, uint64_t length, uint64_t host_addr)
{
	return start(skel, transfer, SKEL_FROMHOST, card_addr, length,
		     host_addr);
}

static bool is_end_of(const char *line, void *data)
{
	const struct skel_transfer *wanted = data;
	struct skel_transfer t;

	return !skel_parse_transfer(line, &t) &&
	       t.direction == wanted->direction &&
	       t.card_addr == wanted->card_addr &&
	       t.length == wanted->length &&
	       t.host_addr == wanted->host_addr;
}

int skel_wait(struct skel *skel, struct skel_transfer *transfer, int timeout)
{
	char line[SKEL_LINE_MAX];
	struct skel_transfer end;

	transfer->result = SKEL_PENDING;
	transfer->reason[0] = '\0';
	if (skel_take_line(skel, is_end_of, transfer, line, sizeof(line),
			   timeout) < 0)
		return -1;
	skel_parse_transfer(line, &end);
	transfer->result = end.result;
	memcpy(transfer->reason, end.reason, sizeof(end.reason));
	if (end.result == SKEL_DONE)
		return 0;
	errno = end.result == SKEL_REFUSED ? EACCES : EIO;
	return -1;
}
