// SPDX-License-Identifier: GPL-2.0
/*
 * rig.c - a whole instrument on a fake card, and its users
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/instrument.h"
#include "tests/rig.h"

struct rig rig;

#define STEPS	100000	/* more than any test needs */

/*
 * A clock that advances when it is read: how much lab_step() does at once does
 * not depend on the machine.
 */
static uint64_t ticking(void)
{
	static uint64_t now;

	return now += 1000;
}

void rig_start_with(struct rig *rig, const struct lab_settings *settings)
{
	rig->fake = fake_card_create(RIG_MEMORY);
	rig->lab = rig->fake ? lab_create(fake_card_card(rig->fake),
					     &instrument, settings) : NULL;
	if (!rig->lab || !rig_open(rig, 0))
		abort();
	if (!settings->real)
		rig->lab->time.clock = ticking;
}

void rig_start(struct rig *rig)
{
	const struct lab_settings settings = {
		.command_time = LAB_SECOND / 1000,
		.seed = 1,
		.serial = "7",
	};

	rig_start_with(rig, &settings);
}

void rig_stop(struct rig *rig)
{
	lab_destroy(rig->lab);
	fake_card_destroy(rig->fake);
}

struct session *rig_open(struct rig *rig, unsigned int channel)
{
	return fake_card_open(rig->fake, rig->lab, channel);
}

void rig_send(struct rig *rig, unsigned int channel, const char *line)
{
	session_command(session_find(rig->lab, channel), line, strlen(line));
}

const char *rig_say(struct rig *rig, unsigned int channel, const char *line)
{
	rig_send(rig, channel, line);
	fake_card_run(rig->fake, rig->lab, STEPS);
	return fake_card_replies(rig->fake, channel);
}

bool rig_ask(struct rig *rig, unsigned int channel, const char *line,
	     const char *answer)
{
	const char *reply = rig_say(rig, channel, line);
	size_t length = strlen(answer);

	if (strncmp(reply, answer, length) == 0 &&
	    strcmp(reply + length, length ? "\n" : "") == 0)
		return true;
	printf("# '%s' is answered '%s', not '%s'\n", line, reply, answer);
	return false;
}

bool rig_fails(struct rig *rig, unsigned int channel, const char *line,
	       int error)
{
	char number[16];
	const char *reply;

	snprintf(number, sizeof(number), "%d,", error);
	rig_say(rig, channel, line);
	reply = rig_say(rig, channel, "SYST:ERR?");
	if (strncmp(reply, number, strlen(number)) == 0 &&
	    rig_ask(rig, channel, "SYST:ERR?", "0,\"No error\""))
		return true;
	printf("# '%s': error %s", line, reply);
	return false;
}
