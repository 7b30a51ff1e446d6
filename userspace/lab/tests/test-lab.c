// SPDX-License-Identifier: GPL-2.0
/*
 * test-lab.c - the instrument as a whole, as its users see it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "commands/instrument.h"
#include "log.h"
#include "start.h"
#include "tests/rig.h"
#include "tests/scpi-user.h"
#include "unit.h"

#define FRAME	4	/* bytes, of the two inputs that are sampled at first */

static int16_t sample_at(const uint8_t *bytes)
{
	return bytes[0] | bytes[1] << 8;
}

/* --- all commands ---------------------------------------------------- */

RIG_TEST(tables_are_right)
{
	const char *fault;

	fault = scpi_table_fault(instrument.tables, instrument.table_count);
	if (fault)
		printf("# %s\n", fault);
	check(!fault);
}

/* The examples of the manual work after *RST. */
static bool example_works(const struct scpi_command *command)
{
	char line[SCPI_LINE_MAX], answer[64];

	say(0, "*CLS;*RST;PROG:DEL:ALL;:SPEED 0");
	say(0, command->example);
	snprintf(line, sizeof(line), "%s", say(0, "SYST:ERR?"));
	snprintf(answer, sizeof(answer), "%.20s", line);
	if (strncmp(answer, "0,", 2) == 0)
		return true;
	printf("# %s: '%s': %s", command->header, command->example, line);
	return false;
}

TEST(examples_work)
{
	const struct lab_settings settings = {
		.command_time = LAB_SECOND / 1000, .serial = "1",
		.directory = "/proc/self/fdinfo",
	};
	size_t i, j;

	rig_start_with(&settings);
	fake_card_buffer(rig.fake, 0, 1 << 20, 0, NULL);
	for (i = 0; i < instrument.table_count; i++) {
		for (j = 0; j < instrument.tables[i]->count; j++)
			check(example_works(&instrument.tables[i]->commands[j]));
	}
	rig_stop();
}

/*
 * Each command with too few, too many and wrong parameters: the error is
 * reported, and the session goes on.
 */
static void spoil(const char *header, const char *params)
{
	char line[SCPI_LINE_MAX];

	snprintf(line, sizeof(line), "%s%s", header, params);
	say(0, line);
	say(0, "ABOR;:*CLS");
	if (!rig_ask(0, "*OPC?", "1"))
		check(!"the session is stuck");
}

/* "[SENSe]:INPut<n>:X" as a user writes it: "SENSe:INPut1:X" */
static void plain_header(const char *header, char *plain)
{
	for (; *header; header++) {
		if (strncmp(header, "<n>", 3) == 0) {
			*plain++ = '1';
			header += 2;
		} else if (*header != '[' && *header != ']') {
			*plain++ = *header;
		}
	}
	*plain = '\0';
}

RIG_TEST(wrong_parameters_are_errors)
{
	static const char * const params[] = {
		" ", " -1", " 1e400", " 1,2,3,4,5,6,7", " x", " 'x'", " #H",
		" (@99)", " (@", " 1 parsec", " #15", "?", "? -1", "? x,y,z",
		" 18446744073709551615,18446744073709551615,18446744073709551615",
	};
	char header[128];
	size_t i, j, k;

	for (i = 0; i < instrument.table_count; i++) {
		for (j = 0; j < instrument.tables[i]->count; j++) {
			plain_header(instrument.tables[i]->commands[j].header,
				     header);
			for (k = 0; k < SCPI_ARRAY_SIZE(params); k++)
				spoil(header, params[k]);
		}
	}
}

/* --- sampling and transfers ------------------------------------------ */

