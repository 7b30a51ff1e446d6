// SPDX-License-Identifier: GPL-2.0
/*
 * pages-look.c - one page as /proc and mincore() show it
 *
 * Formats: Documentation/admin-guide/mm/pagemap.rst; smaps in
 * Documentation/filesystems/proc.rst.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pages.h"
#include "skelctl.h"
#include "system.h"

/* An entry of /proc/self/pagemap */
#define PAGEMAP_PFN		((1ULL << 55) - 1)
#define PAGEMAP_EXCLUSIVE	(1ULL << 56)
#define PAGEMAP_SWAPPED		(1ULL << 62)
#define PAGEMAP_PRESENT		(1ULL << 63)

/* Entry number @index of a file of 64-bit numbers. Return: whether there is one. */
static bool read_entry(const char *path, uint64_t index, uint64_t *entry)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return false;
	got = pread(fd, entry, sizeof(*entry), index * sizeof(*entry));
	close(fd);
	return got == sizeof(*entry);
}

bool frame_flags(uint64_t pfn, uint64_t *flags)
{
	return read_entry("/proc/kpageflags", pfn, flags);
}

void print_frame_flags(uint64_t flags)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} names[] = {
		{ 4, "dirty" }, { 5, "lru" }, { 11, "mmap" }, { 12, "anon" },
		{ 13, "swapcache" }, { 14, "swapbacked" }, { 18, "unevictable" },
		{ 24, "zero_page" }, { 32, "reserved" }, { 33, "mlocked" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (flags >> names[i].bit & 1)
			printf(" %s", names[i].name);
	}
}

void area_flags(const char *vm_flags, char *text, size_t size)
{
	static const char *const names[][2] = {
		{ "sh ", "sh shared" }, { "lo ", "lo locked" },
		{ "io ", "io like device memory" }, { "pf ", "pf frames" },
		{ "dc ", "dc not copied by fork()" },
		{ "de ", "de cannot grow" }, { "dd ", "dd not dumped" },
	};
	size_t length = 0, i;

	*text = '\0';
	for (i = 0; i < ARRAY_SIZE(names) && length < size; i++) {
		if (strstr(vm_flags, names[i][0]))
			length += snprintf(text + length, size - length, "%s%s",
					   length ? ", " : "; ", names[i][1]);
	}
}

static void look_at_pagemap(const void *page, struct page_state *state)
{
	uint64_t entry, pfn;

	if (!read_entry("/proc/self/pagemap", (uintptr_t)page / getpagesize(),
			&entry))
		return;
	state->known = true;
	state->present = entry & PAGEMAP_PRESENT;
	state->swapped = entry & PAGEMAP_SWAPPED;
	state->exclusive = entry & PAGEMAP_EXCLUSIVE;
	pfn = state->present ? entry & PAGEMAP_PFN : 0;
	if (pfn && frame_flags(pfn, &state->flags) &&
	    read_entry("/proc/kpagecount", pfn, &state->mapcount))
		state->pfn = pfn;
}

/* The lines of /proc/self/smaps about the area that the page is in */
static void look_at_smaps(const void *page, struct page_state *state)
{
	FILE *file CLOSED = system_open("", "/proc/self/smaps");
	unsigned long start, end;
	char line[512], perms[5];
	bool inside = false;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx %4s", &start, &end, perms) == 3) {
			if (inside)
				break;
			inside = (uintptr_t)page >= start &&
				 (uintptr_t)page < end;
			if (inside)
				memcpy(state->permissions, perms, sizeof(perms));
			continue;
		}
		if (!inside)
			continue;
		sscanf(line, "Rss: %u", &state->rss);
		sscanf(line, "Locked: %u", &state->locked);
		sscanf(line, "VmFlags: %95[a-z0-9? ]", state->vm_flags);
	}
	state->frames = strstr(state->vm_flags, "pf ");
}

struct page_state page_state(const void *page)
{
	struct page_state state = {};
	unsigned char core = 0;

	look_at_pagemap(page, &state);
	look_at_smaps(page, &state);
	state.resident = !mincore((void *)page, getpagesize(), &core) &&
			 core & 1;
	return state;
}
