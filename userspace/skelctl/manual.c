// SPDX-License-Identifier: GPL-2.0
/*
 * manual.c - write the manual page skelctl(1) from the table of commands
 */
#include <string.h>

#include "command.h"

static const char introduction[] =
"skelctl works with laboratory and FPGA cards whose drivers use the skel core of the Linux kernel. "
"Each card is one device, /dev/skel0, /dev/skel1 and so on. Commands for the card are lines of ASCII; "
"its data comes by DMA into buffers of the program. The kernel checks each DMA request of the card "
"against these buffers, so no privileges are needed, only permission to open the device.\n\n"
"Without a card, use the simulated one, modprobe skel_sim, or the instrument skel-lab(1).";

static const struct {
	const char *name, *text;
} files[] = {
	{ "/dev/skel*", "the cards" },
	{ "/dev/skel/by-path/*", "the same by their places on the bus" },
	{ "60-skel.rules", "the udev rule that lets the users at the machine and the group plugdev open them" },
};

static const char notes[] =
"Names of cards: 0, skel0 and /dev/skel0 are the same everywhere, in front of the command and behind it. /dev/skel/by-path has names that stay when cards come and go.\n\n"
"Numbers of inputs begin at 1, as in SCPI and on the connectors. The simple commands of the card, INPUT and INPUTS?, count from 0: their in0 is INP1.\n\n"
"Without skelctl: echo 'OUTP1:LEV 1' >/dev/skel0 may have no effect. It opens a channel, writes the line and closes the channel, and what the card has not begun by then is dropped. Take skelctl cmd, which waits until the line has run; or, in a shell, keep the channel open until the card has answered:";

static const char notes_example[] =
"    exec 3<>/dev/skel0\n    echo 'OUTP1:LEV 1;*OPC?' >&3\n    read answer <&3\n    exec 3>&-";

/* Text as roff understands it; a paragraph ends with an empty line */
static void roff(const char *text)
{
	bool start = true;

	for (; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		start = *text == '\n';
		if (strncmp(text, "\n\n", 2) == 0) {
			fputs("\n.PP", stdout);
			continue;
		}
		switch (*text) {
		case '-':
			fputs("\\-", stdout);
			break;
		case '\\':
			fputs("\\e", stdout);
			break;
		case '\'':
			fputs("\\(aq", stdout);
			break;
		default:
			putchar(*text);
		}
	}
}

static void line(const char *before, const char *text)
{
	fputs(before, stdout);
	roff(text);
	putchar('\n');
}

static void options(const struct option_row *row)
{
	for (; row && row->name; row++) {
		if (!row->help)
			continue;
		printf(".TP\n");
		if (row->letter < OPTION_LONG)
			printf("\\fB\\-%c\\fR, ", row->letter);
		fputs("\\fB\\-\\-", stdout);
		roff(row->name);
		fputs("\\fR", stdout);
		if (row->value)
			printf(" \\fI%s\\fR", row->value);
		line("\n", row->help);
	}
}

static void synopsis(const struct command *command)
{
	printf("\\fBskelctl\\fR [\\fB\\-d\\fR \\fIDEVICE\\fR] \\fB%s\\fR [\\fIOPTION\\fR]...%s",
	       command->name, command->arguments ? " " : "");
	line("", command->arguments ? command->arguments : "");
}

static void describe(const struct command *command)
{
	printf(".SS %s\n", command->name);
	line("", command->text);
	options(command->options);
	if (!command->example)
		return;
	printf(".PP\nExample:\n.PP\n.nf\n");
	line("    skelctl ", command->example);
	printf(".fi\n");
}

int main(void)
{
	const struct command *const *command;
	const struct exit_row *row;
	size_t i;

	puts(".\\\" SPDX-License-Identifier: GPL-2.0\n"
	     ".\\\" made from the table of commands of skelctl\n"
	     ".TH SKELCTL 1 2026-11-29 \"skel " SKEL_VERSION "\" \"Laboratory cards\"\n"
	     ".SH NAME\n"
	     "skelctl \\- look at a laboratory card, talk to it, record with it\n"
	     ".SH SYNOPSIS");
	for (command = commands; *command; command++) {
		if (!(*command)->summary)
			continue;
		if (command != commands)
			puts(".br");
		synopsis(*command);
	}
	puts(".SH DESCRIPTION");
	line("", introduction);
	puts(".SH OPTIONS");
	options(common_options);
	puts(".SH COMMANDS");
	for (command = commands; *command; command++) {
		if ((*command)->summary)
			describe(*command);
	}
	puts(".SH EXIT STATUS");
	for (row = exit_rows; row->text; row++) {
		printf(".TP\n%d\n", row->status);
		line("", row->text);
	}
	puts(".SH FILES");
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		puts(".TP");
		line("", files[i].name);
		line("", files[i].text);
	}
	puts(".SH NOTES");
	line("", notes);
	puts(".PP\n.nf");
	line("", notes_example);
	puts(".fi");
	puts(".SH SEE ALSO\n.BR skel\\-lab (1),\n.BR libskel (3)");
	return ferror(stdout) || fflush(stdout);
}
