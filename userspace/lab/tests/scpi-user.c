// SPDX-License-Identifier: GPL-2.0
/*
 * scpi-user.c - a small instrument and its user, for tests of the language
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scpi-user.h"

static struct scpi_user *user_of(struct scpi *scpi)
{
	return scpi->priv;
}

/* How all handlers begin: remember the call, read all its bytes. */
static void remember(struct scpi *scpi, const struct scpi_call *call)
{
	const struct scpi_param *params = call->query ?
		call->command->query_params : call->command->params;
	struct scpi_user *user = user_of(scpi);
	unsigned int i;

	user->calls++;
	user->last = *call;
	for (i = 0; params[i].type != SCPI_NONE; i++) {
		const struct scpi_arg *arg = &call->arg[i];

		switch (params[i].type) {
		case SCPI_STRING:
		case SCPI_BLOCK:
		case SCPI_WORD:
			user->length = arg->length;
			if (arg->given)
				memcpy(user->bytes, arg->bytes, arg->length);
			break;
		default:
			break;
		}
	}
}

static int record(struct scpi *scpi, const struct scpi_call *call)
{
	remember(scpi, call);
	return SCPI_OK;
}

static int reply_calls(struct scpi *scpi, const struct scpi_call *call)
{
	remember(scpi, call);
	return scpi_reply_integer(scpi, user_of(scpi)->calls);
}

static int reply_two(struct scpi *scpi, const struct scpi_call *call)
{
	remember(scpi, call);
	scpi_reply_integer(scpi, call->suffix[0]);
	return scpi_reply_integer(scpi, call->suffix[1]);
}

static int reply_name(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_text(scpi, "skel,test,0,1");
}

static int suspend(struct scpi *scpi, const struct scpi_call *call)
{
	remember(scpi, call);
	return SCPI_SUSPEND;
}

static int fail(struct scpi *scpi, const struct scpi_call *call)
{
	remember(scpi, call);
	scpi_reply_text(scpi, "never seen");
	return SCPI_ERR_SETTINGS_CONFLICT;
}

static int fail_with_detail(struct scpi *scpi, const struct scpi_call *call)
{
	remember(scpi, call);
	scpi_error(scpi, SCPI_ERR_SETTINGS_CONFLICT, "\"%.*s\" is taken",
		   (int)call->arg[0].length, call->arg[0].bytes);
	return SCPI_ERR_SETTINGS_CONFLICT;
}

static int fail_strangely(struct scpi *scpi, const struct scpi_call *call)
{
	remember(scpi, call);
	return 7;
}

static int reply_bytes(struct scpi *scpi, const struct scpi_call *call)
{
	remember(scpi, call);
	return scpi_reply_text(scpi, "%0*d", (int)call->arg[0].integer, 1);
}

static int reply_block(struct scpi *scpi, const struct scpi_call *call)
{
	static const char zeros[2 * SCPI_LINE_MAX];

	remember(scpi, call);
	return scpi_reply_block(scpi, zeros, call->arg[0].integer);
}

static int notify(struct scpi *scpi, const struct scpi_call *call)
{
	remember(scpi, call);
	scpi_notify(scpi, "NOTE %0*d", (int)call->arg[0].integer, 1);
	return scpi_reply_text(scpi, "OK NOTE");
}

#define LENGTH	{ { INTEGER("length", 1, 2000, 1) } }

