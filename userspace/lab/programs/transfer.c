// SPDX-License-Identifier: GPL-2.0
/*
 * transfer.c - transfers that programs ask for
 */
#include "parts/sampler.h"
#include "programs/internal.h"

static void transfer_done(void *arg, int error)
{
	struct program_transfer *transfer = arg;
	struct program_run *run = transfer->run;

	transfer->used = false;
	run->in_flight--;
	run->status = error;
	run->failed += error != 0;
	run->transfer_ended(run, transfer);
}

/* The caller has checked that there is one. */
static struct program_transfer *find_free(struct program_run *run)
{
	struct program_transfer *transfer = run->transfer;

	while (transfer->used)
		transfer++;
	return transfer;
}

void program_transfer(struct program_run *run, enum lab_dir dir,
		      uint64_t card_addr, uint64_t length, uint64_t host_addr,
		      bool wait)
{
	struct program_transfer *transfer = find_free(run);
	struct lab_transfer request = {
		.channel = run->session->channel,
		.dir = dir,
		.card_addr = card_addr,
		.length = length,
		.host_addr = host_addr,
		.done = transfer_done,
		.arg = transfer,
	};
	int error;

	if (dir == LAB_FROMHOST)
		sampler_overwritten(run->lab, card_addr, length);
	error = lab_transfer(run->lab, &request);
	if (error) {
		run->status = error;
		run->failed++;
		return;
	}
	transfer->run = run;
	transfer->used = true;
	run->in_flight++;
	if (wait) {
		run->wait = WAIT_TRANSFER;
		run->awaited = transfer;
	}
}

void program_transfers_forget(struct program_run *run)
{
	struct lab_card *card = run->lab->card;
	unsigned int i;

	for (i = 0; i < PROGRAM_TRANSFERS_MAX; i++) {
		if (run->transfer[i].used)
			card->ops->forget(card, &run->transfer[i]);
	}
}
