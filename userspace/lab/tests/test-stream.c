// SPDX-License-Identifier: GPL-2.0
/*
 * test-stream.c - streams: no frame is lost without being counted
 *
 * Input 1 is a counter: each frame contains its number.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts/sampler.h"
#include "parts/stream.h"
#include "tests/rig.h"
#include "unit.h"

#define BLOCKS	4
#define BLOCK	4096		/* bytes */
#define FRAMES	(BLOCK / 4)

static uint64_t host;
static uint8_t *buffer;

/* What the reader knows */
static uint64_t blocks;		/* read */
static uint64_t frame;		/* expected next */
static uint64_t lost;		/* reported by OVERRUN */
static unsigned int faults;

/* The rig has been started. */
static void sample_a_counter(void)
{
	host = fake_card_buffer(rig.fake, 0, BLOCKS * BLOCK, 0, &buffer);
	blocks = 0;
	frame = 0;
	lost = 0;
	faults = 0;
	say(0, "INP1:FUNC COUN;:SAMP:COUN INF");
}

static void start(void)
{
	rig_start();
	sample_a_counter();
}

#define STREAM_TEST(name)	TEST_WITH(name, start, rig_stop)

static const struct streams *stream(void)
{
	return rig.lab->streams;
}

static const char *stream_to(uint64_t address, uint64_t length, uint64_t block)
{
	return sayf(0, "STRE:STAR %ju,%ju,%ju", (uintmax_t)address,
		    (uintmax_t)length, (uintmax_t)block);
}

static const char *acknowledge(uint64_t count)
{
	return sayf(0, "STRE:ACK %ju", (uintmax_t)count);
}

/* Frames in the place of a block have the numbers that are expected. */
static void check_frames(uint64_t place, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		uint16_t number;

		memcpy(&number, buffer + place * BLOCK + i * 4, 2);
		faults += le16toh(number) != (uint16_t)frame++;
	}
}

/* Read lines as a program does: blocks, and reports of overruns before them */
static void read_lines(const char *text)
{
	static uint64_t part;	/* bytes of a block in two transfers */
	unsigned long long card, length, address, gone, next;

	for (; *text; text = strchr(text, '\n') + 1) {
		if (sscanf(text, "event: OVERRUN %llu %llu", &gone, &next) == 2) {
			lost += gone;
			faults += frame + gone != next;
			frame = next;
		} else if (sscanf(text, "skel: DONE TOHOST %llx %llx %llx",
				  &card, &length, &address) == 3) {
			faults += address != host + blocks % BLOCKS * BLOCK +
					     part;
			part += length;
			if (part < BLOCK)
				continue;
			part = 0;
			check_frames(blocks++ % BLOCKS, FRAMES);
		} else {
			printf("# unexpected: %s", text);
			faults++;
		}
	}
}

static bool nothing_is_missing(void)
{
	return !faults && stream()->frames_sent == blocks * FRAMES &&
	       stream()->lost == lost + stream()->unreported &&
	       stream()->lost + stream()->gap_frames ==
	       rig.lab->sampler->lost &&
	       stream()->frames_sent + stream()->lost +
	       stream_backlog(rig.lab) == sampler_frames(rig.lab);
}

STREAM_TEST(each_frame_arrives_in_virtual_time)
{
	say(0, "SAMP:RATE 1 MHz");
	check(!*stream_to(host, BLOCKS * BLOCK, BLOCK));
	read_lines(say(0, "INIT"));
	check(blocks == BLOCKS);
	/* it stops there, however many other commands run */
	for (int i = 0; i < 300; i++)
		say(0, "STRE?");
	check(blocks == BLOCKS && lost == 0);
	asks(0, "STRE?",
	     "STREAM RUNNING blocks=4 acknowledged=0 frames=4096 lost=0 next=4096");
	/* fast and slow readers */
	while (blocks < 1000)
		read_lines(acknowledge(blocks - blocks % 3));
	check(lost == 0 && nothing_is_missing());
	check(rig.lab->sampler->lost == 0);
}

STREAM_TEST(lost_frames_are_counted)
{
	stream_to(host, BLOCKS * BLOCK, BLOCK);
	read_lines(say(0, "INIT"));
	for (int i = 1; i < 50; i++) {
		/* up to exactly a full ring, or one frame less */
		read_lines(sayf(0, "SYST:TIME:ADV %d ms", i % 7 ? i * i : 1638));
		if (i % 5 == 0)
			say(0, "SYST:TIME:ADV 1.6384");
		check(nothing_is_missing());
		read_lines(acknowledge(blocks - i % 2));
		check(nothing_is_missing());
	}
	check(lost > 10000 && blocks > 50);
	check(!strncmp(say(0, "SYST:ERR?"), "-363", 4));
}

