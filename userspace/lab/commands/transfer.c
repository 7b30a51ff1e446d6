// SPDX-License-Identifier: GPL-2.0
/*
 * transfer.c - TOHOST, FROMHOST, SPEED: transfers that users ask for
 */
#include "commands/tables.h"
#include "parts/transfer.h"

#define SPEED_MAX	1000000000	/* bytes per second */

static int transfer_command(struct scpi *scpi, const struct scpi_call *call,
			    enum lab_dir dir)
{
	int error = transfer_start(scpi_session(scpi), dir,
				   call->arg[0].address, call->arg[1].address,
				   call->arg[2].address);

	if (error)
		scpi_notify(scpi, "ERROR %s", error == SCPI_ERR_OUT_OF_MEMORY ?
			    "memory" : "no-channel");
	return error;
}

static int tohost(struct scpi *scpi, const struct scpi_call *call)
{
	return transfer_command(scpi, call, LAB_TOHOST);
}

static int fromhost(struct scpi *scpi, const struct scpi_call *call)
{
	return transfer_command(scpi, call, LAB_FROMHOST);
}

static int set_speed(struct scpi *scpi, const struct scpi_call *call)
{
	scpi_session(scpi)->speed = call->arg[0].integer;
	return scpi_reply_text(scpi, "OK SPEED");
}

static int get_speed(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_integer(scpi, scpi_session(scpi)->speed);
}

#define TRANSFER_PARAMS {						\
		{ PARAM(ADDRESS, "card-address") },		\
		{ PARAM(ADDRESS, "length") },			\
		{ PARAM(ADDRESS, "host-address") },		\
	}
#define TRANSFER_REPLY	"the core's line skel: DONE, skel: REFUSED or skel: FAILED, at its end"
#define TRANSFER_ERRORS	"-225 too many running transfers of this channel, -241 this user has no channel: a connection of the network"

static const struct scpi_command commands[] = {
	{
		.header = "TOHOST", .set = tohost, .blanks = true,
		.params = TRANSFER_PARAMS,
		.help = "Send bytes of card memory to a buffer of the program. The instrument does not check the numbers: the driver's core does. An overlapped command: *WAI and *OPC wait for its end.",
		.reply = TRANSFER_REPLY, .errors = TRANSFER_ERRORS,
		.example = "TOHOST 0 4096 0x100000000",
	}, {
		.header = "FROMHOST", .set = fromhost, .blanks = true,
		.params = TRANSFER_PARAMS,
		.help = "Fetch bytes of a buffer of the program into card memory: the opposite of TOHOST.",
		.reply = TRANSFER_REPLY, .errors = TRANSFER_ERRORS,
		.example = "FROMHOST 0 4096 0x100000000",
	}, {
		.header = "SPEED", .set = set_speed, .query = get_speed,
		.blanks = true,
		.params = { { INTEGER("bytes-per-second", 0, SPEED_MAX, 0) } },
		.help = "Speed of the transfers that this channel asks for from now on. With 0, the default, the bytes move at once; otherwise they move after length divided by speed. The driver ends a transfer as FAILED if it takes more than 5 s of real time. *RST does not change it.",
		.reply = "OK SPEED, of the query the speed",
		.example = "SPEED 1000000",
	},
};

const struct scpi_table lab_transfer_table = SCPI_TABLE("Transfers", commands);
