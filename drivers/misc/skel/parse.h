/* SPDX-License-Identifier: GPL-2.0 */
/*
 * parse.h - lines of the core: made, and found in what a card says
 *
 * Pure, like validate.h. The parser of command lines is in linux/skel.h.
 */
#ifndef _SKEL_PARSE_H
#define _SKEL_PARSE_H

#include "validate.h"

/* Longest line that skel_format_transfer() makes, with its NUL. */
#define SKEL_TRANSFER_LINE_MAX	128

int skel_format_transfer(char *buf, size_t size, const struct skel_request *req,
			 bool granted, enum skel_verdict verdict);
const char *skel_next_line(const char *line, const char *end);
const char *skel_find_mark(const char *line, const char *end);

#endif /* _SKEL_PARSE_H */
