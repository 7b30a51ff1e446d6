// SPDX-License-Identifier: GPL-2.0
/*
 * A program that plays a card and does not do its part: it is stopped, does not
 * read, does not complete. Nobody waits for it without a limit.
 */
#include <pthread.h>

#include "../kselftest_harness.h"
#include "skel_ucard_util.h"

#define SHORT	300		/* timeout of the card, in ms */
/* Clocks of the kernel are coarse: this much earlier is not too early. */
#define COARSE	30

FIXTURE(timeout)
{
	struct ucard card;
	int user;
	size_t page;
	__u64 host;
	__u8 *buffer;
	union ucard_event event;
};

FIXTURE_SETUP(timeout)
{
	struct skel_ucard_create create;
	int rc;

	ucard_describe(&create);
	create.timeout = SHORT;
	rc = ucard_begin(&self->card, &create);
	if (rc == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (rc == -EACCES)
		SKIP(return, "must be root");
	ASSERT_EQ(0, rc);
	self->page = skel_page();
	self->user = ucard_user(&self->card);
	ASSERT_LE(0, self->user);
	self->buffer = skel_buffer(self->user, SKEL_BOTH, self->page, &self->host);
	ASSERT_NE(NULL, self->buffer);
}

FIXTURE_TEARDOWN(timeout)
{
	close(self->user);
	ucard_end(&self->card);
}

TEST_F(timeout, unread_command)
{
	__u64 begin = skel_now_ms();

	EXPECT_STREQ("ERROR timeout", skel_ask(self->user, "hello?"));
	EXPECT_LE(SHORT - COARSE, skel_now_ms() - begin);
	/* It is not for the program any more. */
	EXPECT_FALSE(ucard_pending(&self->card, 0));
	EXPECT_FALSE(skel_readable(self->user, 0));
	/* As long as the program does not read, the next ones fail at once. */
	begin = skel_now_ms();
	for (int i = 0; i < 100; i++)
		ASSERT_STREQ("ERROR timeout", skel_ask(self->user, "still there?"));
	EXPECT_GT(100 * (SHORT - COARSE), skel_now_ms() - begin);
}

TEST_F(timeout, program_that_reads_again)
{
	char bytes[SKEL_UCARD_RECORD_MAX];

	ASSERT_EQ(0, fcntl(self->card.fd, F_SETFL, O_RDWR | O_NONBLOCK));
	for (int i = 0; i < 3; i++) {
		ASSERT_STREQ("ERROR timeout", skel_ask(self->user, "hello?"));
		EXPECT_EQ(-EAGAIN, skel_err(read(self->card.fd, bytes, sizeof(bytes))));
		ASSERT_EQ(0, ucard_command(&self->card, self->user, "hello again"));
		ASSERT_EQ(0, ucard_reply(&self->card, 0, "hello"));
		ASSERT_STREQ("hello", skel_line(self->user));
	}
}

/* What was read in time may be answered as late as the program likes. */
TEST_F(timeout, read_is_in_time)
{
	ASSERT_EQ(0, ucard_command(&self->card, self->user, "think about it"));
	EXPECT_FALSE(skel_readable(self->user, 3 * SHORT));
	EXPECT_EQ(0, ucard_reply(&self->card, 0, "42"));
	EXPECT_STREQ("42", skel_line(self->user));
}

/* More than a channel keeps: the writer waits, but not for ever. */
TEST_F(timeout, writer_goes_on)
{
	enum { LINES = 500 };
	char line[101];
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		int rc = 0;

		memset(line, 'x', 100);
		line[100] = '\n';
		for (int i = 0; i < LINES && !rc; i++)
			rc = skel_write(self->user, line, sizeof(line));
		_exit(!!rc);
	}
	for (int i = 0; i < LINES; i++)
		ASSERT_STREQ("ERROR timeout", skel_line(self->user));
	EXPECT_EQ(0, skel_wait(pid));
}

