// SPDX-License-Identifier: GPL-2.0
/*
 * talk.c - conversations with the instrument, from text files
 *
 * Usage: lab-talk DIRECTORY, all of whose files are run
 *
 *	== lab: name of the test	a new instrument
 *	# remark
 *	LINE				no answer, and no error, nor below
 *	LINE => ANSWER			that, and nothing else
 *	LINE => ^TEXT			what begins with it; ~TEXT: contains it
 *	LINE =>! ANSWER			that, and an error, which is asked for later
 *	LINE => ?			whatever it is, or an error; &: it is only sent
 *	LINE => !-222 WHERE		no answer, that error alone, and what
 *					follows its standard text
 *	LINE => +ARGUMENTS		a handler is called with them; language only
 *	2> LINE => ...			from channel 2
 *	INP{{1 | 9}}:AMPL? => ...	one line for each; $ is the one that it is
 *	:each ANSWER			that of lines without => from here on
 *	:WORD ARGUMENT			what is done or seen in other ways, see below
 *
 * Bytes are written as in C: \n, \0, \x7f. "lab" is a whole instrument, "language"
 * the small one of scpi-user.h, which calls nothing but the common commands by
 * itself. In "program", each LINE is the text of a program, ANSWER what it prints
 * with or without the last newline, and !ERROR the error that ends it, or !!ERROR
 * the one that refuses it.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/scpi-user.h"
#include "tests/test-program.h"
#include "unit.h"

#define TEXT_MAX	4096
#define CHANNELS	10	/* that have one digit */

enum kind { LANGUAGE, LAB, PROGRAM };

static const char *const kinds[] = { "language: ", "lab: ", "program: " };

static struct scpi_user user;
static const char *file;
static int number;			/* of the line in @file */
static FILE *stream;
static char next[TEXT_MAX];		/* the line after the section */
static char otherwise[TEXT_MAX];	/* what lines without => give */
static enum kind kind;

#define expect(condition, ...) do {					\
		bool is_so = (condition);				\
									\
		if (!is_so)						\
			printf("# " __VA_ARGS__);			\
		unit_check(is_so, #condition, file, number);		\
	} while (0)

