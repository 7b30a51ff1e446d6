// SPDX-License-Identifier: GPL-2.0
/*
 * test-program-run.c - timing of uploaded commands: waits, several in parallel,
 * the watchdog, transfers, and runs whose user goes away
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/skel.h>

#include "tests/test-program.h"
#include "unit.h"

#define US	1000	/* ns */
#define MS	1000000
/* Fetch a function and one or two arguments, and call it: sample(1) */
#define CALL1	(3 * US)
#define CALL2	(4 * US)

#define prints(text, lines) check(program_test_prints(text, lines))
#define A_LOOP	9	/* instructions of text_a */

/* Time between the first two events of P */
static lab_time between(const char *text)
{
	program_log.count = 0;
	program_test_run(text);
	check(program_log.count >= 2);
	return program_log.event[1].when - program_log.event[0].when;
}

PROGRAM_TEST(instructions_take_1_us)
{
	lab_time start;

	start = strtod(say(0, "SYST:TIME?"), NULL) * LAB_SECOND + 0.5;
	/* the next line runs after the command time of 1 ms */
	program_test_run("output(1, 0)");
	check(program_log.event[0].when == start + 1 * MS + CALL2);
	check(between("line(9, 0) line(9, 1)") == CALL2);
	/* what is not visible runs ahead, but takes its time */
	check(between("sample(1) for i = 1, 1000 do end sample(1)") ==
	      CALL1 + (4 + 1000) * US);
	/* so does what is done in C */
	check(between("local s = ('x'):rep(65536) sample(1) write(0, s) sample(1)") ==
	      2 * CALL1 + (1 + 16) * US);
	check(between("local s = ('x'):rep(999) sample(1) s:find('a-b') sample(1)") ==
	      2 * CALL1 + (4 * 1000 * 1000 / 100) * US);
	prints("local a = time() local b = time() reply('%.0f', (b - a) * 1e9)",
	       "2000\n");
}

PROGRAM_TEST(waits_are_exact)
{
	const lab_time rest = 3 * US + CALL1;	/* of the call of wait() */

	check(between("sample(1) wait(0.01) sample(1)") == rest + 10 * MS);
	check(between("sample(1) wait(2) sample(1)") == rest + 2000 * MS);
	check(between("sample(1) wait(1.5e-6) sample(1)") == rest + 1500);
	check(between("sample(1) wait(3600) sample(1)") ==
	      rest + 3600 * LAB_SECOND);
	/* shorter than an instruction */
	check(between("sample(1) wait(9e-7) sample(1)") == rest);
	/* steps that do not add up */
	check(between("local t = time() for i = 1, 2 do\n"
		      "wait_until(t + i / 100) sample(1) end") == 10 * MS);
	check(between("sample(1) wait_until(0) sample(1)") == rest);
}

static const char text_a[] =
	"for i = 1, 50 do output(1, i / 10) local x = i * i wait(i * 1e-6) end";
static const char text_b[] =
	"for i = 1, 30 do output(2, i / 10) for j = 1, i do end wait(7e-6) end";

static void define_both(void)
{
	char error[PROGRAM_ERROR_MAX];

	check(!program_define(rig.lab, "a", 1, text_a, strlen(text_a), error));
	check(!program_define(rig.lab, "b", 1, text_b, strlen(text_b), error));
}

/* Events after the first one of this output, in time since then */
static unsigned int pick(const struct program_log *log, unsigned int place,
			 struct program_event *picked)
{
	unsigned int i, count = 0;

	for (i = 0; i < log->count; i++) {
		if (log->event[i].place != place)
			continue;
		picked[count] = log->event[i];
		picked[count].when -= count ? picked[0].when : 0;
		count++;
	}
	picked[0].when = 0;
	return count;
}

static bool same(const struct program_event *a, const struct program_event *b,
		 unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (a[i].when != b[i].when || a[i].value != b[i].value)
			return false;
	}
	return true;
}

/* Each runs as if it were alone, in the order of time. */
PROGRAM_TEST(two_at_once)
{
	static struct program_log alone_a, alone_b, both;
	static struct program_event x[LOG_MAX], y[LOG_MAX];
	unsigned int i;

	define_both();
	say(0, "a;*WAI");
	alone_a = program_log;
	program_log.count = 0;
	say(0, "b;*WAI");
	alone_b = program_log;
	program_log.count = 0;
	say(0, "a;b;*WAI");
	both = program_log;
	check(both.count == 80);
	for (i = 1; i < both.count; i++)
		check(both.event[i - 1].when <= both.event[i].when);
	check(pick(&both, 0, x) == 50 && pick(&alone_a, 0, y) == 50);
	check(same(x, y, 50));
	for (i = 1; i < 50; i++)
		check(x[i].when - x[i - 1].when == (A_LOOP + i) * US);
	check(pick(&both, 1, x) == 30 && pick(&alone_b, 1, y) == 30);
	check(same(x, y, 30));
	/* they alternate */
	check(both.event[0].place == 0 && both.event[1].place == 1);
	check(both.event[2].place == 0);
	/* and do so again */
	program_log.count = 0;
	say(0, "a;b;*WAI");
	for (i = 0; i < 80; i++) {
		check(program_log.event[i].place == both.event[i].place);
		check(program_log.event[i].when - program_log.event[0].when ==
		      both.event[i].when - both.event[0].when);
	}
}

