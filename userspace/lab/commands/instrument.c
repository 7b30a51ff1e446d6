// SPDX-License-Identifier: GPL-2.0
/*
 * instrument.c - the instrument: all its parts and all its commands
 */
#include "commands/instrument.h"
#include "commands/tables.h"
#include "parts/clock.h"
#include "parts/digital.h"
#include "parts/input.h"
#include "parts/measure.h"
#include "parts/output.h"
#include "parts/reader.h"
#include "parts/sampler.h"
#include "parts/stream.h"
#include "parts/transfer.h"
#include "programs/program.h"

/* What is used comes before its users, see struct lab_model. */
static const struct lab_part *const parts[] = {
	&clocks_part,
	&outputs_part,
	&inputs_part,
	&digital_part,
	&measures_part,
	&sampler_part,
	&readers_part,
	&streams_part,
	&transfers_part,
	&programs_part,
	&states_part,
	&lock_part,
};

static const struct scpi_table *const tables[] = {
	&scpi_common_table,
	&lab_state_table,
	&lab_system_table,
	&lab_lock_table,
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

const struct lab_model instrument = {
	.parts = parts,
	.part_count = SCPI_ARRAY_SIZE(parts),
	.tables = tables,
	.table_count = SCPI_ARRAY_SIZE(tables),
	.refuses = lock_refuses,
	.undefined = programs_command,
};
