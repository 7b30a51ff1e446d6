// SPDX-License-Identifier: GPL-2.0
/*
 * device.c - instructions that reach outside of the program
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs/internal.h"

#define NOT_IN_MEMORY	"the range is not in card memory"
#define BLOCK_COST	4096	/* bytes that FILL and COPY move in 1 us */
#define PRINT_MAX	(SCPI_LINE_MAX - 1)	/* without newline */

/* --- PRINT --------------------------------------------------------------------- */

static const char *print_bytes(struct program_run *run, const char *bytes,
			       size_t length)
{
	if (length > PRINT_MAX - run->line_length)
		return "the line is too long";
	memcpy(run->line + run->line_length, bytes, length);
	run->line_length += length;
	return NULL;
}

const char *program_print_text(struct program_run *run,
			       const struct program_insn *insn)
{
	return print_bytes(run, run->text + insn->start, insn->length);
}

/* 15 digits, or up to 17 if that is needed to read back the same number */
static void format_number(char *text, size_t size, double number)
{
	int digits = 15;

	do
		snprintf(text, size, "%.*g", digits, number);
	while (digits++ < 17 && strtod(text, NULL) != number);
}

const char *program_print_value(struct program_run *run,
				const struct program_insn *insn)
{
	const struct program_value *value = &run->stack[--run->depth];
	char text[32];

	(void)insn;
	if (value->real)
		format_number(text, sizeof(text), value->number);
	else
		snprintf(text, sizeof(text), "%lld", (long long)value->integer);
	return print_bytes(run, text, strlen(text));
}

const char *program_print_hex(struct program_run *run,
			      const struct program_insn *insn)
{
	char text[32];
	int64_t integer;
	const char *error = program_integer(&run->stack[--run->depth], &integer);

	(void)insn;
	if (error)
		return error;
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)integer);
	return print_bytes(run, text, strlen(text));
}

const char *program_print(struct program_run *run,
			  const struct program_insn *insn)
{
	(void)insn;
	scpi_notify(&run->session->scpi, "%.*s", (int)run->line_length,
		    run->line);
	run->line_length = 0;
	return NULL;
}

/* --- card memory --------------------------------------------------------------- */

uint8_t *program_memory(const struct program_run *run, uint64_t address,
			uint64_t length)
{
	const struct lab_card *card = run->lab->card;

	if (length > card->size || address > card->size - length)
		return NULL;
	run->io->update_memory(run->lab);
	return card->memory + address;
}

static uint8_t *writable_memory(const struct program_run *run,
				uint64_t address, uint64_t length)
{
	uint8_t *memory = program_memory(run, address, length);

	if (memory)
		run->io->memory_changes(run->lab, address, length);
	return memory;
}

uint64_t program_peek(const uint8_t *memory, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | memory[bytes];
	return value;
}

/* Drop the last values of the stack; they are whole numbers. */
static const char *pop_integers(struct program_run *run, int64_t *integer,
				unsigned int count)
{
	struct program_value *value = program_top(run, count);
	const char *error = NULL;
	unsigned int i;

	run->depth -= count;
	for (i = 0; i < count && !error; i++)
		error = program_integer(&value[i], &integer[i]);
	return error;
}

const char *program_poke(struct program_run *run,
			 const struct program_insn *insn)
{
	unsigned int i;
	int64_t arg[2];
	const char *error = pop_integers(run, arg, 2);
	uint8_t *memory;

	if (error)
		return error;
	memory = writable_memory(run, arg[0], insn->a);
	if (!memory)
		return "the address is not in card memory";
	for (i = 0; i < insn->a; i++)
		memory[i] = (uint64_t)arg[1] >> 8 * i;
	return NULL;
}

/* What takes long on the machine takes lab time, too. */
static void charge(struct program_run *run, uint64_t bytes)
{
	run->used += bytes / BLOCK_COST;
	run->now += bytes / BLOCK_COST * PROGRAM_INSTRUCTION;
}

const char *program_fill(struct program_run *run,
			 const struct program_insn *insn)
{
	int64_t arg[3];
	const char *error = pop_integers(run, arg, 3);
	uint8_t *memory;

	(void)insn;
	if (error)
		return error;
	memory = writable_memory(run, arg[0], arg[1]);
	if (!memory)
		return NOT_IN_MEMORY;
	memset(memory, (uint8_t)arg[2], arg[1]);
	charge(run, arg[1]);
	return NULL;
}

const char *program_copy(struct program_run *run,
			 const struct program_insn *insn)
{
	int64_t arg[3];
	const char *error = pop_integers(run, arg, 3);
	uint8_t *from, *to;

	(void)insn;
	if (error)
		return error;
	from = program_memory(run, arg[0], arg[2]);
	to = writable_memory(run, arg[1], arg[2]);
	if (!from || !to)
		return NOT_IN_MEMORY;
	memmove(to, from, arg[2]);
	charge(run, arg[2]);
	return NULL;
}

/* --- transfers ------------------------------------------------------------------- */

/* Any numbers go to the driver's core as they are, which checks them. */
const char *program_request(struct program_run *run,
			    const struct program_insn *insn)
{
	bool to_host = insn->op == OP_TOHOST || insn->op == OP_START_TOHOST;
	int64_t arg[3];
	const char *error;

	if (run->in_flight == PROGRAM_TRANSFERS_MAX) {
		run->pc--;
		run->wait = WAIT_ROOM;
		return NULL;
	}
	error = pop_integers(run, arg, 3);
	if (error)
		return error;
	run->io->update_memory(run->lab);
	program_transfer(run, to_host ? LAB_TOHOST : LAB_FROMHOST, arg[0],
			 arg[1], arg[2],
			 insn->op == OP_TOHOST || insn->op == OP_FROMHOST);
	return NULL;
}

const char *program_join(struct program_run *run,
			 const struct program_insn *insn)
{
	(void)insn;
	if (run->in_flight)
		run->wait = WAIT_ALL;
	return NULL;
}

/* --- connectors -------------------------------------------------------------- */

const char *program_connector(const struct program_value *value,
			      unsigned int count, unsigned int *place)
{
	int64_t n;
	const char *error = program_integer(value, &n);

	if (error)
		return error;
	if (n < 1 || n > count)
		return "there is no connector of this number";
	*place = n - 1;
	return NULL;
}

const char *program_analog_out(struct program_run *run,
			       const struct program_insn *insn)
{
	struct program_value *value = program_top(run, 2);
	unsigned int n;
	const char *error = program_connector(value, LAB_OUTPUTS, &n);
	double volts = program_number(value + 1);

	(void)insn;
	run->depth -= 2;
	if (error)
		return error;
	if (fabs(volts) > LAB_FULL_SCALE)
		return "the voltage is not within -10 to 10 V";
	run->io->analog_out(run->lab, n, volts);
	return NULL;
}

const char *program_digital_out(struct program_run *run,
				const struct program_insn *insn)
{
	struct program_value *value = program_top(run, 2);
	unsigned int n;
	const char *error = program_connector(value, LAB_LINES, &n);

	(void)insn;
	run->depth -= 2;
	if (error)
		return error;
	run->io->digital_out(run->lab, n, program_truth(value + 1));
	return NULL;
}
