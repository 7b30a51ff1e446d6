/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scpi.h - the language of the instrument: IEEE 488.2 and SCPI-99
 *
 * One table of commands (struct scpi_command) drives the parser, HELP?, the
 * completion and the command reference of the manual. Nothing here knows what
 * the commands do, or where the lines come from: it is pure, and single
 * threaded.
 *
 * Each user (channel of the card) has a session (struct scpi) with status
 * registers and an error queue of its own. The instrument behind it is shared.
 *
 * Sources: IEEE 488.2-1992 (common commands, status, syntax), SCPI-99 volume 1
 * (syntax and style) and volume 2 chapter 21 (error numbers).
 *
 * Where it is stricter than they are, or where they leave a choice: an error
 * ends the message. Blocks have a definite length. A fraction is rounded where a
 * whole number is wanted. M is milli, but MHZ is megahertz, in any case. Empty
 * units (";;") do nothing. After an answer of free text (*IDN?, HELP?, STATUS?),
 * which only the end of the line ends, another query of the same message is
 * error -440, and is not executed (IEEE 488.2-1992, 6.5.7.5 and 8.7.11).
 */
#ifndef _LAB_SCPI_H
#define _LAB_SCPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As in the kernel: checked like printf() */
#ifndef __printf
#define __printf(f, v)		__attribute__((__format__( \
					__printf__, f, v)))
#endif

#define SCPI_PARAMS_MAX		5
#define SCPI_SUFFIXES_MAX	2	/* numeric suffixes in one header */
#define SCPI_LINE_MAX		1024	/* message and response, with newline; see scpi_set_buffers() */
#define SCPI_LIST_MAX		16	/* entries of a channel list */
#define SCPI_ERRORS_MAX		20	/* length of the error queue */

/* Error numbers of SCPI-99 that handlers return or raise */
enum {
	SCPI_OK = 0,
	/* command errors, ESR bit 5 */
	SCPI_ERR_CHARACTER = -101,
	SCPI_ERR_SYNTAX = -102,
	SCPI_ERR_SEPARATOR = -103,
	SCPI_ERR_DATA_TYPE = -104,
	SCPI_ERR_PARAMETER_NOT_ALLOWED = -108,
	SCPI_ERR_MISSING_PARAMETER = -109,
	SCPI_ERR_HEADER_SEPARATOR = -111,
	SCPI_ERR_MNEMONIC_TOO_LONG = -112,
	SCPI_ERR_UNDEFINED_HEADER = -113,
	SCPI_ERR_SUFFIX_RANGE = -114,		/* numeric suffix of a header */
	SCPI_ERR_NUMBER_CHARACTER = -121,
	SCPI_ERR_EXPONENT = -123,
	SCPI_ERR_TOO_MANY_DIGITS = -124,
	SCPI_ERR_UNIT = -131,			/* invalid suffix */
	SCPI_ERR_UNIT_NOT_ALLOWED = -138,
	SCPI_ERR_CHARACTER_DATA = -141,		/* unknown word */
	SCPI_ERR_STRING = -151,
	SCPI_ERR_BLOCK = -161,
	SCPI_ERR_EXPRESSION = -171,		/* channel list */
	/* execution errors, ESR bit 4 */
	SCPI_ERR_EXECUTION = -200,
	SCPI_ERR_PROTECTED = -203,
	SCPI_ERR_TRIGGER_IGNORED = -211,
	SCPI_ERR_INIT_IGNORED = -213,
	SCPI_ERR_SETTINGS_CONFLICT = -221,
	SCPI_ERR_RANGE = -222,
	SCPI_ERR_TOO_MUCH_DATA = -223,
	SCPI_ERR_ILLEGAL_VALUE = -224,
	SCPI_ERR_OUT_OF_MEMORY = -225,
	SCPI_ERR_STALE_DATA = -230,		/* nothing to answer with */
	SCPI_ERR_HARDWARE_MISSING = -241,
	SCPI_ERR_MASS_STORAGE = -250,		/* contents of a file */
	SCPI_ERR_MISSING_MEDIA = -252,
	SCPI_ERR_FILE_NOT_FOUND = -256,
	SCPI_ERR_FILE_NAME = -257,
	SCPI_ERR_PROGRAM_CREATE = -281,
	SCPI_ERR_PROGRAM_NAME = -282,
	SCPI_ERR_PROGRAM_RUNNING = -284,
	SCPI_ERR_PROGRAM_SYNTAX = -285,
	SCPI_ERR_PROGRAM_RUNTIME = -286,
	/* device-specific errors, ESR bit 3 */
	SCPI_ERR_DEVICE = -300,
	SCPI_ERR_SYSTEM = -310,
	SCPI_ERR_SAVED_LOST = -314,
	SCPI_ERR_QUEUE_OVERFLOW = -350,
	SCPI_ERR_INPUT_OVERRUN = -363,
	/* query errors, ESR bit 2 */
	SCPI_ERR_DEADLOCKED = -430,		/* response too long */
	SCPI_ERR_UNTERMINATED = -440,		/* a query after free text */

