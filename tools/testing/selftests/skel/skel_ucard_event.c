// SPDX-License-Identifier: GPL-2.0
/*
 * What the program that plays a card hears, and what it answers: openings,
 * commands, closings, replies; read() and poll() of its file
 */
#include "../kselftest_harness.h"
#include "skel_ucard_util.h"

#define RW	(PROT_READ | PROT_WRITE)

FIXTURE(event)
{
	struct ucard card;
	int user;		/* of channel 0 */
	union ucard_event event;
};

FIXTURE_SETUP(event)
{
	int rc = ucard_begin(&self->card, NULL);

	if (rc == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (rc == -EACCES)
		SKIP(return, "must be root");
	ASSERT_EQ(0, rc);
	self->user = ucard_user(&self->card);
	ASSERT_LE(0, self->user);
}

FIXTURE_TEARDOWN(event)
{
	close(self->user);
	ucard_end(&self->card);
}

TEST_F(event, life_of_a_channel)
{
	int other = ucard_open(&self->card, O_RDWR);

	ASSERT_LE(0, other);
	ASSERT_EQ(SKEL_UCARD_OPENED, ucard_next(&self->card, &self->event));
	EXPECT_EQ(1, self->event.head.channel);
	EXPECT_EQ(0, ucard_command(&self->card, other, "hello"));
	close(other);
	ASSERT_EQ(SKEL_UCARD_CLOSED, ucard_next(&self->card, &self->event));
	EXPECT_EQ(1, self->event.head.channel);
	/* The same number again, and its last user closed before */
	other = ucard_open(&self->card, O_RDWR);
	close(self->user);
	self->user = ucard_open(&self->card, O_RDWR);
	ASSERT_EQ(SKEL_UCARD_OPENED, ucard_next(&self->card, &self->event));
	EXPECT_EQ(1, self->event.head.channel);
	ASSERT_EQ(SKEL_UCARD_CLOSED, ucard_next(&self->card, &self->event));
	EXPECT_EQ(0, self->event.head.channel);
	ASSERT_EQ(SKEL_UCARD_OPENED, ucard_next(&self->card, &self->event));
	EXPECT_EQ(0, self->event.head.channel);
	EXPECT_FALSE(ucard_pending(&self->card, 0));
	close(other);
}

/* Whoever comes and goes while the program does not read takes no memory. */
TEST_F(event, unread_openings_are_forgotten)
{
	for (int i = 0; i < 200; i++) {
		int other = ucard_open(&self->card, O_RDWR);

		ASSERT_LE(0, other);
		ASSERT_EQ(0, skel_send(other, "never read"));
		close(other);
	}
	EXPECT_FALSE(ucard_pending(&self->card, 0));
	for (int i = 0; i < 200; i++) {
		close(self->user);
		self->user = ucard_open(&self->card, O_RDWR);
		ASSERT_LE(0, self->user);
	}
	ASSERT_EQ(SKEL_UCARD_CLOSED, ucard_next(&self->card, &self->event));
	ASSERT_EQ(SKEL_UCARD_OPENED, ucard_next(&self->card, &self->event));
	EXPECT_FALSE(ucard_pending(&self->card, 0));
}

TEST_F(event, lines_come_as_they_were_written)
{
	char line[SKEL_LINE_MAX], all[256];
	const struct { const char *bytes; size_t length; } lines[] = {
		{ "", 0 }, { "x", 1 }, { " two words ", 11 }, { "\0", 1 },
		{ "a\0b\0", 4 }, { "\r", 1 }, { all, 255 },
		{ line, SKEL_LINE_MAX - 1 }, { line, SKEL_LINE_MAX - 2 },
	};

	for (int i = 0; i < 255; i++)
		all[i] = i < '\n' ? i : i + 1;
	memset(line, 'L', sizeof(line));
	line[0] = '<';
	line[SKEL_LINE_MAX - 2] = '>';
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		ASSERT_EQ(0, skel_write(self->user, lines[i].bytes, lines[i].length));
		ASSERT_EQ(0, skel_write(self->user, "\n", 1));
		ASSERT_EQ(SKEL_UCARD_COMMAND, ucard_next(&self->card, &self->event));
		EXPECT_EQ(0, self->event.head.channel);
		ASSERT_EQ(sizeof(self->event.head) + lines[i].length,
			  self->event.head.length);
		EXPECT_EQ(0, memcmp(lines[i].bytes, self->event.line, lines[i].length));
	}
	/* Half a line is none. */
	ASSERT_EQ(0, skel_write(self->user, "half", 4));
	EXPECT_FALSE(ucard_pending(&self->card, SKEL_SILENCE_MS));
}

