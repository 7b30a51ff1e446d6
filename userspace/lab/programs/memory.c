// SPDX-License-Identifier: GPL-2.0
/*
 * memory.c - what a program may allocate
 */
#include <stdlib.h>

#include "programs/internal.h"

#define REFUSAL_COST	1000	/* instructions: Lua has collected garbage */

void program_charge(struct program_run *run, uint64_t instructions)
{
	run->used += instructions;
	run->now += instructions * PROGRAM_INSTRUCTION;
}

void *program_allocate(void *arg, void *block, size_t old, size_t size)
{
	struct program_memory *memory = arg;
	size_t had = block ? old : 0;
	void *moved;

	if (!size) {
		memory->used -= had;
		free(block);
		return NULL;
	}
	moved = size > had && size - had > PROGRAM_MEMORY_MAX - memory->used ?
		NULL : realloc(block, size);
	if (!moved) {
		if (memory->run)
			program_charge(memory->run, REFUSAL_COST);
		/* Lua relies on blocks that shrink */
		return size <= had ? block : NULL;
	}
	memory->used += size - had;
	if (memory->run && size > had)
		program_charge(memory->run, size / PROGRAM_BLOCK_COST);
	return moved;
}
