// SPDX-License-Identifier: GPL-2.0
/*
 * pages-file.c - a page of a file: from the disk, from the page cache, private
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pages.h"
#include "skelctl.h"

/* A file of one page without a name, written to the disk. Return: descriptor or -1. */
static int one_page_file(const char *directory)
{
	char *bytes = calloc(1, getpagesize()), *path;
	int fd = -1;

	if (bytes && asprintf(&path, "%s/skelctl-pages-XXXXXX", directory) > 0) {
		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0)
			unlink(path);
		free(path);
	}
	if (fd >= 0 && (write(fd, bytes, getpagesize()) != getpagesize() ||
			fsync(fd))) {
		close(fd);
		fd = -1;
	}
	free(bytes);
	return fd;
}

static void *map(int fd, int flags)
{
	void *page = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, flags,
			  fd, 0);

	if (page == MAP_FAILED)
		err(EXIT_CARD, "cannot map a file; choose another place with --directory");
	return page;
}

int pages_file(struct report *report, const char *directory)
{
	char *shared, *other, *private;
	struct access mapped;
	int fd;

	report_section(report, "A page of a file",
"This is how programs are loaded: mmap(), then page by page what is accessed. Read "
"from the disk, that is a major fault. It then is in the page cache, so that the next "
"mapping, of this or any other process, has only a minor one. A shared page is mapped "
"write-protected where the file system wants to know that it changes: the first write "
"faults. A private mapping is copy on write, and its copy is anonymous memory.");
	fd = one_page_file(directory);
	if (fd < 0) {
		warn("%s: cannot make a file; choose another place with --directory",
		     directory);
		return EXIT_CARD;
	}
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	shared = map(fd, MAP_SHARED);
	other = map(fd, MAP_SHARED);
	private = map(fd, MAP_PRIVATE);

	mapped = page_look(shared);
	report_step(report, "mmap(MAP_SHARED), page cache dropped", mapped);
	if (mapped.after.resident)
		report_note("it stays in memory: no disk is behind this file system, see --directory");
	report_step(report, "read a byte", page_read(shared));
	report_step(report, "read it through another mapping", page_read(other));
	report_step(report, "write a byte", page_write(shared, 1));
	report_step(report, "mmap(MAP_PRIVATE), read", page_read(private));
	report_step(report, "write to that: a copy", page_write(private, 2));

	munmap(shared, getpagesize());
	munmap(other, getpagesize());
	munmap(private, getpagesize());
	close(fd);
	return 0;
}
