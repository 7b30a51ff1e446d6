// SPDX-License-Identifier: GPL-2.0
/*
 * test-skelctl.c - the commands of skelctl against the fake card
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../command.h"
#include "../scpi.h"
#include "../skelctl.h"
#include "../talk.h"
#include "fake-card.h"
#include "run.h"

void unit_setup(void)
{
	fake_reset();
	setenv("SKEL_DEVICE", FAKE_PATH, 1);
}

TEST(info_shows_the_card)
{
	prints(0, "info", "skel,fake,0,1", "3 of 32", "0xfffffff (28 bits)", "16 KiB",
	       "\nINP2         16      +-10 V  square, 100 Hz, 5 V\n",
	       "largest buffer 8 GiB\n");
	prints(0, "info --help");
	prints(EXIT_USAGE, "info more");
}

TEST(info_says_who_enforces)
{
	prints(0, "info", "grants         enforced: the kernel copies",
	       "buffers        in pieces of memory\n");
	prints(0, "info --json",
	       "\"enforced_by\": \"kernel\",\n  \"segments\": 0,\n  \"buffer_max\": 8589934592,");
	fake.dma = true;
	prints(0, "info", "grants         enforced by an IOMMU\n");
	fake.unguarded = true;
	prints(0, "info",
	       "grants         not enforced: the card can reach all memory; see skelctl doctor\n",
	       "buffers        in one piece of memory\nlargest buffer 4 MiB\n");
	prints(0, "info --json", "\"enforced_by\": \"nobody\",\n  \"segments\": 1,");
}

TEST(info_of_a_simple_card)
{
	fake.simple = true;
	prints(0, "info", "skel,fake,0,1", "!generator", "!ERROR");
}

/* What is not known is not passed over in silence. */
TEST(info_of_a_card_that_has_stopped)
{
	fake.silent = true;
	prints(EXIT_SILENT, "info", "identity       not known", "3 of 32",
	       "no answer to '*IDN?' in 1000 ms", "!INP1");
	prints(EXIT_SILENT, "info --json", "\"answers\": false", "\"identity\": null");
	/* the driver of a played card, some time after its program has stopped */
	fake_reset();
	fake.stopped = true;
	prints(EXIT_SILENT, "info", "identity       not known", "no answer to '*IDN?'");
	prints(EXIT_SILENT, "cmd *IDN?", "=ERROR timeout\n");
	/* one that is only silent about what it does not know */
	fake_reset();
	fake.scpi = true;
	fake.terse = true;
	prints(0, "info");
	fake_reset();
	fake.unplug = true;
	prints(EXIT_NO_CARD, "info", "the card of this device is gone");
	fake_reset();
	fake.unplug_at = 2;
	prints(EXIT_NO_CARD, "info", "the card is gone: it was unplugged");
	fake_reset();
	fake.unplug_at = 4;
	prints(EXIT_NO_CARD, "cmd *IDN? *IDN?", "the card is gone: it was unplugged");
}

TEST(info_prints_json)
{
	prints(0, "info --json");
	check(output[0] == '{');
	has("\"identity\": \"skel,fake,0,1\"", "\"dma_mask\": 268435455,",
	       "\"length\": 16384,", "\"name\": \"INP2\",",
	       "\"shape\": \"square\",\n      \"hertz\": 100,",
	       "\"replies_lost\": 0\n  }\n}\n");
}

TEST(cmd_prints_replies)
{
	prints(0, "cmd *IDN? STOP", "=skel,fake,0,1\nOK STOP\n");
	prints(EXIT_CARD, "cmd NONSENSE STOP", "=ERROR unknown-command\nOK STOP\n");
	prints(EXIT_USAGE, "cmd");
	prints(EXIT_USAGE, "cmd --timeout x STOP");
}

TEST(cmd_does_not_wait_for_ever)
{
	fake.silent = true;
	prints(EXIT_SILENT, "cmd --timeout 20 STOP", "no reply in 20 ms");
	prints(0, "cmd --replies 0 STOP");
}

