// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation and every copy from or to user memory that a system call makes
 * fails once, of users of a card and of a program that plays one. The call says so
 * or does without, nothing is left behind, and nothing is lost.
 */
#include "../kselftest_harness.h"
#include "skel_inject.h"
#include "skel_ucard_util.h"
#include "skel_util.h"

#define TIMEOUT	300

/* In the bodies of tests: a call in which something fails, and what it may return */
#define INJECT(call)	SKEL_INJECT(&self->inject, call)
#define ASSERT_MAY(rc)	ASSERT_TRUE(skel_inject_may(&self->inject, rc))

FIXTURE(fail)
{
	struct skel_inject inject;
	int fd;
	size_t page;
	size_t length;
	__u64 host;
};

FIXTURE_SETUP(fail)
{
	SKEL_OPEN_OR_SKIP(self->fd, O_RDWR);
	self->inject.file = skel_inject_open();
	if (self->inject.file < 0)
		SKIP(return, "no fault injection in this kernel");
	self->page = skel_page();
	self->length = 4 * self->page;
}

FIXTURE_TEARDOWN(fail)
{
	close(self->inject.file);
	close(self->fd);
}

/* Map at this place, where nothing is mapped: each time this takes new page tables. */
static int map_at(int fd, void *place, size_t length, __u64 offset)
{
	return mmap(place, length, SKEL_RW, MAP_SHARED | MAP_FIXED, fd, offset) == MAP_FAILED ?
	       -errno : 0;
}

static void *reserve(void *at, size_t length)
{
	return mmap(at, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0),
		    -1, 0);
}

TEST_F_TIMEOUT(fail, open, TIMEOUT)
{
	skel_inject_each(&self->inject) {
		int fd = INJECT(skel_open(O_RDWR));

		ASSERT_MAY(fd);
		if (fd >= 0)
			close(fd);
	}
	EXPECT_LT(0, self->inject.failures);
	/* No channel was lost. */
	for (int i = 0; i < 100; i++) {
		int fd = skel_open(O_RDWR);

		ASSERT_LE(0, fd);
		close(fd);
	}
}

/* As a user who may have this one buffer: a charge that is lost would be seen. */
TEST_F_TIMEOUT(fail, alloc, TIMEOUT)
{
	if (getuid())
		SKIP(return, "must be root to become another user");
	ASSERT_EQ(0, skel_memlock(self->length));
	ASSERT_EQ(0, setresuid(SKEL_TEST_UID, SKEL_TEST_UID, 0));
	skel_inject_each(&self->inject) {
		int rc = INJECT(skel_alloc(self->fd, SKEL_BOTH, self->length, &self->host));

		ASSERT_MAY(rc);
		ASSERT_EQ(!rc, skel_buffers(self->fd))
			TH_LOG("failure %u: %d", self->inject.nth, rc);
		if (!rc)
			ASSERT_EQ(0, skel_free(self->fd, self->host));
	}
	EXPECT_LT(0, self->inject.failures);
}

TEST_F_TIMEOUT(fail, mmap, TIMEOUT)
{
	__u8 *place = reserve(NULL, self->length);

	ASSERT_NE(MAP_FAILED, place);
	skel_inject_each(&self->inject) {
		int rc;

		ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, self->length, &self->host));
		ASSERT_EQ(0, munmap(place, self->length));
		rc = INJECT(map_at(self->fd, place, self->length, self->host));
		ASSERT_MAY(rc);
		EXPECT_NE(-EFAULT, rc);
		if (rc) {
			EXPECT_EQ(SIGSEGV, skel_touch(place));
		} else {
			EXPECT_TRUE(skel_all(place, self->length, 0));
			place[self->length - 1] = 1;
		}
		EXPECT_EQ(0, skel_free(self->fd, self->host));
		if (!rc)
			EXPECT_EQ(SIGBUS, skel_touch(place + self->length - 1));
	}
	EXPECT_LT(0, self->inject.failures);
}

