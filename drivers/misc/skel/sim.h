/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SKEL_SIM_H
#define _SKEL_SIM_H

#include <linux/irq_work.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/skel.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#define SKEL_SIM_CHANNELS	32
#define SKEL_SIM_INPUTS		2
#define SKEL_SIM_RATE_MAX	1000000		/* 1/s */
#define SKEL_SIM_RANGE		10000		/* mV */
#define SKEL_SIM_FREQUENCY_MAX	500000000	/* mHz */

/* Generators and sampling */
struct skel_sim_sample {
	struct mutex mutex;		/* all of this */
	struct {
		u32 frequency;		/* mHz */
		u32 amplitude;		/* mV */
	} inputs[SKEL_SIM_INPUTS];
	u32 frames_max;			/* in memory */
	bool running;
	u32 channel;			/* that started it */
	bool locked;
	u32 owner;			/* channel that locked it */
	u32 rate;
	u64 frames;			/* since the start */
	u64 run;			/* changes when the frames do not continue */
	ktime_t start;
	struct delayed_work work;
};

struct skel_sim {
	struct faux_device *faux;
	struct skel_card *card;
	struct workqueue_struct *wq;	/* the card's own processor */
	struct workqueue_struct *bh;	/* for transfers that are short */
	unsigned int serial;
	u32 speed[SKEL_SIM_CHANNELS];
	struct skel_sim_sample sample;

	struct mutex stop_mutex;	/* one skel_sim_stop() at a time */
	spinlock_t lock;		/* all that follows */
	struct list_head raised;
	struct list_head running;
	u64 refused;
	struct irq_work irq;		/* the card's interrupt line */
};

/* sim_sample.c */
void skel_sim_sample_init(struct skel_sim *sim, u32 memory);
void skel_sim_sample_exit(struct skel_sim *sim);
void skel_sim_sample_close(struct skel_sim *sim, u32 channel);
void skel_sim_overwrite(struct skel_sim *sim, u64 id);
const char *skel_sim_status(struct skel_card *card, u32 channel, const u64 *arg);
const char *skel_sim_get_inputs(struct skel_card *card, u32 channel,
				const u64 *arg);
const char *skel_sim_set_input(struct skel_card *card, u32 channel,
			       const u64 *arg);
const char *skel_sim_sample_start(struct skel_card *card, u32 channel,
				  const u64 *arg);
const char *skel_sim_sample_end(struct skel_card *card, u32 channel,
				const u64 *arg);
const char *skel_sim_lock(struct skel_card *card, u32 channel, const u64 *arg);
const char *skel_sim_unlock(struct skel_card *card, u32 channel, const u64 *arg);
const char *skel_sim_get_lock(struct skel_card *card, u32 channel, const u64 *arg);

#endif /* _SKEL_SIM_H */
