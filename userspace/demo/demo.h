/* SPDX-License-Identifier: GPL-2.0 */
/*
 * demo.h - what the files of skel-demo share
 */
#ifndef _SKEL_DEMO_H
#define _SKEL_DEMO_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "libskel.h"

#define DEMO_LENGTH	8192	/* bytes of each buffer */
#define DEMO_OTHERS	0x22	/* what the other process fills its buffer with */
#define DEMO_ANSWER_MS	1000

extern const char *demo_device;
extern int demo_unexpected;	/* how many things were not as expected */

/* Print and count what is not as it should be */
#define expect(condition, ...)					\
	do {							\
		if (!(condition)) {				\
			printf("   UNEXPECTED: " __VA_ARGS__);	\
			printf("\n");				\
			demo_unexpected++;			\
		}						\
	} while (0)

/* Another process with an open file and a buffer of its own */
struct other {
	pid_t pid;
	int ask, answer;	/* pipes to and from the process */
	uint64_t host_addr;	/* of its buffer */
	unsigned int channel;
};

struct other start_other(void);
uint32_t other_checksum(const struct other *other);
void stop_other(const struct other *other);

double demo_seconds(void);
void demo_show_card(struct skel *skel);

void demo_refusals(void);
void demo_free(void);

#endif /* _SKEL_DEMO_H */