/* --- transfers ------------------------------------------------------------ */

static bool is_transfer(unsigned int n, enum lab_dir dir, uint64_t card,
			uint64_t length, uint64_t host)
{
	const struct lab_transfer *t = &program_log.transfer[n];

	return n < program_log.transfers && t->channel == 0 && t->dir == dir &&
	       t->card_addr == card && t->length == length &&
	       t->host_addr == host && !t->granted && t->done;
}

/* Whatever a program asks for reaches the card bit by bit. */
PROGRAM_TEST(hostile_requests)
{
	static const uint64_t evil[] = {
		0, 1, 4095, 65536, 0x7fffffffffffffff, 0x8000000000000000,
		0x8000000000000001, 0xffffffffffffffff, 0xffffffff00000001,
		0x123456789abcdef1, 9007199254740993, 0x100000000,
	};
	unsigned int i;
	char text[512];

	for (i = 0; i < SCPI_ARRAY_SIZE(evil); i++) {
		unsigned long long a = evil[i], b = ~evil[i], c = evil[i] ^ 0x55;

		program_log.transfers = 0;
		snprintf(text, sizeof(text),
			 "tohost(0x%llx, 0x%llx, 0x%llx)\n"
			 "fromhost(0x%llx, 0x%llx, 0x%llx)\n"
			 "local x = 0x%llx start_fromhost(x + 1, x - 1, x * 3)\n"
			 "start_tohost(-x, ~x, x ~ 1)",
			 a, b, c, b, c, a, a);
		check(strstr(program_test_run(text), "skel: REFUSED"));
		check(program_log.transfers == 4);
		check(is_transfer(0, LAB_TOHOST, a, b, c));
		check(is_transfer(1, LAB_FROMHOST, b, c, a));
		check(is_transfer(2, LAB_FROMHOST, a + 1, a - 1, a * 3));
		check(is_transfer(3, LAB_TOHOST, -a, ~a, a ^ 1));
	}
	check(fake_card_granted(rig.fake) == 0);
}

/* Without those that the core sends */
static const char *own_lines(const char *replies)
{
	static char own[1024];
	char *to = own;

	while (*replies) {
		size_t length = strcspn(replies, "\n") + 1;

		if (strncmp(replies, SKEL_CORE_MARK, strlen(SKEL_CORE_MARK)))
			to = mempcpy(to, replies, length);
		replies += length;
	}
	*to = '\0';
	return own;
}

PROGRAM_TEST(results_of_transfers)
{
	char text[512];
	uint8_t *bytes;
	uint64_t host;

	host = fake_card_buffer(rig.fake, 0, 4096, 0x5a, &bytes);
	snprintf(text, sizeof(text),
		 "print(fromhost(16, 4, 0x%llx)) print(read(16, 4))\n"
		 "write(16, '\\4\\3\\2\\1') print(tohost(16, 4, 0x%llx))\n"
		 "print(tohost(0, 4, 0)) print(tohost(0, 0, 0x%llx))\n"
		 "start_tohost(0, 4, 0x%llx) print(join()) print(pending())",
		 (unsigned long long)host, (unsigned long long)host + 8,
		 (unsigned long long)host, (unsigned long long)host);
	check(strcmp(own_lines(program_test_run(text)),
		     "true\t0\nZZZZ\ntrue\t0\nfalse\t-14\nfalse\t-22\n"
		     "2\t0\n0\n") == 0);
	check(memcmp(bytes + 8, "\4\3\2\1", 4) == 0);
}

/* The test holds the requests, and answers them as it likes. */
static void answer(unsigned int n, int error)
{
	program_log.transfer[n].done(program_log.transfer[n].arg, error);
}

static void define_and_start(const char *text)
{
	char error[PROGRAM_ERROR_MAX];

	program_log.hold = true;
	check(!program_test_define(text, error));
	say(0, "PROG:RUN p");
	say(0, "SYST:TIME:ADV 1");
}

