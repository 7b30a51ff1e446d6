// SPDX-License-Identifier: GPL-2.0
/*
 * param.c - parameters, checked against the table
 */
#include <math.h>
#include <string.h>

#include "scpi/internal.h"

static const char limit_words[] = "MINimum|MAXimum|DEFault";
static const char number_words[] = "MINimum|MAXimum|DEFault|INFinity|NINFinity";

/* Parameters of the query of a setting */
static const struct scpi_param limit_params[] = {
	{ .type = SCPI_CHOICE, .name = "limit", .words = limit_words,
	  .optional = true },
	{ 0 },
};

bool scpi_limit_query(const struct scpi_command *command)
{
	enum scpi_type type = command->params[0].type;

	return command->set && command->query &&
	       (type == SCPI_NUMBER || type == SCPI_INTEGER) &&
	       command->params[1].type == SCPI_NONE &&
	       command->query_params[0].type == SCPI_NONE;
}

const struct scpi_param *scpi_params(const struct scpi_command *command,
				     bool query)
{
	if (!query)
		return command->params;
	return scpi_limit_query(command) ? limit_params : command->query_params;
}

int scpi_choice(const char *words, const char *word, size_t length)
{
	size_t pattern;
	int i;

	for (i = 0; *words; i++) {
		pattern = strcspn(words, "|");
		if (scpi_match_word(words, pattern, word, length))
			return i;
		words += pattern;
		words += *words == '|';
	}
	return -1;
}

/* MIN, MAX, DEF and the infinities instead of a number */
static int number_word(const struct scpi_param *param,
		       const struct scpi_token *token, double *value)
{
	const double values[] = {
		param->min, param->max, param->def, INFINITY, -INFINITY
	};
	int word = scpi_choice(number_words, token->bytes, token->length);

	if (word < 0 || (param->type == SCPI_INTEGER && word > 2))
		return SCPI_ERR_CHARACTER_DATA;
	*value = values[word];
	return 0;
}

/* A number in the unit of the table, or one of its words */
static int any_number(const struct scpi_param *param,
		      const struct scpi_token *token, double *value)
{
	int error;

	if (token->type == SCPI_TOKEN_WORD)
		return number_word(param, token, value);
	if (token->type != SCPI_TOKEN_NUMBER)
		return SCPI_ERR_DATA_TYPE;
	*value = token->value;
	error = scpi_apply_unit(param->unit, token->unit, token->unit_length,
				value);
	if (error)
		return error;
	if (fabs(*value) >= SCPI_INF)
		*value = copysign(INFINITY, *value);
	return 0;
}

static int parse_number(const struct scpi_param *param,
			const struct scpi_token *token, struct scpi_arg *arg)
{
	int error = any_number(param, token, &arg->number);

	if (error)
		return error;
	if (!(arg->number >= param->min && arg->number <= param->max))
		return SCPI_ERR_RANGE;
	return 0;
}

/* A fraction is rounded, as IEEE 488.2-1992, 7.7.2.4.2 requires. */
static int parse_integer(const struct scpi_param *param,
			 const struct scpi_token *token, struct scpi_arg *arg)
{
	double value;
	int error = any_number(param, token, &value);

	if (error)
		return error;
	value = round(value);
	if (!(value >= param->min && value <= param->max) ||
	    value < -0x1p63 || value >= 0x1p63)
		return SCPI_ERR_RANGE;
	arg->integer = (int64_t)value;
	/* a double does not hold all of 64 bits */
	if (token->type == SCPI_TOKEN_NUMBER && token->whole && !token->huge &&
	    !token->unit_length && token->magnitude <= INT64_MAX)
		arg->integer = token->negative ? -(int64_t)token->magnitude :
						 (int64_t)token->magnitude;
	return 0;
}

static int parse_address(const struct scpi_token *token, struct scpi_arg *arg)
{
	if (token->type != SCPI_TOKEN_NUMBER || !token->whole)
		return SCPI_ERR_DATA_TYPE;
	if (token->unit_length)
		return SCPI_ERR_UNIT_NOT_ALLOWED;
	if (token->huge || (token->negative && token->magnitude))
		return SCPI_ERR_RANGE;
	arg->address = token->magnitude;
	return 0;
}

/* Exact if it is a whole number that fits into 64 bits, signed or not */
static int parse_value(const struct scpi_token *token, struct scpi_arg *arg)
{
	struct scpi_value *value = &arg->value;

	if (token->type != SCPI_TOKEN_NUMBER)
		return SCPI_ERR_DATA_TYPE;
	if (token->unit_length)
		return SCPI_ERR_UNIT_NOT_ALLOWED;
	value->number = token->value;
	value->whole = token->whole && !token->huge &&
		       (!token->negative || token->magnitude <= 1ULL << 63);
	if (value->whole)
		value->integer = token->negative ? -token->magnitude :
						   token->magnitude;
	return 0;
}

