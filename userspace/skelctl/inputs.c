// SPDX-License-Identifier: GPL-2.0
/*
 * inputs.c - parse what a card says about its inputs and its sampling
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

#include "inputs.h"

static int refuse(void)
{
	errno = EPROTO;
	return -1;
}

/* What follows "<key>=" in a line, or NULL */
static const char *find_value(const char *line, const char *key)
{
	size_t length = strlen(key);
	const char *word;

	for (word = strchr(line, ' '); word; word = strchr(word, ' ')) {
		word++;
		if (strncmp(word, key, length) == 0 && word[length] == '=')
			return word + length + 1;
	}
	return NULL;
}

/* The value of the word "<key>=<decimal or 0x number>" in a line */
static int get_number(const char *line, const char *key, uint64_t *value)
{
	const char *word = find_value(line, key);
	char *end;

	if (!word || *word < '0' || *word > '9')
		return refuse();
	errno = 0;
	*value = strtoull(word, &end, 0);
	if (errno || (*end && *end != ' '))
		return refuse();
	return 0;
}

/* The same, but @value stays as it is if there is no such word */
static int get_optional(const char *line, const char *key, uint64_t *value)
{
	return find_value(line, key) ? get_number(line, key, value) : 0;
}

/*
 * parse_inputs() - parse the answer to INPUTS?
 *
 * INPUTS 2 bits=16 range=10000 in0=sine,50000,8000 in1=square,25000,5000
 *
 * Return: 0, or -1 with errno EPROTO.
 */
int parse_inputs(const char *line, struct inputs *inputs)
{
	struct inputs in = { 0 };
	int i, at = 0;

	if (sscanf(line, "INPUTS %d bits=%d range=%d%n", &in.count, &in.bits,
		   &in.range, &at) != 3 || !at)
		return refuse();
	if (in.count < 1 || in.count > INPUTS_MAX || in.bits < 2 ||
	    in.bits > 16 || in.range < 1)
		return refuse();
	for (i = 0; i < in.count; i++) {
		struct input *input = &in.input[i];
		int n = 0;

		line += at;
		if (sscanf(line, " %15[^= ]=%15[^, ],%u,%u%n", input->name,
			   input->shape, &input->frequency, &input->amplitude,
			   &n) != 4 || !n)
			return refuse();
		at = n;
	}
	*inputs = in;
	return 0;
}

/*
 * parse_status() - parse the answer to STATUS?
 *
 * STATUS SAMPLING rate=10000 frames=123 position=492 ring=1048576 transfers=0
 *	refused=0 lost=0 trigger=DONE base=0 period=100000 run=3
 *
 * Return: 0, or -1 with errno EPROTO.
 */
int parse_status(const char *line, struct status *status)
{
	struct status st = { 0 };
	uint64_t rate, period = 0;	/* 1/s, ns */

	if (sscanf(line, "STATUS %15s", st.state) != 1 ||
	    get_number(line, "rate", &rate) ||
	    get_number(line, "frames", &st.frames) ||
	    get_number(line, "position", &st.position) ||
	    get_number(line, "ring", &st.ring) ||
	    get_optional(line, "base", &st.base) ||
	    get_optional(line, "lost", &st.lost) ||
	    get_optional(line, "period", &period) ||
	    get_optional(line, "run", &st.run))
		return refuse();
	st.has_run = find_value(line, "run");
	st.period = period;
	st.rate = period ? 1e9 / period : rate;
	*status = st;
	return 0;
}

/* "in0" of INPUTS? is what SCPI calls INPut1. */
void input_label(const struct input *input, char *text, size_t size)
{
	unsigned int n;
	int end = 0;

	if (sscanf(input->name, "in%u%n", &n, &end) == 1 && !input->name[end])
		snprintf(text, size, "INP%u", n + 1);
	else
		snprintf(text, size, "%s", input->name);
}
