// SPDX-License-Identifier: GPL-2.0
/*
 * test-header.c - what the header of a command can become
 */
#include <stdio.h>
#include <string.h>

#include "../header.h"
#include "unit.h"

TEST(headers_are_completed)
{
	static const char *const wanted[][3] = {
		/* pattern, typed, result or NULL */
		{ "*IDN?", "*i", "*IDN?" },
		{ "*IDN?", "", "*IDN?" },
		{ "SYSTem:ERRor[:NEXT]?", "sy", "SYSTem:ERRor?" },
		{ "SYSTem:ERRor[:NEXT]?", "SYST:", "SYST:ERRor?" },
		{ "SYSTem:ERRor[:NEXT]?", "system:err", "system:ERRor?" },
		{ "SYSTem:ERRor[:NEXT]?", "SYSTe:ERR", NULL },
		{ "SYSTem:ERRor:COUNt?", ":syst:err:c", ":syst:err:COUNt?" },
		{ "INPut<n>:FUNCtion[?]", "i", "INPut" },
		{ "INPut<n>:FUNCtion[?]", "INP2", "INP2:FUNCtion" },
		{ "INPut<n>:FUNCtion[?]", "input12:f", "input12:FUNCtion" },
		{ "INPut<n>:FUNCtion[?]", "INP:", "INP:FUNCtion" },
		{ "INPut<n>:FUNCtion[?]", "INP2:G", NULL },
		{ "INPut<n>:FUNCtion[?]", "OUTP", NULL },
		{ "INPut<n>:FUNCtion[?]", "INP2:FUNC:X", NULL },
		{ "TRIGger[:IMMediate]", "TRIG", "TRIGger" },
		{ "HELP?", "HELP?", "HELP?" },
		{ "HELP?", "HELP?x", NULL },
	};
	char word[HEADER_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		bool can = header_complete(wanted[i][0], wanted[i][1], word);

		check(can == !!wanted[i][2]);
		if (can && wanted[i][2] && strcmp(word, wanted[i][2]) != 0) {
			printf("# %s: %s\n", wanted[i][1], word);
			check(!"the right word");
		}
	}
}
