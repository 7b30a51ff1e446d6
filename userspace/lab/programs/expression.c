// SPDX-License-Identifier: GPL-2.0
/*
 * expression.c - expressions of a program, by precedence climbing
 *
 * Recursion is bounded: parentheses, functions and operands that bind more
 * tightly add a level each, and there are at most PROGRAM_NESTING of them.
 */
#include <string.h>

#include "programs/internal.h"

enum {
	LEVEL_OR = 1, LEVEL_AND, LEVEL_NOT, LEVEL_COMPARE, LEVEL_BITOR,
	LEVEL_BITXOR, LEVEL_BITAND, LEVEL_SHIFT, LEVEL_SUM, LEVEL_PRODUCT,
};

static const struct binary {
	const char *sign;
	uint8_t level, op;
} binaries[] = {
	{ "OR", LEVEL_OR, OP_OR },
	{ "AND", LEVEL_AND, OP_AND },
	{ "=", LEVEL_COMPARE, OP_EQUAL },
	{ "==", LEVEL_COMPARE, OP_EQUAL },
	{ "<>", LEVEL_COMPARE, OP_UNEQUAL },
	{ "!=", LEVEL_COMPARE, OP_UNEQUAL },
	{ "<", LEVEL_COMPARE, OP_LESS },
	{ "<=", LEVEL_COMPARE, OP_NOT_MORE },
	{ ">", LEVEL_COMPARE, OP_MORE },
	{ ">=", LEVEL_COMPARE, OP_NOT_LESS },
	{ "|", LEVEL_BITOR, OP_BITOR },
	{ "^", LEVEL_BITXOR, OP_BITXOR },
	{ "&", LEVEL_BITAND, OP_BITAND },
	{ "<<", LEVEL_SHIFT, OP_SHIFT_LEFT },
	{ ">>", LEVEL_SHIFT, OP_SHIFT_RIGHT },
	{ "+", LEVEL_SUM, OP_ADD },
	{ "-", LEVEL_SUM, OP_SUBTRACT },
	{ "*", LEVEL_PRODUCT, OP_MULTIPLY },
	{ "/", LEVEL_PRODUCT, OP_DIVIDE },
	{ "DIV", LEVEL_PRODUCT, OP_DIV },
	{ "MOD", LEVEL_PRODUCT, OP_MOD },
};

static bool climb(struct program_compiler *c, unsigned int level);

static bool is_word_or_sign(const struct program_compiler *c, const char *what)
{
	return program_is(c, what) || program_is_sign(c, what);
}

static const struct binary *find_binary(const struct program_compiler *c)
{
	size_t i;

	for (i = 0; i < SCPI_ARRAY_SIZE(binaries); i++) {
		if (is_word_or_sign(c, binaries[i].sign))
			return &binaries[i];
	}
	return NULL;
}

const struct program_function *program_function(const struct program_compiler *c)
{
	size_t i;

	for (i = 0; i < program_function_count; i++) {
		if (program_is(c, program_functions[i].name))
			return &program_functions[i];
	}
	return NULL;
}

bool program_expressions(struct program_compiler *c, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (i && !program_expect_sign(c, ","))
			return false;
		if (!program_expression(c))
			return false;
	}
	return true;
}

static bool call(struct program_compiler *c,
		 const struct program_function *function)
{
	struct program_token at = c->token;
	struct program_insn *insn;

	program_advance(c);
	if (!program_expect_sign(c, "(") ||
	    !program_expressions(c, function->args) ||
	    !program_expect_sign(c, ")"))
		return false;
	insn = program_emit(c, OP_CALL, &at);
	if (!insn)
		return false;
	insn->a = function - program_functions;
	c->stack -= function->args;
	return true;
}

static bool load(struct program_compiler *c)
{
	int variable = program_variable(c, &c->token);
	struct program_insn *insn;

	if (variable < 0)
		return program_wrong(c, &c->token,
				     "no variable has this name so far");
	insn = program_emit(c, OP_LOAD, &c->token);
	if (!insn)
		return false;
	insn->a = variable;
	program_advance(c);
	return true;
}

static bool push(struct program_compiler *c)
{
	struct program_insn *insn = program_emit(c, OP_PUSH, &c->token);

	if (!insn)
		return false;
	insn->value = c->token.value;
	program_advance(c);
	return true;
}

static bool parentheses(struct program_compiler *c)
{
	program_advance(c);
	return program_expression(c) && program_expect_sign(c, ")");
}

static bool primary(struct program_compiler *c)
{
	const struct program_function *function;

	if (c->token.type == TOKEN_NUMBER)
		return push(c);
	if (program_is_sign(c, "("))
		return parentheses(c);
	if (c->token.type != TOKEN_NAME || find_binary(c))
		return program_expected(c, "a value");
	function = program_function(c);
	return function ? call(c, function) : load(c);
}

static bool unary(struct program_compiler *c, unsigned int level)
{
	static const struct {
		const char *sign;
		uint8_t level, op;
	} unaries[] = {
		{ "-", LEVEL_PRODUCT + 1, OP_NEGATE },
		{ "~", LEVEL_PRODUCT + 1, OP_INVERT },
		{ "NOT", LEVEL_NOT, OP_NOT },
	};
	struct program_token at = c->token;
	size_t i;

	if (program_is_sign(c, "+")) {
		program_advance(c);
		return climb(c, LEVEL_PRODUCT + 1);
	}
	for (i = 0; i < SCPI_ARRAY_SIZE(unaries); i++) {
		if (!is_word_or_sign(c, unaries[i].sign))
			continue;
		if (unaries[i].level < level)
			return program_expected(c, "a value, or NOT in parentheses");
		program_advance(c);
		return climb(c, unaries[i].level) &&
		       program_emit(c, unaries[i].op, &at);
	}
	return primary(c);
}

/* a AND b, a OR b: b is not evaluated if a decides. */
static bool logical(struct program_compiler *c, const struct binary *binary,
		    const struct program_token *at)
{
	uint16_t chain = PROGRAM_NOWHERE;

	if (!program_emit_jump(c, binary->op, at, &chain) ||
	    !climb(c, binary->level + 1) || !program_emit(c, OP_TRUTH, at))
		return false;
	program_patch(c, chain);
	return true;
}

static bool binary_rest(struct program_compiler *c,
			const struct binary *binary)
{
	struct program_token at = c->token;
	const struct binary *next;

	program_advance(c);
	if (binary->level <= LEVEL_AND)
		return logical(c, binary, &at);
	if (!climb(c, binary->level + 1) || !program_emit(c, binary->op, &at))
		return false;
	next = find_binary(c);
	if (binary->level == LEVEL_COMPARE && next &&
	    next->level == LEVEL_COMPARE)
		return program_wrong(c, &c->token,
				     "one comparison at a time, with AND");
	return true;
}

static bool climb(struct program_compiler *c, unsigned int level)
{
	const struct binary *binary;
	bool ok;

	if (c->nesting >= PROGRAM_NESTING)
		return program_wrong(c, &c->token,
				     "the expression is too complex");
	c->nesting++;
	ok = unary(c, level);
	while (ok) {
		binary = find_binary(c);
		if (!binary || binary->level < level)
			break;
		ok = binary_rest(c, binary);
	}
	c->nesting--;
	return ok;
}

bool program_expression(struct program_compiler *c)
{
	return climb(c, LEVEL_OR);
}
