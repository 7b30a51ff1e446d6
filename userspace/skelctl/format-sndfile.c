// SPDX-License-Identifier: GPL-2.0
/*
 * format-sndfile.c - W64 and FLAC by libsndfile
 *
 * The header of a W64 is brought up to date with each commit. FLAC needs none: its
 * blocks are complete in themselves, and a stream whose length is unknown is valid.
 * libFLAC writes each block at once; one for which the disk has no room is taken
 * back, since a stream that ends within a block is an error to its readers.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format.h"

#define FLAC_RATE_MAX	655350

struct sound {
	SNDFILE *file;
	int fd;
	int error;		/* errno of the first write that failed */
	bool flac;
	unsigned int block;	/* frames of a block of FLAC, 0: not yet known */
	uint64_t blocks;	/* that are in the file */
};

static sf_count_t length_of(void *data)
{
	struct sound *sound = data;
	struct stat st;

	return fstat(sound->fd, &st) ? -1 : st.st_size;
}

static sf_count_t seek(sf_count_t offset, int whence, void *data)
{
	struct sound *sound = data;

	return lseek(sound->fd, offset, whence);
}

static sf_count_t get(void *bytes, sf_count_t count, void *data)
{
	struct sound *sound = data;

	return read(sound->fd, bytes, count);
}

/* RFC 9639: the stream information comes first, blocks begin with a sync code */
static void look_at_flac(struct sound *sound, const unsigned char *bytes,
			 sf_count_t count)
{
	if (count >= 38 && (bytes[0] & 0x7f) == 0 && !sound->block)
		sound->block = bytes[4] << 8 | bytes[5];
	if (count > 2 && bytes[0] == 0xff && (bytes[1] & 0xfc) == 0xf8)
		sound->blocks++;
}

static sf_count_t put(const void *bytes, sf_count_t count, void *data)
{
	struct sound *sound = data;
	off_t at = lseek(sound->fd, 0, SEEK_CUR);
	sf_count_t done = 0;
	ssize_t n = 1;

	while (done < count && n > 0 && !sound->error) {
		n = write(sound->fd, (const char *)bytes + done, count - done);
		done += n > 0 ? n : 0;
	}
	if (done == count) {
		if (sound->flac)
			look_at_flac(sound, bytes, count);
		return count;
	}
	if (!sound->error)
		sound->error = n < 0 ? errno : ENOSPC;
	/* what is in front of the end of the file is header, and stays */
	if (sound->flac && done && at + done == length_of(sound) &&
	    !ftruncate(sound->fd, at))
		done = 0;
	return done;
}

static sf_count_t tell(void *data)
{
	struct sound *sound = data;

	return lseek(sound->fd, 0, SEEK_CUR);
}

static int begin_sndfile(struct writer *w, int format)
{
	SF_VIRTUAL_IO io = { length_of, seek, get, put, tell };
	SF_INFO info = {
		.samplerate = lround(w->rec->rate),
		.channels = w->rec->inputs,
		.format = format | SF_FORMAT_PCM_16,
	};
	struct sound *sound = calloc(1, sizeof(*sound));
	char comment[COMMENT_MAX];

	w->state = sound;
	if (!sound)
		return -1;
	sound->fd = w->out.fd;
	sound->flac = format == SF_FORMAT_FLAC;
	if (output_begin(&w->out))
		return -1;
	sound->file = sf_open_virtual(&io, SFM_WRITE, &info, sound);
	if (!sound->file) {
		errno = sound->error ? sound->error : EIO;
		return -1;
	}
	recording_comment(w->rec, comment);
	/* W64 has none */
	sf_set_string(sound->file, SF_STR_COMMENT, comment);
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
	struct sound *sound = w->state;
	sf_count_t n;

	if (w->out.failed) {
		errno = EIO;
		return -1;
	}
	n = sf_writef_short(sound->file, codes, count);
	w->out.frames += n > 0 ? n : 0;
	if (n == (sf_count_t)count && !sound->error)
		return 0;
	w->out.failed = true;
	errno = sound->error ? sound->error : EIO;
	return -1;
}

static int commit_w64(struct writer *w)
{
	struct sound *sound = w->state;

	if (sound && sound->file)
		sf_command(sound->file, SFC_UPDATE_HEADER_NOW, NULL, 0);
	return 0;
}

static int end_sndfile(struct writer *w)
{
	struct sound *sound = w->state;
	int error = 0;

	if (!sound)
		return 0;
	if (sound->file && sf_close(sound->file))
		error = EIO;
	if (sound->error)
		error = sound->error;
	/* the last blocks have not arrived */
	if (sound->error && sound->flac &&
	    w->out.frames > sound->blocks * sound->block)
		w->out.frames = sound->blocks * sound->block;
	free(sound);
	w->state = NULL;
	errno = error;
	return error ? -1 : 0;
}

const struct format w64_format = {
	.name = "w64", .suffixes = "w64", .seeks = true,
	.sample = sizeof(int16_t), .rate_max = INT_MAX,
	.begin = begin_w64, .put = put_sndfile, .commit = commit_w64,
	.end = end_sndfile,
};

const struct format flac_format = {
	.name = "flac", .suffixes = "flac", .seeks = true,
	.rate_max = FLAC_RATE_MAX,	/* a constant needs next to no bytes */
	.begin = begin_flac, .put = put_sndfile, .end = end_sndfile,
};