RIG_TEST(tohost_brings_samples)
{
	uint8_t *bytes;
	uint64_t host;
	char line[80];

	host = fake_card_buffer(rig.fake, 0, 100 * FRAME, 0, &bytes);
	/* at 10 kHz a cycle has ten samples: 5 V at a quarter of it */
	say(0, "INP1:FUNC TRI;FREQ 1 kHz;AMPL 5 V;OFFS 0");
	say(0, "INP2:FUNC DC;OFFS -10 V");
	say(0, "SAMP:RATE 8000;COUN 100");
	asks(0, "INIT;*OPC?", "1");
	sprintf(line, "TOHOST 0 %d %#llx", 100 * FRAME,
		(unsigned long long)host);
	check(strstr(say(0, line), "skel: DONE TOHOST"));
	check(memcmp(bytes, rig.lab->card->memory, 100 * FRAME) == 0);
	check(abs(sample_at(bytes + 2 * FRAME)) <= 32767);
	check(sample_at(bytes + 2) == -32767);
	check(sample_at(bytes + 99 * FRAME + 2) == -32767);
	/* 8 samples in a cycle, and their two halves are opposite */
	check(sample_at(bytes) == sample_at(bytes + 8 * FRAME));
	check(sample_at(bytes) == -sample_at(bytes + 4 * FRAME));
	check(abs(sample_at(bytes) - sample_at(bytes + FRAME)) > 1000);
	asks(0, "SYST:ERR?", "0,\"No error\"");
}

static unsigned long frames_of(const char *status)
{
	const char *frames = strstr(status, " frames=");

	return frames ? strtoul(frames + 8, NULL, 10) : 0;
}

/* The simple dialect, as skelctl record speaks it */
RIG_TEST(status_while_sampling)
{
	unsigned long before, after;
	const char *status;

	check(rig_open(1));
	status = say(1, "STATUS?");
	check(strncmp(status, "STATUS IDLE rate=", 17) == 0);
	check(strstr(status, " ring=65536 transfers=0 refused=0"));
	asks(0, "INPUT 0 1000000 5000", "OK INPUT");
	check(strstr(say(0, "INPUTS?"),
		     "INPUTS 2 bits=16 range=10000 in0=sine,1000000,5000 in1="));
	asks(0, "SAMPLE 100000", "OK SAMPLE");
	status = say(1, "STATUS?");
	check(strncmp(status, "STATUS SAMPLING rate=100000 ", 28) == 0);
	before = frames_of(status);
	after = frames_of(say(1, "STATUS?"));
	check(after == before + 100);	/* 1 ms passes with each line */
	asks(1, "SYST:TIME:ADV 10", "");
	check(frames_of(say(1, "STATUS?")) == after + 1000100);
	asks(0, "STOP", "OK STOP");
	before = frames_of(say(1, "STATUS?"));
	check(frames_of(say(1, "STATUS?")) == before);
}

/* Sampling ends with the user that started it, unless it is to go on. */
RIG_TEST(sampling_ends_with_its_user)
{
	unsigned long before;

	check(rig_open(1));
	say(0, "SAMPLE 1000");
	fake_card_close(rig.fake, rig.lab, 0);
	check(!strncmp(say(1, "STATUS?"), "STATUS IDLE", 11));
	check(rig_open(0));
	/* a program is its user's */
	say(0, "PROG:DEF p,'scpi(\"SAMPLE 1000\")';:P;*WAI");
	check(!strncmp(say(1, "STATUS?"), "STATUS SAMPLING", 15));
	fake_card_close(rig.fake, rig.lab, 0);
	check(!strncmp(say(1, "STATUS?"), "STATUS IDLE", 11));
	check(rig_open(0));
	say(0, "SAMP:KEEP ON;:SAMPLE 1000");
	fake_card_close(rig.fake, rig.lab, 0);
	before = frames_of(say(1, "STATUS?"));
	check(frames_of(say(1, "STATUS?")) == before + 1);
	asks(1, "*OPC?", "1");
}

