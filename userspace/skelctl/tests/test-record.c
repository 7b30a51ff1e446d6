// SPDX-License-Identifier: GPL-2.0
/*
 * test-record.c - skelctl record and plot against the fake card
 *
 * With the instrument, see ../../lab/tests/record.sh.
 */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../command.h"
#include "../skelctl.h"
#include "fake-card.h"
#include "fake-root.h"
#include "run.h"

static char content[1 << 20];
void unit_setup(void)
{
	root_make();
	fake_reset();
	setenv("SKEL_DEVICE", FAKE_PATH, 1);
}

/* What a file in the directory has; "" if there is none */
static const char *file(const char *name)
{
	FILE *file = fopen(root_path(name), "r");
	size_t n = file ? fread(content, 1, sizeof(content) - 1, file) : 0;

	content[n] = '\0';
	if (file)
		fclose(file);
	return content;
}

static bool there_is(const char *name)
{
	return access(root_path(name), F_OK) == 0;
}

/* Do all lines of a csv have what the fake card samples? Return: how many */
static long right_lines(const char *csv, double rate)
{
	const char *line = strchr(csv, '\n');
	long n = 0;

	while (line && *++line) {
		double time = 0, sine = 0, square = 0;
		long i;

		if (sscanf(line, "%lf,%lf,%lf", &time, &sine, &square) != 3)
			return -1;
		i = lround(time * rate);
		if (fabs(sine - 8 * sin(2 * M_PI * fmod(i * 50 / rate, 1))) > 0.001 ||
		    fabs(fabs(square) - 5) > 0.001)
			return -1;
		line = strchr(line, '\n');
		n++;
	}
	return n;
}

/* More than the card's memory holds, whatever the blocks are like */
TEST(record_is_longer_than_the_ring)
{
	static const int steps[] = { 100, 400, 900 };
	size_t i, streams;

	for (i = 0; i < 2 * ARRAY_SIZE(steps); i++) {
		streams = i / ARRAY_SIZE(steps);
		fake_reset();
		fake.streams = streams;
		fake.step = streams ? 900 : steps[i % ARRAY_SIZE(steps)];
		prints(0, "record -f -n 20001 @/x.csv",
		       "20001 frames, 2.0001 s; 0 lost");
		check(right_lines(file("/x.csv"), 10000) == 20001);
	}
}

TEST(record_in_time)
{
	prints(0, "record -f -r 5k -t 100ms @/x.csv");
	check(right_lines(file("/x.csv"), 5000) == 500);
	prints(0, "record -f -r 1e4 -t 0.1ms @/x.csv");
	check(strcmp(file("/x.csv"), "time/s,INP1/V,INP2/V\n0,0.000000,4.999847\n") == 0);
	prints(EXIT_USAGE, "record -t 1s -n 5 @/x.csv");
	prints(EXIT_USAGE, "record -t 1V @/x.csv");
}

TEST(lost_frames_keep_their_times)
{
	unsigned int lost = 0;
	const char *text;

	fake.lose = 777;
	fake.lose_at = 20;
	prints(EXIT_CARD, "record -f -n 6000 @/x.csv");
	text = strstr(output, " ms; ");
	check(text && sscanf(text, " ms; %u lost", &lost) == 1 && lost >= 777);
	has(" frames are lost before ");
	check(right_lines(file("/x.csv"), 10000) == 6000 - lost);
	check(strstr(content, "\n0.5999,"));
	/* the first ones: it begins behind them */
	fake.lose_at = 0;
	prints(EXIT_CARD, "record -f -n 3000 @/x.csv");
	check(right_lines(file("/x.csv"), 10000) == 3000);
	/* more often than it can be fetched */
	fake_reset();
	fake.step = 2000;
	prints(EXIT_CARD, "record -f -n 30000 @/x.csv", " lost before ");
	check(right_lines(file("/x.csv"), 10000) > 0);
	/* without end */
	fake.step = 4500;
	prints(EXIT_CARD, "record -f -n 30000 @/x.csv",
	       "faster than its samples can be fetched: take a lower --rate");
}

