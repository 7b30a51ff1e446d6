// SPDX-License-Identifier: GPL-2.0
/*
 * pages-touch.c - access one byte of a page and count the faults
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pages.h"

/* Sanitizers look at memory of their own, which costs faults of its own. */
#define PLAIN	__attribute__((noinline, no_sanitize("address", "undefined")))

struct access page_look(const void *page)
{
	return (struct access) { .after = page_state(page) };
}

static PLAIN struct access count(volatile char *byte, bool write, char value)
{
	struct rusage before, after;

	getrusage(RUSAGE_THREAD, &before);
	if (write)
		*byte = value;
	else
		(void)*byte;
	getrusage(RUSAGE_THREAD, &after);
	return (struct access) {
		.touched = true,
		.minor = after.ru_minflt - before.ru_minflt,
		.major = after.ru_majflt - before.ru_majflt,
	};
}

/*
 * The code, the stack and the counters themselves are pages, too, and after
 * fork() they are copy-on-write: what they cost is paid before it counts.
 */
static PLAIN struct access count_warm(char *byte, bool write, char value)
{
	static char mine;

	count(&mine, true, 0);
	count(&mine, false, 0);
	return count(byte, write, value);
}

struct access page_read(const void *page)
{
	struct access access = count_warm((char *)page, false, 0);

	access.after = page_state(page);
	return access;
}

struct access page_write(void *page, char value)
{
	struct page_state before = page_state(page);
	struct access access = count_warm(page, true, value);

	access.was_protected = before.present && access.minor;
	access.after = page_state(page);
	return access;
}

void *lone_page(void)
{
	size_t size = getpagesize();
	char *area = mmap(NULL, 3 * size, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		return NULL;
	if (mprotect(area + size, size, PROT_READ | PROT_WRITE)) {
		munmap(area, 3 * size);
		return NULL;
	}
	/* fails where there are no huge pages anyway */
	(void)madvise(area + size, size, MADV_NOHUGEPAGE);
	return area + size;
}

void lone_page_free(void *page)
{
	size_t size = getpagesize();

	munmap((char *)page - size, 3 * size);
}