TEST_F(timeout, stopped_program)
{
	pid_t program = ucard_hand_over(&self->card, ucard_echo), reader;
	__u64 begin;
	int other;
	char byte;

	ASSERT_LE(0, program);
	ASSERT_STREQ("hello", skel_ask(self->user, "hello"));
	ASSERT_EQ(0, kill(program, SIGSTOP));
	ASSERT_TRUE(ucard_wait_asleep(program));
	begin = skel_now_ms();
	EXPECT_STREQ("ERROR timeout", skel_ask(self->user, "are you there?"));
	EXPECT_LE(SHORT - COARSE, skel_now_ms() - begin);
	/* Who waits can be killed. */
	reader = fork();
	ASSERT_LE(0, reader);
	if (!reader)
		_exit(read(self->user, &byte, 1));
	ASSERT_TRUE(ucard_wait_asleep(reader));
	ASSERT_EQ(0, kill(reader, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, skel_wait(reader));
	/* Opening and closing do not need the program. */
	begin = skel_now_ms();
	other = ucard_open(&self->card, O_RDWR);
	ASSERT_LE(0, other);
	EXPECT_EQ(0, skel_send(other, "a command that nobody reads"));
	close(other);
	munmap(self->buffer, self->page);
	close(self->user);
	EXPECT_GT(2000, skel_now_ms() - begin);
	/* It goes on as if nothing had been. */
	ASSERT_EQ(0, kill(program, SIGCONT));
	self->user = ucard_open(&self->card, O_RDWR);
	ASSERT_LE(0, self->user);
	for (int i = 0; i < 100; i++) {
		const char *line = skel_ask(self->user, "hello");

		/* until it has read something again */
		if (strcmp("ERROR timeout", line)) {
			EXPECT_STREQ("hello", line);
			break;
		}
		ASSERT_GT(99, i);
		skel_sleep_ms(10);
	}
	kill(program, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, skel_wait(program));
}

/* Its timeout is an hour away, and close() does not wait for it. */
TEST_F(timeout, close_does_not_wait)
{
	struct skel_ucard_create create;
	struct ucard patient;
	__u64 begin, id, host;
	int user;

	ucard_describe(&create);
	create.timeout = SKEL_UCARD_TIMEOUT_MAX;
	ASSERT_EQ(0, ucard_begin(&patient, &create));
	user = ucard_user(&patient);
	ASSERT_LE(0, user);
	ASSERT_EQ(0, skel_alloc(user, SKEL_BOTH, self->page, &host));
	ASSERT_EQ(0, ucard_request(&patient, 0, 0, 0, 0, 16, host, &id));
	ASSERT_EQ(0, ucard_request(&patient, 0, 0, 0, 0, 16, host, NULL));
	ASSERT_EQ(0, skel_send(user, "a command"));
	ASSERT_EQ(0, skel_send(user, "another command"));
	EXPECT_TRUE(ucard_pending(&patient, SKEL_ANSWER_MS));
	begin = skel_now_ms();
	close(user);
	EXPECT_GT(2000, skel_now_ms() - begin);
	/* The commands have gone with their user. */
	ASSERT_EQ(SKEL_UCARD_CLOSED, ucard_next(&patient, &self->event));
	EXPECT_EQ(-ENOENT, ucard_complete(&patient, id, 16, 0));
	user = ucard_user(&patient);
	EXPECT_LE(0, user);
	ASSERT_EQ(0, skel_alloc(user, SKEL_BOTH, self->page, &host));
	ASSERT_EQ(0, ucard_request(&patient, 0, 0, 0, 0, 16, host, NULL));
	begin = skel_now_ms();
	ucard_end(&patient);
	close(user);
	EXPECT_GT(2000, skel_now_ms() - begin);
}

TEST_F(timeout, transfer_that_is_not_completed)
{
	__u64 begin = skel_now_ms(), id;
	struct skel_info info;

	ASSERT_EQ(0, ucard_request(&self->card, 0, 0, UCARD_DIR_TOHOST, 0, 16, self->host,
				   &id));
	EXPECT_EQ(-EBUSY, skel_free(self->user, self->host));
	EXPECT_STREQ("FAILED timeout", skel_transfer_end(self->user, "TOHOST", 0, 16,
							 self->host));
	EXPECT_LE(SHORT - COARSE, skel_now_ms() - begin);
	ASSERT_EQ(SKEL_UCARD_EXPIRED, ucard_next(&self->card, &self->event));
	EXPECT_EQ(id, self->event.result.id);
	EXPECT_EQ(self->card.tag, self->event.result.tag);
	EXPECT_EQ(SKEL_UCARD_REQUEST, self->event.result.action);
	EXPECT_EQ(-ETIMEDOUT, self->event.result.error);
	EXPECT_EQ(0, self->event.head.channel);
	/* Too late */
	memset(self->card.memory, 1, 16);
	EXPECT_EQ(-ENOENT, ucard_move(&self->card, id));
	EXPECT_EQ(-ENOENT, ucard_complete(&self->card, id, 16, 0));
	EXPECT_TRUE(skel_all(self->buffer, self->page, 0));
	ASSERT_EQ(0, skel_info(self->user, &info));
	EXPECT_EQ(1, info.failed);
	EXPECT_EQ(0, info.pending);
	EXPECT_EQ(0, skel_free(self->user, self->host));
	EXPECT_FALSE(skel_readable(self->user, 0));
}

/* Each has its own time, and one that has ended does not expire. */
TEST_F(timeout, transfers_expire_in_their_order)
{
	__u64 tag[4];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 2; i++) {
			__u64 id;

			ASSERT_EQ(0, ucard_request(&self->card, SKEL_UCARD_AT_ONCE, 0, 0, 0, 1,
						   self->host, NULL));
			ASSERT_EQ(0, ucard_request(&self->card, 0, 0, 0, 0, 1, self->host, &id));
			ASSERT_EQ(0, ucard_complete(&self->card, id, 1, 0));
			ASSERT_EQ(0, ucard_request(&self->card, 0, 0, 0, 0, 1, self->host, NULL));
			tag[2 * round + i] = self->card.tag;
			if (!i)
				skel_sleep_ms(SHORT / 3);
		}
		for (int i = 0; i < 2; i++) {
			ASSERT_EQ(SKEL_UCARD_EXPIRED, ucard_next(&self->card, &self->event));
			EXPECT_EQ(tag[2 * round + i], self->event.result.tag);
		}
	}
	EXPECT_FALSE(ucard_pending(&self->card, 2 * SHORT));
	EXPECT_EQ(12, skel_drain(self->user, 0));
}

