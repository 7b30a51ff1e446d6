// SPDX-License-Identifier: GPL-2.0
/*
 * sim.c - a simulated laboratory card
 *
 * The card has memory, two analog inputs with a generator each (a sine and a
 * square wave), and samples both steadily into its memory. Its commands:
 *
 *   *IDN?                    manufacturer,model,serial,firmware (IEEE 488.2)
 *   INPUTS?                  what is connected to the inputs
 *   INPUT n mHz mV           frequency and amplitude of input n
 *   SAMPLE rate              sample at this rate (1/s), from address 0 on
 *   STOP                     stop sampling
 *   STATUS?                  what the card is doing
 *   SPEED bytes/s            of this channel's transfers, 0: as fast as it can
 *   TOHOST card len host     send memory to a buffer
 *   FROMHOST card len host   fetch memory from a buffer
 *   MISBEHAVE mode [n]       spoil the next transfer (if the parameter
 *                            misbehave is set): CHANNEL n (claim to be channel
 *                            n), NEVER (do not complete), TWICE (complete
 *                            twice), MORE (report more than was granted);
 *                            NOISE n: n interrupts that say wrong things
 *
 * A frame is one sample of each input: two signed 16-bit little-endian words,
 * 10 V are 32767. Frames fill the memory as a ring.
 *
 * A transfer goes the way it would in hardware: the command makes the card
 * raise an interrupt, whose handler asks the core; what is granted is moved by
 * the card's DMA engine, a work item, which raises an interrupt when it is done.
 *
 * sim->mutex protects the generators and the sampling, sim->lock the lists of
 * jobs. A job is on sim->raised while it waits for the interrupt handler and on
 * sim->running while it waits for the DMA engine. In between it belongs to the
 * handler alone; irq_work_sync() waits for that.
 */

#include <linux/cleanup.h>
#include <linux/device/faux.h>
#include <linux/dma-mapping.h>
#include <linux/irq_work.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/skel.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <linux/workqueue.h>

#include "sim_noise.h"

#define SKEL_SIM_CARDS_MAX	16
#define SKEL_SIM_CHANNELS	32
#define SKEL_SIM_TRANSFERS	4

#define SKEL_SIM_INPUTS		2
#define SKEL_SIM_FRAME		(SKEL_SIM_INPUTS * sizeof(s16))
#define SKEL_SIM_RATE_MAX	1000000		/* 1/s */
#define SKEL_SIM_RANGE		10000		/* mV */
#define SKEL_SIM_FREQUENCY_MAX	500000000	/* mHz */
#define SKEL_SIM_SPEED_MAX	NSEC_PER_SEC	/* bytes/s */
#define SKEL_SIM_PERIOD		msecs_to_jiffies(10)

static unsigned int cards = 1;
module_param(cards, uint, 0444);
MODULE_PARM_DESC(cards, "number of cards, 1 to 16 (default 1)");

static unsigned int memory = SZ_1M;
module_param(memory, uint, 0444);
MODULE_PARM_DESC(memory, "memory of each card in bytes (default 1 MiB)");

static unsigned int dma_bits = 32;
module_param(dma_bits, uint, 0444);
MODULE_PARM_DESC(dma_bits, "width of the DMA addresses, 24 to 64 (default 32)");

static bool misbehave;
module_param(misbehave, bool, 0444);
MODULE_PARM_DESC(misbehave, "take the command MISBEHAVE, for tests: it lets users of a card harm each other");

enum skel_sim_mode {
	SKEL_SIM_BEHAVE,
	SKEL_SIM_CHANNEL,
	SKEL_SIM_NEVER,
	SKEL_SIM_TWICE,
	SKEL_SIM_MORE,
};

/* A transfer that a user has asked the card for. */
struct skel_sim_job {
	struct list_head node;
	struct skel_sim *sim;
	struct skel_request req;
	struct skel_grant grant;	/* id 0: not yet granted */
	enum skel_sim_mode mode;
	unsigned long delay;		/* of the DMA engine, in jiffies */
	struct delayed_work engine;
	bool taken;			/* by skel_sim_stop() */
};

struct skel_sim {
	struct faux_device *faux;
	struct skel_card *card;
	struct workqueue_struct *wq;	/* the card's own processor */
	unsigned int serial;
	u32 frames_max;			/* in memory */

	/* Under mutex. */
	struct mutex mutex;
	struct {
		u32 frequency;		/* mHz */
		u32 amplitude;		/* mV */
	} inputs[SKEL_SIM_INPUTS];
	bool sampling;
	u32 rate;
	u64 frames;			/* sampled since start */
	u64 run;			/* counts starts, and what spoils a run */
	ktime_t start;
	struct delayed_work sampler;

	/* Used by commands only, which run one at a time, and by open. */
	u32 speed[SKEL_SIM_CHANNELS];
	enum skel_sim_mode mode;	/* of the next transfer */
	u32 mode_channel;

