// SPDX-License-Identifier: GPL-2.0
/*
 * test-skelctl.c - the commands of skelctl against the fake card
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../command.h"
#include "../scpi.h"
#include "../skelctl.h"
#include "../talk.h"
#include "fake-card.h"
#include "unit.h"

static char output[65536];

struct call {
	const struct command *command;
	char *argv[16];
};

static int call_it(void *data)
{
	struct call *call = data;
	int argc = 0;

	while (call->argv[argc])
		argc++;
	choose_card(FAKE_PATH);
	return call->command->main(argc, call->argv);
}

/* Run one command, its arguments separated by blanks. Return: exit status. */
static int skelctl(const struct command *command, const char *args)
{
	char text[256] = "";
	struct call call = { .command = command };
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
	check(skelctl(&info_command, "info") == 0);
	check(strstr(output, "skel,fake,0,1"));
	check(strstr(output, "3 of 32"));
	check(strstr(output, "0xfffffff (28 bits)"));
	check(strstr(output, "16 KiB"));
	check(strstr(output, "square, 100 Hz, 5 V"));
	check(skelctl(&info_command, "info --help") == 0);
	check(skelctl(&info_command, "info more") == EXIT_USAGE);
}

static void info_of_a_simple_card(void)
{
	fake_reset();
	fake.simple = true;
	check(skelctl(&info_command, "info") == 0);
	check(strstr(output, "skel,fake,0,1"));
	check(!strstr(output, "converter"));
	check(!strstr(output, "ERROR"));
}

/* What is not known is not passed over in silence. */
static void info_of_a_card_that_has_stopped(void)
{
	fake_reset();
	fake.silent = true;
	check(skelctl(&info_command, "info") == EXIT_SILENT);
	check(strstr(output, "identity       not known"));
	check(strstr(output, "3 of 32"));
	check(strstr(output, "no answer to '*IDN?' in 1000 ms"));
	check(skelctl(&info_command, "info --json") == EXIT_SILENT);
	check(strstr(output, "\"answers\": false"));
	check(strstr(output, "\"identity\": null"));
	fake_reset();
	fake.unplug = true;
	check(skelctl(&info_command, "info") == EXIT_NO_CARD);
}

static void info_prints_json(void)
{
	fake_reset();
	check(skelctl(&info_command, "info --json") == 0);
	check(output[0] == '{');
	check(strstr(output, "\"identity\": \"skel,fake,0,1\""));
	check(strstr(output, "\"dma_mask\": 268435455,"));
	check(strstr(output, "\"length\": 16384,"));
	check(strstr(output, "\"shape\": \"square\",\n      \"hertz\": 100,"));
	check(strstr(output, "\"replies_lost\": 0\n  }\n}\n"));
}

static void cmd_prints_replies(void)
{
	fake_reset();
	check(skelctl(&cmd_command, "cmd *IDN? STOP") == 0);
	check(strcmp(output, "skel,fake,0,1\nOK STOP\n") == 0);
	check(skelctl(&cmd_command, "cmd NONSENSE STOP") == EXIT_CARD);
	check(strcmp(output, "ERROR unknown-command\nOK STOP\n") == 0);
	check(skelctl(&cmd_command, "cmd") == EXIT_USAGE);
	check(skelctl(&cmd_command, "cmd --timeout x STOP") == EXIT_USAGE);
}

static void cmd_does_not_wait_for_ever(void)
{
	fake_reset();
	fake.silent = true;
	check(skelctl(&cmd_command, "cmd --timeout 20 STOP") == EXIT_SILENT);
	check(strstr(output, "no reply in 20 ms"));
	check(skelctl(&cmd_command, "cmd --replies 0 STOP") == 0);
}