TEST_F(event, commands_keep_their_order)
{
	int user[2] = { self->user, ucard_user(&self->card) }, next[2] = { 0 };

	ASSERT_LE(0, user[1]);
	/* What a channel keeps, and no command of one holds the other's */
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, skel_send(user[0], "0 %d", i));
		ASSERT_EQ(0, skel_send(user[1], "1 %d", i));
	}
	for (int i = 0; i < 200; i++) {
		int channel, number;

		ASSERT_EQ(SKEL_UCARD_COMMAND, ucard_next(&self->card, &self->event));
		if (sscanf(self->event.line, "%d %d", &channel, &number) != 2)
			channel = -1;
		ASSERT_EQ(self->event.head.channel, channel);
		ASSERT_EQ(next[channel], number);
		next[channel]++;
	}
	EXPECT_FALSE(ucard_pending(&self->card, 0));
	close(user[1]);
}

/* Make so many results wait; returns how many. */
static int make_results(struct ucard *card, int n)
{
	union ucard_action action;

	for (int i = 0; i < n; i++) {
		ucard_fill_request(card, &action, 0, 0, 0, 0, 0, 0);
		action.request.tag = i;
		if (ucard_act(card, &action))
			return i;
	}
	return n;
}

TEST_F(event, read_returns_whole_events)
{
	const size_t size = sizeof(struct skel_ucard_result);
	char bytes[SKEL_UCARD_RECORD_MAX + 39];
	const struct skel_ucard_result *result;
	__u64 tag = 0;

	ASSERT_EQ(100, make_results(&self->card, 100));
	for (size_t space = SKEL_UCARD_RECORD_MAX; tag < 100; space += 13) {
		long n, fit;

		if (space > sizeof(bytes))
			space = SKEL_UCARD_RECORD_MAX;
		fit = space / size;
		if (fit > 100 - (long)tag)
			fit = 100 - tag;
		n = skel_err(read(self->card.fd, bytes, space));
		ASSERT_EQ(fit * size, n);
		for (size_t at = 0; at < (size_t)n; at += size) {
			result = (const void *)(bytes + at);
			EXPECT_EQ(SKEL_UCARD_RESULT, result->head.type);
			EXPECT_EQ(tag, result->tag);
			EXPECT_EQ(-EINVAL, result->error);
			tag++;
		}
	}
	EXPECT_FALSE(ucard_pending(&self->card, 0));
}

TEST_F(event, short_buffer)
{
	char bytes[SKEL_UCARD_RECORD_MAX];

	for (int pending = 0; pending < 2; pending++) {
		for (size_t size = 0; size < sizeof(bytes); size += size < 40 ? 1 : 37)
			EXPECT_EQ(-EINVAL, skel_err(read(self->card.fd, bytes, size)));
		if (!pending)
			ASSERT_EQ(0, skel_send(self->user, "x"));
	}
	ASSERT_EQ(SKEL_UCARD_COMMAND, ucard_next(&self->card, &self->event));
	EXPECT_STREQ("x", self->event.line);
}

