// SPDX-License-Identifier: GPL-2.0
/*
 * error.c - the error queue: SCPI-99 volume 2, 21.8
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "scpi/internal.h"

static const struct message {
	int number;
	const char *text;
	const char *reason;	/* in the simple dialect; NULL: "number" */
} messages[] = {
	{ 0, "No error", NULL },
	{ -100, "Command error", NULL },
	{ -101, "Invalid character", "character" },
	{ -102, "Syntax error", NULL },
	{ -103, "Invalid separator", NULL },
	{ -104, "Data type error", NULL },
	{ -108, "Parameter not allowed", "parameter-count" },
	{ -109, "Missing parameter", "parameter-count" },
	{ -111, "Header separator error", NULL },
	{ -112, "Program mnemonic too long", NULL },
	{ -113, "Undefined header", NULL },
	{ -114, "Header suffix out of range", NULL },
	{ -120, "Numeric data error", NULL },
	{ -121, "Invalid character in number", NULL },
	{ -123, "Exponent too large", NULL },
	{ -124, "Too many digits", NULL },
	{ -131, "Invalid suffix", NULL },
	{ -138, "Suffix not allowed", NULL },
	{ -141, "Invalid character data", NULL },
	{ -151, "Invalid string data", NULL },
	{ -161, "Invalid block data", NULL },
	{ -171, "Invalid expression", NULL },
	{ -200, "Execution error", NULL },
	{ -203, "Command protected", "protected" },
	{ -211, "Trigger ignored", NULL },
	{ -213, "Init ignored", NULL },
	{ -221, "Settings conflict", NULL },
	{ -222, "Data out of range", "range" },
	{ -223, "Too much data", "range" },
	{ -224, "Illegal parameter value", "range" },
	{ -225, "Out of memory", NULL },
	{ -230, "Data corrupt or stale", NULL },
	{ -241, "Hardware missing", NULL },
	{ -250, "Mass storage error", NULL },
	{ -252, "Missing media", NULL },
	{ -256, "File name not found", NULL },
	{ -257, "File name error", NULL },
	{ -280, "Program error", NULL },
	{ -281, "Cannot create program", NULL },
	{ -282, "Illegal program name", NULL },
	{ -284, "Program currently running", NULL },
	{ -285, "Program syntax error", NULL },
	{ -286, "Program runtime error", NULL },
	{ -300, "Device-specific error", NULL },
	{ -310, "System error", NULL },
	{ -314, "Save/recall memory lost", NULL },
	{ -350, "Queue overflow", NULL },
	{ -363, "Input buffer overrun", NULL },
	{ -400, "Query error", NULL },
	{ -430, "Query DEADLOCKED", NULL },
	{ -440, "Query UNTERMINATED after indefinite response", NULL },
};

static const struct message *find(int number)
{
	size_t i;

	for (i = 0; i < SCPI_ARRAY_SIZE(messages); i++)
		if (messages[i].number == number)
			return &messages[i];
	return NULL;
}

/* A number without a text of its own has that of its hundred: -123 of -100. */
const char *scpi_error_message(int number)
{
	const struct message *message = find(number);

	if (!message && number < 0)
		message = find(number / 100 * 100);
	return message ? message->text : "Device-specific error";
}

const char *scpi_simple_reason(int number)
{
	const struct message *message = find(number);

	return message && message->reason ? message->reason : "number";
}

/* IEEE 488.2-1992, 11.5.1.1; numbers above 0 are the instrument's own */
static uint8_t esr_bit(int number)
{
	if (number <= -500 || number > 0)
		return SCPI_ESR_DDE;
	if (number <= -400)
		return SCPI_ESR_QYE;
	if (number <= -300)
		return SCPI_ESR_DDE;
	return number <= -200 ? SCPI_ESR_EXE : SCPI_ESR_CME;
}

/* A place for the newest error */
static struct scpi_error *push(struct scpi *scpi)
{
	if (scpi->error_count < SCPI_ERRORS_MAX)
		scpi->error_count++;
	return &scpi->errors[(scpi->error_first + scpi->error_count - 1) %
			     SCPI_ERRORS_MAX];
}

__printf(3, 0)
static void describe(struct scpi *scpi, struct scpi_error *error,
		     const char *detail, va_list args)
{
	size_t size = sizeof(error->text), length;
	char *c;

	length = snprintf(error->text, size, "%s",
			  scpi_error_message(error->number));
	if (scpi->running) {
		error->text[length++] = ';';
		scpi_header_name(scpi->running->command, scpi->running->suffix,
				 scpi->running->query, error->text + length,
				 size - length);
		length = strlen(error->text);
	}
	if (detail && length < size - 2) {
		length += snprintf(error->text + length, size - length, "%s",
				   scpi->running ? ", " : ";");
		vsnprintf(error->text + length, size - length, detail, args);
	}
	/* details may contain what a user sent */
	for (c = error->text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

void scpi_error(struct scpi *scpi, int number, const char *detail, ...)
{
	struct scpi_error *error;
	va_list args;

	if (!number)
		return;
	scpi->esr |= esr_bit(number);
	scpi->raised = number;
	if (scpi->error_count == SCPI_ERRORS_MAX) {
		error = push(scpi);
		error->number = SCPI_ERR_QUEUE_OVERFLOW;
		strcpy(error->text, scpi_error_message(error->number));
		return;
	}
	error = push(scpi);
	error->number = number;
	va_start(args, detail);
	describe(scpi, error, detail, args);
	va_end(args);
}

const struct scpi_error *scpi_error_first(const struct scpi *scpi)
{
	static const struct scpi_error none = { 0, "No error" };

	return scpi->error_count ? &scpi->errors[scpi->error_first] : &none;
}

void scpi_error_drop(struct scpi *scpi)
{
	if (!scpi->error_count)
		return;
	scpi->error_first = (scpi->error_first + 1) % SCPI_ERRORS_MAX;
	scpi->error_count--;
}

void scpi_error_clear(struct scpi *scpi)
{
	scpi->error_count = 0;
}