/* Those without one, too: the end mark behind them comes back. */
static void cmd_needs_no_answer_to_a_setting(void)
{
	fake_reset();
	fake.terse = true;
	check(skelctl(&cmd_command, "cmd --timeout 500 NOTHING *IDN? NOTHING") == 0);
	check(strcmp(output, "skel,fake,0,1\n") == 0);
	check(skelctl(&cmd_command, "cmd --timeout 50 NOTHING?") == EXIT_SILENT);
	check(strstr(output, "'NOTHING?': no reply in 50 ms"));
	/* a card without marks */
	fake.simple = true;
	check(skelctl(&cmd_command, "cmd *IDN? *IDN?") == 0);
	check(strcmp(output, "skel,fake,0,1\nskel,fake,0,1\n") == 0);
}

static void queries_are_known(void)
{
	check(talk_is_query("*IDN?") && talk_is_query("SWEep:POINts? MAX"));
	check(talk_is_query("A \"x\";B?") && talk_is_query("A 'it''s';B?"));
	check(!talk_is_query("") && !talk_is_query("STOP"));
	check(!talk_is_query("PROG:DEF \"A\",\"PRINT 'why?'\""));
	check(!talk_is_query("A 'why?'"));
}

/* By the length in its header: newlines in it do not cut it. */
static void cmd_prints_blocks(void)
{
	fake_reset();
	check(skelctl(&cmd_command, "cmd BLOCK? *IDN?") == 0);
	check(strcmp(output, "#15a\nb\n\n,1\nskel,fake,0,1\n") == 0);
}

/* A setting has no answer: its success and its error are in the queue. */
static void cmd_asks_for_errors(void)
{
	char set[] = "INPut1:FUNCtion TRIangle", bad[] = "INPut1:FUNCtion DC";
	char cmd[] = "cmd", n[] = "--replies", one[] = "1", idn[] = "*IDN?";
	char go[] = "GO QUIETLY";
	struct call good_call = { &cmd_command, { cmd, set, idn } };
	struct call bad_call = { &cmd_command, { cmd, bad, bad, idn, set } };
	struct call quiet_call = { &cmd_command, { cmd, go } };
	struct call one_call = { &cmd_command, { cmd, n, one, idn, bad } };

	fake_reset();
	fake.scpi = true;
	check(unit_catch(call_it, &good_call, output, sizeof(output)) == 0);
	check(strcmp(output, "skel,fake,0,1\n") == 0);
	check(unit_catch(call_it, &bad_call, output, sizeof(output)) ==
	      EXIT_CARD);
	check(strstr(output, "'INPut1:FUNCtion DC': -224,\"Illegal; \"\"it\"\" is\"\n"));
	check(strstr(output, "\nskel,fake,0,1\n"));
	check(!strstr(output, "TRIangle") && !strstr(output, "No error"));
	/* what a program prints later */
	check(skelctl(&cmd_command, "cmd GO") == 0);
	check(strcmp(output, "gone\n") == 0);
	check(unit_catch(call_it, &quiet_call, output, sizeof(output)) == 0);
	check(!*output);
	/* with a number of replies the queue is asked after silence only */
	check(unit_catch(call_it, &one_call, output, sizeof(output)) ==
	      EXIT_SILENT);
	check(strstr(output, "no reply in 1000 ms"));
	check(strstr(output, "the card's error queue says -224,"));
}

/* Run cmd - with some lines as its standard input */
static int cmd_stdin_args(const char *args, const char *lines)
{
	FILE *file = tmpfile();
	int keep = dup(STDIN_FILENO), status;

	fputs(lines, file);
	rewind(file);
	dup2(fileno(file), STDIN_FILENO);
	status = skelctl(&cmd_command, args);
	dup2(keep, STDIN_FILENO);
	close(keep);
	fclose(file);
	return status;
}

static int cmd_stdin(const char *lines)
{
	return cmd_stdin_args("cmd -", lines);
}

