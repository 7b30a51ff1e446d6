/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rig.h - a whole instrument on a fake card, and its users
 */
#ifndef _LAB_TESTS_RIG_H
#define _LAB_TESTS_RIG_H

#include "card/fake-card.h"
#include "core/lab.h"

#define RIG_MEMORY	65536

struct rig {
	struct fake_card *fake;
	struct lab *lab;
};

/* Virtual time, seed 1, no directory; aborts without memory. */
void rig_start(struct rig *rig);
void rig_start_with(struct rig *rig, const struct lab_settings *settings);
void rig_stop(struct rig *rig);

struct session *rig_open(struct rig *rig, unsigned int channel);
/* Send a line, without running it. */
void rig_send(struct rig *rig, unsigned int channel, const char *line);
/* Send a line and run everything. Return: the replies, with newlines. */
const char *rig_say(struct rig *rig, unsigned int channel, const char *line);
/* Is @line answered with @answer (without its newline)? Prints if not. */
bool rig_ask(struct rig *rig, unsigned int channel, const char *line,
	     const char *answer);
/* Does @line cause error @error, and nothing else? */
bool rig_fails(struct rig *rig, unsigned int channel, const char *line,
	       int error);

#endif /* _LAB_TESTS_RIG_H */
