/* SPDX-License-Identifier: GPL-2.0 */
/*
 * internal.h - what the files of programs/ share with each other
 *
 * A text is compiled to code for a stack machine. The compiler knows how deep
 * the stack gets, and only makes code that stays within its bounds; the
 * interpreter relies on that.
 */
#ifndef _LAB_PROGRAM_INTERNAL_H
#define _LAB_PROGRAM_INTERNAL_H

#include "programs/program.h"

#define PROGRAM_VARIABLES	32
#define PROGRAM_BLOCKS		16	/* nested */
#define PROGRAM_NESTING		64	/* levels of an expression */
#define PROGRAM_STACK		64	/* values */
#define PROGRAM_IDENTIFIER_MAX	16
/* FOR loops keep their limit and their step after the variables. */
#define PROGRAM_SLOTS		(PROGRAM_VARIABLES + 2 * PROGRAM_BLOCKS)
#define PROGRAM_INSTRUCTION	1000	/* ns of lab time that each one takes */

/* A whole number of 64 bits, or a finite double */
struct program_value {
	bool real;
	union {
		int64_t integer;
		double number;
	};
};

/* --- code --------------------------------------------------------------- */

enum program_op {
	OP_PUSH, OP_LOAD, OP_STORE,
	OP_NEGATE, OP_NOT, OP_INVERT,
	OP_ADD, OP_SUBTRACT, OP_MULTIPLY, OP_DIVIDE, OP_DIV, OP_MOD,
	OP_BITAND, OP_BITOR, OP_BITXOR, OP_SHIFT_LEFT, OP_SHIFT_RIGHT,
	OP_EQUAL, OP_UNEQUAL, OP_LESS, OP_NOT_MORE, OP_MORE, OP_NOT_LESS,
	OP_TRUTH,	/* any value to 0 or 1 */
	OP_JUMP, OP_JUMP_FALSE,
	OP_AND,		/* false: stays as 0, jump; true: drop it */
	OP_OR,		/* true: stays as 1, jump; false: drop it */
	OP_FOR_TEST, OP_FOR_NEXT,	/* jump if the loop is over */
	OP_CALL,
	OP_PRINT_TEXT, OP_PRINT_VALUE, OP_PRINT_HEX, OP_PRINT,
	OP_POKE, OP_FILL, OP_COPY,
	OP_TOHOST, OP_FROMHOST, OP_START_TOHOST, OP_START_FROMHOST, OP_JOIN,
	OP_AOUT, OP_DOUT, OP_WAIT, OP_STOP,
	OP_COUNT,
};

struct program_insn {
	uint8_t op;
	uint8_t a;		/* variable; function; bytes of POKE */
	uint16_t to;		/* of jumps */
	uint16_t line, column;
	union {
		struct program_value value;	/* of PUSH */
		struct {
			uint32_t start, length;	/* of PRINT_TEXT, in the text */
		};
		uint8_t slot;			/* of FOR: limit, then step */
		uint32_t ns;			/* of WAIT: its unit */
	};
};

struct program_run;

struct program_op_info {
	/* Return: NULL or what is wrong */
	const char *(*execute)(struct program_run *run,
			       const struct program_insn *insn);
	int effect;	/* on the number of values on the stack */
	/* Visible outside of the program, or looks there: waits for lab time. */
	bool timed;
};

extern const struct program_op_info program_ops[OP_COUNT];

struct program_function {
	const char *name;
	unsigned int args;
	bool timed;
	/* @value: the arguments, then the result. Return: NULL or what is wrong */
	const char *(*call)(struct program_run *run,
			    struct program_value *value);
};

extern const struct program_function program_functions[];
extern const size_t program_function_count;

/* --- lexer.c ----------------------------------------------------- */

enum program_token_type {
	TOKEN_END,		/* of the text */
	TOKEN_SEPARATOR,	/* a new line or ';' */
	TOKEN_NAME,
	TOKEN_NUMBER,
	TOKEN_STRING,		/* without its quotes */
	TOKEN_SIGN,		/* '+' */
	TOKEN_BAD,		/* lexer.message */
};

