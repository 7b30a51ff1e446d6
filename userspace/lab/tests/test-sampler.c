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
#include "tests/tests.h"

#define check_same(is, wanted)	check(!strcmp(is, wanted))

#define TOLD	"event: SAMPLING ended, which another user has started"

static uint64_t present;	/* of real time */

static uint64_t test_clock(void)
{
	return present;
}

static void start_real(void)
{
	const struct lab_settings settings = { .real = true, .serial = "1" };

	rig_start_with(&rig, &settings);
	present = 1000;
	rig.lab->time.clock = test_clock;
	rig.lab->time.real_start = present;
}

/* Let real time pass, and the instrument follow. */
static const char *pass(lab_time time, const char *line)
{
	present += time;
	return say(0, line);
}

static const struct sampler *s(void)
{
	return rig.lab->sampler;
}

/* Are these frames of the internal count in the ring, as sampled? */
static bool ring_is_right(uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++) {
		int16_t sample[LAB_INPUTS];

		memcpy(sample, rig.lab->card->memory +
		       sampler_address(rig.lab, i), s()->frame_bytes);
		for (unsigned int j = 0; j < s()->inputs; j++) {
			if (sample[j] != input_sample(rig.lab, s()->input[j],
						      s()->start +
						      i * s()->interval))
				return false;
		}
	}
	return true;
}

static void frames_are_sampled_at_their_time(void)
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

static void same_commands_give_same_frames(void)
{
	static uint8_t first[RIG_MEMORY];

	for (int i = 0; i < 2; i++) {
		rig_start(&rig);
		say(0, "INP2:FUNC NOIS;:SAMP:RATE 12345;:INIT");
		say(0, "SYST:TIME:ADV 0.777;:INP1:FREQ 77.7");
		say(0, "*WAI;:READ?");
		if (i)
			check(!memcmp(first, rig.lab->card->memory, RIG_MEMORY));
		else
			memcpy(first, rig.lab->card->memory, RIG_MEMORY);
		rig_stop(&rig);
	}
}

static void ring_wraps(void)
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
static void an_hour_passes_in_seconds(void)
{
	asks(0, "SAMP:COUN INF;:INIT;:SYST:TIME:ADV 3600;:ABOR", "");
	check(sampler_frames(rig.lab) == 36000001 && s()->lost == 0);
	check(ring_is_right(36000001 - 16384, 36000001));
}

/* A change of a generator does not change what was sampled before it. */
static void changes_take_effect_at_their_time(void)
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

static void simple_commands_answer_as_skel_sim(void)
{
	asks(0, "INPUTS?",
	     "INPUTS 2 bits=16 range=10000 in0=sine,50000,8000 in1=square,25000,5000");
	asks(0, "INPUT 1 1000500 1234", "OK INPUT");
	asks(0, "SAMP:LIST (@2,8,3);:INP3:FUNC NOIS;:INP8:OFFS -2", "");
	asks(0, "INPUTS?",
	     "INPUTS 3 bits=16 range=10000 in1=square,1000500,1234 in7=dc,0,2000 in2=noise,0,1000");
	asks(0, "SAMP:LIST (@1,2);:STATUS?",
	     "STATUS IDLE rate=10000 frames=0 position=0 ring=65536 transfers=0 refused=0 lost=0 trigger=NONE base=0 period=100000 run=5");
	asks(0, "SAMPLE 1000", "OK SAMPLE");
	asks(0, "STATUS?",
	     "STATUS SAMPLING rate=1000 frames=2 position=8 ring=65536 transfers=0 refused=0 lost=0 trigger=DONE base=0 period=1000000 run=6");
	asks(0, "SAMPLE 500000", "OK SAMPLE");
	asks(0, "STATUS?",
	     "STATUS SAMPLING rate=500000 frames=501 position=2004 ring=65536 transfers=0 refused=0 lost=0 trigger=DONE base=0 period=2000 run=7");
	asks(0, "STOP;STATUS?",
	     "OK STOP;STATUS IDLE rate=500000 frames=1001 position=4004 ring=65536 transfers=0 refused=0 lost=0 trigger=DONE base=0 period=2000 run=7");
	asks(0, "STOP", "OK STOP");
	asks(0, "INPUT 8 1000 1000", "ERROR range");
	asks(0, "INPUT 0 0 1000", "ERROR range");
	asks(0, "INPUT 0 500000001 1000", "ERROR range");
	asks(0, "INPUT 0 1000 10001", "ERROR range");
	asks(0, "INPUT 0 1000", "ERROR parameter-count");
	asks(0, "SAMPLE 0", "ERROR range");
	asks(0, "SAMPLE 1000001", "ERROR range");
	asks(0, "SAMPLE -1", "ERROR range");
	asks(0, "SAMPLE x", "ERROR number");
	asks(0, "OUTP1:WAV 0,9;STAT ON", "");
	asks(0, "SAMPLE 1", "ERROR conflict");
}

