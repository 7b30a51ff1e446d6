// SPDX-License-Identifier: GPL-2.0
/*
 * run.c - one run of a card's sampling, from SAMPLE to the frames in a buffer
 *
 * All users of a card share its sampling. Between any two commands another
 * program can restart it, stop it, or change what is sampled. What is fetched
 * must belong to the run that was started here, so each status is compared with
 * the one before it, also after the transfer.
 */
#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "run.h"

#define TRANSFER_MS	5000
#define GAPS_MAX	10	/* more: the card is too slow for the rate */

#define CHANGED	"another program has changed the sampling of this card"
#define LOST	"the card loses frames at %.8g Hz, take a lower --rate"

void ask(struct skel *skel, char *reply, const char *line)
{
	int length = skel_query(skel, reply, SKEL_LINE_MAX, ANSWER_MS, "%s",
				line);

	/* an event, e.g. when frames are lost; STATUS? reports that, too */
	while (length >= 0 && strncmp(reply, "event: ", 7) == 0)
		length = skel_readline(skel, reply, SKEL_LINE_MAX, ANSWER_MS);
	if (length < 0)
		err(EXIT_CARD, "'%s'", line);
	if (strncmp(reply, "ERROR", 5) == 0)
		errx(EXIT_CARD, "'%s': the card answers '%s'", line, reply);
}

void ask_inputs(struct skel *skel, struct inputs *inputs)
{
	char reply[SKEL_LINE_MAX];

	ask(skel, reply, "INPUTS?");
	if (parse_inputs(reply, inputs))
		errx(EXIT_CARD, "'INPUTS?': cannot understand '%s'", reply);
}

/* @frame_bytes: of the current run; 1: there may be none */
static struct status ask_status(struct skel *skel, size_t frame_bytes)
{
	char reply[SKEL_LINE_MAX];
	struct status st;

	ask(skel, reply, "STATUS?");
	if (parse_status(reply, &st) || !st.ring || st.ring % frame_bytes ||
	    st.position - st.base >= st.ring ||
	    (st.position - st.base) % frame_bytes)
		errx(EXIT_CARD, "'STATUS?': cannot understand '%s'", reply);
	return st;
}

static struct status ask_run(const struct run *run)
{
	struct status now = ask_status(run->skel, run->frame_bytes);
	const struct status *then = &run->status;

	if (now.has_run != then->has_run || now.run != then->run ||
	    now.rate != then->rate || now.base != then->base ||
	    now.ring != then->ring || now.frames < then->frames)
		errx(EXIT_CARD, CHANGED);
	return now;
}

/* How far has it come? When frames were lost, those before do not count. */
static void look(struct run *run)
{
	struct status now = ask_run(run);

	if (now.lost != run->status.lost) {
		if (++run->gaps > GAPS_MAX)
			errx(EXIT_CARD, LOST, now.rate);
		fprintf(run->talk, "  %llu frames are lost, beginning anew\n",
			(unsigned long long)(now.lost - run->status.lost));
		run->first = now.frames;
	}
	run->status = now;
}

static void stop(struct run *run)
{
	char reply[SKEL_LINE_MAX];

	ask(run->skel, reply, "STOP");
}

static void allocate(struct run *run)
{
	run->frame_bytes = run->inputs.count * sizeof(*run->samples);
	run->bytes = run->frames * run->frame_bytes;
	run->samples = skel_malloc(run->skel, run->bytes, SKEL_ALLOC_TOHOST);
	if (!run->samples)
		err(EXIT_CARD, "no DMA buffer of %zu bytes", run->bytes);
}

static void tell_rate(const struct run *run)
{
	fprintf(run->talk, "sampling %d inputs at %.8g Hz each",
		run->inputs.count, run->status.rate);
	if (run->status.rate != run->rate)
		fprintf(run->talk, " (%u Hz were asked for)", run->rate);
	fprintf(run->talk, ", %d bits\n", run->inputs.bits);
}