PROGRAM_TEST(many_in_flight)
{
	define_and_start("for i = 1, 70 do start_tohost(i, 1, i) end\n"
			 "print(pending()) print(join()) print(pending())");
	check(program_log.transfers == 64);
	asks(0, "PROG:STAT? p", "WAIT");
	/* one ends: another one begins */
	answer(10, -EFAULT);
	say(0, "SYST:TIME:ADV 1");
	check(program_log.transfers == 65);
	check(is_transfer(64, LAB_TOHOST, 65, 1, 65));
	answer(0, 0);
	answer(63, -EPERM);
	answer(1, 0);
	answer(2, 0);
	say(0, "SYST:TIME:ADV 1");
	check(program_log.transfers == 69);
	answer(64, -EIO);
	asks(0, "SYST:TIME:ADV 1", "64");
	check(program_log.transfers == 70);
	asks(0, "PROG:STAT? p", "WAIT");
	while (program_log.transfers > 3) {
		unsigned int n = --program_log.transfers;

		if (n == 10 || n == 63 || n == 64)
			continue;
		check(strcmp(say(0, "SYST:TIME:ADV 1 ms"), "") == 0);
		answer(n, n == 3 ? -ECANCELED : 0);
	}
	asks(0, "SYST:TIME:ADV 1", "4\t-125\n0");
	asks(0, "PROG:STAT? p", "STOP");
}

PROGRAM_TEST(transfers_that_are_waited_for)
{
	define_and_start("start_tohost(1, 1, 1) print(tohost(2, 2, 2))\n"
			 "print(pending()) line(9, 1)");
	check(program_log.transfers == 2);
	/* the end of another one is not enough */
	answer(0, -EIO);
	say(0, "SYST:TIME:ADV 1");
	check(program_log.count == 0);
	say(0, "SYST:TIME:ADV 1");
	answer(1, 0);
	asks(0, "SYST:TIME:ADV 1", "true\t0\n0");
	check(program_log.count == 1);
	/* a request that cannot be made does not stop it */
	program_log.transfer_error = -ENOMEM;
	prints("print(tohost(1, 1, 1)) start_tohost(1, 1, 1) print(join())",
	       "false\t-12\n2\t-12\n");
}

PROGRAM_TEST(end_waits_for_transfers)
{
	define_and_start("start_tohost(1, 1, 1) start_tohost(2, 2, 2)");
	asks(0, "PROG:STAT? p", "WAIT");
	check(session_find(rig.lab, 0)->operations == 1);
	refuses(0, "PROG:RUN p", SCPI_ERR_PROGRAM_RUNNING);
	answer(1, 0);
	asks(0, "PROG:STAT? p", "WAIT");
	answer(0, 0);
	asks(0, "PROG:STAT? p", "STOP");
	check(session_find(rig.lab, 0)->operations == 0);
	/* after an error, too */
	program_log.transfers = 0;
	define_and_start("start_tohost(1, 1, 1) x = 1 // 0");
	asks(0, "PROG:STAT? p", "WAIT");
	answer(0, 0);
	asks(0, "PROG:STAT? p", "ERROR,\"line 1: attempt to divide by zero\"");
}

PROGRAM_TEST(stop_while_in_flight)
{
	define_and_start("start_tohost(1, 1, 1) tohost(2, 2, 2) print(1)");
	say(0, "PROG:STOP p");
	asks(0, "PROG:STAT? p", "WAIT");
	/* again: nothing more happens */
	say(0, "PROG:STOP p");
	answer(0, 0);
	asks(0, "PROG:STAT? p", "WAIT");
	answer(1, 0);
	asks(0, "PROG:STAT? p", "STOP");
	check(program_log.forgotten == 0);
	/* *OPC? waits for it */
	program_log.transfers = 0;
	define_and_start("tohost(1, 1, 1)");
	check(strcmp(say(0, "PROG:STOP p;*OPC?"), "") == 0);
	answer(0, 0);
	hears(0, "1\n");
}

/* --- users -------------------------------------------------------------------- */

PROGRAM_TEST(close_while_in_flight)
{
	check(rig_open(1));
	program_log.hold = true;
	say(0,
	    "PROG:DEF p,'start_tohost(1,1,1) start_tohost(2,2,2) tohost(3,3,3)'");
	say(0, "PROG:DEF q,'while true do wait(1) end'");
	say(1, "p;q");
	say(1, "SYST:TIME:ADV 1");
	check(program_log.transfers == 3);
	answer(1, 0);
	fake_card_close(rig.fake, rig.lab, 1);
	check(program_log.forgotten == 2);
	asks(0, "PROG:STAT? p;STAT? q", "STOP;STOP");
	say(0, "SYST:TIME:ADV 10");
	/* and with a card that answers while it closes */
	program_log.hold = false;
	check(rig_open(1));
	session_command(session_find(rig.lab, 1), "p;*WAI", 6);
	while (lab_step(rig.lab))
		;
	fake_card_close(rig.fake, rig.lab, 1);
	fake_card_run(rig.fake, rig.lab, 10);
	asks(0, "PROG:STAT? p", "STOP");
}

/* lab_destroy() with everything running: the sanitizers look for leaks. */
PROGRAM_TEST(end_of_the_instrument)
{
	program_log.hold = true;
	say(0, "PROG:DEF p,'start_tohost(1,1,1) tohost(3,3,3)'");
	say(0, "PROG:DEF q,'while true do wait(1) end';:p;q;r");
	say(0, "SYST:TIME:ADV 1");
}
