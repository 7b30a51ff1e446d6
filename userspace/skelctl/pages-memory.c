// SPDX-License-Identifier: GPL-2.0
/*
 * pages-memory.c - anonymous pages: fresh, locked, and swapped out
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pages.h"
#include "skelctl.h"
#include "system.h"

#define PAUSE_US	10000
#define PAUSES_MAX	500	/* 5 s for a disk to write a page */

static int no_page(void)
{
	warn("no page of memory");
	return EXIT_CARD;
}

int pages_anonymous(struct report *report)
{
	char *page = lone_page();

	if (!page)
		return no_page();
	report_section(report, "An anonymous page, as malloc() gets it",
"mmap() only notes that the addresses are taken: an area (a VMA) without pages. "
"The first access finds nothing in the page table, the CPU raises a page fault, and "
"the kernel looks the area up. For reading it maps the zero page, one frame for "
"everybody and therefore write-protected, which is why the first write faults again, "
"and only then gets a frame of its own. None of it waits for a disk, so all of it is "
"minor. /proc does not show the write protection of a single page; what shows it is "
"a write to a present page that faults.");
	report_step(report, "mmap()", page_look(page));
	report_step(report, "read a byte", page_read(page));
	report_step(report, "write a byte", page_write(page, 1));
	report_step(report, "write it again", page_write(page, 2));
	lone_page_free(page);
	return 0;
}

int pages_locked(struct report *report)
{
	char *page = lone_page();

	if (!page)
		return no_page();
	report_section(report, "A locked page",
"mlock() brings the page in at once and keeps it: it is not swapped out, and its area "
"gets the flag \"lo\". Its frame may still be moved. What a device writes to by DMA "
"must not move either: the kernel calls that pinned, and a program cannot do it "
"alone. A user may lock RLIMIT_MEMLOCK bytes (ulimit -l).");
	/* sanitizers make mlock() do nothing */
	if (mlock2(page, getpagesize(), 0)) {
		report_note("mlock(): %s; see ulimit -l", strerror(errno));
	} else {
		report_step(report, "mmap(), mlock()", page_look(page));
		report_step(report, "write a byte", page_write(page, 1));
		report_pageout(page);
	}
	lone_page_free(page);
	return 0;
}

static bool have_swap(void)
{
	FILE *file CLOSED = system_open("", "/proc/swaps");
	char line[256];
	int lines = 0;

	while (file && fgets(line, sizeof(line), file))
		lines++;
	return lines > 1;	/* the first is the head of a table */
}

/*
 * Have a page written to swap and forgotten. Where the disk takes its time, the page
 * stays in memory, in the swap cache, until it is written and reclaimed once more: it
 * must be back in the page table for that. Return: what is so in the end.
 */
static struct access swap_out(char *page)
{
	struct access look = {};
	int pauses;

	for (pauses = 0; pauses < PAUSES_MAX; pauses++) {
		if (madvise(page, getpagesize(), MADV_PAGEOUT))
			break;
		look = page_look(page);
		if (look.after.swapped && !look.after.resident)
			break;
		usleep(PAUSE_US);
		page_read(page);
	}
	return look;
}

int pages_swapped(struct report *report)
{
	struct access gone;
	char *page;

	report_section(report, "A page that is swapped out",
"When memory is tight, the kernel writes pages to the swap device, and notes in the "
"page table where. MADV_PAGEOUT asks for it, as kswapd would do by itself. An access "
"then has to read it from the disk: that is a major fault. A page that was written and is still "
"in memory (the swap cache) comes back by a minor one.");
	if (!have_swap()) {
		report_note("no swap here (/proc/swaps); make tour has some");
		return 0;
	}
	page = lone_page();
	if (!page)
		return no_page();
	report_step(report, "mmap(), write a byte", page_write(page, 1));
	gone = swap_out(page);
	report_step(report, "madvise(MADV_PAGEOUT)", gone);
	if (gone.after.swapped && !gone.after.resident) {
		report_step(report, "read it", page_read(page));
		report_step(report, "read it again", page_read(page));
	} else {
		report_note("the kernel keeps the page in memory: the swap may be full or this control group may not use it");
	}
	lone_page_free(page);
	return 0;
}