static void cmd_loses_nothing_at_the_end(void)
{
	fake_reset();
	check(cmd_stdin_args("cmd -n 0 -t 200 -", "SLOWLY?\nSLOWLY?") == 0);
	check(strcmp(output, "at last\nat last\n") == 0);
	check(cmd_stdin("SLOWLY?\nSLOWLY?") == 0);
	check(strcmp(output, "at last\nat last\n") == 0);
	/* neither does what comes next save an error before */
	check(cmd_stdin("NONSENSE\n*IDN?\n") == EXIT_CARD);
	check(cmd_stdin("") == 0);
	fake.silent = true;
	check(cmd_stdin_args("cmd -t 20 -", "*IDN?\n*IDN?\n") == EXIT_SILENT);
	check(strstr(output, "no reply in 20 ms"));
}

static void cmd_copies_lines(void)
{
	const char *first;

	fake_reset();
	check(cmd_stdin("*IDN?\nSTOP\n") == 0);
	check(strcmp(output, "skel,fake,0,1\nOK STOP\n") == 0);
	check(cmd_stdin("NONSENSE\nSTOP\n") == EXIT_CARD);
	fake.scpi = true;
	check(cmd_stdin("INPut1:FUNCtion TRIangle\n*IDN?\n") == 0);
	check(strcmp(output, "skel,fake,0,1\n") == 0);
	check(cmd_stdin("*IDN?\nBAD\nBAD\n") == EXIT_CARD);
	first = strstr(output, "'BAD': -224,");
	check(first && strstr(first + 1, "'BAD': -224,"));
	/* both errors of the first line belong to it */
	check(skelctl(&cmd_command, "cmd TWICE *IDN?") == EXIT_CARD);
	first = strstr(output, "'TWICE': -224,");
	check(first && strstr(first + 1, "'TWICE': -224,"));
	check(!strstr(output, "'*IDN?'"));
	check(cmd_stdin("BAD\nINPut1:FUNCtion TRIangle\n") == EXIT_CARD);
}

/* The core refuses what the card asks for: with a card of either language */
static void cmd_waits_for_transfers(void)
{
	char cmd[] = "cmd", line[] = "TOHOST 0x0 0x10 0x100000000";
	char bad[] = "BAD";
	struct call call = { &cmd_command, { cmd, line } };
	struct call bad_call = { &cmd_command, { cmd, bad, line } };
	int scpi;

	fake_reset();
	for (scpi = 0; scpi < 2; scpi++) {
		fake.scpi = scpi;
		fake.slow = scpi;
		check(unit_catch(call_it, &call, output, sizeof(output)) ==
		      EXIT_CARD);
		check(strcmp(output, "skel: REFUSED TOHOST 0x0 0x10 0x100000000 host-address\n") ==
		      0);
	}
	/* also behind an error of another line */
	check(unit_catch(call_it, &bad_call, output, sizeof(output)) ==
	      EXIT_CARD);
	check(strstr(output, "'BAD': -224,") && strstr(output, "skel: REFUSED"));
}

static void verdicts_are_understood(void)
{
	static const char * const others[] = {
		"", "0", "0,", "0,\"No error\"", "0,\"No error\";0",
		"0,\"No error\";;a,b", "0,\"No error\";0;a",
		"0,No error;0;a,b", "0,\"No error;0;a,b", "0,\"a\"\";0;a,b",
		"skel,lab,0,1", "ERROR unknown-command", SCPI_VERDICT,
	};
	struct scpi_verdict verdict;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		check(!scpi_parse_verdict(others[i], &verdict));
	check(scpi_parse_verdict("+0,\"No error\";0;a,b,c,d", &verdict));
	check(!*verdict.error && !verdict.program);
	check(scpi_parse_verdict("-285,\"a;\"\";b\";16385;a,b,c,d", &verdict));
	check(strcmp(verdict.error, "-285,\"a;\"\";b\"") == 0);
	check(verdict.program);
}

