// SPDX-License-Identifier: GPL-2.0
/*
 * test-sampler.c - frames in the ring, commands that sample, overruns
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts/input.h"
#include "parts/reader.h"
#include "parts/sampler.h"
#include "tests/rig.h"
#include "unit.h"

#define check_same(is, wanted)	check(!strcmp(is, wanted))

/* Let real time pass, and the instrument follow. */
static const char *pass(lab_time time, const char *line)
{
	rig.clock += time;
	return say(0, line);
}

static const struct sampler *s(void)
{
	return rig.lab->sampler;
}

RIG_TEST(frames_are_sampled_at_their_time)
{
	asks(0, "SAMP:LIST (@2,1,8,1);RATE 30 kHz;COUN 500;:INIT;*OPC?", "1");
	check(s()->interval == 3333 && s()->start == 0);
	check(s()->frame_bytes == 8 && sampler_frames(rig.lab) == 500);
	/* it ends with the last frame, not with the next command */
	check(lab_now(rig.lab) == 499 * 33330);
	check(ring_is_right(0, 500));
	check(!sampler_has(rig.lab, 500, 1) && sampler_has(rig.lab, 0, 500));
	asks(0, "SAMP:RATE?;LIST?;COUN?",
	     "3.0003000300030002E+04;(@2,1,8,1);500");
}

TEST(same_commands_give_same_frames)
{
	static uint8_t first[RIG_MEMORY];

	for (int i = 0; i < 2; i++) {
		rig_start();
		say(0, "INP2:FUNC NOIS;:SAMP:RATE 12345;:INIT");
		say(0, "SYST:TIME:ADV 0.777;:INP1:FREQ 77.7");
		say(0, "*WAI;:READ?");
		if (i)
			check(!memcmp(first, rig.lab->card->memory, RIG_MEMORY));
		else
			memcpy(first, rig.lab->card->memory, RIG_MEMORY);
		rig_stop();
	}
}

RIG_TEST(ring_wraps)
{
	memset(rig.lab->card->memory, 0x55, RIG_MEMORY);
	/* 100 bytes are 16 frames of 6 bytes and a rest that is not used */
	asks(0, "SAMP:LIST (@1:3);RING 1000,100;COUN 1000;:INIT;*WAI", "");
	check(s()->ring_frames == 16 && sampler_frames(rig.lab) == 1000);
	check(ring_is_right(984, 1000));
	check(sampler_address(rig.lab, 1000) == 1000 + 1000 % 16 * 6);
	check(!sampler_has(rig.lab, 983, 1) && sampler_has(rig.lab, 984, 16));
	for (int i = 0; i < RIG_MEMORY; i++)
		check((i >= 1000 && i < 1096) ||
		      rig.lab->card->memory[i] == 0x55);
}

/* 36 million frames of two inputs, most of them never looked at */
RIG_TEST(an_hour_passes_in_seconds)
{
	asks(0, "SAMP:COUN INF;:INIT;:SYST:TIME:ADV 3600;:ABOR", "");
	check(sampler_frames(rig.lab) == 36000001 && s()->lost == 0);
	check(ring_is_right(36000001 - 16384, 36000001));
}

/* A change of a generator does not change what was sampled before it. */
RIG_TEST(changes_take_effect_at_their_time)
{
	say(0, "INP1:FUNC DC;OFFS 1;:SAMP:COUN INF;:INIT");
	say(0, "INP1:OFFS 2");
	say(0, "INP1:OFFS 3");
	say(0, "ABOR");
	/* frames at 0 to 3 ms, changes at 1 and 2 ms, just after a frame */
	for (int i = 0; i <= 30; i++) {
		int volts = i <= 10 ? 1 : i <= 20 ? 2 : 3;

		check(((int16_t *)rig.lab->card->memory)[2 * i] ==
		      signal_quantise(volts));
	}
	check(sampler_frames(rig.lab) == 31);
}

/* The number of the run, as a user sees it */
static int run_number(void)
{
	const char *text = strstr(say(0, "STATUS?"), " run=");

	return text ? atoi(text + 5) : -1;
}

