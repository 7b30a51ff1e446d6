/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pages.h - what the files of skelctl pages share
 */
#ifndef _SKELCTL_PAGES_H
#define _SKELCTL_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What /proc and mincore() say about one page of this process */
struct page_state {
	bool known;		/* /proc/self/pagemap can be read */
	bool present;		/* the page table has a frame for it */
	bool swapped;		/* the page table says where it is on swap */
	bool exclusive;		/* present, and in this page table only */
	bool resident;		/* in memory, in the page table or not */
	bool frames;		/* an area of frames, which pagemap leaves out */
	char permissions[5];	/* of its area, such as "rw-p" */
	unsigned int rss, locked;	/* of its area, in KiB */
	char vm_flags[96];	/* of its area, two letters and a blank each */
	uint64_t pfn;		/* number of its frame, 0: hidden or none */
	uint64_t mapcount;	/* page tables with the frame, if there is a pfn */
	uint64_t flags;		/* of the frame, if there is a pfn */
};

/* One access to a page: what it cost, and what is so afterwards */
struct access {
	bool touched;		/* else it was a look from outside */
	long minor, major;	/* growth of min_flt and maj_flt of this thread */
	bool was_protected;	/* a write to a present page has faulted */
	struct page_state after;
};

#define FRAME_RESERVED	(1ULL << 32)	/* in /proc/kpageflags */

/* pages-look.c: looking does not touch the page */
struct page_state page_state(const void *page);
/*
 * The flags of frame number @pfn, bits as in Documentation/admin-guide/mm/pagemap.rst.
 * Return: whether they can be known; only root may.
 */
bool frame_flags(uint64_t pfn, uint64_t *flags);
/* Print the names of those that matter here */
void print_frame_flags(uint64_t flags);
/* Text that goes on with what VmFlags of smaps mean, of those that matter here */
void area_flags(const char *vm_flags, char *text, size_t size);

/* pages-touch.c */
struct access page_look(const void *page);
struct access page_read(const void *page);	/* its first byte */
struct access page_write(void *page, char value);
/*
 * One anonymous page with a hole on either side, so that the kernel makes it part of
 * no other area and of no huge page. Return: the page for lone_page_free(), or NULL.
 */
void *lone_page(void);
void lone_page_free(void *page);

/* pages.c: what is printed */
struct report {
	bool explain;
	int sections;
	bool head;		/* the head of the table is still to be printed */
	char area[256];		/* as printed last in this section */
};

void report_section(struct report *report, const char *title, const char *text);
void report_step(struct report *report, const char *text, struct access access);
void report_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Have the kernel swap a page out, and print what it says to that */
void report_pageout(void *page);

/* One function for each kind of page. Return: an exit status; they print why. */
int pages_anonymous(struct report *report);
int pages_locked(struct report *report);
int pages_fork(struct report *report);
int pages_file(struct report *report, const char *directory);
int pages_swapped(struct report *report);
int pages_buffer(struct report *report);
int pages_region(struct report *report);
void pages_reserved(struct report *report);
void pages_words(const struct report *report);

#endif /* _SKELCTL_PAGES_H */
