/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A memory cgroup for a test. The functions return 0 or a negative errno.
 */
#ifndef SKEL_CGROUP_H
#define SKEL_CGROUP_H

#include "skel_util.h"

struct skel_cgroup {
	char root[40];		/* where cgroup2 is mounted for us */
	char path[80];
};

/* -ENODEV: the kernel has no memory cgroups, or others use them as version 1 */
int skel_cgroup_make(struct skel_cgroup *group);
void skel_cgroup_remove(struct skel_cgroup *group);
/* The calling process, which must have one thread only */
int skel_cgroup_enter(const struct skel_cgroup *group);
/* A number of bytes, or "max". Less than is used kills processes of the group. */
int skel_cgroup_limit(const struct skel_cgroup *group, const char *limit);
/* Bytes used */
long long skel_cgroup_used(const struct skel_cgroup *group);
/* Processes that were killed for want of memory */
long skel_cgroup_kills(const struct skel_cgroup *group);

#endif /* SKEL_CGROUP_H */
