// SPDX-License-Identifier: GPL-2.0
/*
 * Failures of the kernel on demand, for a system call after the other. Needs
 * CONFIG_FAULT_INJECTION_DEBUG_FS, FAILSLAB, FAIL_PAGE_ALLOC and, better,
 * FAULT_INJECTION_USERCOPY.
 */
#include "skel_inject.h"
#include "skel_test.h"

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
		int fd;

		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", settings[i][0]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd == -1)
			continue;
		done += write(fd, settings[i][1], 1) == 1;
		close(fd);
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
