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
	uint64_t host_addr;		/* 0: this is a region */
};

/*
 * Bytes read from the card that nobody has asked for yet, in the order of
 * arrival: whole lines with their '\n', then perhaps the start of one more.
 */
struct inbox {
	char *bytes;
	size_t length;
	size_t room;
	bool dead;			/* the card is gone, nothing more will come */
};

struct skel {
	int fd;
	pid_t owner;			/* buffers are mapped in this process only */
	struct inbox inbox;
	struct mapping *mappings;	/* sorted by start */
	size_t mapping_count;
	size_t mapping_room;
};

/* Whether skel_take_line() is to take this line, which is NUL-terminated */
typedef bool line_filter(const char *line, void *data);

struct skel *skel_new(int fd);
/* What follows the mark if the line is from the core, else NULL */
const char *skel_core_line(const char *line);
int skel_take_line(struct skel *skel, line_filter *wanted, void *data,
		   char *line, size_t size, int timeout);
void skel_unmap_all(struct skel *skel);

#endif /* _LIBSKEL_INTERNAL_H */