	/*
	 * Not an error: the handler has not finished. The rest of the message,
	 * and all later ones of this session, wait for scpi_resume().
	 */
	SCPI_SUSPEND = 1,
};

/* Bits of the standard event status register (*ESR?) */
enum {
	SCPI_ESR_OPC = 1 << 0,
	SCPI_ESR_QYE = 1 << 2,
	SCPI_ESR_DDE = 1 << 3,
	SCPI_ESR_EXE = 1 << 4,
	SCPI_ESR_CME = 1 << 5,
	SCPI_ESR_PON = 1 << 7,
};

enum scpi_type {
	SCPI_NONE,		/* end of the parameters */
	SCPI_INTEGER,		/* int64_t, also #H1F #Q17 #B11, min..max */
	SCPI_ADDRESS,		/* uint64_t, any value; also 0x1F as in the article */
	SCPI_NUMBER,		/* double, with a unit; MIN, MAX, DEF */
	SCPI_BOOL,		/* ON OFF, or a number: ON unless it rounds to 0 */
	SCPI_CHOICE,		/* one of the words, as its index */
	SCPI_STRING,		/* 'x' or "x" */
	SCPI_BLOCK,		/* #15abcde; a string is accepted too */
	SCPI_LIST,		/* (@1,3:5) */
	SCPI_WORD,		/* any program mnemonic, e.g. a program's name */
	SCPI_HEADER,		/* of HELP?: a header, or a string, as SCPI_STRING */
	SCPI_VALUE,		/* any number without a unit, 64 bits exact */
};

/* One parameter of a command, as the table describes it */
struct scpi_param {
	enum scpi_type type;
	const char *name;	/* in help and reference: "frequency" */
	const char *unit;	/* of SCPI_NUMBER: "Hz", "s", "V", "deg", "S/s", NULL: none */
	/*
	 * Of SCPI_INTEGER and SCPI_NUMBER, in that unit; of each entry of a
	 * SCPI_LIST. INFinity is accepted where max is INFINITY.
	 */
	double min, max;
	const char *words;	/* of SCPI_CHOICE: "SINusoid|SQUare|DC" */
	/*
	 * Only trailing ones; see scpi_arg.given. An INTEGER or NUMBER that is
	 * not given has the value of DEFault.
	 */
	bool optional;
	double def;		/* what DEFault stands for */
};

/* The members of a parameter: { NUMBER("level", "V", -10, 10, 0), OPTIONAL } */
#define PARAM(of_type, of_name)	.type = SCPI_ ## of_type, .name = of_name
#define NUMBER(of_name, of_unit, from, to, at_first)			\
	PARAM(NUMBER, of_name), .unit = of_unit, .min = from,		\
	.max = to, .def = at_first
#define INTEGER(of_name, from, to, at_first)				\
	PARAM(INTEGER, of_name), .min = from, .max = to, .def = at_first
#define CHOICE(of_name, of_words)	PARAM(CHOICE, of_name), .words = of_words
#define LIST(of_name, from, to)		PARAM(LIST, of_name), .min = from, .max = to
#define OPTIONAL			.optional = true

/*
 * Of SCPI_VALUE. Whole numbers (as for SCPI_ADDRESS, but also negative ones)
 * from -2^63 to 2^64 - 1 are exact; from 2^63 on @integer has their bits.
 */
struct scpi_value {
	bool whole;
	int64_t integer;		/* if whole */
	double number;			/* if not */
};

