// SPDX-License-Identifier: GPL-2.0
/*
 * sim.c - a simulated laboratory card
 *
 * The card has memory, and two analog inputs that it samples into this memory
 * (sim_sample.c). Its commands:
 *
 *   *IDN?                    manufacturer,model,serial,firmware (IEEE 488.2)
 *   STATUS?                  what the card is doing
 *   INPUTS?                  what is connected to the inputs
 *   INPUT n mHz mV           frequency and amplitude of input n
 *   SAMPLE rate              sample at this rate (1/s), from address 0 on
 *   STOP                     stop sampling
 *   SPEED bytes/s            of this channel's transfers, 0: as fast as possible
 *   TOHOST card len host     send memory to a buffer
 *   FROMHOST card len host   fetch memory from a buffer
 *
 * A transfer goes the way it would in hardware: the command makes the card
 * raise an interrupt, whose handler asks the core. What is granted is moved by
 * the card's DMA engine, a work item, which raises an interrupt when it is done.
 *
 * sim->lock protects the lists of jobs. A job is on sim->raised while it waits
 * for the interrupt handler and on sim->running while it waits for the DMA
 * engine. In between it belongs to the handler alone; irq_work_sync() waits for
 * that, by one caller at a time (sim->stop_mutex).
 */

#include <linux/cleanup.h>
#include <linux/device/faux.h>
#include <linux/dma-mapping.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/skel.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "sim.h"

#define SKEL_SIM_CARDS_MAX	16
#define SKEL_SIM_TRANSFERS	4
#define SKEL_SIM_SPEED_MAX	NSEC_PER_SEC	/* bytes/s */
#define SKEL_SIM_SHORT		SZ_16K		/* bytes, of a transfer */

static unsigned int cards = 1;
module_param(cards, uint, 0444);
MODULE_PARM_DESC(cards, "number of cards, 1 to 16 (default 1)");

static unsigned int memory = SZ_1M;
module_param(memory, uint, 0444);
MODULE_PARM_DESC(memory, "memory of each card in bytes (default 1 MiB)");

static unsigned int dma_bits = 32;
module_param(dma_bits, uint, 0444);
MODULE_PARM_DESC(dma_bits, "width of the DMA addresses, 24 to 64 (default 32)");

/* A transfer that a user has asked the card for. */
struct skel_sim_job {
	struct list_head node;
	struct skel_sim *sim;
	struct skel_request req;
	struct skel_grant grant;	/* id 0: not yet granted */
	unsigned long delay;		/* of the DMA engine, in jiffies */
	struct delayed_work engine;
	struct workqueue_struct *wq;	/* that @engine runs on */
	bool taken;			/* by skel_sim_stop() */
};

static struct skel_sim *skel_sims[SKEL_SIM_CARDS_MAX];

/* The interrupt: the card asks for a transfer. */
static void skel_sim_ask(struct skel_sim *sim, struct skel_sim_job *job)
{
	int ret = skel_request(sim->card, &job->req, &job->grant);

	guard(spinlock_irqsave)(&sim->lock);
	if (ret) {
		sim->refused++;
		kfree(job);
		return;
	}
	list_add_tail(&job->node, &sim->running);
	queue_delayed_work(job->wq, &job->engine, job->delay);
}

/* The interrupt: a transfer has ended. */
static void skel_sim_done(struct skel_sim *sim, struct skel_sim_job *job)
{
	skel_complete(sim->card, job->grant.id, job->req.length, 0);
	kfree(job);
}

static void skel_sim_irq(struct irq_work *work)
{
	struct skel_sim *sim = container_of(work, struct skel_sim, irq);
	struct skel_sim_job *job, *next;
	LIST_HEAD(raised);

	scoped_guard(spinlock_irqsave, &sim->lock)
		list_splice_init(&sim->raised, &raised);

	list_for_each_entry_safe(job, next, &raised, node) {
		list_del(&job->node);
		if (job->grant.id)
			skel_sim_done(sim, job);
		else
			skel_sim_ask(sim, job);
	}
}

static void skel_sim_raise(struct skel_sim *sim, struct skel_sim_job *job)
{
	lockdep_assert_held(&sim->lock);
	list_add_tail(&job->node, &sim->raised);
	irq_work_queue(&sim->irq);
}

static void skel_sim_engine(struct work_struct *work)
{
	struct skel_sim_job *job = container_of(to_delayed_work(work),
						struct skel_sim_job, engine);
	struct skel_sim *sim = job->sim;

	if (job->req.dir == SKEL_TOHOST)
		skel_card_copy(sim->card, job->grant.id);
	else
		skel_sim_overwrite(sim, job->grant.id);

	guard(spinlock_irq)(&sim->lock);
	if (job->taken)
		return;
	list_del(&job->node);
	skel_sim_raise(sim, job);
}

