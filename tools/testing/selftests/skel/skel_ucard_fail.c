// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation and every copy from or to user memory fails once while a card
 * is made and while it asks for transfers: the call says so or does without,
 * nothing is left behind, and nothing is lost.
 */
#include "../kselftest_harness.h"
#include "skel_inject.h"
#include "skel_ucard_util.h"

#define TIMEOUT	300
#define MAX	2000		/* failures in one call, not to run for ever */

FIXTURE(fail)
{
	struct ucard card;
	int nth;
	int user;
	size_t page;
	__u64 host;
	__u8 *buffer;
	unsigned int failures;
};

FIXTURE_SETUP(fail)
{
	int rc = ucard_begin(&self->card, NULL);

	if (rc == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (rc == -EACCES)
		SKIP(return, "must be root");
	ASSERT_EQ(0, rc);
	self->nth = skel_inject_open();
	if (self->nth < 0)
		SKIP(return, "no fault injection in this kernel");
	self->page = skel_page();
	self->user = ucard_user(&self->card);
	ASSERT_LE(0, self->user);
	self->buffer = skel_buffer(self->user, SKEL_BOTH, self->page, &self->host);
	ASSERT_NE(NULL, self->buffer);
}

FIXTURE_TEARDOWN(fail)
{
	close(self->nth);
	close(self->user);
	ucard_end(&self->card);
}

/* As a user who may have this one card: a charge that is lost would be seen. */
TEST_F_TIMEOUT(fail, create, TIMEOUT)
{
	const struct ucard nobody = { .index = self->card.index + 1 };
	struct skel_ucard_create create;

	ASSERT_EQ(0, skel_memlock(2 * self->page));
	for (unsigned int n = 1; n < MAX; n++) {
		int rc, fd = ucard_open_node(O_RDWR);
		bool failed;

		ASSERT_LE(0, fd);
		ucard_describe(&create);
		ASSERT_EQ(0, setresuid(SKEL_TEST_UID, SKEL_TEST_UID, 0));
		skel_inject_start(self->nth, n);
		rc = ucard_create(fd, &create);
		failed = skel_inject_stop(self->nth);
		ASSERT_EQ(0, setresuid(0, 0, 0));
		ASSERT_TRUE(rc == 0 || rc == -ENOMEM || rc == -EFAULT)
			TH_LOG("failure %u: %d", n, rc);
		/* No half of a card is left. */
		if (rc)
			EXPECT_EQ(POLLERR, ucard_events(fd));
		self->failures += rc < 0;
		close(fd);
		EXPECT_EQ(-ENOENT, ucard_open(&nobody, O_RDWR));
		if (!failed) {
			ASSERT_EQ(0, rc)
				TH_LOG("failure %u lost something", n - 1);
			break;
		}
	}
	EXPECT_LT(10, self->failures);
}

/* The request is carried out and told, or write() fails and nothing has happened. */
TEST_F_TIMEOUT(fail, request, TIMEOUT)
{
	struct skel_info before, after;
	union ucard_action action;
	union ucard_event event;

	/* in three steps, then at once */
	for (__u16 flags = 0; flags <= SKEL_UCARD_AT_ONCE; flags++) {
		bool failed = true;

		for (unsigned int n = 1; failed && n < MAX; n++) {
			int rc;

			ASSERT_EQ(0, skel_info(self->user, &before));
			ucard_fill_request(&self->card, &action, flags, 0, UCARD_DIR_TOHOST, 0,
					   16, self->host);
			action.request.tag = n;
			skel_inject_start(self->nth, n);
			rc = ucard_act(&self->card, &action);
			failed = skel_inject_stop(self->nth);
			ASSERT_TRUE(rc == 0 || rc == -ENOMEM || rc == -EFAULT)
				TH_LOG("failure %u: %d", n, rc);
			ASSERT_TRUE(failed || !rc);
			ASSERT_EQ(0, skel_info(self->user, &after));
			EXPECT_EQ(before.granted + !rc, after.granted);
			EXPECT_EQ(before.refused, after.refused);
			if (rc) {
				self->failures++;
				EXPECT_FALSE(ucard_pending(&self->card, 0));
				EXPECT_EQ(0, after.pending);
				continue;
			}
			ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&self->card, &event));
			EXPECT_EQ(n, event.result.tag);
			EXPECT_EQ(0, event.result.error);
			if (!flags)
				ASSERT_EQ(0, ucard_complete(&self->card, event.result.id, 16, 0));
			EXPECT_STREQ("DONE", skel_transfer_end(self->user, "TOHOST", 0, 16,
							       self->host));
		}
		EXPECT_LT(flags, self->failures);
	}
	EXPECT_EQ(0, skel_free(self->user, self->host));
}