/* What is drawn has no gap. */
TEST(plot_begins_anew_behind_lost_frames)
{
	fake.lose = 777;
	fake.lose_at = 8;
	prints(0, "plot --no-plot", "beginning anew",
	       "measured 50.00 Hz, -8.000 V to 8.000 V");
	fake.lose = 0;
	fake.step = 2000;
	prints(EXIT_CARD, "plot --no-plot -n 10000", "take a lower --rate");
}

TEST(plot_measures_right)
{
	prints(0, "plot --ascii --width 80 --height 23",
	       "measured 50.00 Hz, -8.000 V to 8.000 V",
	       "measured 100.00 Hz, -5.000 V to 5.000 V", "100 ms");
	prints(0, "acquire --no-plot",
	       "INP1: sine 50 Hz, 8 V; measured 50.00 Hz, -8.000 V to 8.000 V");
	fake.base = 8192;
	fake.step = 500;
	prints(0, "plot --no-plot -n 2049", "measured 50.00 Hz, -8.000 V to 8.000 V");
}

/* What is measured is as it was set; says so if not. */
static bool is_right(double hertz, double volts)
{
	double f = 0, a = 0, measured = 0, low = 0, high = 0;
	const char *text = strstr(output, "INP1: sine ");

	if (text && sscanf(text, "INP1: sine %lf Hz, %lf V; measured %lf Hz, %lf V to %lf V",
			   &f, &a, &measured, &low, &high) == 5 &&
	    f == hertz && a == volts && fabs(measured - f) < f / 1000 &&
	    fabs(high - a) < a / 10 && fabs(low + a) < a / 10)
		return true;
	fputs(output, stderr);
	return false;
}

enum kind { PLAIN, OLD, STREAMS, LOCKS, KINDS };

/*
 * Whenever another program does something, the result is right or an error.
 * Return: for each moment, after the first line that is sent, the second, ...:
 * '-' an error, 'r' right.
 */
static const char *interrupt(const char *other, enum kind kind)
{
	static const char args[] =
		"plot --no-plot -n 450 --rate 100000 --frequency 1000 --amplitude 8";
	static char results[32];
	int i, n = 0;

	memset(results, 0, sizeof(results));
	/* what is refused makes no difference: some moments are enough */
	for (i = 1; i < 30; i += kind == LOCKS ? 4 : 1) {
		int status;

		fake_reset();
		fake.step = kind == STREAMS ? 900 : 200;
		fake.old = kind == OLD;
		fake.streams = kind == STREAMS;
		fake.locks = kind == LOCKS;
		fake.other = other;
		fake.other_at = i;
		status = skelctl(args);
		check(status == EXIT_CARD ||
		      (status == 0 && is_right(1000, 8)));
		results[n++] = status ? '-' : 'r';
	}
	return results;
}

TEST(plot_among_other_programs)
{
	static const char *const others[] = {
		"SAMPLE 100000", "SAMPLE 5000", "INPUT 0 1000000 8000",
		"INPUT 0 2000000 8000", "INPUT 0 1000000 4000", "STOP",
	};
	size_t i;
	int kind;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		for (kind = 0; kind < KINDS; kind++) {
			const char *results = interrupt(others[i], kind);

			/* a card that does not number its runs: no difference */
			if (i != 2 || kind != OLD)
				check(!strchr(results, '-') == (kind == LOCKS));
			check(strchr(results, 'r'));
		}
	}
}

