// SPDX-License-Identifier: GPL-2.0
/*
 * commands-transfer.c - TOHOST, FROMHOST, SPEED: transfers that users ask for
 *
 * The card does not look at the numbers: the core checks each request, and
 * tells the user with a line of its own, "skel: DONE ..." or another end, how it
 * ended. Here only the time that it takes is of interest, and that it ends.
 */
#include <math.h>
#include <stdlib.h>

#include "lab.h"
#include "sampler.h"
#include "transfer.h"

#define SPEED_MAX	1000000000	/* bytes per second */
#define TIME_MAX	(3600 * LAB_SECOND)	/* of one transfer */

struct session_transfer {
	struct session *session;
	struct session_transfer *next;
	enum lab_dir dir;
	uint64_t card_addr, length;
	uint32_t speed;
	uint64_t grant;
	struct lab_timer timer;		/* until the bytes have moved */
	bool granted;
};

static void transfer_free(struct session_transfer *transfer)
{
	struct session *session = transfer->session;
	struct session_transfer **at = &session->transfers;

	while (*at != transfer)
		at = &(*at)->next;
	*at = transfer->next;
	session->transfer_count--;
	lab_timer_stop(session->lab, &transfer->timer);
	if (transfer->speed)
		session->lab->loop.slow--;
	session_end(session);
	free(transfer);
}

static void transfer_done(void *arg, int error)
{
	(void)error;
	transfer_free(arg);
}

static void transfer_finish(struct lab *lab, struct lab_timer *timer)
{
	struct session_transfer *transfer =
		lab_container_of(timer, struct session_transfer, timer);

	/* what is due by now is in the ring when its bytes move */
	sampler_catch_up(lab);
	if (transfer->dir == LAB_FROMHOST)
		sampler_overwritten(lab, transfer->card_addr, transfer->length);
	lab->card->ops->finish(lab->card, transfer->grant);
}

static void transfer_granted(void *arg, uint64_t grant)
{
	struct session_transfer *transfer = arg;
	struct lab *lab = transfer->session->lab;
	double seconds = (double)transfer->length / transfer->speed;
	lab_time time = TIME_MAX;

	if (seconds < (double)TIME_MAX / LAB_SECOND)
		time = llround(seconds * LAB_SECOND);
	transfer->grant = grant;
	transfer->granted = true;
	lab_timer_start(lab, &transfer->timer, lab_now(lab) + time);
}

static int transfer_start(struct session *session, enum lab_dir dir,
			  const struct scpi_arg *arg)
{
	struct lab *lab = session->lab;
	struct session_transfer *transfer;
	struct lab_transfer request = {
		.channel = session->channel,
		.dir = dir,
		.card_addr = arg[0].address,
		.length = arg[1].address,
		.host_addr = arg[2].address,
		.done = transfer_done,
	};

	if (session->transfer_count >= SESSION_TRANSFERS_MAX)
		return SCPI_ERR_OUT_OF_MEMORY;
	transfer = calloc(1, sizeof(*transfer));
	if (!transfer)
		return SCPI_ERR_OUT_OF_MEMORY;
	transfer->session = session;
	transfer->dir = dir;
	transfer->card_addr = request.card_addr;
	transfer->length = request.length;
	transfer->speed = session->speed;
	transfer->timer.run = transfer_finish;
	request.arg = transfer;
	sampler_catch_up(lab);
	if (transfer->speed)
		request.granted = transfer_granted;
	else if (dir == LAB_FROMHOST)
		sampler_overwritten(lab, request.card_addr, request.length);
	if (lab_transfer(lab, &request)) {
		free(transfer);
		return SCPI_ERR_OUT_OF_MEMORY;
	}
	transfer->next = session->transfers;
	session->transfers = transfer;
	session->transfer_count++;
	if (transfer->speed)
		lab->loop.slow++;
	session_begin(session);
	return SCPI_OK;
}

void transfers_close(struct session *session)
{
	struct lab_card *card = session->lab->card;

	while (session->transfers) {
		card->ops->forget(card, session->transfers);
		transfer_free(session->transfers);
	}
}

unsigned int transfers_running(const struct lab *lab)
{
	const struct session_transfer *transfer;
	unsigned int i, count = 0;

	for (i = 0; i < LAB_SESSIONS; i++) {
		if (!lab->sessions[i])
			continue;
		transfer = lab->sessions[i]->transfers;
		for (; transfer; transfer = transfer->next)
			count += transfer->granted;
	}
	return count;
}

static int transfer_command(struct scpi *scpi, const struct scpi_call *call,
			    enum lab_dir dir)
{
	int error = transfer_start(scpi_session(scpi), dir, call->arg);

	if (error)
		scpi_notify(scpi, "ERROR memory");
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
	scpi_reply_text(scpi, "OK SPEED");
	return SCPI_OK;
}

static int get_speed(struct scpi *scpi, const struct scpi_call *call)
{
	(void)call;
	scpi_reply_integer(scpi, scpi_session(scpi)->speed);
	return SCPI_OK;
}

#define TRANSFER_PARAMS {						\
		{ .type = SCPI_ADDRESS, .name = "card-address" },	\
		{ .type = SCPI_ADDRESS, .name = "length" },		\
		{ .type = SCPI_ADDRESS, .name = "host-address" },	\
	}
#define TRANSFER_REPLY	"the core's line skel: DONE, skel: REFUSED or skel: FAILED,\n" \
			"when it has ended"
#define TRANSFER_ERRORS	"-225 too many transfers of this channel run"

static const struct scpi_command commands[] = {
	{
		.header = "TOHOST",
		.set = tohost,
		.params = TRANSFER_PARAMS,
		.blanks = true,
		.help = "Send bytes of the card's memory to a buffer of the program.\n"
			"The numbers are not looked at by the instrument: the core of\n"
			"the driver checks them. An overlapped command: *WAI and *OPC\n"
			"wait for its end.",
		.reply = TRANSFER_REPLY,
		.errors = TRANSFER_ERRORS,
		.example = "TOHOST 0 4096 0x100000000",
	}, {
		.header = "FROMHOST",
		.set = fromhost,
		.params = TRANSFER_PARAMS,
		.blanks = true,
		.help = "Fetch bytes of a buffer of the program into the card's\n"
			"memory, as TOHOST does the other way.",
		.reply = TRANSFER_REPLY,
		.errors = TRANSFER_ERRORS,
		.example = "FROMHOST 0 4096 0x100000000",
	}, {
		.header = "SPEED",
		.set = set_speed,
		.query = get_speed,
		.params = {
			{ .type = SCPI_INTEGER, .name = "bytes-per-second",
			  .min = 0, .max = SPEED_MAX },
		},
		.blanks = true,
		.help = "Speed of the transfers that this channel asks for from now\n"
			"on. With 0, as at first, the bytes move at once; else they\n"
			"move when length divided by speed has passed. The driver\n"
			"ends a transfer as FAILED when it has not ended after 5 s\n"
			"of real time. *RST does not change it.",
		.reply = "OK SPEED, of the query the speed",
		.example = "SPEED 1000000",
	},
};

const struct scpi_table lab_transfer_table = {
	.title = "Transfers",
	.commands = commands,
	.count = SCPI_ARRAY_SIZE(commands),
};
