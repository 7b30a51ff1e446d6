/* SPDX-License-Identifier: GPL-2.0 */
/*
 * skelctl.h - what the commands of skelctl share
 */
#ifndef _SKELCTL_H
#define _SKELCTL_H

#include <stdbool.h>

#include "libskel.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#ifndef SKEL_VERSION
#define SKEL_VERSION	"unknown"
#endif

/* Exit statuses; exit_rows of table.c documents them */
#define EXIT_CARD	1
#define EXIT_USAGE	2
#define EXIT_NO_CARD	3
#define EXIT_SILENT	4

#define ANSWER_MS	1000	/* that a card may take to answer */

/* The card that the user means; exits if @text cannot be one */
void choose_card(const char *text);
/* The name of the card that --device says, such as "skel1"; NULL: it was not given */
const char *chosen_card(void);
/* The path of its device: the choice, else that of SKEL_DEVICE, else the first */
const char *card_path(void);
/* Open it, or print what can be done about it and exit */
struct skel *open_card(void);
/* Exit: it was unplugged in the middle */
__attribute__((__noreturn__)) void card_gone(void);

/* Is this what the driver says for a program that does not play its card any more? */
bool card_has_stopped(const char *line);

/*
 * ask_card() - ask a card something that it need not know
 * @line: receives the answer, SKEL_LINE_MAX bytes
 *
 * Return: 1 if it has answered, 0 if it runs commands but does not know this one, -1
 * if it does not answer. Exits if it is gone.
 */
int ask_card(struct skel *skel, const char *query, char *line);

/* Exit: there is no command of this name */
__attribute__((__noreturn__)) void no_command(const char *name);

/* The whole program. Return: its exit status */
int skelctl_main(int argc, char **argv);

extern const struct command list_command;
extern const struct command monitor_command;
extern const struct command info_command;
extern const struct command cmd_command;
extern const struct command record_command;
extern const struct command plot_command;
extern const struct command acquire_command;
extern const struct command pages_command;
extern const struct command doctor_command;
extern const struct command selftest_command;
extern const struct command help_command;
extern const struct command complete_command;

#endif /* _SKELCTL_H */
