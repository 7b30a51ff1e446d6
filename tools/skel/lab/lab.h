/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lab.h - the laboratory instrument as a whole
 *
 * Single threaded: main.c takes events of the card, runs commands, and lets
 * time pass in between. Each part has a file of its own and a structure in
 * struct lab; parts know each other only by the functions below.
 *
 *   main.c, config.c, log.c, notify.c   the program
 *   lab.c, loop.c, tables.c      the instrument: its parts, what runs next
 *   start.c                      commands of the configuration
 *   ucard.c, fake-card.c         the card: /dev/skel-ucard, or memory for tests
 *   session.c                    a user: one channel of the card
 *   scpi*.c                      the language
 *   timebase.c                   time and timers
 *   signal.c, recording.c        generators; samples of WAV and CSV files
 *   input.c, output.c, digital.c, clock.c     the connectors
 *   sampler.c, trigger.c         sampling into the ring in card memory
 *   stream.c                     blocks of the ring to the host
 *   program.c, compile.c, run.c  uploaded commands
 *   commands-*.c                 command tables, one for each part
 */
#ifndef _LAB_H
#define _LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scpi.h"

#define LAB_INPUTS	8	/* analog, 16 bit */
#define LAB_OUTPUTS	2	/* analog, 16 bit */
#define LAB_LINES	16	/* digital: 0-7 inputs (or programs' outputs), 8-15 outputs */
#define LAB_CLOCKS	4	/* dividers of the master clock */
#define LAB_SESSIONS	32	/* channels of the card */
#define LAB_TABLES	12	/* of commands */
#define LAB_FULL_SCALE	10.0	/* V: +10 V is 32767 */

/*
 * Time in ns since the instrument was started, of one time base for everything.
 * The master clock has 100 MHz, all other clocks are whole dividers of it.
 */
typedef uint64_t lab_time;
#define LAB_SECOND	UINT64_C(1000000000)
#define LAB_TICK	10	/* ns, of the master clock */
#define LAB_NEVER	UINT64_MAX

struct lab;

/* The structure of which @member is embedded at @pointer */
#define lab_container_of(pointer, type, member)				\
	((type *)((char *)(pointer) - offsetof(type, member)))

/* --- timebase.c ------------------------------------------------------ */

/*
 * A timer runs once, when lab time has come to it; it may be started again from
 * its own function. Embedded in the structure of its owner.
 */
struct lab_timer {
	void (*run)(struct lab *lab, struct lab_timer *timer);
	lab_time when;
	struct lab_timer *next;
	bool active;
};

struct timebase {
	bool real;		/* follow CLOCK_MONOTONIC, else virtual */
	lab_time now;
	lab_time command_time;	/* virtual: what each command takes, default 1 ms */
	uint64_t real_start;	/* CLOCK_MONOTONIC at lab time 0 */
	uint64_t (*clock)(void);	/* CLOCK_MONOTONIC in ns; tests have another */
	struct lab_timer *timers;	/* sorted */
	unsigned int depth;	/* of lab_run_until() */
};

void timebase_init(struct lab *lab, bool real);
lab_time lab_now(const struct lab *lab);
void lab_timer_start(struct lab *lab, struct lab_timer *timer, lab_time when);
void lab_timer_stop(struct lab *lab, struct lab_timer *timer);
/* When the next timer runs; LAB_NEVER. */
lab_time lab_next_timer(const struct lab *lab);
/*
 * Let time pass up to @until, timers run at their own time. Stops early, right
 * after a timer, when @stop (may be NULL) says true.
 */
void lab_run_until(struct lab *lab, lab_time until,
		   bool (*stop)(void *arg), void *arg);
/* Real time: run up to the present. Virtual time: does nothing. */
void lab_follow(struct lab *lab);
/* Real time: how far lab time is behind the present, in ns. Virtual time: 0. */
lab_time lab_lag(const struct lab *lab);
/* Whole ticks of the master clock since lab time 0 */
uint64_t lab_tick(const struct lab *lab);

/* --- card.h: ucard.c or fake-card.c ---------------------------------- */

enum lab_dir { LAB_TOHOST, LAB_FROMHOST };

struct lab_transfer {
	unsigned int channel;
	enum lab_dir dir;
	uint64_t card_addr, length, host_addr;	/* any value */
	/*
	 * NULL: if granted, the bytes move at once. Else it is called when the
	 * transfer is granted, and the bytes move with ops->finish(@grant).
	 * The kernel ends a transfer that is not finished in time.
	 */
	void (*granted)(void *arg, uint64_t grant);
	/* 0, or a negative errno of skel_request() or -ECANCELED, -ETIMEDOUT */
	void (*done)(void *arg, int error);
	void *arg;		/* NULL done: nobody wants to know */
};

struct lab_card {
	uint8_t *memory;
	size_t size;
	const struct lab_card_ops *ops;
	unsigned int queued;	/* actions of transfers, collected for flush() */
	unsigned int awaited;	/* flushed, and the answer has not been read */
	uint64_t refused;	/* requests, of all channels; counted by the card */
};

