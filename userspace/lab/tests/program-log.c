// SPDX-License-Identifier: GPL-2.0
/*
 * program-log.c - what the tests of uploaded commands share
 */
#include <stdio.h>
#include <string.h>

#include "tests/test-program.h"

struct program_log program_log;

static void add(char what, unsigned int place, double value)
{
	struct program_event *event = &program_log.event[program_log.count];

	if (program_log.count == LOG_MAX)
		return;
	program_log.count++;
	*event = (struct program_event){
		.when = lab_now(rig.lab), .what = what, .place = place,
		.value = value,
	};
}

static double analog_in(struct lab *lab, unsigned int input)
{
	add('A', input, program_log.input);
	return program_log.input;
}

static void analog_out(struct lab *lab, unsigned int output, double volts)
{
	add('O', output, volts);
}

static bool digital_in(struct lab *lab, unsigned int line)
{
	add('D', line, 0);
	return line & 1;
}

static void digital_out(struct lab *lab, unsigned int line, bool level)
{
	add('L', line, level);
}

static void update_memory(struct lab *lab)
{
}

static void memory_changes(struct lab *lab, uint64_t address, uint64_t length)
{
}

static const struct program_io io = {
	.analog_in = analog_in,
	.analog_out = analog_out,
	.digital_in = digital_in,
	.digital_out = digital_out,
	.update_memory = update_memory,
	.memory_changes = memory_changes,
};

static int transfer(struct lab_card *card, const struct lab_transfer *transfer)
{
	if (program_log.transfers < LOG_MAX)
		program_log.transfer[program_log.transfers++] = *transfer;
	if (program_log.transfer_error)
		return program_log.transfer_error;
	return program_log.hold ? 0 : program_log.ops->transfer(card, transfer);
}

static void forget(struct lab_card *card, void *arg)
{
	program_log.forgotten++;
	program_log.ops->forget(card, arg);
}

void program_test_start(void)
{
	static struct lab_card_ops ops;
	struct lab_card *card;

	rig_start();
	memset(&program_log, 0, sizeof(program_log));
	card = rig.lab->card;
	program_log.ops = card->ops;
	ops = *card->ops;
	ops.transfer = transfer;
	ops.forget = forget;
	card->ops = &ops;
	programs_connect(rig.lab, &io);
}

int program_test_define(const char *text, char *error)
{
	return program_define(rig.lab, "p", 1, text, strlen(text),
			      error);
}

const char *program_test_run(const char *text)
{
	static char error[PROGRAM_ERROR_MAX];

	if (program_test_define(text, error))
		return error;
	return say(0, "PROG:RUN p;*WAI");
}

bool program_test_prints(const char *text, const char *lines)
{
	const char *printed = program_test_run(text);

	if (strcmp(printed, lines) == 0)
		return true;
	printf("# '%s' prints '%s', not '%s'\n", text, printed, lines);
	return false;
}

bool program_test_refused(const char *text, const char *error)
{
	char given[PROGRAM_ERROR_MAX] = "";
	int number = program_test_define(text, given);

	if (number == SCPI_ERR_PROGRAM_SYNTAX && strcmp(given, error) == 0)
		return true;
	printf("# '%.40s': %d '%s', not '%s'\n", text, number, given, error);
	return false;
}

bool program_test_fails(const char *text, const char *error)
{
	char line[256];

	say(0, "*CLS");
	snprintf(line, sizeof(line), "event: PROGRAM P STOPPED error: %s\n", error);
	if (!program_test_prints(text, line))
		return false;
	snprintf(line, sizeof(line),
		 "-286,\"Program runtime error;P, %s\"", error);
	if (!rig_ask(0, "SYST:ERR?", line))
		return false;
	snprintf(line, sizeof(line), "ERROR,\"%s\"", error);
	return rig_ask(0, "PROG:STAT? p", line);
}
