// SPDX-License-Identifier: GPL-2.0
/*
 * fake-main.c - a skelctl whose card is a thread of its own
 *
 * FAKE_STEP: frames that it samples with each question; FAKE_SCPI: it speaks SCPI;
 * FAKE_STREAMS: it has streams of its own; FAKE_LOSE: so many frames are lost.
 */
#include <stdlib.h>

#include "../skelctl.h"
#include "fake-card.h"

int main(int argc, char **argv)
{
	const char *step = getenv("FAKE_STEP");

	fake_reset();
	fake.scpi = getenv("FAKE_SCPI");
	fake.streams = getenv("FAKE_STREAMS");
	fake.lose = getenv("FAKE_LOSE") ? strtoul(getenv("FAKE_LOSE"), NULL, 10) : 0;
	if (step)
		fake.step = strtoul(step, NULL, 10);
	return skelctl_main(argc, argv);
}
