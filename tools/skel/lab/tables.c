// SPDX-License-Identifier: GPL-2.0
/*
 * tables.c - all commands of the instrument, in the order of the manual
 */
#include <assert.h>

#include "clock.h"
#include "digital.h"
#include "input.h"
#include "lab.h"
#include "output.h"
#include "program.h"
#include "sampler.h"
#include "stream.h"
#include "system.h"
#include "transfer.h"
#include "trigger.h"

void lab_get_tables(struct scpi_table tables[LAB_TABLES])
{
	const struct scpi_table *const all[] = {
		&scpi_common_table,
		&lab_system_table,
		&lab_transfer_table,
		&lab_simple_table,
		&lab_input_table,
		&lab_sample_table,
		&lab_trigger_table,
		&lab_stream_table,
		&lab_output_table,
		&lab_digital_table,
		&lab_clock_table,
		&lab_program_table,
	};
	size_t i;

	static_assert(SCPI_ARRAY_SIZE(all) == LAB_TABLES, "LAB_TABLES");
	for (i = 0; i < LAB_TABLES; i++)
		tables[i] = *all[i];
}
