// SPDX-License-Identifier: GPL-2.0
/*
 * recording-file.c - a recording while its file is read
 */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "parts/recording-file.h"

bool recording_fail(struct recording_file *in, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(in->reason, RECORDING_REASON_MAX, format, args);
	va_end(args);
	in->error = SCPI_ERR_MASS_STORAGE;
	return false;
}

static bool grow(struct recording_file *in)
{
	size_t room = in->room ? in->room * 2 : 1024;
	struct recording *bigger;

	if (room > RECORDING_SAMPLES_MAX)
		return recording_fail(in, "more than %d samples",
				      RECORDING_SAMPLES_MAX);
	bigger = realloc(in->recording, sizeof(*bigger) +
			 room * sizeof(bigger->samples[0]));
	if (!bigger)
		return recording_fail(in, "no memory");
	if (!in->recording)
		memset(bigger, 0, sizeof(*bigger));
	in->recording = bigger;
	in->room = room;
	return true;
}

bool recording_add(struct recording_file *in, double volts)
{
	if (!isfinite(volts) || fabs(volts) > 1e6)
		return recording_fail(in, "sample %zu is not a voltage",
				      in->recording ? in->recording->count + 1 :
						      1);
	if ((!in->recording || in->recording->count == in->room) && !grow(in))
		return false;
	in->recording->samples[in->recording->count++] = volts;
	return true;
}
