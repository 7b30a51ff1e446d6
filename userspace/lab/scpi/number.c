// SPDX-License-Identifier: GPL-2.0
/*
 * number.c - numbers in a program message: IEEE 488.2-1992, 7.7.2 to 7.7.4
 */
#include <stdlib.h>
#include <string.h>

#include "scpi/internal.h"

#define MANTISSA_MAX	255	/* digits, 7.7.2.4.1 */
#define EXPONENT_MAX	32000

static int digit_value(char c)
{
	if (scpi_is_digit(c))
		return c - '0';
	if (!scpi_is_letter(c))
		return 36;
	return (c | ('a' ^ 'A')) - 'a' + 10;
}

/* Append a digit to the whole number that the token is. */
static void add_digit(struct scpi_token *token, unsigned int base,
		      unsigned int digit)
{
	if (__builtin_mul_overflow(token->magnitude, base, &token->magnitude) ||
	    __builtin_add_overflow(token->magnitude, digit, &token->magnitude))
		token->huge = true;
	token->value = token->value * base + digit;
}

/* The digits of #H1F, #Q17, #B11, 0x1F. */
static int lex_based(struct scpi_cursor *at, unsigned int base,
		     struct scpi_token *token)
{
	const char *start = at->pos;

	while (scpi_is_letter(scpi_peek(at)) || scpi_is_digit(scpi_peek(at))) {
		unsigned int digit = digit_value(*at->pos);

		if (digit >= base)
			return SCPI_ERR_NUMBER_CHARACTER;
		add_digit(token, base, digit);
		at->pos++;
	}
	token->whole = true;
	if (at->pos == start)
		return scpi_unexpected(at, SCPI_ERR_NUMBER_CHARACTER);
	return 0;
}

/* The digits of the mantissa. Return: how many, without leading zeros */
static unsigned int lex_digits(struct scpi_cursor *at,
			       struct scpi_token *token, bool *any)
{
	unsigned int significant = 0;

	for (; scpi_is_digit(scpi_peek(at)); at->pos++) {
		*any = true;
		add_digit(token, 10, *at->pos - '0');
		if (token->value > 0)
			significant++;
	}
	return significant;
}

/*
 * E and what follows it, unless this is a unit that starts with E. White space
 * is legal before and after the E (7.7.2.2), and taken after its sign, too.
 */
static int lex_exponent(struct scpi_cursor *at, bool adjacent,
			struct scpi_token *token)
{
	struct scpi_cursor ahead = *at;
	int exponent = 0;

	if (!adjacent)
		scpi_skip_blanks(&ahead);
	if (!scpi_same_letter(scpi_peek(&ahead), 'e'))
		return 0;
	ahead.pos++;
	if (!adjacent)
		scpi_skip_blanks(&ahead);
	if (scpi_peek(&ahead) == '+' || scpi_peek(&ahead) == '-')
		ahead.pos++;
	else if (!scpi_is_digit(scpi_peek(&ahead)))
		return 0;
	if (!adjacent)
		scpi_skip_blanks(&ahead);
	if (!scpi_is_digit(scpi_peek(&ahead)))
		return scpi_unexpected(&ahead, SCPI_ERR_NUMBER_CHARACTER);
	for (; scpi_is_digit(scpi_peek(&ahead)); ahead.pos++)
		if (exponent <= EXPONENT_MAX)
			exponent = exponent * 10 + *ahead.pos - '0';
	token->whole = false;
	at->pos = ahead.pos;
	return exponent > EXPONENT_MAX ? SCPI_ERR_EXPONENT : 0;
}

/*
 * Between @start and @at is a number by the rules of IEEE 488.2. Its blanks go to
 * its end, where they harm nobody.
 */
static void convert(struct scpi_cursor *at, char *start,
		    struct scpi_token *token)
{
	char after = *at->pos;	/* the line is followed by a NUL */
	char *to = start, *from;

	for (from = start; from < at->pos; from++)
		if (!scpi_is_blank(*from))
			*to++ = *from;
	memset(to, ' ', at->pos - to);
	*at->pos = '\0';
	token->value = strtod(start, NULL);
	*at->pos = after;
}

static int lex_decimal(struct scpi_cursor *at, bool adjacent,
		       struct scpi_token *token)
{
	char *start = at->pos;
	unsigned int significant;
	bool any = false;
	int error;

	token->negative = scpi_peek(at) == '-';
	if (scpi_peek(at) == '-' || scpi_peek(at) == '+')
		at->pos++;
	token->whole = true;
	significant = lex_digits(at, token, &any);
	if (scpi_peek(at) == '.') {
		token->whole = false;
		at->pos++;
		significant += lex_digits(at, token, &any);
	}
	if (!any || scpi_peek(at) == '.')
		return scpi_unexpected(at, SCPI_ERR_NUMBER_CHARACTER);
	if (significant > MANTISSA_MAX)
		return SCPI_ERR_TOO_MANY_DIGITS;
	error = lex_exponent(at, adjacent, token);
	if (!error)
		convert(at, start, token);
	return error;
}

static bool is_unit(char c)
{
	return scpi_is_letter(c) || c == '/' || c == '%';
}

static void lex_unit(struct scpi_cursor *at, bool adjacent,
		     struct scpi_token *token)
{
	struct scpi_cursor ahead = *at;

	if (!adjacent)
		scpi_skip_blanks(&ahead);
	token->unit = ahead.pos;
	while (is_unit(scpi_peek(&ahead)))
		ahead.pos++;
	token->unit_length = ahead.pos - token->unit;
	if (token->unit_length)
		at->pos = ahead.pos;
}

int scpi_lex_number(struct scpi_cursor *at, bool adjacent,
		    struct scpi_token *token)
{
	int error;

	token->type = SCPI_TOKEN_NUMBER;
	if (at->end - at->pos >= 2 && at->pos[0] == '0' &&
	    scpi_same_letter(at->pos[1], 'x')) {
		at->pos += 2;
		return lex_based(at, 16, token);
	}
	error = lex_decimal(at, adjacent, token);
	if (!error)
		lex_unit(at, adjacent, token);
	return error;
}

int scpi_lex_based(struct scpi_cursor *at, struct scpi_token *token)
{
	unsigned int base;

	token->type = SCPI_TOKEN_NUMBER;
	switch (scpi_peek(at)) {
	case 'h':
	case 'H':
		base = 16;
		break;
	case 'q':
	case 'Q':
		base = 8;
		break;
	case 'b':
	case 'B':
		base = 2;
		break;
	default:
		return scpi_unexpected(at, SCPI_ERR_NUMBER_CHARACTER);
	}
	at->pos++;
	return lex_based(at, base, token);
}
