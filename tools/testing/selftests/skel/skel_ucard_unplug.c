// SPDX-License-Identifier: GPL-2.0
/*
 * The program that plays a card ends, in whatever way, and its users still have
 * the card open: everything ends as with a card that was pulled out
 */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "../kselftest_harness.h"
#include "skel_ucard_util.h"

#define RW	(PROT_READ | PROT_WRITE)
/* Debug kernels and busy machines are slow. */
#define TIMEOUT	120

FIXTURE(unplug)
{
	struct ucard card;
	int user;
	size_t page;
	__u64 host;
	__u8 *buffer;
	__u8 *memory;		/* the card's, mapped by the user */
	pid_t program;
};

/* How the program ends */
FIXTURE_VARIANT(unplug)
{
	int sig;		/* 0: it closes its file */
};

FIXTURE_VARIANT_ADD(unplug, by_kill)
{
	.sig = SIGKILL,
};

FIXTURE_VARIANT_ADD(unplug, by_exit)
{
	.sig = SIGTERM,
};

FIXTURE_VARIANT_ADD(unplug, by_close)
{
	.sig = 0,
};

FIXTURE_SETUP(unplug)
{
	size_t length;
	int rc;

	rc = ucard_begin(&self->card, NULL);
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
	skel_fill(self->buffer, self->page, 1);
	skel_fill(self->card.memory, self->card.length, 2);
	self->memory = skel_card_memory(self->user, &length);
	ASSERT_NE(NULL, self->memory);
}

FIXTURE_TEARDOWN(unplug)
{
	close(self->user);
	ucard_end(&self->card);
}

static void exit_now(int sig)
{
	_exit(0);
}

static int play_until_signal(struct ucard *card)
{
	if (!skel_map(card->fd, 0, card->length))
		return 1;
	for (;;)
		pause();
}

/* Give the card to somebody who can be made to end; 0 if it shall be closed. */
static pid_t hand_over(struct ucard *card, int sig)
{
	pid_t program;

	if (!sig)
		return 0;
	signal(SIGTERM, exit_now);
	program = ucard_hand_over(card, play_until_signal);
	signal(SIGTERM, SIG_DFL);
	return program > 0 && !ucard_wait_asleep(program) ? -ESRCH : program;
}

/* 0 if the program has ended as it should have */
static int unplug(struct ucard *card, pid_t program, int sig)
{
	if (!sig) {
		ucard_end(card);
		return 0;
	}
	if (kill(program, sig))
		return -errno;
	return skel_wait(program) - (sig == SIGKILL ? 128 + SIGKILL : 0);
}

TEST_F(unplug, every_operation)
{
	struct skel_region_info region;
	char path[32], bytes[16];
	struct skel_info info;
	__u64 host;

	self->program = hand_over(&self->card, variant->sig);
	ASSERT_LE(0, self->program);
	ASSERT_EQ(0, unplug(&self->card, self->program, variant->sig));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(POLLHUP | POLLERR, ucard_events(self->user));
		EXPECT_EQ(-ENODEV, skel_err(read(self->user, bytes, sizeof(bytes))));
		EXPECT_EQ(-ENODEV, skel_err(write(self->user, "x\n", 2)));
		EXPECT_EQ(-ENODEV, skel_info(self->user, &info));
		EXPECT_EQ(-ENODEV, skel_region(self->user, 0, &region));
		EXPECT_EQ(-ENODEV, skel_alloc(self->user, SKEL_BOTH, 1, &host));
		EXPECT_EQ(-ENODEV, skel_free(self->user, self->host));
		EXPECT_EQ(-ENODEV, skel_sync(self->user, SKEL_SYNC_FOR_CPU, self->host, 1));
		EXPECT_EQ(-ENODEV, skel_map_err(self->user, self->host, self->page, RW,
						MAP_SHARED));
		EXPECT_EQ(-ENODEV, skel_map_err(self->user, 0, self->page, RW, MAP_SHARED));
		EXPECT_EQ(-ENOTTY, skel_err(ioctl(self->user, _IO(SKEL_IOC_TYPE, 99), &info)));
		EXPECT_EQ(1, skel_fdinfo(self->user, "skel-buffers:"));
		ASSERT_EQ(0, fcntl(self->user, F_SETFL, O_RDWR | O_NONBLOCK));
	}
	EXPECT_EQ(-ENOENT, ucard_open(&self->card, O_RDWR));
	/* The device of the file that is still open */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->user);
	EXPECT_GT(0, skel_err(open(path, O_RDWR | O_CLOEXEC)));
}

