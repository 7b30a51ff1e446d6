/* SPDX-License-Identifier: GPL-2.0 */
/*
 * generator.h - what the options say about the generators at the inputs
 */
#ifndef _SKEL_GENERATOR_H
#define _SKEL_GENERATOR_H

#include "capture.h"

#define FREQUENCY_MIN	0.001		/* Hz */
#define FREQUENCY_MAX	500000.0
#define AMPLITUDE_MAX	10.0		/* V */

/* What is to be set; NULL, negative: leave it as it is */
struct generator {
	const char *const *function;	/* its names in INPUTS? and in SCPI */
	double frequency;	/* in Hz */
	double amplitude;	/* in V; of DC, the voltage: may be negative */
	bool has_amplitude;
};

/* Element n is for INP<n+1> */
struct generators {
	struct generator input[INPUTS_MAX];
};

void generators_init(struct generators *all);
/* "1=sine,1kHz,5V"; exits if it is wrong */
void generators_parse(struct generators *all, const char *text);
/* "function", "frequency", "amplitude" of input @n, the first is 0; exits */
void generators_option(struct generators *all, const char *name, int n,
		       const char *value);
/* The lowest frequency that is set, or negative */
double generators_frequency(const struct generators *all);
/* Set them. Return: 0, or -1 with why. */
int generators_set(const struct generators *all, struct capture *c);
/* Do the inputs match, or has another program changed them? 0, or -1 with why */
int generators_check(const struct generators *all, struct capture *c);

#endif /* _SKEL_GENERATOR_H */
