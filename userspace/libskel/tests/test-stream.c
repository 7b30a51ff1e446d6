// SPDX-License-Identifier: GPL-2.0
/*
 * test-stream.c - streams of a card that samples into a ring, and of one that does
 * not sample at all
 *
 * The fake card's sampling advances with each STATUS?. Its samples are a function
 * of the number of the frame, so that each shows whether it is the right one.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>

#include "../internal.h"
#include "fake-card.h"
#include "unit.h"

#define FRAME	4	/* bytes */

static struct skel *skel;
static struct skel_stream *stream;
static bool gone;	/* the card */

static void plug(const struct skel_stream_options *options)
{
	skel = skel_open(FAKE_PATH);
	check(skel);
	stream = skel_stream_open(skel, options);
}

static void unplug(void)
{
	skel_stream_close(stream);
	check(fake.buffers == 0);
	/* the card's thread must not go on when the next card is there */
	check(gone || !skel_clear(skel, 1000));
	skel_close(skel);
	gone = false;
	fake_reset();
}

/* Whether this is what input 0 has sampled: 50 Hz, 8 V */
static bool right(const struct skel_block *block, unsigned int rate)
{
	const int16_t *at = block->data;
	uint64_t frame = block->offset / FRAME, i;

	for (i = 0; i < block->length / FRAME; i++) {
		double phase = fmod((double)(frame + i) * 50 / rate, 1);

		if (at[2 * i] != lround(3.2767 * 8000 * sin(2 * M_PI * phase)))
			return false;
	}
	return block->length && block->offset % FRAME == 0;
}

static void blocks_of_a_ring(void)
{
	struct skel_stream_options options = { .blocks = 3, .block = 400 };
	struct skel_stream_info info;
	struct skel_block block;
	uint64_t next = 0;
	int i;

	fake_reset();
	fake.step = 70;
	plug(&options);
	check(stream);
	check(skel_stream_acquire(stream, &block, 0) == -EINVAL);
	check(!skel_stream_start(stream, "SAMPLE 1000"));
	check(skel_stream_start(stream, "SAMPLE 1000") == -EALREADY);
	/* several times around the ring of blocks, and once around the card's */
	for (i = 0; i < 100; i++) {
		check(skel_stream_acquire(stream, &block, 1000) == 1);
		check(block.index == (uint64_t)i && block.lost == 0);
		check(block.offset == next && block.length == 400);
		check(right(&block, 1000));
		next += block.length;
		check(!skel_stream_release(stream, &block));
		check(skel_stream_release(stream, &block) == -EINVAL);
	}
	check(!skel_stream_get_info(stream, &info));
	check(info.source == SKEL_STREAM_RING && info.frame == FRAME);
	check(info.blocks == 3 && info.block == 400 && info.lost == 0);
	check(info.period_ns == 1e6 && info.bytes == next);
	check(info.acquired == 100 && info.released == 100);
	/* what was sampled until it was stopped still comes */
	check(!skel_stream_stop(stream));
	check(!fake.sampling);
	while ((i = skel_stream_acquire(stream, &block, 1000)) == 1) {
		check(block.offset == next && right(&block, 1000));
		next += block.length;
		check(!skel_stream_release(stream, &block));
	}
	check(i == 0 && next == fake.frames * FRAME);
	check(skel_stream_acquire(stream, &block, 0) == 0);
	unplug();
}

/* Its later frames are not for this stream, which ends all the same. */
static void a_card_that_does_not_stop(void)
{
	struct skel_stream_options options = { .block = 400 };
	struct skel_block block;
	uint64_t end;
	int ret;

	fake_reset();
	fake.deaf = true;
	plug(&options);
	check(!skel_stream_start(stream, "SAMPLE 1000"));
	check(skel_stream_acquire(stream, &block, 1000) == 1);
	check(!skel_stream_release(stream, &block));
	check(!skel_stream_stop(stream));
	end = fake.frames * FRAME;
	while ((ret = skel_stream_acquire(stream, &block, 1000)) == 1) {
		check(right(&block, 1000));
		check(!skel_stream_release(stream, &block));
	}
	check(ret == 0 && fake.sampling);
	check(block.offset + block.length >= end);
	unplug();
}