/* Move the jobs of a channel, or of all, from one list to another. */
static void skel_sim_take(struct list_head *from, u32 channel, bool all,
			  struct list_head *to)
{
	struct skel_sim_job *job, *next;

	list_for_each_entry_safe(job, next, from, node) {
		if (!all && job->req.channel != channel)
			continue;
		job->taken = true;
		list_move_tail(&job->node, to);
	}
}

/*
 * Stop the DMA of one channel, or of all, and forget its requests. The core grants
 * nothing meanwhile: once the handler has run, all of its jobs are on the lists.
 */
static void skel_sim_stop(struct skel_sim *sim, u32 channel, bool all)
{
	struct skel_sim_job *job, *next;
	LIST_HEAD(taken);

	guard(mutex)(&sim->stop_mutex);
	irq_work_sync(&sim->irq);
	scoped_guard(spinlock_irq, &sim->lock) {
		skel_sim_take(&sim->raised, channel, all, &taken);
		skel_sim_take(&sim->running, channel, all, &taken);
	}
	list_for_each_entry_safe(job, next, &taken, node) {
		cancel_delayed_work_sync(&job->engine);
		kfree(job);
	}
	irq_work_sync(&sim->irq);
}

static int skel_sim_quiesce(struct skel_card *card, u32 channel)
{
	skel_sim_stop(skel_card_priv(card), channel, false);
	return 0;
}

static int skel_sim_reset(struct skel_card *card)
{
	skel_sim_stop(skel_card_priv(card), 0, true);
	return 0;
}

static int skel_sim_open(struct skel_card *card, u32 channel)
{
	struct skel_sim *sim = skel_card_priv(card);

	WRITE_ONCE(sim->speed[channel], 0);
	return 0;
}

static const char *skel_sim_transfer(struct skel_card *card,
				     const struct skel_request *req)
{
	struct skel_sim *sim = skel_card_priv(card);
	u32 speed = READ_ONCE(sim->speed[req->channel]);
	struct skel_sim_job *job;

	job = kzalloc_obj(*job);
	if (!job)
		return "memory";
	job->sim = sim;
	job->req = *req;
	if (speed)
		job->delay = nsecs_to_jiffies(mul_u64_u64_div_u64(min(req->length, SZ_4G),
								  NSEC_PER_SEC, speed));
	/*
	 * A short transfer is over before another task could be running. FROMHOST
	 * may sleep. For lockdep the two are of different classes.
	 */
	if (req->dir == SKEL_TOHOST && req->length <= SKEL_SIM_SHORT) {
		INIT_DELAYED_WORK(&job->engine, skel_sim_engine);
		job->wq = sim->bh;
	} else {
		INIT_DELAYED_WORK(&job->engine, skel_sim_engine);
		job->wq = sim->wq;
	}

	guard(spinlock_irq)(&sim->lock);
	skel_sim_raise(sim, job);
	return NULL;
}

static const char *skel_sim_idn(struct skel_card *card, u32 channel,
				const u64 *arg)
{
	const struct skel_sim *sim = skel_card_priv(card);

	skel_reply(card, channel, "skel,sim,%u,1", sim->serial);
	return NULL;
}

static const char *skel_sim_set_speed(struct skel_card *card, u32 channel,
				      const u64 *arg)
{
	struct skel_sim *sim = skel_card_priv(card);

	WRITE_ONCE(sim->speed[channel], arg[0]);
	skel_reply(card, channel, "OK SPEED");
	return NULL;
}

static const struct skel_command skel_sim_commands[] = {
	{ "*IDN?", {}, skel_sim_idn },
	{ "TOHOST", SKEL_REQUEST_ARGS, .ask = skel_sim_transfer, .dir = SKEL_TOHOST },
	{ "FROMHOST", SKEL_REQUEST_ARGS, .ask = skel_sim_transfer, .dir = SKEL_FROMHOST },
	{ "STATUS?", {}, skel_sim_status },
	{ "INPUTS?", {}, skel_sim_get_inputs },
	{ "INPUT", { { "input", 0, SKEL_SIM_INPUTS - 1 },
		     { "mHz", 1, SKEL_SIM_FREQUENCY_MAX },
		     { "mV", 0, SKEL_SIM_RANGE } }, skel_sim_set_input },
	{ "SAMPLE", { { "rate", 1, SKEL_SIM_RATE_MAX } }, skel_sim_sample_start },
	{ "STOP", {}, skel_sim_sample_end },
	{ "LOCK", {}, skel_sim_lock },
	{ "LOCK?", {}, skel_sim_get_lock },
	{ "UNLOCK", {}, skel_sim_unlock },
	{ "SPEED", { { "speed", 0, SKEL_SIM_SPEED_MAX } }, skel_sim_set_speed },
};