	/* Under lock. */
	spinlock_t lock;
	struct list_head raised;
	struct list_head running;
	u64 refused;
	struct irq_work irq;		/* the card's interrupt line */

	struct skel_sim_noise noise;
};

static struct skel_sim *skel_sims[SKEL_SIM_CARDS_MAX];

/*
 * sin(2 pi phase / 2^32), scaled by 2^30: Taylor series of sin(pi/2 t) up to
 * t^9 in each quarter, the error is below 4e-6.
 */
static s32 skel_sim_sine(u32 phase)
{
	static const s64 c[] = {	/* (pi/2)^n / n!, scaled by 2^30 */
		172272, -5026995, 85569306, -693598668, 1686629713,
	};
	s64 t = phase & (BIT(30) - 1);
	s64 t2, sum = 0;

	if (phase & BIT(30))
		t = BIT(30) - t;
	t2 = (t * t) >> 30;
	for (int i = 0; i < ARRAY_SIZE(c); i++)
		sum = ((sum * t2) >> 30) + c[i];
	sum = (sum * t) >> 30;
	return phase & BIT(31) ? -sum : sum;
}

/* What the generator of an input gives for frame @n. */
static s16 skel_sim_sample(const struct skel_sim *sim, int input, u64 n)
{
	u64 step = div_u64((u64)sim->inputs[input].frequency << 32,
			   sim->rate * MSEC_PER_SEC);
	s64 full = sim->inputs[input].amplitude * S16_MAX / SKEL_SIM_RANGE;
	u32 phase = n * step;

	if (input == 0)
		return (full * skel_sim_sine(phase) + BIT(29)) >> 30;
	return phase & BIT(31) ? -full : full;
}

/* Write all frames that are due into the ring. */
static void skel_sim_catch_up(struct skel_sim *sim)
{
	u8 *ring = skel_card_memory(sim->card);
	u64 due, n;

	lockdep_assert_held(&sim->mutex);
	if (!sim->sampling)
		return;
	due = mul_u64_u32_div(ktime_to_us(ktime_sub(ktime_get(), sim->start)),
			      sim->rate, USEC_PER_SEC);
	/* More than fills the ring would be overwritten at once. */
	n = max(sim->frames, due > sim->frames_max ? due - sim->frames_max : 0);
	for (; n < due; n++) {
		u32 slot;
		u8 *frame;

		div_u64_rem(n, sim->frames_max, &slot);
		frame = ring + slot * SKEL_SIM_FRAME;
		for (int i = 0; i < SKEL_SIM_INPUTS; i++)
			put_unaligned_le16(skel_sim_sample(sim, i, n),
					   frame + i * sizeof(s16));
	}
	sim->frames = due;
}

static void skel_sim_sampler(struct work_struct *work)
{
	struct skel_sim *sim = container_of(to_delayed_work(work),
					    struct skel_sim, sampler);

	guard(mutex)(&sim->mutex);
	skel_sim_catch_up(sim);
	if (sim->sampling)
		queue_delayed_work(sim->wq, &sim->sampler, SKEL_SIM_PERIOD);
}

/* The interrupt: the card asks for a transfer. */
static void skel_sim_ask(struct skel_sim *sim, struct skel_sim_job *job)
{
	int ret = skel_request(sim->card, &job->req, &job->grant);

	if (!ret && misbehave)
		skel_sim_noise_see(&sim->noise, &job->req, job->grant.id);
	guard(spinlock_irqsave)(&sim->lock);
	if (ret) {
		sim->refused++;
		kfree(job);
		return;
	}
	list_add_tail(&job->node, &sim->running);
	queue_delayed_work(sim->wq, &job->engine, job->delay);
}

/* The interrupt: a transfer has ended. */
static void skel_sim_done(struct skel_sim *sim, struct skel_sim_job *job)
{
	u64 moved = job->req.length + (job->mode == SKEL_SIM_MORE);

	skel_complete(sim->card, job->grant.id, moved, 0);
	if (job->mode == SKEL_SIM_TWICE)
		skel_complete(sim->card, job->grant.id, moved, 0);
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

	if (job->mode == SKEL_SIM_NEVER)
		return;
	if (job->req.dir == SKEL_FROMHOST) {
		/* All memory is the ring. */
		guard(mutex)(&sim->mutex);
		skel_card_copy(sim->card, job->grant.id);
		sim->run++;
	} else {
		skel_card_copy(sim->card, job->grant.id);
	}

	guard(spinlock_irq)(&sim->lock);
	if (job->taken)
		return;
	list_del(&job->node);
	skel_sim_raise(sim, job);
}

/* Take the jobs of a channel, or of all, out of a list. */
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
 * Stop the DMA of one channel, or of all, and forget its requests. The core
 * grants nothing to it meanwhile: once the handler has run, no new job of it
 * can get past the lists.
 */