static int parse_choice(const struct scpi_param *param,
			const struct scpi_token *token, struct scpi_arg *arg)
{
	if (token->type != SCPI_TOKEN_WORD)
		return SCPI_ERR_DATA_TYPE;
	arg->integer = scpi_choice(param->words, token->bytes, token->length);
	return arg->integer < 0 ? SCPI_ERR_CHARACTER_DATA : 0;
}

/* SCPI-99 volume 1, 7.3: a number is rounded, and ON unless that gives 0. */
static int parse_bool(const struct scpi_token *token, struct scpi_arg *arg)
{
	if (token->type == SCPI_TOKEN_WORD) {
		arg->integer = scpi_choice("OFF|ON", token->bytes,
					   token->length);
		return arg->integer < 0 ? SCPI_ERR_CHARACTER_DATA : 0;
	}
	if (token->type != SCPI_TOKEN_NUMBER)
		return SCPI_ERR_DATA_TYPE;
	if (token->unit_length)
		return SCPI_ERR_UNIT_NOT_ALLOWED;
	arg->integer = round(token->value) != 0;
	return 0;
}

static int parse_bytes(const struct scpi_param *param,
		       const struct scpi_token *token, struct scpi_arg *arg)
{
	bool ok = token->type == SCPI_TOKEN_STRING;

	if (param->type == SCPI_BLOCK)
		ok = ok || token->type == SCPI_TOKEN_BLOCK;
	else if (param->type == SCPI_WORD)
		ok = token->type == SCPI_TOKEN_WORD;
	if (!ok)
		return SCPI_ERR_DATA_TYPE;
	arg->bytes = token->bytes;
	arg->length = token->length;
	return 0;
}

static int parse_token(const struct scpi_param *param,
		       const struct scpi_token *token, struct scpi_arg *arg)
{
	switch (param->type) {
	case SCPI_INTEGER:
		return parse_integer(param, token, arg);
	case SCPI_ADDRESS:
		return parse_address(token, arg);
	case SCPI_VALUE:
		return parse_value(token, arg);
	case SCPI_NUMBER:
		return parse_number(param, token, arg);
	case SCPI_BOOL:
		return parse_bool(token, arg);
	case SCPI_CHOICE:
		return parse_choice(param, token, arg);
	case SCPI_STRING:
	case SCPI_BLOCK:
	case SCPI_WORD:
	case SCPI_HEADER:
		return parse_bytes(param, token, arg);
	case SCPI_LIST:
		if (token->type != SCPI_TOKEN_EXPRESSION)
			return SCPI_ERR_DATA_TYPE;
		return scpi_parse_list(param, token, arg);
	case SCPI_NONE:
		break;
	}
	return SCPI_ERR_PARAMETER_NOT_ALLOWED;
}

static int parse_param(struct scpi_cursor *at, bool blanks,
		       const struct scpi_param *param, struct scpi_arg *arg)
{
	struct scpi_token token;
	int error;

	if (param->type == SCPI_NONE)
		return scpi_unexpected(at, SCPI_ERR_PARAMETER_NOT_ALLOWED);
	if (param->type == SCPI_HEADER)
		error = scpi_lex_bare_header(at, &token);
	else
		error = scpi_lex_token(at, blanks, &token);
	if (error)
		return error;
	arg->given = true;
	return parse_token(param, &token, arg);
}

/* After a parameter. Return: 1 another follows, 0 it was the last, -103 */
static int separator(struct scpi_cursor *at, bool blanks)
{
	bool blank = scpi_skip_blanks(at);

	if (scpi_at_unit_end(at))
		return 0;
	if (*at->pos == ',') {
		at->pos++;
		scpi_skip_blanks(at);
		return 1;
	}
	if (blank && blanks)
		return 1;
	return scpi_unexpected(at, SCPI_ERR_SEPARATOR);
}

/* Those that were not given */
static int fill(const struct scpi_param *param, struct scpi_arg *arg)
{
	for (; param->type != SCPI_NONE; param++, arg++) {
		if (!param->optional)
			return SCPI_ERR_MISSING_PARAMETER;
		if (param->type == SCPI_NUMBER)
			arg->number = param->def;
		else if (param->type == SCPI_INTEGER)
			arg->integer = (int64_t)param->def;
	}
	return 0;
}

int scpi_parse_params(struct scpi_cursor *at, struct scpi_call *call,
		      unsigned int *where)
{
	bool blanks = call->command->blanks;
	const struct scpi_param *params = scpi_params(call->command,
						      call->query);
	unsigned int i = 0;
	int more, error;

	memset(call->arg, 0, sizeof(call->arg));
	scpi_skip_blanks(at);
	for (more = !scpi_at_unit_end(at); more; i++) {
		*where = i + 1;
		error = parse_param(at, blanks, &params[i], &call->arg[i]);
		if (error)
			return error;
		more = separator(at, blanks);
		if (more < 0)
			return more;
	}
	*where = i + 1;
	return fill(&params[i], &call->arg[i]);
}
