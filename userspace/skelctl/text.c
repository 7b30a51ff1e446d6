// SPDX-License-Identifier: GPL-2.0
/*
 * text.c - text that others have written, and sizes, for people
 */
#include <inttypes.h>
#include <unistd.h>

#include "text.h"

/* C0, DEL, and C1 in UTF-8. Return: how many bytes it has, 0: it is none. */
static size_t control(const char *text, size_t length)
{
	unsigned char byte = text[0];

	if (byte < 0x20 || byte == 0x7f)
		return 1;
	if (byte == 0xc2 && length > 1 && (text[1] & 0xe0) == 0x80)
		return 2;
	return 0;
}

char *text_tame(char *text)
{
	char *at;

	for (at = text; *at; at++) {
		/* behind the second byte there is at least the NUL */
		size_t length = control(at, 2);

		while (length--)
			at[length] = '?';
	}
	return text;
}

void text_put(FILE *file, const char *text, size_t length)
{
	size_t i;

	if (!isatty(fileno(file))) {
		fwrite(text, 1, length, file);
		return;
	}
	for (i = 0; i < length; i++) {
		size_t bytes = control(text + i, length - i);

		if (bytes == 2)
			fprintf(file, "\\x%02x", (unsigned char)text[i++]);
		if (bytes && text[i] != '\n' && text[i] != '\t')
			fprintf(file, "\\x%02x", (unsigned char)text[i]);
		else
			putc(text[i], file);
	}
}

char *text_size(char *text, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB" };
	int unit = 0;

	while (unit < 3 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, TEXT_SIZE_MAX, "%" PRIu64 " %s", bytes, units[unit]);
	return text;
}
