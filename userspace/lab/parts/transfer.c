// SPDX-License-Identifier: GPL-2.0
/*
 * transfer.c - the transfers of TOHOST and FROMHOST
 *
 * The card does not look at the numbers: the driver's core checks each request,
 * and reports its end to the user by a line of its own, "skel: DONE ..." or
 * another one. All that matters here is how long it takes, and that it ends.
 */
#include <math.h>
#include <stdlib.h>

#include "parts/sampler.h"
#include "parts/transfer.h"

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
		session->lab->slow_transfers--;
	session_end(session);
	free(transfer);
}

static void transfer_done(void *arg, int error)
{
	transfer_free(arg);
}

static void transfer_finish(struct lab *lab, struct lab_timer *timer)
{
	struct session_transfer *transfer =
		lab_container_of(timer, struct session_transfer, timer);

	/* what is due must be in the ring when its bytes move */
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

int transfer_no_channel(struct session *session)
{
	return scpi_fail(&session->scpi, SCPI_ERR_HARDWARE_MISSING,
			 "no DMA over the network, open /dev/skelN");
}

int transfer_start(struct session *session, enum lab_dir dir,
		   uint64_t card_addr, uint64_t length, uint64_t host_addr)
{
	struct lab *lab = session->lab;
	struct session_transfer *transfer;
	struct lab_transfer request = {
		.channel = session->channel,
		.dir = dir,
		.card_addr = card_addr,
		.length = length,
		.host_addr = host_addr,
		.done = transfer_done,
	};

	if (session->channel >= LAB_CHANNELS)
		return transfer_no_channel(session);
	if (session->transfer_count >= SESSION_TRANSFERS_MAX)
		return SCPI_ERR_OUT_OF_MEMORY;
	transfer = calloc(1, sizeof(*transfer));
	if (!transfer)
		return SCPI_ERR_OUT_OF_MEMORY;
	transfer->session = session;
	transfer->dir = dir;
	transfer->card_addr = card_addr;
	transfer->length = length;
	transfer->speed = session->speed;
	transfer->timer.run = transfer_finish;
	request.arg = transfer;
	sampler_catch_up(lab);
	if (transfer->speed)
		request.granted = transfer_granted;
	else if (dir == LAB_FROMHOST)
		sampler_overwritten(lab, card_addr, length);
	if (lab_transfer(lab, &request)) {
		free(transfer);
		return SCPI_ERR_OUT_OF_MEMORY;
	}
	transfer->next = session->transfers;
	session->transfers = transfer;
	session->transfer_count++;
	if (transfer->speed)
		lab->slow_transfers++;
	session_begin(session);
	return SCPI_OK;
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

/* --- the part of the instrument ------------------------------------------ */

static void transfers_forget(struct lab *lab, struct session *session)
{
	struct lab_card *card = lab->card;

	while (session->transfers) {
		card->ops->forget(card, session->transfers);
		transfer_free(session->transfers);
	}
}

static bool transfers_want_time(const struct lab *lab)
{
	return lab->slow_transfers > 0;
}

const struct lab_part transfers_part = {
	.forget = transfers_forget,
	.wants_time = transfers_want_time,
};