/* FREE works or has done nothing. */
TEST_F_TIMEOUT(fail, free, TIMEOUT)
{
	skel_inject_each(&self->inject) {
		__u8 *map = skel_buffer(self->fd, SKEL_BOTH, self->length, &self->host);
		int rc;

		ASSERT_NE(NULL, map);
		rc = INJECT(skel_free(self->fd, self->host));
		ASSERT_MAY(rc);
		ASSERT_NE(-ENOMEM, rc);
		ASSERT_EQ(!!rc, skel_buffers(self->fd));
		EXPECT_EQ(rc ? 0 : SIGBUS, skel_touch(map));
		if (rc)
			ASSERT_EQ(0, skel_free(self->fd, self->host));
		ASSERT_EQ(0, munmap(map, self->length));
	}
}

/* No byte of a command is taken twice, none of the reply is lost. */
TEST_F_TIMEOUT(fail, command, TIMEOUT)
{
	static const char command[] = "*IDN?\n";
	const long whole = sizeof(command) - 1;
	char idn[SKEL_LINE_MAX + 1], line[SKEL_LINE_MAX];
	long length = snprintf(idn, sizeof(idn), "%s\n", skel_ask(self->fd, "*IDN?"));

	skel_inject_each(&self->inject) {
		long wrote, got;

		wrote = INJECT(skel_err(write(self->fd, command, whole)));
		ASSERT_MAY(wrote);
		wrote = wrote < 0 ? 0 : wrote;
		ASSERT_EQ(0, skel_write(self->fd, command + wrote, whole - wrote));
		ASSERT_TRUE(skel_readable(self->fd, SKEL_ANSWER_MS));

		got = INJECT(skel_err(read(self->fd, line, sizeof(line))));
		ASSERT_MAY(got);
		got = got < 0 ? 0 : got;
		if (got < length)
			ASSERT_EQ(length - got, read(self->fd, line + got, sizeof(line) - got));
		ASSERT_EQ(0, memcmp(idn, line, length));
		ASSERT_FALSE(skel_readable(self->fd, 0));
	}
}

TEST_F_TIMEOUT(fail, transfer, TIMEOUT)
{
	char command[64];
	long length;

	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, self->length, &self->host));
	length = snprintf(command, sizeof(command), "TOHOST 0 0x100 %#llx\n", self->host);
	skel_inject_each(&self->inject) {
		long wrote = INJECT(skel_err(write(self->fd, command, length)));
		const char *line;

		wrote = wrote < 0 ? 0 : wrote;
		ASSERT_EQ(0, skel_write(self->fd, command + wrote, length - wrote));
		line = skel_transfer_end(self->fd, "TOHOST", 0, 0x100, self->host);
		/* The card may have no memory to do it. */
		ASSERT_TRUE(!strcmp("DONE", line) || !strncmp("ERROR ", line, 6))
			TH_LOG("failure %u: %s", self->inject.nth, line);
	}
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, 16, self->host));
	EXPECT_EQ(0, skel_free(self->fd, self->host));
}

TEST_F_TIMEOUT(fail, info_and_sync, TIMEOUT)
{
	struct skel_region_info region;
	struct skel_info info;

	skel_inject_each(&self->inject) {
		ASSERT_MAY(INJECT(skel_info(self->fd, &info)));
		ASSERT_MAY(INJECT(skel_region(self->fd, 0, &region)));
	}
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_BOTH, self->length, &self->host));
	skel_inject_each(&self->inject) {
		int rc = INJECT(skel_sync(self->fd, SKEL_SYNC_FOR_CPU, self->host, self->length));

		ASSERT_MAY(rc);
		ASSERT_NE(-ENOMEM, rc);
	}
	EXPECT_LT(0, self->inject.failures);
}

