// SPDX-License-Identifier: GPL-2.0
/*
 * sim_sample.c - generators and sampling of the simulated card
 *
 * Input 0 is connected to a sine, input 1 to a square wave. A frame is one sample
 * of each input: two signed 16-bit little-endian words, 10 V are 32767. Frames
 * fill the memory as a ring.
 */

#include <linux/cleanup.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/unaligned.h>

#include "sim.h"

#define SKEL_SIM_FRAME		(SKEL_SIM_INPUTS * sizeof(s16))
#define SKEL_SIM_PERIOD		msecs_to_jiffies(10)

/*
 * sin(2 pi phase / 2^32), scaled by 2^30: Taylor series of sin(pi/2 t) up to
 * t^9 in each quarter, with an error below 4e-6.
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

/* What the generator of an input yields for frame @n. */
static s16 skel_sim_sample(const struct skel_sim_sample *sample, int input, u64 n)
{
	u64 step = div_u64((u64)sample->inputs[input].frequency << 32,
			   sample->rate * MSEC_PER_SEC);
	s64 full = sample->inputs[input].amplitude * S16_MAX / SKEL_SIM_RANGE;
	u32 phase = n * step;

	if (input == 0)
		return (full * skel_sim_sine(phase) + BIT(29)) >> 30;
	return phase & BIT(31) ? -full : full;
}

/* Write all frames that are due into the ring. */
static void skel_sim_catch_up(struct skel_sim *sim)
{
	struct skel_sim_sample *sample = &sim->sample;
	u8 *ring = skel_card_memory(sim->card);
	u64 due, n;

	lockdep_assert_held(&sample->mutex);
	if (!sample->running)
		return;
	due = mul_u64_u32_div(ktime_to_us(ktime_sub(ktime_get(), sample->start)),
			      sample->rate, USEC_PER_SEC);
	/* Frames beyond one ring would be overwritten at once. */
	n = max(sample->frames,
		due > sample->frames_max ? due - sample->frames_max : 0);
	for (; n < due; n++) {
		u32 slot;
		u8 *frame;

		div_u64_rem(n, sample->frames_max, &slot);
		frame = ring + slot * SKEL_SIM_FRAME;
		for (int i = 0; i < SKEL_SIM_INPUTS; i++)
			put_unaligned_le16(skel_sim_sample(sample, i, n),
					   frame + i * sizeof(s16));
	}
	sample->frames = due;
}

static void skel_sim_sample_work(struct work_struct *work)
{
	struct skel_sim *sim = container_of(to_delayed_work(work),
					    struct skel_sim, sample.work);

	guard(mutex)(&sim->sample.mutex);
	skel_sim_catch_up(sim);
	if (sim->sample.running)
		queue_delayed_work(sim->wq, &sim->sample.work, SKEL_SIM_PERIOD);
}

/* Another channel has reserved the inputs and the sampling. */
static bool skel_sim_is_locked(const struct skel_sim_sample *sample, u32 channel)
{
	lockdep_assert_held(&sample->mutex);
	return sample->locked && sample->owner != channel;
}

/* Carry out a transfer that writes to the memory, all of which is the ring. */
void skel_sim_overwrite(struct skel_sim *sim, u64 id)
{
	guard(mutex)(&sim->sample.mutex);
	skel_card_copy(sim->card, id);
	sim->sample.run++;
}

const char *skel_sim_get_inputs(struct skel_card *card, u32 channel,
				const u64 *arg)
{
	struct skel_sim *sim = skel_card_priv(card);
	struct skel_sim_sample *sample = &sim->sample;

	guard(mutex)(&sample->mutex);
	skel_reply(card, channel,
		   "INPUTS %u bits=16 range=%u in0=sine,%u,%u in1=square,%u,%u",
		   SKEL_SIM_INPUTS, SKEL_SIM_RANGE,
		   sample->inputs[0].frequency, sample->inputs[0].amplitude,
		   sample->inputs[1].frequency, sample->inputs[1].amplitude);
	return NULL;
}

const char *skel_sim_set_input(struct skel_card *card, u32 channel,
			       const u64 *arg)
{
	struct skel_sim *sim = skel_card_priv(card);
	struct skel_sim_sample *sample = &sim->sample;

	guard(mutex)(&sample->mutex);
	if (skel_sim_is_locked(sample, channel))
		return "busy";
	skel_sim_catch_up(sim);
	sample->inputs[arg[0]].frequency = arg[1];
	sample->inputs[arg[0]].amplitude = arg[2];
	sample->run++;
	skel_reply(card, channel, "OK INPUT");
	return NULL;
}