/* One parameter of a call, parsed and checked against the table */
struct scpi_arg {
	bool given;
	union {
		int64_t integer;	/* SCPI_INTEGER, SCPI_BOOL, SCPI_CHOICE */
		uint64_t address;
		double number;
		struct scpi_value value;
		struct {		/* STRING, BLOCK, WORD: not NUL-terminated */
			const char *bytes;
			size_t length;
		};
		struct {
			unsigned int count;
			unsigned int entry[SCPI_LIST_MAX];
		} list;
	};
};

struct scpi;

struct scpi_call {
	const struct scpi_command *command;
	bool query;
	unsigned int suffix[SCPI_SUFFIXES_MAX];	/* of INPut<n>: n, 1 if not given */
	struct scpi_arg arg[SCPI_PARAMS_MAX];
};

/*
 * Returns SCPI_OK, SCPI_SUSPEND or an error number. A handler that returns an
 * error must have changed nothing; what it replied is dropped. For an error
 * with details it may call scpi_error() with the number before returning it:
 * that counts as one error, not two. @call, and the bytes it points to, stay
 * valid until scpi_resume() or scpi_abort() if the handler returns
 * SCPI_SUSPEND.
 */
typedef int scpi_handler(struct scpi *scpi, const struct scpi_call *call);

/* Where scpi_store() and scpi_recall() keep a value */
enum scpi_kept { SCPI_DOUBLE, SCPI_UINT, SCPI_UINT16, SCPI_UINT64, SCPI_FLAG };

#define SCPI_KEPT(type, member)	.set = scpi_store, SCPI_SEEN(type, member)
/* What can be asked for so, but is not set so */
#define SCPI_SEEN(type, member)						\
	.query = scpi_recall, .offset = offsetof(type, member),		\
	.kept = _Generic(((type *)0)->member, double: SCPI_DOUBLE,	\
			 unsigned int: SCPI_UINT, uint64_t: SCPI_UINT64, \
			 uint16_t: SCPI_UINT16, bool: SCPI_FLAG)

/* What has settings, such as one of several inputs */
struct scpi_object {
	void *(*find)(struct scpi *scpi, const struct scpi_call *call);
	/* Before a change. Return: 0, or the error why not. NULL: nothing to do */
	scpi_handler *change;
	/* After it. NULL: nothing to do */
	void (*changed)(struct scpi *scpi, const struct scpi_call *call);
};

struct scpi_command {
	/*
	 * As the standard writes it: capitals are the short form, [] is
	 * optional, <n> a numeric suffix: "[SENSe]:INPut<n>:FREQuency". Common
	 * commands start with '*'. Without '?': both forms share one entry.
	 */
	const char *header;
	unsigned int suffix_min[SCPI_SUFFIXES_MAX];
	unsigned int suffix_max[SCPI_SUFFIXES_MAX];
	scpi_handler *set;		/* NULL: query only */
	scpi_handler *query;		/* NULL: no query */
	struct scpi_param params[SCPI_PARAMS_MAX + 1];	/* of set */
	/*
	 * Of query. A query of a setting that has exactly one SCPI_NUMBER or
	 * SCPI_INTEGER parameter also accepts MIN, MAX, DEF: not listed here.
	 */
	struct scpi_param query_params[SCPI_PARAMS_MAX + 1];
	/* What set changes, if not NULL */
	const struct scpi_object *object;
	/*
	 * Of a setting that this describes completely, see SCPI_KEPT(): kept is
	 * its only parameter, times @scale (0: 1), minus @first.
	 */
	size_t offset;
	enum scpi_kept kept;
	double scale;
	int first;
	bool unsaved;			/* not a setting for *SAV */
	/*
	 * The simple dialect: parameters may be separated by blanks, TOHOST a l
	 * h as in the article, and a wrong one is also reported by a line
	 * "ERROR <reason>" as from skel_sim: parameter-count, number, range,
	 * character. (Errors that the handler returns are up to the handler.)
	 */
	bool blanks;
	const char *help;		/* one or more sentences, ends in '.' */
	const char *reply;		/* form of the reply, NULL: none */
	/*
	 * Those that handlers return, and what an error without details says:
	 * "-213 sampling is running, -221 ..."
	 */
	const char *errors;
	const char *example;		/* a line that works after *RST */
};

