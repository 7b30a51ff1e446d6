// SPDX-License-Identifier: GPL-2.0
/*
 * parse_kunit.c - tests of the parser of command lines and of the formatter
 */

#include <kunit/test.h>
#include <linux/string.h>
#include <linux/string_helpers.h>

#include "../parse.h"

struct words_param {
	const char *line;
	size_t len;			/* 0: strlen() */
	int ret;
	unsigned int count;
	const char *word[SKEL_WORDS_MAX];
};

static const struct words_param words_params[] = {
	{ .line = "", .count = 0 }, { .line = "\r", .count = 0 },
	{ .line = " \t  ", .count = 0 },
	{ .line = "*IDN?", .count = 1, .word = { "*IDN?" } },
	{ .line = "*IDN?\r", .count = 1, .word = { "*IDN?" } },
	{ .line = " a\tb  c ", .count = 3, .word = { "a", "b", "c" } },
	{ .line = "1 2 3 4 5 6 7 8", .count = 8,
	  .word = { "1", "2", "3", "4", "5", "6", "7", "8" } },
	{ .line = "1 2 3 4 5 6 7 8 ", .count = 8,
	  .word = { "1", "2", "3", "4", "5", "6", "7", "8" } },
	{ .line = "1 2 3 4 5 6 7 8 9", .ret = -E2BIG },
	{ .line = "a\rb", .ret = -EILSEQ }, { .line = "a\r\r", .ret = -EILSEQ },
	{ .line = "a\0b", .len = 3, .ret = -EILSEQ },
	{ .line = "\0", .len = 1, .ret = -EILSEQ },
	{ .line = "a\x7f", .ret = -EILSEQ }, { .line = "\x1b[0m", .ret = -EILSEQ },
	{ .line = "a\x80", .ret = -EILSEQ }, { .line = "\xff", .ret = -EILSEQ },
};

static void escape(const char *line, size_t len, char *desc)
{
	int n = string_escape_mem(line, len, desc, KUNIT_PARAM_DESC_SIZE - 1,
				  ESCAPE_ANY_NP, NULL);

	desc[min(n, KUNIT_PARAM_DESC_SIZE - 1)] = '\0';
}

static void words_desc(const struct words_param *p, char *desc)
{
	escape(p->line, p->len ?: strlen(p->line), desc);
}

KUNIT_ARRAY_PARAM(words, words_params, words_desc);

static void parse_words_test(struct kunit *test)
{
	const struct words_param *p = test->param_value;
	size_t len = p->len ?: strlen(p->line);
	struct skel_words words;
	/* Exactly as large as it must be: KASAN watches both ends. */
	char *line = kunit_kzalloc(test, len + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, line);
	memcpy(line, p->line, len);

	KUNIT_ASSERT_EQ(test, skel_parse_words(line, len, &words), p->ret);
	if (p->ret)
		return;
	KUNIT_ASSERT_EQ(test, words.count, p->count);
	for (unsigned int i = 0; i < p->count; i++)
		KUNIT_EXPECT_STREQ(test, words.word[i], p->word[i]);
}

struct number_param {
	const char *word;
	int ret;
	u64 value;
};

static const struct number_param number_params[] = {
	{ "0", 0, 0 }, { "1", 0, 1 },
	{ "010", 0, 10 },		/* not octal */
	{ "4096", 0, 4096 }, { "4294967295", 0, U32_MAX },
	{ "4294967296", 0, 1ULL << 32 }, { "18446744073709551615", 0, U64_MAX },
	{ "18446744073709551616", -ERANGE },
	{ "99999999999999999999999", -ERANGE },
	{ "0x0", 0, 0 }, { "0X1f", 0, 0x1f },
	{ "0xffffffffffffffff", 0, U64_MAX },
	{ "0x10000000000000000", -ERANGE },
	{ "00000000000000000000001", 0, 1 },
	{ "", -EINVAL }, { "+1", -EINVAL }, { "-1", -EINVAL },
	{ "0x", -EINVAL }, { "0x+1", -EINVAL }, { "0x0x1", -EINVAL },
	{ "x1", -EINVAL }, { "1f", -EINVAL }, { "1k", -EINVAL },
	{ "1.5", -EINVAL }, { "1e3", -EINVAL }, { "1 ", -EINVAL },
	{ "f", -EINVAL }, { "0b1", -EINVAL },
};

static void number_desc(const struct number_param *p, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "'%s'", p->word);
}

KUNIT_ARRAY_PARAM(number, number_params, number_desc);

static void parse_u64_test(struct kunit *test)
{
	const struct number_param *p = test->param_value;
	u64 value = 0x5aa5;

	KUNIT_ASSERT_EQ(test, skel_parse_u64(p->word, &value), p->ret);
	KUNIT_EXPECT_EQ(test, value, p->ret ? 0x5aa5 : p->value);
}