/* All settings come back, and nothing else changes. */
RIG_TEST(settings_are_saved)
{
	static const char settings[] =
		"INP1:FUNC SQU;AMPL 2;OFFS 0.1;FREQ 12.5;PHAS 90;DCYC 20;:INP2:LOOP 2;"
		":OUTP1:LEV 2;:OUTP2:WAV 0,10;CLOC 3;MODE ONCE;STAT ON;:CLOC2:DIV 77;"
		":DIG:OUTP 5;:DIG:LINE1:SOUR INP,2,0.5;:SAMP:LIST (@1,3);"
		"SOUR CLOC,2,4;COUN INF;PRET 7;:TRIG:SOUR INP;SLOP NEG;INP 3;LEV 1;"
		"HYST 0.5;LINE 4;DEL 0.5;COUN 2;:PROG:LIM:INST 5000;TIME 10";
	static const char ask[] =
		"INP1:FUNC?;AMPL?;OFFS?;FREQ?;PHAS?;DCYC?;:INP2:LOOP?;FUNC?;"
		":OUTP1:LEV?;:OUTP2:WAV?;CLOC?;MODE?;STAT?;:CLOC2:DIV?;"
		":DIG:OUTP?;:DIG:LINE1:SOUR?;:SAMP:LIST?;SOUR?;COUN?;PRET?;"
		":TRIG:SOUR?;SLOP?;INP?;LEV?;HYST?;LINE?;DEL?;COUN?;"
		":PROG:LIM:INST?;TIME?";
	char before[512], defaults[512];

	refuses(0, "*RCL 3", SCPI_ERR_SETTINGS_CONFLICT);
	refuses(0, "*SAV 10", SCPI_ERR_RANGE);
	strcpy(defaults, say(0, ask));
	asks(0, "*SAV 0", "");
	asks(0, settings, "");
	strcpy(before, say(0, ask));
	check(strstr(before, "SQU;2.0E+00;") && strcmp(before, defaults));
	asks(0, "*SAV 3;*RST", "");
	check(!strcmp(say(0, ask), defaults));
	asks(0, "*RCL 3", "");
	check(!strcmp(say(0, ask), before));
	asks(0, "*RCL 0", "");
	check(!strcmp(say(0, ask), defaults));
	/* a rate that no SAMPle:RATE can be, and the one behind it */
	asks(0, "SAMP:RATE 50 kHz;SOUR CLOC;:CLOC1:DIV 1;*SAV 3;*RST;*RCL 3", "");
	asks(0, "SAMP:RATE?;SOUR INT;RATE?", "1.0E+08;5.0E+04");
	asks(0, "SYST:ERR?", "0,\"No error\"");
}

/* A user that goes away while it waits leaves nothing behind. */
RIG_TEST(waiting_users_may_leave)
{
	static const char * const lines[] = {
		"TRIG:SOUR BUS;:READ?", "TRIG:SOUR BUS;:INIT;*WAI",
		"SYST:TIME:ADV 1", "MEAS:FREQ? 1,1 s",
		"PROG:DEF p,'wait(1) print(1)';RUN p;*WAI",
	};
	size_t i;

	check(rig_open(1));
	for (i = 0; i < SCPI_ARRAY_SIZE(lines); i++) {
		check(rig_open(0));
		say(1, "*RST;*CLS;PROG:DEL:ALL");
		send_line(0, lines[i]);
		send_line(0, "*IDN?");
		while (!scpi_is_suspended(&session_find(rig.lab, 0)->scpi) &&
		       session_find(rig.lab, 0)->first)
			lab_step(rig.lab);
		fake_card_close(rig.fake, rig.lab, 0);
		check(rig_ask(1, "ABOR;:SYST:TIME:ADV 2;*OPC?",
			      "1") ||
		      !"after the user has left");
	}
}

/* --- determinism ---------------------------------------------------- */

static const char * const story[] = {
	"INP1:FUNC NOIS;AMPL 3 V", "INP2:FUNC SIN;FREQ 1.234 kHz",
	"SAMP:LIST (@2,1,8);RATE 50 kHz;COUN 2000", "TRIG:SOUR INP;INP 2;LEV 1 V",
	"INIT;*WAI", "FETC?", "SAMPLE 12345", "STATUS?",
	"SYST:TIME:ADV 0.1;:STATUS?", "STOP", "MEAS:VOLT? (@1:8)",
	"PROG:DEF p,'for i = 1, 5 do wait(1e-3) print(time()) end';RUN p;*WAI",
	"SYST:TIME?", "SYST:ERR?",
};