static void blocks_are_held(void)
{
	struct skel_stream_options options = { .blocks = 2, .block = 400 };
	struct skel_block a, b, c;

	fake_reset();
	plug(&options);
	check(!skel_stream_start(stream, "SAMPLE 1000"));
	check(skel_stream_acquire(stream, &a, 1000) == 1);
	check(skel_stream_acquire(stream, &b, 1000) == 1);
	check(skel_stream_acquire(stream, &c, 1000) == -ENOBUFS);
	/* in any order; places become free in theirs */
	check(!skel_stream_release(stream, &b));
	check(skel_stream_acquire(stream, &c, 1000) == -ENOBUFS);
	check(right(&a, 1000) && right(&b, 1000));
	check(!skel_stream_release(stream, &a));
	check(skel_stream_acquire(stream, &c, 1000) == 1 && c.index == 2);
	check(c.data == a.data && right(&c, 1000));
	unplug();
}

static void overruns_are_counted(void)
{
	struct skel_stream_options options = { .block = 4000 };
	struct skel_stream_info info;
	struct skel_block block;
	uint64_t next = 0, lost = 0;
	int i;

	fake_reset();
	/* of 4096 frames in the ring: one look late, and they are gone */
	fake.step = 1500;
	plug(&options);
	check(!skel_stream_start(stream, "SAMPLE 1000"));
	for (i = 0; i < 20; i++) {
		if (i == 10)
			fake.step = 2000;
		if (i == 12)
			fake.step = 300;
		check(skel_stream_acquire(stream, &block, 1000) == 1);
		check(block.offset == next + block.lost);
		check(right(&block, 1000));
		next = block.offset + block.length;
		lost += block.lost;
		check(!skel_stream_release(stream, &block));
	}
	check(lost >= 1000 * FRAME && lost % FRAME == 0);
	skel_stream_get_info(stream, &info);
	check(info.lost == lost);
	unplug();
}

/* The card says that it has left out frames */
static void frames_the_card_loses(void)
{
	struct skel_stream_options options = { .block = 400 };
	struct skel_block block;
	uint64_t lost = 0;
	int i;

	fake_reset();
	fake.lose = 7;
	plug(&options);
	check(!skel_stream_start(stream, "SAMPLE 1000"));
	for (i = 0; i < 5; i++) {
		check(skel_stream_acquire(stream, &block, 1000) == 1);
		check(right(&block, 1000));
		lost += block.lost;
		check(!skel_stream_release(stream, &block));
	}
	check(lost >= 7 * FRAME);
	unplug();
}

static void another_program(const char *command, int at)
{
	struct skel_stream_options options = { .block = 400 };
	struct skel_block block;
	int i, ret = 1;

	fake_reset();
	fake.other = command;
	fake.other_at = at;
	plug(&options);
	check(!skel_stream_start(stream, "SAMPLE 1000"));
	for (i = 0; i < 50; i++) {
		ret = skel_stream_acquire(stream, &block, 1000);
		if (ret != 1)
			break;
		check(right(&block, 1000));
		check(!skel_stream_release(stream, &block));
	}
	check(i > 1 && ret == -ESTALE);
	check(strstr(skel_errmsg(), "another program"));
	check(skel_stream_acquire(stream, &block, 1000) == -ESTALE);
	/* its run is not ours to stop */
	skel_stream_stop(stream);
	check(fake.sampling);
	unplug();
}

static void another_program_restarts(void)
{
	another_program("SAMPLE 700", 20);
}

static void another_program_changes_an_input(void)
{
	another_program("INPUT 0 1000 8000", 21);
}

