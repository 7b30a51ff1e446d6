/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failures of the kernel on demand: the nth allocation or copy from or to user
 * memory of the calling thread fails.
 *
 * A test repeats a system call, and each time another one of its allocations
 * and copies fails, until there are no more of them:
 *
 *	skel_inject_each(&inject) {
 *		int rc = SKEL_INJECT(&inject, skel_alloc(fd, flags, length, &host));
 *
 *		ASSERT_TRUE(skel_inject_may(&inject, rc));
 *		EXPECT_EQ(rc ? 0 : 1, skel_buffers(fd));
 *		...
 *	}
 *	EXPECT_LT(0, inject.failures);
 *
 * In the last round nothing has failed: skel_inject_may() wants success then.
 */
#ifndef SKEL_INJECT_H
#define SKEL_INJECT_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

/* Failures in one round, not to run for ever */
#define SKEL_INJECT_MAX	2000

struct skel_inject {
	int file;		/* of skel_inject_open() */
	unsigned int nth;	/* what fails in this round */
	bool failed;		/* it has */
	unsigned int failures;	/* calls that said so, see skel_inject_may() */
};

/* A file for the functions below; -ENOENT: not in this kernel, or not for us */
int skel_inject_open(void);
/* From here on the nth possible failure of this thread happens. */
void skel_inject_start(int file, unsigned int nth);
/* True if it has happened */
bool skel_inject_stop(int file);

/* Rounds, up to and with the first one in which nothing failed */
#define skel_inject_each(inject) \
	for (struct skel_inject *__i = skel_inject_first(inject); skel_inject_next(__i); )

struct skel_inject *skel_inject_first(struct skel_inject *inject);
bool skel_inject_next(struct skel_inject *inject);

/*
 * The value of a call (any expression) in which the nth failure happens. A round
 * may have several: each begins to count anew.
 */
#define SKEL_INJECT(inject, call) ({					\
	struct skel_inject *__inject = (inject);			\
									\
	skel_inject_start(__inject->file, __inject->nth);		\
	__typeof__(call) __value = (call);				\
	__inject->failed |= skel_inject_stop(__inject->file);		\
	__value;							\
})

/*
 * Whether a call may have this result: success, or -ENOMEM or -EFAULT if
 * something has failed, which is counted
 */
bool skel_inject_may(struct skel_inject *inject, long rc);

#endif /* SKEL_INJECT_H */