struct lab_card_ops {
	/* Both are collected, and sent in one system call by flush(). */
	void (*reply)(struct lab_card *card, unsigned int channel,
		      const char *bytes, size_t length);
	/*
	 * @transfer is copied; done() is called later, from the main loop, never
	 * after session_close() of that channel. 0, or -ENOMEM.
	 */
	int (*transfer)(struct lab_card *card, const struct lab_transfer *transfer);
	/* Move the bytes of a granted transfer and end it; done() follows. */
	void (*finish)(struct lab_card *card, uint64_t grant);
	/* The owner of @arg goes away: call nothing with it any more. */
	void (*forget)(struct lab_card *card, void *arg);
	void (*flush)(struct lab_card *card);
};

/* --- session.c ------------------------------------------------------- */

#define SESSION_LINES_MAX	64	/* that wait while the session is busy */
#define SESSION_TRANSFERS_MAX	64	/* of TOHOST and FROMHOST, running */

struct session {
	struct lab *lab;
	unsigned int channel;
	struct scpi scpi;
	unsigned int operations;	/* running ones: transfers, programs, ... */

	/* private to session.c and loop.c */
	struct session_line *first, *last;
	unsigned int lines;
	/* where its replies go, if not to the card; private to start.c */
	void (*write)(struct session *session, const char *bytes, size_t length);
	char *reply;

	/* private to commands-transfer.c and commands-system.c */
	uint32_t speed;			/* bytes per second, 0: at once */
	struct session_transfer *transfers;
	unsigned int transfer_count;
	struct lab_timer advance;
};

/* The session that a handler runs for. */
static inline struct session *scpi_session(const struct scpi *scpi)
{
	return (struct session *)scpi->priv;
}

static inline struct lab *scpi_lab(const struct scpi *scpi)
{
	return scpi_session(scpi)->lab;
}

/* A session that has no channel. NULL: no memory. */
struct session *session_new(struct lab *lab, unsigned int channel);
/* NULL: no memory, or no such channel. An open session is closed first. */
struct session *session_open(struct lab *lab, unsigned int channel);
/* Ends everything that runs for it. NULL: nothing happens. */
void session_close(struct session *session);
/* NULL: the channel is not open. */
struct session *session_find(struct lab *lab, unsigned int channel);
/*
 * A command line without its '\n', any bytes. It runs when its turn comes, in
 * lab_step(). More than SESSION_LINES_MAX that wait are error -363.
 */
void session_command(struct session *session, const char *line, size_t length);
/* An overlapped operation of the session (*OPC, *WAI) begins and ends. */
void session_begin(struct session *session);
void session_end(struct session *session);

/* --- the parts: each has  X_init(), X_reset() for *RST, X_destroy() --- */

struct lab {
	struct timebase time;
	struct lab_card *card;
	struct session *sessions[LAB_SESSIONS];
	struct loop {			/* private to loop.c and session.c */
		uint64_t lines;		/* taken so far, numbers them */
		lab_time owed;		/* virtual: to here before a line */
		bool ended;		/* an operation has ended */
		unsigned int slow;	/* transfers whose bytes take their time */
		uint64_t deadline;	/* CLOCK_MONOTONIC, look for events then */
	} loop;
	uint64_t seed;			/* of noise */
	char identity[96];		/* of *IDN? */
	struct scpi_table tables[LAB_TABLES];
	char *directory;		/* where recordings may be read from, or NULL */

	/* opaque: each is defined in the header of its part */
	struct inputs *inputs;
	struct outputs *outputs;
	struct digital *digital;
	struct clocks *clocks;
	struct sampler *sampler;
	struct streams *streams;
	struct programs *programs;
};

/* --- lab.c, loop.c --------------------------------------------------- */

struct lab_settings {
	bool real;			/* time */
	lab_time command_time;
	uint64_t seed;
	const char *serial;		/* must stay valid */
	const char *directory;		/* of recordings, is copied; NULL: none */
};

/* An instrument on @card, which it does not own. NULL: errno. */
struct lab *lab_create(struct lab_card *card,
		       const struct lab_settings *settings);
void lab_destroy(struct lab *lab);
/* *RST: all settings of the instrument, not time, users and card memory. */
void lab_reset(struct lab *lab);
/* *TST?: 0, or the number of the test that failed. */
int lab_test(struct lab *lab);

/*
 * Run the lines that wait, and let time pass as far as it may: up to about 20 ms
 * of processor time, or until events of the card are needed.
 * Return: true: there is more to do, call it again after looking for events;
 * false: nothing to do before an event, or in real time lab_next_timer().
 */
bool lab_step(struct lab *lab);

/*
 * Run one command line at the start, before there are users.
 * Return: 0, or -1 with the error of the queue, or what else went wrong, in
 * @error.
 */
int lab_start_command(struct lab *lab, const char *line, char *error,
		      size_t size);

/* --- tables.c --------------------------------------------------------- */

/* All command tables, in the order of the manual */
void lab_get_tables(struct scpi_table tables[LAB_TABLES]);

/* --- log.c ------------------------------------------------------------ */

/* One line to stderr (systemd keeps it), with a syslog priority prefix there */
__printf(2, 3)
void lab_log(int priority, const char *format, ...);

/* Replies and transfers of the running session, for handlers */
static inline int lab_transfer(struct lab *lab, const struct lab_transfer *t)
{
	return lab->card->ops->transfer(lab->card, t);
}

#endif /* _LAB_H */
