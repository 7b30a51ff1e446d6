/* SPDX-License-Identifier: GPL-2.0 */
/*
 * format.h - the formats of recordings
 *
 * What begin() and put() wrote and commit() completed is a valid file, whatever
 * happens then: a killed program, a full disk. Only a part of a second, since
 * the last commit(), is missing.
 */
#ifndef _SKEL_FORMAT_H
#define _SKEL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output.h"
#include "recording.h"

struct writer {
	const struct format *format;
	const struct recording *rec;
	struct output out;
	double level;		/* V: VCD has a line "higher than this" */
	int64_t next;		/* number of the frame that is expected */
	bool begun;
	void *state;		/* of the format, freed by its end() */
};

struct format {
	const char *name;	/* for --format */
	const char *suffixes;	/* of files: "wav,wave" */
	bool seeks;		/* needs a regular file */
	bool timed;		/* each frame has its time, so some may be missing */
	/* Bytes of a frame in the file, at least: so many, and for each sample in it */
	size_t frame, sample;
	double rate_max;	/* its rate is a whole number of Hz; 0: any rate */
	/* For fixed_begin() and fixed_commit(): bytes of the header, and what is in it */
	size_t header;
	void (*make_header)(const struct writer *w, char *header);
	/* Each returns 0, or -1 with errno. All but begin() may be NULL. */
	int (*begin)(struct writer *w);
	int (*put)(struct writer *w, int64_t first, const int16_t *frames,
		   size_t count);
	int (*commit)(struct writer *w);
	int (*end)(struct writer *w);
};

extern const struct format csv_format, json_format, vcd_format, raw_format,
			   npy_format, wav_format, srzip_format, w64_format,
			   flac_format;
/* All that this program was built with; the last one is NULL. */
extern const struct format *const formats[];

/* So many @bytes of a number, little endian. Return: where they end */
char *put_le(char *at, uint64_t value, int bytes);
#define FORMAT_HEADER_MAX	1024
/* begin() and commit() of formats whose frames have one length, behind a header */
int fixed_begin(struct writer *w);
int fixed_commit(struct writer *w);
/* Frames as codes of 16 bits, little endian: put() of some formats */
int raw_put(struct writer *w, int64_t first, const int16_t *codes,
	    size_t count);

size_t format_bytes(const struct format *format, const struct recording *rec);
/* NULL: there is none of this name, or for this suffix */
const struct format *format_by_name(const char *name);
const struct format *format_by_path(const char *path);

/*
 * writer_open() - create the file, or find out why it cannot be
 *
 * Return: 0, or -1 with errno: EEXIST there is such a file; ESPIPE the format
 * needs a regular file; others as of open().
 */
int writer_open(struct writer *w, const char *path, bool force);
/*
 * Write frames, the first of which is @first; those that are missing since the
 * last call become CODE_LOST unless the format is timed. All but the first call
 * begin where the one before ended, or later.
 */
int writer_put(struct writer *w, int64_t first, const int16_t *frames,
	       size_t count);
int writer_commit(struct writer *w);
/* Return: -1 with errno if any step before had failed, too. */
int writer_close(struct writer *w);

#endif /* _SKEL_FORMAT_H */
