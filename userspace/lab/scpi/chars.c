// SPDX-License-Identifier: GPL-2.0
/*
 * chars.c - classes of characters, and a cursor over them
 */
#include "scpi/internal.h"

bool scpi_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool scpi_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool scpi_is_mnemonic(char c)
{
	return scpi_is_letter(c) || scpi_is_digit(c) || c == '_';
}

bool scpi_same_letter(char a, char b)
{
	if (a == b)
		return true;
	return scpi_is_letter(a) && (a ^ b) == ('a' ^ 'A');
}

/* IEEE 488.2-1992, 7.4.1.2: 0 to 9 and 11 to 32, whatever they look like */
bool scpi_is_blank(char c)
{
	return c >= 0 && c <= ' ' && c != '\n';
}

bool scpi_skip_blanks(struct scpi_cursor *at)
{
	const char *start = at->pos;

	while (at->pos < at->end && scpi_is_blank(*at->pos))
		at->pos++;
	return at->pos != start;
}

bool scpi_at_unit_end(const struct scpi_cursor *at)
{
	return at->pos == at->end || *at->pos == ';';
}

int scpi_unexpected(const struct scpi_cursor *at, int error)
{
	char c = scpi_peek(at);

	if (at->pos == at->end || scpi_is_blank(c) || (c > ' ' && c <= '~'))
		return error;
	return SCPI_ERR_CHARACTER;
}
