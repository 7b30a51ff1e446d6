/* SPDX-License-Identifier: GPL-2.0 */
/*
 * measure.h - frequency and period of a digital line
 *
 * A reciprocal counter: it counts the rising edges within the gate time and
 * divides by the time from the first to the last of them, which it knows to 10
 * ns.
 */
#ifndef _LAB_MEASURE_H
#define _LAB_MEASURE_H

#include "core/lab.h"

#define MEASURE_GATE_MIN	0.000001	/* s */
#define MEASURE_GATE_MAX	1000
#define MEASURE_GATE_DEFAULT	0.1

extern const struct lab_part measures_part;

/*
 * Reply to the suspended session after the gate time: the frequency in Hz or
 * the period in s, NaN if there were fewer than two edges.
 * Return: SCPI_SUSPEND, or SCPI_ERR_OUT_OF_MEMORY.
 */
int measure_start(struct lab *lab, struct session *session, unsigned int line,
		  double gate, bool period);

#endif /* _LAB_MEASURE_H */