/* What the card was sent, which other processes do not see */
static const char *heard(const char *args, int status)
{
	fake.heard = open(root_path("/heard"), O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	if (fake.heard <= 0)
		abort();
	check(skelctl(args) == status);
	close(fake.heard);
	fake.heard = 0;
	return file("/heard");
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), wanted = strlen(end);

	return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

/* By a card that can, before it is set or started, until the end of the command */
TEST(sampling_is_reserved)
{
	static const char record[] = "record -f -q -n 100 -g 1=70Hz @/r.csv";
	const char *lines, *lock;

	fake.locks = true;
	lines = heard(record, 0);
	lock = strstr(lines, "\nLOCK\n");
	check(lock && lock < strstr(lines, "\nINPUT 0 "));
	check(ends_with(lines, "\nSTOP\nUNLOCK\n"));
	fake.refuse = true;
	check(ends_with(heard("plot", EXIT_CARD), "\nUNLOCK\n"));
	fake.refuse = false;
	/* another program has it */
	fake.other = "LOCK";
	fake.other_at = 1;
	lines = heard("record -q -n 100 @/other.csv", EXIT_CARD);
	has("another program has reserved the sampling of this card: wait until it has ended",
	    "!sampling 2");
	check(ends_with(lines, "\nLOCK\n") && !there_is("/other.csv"));
	/* and a card that cannot is as it was */
	fake_reset();
	lines = heard(record, 0);
	check(strstr(lines, "\nLOCK\n") && !strstr(lines, "UNLOCK"));
}

/* The file ends with what is surely right, and the status is not 0. */
TEST(record_among_other_programs)
{
	static const char *const others[] = {
		"SAMPLE 10000", "SAMPLE 5000", "INPUT 0 99000 8000",
	};
	size_t i;
	int at;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		for (at = 30; at < 60; at += 7) {
			fake_reset();
			fake.step = 200;
			fake.other = others[i];
			fake.other_at = at;
			prints(EXIT_CARD, "record -f -n 9000 @/x.csv",
			       "another program has changed the sampling",
			       "what is there is valid");
			check(right_lines(file("/x.csv"), 10000) > 100);
		}
	}
}

/* A period of 1428.57 ns becomes one of 1430 ns. */
TEST(the_true_rate_counts)
{
	fake.tick = 10;
	fake.step = 1000;
	prints(0, "plot --no-plot --rate 700000 --frequency0 7000",
	       "at 699300.7 Hz each (700000 Hz were asked for)", "measured 7000.00 Hz");
	prints(0, "acquire --csv - --rate 700000 -n 1000", "\n0.00142857,");
	prints(0, "record -f --rate 700000 -n 1000 @/x.csv");
	check(strstr(file("/x.csv"), "\n0.00142857,"));
}

TEST(plot_chooses_a_rate)
{
	static const char * const wanted[][2] = {
		{ "plot --no-plot", " at 10000 Hz each" },
		{ "plot --no-plot --frequency 2000", " at 400000 Hz each" },
		{ "plot --no-plot --frequency1 60", " at 12000 Hz each" },
		{ "plot --no-plot --generator 2=9Hz -g 1=60Hz",
		  " at 1800 Hz each" },
		{ "plot --no-plot --frequency 500000",
		  " at 1000000 Hz each" },
		{ "plot --no-plot --frequency 0.001 -n 100",
		  " at 200 Hz each" },
		{ "plot --no-plot --rate 8kHz --frequency 2e3",
		  " at 8000 Hz each" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wanted); i++)
		prints(0, wanted[i][0], wanted[i][1]);
}