static void follow_what_is_sampled(void)
{
	struct skel_stream_options options = { .block = 400 };
	char reply[SKEL_LINE_MAX];
	struct skel_block block;

	fake_reset();
	plug(&options);
	check(skel_query(skel, reply, sizeof(reply), 1000, "SAMPLE 1000") > 0);
	check(skel_query(skel, reply, sizeof(reply), 1000, "STATUS?") > 0);
	check(!skel_stream_start(stream, NULL));
	check(skel_stream_acquire(stream, &block, 1000) == 1);
	check(block.offset == 0 && block.length == 400);
	/* not stopped, as it was not started here */
	skel_stream_stop(stream);
	while (skel_stream_acquire(stream, &block, 1000) == 1)
		check(!skel_stream_release(stream, &block));
	check(fake.sampling);
	unplug();
	/* idle: what will be sampled */
	plug(&options);
	check(!skel_stream_start(stream, NULL));
	check(skel_stream_acquire(stream, &block, 20) == -ETIMEDOUT);
	check(skel_query(skel, reply, sizeof(reply), 1000, "SAMPLE 1000") > 0);
	check(skel_stream_acquire(stream, &block, 1000) == 1);
	check(block.offset == 0 && right(&block, 1000));
	unplug();
}

static void refused_transfers_end_it(void)
{
	struct skel_block block;

	fake_reset();
	plug(NULL);
	check(!skel_stream_start(stream, "SAMPLE 1000"));
	fake.step = 2000;
	fake.refuse = true;
	check(skel_stream_acquire(stream, &block, 1000) == -EIO);
	check(strstr(skel_errmsg(), "host-address"));
	check(skel_stream_acquire(stream, &block, 1000) == -EIO);
	/* what it started ends with it all the same */
	check(fake.sampling);
	skel_stream_close(stream);
	stream = NULL;
	check(!fake.sampling);
	unplug();
}

static void the_card_goes(void)
{
	struct skel_block block;
	int ret;

	fake_reset();
	plug(NULL);
	check(!skel_stream_start(stream, "SAMPLE 1000"));
	fake.step = 2000;
	check(skel_stream_acquire(stream, &block, 1000) == 1);
	fake.unplug = true;
	while ((ret = skel_stream_acquire(stream, &block, 1000)) == 1)
		check(!skel_stream_release(stream, &block));
	check(ret == -ENODEV);
	fake.unplug = false;	/* so that the fake driver frees */
	gone = true;
	unplug();
}

static void a_piece_of_memory(void)
{
	struct skel_stream_options options = {
		.blocks = 3, .block = 1000, .card_addr = 40,
	};
	struct skel_block block;
	int i, ret;

	fake_reset();
	fake.simple = true;
	skel = skel_open(FAKE_PATH);
	/* it does not sample, so the piece must be named */
	check(!skel_stream_open(skel, NULL) && errno == EOPNOTSUPP);
	stream = skel_stream_open(skel, &options);
	check(stream);
	check(!skel_stream_open(skel, &options) && errno == EBUSY);
	fake.simple = false;
	memset(fake.memory, 7, sizeof(fake.memory));
	check(!skel_stream_start(stream, NULL));
	for (i = 0; i < 20; i++) {
		const char *at;

		check(skel_stream_acquire(stream, &block, 1000) == 1);
		at = block.data;
		check(block.length == 1000 && block.lost == 0 &&
		      block.offset == 1000 * (uint64_t)i);
		check(at[0] == 7 && at[999] == 7);
		check(!skel_stream_release(stream, &block));
	}
	check(!skel_stream_stop(stream));
	/* those under way still come */
	for (i = 0; (ret = skel_stream_acquire(stream, &block, 1000)) == 1; i++)
		check(!skel_stream_release(stream, &block));
	check(ret == 0 && i <= 3);
	unplug();
}