static const char *no_run(struct skel_card *card, u32 channel, const u64 *arg)
{
	return NULL;
}

static const struct skel_command commands[] = {
	{ "*IDN?", {}, no_run },
	{ "SPEED", { { "speed", 1, 1000 } }, no_run },
	{ "TOHOST", SKEL_REQUEST_ARGS, no_run },
	{ "ALL", { [0 ... SKEL_COMMAND_ARGS_MAX - 1] = { "n", 0, 7 } }, no_run },
};

struct command_param {
	const char *line;
	const char *error;
	int command;			/* -1: none */
	u64 arg[SKEL_COMMAND_ARGS_MAX];
	const char *wrong;
};

static const struct command_param command_params[] = {
	{ "", NULL, -1 },
	{ "  \r", NULL, -1 },
	{ "*IDN?", NULL, 0 },
	{ "*idn?\r", NULL, 0 },
	{ "SPEED 1000", NULL, 1, { 1000 } }, { "SPEED 1", NULL, 1, { 1 } },
	{ "TOHOST 0 4096 0x400000000", NULL, 2, { 0, 4096, 1ULL << 34 } },
	{ "ToHost 0xffffffffffffffff 0 0", NULL, 2, { U64_MAX, 0, 0 } },
	{ "ALL 1 2 3 4 5 6 7", NULL, 3, { 1, 2, 3, 4, 5, 6, 7 } },
	{ "ALL 1 2 3 4 5 6 7 8", "parameter-count" },
	{ "TOHOSTS 0 1 2", "unknown-command" },
	{ "TOHOS 0 1 2", "unknown-command" }, { "FROMHOST", "unknown-command" },
	{ "TOHOST", "parameter-count" }, { "TOHOST 0 1", "parameter-count" },
	{ "TOHOST 0 1 2 3", "parameter-count" },
	{ "*IDN? 0", "parameter-count" },
	{ "TOHOST a 1 2", "number", .wrong = "card-address" },
	{ "TOHOST 0 -1 2", "number", .wrong = "length" },
	{ "TOHOST 0 1 18446744073709551616", "number", .wrong = "host-address" },
	{ "SPEED 0", "range", .wrong = "speed" },
	{ "SPEED 1001", "range", .wrong = "speed" },
	{ "TOHOST 0 1 \x80", "character" },
};

static void command_desc(const struct command_param *p, char *desc)
{
	escape(p->line, strlen(p->line), desc);
}

KUNIT_ARRAY_PARAM(command, command_params, command_desc);

static void parse_command_test(struct kunit *test)
{
	const struct command_param *p = test->param_value;
	struct skel_parsed parsed;
	const char *error;
	char line[64];

	strscpy(line, p->line);
	error = skel_parse_command(line, strlen(line), commands,
				   ARRAY_SIZE(commands), &parsed);
	KUNIT_ASSERT_STREQ(test, error ?: "", p->error ?: "");
	KUNIT_EXPECT_STREQ(test, parsed.wrong ?: "", p->wrong ?: "");
	if (error)
		return;
	KUNIT_ASSERT_PTR_EQ(test, parsed.command,
			    p->command < 0 ? NULL : &commands[p->command]);
	KUNIT_EXPECT_MEMEQ(test, parsed.arg, p->arg, sizeof(p->arg));
}

struct format_param {
	struct skel_request req;
	bool granted;
	enum skel_verdict verdict;
	const char *line;
};

