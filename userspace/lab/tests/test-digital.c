// SPDX-License-Identifier: GPL-2.0
/*
 * test-digital.c - digital lines, edge counters, clocks, frequencies
 */
#include <stdio.h>
#include <string.h>

#include "parts/clock.h"
#include "parts/digital.h"
#include "parts/input.h"
#include "parts/measure.h"
#include "tests/rig.h"
#include "unit.h"

/* Counts and times of a pulse, against a check of each tick */
static bool pulse_is_right(const struct pulse *p, uint64_t from, uint64_t to)
{
	uint64_t rises = pulse_count(p, true, from);
	uint64_t falls = pulse_count(p, false, from);
	bool level = pulse_level(p, from);

	for (uint64_t t = from + 1; t <= to; t++) {
		bool now = pulse_level(p, t);

		rises += now && !level;
		falls += !now && level;
		if (rises != pulse_count(p, true, t) ||
		    falls != pulse_count(p, false, t))
			return false;
		if (now && !level && pulse_tick(p, true, rises) != t)
			return false;
		if (!now && level && pulse_tick(p, false, falls) != t)
			return false;
		level = now;
	}
	return true;
}

TEST(pulses_are_counted_exactly)
{
	static const uint64_t starts[] = { 0, 1, 999, UINT64_C(1) << 60 };
	struct pulse fastest = pulse_of_clock(1);

	check(pulse_count(&fastest, true, 1000) -
	      pulse_count(&fastest, true, 0) == 1000);
	check(pulse_count(&fastest, false, 1000) -
	      pulse_count(&fastest, false, 0) == 1000);

	for (uint32_t divider = 2; divider < 20; divider++) {
		struct pulse p = pulse_of_clock(divider);

		check(p.fall * 2 == p.cycle);
		for (unsigned int i = 0; i < ARRAY_SIZE(starts); i++)
			check(pulse_is_right(&p, starts[i], starts[i] + 200));
	}
	for (unsigned int i = 0; i < 200; i++) {
		struct pulse p = {
			.step = 1 + i * 7, .cycle = 100003, .phase = i * 499,
			.rise = i * 211 % 100003,
			.fall = (i * 211 + 40000 + i * 77) % 100003,
		};

		for (unsigned int j = 0; j < ARRAY_SIZE(starts); j++)
			check(pulse_is_right(&p, starts[j], starts[j] + 2000));
	}
}

/* A threshold follows the samples of its input. */
RIG_TEST(thresholds_follow_the_input)
{
	static const char *const functions[] = { "SIN", "SQU", "TRI", "RAMP" };

	asks(0, "INP3:FREQ 12345.678;OFFS 1;AMPL 5;PHAS 77", "");
	for (unsigned int i = 0; i < ARRAY_SIZE(functions); i++) {
		uint64_t edges, from, to;
		bool level;

		check(!*sayf(0, "INP3:FUNC %s;:DIG:LINE1:SOUR INP,3,2",
			     functions[i]));
		digital_clear(rig.lab, 0);
		from = lab_tick(rig.lab);
		level = digital_level(rig.lab, 0);
		say(0, "SYST:TIME:ADV 10 ms");
		edges = digital_edges(rig.lab, 0, LINE_BOTH);
		to = lab_tick(rig.lab);
		for (uint64_t t = from + 1; t <= to; t++) {
			bool now = input_sample(rig.lab, 2, t) >= 6553;

			edges -= now != level;
			level = now;
		}
		check(edges == 0 && to - from >= 1000000);
		check(level == digital_level(rig.lab, 0));
	}
	/* always or never above */
	asks(0, "DIG:LINE1:SOUR INP,3,6.1;LEV?", "0");
	asks(0, "DIG:LINE1:SOUR INP,3,-4;LEV?", "1");
	digital_clear(rig.lab, 0);
	asks(0, "SYST:TIME:ADV 1;:DIG:LINE1:COUN? BOTH", "0");
	/* an analog output goes from 0 to 5 V: polled each millisecond */
	asks(0, "INP3:LOOP 1;OFFS 0;:DIG:LINE1:SOUR INP,3,2.5;COUN:CLE", "");
	asks(0, "OUTP1:LEV 5;:DIG:LINE1:COUN?;LEV?", "1;1");
}

RIG_TEST(watches_see_only_later_edges)
{
	struct line_watch watch = { .line = 0, .edge = LINE_RISING };

	asks(0, "DIG:LINE1:SOUR CLOC,1", "");
	watch.from = 250000;	/* 2.5 ms, edges at each ms */
	line_watch_start(rig.lab, &watch);
	say(0, "SYST:TIME:ADV 1 s");
	digital_update(rig.lab);
	check(watch.first == 300000);
	check(watch.last == 100000 * (lab_tick(rig.lab) / 100000));
	check(watch.count == lab_tick(rig.lab) / 100000 - 2);
	line_watch_stop(rig.lab, &watch);
	line_watch_stop(rig.lab, &watch);
	watch.from = 0;
	watch.edge = LINE_BOTH;
	line_watch_start(rig.lab, &watch);
	say(0, "SYST:TIME:ADV 10 ms");
	digital_update(rig.lab);
	check(watch.last - watch.first == (watch.count - 1) * 50000);
	line_watch_stop(rig.lab, &watch);
	check(!rig.lab->digital->watches);
}

RIG_TEST(users_that_measure_may_leave)
{
	struct session *session = rig_open(1);

	check(measure_start(rig.lab, session, 0, 1000, false) == SCPI_SUSPEND);
	check(rig.lab->measures && rig.lab->digital->watches);
	fake_card_close(rig.fake, rig.lab, 1);
	check(!rig.lab->measures && !rig.lab->digital->watches);
}
