// SPDX-License-Identifier: GPL-2.0
/*
 * lab.c - the instrument as the sum of its parts
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "digital.h"
#include "input.h"
#include "lab.h"
#include "output.h"
#include "program.h"
#include "sampler.h"
#include "session.h"
#include "stream.h"

#ifndef SKEL_VERSION
#define SKEL_VERSION	"unknown"
#endif

#define TEST_BYTES	64	/* of card memory that *TST? looks at */

/* In this order; destroyed and reset the other way: users before what they use */
static const struct part {
	int (*init)(struct lab *lab);
	void (*reset)(struct lab *lab);
	void (*destroy)(struct lab *lab);
	void (*forget)(struct lab *lab, struct session *session);
} parts[] = {
	{ clocks_init, clocks_reset, clocks_destroy, NULL },
	{ outputs_init, outputs_reset, outputs_destroy, NULL },
	{ inputs_init, inputs_reset, inputs_destroy, NULL },
	{ digital_init, digital_reset, digital_destroy, NULL },
	{ sampler_init, sampler_reset, sampler_destroy, sampler_forget },
	{ streams_init, streams_reset, streams_destroy, streams_forget },
	{ programs_init, programs_reset, programs_destroy, programs_forget },
};

#define PARTS	SCPI_ARRAY_SIZE(parts)

static void destroy_parts(struct lab *lab, size_t count)
{
	while (count--)
		parts[count].destroy(lab);
}

static int init_parts(struct lab *lab)
{
	size_t i;

	for (i = 0; i < PARTS; i++) {
		int ret = parts[i].init(lab);

		if (ret) {
			destroy_parts(lab, i);
			return ret;
		}
	}
	return 0;
}

static int setup(struct lab *lab, const struct lab_settings *settings)
{
	lab->time.command_time = settings->command_time;
	lab->seed = settings->seed;
	snprintf(lab->identity, sizeof(lab->identity), "skel,lab,%s,%s",
		 settings->serial, SKEL_VERSION);
	if (settings->directory) {
		lab->directory = strdup(settings->directory);
		if (!lab->directory)
			return -ENOMEM;
	}
	return init_parts(lab);
}

struct lab *lab_create(struct lab_card *card,
		       const struct lab_settings *settings)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	int ret;

	if (!lab)
		return NULL;
	lab->card = card;
	lab_get_tables(lab->tables);
	timebase_init(lab, settings->real);
	ret = setup(lab, settings);
	if (!ret)
		return lab;
	free(lab->directory);
	free(lab);
	errno = -ret;
	return NULL;
}

void lab_destroy(struct lab *lab)
{
	unsigned int i;

	for (i = 0; i < LAB_SESSIONS; i++)
		session_close(lab->sessions[i]);
	destroy_parts(lab, PARTS);
	free(lab->directory);
	free(lab);
}

void lab_reset(struct lab *lab)
{
	size_t i = PARTS;

	while (i--)
		parts[i].reset(lab);
}

void lab_forget_session(struct lab *lab, struct session *session)
{
	size_t i = PARTS;

	while (i--) {
		if (parts[i].forget)
			parts[i].forget(lab, session);
	}
}

/*
 * Do the last bytes of card memory keep what is written to them? By atomic
 * accesses, so that the memory is looked at, not what the compiler knows of it.
 */
static bool memory_keeps(struct lab_card *card, uint8_t pattern)
{
	uint8_t *byte = card->memory + card->size;
	bool good = true;
	unsigned int i;

	for (i = 0; good && i < TEST_BYTES && i < card->size; i++) {
		uint8_t before = __atomic_exchange_n(--byte, pattern,
						     __ATOMIC_SEQ_CST);

		good = __atomic_exchange_n(byte, before,
					   __ATOMIC_SEQ_CST) == pattern;
	}
	return good;
}

/* Is the list of timers in order, and none of them overdue? */
static bool timers_are_sorted(const struct lab *lab)
{
	const struct lab_timer *timer = lab->time.timers;

	for (; timer && timer->next; timer = timer->next) {
		if (timer->when > timer->next->when || !timer->active)
			return false;
	}
	return true;
}

int lab_test(struct lab *lab)
{
	if (!memory_keeps(lab->card, 0x55) || !memory_keeps(lab->card, 0xaa))
		return 1;
	return timers_are_sorted(lab) ? 0 : 2;
}
