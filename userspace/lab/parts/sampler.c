// SPDX-License-Identifier: GPL-2.0
/*
 * sampler.c - sampling of the analog inputs into a ring in card memory
 */
#include <string.h>

#include "parts/clock.h"
#include "parts/input.h"
#include "parts/output.h"
#include "parts/sampler.h"

/* How much is sampled at once */
#define CHUNK_TICKS	1000000		/* 10 ms */
#define CHUNK_VIRTUAL	65536		/* frames, at most */
#define CHUNK_LONG	UINT64_C(360000000000)	/* ticks, an hour */

static void set_defaults(struct sampler *sampler)
{
	sampler->list_length = 2;
	sampler->list[0] = 0;
	sampler->list[1] = 1;
	sampler->period = 10000;
	sampler->clock = LAB_CLOCKS;
	sampler->divider = 1;
	sampler->count = 1000;
	sampler->pre = 0;
	sampler->ring_address = 0;
	sampler->ring_length = 0;
	trigger_reset(&sampler->trigger);
}

void sampler_changed(struct lab *lab)
{
	lab->sampler->run++;
}

void sampler_overwritten(struct lab *lab, uint64_t address, uint64_t length)
{
	const struct sampler *s = lab->sampler;
	uint64_t ring, end;

	if (!s->inputs)
		return;
	ring = s->ring - lab->card->memory;
	end = ring + s->ring_frames * s->frame_bytes;
	if (address < end && (address >= ring || ring - address < length))
		sampler_changed(lab);
}

uint64_t sampler_interval(const struct lab *lab)
{
	const struct sampler *sampler = lab->sampler;

	if (sampler->clock == LAB_CLOCKS)
		return sampler->period;
	return (uint64_t)clock_divider(lab, sampler->clock) * sampler->divider;
}

uint64_t sampler_ring(const struct lab *lab, uint64_t *address)
{
	const struct sampler *sampler = lab->sampler;

	*address = sampler->ring_address;
	return sampler->ring_length ? sampler->ring_length :
				      lab->card->size - sampler->ring_address;
}

lab_time sampler_time(const struct sampler *sampler, uint64_t frame)
{
	return (sampler->start + frame * sampler->interval) * LAB_TICK;
}

uint64_t sampler_frames(const struct lab *lab)
{
	const struct sampler *sampler = lab->sampler;

	return sampler->state == SAMPLER_WAITING ? 0 :
	       sampler->next - sampler->first;
}

uint64_t sampler_address(const struct lab *lab, uint64_t frame)
{
	const struct sampler *sampler = lab->sampler;

	return sampler->ring - lab->card->memory +
	       frame % sampler->ring_frames * sampler->frame_bytes;
}

bool sampler_has(const struct lab *lab, uint64_t frame, uint64_t count)
{
	const struct sampler *sampler = lab->sampler;

	return frame >= sampler->valid && count <= sampler->next &&
	       frame <= sampler->next - count &&
	       sampler->next - frame <= sampler->ring_frames;
}

/* Check what depends on several settings, and apply them. */
static const char *prepare(struct lab *lab)
{
	struct sampler *sampler = lab->sampler;
	uint64_t address, length = sampler_ring(lab, &address);
	uint64_t interval = sampler_interval(lab);
	size_t frame_bytes = sampler->list_length * sizeof(int16_t);
	uint64_t frames = length / frame_bytes;
	uint64_t block = sampler->sink->block(lab);

	if (interval < SAMPLER_INTERVAL_MIN || interval > SAMPLER_INTERVAL_MAX)
		return "the clock is too fast or too slow";
	if (sampler->pre >= frames ||
	    (sampler->count && sampler->pre >= sampler->count))
		return "too many frames before the trigger";
	if (outputs_find(lab, address, length) < LAB_OUTPUTS)
		return "a running waveform is within the ring";
	if (sampler->trigger.count > 1 && (!sampler->count || block))
		return "TRIGger:COUNt needs a finite SAMPle:COUNt and no stream";
	if (sampler->trigger.count > 1 &&
	    frames / sampler->trigger.count < sampler->count)
		return "the ring has no place for TRIGger:COUNt times SAMPle:COUNt frames";
	if (block && frames < 2 * block)
		return "the ring has no place for two blocks of the stream";
	/* so that blocks of the stream do not wrap around */
	if (block)
		frames -= frames % block;
	if (sampler->trigger.count > 1)
		frames = sampler->count;
	sampler->interval = interval;
	sampler->frame_bytes = frame_bytes;
	sampler->ring = lab->card->memory + address;
	sampler->ring_frames = frames;
	sampler->inputs = sampler->list_length;
	memcpy(sampler->input, sampler->list, sizeof(sampler->input));
	return NULL;
}

