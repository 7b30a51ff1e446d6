// SPDX-License-Identifier: GPL-2.0
/*
 * format-srzip.c - the session file of sigrok, version 2, for PulseView
 *
 * https://sigrok.org/wiki/File_format:Sigrok/v2: a zip archive with a file
 * "metadata" and, for each channel and each piece of its samples, a file
 * "analog-1-<channel>-<piece>" of 32 bit floating point numbers. They are stored,
 * not compressed.
 *
 * A zip archive has its directory at its end, and the last bytes say where. So
 * that it is valid at any moment, its end lies far behind the samples, in a
 * sparse file: a new piece goes in between, then the new directory goes to a
 * place where the old one is not, and then the last bytes, all in one page, are
 * changed to point there. The end is moved further away when the space in
 * between is used up, and cut off when the recording is complete. (Until then
 * Python's zipfile, which looks for the directory right in front of the end only,
 * does not read it; libzip, and so sigrok, does.)
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format.h"

#define SLOT_FIRST	(UINT64_C(1) << 16)	/* bytes of a directory */
#define SPACE_FIRST	(UINT64_C(1) << 22)	/* between samples and end */
#define PAGE		4096
#define PIECE		(1 << 20)	/* samples of a channel, sigrok's size */
#define PIECE_LEAST	1024	/* on a full disk */
#define PIECES_FULL	64		/* then pieces get larger */
#define END_BYTES	(56 + 20 + 22)
#define LOCAL_BYTES	30
#define ENTRY_MAX	(46 + 32 + 12)

struct srzip {
	uint64_t next;		/* where the next file goes */
	uint64_t slots, slot_bytes;	/* two of them, where directories go */
	uint64_t valid;		/* where the valid one is */
	uint64_t end;		/* of the archive */
	char *directory;
	size_t directory_bytes, directory_room;
	uint64_t entries;
	unsigned int pieces;
	float *samples;		/* of the next piece, one channel after another */
	size_t count;		/* frames in it */
	size_t least;		/* of a piece */
};

static uint32_t crc_table[256];

/* CRC-32 of ISO 3309, as in zip */
static uint32_t crc32_of(const unsigned char *bytes, size_t length)
{
	uint32_t crc = ~0U;
	size_t i;
	int bit;

	for (i = 0; !crc_table[255] && i < 256; i++) {
		crc_table[i] = i;
		for (bit = 0; bit < 8; bit++)
			crc_table[i] = crc_table[i] >> 1 ^
				       (crc_table[i] & 1 ? 0xedb88320 : 0);
	}
	for (i = 0; i < length; i++)
		crc = crc >> 8 ^ crc_table[(crc ^ bytes[i]) & 0xff];
	return ~crc;
}

/* What a local header and an entry of the directory have in common */
static char *put_common(char *at, const char *name, uint32_t crc,
			uint32_t length)
{
	at = put_le(at, 45, 2);	/* version 4.5: zip64 */
	at = put_le(at, 0, 2);	/* no flags */
	at = put_le(at, 0, 2);	/* stored */
	at = put_le(at, 0, 2);	/* 0:00:00 */
	at = put_le(at, 0x21, 2);	/* 1980-01-01 */
	at = put_le(at, crc, 4);
	at = put_le(at, length, 4);
	at = put_le(at, length, 4);
	return put_le(at, strlen(name), 2);
}

static int add_entry(struct srzip *zip, const char *name, uint32_t crc,
		     uint32_t length)
{
	char *at;

	if (zip->directory_room - zip->directory_bytes < ENTRY_MAX) {
		size_t room = 2 * zip->directory_room + 64 * ENTRY_MAX;

		at = realloc(zip->directory, room);
		if (!at)
			return -1;
		zip->directory = at;
		zip->directory_room = room;
	}
	at = zip->directory + zip->directory_bytes;
	at = put_le(at, 0x02014b50, 4);
	at = put_le(at, 3 << 8 | 45, 2);	/* made by Unix */
	at = put_common(at, name, crc, length);
	at = put_le(at, 12, 2);		/* extra field: zip64 */
	at = put_le(at, 0, 2);		/* comment */
	at = put_le(at, 0, 2);		/* disk */
	at = put_le(at, 0, 2);
	at = put_le(at, (uint64_t)0100644 << 16, 4);
	at = put_le(at, UINT32_MAX, 4);	/* offset: in the extra field */
	memcpy(at, name, strlen(name));
	at += strlen(name);
	at = put_le(at, 1, 2);
	at = put_le(at, 8, 2);
	at = put_le(at, zip->next, 8);
	zip->directory_bytes = at - zip->directory;
	zip->entries++;
	return 0;
}