/* Cut, move and unmap: what needs memory for it says so, and FREE revokes it all. */
TEST_F_TIMEOUT(fail, mremap_and_munmap, TIMEOUT)
{
	const size_t page = self->page;
	__u8 *target = reserve(NULL, self->length);

	ASSERT_NE(MAP_FAILED, target);
	skel_inject_each(&self->inject) {
		__u8 *map = skel_buffer(self->fd, SKEL_BOTH, self->length, &self->host);
		long cut, protected, moved;
		__u8 *first;

		ASSERT_NE(NULL, map);
		cut = INJECT(skel_err(munmap(map + page, page)));
		protected = INJECT(skel_err(mprotect(map + 3 * page, page, PROT_READ)));
		moved = INJECT(mremap(map, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, target) ==
			       target ? 0 : -errno);
		ASSERT_MAY(cut);
		ASSERT_MAY(protected);
		ASSERT_MAY(moved);
		ASSERT_TRUE(cut != -EFAULT && protected != -EFAULT);
		first = moved ? map : target;
		EXPECT_EQ(cut ? 0 : SIGSEGV, skel_touch(map + page));
		EXPECT_EQ(0, skel_touch(first));
		EXPECT_EQ(0, skel_free(self->fd, self->host));
		EXPECT_EQ(SIGBUS, skel_touch(first));
		EXPECT_EQ(SIGBUS, skel_touch(map + 3 * page));
		munmap(map, self->length);
		ASSERT_EQ(target, reserve(target, page));
	}
	EXPECT_LT(0, self->inject.failures);
}

/* Waiting and looking: a failure is reported, and the next look sees the same. */
TEST_F_TIMEOUT(fail, poll_and_fdinfo, TIMEOUT)
{
	struct pollfd p = { .fd = self->fd, .events = POLLOUT };
	char path[64], text[512] = "";

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->fd);
	skel_inject_each(&self->inject) {
		int rc = INJECT(skel_err(poll(&p, 1, 0)));
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		long got;

		ASSERT_MAY(rc);
		ASSERT_NE(0, rc);
		ASSERT_LE(0, fd);
		got = INJECT(skel_err(read(fd, text, sizeof(text) - 1)));
		ASSERT_MAY(got);
		text[got < 0 ? 0 : got] = '\0';
		close(fd);
		EXPECT_EQ(0, skel_fdinfo(self->fd, "skel-buffers:"));
	}
	EXPECT_EQ(POLLOUT, p.revents);
	EXPECT_NE(NULL, strstr(text, "skel-memory:"));
	EXPECT_LT(0, self->inject.failures);
}

/* close() always works: a user who may have this one buffer gets another one. */
TEST_F_TIMEOUT(fail, close, TIMEOUT)
{
	if (getuid())
		SKIP(return, "must be root to become another user");
	ASSERT_EQ(0, skel_memlock(self->length));
	skel_inject_each(&self->inject) {
		int fd = skel_open(O_RDWR);
		void *map;

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, setresuid(SKEL_TEST_UID, SKEL_TEST_UID, 0));
		map = skel_buffer(fd, SKEL_BOTH, self->length, &self->host);
		ASSERT_NE(NULL, map)
			TH_LOG("failure %u lost something", self->inject.nth - 1);
		ASSERT_EQ(0, skel_send(fd, "TOHOST 0 1 %#llx", self->host));
		ASSERT_EQ(0, munmap(map, self->length));
		INJECT(close(fd));
		ASSERT_EQ(0, setresuid(0, 0, 0));
		/* It is the next round that would notice. */
		if (self->inject.nth <= 2)
			self->inject.failed = true;
	}
	EXPECT_EQ(0, skel_buffers(self->fd));
}

/* A program that plays a card: while it makes one, and while it asks for transfers */

FIXTURE(fail_ucard)
{
	struct skel_inject inject;
	struct ucard card;
	union ucard_action action;
	union ucard_event event;
	struct skel_info info;
	int user;
	size_t page;
	__u64 host, id;
	__u8 *buffer;
};

FIXTURE_SETUP(fail_ucard)
{
	UCARD_OR_SKIP(return, ucard_begin(&self->card, NULL));
	self->inject.file = skel_inject_open();
	if (self->inject.file < 0)
		SKIP(return, "no fault injection in this kernel");
	self->page = skel_page();
	self->user = ucard_user(&self->card);
	ASSERT_LE(0, self->user);
	self->buffer = skel_buffer(self->user, SKEL_BOTH, self->page, &self->host);
	ASSERT_NE(NULL, self->buffer);
}

FIXTURE_TEARDOWN(fail_ucard)
{
	close(self->inject.file);
	close(self->user);
	ucard_end(&self->card);
}

