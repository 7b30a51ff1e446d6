// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz-program.c - uploaded commands under a fuzzer
 *
 * Input is the text of a program P and, after a line that is just '!', which no
 * program has, that of a second one, Q. What compiles runs, both in parallel,
 * on an instrument with a card.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "card/fake-card.h"
#include "programs/internal.h"
#include "tests/fuzz.h"

#define MEMORY		4096
#define STEPS		40
#define SEPARATOR	"\n!\n"	/* of two programs */

/* What the instrument does at once does not depend on the machine. */
static void define(struct lab *lab, const char *name, const char *text,
		   size_t length)
{
	char error[PROGRAM_ERROR_MAX] = "?";
	int result = program_define(lab, name, 1, text, length, error);
	const char *c;

	must(!result || result == SCPI_ERR_PROGRAM_SYNTAX ||
	     result == SCPI_ERR_TOO_MUCH_DATA);
	must((result == SCPI_ERR_PROGRAM_SYNTAX) == (*error != '\0'));
	for (c = error; *c; c++)
		must(*c >= ' ' && *c <= '~');
}

static void check_runs(const struct lab *lab)
{
	const struct programs *programs = lab->programs;
	unsigned int i;

	must(programs->count <= PROGRAMS_MAX);
	for (i = 0; i < programs->count; i++) {
		const struct program_run *run = programs->program[i]->run;

		if (!run)
			continue;
		must(run->in_flight <= PROGRAM_TRANSFERS_MAX);
		must(run->memory.used <= PROGRAM_MEMORY_MAX);
		must(!run->executing);
		must(!run->over || run->timer.active || run->stopping);
	}
}

static void say(struct fake_card *fake, struct lab *lab, const char *line)
{
	unsigned int i;

	session_command(session_find(lab, 0), line, strlen(line));
	for (i = 0; i < STEPS; i++) {
		fake_card_run(fake, lab, 1);
		check_runs(lab);
	}
	fake_card_replies(fake, 0);
}

static const char *find_separator(const char *text, size_t size)
{
	const size_t length = strlen(SEPARATOR);

	for (; size >= length; text++, size--) {
		if (memcmp(text, SEPARATOR, length) == 0)
			return text;
	}
	return NULL;
}

static void run(struct fake_card *fake, struct lab *lab, const char *text,
		size_t size)
{
	const char *end = find_separator(text, size);
	const char *second = end ? end + strlen(SEPARATOR) : NULL;

	programs_limits(lab)->instructions = 3000;
	programs_limits(lab)->time = LAB_SECOND;
	define(lab, "p", text, end ? (size_t)(end - text) : size);
	if (second)
		define(lab, "q", second, text + size - second);
	say(fake, lab, "PROG:RUN p,1,-1.5,0x100000000,4");
	say(fake, lab, "PROG:RUN q,4096");
	say(fake, lab, "SYST:TIME:ADV 2");
	say(fake, lab, "PROG:RUN p;RUN q");
	say(fake, lab, "PROG:STOP p");
}

int fuzz_input(const uint8_t *data, size_t size)
{
	struct fake_card *fake = fake_card_create(MEMORY);
	struct lab *lab;

	must(fake);
	lab = fuzz_lab(fake);
	must(fake_card_open(fake, lab, 0));
	must(fake_card_buffer(fake, 0, MEMORY, 0x55, NULL));
	run(fake, lab, (const char *)data, size);
	fake_card_close(fake, lab, 0);
	check_runs(lab);
	lab_destroy(lab);
	fake_card_destroy(fake);
	return 0;
}