static const struct format_param format_params[] = {
	{ { 0, SKEL_TOHOST, 0, 0x1000, 0x400000000 }, true, SKEL_OK,
	  "skel: DONE TOHOST 0x0 0x1000 0x400000000\n" },
	{ { 0, SKEL_FROMHOST, 1, 0, 0 }, false, SKEL_BAD_LENGTH,
	  "skel: REFUSED FROMHOST 0x1 0x0 0x0 length\n" },
	{ { 0, SKEL_TOHOST, 0, 1, 2 }, false, SKEL_BAD_HOST_ADDR,
	  "skel: REFUSED TOHOST 0x0 0x1 0x2 host-address\n" },
	{ { 0, SKEL_TOHOST, 0, 1, 2 }, false, SKEL_BAD_DIRECTION,
	  "skel: REFUSED TOHOST 0x0 0x1 0x2 direction\n" },
	{ { 0, SKEL_TOHOST, 0, 1, 2 }, false, SKEL_BAD_CARD_ADDR,
	  "skel: REFUSED TOHOST 0x0 0x1 0x2 card-address\n" },
	{ { 0, SKEL_TOHOST, 0, 1, 2 }, false, SKEL_BUSY,
	  "skel: REFUSED TOHOST 0x0 0x1 0x2 busy\n" },
	{ { 0, SKEL_TOHOST, 0, 1, 2 }, false, SKEL_CLOSED,
	  "skel: REFUSED TOHOST 0x0 0x1 0x2 closed\n" },
	{ { 0, SKEL_TOHOST, 0, 1, 2 }, true, SKEL_CANCELLED,
	  "skel: FAILED TOHOST 0x0 0x1 0x2 cancelled\n" },
	{ { 0, SKEL_TOHOST, 0, 1, 2 }, true, SKEL_TIMEOUT,
	  "skel: FAILED TOHOST 0x0 0x1 0x2 timeout\n" },
	{ { 0, SKEL_TOHOST, 0, 1, 2 }, true, SKEL_ERROR,
	  "skel: FAILED TOHOST 0x0 0x1 0x2 error\n" },
	{ { 0, SKEL_FROMHOST, U64_MAX, U64_MAX, U64_MAX }, true, SKEL_GONE,
	  "skel: FAILED FROMHOST 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff gone\n" },
};

static void format_desc(const struct format_param *p, char *desc)
{
	strscpy(desc, p->line, KUNIT_PARAM_DESC_SIZE);
	strreplace(desc, '\n', '\0');
}

KUNIT_ARRAY_PARAM(format, format_params, format_desc);

static void format_transfer_test(struct kunit *test)
{
	const struct format_param *p = test->param_value;
	char line[SKEL_TRANSFER_LINE_MAX];
	int len;

	len = skel_format_transfer(line, sizeof(line), &p->req, p->granted,
				   p->verdict);
	KUNIT_EXPECT_STREQ(test, line, p->line);
	KUNIT_EXPECT_EQ(test, (size_t)len, strlen(p->line));
}

/* The longest line fits, whatever the reason. */
static void format_longest_test(struct kunit *test)
{
	const struct skel_request req = {
		.dir = SKEL_FROMHOST,
		.card_addr = U64_MAX,
		.length = U64_MAX,
		.host_addr = U64_MAX,
	};
	char line[SKEL_TRANSFER_LINE_MAX];

	for (int v = SKEL_OK; v <= SKEL_GONE; v++) {
		int len = skel_format_transfer(line, sizeof(line), &req, false, v);

		KUNIT_EXPECT_LT(test, len, SKEL_TRANSFER_LINE_MAX - 1);
		KUNIT_EXPECT_EQ(test, line[len - 1], '\n');
	}
}

/* The numbers that the formatter writes are those that the parser reads. */
static void format_parse_test(struct kunit *test)
{
	const struct skel_request req = {
		.dir = SKEL_FROMHOST,
		.card_addr = 0x123456789abcdef0,
		.length = 1,
		.host_addr = U64_MAX,
	};
	char line[SKEL_TRANSFER_LINE_MAX];
	struct skel_words words;
	u64 arg[3];
	int len;

	len = skel_format_transfer(line, sizeof(line), &req, true, SKEL_OK);
	line[--len] = '\0';
	KUNIT_ASSERT_EQ(test, skel_parse_words(line, len, &words), 0);
	KUNIT_ASSERT_EQ(test, words.count, 6);
	KUNIT_EXPECT_STREQ(test, words.word[0], "skel:");
	KUNIT_EXPECT_STREQ(test, words.word[1], "DONE");
	KUNIT_EXPECT_STREQ(test, words.word[2], "FROMHOST");
	for (int i = 0; i < ARRAY_SIZE(arg); i++)
		KUNIT_ASSERT_EQ(test, skel_parse_u64(words.word[i + 3], &arg[i]), 0);
	KUNIT_EXPECT_EQ(test, arg[0], req.card_addr);
	KUNIT_EXPECT_EQ(test, arg[1], req.length);
	KUNIT_EXPECT_EQ(test, arg[2], req.host_addr);
}

static struct kunit_case parse_cases[] = {
	KUNIT_CASE_PARAM(parse_words_test, words_gen_params),
	KUNIT_CASE_PARAM(parse_u64_test, number_gen_params),
	KUNIT_CASE_PARAM(parse_command_test, command_gen_params),
	KUNIT_CASE_PARAM(format_transfer_test, format_gen_params),
	KUNIT_CASE(format_longest_test),
	KUNIT_CASE(format_parse_test),
	{}
};

static struct kunit_suite parse_suite = {
	.name = "skel_parse",
	.test_cases = parse_cases,
};

kunit_test_suite(parse_suite);

MODULE_DESCRIPTION("KUnit tests of the laboratory card core");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("SKEL");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
