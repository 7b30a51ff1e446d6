// SPDX-License-Identifier: GPL-2.0
/*
 * generator.c - what the options say about the generators at the inputs
 */
#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "generator.h"
#include "quantity.h"

static const char *const functions[][2] = {
	{ "sine", "SINusoid" }, { "square", "SQUare" },
	{ "triangle", "TRIangle" }, { "ramp", "RAMP" },
	{ "noise", "NOISe" }, { "dc", "DC" },
};

void generators_init(struct generators *all)
{
	int i;

	for (i = 0; i < INPUTS_MAX; i++)
		all->input[i] = (struct generator){ .frequency = -1 };
}

static const char *const *find_function(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		if (strcasecmp(name, functions[i][0]) == 0)
			return functions[i];
	}
	return NULL;
}

void generators_option(struct generators *all, const char *name, int n,
		       const char *value)
{
	struct generator *g = &all->input[n];
	char option[32];

	snprintf(option, sizeof(option), "--%s", name);
	if (strcmp(name, "function") == 0) {
		g->function = find_function(value);
		if (!g->function)
			errx(EXIT_USAGE, "--function: '%s' is not sine, square, triangle, ramp, noise or dc",
			     value);
	} else if (strcmp(name, "frequency") == 0) {
		g->frequency = quantity_option(option, value, QUANTITY_HERTZ,
					       FREQUENCY_MIN, FREQUENCY_MAX);
	} else {
		g->amplitude = quantity_option(option, value, QUANTITY_VOLT,
					       -AMPLITUDE_MAX, AMPLITUDE_MAX);
		g->has_amplitude = true;
	}
}

void generators_parse(struct generators *all, const char *text)
{
	char copy[128], *at, *word, *end;
	struct generator *g;
	double value;
	long n;

	snprintf(copy, sizeof(copy), "%s", text);
	at = strncasecmp(copy, "INP", 3) == 0 ? copy + 3 : copy;
	n = strtol(at, &end, 10);
	if (end == at || (*end != '=' && *end != ':') || n < 1 ||
	    n > INPUTS_MAX)
		errx(EXIT_USAGE, "--generator: '%s' does not begin with an input: 1=sine,1kHz,5V",
		     text);
	g = &all->input[n - 1];
	for (word = strtok(end + 1, ","); word; word = strtok(NULL, ",")) {
		word += strspn(word, " ");
		if (find_function(word)) {
			g->function = find_function(word);
		} else if (strpbrk(word, "zZ") &&
			   !quantity_parse(word, QUANTITY_HERTZ, &value) &&
			   value >= FREQUENCY_MIN && value <= FREQUENCY_MAX) {
			g->frequency = value;
		} else if (strpbrk(word, "vV") &&
			   !quantity_parse(word, QUANTITY_VOLT, &value) &&
			   fabs(value) <= AMPLITUDE_MAX) {
			g->amplitude = value;
			g->has_amplitude = true;
		} else {
			errx(EXIT_USAGE, "--generator: '%s' is neither a function (sine, square, triangle, ramp, noise, dc) nor a frequency in Hz nor a voltage in V",
			     word);
		}
	}
}

static bool is_set(const struct generator *g)
{
	return g->function || g->frequency >= 0 || g->has_amplitude;
}

double generators_frequency(const struct generators *all)
{
	double least = -1;
	int i;

	for (i = 0; i < INPUTS_MAX; i++) {
		double f = all->input[i].frequency;

		if (f >= 0 && (least < 0 || f < least))
			least = f;
	}
	return least;
}

/* The input INP<n+1>, which need not be the nth that is sampled */
static const struct input *find_input(const struct inputs *inputs, int n)
{
	char name[16];
	int i;

	snprintf(name, sizeof(name), "in%d", n);
	for (i = 0; i < inputs->count; i++) {
		if (strcmp(inputs->input[i].name, name) == 0)
			return &inputs->input[i];
	}
	return NULL;
}

/* Of a card with the simple language: both values at once */
static int set_simple(const struct generator *g, int n, struct capture *c,
		      const struct inputs *inputs)
{
	const struct input *now = find_input(inputs, n);
	char reply[SKEL_LINE_MAX], line[64];
	long amplitude;

	if (!now)
		return capture_fail(c, "the card has no input INP%d", n + 1);
	if (g->function && strcmp(g->function[0], now->shape) != 0)
		return capture_fail(c, "INP%d: this card has no choice of functions, it is a %s",
				    n + 1, now->shape);
	amplitude = g->has_amplitude ? lround(g->amplitude * 1000) :
				       (long)now->amplitude;
	if (amplitude < 0)
		return capture_fail(c, "INP%d: an amplitude is not negative",
				    n + 1);
	if (g->frequency < 0 && !g->has_amplitude)
		return 0;
	snprintf(line, sizeof(line), "INPUT %d %ld %ld", n, g->frequency < 0 ?
		 (long)now->frequency : lround(g->frequency * 1000), amplitude);
	return capture_ask(c, reply, line);
}

static int set_scpi(const struct generator *g, int n, struct capture *c)
{
	char line[96], reply[SKEL_LINE_MAX];
	bool dc;

	snprintf(line, sizeof(line), "INPut%d:FUNCtion %s", n + 1,
		 g->function ? g->function[1] : "");
	if (g->function && capture_set(c, line))
		return -1;
	snprintf(line, sizeof(line), "INPut%d:FREQuency %.17g", n + 1,
		 g->frequency);
	if (g->frequency >= 0 && capture_set(c, line))
		return -1;
	if (!g->has_amplitude)
		return 0;
	snprintf(line, sizeof(line), "INPut%d:FUNCtion?", n + 1);
	if (capture_ask(c, reply, line))
		return -1;
	/* a constant voltage is the offset */
	dc = strcmp(reply, "DC") == 0;
	snprintf(line, sizeof(line), "INPut%d:%s %.17g", n + 1,
		 dc ? "OFFSet" : "AMPLitude", g->amplitude);
	return capture_set(c, line);
}

int generators_set(const struct generators *all, struct capture *c)
{
	struct inputs inputs;
	int n;

	if (!c->scpi && capture_inputs(c, &inputs))
		return -1;
	for (n = 0; n < INPUTS_MAX; n++) {
		const struct generator *g = &all->input[n];

		if (is_set(g) && (c->scpi ? set_scpi(g, n, c) :
				  set_simple(g, n, c, &inputs)))
			return -1;
	}
	return 0;
}

/* Noise and DC have no frequency: 0. */
int generators_check(const struct generators *all, struct capture *c)
{
	int n;

	for (n = 0; n < INPUTS_MAX; n++) {
		const struct generator *g = &all->input[n];
		const struct input *in = find_input(&c->inputs, n);

		if (!in || !is_set(g))
			continue;
		if ((g->function && strcmp(in->shape, g->function[0]) != 0) ||
		    (in->frequency && g->frequency >= 0 &&
		     (long)in->frequency != lround(g->frequency * 1000)) ||
		    (in->frequency && g->has_amplitude &&
		     (long)in->amplitude != lround(g->amplitude * 1000)))
			return capture_fail(c, "another program has set input INP%d",
					    n + 1);
	}
	return 0;
}
