// SPDX-License-Identifier: GPL-2.0
/*
 * fake-main.c - a skelctl whose card is a thread of its own
 *
 * FAKE_STEP: frames that it samples with each question; FAKE_STREAMS: it has
 * streams of its own; FAKE_FAST: and these are fast; FAKE_SCPI: it speaks SCPI.
 */
#include <stdlib.h>

#include "../skelctl.h"
#include "fake-card.h"

int main(int argc, char **argv)
{
	const char *step = getenv("FAKE_STEP");

	fake_reset();
	fake.scpi = getenv("FAKE_SCPI");
	fake.fast = getenv("FAKE_FAST");
	fake.streams = fake.fast || getenv("FAKE_STREAMS");
	if (step)
		fake.step = strtoul(step, NULL, 10);
	return skelctl_main(argc, argv);
}
