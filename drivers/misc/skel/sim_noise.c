// SPDX-License-Identifier: GPL-2.0
/*
 * sim_noise.c - a simulated card that raises interrupts at random, for tests
 *
 * The handler, a timer's, makes requests that are wrong in one way each, and
 * reports the end of transfers that run, have ended long ago, or never were.
 */

#include <linux/cleanup.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/skel.h>
#include <linux/spinlock.h>

#include "sim_noise.h"

#define SKEL_SIM_NOISE_PERIOD	(100 * NSEC_PER_USEC)	/* at most */
#define SKEL_SIM_NOISE_TIMES	10000000

/* The card has been granted this transfer. */
void skel_sim_noise_see(struct skel_sim_noise *noise,
			const struct skel_request *req, u64 id)
{
	guard(spinlock_irqsave)(&noise->lock);
	noise->last = *req;
	noise->ids[noise->seen++ % SKEL_SIM_NOISE_SEEN] = id;
}

/* So far up that sums wrap around: by little as often as by much. */
static u64 skel_sim_noise_far(void)
{
	return U64_MAX - (get_random_u32() >> get_random_u32_below(32));
}

/* Whatever the channel holds: this is wrong. */
static void skel_sim_noise_spoil(struct skel_request *req)
{
	switch (get_random_u32_below(6)) {
	case 0:
		req->length = 0;
		break;
	case 1:
		req->length = skel_sim_noise_far();
		break;
	case 2:
		req->card_addr = skel_sim_noise_far();
		break;
	case 3:
		req->host_addr = skel_sim_noise_far();
		break;
	case 4:
		/* where regions are */
		req->host_addr = get_random_u32();
		break;
	case 5:
		req->channel += 1 + get_random_u32_below(U32_MAX - 1);
		break;
	}
}

static void skel_sim_noise_request(struct skel_sim_noise *noise)
{
	struct skel_request req;
	struct skel_grant grant;

	scoped_guard(spinlock_irqsave, &noise->lock)
		req = noise->last;
	skel_sim_noise_spoil(&req);
	noise->wrong++;
	if (!skel_request(noise->card, &req, &grant))
		noise->granted++;
}

static void skel_sim_noise_complete(struct skel_sim_noise *noise)
{
	u64 id, length;

	scoped_guard(spinlock_irqsave, &noise->lock) {
		id = noise->ids[get_random_u32_below(SKEL_SIM_NOISE_SEEN)];
		length = noise->last.length;
	}
	switch (get_random_u32_below(4)) {
	case 0:
		id = get_random_u64();
		break;
	case 1:
		length = get_random_u64();
		break;
	}
	skel_complete(noise->card, id, length, 0);
}

static enum hrtimer_restart skel_sim_noise_tick(struct hrtimer *timer)
{
	struct skel_sim_noise *noise = container_of(timer, struct skel_sim_noise,
						    timer);

	if (get_random_u32_below(2))
		skel_sim_noise_request(noise);
	else
		skel_sim_noise_complete(noise);

	if (--noise->left) {
		hrtimer_forward_now(timer, get_random_u32_below(SKEL_SIM_NOISE_PERIOD) + 1);
		return HRTIMER_RESTART;
	}
	skel_reply(noise->card, noise->channel, "NOISE %llu wrong %llu granted",
		   noise->wrong, noise->granted);
	return HRTIMER_NORESTART;
}

void skel_sim_noise_init(struct skel_sim_noise *noise)
{
	spin_lock_init(&noise->lock);
	hrtimer_setup(&noise->timer, skel_sim_noise_tick, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL);
}

/* For commands, which run one at a time. Returns the reason if it cannot be. */
const char *skel_sim_noise_start(struct skel_sim_noise *noise,
				 struct skel_card *card, u32 channel, u64 times)
{
	if (hrtimer_active(&noise->timer))
		return "busy";
	if (!times || times > SKEL_SIM_NOISE_TIMES)
		return "range";
	noise->card = card;
	noise->channel = channel;
	noise->left = times;
	noise->wrong = 0;
	noise->granted = 0;
	hrtimer_start(&noise->timer, SKEL_SIM_NOISE_PERIOD, HRTIMER_MODE_REL);
	return NULL;
}

void skel_sim_noise_stop(struct skel_sim_noise *noise)
{
	hrtimer_cancel(&noise->timer);
}