/* Exactly one frame more than the ring can hold */
TEST(the_oldest_frames_are_lost_first)
{
	for (int more = -1; more < 3; more++) {
		uint64_t full;

		start();
		stream_to(host, BLOCKS * BLOCK, BLOCK);
		read_lines(say(0, "INIT"));
		full = stream()->next + 16384 + more;
		lab_run_until(rig.lab, sampler_time(rig.lab->sampler, full - 1),
			      NULL, NULL);
		sampler_catch_up(rig.lab);
		check(sampler_frames(rig.lab) == full);
		check(stream()->lost == (more > 0 ? 8192 : 0));
		read_lines(acknowledge(blocks));
		check(blocks == 2 * BLOCKS && nothing_is_missing());
		rig_stop();
	}
}

/* Time passes, but the card cannot send anything. */
STREAM_TEST(blocks_on_the_way_stay_as_they_are)
{
	say(0, "TRIG:SOUR BUS");
	stream_to(host, BLOCKS * BLOCK, BLOCK);
	say(0, "INIT");
	check(sampler_trigger(rig.lab));
	lab_run_until(rig.lab, lab_now(rig.lab) + 10 * LAB_SECOND, NULL, NULL);
	check(stream_transfers(rig.lab) == STREAM_TRANSFERS);
	frame = rig.lab->sampler->first;
	blocks = 0;
	say(0, "");
	check_frames(0, FRAMES);
	check_frames(1, FRAMES);
	check(faults == 0 && stream()->sent >= 2);
	check(stream()->frames_sent + stream()->lost +
	      stream_backlog(rig.lab) == sampler_frames(rig.lab));
	check(rig.lab->sampler->lost > 50000);
}

/* However transfers end after STREam:STOP, it is not reported. */
STREAM_TEST(stopping_forgets_transfers)
{
	stream_to(host + BLOCKS * BLOCK, BLOCKS * BLOCK, BLOCK);
	send_line(0, "INIT");
	while (!stream_transfers(rig.lab))
		lab_step(rig.lab);
	streams_stop(rig.lab);
	check(stream_transfers(rig.lab) == 0);
	check(!strstr(say(0, ""), "STOPPED"));
	check(rig.lab->card->refused > 0);
	asks(0, "SYST:ERR?", "0,\"No error\"");
}

/* The last block is short, and frames lost at the end are reported. */
STREAM_TEST(the_rest_comes_at_the_end)
{
	const char *lines;

	say(0, "SAMP:COUN 2500");
	stream_to(host, BLOCKS * BLOCK, BLOCK);
	lines = say(0, "INIT");
	check(strstr(lines, "skel: DONE TOHOST 0x2000 0x710 "));
	frame = 2048;
	check_frames(2, 452);
	check(faults == 0 && stream()->frames_sent == 2500);
	asks(0, "STRE?",
	     "STREAM RUNNING blocks=3 acknowledged=0 frames=2500 lost=0 next=0");
	/* the same stream goes on with the next acquisition */
	lines = say(0, "INIT");
	frame = 0;
	check_frames(3, 1024);
	check(faults == 0 && stream()->sent == 4);
	say(0, "*WAI");
	check(stream_backlog(rig.lab) == 2500 - 1024);
	/* and what it has not sent is lost with the third one */
	say(0, "INIT;*WAI");
	check(stream()->lost == 2500 - 1024 && stream()->frames_sent == 3524);
	lines = acknowledge(4);
	check(!strncmp(lines, "event: OVERRUN 1476 0\n", 22));
	frame = 0;
	check_frames(0, 1024);
	check_frames(1, 1024);
	check_frames(2, 452);
	check(faults == 0 && stream()->frames_sent == 6024);
}

/* The trigger is somewhere in the ring: blocks go over its end. */
STREAM_TEST(blocks_go_over_the_end_of_the_ring)
{
	say(0, "INP3:FREQ 0.37;FUNC SIN;:SAMP:PRET 4321;:TRIG:SOUR INP;INP 3");
	stream_to(host, BLOCKS * BLOCK, BLOCK);
	say(0, "INIT");
	check(rig.lab->sampler->first % FRAMES != 0);
	/* the numbers of the counter begin before frame 0 */
	frame = rig.lab->sampler->first;
	for (int i = 0; i < BLOCKS; i++)
		check_frames(i, FRAMES);
	blocks = BLOCKS;
	while (blocks < 40)
		read_lines(acknowledge(blocks));
	check(!faults && !stream()->lost);
	check(fake_card_granted(rig.fake) > 40);
}

