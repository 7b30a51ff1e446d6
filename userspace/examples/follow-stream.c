// SPDX-License-Identifier: GPL-2.0
/*
 * follow-stream.c - follow a stream of samples from skel-lab, and check it
 *
 * Input 1 counts frames, so that each sample shows whether it is the right one:
 *
 *	follow-stream 1000000 [/dev/skel0]
 */
#include <endian.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <libskel.h>

#define BLOCK	65536	/* bytes */
#define BLOCKS	16	/* in the ring */

static unsigned long long frame, lost;	/* the next one, as the card counts */

/* A block that wraps around in the card's own ring comes in two transfers. */
static void wait_for_block(struct skel *skel)
{
	unsigned long long count, bytes = 0;
	char line[SKEL_LINE_MAX];
	struct skel_transfer t;

	while (bytes < BLOCK) {
		if (skel_readline(skel, line, sizeof(line), 20000) < 0)
			err(1, "no block");
		if (sscanf(line, "event: OVERRUN %llu %llu", &count, &frame) == 2)
			lost += count;
		else if (!skel_parse_transfer(line, &t) && t.result == SKEL_DONE)
			bytes += t.length;
		else
			errx(1, "the card says: %s", line);
	}
}

int main(int argc, char **argv)
{
	unsigned long long block, frames = strtoull(argc > 1 ? argv[1] : "", NULL, 0);
	struct skel *skel = frames ? skel_open(argv[2]) : NULL;
	uint16_t *ring = skel ? skel_malloc(skel, BLOCK * BLOCKS, SKEL_ALLOC_TOHOST) : NULL;

	if (!frames)
		errx(2, "usage: follow-stream FRAMES [DEVICE]");
	if (!ring || skel_send(skel, "*RST") || skel_send(skel, "INPut1:FUNCtion COUNter") ||
	    skel_send(skel, "SAMPle:LIST (@1);RATE 1 MHz;COUNt INFinity") ||
	    skel_send(skel, "STREam:STARt 0x%llx,%d,%d", (unsigned long long)
		      skel_host_addr(skel, ring), BLOCK * BLOCKS, BLOCK) ||
	    skel_send(skel, "INITiate"))
		err(1, "%s", argc > 2 ? argv[2] : SKEL_DEFAULT_PATH);
	for (block = 0; frame < frames; block++) {
		const uint16_t *at = ring + block % BLOCKS * BLOCK / sizeof(*ring);

		wait_for_block(skel);
		for (size_t i = 0; i < BLOCK / sizeof(*at); i++, frame++)
			if (le16toh(at[i]) != (uint16_t)frame)
				errx(1, "%u instead of frame %llu", le16toh(at[i]), frame);
		if (skel_send(skel, "STREam:ACKnowledge %llu", block + 1))
			err(1, "STREam:ACKnowledge");
	}
	printf("%llu frames, %llu lost\n", frame, lost);
	return 0;
}