/* Found before the first sample, or kept until the last one */
TEST(record_keeps_files)
{
	struct rlimit limit, small = { 10000, 10000 };

	prints(EXIT_CARD, "record /nowhere/x", "cannot write /nowhere/x: No such file",
	       "!sampling");
	prints(EXIT_CARD, "record --force @", "!sampling");
	prints(EXIT_CARD, "record -n 10 /dev/full",
	       "/dev/full: No space left on device; make room");
	/* nothing is left of a recording that never was */
	fake.refuse = true;
	prints(EXIT_CARD, "record -n 10 @/new.csv");
	check(strstr(output, "host-address") && !there_is("/new.csv"));
	fake.refuse = false;
	prints(0, "record -n 500 @/new.csv");
	check(strstr(file("/new.csv"), "\n0.0499,"));
	prints(EXIT_CARD, "record -n 500 @/new.csv", "--force to overwrite it");
	fake.refuse = true;
	prints(EXIT_CARD, "record --force -n 10 @/new.csv");
	check(strstr(file("/new.csv"), "\n0.0499,"));
	fake.refuse = false;
	/* the disk is full in the middle of it: what is there is whole */
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	small.rlim_max = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	prints(EXIT_CARD, "record --force -n 5000 @/new.csv");
	setrlimit(RLIMIT_FSIZE, &limit);
	has("File too large", "what is there is valid");
	check(right_lines(file("/new.csv"), 10000) > 300);
}

TEST(no_room_is_known_before)
{
	prints(EXIT_CARD, "record -t 30000h -r 1M @/x.raw --force", " are needed, ",
	       " are free", "TB");
}

/* The card goes while it is recorded. */
TEST(record_until_the_card_is_gone)
{
	fake.gone_at = 40;
	prints(EXIT_CARD, "record -f -n 1M @/x.csv", "what is there is valid");
	check(right_lines(file("/x.csv"), 10000) > 100);
}

TEST(generators_are_set)
{
	prints(EXIT_CARD, "plot --no-plot --function triangle",
	       "INP1: this card has no choice of functions");
	prints(0, "plot --no-plot -g 2=200Hz,3V",
	       "measured 200.00 Hz, -3.000 V to 3.000 V");
	prints(EXIT_CARD, "plot --no-plot -g 3=1kHz", "the card has no input INP3");
}

TEST(what_the_card_cannot_do)
{
	fake.refuse = true;
	prints(EXIT_CARD, "plot", "the kernel refused it: host-address");
	fake_reset();
	fake.simple = true;
	prints(EXIT_CARD, "plot");
	check(strstr(output, "does not sample") ||
	      strstr(output, "the card answers 'ERROR unknown-command'"));
	fake_reset();
	prints(EXIT_CARD, "record --trigger INP1 -n 10 @/y.csv",
	       "leave these options out");
	prints(EXIT_CARD, "record --rate 0.5Hz -n 10 @/y.csv", "whole numbers of Hz");
	prints(EXIT_CARD, "record --rate 1M -n 10 @/y.flac",
	       "flac cannot keep this recording, its rate is a whole number of Hz up to 655350; csv and npy can");
	check(!there_is("/y.flac"));
	check(!there_is("/y.csv"));
}

