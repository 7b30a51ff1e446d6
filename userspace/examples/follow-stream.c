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

static void check(const struct skel_block *block)
{
	const uint16_t *at = block->data;
	uint64_t frame = block->offset / sizeof(*at), i;

	for (i = 0; i < block->length / sizeof(*at); i++, frame++)
		if (le16toh(at[i]) != (uint16_t)frame)
			errx(1, "%u instead of frame %llu", le16toh(at[i]),
			     (unsigned long long)frame);
}

int main(int argc, char **argv)
{
	unsigned long long frames = strtoull(argc > 1 ? argv[1] : "", NULL, 0), end;
	struct skel *skel = frames ? skel_open(argv[2]) : NULL;
	struct skel_stream *stream = NULL;
	struct skel_stream_info info;
	struct skel_block block;
	int ret;

	if (!frames)
		errx(2, "usage: follow-stream FRAMES [DEVICE]");
	/* what is sampled is set before the stream: it gives the length of a frame */
	if (skel && !skel_send(skel, "*RST") && !skel_send(skel, "INPut1:FUNCtion COUNter") &&
	    !skel_send(skel, "SAMPle:LIST (@1);RATE 1 MHz;COUNt INFinity"))
		stream = skel_stream_open(skel, NULL);
	if (!stream || skel_stream_start(stream, "INITiate"))
		errx(1, "%s", skel_errmsg());
	do {
		ret = skel_stream_acquire(stream, &block, 20000);
		if (ret != 1)
			errx(1, "no block: %s", skel_errmsg());
		check(&block);
		end = (block.offset + block.length) / 2;
		skel_stream_release(stream, &block);
	} while (end < frames);
	skel_stream_get_info(stream, &info);
	printf("%llu frames, %llu lost\n", end, (unsigned long long)(info.lost / info.frame));
	skel_stream_close(stream);
	skel_close(skel);
	return 0;
}
