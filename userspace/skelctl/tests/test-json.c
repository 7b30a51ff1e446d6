// SPDX-License-Identifier: GPL-2.0
/*
 * test-json.c - JSON that others can read
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../json.h"
#include "unit.h"

static char *text;
static size_t size;

static struct json start(bool dense)
{
	free(text);
	return (struct json) { .file = open_memstream(&text, &size),
			       .dense = dense };
}

static bool wrote(struct json *json, const char *wanted)
{
	fclose(json->file);
	if (strcmp(text, wanted) == 0)
		return true;
	printf("# %s\n", text);
	return false;
}

TEST(strings_are_quoted)
{
	static const char * const wanted[][2] = {
		{ "", "\"\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "\n\x1f", "\"\\u000a\\u001f\"" },
		{ "\xc2\xb5 \xe2\x82\xac \xf0\x9f\x98\x80",
		  "\"\xc2\xb5 \xe2\x82\xac \xf0\x9f\x98\x80\"" },
		/* alone, too long, a surrogate, cut off, beyond Unicode */
		{ "\x80", "\"\\ufffd\"" },
		{ "\xc0\xaf", "\"\\ufffd\\ufffd\"" },
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xe2\x82", "\"\\ufffd\\ufffd\"" },
		{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ NULL, "null" },
	};
	struct json json;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		json = start(false);
		json_string(&json, NULL, wanted[i][0]);
		check(wrote(&json, wanted[i][1]));
	}
}

TEST(values_are_separated)
{
	struct json json = start(false);

	json_open(&json, NULL, '{');
	json_open(&json, "none", '[');
	json_close(&json, ']');
	json_open(&json, "some", '[');
	json_number(&json, NULL, UINT64_MAX);
	json_real(&json, NULL, 0.1);
	json_real(&json, NULL, 0.1 + 0.2);
	json_real(&json, NULL, NAN);
	json_close(&json, ']');
	json_bool(&json, "is", true);
	json_close(&json, '}');
	check(wrote(&json, "{\n  \"none\": [],\n  \"some\": [\n    18446744073709551615,\n    0.1,\n    0.30000000000000004,\n    null\n  ],\n  \"is\": true\n}\n"));

	json = start(true);
	json_open(&json, NULL, '{');
	json_number(&json, "a", 1);
	json_null(&json, "b");
	json_close(&json, '}');
	check(wrote(&json, "{\"a\": 1, \"b\": null}\n"));
}
