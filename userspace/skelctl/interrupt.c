// SPDX-License-Identifier: GPL-2.0
/*
 * interrupt.c - end at SIGINT, SIGTERM and SIGHUP, but cleanly
 */
#include <stddef.h>
#include <stdint.h>

#include "capture.h"
#include "interrupt.h"

#define AGAIN_MS	500	/* sooner, it is the same one, sent to the group too */

static volatile sig_atomic_t interrupted;
static int64_t when;	/* ms */

static void note(int number)
{
	int64_t now = now_ms();

	if (interrupted && now - when > AGAIN_MS) {
		signal(number, SIG_DFL);
		raise(number);
	}
	if (!interrupted)
		when = now;
	interrupted = 1;
}

volatile sig_atomic_t *interrupt_catch(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = note };	/* waiting ends */
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaddset(&action.sa_mask, signals[i]);
		sigaction(signals[i], &action, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	return &interrupted;
}