static const struct scpi_command commands[] = {
	{
		.header = "INPut<n>:FREQuency[:CW]", .suffix_min = { 1 },
		.suffix_max = { 8 }, .set = record, .query = reply_calls,
		.params = { { NUMBER("frequency", "Hz", 0.001, 5e5, 50) } },
		.help = "Frequency of the generator; *RST sets `50` Hz.",
		.reply = "frequency in Hz", .example = "INP1:FREQ 1 kHz",
	}, {
		.header = "INPut<n>:SHAPe", .suffix_min = { 1 },
		.suffix_max = { 8 }, .set = record, .query = reply_calls,
		.params = { { CHOICE("shape", "SINusoid|SQUare|DC") } },
		.help = "Shape of the wave.",
		.reply = "SIN, SQU or DC", .example = "INP2:SHAP SQU",
	}, {
		.header = "[SENSe]:COUNt", .set = record, .query = reply_calls,
		.params = { { INTEGER("count", -5, 1e6, 10) } },
		.help = "Number of samples.",
		.reply = "number", .example = "COUN 5",
	}, {
		.header = "[SENSe]:RANGe<n>[:UNIT]:LINE<n>",
		.suffix_min = { 1, 0 }, .suffix_max = { 2, 15 },
		.query = reply_two,
		.help = "Both numbers.",
		.reply = "number,number", .example = "RANG2:LINE3?",
	}, {
		.header = "[A<n>]:A<n>:SIZE", .suffix_min = { 1, 1 },
		.suffix_max = { 9, 9 }, .query = reply_two,
		.help = "Both numbers.",
		.reply = "number,number", .example = "A2:A3:SIZE?",
	}, {
		.header = "TRIGger:DELay", .set = record,
		.params = {
			{ NUMBER("delay", "s", 0, INFINITY, 0) },
			{ NUMBER("level", "V", -10, 10, 1), OPTIONAL },
			{ INTEGER("edges", 1, 3, 2), OPTIONAL },
		},
		.help = "Delay, and more.",
		.errors = "-221 while sampling", .example = "TRIG:DEL 1 ms,2 V",
	}, {
		.header = "OUTPut[:STATe]", .set = record, .query = reply_calls,
		.params = { { PARAM(BOOL, "state") } },
		.help = "Switch.",
		.reply = "0 or 1", .example = "OUTP ON",
	}, {
		.header = "ROUTe:SCAN", .set = record,
		.params = { { LIST("inputs", 1, 99) } },
		.help = "List.",
		.example = "ROUT:SCAN (@1,3:5)",
	}, {
		.header = "DISPlay:TEXT", .set = record,
		.params = { { PARAM(STRING, "text") } },
		.help = "String.",
		.example = "DISP:TEXT 'x'",
	}, {
		.header = "DATA:BLOCk", .set = record, .query = reply_block,
		.params = {
			{ PARAM(ADDRESS, "address") },
			{ PARAM(BLOCK, "bytes") },
		},
		.query_params = LENGTH,
		.help = "Block.",
		.reply = "block", .example = "DATA:BLOC 0,#15abcde",
	}, {
		.header = "PROGram:NAME", .set = record,
		.params = { { PARAM(WORD, "name") } },
		.help = "Word.",
		.example = "PROG:NAME abc",
	}, {
		.header = "PROGram:CALL", .set = record,
		.params = {
			{ PARAM(VALUE, "value") },
			{ PARAM(VALUE, "mV"), OPTIONAL },
		},
		.help = "Values.",
		.example = "PROG:CALL 1.5",
	}, {
		.header = "TOHOST", .set = record, .blanks = true,
		.params = {
			{ PARAM(ADDRESS, "address") },
			{ PARAM(ADDRESS, "length") },
			{ PARAM(ADDRESS, "host") },
		},
		.help = "As in the article.",
		.example = "TOHOST 0 4 0x1000",
	}, {
		.header = "SAMPLE", .set = record, .blanks = true,
		.params = { { INTEGER("rate", 1, 1e6, 1) } },
		.help = "Simple dialect.",
		.example = "SAMPLE 5",
	}, {
		.header = "WAIT", .set = suspend, .query = suspend,
		.params = { { PARAM(STRING, "text"), OPTIONAL } },
		.help = "Suspend.",
		.reply = "what resumes", .example = "WAIT",
	}, {
		.header = "FAIL", .query = fail,
		.help = "Fail.",
		.reply = "none", .example = "FAIL?",
	}, {
		.header = "FAIL:DETail", .set = fail_with_detail,
		.params = { { PARAM(STRING, "text") } },
		.help = "Fail.",
		.example = "FAIL:DET 'x'",
	}, {
		.header = "FAIL:STRange", .set = fail_strangely,
		.help = "Fail.",
		.example = "FAIL:STR",
	}, {
		.header = "TEXT", .query = reply_bytes,
		.query_params = LENGTH,
		.help = "As many bytes.",
		.reply = "000...1", .example = "TEXT? 5",
	}, {
		.header = "NAME", .query = reply_name,
		.help = "As *IDN?, but more may follow.",
		.reply = "four words", .example = "NAME?",
	}, {
		.header = "NOTE", .set = notify,
		.params = LENGTH,
		.help = "A line of its own.",
		.reply = "OK NOTE", .example = "NOTE 5",
	}, {
		.header = "STATUS", .query = reply_calls,
		.help = "Simple dialect.",
		.reply = "number", .example = "STATUS?",
	},
};