/* EFAULT loses nothing, whatever was copied before. */
TEST_F(event, unwritable_buffer)
{
	const size_t page = skel_page(), size = sizeof(struct skel_ucard_result);
	char *pages = mmap(NULL, 2 * page, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct skel_ucard_result *result = (void *)pages;

	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_EQ(0, mprotect(pages + page, page, PROT_NONE));
	ASSERT_EQ(3, make_results(&self->card, 3));
	EXPECT_EQ(-EFAULT, skel_err(read(self->card.fd, pages + page, page)));
	EXPECT_EQ(-EFAULT, skel_err(read(self->card.fd, pages + page - size + 1, page)));
	ASSERT_TRUE(ucard_pending(&self->card, 0));
	/* One whole event, then the end of the memory */
	EXPECT_EQ(size, read(self->card.fd, pages + page - size, page));
	memcpy(result, pages + page - size, size);
	EXPECT_EQ(0, result->tag);
	ASSERT_TRUE(ucard_pending(&self->card, 0));
	EXPECT_EQ(2 * size, read(self->card.fd, pages, page));
	EXPECT_EQ(1, result[0].tag);
	EXPECT_EQ(2, result[1].tag);
	EXPECT_FALSE(ucard_pending(&self->card, 0));
}

TEST_F(event, nonblocking_and_poll)
{
	int flags = fcntl(self->card.fd, F_GETFL);
	char bytes[SKEL_UCARD_RECORD_MAX];

	ASSERT_EQ(0, fcntl(self->card.fd, F_SETFL, flags | O_NONBLOCK));
	EXPECT_EQ(POLLOUT, ucard_events(self->card.fd));
	EXPECT_EQ(-EAGAIN, skel_err(read(self->card.fd, bytes, sizeof(bytes))));
	ASSERT_EQ(1, make_results(&self->card, 1));
	EXPECT_EQ(POLLIN | POLLOUT, ucard_events(self->card.fd));
	EXPECT_EQ(sizeof(struct skel_ucard_result),
		  read(self->card.fd, bytes, sizeof(bytes)));
	EXPECT_EQ(POLLOUT, ucard_events(self->card.fd));
	EXPECT_EQ(-EAGAIN, skel_err(read(self->card.fd, bytes, sizeof(bytes))));
}

TEST_F(event, blocked_reader_can_be_killed)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		char bytes[SKEL_UCARD_RECORD_MAX];

		_exit(read(self->card.fd, bytes, sizeof(bytes)) < 0 ? 1 : 2);
	}
	ASSERT_TRUE(ucard_wait_asleep(pid));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, skel_wait(pid));
	EXPECT_EQ(0, ucard_command(&self->card, self->user, "still here"));
}

TEST_F(event, replies_arrive_as_they_are)
{
	char longest[SKEL_LINE_MAX], all[257], got[SKEL_LINE_MAX + 1];
	const struct { const char *bytes; size_t length; } replies[] = {
		{ "\n", 1 }, { "OK\n", 3 }, { "a\0b\n", 4 }, { "two\nlines\n", 10 },
		{ all, 257 }, { longest, SKEL_LINE_MAX },
	};
	union ucard_action action;

	for (int i = 0; i < 256; i++)
		all[i] = i;
	all[256] = '\n';
	memset(longest, 'R', sizeof(longest));
	longest[SKEL_LINE_MAX - 1] = '\n';
	for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
		ucard_fill_reply(&self->card, &action, 0, replies[i].bytes, replies[i].length);
		ASSERT_EQ(0, ucard_act(&self->card, &action));
		ASSERT_EQ(replies[i].length, read(self->user, got, sizeof(got)));
		EXPECT_EQ(0, memcmp(replies[i].bytes, got, replies[i].length));
	}
	EXPECT_FALSE(skel_readable(self->user, 0));
	EXPECT_FALSE(ucard_pending(&self->card, 0));
}

