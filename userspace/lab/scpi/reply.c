// SPDX-License-Identifier: GPL-2.0
/*
 * reply.c - response messages: IEEE 488.2-1992, 8
 *
 * Responses of one unit are separated by ',', those of units by ';'.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scpi/internal.h"

/* '#', a digit, the length, and the newline, rounded up */
#define BLOCK_MARGIN	24

void scpi_reply_begin(struct scpi *scpi)
{
	scpi->unit_start = scpi->out_length;
}

void scpi_reply_cancel(struct scpi *scpi)
{
	scpi->out_length = scpi->unit_start;
	scpi->out_overflow = false;
}

void scpi_reply_send(struct scpi *scpi)
{
	size_t length = scpi->out_length;

	if (!length)
		return;
	scpi->out[length++] = '\n';
	scpi->out_length = 0;
	scpi->unit_start = 0;
	scpi->ops->write(scpi->priv, scpi->out, length);
}

size_t scpi_reply_room(const struct scpi *scpi)
{
	return scpi->size - 1 - scpi->out_length;	/* without newline */
}

static void append(struct scpi *scpi, const char *bytes, size_t length)
{
	if (length > scpi_reply_room(scpi))
		scpi->out_overflow = true;
	if (scpi->out_overflow)
		return;
	memcpy(scpi->out + scpi->out_length, bytes, length);
	scpi->out_length += length;
}

static void separate(struct scpi *scpi)
{
	if (scpi->out_length != scpi->unit_start)
		append(scpi, ",", 1);
	else if (scpi->out_length)
		append(scpi, ";", 1);
}

static int element(struct scpi *scpi, const char *bytes, size_t length)
{
	separate(scpi);
	append(scpi, bytes, length);
	return SCPI_OK;
}

int scpi_reply_integer(struct scpi *scpi, int64_t value)
{
	char text[24];

	return element(scpi, text, snprintf(text, sizeof(text), "%jd",
					    (intmax_t)value));
}

int scpi_reply_address(struct scpi *scpi, uint64_t value)
{
	char text[24];

	return element(scpi, text, snprintf(text, sizeof(text), "%ju",
					    (uintmax_t)value));
}

/* "1.2500E+03" to "1.25E+03"; one digit stays after the point (8.7.4) */
static size_t strip_zeros(char *text, size_t length)
{
	char *exponent = strchr(text, 'E');
	char *last = exponent;

	while (last[-1] == '0' && last[-2] != '.')
		last--;
	memmove(last, exponent, text + length - exponent + 1);
	return length - (exponent - last);
}

/* As few digits as read back as the same number, at most 17 */
int scpi_reply_number(struct scpi *scpi, double value)
{
	char text[32];
	int digits;
	size_t length;

	if (isnan(value))
		value = SCPI_NAN;
	else if (fabs(value) > SCPI_INF)
		value = copysign(SCPI_INF, value);
	value += 0.0;		/* no -0 */
	for (digits = 14; ; digits++) {
		length = snprintf(text, sizeof(text), "%.*E", digits, value);
		if (digits == 16 || strtod(text, NULL) == value)
			break;
	}
	return element(scpi, text, strip_zeros(text, length));
}

int scpi_reply_bool(struct scpi *scpi, bool value)
{
	return element(scpi, value ? "1" : "0", 1);
}

int scpi_reply_string(struct scpi *scpi, const char *text)
{
	const char *quote;

	element(scpi, "\"", 1);
	for (; (quote = strchr(text, '"')); text = quote + 1) {
		append(scpi, text, quote - text + 1);
		append(scpi, "\"", 1);
	}
	append(scpi, text, strlen(text));
	append(scpi, "\"", 1);
	return SCPI_OK;
}

int scpi_reply_choice(struct scpi *scpi, const struct scpi_param *param,
		      int64_t value)
{
	const char *word = param->words;

	for (; value > 0 && *word; word++)
		value -= *word == '|';
	separate(scpi);
	for (; *word && *word != '|'; word++)
		if (*word < 'a' || *word > 'z')
			append(scpi, word, 1);
	return SCPI_OK;
}

size_t scpi_block_max(const struct scpi *scpi)
{
	return scpi->size - BLOCK_MARGIN;
}

int scpi_reply_block(struct scpi *scpi, const void *bytes, size_t length)
{
	char size[24], head[32];
	int digits = snprintf(size, sizeof(size), "%zu", length);

	element(scpi, head, snprintf(head, sizeof(head), "#%d%s", digits,
				     size));
	append(scpi, bytes, length);
	return SCPI_OK;
}

__printf(2, 0)
static void reply_format(struct scpi *scpi, const char *format, va_list args)
{
	char text[SCPI_LINE_MAX + 1];
	int length = vsnprintf(text, sizeof(text), format, args);

	if (length < 0 || length >= (int)sizeof(text))
		length = SCPI_LINE_MAX;		/* too long in any case */
	element(scpi, text, length);
}

int scpi_reply_text(struct scpi *scpi, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	reply_format(scpi, format, args);
	va_end(args);
	return SCPI_OK;
}

int scpi_reply_last(struct scpi *scpi, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	reply_format(scpi, format, args);
	va_end(args);
	scpi->out_last = true;
	return SCPI_OK;
}

/* A line of its own, cut if it is too long */
static void send_line(struct scpi *scpi, const char *mark, const char *text)
{
	char line[SCPI_LINE_MAX];
	int length = snprintf(line, sizeof(line), "%s%s", mark, text);

	if (length > SCPI_RESPONSE_MAX)
		length = SCPI_RESPONSE_MAX;
	line[length++] = '\n';
	scpi->ops->write(scpi->priv, line, length);
}

void scpi_notify(struct scpi *scpi, const char *format, ...)
{
	char text[SCPI_LINE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	send_line(scpi, strncmp(text, SCPI_EVENT_MARK,
				strlen(SCPI_EVENT_MARK)) ? "" : " ", text);
}

void scpi_event(struct scpi *scpi, const char *format, ...)
{
	char text[SCPI_LINE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (scpi->events)
		send_line(scpi, SCPI_EVENT_MARK, text);
}