scpi_handler scpi_store, scpi_recall;
/* "INPut3:FREQuency?"; @suffix NULL: "INPut<n>:FREQuency?". Cut to fit. */
void scpi_header_name(const struct scpi_command *command,
		      const unsigned int *suffix, bool query, char *name,
		      size_t size);

/* Several tables (one for each part of the instrument) make the language */
struct scpi_table {
	const char *title;		/* heading in HELP? and in the reference */
	const struct scpi_command *commands;
	size_t count;
};

/* Of an array of commands */
#define SCPI_TABLE(of_title, of_commands)				\
	{								\
		.title = of_title, .commands = of_commands,		\
		.count = SCPI_ARRAY_SIZE(of_commands),			\
	}

/* What a session needs from its environment */
struct scpi_ops {
	/*
	 * A whole response message, with its '\n'; at most SCPI_LINE_MAX or
	 * the size of scpi_set_buffers().
	 */
	void (*write)(void *priv, const char *bytes, size_t length);
	/*
	 * A handler is about to be called. Return: 0, or an error, then it is
	 * not. May be NULL.
	 */
	int (*calls)(void *priv, const struct scpi_call *call);
	/* Are operations of this session still running? For *OPC and *WAI. */
	bool (*pending)(void *priv);
	/* *RST: an error number or 0. *TST?: 0, or the number of what failed */
	int (*reset)(void *priv);
	int (*test)(void *priv);
	const char *(*identity)(void *priv);	/* of *IDN? */
	/* Operation condition register, bits of SCPI_OPERATION_*; may be NULL */
	uint16_t (*operation)(void *priv);
	/*
	 * No table has this header (of a command, not of a query; with its
	 * path, without a leading ':'). Return: the command to run instead, or
	 * NULL: it is undefined. If its parameters are right, its handler is
	 * called next. May be NULL.
	 */
	const struct scpi_command *(*undefined)(void *priv, const char *header,
						size_t length);
};

/* Bits of the operation condition register (SCPI-99 volume 1, 9.3) */
enum {
	SCPI_OPERATION_MEASURING = 1 << 4,	/* sampling */
	SCPI_OPERATION_TRIGGER = 1 << 5,	/* waiting for a trigger */
	SCPI_OPERATION_PROGRAM = 1 << 14,	/* a program runs */
};

/*
 * A register group of SCPI-99 volume 1, 9.1: rising bits of the condition set
 * those of the event register
 */
struct scpi_register {
	uint16_t condition, event, enable;
};

struct scpi_error {
	int number;
	char text[256];			/* "Data out of range;INPut1:FREQuency, ..." */
};

enum scpi_wait { SCPI_WAIT_NONE, SCPI_WAIT_WAI, SCPI_WAIT_OPC };

/* Members are private to scpi/. */
struct scpi {
	const struct scpi_table *const *tables;
	size_t table_count;
	const struct scpi_ops *ops;
	void *priv;

	bool events;			/* SYSTem:EVENts */
	uint8_t esr;
	uint16_t ese, sre;
	bool opc;			/* *OPC waits for the end of operations */
	enum scpi_wait wait;		/* *WAI or *OPC? does */
	struct scpi_register operation, questionable;
	struct scpi_error errors[SCPI_ERRORS_MAX];
	unsigned int error_first, error_count;

	size_t size;			/* of @out and of @line */
	char *out;			/* the response being made */
	size_t out_length;
	size_t unit_start;		/* where the part of this unit begins */
	bool out_overflow;
	bool out_last;			/* scpi_reply_last() */

	char *line;			/* the message being executed */
	size_t line_length, line_pos;
	char path[128];			/* header path of the previous units */
	bool suspended;
	struct scpi_call call;		/* the one running or suspended */
	const struct scpi_call *running;	/* &call, while it is carried out */
	int raised;			/* last error that the call has raised */
	/* what @out and @line are at first */
	char own_out[SCPI_LINE_MAX], own_line[SCPI_LINE_MAX];
};

void scpi_init(struct scpi *scpi, const struct scpi_table *const *tables,
	       size_t count, const struct scpi_ops *ops, void *priv);
/*
 * Longer messages and responses: two buffers of the caller, of @size bytes each
 * with the newline. Right after scpi_init(); they must live as long as @scpi.
 */
void scpi_set_buffers(struct scpi *scpi, char *line, char *out, size_t size);
/* Bytes of a block that fits into a response, whatever its header is */
size_t scpi_block_max(const struct scpi *scpi);

