// SPDX-License-Identifier: GPL-2.0
/*
 * test-skelctl.c - the commands of skelctl against the fake card
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../skelctl.h"
#include "fake-card.h"
#include "unit.h"

static char output[65536];

struct call {
	int (*main)(const char *path, int argc, char **argv);
	char *argv[16];
};

static int call_it(void *data)
{
	struct call *call = data;
	int argc = 0;

	while (call->argv[argc])
		argc++;
	return call->main(FAKE_PATH, argc, call->argv);
}

/* Run one command, its arguments separated by blanks. Return: exit status. */
static int skelctl(int (*main)(const char *path, int argc, char **argv),
		   const char *args)
{
	char text[256] = "";
	struct call call = { .main = main };
	char *word;
	int n = 0;

	snprintf(text, sizeof(text), "%s", args);
	for (word = strtok(text, " "); word && n < 15;
	     word = strtok(NULL, " "))
		call.argv[n++] = word;
	return unit_catch(call_it, &call, output, sizeof(output));
}

static void info_shows_the_card(void)
{
	fake_reset();
	check(skelctl(info_main, "info") == 0);
	check(strstr(output, "skel,fake,0,1"));
	check(strstr(output, "3 of 32"));
	check(strstr(output, "0xfffffff (28 bits)"));
	check(strstr(output, "16 KiB"));
	check(strstr(output, "square, 100 Hz, 5 V"));
	check(skelctl(info_main, "info --help") == 0);
	check(skelctl(info_main, "info more") == EXIT_USAGE);
}

static void info_of_a_simple_card(void)
{
	fake_reset();
	fake.simple = true;
	check(skelctl(info_main, "info") == 0);
	check(strstr(output, "skel,fake,0,1"));
	check(!strstr(output, "converter"));
	check(!strstr(output, "ERROR"));
}

static void cmd_prints_replies(void)
{
	fake_reset();
	check(skelctl(cmd_main, "cmd *IDN? STOP") == 0);
	check(strcmp(output, "skel,fake,0,1\nOK STOP\n") == 0);
	check(skelctl(cmd_main, "cmd NONSENSE STOP") == EXIT_CARD);
	check(strcmp(output, "ERROR unknown-command\nOK STOP\n") == 0);
	check(skelctl(cmd_main, "cmd") == EXIT_USAGE);
	check(skelctl(cmd_main, "cmd --timeout x STOP") == EXIT_USAGE);
}

static void cmd_does_not_wait_for_ever(void)
{
	fake_reset();
	fake.silent = true;
	check(skelctl(cmd_main, "cmd --timeout 20 STOP") == EXIT_CARD);
	check(strstr(output, "no reply in 20 ms"));
	check(skelctl(cmd_main, "cmd --replies 0 STOP") == 0);
}

static void acquire_measures_right(void)
{
	fake_reset();
	check(skelctl(acquire_main, "acquire --ascii --width 80 --height 23") ==
	      0);
	check(strstr(output, "SAMPLING"));
	check(strstr(output, "SAMPLING: 1000 frames, 1000 wanted"));
	check(strstr(output, "TOHOST 0x0 0xfa0 0x1"));
	check(strstr(output, "measured 50.00 Hz, -8.000 V to 8.000 V"));
	check(strstr(output, "measured 100.00 Hz, -5.000 V to 5.000 V"));
	check(strstr(output, "100 ms"));
}

/* 4096 frames are in the ring: these 1000 go over its end */
static void acquire_over_the_end_of_the_ring(void)
{
	fake_reset();
	fake.step = 4500;
	check(skelctl(acquire_main, "acquire --no-plot -n 4096") == 0);
	check(strstr(output, "measured 50.00 Hz, -8.000 V to 8.000 V"));
	fake.deaf = true;
	check(skelctl(acquire_main, "acquire --no-plot -n 2000") == EXIT_CARD);
	check(strstr(output, "another program samples"));
	fake.deaf = false;
	fake.step = 900;
	check(skelctl(acquire_main, "acquire --no-plot -n 3000") == 0);
	check(strstr(output, "measured 50.00 Hz, -8.000 V to 8.000 V"));
	fake.step = 2300;
	check(skelctl(acquire_main, "acquire --no-plot -n 1000") == 0);
	check(strstr(output, "TOHOST 0x3840 0x7c0 "));
	check(strstr(output, "TOHOST 0x0 0x7e0 "));
	check(strstr(output, "measured 50.00 Hz, -8.000 V to 8.000 V"));
	check(strstr(output, "measured 100.00 Hz, -5.000 V to 5.000 V"));
	check(skelctl(acquire_main, "acquire -n 4097") == EXIT_CARD);
	check(strstr(output, "holds 4096"));
}