TEST(usage)
{
	static const char *const wrong[][2] = {
		{ "record", "name a file" },
		{ "record a b", "record: unexpected argument 'b'" },
		{ "record @/y.xyz", "no format has this suffix" },
		{ "record --format xyz @/y", "'xyz' is none" },
		{ "record --inputs 0 @/y.csv", "the first input is 1" },
		{ "record --inputs 3-1 @/y.csv", "not a list" },
		{ "record --trigger in @/y.csv", "not an input (INP1)" },
		{ "record --slope up @/y.csv", "not positive, negative" },
		{ "record --level 5Hz @/y.csv", "--level" },
		{ "record --pretrigger 5 -n 5 @/y.csv", "as many frames as" },
		{ "record --rate 0 @/y.csv", "--rate" },
		{ "record --rate 1x @/y.csv", "--rate" },
		{ "record --generator 0=1kHz @/y.csv", "begin with an input" },
		{ "record --generator 1=5 @/y.csv", "'5' is neither" },
		{ "plot --frequency0 nan", "--frequency" },
		{ "plot --function sinus", "'sinus' is not sine, square" },
		{ "plot --width 10", "--width" },
		{ "plot --colour no", "not always, never or auto" },
		{ "plot a b", "unexpected argument 'b'" },
		{ "plot -o x.gif", "neither .png nor .svg" },
		{ "plot --follow", "go with a file" },
		{ "plot --rate 1k x.csv", "no option of sampling" },
		{ "plot -n 1", "can be drawn" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		prints(EXIT_USAGE, wrong[i][0], wrong[i][1]);
	check(!there_is("/y.csv"));
	prints(0, "record --help");
	prints(0, "acquire --help");
}

/* What was recorded can be drawn, whatever the format: the same is measured. */
TEST(recordings_are_drawn)
{
	static const char *const names[] = {
		"p.csv", "p.jsonl", "p.wav", "p.flac", "p.npy", "p.vcd",
	};
	static const char *const refused[][2] = {
		{ "p.raw", "raw has no rate" },
		{ "p.sr", "PulseView opens srzip" },
		{ "p.w64", "which voltage is full scale: record wav" },
	};
	const char *at;
	char args[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(args, sizeof(args), "record -q -n 2000 @/%s", names[i]);
		prints(0, args);
		snprintf(args, sizeof(args), "plot --no-plot @/%s", names[i]);
		prints(0, args, "=INP1; measured 50.00 Hz, -8.000 V to 8.000 V\n"
		       "INP2; measured 100.00 Hz, -5.000 V to 5.000 V\n");
		snprintf(args, sizeof(args),
			 "plot --ascii --last 50ms --height 23 --width 80 @/%s",
			 names[i]);
		prints(0, args);
		/* the axis has the times of the recording */
		has("150 ", "200 ms");
	}
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		snprintf(args, sizeof(args), "record -q -n 2000 @/%s",
			 refused[i][0]);
		prints(0, args);
		snprintf(args, sizeof(args), "plot @/%s", refused[i][0]);
		prints(EXIT_CARD, args, refused[i][1]);
	}
	prints(0, "plot --json --last 50ms @/p.wav");
	check(strncmp(output, "{\n  \"frames\": 500,\n  \"rate_hertz\": 10000,\n  \"start_seconds\": 0.15,\n", 64) == 0);
	at = strstr(output, "\"hertz\": ");
	check(at && fabs(atof(at + 9) - 50) < 0.01);
	at = strstr(output, "\"max_volts\": ");
	check(at && fabs(atof(at + 13) - 8) < 0.001);
	prints(EXIT_USAGE, "plot --json --csv -");
	/* a file that is being written: its last line is incomplete */
	prints(0, "record -f -q -n 1000 @/p.csv");
	snprintf(args, sizeof(args), "printf '0.5,1' >>%s/p.csv", root);
	check(system(args) == 0);
	prints(0, "plot --no-plot @/p.csv",
	       "INP1; measured 50.00 Hz, -8.000 V to 8.000 V\n");
	/* not one yet */
	prints(0, "record -f -q -n 1 @/p.csv");
	prints(EXIT_CARD, "plot @/p.csv", "p.csv: it has less than two frames");
	prints(EXIT_CARD, "plot @/none.csv", "none.csv: No such file");
}

/* A program that is found as gnuplot; its first run is with --version. */
static void play_gnuplot(const char *script)
{
	FILE *file = fopen(root_path("/gnuplot"), "w");

	if (!file || fprintf(file, "#!/bin/sh\n[ $1 = - ] || exit 0\n%s\n", script) < 0 ||
	    fchmod(fileno(file), 0755) || fclose(file))
		abort();
}

/* One that is there stays, and no empty file is left. */
TEST(a_picture_that_fails_leaves_nothing)
{
	static const struct {
		const char *gnuplot, *says;
		bool refuse;
	} faults[] = {
		{ "exit 1", "gnuplot: Input/output error", false },
		{ "echo half; exit 1", "gnuplot: Input/output error", false },
		{ "cat >/dev/null", "gnuplot has drawn nothing", false },
		{ "echo whole", "host-address", true },
	};
	char *path = strdup(getenv("PATH")), changed[4096];
	size_t i;

	snprintf(changed, sizeof(changed), "%s:%s", root, path);
	setenv("PATH", changed, 1);
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		fake_reset();
		play_gnuplot("echo before");
		prints(0, "plot -n 100 -o @/old.png");
		play_gnuplot(faults[i].gnuplot);
		fake.refuse = faults[i].refuse;
		prints(EXIT_CARD, "plot -n 100 -o @/new.png", faults[i].says);
		prints(EXIT_CARD, "plot -n 100 -o @/old.png", faults[i].says);
		check(!there_is("/new.png"));
		check(strcmp(file("/old.png"), "before\n") == 0);
	}
	fake_reset();
	play_gnuplot("echo whole");
	prints(EXIT_CARD, "plot none.csv -o @/new.png", "none.csv: No such file");
	prints(EXIT_CARD, "plot -n 100 --csv /nowhere/x -o @/new.png", "cannot write");
	check(!there_is("/new.png"));
	prints(0, "plot -n 100 -o @/old.png");
	check(strcmp(file("/old.png"), "whole\n") == 0);
	root_link("/full.png", "/dev/full");
	prints(EXIT_CARD, "plot -n 100 -o @/full.png", "full.png: No space left");
	check(access("/dev/full", F_OK) == 0 && there_is("/full.png"));
	setenv("PATH", path, 1);
	free(path);
}

