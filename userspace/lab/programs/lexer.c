// SPDX-License-Identifier: GPL-2.0
/*
 * lexer.c - words, numbers and signs of a program's text
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "programs/internal.h"
#include "scpi/chars.h"

#define REAL_MAX	40	/* characters of a number with a fraction */

static char peek(const struct program_lexer *lexer, size_t ahead)
{
	size_t pos = lexer->pos + ahead;

	return pos < lexer->length ? lexer->text[pos] : '\0';
}

bool program_same_word(const char *a, size_t length, const char *b)
{
	size_t i;

	if (strlen(b) != length)
		return false;
	for (i = 0; i < length; i++) {
		if (!scpi_same_letter(a[i], b[i]))
			return false;
	}
	return true;
}

static void skip_blanks(struct program_lexer *lexer)
{
	char c = peek(lexer, 0);

	for (; c == ' ' || c == '\t' || c == '\r'; c = peek(lexer, 0))
		lexer->pos++;
	if (c != '#')
		return;
	while (lexer->pos < lexer->length && peek(lexer, 0) != '\n')
		lexer->pos++;
}

static void bad(struct program_lexer *lexer, struct program_token *token,
		const char *message)
{
	token->type = TOKEN_BAD;
	lexer->message = message;
}

static int hex_digit(char c)
{
	if (scpi_is_digit(c))
		return c - '0';
	c |= 'a' ^ 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void lex_hex(struct program_lexer *lexer, struct program_token *token)
{
	uint64_t value = 0;
	size_t start = lexer->pos += 2;
	int digit;

	for (; (digit = hex_digit(peek(lexer, 0))) >= 0; lexer->pos++) {
		if (value >> 60) {
			bad(lexer, token, "a number of at most 64 bits");
			return;
		}
		value = value << 4 | digit;
	}
	token->value.integer = (int64_t)value;
	if (lexer->pos == start || scpi_is_mnemonic(peek(lexer, 0)))
		bad(lexer, token, "hexadecimal digits");
}

static void skip_digits(struct program_lexer *lexer)
{
	while (scpi_is_digit(peek(lexer, 0)))
		lexer->pos++;
}

/* Skip a fraction and an exponent. Return: was there either? */
static bool skip_rest(struct program_lexer *lexer)
{
	size_t start = lexer->pos, sign;

	if (peek(lexer, 0) == '.') {
		lexer->pos++;
		skip_digits(lexer);
	}
	if (peek(lexer, 0) == 'e' || peek(lexer, 0) == 'E') {
		sign = peek(lexer, 1) == '+' || peek(lexer, 1) == '-';
		if (scpi_is_digit(peek(lexer, 1 + sign))) {
			lexer->pos += 1 + sign;
			skip_digits(lexer);
		}
	}
	return lexer->pos != start;
}

static void convert_real(struct program_lexer *lexer,
			 struct program_token *token)
{
	size_t length = lexer->pos - token->start;
	char number[REAL_MAX + 1];

	if (length > REAL_MAX) {
		bad(lexer, token, "a shorter number");
		return;
	}
	memcpy(number, lexer->text + token->start, length);
	number[length] = '\0';
	token->value.real = true;
	token->value.number = strtod(number, NULL);
	if (!isfinite(token->value.number))
		bad(lexer, token, "a smaller number");
}

static void convert_integer(struct program_lexer *lexer,
			    struct program_token *token)
{
	uint64_t value = 0;
	size_t i;

	for (i = token->start; i < lexer->pos; i++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, lexer->text[i] - '0',
					   &value)) {
			bad(lexer, token, "a number of at most 64 bits");
			return;
		}
	}
	token->value.integer = (int64_t)value;
}

static void lex_number(struct program_lexer *lexer,
		       struct program_token *token)
{
	token->type = TOKEN_NUMBER;
	if (peek(lexer, 0) == '0' && (peek(lexer, 1) | ('a' ^ 'A')) == 'x') {
		lex_hex(lexer, token);
		return;
	}
	skip_digits(lexer);
	if (skip_rest(lexer))
		convert_real(lexer, token);
	else
		convert_integer(lexer, token);
}

static void lex_string(struct program_lexer *lexer,
		       struct program_token *token)
{
	char quote = peek(lexer, 0), c;

	token->type = TOKEN_STRING;
	token->start = ++lexer->pos;
	for (; (c = peek(lexer, 0)) != quote; lexer->pos++) {
		if (lexer->pos == lexer->length || c == '\n') {
			bad(lexer, token, "the other quote");
			return;
		}
		if ((c >= 0 && c < ' ' && c != '\t') || c == 0x7f) {
			bad(lexer, token, "a character that can be printed");
			return;
		}
	}
	token->length = lexer->pos - token->start;
	lexer->pos++;
}

static void lex_sign(struct program_lexer *lexer, struct program_token *token)
{
	static const char pairs[][3] = {
		"<=", ">=", "<>", "!=", "==", "<<", ">>"
	};
	char first = peek(lexer, 0), second = peek(lexer, 1);
	size_t i;

	token->type = TOKEN_SIGN;
	if (!first || !strchr("+-*/(),=<>!&|^~", first)) {
		bad(lexer, token, "another character");
		return;
	}
	lexer->pos++;
	for (i = 0; i < SCPI_ARRAY_SIZE(pairs); i++) {
		if (pairs[i][0] == first && pairs[i][1] == second) {
			lexer->pos++;
			return;
		}
	}
}

static void lex_separator(struct program_lexer *lexer,
			  struct program_token *token)
{
	token->type = TOKEN_SEPARATOR;
	if (lexer->text[lexer->pos++] == '\n') {
		lexer->line++;
		lexer->line_start = lexer->pos;
	}
}

static void lex_name(struct program_lexer *lexer, struct program_token *token)
{
	token->type = TOKEN_NAME;
	while (scpi_is_mnemonic(peek(lexer, 0)))
		lexer->pos++;
}

void program_lex(struct program_lexer *lexer, struct program_token *token)
{
	char c;

	skip_blanks(lexer);
	*token = (struct program_token){
		.start = lexer->pos,
		.line = lexer->line,
		.column = lexer->pos - lexer->line_start + 1,
	};
	c = peek(lexer, 0);
	if (lexer->pos == lexer->length)
		token->type = TOKEN_END;
	else if (c == '\n' || c == ';')
		lex_separator(lexer, token);
	else if (scpi_is_letter(c))
		lex_name(lexer, token);
	else if (scpi_is_digit(c) ||
		 (c == '.' && scpi_is_digit(peek(lexer, 1))))
		lex_number(lexer, token);
	else if (c == '"' || c == '\'')
		lex_string(lexer, token);
	else
		lex_sign(lexer, token);
	if (token->type != TOKEN_STRING)
		token->length = lexer->pos - token->start;
}
