// SPDX-License-Identifier: GPL-2.0
/*
 * setting.c - settings that a table describes completely
 */
#include <math.h>

#include "scpi/scpi.h"

static void *place(struct scpi *scpi, const struct scpi_call *call)
{
	return (char *)call->command->object->find(scpi, call) +
	       call->command->offset;
}

/* A value as it is kept: a number in the unit of the table, or whole */
static double to_kept(const struct scpi_command *command,
		      const struct scpi_arg *arg)
{
	double scale = command->scale ? command->scale : 1;

	if (command->params[0].type == SCPI_NUMBER)
		return arg->number * scale;
	return (double)(arg->integer - command->first);
}

int scpi_store(struct scpi *scpi, const struct scpi_call *call)
{
	double value = to_kept(call->command, &call->arg[0]);
	void *kept = place(scpi, call);

	switch (call->command->kept) {
	case SCPI_DOUBLE:
		*(double *)kept = value;
		break;
	case SCPI_UINT:
		*(unsigned int *)kept = llround(value);
		break;
	case SCPI_UINT16:
		*(uint16_t *)kept = value;
		break;
	case SCPI_UINT64:
		*(uint64_t *)kept = llround(value);
		break;
	case SCPI_FLAG:
		*(bool *)kept = value != 0;
		break;
	}
	return SCPI_OK;
}

static double kept_value(enum scpi_kept kind, const void *kept)
{
	switch (kind) {
	case SCPI_DOUBLE:
		return *(const double *)kept;
	case SCPI_UINT:
		return *(const unsigned int *)kept;
	case SCPI_UINT16:
		return *(const uint16_t *)kept;
	case SCPI_FLAG:
		return *(const bool *)kept;
	default:
		return (double)*(const uint64_t *)kept;
	}
}

int scpi_recall(struct scpi *scpi, const struct scpi_call *call)
{
	const struct scpi_command *command = call->command;
	const struct scpi_param *param = &command->params[0];
	double value = kept_value(command->kept, place(scpi, call));

	switch (param->type) {
	case SCPI_NUMBER:
		return scpi_reply_number(scpi, command->scale ?
					 value / command->scale : value);
	case SCPI_CHOICE:
		return scpi_reply_choice(scpi, param,
					 (int64_t)value + command->first);
	default:
		return scpi_reply_integer(scpi, (int64_t)value + command->first);
	}
}
