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

bool skel_parse_end(const char *line, struct skel_transfer *transfer)
{
	struct skel_transfer t = { 0 };
	int result, direction;

	line = skel_core_line(line);
	if (!line)
		return false;
	result = take_name(&line, result_names, SKEL_FAILED + 1);
	if (result < 0)
		return false;
	direction = take_name(&line, direction_names, SKEL_FROMHOST + 1);
	if (direction < 0)
		return false;
	if (!take_number(&line, &t.card_addr) ||
	    !take_number(&line, &t.length) ||
	    !take_number(&line, &t.host_addr))
		return false;
	t.result = result;
	t.direction = direction;
	snprintf(t.reason, sizeof(t.reason), "%s", line);
	*transfer = t;
	return true;
}

int skel_parse_transfer(const char *line, struct skel_transfer *transfer)
{
	if (skel_parse_end(line, transfer))
		return 0;
	skel_fail(EINVAL, "the line is not the core's about the end of a transfer");
	return -1;
}

bool skel_same_transfer(const struct skel_transfer *a,
			const struct skel_transfer *b)
{
	return a->direction == b->direction && a->card_addr == b->card_addr &&
	       a->length == b->length && a->host_addr == b->host_addr;
}

/* The command line, with its '\n'. Return: its length. */
int skel_format_transfer(char *line, size_t size,
			 const struct skel_transfer *transfer)
{
	return snprintf(line, size, "%s 0x%llx 0x%llx 0x%llx\n",
			direction_names[transfer->direction],
			(unsigned long long)transfer->card_addr,
			(unsigned long long)transfer->length,
			(unsigned long long)transfer->host_addr);
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

static bool is_end_of(struct skel *skel, const char *line, void *data)
{
	struct skel_transfer t;

	(void)skel;
	return skel_parse_end(line, &t) && skel_same_transfer(&t, data);
}

static int await_job(struct skel *skel, const struct skel_transfer *transfer,
		     int64_t deadline)
{
	bool late = false;
	struct job *job;
	int ret = 0;

	/* another thread may abandon it meanwhile */
	while ((job = skel_job_find(skel, transfer)) &&
	       !skel_job_take(skel, job)) {
		ret = skel_await(skel, deadline, &late);
		if (ret)
			break;
	}
	/* reported to another thread, or abandoned by it */
	if (!job && transfer->result == SKEL_PENDING)
		ret = -ECANCELED;
	return ret;
}

static int await_line(struct skel *skel, struct skel_transfer *transfer,
		      int64_t deadline)
{
	struct skel_transfer end;
	bool late = false;
	uint64_t seen = 0;
	struct line *line;
	int ret;

	while (!(line = skel_find_line(skel, &seen, is_end_of, transfer))) {
		ret = skel_await(skel, deadline, &late);
		if (ret)
			return ret;
	}
	if (skel_parse_end(line->text, &end)) {	/* it does: it was found */
		transfer->result = end.result;
		memcpy(transfer->reason, end.reason, sizeof(end.reason));
	}
	skel_drop_line(skel, line);
	return 0;
}

int skel_wait(struct skel *skel, struct skel_transfer *transfer, int timeout)
{
	int64_t deadline = skel_deadline(timeout);
	const char *name = transfer->direction == SKEL_TOHOST ? "TOHOST" :
			   "FROMHOST";
	int ret;

	pthread_mutex_lock(&skel->lock);
	if (skel_job_find(skel, transfer)) {
		ret = await_job(skel, transfer, deadline);
	} else {
		transfer->result = SKEL_PENDING;
		transfer->reason[0] = '\0';
		ret = await_line(skel, transfer, deadline);
	}
	pthread_mutex_unlock(&skel->lock);
	if (ret)
		skel_explain(-ret, "%s 0x%llx 0x%llx 0x%llx: its end is not known",
			     name, (unsigned long long)transfer->card_addr,
			     (unsigned long long)transfer->length,
			     (unsigned long long)transfer->host_addr);
	else if (transfer->result == SKEL_REFUSED)
		ret = skel_fail(EACCES, "%s: the kernel refused it: %s", name,
				transfer->reason);
	else if (transfer->result == SKEL_FAILED)
		ret = skel_fail(EIO, "%s has failed: %s", name,
				transfer->reason);
	return ret ? -1 : 0;
}