/* The number of the run, as a user sees it */
static int run_number(void)
{
	const char *text = strstr(say(0, "STATUS?"), " run=");

	return text ? atoi(text + 5) : -1;
}

/* A user that records can see what others do to the recording. */
static void runs_are_numbered(void)
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
static void the_ring_is_guarded(void)
{
	uint64_t host;
	char line[80];

	host = fake_card_buffer(rig.fake, 0, 16384, 0x55, NULL);
	check(!changes_run("PROG:DEF w,'local a = ... write(a, \"xx\")'"));
	check(!changes_run("W 8192"));
	say(0, "SAMP:RING 8192,4096;:SAMPLE 1000");
	check(!changes_run("W 8190") && !changes_run("W 12288"));
	check(changes_run("W 8192") && changes_run("W 12286"));
	say(0, "PROG:DEF f,'local a, n = ... write(a, (\"x\"):rep(n))'");
	check(!changes_run("F 0,8192") && changes_run("F 0,8193"));
	say(0, "PROG:DEF c,'local a, b = ... write(b, read(a, 16))'");
	check(!changes_run("C 8192,0") && changes_run("C 0,8192"));
	snprintf(line, sizeof(line), "PROG:DEF t,'local a = ... fromhost(a, 8, %llu)'",
		 (unsigned long long)host);
	say(0, line);
	check(!changes_run("T 8184") && changes_run("T 8185"));
	for (int speed = 0; speed < 2; speed++) {
		snprintf(line, sizeof(line), "FROMHOST 12280 8 %llu",
			 (unsigned long long)host);
		check(changes_run(line));
		snprintf(line, sizeof(line), "FROMHOST 12288 8 %llu",
			 (unsigned long long)host);
		check(!changes_run(line));
		snprintf(line, sizeof(line), "TOHOST 8192 8 %llu",
			 (unsigned long long)host);
		check(!changes_run(line));
		say(0, "SPEED 1000");
	}
}

/* What is needed to find the frames and their time */
static void status_tells_ring_and_period(void)
{
	say(0, "SAMP:RING 4096,8192;:SAMPLE 700000");
	check(strstr(say(0, "STATUS?"),
		     " rate=699301 frames=700 position=6896 ring=8192 "));
	/* of the recording, whatever is set for the next one */
	say(0, "STOP;SAMP:RING 0,0;RATE 5");
	check(strstr(say(0, "STATUS?"),
		     " trigger=DONE base=4096 period=1430 run="));
}

static void reading_waits_for_the_end(void)
{
	refuses(0, "FETC?", SCPI_ERR_STALE_DATA);
	refuses(0, "DATA? 0,1", SCPI_ERR_STALE_DATA);
	check(rig_open(&rig, 1) && rig_open(&rig, 2));
	say(0, "INP2:FUNC DC;OFFS 1;:SAMP:COUN 200;*CLS");
	send_line(0, "READ?;:SYST:TIME?");
	send_line(1, "READ?");
	send_line(2, "FETC?");
	fake_card_run(rig.fake, rig.lab, 1000);
	check_same(fake_card_replies(rig.fake, 0),
		   "200,0,0.007000000,0.007000000,-8.000122,8.000122,0.000000,1.000092,1.000092,1.000092;0.026900000\n");
	asks(1, "SYST:ERR?", "-213,\"Init ignored;READ?\"");
	check(!strncmp(fake_card_replies(rig.fake, 2), "21,0,0.007", 10));
	asks(0, "DATA? 0,0", "#10");
	refuses(0, "DATA? 0,251", SCPI_ERR_STALE_DATA);
	refuses(0, "DATA? 201,0", SCPI_ERR_STALE_DATA);
	refuses(0, "DATA? 18446744073709551615,2", SCPI_ERR_STALE_DATA);
	check(!memcmp(say(0, "DATA? 150,50"), "#3200", 5));
	asks(0, "SAMP:COUN 400;:INIT;*OPC?", "1");
	refuses(0, "DATA? 0,251", SCPI_ERR_TOO_MUCH_DATA);
	asks(0, "SAMP:COUN INF", "");
	refuses(0, "READ?", SCPI_ERR_SETTINGS_CONFLICT);
	/* *RST of another user ends it, and READ? has nothing to report */
	say(0, "SAMP:COUN 1000;:TRIG:SOUR BUS");
	send_line(0, "READ?");
	fake_card_run(rig.fake, rig.lab, 1000);
	asks(1, "*RST", TOLD);
	check_same(fake_card_replies(rig.fake, 0),
		   "event: SAMPLING ended by another user\n");
	asks(0, "SYST:ERR?;ERR?", "-230,\"Data corrupt or stale;"
		      "sampling was ended by another user\";"
		      "-230,\"Data corrupt or stale;READ?\"");
}

