// SPDX-License-Identifier: GPL-2.0
/*
 * reader.c - READ? and FETCh?: reply with what has been sampled
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "parts/reader.h"
#include "parts/sampler.h"

bool readers_add(struct lab *lab, struct session *session)
{
	for (unsigned int i = 0; i < LAB_SESSIONS; i++) {
		if (lab->readers->waiting[i])
			continue;
		lab->readers->waiting[i] = session;
		return true;
	}
	return false;
}

void readers_forget(struct lab *lab, struct session *session)
{
	for (unsigned int i = 0; i < LAB_SESSIONS; i++) {
		if (lab->readers->waiting[i] == session)
			lab->readers->waiting[i] = NULL;
	}
}

void reader_reply_time(struct scpi *scpi, lab_time time)
{
	scpi_reply_text(scpi, "%ju.%09ju", (uintmax_t)(time / LAB_SECOND),
			(uintmax_t)(time % LAB_SECOND));
}

static int16_t sample_at(const struct lab *lab, uint64_t frame, unsigned int n)
{
	uint16_t sample;

	memcpy(&sample, lab->card->memory + sampler_address(lab, frame) +
	       n * sizeof(sample), sizeof(sample));
	return (int16_t)le16toh(sample);
}

static void reply_volts(struct scpi *scpi, double steps)
{
	scpi_reply_text(scpi, "%.6f", steps * (LAB_FULL_SCALE / INT16_MAX));
}

static void reply_input(const struct lab *lab, struct scpi *scpi,
			unsigned int n, uint64_t from)
{
	int least = INT16_MAX, greatest = INT16_MIN;
	int64_t sum = 0;

	for (uint64_t i = from; i < lab->sampler->next; i++) {
		int sample = sample_at(lab, i, n);

		if (sample < least)
			least = sample;
		if (sample > greatest)
			greatest = sample;
		sum += sample;
	}
	reply_volts(scpi, least);
	reply_volts(scpi, greatest);
	reply_volts(scpi, (double)sum / (lab->sampler->next - from));
}

int reader_summary(struct lab *lab, struct scpi *scpi)
{
	const struct sampler *sampler = lab->sampler;
	uint64_t from;

	sampler_catch_up(lab);
	if (!sampler->inputs || !sampler_frames(lab))
		return SCPI_ERR_STALE_DATA;
	from = sampler->first;
	if (from < sampler->valid)
		from = sampler->valid;
	if (sampler->next - from > sampler->ring_frames)
		from = sampler->next - sampler->ring_frames;
	if (from == sampler->next)
		return SCPI_ERR_STALE_DATA;
	scpi_reply_address(scpi, sampler_frames(lab));
	scpi_reply_address(scpi, sampler->lost);
	reader_reply_time(scpi, sampler_time(sampler, sampler->first));
	reader_reply_time(scpi, sampler->trigger.tick * LAB_TICK);
	for (unsigned int i = 0; i < sampler->inputs; i++)
		reply_input(lab, scpi, i, from);
	return SCPI_OK;
}

int reader_data(struct lab *lab, struct scpi *scpi, uint64_t offset,
		uint64_t count)
{
	const struct sampler *sampler = lab->sampler;
	uint8_t *bytes;

	sampler_catch_up(lab);
	if (!sampler->inputs || offset > sampler_frames(lab) ||
	    count > sampler_frames(lab) - offset ||
	    !sampler_has(lab, sampler->first + offset, count))
		return SCPI_ERR_STALE_DATA;
	if (count > scpi_block_max(scpi) / sampler->frame_bytes)
		return SCPI_ERR_TOO_MUCH_DATA;
	bytes = malloc(count * sampler->frame_bytes + 1);
	if (!bytes)
		return SCPI_ERR_OUT_OF_MEMORY;
	for (uint64_t i = 0; i < count; i++)
		memcpy(bytes + i * sampler->frame_bytes, lab->card->memory +
		       sampler_address(lab, sampler->first + offset + i),
		       sampler->frame_bytes);
	scpi_reply_block(scpi, bytes, count * sampler->frame_bytes);
	free(bytes);
	return SCPI_OK;
}

/* --- the part of the instrument ------------------------------------------ */

/*
 * Sampling has ended. The sessions may go on with any command, so they are not
 * resumed from within whatever has ended it.
 */
static void wake(struct lab *lab)
{
	for (unsigned int i = 0; i < LAB_SESSIONS; i++) {
		if (!lab->readers->waiting[i])
			continue;
		lab_timer_start(lab, &lab->readers->answer, lab_now(lab));
		return;
	}
}

static void answer(struct lab *lab, struct lab_timer *timer)
{
	struct readers *readers = lab->readers;

	for (unsigned int i = 0; i < LAB_SESSIONS; i++) {
		struct session *session = readers->waiting[i];

		/* a command of one of them may have restarted sampling */
		if (!session || lab->sampler->state != SAMPLER_IDLE)
			continue;
		readers->waiting[i] = NULL;
		scpi_resume(&session->scpi,
			    reader_summary(lab, &session->scpi));
	}
}

static void readers_init(struct lab *lab)
{
	lab->readers->answer.run = answer;
	lab->sampler->ended = wake;
}

static void readers_destroy(struct lab *lab)
{
	lab_timer_stop(lab, &lab->readers->answer);
}

const struct lab_part readers_part = {
	LAB_PART_IN(readers),
	.init = readers_init,
	.destroy = readers_destroy,
	.forget = readers_forget,
};