static void make_end(const struct srzip *zip, uint64_t directory,
		     uint64_t here, char *at)
{
	uint64_t few = zip->entries < UINT16_MAX ? zip->entries : UINT16_MAX;

	at = put_le(at, 0x06064b50, 4);	/* zip64 end of directory */
	at = put_le(at, 56 - 12, 8);
	at = put_le(at, 3 << 8 | 45, 2);
	at = put_le(at, 45, 2);
	at = put_le(at, 0, 8);		/* disks */
	at = put_le(at, zip->entries, 8);
	at = put_le(at, zip->entries, 8);
	at = put_le(at, zip->directory_bytes, 8);
	at = put_le(at, directory, 8);
	at = put_le(at, 0x07064b50, 4);	/* where that is */
	at = put_le(at, 0, 4);
	at = put_le(at, here, 8);
	at = put_le(at, 1, 4);
	at = put_le(at, 0x06054b50, 4);
	at = put_le(at, 0, 4);
	at = put_le(at, few, 2);
	at = put_le(at, few, 2);
	at = put_le(at, zip->directory_bytes, 4);
	at = put_le(at, directory < UINT32_MAX ? directory : UINT32_MAX,
			4);
	put_le(at, 0, 2);			/* comment */
}

static int write_end(struct writer *w, uint64_t directory, uint64_t end)
{
	struct srzip *zip = w->state;
	char bytes[END_BYTES];

	make_end(zip, directory, end - END_BYTES, bytes);
	if (output_change(&w->out, bytes, sizeof(bytes), end - END_BYTES))
		return -1;
	zip->end = end;
	return 0;
}

/* Make the directory in memory the one that is valid. */
static int write_directory(struct writer *w)
{
	struct srzip *zip = w->state;
	uint64_t at = zip->slots;

	if (at == zip->valid)
		at += zip->slot_bytes;
	if (output_change(&w->out, zip->directory, zip->directory_bytes, at) ||
	    write_end(w, at, zip->end))
		return -1;
	zip->valid = at;
	return 0;
}

/* Room for @bytes more, and for a larger directory: move the end away. */
static int make_room(struct writer *w, uint64_t bytes)
{
	struct srzip *zip = w->state;
	uint64_t old = zip->slots, old_bytes = zip->slot_bytes, slot, start;

	if (zip->next + bytes <= old &&
	    zip->directory_bytes + ENTRY_MAX * (INPUTS_MAX + 1) <=
	    zip->slot_bytes)
		return 0;
	slot = zip->slot_bytes;
	while (zip->directory_bytes + ENTRY_MAX * (INPUTS_MAX + 1) > slot / 2)
		slot *= 2;
	start = zip->end + zip->next + bytes + SPACE_FIRST;
	start -= start % PAGE;
	/* still with the old directory, then with its copy */
	if (write_end(w, zip->valid, start + 2 * slot + PAGE))
		return -1;
	zip->slot_bytes = slot;
	zip->slots = start;
	if (!write_directory(w))
		return 0;
	zip->slot_bytes = old_bytes;
	zip->slots = old;
	return -1;
}

/* A file in the archive; it is not valid before write_directory(). */
static int add_file(struct writer *w, const char *name, const void *bytes,
		    uint32_t length)
{
	char header[LOCAL_BYTES + 32], *at = header;
	uint32_t crc = crc32_of(bytes, length);
	struct srzip *zip = w->state;

	at = put_le(at, 0x04034b50, 4);
	at = put_common(at, name, crc, length);
	at = put_le(at, 0, 2);
	memcpy(at, name, strlen(name));
	at += strlen(name);
	if (output_change(&w->out, header, at - header, zip->next) ||
	    output_change(&w->out, bytes, length, zip->next + (at - header)) ||
	    add_entry(zip, name, crc, length))
		return -1;
	zip->next += at - header + length;
	return 0;
}

static int begin_srzip(struct writer *w)
{
	struct srzip *zip = calloc(1, sizeof(*zip));
	char text[1024];
	int n, at;

	w->state = zip;
	if (!zip)
		return -1;
	if (output_begin(&w->out))
		return -1;
	zip->samples = malloc(sizeof(float) * PIECE * w->rec->inputs);
	if (!zip->samples)
		return -1;
	zip->slot_bytes = SLOT_FIRST;
	zip->slots = SPACE_FIRST;
	zip->end = SPACE_FIRST + 2 * SLOT_FIRST + PAGE;
	at = sprintf(text, "[global]\nsigrok version=0.5.2\n\n[device 1]\n"
		     "samplerate=%llu Hz\ntotal analog=%d\n",
		     llround(w->rec->rate), w->rec->inputs);
	for (n = 0; n < w->rec->inputs; n++)
		at += sprintf(text + at, "analog%d=%s\n", n + 1,
			      w->rec->name[n]);
	if (add_file(w, "version", "2", 1) || add_file(w, "metadata", text, at))
		return -1;
	return write_directory(w);
}

