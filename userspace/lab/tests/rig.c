// SPDX-License-Identifier: GPL-2.0
/*
 * rig.c - a whole instrument on a fake card, and its users
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/instrument.h"
#include "parts/input.h"
#include "parts/sampler.h"
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

static uint64_t real(void)
{
	return rig.clock;
}

void rig_start_with(const struct lab_settings *settings)
{
	rig.fake = fake_card_create(RIG_MEMORY);
	rig.lab = rig.fake ? lab_create(fake_card_card(rig.fake), &instrument,
					settings) : NULL;
	if (!rig.lab || !rig_open(0))
		abort();
	rig.lab->time.clock = settings->real ? real : ticking;
	rig.clock = 5 * LAB_SECOND;
	rig.lab->time.real_start = rig.clock;
}

void rig_start(void)
{
	rig_start_with(&(struct lab_settings){
		.command_time = LAB_SECOND / 1000, .seed = 1, .serial = "7",
	});
}

void rig_start_real(void)
{
	rig_start_with(&(struct lab_settings){
		.real = true, .seed = 1, .serial = "7",
	});
}

void rig_stop(void)
{
	lab_destroy(rig.lab);
	fake_card_destroy(rig.fake);
}

struct session *rig_open(unsigned int channel)
{
	return fake_card_open(rig.fake, rig.lab, channel);
}

void send_line(unsigned int channel, const char *line)
{
	session_command(session_find(rig.lab, channel), line, strlen(line));
}

const char *rig_run(unsigned int channel)
{
	fake_card_run(rig.fake, rig.lab, STEPS);
	return fake_card_replies(rig.fake, channel);
}

const char *say(unsigned int channel, const char *line)
{
	send_line(channel, line);
	return rig_run(channel);
}

const char *sayf(unsigned int channel, const char *format, ...)
{
	char line[SCPI_LINE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return say(channel, line);
}

bool rig_ask(unsigned int channel, const char *line, const char *answer)
{
	const char *reply = say(channel, line);
	size_t length = strlen(answer);

	if (strncmp(reply, answer, length) == 0 &&
	    strcmp(reply + length, length ? "\n" : "") == 0)
		return true;
	printf("# '%s' is answered '%s', not '%s'\n", line, reply, answer);
	return false;
}

bool rig_fails(unsigned int channel, const char *line, int error)
{
	const char *reply;

	say(channel, line);
	reply = say(channel, "SYST:ERR?");
	if (atoi(reply) == error &&
	    rig_ask(channel, "SYST:ERR?", "0,\"No error\""))
		return true;
	printf("# '%s': error %s", line, reply);
	return false;
}

bool rig_hears(unsigned int channel, const char *lines)
{
	const char *heard = rig_run(channel);

	if (strcmp(heard, lines) == 0)
		return true;
	printf("# user %u hears '%s', not '%s'\n", channel, heard, lines);
	return false;
}

bool ring_is_right(uint64_t from, uint64_t to)
{
	const struct sampler *s = rig.lab->sampler;

	for (uint64_t i = from; i < to; i++) {
		int16_t sample[LAB_INPUTS];

		memcpy(sample, rig.lab->card->memory +
		       sampler_address(rig.lab, i), s->frame_bytes);
		for (unsigned int j = 0; j < s->inputs; j++)
			if (sample[j] != input_sample(rig.lab, s->input[j],
						      s->start + i * s->interval))
				return false;
	}
	return true;
}
