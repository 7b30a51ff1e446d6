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
	sayf(0, "%s%s", header, params);
	say(0, "ABOR;:*CLS");
	asks(0, "*OPC?", "1");
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

	host = fake_card_buffer(rig.fake, 0, 100 * FRAME, 0, &bytes);
	/* at 10 kHz a cycle has ten samples: 5 V at a quarter of it */
	say(0, "INP1:FUNC TRI;FREQ 1 kHz;AMPL 5 V;OFFS 0");
	say(0, "INP2:FUNC DC;OFFS -10 V");
	say(0, "SAMP:RATE 8000;COUN 100");
	asks(0, "INIT;*OPC?", "1");
	check(strstr(sayf(0, "TOHOST 0 %d %#jx", 100 * FRAME, (uintmax_t)host),
		     "skel: DONE TOHOST"));
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
	sayf(0, "STRE:STAR %#jx,%d,%d", (uintmax_t)host, BLOCK * BLOCKS, BLOCK);
	say(0, "INIT");
	for (k = 0; k < LAST; k++) {
		bool good = is_block(bytes + k % BLOCKS * BLOCK, BLOCK / 2,
				     k * BLOCK / 2);

		check(good);
		if (!good)
			break;
		sayf(0, "STRE:ACK %u", k + 1);
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

REAL_TEST(real_time_follows_the_clock)
{
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
}

/* What cannot be kept up with is lost and reported. */
REAL_TEST(real_time_tells_what_is_lost)
{
	const char *status;

	say(0, "SAMPLE 1000");
	rig.clock += 100 * LAB_SECOND;
	status = say(0, "STATUS?");
	check(!strstr(status, " lost=0 "));
	check(strstr(status, "SAMPLING"));
}
