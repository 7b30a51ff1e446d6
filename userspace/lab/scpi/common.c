// SPDX-License-Identifier: GPL-2.0
/*
 * common.c - commands of all instruments: IEEE 488.2-1992, 10 and
 * SCPI-99 volume 1, 4.2.1
 */
#include <stdio.h>
#include <string.h>

#include "scpi/internal.h"

int scpi_idn(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_last(scpi, "%s", scpi->ops->identity(scpi->priv));
}

/* 10.32: cancels *OPC, leaves the queue and the registers alone */
int scpi_rst(struct scpi *scpi, const struct scpi_call *call)
{
	scpi->opc = false;
	return scpi->ops->reset(scpi->priv);
}

int scpi_tst(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_integer(scpi, scpi->ops->test(scpi->priv));
}

int scpi_set_opc(struct scpi *scpi, const struct scpi_call *call)
{
	if (scpi->ops->pending(scpi->priv))
		scpi->opc = true;
	else
		scpi->esr |= SCPI_ESR_OPC;
	return 0;
}

static int wait_for_end(struct scpi *scpi, enum scpi_wait wait)
{
	if (!scpi->ops->pending(scpi->priv))
		return 0;
	scpi->wait = wait;
	return SCPI_SUSPEND;
}

int scpi_get_opc(struct scpi *scpi, const struct scpi_call *call)
{
	int wait = wait_for_end(scpi, SCPI_WAIT_OPC);

	if (!wait)
		scpi_reply_integer(scpi, 1);
	return wait;
}

int scpi_wai(struct scpi *scpi, const struct scpi_call *call)
{
	return wait_for_end(scpi, SCPI_WAIT_WAI);
}

/* -113,"Undefined header;FOO" */
static size_t format_error(const struct scpi_error *error, char *text,
			   size_t size)
{
	size_t length = snprintf(text, size, "%d,\"", error->number);
	const char *c;

	for (c = error->text; *c; c++) {
		text[length++] = *c;
		if (*c == '"')
			text[length++] = '"';
	}
	text[length++] = '"';
	text[length] = '\0';
	return length;
}

#define ERROR_TEXT_MAX	(2 * sizeof(((struct scpi_error *)0)->text) + 16)

int scpi_next_error(struct scpi *scpi, const struct scpi_call *call)
{
	char text[ERROR_TEXT_MAX];

	format_error(scpi_error_first(scpi), text, sizeof(text));
	scpi_error_drop(scpi);
	return scpi_reply_text(scpi, "%s", text);
}

int scpi_count_errors(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_integer(scpi, scpi->error_count);
}

/* What does not fit into the response stays in the queue. */
int scpi_all_errors(struct scpi *scpi, const struct scpi_call *call)
{
	char text[ERROR_TEXT_MAX];
	size_t length;

	scpi_next_error(scpi, call);
	while (scpi->error_count) {
		length = format_error(scpi_error_first(scpi), text,
				      sizeof(text));
		if (length + 1 > scpi_reply_room(scpi))
			break;
		scpi_error_drop(scpi);
		scpi_reply_text(scpi, "%s", text);
	}
	return 0;
}

int scpi_version(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_text(scpi, "1999.0");
}
