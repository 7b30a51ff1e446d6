/* SPDX-License-Identifier: GPL-2.0 */
/*
 * measure.h - frequency and period of a digital line
 *
 * A reciprocal counter: it counts the rising edges within the gate time and takes
 * the time from the first to the last one, so that the result is exact to 10 ns
 * of that time.
 */
#ifndef _LAB_MEASURE_H
#define _LAB_MEASURE_H

#include "lab.h"

#define MEASURE_GATE_MIN	0.000001	/* s */
#define MEASURE_GATE_MAX	1000
#define MEASURE_GATE_DEFAULT	0.1

/*
 * Answer the suspended session after the gate time with the frequency in Hz, or
 * with the period in s; NaN if there have been less than two edges.
 * Return: SCPI_SUSPEND, or SCPI_ERR_OUT_OF_MEMORY.
 */
int measure_start(struct lab *lab, struct session *session, unsigned int line,
		  double gate, bool period);
/* The session is closed. */
void measures_forget(struct lab *lab, struct session *session);

#endif /* _LAB_MEASURE_H */