/* The user goes away while it samples, or while the user waits. */
static void users_come_and_go(void)
{
	check(rig_open(&rig, 1) && rig_open(&rig, 2));
	say(0, "TRIG:SOUR BUS;:SAMP:COUN 10");
	say(1, "INIT;*OPC");
	fake_card_close(rig.fake, rig.lab, 1);
	check(s()->state == SAMPLER_IDLE && !s()->owner);
	check(rig_open(&rig, 1));
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
static void users_are_told_of_each_other(void)
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

	check(rig_open(&rig, 1));
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

static void bad_settings_are_refused(void)
{
	static const char *const busy[] = {
		"SAMP:LIST (@1)", "SAMP:RATE 1", "SAMP:SOUR INT", "SAMP:COUN 1",
		"SAMP:PRET 1", "SAMP:RING 0,0",
	};

	refuses(0, "SAMP:LIST (@0)", SCPI_ERR_RANGE);
	refuses(0, "SAMP:LIST (@9)", SCPI_ERR_RANGE);
	refuses(0, "SAMP:LIST (@1:8,1)", SCPI_ERR_TOO_MUCH_DATA);
	refuses(0, "SAMP:RATE 0", SCPI_ERR_RANGE);
	refuses(0, "SAMP:RATE 1.1 MHz", SCPI_ERR_RANGE);
	refuses(0, "SAMP:COUN 0", SCPI_ERR_RANGE);
	refuses(0, "SAMP:COUN 1e15", SCPI_ERR_RANGE);
	refuses(0, "SAMP:SOUR CLOC,5", SCPI_ERR_RANGE);
	refuses(0, "SAMP:SOUR CLOC,1,0", SCPI_ERR_RANGE);
	refuses(0, "SAMP:RING 1,100", SCPI_ERR_RANGE);
	refuses(0, "SAMP:RING 0,65538", SCPI_ERR_RANGE);
	refuses(0, "SAMP:RING 65536,0", SCPI_ERR_RANGE);
	refuses(0, "SAMP:RING 65000,18446744073709551000", SCPI_ERR_RANGE);
	refuses(0, "SAMP:RING 0,14", SCPI_ERR_RANGE);
	refuses(0, "MEAS:VOLT? (@9)", SCPI_ERR_RANGE);
	asks(0, "CLOC1:DIV 99;:SAMP:SOUR CLOC,1;SOUR?", "CLOC,1,1");
	refuses(0, "INIT", SCPI_ERR_SETTINGS_CONFLICT);
	asks(0, "SAMP:SOUR CLOC,1,2;RATE?;:INIT", "5.0505050505050505E+05");
	check(s()->interval == 198);
	/* 4294967295 * 10 ns * 1000000 is more than a day for each frame */
	asks(0, "ABOR;:CLOC1:DIV MAX;:SAMP:SOUR CLOC,1,1000000", "");
	refuses(0, "INIT", SCPI_ERR_SETTINGS_CONFLICT);
	asks(0, "SAMP:RATE 1;SOUR?;:TRIG:SOUR BUS;:INIT", "INT");
	for (unsigned int i = 0; i < ARRAY_SIZE(busy); i++)
		refuses(0, busy[i], SCPI_ERR_SETTINGS_CONFLICT);
	asks(0, "*RST;SAMP:LIST?;RATE?;COUN?;PRET?;RING?",
	     "(@1,2);1.0E+04;1000;0;0,65536");
	check(s()->state == SAMPLER_IDLE);
}

/* Real time: what cannot be kept up with is lost, and reported. */
static void overruns_are_told(void)
{
	uint64_t frames;

	start_real();
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
	rig_stop(&rig);
}

/* Frames before the trigger are never missing in between. */
static void overruns_restart_the_wait(void)
{
	start_real();
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
	rig_stop(&rig);
}

void test_sampler(void)
{
	run_rig(frames_are_sampled_at_their_time);
	run(same_commands_give_same_frames);
	run_rig(ring_wraps);
	run_rig(an_hour_passes_in_seconds);
	run_rig(changes_take_effect_at_their_time);
	run_rig(simple_commands_answer_as_skel_sim);
	run_rig(runs_are_numbered);
	run_rig(the_ring_is_guarded);
	run_rig(status_tells_ring_and_period);
	run_rig(reading_waits_for_the_end);
	run_rig(users_come_and_go);
	run_rig(users_are_told_of_each_other);
	run_rig(bad_settings_are_refused);
	run(overruns_are_told);
	run(overruns_restart_the_wait);
}
