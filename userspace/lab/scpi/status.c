// SPDX-License-Identifier: GPL-2.0
/*
 * status.c - status registers: IEEE 488.2-1992, 11 and SCPI-99 volume 1, 9
 *
 * Only rising bits of a condition are events; SCPI-99 volume 1, 4.2.1 does not
 * require transition filters.
 */
#include <string.h>

#include "scpi/internal.h"

#define REGISTER_MASK	0x7fff	/* bit 15 is never used (9.1) */

/* Bits of the status byte */
enum {
	STB_ERRORS = 1 << 2,		/* the error queue is not empty */
	STB_QUESTIONABLE = 1 << 3,
	STB_MESSAGE = 1 << 4,		/* an earlier response */
	STB_EVENT = 1 << 5,
	STB_MASTER = 1 << 6,
	STB_OPERATION = 1 << 7,
};

void scpi_status_init(struct scpi *scpi)
{
	scpi->esr = SCPI_ESR_PON;
}

void scpi_status_latch(struct scpi *scpi)
{
	struct scpi_register *operation = &scpi->operation;
	uint16_t now = 0;

	if (scpi->ops->operation)
		now = scpi->ops->operation(scpi->priv) & REGISTER_MASK;
	operation->event |= now & ~operation->condition;
	operation->condition = now;
}

static uint8_t status_byte(const struct scpi *scpi)
{
	uint8_t stb = 0;

	if (scpi->error_count)
		stb |= STB_ERRORS;
	if (scpi->questionable.event & scpi->questionable.enable)
		stb |= STB_QUESTIONABLE;
	if (scpi->out_length)
		stb |= STB_MESSAGE;
	if (scpi->esr & scpi->ese)
		stb |= STB_EVENT;
	if (scpi->operation.event & scpi->operation.enable)
		stb |= STB_OPERATION;
	if (stb & scpi->sre)
		stb |= STB_MASTER;
	return stb;
}

/* 10.3: clears events and the queue, not the enable registers; 12.5.2: OCIS, OQIS */
int scpi_cls(struct scpi *scpi, const struct scpi_call *call)
{
	scpi->esr = 0;
	scpi->opc = false;
	scpi->operation.event = 0;
	scpi->questionable.event = 0;
	scpi_error_clear(scpi);
	return 0;
}

int scpi_get_esr(struct scpi *scpi, const struct scpi_call *call)
{
	scpi_reply_integer(scpi, scpi->esr);
	scpi->esr = 0;
	return 0;
}

int scpi_get_stb(struct scpi *scpi, const struct scpi_call *call)
{
	scpi_status_latch(scpi);
	return scpi_reply_integer(scpi, status_byte(scpi));
}

int scpi_preset(struct scpi *scpi, const struct scpi_call *call)
{
	scpi->operation.enable = 0;
	scpi->questionable.enable = 0;
	return 0;
}

static struct scpi_register *group(struct scpi *scpi,
				   const struct scpi_call *call)
{
	scpi_status_latch(scpi);
	if (strstr(call->command->header, "OPERation"))
		return &scpi->operation;
	return &scpi->questionable;
}

int scpi_get_event(struct scpi *scpi, const struct scpi_call *call)
{
	struct scpi_register *reg = group(scpi, call);

	scpi_reply_integer(scpi, reg->event);
	reg->event = 0;
	return 0;
}

static void *find(struct scpi *scpi, const struct scpi_call *call)
{
	scpi_status_latch(scpi);
	return scpi;
}

/* 11.3.2.3: bit 6 is ignored */
static void changed(struct scpi *scpi, const struct scpi_call *call)
{
	scpi->sre &= ~STB_MASTER;
	scpi->operation.enable &= REGISTER_MASK;
	scpi->questionable.enable &= REGISTER_MASK;
}

const struct scpi_object scpi_registers = { .find = find, .changed = changed };
