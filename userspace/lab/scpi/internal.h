/* SPDX-License-Identifier: GPL-2.0 */
/*
 * internal.h - what the files of scpi/ share with each other
 */
#ifndef _LAB_SCPI_INTERNAL_H
#define _LAB_SCPI_INTERNAL_H

#include "scpi/chars.h"
#include "scpi/scpi.h"

#define SCPI_MNEMONIC_MAX	12	/* IEEE 488.2-1992, 7.6.1.4.1 */
#define SCPI_RESPONSE_MAX	(SCPI_LINE_MAX - 1)	/* without newline */
#define SCPI_INF		9.9e37	/* SCPI-99 volume 1, 7.2.1.4 */
#define SCPI_NAN		9.91e37	/* 7.2.1.5 */

/* The rest of a message. Tokens point into it, strings are unquoted in place. */
struct scpi_cursor {
	char *pos, *end;
};

enum scpi_token_type {
	SCPI_TOKEN_NUMBER,
	SCPI_TOKEN_STRING,
	SCPI_TOKEN_BLOCK,
	SCPI_TOKEN_EXPRESSION,	/* with its parentheses */
	SCPI_TOKEN_WORD,
};

struct scpi_token {
	enum scpi_token_type type;
	const char *bytes;	/* of a string or block: its contents */
	size_t length;
	/* of a number */
	double value;		/* 9.9e37 and above are not yet infinite */
	bool whole;		/* only digits: magnitude is exact */
	bool negative;
	bool huge;		/* magnitude does not fit */
	uint64_t magnitude;
	const char *unit;
	size_t unit_length;	/* 0: none */
};

/* A header as it was sent, with the path before it */
struct scpi_header {
	char text[128];		/* "INP1:FREQ", without leading ':' */
	size_t length;
	bool query;
};

/* The next byte, or 0 at the end; a NUL in the message is a blank. */
static inline char scpi_peek(const struct scpi_cursor *at)
{
	return at->pos < at->end ? *at->pos : '\0';
}

/* --- chars.c, see also chars.h ------------------------------------------- */

bool scpi_is_blank(char c);
/* Skip blanks. Return: were there any? */
bool scpi_skip_blanks(struct scpi_cursor *at);
/* At ';' or the end of the message? */
bool scpi_at_unit_end(const struct scpi_cursor *at);
/* -101 if the next byte is valid nowhere, otherwise @error. */
int scpi_unexpected(const struct scpi_cursor *at, int error);

/* --- lex.c, number.c: tokens --------------------------------------------- */

/*
 * Read a header. @path (as large as header->text) is the path of the previous
 * unit, and is updated according to SCPI-99 volume 1, 6.2.4.
 */
int scpi_lex_header(struct scpi_cursor *at, char *path,
		    struct scpi_header *header);
/* Read a parameter; @adjacent: no blanks between a number and its unit. */
int scpi_lex_token(struct scpi_cursor *at, bool adjacent,
		   struct scpi_token *token);
/* Read the parameter of HELP?: a bare header, or a string. */
int scpi_lex_bare_header(struct scpi_cursor *at, struct scpi_token *token);

/* number.c: 1.5 kHz, 0x1F; with @at after the '#': #H1F #Q17 #B11 */
int scpi_lex_number(struct scpi_cursor *at, bool adjacent,
		    struct scpi_token *token);
int scpi_lex_based(struct scpi_cursor *at, struct scpi_token *token);

/* --- unit.c ------------------------------------------------------- */

/* Apply a unit as sent ("kHz") to a number that is wanted in @unit ("Hz"). */
int scpi_apply_unit(const char *unit, const char *text, size_t length,
		    double *value);

/* --- match.c: headers ---------------------------------------------- */

struct scpi_node {
	const char *name;
	size_t length;
	bool optional;		/* in [] */
	bool suffix;		/* <n> follows */
};

/* The next node of a command's header; length 0 at the end. */
const char *scpi_next_node(const char *header, struct scpi_node *node);
/* Is the command in this group: "INPut" of INPut<n>:FREQuency? */
bool scpi_match_group(const char *pattern, const char *sent, size_t length);
/* Find a command. Return: 0, -113, or -114 with call->command set. */
int scpi_find(const struct scpi_table *const *tables, size_t count,
	      const struct scpi_header *header, struct scpi_call *call);

/* --- param.c ------------------------------------------------------- */

/* Does the query of this command take MIN, MAX and DEF? */
bool scpi_limit_query(const struct scpi_command *command);
const struct scpi_param *scpi_params(const struct scpi_command *command,
				     bool query);
/* Read all parameters of a unit; @where counts them from 1, for errors. */
int scpi_parse_params(struct scpi_cursor *at, struct scpi_call *call,
		      unsigned int *where);
/* list.c: "(@1,3:5)" */
int scpi_parse_list(const struct scpi_param *param,
		    const struct scpi_token *token, struct scpi_arg *arg);
/* The index of a word in "SINusoid|SQUare|DC", or -1 */
int scpi_choice(const char *words, const char *word, size_t length);

/* --- error.c ------------------------------------------------------- */

/* The oldest error, number 0 if there is none; scpi_error_drop() removes it. */
const struct scpi_error *scpi_error_first(const struct scpi *scpi);
void scpi_error_drop(struct scpi *scpi);
void scpi_error_clear(struct scpi *scpi);
/* Of the simple dialect: "range" */
const char *scpi_simple_reason(int number);

/* --- reply.c ------------------------------------------------------- */

/* Start the response of a unit; drop what it has replied. */
void scpi_reply_begin(struct scpi *scpi);
void scpi_reply_cancel(struct scpi *scpi);
/* Send the response message, if there is one. */
void scpi_reply_send(struct scpi *scpi);
/* Bytes that still fit into the response */
size_t scpi_reply_room(const struct scpi *scpi);

/* --- status.c ------------------------------------------------------ */

void scpi_status_init(struct scpi *scpi);
/* Latch rising bits of the operation condition. */
void scpi_status_latch(struct scpi *scpi);

/* --- common.c, help.c: handlers of scpi_common_table ---------- */

scpi_handler scpi_cls, scpi_get_esr, scpi_get_stb, scpi_set_opc, scpi_get_opc,
	     scpi_wai, scpi_rst, scpi_tst, scpi_idn, scpi_next_error,
	     scpi_count_errors, scpi_all_errors, scpi_version, scpi_preset,
	     scpi_get_event, scpi_help;
/* The members of struct scpi that users may see and set */
extern const struct scpi_object scpi_registers;

/* --- describe.c: the table as text --------------------------------- */

/* "INPut<1..8>:FREQuency? [MINimum|MAXimum|DEFault]" */
void scpi_describe_syntax(const struct scpi_command *command, bool query,
			  char *text, size_t size);
/* "number, 0.001 to 500000 Hz, default 50" */
void scpi_describe_param(const struct scpi_param *param, char *text,
			 size_t size);

#endif /* _LAB_SCPI_INTERNAL_H */
