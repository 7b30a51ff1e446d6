/* SPDX-License-Identifier: GPL-2.0 */
/*
 * samples-read.h - what the readers of recordings share
 *
 * A reader gets a file at its beginning, finds inputs, names and rate, and adds the
 * frames; it may leave out those before the last ones that are wanted. It returns 0,
 * or -1 with a reason.
 */
#ifndef _SKEL_SAMPLES_READ_H
#define _SKEL_SAMPLES_READ_H

#include <stdbool.h>
#include <stdio.h>

#include "samples.h"

int samples_read_csv(struct samples *s, FILE *file, double last, char *why);
int samples_read_json(struct samples *s, FILE *file, double last, char *why);
int samples_read_vcd(struct samples *s, FILE *file, double last, char *why);
int samples_read_npy(struct samples *s, FILE *file, double last, char *why);
int samples_read_sound(struct samples *s, FILE *file, double last, char *why);

/* One line for the user, to @why of WHY_MAX bytes. Return: -1. */
__attribute__((__format__(__printf__, 2, 3)))
int samples_refuse(char *why, const char *format, ...);

/* One more frame; those between it and the last one are missing. -1: no memory */
int samples_add_at(struct samples *s, double time, const double *volts);

/* The rate as well as all the times know it, from a first guess */
void samples_refine_rate(struct samples *s, double end);

/* So many frames at the end are wanted, @last: seconds, 0: all that there is room for */
size_t samples_wanted(const struct samples *s, double last);

/* Only so many frames at the end stay. */
void samples_keep(struct samples *s, size_t wanted);

#endif /* _SKEL_SAMPLES_READ_H */
