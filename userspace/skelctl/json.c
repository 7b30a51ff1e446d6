// SPDX-License-Identifier: GPL-2.0
/*
 * json.c - write facts as JSON (RFC 8259)
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "json.h"

/* Length of the UTF-8 sequence at @text, 0: it is none (RFC 3629) */
static int sequence(const unsigned char *text)
{
	int length = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 :
		     text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 :
		     text[0] < 0xf5 ? 4 : 0;
	int i;

	for (i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((text[0] == 0xe0 && text[1] < 0xa0) ||
	    (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) ||
	    (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}

static void quoted(FILE *file, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	putc('"', file);
	while (*at) {
		int length = sequence(at);

		if (!length)
			fputs("\\ufffd", file);
		else if (*at == '"' || *at == '\\')
			fprintf(file, "\\%c", *at);
		else if (*at < 0x20)
			fprintf(file, "\\u%04x", *at);
		else
			fwrite(at, 1, length, file);
		at += length ? length : 1;
	}
	putc('"', file);
}

static void begin(struct json *json, const char *key)
{
	if (json->more)
		putc(',', json->file);
	if (json->depth && !json->dense)
		fprintf(json->file, "\n%*s", 2 * json->depth, "");
	else if (json->more)
		putc(' ', json->file);
	if (key) {
		quoted(json->file, key);
		fputs(": ", json->file);
	}
	json->more = true;
}

void json_open(struct json *json, const char *key, char bracket)
{
	begin(json, key);
	putc(bracket, json->file);
	json->depth++;
	json->more = false;
}

void json_close(struct json *json, char bracket)
{
	json->depth--;
	if (json->more && !json->dense)
		fprintf(json->file, "\n%*s", 2 * json->depth, "");
	putc(bracket, json->file);
	json->more = json->depth > 0;
	if (!json->depth)
		putc('\n', json->file);
}

void json_string(struct json *json, const char *key, const char *text)
{
	begin(json, key);
	if (text)
		quoted(json->file, text);
	else
		fputs("null", json->file);
}

void json_number(struct json *json, const char *key, uint64_t value)
{
	begin(json, key);
	fprintf(json->file, "%" PRIu64, value);
}

void json_real(struct json *json, const char *key, double value)
{
	char text[32];
	int digits = 15;

	/* the shortest that is the same number again */
	do
		snprintf(text, sizeof(text), "%.*g", digits++, value);
	while (digits <= 17 && atof(text) != value);
	begin(json, key);
	fputs(isfinite(value) ? text : "null", json->file);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin(json, key);
	fputs(value ? "true" : "false", json->file);
}

void json_null(struct json *json, const char *key)
{
	json_string(json, key, NULL);
}
