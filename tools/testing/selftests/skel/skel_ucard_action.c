// SPDX-License-Identifier: GPL-2.0
/*
 * The program that plays a card writes several actions at once, actions without
 * results, actions that are not well-formed, and more than it reads results of
 */
#include <sys/time.h>

#include "../kselftest_harness.h"
#include "skel_ucard_util.h"

#define RW	(PROT_READ | PROT_WRITE)
#define GUARD	0xee

FIXTURE(action)
{
	struct ucard card;
	int user;
	size_t page;
	__u64 host;
	__u8 *buffer;
	union ucard_action action;
	union ucard_event event;
};

FIXTURE_SETUP(action)
{
	int rc = ucard_begin(&self->card, NULL);

	if (rc == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (rc == -EACCES)
		SKIP(return, "must be root");
	ASSERT_EQ(0, rc);
	self->user = ucard_user(&self->card);
	ASSERT_LE(0, self->user);
	self->page = skel_page();
	self->buffer = skel_buffer(self->user, SKEL_BOTH, self->page, &self->host);
	ASSERT_NE(NULL, self->buffer);
	memset(self->buffer, GUARD, self->page);
}

FIXTURE_TEARDOWN(action)
{
	close(self->user);
	ucard_end(&self->card);
}

static void add_reply(const struct ucard *card, struct ucard_batch *batch, const char *line)
{
	union ucard_action action;

	ucard_fill_reply(card, &action, 0, line, strlen(line));
	ucard_add(batch, &action);
}

static void add_request(const struct ucard *card, struct ucard_batch *batch, __u16 flags,
			__u64 tag, __u64 bytes, __u64 host)
{
	union ucard_action action;

	ucard_fill_request(card, &action, flags, 0, UCARD_DIR_TOHOST, 0, bytes, host);
	action.request.tag = tag;
	ucard_add(batch, &action);
}

TEST_F(action, several_in_one_write)
{
	struct ucard_batch batch = { 0 };

	skel_fill(self->card.memory, 300, 1);
	add_reply(&self->card, &batch, "before\n");
	add_request(&self->card, &batch, SKEL_UCARD_AT_ONCE, 11, 100, self->host);
	add_reply(&self->card, &batch, "odd length: between\n");
	add_request(&self->card, &batch, SKEL_UCARD_AT_ONCE, 12, 200, self->host + 100);
	add_request(&self->card, &batch, SKEL_UCARD_AT_ONCE, 13, 0, self->host);
	add_reply(&self->card, &batch, "after\n");
	ASSERT_EQ(batch.length, write(self->card.fd, batch.bytes, batch.length));
	EXPECT_STREQ("before", skel_line(self->user));
	EXPECT_STREQ("DONE", skel_transfer_end(self->user, "TOHOST", 0, 100, self->host));
	EXPECT_STREQ("odd length: between", skel_line(self->user));
	EXPECT_STREQ("DONE", skel_transfer_end(self->user, "TOHOST", 0, 200, self->host + 100));
	EXPECT_STREQ("REFUSED length", skel_transfer_end(self->user, "TOHOST", 0, 0, self->host));
	EXPECT_STREQ("after", skel_line(self->user));
	for (__u64 tag = 11; tag <= 13; tag++) {
		ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&self->card, &self->event));
		EXPECT_EQ(tag, self->event.result.tag);
		EXPECT_EQ(tag == 13 ? -EINVAL : 0, self->event.result.error);
	}
	EXPECT_EQ(0, memcmp(self->buffer, self->card.memory, 100));
	EXPECT_EQ(0, memcmp(self->buffer + 100, self->card.memory, 200));
	EXPECT_TRUE(skel_all(self->buffer + 300, self->page - 300, GUARD));
}

