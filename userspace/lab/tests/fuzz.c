// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz.c - what the fuzzers share
 */
#include <ctype.h>
#include <string.h>

#include "commands/instrument.h"
#include "tests/fuzz.h"

/*
 * A clock that advances when it is read: how much the instrument does before it
 * looks for events does not depend on the machine.
 */
static uint64_t ticking(void)
{
	static uint64_t now;

	return now += LAB_SECOND / 1000;
}

struct lab *fuzz_lab(struct fake_card *fake)
{
	const struct lab_settings settings = {
		.command_time = LAB_SECOND / 1000, .seed = 1, .serial = "0",
	};
	struct lab *lab = lab_create(fake_card_card(fake), &instrument, &settings);

	must(lab);
	lab->time.clock = ticking;
	lab->time.real_start = ticking();
	return lab;
}

static bool is_escape(const char *bytes, size_t length)
{
	return length >= 3 && bytes[0] == '~' &&
	       isxdigit((unsigned char)bytes[1]) &&
	       isxdigit((unsigned char)bytes[2]);
}

size_t fuzz_unescape(char *to, const char *bytes, size_t length)
{
	size_t count = 0, used;

	for (; length; bytes += used, length -= used) {
		used = is_escape(bytes, length) ? 3 : 1;
		if (used == 3) {
			const char digits[] = { bytes[1], bytes[2], '\0' };

			to[count++] = strtoul(digits, NULL, 16);
		} else {
			to[count++] = bytes[0];
		}
	}
	return count;
}

void fuzz_lines(const uint8_t *data, size_t size,
		void (*line)(void *arg, const char *bytes, size_t length),
		void *arg)
{
	const char *bytes = (const char *)data;

	while (size) {
		const char *end = memchr(bytes, '\n', size);
		size_t length = end ? (size_t)(end - bytes) : size;

		line(arg, bytes, length);
		size -= length + !!end;
		bytes += length + !!end;
	}
}
