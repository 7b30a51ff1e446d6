// SPDX-License-Identifier: GPL-2.0
/*
 * block.c - IF, WHILE and FOR of a program
 *
 * Open blocks are on a stack. Jumps out of them are chained until their END is
 * known.
 */
#include "programs/internal.h"

static struct program_block *innermost(struct program_compiler *c)
{
	return c->blocks ? &c->block[c->blocks - 1] : NULL;
}

static struct program_block *open_block(struct program_compiler *c,
					enum program_block_type type,
					const struct program_token *at)
{
	struct program_block *block = &c->block[c->blocks];

	if (c->blocks == PROGRAM_BLOCKS) {
		program_wrong(c, at, "too many blocks contain each other");
		return NULL;
	}
	c->blocks++;
	*block = (struct program_block){
		.type = type, .line = at->line, .start = c->count,
		.otherwise = PROGRAM_NOWHERE, .exits = PROGRAM_NOWHERE,
		.nexts = PROGRAM_NOWHERE,
	};
	return block;
}

bool program_if_block(struct program_compiler *c,
		      const struct program_token *at)
{
	struct program_block *block = open_block(c, BLOCK_IF, at);

	return block && program_expression(c) &&
	       program_emit_jump(c, OP_JUMP_FALSE, at, &block->otherwise);
}

/* The IF of an ELSE or ELSEIF, after adding a jump from here to its end */
static struct program_block *branch(struct program_compiler *c,
				    const struct program_token *at)
{
	struct program_block *block = innermost(c);

	if (!block || block->type != BLOCK_IF || block->has_else) {
		program_wrong(c, at, "there is no IF that it belongs to");
		return NULL;
	}
	if (!program_emit_jump(c, OP_JUMP, at, &block->exits))
		return NULL;
	program_patch(c, block->otherwise);
	block->otherwise = PROGRAM_NOWHERE;
	return block;
}

bool program_elseif_branch(struct program_compiler *c,
			   const struct program_token *at)
{
	struct program_block *block = branch(c, at);

	return block && program_expression(c) &&
	       program_emit_jump(c, OP_JUMP_FALSE, at, &block->otherwise);
}

bool program_else_branch(struct program_compiler *c,
			 const struct program_token *at)
{
	struct program_block *block = branch(c, at);

	if (!block)
		return false;
	block->has_else = true;
	return true;
}

bool program_while_block(struct program_compiler *c,
			 const struct program_token *at)
{
	struct program_block *block = open_block(c, BLOCK_WHILE, at);

	return block && program_expression(c) &&
	       program_emit_jump(c, OP_JUMP_FALSE, at, &block->exits);
}

/* Keep the value on the stack as limit or step of the loop. */
static bool keep(struct program_compiler *c, const struct program_token *at,
		 unsigned int slot)
{
	struct program_insn *insn = program_emit(c, OP_STORE, at);

	if (!insn)
		return false;
	insn->a = slot;
	return true;
}

static bool step(struct program_compiler *c, const struct program_token *at)
{
	struct program_insn *insn;

	if (program_is(c, "STEP")) {
		program_advance(c);
		return program_expression(c);
	}
	insn = program_emit(c, OP_PUSH, at);
	if (!insn)
		return false;
	insn->value.integer = 1;
	return true;
}

static unsigned int count_for(const struct program_compiler *c)
{
	unsigned int i, count = 0;

	for (i = 0; i < c->blocks; i++)
		count += c->block[i].type == BLOCK_FOR;
	return count;
}

static bool for_jump(struct program_compiler *c, enum program_op op,
		     const struct program_token *at,
		     struct program_block *block)
{
	if (!program_emit_jump(c, op, at, &block->exits))
		return false;
	c->code[c->count - 1].a = block->variable;
	c->code[c->count - 1].slot = block->slot;
	return true;
}

bool program_for_block(struct program_compiler *c,
		       const struct program_token *at)
{
	unsigned int slot = PROGRAM_VARIABLES + 2 * count_for(c);
	struct program_block *block;
	struct program_token name;
	int variable;

	if (!program_target(c, &name) || !program_expression(c) ||
	    !program_store(c, &name, &variable))
		return false;
	if (!program_is(c, "TO"))
		return program_expected(c, "TO");
	program_advance(c);
	if (!program_expression(c) || !keep(c, at, slot) || !step(c, at) ||
	    !keep(c, at, slot + 1))
		return false;
	block = open_block(c, BLOCK_FOR, at);
	if (!block)
		return false;
	block->variable = variable;
	block->slot = slot;
	return for_jump(c, OP_FOR_TEST, at, block);
}

static bool jump_back(struct program_compiler *c, uint16_t to,
		      const struct program_token *at)
{
	struct program_insn *insn = program_emit(c, OP_JUMP, at);

	if (!insn)
		return false;
	insn->to = to;
	return true;
}

bool program_end_block(struct program_compiler *c,
		       const struct program_token *at)
{
	struct program_block *block = innermost(c);

	if (!block)
		return program_wrong(c, at, "there is no block that it ends");
	program_patch(c, block->nexts);
	if (block->type == BLOCK_FOR && !for_jump(c, OP_FOR_NEXT, at, block))
		return false;
	if (block->type != BLOCK_IF && !jump_back(c, block->start, at))
		return false;
	program_patch(c, block->otherwise);
	program_patch(c, block->exits);
	c->blocks--;
	return true;
}

/* The innermost loop, NULL: there is none. */
static struct program_block *find_loop(struct program_compiler *c,
				       const struct program_token *at)
{
	unsigned int i = c->blocks;

	while (i--) {
		if (c->block[i].type != BLOCK_IF)
			return &c->block[i];
	}
	program_wrong(c, at, "there is no loop that it belongs to");
	return NULL;
}

bool program_break_loop(struct program_compiler *c,
			const struct program_token *at)
{
	struct program_block *loop = find_loop(c, at);

	return loop && program_emit_jump(c, OP_JUMP, at, &loop->exits);
}

bool program_continue_loop(struct program_compiler *c,
			   const struct program_token *at)
{
	struct program_block *loop = find_loop(c, at);

	if (!loop)
		return false;
	if (loop->type == BLOCK_WHILE)
		return jump_back(c, loop->start, at);
	return program_emit_jump(c, OP_JUMP, at, &loop->nexts);
}