static void acquire_chooses_a_rate(void)
{
	static const char * const wanted[][2] = {
		{ "acquire --no-plot", " at 10000 Hz each" },
		{ "acquire --no-plot --frequency 2000", " at 400000 Hz each" },
		{ "acquire --no-plot --frequency1 60", " at 12000 Hz each" },
		{ "acquire --no-plot --frequency1 9 --frequency0 60",
		  " at 12000 Hz each" },
		{ "acquire --no-plot --frequency 500000",
		  " at 1000000 Hz each" },
		{ "acquire --no-plot --frequency 0.001 -n 100",
		  " at 200 Hz each" },
		{ "acquire --no-plot --rate 8000 --frequency 2000",
		  " at 8000 Hz each" },
	};
	size_t i;

	fake_reset();
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		check(skelctl(acquire_main, wanted[i][0]) == 0);
		check(strstr(output, wanted[i][1]));
	}
}

static void acquire_writes_csv(void)
{
	fake_reset();
	check(skelctl(acquire_main, "acquire --csv - -n 100") == 0);
	check(strstr(output, "time/s,in0/V,in1/V\n0,0.000000,4.999847\n"));
	check(strstr(output, "\n0.005,8.000122,-"));
	check(skelctl(acquire_main, "acquire --csv /nowhere/x") == EXIT_CARD);
	check(skelctl(acquire_main, "acquire --no-plot --csv /dev/full") ==
	      EXIT_CARD);
}

static void acquire_sets_functions(void)
{
	fake_reset();
	check(skelctl(acquire_main, "acquire --no-plot --function triangle") ==
	      EXIT_CARD);
	check(strstr(output, "the card answers 'ERROR unknown-command'"));
	fake.scpi = true;
	check(skelctl(acquire_main, "acquire --no-plot --function triangle --frequency 50") ==
	      0);
	check(skelctl(acquire_main, "acquire --no-plot --function0 DC") ==
	      EXIT_CARD);
	check(strstr(output, "--function0: the card answers '-224,"));
}

static void acquire_refused(void)
{
	fake_reset();
	fake.refuse = true;
	check(skelctl(acquire_main, "acquire") == EXIT_CARD);
	check(strstr(output, "TOHOST: refused: host-address"));
	fake_reset();
	fake.simple = true;
	check(skelctl(acquire_main, "acquire") == EXIT_CARD);
	check(strstr(output, "the card answers 'ERROR unknown-command'"));
}

static void acquire_usage(void)
{
	fake_reset();
	check(skelctl(acquire_main, "acquire --help") == 0);
	check(skelctl(acquire_main, "acquire --rate 0") == EXIT_USAGE);
	check(skelctl(acquire_main, "acquire --rate 1x") == EXIT_USAGE);
	check(skelctl(acquire_main, "acquire --frequency0 nan") == EXIT_USAGE);
	check(skelctl(acquire_main, "acquire --function sinus") == EXIT_USAGE);
	check(strstr(output, "'sinus' is not sine, square"));
	check(skelctl(acquire_main, "acquire --width 10") == EXIT_USAGE);
	check(skelctl(acquire_main, "acquire --colour no") == EXIT_USAGE);
	check(skelctl(acquire_main, "acquire more") == EXIT_USAGE);
}

void test_skelctl(void)
{
	run(info_shows_the_card);
	run(info_of_a_simple_card);
	run(cmd_prints_replies);
	run(cmd_does_not_wait_for_ever);
	run(acquire_measures_right);
	run(acquire_over_the_end_of_the_ring);
	run(acquire_chooses_a_rate);
	run(acquire_writes_csv);
	run(acquire_sets_functions);
	run(acquire_refused);
	run(acquire_usage);
}
