// SPDX-License-Identifier: GPL-2.0
/*
 * pages.c - skelctl pages: what becomes of a page, by doing it
 *
 * The first half of the article of 1996 that skel goes back to explains pages in
 * words. Here each kind of page is made and accessed, and the faults are counted.
 */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "command.h"
#include "pages.h"
#include "skelctl.h"

#define STEP_WIDTH	37	/* of the text of a step */

void report_section(struct report *report, const char *title, const char *text)
{
	printf("\n%d. %s\n", ++report->sections, title);
	if (report->explain) {
		printf("\n   ");
		print_wrapped(stdout, text, 3, 3);
		putchar('\n');
	}
	report->head = true;
	report->area[0] = '\0';
}

void report_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("   ", stdout);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	fflush(stdout);
}

void report_pageout(void *page)
{
	int ret = madvise(page, getpagesize(), MADV_PAGEOUT);

	report_note("madvise(MADV_PAGEOUT), swap it out: %s",
		    ret ? strerror(errno) : "allowed");
}

static const char *where(const struct page_state *state)
{
	if (state->frames)
		return "not shown by pagemap";
	if (!state->known)
		return "unknown, no pagemap";
	if (state->present)
		return state->exclusive ? "present" : "present, shared";
	if (state->swapped)
		return state->resident ? "swapped out, still in memory" :
		       "swapped out";
	return state->resident ? "not present, but in memory" : "not present";
}

/* What smaps says of the area, unless it has been printed */
static void print_area(struct report *report, const struct page_state *state)
{
	char area[sizeof(report->area)], flags[192];

	area_flags(state->vm_flags, flags, sizeof(flags));
	snprintf(area, sizeof(area), "area: %s, Rss %u kB, Locked %u kB%s",
		 state->permissions, state->rss, state->locked, flags);
	if (!*state->permissions || strcmp(area, report->area) == 0)
		return;
	strcpy(report->area, area);
	printf("     ");
	print_wrapped(stdout, area, 5, 5);
}

void report_step(struct report *report, const char *text, struct access access)
{
	const struct page_state *state = &access.after;

	if (report->head)
		printf("   %-*s min maj  afterwards\n", STEP_WIDTH, "step");
	report->head = false;
	printf("   %-*s", STEP_WIDTH, text);
	if (access.touched)
		printf(" %3ld %3ld", access.minor, access.major);
	else
		printf("   -   -");
	printf("  %s%s\n", where(state),
	       access.was_protected ? "; was write-protected" : "");
	if (state->pfn) {
		printf("     frame %#llx, mapcount %llu:",
		       (unsigned long long)state->pfn,
		       (unsigned long long)state->mapcount);
		print_frame_flags(state->flags);
		putchar('\n');
	}
	if (report->explain)
		print_area(report, state);
	fflush(stdout);
}

static const char *default_directory(void)
{
	const char *directory = getenv("TMPDIR");

	if (directory && *directory)
		return directory;
	return access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp";
}

/*
 * The kernel adds new pages to its lists in batches of each processor, which hold a
 * reference. It copies a page that another processor's batch still has, although only
 * one process is left to write to it.
 */
static void stay_on_this_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);	/* without it, a count may differ */
}

static int pages_main(const struct command *command, int argc, char **argv)
{
	const char *directory = default_directory();
	struct report report = {};
	int c, status = 0, card;

	while ((c = command_option(command, argc, argv)) != -1) {
		if (c == 'e')
			report.explain = true;
		else
			directory = optarg;
	}
	stay_on_this_cpu();

	printf("A page has %d bytes. min, maj: the minor and major faults that a step costs.\n",
	       getpagesize());
	status |= pages_anonymous(&report);
	status |= pages_locked(&report);
	status |= pages_fork(&report);
	status |= pages_file(&report, directory);
	status |= pages_swapped(&report);
	card = pages_buffer(&report);
	if (!card)
		card = pages_region(&report);
	pages_reserved(&report);
	pages_words(&report);
	return status ? status : card;
}

static const struct option_row options[] = {
	{ "explain", 'e', NULL, NULL,
	  "explain what happens and why, and what the words of 1996 mean today" },
	{ "directory", 'D', "DIR", "<file>",
	  "put the file of a page there; only one on a disk shows a major fault (default: environment variable TMPDIR, else /var/tmp, else /tmp)" },
	{ }
};

const struct command pages_command = {
	.name = "pages",
	.summary = "show by doing what Linux does with a page of memory",
	.text = "Make pages of each kind (anonymous, locked, copied by fork(), of a file, swapped out, a DMA buffer, the card's memory), access them, and show what each access costs in page faults, minor and major (getrusage), and what is present, shared, write-protected, locked or reserved then (/proc/self/pagemap, smaps; for root, /proc/kpageflags and kpagecount). Without a card, all but its pages are shown, and the exit status is 3.",
	.example = "pages --explain | less",
	.options = options,
	.main = pages_main,
};