/* The last one need not be filled up to a multiple of 8. */
TEST_F(action, end_of_a_write)
{
	struct ucard_batch batch = { 0 };
	size_t length;

	add_reply(&self->card, &batch, "one\n");
	length = batch.length + sizeof(struct skel_ucard_head) + 1;
	add_reply(&self->card, &batch, "\n");
	for (size_t n = length; n <= batch.length; n++) {
		ASSERT_EQ(n, skel_err(write(self->card.fd, batch.bytes, n)));
		EXPECT_STREQ("one", skel_line(self->user));
		EXPECT_STREQ("", skel_line(self->user));
	}
	EXPECT_EQ(0, write(self->card.fd, batch.bytes, 0));
	EXPECT_FALSE(skel_readable(self->user, 0));
}

/* Those before the bad one are carried out, none after it. */
TEST_F(action, first_bad_one_ends_it)
{
	for (int bad = 0; bad < 4; bad++) {
		struct ucard_batch batch = { 0 };
		size_t good = 0;

		for (int i = 0; i < 4; i++) {
			if (i == bad) {
				good = batch.length;
				add_reply(&self->card, &batch, "no newline");
			} else {
				add_reply(&self->card, &batch, "a line\n");
			}
		}
		EXPECT_EQ(good ? good : -EINVAL,
			  skel_err(write(self->card.fd, batch.bytes, batch.length)));
		for (int i = 0; i < bad; i++)
			EXPECT_STREQ("a line", skel_line(self->user));
		EXPECT_FALSE(skel_readable(self->user, 0));
	}
}

TEST_F(action, quiet_tells_failures_only)
{
	const __u16 quiet = SKEL_UCARD_QUIET;
	__u64 id;

	ucard_fill_request(&self->card, &self->action, SKEL_UCARD_AT_ONCE | quiet, 0, 0, 0, 1,
			   self->host);
	EXPECT_EQ(0, ucard_act(&self->card, &self->action));
	EXPECT_FALSE(ucard_pending(&self->card, 0));
	EXPECT_STREQ("DONE", skel_transfer_end(self->user, "TOHOST", 0, 1, self->host));
	EXPECT_EQ(-EINVAL, ucard_request(&self->card, SKEL_UCARD_AT_ONCE | quiet, 0, 0, 0,
					 0, self->host, NULL));
	EXPECT_EQ(-EFAULT, ucard_request(&self->card, quiet, 0, 0, 0, 1, 0, NULL));

	ASSERT_EQ(0, ucard_request(&self->card, 0, 0, 0, 0, 1, self->host, &id));
	for (int i = 0; i < 2; i++) {
		ucard_fill_transfer(&self->action, i ? SKEL_UCARD_COMPLETE : SKEL_UCARD_MOVE,
				    id, i, 0);
		self->action.head.flags = quiet;
		EXPECT_EQ(0, ucard_act(&self->card, &self->action));
		EXPECT_FALSE(ucard_pending(&self->card, 0));
	}
	/* It has ended. */
	for (int i = 0; i < 2; i++) {
		ucard_fill_transfer(&self->action, i ? SKEL_UCARD_COMPLETE : SKEL_UCARD_MOVE,
				    id, i, 0);
		self->action.head.flags = quiet;
		EXPECT_EQ(0, ucard_act(&self->card, &self->action));
		ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&self->card, &self->event));
		EXPECT_EQ(-ENOENT, self->event.result.error);
		EXPECT_EQ(id, self->event.result.id);
	}
}

/* Well-formed actions to be spoilt */
static void well_formed(const struct ucard *card, union ucard_action actions[4], __u64 host)
{
	ucard_fill_reply(card, &actions[0], 0, "a reply\n", 8);
	ucard_fill_request(card, &actions[1], SKEL_UCARD_AT_ONCE, 0, UCARD_DIR_TOHOST, 0, 16,
			   host);
	ucard_fill_transfer(&actions[2], SKEL_UCARD_MOVE, 1, 0, 0);
	ucard_fill_transfer(&actions[3], SKEL_UCARD_COMPLETE, 1, 0, 0);
}

