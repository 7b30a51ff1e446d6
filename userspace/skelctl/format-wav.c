// SPDX-License-Identifier: GPL-2.0
/*
 * format-wav.c - WAV, 16 bits; from 4 GiB on RF64 (EBU Tech 3306)
 *
 * The header, in one page, is rewritten as a whole each time the data have
 * grown, with the length that is there by then. Its JUNK chunk is the place of
 * RF64's 64 bit lengths.
 */
#include <math.h>
#include <string.h>

#include "format.h"

#define WAV_HEADER	512
#define DS64_BYTES	28

static char *put_chunk(char *at, const char *name, uint32_t length)
{
	memcpy(at, name, 4);
	return put_le(at + 4, length, 4);
}

static void make_wav_header(const struct writer *w, char *header)
{
	uint64_t data = w->out.frames * w->out.frame_bytes;
	uint64_t riff = WAV_HEADER - 8 + data;
	bool long_one = riff > UINT32_MAX;
	uint32_t rate = lround(w->rec->rate);
	char comment[COMMENT_MAX] = "", *at = header;
	int length = recording_comment(w->rec, comment) + 1;

	length += length % 2;
	memset(header, 0, WAV_HEADER);
	at = put_chunk(at, long_one ? "RF64" : "RIFF",
		       long_one ? UINT32_MAX : riff);
	memcpy(at, "WAVE", 4);
	at = put_chunk(at + 4, long_one ? "ds64" : "JUNK", DS64_BYTES);
	if (long_one) {
		put_le(at, riff, 8);
		put_le(at + 8, data, 8);
		put_le(at + 16, w->out.frames, 8);
	}
	at = put_chunk(at + DS64_BYTES, "fmt ", 16);
	at = put_le(at, 1, 2);	/* PCM */
	at = put_le(at, w->rec->inputs, 2);
	at = put_le(at, rate, 4);
	at = put_le(at, (uint64_t)rate * w->out.frame_bytes, 4);
	at = put_le(at, w->out.frame_bytes, 2);
	at = put_le(at, 16, 2);
	at = put_chunk(at, "LIST", 4 + 8 + length);
	memcpy(at, "INFO", 4);
	at = put_chunk(at + 4, "ICMT", length);
	memcpy(at, comment, length);
	at += length;
	/* the rest up to the data */
	at = put_chunk(at, "JUNK", header + WAV_HEADER - 8 - (at + 8));
	put_chunk(header + WAV_HEADER - 8, "data",
		  long_one ? UINT32_MAX : data);
}

const struct format wav_format = {
	.name = "wav", .suffixes = "wav,wave,rf64", .seeks = true,
	.sample = sizeof(int16_t), .rate_max = UINT32_MAX,
	.header = WAV_HEADER, .make_header = make_wav_header,
	.begin = fixed_begin, .put = raw_put, .commit = fixed_commit,
};
