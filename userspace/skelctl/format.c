// SPDX-License-Identifier: GPL-2.0
/*
 * format.c - the formats of recordings: which there are, how they are used
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "format.h"

#define FILL	1024	/* lost frames at once */

const struct format *const formats[] = {
	&csv_format, &json_format, &wav_format, &npy_format, &raw_format,
	&srzip_format, &vcd_format,
#ifdef HAVE_SNDFILE
	&w64_format, &flac_format,
#endif
	NULL
};

static bool is_in_list(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (; *list; list += *list == ',') {
		size_t n = strcspn(list, ",");

		if (n == length && strncasecmp(list, word, n) == 0)
			return true;
		list += n;
	}
	return false;
}

const struct format *format_by_name(const char *name)
{
	int i;

	for (i = 0; formats[i]; i++) {
		if (strcasecmp(name, formats[i]->name) == 0 ||
		    is_in_list(formats[i]->suffixes, name))
			return formats[i];
	}
	return NULL;
}

const struct format *format_by_path(const char *path)
{
	const char *dot = strrchr(path, '.');
	int i;

	for (i = 0; dot && formats[i]; i++) {
		if (is_in_list(formats[i]->suffixes, dot + 1))
			return formats[i];
	}
	return NULL;
}

size_t format_bytes(const struct format *format, const struct recording *rec)
{
	return format->frame + rec->inputs * format->sample;
}

int fixed_begin(struct writer *w)
{
	char header[FORMAT_HEADER_MAX];

	w->out.whole = whole_by_size;
	w->out.frame_bytes = format_bytes(w->format, w->rec);
	w->out.header = w->format->header;
	if (w->out.header)
		w->format->make_header(w, header);
	return output_put(&w->out, header, w->out.header);
}

int fixed_commit(struct writer *w)
{
	char header[FORMAT_HEADER_MAX];

	if (w->out.written < w->out.header)
		return 0;
	w->format->make_header(w, header);
	return output_change(&w->out, header, w->out.header, 0);
}

char *put_le(char *at, uint64_t value, int bytes)
{
	for (; bytes; bytes--) {
		*at++ = value & 0xff;
		value >>= 8;
	}
	return at;
}

int writer_open(struct writer *w, const char *path, bool force)
{
	if (output_open(&w->out, path, force))
		return -1;
	if (w->format->seeks && !w->out.regular) {
		output_close(&w->out);
		errno = ESPIPE;
		return -1;
	}
	return 0;
}

/* Frames that were lost, in a file that has no place for their times */
static int fill(struct writer *w, int64_t to)
{
	int16_t codes[FILL * INPUTS_MAX];
	size_t i, count;

	for (i = 0; i < FILL * INPUTS_MAX; i++)
		codes[i] = CODE_LOST;
	while (w->next < to) {
		count = to - w->next < FILL ? to - w->next : FILL;
		if (w->format->put(w, w->next, codes, count))
			return -1;
		w->next += count;
	}
	return 0;
}

int writer_put(struct writer *w, int64_t first, const int16_t *frames,
	       size_t count)
{
	if (!count)
		return 0;
	if (!w->begun) {
		w->begun = true;
		w->next = first;
		if (w->format->begin(w))
			return -1;
	}
	if (!w->format->timed && fill(w, first))
		return -1;
	if (w->format->put(w, first, frames, count))
		return -1;
	w->next = first + count;
	return 0;
}

int writer_commit(struct writer *w)
{
	int error = w->out.failed ? 0 : output_flush(&w->out);

	if (error)
		error = errno;
	/* also what a full disk has left becomes a valid file */
	if (w->begun && w->format->commit && w->out.regular &&
	    w->format->commit(w) && !error)
		error = errno;
	errno = error;
	return error ? -1 : 0;
}

int writer_close(struct writer *w)
{
	int error = writer_commit(w) ? errno : 0;

	if (w->begun && w->format->end && w->format->end(w) && !error)
		error = errno;
	if (output_close(&w->out) && !error)
		error = errno;
	if (w->out.failed && !error)
		error = EIO;
	errno = error;
	return error ? -1 : 0;
}
