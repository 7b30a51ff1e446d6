/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * internal.h - what the files of libskel share
 */
#ifndef _LIBSKEL_INTERNAL_H
#define _LIBSKEL_INTERNAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "libskel.h"

/* One mapping that the library made: a buffer, or a region of the card */
struct mapping {
	char *start;
	size_t length;
	uint64_t host_addr;		/* of a buffer, 0: a region */
};

/*
 * Bytes that were read from the card and that nobody asked for yet: always in
 * the order of arrival, whole lines with their '\n', then perhaps the start of
 * one more line.
 */
struct inbox {
	char *bytes;
	size_t length;
	size_t room;
	bool dead;			/* the card is gone, no more will come */
};

struct skel {
	int fd;
	pid_t owner;			/* buffers are mapped in this process only */
	struct inbox inbox;
	struct mapping *mappings;	/* sorted by start */
	size_t mapping_count;
	size_t mapping_room;
};

/* Says whether skel_take_line() takes this line, which is NUL-terminated */
typedef bool line_filter(const char *line, void *data);

struct skel *skel_new(int fd);
/* If the line is of the core: what follows its mark; else NULL */
const char *skel_core_line(const char *line);
int skel_take_line(struct skel *skel, line_filter *wanted, void *data,
		   char *line, size_t size, int timeout);
void skel_unmap_all(struct skel *skel);

#endif /* _LIBSKEL_INTERNAL_H */