static const struct scpi_table table = {
	.title = "Test commands",
	.commands = commands,
	.count = SCPI_ARRAY_SIZE(commands),
};

static const struct scpi_command uploaded = {
	.header = "UPLoaded",
	.set = record,
	.params = { { PARAM(VALUE, "value"), OPTIONAL } },
	.help = "An uploaded command.",
};

static void user_write(void *priv, const char *bytes, size_t length)
{
	struct scpi_user *user = priv;

	if (length > user->longest)
		user->longest = length;
	if (length >= sizeof(user->out) - user->out_length)
		return;
	memcpy(user->out + user->out_length, bytes, length);
	user->out_length += length;
	user->out[user->out_length] = '\0';
}

static bool user_pending(void *priv)
{
	const struct scpi_user *user = priv;

	return user->pending;
}

static int user_reset(void *priv)
{
	struct scpi_user *user = priv;

	user->resets++;
	return user->reset_error;
}

static int user_test(void *priv)
{
	struct scpi_user *user = priv;

	user->tests++;
	return user->test_result;
}

static const char *user_identity(void *priv)
{
	return "skel,test,0,1";
}

static uint16_t user_operation(void *priv)
{
	const struct scpi_user *user = priv;

	return user->operation;
}

static const struct scpi_command *user_undefined(void *priv, const char *header,
						 size_t length)
{
	const struct scpi_user *user = priv;

	if (user->uploaded &&
	    scpi_match_word(uploaded.header, strlen(uploaded.header), header,
			    length))
		return &uploaded;
	return NULL;
}

static const struct scpi_ops user_ops = {
	.write = user_write,
	.pending = user_pending,
	.reset = user_reset,
	.test = user_test,
	.identity = user_identity,
	.operation = user_operation,
	.undefined = user_undefined,
};

void scpi_user_init(struct scpi_user *user)
{
	memset(user, 0, sizeof(*user));
	user->tables[0] = &table;
	user->tables[1] = &scpi_common_table;
	scpi_init(&user->scpi, user->tables, SCPI_USER_TABLES, &user_ops, user);
}

/* The line gets its own memory, for the address sanitizer. */
const char *scpi_user_send(struct scpi_user *user, const char *line,
			   size_t length)
{
	char *copy = malloc(length ? length : 1);

	if (!copy)
		abort();
	memcpy(copy, line, length);
	user->out_length = 0;
	user->out[0] = '\0';
	scpi_execute(&user->scpi, copy, length);
	free(copy);
	return user->out;
}

const char *scpi_user_say(struct scpi_user *user, const char *line)
{
	return scpi_user_send(user, line, strlen(line));
}

bool scpi_user_ask(struct scpi_user *user, const char *line,
		   const char *answer)
{
	const char *got = scpi_user_say(user, line);

	if (strcmp(got, answer) == 0)
		return true;
	printf("# '%s' gives '%s' instead of '%s'\n", line, got, answer);
	return false;
}
