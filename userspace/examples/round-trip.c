// SPDX-License-Identifier: GPL-2.0
/*
 * round-trip.c - bytes to a card and back: two buffers, both directions
 *
 * The card's memory is changed from its start on, so take one that is not sampling:
 *
 *	round-trip 65536 [/dev/skel0]
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libskel.h>

/* Wait for a transfer. One that does not end is given up: its buffer is not freed. */
static void finish(struct skel *skel, struct skel_transfer *t, int error)
{
	if (error)
		errx(1, "%s", skel_errmsg());
	if (!skel_wait(skel, t, 5000))
		return;
	warnx("%s", skel_errmsg());
	if (t->result == SKEL_PENDING)
		skel_abandon(skel, t);
	exit(1);
}

int main(int argc, char **argv)
{
	struct skel_transfer t = { .length = strtoull(argc > 1 ? argv[1] : "", NULL, 0) };
	struct skel *skel = t.length ? skel_open(argv[2]) : NULL;
	struct skel_info info;
	unsigned char *out, *in;

	if (!t.length)
		errx(2, "usage: round-trip BYTES [DEVICE]");
	if (!skel || skel_get_info(skel, &info))
		errx(1, "%s", skel_errmsg());
	if (t.length > info.buffer_max)
		errx(1, "at most %llu bytes", (unsigned long long)info.buffer_max);
	out = skel_malloc(skel, t.length, SKEL_ALLOC_FROMHOST);
	in = out ? skel_malloc(skel, t.length, SKEL_ALLOC_TOHOST) : NULL;
	if (!in)
		errx(1, "%s", skel_errmsg());
	for (uint64_t i = 0; i < t.length; i++)
		out[i] = (unsigned char)(i * 31 + i / 251);
	/* the command and the wait for it, or what could be one of many transfers */
	finish(skel, &t, skel_fromhost(skel, &t, 0, t.length, skel_host_addr(skel, out)));
	t.direction = SKEL_TOHOST;
	t.host_addr = skel_host_addr(skel, in);
	finish(skel, &t, skel_submit(skel, &t, NULL, NULL));
	/* a look at a buffer needs this only while a transfer still runs */
	skel_sync(skel, in, t.length, SKEL_SYNC_FOR_CPU);
	if (memcmp(in, out, t.length))
		errx(1, "what has come back differs");
	puts("all have come back");
	if (skel_free(skel, in) || skel_free(skel, out))
		errx(1, "%s", skel_errmsg());
	skel_close(skel);
	return 0;
}