const char *skel_sim_sample_start(struct skel_card *card, u32 channel,
				  const u64 *arg)
{
	struct skel_sim *sim = skel_card_priv(card);
	struct skel_sim_sample *sample = &sim->sample;

	guard(mutex)(&sample->mutex);
	if (skel_sim_is_locked(sample, channel))
		return "busy";
	sample->rate = arg[0];
	sample->channel = channel;
	sample->frames = 0;
	sample->run++;
	sample->start = ktime_get();
	sample->running = true;
	queue_delayed_work(sim->wq, &sample->work, SKEL_SIM_PERIOD);
	skel_reply(card, channel, "OK SAMPLE");
	return NULL;
}

const char *skel_sim_sample_end(struct skel_card *card, u32 channel,
				const u64 *arg)
{
	struct skel_sim *sim = skel_card_priv(card);

	guard(mutex)(&sim->sample.mutex);
	if (skel_sim_is_locked(&sim->sample, channel))
		return "busy";
	skel_sim_catch_up(sim);
	sim->sample.running = false;
	skel_reply(card, channel, "OK STOP");
	return NULL;
}

const char *skel_sim_lock(struct skel_card *card, u32 channel, const u64 *arg)
{
	struct skel_sim *sim = skel_card_priv(card);

	guard(mutex)(&sim->sample.mutex);
	if (skel_sim_is_locked(&sim->sample, channel))
		return "busy";
	sim->sample.locked = true;
	sim->sample.owner = channel;
	skel_reply(card, channel, "OK LOCK");
	return NULL;
}

const char *skel_sim_unlock(struct skel_card *card, u32 channel, const u64 *arg)
{
	struct skel_sim *sim = skel_card_priv(card);

	guard(mutex)(&sim->sample.mutex);
	if (skel_sim_is_locked(&sim->sample, channel))
		return "busy";
	sim->sample.locked = false;
	skel_reply(card, channel, "OK UNLOCK");
	return NULL;
}

const char *skel_sim_get_lock(struct skel_card *card, u32 channel, const u64 *arg)
{
	struct skel_sim *sim = skel_card_priv(card);
	const struct skel_sim_sample *sample = &sim->sample;

	guard(mutex)(&sim->sample.mutex);
	skel_reply(card, channel, "LOCK %s", !sample->locked ? "none" :
		   sample->owner == channel ? "own" : "other");
	return NULL;
}

/* A program that was killed leaves no sampling behind, and no lock. */
void skel_sim_sample_close(struct skel_sim *sim, u32 channel)
{
	struct skel_sim_sample *sample = &sim->sample;

	guard(mutex)(&sample->mutex);
	skel_sim_catch_up(sim);
	if (sample->channel == channel)
		sample->running = false;
	if (sample->owner == channel)
		sample->locked = false;
}

const char *skel_sim_status(struct skel_card *card, u32 channel, const u64 *arg)
{
	struct skel_sim *sim = skel_card_priv(card);
	struct skel_sim_sample *sample = &sim->sample;
	size_t running;
	u64 refused;
	u32 slot;

	guard(mutex)(&sample->mutex);
	skel_sim_catch_up(sim);
	div_u64_rem(sample->frames, sample->frames_max, &slot);
	scoped_guard(spinlock_irq, &sim->lock) {
		running = list_count_nodes(&sim->running);
		refused = sim->refused;
	}
	skel_reply(card, channel,
		   "STATUS %s rate=%u frames=%llu position=%zu ring=%zu transfers=%zu refused=%llu run=%llu",
		   sample->running ? "SAMPLING" : "IDLE", sample->rate,
		   sample->frames, slot * SKEL_SIM_FRAME,
		   sample->frames_max * SKEL_SIM_FRAME, running, refused,
		   sample->run);
	return NULL;
}

void skel_sim_sample_init(struct skel_sim *sim, u32 memory)
{
	struct skel_sim_sample *sample = &sim->sample;

	mutex_init(&sample->mutex);
	INIT_DELAYED_WORK(&sample->work, skel_sim_sample_work);
	sample->frames_max = memory / SKEL_SIM_FRAME;
	sample->inputs[0].frequency = 50000;
	sample->inputs[0].amplitude = 8000;
	sample->inputs[1].frequency = 25000;
	sample->inputs[1].amplitude = 5000;
}

/* The card is unregistered: no command runs. */
void skel_sim_sample_exit(struct skel_sim *sim)
{
	scoped_guard(mutex, &sim->sample.mutex)
		sim->sample.running = false;
	cancel_delayed_work_sync(&sim->sample.work);
}
