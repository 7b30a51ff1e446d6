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
	check(strstr(output, "\nINP2         16      +-10 V  square, 100 Hz, 5 V\n"));
	check(strstr(output, "largest buffer 8 GiB\n"));
	check(skelctl(&info_command, "info --help") == 0);
	check(skelctl(&info_command, "info more") == EXIT_USAGE);
}

static void info_says_who_enforces(void)
{
	fake_reset();
	check(skelctl(&info_command, "info") == 0);
	check(strstr(output, "grants         enforced: the kernel copies"));
	check(strstr(output, "buffers        in pieces of memory\n"));
	check(skelctl(&info_command, "info --json") == 0);
	check(strstr(output, "\"enforced_by\": \"kernel\",\n  \"segments\": 0,\n  \"buffer_max\": 8589934592,"));
	fake.dma = true;
	check(skelctl(&info_command, "info") == 0);
	check(strstr(output, "grants         enforced by an IOMMU\n"));
	fake.unguarded = true;
	check(skelctl(&info_command, "info") == 0);
	check(strstr(output, "grants         not enforced: the card can reach all memory; see skelctl doctor\n"));
	check(strstr(output, "buffers        in one piece of memory\nlargest buffer 4 MiB\n"));
	check(skelctl(&info_command, "info --json") == 0);
	check(strstr(output, "\"enforced_by\": \"nobody\",\n  \"segments\": 1,"));
}

static void info_of_a_simple_card(void)
{
	fake_reset();
	fake.simple = true;
	check(skelctl(&info_command, "info") == 0);
	check(strstr(output, "skel,fake,0,1"));
	check(!strstr(output, "generator"));
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
	check(!strstr(output, "INP1"));
	check(skelctl(&info_command, "info --json") == EXIT_SILENT);
	check(strstr(output, "\"answers\": false"));
	check(strstr(output, "\"identity\": null"));
	/* the driver of a played card, some time after its program has stopped */
	fake_reset();
	fake.stopped = true;
	check(skelctl(&info_command, "info") == EXIT_SILENT);
	check(strstr(output, "identity       not known"));
	check(strstr(output, "no answer to '*IDN?'"));
	check(skelctl(&cmd_command, "cmd *IDN?") == EXIT_SILENT);
	check(strcmp(output, "ERROR timeout\n") == 0);
	/* one that is only silent about what it does not know */
	fake_reset();
	fake.scpi = true;
	fake.terse = true;
	check(skelctl(&info_command, "info") == 0);
	fake_reset();
	fake.unplug = true;
	check(skelctl(&info_command, "info") == EXIT_NO_CARD);
	check(strstr(output, "the card of this device is gone"));
	fake_reset();
	fake.unplug_at = 2;
	check(skelctl(&info_command, "info") == EXIT_NO_CARD);
	check(strstr(output, "the card is gone: it was unplugged"));
	fake_reset();
	fake.unplug_at = 4;
	check(skelctl(&cmd_command, "cmd *IDN? *IDN?") == EXIT_NO_CARD);
	check(strstr(output, "the card is gone: it was unplugged"));
}

static void info_prints_json(void)
{
	fake_reset();
	check(skelctl(&info_command, "info --json") == 0);
	check(output[0] == '{');
	check(strstr(output, "\"identity\": \"skel,fake,0,1\""));
	check(strstr(output, "\"dma_mask\": 268435455,"));
	check(strstr(output, "\"length\": 16384,"));
	check(strstr(output, "\"name\": \"INP2\","));
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
	check(skelctl(&cmd_command, "cmd --timeout 200 NOTHING?") == EXIT_SILENT);
	check(strstr(output, "'NOTHING?': no reply in 200 ms"));
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
	/* blocks */
	check(!talk_is_query("A #13b?c") && talk_is_query("A #13b?c;B?"));
	check(!talk_is_query("A #19b?c") && !talk_is_query("A #212b?cdefghijkl"));
	check(talk_is_query("A #H1F;B?") && talk_is_query("A #0b?"));
	check(talk_is_query("A #3b?") && !talk_is_query("A #"));
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

/* What the card says late to skelctl's own question is not what the user asked. */
static void cmd_of_a_card_that_is_slow_at_first(void)
{
	int scpi;

	for (scpi = 0; scpi < 2; scpi++) {
		fake_reset();
		fake.scpi = scpi;
		fake.late_start = true;
		check(skelctl(&cmd_command, "cmd --timeout 300 *IDN?") == 0);
		check(strcmp(output, "skel,fake,0,1\n") == 0);
		fake_reset();
		fake.scpi = scpi;
		fake.late_start = true;
		check(skelctl(&cmd_command, "cmd --timeout 300 BAD") == EXIT_CARD);
		check(strstr(output, scpi ? "'BAD': -224," :
			     "ERROR unknown-command"));
	}
}

/* Lines that cannot be sent: of arguments, none is. */
static void cmd_refuses_lines(void)
{
	char cmd[] = "cmd", idn[] = "*IDN?", two[] = "STOP\nSTOP", longest[1024];
	char longer[1025];
	struct call two_call = { &cmd_command, { cmd, idn, two } };
	struct call longest_call = { &cmd_command, { cmd, longest } };
	struct call longer_call = { &cmd_command, { cmd, idn, longer } };
	FILE *file = tmpfile();
	int keep = dup(STDIN_FILENO);

	fake_reset();
	check(unit_catch(call_it, &two_call, output, sizeof(output)) ==
	      EXIT_USAGE);
	check(strcmp(output, "test-skelctl: cmd: 'STOP?STOP' has a newline in it: give each line as an argument of its own, or all of them by '-'; nothing was sent\n") ==
	      0);
	memset(longer, 'x', sizeof(longer));
	memset(longest, 'x', sizeof(longest));
	longest[1023] = '\0';
	longer[1024] = '\0';
	check(unit_catch(call_it, &longest_call, output, sizeof(output)) ==
	      EXIT_CARD);
	check(strcmp(output, "ERROR unknown-command\n") == 0);
	check(unit_catch(call_it, &longer_call, output, sizeof(output)) ==
	      EXIT_USAGE);
	check(strstr(output, "is longer than the 1023 bytes") &&
	      strstr(output, "nothing was sent"));
	/* the others of a file are; from Windows, too */
	fwrite("STOP\0STOP\n*IDN?\r\nSTOP\r\n", 1, 24, file);
	rewind(file);
	dup2(fileno(file), STDIN_FILENO);
	check(skelctl(&cmd_command, "cmd -") == EXIT_CARD);
	dup2(keep, STDIN_FILENO);
	close(keep);
	fclose(file);
	check(strstr(output, "'STOP' has a NUL byte in it; not sent\n"));
	check(strstr(output, "skel,fake,0,1\nOK STOP\n"));
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
static void standard_files_may_be_closed(void)
{
	int in = STDIN_FILENO, out = STDOUT_FILENO;

	fake_reset();
	check(unit_catch(with_closed, &in, output, sizeof(output)) == EXIT_CARD);
	check(strstr(output, "standard input: Bad file descriptor"));
	check(unit_catch(with_closed, &out, output, sizeof(output)) == EXIT_CARD);
	check(strstr(output, "standard output: Bad file descriptor"));
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

int main(void)
{
	run(info_shows_the_card);
	run(info_says_who_enforces);
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
	run(cmd_of_a_card_that_is_slow_at_first);
	run(cmd_refuses_lines);
	run(standard_files_may_be_closed);
	run(cmd_copies_lines);
	run(cmd_waits_for_transfers);
	run(verdicts_are_understood);
	return unit_end();
}
