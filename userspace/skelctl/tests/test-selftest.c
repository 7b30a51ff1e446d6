// SPDX-License-Identifier: GPL-2.0
/*
 * test-selftest.c - skelctl selftest passes a card that works, and fails others
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../command.h"
#include "../skelctl.h"
#include "fake-card.h"
#include "run.h"

void unit_setup(void)
{
	fake_reset();
	fake.channels = 2;
	setenv("SKEL_DEVICE", FAKE_PATH, 1);
}

TEST(a_good_card_passes)
{
	const char *at = output;
	int count = 0;

	prints(EXIT_SUCCESS, "selftest");
	has(
		"ok       commands: *IDN? is answered by skel,fake,0,1\n"
		"ok       device: /dev/fake-skel, a card of model fake, channel 3 of 32\n"
		"ok       region memory: 16 KiB can be mapped\n"
		"ok       buffers: 4096 zeroed bytes at host address 0x");
	has("\n"
		"ok       large buffer: 64 MiB\n"
		"ok       a buffer longer than 8 GiB is refused\n"
		"ok       to the host: 2048 bytes, and none beside them\n"
		"ok       from the host and back: 2048 bytes, all the same\n"
		"ok       one byte beyond a buffer: refused, host-address\n"
		"ok       one byte before a buffer: refused, host-address\n"
		"ok       to address 0: refused, host-address\n"
		"ok       no bytes: refused, length\n"
		"ok       over the end of all addresses: refused, card-address\n"
		"ok       beyond the card's memory: refused, card-address\n"
		"ok       into a freed buffer: refused, host-address\n"
		"ok       into a buffer that may only be read: refused, direction\n"
		"ok       into another program's buffer: refused, host-address\n"
		"ok       all buffers are freed\n18 passed, 0 failed, 0 skipped\n");
	prints(EXIT_SUCCESS, "selftest --json");
	has("{\n  \"device\": \"/dev/fake-skel\",\n  \"tests\": [\n    {\n      \"result\": \"ok\",\n      \"text\": \"commands: *IDN? is answered by skel,fake,0,1\"\n    },\n");
	has("\n  ],\n  \"passed\": 18,\n  \"failed\": 0,\n  \"skipped\": 0\n}\n");
	while ((at = strstr(at, "\"ok\"")))
		at++, count++;
	check(count == 18);
	/* a card that needs one piece of memory */
	fake.unguarded = true;
	prints(EXIT_SUCCESS, "selftest", "ok       large buffer: 4 MiB\n");
	has("ok       a buffer longer than 4 MiB is refused\n");
	/* a card that speaks SCPI, one that reports late */
	unit_setup();
	fake.scpi = true;
	prints(EXIT_SUCCESS, "selftest");
	fake_reset();
	fake.full = true;
	prints(EXIT_SUCCESS, "selftest", "skipped  into another program's buffer: all channels are in use\n");
	prints(EXIT_USAGE, "selftest more");
}

/* What the card has in its memory is still there. */
static int keeps_memory(void *data)
{
	unsigned char before[FAKE_MEMORY];
	size_t i;
	int status;

	for (i = 0; i < FAKE_MEMORY; i++)
		before[i] = fake.memory[i] = 7 * i;
	status = selftest_command.main(&selftest_command, 1, data);
	return status ? status : memcmp(before, fake.memory, FAKE_MEMORY) ? 99 : 0;
}

TEST(memory_is_restored)
{
	char name[] = "selftest", *argv[] = { name, NULL };

	check(unit_catch(keeps_memory, argv, output, sizeof(output)) == 0);
	/* not while it changes by itself */
	unit_setup();
	fake.sampling = true;
	prints(EXIT_SUCCESS, "selftest", "skipped  from the host: the card samples");
}

TEST(bugs_are_found)
{
	static const struct {
		enum fake_bug bug;
		const char *line;
	} bugs[] = {
		{ FAKE_NO_END, "FAILED   one byte beyond a buffer: bytes have moved\n" },
		{ FAKE_NO_OWNER, "FAILED   into another program's buffer: bytes have moved\n" },
		{ FAKE_NO_DIRECTION, "FAILED   into a buffer that may only be read: not refused\n" },
		{ FAKE_NO_COUNT, "FAILED   no bytes: refused, but not counted\n" },
		{ FAKE_SPILLS, "FAILED   to the host: bytes beside the transfer have changed\n" },
		{ FAKE_LOSES, "FAILED   from the host and back: other bytes return" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bugs); i++) {
		fake_reset();
		fake.channels = 2;
		fake.bug = bugs[i].bug;
		prints(EXIT_CARD, "selftest");
		has(bugs[i].line);
		has("! 0 failed");
	}
	unit_setup();
	fake.refuse = true;
	prints(EXIT_CARD, "selftest", "FAILED   to the host: refused, host-address\n");
	fake_reset();
	fake.no_mmap = true;
	prints(EXIT_CARD, "selftest", "FAILED   buffers: ");
}

TEST(cards_that_are_gone_or_silent)
{
	fake_reset();
	fake.silent = true;
	prints(EXIT_SILENT, "selftest", "FAILED   commands: no answer in 1000 ms");
	has("0 passed, 1 failed, 0 skipped\n");
	fake_reset();
	fake.stopped = true;
	prints(EXIT_SILENT, "selftest");
	fake_reset();
	fake.unplug_at = 6;
	prints(EXIT_NO_CARD, "selftest", "the card is gone: it was unplugged");
}
