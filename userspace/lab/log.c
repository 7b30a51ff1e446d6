// SPDX-License-Identifier: GPL-2.0
/*
 * log.c - messages for the owner of the instrument, one line each
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#include "log.h"

/* Set once at the start, then only read: the only state outside struct lab */
static int log_level = LOG_INFO;
static bool log_prefix;

void lab_log_setup(int level)
{
	log_level = level;
	/* systemd expects a priority in front of each line: see sd-daemon(3) */
	log_prefix = getenv("JOURNAL_STREAM");
}

void lab_log(int priority, const char *format, ...)
{
	char line[1200];
	va_list args;
	char *c;

	if (priority > log_level)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* may contain what users sent: keep it one line */
	for (c = line; *c; c++) {
		if (!isprint((unsigned char)*c))
			*c = '?';
	}
	if (log_prefix)
		fprintf(stderr, "<%d>%s\n", priority, line);
	else
		fprintf(stderr, "skel-lab: %s\n", line);
}