static void acquire_measures_right(void)
{
	fake_reset();
	check(skelctl(&acquire_command, "acquire --ascii --width 80 --height 23") ==
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
	check(skelctl(&acquire_command, "acquire --no-plot -n 4096") == 0);
	check(strstr(output, "measured 50.00 Hz, -8.000 V to 8.000 V"));
	fake.deaf = true;
	check(skelctl(&acquire_command, "acquire --no-plot -n 2000") == EXIT_CARD);
	check(strstr(output, "another program has changed"));
	fake.deaf = false;
	fake.step = 900;
	check(skelctl(&acquire_command, "acquire --no-plot -n 3000") == 0);
	check(strstr(output, "measured 50.00 Hz, -8.000 V to 8.000 V"));
	fake.step = 2300;
	check(skelctl(&acquire_command, "acquire --no-plot -n 1000") == 0);
	check(strstr(output, "TOHOST 0x3840 0x7c0 "));
	check(strstr(output, "TOHOST 0x0 0x7e0 "));
	check(strstr(output, "measured 50.00 Hz, -8.000 V to 8.000 V"));
	check(strstr(output, "measured 100.00 Hz, -5.000 V to 5.000 V"));
	check(skelctl(&acquire_command, "acquire -n 4097") == EXIT_CARD);
	check(strstr(output, "holds 4096"));
}

/* What is measured is as it was set; says so if not. Input 0 has a sine. */
static bool is_right(double hertz, double volts)
{
	double f = 0, a = 0, measured = 0, low = 0, high = 0;
	const char *text = strstr(output, "in0: sine ");

	if (text && sscanf(text, "in0: sine %lf Hz, %lf V; measured %lf Hz, %lf V to %lf V",
			   &f, &a, &measured, &low, &high) == 5 &&
	    f == hertz && a == volts && fabs(measured - f) < f / 1000 &&
	    fabs(high - a) < a / 10 && fabs(low + a) < a / 10)
		return true;
	fputs(output, stderr);
	return false;
}

/*
 * Whenever another program does something, the result is right or an error.
 * Return: for each moment, after the first line of acquire, the second, ...: '-'
 * an error, 'r' right.
 */
static const char *interrupt(const char *other, bool old)
{
	static const char args[] =
		"acquire --no-plot -n 450 --rate 100000 --frequency 1000 --amplitude 8";
	static char results[16];
	int i;

	memset(results, 0, sizeof(results));
	for (i = 1; i <= 12; i++) {
		int status;

		fake_reset();
		fake.step = 200;
		fake.old = old;
		fake.other = other;
		fake.other_at = i;
		status = skelctl(&acquire_command, args);
		check(status == EXIT_CARD ||
		      (status == 0 && is_right(1000, 8)));
		results[i - 1] = status ? '-' : 'r';
	}
	if (!strchr(results, '-'))
		check(strstr(results, "one at least is seen"));
	return results;
}

/*
 * The lines are INPUTS? INPUT STATUS? INPUTS? SAMPLE STATUS? STATUS? STATUS?
 * TOHOST STATUS? STOP INPUTS?: between the first and the last but one STATUS?
 * another start is seen, even if it makes no difference.
 */
static void acquire_among_other_programs(void)
{
	check(strcmp(interrupt("SAMPLE 100000", false), "rr-------rrr") == 0);
	check(strcmp(interrupt("SAMPLE 5000", false), "rr-------rrr") == 0);
	check(strcmp(interrupt("INPUT 0 1000000 8000", false),
		     "rr-------rrr") == 0);
	check(strcmp(interrupt("INPUT 0 2000000 8000", false),
		     "r----------r") == 0);
	check(strcmp(interrupt("INPUT 0 1000000 4000", false),
		     "r----------r") == 0);
	/* once all frames are there, others may stop it */
	check(strcmp(interrupt("STOP", false), "rrrr---rrrrr") == 0);
	/* cards that do not number their runs */
	check(strcmp(interrupt("SAMPLE 5000", true), "rrrrr----rrr") == 0);
	check(strcmp(interrupt("SAMPLE 100000", true), "rrrrrr---rrr") == 0);
	check(strcmp(interrupt("INPUT 0 2000000 8000", true),
		     "r----------r") == 0);
	check(strcmp(interrupt("INPUT 0 1000000 4000", true),
		     "r----------r") == 0);
	check(strcmp(interrupt("STOP", true), "rrrr---rrrrr") == 0);
}

/* A period of 1428.57 ns becomes one of 1430 ns. */
static void acquire_measures_by_the_true_rate(void)
{
	fake_reset();
	fake.tick = 10;
	fake.step = 1000;
	check(skelctl(&acquire_command,
		      "acquire --no-plot --rate 700000 --frequency0 7000") == 0);
	check(strstr(output, "at 699300.7 Hz each (700000 Hz were asked for)"));
	check(strstr(output, "measured 7000.00 Hz"));
	check(skelctl(&acquire_command, "acquire --csv - --rate 700000 -n 1000") ==
	      0);
	check(strstr(output, "\n0.00142857,"));
}

static void acquire_from_a_ring_in_the_middle(void)
{
	fake_reset();
	fake.base = 8192;
	check(skelctl(&acquire_command, "acquire --no-plot") == 0);
	check(strstr(output, "TOHOST 0x2000 0xfa0 ") && is_right(50, 8));
	fake.step = 1030;
	check(skelctl(&acquire_command, "acquire --no-plot") == 0);
	check(strstr(output, "TOHOST 0x3090 0xf70 ") && is_right(50, 8));
	check(strstr(output, "TOHOST 0x2000 0x30 "));
	check(skelctl(&acquire_command, "acquire --no-plot -n 2049") == EXIT_CARD);
	check(strstr(output, "the card's ring holds 2048"));
	/* a card that does not tell where it is */
	fake.old = true;
	check(skelctl(&acquire_command, "acquire --no-plot") == EXIT_CARD);
	check(strstr(output, "cannot understand"));
}

static void acquire_begins_anew_behind_lost_frames(void)
{
	fake_reset();
	fake.lose = 777;
	check(skelctl(&acquire_command, "acquire --no-plot") == 0);
	check(strstr(output, "777 frames are lost") && is_right(50, 8));
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
		{ "acquire --no-plot --rate 8kHz --frequency 2e3",
		  " at 8000 Hz each" },
	};
	size_t i;

	fake_reset();
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		check(skelctl(&acquire_command, wanted[i][0]) == 0);
		check(strstr(output, wanted[i][1]));
	}
}