struct program_token {
	enum program_token_type type;
	size_t start, length;
	uint16_t line, column;		/* from 1 */
	struct program_value value;
};

struct program_lexer {
	const char *text;
	size_t length, pos;
	unsigned int line;
	size_t line_start;
	const char *message;
};

void program_lex(struct program_lexer *lexer, struct program_token *token);
bool program_same_word(const char *a, size_t length, const char *b);

/* --- compile.c, block.c, expression.c, emit.c ---------------------------- */

enum program_block_type { BLOCK_IF, BLOCK_WHILE, BLOCK_FOR };

/* Jumps whose target is not known yet are chained through it. */
#define PROGRAM_NOWHERE		UINT16_MAX

struct program_block {
	enum program_block_type type;
	uint16_t line;
	uint16_t start;		/* of loops: the test */
	uint16_t otherwise;	/* of IF: the jump if it is false */
	uint16_t exits;		/* chain of jumps to after END */
	uint16_t nexts;		/* of FOR: chain of CONTINUE */
	bool has_else;
	uint8_t variable, slot;
};

struct program_compiler {
	struct program_lexer lexer;
	struct program_token token;
	/* Is the token a word of the language? compile.c */
	bool (*is_reserved)(const struct program_compiler *c);
	struct program_insn *code;
	unsigned int count;
	char variable[PROGRAM_VARIABLES][PROGRAM_IDENTIFIER_MAX + 1];
	unsigned int variables;
	struct program_block block[PROGRAM_BLOCKS];
	unsigned int blocks;
	unsigned int nesting, stack;
	bool incomplete;
	char *error;
};

/*
 * Compile a text to at most PROGRAM_CODE_MAX instructions.
 * Return: how many, or 0 with @error; @incomplete: only END is missing.
 */
unsigned int program_compile(const char *text, size_t length,
			     struct program_insn *code, char *error,
			     bool *incomplete);

/* All of these return false after an error. */
void program_advance(struct program_compiler *c);
bool program_is(const struct program_compiler *c, const char *word);
bool program_is_sign(const struct program_compiler *c, const char *sign);
/* "line 3, column 4: expected ')', found 'x'" */
bool program_expected(struct program_compiler *c, const char *what);
bool program_wrong(struct program_compiler *c, const struct program_token *at,
		   const char *what);
bool program_expect_sign(struct program_compiler *c, const char *sign);
/* The index of a variable, or -1 */
int program_variable(const struct program_compiler *c,
		     const struct program_token *at);
/* Parse the name of a variable to be set, and '='. */
bool program_target(struct program_compiler *c, struct program_token *name);
/* Store the value on the stack in a variable, which may be new. */
bool program_store(struct program_compiler *c,
		   const struct program_token *name, int *variable);
/* Add an instruction for the token @at. */
struct program_insn *program_emit(struct program_compiler *c,
				  enum program_op op,
				  const struct program_token *at);
bool program_emit_jump(struct program_compiler *c, enum program_op op,
		       const struct program_token *at, uint16_t *chain);
void program_patch(struct program_compiler *c, uint16_t chain);
bool program_expression(struct program_compiler *c);
/* @count of them, separated by commas */
bool program_expressions(struct program_compiler *c, unsigned int count);
/* NULL: the word is not a function. */
const struct program_function *program_function(const struct program_compiler *c);
/* Statements; @at is their first word, which has been read. */
typedef bool program_statement(struct program_compiler *c,
			       const struct program_token *at);
program_statement program_if_block, program_elseif_branch, program_else_branch,
		  program_while_block, program_for_block, program_end_block,
		  program_break_loop, program_continue_loop;

/* --- runs ------------------------------------------------------------------ */

struct program_transfer {
	struct program_run *run;
	bool used;
};

enum program_wait {
	WAIT_NOT,
	WAIT_TIME,
	WAIT_TRANSFER,		/* for run->awaited */
	WAIT_ROOM,		/* for any of them */
	WAIT_ALL,
};

struct program_run {
	struct lab_timer timer;
	struct lab *lab;
	struct program *program;
	struct session *session;
	const struct program_io *io;
	const struct program_limits *limits;
	const struct program_insn *code;
	const char *text;

