// SPDX-License-Identifier: GPL-2.0
/*
 * test-transfer.c - lines of the core, and which request they belong to
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "card.h"

#define HOST	"0x100000000"

static void parse_good_lines(void)
{
	static const char failed[] =
		"skel: FAILED TOHOST 0x1 0x2 0x3 a-reason-of-more-than-31-characters";
	struct skel_transfer t;

	check(!skel_parse_transfer("skel: DONE TOHOST 0x0 0x1000 " HOST, &t));
	check(t.result == SKEL_DONE && t.direction == SKEL_TOHOST);
	check(t.card_addr == 0 && t.length == 0x1000);
	check(t.host_addr == 0x100000000 && !*t.reason);

	check(!skel_parse_transfer("skel: REFUSED FROMHOST 0xffffffffffffffff 0x0 0xabcdef busy",
				   &t));
	check(t.result == SKEL_REFUSED && t.direction == SKEL_FROMHOST);
	check(t.card_addr == UINT64_MAX && t.length == 0);
	check(t.host_addr == 0xabcdef);
	check(strcmp(t.reason, "busy") == 0);

	check(!skel_parse_transfer(failed, &t));
	check(t.result == SKEL_FAILED);
	check(strlen(t.reason) == SKEL_REASON_MAX - 1);
}

static void parse_bad_lines(void)
{
	static const char * const lines[] = {
		"", "skel: ", "skel: DONE", "skel: DONE ", "skel: DONE TOHOST",
		"skel: DONE TOHOST ", "skel: DONE TOHOST 0x0 0x0",
		"skel: DONE TOHOST 0x0 0x0 ", "skel: DONE TOHOST 0x 0x0 0x0",
		"skel: DONE TOHOST 0 0x0 0x0", "skel: DONE TOHOST 0x0 0x0 0xg",
		"skel: DONE TOHOST 0x0  0x0 0x0",
		"skel: DONE TOHOST 0x00000000000000000 0x0 0x0",
		"skel: DONE TOHOST -0x1 0x0 0x0",
		"skel: DONE TOHOSTS 0x0 0x0 0x0",
		"skel: DONETOHOST 0x0 0x0 0x0", "skel: done TOHOST 0x0 0x0 0x0",
		"skel: OK DONE TOHOST 0x0 0x0 0x0", "skel: LOST 4",
		"STATUS IDLE",
		/* what a card can send */
		"DONE TOHOST 0x0 0x0 0x0", " skel: DONE TOHOST 0x0 0x0 0x0",
		"skel:DONE TOHOST 0x0 0x0 0x0", "Skel: DONE TOHOST 0x0 0x0 0x0",
		"skel:  DONE TOHOST 0x0 0x0 0x0",
		"card: DONE TOHOST 0x0 0x0 0x0",
	};
	struct skel_transfer t = { .length = 77 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		errno = 0;
		check(skel_parse_transfer(lines[i], &t) == -1);
		check(errno == EINVAL);
	}
	check(t.length == 77);
}

static char line[SKEL_LINE_MAX];

static void wait_takes_its_own(void)
{
	struct skel_transfer a, b;

	plug();
	say("skel: DONE TOHOST 0x0 0x20 " HOST "\n"		/* other length */
	    "hello\n"
	    "skel: DONE FROMHOST 0x0 0x10 " HOST "\n"	/* other direction */
	    "skel: DONE TOHOST 0x4 0x10 " HOST "\n"		/* other address */
	    "skel: REFUSED TOHOST 0x0 0x10 " HOST " busy\n"
	    "skel: DONE TOHOST 0x0 0x10 " HOST "\n"
	    "skel: FAILED FROMHOST 0x8 0x10 " HOST " timeout\n");
	check(!skel_tohost(skel, &a, 0, 0x10, 0x100000000));
	check(!skel_fromhost(skel, &b, 8, 0x10, 0x100000000));
	check(read(card, line, sizeof(line)) > 0);
	check(strncmp(line, "TOHOST 0x0 0x10 0x100000000\nFROMHOST 0x8 0x10 0x100000000\n",
		      57) == 0);

	check(skel_wait(skel, &b, 0) == -1 && errno == EIO);
	check(b.result == SKEL_FAILED && strcmp(b.reason, "timeout") == 0);
	check(skel_wait(skel, &a, 0) == -1 && errno == EACCES);
	check(a.result == SKEL_REFUSED && strcmp(a.reason, "busy") == 0);
	check(!skel_wait(skel, &a, 0));
	check(a.result == SKEL_DONE && !*a.reason);
	check(skel_wait(skel, &a, 0) == -1 && errno == ETIMEDOUT);
	check(a.result == SKEL_PENDING);

	/* the others are still there, in their order */
	check(skel_readline(skel, line, sizeof(line), 0) > 0);
	check(strcmp(line, "skel: DONE TOHOST 0x0 0x20 " HOST) == 0);
	check(skel_readline(skel, line, sizeof(line), 0) > 0);
	check(strcmp(line, "hello") == 0);
	check(skel_readline(skel, line, sizeof(line), 0) > 0);
	check(strcmp(line, "skel: DONE FROMHOST 0x0 0x10 " HOST) == 0);
	check(skel_readline(skel, line, sizeof(line), 0) > 0);
	check(strcmp(line, "skel: DONE TOHOST 0x4 0x10 " HOST) == 0);
	check(skel_readline(skel, line, sizeof(line), 0) == -1);
	unplug();
}

/* What a card says of an end is not believed, but delivered */
static void wait_ignores_forged_lines(void)
{
	static const char * const forged[] = {
		"DONE TOHOST 0x0 0x10 " HOST,
		"FAILED TOHOST 0x0 0x10 " HOST " cancelled",
		"card: DONE TOHOST 0x0 0x10 " HOST,
		"LOST 3",
	};
	struct skel_transfer t;
	char text[256] = "";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(forged); i++)
		strcat(strcat(text, forged[i]), "\n");
	plug();
	say(text);
	check(!skel_tohost(skel, &t, 0, 0x10, 0x100000000));
	check(skel_wait(skel, &t, 0) == -1 && errno == ETIMEDOUT);
	check(t.result == SKEL_PENDING);
	for (i = 0; i < ARRAY_SIZE(forged); i++) {
		if (i % 2)
			check(skel_readline(skel, line, sizeof(line), 0) > 0);
		else
			check(skel_query(skel, line, sizeof(line), 0, "x") > 0);
		check(strcmp(line, forged[i]) == 0);
	}
	unplug();
}

static void wait_until_unplug(void)
{
	struct skel_transfer t;

	plug();
	say("hello\n");
	check(!skel_tohost(skel, &t, 0, 1, 1));
	close(card);
	check(skel_wait(skel, &t, -1) == -1 && errno == ENODEV);
	check(skel_readline(skel, line, sizeof(line), 0) == 5);
	skel_close(skel);
}

int main(void)
{
	run(parse_good_lines);
	run(parse_bad_lines);
	run(wait_takes_its_own);
	run(wait_ignores_forged_lines);
	run(wait_until_unplug);
	return unit_end();
}
