// SPDX-License-Identifier: GPL-2.0
/*
 * compile.c - statements of a program
 *
 * One pass, without recursion except in expressions.
 */
#include <stdio.h>
#include <string.h>

#include "programs/internal.h"

struct statement {
	const char *word;
	program_statement *compile;
};

static const struct statement *find_statement(const struct program_compiler *c);

static bool is_end(const struct program_compiler *c)
{
	return c->token.type == TOKEN_SEPARATOR || c->token.type == TOKEN_END;
}

/* --- statements that are an operation and its values -------------------- */

static const struct simple {
	const char *word;
	uint8_t op, count;
	uint8_t a;
} simples[] = {
	{ "POKE8", OP_POKE, 2, 1 },
	{ "POKE16", OP_POKE, 2, 2 },
	{ "POKE32", OP_POKE, 2, 4 },
	{ "POKE64", OP_POKE, 2, 8 },
	{ "FILL", OP_FILL, 3, 0 },
	{ "COPY", OP_COPY, 3, 0 },
	{ "TOHOST", OP_TOHOST, 3, 0 },
	{ "FROMHOST", OP_FROMHOST, 3, 0 },
	{ "JOIN", OP_JOIN, 0, 0 },
	{ "AOUT", OP_AOUT, 2, 0 },
	{ "DOUT", OP_DOUT, 2, 0 },
	{ "STOP", OP_STOP, 0, 0 },
};

static const struct simple *find_simple(const struct program_compiler *c)
{
	size_t i;

	for (i = 0; i < SCPI_ARRAY_SIZE(simples); i++) {
		if (program_is(c, simples[i].word))
			return &simples[i];
	}
	return NULL;
}

static bool simple(struct program_compiler *c, const struct simple *simple)
{
	struct program_token at = c->token;
	struct program_insn *insn;

	program_advance(c);
	if (!program_expressions(c, simple->count))
		return false;
	insn = program_emit(c, simple->op, &at);
	if (!insn)
		return false;
	insn->a = simple->a;
	return true;
}

/* START TOHOST, START FROMHOST: do not wait */
static bool start(struct program_compiler *c, const struct program_token *at)
{
	enum program_op op = OP_START_TOHOST;

	if (program_is(c, "FROMHOST"))
		op = OP_START_FROMHOST;
	else if (!program_is(c, "TOHOST"))
		return program_expected(c, "TOHOST or FROMHOST");
	program_advance(c);
	return program_expressions(c, 3) && program_emit(c, op, at);
}

/* --- variables ------------------------------------------------------------ */

static bool is_reserved(const struct program_compiler *c)
{
	return find_statement(c) || find_simple(c) || program_function(c) ||
	       program_is(c, "TO") || program_is(c, "STEP") ||
	       program_is(c, "AND") || program_is(c, "OR") ||
	       program_is(c, "NOT") || program_is(c, "DIV") ||
	       program_is(c, "MOD") || program_is(c, "HEX");
}

static bool assignment(struct program_compiler *c)
{
	struct program_token name;
	int variable;

	return program_target(c, &name) && program_expression(c) &&
	       program_store(c, &name, &variable);
}

/* --- WAIT and PRINT --------------------------------------------------------- */

static bool wait(struct program_compiler *c, const struct program_token *at)
{
	static const struct {
		const char *name;
		uint32_t ns;
	} units[] = {
		{ "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 },
		{ "ns", 1 },
	};
	struct program_insn *insn;
	size_t i;

	if (!program_expression(c))
		return false;
	insn = program_emit(c, OP_WAIT, at);
	if (!insn)
		return false;
	insn->ns = units[0].ns;
	if (is_end(c))
		return true;
	for (i = 0; i < SCPI_ARRAY_SIZE(units); i++) {
		if (program_is(c, units[i].name)) {
			insn->ns = units[i].ns;
			program_advance(c);
			return true;
		}
	}
	return program_expected(c, "s, ms, us or ns");
}

static bool print_text(struct program_compiler *c)
{
	struct program_insn *insn = program_emit(c, OP_PRINT_TEXT, &c->token);

	if (!insn)
		return false;
	insn->start = c->token.start;
	insn->length = c->token.length;
	program_advance(c);
	return true;
}

static bool print_item(struct program_compiler *c)
{
	struct program_token at = c->token;

	if (c->token.type == TOKEN_STRING)
		return print_text(c);
	if (!program_is(c, "HEX"))
		return program_expression(c) &&
		       program_emit(c, OP_PRINT_VALUE, &at);
	program_advance(c);
	return program_expect_sign(c, "(") && program_expression(c) &&
	       program_expect_sign(c, ")") &&
	       program_emit(c, OP_PRINT_HEX, &at);
}

static bool print(struct program_compiler *c, const struct program_token *at)
{
	while (print_item(c)) {
		if (!program_is_sign(c, ","))
			return program_emit(c, OP_PRINT, at);
		program_advance(c);
	}
	return false;
}

/* --- the program -------------------------------------------------------------- */

static const struct statement statements[] = {
	{ "IF", program_if_block },
	{ "ELSEIF", program_elseif_branch },
	{ "ELSE", program_else_branch },
	{ "WHILE", program_while_block },
	{ "FOR", program_for_block },
	{ "END", program_end_block },
	{ "BREAK", program_break_loop },
	{ "CONTINUE", program_continue_loop },
	{ "WAIT", wait },
	{ "PRINT", print },
	{ "START", start },
};

static const struct statement *find_statement(const struct program_compiler *c)
{
	size_t i;

	for (i = 0; i < SCPI_ARRAY_SIZE(statements); i++) {
		if (program_is(c, statements[i].word))
			return &statements[i];
	}
	return NULL;
}

static bool statement(struct program_compiler *c)
{
	const struct statement *statement = find_statement(c);
	const struct simple *found = find_simple(c);
	struct program_token at = c->token;

	if (found)
		return simple(c, found);
	if (!statement)
		return assignment(c);
	program_advance(c);
	return statement->compile(c, &at);
}

/* Return: true at the end of the text */
static bool all_statements(struct program_compiler *c)
{
	for (;;) {
		while (c->token.type == TOKEN_SEPARATOR)
			program_advance(c);
		if (c->token.type == TOKEN_END)
			return true;
		if (!statement(c))
			return false;
		if (!is_end(c))
			return program_expected(c, "the end of the statement");
	}
}

static bool end_of_text(struct program_compiler *c)
{
	static const char *const words[] = {
		[BLOCK_IF] = "IF", [BLOCK_WHILE] = "WHILE", [BLOCK_FOR] = "FOR",
	};
	const struct program_block *block;
	char what[40];

	if (!c->blocks)
		return program_emit(c, OP_STOP, &c->token);
	block = &c->block[c->blocks - 1];
	snprintf(what, sizeof(what), "END of %s in line %u",
		 words[block->type], block->line);
	program_expected(c, what);
	c->incomplete = true;
	return false;
}

unsigned int program_compile(const char *text, size_t length,
			     struct program_insn *code, char *error,
			     bool *incomplete)
{
	struct program_compiler c = {
		.is_reserved = is_reserved,
		.lexer = { .text = text, .length = length, .line = 1 },
		.code = code,
		.error = error,
	};
	bool ok;

	*error = '\0';
	program_advance(&c);
	ok = all_statements(&c) && end_of_text(&c);
	*incomplete = c.incomplete;
	return ok ? c.count : 0;
}
