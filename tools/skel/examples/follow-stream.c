// SPDX-License-Identifier: GPL-2.0
/*
 * follow-stream.c - read a stream of samples of the instrument, and check it
 *
 * skel-lab sends each filled block to the next place of a ring in a DMA buffer.
 * Input 1 counts frames here, so that each sample tells whether it is the right
 * one:
 *
 *	follow-stream 1000000 [/dev/skel0]
 */
#include <endian.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libskel.h>

#define BLOCK	65536	/* bytes */
#define BLOCKS	16	/* in the ring */

static struct skel *skel;
static uint64_t frame;	/* next one, as the card counts them */
static uint64_t lost;

static void send_line(const char *line)
{
	if (skel_send(skel, "%s", line))
		err(1, "%s", line);
}

static void start_stream(uint64_t host_addr)
{
	char line[128];

	send_line("*RST");
	send_line("INPut1:FUNCtion COUNter");
	send_line("SAMPle:LIST (@1);RATE 1 MHz;COUNt INFinity");
	snprintf(line, sizeof(line), "STREam:STARt 0x%llx,%d,%d",
		 (unsigned long long)host_addr, BLOCK * BLOCKS, BLOCK);
	send_line(line);
	send_line("INITiate");
}

/*
 * Wait until a block has come; on the way, hear of frames that are lost. A block
 * that goes over the end of the card's own ring comes by two transfers.
 */
static void wait_for_block(void)
{
	unsigned long long count, next;
	uint64_t bytes = 0;
	char line[SKEL_LINE_MAX];
	struct skel_transfer t;

	for (;;) {
		if (skel_readline(skel, line, sizeof(line), 20000) < 0)
			err(1, "no block");
		if (sscanf(line, "OVERRUN %llu %llu", &count, &next) == 2) {
			lost += count;
			frame = next;
		} else if (skel_parse_transfer(line, &t) ||
			   t.result != SKEL_DONE) {
			errx(1, "the card says: %s", line);
		} else {
			bytes += t.length;
			if (bytes == BLOCK)
				return;
		}
	}
}

static void check_block(const uint16_t *samples)
{
	int i;

	for (i = 0; i < BLOCK / 2; i++, frame++) {
		if (le16toh(samples[i]) != (uint16_t)frame)
			errx(1, "%u instead of frame %llu",
			     le16toh(samples[i]), (unsigned long long)frame);
	}
}

int main(int argc, char **argv)
{
	uint64_t frames = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
	uint64_t block;
	char *ring;

	if (!frames)
		errx(2, "usage: follow-stream FRAMES [DEVICE]");
	skel = skel_open(argv[2]);
	if (!skel)
		err(1, "%s", argc > 2 ? argv[2] : SKEL_DEFAULT_PATH);
	ring = skel_malloc(skel, BLOCK * BLOCKS, SKEL_ALLOC_TOHOST);
	if (!ring)
		err(1, "skel_malloc");
	start_stream(skel_host_addr(skel, ring));
	for (block = 0; frame < frames; block++) {
		char line[64];

		wait_for_block();
		check_block((uint16_t *)(ring + block % BLOCKS * BLOCK));
		snprintf(line, sizeof(line), "STREam:ACKnowledge %llu",
			 (unsigned long long)block + 1);
		send_line(line);
	}
	printf("%llu frames, %llu lost\n", (unsigned long long)frame,
	       (unsigned long long)lost);
	skel_close(skel);
	return EXIT_SUCCESS;
}