/*
 * Execute a program message (a line without its '\n', any bytes), unit by unit.
 * An error ends it: the rest of the line is not executed, earlier responses are
 * sent. A response message that does not fit into its buffer is error -430, and
 * nothing of it is sent; a line that does not fit is error -363. Must not be
 * called while scpi_is_suspended(), nor from within a handler.
 */
void scpi_execute(struct scpi *scpi, const char *line, size_t length);

bool scpi_is_suspended(const struct scpi *scpi);
/*
 * A suspended handler has finished: with a reply already made by scpi_reply*(),
 * or with an error (0: none). Executes the rest of the message. Nothing happens
 * if the session is not suspended.
 */
void scpi_resume(struct scpi *scpi, int error);
/* The session is closed or cleared: forget a suspended message. */
void scpi_abort(struct scpi *scpi);
/*
 * Operations have ended, or the operation condition has changed: latch events,
 * let *OPC set its bit, and end *OPC? and *WAI. Cheap, may be called often. It
 * may resume a suspended message, so call it only where commands may run.
 */
void scpi_update(struct scpi *scpi);

/*
 * Errors that no handler returned. @detail may be NULL; cut to fit. The text is
 * "<standard text>;<header>, <detail>", the header being that of the running
 * command, if any.
 */
__printf(3, 4)
void scpi_error(struct scpi *scpi, int number, const char *detail, ...);
#define scpi_fail(scpi, number, ...)					\
	(scpi_error(scpi, number, __VA_ARGS__), (number))
const char *scpi_error_message(int number);

/*
 * Replies, from within a handler or between SCPI_SUSPEND and scpi_resume().
 * Return: SCPI_OK, for a handler that ends with it
 */
int scpi_reply_integer(struct scpi *scpi, int64_t value);
int scpi_reply_address(struct scpi *scpi, uint64_t value);	/* decimal */
int scpi_reply_number(struct scpi *scpi, double value);	/* NR3, 17 digits at most */
int scpi_reply_bool(struct scpi *scpi, bool value);
int scpi_reply_string(struct scpi *scpi, const char *text);	/* quoted */
int scpi_reply_choice(struct scpi *scpi, const struct scpi_param *param,
		      int64_t value);				/* short form */
/* Definite length block; error -430 if it does not fit. */
int scpi_reply_block(struct scpi *scpi, const void *bytes, size_t length);
/* Verbatim, in a form that another response may follow: "(@1,2)" */
__printf(2, 3)
int scpi_reply_text(struct scpi *scpi, const char *format, ...);
/* Free text, "STATUS IDLE rate=...": no other response may follow it. */
__printf(2, 3)
int scpi_reply_last(struct scpi *scpi, const char *format, ...);
/*
 * A line outside of any response, but an answer to the user: "ERROR range", what
 * a program prints. Sent at once, never in the middle of a response. If it
 * begins with SCPI_EVENT_MARK, it gets a blank in front.
 */
__printf(2, 3)
void scpi_notify(struct scpi *scpi, const char *format, ...);
/*
 * A line that nobody has asked for, e.g. "OVERRUN 17": it is sent at once, with
 * SCPI_EVENT_MARK in front, if scpi->events; else it is dropped. What it says
 * must be in the error queue or in a status register, too.
 */
#define SCPI_EVENT_MARK	"event: "
__printf(2, 3)
void scpi_event(struct scpi *scpi, const char *format, ...);

/*
 * *CLS *ESE *ESR? *SRE *STB? *OPC *OPC? *WAI *RST *TST? *IDN? SYSTem:ERRor?
 * SYSTem:ERRor:COUNt? SYSTem:VERSion? STATus:PRESet ... HELP?
 */
extern const struct scpi_table scpi_common_table;

/*
 * The tables in other forms, to stdout: one line for each header, with and
 * without '?', with each number its suffixes may have; or reStructuredText
 */
void scpi_print_completion(const struct scpi_table *const *tables,
			   size_t count);
void scpi_print_reference(const struct scpi_table *const *tables, size_t count);

/* Does a word match "SINusoid": short or long form, any case? */
bool scpi_match_word(const char *pattern, size_t pattern_length,
		     const char *word, size_t length);

#define SCPI_ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#endif /* _LAB_SCPI_H */
