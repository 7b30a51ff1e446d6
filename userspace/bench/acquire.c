// SPDX-License-Identifier: GPL-2.0
/*
 * acquire.c - skel-bench: 1,000 scans from two inputs into the program's memory
 *
 * Two simulated cards, which both compute a waveform from a timer at the same rate:
 * comedi_test by a command that ends by itself, read by read(); and skel_sim by a
 * stream of libskel.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/comedi.h>

#include "bench.h"

#define COMEDI		"/dev/comedi0"
#define SCANS		1000
#define RATE		100000		/* scans a second */
#define BYTES		(SCANS * 2 * sizeof(uint16_t))
#define RUNS		31

static void comedi(void *data)
{
	unsigned int inputs[2] = { CR_PACK(0, 0, 0), CR_PACK(1, 0, 0) };
	struct comedi_cmd command = {
		.start_src = TRIG_NOW,
		.scan_begin_src = TRIG_TIMER,
		.scan_begin_arg = 1000000000 / RATE,
		.convert_src = TRIG_NOW,
		.scan_end_src = TRIG_COUNT,
		.scan_end_arg = ARRAY_SIZE(inputs),
		.stop_src = TRIG_COUNT,
		.stop_arg = SCANS,
		.chanlist = inputs,
		.chanlist_len = ARRAY_SIZE(inputs),
	};
	char samples[BYTES];
	int fd = *(int *)data;
	size_t got = 0;

	if (ioctl(fd, COMEDI_CMD, &command))
		err(1, "COMEDI_CMD");
	while (got < sizeof(samples)) {
		ssize_t n = read(fd, samples + got, sizeof(samples) - got);

		if (n <= 0)
			err(1, COMEDI);
		got += n;
	}
	/* at its end the command is over */
	if (read(fd, samples, sizeof(samples)) != 0)
		errx(1, COMEDI ": more than %d scans", SCANS);
}

static void stream(void *data)
{
	const struct skel_stream_options options = {
		.source = SKEL_STREAM_RING,
		.block = BYTES,
		.blocks = 2,
	};
	struct skel_stream *s = skel_stream_open(data, &options);
	char command[24];
	struct skel_block block;

	snprintf(command, sizeof(command), "SAMPLE %d", RATE);
	if (!s || skel_stream_start(s, command) ||
	    skel_stream_acquire(s, &block, 10000) != 1)
		errx(1, "%s", skel_errmsg());
	if (block.length != BYTES || block.lost)
		errx(1, "a block of %llu bytes, %llu lost",
		     (unsigned long long)block.length, (unsigned long long)block.lost);
	skel_stream_close(s);
}

void bench_acquire(void)
{
	int fd = open(COMEDI, O_RDWR | O_CLOEXEC);
	struct skel *skel = bench_open();
	struct skel_info info;

	bench_heading("Acquisition",
		      "1,000 scans of two inputs at 100 kHz, from the command until the program has all of\n"
		      "them: what it costs the CPU, without the time in which that is idle.");
	bench_table();
	if (fd < 0) {
		bench_skipped(COMEDI, strerror(errno));
	} else {
		bench_time("acquire", "comedi_test", SCANS, bench_busy(RUNS, comedi, &fd));
		close(fd);
	}
	if (skel_get_info(skel, &info))
		errx(1, "%s", skel_errmsg());
	if (strcmp(info.name, "skel_sim") != 0)
		bench_skipped("acquire", "not the simulated card");
	else
		bench_time("acquire", "skel", SCANS, bench_busy(RUNS, stream, skel));
	skel_close(skel);
}