static void skel_sim_stop(struct skel_sim *sim, u32 channel, bool all)
{
	struct skel_sim_job *job, *next;
	LIST_HEAD(taken);

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

static const char *skel_sim_transfer(struct skel_sim *sim, u32 channel,
				     const struct skel_request *req)
{
	u32 speed = READ_ONCE(sim->speed[channel]);
	struct skel_sim_job *job;

	job = kzalloc_obj(*job);
	if (!job)
		return "memory";
	job->sim = sim;
	job->req = *req;
	job->req.channel = channel;
	if (speed)
		job->delay = nsecs_to_jiffies(mul_u64_u64_div_u64(min(req->length, SZ_4G),
								  NSEC_PER_SEC, speed));
	INIT_DELAYED_WORK(&job->engine, skel_sim_engine);

	job->mode = sim->mode;
	sim->mode = SKEL_SIM_BEHAVE;
	if (job->mode == SKEL_SIM_CHANNEL)
		job->req.channel = sim->mode_channel;

	guard(spinlock_irq)(&sim->lock);
	skel_sim_raise(sim, job);
	return NULL;
}

static const char *skel_sim_misbehave(struct skel_sim *sim, u32 channel,
				      const struct skel_words *words)
{
	static const char * const modes[] = {
		[SKEL_SIM_CHANNEL] = "CHANNEL",
		[SKEL_SIM_NEVER] = "NEVER",
		[SKEL_SIM_TWICE] = "TWICE",
		[SKEL_SIM_MORE] = "MORE",
	};
	u64 n = 0;

	if (words->count < 2 || words->count > 3)
		return "parameter-count";
	if (words->count == 3 && skel_parse_u64(words->word[2], &n))
		return "number";
	if (!strcasecmp(words->word[1], "NOISE"))
		return skel_sim_noise_start(&sim->noise, sim->card, channel, n);
	for (int i = 1; i < ARRAY_SIZE(modes); i++) {
		if (!strcasecmp(words->word[1], modes[i])) {
			sim->mode = i;
			sim->mode_channel = n;
			skel_reply(sim->card, channel, "OK MISBEHAVE");
			return NULL;
		}
	}
	return "range";
}

static const char *skel_sim_idn(struct skel_sim *sim, u32 channel,
				const u64 *arg)
{
	skel_reply(sim->card, channel, "skel,sim,%u,1", sim->serial);
	return NULL;
}

static const char *skel_sim_get_inputs(struct skel_sim *sim, u32 channel,
				       const u64 *arg)
{
	guard(mutex)(&sim->mutex);
	skel_reply(sim->card, channel,
		   "INPUTS %u bits=16 range=%u in0=sine,%u,%u in1=square,%u,%u",
		   SKEL_SIM_INPUTS, SKEL_SIM_RANGE,
		   sim->inputs[0].frequency, sim->inputs[0].amplitude,
		   sim->inputs[1].frequency, sim->inputs[1].amplitude);
	return NULL;
}

static const char *skel_sim_set_input(struct skel_sim *sim, u32 channel,
				      const u64 *arg)
{
	if (arg[0] >= SKEL_SIM_INPUTS || !arg[1] ||
	    arg[1] > SKEL_SIM_FREQUENCY_MAX || arg[2] > SKEL_SIM_RANGE)
		return "range";

	guard(mutex)(&sim->mutex);
	skel_sim_catch_up(sim);
	sim->inputs[arg[0]].frequency = arg[1];
	sim->inputs[arg[0]].amplitude = arg[2];
	sim->run++;
	skel_reply(sim->card, channel, "OK INPUT");
	return NULL;
}

static const char *skel_sim_start(struct skel_sim *sim, u32 channel,
				  const u64 *arg)
{
	if (!arg[0] || arg[0] > SKEL_SIM_RATE_MAX)
		return "range";

	guard(mutex)(&sim->mutex);
	sim->rate = arg[0];
	sim->frames = 0;
	sim->run++;
	sim->start = ktime_get();
	sim->sampling = true;
	queue_delayed_work(sim->wq, &sim->sampler, SKEL_SIM_PERIOD);
	skel_reply(sim->card, channel, "OK SAMPLE");
	return NULL;
}

static const char *skel_sim_end(struct skel_sim *sim, u32 channel,
				const u64 *arg)
{
	guard(mutex)(&sim->mutex);
	skel_sim_catch_up(sim);
	sim->sampling = false;
	skel_reply(sim->card, channel, "OK STOP");
	return NULL;
}

static const char *skel_sim_status(struct skel_sim *sim, u32 channel,
				   const u64 *arg)
{
	u32 slot;
	u64 refused;
	size_t running;

	guard(mutex)(&sim->mutex);
	skel_sim_catch_up(sim);
	div_u64_rem(sim->frames, sim->frames_max, &slot);
	scoped_guard(spinlock_irq, &sim->lock) {
		running = list_count_nodes(&sim->running);
		refused = sim->refused;
	}
	skel_reply(sim->card, channel,
		   "STATUS %s rate=%u frames=%llu position=%zu ring=%zu transfers=%zu refused=%llu run=%llu",
		   sim->sampling ? "SAMPLING" : "IDLE", sim->rate, sim->frames,
		   slot * SKEL_SIM_FRAME, sim->frames_max * SKEL_SIM_FRAME,
		   running, refused, sim->run);
	return NULL;
}

static const char *skel_sim_set_speed(struct skel_sim *sim, u32 channel,
				      const u64 *arg)
{
	if (arg[0] > SKEL_SIM_SPEED_MAX)
		return "range";
	WRITE_ONCE(sim->speed[channel], arg[0]);
	skel_reply(sim->card, channel, "OK SPEED");
	return NULL;
}

#define SKEL_SIM_ARGS_MAX	3

static const struct {
	const char *name;
	unsigned int args;		/* all of them numbers */
	/* Replies and returns NULL, or returns the reason of an error. */
	const char *(*run)(struct skel_sim *sim, u32 channel, const u64 *arg);
} skel_sim_commands[] = {
	{ "*IDN?",	0, skel_sim_idn },
	{ "INPUTS?",	0, skel_sim_get_inputs },
	{ "INPUT",	3, skel_sim_set_input },
	{ "SAMPLE",	1, skel_sim_start },
	{ "STOP",	0, skel_sim_end },
	{ "STATUS?",	0, skel_sim_status },
	{ "SPEED",	1, skel_sim_set_speed },
};

static const char *skel_sim_run(struct skel_sim *sim, u32 channel,
				const struct skel_words *words)
{
	u64 arg[SKEL_SIM_ARGS_MAX];
	struct skel_request req;
	int ret;

	ret = skel_parse_transfer(words, &req);
	if (!ret)
		return skel_sim_transfer(sim, channel, &req);
	if (ret != -ENOENT)
		return skel_parse_error(ret);
	if (misbehave && !strcasecmp(words->word[0], "MISBEHAVE"))
		return skel_sim_misbehave(sim, channel, words);

	for (int i = 0; i < ARRAY_SIZE(skel_sim_commands); i++) {
		if (strcasecmp(words->word[0], skel_sim_commands[i].name))
			continue;
		if (words->count != skel_sim_commands[i].args + 1)
			return "parameter-count";
		for (int j = 0; j < skel_sim_commands[i].args; j++) {
			if (skel_parse_u64(words->word[j + 1], &arg[j]))
				return "number";
		}
		return skel_sim_commands[i].run(sim, channel, arg);
	}
	return "unknown-command";
}

static int skel_sim_command(struct skel_card *card, u32 channel, char *line,
			    size_t len)
{
	struct skel_sim *sim = skel_card_priv(card);
	const char *error = NULL;
	struct skel_words words;
	int ret;

	ret = skel_parse_words(line, len, &words);
	if (ret)
		error = skel_parse_error(ret);
	else if (words.count)
		error = skel_sim_run(sim, channel, &words);
	if (error)
		skel_reply(card, channel, "ERROR %s", error);
	return 0;
}

static const struct skel_card_ops skel_sim_ops = {
	.open		= skel_sim_open,
	.command	= skel_sim_command,
	.quiesce	= skel_sim_quiesce,
	.reset		= skel_sim_reset,
};

static void skel_sim_destroy(struct skel_sim *sim)
{
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
		.caps = SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST,
	};
	char name[24];
	struct skel_sim *sim;
	int ret;

	sim = kzalloc_obj(*sim);
	if (!sim)
		return ERR_PTR(-ENOMEM);
	sim->serial = serial;
	sim->frames_max = memory / SKEL_SIM_FRAME;
	sim->inputs[0].frequency = 50000;
	sim->inputs[0].amplitude = 8000;
	sim->inputs[1].frequency = 25000;
	sim->inputs[1].amplitude = 5000;
	mutex_init(&sim->mutex);
	spin_lock_init(&sim->lock);
	INIT_LIST_HEAD(&sim->raised);
	INIT_LIST_HEAD(&sim->running);
	INIT_DELAYED_WORK(&sim->sampler, skel_sim_sampler);
	init_irq_work(&sim->irq, skel_sim_irq);
	skel_sim_noise_init(&sim->noise);

	ret = -ENOMEM;
	sim->wq = alloc_workqueue("skel_sim.%u", WQ_UNBOUND, 0, serial);
	if (!sim->wq)
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
	skel_sim_noise_stop(&sim->noise);
	sim->sampling = false;
	cancel_delayed_work_sync(&sim->sampler);
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
