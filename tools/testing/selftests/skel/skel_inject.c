// SPDX-License-Identifier: GPL-2.0
/*
 * Failures of the kernel on demand, for one system call after the other. Needs
 * CONFIG_FAULT_INJECTION_DEBUG_FS, FAILSLAB, FAIL_PAGE_ALLOC and, better,
 * FAULT_INJECTION_USERCOPY.
 */
#include "skel_inject.h"
#include "skel_util.h"

static bool set_up(void)
{
	static const char * const settings[][2] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "failslab/verbose", "0" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_usercopy/verbose", "0" },
	};
	int done = 0;

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		char path[128];

		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", settings[i][0]);
		done += !skel_write_file(path, settings[i][1]);
	}
	return done >= 6;
}

int skel_inject_open(void)
{
	int file = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);

	if (file >= 0 && set_up())
		return file;
	if (file >= 0)
		close(file);
	return -ENOENT;
}

void skel_inject_start(int file, unsigned int nth)
{
	char value[16];
	int length = snprintf(value, sizeof(value), "%u", nth);

	if (pwrite(file, value, length, 0) != length)
		abort();
}

bool skel_inject_stop(int file)
{
	char value[16] = "";
	ssize_t n = pread(file, value, sizeof(value) - 1, 0);

	/* Reading and writing this file may be what fails: then it had not. */
	while (pwrite(file, "0", 1, 0) != 1)
		n = -1;
	return n > 0 && !strcmp(value, "0\n");
}

struct skel_inject *skel_inject_first(struct skel_inject *inject)
{
	inject->nth = 0;
	inject->failed = true;
	inject->failures = 0;
	return inject;
}

bool skel_inject_next(struct skel_inject *inject)
{
	bool more = inject->failed;

	inject->failed = false;
	if (++inject->nth < SKEL_INJECT_MAX)
		return more;
	fprintf(stderr, "# there is no end of failures\n");
	abort();
}

bool skel_inject_may(struct skel_inject *inject, long rc)
{
	bool good = rc >= 0 || (inject->failed && (rc == -ENOMEM || rc == -EFAULT));

	inject->failures += rc < 0;
	if (!good)
		fprintf(stderr, "# failure %u%s: %ld\n", inject->nth,
			inject->failed ? "" : " did not happen", rc);
	return good;
}
