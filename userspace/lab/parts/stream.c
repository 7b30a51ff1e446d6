// SPDX-License-Identifier: GPL-2.0
/*
 * stream.c - blocks of the ring to a ring in the host's memory
 */
#include <errno.h>
#include <string.h>

#include "parts/sampler.h"
#include "parts/stream.h"
#include "parts/transfer.h"

unsigned int stream_transfers(const struct lab *lab)
{
	unsigned int busy = 0;

	for (unsigned int i = 0; i < STREAM_TRANSFERS; i++)
		busy += lab->streams->piece[i].busy;
	return busy;
}

uint64_t stream_frames(const struct lab *lab)
{
	const struct streams *s = lab->streams;

	return s->owner ? s->block_bytes /
			  (lab->sampler->list_length * sizeof(int16_t)) : 0;
}

uint64_t stream_backlog(const struct lab *lab)
{
	const struct streams *s = lab->streams;

	return s->owner && s->flows ? lab->sampler->next - s->next : 0;
}

/* The counters stay, for STREam? */
void streams_stop(struct lab *lab)
{
	struct streams *s = lab->streams;

	s->owner = NULL;
	s->flows = false;
	for (unsigned int i = 0; i < STREAM_TRANSFERS; i++) {
		if (!s->piece[i].busy)
			continue;
		lab->card->ops->forget(lab->card, &s->piece[i]);
		s->piece[i].busy = false;
	}
}

static void no_gap(struct streams *s)
{
	s->gap_from = UINT64_MAX;
	s->gap_to = 0;
	s->gap_frames = 0;
}

/* Frames before @to are not sent; those of a gap are counted there already. */
static void drop(struct lab *lab, uint64_t to)
{
	struct streams *s = lab->streams;
	uint64_t frames;

	if (to < s->gap_to)
		to = s->gap_to;
	frames = to - s->next;
	s->lost += frames;
	s->unreported += frames;
	lab->sampler->lost += frames - s->gap_frames;
	s->next = to;
	no_gap(s);
}

static bool stream_rewind(struct lab *lab)
{
	struct streams *s = lab->streams;

	if (stream_transfers(lab))
		return false;
	if (stream_backlog(lab))
		drop(lab, lab->sampler->next);
	s->flows = false;
	return true;
}

static void stream_begin(struct lab *lab, uint64_t first)
{
	struct streams *s = lab->streams;

	if (!s->owner)
		return;
	s->flows = true;
	s->ending = false;
	s->frames = stream_frames(lab);
	s->next = first;
	no_gap(s);
}

static bool stream_gap(struct lab *lab, uint64_t from, uint64_t to)
{
	struct streams *s = lab->streams;

	if (!s->owner || !s->flows)
		return false;
	if (s->gap_from == UINT64_MAX)
		s->gap_from = from;
	s->gap_to = to;
	s->gap_frames += to - from;
	return true;
}

/* How many frames may be sampled before the next one hits this transfer */
static uint64_t piece_room(const struct sampler *sampler,
			   const struct stream_piece *piece)
{
	/* modulo: after a gap it may be more than once around the ring */
	uint64_t behind = (sampler->next - piece->frame) % sampler->ring_frames;

	if (!piece->busy)
		return UINT64_MAX;
	return behind < piece->frames ? 0 : sampler->ring_frames - behind;
}

static uint64_t stream_room(struct lab *lab, uint64_t count)
{
	const struct sampler *sampler = lab->sampler;
	struct streams *s = lab->streams;
	uint64_t room;

	if (!s->owner || !s->flows)
		return count;
	/* full: drop the older half, so that this happens rarely */
	if (sampler->next - s->next >= sampler->ring_frames)
		drop(lab, sampler->next - sampler->ring_frames / 2);
	room = s->next + sampler->ring_frames - sampler->next;
	for (unsigned int i = 0; i < STREAM_TRANSFERS; i++) {
		uint64_t until = piece_room(sampler, &s->piece[i]);

		if (until < room)
			room = until;
	}
	return count < room ? count : room;
}