/* As a user who may have this one card: a charge that is lost would be seen. */
TEST_F_TIMEOUT(fail_ucard, create, TIMEOUT)
{
	const struct ucard nobody = { .index = self->card.index + 1 };
	struct skel_ucard_create create;

	ASSERT_EQ(0, skel_memlock(2 * self->page));
	skel_inject_each(&self->inject) {
		int rc, fd = ucard_open_node(O_RDWR);

		ASSERT_LE(0, fd);
		ucard_describe(&create);
		ASSERT_EQ(0, setresuid(SKEL_TEST_UID, SKEL_TEST_UID, 0));
		rc = INJECT(ucard_create(fd, &create));
		ASSERT_EQ(0, setresuid(0, 0, 0));
		ASSERT_MAY(rc);
		/* No half of a card is left. */
		if (rc)
			EXPECT_EQ(POLLERR, ucard_events(fd));
		close(fd);
		EXPECT_EQ(-ENOENT, ucard_open(&nobody, O_RDWR));
	}
	EXPECT_LT(10, self->inject.failures);
}

/* It is carried out and reported, or write() fails and nothing has happened. */
TEST_F_TIMEOUT(fail_ucard, request, TIMEOUT)
{
	/* in three steps, then at once */
	for (__u16 flags = 0; flags <= SKEL_UCARD_AT_ONCE; flags++) {
		__u64 granted = 0;

		ASSERT_EQ(0, skel_info(self->user, &self->info));
		granted = self->info.granted;
		skel_inject_each(&self->inject) {
			const unsigned int n = self->inject.nth;
			int rc;

			ucard_fill_request(&self->card, &self->action, flags, 0, UCARD_DIR_TOHOST,
					   0, 16, self->host);
			self->action.request.tag = n;
			rc = INJECT(ucard_act(&self->card, &self->action));
			ASSERT_MAY(rc);
			granted += !rc;
			ASSERT_EQ(0, skel_info(self->user, &self->info));
			EXPECT_EQ(granted, self->info.granted);
			EXPECT_EQ(0, self->info.refused);
			if (rc) {
				EXPECT_FALSE(ucard_pending(&self->card, 0));
				EXPECT_EQ(0, self->info.pending);
				continue;
			}
			ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&self->card, &self->event));
			EXPECT_EQ(n, self->event.result.tag);
			EXPECT_EQ(0, self->event.result.error);
			if (!flags)
				ASSERT_EQ(0, ucard_complete(&self->card, self->event.result.id,
							    16, 0));
			EXPECT_STREQ("DONE", skel_transfer_end(self->user, "TOHOST", 0, 16,
							       self->host));
		}
		EXPECT_LT(0, self->inject.failures);
	}
	EXPECT_EQ(0, skel_free(self->user, self->host));
}

/* COMPLETE that fails has not ended the transfer. */
TEST_F_TIMEOUT(fail_ucard, complete, TIMEOUT)
{
	skel_inject_each(&self->inject) {
		int rc;

		ASSERT_EQ(0, ucard_request(&self->card, 0, 0, UCARD_DIR_TOHOST, 0, 16, self->host,
					   &self->id));
		ucard_fill_transfer(&self->action, SKEL_UCARD_COMPLETE, self->id, 16, 0);
		rc = INJECT(ucard_act(&self->card, &self->action));
		ASSERT_MAY(rc);
		ASSERT_EQ(0, skel_info(self->user, &self->info));
		EXPECT_EQ(!!rc, self->info.pending);
		if (rc) {
			ASSERT_EQ(0, ucard_complete(&self->card, self->id, 16, 0));
		} else {
			ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&self->card, &self->event));
			EXPECT_EQ(0, self->event.result.error);
		}
		EXPECT_STREQ("DONE", skel_transfer_end(self->user, "TOHOST", 0, 16, self->host));
	}
}