TEST_F(unplug, mappings_stay)
{
	__u8 byte;

	self->program = hand_over(&self->card, variant->sig);
	ASSERT_LE(0, self->program);
	ASSERT_EQ(0, unplug(&self->card, self->program, variant->sig));
	EXPECT_TRUE(skel_check(self->buffer, self->page, 1));
	EXPECT_TRUE(skel_check(self->memory, 2 * self->page, 2));
	/* A debugger sees them, too. */
	EXPECT_EQ(1, skel_self_mem(self->buffer, &byte, 1, false));
	EXPECT_EQ(1, skel_self_mem(self->memory, &byte, 1, false));
	skel_fill(self->buffer, self->page, 3);
	EXPECT_TRUE(skel_check(self->buffer, self->page, 3));
	close(self->user);
	self->user = -1;
	EXPECT_TRUE(skel_check(self->buffer, self->page, 3));
	EXPECT_TRUE(skel_check(self->memory, 2 * self->page, 2));
	EXPECT_EQ(0, munmap(self->buffer, self->page));
	EXPECT_TRUE(skel_check(self->memory, 2 * self->page, 2));
	EXPECT_EQ(0, munmap(self->memory, 2 * self->page));
}

/* Card memory that a child has inherited is memory, and stays until it is unmapped. */
TEST_F(unplug, inherited_memory_stays)
{
	int socks[2];
	pid_t child;
	char byte = 0;

	self->program = hand_over(&self->card, variant->sig);
	ASSERT_LE(0, self->program);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(socks[0]);
		close(self->user);
		/* It would keep the card. */
		ucard_end(&self->card);
		if (write(socks[1], &byte, 1) != 1 || read(socks[1], &byte, 1) != 1)
			_exit(1);
		if (skel_touch(self->memory))
			_exit(2);
		_exit(skel_check(self->memory, 2 * self->page, 2) ? 0 : 3);
	}
	close(socks[1]);
	ASSERT_EQ(1, read(socks[0], &byte, 1));
	ASSERT_EQ(0, unplug(&self->card, self->program, variant->sig));
	munmap(self->memory, 2 * self->page);
	munmap(self->buffer, self->page);
	close(self->user);
	self->user = -1;
	ASSERT_EQ(1, write(socks[0], &byte, 1));
	EXPECT_EQ(0, skel_wait(child));
}

TEST_F(unplug, running_transfers_are_told)
{
	__u64 id;
	char byte;

	ASSERT_EQ(0, ucard_reply(&self->card, 0, "said before"));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, ucard_request(&self->card, 0, 0, UCARD_DIR_TOHOST, 0, 16,
					   self->host, &id));
	}
	self->program = hand_over(&self->card, variant->sig);
	ASSERT_LE(0, self->program);
	ASSERT_EQ(0, unplug(&self->card, self->program, variant->sig));
	EXPECT_EQ(POLLIN | POLLHUP | POLLERR, ucard_events(self->user));
	EXPECT_STREQ("said before", skel_line(self->user));
	for (int i = 0; i < 2; i++) {
		EXPECT_STREQ("FAILED gone", skel_transfer_end(self->user, "TOHOST", 0, 16,
							      self->host));
	}
	EXPECT_EQ(-ENODEV, skel_err(read(self->user, &byte, 1)));
	EXPECT_EQ(0, skel_fdinfo(self->user, "skel-pending:"));
	EXPECT_TRUE(skel_check(self->buffer, self->page, 1));
}

struct waiter {
	pthread_t thread;
	int fd;
	int tid;
	long result;
};