/* Those without one, too: the end mark behind them comes back. */
TEST(cmd_needs_no_answer_to_a_setting)
{
	fake.terse = true;
	prints(0, "cmd --timeout 500 NOTHING *IDN? NOTHING", "=skel,fake,0,1\n");
	prints(EXIT_SILENT, "cmd --timeout 200 NOTHING?",
	       "'NOTHING?': no reply in 200 ms");
	/* a card without marks */
	fake.simple = true;
	prints(0, "cmd *IDN? *IDN?", "=skel,fake,0,1\nskel,fake,0,1\n");
}

TEST(queries_are_known)
{
	check(talk_is_query("*IDN?") && talk_is_query("SWEep:POINts? MAX"));
	check(talk_is_query("A \"x\";B?") && talk_is_query("A 'it''s';B?"));
	check(!talk_is_query("") && !talk_is_query("STOP"));
	check(!talk_is_query("PROG:DEF \"A\",\"PRINT 'why?'\""));
	check(!talk_is_query("A 'why?'"));
	/* blocks */
	check(!talk_is_query("A #13b?c") && talk_is_query("A #13b?c;B?"));
	check(!talk_is_query("A #19b?c") && !talk_is_query("A #212b?cdefghijkl"));
	check(talk_is_query("A #H1F;B?") && talk_is_query("A #0b?"));
	check(talk_is_query("A #3b?") && !talk_is_query("A #"));
}

/* By the length in its header: newlines in it do not cut it. */
TEST(cmd_prints_blocks)
{
	prints(0, "cmd BLOCK? *IDN?", "=#15a\nb\n\n,1\nskel,fake,0,1\n");
}

/* A setting has no answer: its success and its error are in the queue. */
TEST(cmd_asks_for_errors)
{
	fake.scpi = true;
	prints(0, "cmd 'INPut1:FUNCtion TRIangle' *IDN?", "=skel,fake,0,1\n");
	prints(EXIT_CARD, "cmd 'INPut1:FUNCtion DC' 'INPut1:FUNCtion DC' *IDN? 'INPut1:FUNCtion TRIangle'",
	       "'INPut1:FUNCtion DC': -224,\"Illegal; \"\"it\"\" is\"\n",
	       "\nskel,fake,0,1\n", "!TRIangle", "!No error");
	/* what a program prints later */
	prints(0, "cmd GO", "=gone\n");
	prints(0, "cmd 'GO QUIETLY'");
	check(!*output);
	/* with a number of replies the queue is asked after silence only */
	prints(EXIT_SILENT, "cmd --replies 1 *IDN? 'INPut1:FUNCtion DC'",
	       "no reply in 1000 ms", "the card's error queue says -224,");
}

static int cmd_stdin(const char *args, const char *lines)
{
	return skelctl_reads(args, lines, strlen(lines));
}

TEST(cmd_loses_nothing_at_the_end)
{
	check(cmd_stdin("cmd -n 0 -t 200 -", "SLOWLY?\nSLOWLY?") == 0);
	has("=at last\nat last\n");
	check(cmd_stdin("cmd -", "SLOWLY?\nSLOWLY?") == 0);
	has("=at last\nat last\n");
	/* neither does what comes next save an error before */
	check(cmd_stdin("cmd -", "NONSENSE\n*IDN?\n") == EXIT_CARD);
	check(cmd_stdin("cmd -", "") == 0);
	fake.silent = true;
	check(cmd_stdin("cmd -t 20 -", "*IDN?\n*IDN?\n") == EXIT_SILENT);
	has("no reply in 20 ms");
}

/* What the card says late to skelctl's own question is not what the user asked. */
TEST(cmd_of_a_card_that_is_slow_at_first)
{
	int scpi;

	for (scpi = 0; scpi < 2; scpi++) {
		fake_reset();
		fake.scpi = scpi;
		fake.late_start = true;
		prints(0, "cmd --timeout 300 *IDN?", "=skel,fake,0,1\n");
		fake_reset();
		fake.scpi = scpi;
		fake.late_start = true;
		prints(EXIT_CARD, "cmd --timeout 300 BAD");
		check(strstr(output, scpi ? "'BAD': -224," :
			     "ERROR unknown-command"));
	}
}