/* COMPLETE that fails has not ended the transfer. */
TEST_F_TIMEOUT(fail, complete, TIMEOUT)
{
	union ucard_action action;
	union ucard_event event;

	for (unsigned int n = 1; n < MAX; n++) {
		struct skel_info info;
		bool failed;
		__u64 id;
		int rc;

		ASSERT_EQ(0, ucard_request(&self->card, 0, 0, UCARD_DIR_TOHOST, 0, 16,
					   self->host, &id));
		ucard_fill_transfer(&action, SKEL_UCARD_COMPLETE, id, 16, 0);
		skel_inject_start(self->nth, n);
		rc = ucard_act(&self->card, &action);
		failed = skel_inject_stop(self->nth);
		ASSERT_TRUE(rc == 0 || rc == -ENOMEM || rc == -EFAULT);
		ASSERT_EQ(0, skel_info(self->user, &info));
		EXPECT_EQ(!!rc, info.pending);
		if (rc) {
			ASSERT_EQ(0, ucard_complete(&self->card, id, 16, 0));
		} else {
			ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&self->card, &event));
			EXPECT_EQ(0, event.result.error);
		}
		EXPECT_STREQ("DONE", skel_transfer_end(self->user, "TOHOST", 0, 16, self->host));
		if (!failed)
			break;
	}
}

/* No event is lost or told twice. */
TEST_F_TIMEOUT(fail, read, TIMEOUT)
{
	char bytes[SKEL_UCARD_RECORD_MAX];
	const struct skel_ucard_result *result = (void *)bytes;

	for (unsigned int n = 1; n < MAX; n++) {
		union ucard_action action;
		bool failed;
		int rc;

		ucard_fill_request(&self->card, &action, 0, 0, 0, 0, 0, 0);
		action.request.tag = n;
		ASSERT_EQ(0, ucard_act(&self->card, &action));
		skel_inject_start(self->nth, n);
		rc = skel_err(read(self->card.fd, bytes, sizeof(bytes)));
		failed = skel_inject_stop(self->nth);
		if (rc < 0) {
			EXPECT_EQ(-EFAULT, rc);
			ASSERT_TRUE(ucard_pending(&self->card, 0));
			rc = skel_err(read(self->card.fd, bytes, sizeof(bytes)));
		}
		ASSERT_EQ(sizeof(*result), rc);
		EXPECT_EQ(n, result->tag);
		EXPECT_FALSE(ucard_pending(&self->card, 0));
		if (!failed)
			break;
	}
}

