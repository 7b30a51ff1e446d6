// SPDX-License-Identifier: GPL-2.0
/*
 * sampling.c - the options that say what is sampled, of record and plot
 */
#include <err.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "quantity.h"
#include "sampling.h"

#define RATE_DEFAULT	10000
#define RATE_MIN	0.001
#define RATE_MAX	1e9		/* the card has its own limit */
#define RATE_AUTO_MAX	1000000
#define RATE_CYCLE	200		/* frames per cycle */
#define RATE_LEAST	200		/* takes 5 s at most */
#define FRAMES_MAX	(INT64_C(1) << 48)
#define DURATION_MAX	(100 * 365 * 86400.0)

void sampling_init(struct sampling *s)
{
	*s = (struct sampling){ .pre_time = -1 };
	generators_init(&s->generators);
}

/* One input: 3, INP3, INPut3, or in2, as the card's simple commands call it */
static long input_number(const char *text, const char **end)
{
	static const char *const names[] = { "INPut", "INP", "" };
	char *stop;
	size_t i;
	long n;

	if (strncmp(text, "in", 2) == 0 && text[2] >= '0' && text[2] <= '9') {
		n = strtol(text + 2, &stop, 10) + 1;
		*end = stop;
		return n;
	}
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		size_t length = strlen(names[i]);

		if (strncasecmp(text, names[i], length) != 0 ||
		    text[length] < '0' || text[length] > '9')
			continue;
		n = strtol(text + length, &stop, 10);
		*end = stop;
		return n;
	}
	return 0;
}

static void set_inputs(struct sampling *s, const char *text)
{
	const char *at = text;
	size_t used = 0;

	for (;;) {
		long first = input_number(at, &at), last = first;

		if (first && (*at == '-' || *at == ':'))
			last = input_number(at + 1, &at);
		if (first < 1 || last < first || last > 99 ||
		    (*at && *at != ',') || used > sizeof(s->list) - 8)
			errx(EXIT_USAGE, "--inputs: '%s' is not a list such as 1,3 or 1-4; the first input is 1",
			     text);
		used += snprintf(s->list + used, sizeof(s->list) - used,
				 last > first ? "%s%ld:%ld" : "%s%ld",
				 used ? "," : "", first, last);
		if (!*at++)
			break;
	}
	s->set.list = s->list;
}

static void set_trigger(struct sampling *s, const char *text)
{
	const char *end = text;
	long n;

	s->set.trigger_number = 0;
	if (strcasecmp(text, "immediate") == 0 || strcasecmp(text, "none") == 0) {
		s->set.trigger = "IMMediate";
	} else if (strcasecmp(text, "bus") == 0) {
		s->set.trigger = "BUS";
	} else if (strncasecmp(text, "line", 4) == 0 && text[4] >= '1' &&
		   text[4] <= '9') {
		s->set.trigger = "LINE";
		s->set.trigger_number = atoi(text + 4);
	} else {
		n = input_number(text, &end);
		if (n < 1 || *end)
			errx(EXIT_USAGE, "--trigger: '%s' is not an input (INP1), a line (LINE1), bus or immediate",
			     text);
		s->set.trigger = "INPut";
		s->set.trigger_number = n;
	}
}

static const char *slope(const char *text)
{
	static const char *const slopes[] = { "POSitive", "NEGative", "EITHer" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(slopes); i++) {
		if (strcasecmp(text, slopes[i]) == 0 ||
		    (strlen(text) >= 3 &&
		     strncasecmp(text, slopes[i], strlen(text)) == 0))
			return slopes[i];
	}
	errx(EXIT_USAGE, "--slope: '%s' is not positive, negative or either",
	     text);
}