static void report(struct lab *lab)
{
	struct streams *s = lab->streams;
	struct scpi *scpi = &session_user(s->owner)->scpi;

	if (!s->unreported)
		return;
	scpi_event(scpi, "OVERRUN %ju %ju", (uintmax_t)s->unreported,
		   (uintmax_t)(s->next - lab->sampler->first));
	scpi_error(scpi, SCPI_ERR_INPUT_OVERRUN, "%ju frames lost",
		   (uintmax_t)s->unreported);
	s->unreported = 0;
}

/* The reason as in the core's own lines */
static const char *reason(int error)
{
	switch (error) {
	case -EINVAL:
		return "length";
	case -EFAULT:
		return "host-address";
	case -EACCES:
		return "direction";
	case -ERANGE:
		return "card-address";
	case -EBUSY:
		return "busy";
	case -ENOTCONN:
		return "closed";
	case -ECANCELED:
		return "cancelled";
	case -ETIMEDOUT:
		return "timeout";
	case -ENOMEM:
		return "memory";
	default:
		return "error";
	}
}

static void fail(struct lab *lab, int error)
{
	struct scpi *scpi = &session_user(lab->streams->owner)->scpi;

	streams_stop(lab);
	scpi_event(scpi, "STREAM STOPPED %s", reason(error));
	scpi_error(scpi, SCPI_ERR_DEVICE, "stream stopped: %s", reason(error));
}

static void stream_push(struct lab *lab);

static void transfer_done(void *arg, int error)
{
	struct stream_piece *piece = arg;

	piece->busy = false;
	if (error)
		fail(piece->lab, error);
	else
		stream_push(piece->lab);
}

static int send_piece(struct lab *lab, uint64_t frame, uint64_t count,
		      uint64_t host)
{
	struct streams *s = lab->streams;
	struct stream_piece *piece = s->piece;
	struct lab_transfer transfer = {
		.channel = s->owner->channel,
		.dir = LAB_TOHOST,
		.card_addr = sampler_address(lab, frame),
		.length = count * lab->sampler->frame_bytes,
		.host_addr = host,
		.done = transfer_done,
	};

	while (piece->busy)
		piece++;
	transfer.arg = piece;
	piece->busy = true;
	piece->frame = frame;
	piece->frames = count;
	return lab_transfer(lab, &transfer);
}

/* Return: false: not now, or the stream has failed. */
static bool send_block(struct lab *lab, uint64_t frames)
{
	const struct sampler *sampler = lab->sampler;
	struct streams *s = lab->streams;
	uint64_t host = s->host + s->sent % s->blocks * s->block_bytes;
	uint64_t part = sampler->ring_frames - s->next % sampler->ring_frames;
	int error;

	if (part > frames)
		part = frames;
	if (stream_transfers(lab) + (part < frames ? 2 : 1) > STREAM_TRANSFERS)
		return false;
	report(lab);
	error = send_piece(lab, s->next, part, host);
	if (!error && part < frames)
		error = send_piece(lab, s->next + part, frames - part,
				   host + part * sampler->frame_bytes);
	if (error) {
		fail(lab, error);
		return false;
	}
	s->sent++;
	s->frames_sent += frames;
	s->next += frames;
	return true;
}

static void stream_push(struct lab *lab)
{
	struct streams *s = lab->streams;

	while (s->owner && s->flows) {
		uint64_t frames = s->frames;

		if (s->next + frames > s->gap_from) {
			drop(lab, s->gap_to);
			continue;
		}
		if (stream_backlog(lab) < frames) {
			if (!s->ending)
				break;
			frames = stream_backlog(lab);
		}
		if (!frames) {
			report(lab);
			s->flows = false;
			break;
		}
		if (s->sent - s->acknowledged >= s->blocks ||
		    !send_block(lab, frames))
			break;
	}
}