static void started(struct waiter *waiter)
{
	__atomic_store_n(&waiter->tid, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
}

static void *wait_read(void *arg)
{
	struct waiter *waiter = arg;
	char byte;

	started(waiter);
	waiter->result = skel_err(read(waiter->fd, &byte, 1));
	return NULL;
}

/* Commands until the channel takes no more */
static void *wait_write(void *arg)
{
	struct waiter *waiter = arg;
	char line[100];

	memset(line, '\n', sizeof(line));
	started(waiter);
	do {
		waiter->result = skel_err(write(waiter->fd, line, sizeof(line)));
	} while (waiter->result > 0);
	return NULL;
}

static void *wait_poll(void *arg)
{
	struct waiter *waiter = arg;
	struct pollfd p = { .fd = waiter->fd, .events = POLLIN };

	started(waiter);
	waiter->result = poll(&p, 1, 10 * SKEL_ANSWER_MS) == 1 ? p.revents : -ETIMEDOUT;
	return NULL;
}

TEST_F(unplug, who_waits_is_woken)
{
	void *(* const ways[])(void *) = { wait_read, wait_read, wait_write, wait_poll };
	const long results[] = { -ENODEV, -ENODEV, -ENODEV, POLLHUP | POLLERR };
	struct waiter waiters[ARRAY_SIZE(ways)];

	self->program = hand_over(&self->card, variant->sig);
	ASSERT_LE(0, self->program);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		waiters[i] = (struct waiter) { .fd = self->user };
		ASSERT_EQ(0, pthread_create(&waiters[i].thread, NULL, ways[i], &waiters[i]));
		while (!__atomic_load_n(&waiters[i].tid, __ATOMIC_SEQ_CST))
			skel_sleep_ms(1);
		ASSERT_TRUE(ucard_wait_asleep(waiters[i].tid));
	}
	ASSERT_EQ(0, unplug(&self->card, self->program, variant->sig));
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		ASSERT_EQ(0, pthread_join(waiters[i].thread, NULL));
		EXPECT_EQ(results[i], waiters[i].result)
			TH_LOG("way %zu", i);
	}
}

/* A new card, perhaps of the same name, has nothing to do with the old one. */
TEST_F(unplug, another_card_comes)
{
	struct ucard again;
	__u8 *buffer;
	__u64 host;
	int user;

	self->program = hand_over(&self->card, variant->sig);
	ASSERT_LE(0, self->program);
	ASSERT_EQ(0, unplug(&self->card, self->program, variant->sig));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, ucard_begin(&again, NULL));
		user = ucard_user(&again);
		ASSERT_LE(0, user);
		buffer = skel_buffer(user, SKEL_BOTH, self->page, &host);
		ASSERT_NE(NULL, buffer);
		skel_fill(again.memory, again.length, 4);
		EXPECT_EQ(0, ucard_command(&again, user, "hello"));
		EXPECT_EQ(0, ucard_request(&again, SKEL_UCARD_AT_ONCE, 0, 0, 0, self->page, host,
					   NULL));
		EXPECT_TRUE(skel_check(buffer, self->page, 4));
		EXPECT_TRUE(skel_check(self->buffer, self->page, 1));
		EXPECT_TRUE(skel_check(self->memory, 2 * self->page, 2));
		EXPECT_EQ(POLLHUP | POLLERR, ucard_events(self->user));
		EXPECT_EQ(-ENODEV, skel_free(self->user, self->host));
		munmap(buffer, self->page);
		close(user);
		ucard_end(&again);
	}
}

/* An ordinary user may have these buffers: close() gives them back. */
TEST_F(unplug, buffers_are_freed_at_close)
{
	const size_t length = 16 * self->page;
	struct ucard again;
	int user, second;
	__u64 host;

	user = ucard_user(&self->card);
	ASSERT_LE(0, user);
	ASSERT_EQ(0, ucard_begin(&again, NULL));
	second = ucard_user(&again);
	ASSERT_LE(0, second);
	ASSERT_EQ(0, skel_memlock(length));
	ASSERT_EQ(0, setresuid(SKEL_TEST_UID, SKEL_TEST_UID, 0));
	ASSERT_EQ(0, skel_alloc(user, SKEL_BOTH, length, &host));
	ASSERT_EQ(0, setresuid(0, 0, 0));
	ASSERT_EQ(0, ucard_request(&self->card, 0, 1, 0, 0, 16, host, NULL));
	self->program = hand_over(&self->card, variant->sig);
	ASSERT_LE(0, self->program);
	ASSERT_EQ(0, unplug(&self->card, self->program, variant->sig));
	ASSERT_EQ(0, setresuid(SKEL_TEST_UID, SKEL_TEST_UID, 0));
	EXPECT_EQ(-ENOMEM, skel_alloc(second, SKEL_BOTH, length, &host));
	close(user);
	EXPECT_EQ(0, skel_alloc(second, SKEL_BOTH, length, &host));
	ASSERT_EQ(0, setresuid(0, 0, 0));
	close(second);
	ucard_end(&again);
}