bool sampling_option(struct sampling *s, int letter, const char *value)
{
	double time;

	switch (letter) {
	case 'r':
		s->set.rate = quantity_option("--rate", value, QUANTITY_HERTZ,
					      RATE_MIN, RATE_MAX);
		return true;
	case 'n':
		s->frames = count_option("--count", value, QUANTITY_COUNT,
					     1, FRAMES_MAX);
		return true;
	case 't':
		s->duration = quantity_option("--duration", value,
					      QUANTITY_SECOND, 1e-6,
					      DURATION_MAX);
		return true;
	case 'i':
		set_inputs(s, value);
		return true;
	case 'g':
		generators_parse(&s->generators, value);
		return true;
	case 'T':
		set_trigger(s, value);
		return true;
	case 'L':
		s->set.level = quantity_option("--level", value, QUANTITY_VOLT,
					       -1000, 1000);
		s->set.has_level = true;
		return true;
	case SAMPLING_SLOPE:
		s->set.slope = slope(value);
		return true;
	case 'P':
		s->set.has_pre = true;
		if (strpbrk(value, "sh") || strstr(value, "min")) {
			time = quantity_option("--pretrigger", value,
					       QUANTITY_SECOND, 0,
					       DURATION_MAX);
			s->pre_time = time;
		} else {
			s->set.pre = count_option("--pretrigger", value,
						  QUANTITY_COUNT, 0, INT32_MAX);
		}
		return true;
	case 'v':
		s->set.verbose = true;
		return true;
	default:
		break;
	}
	if (letter >= SAMPLING_FUNCTION &&
	    letter < SAMPLING_AMPLITUDE + INPUTS_MAX) {
		static const char *const names[] = {
			"function", "frequency", "amplitude",
		};
		int n = letter - SAMPLING_FUNCTION;

		generators_option(&s->generators, names[n / 10], n % 10, value);
		return true;
	}
	return false;
}

/* A rate that shows some cycles of what the user asks for; 0: asks for none */
static double choose_rate(const struct sampling *s)
{
	double frequency = generators_frequency(&s->generators), rate;

	if (frequency < 0)
		return 0;
	rate = floor(frequency * RATE_CYCLE);
	return rate < RATE_LEAST ? RATE_LEAST :
	       rate > RATE_AUTO_MAX ? RATE_AUTO_MAX : rate;
}

void sampling_complete(struct sampling *s, uint64_t default_frames)
{
	if (s->frames && s->duration > 0)
		errx(EXIT_USAGE, "--count and --duration exclude each other");
	if (!s->frames && !s->duration)
		s->frames = default_frames;
	if (!s->set.rate)
		s->set.rate = choose_rate(s);
	if (s->frames && s->set.has_pre && s->pre_time < 0 &&
	    s->set.pre >= s->frames)
		errx(EXIT_USAGE, "--pretrigger: as many frames as there are in all; take a greater --count");
}

/* What no option says stays as the card has it; others sample at 10 kHz. */
static int know_rate(struct capture *c)
{
	char reply[SKEL_LINE_MAX];

	if (c->set.rate > 0)
		return 0;
	c->set.rate = RATE_DEFAULT;
	if (!c->scpi)
		return 0;
	c->set.keeps_rate = true;
	if (capture_ask(c, reply, "SAMPle:RATE?"))
		return -1;
	c->set.rate = strtod(reply, NULL);
	return c->set.rate > 0 ? 0 :
	       capture_fail(c, "'SAMPle:RATE?': cannot understand '%s'", reply);
}

/* Times become frames, now that the rate is known */
static int count_frames(const struct sampling *s, struct capture *c, double rate)
{
	double frames = s->duration > 0 ? ceil(s->duration * rate - 1e-6) :
					  s->frames;

	if (s->duration > 0 && frames < 1)
		frames = 1;
	if (frames > (s->most ? s->most : FRAMES_MAX))
		return capture_fail(c, "--duration: %.8g frames, %llu are the most",
				    frames, s->most ? s->most : FRAMES_MAX);
	c->frames = frames;
	if (s->pre_time * rate > INT32_MAX)
		return capture_fail(c, "--pretrigger: more than 2^31 frames");
	if (s->pre_time >= 0)
		c->set.pre = llround(s->pre_time * rate);
	if (c->set.has_pre && c->frames && c->set.pre >= c->frames)
		return capture_fail(c, "--pretrigger: as many frames as there are in all; take a greater --count or --duration");
	return 0;
}

int sampling_start(const struct sampling *s, struct capture *c)
{
	c->set = s->set;
	if (capture_look(c) || capture_reserve(c) || know_rate(c) ||
	    count_frames(s, c, c->set.rate) ||
	    generators_set(&s->generators, c) || capture_start(c) ||
	    generators_check(&s->generators, c) ||
	    count_frames(s, c, c->rec.rate))
		return -1;
	fprintf(c->talk, "sampling %d input%s at %.8g Hz each", c->inputs.count,
		c->inputs.count == 1 ? "" : "s", c->rec.rate);
	if (!c->set.keeps_rate &&
	    fabs(c->rec.rate - c->set.rate) > 1e-9 * c->rec.rate)
		fprintf(c->talk, " (%.8g Hz were asked for)", c->set.rate);
	fprintf(c->talk, ", %d bits\n", c->inputs.bits);
	fflush(c->talk);
	return 0;
}
