// SPDX-License-Identifier: GPL-2.0
/*
 * format-text.c - CSV and JSON lines: a line for each frame
 *
 * A line killed in the middle of its write() is the only thing that can be
 * incomplete: the last line of the file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

struct text {
	struct volts volts;
	char before[INPUTS_MAX][32];	/* each voltage */
	unsigned char before_length[INPUTS_MAX];
};

static struct text *begin_text(struct writer *w)
{
	struct text *text = calloc(1, sizeof(*text));

	w->state = text;
	w->out.whole = whole_by_line;
	return text;
}

static void put_before(struct text *text, int n, const char *start,
		       const char *name, const char *end)
{
	int length = snprintf(text->before[n], sizeof(text->before[n]),
			      "%s%s%s", start, name, end);

	text->before_length[n] = length;
}

static int begin_csv(struct writer *w)
{
	struct text *text = begin_text(w);
	char line[32 * INPUTS_MAX];
	int n, at = snprintf(line, sizeof(line), "time/s");

	if (!text)
		return -1;
	for (n = 0; n < w->rec->inputs; n++) {
		put_before(text, n, ",", "", "");
		at += snprintf(line + at, sizeof(line) - at, ",%s/V",
			       w->rec->name[n]);
	}
	line[at++] = '\n';
	w->out.header = at;
	return output_put(&w->out, line, at);
}

static int begin_json(struct writer *w)
{
	struct text *text = begin_text(w);
	int n;

	if (!text)
		return -1;
	for (n = 0; n < w->rec->inputs; n++)
		put_before(text, n, ",\"", w->rec->name[n], "\":");
	return 0;
}

static int put_lines(struct writer *w, int64_t first, const int16_t *codes,
		     size_t count, const char *start, const char *end)
{
	struct text *text = w->state;
	size_t i, start_length = strlen(start), end_length = strlen(end);
	int n;

	for (i = 0; i < count; i++) {
		char *line = output_room(&w->out, OUTPUT_PIECE), *at = line;

		if (!line)
			return -1;
		memcpy(at, start, start_length);
		at += start_length;
		at += recording_time_text(w->rec, first + i, at);
		for (n = 0; n < w->rec->inputs; n++) {
			memcpy(at, text->before[n], sizeof(text->before[n]));
			at = recording_put_volts(w->rec, &text->volts, *codes++,
						 at + text->before_length[n]);
		}
		memcpy(at, end, end_length);
		output_used(&w->out, at + end_length - line);
		w->out.frames++;
	}
	return 0;
}

static int put_csv(struct writer *w, int64_t first, const int16_t *codes,
		   size_t count)
{
	return put_lines(w, first, codes, count, "", "\n");
}

static int put_json(struct writer *w, int64_t first, const int16_t *codes,
		    size_t count)
{
	return put_lines(w, first, codes, count, "{\"time\":", "}\n");
}

static int end_text(struct writer *w)
{
	free(w->state);
	return 0;
}

const struct format csv_format = {
	.name = "csv", .suffixes = "csv,txt", .timed = true,
	.frame = 3, .sample = 9,
	.begin = begin_csv, .put = put_csv, .end = end_text,
};

const struct format json_format = {
	.name = "jsonl", .suffixes = "jsonl,ndjson", .timed = true,
	.frame = 12, .sample = 16,
	.begin = begin_json, .put = put_json, .end = end_text,
};
