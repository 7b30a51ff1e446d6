// SPDX-License-Identifier: GPL-2.0
/*
 * format-binary.c - raw samples, NumPy's .npy
 */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "format.h"

int raw_put(struct writer *w, int64_t first, const int16_t *codes,
	    size_t count)
{
	size_t bytes = w->out.frame_bytes, i, n;

	while (count) {
		char *at;

		n = count * bytes < OUTPUT_PIECE ? count : OUTPUT_PIECE / bytes;
		at = output_room(&w->out, n * bytes);
		if (!at)
			return -1;
		for (i = 0; i < n * w->rec->inputs; i++) {
			uint16_t code = htole16(codes[i]);

			memcpy(at + 2 * i, &code, sizeof(code));
		}
		output_used(&w->out, n * bytes);
		w->out.frames += n;
		codes += n * w->rec->inputs;
		count -= n;
	}
	return 0;
}

const struct format raw_format = {
	.name = "raw", .suffixes = "raw,bin,s16",
	.sample = sizeof(int16_t),
	.begin = fixed_begin, .put = raw_put,
};

/*
 * .npy, version 1.0 of numpy.lib.format: an array of records with a field
 * "time" in s and one for each input in V, so that nothing has to be known
 * besides. The header has a fixed size and says how many records there are; it
 * lies in one page and is rewritten as a whole.
 */
#define NPY_HEADER	1024	/* a multiple of 64 */

static void make_npy_header(const struct writer *w, char *header)
{
	int at = 10, n;

	memcpy(header, "\223NUMPY\1\0", 8);
	header[8] = (char)((NPY_HEADER - 10) & 0xff);
	header[9] = (NPY_HEADER - 10) >> 8;
	at += sprintf(header + at, "{'descr': [('time', '<f8')");
	for (n = 0; n < w->rec->inputs; n++)
		at += sprintf(header + at, ", ('%s', '<f4')", w->rec->name[n]);
	at += sprintf(header + at, "], 'fortran_order': False, 'shape': (%llu,), }",
		      (unsigned long long)w->out.frames);
	memset(header + at, ' ', NPY_HEADER - 1 - at);
	header[NPY_HEADER - 1] = '\n';
}

static char *put_bytes(char *at, const void *value, size_t size)
{
	const char *from = value;
	size_t i;

	for (i = 0; i < size; i++)
		at[i] = from[__BYTE_ORDER == __LITTLE_ENDIAN ? i :
			     size - 1 - i];
	return at + size;
}

static int put_npy(struct writer *w, int64_t first, const int16_t *codes,
		   size_t count)
{
	double scale = recording_scale(w->rec);
	size_t i;
	int n;

	for (i = 0; i < count; i++) {
		double time = recording_time(w->rec, first + i);
		char *at = output_room(&w->out, w->out.frame_bytes);

		if (!at)
			return -1;
		at = put_bytes(at, &time, sizeof(time));
		for (n = 0; n < w->rec->inputs; n++) {
			float volts = *codes++ * scale;

			at = put_bytes(at, &volts, sizeof(volts));
		}
		output_used(&w->out, w->out.frame_bytes);
		w->out.frames++;
	}
	return 0;
}

const struct format npy_format = {
	.name = "npy", .suffixes = "npy", .timed = true, .seeks = true,
	.frame = sizeof(double), .sample = sizeof(float),
	.header = NPY_HEADER, .make_header = make_npy_header,
	.begin = fixed_begin, .put = put_npy, .commit = fixed_commit,
};
