// SPDX-License-Identifier: GPL-2.0
/*
 * emit.c - what all parts of the compiler need: tokens, errors, code
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "programs/internal.h"

#define FOUND_MAX	16	/* characters of what was found, in errors */

static const char *text_of(const struct program_compiler *c)
{
	return c->lexer.text + c->token.start;
}

void program_advance(struct program_compiler *c)
{
	program_lex(&c->lexer, &c->token);
}

bool program_is(const struct program_compiler *c, const char *word)
{
	return c->token.type == TOKEN_NAME &&
	       program_same_word(text_of(c), c->token.length, word);
}

bool program_is_sign(const struct program_compiler *c, const char *sign)
{
	return c->token.type == TOKEN_SIGN &&
	       program_same_word(text_of(c), c->token.length, sign);
}

/* Only the first error is reported. */
__printf(3, 4)
static bool error(struct program_compiler *c, const struct program_token *at,
		  const char *format, ...)
{
	va_list args;
	int length;

	if (*c->error)
		return false;
	length = snprintf(c->error, PROGRAM_ERROR_MAX, "line %u, column %u: ",
			  at->line, at->column);
	va_start(args, format);
	vsnprintf(c->error + length, PROGRAM_ERROR_MAX - length, format, args);
	va_end(args);
	return false;
}

bool program_wrong(struct program_compiler *c, const struct program_token *at,
		   const char *what)
{
	return error(c, at, "%s", what);
}

/* The token in words, short and printable */
static const char *found(const struct program_compiler *c, char *quoted)
{
	static const char *const names[] = {
		[TOKEN_END] = "the end",
		[TOKEN_SEPARATOR] = "the end of the statement",
		[TOKEN_STRING] = "a string",
	};
	size_t length = c->token.length;

	if (c->token.type < SCPI_ARRAY_SIZE(names) && names[c->token.type])
		return names[c->token.type];
	if (length > FOUND_MAX)
		length = FOUND_MAX;
	sprintf(quoted, "'%.*s'", (int)length, text_of(c));
	return quoted;
}

bool program_expected(struct program_compiler *c, const char *what)
{
	char quoted[FOUND_MAX + 3];

	if (c->token.type == TOKEN_BAD)
		return error(c, &c->token, "expected %s", c->lexer.message);
	return error(c, &c->token, "expected %s, found %s", what,
		     found(c, quoted));
}

bool program_expect_sign(struct program_compiler *c, const char *sign)
{
	char what[] = "'?'";

	if (!program_is_sign(c, sign)) {
		what[1] = *sign;
		return program_expected(c, what);
	}
	program_advance(c);
	return true;
}

bool program_target(struct program_compiler *c, struct program_token *name)
{
	if (c->token.type != TOKEN_NAME || c->is_reserved(c))
		return program_expected(c, "a variable");
	if (c->token.length > PROGRAM_IDENTIFIER_MAX)
		return program_expected(c, "a shorter name");
	*name = c->token;
	program_advance(c);
	return program_expect_sign(c, "=");
}

int program_variable(const struct program_compiler *c,
		     const struct program_token *at)
{
	const char *name = c->lexer.text + at->start;
	unsigned int i;

	for (i = 0; i < c->variables; i++) {
		if (program_same_word(name, at->length, c->variable[i]))
			return i;
	}
	return -1;
}

struct program_insn *program_emit(struct program_compiler *c,
				  enum program_op op,
				  const struct program_token *at)
{
	struct program_insn *insn;

	if (c->count >= PROGRAM_CODE_MAX) {
		program_wrong(c, at, "the program is too long");
		return NULL;
	}
	c->stack += program_ops[op].effect;
	if (c->stack > PROGRAM_STACK) {
		program_wrong(c, at, "the expression is too complex");
		return NULL;
	}
	insn = &c->code[c->count++];
	*insn = (struct program_insn){
		.op = op, .line = at->line, .column = at->column,
	};
	return insn;
}

bool program_emit_jump(struct program_compiler *c, enum program_op op,
		       const struct program_token *at, uint16_t *chain)
{
	struct program_insn *insn = program_emit(c, op, at);

	if (!insn)
		return false;
	insn->to = *chain;
	*chain = insn - c->code;
	return true;
}

void program_patch(struct program_compiler *c, uint16_t chain)
{
	while (chain != PROGRAM_NOWHERE) {
		uint16_t next = c->code[chain].to;

		c->code[chain].to = c->count;
		chain = next;
	}
}

/* Define it unless it exists. Return: its index, or -1 */
static int define_variable(struct program_compiler *c,
			   const struct program_token *at)
{
	unsigned int n = c->variables;
	int variable = program_variable(c, at);

	if (variable >= 0)
		return variable;
	if (n == PROGRAM_VARIABLES) {
		program_wrong(c, at, "there are too many variables");
		return -1;
	}
	memcpy(c->variable[n], c->lexer.text + at->start, at->length);
	return c->variables++;
}

bool program_store(struct program_compiler *c,
		   const struct program_token *name, int *variable)
{
	struct program_insn *insn;

	*variable = define_variable(c, name);
	if (*variable < 0)
		return false;
	insn = program_emit(c, OP_STORE, name);
	if (!insn)
		return false;
	insn->a = *variable;
	return true;
}
