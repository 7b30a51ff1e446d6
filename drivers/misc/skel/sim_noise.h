/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SKEL_SIM_NOISE_H
#define _SKEL_SIM_NOISE_H

#include <linux/hrtimer.h>
#include <linux/skel.h>
#include <linux/spinlock.h>

/* Transfers that the noise remembers, to end them once more */
#define SKEL_SIM_NOISE_SEEN	16

struct skel_sim_noise {
	struct skel_card *card;
	struct hrtimer timer;
	u32 channel;			/* who wants it */
	u64 left;			/* interrupts to come */
	u64 wrong;			/* requests made */
	u64 granted;			/* of them, none if all is well */

	/* Under lock. */
	spinlock_t lock;
	u32 seen;
	u64 ids[SKEL_SIM_NOISE_SEEN];
	struct skel_request last;
};

void skel_sim_noise_init(struct skel_sim_noise *noise);
void skel_sim_noise_see(struct skel_sim_noise *noise,
			const struct skel_request *req, u64 id);
const char *skel_sim_noise_start(struct skel_sim_noise *noise,
				 struct skel_card *card, u32 channel, u64 times);
void skel_sim_noise_stop(struct skel_sim_noise *noise);

#endif /* _SKEL_SIM_NOISE_H */
