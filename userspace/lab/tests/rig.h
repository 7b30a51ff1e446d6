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

/* That of the tests */
extern struct rig rig;

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

#define asks(channel, line, answer)					\
	check(rig_ask(&rig, channel, line, answer))
#define refuses(channel, line, error)					\
	check(rig_fails(&rig, channel, line, error))
#define say(channel, line)		rig_say(&rig, channel, line)
#define send_line(channel, line)	rig_send(&rig, channel, line)
/* Run a test with a rig that has been started. */
#define run_rig(test) do {						\
		rig_start(&rig);					\
		run(test);						\
		rig_stop(&rig);						\
	} while (0)

#endif /* _LAB_TESTS_RIG_H */
