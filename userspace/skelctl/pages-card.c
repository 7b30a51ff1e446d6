// SPDX-License-Identifier: GPL-2.0
/*
 * pages-card.c - what a card's driver maps: a DMA buffer, the card's memory
 */
#include <err.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pages.h"
#include "skelctl.h"

/* Print whether a child has the page, too. It asks the kernel, which says EFAULT if not. */
static void child_has(const char *page)
{
	int fds[2], status = 0;
	pid_t pid;

	if (pipe(fds))
		return;
	pid = fork();
	if (!pid)
		_exit(write(fds[1], page, 1) == 1 ? 0 : errno);
	close(fds[0]);
	close(fds[1]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return;
	report_note("after fork(), the child's page: %s",
		    status ? strerror(WEXITSTATUS(status)) : "it has it, too");
}

static void show(struct report *report, const char *text, char *page)
{
	report_step(report, text, page_look(page));
	report_step(report, "read a byte", page_read(page));
	report_step(report, "read it again", page_read(page));
}

static int fault_of_card(struct skel *skel, const char *what)
{
	report_note("not shown: %s", what);
	warnx("%s: %s: %s; see skelctl doctor", card_path(), what,
	      strerror(errno));
	skel_close(skel);
	return skel ? EXIT_CARD : EXIT_NO_CARD;
}

int pages_buffer(struct report *report)
{
	struct skel_info info;
	struct skel *skel;
	char *page = NULL;

	report_section(report, "A DMA buffer of the card",
"The driver allocates the buffer for the card and maps its frames: the flag \"pf\" says "
"that Linux neither swaps nor moves them, so there is no reserved flag to set any more. "
"pagemap leaves such areas out, and Rss counts none of them: that they are present is "
"seen by access, which costs no fault, or one for each page that the driver maps on "
"demand. A child does not get the page, though it could map the buffer itself. \"Locked\" "
"is 0 as well, although the buffer counts towards RLIMIT_MEMLOCK.");
	skel = skel_open(card_path());
	if (!skel)
		return fault_of_card(NULL, "no card");
	if (!skel_get_info(skel, &info))
		page = skel_malloc(skel, getpagesize(),
				   info.caps & SKEL_CAP_TOHOST ?
				   SKEL_ALLOC_TOHOST : SKEL_ALLOC_FROMHOST);
	if (!page)
		return fault_of_card(skel, "no buffer");
	show(report, "skel_malloc()", page);
	report_step(report, "write a byte", page_write(page, 1));
	report_pageout(page);
	child_has(page);
	skel_close(skel);
	return 0;
}

int pages_region(struct report *report)
{
	struct skel *skel;
	char *page;

	report_section(report, "Memory of the card, a region",
"A region is a window of the card: its memory, which every program with the card open "
"shares, and so does the card itself. The article's descriptors that point to "
"\"addresses not located in physical RAM\" are such areas of frames; a real card's "
"memory is at an address of the PCI bus. A fault means that the driver fills the page "
"table on demand, because the card can be unplugged. Nothing here is ever swapped. It is "
"only read here: the card may be sampling into it.");
	skel = skel_open(card_path());
	if (!skel)
		return fault_of_card(NULL, "no card");
	page = skel_map_region(skel, 0, PROT_READ, NULL);
	if (!page)
		return fault_of_card(skel, "no region to map");
	show(report, "skel_map_region()", page);
	report_pageout(page);
	child_has(page);
	skel_close(skel);
	return 0;
}
