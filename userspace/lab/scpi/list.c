// SPDX-License-Identifier: GPL-2.0
/*
 * list.c - channel lists "(@1,3:5)": SCPI-99 volume 1, 8.3.2
 */
#include <limits.h>

#include "scpi/internal.h"

static int entry(const struct scpi_param *param, struct scpi_cursor *at,
		 unsigned int *value)
{
	scpi_skip_blanks(at);
	if (at->pos == at->end || !scpi_is_digit(*at->pos))
		return SCPI_ERR_EXPRESSION;
	*value = 0;
	for (; at->pos < at->end && scpi_is_digit(*at->pos); at->pos++)
		if (*value < UINT_MAX / 10 - 1)
			*value = *value * 10 + *at->pos - '0';
	scpi_skip_blanks(at);
	return *value < param->min || *value > param->max ? SCPI_ERR_RANGE : 0;
}

/* 3:5 is 3,4,5 and 5:3 is 5,4,3 */
static int add_range(struct scpi_arg *arg, unsigned int from, unsigned int to)
{
	for (;;) {
		if (arg->list.count == SCPI_LIST_MAX)
			return SCPI_ERR_TOO_MUCH_DATA;
		arg->list.entry[arg->list.count++] = from;
		if (from == to)
			return 0;
		from += from < to ? 1 : -1;
	}
}

static bool skip(struct scpi_cursor *at, char c)
{
	if (at->pos == at->end || *at->pos != c)
		return false;
	at->pos++;
	return true;
}

int scpi_parse_list(const struct scpi_param *param,
		    const struct scpi_token *token, struct scpi_arg *arg)
{
	struct scpi_cursor at = {	/* without the parentheses */
		(char *)token->bytes + 1, (char *)token->bytes + token->length - 1
	};
	unsigned int from, to;
	int error;

	arg->list.count = 0;
	scpi_skip_blanks(&at);
	if (!skip(&at, '@'))
		return SCPI_ERR_EXPRESSION;
	do {
		error = entry(param, &at, &from);
		to = from;
		if (!error && skip(&at, ':'))
			error = entry(param, &at, &to);
		if (!error)
			error = add_range(arg, from, to);
		if (error)
			return error;
	} while (skip(&at, ','));
	return at.pos == at.end ? 0 : SCPI_ERR_EXPRESSION;
}
