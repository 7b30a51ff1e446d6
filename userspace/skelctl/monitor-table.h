/* SPDX-License-Identifier: GPL-2.0 */
/*
 * monitor-table.h - channels and their rates as a table that fits a terminal
 */
#ifndef _SKELCTL_MONITOR_TABLE_H
#define _SKELCTL_MONITOR_TABLE_H

#include <stdio.h>

#include "system.h"

struct monitor {
	struct system_view before, now;
	bool looked;		/* before is there, too */
	double seconds;		/* between them */
	double interval;	/* that is wanted */
	bool unprivileged;	/* root would see more */
};

/*
 * monitor_table() - print what there is
 * @width: columns of the terminal, at least 1; INT_MAX: no limit
 * @height: lines of the terminal; what does not fit is counted in the last one
 * @end: of each line, such as "\n"
 *
 * On a narrow terminal the less important columns are left out.
 */
void monitor_table(FILE *file, const struct monitor *monitor, int width,
		   int height, const char *end);

#endif /* _SKELCTL_MONITOR_TABLE_H */