static uint32_t memory_sum(void)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < RIG_MEMORY; i++)
		sum = sum * 31 + rig.lab->card->memory[i];
	return sum;
}

/* Each lab_step() does one thing only. */
static uint64_t exhausted(void)
{
	static uint64_t now;

	return now += LAB_SECOND;
}

/*
 * Send the story, and let the instrument run after each @hurry lines; 0: after
 * the last one. Return: all replies, and the contents of card memory.
 */
static char *tell(uint64_t seed, unsigned int hurry, bool slow)
{
	const struct lab_settings settings = {
		.command_time = LAB_SECOND / 1000, .seed = seed, .serial = "7",
	};
	char *replies;
	size_t i;

	rig_start_with(&settings);
	if (slow)
		rig.lab->time.clock = exhausted;
	for (i = 0; i < SCPI_ARRAY_SIZE(story); i++) {
		send_line(0, story[i]);
		if (hurry && i % hurry == 0)
			fake_card_run(rig.fake, rig.lab, 100000);
	}
	fake_card_run(rig.fake, rig.lab, 100000);
	/* replies are dropped once read, which these were not */
	if (asprintf(&replies, "%s%08x", fake_card_replies(rig.fake, 0),
		     memory_sum()) < 0)
		abort();
	rig_stop();
	return replies;
}

TEST(same_seed_same_samples)
{
	char *first = tell(1, 1, false), *again = tell(1, 1, false);
	char *hurried = tell(1, 0, false), *partly = tell(1, 3, false);
	char *slow = tell(1, 1, true), *other = tell(2, 1, false);

	check(strlen(first) > 400);
	check(strstr(first, "0,\"No error\""));
	check(strcmp(first, again) == 0);
	/* nor does it matter how fast the lines come */
	check(strcmp(first, hurried) == 0);
	check(strcmp(first, partly) == 0);
	/* nor how fast the machine is */
	check(strcmp(first, slow) == 0);
	check(strcmp(first, other) != 0);
	free(first);
	free(again);
	free(hurried);
	free(partly);
	free(slow);
	free(other);
}

#define SOME_SETTINGS "INP1:FREQ?;:SAMP:RATE?;LIST?;:OUTP1:LEV?;:CLOC1:FREQ?;:TRIG:SOUR?"

RIG_TEST(reset_resets)
{
	char before[512];

	snprintf(before, sizeof(before), "%s",
		 say(0, SOME_SETTINGS));
	say(0,
	    "INP1:FREQ 77;:SAMP:RATE 77;LIST (@5);:OUTP1:LEV 1;:CLOC1:FREQ 77;:TRIG:SOUR BUS");
	say(0, "INIT;*OPC");
	asks(0, "*RST", "");
	check(strcmp(say(0, SOME_SETTINGS), before) == 0);
	asks(0, "*OPC?", "1");
	check(session_find(rig.lab, 0)->operations == 0);
	check(strstr(say(0, "STATUS?"), "STATUS IDLE"));
	asks(0, "*TST?", "0");
	asks(0, "SYST:ERR?", "0,\"No error\"");
}

/* --- streams, programs, the start ------------------------------------ */

/* Does a block contain the frames from @frame on? */
static bool is_block(const uint8_t *bytes, unsigned int count,
		     unsigned int frame)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		unsigned int got = (uint16_t)sample_at(bytes + 2 * i);

		if (got == (uint16_t)(frame + i))
			continue;
		printf("# %u instead of frame %u\n", got, frame + i);
		return false;
	}
	return true;
}