/* Start the timer for when there is something to do next. */
static void schedule(struct lab *lab)
{
	struct sampler *sampler = lab->sampler;
	bool waits = sampler->state == SAMPLER_WAITING;
	uint64_t block = sampler->sink->block(lab);
	uint64_t ticks = CHUNK_TICKS, frames;

	if (sampler->state == SAMPLER_IDLE ||
	    (waits && sampler->trigger.source == TRIGGER_BUS &&
	     !sampler->trigger.forced)) {
		lab_timer_stop(lab, &sampler->timer);
		return;
	}
	if (!lab->time.real && !waits)
		ticks = CHUNK_LONG;
	frames = ticks / sampler->interval;
	if (frames > CHUNK_VIRTUAL)
		frames = CHUNK_VIRTUAL;
	if (block && !waits && frames > block - sampler->sink->backlog(lab) % block)
		frames = block - sampler->sink->backlog(lab) % block;
	if (frames > sampler->end - sampler->next)
		frames = sampler->end - sampler->next;
	if (!frames)
		frames = 1;
	lab_timer_start(lab, &sampler->timer,
			sampler_time(sampler, sampler->next + frames - 1));
}

/* Wait for the trigger, with frame 0 of the internal count at @start. */
static void arm(struct lab *lab, uint64_t start)
{
	struct sampler *sampler = lab->sampler;

	sampler->state = SAMPLER_WAITING;
	sampler->start = start;
	sampler->valid = 0;
	sampler->next = 0;
	sampler->first = 0;
	sampler->end = UINT64_MAX;
	sampler->trigger.forced = false;
	trigger_arm(lab, &sampler->trigger,
		    start + sampler->pre * sampler->interval);
}

int sampler_start(struct lab *lab, struct session *owner, const char **why)
{
	struct sampler *sampler = lab->sampler;

	if (sampler->state != SAMPLER_IDLE)
		return SCPI_ERR_INIT_IGNORED;
	digital_update(lab);
	*why = sampler->sink->rewind(lab) ? prepare(lab) :
				    "the stream sends the last block";
	if (*why)
		return SCPI_ERR_SETTINGS_CONFLICT;
	sampler_changed(lab);
	sampler->lost = 0;
	sampler->taken = 0;
	sampler->unsampled = 0;
	sampler->owner = owner;
	sampler->operation = owner && sampler->count;
	if (sampler->operation)
		session_begin(owner);
	arm(lab, (lab_now(lab) + LAB_TICK - 1) / LAB_TICK);
	inputs_start(lab, sampler->start);
	sampler_catch_up(lab);
	schedule(lab);
	return 0;
}

/* Reverse the order of the frames from place @from on, before @to. */
static void reverse_frames(struct sampler *s, uint64_t from, uint64_t to)
{
	uint8_t *a = s->ring + from * s->frame_bytes;
	uint8_t *b = s->ring + to * s->frame_bytes;

	for (; b - a >= 2 * (ptrdiff_t)s->frame_bytes; a += s->frame_bytes) {
		uint8_t frame[LAB_INPUTS * sizeof(int16_t)];

		b -= s->frame_bytes;
		memcpy(frame, a, s->frame_bytes);
		memcpy(a, b, s->frame_bytes);
		memcpy(b, frame, s->frame_bytes);
	}
}

/*
 * One of several acquisitions has ended: its frames are put in order, so that
 * all of them follow each other, as if they were one.
 */
static void end_acquisition(struct sampler *s)
{
	uint64_t shift = s->first % s->ring_frames;
	uint64_t before = s->taken * s->count;

	reverse_frames(s, 0, shift);
	reverse_frames(s, shift, s->ring_frames);
	reverse_frames(s, 0, s->ring_frames);
	if (!s->taken) {
		s->begin = s->start + s->first * s->interval;
		s->tick = s->trigger.tick;
	}
	if (s->valid > s->first)
		s->unsampled = before + s->valid - s->first;
	s->taken++;
	s->ring += s->count * s->frame_bytes;
}

/* Those that have ended are what has been sampled. */
static void gather(struct sampler *s)
{
	if (!s->taken)
		return;
	s->ring -= s->taken * s->count * s->frame_bytes;
	s->ring_frames = s->taken * s->count;
	s->start = s->begin;
	s->trigger.tick = s->tick;
	s->first = 0;
	s->valid = s->unsampled;
	s->next = s->ring_frames;
}