TEST_F(action, malformed_heads)
{
	static const __u32 lengths[] = {
		0, 1, 8, 15, 16, 47, 49, 55, 57, 64, SKEL_UCARD_RECORD_MAX,
		SKEL_UCARD_RECORD_MAX + 1, 4096, 1U << 31, UINT32_MAX - 7, UINT32_MAX,
	};
	static const __u16 known[] = { 0, 3, 2, 2 };
	union ucard_action good[4], *bad = &self->action;
	const int fd = self->card.fd;

	well_formed(&self->card, good, self->host);
	for (int i = 0; i < 4; i++) {
		for (__u32 type = 0; type < 65536; type += type < 8 || type > 65530 ? 1 : 997) {
			*bad = good[i];
			bad->head.type = type;
			if (type < 1 || type > 4)
				EXPECT_EQ(-EOPNOTSUPP, ucard_act(&self->card, bad));
		}
		for (__u32 flag = 1; flag < 65536; flag <<= 1) {
			*bad = good[i];
			bad->head.flags |= flag;
			if (flag & ~known[i])
				EXPECT_EQ(-EOPNOTSUPP, ucard_act(&self->card, bad));
		}
		for (size_t j = 0; j < ARRAY_SIZE(lengths); j++) {
			*bad = good[i];
			bad->head.length = lengths[j];
			if (lengths[j] == good[i].head.length)
				continue;
			/* a reply of another length has its newline elsewhere */
			EXPECT_EQ(-EINVAL, skel_err(write(fd, bad, sizeof(*bad))))
				TH_LOG("action %d, length %u", i, lengths[j]);
		}
		/* not all there */
		for (__u32 n = 1; n < good[i].head.length; n++)
			EXPECT_EQ(-EINVAL, skel_err(write(fd, &good[i], n)));
	}
	EXPECT_FALSE(skel_readable(self->user, 0));
	EXPECT_FALSE(ucard_pending(&self->card, 0));
	EXPECT_TRUE(skel_all(self->buffer, self->page, GUARD));
}

/* For another user than the one who is there: for nobody */
TEST_F(action, other_openings)
{
	const __u32 now = self->card.opening[0];
	__u64 id;

	ASSERT_EQ(0, ucard_request(&self->card, 0, 0, 0, 0, 16, self->host, &id));
	for (int i = 0; i < 40; i++) {
		const __u32 other = i < 32 ? now ^ 1U << i : i < 39 ? now + i - 35 : 0;

		if (other == now)
			continue;
		self->card.opening[0] = other;
		EXPECT_EQ(0, ucard_reply(&self->card, 0, "to whom?"));
		for (__u16 flags = 0; flags <= SKEL_UCARD_AT_ONCE; flags++) {
			EXPECT_EQ(-ENOTCONN, ucard_request(&self->card, flags, 0, 0, 0, 16,
							   self->host, NULL));
		}
	}
	EXPECT_FALSE(skel_readable(self->user, 0));
	EXPECT_TRUE(skel_all(self->buffer, self->page, GUARD));
	/* An id is enough. */
	for (int i = 0; i < 2; i++) {
		ucard_fill_transfer(&self->action, i ? SKEL_UCARD_COMPLETE : SKEL_UCARD_MOVE,
				    id, i ? 16 : 0, 0);
		self->action.head.opening = now + 1;
		self->action.head.channel = UINT32_MAX;
		EXPECT_EQ(0, ucard_act(&self->card, &self->action));
		ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&self->card, &self->event));
		EXPECT_EQ(0, self->event.result.error);
	}
	EXPECT_STREQ("DONE", skel_transfer_end(self->user, "TOHOST", 0, 16, self->host));
}

