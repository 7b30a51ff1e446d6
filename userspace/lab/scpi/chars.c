// SPDX-License-Identifier: GPL-2.0
/*
 * chars.c - classes of characters, and a cursor over them
 *
 * Stricter than IEEE 488.2-1992 in one respect: blanks are space, tab and
 * carriage return only, other control characters are errors.
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

bool scpi_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

bool scpi_skip_blanks(struct scpi_cursor *at)
{
	const char *start = at->pos;

	while (scpi_is_blank(scpi_peek(at)))
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
