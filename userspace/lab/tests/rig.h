/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rig.h - a whole instrument on a fake card, and its users
 */
#ifndef _LAB_TESTS_RIG_H
#define _LAB_TESTS_RIG_H

#include "card/fake-card.h"
#include "core/lab.h"

#define RIG_MEMORY	65536

/* That of the tests */
extern struct rig {
	struct fake_card *fake;
	struct lab *lab;
	uint64_t clock;		/* ns; real time is what the test says it is */
} rig;

/* Virtual time, seed 1, no directory, channel 0 is open; aborts without memory. */
void rig_start(void);
void rig_start_real(void);
void rig_start_with(const struct lab_settings *settings);
void rig_stop(void);

struct session *rig_open(unsigned int channel);
/* Send a line, without running it. */
void send_line(unsigned int channel, const char *line);
/* Run everything. Return: the replies to a user, with newlines. */
const char *rig_run(unsigned int channel);
/* Send a line and run everything. Return: the replies, with newlines. */
const char *say(unsigned int channel, const char *line);
__printf(2, 3)
const char *sayf(unsigned int channel, const char *format, ...);
/* Is @line answered with @answer (without its newline)? Prints if not. */
bool rig_ask(unsigned int channel, const char *line, const char *answer);
/* Does @line cause error @error, and nothing else? */
bool rig_fails(unsigned int channel, const char *line, int error);
bool rig_hears(unsigned int channel, const char *lines);
/* Are these frames of the internal count in the ring as the inputs had them? */
bool ring_is_right(uint64_t from, uint64_t to);

#define asks(channel, line, answer)	check(rig_ask(channel, line, answer))
#define refuses(channel, line, error)	check(rig_fails(channel, line, error))
/* Run everything: the lines that have come to a user since then, or before */
#define hears(channel, lines)	check(rig_hears(channel, lines))
/* A test with a rig that has been started */
#define RIG_TEST(name)			TEST_WITH(name, rig_start, rig_stop)
#define REAL_TEST(name)			TEST_WITH(name, rig_start_real, rig_stop)

#endif /* _LAB_TESTS_RIG_H */
