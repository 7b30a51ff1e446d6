/* SPDX-License-Identifier: GPL-2.0 */
/*
 * recording.h - samples of a file
 *
 * WAV (RIFF) with PCM of 1 to 32 bits or with floats of 32 bits: full scale is
 * 10 V, so a file of 16 bits holds samples as the converters give them. A length
 * that says nothing, as programs write it that write to a pipe, is up to the end
 * of the file.
 *
 * CSV: numbers in V, separated by commas, semicolons or tabs, with decimal commas
 * where the separator is another one; lines that begin with '#' are skipped. The
 * first line may be one of titles, without numbers; units follow a title as in
 * "in0/mV" or "time (ms)". If the first title is that of a time ("time", "t",
 * "second"), this column gives the rate, as in the files of skelctl record, and
 * is not counted as one of voltages; otherwise the caller gives the rate.
 */
#ifndef _LAB_RECORDING_H
#define _LAB_RECORDING_H

#include <stddef.h>
#include <stdint.h>

#define RECORDING_SAMPLES_MAX	16777216	/* of one channel */
#define RECORDING_BYTES_MAX	268435456	/* of a file */
#define RECORDING_CHANNELS_MAX	64		/* or columns */
#define RECORDING_RATE_MAX	1000000		/* samples per second */
#define RECORDING_REASON_MAX	100

/* Why a file cannot be played */
struct recording_fault {
	int error;		/* SCPI_ERR_* */
	char reason[RECORDING_REASON_MAX];
};

struct recording {
	size_t count;		/* at least 1 */
	uint64_t rate;		/* 10^-6 samples per second */
	float samples[];	/* V */
};

/*
 * recording_open() - read one channel of a file
 * @directory: where files may be read from; NULL: nowhere
 * @name: without '/', not beginning with '.'
 * @channel: of WAV, or column of voltages of CSV, from 1
 * @rate: 10^-6 samples per second, 0: that of the file
 * @fault: why it cannot be read, if NULL is returned
 */
struct recording *recording_open(const char *directory, const char *name,
				 unsigned int channel, uint64_t rate,
				 struct recording_fault *fault);
void recording_close(struct recording *recording);

/*
 * The value in V, @tick ticks of 10 ns after the start. Between two samples it
 * changes linearly; after the last one it starts over.
 */
void recording_block(const struct recording *recording, uint64_t tick,
		     uint64_t period, size_t count, double *volts);

#endif /* _LAB_RECORDING_H */
