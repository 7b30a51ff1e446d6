// SPDX-License-Identifier: GPL-2.0
/*
 * system.c - SYSTem: time, seed and memory of the instrument
 */
#include <math.h>

#include "commands/tables.h"

#define ADVANCE_MAX	3600.0	/* s, of one command */

static int get_time(struct scpi *scpi, const struct scpi_call *call)
{
	lab_time now = lab_now(scpi_lab(scpi));

	(void)call;
	scpi_reply_text(scpi, "%llu.%09llu",
			(unsigned long long)(now / LAB_SECOND),
			(unsigned long long)(now % LAB_SECOND));
	return SCPI_OK;
}

static void advanced(struct lab *lab, struct lab_timer *timer)
{
	struct session *session =
		lab_container_of(timer, struct session, advance);

	(void)lab;
	scpi_resume(&session->scpi, SCPI_OK);
}

/* Time passes in the main loop, while the session is suspended. */
static int advance(struct scpi *scpi, const struct scpi_call *call)
{
	struct session *session = scpi_session(scpi);
	struct lab *lab = session->lab;

	if (lab->time.real)
		return SCPI_ERR_SETTINGS_CONFLICT;
	session->advance.run = advanced;
	lab_timer_start(lab, &session->advance, lab_now(lab) +
			llround(call->arg[0].number * LAB_SECOND));
	return SCPI_SUSPEND;
}

static int get_mode(struct scpi *scpi, const struct scpi_call *call)
{
	(void)call;
	scpi_reply_text(scpi, scpi_lab(scpi)->time.real ? "REAL" : "VIRT");
	return SCPI_OK;
}

static int set_seed(struct scpi *scpi, const struct scpi_call *call)
{
	scpi_lab(scpi)->seed = call->arg[0].address;
	return SCPI_OK;
}

static int get_seed(struct scpi *scpi, const struct scpi_call *call)
{
	(void)call;
	scpi_reply_address(scpi, scpi_lab(scpi)->seed);
	return SCPI_OK;
}

static int get_memory(struct scpi *scpi, const struct scpi_call *call)
{
	(void)call;
	scpi_reply_address(scpi, scpi_lab(scpi)->card->size);
	return SCPI_OK;
}

static const struct scpi_command commands[] = {
	{
		.header = "SYSTem:TIME",
		.query = get_time,
		.help = "The time of the instrument in seconds since it was started,\n"
			"to the nanosecond.",
		.reply = "seconds with nine decimals: 1.002000000",
		.example = "SYST:TIME?",
	}, {
		.header = "SYSTem:TIME:ADVance",
		.set = advance,
		.params = {
			{ .type = SCPI_NUMBER, .name = "time", .unit = "s",
			  .min = 0, .max = ADVANCE_MAX },
		},
		.help = "Let virtual time pass, as fast as the machine can. Later\n"
			"commands run after that.",
		.errors = "-221 in real time",
		.example = "SYST:TIME:ADV 100 ms",
	}, {
		.header = "SYSTem:TIME:MODE",
		.query = get_mode,
		.help = "Whether time is virtual or real, as chosen when the\n"
			"instrument was started.",
		.reply = "VIRT or REAL",
		.example = "SYST:TIME:MODE?",
	}, {
		.header = "SYSTem:SEED",
		.set = set_seed,
		.query = get_seed,
		.params = {
			{ .type = SCPI_ADDRESS, .name = "seed" },
		},
		.help = "The seed of all noise: the same one gives the same noise.\n"
			"*RST does not change it; a generator uses a new one from the\n"
			"next change of its settings on.",
		.reply = "the seed",
		.example = "SYST:SEED 42",
	}, {
		.header = "SYSTem:MEMory",
		.query = get_memory,
		.help = "Size of the card's memory.",
		.reply = "bytes",
		.example = "SYST:MEM?",
	},
};

const struct scpi_table lab_system_table = {
	.title = "System",
	.commands = commands,
	.count = SCPI_ARRAY_SIZE(commands),
};