/* No event is lost or delivered twice. */
TEST_F_TIMEOUT(fail_ucard, read, TIMEOUT)
{
	char bytes[SKEL_UCARD_RECORD_MAX];
	const struct skel_ucard_result *result = (void *)bytes;

	skel_inject_each(&self->inject) {
		long rc;

		ucard_fill_request(&self->card, &self->action, 0, 0, 0, 0, 0, 0);
		self->action.request.tag = self->inject.nth;
		ASSERT_EQ(0, ucard_act(&self->card, &self->action));
		rc = INJECT(skel_err(read(self->card.fd, bytes, sizeof(bytes))));
		if (rc < 0) {
			EXPECT_TRUE(self->inject.failed);
			EXPECT_EQ(-EFAULT, rc);
			ASSERT_TRUE(ucard_pending(&self->card, 0));
			rc = skel_err(read(self->card.fd, bytes, sizeof(bytes)));
		}
		ASSERT_EQ(sizeof(*result), rc);
		EXPECT_EQ(self->inject.nth, result->tag);
		EXPECT_FALSE(ucard_pending(&self->card, 0));
	}
}

/* MOVE moves and says so, or has not moved: the transfer runs on. */
TEST_F_TIMEOUT(fail_ucard, move, TIMEOUT)
{
	skel_inject_each(&self->inject) {
		const __u8 value = self->inject.nth;
		int rc;

		memset(self->buffer, 0, self->page);
		memset(self->card.memory, value, self->page);
		ASSERT_EQ(0, ucard_request(&self->card, 0, 0, UCARD_DIR_TOHOST, 0, self->page,
					   self->host, &self->id));
		ucard_fill_transfer(&self->action, SKEL_UCARD_MOVE, self->id, 0, 0);
		rc = INJECT(ucard_act(&self->card, &self->action));
		ASSERT_MAY(rc);
		EXPECT_TRUE(skel_all(self->buffer, self->page, rc ? 0 : value));
		if (!rc) {
			ASSERT_EQ(SKEL_UCARD_RESULT, ucard_next(&self->card, &self->event));
			EXPECT_EQ(0, self->event.result.error);
		}
		EXPECT_FALSE(ucard_pending(&self->card, 0));
		ASSERT_EQ(0, ucard_complete(&self->card, self->id, self->page, 0));
		skel_drain(self->user, 0);
	}
	EXPECT_LT(0, self->inject.failures);
}

/* A reply arrives once, or write() has failed. */
TEST_F_TIMEOUT(fail_ucard, reply, TIMEOUT)
{
	skel_inject_each(&self->inject) {
		int rc = INJECT(ucard_reply(&self->card, 0, "an answer"));

		ASSERT_MAY(rc);
		ASSERT_NE(-ENOMEM, rc);
		EXPECT_EQ(!rc, skel_drain(self->user, 0));
	}
	EXPECT_LT(0, self->inject.failures);
}

/* The program hears of a user exactly if the user could open the card. */
TEST_F_TIMEOUT(fail_ucard, open_by_a_user, TIMEOUT)
{
	skel_inject_each(&self->inject) {
		int user = INJECT(ucard_open(&self->card, O_RDWR));

		ASSERT_MAY(user);
		if (user >= 0) {
			ASSERT_EQ(SKEL_UCARD_OPENED, ucard_next(&self->card, &self->event));
			close(user);
			ASSERT_EQ(SKEL_UCARD_CLOSED, ucard_next(&self->card, &self->event));
		}
		EXPECT_FALSE(ucard_pending(&self->card, 0));
	}
	EXPECT_LT(0, self->inject.failures);
}

/* The program maps its memory, and opens its node. */
TEST_F_TIMEOUT(fail_ucard, mmap_and_open_of_the_program, TIMEOUT)
{
	__u8 *place = reserve(NULL, self->card.length);

	ASSERT_NE(MAP_FAILED, place);
	self->card.memory[0] = 42;
	skel_inject_each(&self->inject) {
		int rc, fd;

		ASSERT_EQ(0, munmap(place, self->card.length));
		rc = INJECT(map_at(self->card.fd, place, self->card.length, 0));
		ASSERT_MAY(rc);
		EXPECT_NE(-EFAULT, rc);
		EXPECT_EQ(rc ? SIGSEGV : 0, skel_touch(place));
		if (!rc)
			EXPECT_EQ(42, place[0]);
		fd = INJECT(ucard_open_node(O_RDWR));
		ASSERT_MAY(fd);
		if (fd >= 0)
			close(fd);
	}
	EXPECT_LT(0, self->inject.failures);
}

TEST_HARNESS_MAIN