/* A user that records can see what others do to the recording. */
RIG_TEST(runs_are_numbered)
{
	static const char *const changes[] = {
		"SAMPLE 1000", "INPUT 1 1000 1000", "INP2:FUNC SQU",
		"INP1:AMPL 1", "INP1:OFFS 1", "INP1:FREQ 1", "INP1:PHAS 1",
		"INP1:DCYC 1", "INP1:LOOP 1", "STOP;SAMP:LIST (@1)", "INP2:FUNC DC",
		"INIT",
	};
	static const char *const others[] = {
		"STOP", "STATUS?", "SAMP:RATE 5", "SAMP:COUN 5", "TRIG:LEV 1",
		"SAMP:RING 8192,8192", "INP2:FREQ 1", "INP1:FREQ?", "*TRG",
	};
	int before;

	for (unsigned int i = 0; i < ARRAY_SIZE(changes); i++) {
		before = run_number();
		say(0, changes[i]);
		check(run_number() == before + 1);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
		before = run_number();
		say(0, others[i]);
		check(run_number() == before);
	}
	say(0, "*RST");
	check(run_number() > before);
}

/* Does the line, or what it begins, count as a change of the run? */
static bool changes_run(const char *line)
{
	int before = run_number();

	say(0, line);
	say(0, "*WAI");
	return run_number() != before;
}

/* Others write to the ring, 4096 bytes from 8192 on, or beside it. */
RIG_TEST(the_ring_is_guarded)
{
	check(fake_card_buffer(rig.fake, 0, 16384, 0x55, NULL) == 1ULL << 32);
	check(!changes_run("PROG:DEF w,'local a = ... write(a, \"xx\")'"));
	check(!changes_run("W 8192"));
	say(0, "SAMP:RING 8192,4096;:SAMPLE 1000");
	check(!changes_run("W 8190") && !changes_run("W 12288"));
	check(changes_run("W 8192") && changes_run("W 12286"));
	say(0, "PROG:DEF f,'local a, n = ... write(a, (\"x\"):rep(n))'");
	check(!changes_run("F 0,8192") && changes_run("F 0,8193"));
	say(0, "PROG:DEF c,'local a, b = ... write(b, read(a, 16))'");
	check(!changes_run("C 8192,0") && changes_run("C 0,8192"));
	say(0, "PROG:DEF t,'local a = ... fromhost(a, 8, 1 << 32)'");
	check(!changes_run("T 8184") && changes_run("T 8185"));
	for (int speed = 0; speed < 2; speed++) {
		check(changes_run("FROMHOST 12280 8 0x100000000"));
		check(!changes_run("FROMHOST 12288 8 0x100000000"));
		check(!changes_run("TOHOST 8192 8 0x100000000"));
		say(0, "SPEED 1000");
	}
}

/* The user goes away while it samples, or while the user waits. */
RIG_TEST(users_come_and_go)
{
	check(rig_open(1) && rig_open(2));
	say(0, "TRIG:SOUR BUS;:SAMP:COUN 10");
	say(1, "INIT;*OPC");
	fake_card_close(rig.fake, rig.lab, 1);
	check(s()->state == SAMPLER_IDLE && !s()->owner);
	check(rig_open(1));
	say(1, "SAMP:KEEP ON;:INIT;*OPC");
	fake_card_close(rig.fake, rig.lab, 1);
	check(s()->state == SAMPLER_WAITING && !s()->owner);
	say(0, "*TRG;:SYST:TIME:ADV 1");
	check(s()->state == SAMPLER_IDLE && sampler_frames(rig.lab) == 10);
	send_line(2, "READ?");
	fake_card_run(rig.fake, rig.lab, 1000);
	check(rig.lab->readers->waiting[0]);
	fake_card_close(rig.fake, rig.lab, 2);
	check(!rig.lab->readers->waiting[0]);
	say(0, "*TRG;:SYST:TIME:ADV 1");
	check(s()->state == SAMPLER_IDLE);
}

