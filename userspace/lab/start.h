/* SPDX-License-Identifier: GPL-2.0 */
/*
 * start.h - commands of the configuration
 */
#ifndef _LAB_START_H
#define _LAB_START_H

#include "core/lab.h"

/*
 * Run one command line at the start, before there are users.
 * Return: 0, or -1 with the error of the queue, or what else went wrong, in
 * @error.
 */
int lab_start_command(struct lab *lab, const char *line, char *error,
		      size_t size);

#endif /* _LAB_START_H */
