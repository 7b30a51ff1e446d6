/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tables.h - the commands of the instrument, one table for each part
 */
#ifndef _LAB_TABLES_H
#define _LAB_TABLES_H

#include "core/lab.h"

/* INPut1 is number 0. */
static inline unsigned int number(const struct scpi_call *call)
{
	return call->suffix[0] - 1;
}

extern const struct scpi_table lab_system_table;
extern const struct scpi_table lab_state_table;
extern const struct scpi_table lab_lock_table;
extern const struct scpi_table lab_transfer_table;
extern const struct scpi_table lab_simple_table;
extern const struct scpi_table lab_input_table;
extern const struct scpi_table lab_sample_table;
extern const struct scpi_table lab_trigger_table;
extern const struct scpi_table lab_stream_table;
extern const struct scpi_table lab_output_table;
extern const struct scpi_table lab_digital_table;
extern const struct scpi_table lab_clock_table;
extern const struct scpi_table lab_program_table;

extern const struct lab_part states_part, lock_part;

/* For lab_model.refuses: another user has reserved the sampling. */
int lock_refuses(struct session *session, const struct scpi_call *call);

/* struct sampler: its settings must not change while it samples. */
extern const struct scpi_object lab_sampling;
#define ERRORS_BUSY	"-221 sampling is running: ABORt first"

/*
 * For lab_model.undefined: the name of a program is a command, too. Return: the
 * command that runs it, or NULL: no program has this name.
 */
const struct scpi_command *programs_command(struct lab *lab, const char *name,
					    size_t length);

#endif /* _LAB_TABLES_H */