/* MOVE moves and says so, or has not moved: the transfer runs on. */
TEST_F_TIMEOUT(fail, move, TIMEOUT)
{
	union ucard_action action;
	union ucard_event event;

	for (unsigned int n = 1; n < MAX; n++) {
		bool failed;
		__u64 id;
		int rc;

		memset(self->buffer, 0, self->page);
		memset(self->card.memory, n, self->page);
		ASSERT_EQ(0, ucard_request(&self->card, 0, 0, UCARD_DIR_TOHOST, 0, self->page,
					   self->host, &id));
		ucard_fill_transfer(&action, SKEL_UCARD_MOVE, id, 0, 0);
		skel_inject_start(self->nth, n);
		rc = ucard_act(&self->card, &action);
		failed = skel_inject_stop(self->nth);
		ASSERT_TRUE(rc == 0 || rc == -ENOMEM || rc == -EFAULT);
		EXPECT_TRUE(skel_all(self->buffer, self->page, rc ? 0 : (__u8)n));
		self->failures += rc < 0;
		if (!rc) {
			ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&self->card, &event));
			EXPECT_EQ(0, event.result.error);
		}
		EXPECT_FALSE(ucard_pending(&self->card, 0));
		ASSERT_EQ(0, ucard_complete(&self->card, id, self->page, 0));
		skel_drain(self->user, 0);
		if (!failed)
			break;
	}
	EXPECT_LT(0, self->failures);
}

/* A reply arrives once, or write() has failed. */
TEST_F_TIMEOUT(fail, reply, TIMEOUT)
{
	for (unsigned int n = 1; n < MAX; n++) {
		bool failed;
		int rc;

		skel_inject_start(self->nth, n);
		rc = ucard_reply(&self->card, 0, "an answer");
		failed = skel_inject_stop(self->nth);
		ASSERT_TRUE(rc == 0 || rc == -EFAULT);
		self->failures += rc < 0;
		EXPECT_EQ(!rc, skel_drain(self->user, 0));
		if (!failed) {
			ASSERT_EQ(0, rc);
			break;
		}
	}
	EXPECT_LT(0, self->failures);
}

/* A user who comes: the program hears of him exactly if he has come. */
TEST_F_TIMEOUT(fail, open_by_a_user, TIMEOUT)
{
	union ucard_event event;

	for (unsigned int n = 1; n < MAX; n++) {
		bool failed;
		int user;

		skel_inject_start(self->nth, n);
		user = ucard_open(&self->card, O_RDWR);
		failed = skel_inject_stop(self->nth);
		ASSERT_TRUE(user >= 0 || user == -ENOMEM || user == -EFAULT)
			TH_LOG("failure %u: %d", n, user);
		if (user >= 0) {
			ASSERT_EQ(SKEL_UCARD_OPENED, ucard_next(&self->card, &event));
			close(user);
			ASSERT_EQ(SKEL_UCARD_CLOSED, ucard_next(&self->card, &event));
		}
		EXPECT_FALSE(ucard_pending(&self->card, 0));
		self->failures += user < 0;
		if (!failed) {
			ASSERT_LE(0, user);
			break;
		}
	}
	EXPECT_LT(0, self->failures);
}

/* The program maps its memory, and opens its node. */
TEST_F_TIMEOUT(fail, mmap_and_open_of_the_program, TIMEOUT)
{
	__u8 *place = mmap(NULL, self->card.length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, place);
	self->card.memory[0] = 42;
	for (unsigned int n = 1; n < MAX; n++) {
		bool failed;
		__u8 *map;
		int fd;

		ASSERT_EQ(0, munmap(place, self->card.length));
		skel_inject_start(self->nth, n);
		map = mmap(place, self->card.length, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_FIXED, self->card.fd, 0);
		failed = skel_inject_stop(self->nth);
		if (map == MAP_FAILED) {
			EXPECT_EQ(ENOMEM, errno);
			EXPECT_EQ(SIGSEGV, skel_touch(place));
		} else {
			EXPECT_EQ(42, map[0]);
		}
		skel_inject_start(self->nth, n);
		fd = ucard_open_node(O_RDWR);
		failed |= skel_inject_stop(self->nth);
		ASSERT_TRUE(fd >= 0 || fd == -ENOMEM || fd == -EFAULT)
			TH_LOG("failure %u: %d", n, fd);
		self->failures += fd < 0 || map == MAP_FAILED;
		if (fd >= 0)
			close(fd);
		if (!failed) {
			ASSERT_LE(0, fd);
			ASSERT_NE(MAP_FAILED, map);
			break;
		}
	}
	EXPECT_LT(0, self->failures);
}

TEST_HARNESS_MAIN
