// SPDX-License-Identifier: GPL-2.0
/*
 * console-devmem.c - the nasty program of 1996: play with the console by /dev/mem
 *
 * The text screen of a PC is memory: 25 lines of 80 characters at the physical
 * address 0xb8000, each character with a byte for its colours. /dev/mem maps
 * physical memory, so root can write there behind the back of the console's driver:
 * this turns each line round. Run it again to turn it back. Nobody is asked, nobody
 * takes part in locking, and one wrong digit in the address is other memory.
 *
 * For that reason CONFIG_STRICT_DEVMEM, which distributions set, leaves of /dev/mem
 * only what is not RAM of the system: firmware, video memory, devices; RAM below
 * 1 MiB reads as zeros. IO_STRICT_DEVMEM takes away devices that have a driver, too,
 * and lockdown (Secure Boot) the rest. console-region.c does it the right way.
 *
 * It refuses to run outside of a virtual machine: see make tour.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SCREEN		0xb8000
#define LINES		25
#define COLUMNS		80
#define SOME_RAM	0x1000000	/* 16 MiB: the kernel itself, mostly */

struct cell {
	unsigned char character, colours;
};

static bool file_has(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	char line[4096];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, word);
	if (file)
		fclose(file);
	return found;
}

/* On a machine that people use, the screen may be theirs, or not be text at all. */
static void refuse_outside_of_a_guest(void)
{
	if (!file_has("/proc/cpuinfo", " hypervisor"))
		errx(1, "refused: this is no virtual machine; make tour starts one");
	if (!file_has("/sys/class/vtconsole/vtcon0/name", "VGA") &&
	    !file_has("/sys/class/vtconsole/vtcon1/name", "VGA"))
		errx(1, "refused: there is no VGA text console here; make tour has one");
}

static void turn_round(volatile struct cell *line)
{
	int i;

	for (i = 0; i < COLUMNS / 2; i++) {
		struct cell left = line[i];

		line[i] = line[COLUMNS - 1 - i];
		line[COLUMNS - 1 - i] = left;
	}
}

static void try_to_read_ram(int fd)
{
	char byte;

	if (pread(fd, &byte, 1, SOME_RAM) == 1)
		printf("RAM at %#x: can be read, CONFIG_STRICT_DEVMEM is not set\n",
		       SOME_RAM);
	else
		printf("RAM at %#x: %s, by CONFIG_STRICT_DEVMEM\n", SOME_RAM,
		       strerror(errno));
}

int main(void)
{
	volatile struct cell *screen;
	int fd, i;

	refuse_outside_of_a_guest();
	fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "/dev/mem is for root, unless the kernel is locked down");
	screen = mmap(NULL, LINES * COLUMNS * sizeof(*screen),
		      PROT_READ | PROT_WRITE, MAP_SHARED, fd, SCREEN);
	if (screen == MAP_FAILED)
		err(1, "cannot map the screen at %#x", SCREEN);
	for (i = 0; i < LINES; i++)
		turn_round(screen + i * COLUMNS);
	printf("screen at %#x: %d lines turned round\n", SCREEN, LINES);
	try_to_read_ram(fd);
	return EXIT_SUCCESS;
}
