// SPDX-License-Identifier: GPL-2.0
/*
 * lock.c - SYSTem:LOCK: a user reserves the sampling
 *
 * SCPI-99 volume 2, 21.13. The lock is that of a channel or connection and ends with
 * it. Others may ask for everything, and use outputs, lines and transfers.
 */
#include <string.h>

#include "commands/tables.h"

/* What changes a recording, by the start of its header. Others may trigger it. */
static const char *const reserved[] = {
	"INPut<n>:", "INPUT", "SAMPle:", "SAMPLE", "INITiate", "ABORt", "STOP",
	"READ", "TRIGger:", "CLOCk<n>:", "*RST", "*RCL", "STREam:STARt",
	"SYSTem:TIME:ADVance", "SYSTem:SEED",
};

int lock_refuses(struct session *session, const struct scpi_call *call)
{
	const char *header = call->command->header;
	size_t i;

	if (!session_is_kept_out(session) ||
	    (call->query && call->command->set))
		return 0;
	for (i = 0; i < SCPI_ARRAY_SIZE(reserved); i++) {
		if (strncmp(header, reserved[i], strlen(reserved[i])) != 0)
			continue;
		if (call->query && strcmp(header, "READ") != 0)
			break;
		return scpi_fail(&session->scpi, SCPI_ERR_PROTECTED,
				 "another user has reserved the sampling, see SYSTem:LOCK:OWNer?");
	}
	return 0;
}

static int request(struct scpi *scpi, const struct scpi_call *call)
{
	struct session *user = session_user(scpi_session(scpi));
	struct lab *lab = user->lab;

	if (!lab->holder)
		lab->holder = user;
	return scpi_reply_integer(scpi, lab->holder == user);
}

static int release(struct scpi *scpi, const struct scpi_call *call)
{
	struct session *user = session_user(scpi_session(scpi));

	if (user->lab->holder && user->lab->holder != user)
		return scpi_fail(scpi, SCPI_ERR_PROTECTED, "it is another user's");
	user->lab->holder = NULL;
	return SCPI_OK;
}

static int get_owner(struct scpi *scpi, const struct scpi_call *call)
{
	const struct session *holder = scpi_lab(scpi)->holder;

	if (!holder)
		scpi_reply_text(scpi, "NONE");
	else if (holder->channel < LAB_CHANNELS)
		scpi_reply_text(scpi, "CHAN%u", holder->channel);
	else
		scpi_reply_text(scpi, "LAN%u", holder->channel - LAB_CHANNELS);
	return SCPI_OK;
}

static void forget(struct lab *lab, struct session *session)
{
	if (lab->holder == session)
		lab->holder = NULL;
}

const struct lab_part lock_part = { .forget = forget };

static const struct scpi_command commands[] = {
	{
		.header = "SYSTem:LOCK:REQuest", .query = request,
		.help = "Reserve the sampling for this user, until SYSTem:LOCK:RELease or the end of the channel or connection: for all others, settings of inputs, clocks, sampling, triggers and the seed, READ?, *RST and *RCL are error -203; queries are not.",
		.reply = "1: it is reserved; 0: another user has it",
		.example = "SYST:LOCK:REQ?",
	}, {
		.header = "SYSTem:LOCK:RELease", .set = release,
		.help = "Let others use the sampling again.",
		.errors = "-203 another user has reserved it",
		.example = "SYST:LOCK:REL",
	}, {
		.header = "SYSTem:LOCK:OWNer", .query = get_owner,
		.help = "Who has reserved the sampling.",
		.reply = "NONE; CHAN3: channel 3 of the card, see skelctl list; LAN0: a connection of the network",
		.example = "SYST:LOCK:OWN?",
	},
};

const struct scpi_table lab_lock_table = SCPI_TABLE("Reserving the sampling", commands);
