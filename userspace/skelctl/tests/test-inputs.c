// SPDX-License-Identifier: GPL-2.0
/*
 * test-inputs.c - answers of the card about its inputs and its sampling
 */
#include <errno.h>
#include <string.h>

#include "../inputs.h"
#include "unit.h"

#define SINE	"in0=sine,50000,8000"
#define SQUARE	"in1=square,25000,5000"
#define BIG	"18446744073709551615"	/* 2^64 - 1 */

TEST(good_inputs)
{
	struct inputs in;

	check(!parse_inputs("INPUTS 2 bits=16 range=10000 " SINE " " SQUARE,
			    &in));
	check(in.count == 2 && in.bits == 16 && in.range == 10000);
	check(strcmp(in.input[0].name, "in0") == 0);
	check(strcmp(in.input[1].shape, "square") == 0);
	check(in.input[0].frequency == 50000 && in.input[1].amplitude == 5000);
}

TEST(bad_inputs)
{
	static const char * const lines[] = {
		"", "ERROR unknown-command", "INPUTS", "INPUTS 2 bits=16",
		"INPUTS 2 bits=16 range=10000",
		"INPUTS 2 bits=16 range=10000 " SINE,
		"INPUTS 2 bits=16 range=10000 " SINE " in1=",
		"INPUTS 0 bits=16 range=10000",
		"INPUTS -1 bits=16 range=10000",
		"INPUTS 9 bits=16 range=1 a=b,1,1 a=b,1,1 a=b,1,1 a=b,1,1 a=b,1,1 a=b,1,1 a=b,1,1 a=b,1,1 a=b,1,1",
		"INPUTS 1 bits=17 range=10000 in0=sine,50000,8000",
		"INPUTS 1 bits=16 range=0 in0=sine,50000,8000",
		"INPUTS 1 bits=16 range=10 aNameOf16Letters=sine,50000,8000",
	};
	struct inputs in = { .count = 7 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lines); i++)
		check(parse_inputs(lines[i], &in) == -1 && errno == EPROTO);
	check(in.count == 7);
}

TEST(good_status)
{
	static const char all[] =
		"STATUS IDLE rate=3 frames=1 position=8 ring=4 lost=2 base=4 period=1430 run=0";
	struct status st;

	check(!parse_status("STATUS SAMPLING rate=10000 frames=123 position=492 ring=1024",
			    &st));
	check(strcmp(st.state, "SAMPLING") == 0 && st.rate == 10000);
	check(st.frames == 123 && st.position == 492 && st.ring == 1024);
	check(!parse_status("STATUS IDLE new=1 ring=0x1000 rate=0 frames=0 position=" BIG,
			    &st));
	check(st.ring == 4096 && st.position == UINT64_MAX);
	check(!st.base && !st.lost && !st.run && !st.has_run);
	check(!parse_status(all, &st));
	check(st.rate == 1e9 / 1430 && st.base == 4 && st.lost == 2);
	check(st.has_run && st.run == 0);
}

TEST(bad_status)
{
	static const char * const lines[] = {
		"", "STATUS", "STATUS IDLE", "ERROR busy",
		"STATUS IDLE rate=1 frames=2 position=3",
		"STATUS IDLE rate=1 frames=2 position=3 ring=-1",
		"STATUS IDLE rate=1 frames=2 position=3 ring=",
		"STATUS IDLE rate=1 frames=2 position=3 ring=4x",
		"STATUS IDLE rate=1 frames=2 position=3 ring=18446744073709551616",
		"STATUS IDLE rate=1 frames=2 position=3 string=4",
		"STATUS IDLE rate=1 frames=2 position=3 ring=4 run=x",
		"STATUS IDLE rate=1 frames=2 position=3 ring=4 base=",
	};
	struct status st = { .ring = 7 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lines); i++)
		check(parse_status(lines[i], &st) == -1 && errno == EPROTO);
	check(st.ring == 7);
}