/* A transfer that was never submitted is not waited for. */
static void no_memory_for_a_transfer(void)
{
	struct skel_stream_options options = { .blocks = 3, .block = 1000 };
	struct skel_block block;
	int at, i;

	options.source = SKEL_STREAM_MEMORY;
	for (at = 1; at <= 3; at++) {
		fake_reset();
		plug(&options);
		check(stream);
		check(!skel_stream_start(stream, NULL));
		fake.no_memory = at;
		check(skel_stream_acquire(stream, &block, 1000) == -ENOMEM);
		for (i = 0; i < 6; i++) {
			check(skel_stream_acquire(stream, &block, 1000) == 1);
			check(!skel_stream_release(stream, &block));
		}
		unplug();
	}
}

/* The card sends the blocks; they wrap around in its ring of 4096 frames. */
static void blocks_that_the_card_sends(void)
{
	struct skel_stream_options options = { .blocks = 3, .block = 400 };
	struct skel_stream_info info;
	struct skel_block block;
	uint64_t next = 0;
	int i;

	fake_reset();
	fake.streams = true;
	fake.step = 70;
	fake.base = 4;
	plug(&options);
	check(stream);
	check(!skel_stream_start(stream, "SAMPLE 1000"));
	for (i = 0; i < 200; i++) {
		check(skel_stream_acquire(stream, &block, 1000) == 1);
		check(block.index == (uint64_t)i && block.lost == 0);
		check(block.offset == next && block.length == 400);
		check(right(&block, 1000));
		next += block.length;
		check(!skel_stream_release(stream, &block));
	}
	skel_stream_get_info(stream, &info);
	check(info.source == SKEL_STREAM_CARD && info.period_ns == 1e6);
	check(!skel_stream_stop(stream));
	check(!fake.sampling);
	while ((i = skel_stream_acquire(stream, &block, 1000)) == 1) {
		check(block.offset == next && right(&block, 1000));
		next += block.length;
		check(!skel_stream_release(stream, &block));
	}
	check(i == 0 && next == fake.frames * FRAME);
	unplug();
}

static void overruns_that_the_card_reports(void)
{
	struct skel_stream_options options = { .blocks = 2, .block = 1600 };
	struct skel_block block, held;
	char reply[SKEL_LINE_MAX];
	uint64_t next = 0, lost = 0;
	int i;

	fake_reset();
	fake.streams = true;
	fake.step = 900;
	plug(&options);
	check(!skel_stream_start(stream, "SAMPLE 1000"));
	check(skel_stream_acquire(stream, &held, 1000) == 1);
	/* meanwhile the card goes on; its events are no answers */
	for (i = 0; i < 10; i++) {
		check(skel_query(skel, reply, sizeof(reply), 1000, "STATUS?") > 0);
		check(strncmp(reply, "STATUS ", 7) == 0);
	}
	next = held.length;
	check(!skel_stream_release(stream, &held));
	fake.step = 200;
	for (i = 0; i < 20; i++) {
		check(skel_stream_acquire(stream, &block, 1000) == 1);
		check(block.offset == next + block.lost && right(&block, 1000));
		next = block.offset + block.length;
		lost += block.lost;
		check(!skel_stream_release(stream, &block));
	}
	check(lost > 0);
	/* they went to the stream */
	check(skel_read_event(skel, reply, sizeof(reply), 0) == -ETIMEDOUT);
	unplug();
}

static void the_card_ends_its_stream(void)
{
	struct skel_stream_options options = { .blocks = 3, .block = 400 };
	struct skel_block block;
	int ret, blocks = 0;

	fake_reset();
	fake.streams = true;
	fake.break_at = 12;
	plug(&options);
	check(!skel_stream_start(stream, "SAMPLE 1000"));
	while ((ret = skel_stream_acquire(stream, &block, 1000)) == 1) {
		check(right(&block, 1000));
		blocks++;
		check(!skel_stream_release(stream, &block));
	}
	check(ret == -EIO && blocks > 0);
	check(strstr(skel_errmsg(), "timeout"));
	unplug();
}

