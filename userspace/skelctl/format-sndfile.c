// SPDX-License-Identifier: GPL-2.0
/*
 * format-sndfile.c - W64 and FLAC by libsndfile
 *
 * The header of a W64 is brought up to date with each commit. FLAC needs none:
 * frames are complete in themselves, and a stream whose length is unknown is
 * valid.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sndfile.h>
#include <unistd.h>

#include "format.h"

#define FLAC_RATE_MAX	655350

static size_t w64_bytes(const struct recording *rec)
{
	return rec->inputs * sizeof(int16_t);
}

static size_t flac_bytes(const struct recording *rec)
{
	(void)rec;
	return 0;	/* a constant needs next to nothing */
}

static const char *why_not_w64(const struct recording *rec)
{
	return rec->rate < 0.5 ? "its rate is a whole number of Hz" : NULL;
}

static const char *why_not_flac(const struct recording *rec)
{
	if (rec->rate < 0.5 || rec->rate > FLAC_RATE_MAX)
		return "its rate is a whole number up to 655350 Hz";
	return NULL;
}

static int begin_sndfile(struct writer *w, int format)
{
	SF_INFO info = {
		.samplerate = lround(w->rec->rate),
		.channels = w->rec->inputs,
		.format = format | SF_FORMAT_PCM_16,
	};
	char comment[80];
	SNDFILE *file;

	w->out.started = true;
	if (ftruncate(w->out.fd, 0))
		return -1;
	file = sf_open_fd(w->out.fd, SFM_WRITE, &info, 0);
	if (!file) {
		errno = EIO;
		return -1;
	}
	snprintf(comment, sizeof(comment), "rate=%.17g range=%gV", w->rec->rate,
		 w->rec->range / 1000.0);
	sf_set_string(file, SF_STR_COMMENT, comment);	/* W64 has none */
	w->state = file;
	return 0;
}

static int begin_w64(struct writer *w)
{
	return begin_sndfile(w, SF_FORMAT_W64);
}

static int begin_flac(struct writer *w)
{
	return begin_sndfile(w, SF_FORMAT_FLAC);
}

static int put_sndfile(struct writer *w, int64_t first, const int16_t *codes,
		       size_t count)
{
	sf_count_t n;

	(void)first;
	if (w->out.failed) {
		errno = EIO;
		return -1;
	}
	errno = 0;
	n = sf_writef_short(w->state, codes, count);
	w->out.frames += n > 0 ? n : 0;
	if (n == (sf_count_t)count)
		return 0;
	w->out.failed = true;
	if (!errno)
		errno = ENOSPC;
	return -1;
}

static int commit_w64(struct writer *w)
{
	if (w->state)
		sf_command(w->state, SFC_UPDATE_HEADER_NOW, NULL, 0);
	return 0;
}

static int end_sndfile(struct writer *w)
{
	int error = w->state ? sf_close(w->state) : 0;

	w->state = NULL;
	if (!error)
		return 0;
	errno = EIO;
	return -1;
}

const struct format w64_format = {
	.name = "w64", .suffixes = "w64", .seeks = true,
	.what = "Sony Wave64",
	.frame_bytes = w64_bytes, .why_not = why_not_w64,
	.begin = begin_w64, .put = put_sndfile, .commit = commit_w64,
	.end = end_sndfile,
};

const struct format flac_format = {
	.name = "flac", .suffixes = "flac", .seeks = true,
	.what = "FLAC, compressed without loss",
	.frame_bytes = flac_bytes, .why_not = why_not_flac,
	.begin = begin_flac, .put = put_sndfile, .end = end_sndfile,
};
