// SPDX-License-Identifier: GPL-2.0
/*
 * test-signal.c - signals against their exact functions
 */
#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts/clock.h"
#include "parts/input.h"
#include "parts/output.h"
#include "parts/signal.h"
#include "tests/rig.h"
#include "unit.h"

#define BLOCK	1000

static uint64_t state;

static uint64_t random64(void)
{
	state = state * 6364136223846793005 + 1442695040888963407;
	return state >> 32 | state << 32;
}

/* The phase in cycles, from integers of 128 bits */
static long double exact_phase(const struct signal *s, uint64_t tick)
{
	unsigned __int128 phase = (unsigned __int128)s->frequency * tick;

	return (long double)(uint64_t)((phase + s->phase) % SIGNAL_CYCLE) /
	       SIGNAL_CYCLE;
}

static long double exact_shape(const struct signal *s, long double p)
{
	switch (s->function) {
	case SIGNAL_SINE:
		return sinl(2 * acosl(-1) * p);
	case SIGNAL_SQUARE:
		return p * SIGNAL_CYCLE < s->duty ? 1 : -1;
	case SIGNAL_TRIANGLE:
		return p < 0.25L ? 4 * p : p < 0.75L ? 2 - 4 * p : 4 * p - 4;
	case SIGNAL_RAMP:
		return 2 * p - 1;
	default:
		return 0;
	}
}

/* How far a sample is from the exact value, in steps of the converter */
static long double error_of(const struct signal *s, uint64_t tick, int sample)
{
	long double steps = (s->amplitude * exact_shape(s, exact_phase(s, tick)) +
			     s->offset) * 32767 / 10;

	if (steps > 32767)
		steps = 32767;
	if (steps < -32768)
		steps = -32768;
	return fabsl(sample - steps);
}

static struct signal random_signal(void)
{
	return (struct signal){
		.function = random64() % SIGNAL_NOISE,
		.amplitude = random64() % 100001 / 10000.0,
		.offset = random64() % 20001 / 1000.0 - 10,
		.frequency = 1 + random64() % (UINT64_C(1) << random64() % 41),
		.phase = random64() % SIGNAL_CYCLE,
		.duty = random64() % SIGNAL_CYCLE,
	};
}

TEST(functions_are_exact)
{
	long double worst = 0;

	state = 1;
	for (int i = 0; i < 100000; i++) {
		struct signal s = random_signal();
		uint64_t tick = random64() >> random64() % 50;
		double error = error_of(&s, tick, signal_sample(&s, tick));

		worst = error > worst ? error : worst;
	}
	check(worst > 0.4 && worst < 0.500001);
}

/* 10^9 samples at 1 MS/s and more: there is no drift. */
TEST(blocks_are_exact_after_long_times)
{
	int16_t samples[BLOCK];

	state = 2;
	for (int i = 0; i < 100; i++) {
		struct signal s = random_signal();
		uint64_t period = 100 + random64() % 100000;
		uint64_t start = random64() >> 20;
		uint64_t tick = start + 1000000000 * period;
		double worst = 0;

		signal_block(&s, tick, period, BLOCK, samples, 1);
		for (int j = 0; j < BLOCK; j++) {
			int sample = (int16_t)le16toh(samples[j]);
			double error = error_of(&s, tick + j * period, sample);

			worst = error > worst ? error : worst;
			check(sample == signal_sample(&s, tick + j * period));
		}
		check(worst < 0.500001);
	}
}

TEST(blocks_leave_other_inputs_alone)
{
	struct signal s = random_signal();
	int16_t samples[30];

	memset(samples, 0x55, sizeof(samples));
	s.function = SIGNAL_SINE;
	signal_block(&s, 0, 100, 10, samples + 1, 3);
	for (int i = 0; i < 30; i++)
		check(i % 3 == 1 || samples[i] == 0x5555);
	signal_block(&s, 0, 100, 0, samples, 3);
	check(samples[0] == 0x5555);
}

TEST(samples_are_rounded_and_clipped)
{
	const double step = 10.0 / 32767;

	check(signal_quantise(0) == 0 && signal_quantise(10) == 32767);
	check(signal_quantise(-10) == -32767);
	check(signal_quantise(11) == 32767 && signal_quantise(1e300) == 32767);
	check(signal_quantise(-11) == -32768);
	check(signal_quantise(-1e300) == -32768);
	check(signal_quantise(2.4999 * step) == 2);
	check(signal_quantise(2.5001 * step) == 3);
	check(signal_quantise(-2.4999 * step) == -2);
	check(signal_quantise(-2.5001 * step) == -3);
	/* halfway, which is exact in this case, rounds away from zero */
	check(signal_quantise(5) == 16384 && signal_quantise(-5) == -16384);
}

TEST(noise_depends_on_seed_and_time_only)
{
	struct signal s = {
		.function = SIGNAL_NOISE, .amplitude = 5, .key = 7,
	};
	struct signal other = s;
	int16_t samples[BLOCK];
	double sum = 0, squares = 0;
	int same = 0;

	other.key = 8;
	signal_block(&s, 12345, 100, BLOCK, samples, 1);
	for (int i = 0; i < BLOCK; i++) {
		int sample = (int16_t)le16toh(samples[i]);

		check(sample == signal_sample(&s, 12345 + i * 100));
		check(abs(sample) <= 16384);
		same += sample == signal_sample(&other, 12345 + i * 100);
		sum += sample / 16384.0;
		squares += sample / 16384.0 * sample / 16384.0;
	}
	check(same < 5);
	/* uniform in -1 to 1: mean 0, mean square 1/3 */
	check(fabs(sum / BLOCK) < 0.1);
	check(fabs(squares / BLOCK - 1 / 3.0) < 0.05);
}