/* What had come when the card died is not lost. */
static void the_streaming_card_dies(void)
{
	struct skel_stream_options options = { .blocks = 8, .block = 400 };
	struct skel_stream_info info;
	struct skel_block block;
	int ret, blocks = 0;

	fake_reset();
	fake.streams = true;
	fake.step = 350;
	plug(&options);
	check(!skel_stream_start(stream, "SAMPLE 1000"));
	check(skel_stream_acquire(stream, &block, 1000) == 1);
	fake.unplug = true;
	while ((ret = skel_stream_acquire(stream, &block, 1000)) == 1) {
		check(right(&block, 1000));
		blocks++;
	}
	check(ret == -ENODEV && blocks > 2);
	skel_stream_get_info(stream, &info);
	check(info.acquired == info.received);
	fake.unplug = false;
	gone = true;
	unplug();
}

static void another_program_on_a_streaming_card(void)
{
	struct skel_stream_options options = { .block = 400 };
	struct skel_block block;
	int i, ret = 1;

	fake_reset();
	fake.streams = true;
	fake.other = "SAMPLE 700";
	fake.other_at = 30;
	plug(&options);
	check(!skel_stream_start(stream, "SAMPLE 1000"));
	for (i = 0; i < 100 && ret == 1; i++) {
		ret = skel_stream_acquire(stream, &block, 1000);
		if (ret != 1)
			break;
		check(right(&block, 1000));
		check(!skel_stream_release(stream, &block));
	}
	check(i > 1 && ret == -ESTALE);
	unplug();
}

static void a_command_that_does_not_start(void)
{
	fake_reset();
	fake.streams = true;
	fake.scpi = true;
	plug(NULL);
	check(skel_stream_start(stream, "INPut1:FUNCtion SAW") == -EIO);
	check(strstr(skel_errmsg(), "-224"));
	check(skel_stream_start(stream, "SAMPLE x") == -EIO);
	unplug();
}

static void wrong_options(void)
{
	static const struct skel_stream_options wrong[] = {
		{ .blocks = 1 }, { .blocks = 65537 }, { .reserved = { 0, 1 } },
		{ .source = SKEL_STREAM_MEMORY }, { .block = 402 },
		{ .block = FAKE_MEMORY }, { .block = UINT64_MAX - 3 },
		{ .source = (enum skel_stream_source)9 },
		{ .source = SKEL_STREAM_MEMORY, .block = UINT64_MAX / 2 },
	};
	struct skel_stream_options options = { .source = SKEL_STREAM_CARD };
	size_t i;

	fake_reset();
	skel = skel_open(FAKE_PATH);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		errno = 0;
		check(!skel_stream_open(skel, &wrong[i]) && errno == EINVAL);
		check(*skel_errmsg());
	}
	check(!skel_stream_open(skel, &options) && errno == EOPNOTSUPP);
	check(fake.buffers == 0);
	skel_close(skel);
}

int main(void)
{
	/* of a device it would be ENODEV, but this is a socket */
	signal(SIGPIPE, SIG_IGN);
	run(blocks_of_a_ring);
	run(a_card_that_does_not_stop);
	run(blocks_are_held);
	run(overruns_are_counted);
	run(frames_the_card_loses);
	run(another_program_restarts);
	run(another_program_changes_an_input);
	run(follow_what_is_sampled);
	run(refused_transfers_end_it);
	run(the_card_goes);
	run(a_piece_of_memory);
	run(no_memory_for_a_transfer);
	run(blocks_that_the_card_sends);
	run(overruns_that_the_card_reports);
	run(the_card_ends_its_stream);
	run(the_streaming_card_dies);
	run(another_program_on_a_streaming_card);
	run(a_command_that_does_not_start);
	run(wrong_options);
	fake_reset();
	return unit_end();
}
