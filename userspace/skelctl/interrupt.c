// SPDX-License-Identifier: GPL-2.0
/*
 * interrupt.c - end at SIGINT, SIGTERM and SIGHUP, but cleanly
 */
#include "interrupt.h"

static volatile sig_atomic_t interrupted;

static void note(int signal)
{
	(void)signal;
	interrupted = 1;
}

volatile sig_atomic_t *interrupt_catch(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	/* no SA_RESTART: waiting ends; the second one is not caught */
	struct sigaction action = { .sa_handler = note,
				    .sa_flags = SA_RESETHAND };
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	return &interrupted;
}
