// SPDX-License-Identifier: GPL-2.0
/*
 * test-pages.c - the page faults of this machine, and of the mappings of a fake card
 *
 * What a real driver maps, and a page that is swapped out, are in demo/test-tour.sh.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../command.h"
#include "../skelctl.h"
#include "fake-card.h"
#include "run.h"

/* Whether a step of a section cost @minor and @major and left the page as in @where */
static bool step(const char *section, const char *text, int minor, int major,
		 const char *where)
{
	char wanted[128];
	const char *start = strstr(output, section), *end, *found;

	snprintf(wanted, sizeof(wanted), "\n   %-37s %3d %3d  %s\n", text, minor,
		 major, where);
	end = start ? strstr(start, "\n\n") : NULL;
	found = start ? strstr(start, wanted) : NULL;
	if (found && (!end || found < end))
		return true;
	printf("# no '%s' in:\n#%s\n", wanted + 1, output);
	return false;
}

static void setup(const char *path)
{
	fake_reset();
	setenv("SKEL_DEVICE", path, 1);
	setenv("TMPDIR", "/tmp", 1);
}

TEST(counts_of_memory)
{
	const char *section = "1. An anonymous page";

	setup(FAKE_PATH);
	if (access("/proc/self/pagemap", R_OK)) {
		unit_skip("no /proc/self/pagemap");
		return;
	}
	prints(0, "pages");
	check(step(section, "read a byte", 1, 0, "present, shared"));
	check(step(section, "write a byte", 1, 0, "present; was write-protected"));
	check(step(section, "write it again", 0, 0, "present"));

	section = "3. Copy on write";
	check(step(section, "the child reads", 0, 0, "present, shared"));
	check(step(section, "the child writes: a copy", 1, 0,
		   "present; was write-protected"));
	check(step(section, "the child writes again", 0, 0, "present"));
	check(step(section, "the parent writes: no copy", 1, 0,
		   "present; was write-protected"));
	has("the child has written 3, the parent still reads 1\n");
}

/* The first read is major where a disk is behind the file system */
TEST(counts_of_files)
{
	const char *section = "4. A page of a file";
	bool memory = strstr(output, "it stays in memory: no disk");

	if (!*output) {
		unit_skip("no /proc/self/pagemap");
		return;
	}
	check(step(section, "read a byte", memory, !memory, "present"));
	check(step(section, "read it through another mapping", 1, 0,
		   "present, shared"));
	check(step(section, "mmap(MAP_PRIVATE), read", 1, 0, "present, shared"));
	check(step(section, "write to that: a copy", 1, 0,
		   "present; was write-protected"));
}

/* The fake card maps shared memory, which has a fault when it is accessed first. */
TEST(counts_of_the_card)
{
	if (!*output) {
		unit_skip("no /proc/self/pagemap");
		return;
	}
	check(step("6. A DMA buffer", "read a byte", 1, 0, "present"));
	check(step("6. A DMA buffer", "read it again", 0, 0, "present"));
	check(step("6. A DMA buffer", "write a byte", 0, 0, "present"));
	check(step("7. Memory of the card", "read a byte", 1, 0, "present"));
	check(step("7. Memory of the card", "read it again", 0, 0, "present"));
}

TEST(explains)
{
	has("!The words of 1996");
	prints(0, "pages --explain", "\n     area: rw-p, Rss 0 kB, Locked 0 kB\n");
	check(strstr(output, "; lo locked\n") || strstr(output, "see ulimit -l"));
	has("\nThe words of 1996 today\n   major fault ");
}

TEST(without_a_card)
{
	setup("/nonexistent");
	prints(EXIT_NO_CARD, "pages",
	       "/nonexistent: no card: No such file or directory; see skelctl doctor\n",
	       "\n7. Reserved frames\n");
}

TEST(a_buffer_that_cannot_be)
{
	setup(FAKE_PATH);
	fake.no_mmap = true;
	prints(EXIT_CARD, "pages",
	       "no buffer: Cannot allocate memory; see skelctl doctor\n");
}

TEST(wrong_use)
{
	setup(FAKE_PATH);
	prints(EXIT_USAGE, "pages anonymous");
	prints(EXIT_CARD, "pages -D/nonexistent",
	       "/nonexistent: cannot make a file; choose another place with --directory: No such file",
	       "\n7. Memory of the card");
}