static int skel_sim_command(struct skel_card *card, u32 channel, char *line,
			    size_t len)
{
	skel_command_run(card, channel, line, len, skel_sim_commands,
			 ARRAY_SIZE(skel_sim_commands));
	return 0;
}

static void skel_sim_close(struct skel_card *card, u32 channel)
{
	skel_sim_sample_close(skel_card_priv(card), channel);
}

static const struct skel_card_ops skel_sim_ops = {
	.open		= skel_sim_open,
	.close		= skel_sim_close,
	.command	= skel_sim_command,
	.quiesce	= skel_sim_quiesce,
	.reset		= skel_sim_reset,
};

static void skel_sim_destroy(struct skel_sim *sim)
{
	if (sim->bh)
		destroy_workqueue(sim->bh);
	if (sim->wq)
		destroy_workqueue(sim->wq);
	if (!IS_ERR_OR_NULL(sim->card))
		skel_card_put(sim->card);
	faux_device_destroy(sim->faux);
	kfree(sim);
}

static struct skel_sim *skel_sim_create(unsigned int serial)
{
	const struct skel_card_desc desc = {
		.name = "skel_sim",
		.owner = THIS_MODULE,
		.ops = &skel_sim_ops,
		.channels = SKEL_SIM_CHANNELS,
		.transfers = SKEL_SIM_TRANSFERS,
		.memory = memory,
		.ram = true,
		.prompt = true,
		.caps = SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST,
	};
	char name[24];
	struct skel_sim *sim;
	int ret;

	sim = kzalloc_obj(*sim);
	if (!sim)
		return ERR_PTR(-ENOMEM);
	sim->serial = serial;
	mutex_init(&sim->stop_mutex);
	spin_lock_init(&sim->lock);
	INIT_LIST_HEAD(&sim->raised);
	INIT_LIST_HEAD(&sim->running);
	init_irq_work(&sim->irq, skel_sim_irq);
	skel_sim_sample_init(sim, memory);

	ret = -ENOMEM;
	sim->wq = alloc_workqueue("skel_sim.%u", WQ_UNBOUND, 0, serial);
	sim->bh = alloc_workqueue("skel_sim_bh.%u", WQ_BH | WQ_PERCPU, 0,
				  serial);
	if (!sim->wq || !sim->bh)
		goto destroy;
	ret = -ENODEV;
	snprintf(name, sizeof(name), "skel_sim.%u", serial);
	sim->faux = faux_device_create(name, NULL, NULL);
	if (!sim->faux)
		goto destroy;
	ret = dma_coerce_mask_and_coherent(&sim->faux->dev,
					   DMA_BIT_MASK(dma_bits));
	if (ret)
		goto destroy;
	sim->card = skel_card_alloc(&sim->faux->dev, &desc, sim);
	if (IS_ERR(sim->card)) {
		ret = PTR_ERR(sim->card);
		goto destroy;
	}
	ret = skel_card_register(sim->card);
	if (ret)
		goto destroy;
	return sim;

destroy:
	skel_sim_destroy(sim);
	return ERR_PTR(ret);
}

static void skel_sim_remove(struct skel_sim *sim)
{
	skel_card_unregister(sim->card);
	skel_sim_sample_exit(sim);
	irq_work_sync(&sim->irq);
	skel_sim_destroy(sim);
}

static void skel_sim_exit(void)
{
	for (unsigned int i = 0; i < cards && skel_sims[i]; i++)
		skel_sim_remove(skel_sims[i]);
}
module_exit(skel_sim_exit);

static int __init skel_sim_init(void)
{
	if (!cards || cards > SKEL_SIM_CARDS_MAX || dma_bits < 24 ||
	    dma_bits > 64 || memory < PAGE_SIZE || memory % PAGE_SIZE)
		return -EINVAL;

	for (unsigned int i = 0; i < cards; i++) {
		struct skel_sim *sim = skel_sim_create(i);

		if (IS_ERR(sim)) {
			skel_sim_exit();
			return PTR_ERR(sim);
		}
		skel_sims[i] = sim;
	}
	return 0;
}
module_init(skel_sim_init);

MODULE_DESCRIPTION("Simulated laboratory card");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("SKEL");
