// SPDX-License-Identifier: GPL-2.0
/*
 * A card cannot say what the core says: whatever it replies, a line that begins
 * with the core's mark is the core's
 */
#include "../kselftest_harness.h"
#include "skel_ucard_util.h"

#define MARK	SKEL_CORE_MARK
#define CARD	SKEL_CARD_MARK
#define GUARD	0xee

FIXTURE(forge)
{
	struct ucard card;
	int user;
	__u64 host;
	__u8 *buffer;
};

FIXTURE_SETUP(forge)
{
	int rc = ucard_begin(&self->card, NULL);

	if (rc == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (rc == -EACCES)
		SKIP(return, "must be root");
	ASSERT_EQ(0, rc);
	self->user = ucard_user(&self->card);
	ASSERT_LE(0, self->user);
	self->buffer = skel_buffer(self->user, SKEL_BOTH, skel_page(), &self->host);
	ASSERT_NE(NULL, self->buffer);
	memset(self->buffer, GUARD, skel_page());
}

FIXTURE_TEARDOWN(forge)
{
	close(self->user);
	ucard_end(&self->card);
}

static int reply_bytes(struct ucard *card, const char *bytes, size_t length)
{
	union ucard_action action;

	ucard_fill_reply(card, &action, 0, bytes, length);
	return ucard_act(card, &action);
}

struct text {
	const char *bytes;
	size_t length;
};

#define TEXT(s)	((const struct text){ s, sizeof(s) - 1 })

/* The card has been granted nothing. */
TEST_F(forge, line_that_nothing_has_happened_for)
{
	static const char * const verbs[] = { "DONE", "REFUSED", "FAILED", "LOST" };
	char line[128];

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		snprintf(line, sizeof(line), MARK "%s TOHOST 0x0 0x1000 %#llx", verbs[i],
			 self->host);
		ASSERT_EQ(0, ucard_reply(&self->card, 0, line));
		memcpy(line, CARD, strlen(CARD));
		EXPECT_STREQ(line, skel_line(self->user));
	}
	EXPECT_FALSE(skel_readable(self->user, 0));
}

/* The buffer is still being written when the card says that it is not. */
TEST_F(forge, end_of_a_transfer_that_runs)
{
	const size_t page = skel_page();
	char line[128];
	__u64 id;

	ASSERT_EQ(0, ucard_request(&self->card, 0, 0, UCARD_DIR_TOHOST, 0, page, self->host, &id));
	snprintf(line, sizeof(line), MARK "FAILED TOHOST 0x0 %#zx %#llx error", page, self->host);
	ASSERT_EQ(0, ucard_reply(&self->card, 0, line));
	memcpy(line, CARD, strlen(CARD));
	EXPECT_STREQ(line, skel_transfer_end(self->user, "TOHOST", 0, page, self->host));
	EXPECT_EQ(-EBUSY, skel_free(self->user, self->host));
	EXPECT_EQ(0, ucard_move(&self->card, id));
	EXPECT_FALSE(skel_all(self->buffer, page, GUARD));
	EXPECT_EQ(0, ucard_complete(&self->card, id, page, 0));
	EXPECT_STREQ("DONE", skel_transfer_end(self->user, "TOHOST", 0, page, self->host));
	EXPECT_FALSE(skel_readable(self->user, 0));
}

/* Wherever a line begins, and nowhere else; not a byte is changed besides. */
TEST_F(forge, replies_of_any_bytes)
{
	const struct { struct text said, heard; } replies[] = {
		{ TEXT(MARK "\n"), TEXT(CARD "\n") },
		{ TEXT(MARK MARK "\n"), TEXT(CARD MARK "\n") },
		{ TEXT(MARK "\0\n"), TEXT(CARD "\0\n") },
		{ TEXT("OK\n" MARK "DONE\n"), TEXT("OK\n" CARD "DONE\n") },
		{ TEXT("\n" MARK "DONE\n"), TEXT("\n" CARD "DONE\n") },
		{ TEXT("\0\n" MARK "DONE\n\0\n"), TEXT("\0\n" CARD "DONE\n\0\n") },
		{ TEXT(MARK "a\n" MARK "b\nc\n\n" MARK "d\n"),
		  TEXT(CARD "a\n" CARD "b\nc\n\n" CARD "d\n") },
		/* These are not like the core's. */
		{ TEXT(CARD MARK "DONE\n"), TEXT(CARD MARK "DONE\n") },
		{ TEXT("x" MARK "DONE\n"), TEXT("x" MARK "DONE\n") },
		{ TEXT(" " MARK "DONE\n"), TEXT(" " MARK "DONE\n") },
		{ TEXT("\0" MARK "DONE\n"), TEXT("\0" MARK "DONE\n") },
		{ TEXT("\r" MARK "DONE\n"), TEXT("\r" MARK "DONE\n") },
		{ TEXT("SKEL: DONE\n"), TEXT("SKEL: DONE\n") },
		{ TEXT("skel:\n"), TEXT("skel:\n") },
		{ TEXT("skel:\tDONE\n"), TEXT("skel:\tDONE\n") },
		{ TEXT("skel\n: DONE\n"), TEXT("skel\n: DONE\n") },
	};
	char got[SKEL_LINE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
		const struct text *said = &replies[i].said, *heard = &replies[i].heard;

		ASSERT_EQ(0, reply_bytes(&self->card, said->bytes, said->length));
		ASSERT_EQ(heard->length, read(self->user, got, sizeof(got)))
			TH_LOG("reply %zu", i);
		EXPECT_EQ(0, memcmp(heard->bytes, got, heard->length))
			TH_LOG("reply %zu", i);
	}
	EXPECT_FALSE(skel_readable(self->user, 0));
}