/* A reader that keeps up loses nothing, and sees each frame once. */
RIG_TEST(stream_is_complete)
{
	enum { BLOCK = 1000, BLOCKS = 4, LAST = 200 };
	unsigned int k;
	uint64_t host;
	uint8_t *bytes;
	char line[80];

	host = fake_card_buffer(rig.fake, 0, BLOCK * BLOCKS, 0xee, &bytes);
	say(0, "SAMP:LIST (@3);COUN INF;RATE 1e6;:INP3:FUNC COUN");
	sprintf(line, "STRE:STAR %#llx,%d,%d", (unsigned long long)host,
		BLOCK * BLOCKS, BLOCK);
	say(0, line);
	say(0, "INIT");
	for (k = 0; k < LAST; k++) {
		bool good = is_block(bytes + k % BLOCKS * BLOCK, BLOCK / 2,
				     k * BLOCK / 2);

		check(good);
		if (!good)
			break;
		sprintf(line, "STRE:ACK %u", k + 1);
		say(0, line);
	}
	sprintf(line, "STREAM RUNNING blocks=%d acknowledged=%d frames=%d lost=0 ",
		LAST + BLOCKS, LAST, (LAST + BLOCKS) * BLOCK / 2);
	check(strstr(say(0, "STRE?"), line));
	asks(0, "SYST:ERR?", "0,\"No error\"");
}

TEST(start_commands)
{
	char error[200] = "";

	lab_log_setup(LOG_WARNING);
	rig_start();
	check(!lab_start_command(rig.lab, "INP1:FREQ 1 kHz", error,
				 sizeof(error)));
	asks(0, "INP1:FREQ?", "1.0E+03");
	check(!lab_start_command(rig.lab, "INP1:FREQ?;*IDN?", error,
				 sizeof(error)));
	check(lab_start_command(rig.lab, "INP1:FREQ 1 V", error,
				sizeof(error)) == -1);
	check(strstr(error, "-131,\"Invalid suffix") == error);
	check(lab_start_command(rig.lab, "", error, sizeof(error)) == 0);
	check(lab_start_command(rig.lab, "SYST:TIME:ADV 1", error,
				sizeof(error)) == -1);
	check(strstr(error, "waits"));
	check(lab_start_command(rig.lab, "*IDN?;FOO", error,
				sizeof(error)) == -1);
	check(strstr(error, "-113,") == error);
	/* sampling that it starts goes on */
	check(!lab_start_command(rig.lab, "SAMPLE 1000", error, sizeof(error)));
	check(strstr(say(0, "STATUS?"), "SAMPLING"));
	rig_stop();
}

/* --- real time ------------------------------------------------------- */

TEST(real_time_follows_the_clock)
{
	rig_start_real();
	asks(0, "SYST:TIME?;TIME:MODE?", "0.000000000;REAL");
	rig.clock += 1234567;
	asks(0, "SYST:TIME?", "0.001234567");
	refuses(0, "SYST:TIME:ADV 1", SCPI_ERR_SETTINGS_CONFLICT);
	say(0, "SAMPLE 1000");
	rig.clock += LAB_SECOND / 20;
	check(frames_of(say(0, "STATUS?")) / 2 == 25);
	/* what waits ends at its time, not before */
	say(0, "STOP;:SAMP:COUN 11");
	send_line(0, "INIT;*OPC?");
	hears(0, "");
	check(!lab_step(rig.lab));
	check(lab_next_timer(rig.lab) != LAB_NEVER);
	rig.clock += LAB_TICK + 9 * LAB_SECOND / 1000;
	hears(0, "");
	rig.clock += LAB_SECOND / 1000;
	hears(0, "1\n");
	check(!lab_step(rig.lab) && lab_next_timer(rig.lab) == LAB_NEVER);
	rig_stop();
}

/* What cannot be kept up with is lost and reported. */
TEST(real_time_tells_what_is_lost)
{
	const char *status;

	rig_start_real();
	say(0, "SAMPLE 1000");
	rig.clock += 100 * LAB_SECOND;
	status = say(0, "STATUS?");
	check(!strstr(status, " lost=0 "));
	check(strstr(status, "SAMPLING"));
	rig_stop();
}