FIXTURE(leaving)
{
	struct ucard card;
	int user;
};

FIXTURE_SETUP(leaving)
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

FIXTURE_TEARDOWN(leaving)
{
	close(self->user);
	ucard_end(&self->card);
}

/* The file and the memory both hold the card. */
TEST_F(leaving, mapping_of_the_program_holds_the_card)
{
	skel_fill(self->card.memory, self->card.length, 2);
	close(self->card.fd);
	self->card.fd = -1;
	EXPECT_EQ(POLLOUT, ucard_events(self->user));
	EXPECT_TRUE(skel_check(self->card.memory, self->card.length, 2));
	ASSERT_EQ(0, munmap(self->card.memory, self->card.length));
	self->card.memory = NULL;
	EXPECT_EQ(POLLHUP | POLLERR, ucard_events(self->user));
}

struct visitor {
	pthread_t thread;
	int index;
	__u64 deadline;
	unsigned long rounds;
	long bad;
};

static bool gone(long rc)
{
	return rc >= 0 || rc == -ENODEV || rc == -ENOENT || rc == -EAGAIN || rc == -EBUSY;
}

/* Uses whatever card is there now; it may go at any moment. */
static void *visit(void *arg)
{
	struct visitor *visitor = arg;
	const struct ucard card = { .index = visitor->index };
	const size_t page = skel_page();

	while (skel_now_ms() < visitor->deadline && !visitor->bad) {
		int fd = ucard_open(&card, O_RDWR | O_NONBLOCK);
		long rc[4] = { fd };
		__u64 host = 0;
		void *map;

		if (fd >= 0) {
			rc[1] = skel_alloc(fd, SKEL_BOTH, page, &host);
			rc[2] = skel_err(write(fd, "hello\n", 6));
			map = host ? skel_map(fd, host, page) : NULL;
			if (map)
				memset(map, 1, page);
			rc[3] = host ? skel_free(fd, host) : 0;
			if (map)
				munmap(map, page);
			close(fd);
			visitor->rounds++;
		}
		for (int i = 0; i < 4; i++)
			visitor->bad = gone(rc[i]) ? visitor->bad : rc[i];
	}
	return NULL;
}

/* Cards come and go while two users try their luck. */
TEST_F_TIMEOUT(leaving, at_any_moment, TIMEOUT)
{
	struct visitor visitors[2];
	unsigned int cards = 0;

	close(self->user);
	self->user = -1;
	ucard_end(&self->card);
	for (int i = 0; i < 2; i++) {
		visitors[i] = (struct visitor) {
			.index = self->card.index,
			.deadline = skel_now_ms() + 3000,
		};
		ASSERT_EQ(0, pthread_create(&visitors[i].thread, NULL, visit, &visitors[i]));
	}
	while (skel_now_ms() < visitors[0].deadline) {
		struct ucard card;
		__u64 host = 1ULL << 34;

		ASSERT_EQ(0, ucard_begin(&card, NULL));
		for (__u32 i = 0; i < cards % 10; i++) {
			if (ucard_drain(&card) < 0)
				break;
			ucard_request(&card, i & 1, i & 1, 0, 0, 1, host * (1 + (i & 1)), NULL);
		}
		ucard_end(&card);
		cards++;
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(visitors[i].thread, NULL);
		EXPECT_EQ(0, visitors[i].bad);
		EXPECT_LT(0, visitors[i].rounds);
	}
	EXPECT_LT(1, cards);
}

TEST_HARNESS_MAIN
