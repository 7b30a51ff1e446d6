/* SPDX-License-Identifier: GPL-2.0 */
/*
 * internal.h - what the files of programs/ share with each other
 *
 * Each run is a Lua state of its own, in which the program is a coroutine. It
 * yields to wait: for lab time to catch up, for a time, for a transfer, for the
 * answer of a command. A program that is stopped is not resumed any more, so
 * nothing in it can catch or delay that.
 *
 * For this no function of the program may be called from a C function, which
 * cannot yield: see guard.c.
 */
#ifndef _LAB_PROGRAM_INTERNAL_H
#define _LAB_PROGRAM_INTERNAL_H

#include <lauxlib.h>
#include <lua.h>

#include "programs/program.h"

#define PROGRAM_INSTRUCTION	1000	/* ns of lab time that each one takes */

struct program_run;

struct program_transfer {
	struct program_run *run;
	bool used;
};

enum program_wait {
	WAIT_NOT,		/* for lab time to catch up, at most */
	WAIT_TIME,
	WAIT_ANSWER,		/* of a command that the program has sent */
	WAIT_TRANSFER,		/* for run->awaited */
	WAIT_ROOM,		/* for any of them */
	WAIT_ALL,
};

/* What a Lua state allocates from */
struct program_memory {
	size_t used;		/* bytes */
	struct program_run *run;	/* NULL: a text is only being checked */
};

struct program_run {
	struct lab_timer timer;
	struct lab *lab;
	struct program *program;
	struct session *session;
	const struct program_io *io;
	const struct program_limits *limits;

	struct program_memory memory;
	lua_State *state;
	lua_State *thread;	/* the program */

	lab_time started;
	lab_time now;		/* when the next instruction is due */
	uint64_t used;		/* instructions since the last wait() */
	unsigned int slice;	/* instructions left until lab time catches up */
	enum program_wait wait;
	bool executing;
	bool stopping;		/* ends when nothing is in flight */
	bool over;		/* has ended at the time @now */
	bool watchdog;		/* it has ended the program */
	char failure[PROGRAM_ERROR_MAX];	/* what has; empty: its last line */

	struct program_transfer transfer[PROGRAM_TRANSFERS_MAX];
	/* One of them has ended: run.c */
	void (*transfer_ended)(struct program_run *run,
			       const struct program_transfer *transfer);
	const struct program_transfer *awaited;
	unsigned int in_flight;
	int status;		/* of the transfer that ended last */
	uint64_t failed;	/* transfers */

	/* Executes the program's commands; private to command.c */
	struct session *own;
	char *answer;
	size_t answer_length;
};

struct program {
	char name[PROGRAM_NAME_MAX + 1];
	char *text;
	size_t length;
	bool complete;
	char error[PROGRAM_ERROR_MAX];	/* see program_state() */
	struct program_run *run;
};

struct programs {
	struct program *program[PROGRAMS_MAX];
	unsigned int count;
	const struct program_io *io;
	struct program_limits limits;
	uint64_t runs;			/* since *RST: each has its random numbers */
	struct program *called;		/* by name */
};

/* --- run.c --------------------------------------------------------------- */

/* Return: 0 or -ENOMEM */
int program_start(struct program *program, struct session *session,
		  const struct scpi_value *args, unsigned int count);
/* No more instructions; ends when nothing is in flight. */
void program_run_stop(struct program_run *run);
/* The session or the instrument is going away. */
void program_run_forget(struct program_run *run);

/* --- transfer.c ---------------------------------------------------------- */

/* @wait: the program waits for its end */
void program_transfer(struct program_run *run, enum lab_dir dir,
		      uint64_t card_addr, uint64_t length, uint64_t host_addr,
		      bool wait);
void program_transfers_forget(struct program_run *run);

/* --- sandbox.c ----------------------------------------------------------- */

/* Is the text a Lua chunk? Return: as program_define() */
int program_check(const char *text, size_t length, char *error,
		  bool *complete);
/*
 * A state with the program and its arguments, ready to be resumed. The hook is
 * called before each instruction. Return: 0 or -ENOMEM
 */
int program_load(struct program_run *run, lua_Hook hook, uint64_t seed,
		 const struct scpi_value *args, unsigned int count);
void program_unload(struct program_run *run);
/* "line 2: ..." of the message on the stack of a program that has failed */
void program_explain(struct program_run *run, lua_State *L);
/* The line of the program that is being executed, or 0 */
int program_line(lua_State *L);

/* --- memory.c ------------------------------------------------------------ */

/* A lua_Alloc; @arg is a struct program_memory. */
void *program_allocate(void *arg, void *block, size_t old, size_t size);
/* What takes long on the machine takes lab time, too. */
void program_charge(struct program_run *run, uint64_t instructions);

static inline struct program_run *program_of(lua_State *L)
{
	return *(struct program_run **)lua_getextraspace(L);
}

/* --- guard.c, library.c: Lua's own library, safe to use ------------------- */

/* Set what is allowed of the library in the table on the stack. */
void program_open_library(lua_State *L, lua_Integer seed);
/* As tostring(), of a value of the program */
void program_push_text(lua_State *L, int index);
/* Replacements, a Lua chunk; its argument: next */
extern const char program_library[];

/* --- call.c, card.c, command.c: the calls of the card -------------------- */

/*
 * As a lua_CFunction. All that is visible outside of the program, or looks
 * there, is @timed: it waits until lab time has caught up.
 */
struct program_call {
	const char *name;
	int (*call)(struct program_run *run, lua_State *L);
	bool timed;
};

/* Set them in the table on the stack. */
void program_open_calls(lua_State *L, const struct program_call *calls,
			size_t count);
/* Call the running one again when the program is resumed. */
int program_again(lua_State *L);
void program_open_card(lua_State *L);
void program_open_command(lua_State *L);
/* Is a command of its own being carried out, which has to return first? */
bool program_command_runs(const struct program_run *run);
void program_close_command(struct program_run *run);

#endif /* _LAB_PROGRAM_INTERNAL_H */