static void finish(struct lab *lab)
{
	struct sampler *sampler = lab->sampler;

	if (sampler->state == SAMPLER_WAITING) {
		trigger_disarm(lab, &sampler->trigger);
		sampler->first = sampler->next;
	}
	gather(sampler);
	sampler->state = SAMPLER_IDLE;
	lab_timer_stop(lab, &sampler->timer);
	sampler->sink->end(lab);
	if (sampler->operation)
		session_end(sampler->owner);
	sampler->operation = false;
	sampler->ended(lab);
}

/* A command of another user changes what is being sampled: both are told. */
static void tell(struct lab *lab, const char *what)
{
	struct session *owner = lab->sampler->owner, *actor = lab->actor;

	if (lab->sampler->state == SAMPLER_IDLE || !owner || !actor)
		return;
	owner = session_user(owner);
	actor = session_user(actor);
	if (owner == actor)
		return;
	scpi_event(&actor->scpi,
		   "SAMPLING %s, which another user has started", what);
	scpi_event(&owner->scpi, "SAMPLING %s by another user", what);
	scpi_error(&owner->scpi, SCPI_ERR_STALE_DATA,
		   "sampling was %s by another user", what);
}

void sampler_abort(struct lab *lab)
{
	sampler_catch_up(lab);
	tell(lab, "ended");
	if (lab->sampler->state != SAMPLER_IDLE)
		finish(lab);
}

/* Sample frames into the ring. */
static void sample(struct lab *lab, uint64_t count)
{
	struct sampler *s = lab->sampler;

	while (count) {
		uint64_t at = s->next % s->ring_frames;
		uint64_t n = s->ring_frames - at;
		int16_t *out = (int16_t *)(s->ring + at * s->frame_bytes);

		/* as much as stays in the processor's cache */
		if (n > 4096)
			n = 4096;
		if (n > count)
			n = count;
		for (unsigned int i = 0; i < s->inputs; i++)
			input_block(lab, s->input[i], s->start, s->interval,
				    s->next, n, out + i, s->inputs);
		s->next += n;
		count -= n;
	}
}

/* Frames that would be overwritten unseen are not sampled, nor are they lost. */
static void skip(struct sampler *sampler, uint64_t due)
{
	if (due - sampler->next > sampler->ring_frames)
		sampler->next = due - sampler->ring_frames;
}

static void begin(struct lab *lab, uint64_t frame)
{
	struct sampler *sampler = lab->sampler;

	trigger_disarm(lab, &sampler->trigger);
	sampler->state = SAMPLER_SAMPLING;
	sampler->first = frame - sampler->pre +
			 (sampler->trigger.delay / LAB_TICK +
			  sampler->interval - 1) / sampler->interval;
	if (sampler->next < sampler->first)
		sampler->next = sampler->first;
	if (sampler->count)
		sampler->end = sampler->first + sampler->count;
	sampler->sink->begin(lab, sampler->first);
}

/* Give up frames: they are not sampled, and the owner gets a line. */
static void lose(struct lab *lab, uint64_t to)
{
	struct sampler *sampler = lab->sampler;
	uint64_t from = sampler->next;
	struct scpi *scpi;

	if (to > sampler->end)
		to = sampler->end;
	sampler->next = to;
	sampler->valid = to;
	if (sampler->state == SAMPLER_WAITING) {
		trigger_arm(lab, &sampler->trigger, sampler->start +
			    (to + sampler->pre) * sampler->interval);
		return;
	}
	sampler->lost += to - from;
	if (sampler->sink->gap(lab, from, to) || !sampler->owner)
		return;
	scpi = &session_user(sampler->owner)->scpi;
	scpi_event(scpi, "OVERRUN %ju %ju",
		   (uintmax_t)(to - from), (uintmax_t)(to - sampler->first));
	scpi_error(scpi, SCPI_ERR_INPUT_OVERRUN, "%ju frames lost",
		   (uintmax_t)(to - from));
}

/* Look for the trigger in the frames before @due. */
static void wait_trigger(struct lab *lab, uint64_t due)
{
	struct sampler *s = lab->sampler;
	uint64_t n, frame;

	if (s->trigger.source == TRIGGER_BUS)
		skip(s, due);
	n = due - s->next;
	if (n > TRIGGER_FRAMES_MAX)
		n = TRIGGER_FRAMES_MAX;
	if (trigger_find(lab, &s->trigger, s->start, s->interval, s->next, n,
			 s->valid + s->pre, &frame))
		begin(lab, frame);
	else if (s->pre)
		sample(lab, n);
	else
		s->next += n;
}