/* Lines that cannot be sent: of arguments, none is. */
TEST(cmd_refuses_lines)
{
	static const char file[] = "STOP\0STOP\n*IDN?\r\nSTOP\r\n";
	char x[1025], args[1100];

	memset(x, 'x', 1024);
	x[1024] = '\0';
	prints(EXIT_USAGE, "cmd *IDN? 'STOP\nSTOP'",
	       "=test-skelctl: cmd: 'STOP?STOP' has a newline in it: give each line as an argument of its own, or all of them by '-'; nothing was sent\n");
	snprintf(args, sizeof(args), "cmd %s", x + 1);
	prints(EXIT_CARD, args, "=ERROR unknown-command\n");
	snprintf(args, sizeof(args), "cmd *IDN? %s", x);
	prints(EXIT_USAGE, args, "is longer than the 1023 bytes", "nothing was sent");
	/* the others of a file are; from Windows, too */
	check(skelctl_reads("cmd -", file, sizeof(file) - 1) == EXIT_CARD);
	has("'STOP' has a NUL byte in it; not sent\n", "skel,fake,0,1\nOK STOP\n");
}

static int with_closed(void *data)
{
	const int *fd = data;
	char program[] = "skelctl", cmd[] = "cmd", idn[] = "*IDN?", dash[] = "-";
	char *argv[] = { program, cmd, *fd ? idn : dash, NULL };

	choose_card(FAKE_PATH);
	close(*fd);
	return skelctl_main(3, argv);
}

/* Else the card would be in their places: its answers would be its commands. */
TEST(standard_files_may_be_closed)
{
	int in = STDIN_FILENO, out = STDOUT_FILENO;

	check(unit_catch(with_closed, &in, output, sizeof(output)) == EXIT_CARD);
	has("standard input: Bad file descriptor");
	check(unit_catch(with_closed, &out, output, sizeof(output)) == EXIT_CARD);
	has("standard output: Bad file descriptor");
}

TEST(what_cannot_be_printed_is_an_error)
{
	static const char *const all[] = {
		"--help", "--version", "help plot", "record --help", "info --version",
		"complete ''", "list", "list --json", "monitor --count 1", "info",
		"info --json", "cmd *IDN?", "plot --no-plot", "plot --csv -",
		"record -", "pages", "doctor", "doctor --json", "selftest",
	};
	size_t i;

	run_into = "/dev/full";
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		fake_reset();
		fake.channels = 2;
		prints(EXIT_CARD, all[i], "standard output: ");
	}
	/* in more pieces than one */
	fake_reset();
	prints(EXIT_CARD, "plot -n 100000 --csv -", "standard output: ");
	run_into = NULL;
}

TEST(cmd_copies_lines)
{
	const char *first;

	check(cmd_stdin("cmd -", "*IDN?\nSTOP\n") == 0);
	has("=skel,fake,0,1\nOK STOP\n");
	check(cmd_stdin("cmd -", "NONSENSE\nSTOP\n") == EXIT_CARD);
	fake.scpi = true;
	check(cmd_stdin("cmd -", "INPut1:FUNCtion TRIangle\n*IDN?\n") == 0);
	has("=skel,fake,0,1\n");
	check(cmd_stdin("cmd -", "*IDN?\nBAD\nBAD\n") == EXIT_CARD);
	first = strstr(output, "'BAD': -224,");
	check(first && strstr(first + 1, "'BAD': -224,"));
	/* both errors of the first line belong to it */
	prints(EXIT_CARD, "cmd TWICE *IDN?");
	first = strstr(output, "'TWICE': -224,");
	check(first && strstr(first + 1, "'TWICE': -224,"));
	has("!'*IDN?'");
	check(cmd_stdin("cmd -", "BAD\nINPut1:FUNCtion TRIangle\n") == EXIT_CARD);
}

/* The core refuses what the card asks for: with a card of either language */
TEST(cmd_waits_for_transfers)
{
	int scpi;

	for (scpi = 0; scpi < 2; scpi++) {
		fake.scpi = scpi;
		fake.slow = scpi;
		prints(EXIT_CARD, "cmd 'TOHOST 0x0 0x10 0x100000000'",
		       "=skel: REFUSED TOHOST 0x0 0x10 0x100000000 host-address\n");
	}
	/* also behind an error of another line */
	prints(EXIT_CARD, "cmd BAD 'TOHOST 0x0 0x10 0x100000000'", "'BAD': -224,",
	       "skel: REFUSED");
}

TEST(verdicts_are_understood)
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