/* Return: the length */
static size_t unescape(const char *from, char *to)
{
	static const char names[] = "ntrvf0\\\"", values[] = "\n\t\r\v\f\0\\\"";
	char *start = to;

	while (*from) {
		const char *name = *from == '\\' ? strchr(names, from[1]) : NULL;

		if (name && from[1]) {
			*to++ = values[name - names];
			from += 2;
		} else if (from[0] == '\\' && from[1] == 'x') {
			const char byte[] = { from[2], from[3], '\0' };

			*to++ = strtoul(byte, NULL, 16);
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return to - start;
}

static const char *tell(unsigned int channel, const char *line, size_t length)
{
	if (kind == LANGUAGE)
		return scpi_user_send(&user, line, length);
	session_command(session_find(rig.lab, channel), line, length);
	fake_card_run(rig.fake, rig.lab, 100000);
	return fake_card_replies(rig.fake, channel);
}

/* That are in the queue of a channel which is open */
static unsigned int errors(unsigned int channel)
{
	struct session *session;

	if (kind == LANGUAGE)
		return channel ? 0 : user.scpi.error_count;
	session = session_find(rig.lab, channel);
	return session ? session->scpi.error_count : 0;
}

/* Of them, those that a line was expected to cause, or that it did not care about */
static unsigned int known_errors[CHANNELS];

static bool new_error(unsigned int channel)
{
	unsigned int known = known_errors[channel];

	known_errors[channel] = errors(channel);
	return known_errors[channel] > known;
}

/* --- parameters, as text ---------------------------------------------- */

static void print_number(FILE *to, double number)
{
	char text[40];
	int digits = 0;

	do
		snprintf(text, sizeof(text), "%.*g", ++digits, number);
	while (digits < 17 && strtod(text, NULL) != number);
	fputs(text, to);
}

static void print_bytes(FILE *to, const char *bytes, size_t length)
{
	putc('\'', to);
	for (; length--; bytes++)
		fprintf(to, *bytes >= ' ' && *bytes <= '~' ? "%c" : "<%02x>",
			(unsigned char)*bytes);
	putc('\'', to);
}

static void print_arg(FILE *to, enum scpi_type type, const struct scpi_arg *arg)
{
	switch (type) {
	case SCPI_ADDRESS:
		fprintf(to, "%ju", (uintmax_t)arg->address);
		break;
	case SCPI_NUMBER:
		print_number(to, arg->number);
		break;
	case SCPI_VALUE:
		if (arg->value.whole)
			fprintf(to, "%jd", (intmax_t)arg->value.integer);
		else
			print_number(to, arg->value.number);
		break;
	case SCPI_STRING:
	case SCPI_BLOCK:
	case SCPI_WORD:
		if (arg->given)
			print_bytes(to, user.bytes, user.length);
		break;
	case SCPI_LIST:
		for (unsigned int i = 0; i < arg->list.count; i++)
			fprintf(to, i ? " %u" : "(%u", arg->list.entry[i]);
		putc(')', to);
		break;
	default:
		fprintf(to, "%jd", (intmax_t)arg->integer);
	}
}

/* "2: 5,'abc',[1]": of suffix 2; the third one was not given */
static const char *print_call(const struct scpi_call *call)
{
	const struct scpi_param *param = call->command->params;
	static char text[TEXT_MAX];
	FILE *to = fmemopen(text, sizeof(text), "w");

	if (!to)
		abort();
	*text = '\0';
	if (call->suffix[0] > 1)
		fprintf(to, "%u: ", call->suffix[0]);
	for (int i = 0; param[i].type != SCPI_NONE; i++) {
		fputs(i ? "," : "", to);
		fputs(call->arg[i].given ? "" : "[", to);
		print_arg(to, param[i].type, &call->arg[i]);
		fputs(call->arg[i].given ? "" : "]", to);
	}
	fclose(to);
	return text;
}

/* --- what a line is expected to do ------------------------------------ */

static void fails(unsigned int channel, const char *line, const char *reply,
		  const char *wanted)
{
	char begin[TEXT_MAX], *end;
	long error = strtol(wanted, &end, 10);
	const char *got;

	expect(end > wanted, "'%s': which error?\n", line);
	expect(!*reply || !strncmp(reply, "ERROR ", 6) || !strncmp(reply, "event: ", 7),
	       "'%s' is answered '%s'\n", line, reply);
	if (*end)
		sprintf(begin, "%ld,\"%s;%s", error, scpi_error_message(error),
			end + 1);
	else
		sprintf(begin, "%ld,", error);
	got = tell(channel, "SYST:ERR?", 9);
	expect(!strncmp(got, begin, strlen(begin)) &&
	       (!*end || strchr("\",:", got[strlen(begin)])),
	       "'%s': error %s", line, got);
	expect(!errors(channel), "'%s': another error\n", line);
}

static void say_line(unsigned int channel, const char *line, size_t length,
		     const char *wanted, bool error)
{
	unsigned int calls = user.calls;
	const char *reply = tell(channel, line, length), *call = wanted + 1;
	size_t size = strlen(wanted);

	switch (wanted[0]) {
	case '?':
		known_errors[channel] = errors(channel);
		return;
	case '!':
		expect(kind == LAB || calls == user.calls, "'%s' is called\n", line);
		fails(channel, line, reply, wanted + 1);
		known_errors[channel] = errors(channel);
		return;
	case '+':
		expect(user.calls == calls + 1 && !*reply,
		       "'%s' is answered '%s', %u are called\n", line, reply,
		       user.calls - calls);
		expect(!*call || !strcmp(print_call(&user.last), call),
		       "'%s' is called with %s\n", line, print_call(&user.last));
		break;
	case '^':
		expect(size > 1 && !strncmp(reply, wanted + 1, size - 1),
		       "'%s' is answered '%s'\n", line, reply);
		break;
	case '~':
		expect(size > 1 && strstr(reply, wanted + 1),
		       "'%s' is answered '%s'\n", line, reply);
		break;
	case '\0':
		expect(!*reply, "'%s' is answered '%s'\n", line, reply);
		break;
	default:
		expect(!strncmp(reply, wanted, size) && !strcmp(reply + size, "\n"),
		       "'%s' is answered '%s'\n", line, reply);
	}
	expect(new_error(channel) == error, "'%s' causes %s error\n", line,
	       error ? "no" : "an");
}

static void run_text(const char *text, const char *wanted)
{
	const char *got;

	if (!strncmp(wanted, "!!", 2)) {
		expect(program_test_refused(text, wanted + 2), "\n");
	} else if (*wanted == '!') {
		expect(program_test_fails(text, wanted + 1), "\n");
	} else {
		bool begins = *wanted == '^';
		size_t length = strlen(wanted += begins);

		tell(0, "*CLS", 4);
		got = program_test_run(text);
		expect(!strncmp(got, wanted, length) &&
		       (begins || !got[length] || !strcmp(got + length, "\n")),
		       "'%s' prints '%s'\n", text, got);
		expect(!errors(0) || !strncmp(wanted, "event: ", 7),
		       "'%s' causes an error\n", text);
	}
}

/* --- words ------------------------------------------------------------ */

static void each(const char *arg)
{
	strcpy(otherwise, arg);
}

static void new(const char *arg)
{
	scpi_user_init(&user);
}

static void update(const char *arg)
{
	scpi_update(&user.scpi);
}

static void stop_waiting(const char *arg)
{
	scpi_abort(&user.scpi);
}

static void resume(const char *arg)
{
	scpi_resume(&user.scpi, atoi(arg));
}

static void reply(const char *arg)
{
	scpi_reply_integer(&user.scpi, atoi(arg));
}

static void operation(const char *arg)
{
	user.operation = atoi(arg);
	scpi_update(&user.scpi);
}

static void last(const char *arg)
{
	expect(!strcmp(print_call(&user.last), arg), "last is %s\n",
	       print_call(&user.last));
}

static void is_number(const char *what, unsigned int is, const char *arg)
{
	expect(is == strtoul(arg, NULL, 10), "%s is %u\n", what, is);
}

static void suspended(const char *arg)
{
	is_number("suspended", scpi_is_suspended(&user.scpi), arg);
}

static void out(const char *arg)
{
	expect(!strcmp(user.out, arg), "out is '%s'\n", user.out);
}

static void open_channel(const char *arg)
{
	expect(rig_open(atoi(arg)), "\n");
}

static void close_channel(const char *arg)
{
	fake_card_close(rig.fake, rig.lab, atoi(arg));
}

static void go(const char *arg)
{
	fake_card_run(rig.fake, rig.lab, atoi(arg));
}

/* What has come to channel N since its last line */
static void got(const char *arg)
{
	char *text;
	unsigned int channel = strtoul(arg, &text, 10);
	const char *is = fake_card_replies(rig.fake, channel);

	expect(!strcmp(is, text + 1), "channel %u has got '%s'\n", channel, is);
}

static void host_buffer(const char *arg)
{
	char *byte;
	size_t length = strtoul(arg, &byte, 0);

	expect(fake_card_buffer(rig.fake, 0, length, strtoul(byte, NULL, 0),
				NULL), "\n");
}

static void granted(const char *arg)
{
	is_number("granted", fake_card_granted(rig.fake), arg);
}

static void refused(const char *arg)
{
	is_number("refused", rig.lab->card->refused, arg);
}

static const struct {
	const char *name;
	void (*act)(const char *arg);
} words[] = {
	{ "each", each },
	/* language */
	{ "new", new }, { "update", update }, { "abort", stop_waiting },
	{ "resume", resume }, { "reply", reply }, { "operation", operation },
	{ "suspended", suspended }, { "out", out }, { "last", last },
	/* lab */
	{ "open", open_channel }, { "close", close_channel }, { "run", go },
	{ "got", got }, { "buffer", host_buffer }, { "granted", granted },
	{ "refused", refused },
};

/* That are set, or compared */
static const struct {
	const char *name;
	bool *set;
	int *set_number;
	const unsigned int *compared;
} members[] = {
	{ "pending", .set = &user.pending },
	{ "uploaded", .set = &user.uploaded },
	{ "reset_error", .set_number = &user.reset_error },
	{ "test_result", .set_number = &user.test_result },
	{ "calls", .compared = &user.calls },
	{ "resets", .compared = &user.resets },
	{ "tests", .compared = &user.tests },
};

static bool named(const char *name, const char *word, size_t length)
{
	return strlen(name) == length && !strncmp(name, word, length);
}

static void act(const char *word)
{
	size_t length = strcspn(word, " ");
	char arg[TEXT_MAX];

	unescape(word + length + (word[length] == ' '), arg);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (named(words[i].name, word, length)) {
			words[i].act(arg);
			return;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		if (!named(members[i].name, word, length))
			continue;
		if (members[i].set)
			*members[i].set = atoi(arg);
		else if (members[i].set_number)
			*members[i].set_number = atoi(arg);
		else
			is_number(word, *members[i].compared, arg);
		return;
	}
	expect(!word, "no such word: %s\n", word);
}

/* --- files ------------------------------------------------------------ */

/* Text with each $ replaced by @choice */
static void insert(const char *text, const char *choice, size_t length, char *to)
{
	for (; *text; text++) {
		if (*text == '$' && choice)
			to += sprintf(to, "%.*s", (int)length, choice);
		else
			*to++ = *text;
	}
	*to = '\0';
}

static unsigned int exchanges;

static void exchange(const char *text, const char *wanted, bool error)
{
	char line[TEXT_MAX], answer[TEXT_MAX];
	unsigned int channel = 0;
	size_t length;

	exchanges++;
	if (text[0] >= '0' && text[0] <= '9' && !strncmp(text + 1, "> ", 2)) {
		channel = text[0] - '0';
		text += 3;
	}
	length = unescape(text, line);
	unescape(wanted, answer);
	if (kind == PROGRAM)
		run_text(line, answer);
	else if (kind == LAB && !strcmp(wanted, "&"))
		session_command(session_find(rig.lab, channel), line, length);
	else
		say_line(channel, line, length, answer, error);
}

/* Once for each choice of the first {{ | }} */
static void expand(const char *text, const char *wanted, bool error)
{
	const char *begin = strstr(text, "{{"), *end, *choice;
	char line[TEXT_MAX], answer[TEXT_MAX];

	end = begin ? strstr(begin, "}}") : NULL;
	if (!end) {
		exchange(text, wanted, error);
		return;
	}
	for (choice = begin + 2; choice <= end; ) {
		const char *bar = strstr(choice, " | ");
		size_t length = (bar && bar < end ? bar : end) - choice;

		sprintf(line, "%.*s%.*s%s", (int)(begin - text), text,
			(int)length, choice, end + 2);
		insert(wanted, choice, length, answer);
		expand(line, answer, error);
		choice += length + 3;
	}
}

static bool next_line(void)
{
	number++;
	if (!fgets(next, sizeof(next), stream))
		return false;
	next[strcspn(next, "\n")] = '\0';
	return true;
}

static bool more;

static void section(void)
{
	char line[TEXT_MAX];

	while ((more = next_line()) && strncmp(next, "== ", 3)) {
		char *arrow = strstr(next, " => "), *fails = strstr(next, " =>! ");
		bool error = fails && !arrow;

		if (!*next || !strncmp(next, "# ", 2))
			continue;
		if (*next == ':' && next[1] >= 'a' && next[1] <= 'z') {
			act(next + 1);
			continue;
		}
		if (error)
			arrow = fails;
		strcpy(line, next);
		if (arrow)
			line[arrow - next] = '\0';
		expand(line, arrow ? arrow + 4 + error : otherwise, error);
	}
	for (unsigned int i = 0; i < CHANNELS && kind != PROGRAM; i++)
		expect(!new_error(i), "an error of user %u is left\n", i);
}

static void refuse(const char *why)
{
	fprintf(stderr, "%s:%d: %s\n", file, number, why);
	exit(1);
}

static void run_section(void)
{
	char name[TEXT_MAX];

	strcpy(name, next + 3);
	*otherwise = '\0';
	for (kind = LANGUAGE; kind <= PROGRAM; kind++)
		if (!strncmp(name, kinds[kind], strlen(kinds[kind])))
			break;
	if (kind > PROGRAM)
		refuse("no such instrument");
	if (kind == LANGUAGE)
		scpi_user_init(&user);
	else
		rig_start();
	exchanges = 0;
	memset(known_errors, 0, sizeof(known_errors));
	unit_run(section, name);
	if (!exchanges)
		refuse("a test in which nothing is said");
	if (kind != LANGUAGE)
		rig_stop();
}

static void run_file(const char *name)
{
	file = name;
	number = 0;
	stream = fopen(file, "r");
	if (!stream)
		refuse("cannot be read");
	exchanges = 0;
	for (more = next_line(); more; ) {
		if (!strncmp(next, "== ", 3)) {
			run_section();
			continue;
		}
		if (*next && *next != '#')
			refuse("what does not begin with == or #");
		more = next_line();
	}
	fclose(stream);
	if (!exchanges)
		refuse("no tests");
}

int main(int argc, char *argv[])
{
	glob_t files;

	if (argc != 2 || chdir(argv[1]) || glob("*", 0, NULL, &files)) {
		fprintf(stderr, "usage: lab-talk DIRECTORY, with files in it\n");
		return 1;
	}
	for (size_t i = 0; i < files.gl_pathc; i++)
		run_file(files.gl_pathv[i]);
	globfree(&files);
	return unit_end();
}