static void take_frames(struct lab *lab, uint64_t due)
{
	struct sampler *sampler = lab->sampler;
	uint64_t n;

	if (!sampler->sink->block(lab))
		skip(sampler, due);
	n = sampler->sink->room(lab, due - sampler->next);
	if (!n) {
		lose(lab, due);
		return;
	}
	sample(lab, n);
	sampler->sink->push(lab);
}

/* Return: the last frame has been sampled. */
static bool catch_up(struct lab *lab)
{
	struct sampler *sampler = lab->sampler;
	uint64_t now = lab_tick(lab), due;

	if (sampler->state == SAMPLER_IDLE || now < sampler->start)
		return false;
	due = (now - sampler->start) / sampler->interval + 1;
	while (sampler->next < due && sampler->next < sampler->end) {
		uint64_t to = due < sampler->end ? due : sampler->end;

		if (sampler->state == SAMPLER_WAITING)
			wait_trigger(lab, due);
		else
			take_frames(lab, to);
	}
	return sampler->next >= sampler->end;
}

void sampler_catch_up(struct lab *lab)
{
	struct sampler *sampler = lab->sampler;

	digital_update(lab);
	while (catch_up(lab)) {
		if (sampler->trigger.count > 1)
			end_acquisition(sampler);
		if (sampler->taken == sampler->trigger.count ||
		    sampler->trigger.count <= 1) {
			finish(lab);
			return;
		}
		arm(lab, sampler->start + sampler->end * sampler->interval);
	}
}

static void run_timer(struct lab *lab, struct lab_timer *timer)
{
	struct sampler *sampler = lab->sampler;
	lab_time lag = lab_lag(lab);

	if (lag > SAMPLER_LAG_MAX) {
		uint64_t due = ((lab_now(lab) + lag) / LAB_TICK -
				sampler->start) / sampler->interval + 1;

		if (due > sampler->next)
			lose(lab, due);
	}
	sampler_catch_up(lab);
	schedule(lab);
}

bool sampler_trigger(struct lab *lab)
{
	struct sampler *sampler = lab->sampler;

	sampler_catch_up(lab);
	if (sampler->state != SAMPLER_WAITING || sampler->trigger.forced)
		return false;
	sampler->trigger.forced = true;
	sampler->trigger.tick = lab_tick(lab);
	schedule(lab);
	return true;
}

/* --- the part of the instrument ------------------------------------------ */

static void sampled_input_changed(struct lab *lab, unsigned int input)
{
	const struct sampler *s = lab->sampler;
	bool sampled = input == LAB_INPUTS;

	for (unsigned int i = 0; i < s->list_length; i++)
		sampled |= s->list[i] == input;
	for (unsigned int i = 0; i < s->inputs; i++)
		sampled |= s->input[i] == input;
	if (!sampled)
		return;
	sampler_changed(lab);
	tell(lab, "changed");
}

static void sampler_init(struct lab *lab)
{
	lab->sampler->timer.run = run_timer;
	set_defaults(lab->sampler);
	lab->hooks.catch_up = sampler_catch_up;
	lab->hooks.input_changed = sampled_input_changed;
}

static void sampler_reset(struct lab *lab)
{
	sampler_abort(lab);
	lab->sampler->inputs = 0;
	set_defaults(lab->sampler);
	sampler_changed(lab);
}

static void sampler_destroy(struct lab *lab)
{
	lab_timer_stop(lab, &lab->sampler->timer);
}

/* The session is being closed. What a program has started is its user's. */
static void sampler_forget(struct lab *lab, struct session *session)
{
	struct sampler *sampler = lab->sampler;

	if (sampler->owner != session)
		return;
	if (sampler->operation)
		session_end(session);
	sampler->owner = session->user;
	sampler->operation &= !!session->user;
	if (sampler->operation)
		session_begin(sampler->owner);
	if (!session->user && !session->keeps)
		sampler_abort(lab);
}

static uint16_t sampler_operation(const struct lab *lab,
				  const struct session *session)
{
	switch (lab->sampler->state) {
	case SAMPLER_WAITING:
		return SCPI_OPERATION_TRIGGER;
	case SAMPLER_SAMPLING:
		return SCPI_OPERATION_MEASURING;
	default:
		return 0;
	}
}

const struct lab_part sampler_part = {
	LAB_PART_IN(sampler),
	.init = sampler_init,
	.destroy = sampler_destroy,
	.reset = sampler_reset,
	.forget = sampler_forget,
	.operation = sampler_operation,
};