/* A mark that comes in pieces is put together by nobody. */
TEST_F(forge, mark_in_pieces)
{
	for (size_t i = 1; i < strlen(MARK); i++) {
		char line[32];

		snprintf(line, sizeof(line), "%.*s\n", (int)i, MARK);
		ASSERT_EQ(0, reply_bytes(&self->card, line, strlen(line)));
		snprintf(line, sizeof(line), "%sDONE\n", MARK + i);
		ASSERT_EQ(0, reply_bytes(&self->card, line, strlen(line)));
		EXPECT_EQ(i, strlen(skel_line(self->user)));
		EXPECT_EQ(0, skel_core(skel_line(self->user))[0]);
	}
	/* Without an end of its line it does not arrive. */
	EXPECT_EQ(-EINVAL, reply_bytes(&self->card, "skel", 4));
	EXPECT_EQ(-EINVAL, reply_bytes(&self->card, "OK\n" MARK, 3 + strlen(MARK)));
	ASSERT_EQ(0, reply_bytes(&self->card, ": DONE\n", 7));
	EXPECT_STREQ(": DONE", skel_line(self->user));
}

/* The longest replies: nothing but marks, and one line */
TEST_F(forge, longest_replies)
{
	const size_t unit = strlen(MARK "\n"), lines = SKEL_LINE_MAX / unit;
	char bytes[SKEL_LINE_MAX];
	const char *line;

	for (size_t i = 0; i < lines; i++)
		memcpy(bytes + i * unit, MARK "\n", unit);
	ASSERT_EQ(0, reply_bytes(&self->card, bytes, lines * unit));
	for (size_t i = 0; i < lines; i++) {
		ASSERT_STREQ(CARD, skel_line(self->user))
			TH_LOG("line %zu", i);
	}
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, MARK, strlen(MARK));
	bytes[SKEL_LINE_MAX - 1] = '\n';
	ASSERT_EQ(0, reply_bytes(&self->card, bytes, SKEL_LINE_MAX));
	line = skel_line(self->user);
	ASSERT_EQ(SKEL_LINE_MAX - 1, strlen(line));
	memcpy(bytes, CARD, strlen(CARD));
	EXPECT_EQ(0, memcmp(bytes, line, SKEL_LINE_MAX - 1));
	EXPECT_FALSE(skel_readable(self->user, 0));
}

/* A reply without room for all of it is lost as a whole; the line about it is the core's. */
TEST_F(forge, lost_replies)
{
	static const char forged[] = MARK "LOST 1\n" MARK "LOST 2\n";
	unsigned long sent = 0, got = 0, lost = 0, n;
	struct skel_info info;

	for (; sent < 500; sent++) {
		ASSERT_EQ(0, reply_bytes(&self->card, forged, strlen(forged)))
			TH_LOG("reply %lu", sent);
	}
	while (skel_readable(self->user, 0)) {
		ASSERT_STREQ(CARD "LOST 1", skel_line(self->user));
		ASSERT_STREQ(CARD "LOST 2", skel_line(self->user));
		got++;
	}
	ASSERT_EQ(0, ucard_reply(&self->card, 0, "next"));
	if (sscanf(skel_core(skel_line(self->user)), "LOST %lu", &n) == 1)
		lost = n;
	EXPECT_STREQ("next", skel_line(self->user));
	EXPECT_LT(0, lost);
	EXPECT_EQ(sent, got + lost);
	ASSERT_EQ(0, skel_info(self->user, &info));
	EXPECT_EQ(lost, info.replies_lost);
}

TEST_HARNESS_MAIN
