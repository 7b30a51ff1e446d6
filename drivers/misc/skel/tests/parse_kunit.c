// SPDX-License-Identifier: GPL-2.0
/*
 * parse_kunit.c - tests of the parser and formatter of lines
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
	{ .line = "", .count = 0 },
	{ .line = "\r", .count = 0 },
	{ .line = " \t  ", .count = 0 },
	{ .line = "*IDN?", .count = 1, .word = { "*IDN?" } },
	{ .line = "*IDN?\r", .count = 1, .word = { "*IDN?" } },
	{ .line = " a\tb  c ", .count = 3, .word = { "a", "b", "c" } },
	{ .line = "1 2 3 4 5 6 7 8", .count = 8,
	  .word = { "1", "2", "3", "4", "5", "6", "7", "8" } },
	{ .line = "1 2 3 4 5 6 7 8 ", .count = 8,
	  .word = { "1", "2", "3", "4", "5", "6", "7", "8" } },
	{ .line = "1 2 3 4 5 6 7 8 9", .ret = -E2BIG },
	{ .line = "a\rb", .ret = -EILSEQ },
	{ .line = "a\r\r", .ret = -EILSEQ },
	{ .line = "a\0b", .len = 3, .ret = -EILSEQ },
	{ .line = "\0", .len = 1, .ret = -EILSEQ },
	{ .line = "a\x7f", .ret = -EILSEQ },
	{ .line = "a\x80", .ret = -EILSEQ },
	{ .line = "\xff", .ret = -EILSEQ },
	{ .line = "\x1b[0m", .ret = -EILSEQ },
};

static void words_desc(const struct words_param *p, char *desc)
{
	int n = string_escape_mem(p->line, p->len ?: strlen(p->line), desc,
				  KUNIT_PARAM_DESC_SIZE - 1, ESCAPE_ANY_NP, NULL);

	desc[min(n, KUNIT_PARAM_DESC_SIZE - 1)] = '\0';
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
	{ "0", 0, 0 },
	{ "1", 0, 1 },
	{ "010", 0, 10 },		/* not octal */
	{ "4096", 0, 4096 },
	{ "4294967295", 0, U32_MAX },
	{ "4294967296", 0, 1ULL << 32 },
	{ "18446744073709551615", 0, U64_MAX },
	{ "18446744073709551616", -ERANGE },
	{ "99999999999999999999999", -ERANGE },
	{ "0x0", 0, 0 },
	{ "0X1f", 0, 0x1f },
	{ "0xffffffffffffffff", 0, U64_MAX },
	{ "0x10000000000000000", -ERANGE },
	{ "00000000000000000000001", 0, 1 },
	{ "", -EINVAL },
	{ "+1", -EINVAL },
	{ "-1", -EINVAL },
	{ "0x", -EINVAL },
	{ "0x+1", -EINVAL },
	{ "0x0x1", -EINVAL },
	{ "x1", -EINVAL },
	{ "1f", -EINVAL },
	{ "1k", -EINVAL },
	{ "1.5", -EINVAL },
	{ "1e3", -EINVAL },
	{ "1 ", -EINVAL },
	{ "f", -EINVAL },
	{ "0b1", -EINVAL },
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

struct transfer_param {
	const char *line;
	int ret;
	struct skel_request req;
};

static const struct transfer_param transfer_params[] = {
	{ "TOHOST 0 4096 0x400000000", 0,
	  { 7, SKEL_TOHOST, 0, 4096, 1ULL << 34 } },
	{ "fromhost 0x10 1 17179869184", 0,
	  { 7, SKEL_FROMHOST, 16, 1, 1ULL << 34 } },
	{ "ToHost 0xffffffffffffffff 0 0", 0,
	  { 7, SKEL_TOHOST, U64_MAX, 0, 0 } },
	{ "", -ENOENT },
	{ "TOHOSTS 0 1 2", -ENOENT },
	{ "TOHOS 0 1 2", -ENOENT },
	{ "STATUS?", -ENOENT },
	{ "TOHOST", -EINVAL },
	{ "TOHOST 1 2", -EINVAL },
	{ "FROMHOST 1 2 3 4", -EINVAL },
	{ "TOHOST a 1 2", -ERANGE },
	{ "TOHOST 0 -1 2", -ERANGE },
	{ "TOHOST 0 1 18446744073709551616", -ERANGE },
};

static void transfer_desc(const struct transfer_param *p, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "'%s'", p->line);
}

KUNIT_ARRAY_PARAM(transfer, transfer_params, transfer_desc);

static void parse_transfer_test(struct kunit *test)
{
	const struct transfer_param *p = test->param_value;
	struct skel_request req = { .channel = 7 };
	struct skel_words words;
	char line[64];

	strscpy(line, p->line);
	KUNIT_ASSERT_EQ(test, skel_parse_words(line, strlen(line), &words), 0);
	KUNIT_ASSERT_EQ(test, skel_parse_transfer(&words, &req), p->ret);
	if (p->ret)
		return;
	KUNIT_EXPECT_EQ(test, req.channel, p->req.channel);
	KUNIT_EXPECT_EQ(test, req.dir, p->req.dir);
	KUNIT_EXPECT_EQ(test, req.card_addr, p->req.card_addr);
	KUNIT_EXPECT_EQ(test, req.length, p->req.length);
	KUNIT_EXPECT_EQ(test, req.host_addr, p->req.host_addr);
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

/* What the formatter writes, the parser reads. */
static void format_parse_test(struct kunit *test)
{
	const struct skel_request req = {
		.dir = SKEL_FROMHOST,
		.card_addr = 0x123456789abcdef0,
		.length = 1,
		.host_addr = U64_MAX,
	};
	char line[SKEL_TRANSFER_LINE_MAX];
	struct skel_request back = {};
	struct skel_words words;
	int len;

	len = skel_format_transfer(line, sizeof(line), &req, true, SKEL_OK);
	line[--len] = '\0';
	KUNIT_ASSERT_EQ(test, skel_parse_words(line, len, &words), 0);
	KUNIT_ASSERT_EQ(test, words.count, 6);
	KUNIT_EXPECT_STREQ(test, words.word[0], "skel:");
	KUNIT_EXPECT_STREQ(test, words.word[1], "DONE");

	memmove(words.word, words.word + 2, 4 * sizeof(words.word[0]));
	words.count = 4;
	KUNIT_ASSERT_EQ(test, skel_parse_transfer(&words, &back), 0);
	KUNIT_EXPECT_MEMEQ(test, &back, &req, sizeof(req));
}

static struct kunit_case parse_cases[] = {
	KUNIT_CASE_PARAM(parse_words_test, words_gen_params),
	KUNIT_CASE_PARAM(parse_u64_test, number_gen_params),
	KUNIT_CASE_PARAM(parse_transfer_test, transfer_gen_params),
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
