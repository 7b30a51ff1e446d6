/* SPDX-License-Identifier: GPL-2.0 */
/*
 * json.h - write facts as JSON (RFC 8259)
 *
 * In an object each value has a key; in an array, and for the outermost value,
 * the key is NULL. Whole numbers beyond 2^53 are exact in the text, though some
 * readers round them.
 */
#ifndef _SKELCTL_JSON_H
#define _SKELCTL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *file;
	int depth;
	bool more;	/* there is a value before the next one */
	bool dense;	/* all in one line */
};

/* @bracket: '{' or '[' */
void json_open(struct json *json, const char *key, char bracket);
/* @bracket: '}' or ']'; a newline follows the outermost one */
void json_close(struct json *json, char bracket);
/* @text: bytes that are not UTF-8 become U+FFFD; NULL: null */
void json_string(struct json *json, const char *key, const char *text);
void json_number(struct json *json, const char *key, uint64_t value);
/* Not finite: null */
void json_real(struct json *json, const char *key, double value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

#endif /* _SKELCTL_JSON_H */
