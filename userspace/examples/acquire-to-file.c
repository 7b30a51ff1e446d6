// SPDX-License-Identifier: GPL-2.0
/*
 * acquire-to-file.c - the shortest useful program with libskel
 *
 * Samples the inputs of a card for a tenth of a second and writes the raw
 * samples (16 bit little endian, input 0 and 1 in turn) to a file:
 *
 *	acquire-to-file samples.raw [/dev/skel0]
 *
 * Nobody else may sample with the card meanwhile; skelctl/run.c shows how to
 * notice that.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libskel.h>

#define BYTES	4000	/* 1000 frames of two samples */

static void command(struct skel *skel, const char *line)
{
	char reply[SKEL_LINE_MAX];

	if (skel_query(skel, reply, sizeof(reply), 1000, "%s", line) < 0)
		err(1, "%s", line);
	if (strncmp(reply, "OK", 2) != 0)
		errx(1, "%s: %s", line, reply);
}

int main(int argc, char **argv)
{
	struct skel_transfer t;
	struct skel *skel;
	void *samples;
	FILE *file;

	if (argc < 2)
		errx(2, "usage: acquire-to-file FILE [DEVICE]");
	skel = skel_open(argv[2]);
	samples = skel ? skel_malloc(skel, BYTES, SKEL_ALLOC_TOHOST) : NULL;
	if (!samples)
		err(1, "%s", argc > 2 ? argv[2] : SKEL_DEFAULT_PATH);

	command(skel, "SAMPLE 10000");
	usleep(150000);
	command(skel, "STOP");
	/* the card asks for DMA; the kernel checks the request and lets it pass */
	if (skel_tohost(skel, &t, 0, BYTES, skel_host_addr(skel, samples)) ||
	    skel_wait(skel, &t, 1000))
		err(1, "TOHOST %s", t.reason);

	file = fopen(argv[1], "wb");
	if (!file || fwrite(samples, 1, BYTES, file) != BYTES || fclose(file))
		err(1, "%s", argv[1]);
	skel_close(skel);
	return 0;
}
