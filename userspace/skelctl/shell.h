/* SPDX-License-Identifier: GPL-2.0 */
/*
 * shell.h - a conversation with the card in the terminal
 */
#ifndef _SKELCTL_SHELL_H
#define _SKELCTL_SHELL_H

#include "talk.h"

/*
 * Until the end of the input: edit a line, with history and with completion from
 * the card's HELP?, send it, and print what comes back. Return: exit status.
 */
int shell_run(struct talk *talk);

#endif /* _SKELCTL_SHELL_H */