TEST_F(action, malformed_members)
{
	union ucard_action good[4], *bad = &self->action;

	well_formed(&self->card, good, self->host);
	for (int bit = 0; bit < 32; bit++) {
		const __u32 value = 1U << bit;

		*bad = good[1];
		bad->request.reserved = value;
		EXPECT_EQ(-EOPNOTSUPP, ucard_act(&self->card, bad));
		*bad = good[1];
		bad->request.dir = value;
		if (bit)
			EXPECT_EQ(-EINVAL, ucard_act(&self->card, bad));
		for (int i = 2; i < 4; i++) {
			*bad = good[i];
			bad->transfer.reserved = value;
			EXPECT_EQ(-EOPNOTSUPP, ucard_act(&self->card, bad));
			*bad = good[i];
			bad->transfer.error = value;
			if (bit || i == 2)
				EXPECT_EQ(-EINVAL, ucard_act(&self->card, bad));
		}
		*bad = good[2];
		bad->transfer.moved = value;
		EXPECT_EQ(-EINVAL, ucard_act(&self->card, bad));
		bad->transfer.moved = (__u64)value << 32;
		EXPECT_EQ(-EINVAL, ucard_act(&self->card, bad));
	}
	EXPECT_FALSE(skel_readable(self->user, 0));
	EXPECT_FALSE(ucard_pending(&self->card, 0));
	EXPECT_TRUE(skel_all(self->buffer, self->page, GUARD));
}

TEST_F(action, unreadable_memory)
{
	__u8 *pages = mmap(NULL, 2 * self->page, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const int fd = self->card.fd;
	__u8 *end = pages + self->page;
	size_t length;

	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_EQ(0, mprotect(end, self->page, PROT_NONE));
	EXPECT_EQ(-EFAULT, skel_err(write(fd, end, 100)));
	ucard_fill_request(&self->card, &self->action, SKEL_UCARD_AT_ONCE, 0, 0, 0, 16, self->host);
	length = self->action.head.length;
	for (size_t n = 1; n < length; n++) {
		memcpy(end - n, &self->action, n);
		EXPECT_EQ(-EFAULT, skel_err(write(fd, end - n, length)));
	}
	EXPECT_FALSE(skel_readable(self->user, 0));
	EXPECT_FALSE(ucard_pending(&self->card, 0));
	/* What is readable before that is carried out. */
	ucard_fill_reply(&self->card, &self->action, 0, "a reply\n", 8);
	memcpy(end - 40, &self->action, 24);
	ucard_fill_request(&self->card, &self->action, SKEL_UCARD_AT_ONCE, 0, 0, 0, 16, self->host);
	memcpy(end - 16, &self->action, 16);
	EXPECT_EQ(24, skel_err(write(fd, end - 40, 24 + length)));
	EXPECT_STREQ("a reply", skel_line(self->user));
	EXPECT_FALSE(skel_readable(self->user, 0));
	EXPECT_TRUE(skel_all(self->buffer, self->page, GUARD));
}

/* A program that does not read its results is held back, and goes on when it does. */
TEST_F(action, too_many_results)
{
	enum { MAX = 100000 };
	__u64 sent = 0, got = 0;
	struct ucard_batch batch = { 0 };
	int rc = 0;

	for (; sent < MAX; sent++) {
		ucard_fill_request(&self->card, &self->action, 0, 0, 0, 0, 0, self->host);
		self->action.request.tag = sent;
		rc = ucard_act(&self->card, &self->action);
		if (rc)
			break;
	}
	ASSERT_EQ(-EAGAIN, rc);
	EXPECT_LT(100, sent);
	EXPECT_EQ(POLLIN, ucard_events(self->card.fd));
	/* Nothing of it was carried out, also not where no result would come. */
	skel_drain(self->user, 0);
	ucard_fill_request(&self->card, &self->action, SKEL_UCARD_AT_ONCE | SKEL_UCARD_QUIET, 0,
			   0, 0, 16, self->host);
	EXPECT_EQ(-EAGAIN, ucard_act(&self->card, &self->action));
	EXPECT_TRUE(skel_all(self->buffer, self->page, GUARD));
	EXPECT_FALSE(skel_readable(self->user, 0));
	/* Replies have no result. */
	EXPECT_EQ(0, ucard_reply(&self->card, 0, "still talking"));
	EXPECT_EQ(0, strncmp("LOST ", skel_core(skel_line(self->user)), 5));
	EXPECT_STREQ("still talking", skel_line(self->user));
	add_reply(&self->card, &batch, "a reply\n");
	add_request(&self->card, &batch, 0, 0, 0, 0);
	EXPECT_EQ(24, skel_err(write(self->card.fd, batch.bytes, batch.length)));

	while (ucard_pending(&self->card, 0)) {
		ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&self->card, &self->event));
		ASSERT_EQ(got, self->event.result.tag);
		got++;
	}
	EXPECT_EQ(sent, got);
	EXPECT_EQ(POLLOUT, ucard_events(self->card.fd));
	EXPECT_STREQ("a reply", skel_line(self->user));
	EXPECT_EQ(0, ucard_request(&self->card, SKEL_UCARD_AT_ONCE, 0, 0, 0, 16, self->host,
				   NULL));
}