/* Numbers that no recording has: they are refused, or missing. */
TEST(strange_files_end)
{
	static const char *const lines[][2] = {
		{ "0,1\\n1,2\\nnan,3\\nnan,4\\n", " s\n" },
		{ "1e17,1\\n100000000000000016,2\\n100000000000000032,3\\n", " s\n" },
		{ "8e15,1\\n8000000000000001,2\\n8000000000000002,3\\n", " s\n" },
		{ "0,1\\n1e-310,2\\n2e-310,3\\n", "told apart" },
		{ "0,1\\n1,inf\\n2,3\\n", "1.000 V to 3.000 V" },
		{ "0,1e308\\n1,-1e308\\n2,3\\n", "3.000 V to 3.000 V" },
		{ "0,-inf\\n1,-inf\\n2,-inf\\n", "nan V" },
	};
	char args[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		snprintf(args, sizeof(args), "printf 'time/s,INP1/V\\n%s' >%s/q.csv",
			 lines[i][0], root);
		check(system(args) == 0);
		check(skelctl("plot --width 1000 @/q.csv") ==
		      (strstr(lines[i][1], "told") ? EXIT_CARD : 0));
		has(lines[i][1]);
	}
}

/*
 * Nothing is lost of 100 MB on the way to a file in memory. How fast that is
 * depends on the machine; 100 MB/s are usual.
 */
TEST(record_is_fast)
{
	char path[64];
	const uint32_t count = 25000000;
	static uint32_t block[65536];
	struct timespec begin, end;
	uint32_t next = 0;
	char args[128];
	double speed;
	FILE *file;
	size_t n, i;

	if (access("/dev/shm", W_OK)) {
		unit_skip("no /dev/shm");
		return;
	}
	fake_reset();
	fake.fast = true;
	fake.streams = true;
	snprintf(path, sizeof(path), "/dev/shm/skel-test-%d.raw", getpid());
	snprintf(args, sizeof(args), "record -f -q -r 10M -n %u %s", count, path);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	prints(0, args);
	clock_gettime(CLOCK_MONOTONIC, &end);
	speed = 4e-6 * count / (end.tv_sec - begin.tv_sec +
				(end.tv_nsec - begin.tv_nsec) / 1e9);
	printf("# %.0f MB/s\n", speed);
	check(speed > 10);
	has("25000000 frames, 2.5 s; 0 lost");
	file = fopen(path, "r");
	while (file && (n = fread(block, 4, ARRAY_SIZE(block), file))) {
		for (i = 0; i < n && block[i] == next; i++)
			next++;
		if (i < n)
			break;
	}
	check(next == count);
	if (file)
		fclose(file);
	unlink(path);
}
