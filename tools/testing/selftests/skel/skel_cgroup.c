// SPDX-License-Identifier: GPL-2.0
#include <sys/mount.h>
#include <sys/stat.h>

#include "skel_cgroup.h"

static int put(const char *directory, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return skel_write_file(path, text);
}

int skel_cgroup_make(struct skel_cgroup *group)
{
	int rc = -ENODEV;

	strcpy(group->root, "/tmp/skel-cgroup-XXXXXX");
	if (!mkdtemp(group->root))
		return -errno;
	if (mount("none", group->root, "cgroup2", 0, NULL))
		goto no_mount;
	if (put(group->root, "cgroup.subtree_control", "+memory"))
		goto no_memory;
	snprintf(group->path, sizeof(group->path), "%s/skel-%d", group->root, getpid());
	if (!mkdir(group->path, 0755))
		return 0;
	rc = -errno;
no_memory:
	umount(group->root);
no_mount:
	rmdir(group->root);
	return rc;
}

void skel_cgroup_remove(struct skel_cgroup *group)
{
	/* A process that has just been waited for may still be in it. */
	for (int i = 0; i < 100 && rmdir(group->path) && errno == EBUSY; i++)
		skel_sleep_ms(10);
	umount(group->root);
	rmdir(group->root);
}

int skel_cgroup_enter(const struct skel_cgroup *group)
{
	return put(group->path, "cgroup.procs", "0");
}

int skel_cgroup_limit(const struct skel_cgroup *group, const char *limit)
{
	return put(group->path, "memory.max", limit);
}

long long skel_cgroup_used(const struct skel_cgroup *group)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "%s/memory.current", group->path);
	return skel_read_file(path, text, sizeof(text)) ? -1 : strtoll(text, NULL, 10);
}

long skel_cgroup_kills(const struct skel_cgroup *group)
{
	long kills = -1;
	char path[128], line[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/memory.events", group->path);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "oom_kill %ld", &kills);
	if (file)
		fclose(file);
	return kills;
}
