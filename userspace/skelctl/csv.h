/* SPDX-License-Identifier: GPL-2.0 */
/*
 * csv.h - samples in a file, as comma-separated values
 */
#ifndef _SKEL_CSV_H
#define _SKEL_CSV_H

#include <stddef.h>

#include "inputs.h"

/*
 * Both exit if they fail. An existing file keeps its contents until
 * csv_write(); a new one is removed if the program ends without it.
 */
void csv_open(const char *path);	/* "-": standard output */
void csv_write(const struct inputs *inputs, double *const *volts, size_t frames,
	       double rate);

#endif /* _SKEL_CSV_H */