/* Nothing is told of it if it succeeds, but it expires aloud. */
TEST_F(timeout, quiet_request_expires)
{
	union ucard_action action;

	ucard_fill_request(&self->card, &action, SKEL_UCARD_QUIET, 0, 0, 0, 1, self->host);
	action.request.tag = 7;
	ASSERT_EQ(0, ucard_act(&self->card, &action));
	ASSERT_EQ(SKEL_UCARD_EXPIRED, ucard_next(&self->card, &self->event));
	EXPECT_EQ(7, self->event.result.tag);
	EXPECT_STREQ("FAILED timeout", skel_transfer_end(self->user, "TOHOST", 0, 1, self->host));
}

struct mover {
	pthread_t thread;
	const struct ucard *card;
	struct ucard_batch batch;
	long rc;
};

static void *move_again_and_again(void *arg)
{
	struct mover *mover = arg;

	mover->rc = skel_err(write(mover->card->fd, mover->batch.bytes, mover->batch.length));
	return NULL;
}

/*
 * It expires while the program says MOVE over and over: once the user has been
 * told, no byte is written any more.
 */
TEST_F_TIMEOUT(timeout, expiry_waits_for_a_copy, 120)
{
	const size_t length = SKEL_MIB(4);
	struct skel_ucard_create create;
	struct ucard card;
	int user, begun = 0;
	__u8 *buffer;
	__u64 host;

	ucard_describe(&create);
	create.timeout = 20;
	create.memory = length;
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	ASSERT_EQ(0, ucard_begin(&card, &create));
	memset(card.memory, 'c', length);
	user = ucard_user(&card);
	ASSERT_LE(0, user);
	ASSERT_EQ(0, fcntl(user, F_SETFL, O_RDWR | O_NONBLOCK));
	buffer = skel_buffer(user, SKEL_BOTH, length, &host);
	ASSERT_NE(NULL, buffer);
	/* On a busy machine it may expire before the first MOVE: that does not count. */
	for (int round = 0; round < 100 && begun < 10; round++) {
		struct mover mover = { .card = &card };
		union ucard_action action;
		char line[SKEL_LINE_MAX];
		__u64 id;

		buffer[0] = 0;
		ASSERT_EQ(0, ucard_request(&card, 0, 0, UCARD_DIR_TOHOST, 0, length, host, &id));
		ucard_fill_transfer(&action, SKEL_UCARD_MOVE, id, 0, 0);
		action.head.flags = SKEL_UCARD_QUIET;
		while (mover.batch.length < 300 * sizeof(action.transfer))
			ucard_add(&mover.batch, &action);
		ASSERT_EQ(0, pthread_create(&mover.thread, NULL, move_again_and_again, &mover));
		/* Without sleeping, to be there before a copy under way has ended */
		while (read(user, line, sizeof(line)) < 0)
			ASSERT_EQ(EAGAIN, errno);
		/* The last page: a copy would have yet to come to it. */
		memset(buffer + length - self->page, 'u', self->page);
		EXPECT_EQ(0, strncmp(skel_core(line), "FAILED TOHOST ", 14));
		ASSERT_EQ(0, pthread_join(mover.thread, NULL));
		ASSERT_EQ(mover.batch.length, mover.rc);
		ASSERT_TRUE(skel_all(buffer + length - self->page, self->page, 'u'))
			TH_LOG("round %d", round);
		begun += buffer[0] == 'c';
		EXPECT_LT(0, ucard_drain(&card));
	}
	EXPECT_EQ(10, begun);
	EXPECT_EQ(0, skel_free(user, host));
	munmap(buffer, length);
	close(user);
	ucard_end(&card);
}

/*
 * A program does not read. Who came before that was found out is not answered
 * later than who comes after it.
 */
TEST_F(timeout, earlier_commands_are_answered_first)
{
	struct skel_ucard_create create;
	int first, second, third;
	struct ucard card;

	ucard_describe(&create);
	create.timeout = 1500;
	create.channels = 3;
	ASSERT_EQ(0, ucard_begin(&card, &create));
	first = ucard_user(&card);
	second = ucard_user(&card);
	third = ucard_user(&card);
	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	ASSERT_LE(0, third);
	ASSERT_EQ(0, skel_send(first, "is anybody there?"));
	skel_sleep_ms(750);
	ASSERT_EQ(0, skel_send(second, "is anybody there?"));
	ASSERT_STREQ("ERROR timeout", skel_line(first));
	ASSERT_STREQ("ERROR timeout", skel_ask(third, "is anybody there?"));
	EXPECT_TRUE(skel_readable(second, 0));
	EXPECT_STREQ("ERROR timeout", skel_line(second));
	/* None of them is for the program any more. */
	EXPECT_FALSE(ucard_pending(&card, 0));
	close(first);
	close(second);
	close(third);
	ucard_end(&card);
}

TEST_HARNESS_MAIN