STREAM_TEST(a_refused_transfer_ends_it)
{
	stream_to(host + BLOCK, BLOCKS * BLOCK, BLOCK);
	check(!strcmp(strstr(say(0, "INIT"), "event:"),
		      "event: STREAM STOPPED host-address\n"));
	check(fake_card_granted(rig.fake) == 3);
	check(rig.lab->card->refused == 1);
	check(!strncmp(say(0, "SYST:ERR?"), "-300", 4));
	refuses(0, "STRE:ACK 0", SCPI_ERR_SETTINGS_CONFLICT);
	refuses(0, "STRE:STOP", SCPI_ERR_SETTINGS_CONFLICT);
	check(!stream()->owner && stream_transfers(rig.lab) == 0);
	/* sampling goes on */
	asks(0, "STAT:OPER:COND?", "16");
	/* a program's stream: its user is told */
	check(strstr(say(0, "ABOR;:PROG:DEF p,'scpi(\"STRE:STAR 0,65536;:INIT\") wait(1)';:p"),
		     "event: STREAM STOPPED host-address\n"));
	check(!strncmp(say(0, "SYST:ERR?"), "-300", 4));
}

STREAM_TEST(the_stream_belongs_to_one_user)
{
	check(rig_open(1));
	stream_to(host, BLOCKS * BLOCK, BLOCK);
	refuses(1, "STRE:STAR 4096,65536", SCPI_ERR_SETTINGS_CONFLICT);
	refuses(1, "STRE:STOP", SCPI_ERR_SETTINGS_CONFLICT);
	refuses(1, "STRE:ACK 0", SCPI_ERR_SETTINGS_CONFLICT);
	refuses(1, "SAMP:LIST (@1)", SCPI_ERR_SETTINGS_CONFLICT);
	refuses(1, "SAMP:RING 0,0", SCPI_ERR_SETTINGS_CONFLICT);
	say(1, "INIT");
	read_lines(fake_card_replies(rig.fake, 0));
	check(blocks == BLOCKS && nothing_is_missing());
	refuses(0, "STRE:ACK 5", SCPI_ERR_ILLEGAL_VALUE);
	/* in the middle of transfers the user goes away */
	send_line(0, "STRE:ACK 4");
	lab_step(rig.lab);
	fake_card_close(rig.fake, rig.lab, 0);
	check(!stream()->owner && stream_transfers(rig.lab) == 0);
	fake_card_run(rig.fake, rig.lab, 1000);
	asks(1, "STAT:OPER:COND?", "16");
	asks(1, "STRE:STAR 4096,65536;STOP;:STRE?",
	     "STREAM STOPPED blocks=0 acknowledged=0 frames=0 lost=0 next=0");
	/* blocks are half of the memory, unless their size is given */
	asks(1, "*RST;:STRE:STAR 0,18446744073709551615", "");
	check(stream()->block_bytes == RIG_MEMORY / 2);
}

/* Sampling that a killed program has streamed ends, unless it is to go on. */
STREAM_TEST(sampling_ends_with_its_stream)
{
	check(rig_open(1));
	say(0, "INIT");
	stream_to(host, BLOCKS * BLOCK, BLOCK);
	asks(1, "STAT:OPER:COND?", "16");
	fake_card_close(rig.fake, rig.lab, 0);
	asks(1, "STAT:OPER:COND?", "0");
	check(rig_open(0));
	say(0, "SAMP:KEEP ON;:INIT");
	stream_to(host, BLOCKS * BLOCK, BLOCK);
	fake_card_close(rig.fake, rig.lab, 0);
	asks(1, "STAT:OPER:COND?", "16");
}

/* Real time passes in uneven pieces; the reader is sometimes slow. */
static void pass_real_time(const char *rate, uint64_t jump)
{
	uint64_t random = 1;

	rig_start_real();
	sample_a_counter();
	say(0, rate);
	stream_to(host, BLOCKS * BLOCK, BLOCK);
	read_lines(say(0, "INIT"));
	for (int i = 0; i < 3000; i++) {
		random = random * 6364136223846793005 + 1;
		rig.clock += random >> 40;	/* up to 17 ms */
		if (i % 500 == 99)
			rig.clock += jump;
		if (i % 100 < 50 || i % 500 == 99)
			read_lines(acknowledge(blocks));
		else
			read_lines(say(0, ""));
		check(nothing_is_missing());
	}
	check(lost > 5000 && blocks > 100 && faults == 0);
	sampler_catch_up(rig.lab);
	check(sampler_frames(rig.lab) ==
	      (lab_tick(rig.lab) - rig.lab->sampler->start) /
	      rig.lab->sampler->interval + 1);
	rig_stop();
}

TEST(real_time_loses_nothing_silently)
{
	/* what is lost is more, or less, than the ring holds */
	pass_real_time("SAMP:RATE 100 kHz", 3 * LAB_SECOND);
	pass_real_time("SAMP:RATE 10 kHz", LAB_SECOND / 5);
}
