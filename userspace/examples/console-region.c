// SPDX-License-Identifier: GPL-2.0
/*
 * console-region.c - what console-devmem.c does, the right way: through a region
 *
 * The same screen, 25 lines of 80 characters, is written into the memory of a card.
 * The driver says where that is and how long, so there is no address to get wrong.
 * It needs permission for the card only, not root; nothing beyond the region can be
 * reached; and if the card is unplugged, the next access gets SIGBUS. What the
 * card sees is what it sends: it is asked to, by DMA into a buffer.
 *
 *	console-region [DEVICE]		the card should not be sampling
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <libskel.h>

#define LINES	25
#define COLUMNS	80
#define SIZE	(LINES * COLUMNS)

static void turn_round(char *line)
{
	for (int i = 0; i < COLUMNS / 2; i++) {
		char left = line[i];

		line[i] = line[COLUMNS - 1 - i];
		line[COLUMNS - 1 - i] = left;
	}
}

int main(int argc, char **argv)
{
	struct skel *skel = skel_open(argc > 1 ? argv[1] : NULL);
	struct skel_transfer transfer;
	char *screen, *copy;
	size_t length;

	if (!skel)
		err(1, "no card; see skelctl doctor");
	screen = skel_map_region(skel, 0, PROT_READ | PROT_WRITE, &length);
	copy = skel_malloc(skel, SIZE, SKEL_ALLOC_TOHOST);
	if (!screen || !copy || length < SIZE)
		err(1, "no region of %d bytes or no buffer", SIZE);

	for (int i = 0; i < LINES; i++) {
		snprintf(screen + i * COLUMNS, COLUMNS, "%-*d", COLUMNS - 1, i);
		turn_round(screen + i * COLUMNS);
	}
	if (skel_tohost(skel, &transfer, 0, SIZE, skel_host_addr(skel, copy)) ||
	    skel_wait(skel, &transfer, 1000))
		err(1, "the card does not send it: %s", transfer.reason);
	printf("screen in the card's memory: %d lines turned round, the card %s\n",
	       LINES, memcmp(screen, copy, SIZE) ? "sees something else" : "sees the same");
	skel_close(skel);
	return EXIT_SUCCESS;
}
