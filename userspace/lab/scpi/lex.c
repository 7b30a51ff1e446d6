// SPDX-License-Identifier: GPL-2.0
/*
 * lex.c - tokens of a program message: IEEE 488.2-1992, 7.6 and 7.7
 */
#include <string.h>

#include "scpi/internal.h"

/* Append a mnemonic. Return: 0 or an error */
static int lex_mnemonic(struct scpi_cursor *at, struct scpi_header *header)
{
	const char *start = at->pos;
	size_t length;

	if (!scpi_is_letter(scpi_peek(at)))
		return scpi_unexpected(at, SCPI_ERR_SYNTAX);
	while (scpi_is_mnemonic(scpi_peek(at)))
		at->pos++;
	length = at->pos - start;
	if (length > SCPI_MNEMONIC_MAX)
		return SCPI_ERR_MNEMONIC_TOO_LONG;
	/* room for a ':' and the NUL, too */
	if (header->length + length > sizeof(header->text) - 2)
		return SCPI_ERR_UNDEFINED_HEADER;
	memcpy(header->text + header->length, start, length);
	header->length += length;
	return 0;
}

/* Append "INP1:FREQ". The path becomes all but the last mnemonic. */
static int lex_compound(struct scpi_cursor *at, char *path,
			struct scpi_header *header)
{
	size_t leaf;
	int error;

	if (scpi_peek(at) == ':')
		at->pos++;
	else
		header->length = strlen(path);
	memcpy(header->text, path, header->length);
	for (;;) {
		leaf = header->length;
		error = lex_mnemonic(at, header);
		if (error)
			return error;
		if (scpi_peek(at) != ':')
			break;
		at->pos++;
		header->text[header->length++] = ':';
	}
	memcpy(path, header->text, leaf);
	path[leaf] = '\0';
	return 0;
}

int scpi_lex_header(struct scpi_cursor *at, char *path,
		    struct scpi_header *header)
{
	int error;

	header->length = 0;
	if (scpi_peek(at) == '*') {
		at->pos++;
		header->text[header->length++] = '*';
		error = lex_mnemonic(at, header);
	} else {
		error = lex_compound(at, path, header);
	}
	header->text[header->length] = '\0';
	if (error)
		return error;
	header->query = scpi_peek(at) == '?';
	if (header->query)
		at->pos++;
	if (!scpi_at_unit_end(at) && !scpi_is_blank(scpi_peek(at)))
		return scpi_unexpected(at, SCPI_ERR_HEADER_SEPARATOR);
	return 0;
}

/* #<d><length><bytes>, @at being after the '#' */
static int lex_block(struct scpi_cursor *at, struct scpi_token *token)
{
	unsigned int digits = *at->pos++ - '0';
	size_t length = 0;

	if (!digits)	/* indefinite length: impossible in a line */
		return SCPI_ERR_BLOCK;
	while (digits--) {
		if (!scpi_is_digit(scpi_peek(at)))
			return SCPI_ERR_BLOCK;
		length = length * 10 + *at->pos++ - '0';
	}
	if (length > (size_t)(at->end - at->pos))
		return SCPI_ERR_BLOCK;
	token->type = SCPI_TOKEN_BLOCK;
	token->bytes = at->pos;
	token->length = length;
	at->pos += length;
	return 0;
}

static int lex_hash(struct scpi_cursor *at, struct scpi_token *token)
{
	at->pos++;
	if (scpi_is_digit(scpi_peek(at)))
		return lex_block(at, token);
	return scpi_lex_based(at, token);
}

/* 'it''s' becomes it's, in place */
static int lex_string(struct scpi_cursor *at, struct scpi_token *token)
{
	char quote = *at->pos++;
	char *to = at->pos;

	token->type = SCPI_TOKEN_STRING;
	token->bytes = to;
	for (; at->pos < at->end; at->pos++) {
		if (*at->pos == quote) {
			at->pos++;
			if (scpi_peek(at) != quote) {
				token->length = to - token->bytes;
				return 0;
			}
		}
		*to++ = *at->pos;
	}
	return SCPI_ERR_STRING;
}

static int lex_expression(struct scpi_cursor *at, struct scpi_token *token)
{
	token->type = SCPI_TOKEN_EXPRESSION;
	token->bytes = at->pos;
	while (at->pos < at->end && *at->pos != ')') {
		int error = scpi_unexpected(at, 0);

		if (error)
			return error;
		at->pos++;
	}
	if (at->pos == at->end)
		return SCPI_ERR_EXPRESSION;
	at->pos++;
	token->length = at->pos - token->bytes;
	return 0;
}

static int lex_word(struct scpi_cursor *at, struct scpi_token *token)
{
	token->type = SCPI_TOKEN_WORD;
	token->bytes = at->pos;
	while (scpi_is_mnemonic(scpi_peek(at)))
		at->pos++;
	token->length = at->pos - token->bytes;
	return 0;
}

int scpi_lex_token(struct scpi_cursor *at, bool adjacent,
		   struct scpi_token *token)
{
	char c = scpi_peek(at);

	*token = (struct scpi_token){ 0 };
	if (c == '"' || c == '\'')
		return lex_string(at, token);
	if (c == '#')
		return lex_hash(at, token);
	if (c == '(')
		return lex_expression(at, token);
	if (scpi_is_letter(c))
		return lex_word(at, token);
	if (scpi_is_digit(c) || c == '.' || c == '+' || c == '-')
		return scpi_lex_number(at, adjacent, token);
	return scpi_unexpected(at, SCPI_ERR_SYNTAX);
}

int scpi_lex_bare_header(struct scpi_cursor *at, struct scpi_token *token)
{
	char c = scpi_peek(at);

	*token = (struct scpi_token){ 0 };
	if (c == '"' || c == '\'')
		return lex_string(at, token);
	token->type = SCPI_TOKEN_STRING;
	token->bytes = at->pos;
	for (; scpi_is_mnemonic(c) || c == ':' || c == '*' || c == '?';
	     c = scpi_peek(at))
		at->pos++;
	token->length = at->pos - token->bytes;
	return token->length ? 0 : scpi_unexpected(at, SCPI_ERR_SYNTAX);
}
