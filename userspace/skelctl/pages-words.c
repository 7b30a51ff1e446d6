// SPDX-License-Identifier: GPL-2.0
/*
 * pages-words.c - reserved frames, and what the words of 1996 mean today
 *
 * The article: Georg v. Zezschwitz, "Device Drivers Concluded", Linux Journal,
 * Kernel Korner, 1996.
 */
#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "pages.h"
#include "skelctl.h"

/* The hole of a PC between conventional and extended memory, in frames */
#define HOLE_START	0xa0
#define HOLE_END	0x100

#if defined(__x86_64__) || defined(__i386__)
#define IS_PC	true
#else
#define IS_PC	false
#endif

void pages_reserved(struct report *report)
{
	int reserved = 0, pfn;
	uint64_t flags;

	report_section(report, "Reserved frames",
"The article's driver set the flag \"reserved\" of its buffers' frames in the array "
"mem_map, and Linux kept its hands off. The flag is still there (PG_reserved), but it "
"belongs to the kernel: holes, firmware, the kernel's own image, the zero page. The "
"\"384k reserved\" of 1996 are the frames 0xa0 to 0xff: video memory and ROMs.");
	if (!IS_PC || getpagesize() != 4096) {
		report_note("such a hole is in PCs only");
		return;
	}
	if (!frame_flags(HOLE_START, &flags)) {
		report_note("only root may read /proc/kpageflags: sudo skelctl pages");
		return;
	}
	for (pfn = HOLE_START; pfn < HOLE_END; pfn++)
		reserved += frame_flags(pfn, &flags) && flags & FRAME_RESERVED;
	report_note("frames 0x%x to 0x%x, 640 KiB to 1 MiB: %d of %d reserved",
		    HOLE_START, HOLE_END - 1, reserved, HOLE_END - HOLE_START);
}

static const char *const words[][2] = {
	{ "major fault", "1996: any access to a page that is not present. Today: one for which the page had to be read from a disk or another device." },
	{ "minor fault", "1996: a write to a write-protected page. Today: any fault that was resolved without reading from a device, that one included." },
	{ "min_flt, maj_flt", "still in task_struct, for each thread; getrusage(), and fields 10 and 12 of /proc/PID/stat. Faults that end in a signal do not count." },
	{ "do_no_page()", "today do_anonymous_page(), do_fault() and do_swap_page() in mm/memory.c; do_wp_page() is there still." },
	{ "page descriptor", "page table entry (PTE), in tables of 4 or 5 levels instead of 2." },
	{ "linear, logical", "the article has them the wrong way round: a segment turned a logical address into a linear one. Today all segments begin at 0, and one speaks of virtual addresses." },
	{ "share count", "two numbers today: how many page tables have a frame (mapcount, /proc/kpagecount), and how many references there are (refcount)." },
	{ "mem_map", "the array of struct page, at vmemmap on 64-bit machines; frames that belong together are a folio. /proc/kpageflags shows it." },
	{ "PG_reserved", "for the kernel only, never for a driver. VM_PFNMAP of the area (\"pf\") is what keeps Linux's hands off a mapping." },
	{ "locked", "by mlock(): not swapped out. Pinned: not moved either, for DMA." },
	{ "buffers", "\"shrink the buffers for the file systems\": the page cache." },
	{ "/dev/mem", "once all of memory. With CONFIG_STRICT_DEVMEM, no RAM of the system; examples/console-devmem.c tries both." },
};

void pages_words(const struct report *report)
{
	size_t i;

	if (!report->explain)
		return;
	printf("\nThe words of 1996 today\n");
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		printf("   %-17s", words[i][0]);
		print_wrapped(stdout, words[i][1], 20, 20);
	}
	if (geteuid() == 0)
		return;
	printf("\n   ");
	print_wrapped(stdout,
"Only root sees the numbers of frames in pagemap (else they read as 0), /proc/kpageflags "
"and /proc/kpagecount. A frame number is a physical address; those helped attacks that "
"flip bits in neighbouring rows of memory (Rowhammer, 2015), so Linux hides them since 4.0. "
"Present, swapped and exclusive are open to all, for their own processes.", 3, 3);
}