TEST_F(event, malformed_replies_do_not_arrive)
{
	char bytes[SKEL_LINE_MAX + 8];
	union ucard_action action;

	memset(bytes, '\n', sizeof(bytes));
	ucard_fill_reply(&self->card, &action, 0, bytes, 0);
	EXPECT_EQ(-EINVAL, ucard_act(&self->card, &action));
	ucard_fill_reply(&self->card, &action, 0, bytes, SKEL_LINE_MAX + 1);
	EXPECT_EQ(-EINVAL, ucard_act(&self->card, &action));
	ucard_fill_reply(&self->card, &action, 0, "no newline", 10);
	EXPECT_EQ(-EINVAL, ucard_act(&self->card, &action));
	ucard_fill_reply(&self->card, &action, 0, "not\nlast", 8);
	EXPECT_EQ(-EINVAL, ucard_act(&self->card, &action));
	EXPECT_FALSE(skel_readable(self->user, 0));
}

TEST_F(event, replies_to_nobody)
{
	static const __u32 channels[] = { 1, 2, 1022, 1023, 1024, 1U << 31, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(channels); i++)
		EXPECT_EQ(0, ucard_reply(&self->card, channels[i], "anybody?"));
	EXPECT_FALSE(skel_readable(self->user, 0));
	EXPECT_FALSE(ucard_pending(&self->card, 0));
}

/* Who opens the channel next does not get what was meant for the last one. */
TEST_F(event, replies_do_not_reach_the_next_user)
{
	union ucard_action action;
	struct skel_info info;
	__u32 old;

	close(self->user);
	EXPECT_EQ(0, ucard_reply(&self->card, 0, "you have gone"));
	self->user = ucard_open(&self->card, O_RDWR);
	ASSERT_LE(0, self->user);
	EXPECT_EQ(0, ucard_reply(&self->card, 0, "for the last one"));
	EXPECT_FALSE(skel_readable(self->user, 0));
	ASSERT_EQ(0, skel_info(self->user, &info));
	EXPECT_EQ(0, info.replies_lost);
	old = self->card.opening[0];
	EXPECT_EQ(2, ucard_drain(&self->card));
	EXPECT_NE(old, self->card.opening[0]);
	/* Late by more than that */
	ucard_fill_reply(&self->card, &action, 0, "for the last one\n", 17);
	action.head.opening = old;
	EXPECT_EQ(0, ucard_act(&self->card, &action));
	EXPECT_EQ(0, ucard_reply(&self->card, 0, "for you"));
	EXPECT_STREQ("for you", skel_line(self->user));
}

TEST_F(event, unread_replies_are_counted)
{
	int sent = 0, got = 0, lost = 0, n;
	struct skel_info info;

	for (; sent < 2000; sent++)
		ASSERT_EQ(0, ucard_reply(&self->card, 0, "a reply that nobody reads"));
	ASSERT_EQ(0, skel_info(self->user, &info));
	EXPECT_LT(0, info.replies_lost);
	while (skel_readable(self->user, 0)) {
		const char *line = skel_line(self->user);

		if (sscanf(skel_core(line), "LOST %d", &n) == 1)
			lost += n;
		else if (!strcmp(line, "a reply that nobody reads"))
			got++;
	}
	EXPECT_EQ(sent, got + info.replies_lost);
	/* What is not yet told is told before the next one. */
	ASSERT_EQ(0, ucard_reply(&self->card, 0, "next"));
	if (lost < (int)info.replies_lost) {
		if (sscanf(skel_core(skel_line(self->user)), "LOST %d", &n) == 1)
			lost += n;
		EXPECT_EQ(info.replies_lost, lost);
	}
	EXPECT_STREQ("next", skel_line(self->user));
}

/* The answer may come without a question, and the question get none. */
TEST_F(event, conversation)
{
	pid_t pid = ucard_hand_over(&self->card, ucard_echo);

	ASSERT_LE(0, pid);
	for (int i = 0; i < 200; i++) {
		char line[64];

		snprintf(line, sizeof(line), "line %d", i);
		ASSERT_STREQ(line, skel_ask(self->user, "%s", line));
	}
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, skel_wait(pid));
}

TEST_HARNESS_MAIN