/* @count frames of what has been collected, from @from on, become a part of it. */
static int try_piece(struct writer *w, size_t from, size_t count)
{
	struct srzip *zip = w->state;
	size_t bytes = count * sizeof(float), old = zip->directory_bytes;
	uint64_t next = zip->next, entries = zip->entries;
	uint64_t needed = (bytes + LOCAL_BYTES + 32) * w->rec->inputs;
	char name[32];
	int n, error;

	if (make_room(w, needed))
		goto failed;
	for (n = 0; n < w->rec->inputs; n++) {
		snprintf(name, sizeof(name), "analog-1-%d-%u", n + 1,
			 zip->pieces + 1);
		if (add_file(w, name, zip->samples + (size_t)n * PIECE + from,
			     bytes))
			goto failed;
	}
	if (write_directory(w))
		goto failed;
	zip->pieces++;
	w->out.frames += count;
	return 0;
failed:
	/* the valid directory is still the one before */
	error = errno;
	zip->directory_bytes = old;
	zip->entries = entries;
	zip->next = next;
	if (next + needed <= zip->slots)	/* other places need the room */
		fallocate(w->out.fd, FALLOC_FL_PUNCH_HOLE |
			  FALLOC_FL_KEEP_SIZE, next, needed);
	errno = error;
	return -1;
}

/* On a full disk, as much of it as there is room for */
static int add_piece(struct writer *w)
{
	struct srzip *zip = w->state;
	size_t from = 0, count = zip->count;
	int error = 0;

	while (from < zip->count && count) {
		if (!try_piece(w, from, count)) {
			from += count;
			continue;
		}
		error = errno;
		w->out.failed = true;
		count = count > PIECE_LEAST ? count / 2 : 0;
	}
	zip->count = 0;
	errno = error;
	return error ? -1 : 0;
}

static int put_srzip(struct writer *w, int64_t first, const int16_t *codes,
		     size_t count)
{
	double scale = recording_scale(w->rec);
	struct srzip *zip = w->state;
	int n;

	if (w->out.failed) {
		errno = EIO;
		return -1;
	}
	while (count--) {
		for (n = 0; n < w->rec->inputs; n++) {
			float volts = *codes++ * scale;
			uint32_t bits;

			memcpy(&bits, &volts, sizeof(bits));
			bits = htole32(bits);
			memcpy(zip->samples + (size_t)n * PIECE + zip->count,
			       &bits, sizeof(bits));
		}
		if (++zip->count == PIECE && add_piece(w))
			return -1;
	}
	return 0;
}

/* A slow recording of days must not become millions of small files. */
static int commit_srzip(struct writer *w)
{
	struct srzip *zip = w->state;

	if (w->out.failed || !zip->count || zip->count < zip->least)
		return 0;
	if (add_piece(w))
		return -1;
	zip->least = w->out.frames / PIECES_FULL;
	return 0;
}

/* The directory behind the samples, where the old ones are not; then cut. */
static int end_srzip(struct writer *w)
{
	struct srzip *zip = w->state;
	int error = 0;
	char end[END_BYTES];

	if (!zip)
		return 0;
	if (!w->out.failed && add_piece(w))
		error = errno;
	/* a full disk may have no room for it there: then it stays as it is */
	if (zip->end && zip->samples &&
	    zip->next + zip->directory_bytes + END_BYTES < zip->slots) {
		uint64_t at = zip->next, length = at + zip->directory_bytes;

		make_end(zip, at, length, end);
		if (!output_change(&w->out, zip->directory,
				   zip->directory_bytes, at) &&
		    !output_change(&w->out, end, END_BYTES, length) &&
		    ftruncate(w->out.fd, length + END_BYTES))
			error = errno;
	}
	free(zip->samples);
	free(zip->directory);
	free(zip);
	w->state = NULL;
	errno = error;
	return error ? -1 : 0;
}

const struct format srzip_format = {
	.name = "srzip", .suffixes = "sr,srzip", .seeks = true,
	.sample = sizeof(float), .rate_max = UINT32_MAX,
	.begin = begin_srzip, .put = put_srzip, .commit = commit_srzip,
	.end = end_srzip,
};