/* Who changes or ends what another user samples is told so, and so is that one. */
RIG_TEST(users_are_told_of_each_other)
{
	static const struct {
		const char *command, *what;
	} changes[] = {
		{ "INP1:AMPL 2", "changed" }, { "INP2:FUNC DC", "changed" },
		{ "INPUT 0 1000 5000", "changed" }, { "ABOR", "ended" },
		{ "STOP", "ended" }, { "*RST", "ended" },
		{ "*RCL 1", "ended" }, { "SAMPLE 1000", "ended" },
	};
	char line[100];

	check(rig_open(1));
	say(0, "*SAV 1");
	for (unsigned int i = 0; i < ARRAY_SIZE(changes); i++) {
		const char *what = changes[i].what;

		say(0, "ABOR;*CLS;:SAMP:LIST (@1,2);COUN INF;:INIT");
		/* what is not sampled, and what one does oneself */
		asks(1, "INP3:AMPL 3", "");
		asks(0, "INP1:AMPL 1", "");
		sprintf(line, "event: SAMPLING %s, which another user has started\n",
			what);
		check(!strncmp(say(1, changes[i].command), line, strlen(line)));
		sprintf(line, "event: SAMPLING %s by another user\n", what);
		check_same(fake_card_replies(rig.fake, 0), line);
		sprintf(line, "-230,\"Data corrupt or stale;sampling was %s by another user\"",
			what);
		asks(0, "SYST:ERR?", line);
		say(1, "ABOR");
	}
	/* what a program has started is its user's; the program has no error */
	say(0, "SAMP:COUN INF;:PROG:DEF p,'scpi(\"INIT\") wait(1) print(scpi(\"SAMP:COUN?\"))';:p");
	say(1, "SYST:TIME:ADV 0.5;:ABOR");
	check_same(fake_card_replies(rig.fake, 0),
		   "event: SAMPLING ended by another user\n");
	asks(0, "SYST:ERR?", line);
	check_same(say(0, "SYST:TIME:ADV 1"), "9.9E+37\n");
	refuses(1, "INIT;:INIT", SCPI_ERR_INIT_IGNORED);
	refuses(0, "SAMP:RATE 1", SCPI_ERR_SETTINGS_CONFLICT);
}

/* Real time: what cannot be kept up with is lost, and reported. */
REAL_TEST(overruns_are_told)
{
	uint64_t frames;

	check(!strcmp(pass(0, "SAMP:COUN INF;:INIT"), ""));
	/* 90 ms late: nothing is lost */
	for (int i = 0; i < 20; i++)
		check(!strcmp(pass(90000000, ""), ""));
	asks(0, "STATUS?",
	     "STATUS SAMPLING rate=10000 frames=18001 position=6468 ring=65536 transfers=0 refused=0 lost=0 trigger=DONE base=0 period=100000 run=1");
	frames = s()->next;
	/* 10 s late */
	check(!strcmp(pass(10 * LAB_SECOND, ""), "event: OVERRUN 100000 118001\n"));
	check(s()->next == frames + 100000 && s()->lost == 100000);
	check(ring_is_right(s()->valid, s()->next));
	asks(0, "SYST:ERR:COUN?", "1");
	check(!strncmp(say(0, "SYST:ERR?"), "-363", 4));
	check(!strcmp(pass(50000000, ""), ""));
	check(s()->next == frames + 100500);
	/* a program's user, not the program */
	say(0, "ABOR;:PROG:DEF p,'scpi(\"INIT\") wait(99)';:p");
	pass(50000000, "");
	check(!strncmp(pass(10 * LAB_SECOND, ""), "event: OVERRUN ", 15));
	check(!strncmp(say(0, "SYST:ERR?"), "-363", 4));
}

/* Frames before the trigger are never missing in between. */
REAL_TEST(overruns_restart_the_wait)
{
	pass(0, "TRIG:SOUR LINE;LINE 9;:SAMP:PRET 1000;COUN 2000;:INIT");
	check(!strcmp(pass(10 * LAB_SECOND, ""), ""));
	check(s()->lost == 0 && s()->valid > 90000);
	/* 50 ms after it there are not yet 1000 frames */
	check(!strcmp(pass(50000000, "DIG:OUTP 1;OUTP 0"), ""));
	pass(50000000, "");
	check(s()->state == SAMPLER_WAITING);
	pass(50000000, "DIG:OUTP 1");
	pass(1, "");
	pass(20000000, "");
	check(s()->state == SAMPLER_SAMPLING && s()->first >= s()->valid);
	check(s()->start + (s()->first + 1000) * s()->interval >=
	      s()->trigger.tick);
	check(ring_is_right(s()->first, s()->next));
}
