// SPDX-License-Identifier: GPL-2.0
/*
 * test-trigger.c - triggers at exact frames, and the frames before them
 */
#include <stdio.h>
#include <string.h>

#include "parts/input.h"
#include "parts/sampler.h"
#include "tests/rig.h"
#include "unit.h"

static const struct sampler *s(void)
{
	return rig.lab->sampler;
}

/* The sample of an input at a frame of the internal count */
static int at(unsigned int input, uint64_t frame)
{
	return input_sample(rig.lab, input, s()->start + frame * s()->interval);
}

/* Is frame n of users what the inputs had at that time? */
static bool frames_are_right(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		if (!sampler_has(rig.lab, s()->first + i, 1))
			return false;
	return ring_is_right(s()->first, s()->first + count);
}

/* The frame that a level trigger has to find, according to the manual */
static uint64_t search(unsigned int input, int level, int width, int slope,
		       uint64_t earliest)
{
	bool low = false, high = false;

	for (uint64_t i = 0; ; i++) {
		int now = at(input, i);
		bool rises = low && now >= level, falls = high && now <= level;

		if (i >= earliest && ((rises && (slope & LINE_RISING)) ||
				      (falls && (slope & LINE_FALLING))))
			return i;
		low = now < level && (low || !width || now < level - width);
		high = now > level && (high || !width || now > level + width);
	}
}