	lab_time started;
	lab_time now;		/* when the next instruction is due */
	uint64_t used;		/* instructions since the last WAIT */
	unsigned int pc;
	enum program_wait wait;
	bool stopping;		/* ends when nothing is in flight */
	const char *failure;	/* reported at the time @now */
	const struct program_insn *failed_at;
	bool watchdog;		/* it caused the failure */

	struct program_value stack[PROGRAM_STACK];
	unsigned int depth;
	struct program_value slot[PROGRAM_SLOTS];
	struct program_value arg[PROGRAM_ARGS_MAX];
	unsigned int args;
	uint64_t random;

	struct program_transfer transfer[PROGRAM_TRANSFERS_MAX];
	/* One of them has ended: run.c */
	void (*transfer_ended)(struct program_run *run,
			       const struct program_transfer *transfer);
	const struct program_transfer *awaited;
	unsigned int in_flight;
	int status;		/* of the transfer that ended last */
	uint64_t failed;	/* transfers */

	char line[SCPI_LINE_MAX];	/* of PRINT */
	size_t line_length;
};

struct program {
	char name[PROGRAM_NAME_MAX + 1];
	char *text;
	size_t length;
	struct program_insn *code;	/* NULL: the text is not complete */
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

/* --- run.c --------------------------------------------------------- */

/* Return: 0 or -ENOMEM */
int program_start(struct program *program, struct session *session,
		  const struct scpi_value *args, unsigned int count);
/* No more instructions; ends when nothing is in flight. */
void program_run_stop(struct program_run *run);
/* The session or the instrument is going away. */
void program_run_forget(struct program_run *run);
/* transfer.c; @wait: the program waits for its end */
void program_transfer(struct program_run *run, enum lab_dir dir,
		      uint64_t card_addr, uint64_t length, uint64_t host_addr,
		      bool wait);
void program_transfers_forget(struct program_run *run);

/* --- value.c ------------------------------------- */

bool program_truth(const struct program_value *value);
double program_number(const struct program_value *value);
/* Whole numbers from -2^63 to 2^64 - 1; from 2^63 on their bits */
const char *program_integer(const struct program_value *value,
			    int64_t *integer);
int program_order(const struct program_value *a, const struct program_value *b);
bool program_next(struct program_value *value, const struct program_value *step);
/* The last @count values of the stack */
struct program_value *program_top(struct program_run *run, unsigned int count);

/* What instructions do. Return: NULL, or what is wrong. */
const char *program_sum(struct program_run *run,
			const struct program_insn *insn);
const char *program_divide(struct program_run *run,
			   const struct program_insn *insn);
const char *program_whole(struct program_run *run,
			  const struct program_insn *insn);
const char *program_compare(struct program_run *run,
			    const struct program_insn *insn);
const char *program_unary(struct program_run *run,
			  const struct program_insn *insn);

/* --- device.c --------------------------------------------------------- */

const char *program_print_text(struct program_run *run,
			       const struct program_insn *insn);
const char *program_print_value(struct program_run *run,
				const struct program_insn *insn);
const char *program_print_hex(struct program_run *run,
			      const struct program_insn *insn);
const char *program_print(struct program_run *run,
			  const struct program_insn *insn);
const char *program_poke(struct program_run *run,
			 const struct program_insn *insn);
const char *program_fill(struct program_run *run,
			 const struct program_insn *insn);
const char *program_copy(struct program_run *run,
			 const struct program_insn *insn);
const char *program_request(struct program_run *run,
			    const struct program_insn *insn);
const char *program_join(struct program_run *run,
			 const struct program_insn *insn);
const char *program_analog_out(struct program_run *run,
			       const struct program_insn *insn);
const char *program_digital_out(struct program_run *run,
				const struct program_insn *insn);
/* The index of an input, output or line of a card that has @count of them */
const char *program_connector(const struct program_value *value,
			      unsigned int count, unsigned int *place);

/* NULL: not within card memory */
uint8_t *program_memory(const struct program_run *run, uint64_t address,
			uint64_t length);
/* Little endian, at any alignment */
uint64_t program_peek(const uint8_t *memory, unsigned int bytes);

#endif /* _LAB_PROGRAM_INTERNAL_H */
