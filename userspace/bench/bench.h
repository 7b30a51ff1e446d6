/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bench.h - what the files of skel-bench share
 *
 * A figure has a name, whose it is ("by": skel or somebody it is compared with), what
 * it depends on ("of": a size in bytes, or a count) and a value.
 */
#ifndef _SKEL_BENCH_H
#define _SKEL_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libskel.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define BENCH_RUNS		201	/* at most */
#define BENCH_MARKED		6	/* with marks */
#define BENCH_IDN		"*IDN?\n"

/* What the command line says */
extern const char *bench_device;
extern bool bench_short, bench_wall, bench_marks;

/* Time: measure.c. All in ns; what fails ends the program. */

uint64_t bench_now(void);
/* The values are sorted by it */
uint64_t bench_median(uint64_t *values, size_t count);
/* How often to measure what is measured @runs times where instructions are counted */
int bench_runs(int runs);
/* Stay on one CPU from now on: objects and free pages are kept at hand per CPU */
void bench_pin(void);
/* How long @work takes: median of @runs */
uint64_t bench_repeat(int runs, void (*work)(void *data), void *data);
uint64_t bench_memcpy(void *to, const void *from, size_t length);
/*
 * Whether a process that is woken runs at once, for processes that wake each other: the
 * scheduler decides by what they did before, and each run would differ. On for the
 * caller of bench_repeat() while that runs.
 */
void bench_realtime(bool on);
/* What it costs the CPU, without the time in which that is idle */
uint64_t bench_busy(int runs, void (*work)(void *data), void *data);
/* RLIMIT_MEMLOCK and the number of open files are no limits from now on */
void bench_unlimited(void);

/* For a tracer: the operation that begins here; 0: it ends */
void bench_make_marks(void);
void bench_mark(unsigned int operation);

/* What is reported: report.c */

/* The number of the next operation. bench_time() gives them their names, in order. */
unsigned int bench_operation(void);

void bench_report_open(const char *csv);
void bench_report_close(void);
void bench_heading(const char *title, const char *text);
void bench_table(void);
void bench_skipped(const char *what, const char *why);
/* @of: 0 if it depends on nothing. Those that record do not print. */
void bench_time(const char *figure, const char *by, uint64_t of, double ns);
void bench_bytes(const char *figure, const char *by, uint64_t of, double bytes);
void bench_record_time(const char *figure, const char *by, uint64_t of, double ns);
void bench_record(const char *figure, const char *by, uint64_t of, double value,
		  const char *unit);

/* Messages: message.c */

/* How long a command takes, from write() until its reply is read, waiting by poll() */
uint64_t bench_command(int fd, const char *command, const char *expected);

/* Cards that a program plays: played-card.c */

struct bench_card {
	int fd;			/* -1: of the process that plays it */
	unsigned int index;	/* of /dev/skelN */
	pid_t player;		/* 0: none, the caller plays */
};

/* Return: whether this kernel has such cards and the caller may make them */
bool bench_can_play(void);
/* @player: another process replies to every command, else the caller has the file */
struct bench_card bench_card_make(unsigned int channels, bool player);
void bench_card_end(const struct bench_card *card);
struct skel *bench_card_open(const struct bench_card *card);

struct skel *bench_open(void);
/* A buffer by the ioctl alone, not mapped. Return: its host address. */
uint64_t bench_alloc(int fd, uint64_t length);
void bench_free(int fd, uint64_t host_addr);

/* Groups of figures, each in the file of its name */

void bench_acquire(void);
void bench_buffers(void);
void bench_grants(void);
void bench_growth(void);
void bench_memory(void);
void bench_messages(void);
void bench_played(void);
void bench_transfers(void);

#endif /* _SKEL_BENCH_H */