/* Nor does it keep more transfers running than it is told of. */
TEST_F(action, too_many_granted)
{
	enum { CHANNELS = 16, EACH = 64 };
	struct skel_ucard_create create;
	static struct ucard card;
	int granted = 0, rc = 0;
	__u64 ids[CHANNELS * EACH];

	ucard_describe(&create);
	create.channels = CHANNELS;
	create.transfers = EACH;
	create.timeout = SKEL_UCARD_TIMEOUT_MAX;
	ASSERT_EQ(0, ucard_begin(&card, &create));
	for (int i = 0; i < CHANNELS && !rc; i++) {
		int user = ucard_user(&card);
		__u64 host;

		ASSERT_LE(0, user);
		ASSERT_EQ(0, skel_alloc(user, SKEL_BOTH, 1, &host));
		for (int j = 0; j < EACH && !rc; j++) {
			rc = ucard_request(&card, 0, i, 0, 0, 1, host, &ids[granted]);
			granted += !rc;
		}
	}
	EXPECT_TRUE(rc == 0 || rc == -EAGAIN);
	EXPECT_LT(EACH, granted);
	while (granted--)
		ASSERT_EQ(0, ucard_complete(&card, ids[granted], 1, 0));
	ucard_end(&card);
}

static void on_alarm(int sig)
{
}

/* However much there is to copy, a signal ends write() between two actions. */
TEST_F(action, signal_ends_a_long_write)
{
	const struct itimerval soon = { .it_value.tv_usec = 20000 };
	const struct sigaction alarm = { .sa_handler = on_alarm };
	const size_t length = SKEL_MIB(4);
	struct ucard_batch batch = { 0 };
	struct skel_ucard_create create;
	union ucard_action action;
	struct ucard card;
	__u64 host, id;
	long rc;
	int user;

	ucard_describe(&create);
	create.memory = length;
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	ASSERT_EQ(0, ucard_begin(&card, &create));
	user = ucard_user(&card);
	ASSERT_LE(0, user);
	ASSERT_EQ(0, skel_alloc(user, SKEL_BOTH, length, &host));
	ASSERT_EQ(0, ucard_request(&card, 0, 0, UCARD_DIR_TOHOST, 0, length, host, &id));
	ucard_fill_transfer(&action, SKEL_UCARD_MOVE, id, 0, 0);
	action.head.flags = SKEL_UCARD_QUIET;
	while (batch.length < 300 * sizeof(action.transfer))
		ucard_add(&batch, &action);
	ASSERT_EQ(0, sigaction(SIGALRM, &alarm, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &soon, NULL));
	rc = skel_err(write(card.fd, batch.bytes, batch.length));
	EXPECT_LT(0, rc);
	EXPECT_GT((long)batch.length, rc);
	EXPECT_EQ(0, rc % (long)sizeof(action.transfer));
	/* The transfer is as it was. */
	EXPECT_EQ(0, ucard_move(&card, id));
	EXPECT_EQ(0, ucard_complete(&card, id, length, 0));
	close(user);
	ucard_end(&card);
}

TEST_HARNESS_MAIN