static void stream_end(struct lab *lab)
{
	struct streams *s = lab->streams;

	if (!s->owner || !s->flows)
		return;
	s->ending = true;
	stream_push(lab);
}

int stream_start(struct lab *lab, struct session *owner, uint64_t host,
		 uint64_t length, uint64_t block_bytes)
{
	struct streams *s = lab->streams;
	struct sampler *sampler = lab->sampler;
	bool runs = sampler->state == SAMPLER_SAMPLING;
	uint64_t frame = sampler->list_length * sizeof(int16_t);
	uint64_t ring, address;

	if (owner->channel >= LAB_CHANNELS)
		return transfer_no_channel(owner);
	if (s->owner && s->owner != owner)
		return SCPI_ERR_SETTINGS_CONFLICT;
	ring = sampler->state == SAMPLER_IDLE ? sampler_ring(lab, &address) :
	       sampler->ring_frames * frame;
	if (!block_bytes) {
		block_bytes = length < STREAM_BLOCK ? length : STREAM_BLOCK;
		if (block_bytes > ring / 2)
			block_bytes = ring / 2;
		block_bytes -= block_bytes % frame;
	}
	if (!block_bytes || block_bytes > length || block_bytes > ring / 2)
		return SCPI_ERR_RANGE;
	if (block_bytes % frame)
		return SCPI_ERR_ILLEGAL_VALUE;
	sampler_catch_up(lab);
	streams_stop(lab);
	s->owner = owner;
	s->host = host;
	s->block_bytes = block_bytes;
	s->blocks = length / block_bytes;
	s->flows = false;
	s->sent = 0;
	s->acknowledged = 0;
	s->frames_sent = 0;
	s->lost = 0;
	s->unreported = 0;
	if (runs)
		stream_begin(lab, sampler->next);
	return SCPI_OK;
}

int stream_acknowledge(struct lab *lab, uint64_t blocks)
{
	struct streams *s = lab->streams;

	if (blocks < s->acknowledged || blocks > s->sent)
		return SCPI_ERR_ILLEGAL_VALUE;
	s->acknowledged = blocks;
	sampler_catch_up(lab);
	stream_push(lab);
	return SCPI_OK;
}

static bool streams_want_time(const struct lab *lab)
{
	const struct sampler *sampler = lab->sampler;
	const struct streams *s = lab->streams;

	if (lab->time.real || !s->owner || sampler->state == SAMPLER_IDLE)
		return false;
	if (sampler->state == SAMPLER_WAITING)
		return sampler->trigger.source != TRIGGER_BUS ||
		       sampler->trigger.forced;
	return stream_backlog(lab) < s->frames &&
	       s->sent - s->acknowledged < s->blocks;
}

static bool streams_hold_time(const struct lab *lab)
{
	return !lab->time.real && lab->streams->owner &&
	       lab->sampler->state == SAMPLER_SAMPLING &&
	       !streams_want_time(lab);
}

static const struct sampler_sink sink = {
	.block = stream_frames,
	.rewind = stream_rewind,
	.begin = stream_begin,
	.end = stream_end,
	.backlog = stream_backlog,
	.room = stream_room,
	.push = stream_push,
	.gap = stream_gap,
};

static void streams_init(struct lab *lab)
{
	for (unsigned int i = 0; i < STREAM_TRANSFERS; i++)
		lab->streams->piece[i].lab = lab;
	lab->sampler->sink = &sink;
}

static void streams_forget(struct lab *lab, struct session *session)
{
	if (lab->streams->owner == session)
		streams_stop(lab);
}

const struct lab_part streams_part = {
	LAB_PART_IN(streams),
	.init = streams_init,
	.reset = streams_stop,
	.forget = streams_forget,
	.wants_time = streams_want_time,
	.holds_time = streams_hold_time,
};
