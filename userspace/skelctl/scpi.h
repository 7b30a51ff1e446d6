/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scpi.h - what a card that speaks SCPI says about earlier commands
 *
 * Such a card does not answer a setting. The error queue says whether it was
 * accepted; SCPI_VERDICT asks for that in one line, whose answer cannot be
 * mistaken for the answer to another command.
 */
#ifndef _SKEL_SCPI_H
#define _SKEL_SCPI_H

#include <stdbool.h>

#define SCPI_VERDICT	"SYSTem:ERRor?;:STATus:OPERation:CONDition?;*IDN?"

struct scpi_verdict {
	char error[256];	/* '-113,"Undefined header;NONSENSE"', "": none */
	bool program;		/* a program on the card is running */
};

/* Whether a line is the answer to SCPI_VERDICT; if so, fill in @verdict */
bool scpi_parse_verdict(const char *line, struct scpi_verdict *verdict);

#endif /* _SKEL_SCPI_H */