/* Each start counts the number of the run up: ours must be the next one. */
static void start(struct run *run)
{
	struct status before = ask_status(run->skel, 1);
	char reply[SKEL_LINE_MAX], line[64];

	ask_inputs(run->skel, &run->inputs);
	allocate(run);
	snprintf(line, sizeof(line), "SAMPLE %u", run->rate);
	ask(run->skel, reply, line);
	run->status = ask_status(run->skel, run->frame_bytes);
	if (before.has_run && run->status.run != before.run + 1)
		errx(EXIT_CARD, CHANGED);
	if (run->status.rate <= 0)
		errx(EXIT_CARD, "the card does not sample");
	if (run->bytes > run->status.ring) {
		stop(run);
		errx(EXIT_CARD, "%zu frames: the card's ring holds %llu",
		     run->frames, (unsigned long long)run->status.ring /
		     run->frame_bytes);
	}
	if (run->status.lost)
		run->first = run->status.frames;
	tell_rate(run);
}

static void sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

/* Ask for the status about four times until all frames are there */
static void wait_for_frames(struct run *run)
{
	const struct status *st = &run->status;
	unsigned int ms = run->frames * 1000 / st->rate;
	unsigned int frame_ms = 1000 / st->rate;
	unsigned int i, idle = 0;

	for (i = 0;; i++) {
		uint64_t before = st->frames;

		sleep_ms(i < 4 ? ms / 4 + 1 : 10 + frame_ms);
		look(run);
		fprintf(run->talk, "  %s: %llu frames, %zu wanted, next at 0x%llx\n",
			st->state, (unsigned long long)(st->frames - run->first),
			run->frames, (unsigned long long)st->position);
		fflush(run->talk);
		if (st->frames - run->first >= run->frames)
			return;
		idle = st->frames == before ? idle + 1 : 0;
		if (idle > 100 || strcmp(st->state, "SAMPLING") != 0)
			errx(EXIT_CARD, "the card does not sample any more");
	}
}

static void tohost(struct run *run, uint64_t card_addr, size_t length,
		   size_t at)
{
	char *buffer = (char *)run->samples + at;
	uint64_t host_addr = skel_host_addr(run->skel, buffer);
	struct skel_transfer t;

	fprintf(run->talk, "TOHOST 0x%llx 0x%zx 0x%llx: ",
		(unsigned long long)card_addr, length,
		(unsigned long long)host_addr);
	if (skel_tohost(run->skel, &t, card_addr, length, host_addr) ||
	    skel_wait(run->skel, &t, TRANSFER_MS)) {
		fprintf(run->talk, "\n");
		fflush(run->talk);
		if (t.result == SKEL_PENDING)
			err(EXIT_CARD, "TOHOST");
		errx(EXIT_CARD, "TOHOST: %s: %s", t.result == SKEL_REFUSED ?
		     "refused" : "failed", t.reason);
	}
	fprintf(run->talk, "done, %zu bytes by DMA\n", length);
}

/*
 * Fetch frames from the ring, in two transfers if they wrap around: the first
 * ones if they are all still there, else the newest ones.
 * Return: false if the card has overwritten some of them in the meantime.
 */
static bool fetch(struct run *run)
{
	const struct status *st = &run->status;
	uint64_t ring_frames = st->ring / run->frame_bytes;
	uint64_t back = st->frames - run->first;	/* how many frames ago */
	uint64_t at, part;

	if (back > ring_frames)
		back = run->frames;
	at = (st->position - st->base + st->ring -
	      back * run->frame_bytes % st->ring) % st->ring;
	part = st->ring - at;
	if (part > run->bytes)
		part = run->bytes;
	tohost(run, st->base + at, part, 0);
	if (part < run->bytes)
		tohost(run, st->base, run->bytes - part, part);
	return ask_run(run).frames - (st->frames - back) <= ring_frames;
}

void run_record(struct run *run)
{
	struct inputs inputs;
	bool complete;

	start(run);
	wait_for_frames(run);
	complete = fetch(run);
	stop(run);
	if (!complete) {
		/* fast sampling has overwritten some: now that it is stopped, it cannot */
		look(run);
		if (run->status.frames - run->first < run->frames)
			errx(EXIT_CARD, LOST, run->status.rate);
		if (!fetch(run))
			errx(EXIT_CARD, CHANGED);
	}
	/* all there is to compare on a card that does not number its runs */
	ask_inputs(run->skel, &inputs);
	if (memcmp(&inputs, &run->inputs, sizeof(inputs)) != 0)
		errx(EXIT_CARD, CHANGED);
}