TEST(repetition_is_found)
{
	struct signal s = { .function = SIGNAL_SINE };

	s.frequency = 50 * SIGNAL_HERTZ;
	check(signal_repeats(&s, 10000) == 200);	/* 10 kS/s */
	check(signal_repeats(&s, 2000000) == 1);	/* 50 S/s */
	check(signal_repeats(&s, 2000001) == 0);
	s.frequency = 3;
	check(signal_repeats(&s, 100) == 0);
	s.frequency = 30 * SIGNAL_HERTZ;
	check(signal_repeats(&s, 10000) == 1000);
	s.function = SIGNAL_NOISE;
	check(signal_repeats(&s, 10000) == 0);
}

/* signal_above() agrees with the samples at each phase, except at the edge. */
TEST(thresholds_are_found)
{
	state = 3;
	for (int i = 0; i < 500; i++) {
		struct signal s = random_signal();
		double volts = random64() % 20001 / 1000.0 - 10;
		uint64_t rise = 0, fall = 0;
		int above = signal_above(&s, volts, &rise, &fall);

		s.frequency = 1;
		s.phase = 0;
		for (int j = 0; j < 200; j++) {
			long double v;
			uint64_t p = random64() % SIGNAL_CYCLE;
			bool high = rise < fall ? p >= rise && p < fall :
						  p >= rise || p < fall;

			v = exact_shape(&s, (long double)p / SIGNAL_CYCLE);
			v = s.amplitude * v + s.offset;
			if (above)
				high = above > 0;
			check(fabsl(v - volts) < 0.000000001 || high == (v >= volts));
		}
	}
}

/* Blocks of any length give the same, with and without table. */
RIG_TEST(inputs_do_not_depend_on_blocks)
{
	static int16_t whole[20000], parts[20000];
	static const char *const functions[] = {
		"SIN", "SQU", "TRI", "RAMP", "NOIS", "DC", "COUN", "LOOP",
	};

	state = 4;
	for (unsigned int i = 0; i < ARRAY_SIZE(functions); i++) {
		size_t n;

		check(!*sayf(0, "INP1:FREQ 50;FUNC %s", functions[i]));
		input_block(rig.lab, 0, 77, 10000, 1000000, 20000, whole, 1);
		for (size_t at = 0; at < 20000; at += n) {
			n = random64() % 300;
			n = n > 20000 - at ? 20000 - at : n;
			input_block(rig.lab, 0, 77, 10000, 1000000 + at, n,
				    parts + at, 1);
		}
		check(memcmp(whole, parts, sizeof(whole)) == 0);
		/* the table does not survive a change */
		say(0, "INP1:AMPL 1");
		input_block(rig.lab, 0, 77, 10000, 1000000, 20000, parts, 1);
		check(parts[100] == input_sample(rig.lab, 0, 77 +
						 UINT64_C(10001000000)) ||
		      !strcmp(functions[i], "COUN"));
		say(0, "INP1:AMPL 8");
	}
}

/* A waveform in card memory, seen by an input */
RIG_TEST(outputs_are_looped_back)
{
	int16_t wave[4] = { 100, 200, 300, 400 }, before[50];

	memcpy(rig.lab->card->memory + 60000, wave, sizeof(wave));
	asks(0, "OUTP2:LEV 5;LEV?;:INP3:LOOP 2;:MEAS:VOLT? (@3)",
	     "5.00015259254738E+00;5.000153");
	refuses(0, "OUTP2:STAT ON", SCPI_ERR_SETTINGS_CONFLICT);
	refuses(0, "OUTP2:WAV 65530,4", SCPI_ERR_RANGE);
	refuses(0, "OUTP2:WAV 0,9223372036854775808", SCPI_ERR_RANGE);
	asks(0, "CLOC3:DIV 20000;:OUTP2:CLOC 3;WAV 60000,4", "");
	asks(0, "SAMP:LIST (@3);RING 0,1000;COUN 10;:OUTP2:STAT ON;:READ?",
	     "10,0,0.011000000,0.011000000,0.030519,0.122074,0.067141");
	/* each point lasts two frames, the output began with the first frame */
	for (int i = 0; i < 10; i++)
		check(((int16_t *)rig.lab->card->memory)[i] == wave[i / 2 % 4]);
	asks(0, "OUTP2:MODE ONCE;STAT ON;:SYST:TIME:ADV 1", "");
	check(output_sample(rig.lab, 1, lab_tick(rig.lab)) == 400);
	asks(0, "OUTP2:STAT OFF;:MEAS:VOLT? (@3)", "5.000153");
	/* the point that is out lasts one period of the changed clock */
	asks(0, "OUTP2:MODE LOOP;STAT ON", "");
	lab_run_until(rig.lab, lab_now(rig.lab) + 100000, NULL, NULL);
	check(output_sample(rig.lab, 1, lab_tick(rig.lab)) == 200);
	clock_set(rig.lab, 2, 1000000);
	check(output_sample(rig.lab, 1, lab_tick(rig.lab) + 999999) == 200);
	check(output_sample(rig.lab, 1, lab_tick(rig.lab) + 1000000) == 300);
	/* another output that leaves this clock, or changes its end, does not matter */
	asks(0, "OUTP1:WAV 60000,4;CLOC 3;STAT ON", "");
	lab_run_until(rig.lab, lab_now(rig.lab) + 12345670, NULL, NULL);
	for (int i = 0; i < 50; i++)
		before[i] = output_sample(rig.lab, 1, lab_tick(rig.lab) + i * 50000);
	outputs_change_clock(rig.lab, 0);
	rig.lab->outputs->output[0].clock = 0;
	for (int i = 0; i < 50; i++)
		check(before[i] == output_sample(rig.lab, 1,
						 lab_tick(rig.lab) + i * 50000));
}