TEST(levels_trigger_at_the_exact_frame)
{
	static const struct {
		const char *settings;
		int level, width, slope;
		unsigned int input;
		uint64_t pre;
	} cases[] = {
		{ "LEV 1;SLOP POS", 3277, 0, LINE_RISING, 0, 0 },
		{ "LEV 1;SLOP NEG", 3277, 0, LINE_FALLING, 0, 0 },
		{ "LEV -7.9;SLOP EITH", -25886, 0, LINE_BOTH, 0, 0 },
		{ "LEV 1;SLOP POS;:SAMP:PRET 150", 3277, 0, LINE_RISING, 0, 150 },
		{ "LEV 1;SLOP NEG;:SAMP:PRET 999", 3277, 0, LINE_FALLING, 0, 999 },
		{ "LEV 1;HYST 8.5", 3277, 27852, LINE_RISING, 0, 0 },
		{ "LEV 0;INP 2", 0, 0, LINE_RISING, 1, 0 },
		{ "LEV 0;INP 3;:INP3:FUNC NOIS;AMPL 1;:TRIG:HYST 0.9", 0, 2949,
		  LINE_RISING, 2, 10 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t found;

		rig_start();
		asks(0, "TRIG:SOUR INP;:SAMP:PRET 10", "");
		check(!*sayf(0, "TRIG:%s;:SAMP:PRET %d", cases[i].settings,
			     (int)cases[i].pre));
		say(0, "READ?");
		found = search(cases[i].input, cases[i].level, cases[i].width,
			       cases[i].slope, cases[i].pre);
		check(s()->state == SAMPLER_IDLE && s()->lost == 0);
		check(s()->first == found - cases[i].pre);
		check(s()->trigger.tick == s()->start + found * s()->interval);
		check(sampler_frames(rig.lab) == 1000);
		check(frames_are_right(1000));
		rig_stop();
	}
}

/* The same noise crosses often, but never by the hysteresis. */
RIG_TEST(hysteresis_keeps_noise_off)
{
	asks(0, "INP1:FUNC NOIS;AMPL 0.5;:TRIG:SOUR INP;HYST 0.6;:SAMP:COUN 10;:INIT", "");
	asks(0, "SYST:TIME:ADV 10;:STAT:OPER:COND?", "32");
	asks(0, "ABOR;:TRIG:HYST 0;:INIT;*WAI;:STAT:OPER:COND?", "0");
	check(sampler_frames(rig.lab) == 10 && s()->first < 50);
}

RIG_TEST(commands_trigger_the_next_frame)
{
	uint64_t tick;

	asks(0, "TRIG:SOUR BUS;:SAMP:PRET 500;RATE 1234;:INIT", "");
	refuses(0, "INIT", SCPI_ERR_INIT_IGNORED);
	refuses(0, "TRIG:SOUR IMM", SCPI_ERR_SETTINGS_CONFLICT);
	say(0, "SYST:TIME:ADV 123.4567 s");
	check(s()->state == SAMPLER_WAITING);
	check(sampler_frames(rig.lab) == 0);
	tick = lab_tick(rig.lab);
	asks(0, "*TRG;*WAI", "");
	check(s()->trigger.tick >= tick && s()->trigger.tick < tick + 300000);
	tick = s()->start + (s()->first + 500) * s()->interval;
	check(tick > s()->trigger.tick &&
	      tick <= s()->trigger.tick + s()->interval);
	check(frames_are_right(1000));
	refuses(0, "*TRG", SCPI_ERR_TRIGGER_IGNORED);
	refuses(0, "TRIG", SCPI_ERR_TRIGGER_IGNORED);
	/* any source can be triggered by TRIGger, not by *TRG */
	asks(0, "TRIG:SOUR INP;LEV 9;:INIT", "");
	refuses(0, "*TRG", SCPI_ERR_TRIGGER_IGNORED);
	asks(0, "TRIG;*WAI;:STAT:OPER:COND?", "0");
	/* before the frames before it are there: it waits for these */
	check(s()->first == 0 && frames_are_right(1000));
}

RIG_TEST(digital_edges_trigger)
{
	/* CLOCk1 rises at each 1.00003 ms, frames are at each 0.1 ms */
	asks(0, "CLOC1:DIV 100003;:DIG:LINE3:SOUR CLOC,1;:TRIG:SOUR LINE;LINE 3", "");
	say(0, "SAMP:PRET 50;:READ?");
	check(s()->trigger.tick % 100003 == 0);
	check(s()->trigger.tick >= s()->start + 50 * s()->interval);
	check(s()->trigger.tick < s()->start + 50 * s()->interval + 100003);
	check(s()->start + (s()->first + 50) * s()->interval -
	      s()->trigger.tick < s()->interval);
	check(frames_are_right(1000));
	/* falling edges are half a period later */
	say(0, "TRIG:SLOP NEG;:READ?");
	check(s()->trigger.tick % 100003 == 50002);
	check(s()->start + (s()->first + 50) * s()->interval -
	      s()->trigger.tick < s()->interval);
	/* an edge that a command makes */
	asks(0, "TRIG:LINE 16;SLOP POS;:SAMP:PRET 0;:DIG:OUTP 128;:INIT", "");
	asks(0, "SYST:TIME:ADV 1;:DIG:LINE16:LEV 0", "");
	check(s()->state == SAMPLER_WAITING);
	say(0, "DIG:LINE16:LEV 1;*WAI");
	check(s()->trigger.tick == rig.lab->digital->line[15].last);
	check(s()->start + s()->first * s()->interval - s()->trigger.tick <=
	      s()->interval);
	check(frames_are_right(1000));
}

/* An edge that comes too early for the frames before it is not the trigger. */
RIG_TEST(early_triggers_are_not_taken)
{
	asks(0, "TRIG:SOUR LINE;LINE 9;:SAMP:PRET 100;:INIT;:DIG:OUTP 1", "");
	say(0, "SYST:TIME:ADV 1");
	check(s()->state == SAMPLER_WAITING);
	say(0, "DIG:OUTP 0;OUTP 1;*WAI");
	check(s()->state == SAMPLER_IDLE && frames_are_right(1000));
}

/* Frame 0 is that long after the trigger, in whole frames */
RIG_TEST(triggers_are_delayed)
{
	asks(0, "SAMP:RATE 1000;COUN 100;PRET 10;:TRIG:SOUR BUS;DEL 0.0205;:INIT", "");
	say(0, "SYST:TIME:ADV 1;*TRG;*WAI");
	check(s()->state == SAMPLER_IDLE && frames_are_right(100));
	check(sampler_time(s(), s()->first + 10) - s()->trigger.tick * LAB_TICK >=
	      20500000);
	check(sampler_time(s(), s()->first + 10) - s()->trigger.tick * LAB_TICK <
	      22000001);
	asks(0, "TRIG:DEL?;DEL? MAX;*RST;DEL?", "2.05E-02;3.6E+03;0.0E+00");
}

/* Several acquisitions follow each other in the ring, as if they were one. */
RIG_TEST(triggers_are_counted)
{
	int16_t *ring;

	/* 10 V rise within a second: a frame each 10 ms */
	asks(0, "INP1:FUNC RAMP;FREQ 0.1;AMPL 10;:SAMP:LIST (@1);RATE 100;COUN 20;PRET 5", "");
	asks(0, "TRIG:SOUR BUS;COUN 3;COUN?;:INIT", "3");
	for (int i = 0; i < 3; i++) {
		check(s()->state == SAMPLER_WAITING && s()->taken == (unsigned int)i);
		say(0, "SYST:TIME:ADV 1.234;*TRG;:SYST:TIME:ADV 0.3");
	}
	check(s()->state == SAMPLER_IDLE);
	asks(0, "*OPC?", "1");
	check(strncmp(say(0, "FETC?"), "60,0,", 5) == 0);
	check(!memcmp(say(0, "DATA? 0,60"), "#3120", 5));
	ring = (int16_t *)rig.lab->card->memory;
	for (int i = 1; i < 60; i++) {
		int step = ring[i] - ring[i - 1];

		check(i % 20 ? step >= 65 && step <= 66 : step > 1000);
	}
	/* what was complete when it was ended */
	say(0, "INIT;:SYST:TIME:ADV 1;*TRG;:SYST:TIME:ADV 1;:ABOR");
	check(strncmp(say(0, "FETC?"), "20,0,", 5) == 0);
	asks(0, "TRIG:COUN 2;:SAMP:COUN 16385", "");
	refuses(0, "INIT", SCPI_ERR_SETTINGS_CONFLICT);
	asks(0, "SAMP:COUN INF", "");
	refuses(0, "INIT", SCPI_ERR_SETTINGS_CONFLICT);
}
