// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * wait.c - calls that wait: timeouts in seconds, and signals
 */
#include <errno.h>
#include <math.h>
#include <time.h>

#include "module.h"

#define SLICE_MS	100

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

double skel_timeout_end(double seconds)
{
	return now() + seconds;
}

int skel_parse_timeout(PyObject *object, void *end)
{
	double seconds = INFINITY;

	if (object != Py_None) {
		seconds = PyFloat_AsDouble(object);
		if (PyErr_Occurred())
			return 0;
	}
	if (!(seconds >= 0)) {
		PyErr_SetString(PyExc_ValueError,
				"a timeout is in seconds, 0 or more, or None: without end");
		return 0;
	}
	*(double *)end = skel_timeout_end(seconds);
	return 1;
}

int skel_timeout_ms(double end)
{
	double left = ceil((end - now()) * 1000);

	if (isinf(end))
		return -1;
	return left < 0 ? 0 : left > 1 << 30 ? 1 << 30 : (int)left;
}

int skel_slice(double end)
{
	int left = skel_timeout_ms(end);

	return left < 0 || left > SLICE_MS ? SLICE_MS : left;
}

bool skel_again(int *error, double end)
{
	if (*error != ETIMEDOUT && *error != EINTR)
		return false;
	if (PyErr_CheckSignals()) {
		*error = SKEL_RAISED;
		return false;
	}
	return *error == EINTR || end > now();
}