static void acquire_writes_csv(void)
{
	fake_reset();
	check(skelctl(&acquire_command, "acquire --csv - -n 100") == 0);
	check(strstr(output, "time/s,in0/V,in1/V\n0,0.000000,4.999847\n"));
	check(strstr(output, "\n0.005,8.000122,-"));
	check(skelctl(&acquire_command, "acquire --no-plot --csv /dev/full") ==
	      EXIT_CARD);
	check(strstr(output, "/dev/full: No space left"));
}

static int acquire_to(const char *path)
{
	char args[128];

	snprintf(args, sizeof(args), "acquire --no-plot -n 500 --csv %s", path);
	return skelctl(&acquire_command, args);
}

static bool file_has(const char *path, const char *text)
{
	static char content[65536];
	FILE *file = fopen(path, "r");
	size_t n = file ? fread(content, 1, sizeof(content) - 1, file) : 0;

	content[n] = '\0';
	if (file)
		fclose(file);
	return file && strstr(content, text);
}

/* No recording without a file for it, no file without the whole recording */
static void acquire_leaves_no_half_a_file(void)
{
	char dir[] = "/tmp/skel-test-XXXXXX", path[64];
	struct rlimit limit, small = { 100, 100 };

	check(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/csv", dir);
	fake_reset();
	check(acquire_to("/nowhere/x") == EXIT_CARD);
	check(!strstr(output, "sampling"));
	check(acquire_to(dir) == EXIT_CARD);
	check(!strstr(output, "sampling"));

	fake.refuse = true;
	check(acquire_to(path) == EXIT_CARD);
	check(access(path, F_OK) != 0);
	fake.refuse = false;
	check(acquire_to(path) == 0 && file_has(path, "\n0.0499,"));
	fake.refuse = true;
	check(acquire_to(path) == EXIT_CARD && file_has(path, "\n0.0499,"));
	fake.refuse = false;

	/* the disk is full in the middle of it */
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	small.rlim_max = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	check(acquire_to(path) == EXIT_CARD);
	setrlimit(RLIMIT_FSIZE, &limit);
	check(file_has(path, "") && !file_has(path, "t"));
	unlink(path);
	rmdir(dir);
}

static void acquire_sets_functions(void)
{
	fake_reset();
	check(skelctl(&acquire_command, "acquire --no-plot --function triangle") ==
	      EXIT_CARD);
	check(strstr(output, "the card answers 'ERROR unknown-command'"));
	fake.scpi = true;
	check(skelctl(&acquire_command, "acquire --no-plot --function triangle --frequency 50") ==
	      0);
	check(skelctl(&acquire_command, "acquire --no-plot --function0 DC") ==
	      EXIT_CARD);
	check(strstr(output, "--function0: the card answers '-224,"));
}

static void acquire_refused(void)
{
	fake_reset();
	fake.refuse = true;
	check(skelctl(&acquire_command, "acquire") == EXIT_CARD);
	check(strstr(output, "TOHOST: refused: host-address"));
	fake_reset();
	fake.simple = true;
	check(skelctl(&acquire_command, "acquire") == EXIT_CARD);
	check(strstr(output, "the card answers 'ERROR unknown-command'"));
}

static void acquire_usage(void)
{
	fake_reset();
	check(skelctl(&acquire_command, "acquire --help") == 0);
	check(skelctl(&acquire_command, "acquire --rate 0") == EXIT_USAGE);
	check(skelctl(&acquire_command, "acquire --rate 1x") == EXIT_USAGE);
	check(skelctl(&acquire_command, "acquire --frequency0 nan") == EXIT_USAGE);
	check(skelctl(&acquire_command, "acquire --function sinus") == EXIT_USAGE);
	check(strstr(output, "'sinus' is not sine, square"));
	check(skelctl(&acquire_command, "acquire --width 10") == EXIT_USAGE);
	check(skelctl(&acquire_command, "acquire --colour no") == EXIT_USAGE);
	check(skelctl(&acquire_command, "acquire more") == EXIT_USAGE);
}

int main(void)
{
	run(info_shows_the_card);
	run(info_of_a_simple_card);
	run(info_of_a_card_that_has_stopped);
	run(info_prints_json);
	run(cmd_prints_replies);
	run(cmd_needs_no_answer_to_a_setting);
	run(queries_are_known);
	run(cmd_prints_blocks);
	run(cmd_loses_nothing_at_the_end);
	run(cmd_does_not_wait_for_ever);
	run(cmd_asks_for_errors);
	run(cmd_copies_lines);
	run(cmd_waits_for_transfers);
	run(verdicts_are_understood);
	run(acquire_measures_right);
	run(acquire_over_the_end_of_the_ring);
	run(acquire_among_other_programs);
	run(acquire_measures_by_the_true_rate);
	run(acquire_from_a_ring_in_the_middle);
	run(acquire_begins_anew_behind_lost_frames);
	run(acquire_chooses_a_rate);
	run(acquire_writes_csv);
	run(acquire_leaves_no_half_a_file);
	run(acquire_sets_functions);
	run(acquire_refused);
	run(acquire_usage);
	return unit_end();
}
