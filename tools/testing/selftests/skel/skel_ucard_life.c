// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a card that a program plays: what it costs and who has access to
 * it, how it ends while users have it open, transfers that end twice, too late
 * or never, and users that die at each stage of a command and of a transfer
 *
 * Variables of the environment: SKEL_DEATH_ROUNDS is how often a user dies in
 * each way, by default 56, so that every stage meets every delay of
 * begin_to_move(). every_end_has_one_beginning takes SKEL_HOSTILE_REQUESTS / 4
 * steps, by default 20000 / 4, and SKEL_RACE_SEED repeats one of its runs.
 */
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "../kselftest_harness.h"
#include "skel_cgroup.h"
#include "skel_ucard_util.h"

/* In seconds: debug kernels and busy machines are slow. */
#define TIMEOUT		120
#define LONG_TIMEOUT	3600

FIXTURE(limit)
{
	int fd;
	size_t page;
	struct skel_ucard_create create;
	struct ucard card;	/* on another file than @fd */
	int user;
};

FIXTURE_SETUP(limit)
{
	UCARD_OR_SKIP(return, self->fd = ucard_open_node(O_RDWR));
	self->page = skel_page();
	ucard_describe(&self->create);
}

FIXTURE_TEARDOWN(limit)
{
	close(self->fd);
}

/* Become this user; becoming root again stays possible. */
static int become(uid_t uid)
{
	return skel_err(setresuid(uid, uid, 0));
}

static int create_with_memory(int fd, __u64 memory)
{
	return ucard_create(fd, UCARD_CREATE(memory));
}

/*
 * Root opens the file and an ordinary user creates the card, who is charged for
 * it no matter who closes the file.
 */
TEST_F(limit, memory_is_charged_and_comes_back)
{
	ASSERT_EQ(0, skel_memlock(4 * self->page));
	for (int i = 0; i < 10; i++) {
		int a = ucard_open_node(O_RDWR), b = ucard_open_node(O_RDWR);

		ASSERT_LE(0, a);
		ASSERT_LE(0, b);
		ASSERT_EQ(0, become(SKEL_TEST_UID));
		EXPECT_EQ(-ENOMEM, create_with_memory(a, 5 * self->page));
		ASSERT_EQ(0, create_with_memory(a, 4 * self->page))
			TH_LOG("round %d", i);
		EXPECT_EQ(-ENOMEM, create_with_memory(b, 1));
		ASSERT_EQ(0, become(i % 2 ? 0 : SKEL_TEST_UID));
		close(a);
		ASSERT_EQ(0, become(SKEL_TEST_UID));
		EXPECT_EQ(0, create_with_memory(b, 1));
		close(b);
		ASSERT_EQ(0, become(0));
	}
}

TEST_F(limit, failed_creations_are_not_charged)
{
	ASSERT_EQ(0, skel_memlock(2 * self->page));
	ASSERT_EQ(0, skel_drop_root());
	for (int i = 0; i < 50; i++) {
		struct skel_ucard_create bad = self->create;

		bad.index = 1;
		EXPECT_EQ(-EINVAL, ucard_create(self->fd, &bad));
		bad = self->create;
		bad.size--;
		EXPECT_EQ(-EINVAL, ucard_create(self->fd, &bad));
		EXPECT_EQ(-ENOMEM, create_with_memory(self->fd, 1ULL << 40));
	}
	EXPECT_EQ(0, ucard_create(self->fd, &self->create));
	/* Nor is the second one on this file. */
	EXPECT_GT(0, create_with_memory(self->fd, 2 * self->page));
}

/* The memory lives until the last of the card's files is closed. */
TEST_F(limit, open_user_keeps_the_charge)
{
	struct ucard card = { .fd = ucard_open_node(O_RDWR) };
	int user;

	ASSERT_LE(0, card.fd);
	ASSERT_EQ(0, skel_memlock(2 * self->page));
	ASSERT_EQ(0, become(SKEL_TEST_UID));
	ASSERT_EQ(0, ucard_create(card.fd, &self->create));
	card.index = self->create.index;
	ASSERT_EQ(0, become(0));
	user = ucard_open(&card, O_RDWR);
	ASSERT_LE(0, user);
	ASSERT_EQ(0, become(SKEL_TEST_UID));
	close(card.fd);
	EXPECT_EQ(-ENOMEM, create_with_memory(self->fd, 2 * self->page));
	close(user);
	EXPECT_EQ(0, create_with_memory(self->fd, 2 * self->page));
}

TEST_F_TIMEOUT(limit, number_of_cards, TIMEOUT)
{
	enum { MAX = 200 };
	static int fds[MAX];
	char text[16] = "0";
	unsigned int n, max;
	int rc = 0;

	skel_read_file("/sys/module/skel_ucard/parameters/cards_max", text, sizeof(text));
	max = strtoul(text, NULL, 0);
	if (!max || max >= MAX)
		SKIP(return, "cards_max is %u", max);
	for (n = 0; n <= max && !rc; n++) {
		fds[n] = ucard_open_node(O_RDWR);
		ASSERT_LE(0, fds[n]);
		rc = create_with_memory(fds[n], 1);
	}
	EXPECT_EQ(-ENOSPC, rc);
	/* Others may have a card, too. */
	EXPECT_LT(max / 2, n - 1);
	/* Each has a node of its own. */
	for (unsigned int i = 0; i < 10; i++) {
		close(fds[i]);
		fds[i] = ucard_open_node(O_RDWR);
		EXPECT_EQ(0, create_with_memory(fds[i], 1));
	}
	while (n--)
		close(fds[n]);
	EXPECT_EQ(0, ucard_create(self->fd, &self->create));
}

TEST_F(limit, readonly_memory)
{
	const size_t page = self->page;
	struct skel_region_info region;
	struct ucard *card = &self->card;
	__u8 *map, *buffer, byte = 0x55;
	__u64 host;

	self->create.flags |= SKEL_UCARD_READONLY;
	ASSERT_EQ(0, ucard_begin_used(card, &self->create, &self->user));
	ASSERT_EQ(0, skel_region(self->user, 0, &region));
	EXPECT_EQ(SKEL_REGION_RAM | SKEL_REGION_READONLY, region.flags);
	EXPECT_EQ(-EACCES, skel_map_err(self->user, 0, page, SKEL_RW, MAP_SHARED));
	EXPECT_EQ(-EACCES, skel_map_err(self->user, 0, page, PROT_WRITE, MAP_SHARED));
	map = mmap(NULL, card->length, PROT_READ, MAP_SHARED, self->user, 0);
	ASSERT_TRUE(map != MAP_FAILED);
	EXPECT_EQ(-EACCES, skel_err(mprotect(map, page, SKEL_RW)));
	EXPECT_EQ(-EACCES, skel_err(mprotect(map, page, PROT_READ | PROT_EXEC)));
	EXPECT_EQ(SIGSEGV, skel_poke(map, 1));
	EXPECT_GT(0, skel_self_mem(map, &byte, 1, true));
	/* It is read-only for users, neither for the program */
	skel_fill(card->memory, card->length, 2);
	EXPECT_TRUE(skel_check(map, card->length, 2));
	/* nor for the card. */
	buffer = skel_buffer(self->user, SKEL_BOTH, page, &host);
	ASSERT_TRUE(!!buffer);
	skel_fill(buffer, page, 3);
	EXPECT_EQ(0, ucard_request(card, SKEL_UCARD_AT_ONCE, 0, UCARD_DIR_FROMHOST, 0, page, host,
				   NULL));
	EXPECT_TRUE(skel_check(card->memory, page, 3));
	EXPECT_EQ(0, munmap(map, card->length));
}

/* A file that may only read, or only write, is no way around this. */
TEST_F(limit, open_modes_hold)
{
	int reader = ucard_open_node(O_RDONLY), writer = ucard_open_node(O_WRONLY);
	char record[SKEL_UCARD_RECORD_MAX] = { 0 };

	ASSERT_EQ(0, create_with_memory(reader, 2 * self->page));
	ASSERT_EQ(0, create_with_memory(writer, 2 * self->page));
	EXPECT_EQ(-EBADF, skel_err(write(reader, record, sizeof(record))));
	EXPECT_EQ(-EBADF, skel_err(read(writer, record, sizeof(record))));
	EXPECT_EQ(-EACCES, skel_map_err(reader, 0, self->page, SKEL_RW, MAP_SHARED));
	EXPECT_EQ(0, skel_map_err(reader, 0, self->page, PROT_READ, MAP_SHARED));
	EXPECT_EQ(-EACCES, skel_map_err(writer, 0, self->page, SKEL_RW, MAP_SHARED));
	EXPECT_EQ(-ESPIPE, skel_err(lseek(reader, 0, SEEK_SET)));
	close(reader);
	close(writer);
}

/* The file and the mapping of the program each hold the card. */
TEST_F(limit, mapping_of_the_program_holds_the_card)
{
	struct ucard *card = &self->card;

	ASSERT_EQ(0, ucard_begin_used(&self->card, NULL, &self->user));
	skel_fill(card->memory, card->length, 2);
	close(card->fd);
	EXPECT_EQ(POLLOUT, ucard_events(self->user));
	EXPECT_TRUE(skel_check(card->memory, card->length, 2));
	ASSERT_EQ(0, munmap(card->memory, card->length));
	EXPECT_EQ(POLLHUP | POLLERR, ucard_events(self->user));
}

static int end_child(pid_t pid)
{
	return kill(pid, SIGKILL) ? -errno : skel_wait(pid);
}

/* A forked child has the program's file, and its mapping of the memory. */
TEST_F(limit, child_goes_on_playing)
{
	char line[64];
	pid_t pid;

	ASSERT_EQ(0, ucard_begin_used(&self->card, NULL, &self->user));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(skel_touch(self->card.memory));
	EXPECT_EQ(0, skel_wait(pid));
	EXPECT_EQ(0, skel_touch(self->card.memory));

	pid = ucard_hand_over(&self->card, ucard_echo);
	ASSERT_LE(0, pid);
	for (int i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), "line %d", i);
		ASSERT_STREQ(line, skel_ask(self->user, "%s", line));
	}
	EXPECT_EQ(128 + SIGKILL, end_child(pid));
	EXPECT_EQ(POLLHUP | POLLERR, ucard_events(self->user));
}

/* For ucard_hand_over(): another program, which knows nothing about cards */
static int exec_sleep(struct ucard *card)
{
	execlp("sleep", "sleep", "1000", NULL);
	return 1;
}

/* True if the process runs "sleep" before long */
static bool wait_exec(pid_t pid)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	for (int i = 0; i < SKEL_ANSWER_MS; i++) {
		if (!skel_read_file(path, text, sizeof(text)) && !strcmp(text, "sleep"))
			return skel_wait_asleep(pid);
		skel_sleep_ms(1);
	}
	return false;
}

/* A file that survives execve() keeps the card, which ends with the last one. */
TEST_F(limit, exec_keeps_or_closes_the_card)
{
	for (int keeps = 0; keeps < 2; keeps++) {
		struct pollfd p = { 0 };
		pid_t pid;

		ASSERT_EQ(0, ucard_begin_used(&self->card, NULL, &self->user));
		p.fd = self->user;
		ASSERT_EQ(0, fcntl(self->card.fd, F_SETFD, keeps ? 0 : FD_CLOEXEC));
		pid = ucard_hand_over(&self->card, exec_sleep);
		ASSERT_LE(0, pid);
		if (!keeps)
			EXPECT_EQ(1, poll(&p, 1, SKEL_ANSWER_MS));
		/* The other program goes on. */
		ASSERT_TRUE(wait_exec(pid));
		EXPECT_EQ(keeps ? POLLOUT : POLLHUP | POLLERR, ucard_events(self->user));
		EXPECT_EQ(128 + SIGKILL, end_child(pid));
		EXPECT_EQ(POLLHUP | POLLERR, ucard_events(self->user));
	}
}

struct visitor {
	int index;
	__u64 deadline;
	unsigned long rounds;
	long bad;
};

/* Use whatever card is there now; it may go at any moment. */
static void *visit(void *arg)
{
	struct visitor *visitor = arg;
	const struct ucard card = { .index = visitor->index };
	const size_t page = skel_page();

	while (skel_now_ms() < visitor->deadline && !visitor->bad) {
		long rc[4] = { ucard_open(&card, O_RDWR | O_NONBLOCK) };
		const int fd = rc[0];
		void *map = NULL;
		__u64 host;

		if (fd >= 0) {
			rc[1] = skel_alloc(fd, SKEL_BOTH, page, &host);
			rc[2] = skel_err(write(fd, "hello\n", 6));
			if (!rc[1])
				map = skel_map(fd, host, page);
			if (map)
				memset(map, 1, page);
			rc[3] = rc[1] ?: skel_free(fd, host);
			if (map)
				munmap(map, page);
			close(fd);
			visitor->rounds++;
		}
		for (int i = 0; i < 4; i++)
			if (rc[i] < 0 && rc[i] != -ENODEV && rc[i] != -ENOENT &&
			    rc[i] != -EAGAIN && rc[i] != -EBUSY)
				visitor->bad = rc[i];
	}
	return NULL;
}

/* Cards come and go while two users try their luck. */
TEST_F_TIMEOUT(limit, at_any_moment, TIMEOUT)
{
	struct visitor visitors[2];
	pthread_t threads[2];
	struct ucard card;
	unsigned int cards = 0;

	ASSERT_EQ(0, ucard_begin_used(&self->card, NULL, &self->user));
	close(self->user);
	ucard_end(&self->card);
	for (int i = 0; i < 2; i++) {
		visitors[i] = (struct visitor) {
			.index = self->card.index,
			.deadline = skel_now_ms() + 3000,
		};
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, visit, &visitors[i]));
	}
	for (; skel_now_ms() < visitors[0].deadline; cards++) {
		__u64 host = 1ULL << 34;

		ASSERT_EQ(0, ucard_begin(&card, NULL));
		for (__u32 i = 0; i < cards % 10; i++) {
			if (ucard_drain(&card) < 0)
				break;
			ucard_request(&card, i & 1, i & 1, 0, 0, 1, host * (1 + (i & 1)), NULL);
		}
		ucard_end(&card);
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_EQ(0, visitors[i].bad);
		EXPECT_LT(0, visitors[i].rounds);
	}
	EXPECT_LT(1, cards);
}

/* The program ends, in whatever way, and users still have the card open. */
FIXTURE(unplug)
{
	struct ucard card;
	int user;
	size_t page;
	__u64 host;
	__u8 *buffer;
	__u8 *memory;		/* the card's, mapped by the user */
};

FIXTURE_VARIANT(unplug)
{
	int sig;		/* 0: the program closes its file */
};

FIXTURE_VARIANT_ADD(unplug, by_kill) { .sig = SIGKILL };
FIXTURE_VARIANT_ADD(unplug, by_exit) { .sig = SIGTERM };
FIXTURE_VARIANT_ADD(unplug, by_close) { .sig = 0 };

FIXTURE_SETUP(unplug)
{
	size_t length;

	UCARD_OR_SKIP(return, ucard_begin_used(&self->card, NULL, &self->user));
	self->page = skel_page();
	self->buffer = skel_buffer(self->user, SKEL_BOTH, self->page, &self->host);
	ASSERT_TRUE(!!self->buffer);
	skel_fill(self->buffer, self->page, 1);
	skel_fill(self->card.memory, self->card.length, 2);
	self->memory = skel_card_memory(self->user, &length);
	ASSERT_TRUE(!!self->memory);
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

/* Give the card to a process that can be made to end, or 0: this process closes it. */
static pid_t hand_over(struct ucard *card, int sig)
{
	pid_t program;

	if (!sig)
		return 0;
	signal(SIGTERM, exit_now);
	program = ucard_hand_over(card, play_until_signal);
	signal(SIGTERM, SIG_DFL);
	return program > 0 && !skel_wait_asleep(program) ? -ESRCH : program;
}

/* 0 if the program has ended as it should have */
static int unplug(struct ucard *card, pid_t program, int sig)
{
	if (!sig)
		ucard_end(card);
	else if (program <= 0 || kill(program, sig))
		return -ESRCH;
	return sig ? skel_wait(program) - (sig == SIGKILL ? 128 + SIGKILL : 0) : 0;
}

#define UNPLUG()	\
	ASSERT_EQ(0, unplug(&self->card, hand_over(&self->card, variant->sig), variant->sig))

TEST_F(unplug, every_operation)
{
	struct skel_region_info region;
	const int fd = self->user;
	char path[32], bytes[16];
	struct skel_info info;
	__u64 host;

	UNPLUG();
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(POLLHUP | POLLERR, ucard_events(fd));
		EXPECT_EQ(-ENODEV, skel_err(read(fd, bytes, sizeof(bytes))));
		EXPECT_EQ(-ENODEV, skel_err(write(fd, "x\n", 2)));
		EXPECT_EQ(-ENODEV, skel_info(fd, &info));
		EXPECT_EQ(-ENODEV, skel_region(fd, 0, &region));
		EXPECT_EQ(-ENODEV, skel_alloc(fd, SKEL_BOTH, 1, &host));
		EXPECT_EQ(-ENODEV, skel_free(fd, self->host));
		EXPECT_EQ(-ENODEV, skel_sync(fd, SKEL_SYNC_FOR_CPU, self->host, 1));
		EXPECT_EQ(-ENODEV, skel_map_err(fd, self->host, self->page, SKEL_RW, MAP_SHARED));
		EXPECT_EQ(-ENODEV, skel_map_err(fd, 0, self->page, SKEL_RW, MAP_SHARED));
		EXPECT_EQ(-ENOTTY, skel_err(ioctl(fd, _IO(SKEL_IOC_TYPE, 99), &info)));
		EXPECT_EQ(1, skel_fdinfo(fd, "skel-buffers:"));
		ASSERT_EQ(0, fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK));
	}
	EXPECT_EQ(-ENOENT, ucard_open(&self->card, O_RDWR));
	/* The device of the file that is still open */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_GT(0, skel_err(open(path, O_RDWR | O_CLOEXEC)));
}

TEST_F(unplug, mappings_stay)
{
	const size_t page = self->page;
	__u8 byte;

	UNPLUG();
	EXPECT_TRUE(skel_check(self->buffer, page, 1));
	EXPECT_TRUE(skel_check(self->memory, 2 * page, 2));
	/* A debugger can read them, too. */
	EXPECT_EQ(1, skel_self_mem(self->buffer, &byte, 1, false));
	EXPECT_EQ(1, skel_self_mem(self->memory, &byte, 1, false));
	skel_fill(self->buffer, page, 3);
	EXPECT_TRUE(skel_check(self->buffer, page, 3));
	close(self->user);
	self->user = -1;
	EXPECT_TRUE(skel_check(self->buffer, page, 3));
	EXPECT_TRUE(skel_check(self->memory, 2 * page, 2));
	EXPECT_EQ(0, munmap(self->buffer, page));
	EXPECT_TRUE(skel_check(self->memory, 2 * page, 2));
	EXPECT_EQ(0, munmap(self->memory, 2 * page));
}

/* Card memory that a child has inherited is memory, and stays until it is unmapped. */
TEST_F(unplug, inherited_memory_stays)
{
	int socks[2];
	pid_t child, program;
	char byte = 0;

	program = hand_over(&self->card, variant->sig);
	ASSERT_LE(0, program);
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
	ASSERT_EQ(0, unplug(&self->card, program, variant->sig));
	munmap(self->memory, 2 * self->page);
	munmap(self->buffer, self->page);
	close(self->user);
	self->user = -1;
	ASSERT_EQ(1, write(socks[0], &byte, 1));
	EXPECT_EQ(0, skel_wait(child));
}

TEST_F(unplug, running_transfers_are_reported)
{
	char byte;

	ASSERT_EQ(0, ucard_reply(&self->card, 0, "said before"));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, ucard_request(&self->card, 0, 0, 0, 0, 16, self->host, NULL));
	UNPLUG();
	EXPECT_EQ(POLLIN | POLLHUP | POLLERR, ucard_events(self->user));
	EXPECT_STREQ("said before", skel_line(self->user));
	for (int i = 0; i < 2; i++)
		EXPECT_STREQ("FAILED gone", skel_transfer_end(self->user, "TOHOST", 0, 16,
							      self->host));
	EXPECT_EQ(-ENODEV, skel_err(read(self->user, &byte, 1)));
	EXPECT_EQ(0, skel_fdinfo(self->user, "skel-pending:"));
	EXPECT_TRUE(skel_check(self->buffer, self->page, 1));
}

struct waiter {
	pthread_t thread;
	enum { IN_READ, IN_WRITE, IN_POLL } in;
	int fd;
	int tid;
	long result;
};

static void *wait_in(void *arg)
{
	struct waiter *w = arg;
	struct pollfd p = { .fd = w->fd, .events = POLLIN };
	char bytes[100];

	memset(bytes, '\n', sizeof(bytes));
	__atomic_store_n(&w->tid, skel_gettid(), __ATOMIC_SEQ_CST);
	if (w->in == IN_READ)
		w->result = skel_err(read(w->fd, bytes, 1));
	else if (w->in == IN_POLL)
		w->result = poll(&p, 1, 10 * SKEL_ANSWER_MS) == 1 ? p.revents : -ETIMEDOUT;
	else
		/* Commands until the channel takes no more */
		do {
			w->result = skel_err(write(w->fd, bytes, sizeof(bytes)));
		} while (w->result > 0);
	return NULL;
}

TEST_F(unplug, waiters_are_woken)
{
	struct waiter waiters[] = {
		{ .in = IN_READ }, { .in = IN_READ }, { .in = IN_WRITE }, { .in = IN_POLL },
	};
	pid_t program = hand_over(&self->card, variant->sig);

	ASSERT_LE(0, program);
	for (struct waiter *w = waiters; w < waiters + ARRAY_SIZE(waiters); w++) {
		w->fd = self->user;
		ASSERT_EQ(0, pthread_create(&w->thread, NULL, wait_in, w));
		while (!__atomic_load_n(&w->tid, __ATOMIC_SEQ_CST))
			skel_sleep_ms(1);
		ASSERT_TRUE(skel_wait_asleep(w->tid));
	}
	ASSERT_EQ(0, unplug(&self->card, program, variant->sig));
	for (struct waiter *w = waiters; w < waiters + ARRAY_SIZE(waiters); w++) {
		ASSERT_EQ(0, pthread_join(w->thread, NULL));
		EXPECT_EQ(w->in == IN_POLL ? POLLHUP | POLLERR : -ENODEV, w->result)
			TH_LOG("waiter %td", w - waiters);
	}
}

/* A new card, perhaps of the same name, has nothing to do with the old one. */
TEST_F(unplug, another_card_comes)
{
	const size_t page = self->page;
	struct ucard again;
	__u8 *buffer;
	__u64 host;
	int user;

	UNPLUG();
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, ucard_begin_used(&again, NULL, &user));
		buffer = skel_buffer(user, SKEL_BOTH, page, &host);
		ASSERT_TRUE(!!buffer);
		skel_fill(again.memory, again.length, 4);
		EXPECT_EQ(0, ucard_command(&again, user, "hello"));
		EXPECT_EQ(0, ucard_request(&again, SKEL_UCARD_AT_ONCE, 0, 0, 0, page, host, NULL));
		EXPECT_TRUE(skel_check(buffer, page, 4));
		EXPECT_TRUE(skel_check(self->buffer, page, 1));
		EXPECT_TRUE(skel_check(self->memory, 2 * page, 2));
		EXPECT_EQ(POLLHUP | POLLERR, ucard_events(self->user));
		EXPECT_EQ(-ENODEV, skel_free(self->user, self->host));
		munmap(buffer, page);
		close(user);
		ucard_end(&again);
	}
}

/* An ordinary user may have these buffers; close() gives them back. */
TEST_F(unplug, buffers_are_freed_at_close)
{
	const size_t length = 16 * self->page;
	int user = ucard_user(&self->card), second;
	struct ucard again;
	__u64 host;

	ASSERT_LE(0, user);
	ASSERT_EQ(0, ucard_begin_used(&again, NULL, &second));
	ASSERT_EQ(0, skel_memlock(length));
	ASSERT_EQ(0, become(SKEL_TEST_UID));
	ASSERT_EQ(0, skel_alloc(user, SKEL_BOTH, length, &host));
	ASSERT_EQ(0, become(0));
	ASSERT_EQ(0, ucard_request(&self->card, 0, 1, 0, 0, 16, host, NULL));
	UNPLUG();
	ASSERT_EQ(0, become(SKEL_TEST_UID));
	EXPECT_EQ(-ENOMEM, skel_alloc(second, SKEL_BOTH, length, &host));
	close(user);
	EXPECT_EQ(0, skel_alloc(second, SKEL_BOTH, length, &host));
	ASSERT_EQ(0, become(0));
	close(second);
	ucard_end(&again);
}

/*
 * The card ends and moves transfers twice, after their end, after FREE, after
 * close(), when the channel has another user, or never. The test keeps track of
 * every id and predicts each answer.
 */
#define USERS		2
#define BUFFERS		3	/* of each user */
#define TRANSFERS	4	/* of one user at once */
#define IDS		64	/* that are remembered; most have ended */

struct lent {
	__u64 host;
	__u8 *map;
	__u8 *shadow;		/* what it must contain */
	unsigned int running;
};

struct granted {
	__u64 id;
	__u32 user, buffer, dir;
	__u64 card, bytes, offset;
	bool running;
};

/* Each of these must happen in the course of the test. */
enum seen { MOVES, ENDS, TOO_LATE, INVENTED, BUSY, LEFT_RUNNING, SEEN };

struct late {
	struct ucard card;
	size_t page;
	int user[USERS];
	struct lent lent[USERS][BUFFERS];
	struct granted granted[IDS];
	unsigned int next;
	__u8 *card_shadow, *shadows;
	unsigned int seed, round, rounds;

	/* Of the user who has the channel now */
	__u64 grants[USERS], failures[USERS];
	unsigned long seen[SEEN];
};

FIXTURE(late)
{
	struct late late;
};

static void lend(struct __test_metadata *_metadata, struct late *late, __u32 u, __u32 b)
{
	struct lent *lent = &late->lent[u][b];

	lent->map = skel_buffer(late->user[u], SKEL_BOTH, late->page, &lent->host);
	ASSERT_TRUE(!!lent->map);
	lent->running = 0;
	lent->shadow = late->shadows + (u * BUFFERS + b) * late->page;
	memset(lent->shadow, 0, late->page);
}

FIXTURE_SETUP(late)
{
	struct late *late = &self->late;

	late->page = skel_page();
	late->seed = skel_seed();
	late->rounds = skel_env("SKEL_HOSTILE_REQUESTS", 20000) / 4;
	UCARD_OR_SKIP(return, ucard_begin(&late->card,
					  UCARD_CREATE(2 * late->page, .channels = USERS,
						       .transfers = TRANSFERS,
						       .timeout = SKEL_UCARD_TIMEOUT_MAX)));
	late->card_shadow = calloc(1, late->card.length);
	late->shadows = calloc(USERS * BUFFERS, late->page);
	ASSERT_TRUE(late->card_shadow && late->shadows);
	for (__u32 u = 0; u < USERS; u++) {
		late->user[u] = ucard_user(&late->card);
		ASSERT_LE(0, late->user[u]);
		for (__u32 b = 0; b < BUFFERS; b++)
			lend(_metadata, late, u, b);
	}
	TH_LOG("%u rounds, SKEL_RACE_SEED=%u", late->rounds, late->seed);
}

FIXTURE_TEARDOWN(late)
{
	for (int u = 0; u < USERS; u++)
		close(self->late.user[u]);
	ucard_end(&self->late.card);
}

static __u32 below(struct late *late, __u32 end)
{
	return rand_r(&late->seed) % end;
}

/* Most ids have ended: every other time, look for one that is running. */
static struct granted *pick(struct late *late)
{
	__u32 n = below(late, IDS);

	for (int i = 0; i < IDS * (late->round % 2) && !late->granted[n].running; i++)
		n = (n + 1) % IDS;
	return &late->granted[n];
}

static void request(struct __test_metadata *_metadata, struct late *late)
{
	const __u32 u = below(late, USERS), b = below(late, BUFFERS);
	unsigned int running = 0;
	struct granted *g;
	int rc;

	for (int i = 0; i < BUFFERS; i++)
		running += late->lent[u][i].running;
	/* Those that are running are not forgotten. */
	do {
		g = &late->granted[late->next++ % IDS];
	} while (g->running);
	*g = (struct granted) {
		.user = u,
		.buffer = b,
		.dir = below(late, 2),
		.offset = below(late, late->page),
		.card = below(late, late->card.length - late->page),
	};
	g->bytes = below(late, late->page - g->offset) + 1;
	rc = ucard_request(&late->card, 0, u, g->dir, g->card, g->bytes,
			   late->lent[u][b].host + g->offset, &g->id);
	ASSERT_EQ(running < TRANSFERS ? 0 : -EBUSY, rc);
	g->running = !rc;
	late->lent[u][b].running += !rc;
	late->grants[u] += !rc;
	late->seen[BUSY] += !!rc;
}

/* The bytes go where they were granted, if the transfer is running. */
static void move(struct __test_metadata *_metadata, struct late *late)
{
	const struct granted *g = pick(late);
	__u8 *host = late->lent[g->user][g->buffer].shadow + g->offset;

	ASSERT_EQ(g->running ? 0 : -ENOENT, ucard_move(&late->card, g->id));
	if (g->running && g->dir == UCARD_DIR_FROMHOST)
		memcpy(late->card_shadow + g->card, host, g->bytes);
	else if (g->running)
		memcpy(host, late->card_shadow + g->card, g->bytes);
	late->seen[MOVES] += g->running;
	late->seen[TOO_LATE] += !g->running;
}

static void complete(struct __test_metadata *_metadata, struct late *late)
{
	const bool lies = below(late, 4) == 0, fails = below(late, 4) == 0;
	struct granted *g = pick(late);

	ASSERT_EQ(!g->running ? -ENOENT : lies && !fails ? -ERANGE : 0,
		  ucard_complete(&late->card, g->id, g->bytes + lies, fails));
	late->lent[g->user][g->buffer].running -= g->running;
	late->seen[ENDS] += g->running;
	late->seen[TOO_LATE] += !g->running;
	late->failures[g->user] += g->running && (lies || fails);
	g->running = false;
}

/* An id that was never issued */
static void invent(struct __test_metadata *_metadata, struct late *late)
{
	const struct granted *g = pick(late);
	const __u64 id = g->id ^ 1ULL << below(late, 64);

	for (int i = 0; i < IDS; i++)
		if (late->granted[i].id == id)
			return;
	ASSERT_EQ(-ENOENT, ucard_move(&late->card, id));
	ASSERT_EQ(-ENOENT, ucard_complete(&late->card, id, g->bytes, 0));
	late->seen[INVENTED]++;
}

/* A user frees a buffer and allocates another. */
static void replace_buffer(struct __test_metadata *_metadata, struct late *late)
{
	const __u32 u = below(late, USERS), b = below(late, BUFFERS);
	const struct lent *lent = &late->lent[u][b];

	ASSERT_EQ(lent->running ? -EBUSY : 0, skel_free(late->user[u], lent->host));
	if (lent->running)
		return;
	ASSERT_EQ(0, munmap(lent->map, late->page));
	lend(_metadata, late, u, b);
}

/* A user goes, and another comes. */
static void replace_user(struct __test_metadata *_metadata, struct late *late)
{
	const __u32 u = below(late, USERS);
	union ucard_event event;

	for (int b = 0; b < BUFFERS; b++)
		ASSERT_EQ(0, munmap(late->lent[u][b].map, late->page));
	close(late->user[u]);
	ASSERT_EQ(SKEL_UCARD_CLOSED, ucard_next(&late->card, &event));
	late->user[u] = ucard_user(&late->card);
	ASSERT_LE(0, late->user[u]);
	for (int b = 0; b < BUFFERS; b++)
		lend(_metadata, late, u, b);
	for (int i = 0; i < IDS; i++) {
		struct granted *g = &late->granted[i];

		if (g->user == u && g->running) {
			late->seen[LEFT_RUNNING]++;
			g->running = false;
		}
	}
	late->grants[u] = 0;
	late->failures[u] = 0;
}

/* All bytes are where they should be, and the numbers are right. */
static void check_all(struct __test_metadata *_metadata, struct late *late)
{
	struct lent *fresh = &late->lent[below(late, USERS)][below(late, BUFFERS)];
	struct skel_info info;

	skel_fill(fresh->shadow, late->page, late->round);
	memcpy(fresh->map, fresh->shadow, late->page);
	for (int u = 0; u < USERS; u++) {
		unsigned int running = 0;

		for (int b = 0; b < BUFFERS; b++) {
			const struct lent *lent = &late->lent[u][b];

			running += lent->running;
			ASSERT_EQ(0, memcmp(lent->map, lent->shadow, late->page))
				TH_LOG("round %u", late->round);
		}
		ASSERT_EQ(0, skel_info(late->user[u], &info));
		ASSERT_EQ(running, info.pending);
		ASSERT_EQ(late->grants[u], info.granted);
		ASSERT_EQ(late->failures[u], info.failed);
		skel_drain(late->user[u], 0);
	}
	ASSERT_EQ(0, memcmp(late->card.memory, late->card_shadow, late->card.length))
		TH_LOG("round %u", late->round);
}

TEST_F_TIMEOUT(late, every_end_has_one_beginning, LONG_TIMEOUT)
{
	static const struct {
		__u32 below;	/* of 200 */
		void (*step)(struct __test_metadata *_metadata, struct late *late);
	} steps[] = {
		{ 70, request }, { 110, move }, { 160, complete }, { 175, invent },
		{ 199, replace_buffer }, { 200, replace_user },
	};
	struct late *late = &self->late;

	for (; late->round < late->rounds; late->round++) {
		const __u32 what = below(late, 200);
		int i = 0;

		while (what >= steps[i].below)
			i++;
		steps[i].step(_metadata, late);
		if (late->round % 16 == 0)
			check_all(_metadata, late);
	}
	for (enum seen i = 0; i < SEEN; i++) {
		EXPECT_LT(0, late->seen[i])
			TH_LOG("%d", i);
	}
}

/*
 * A user dies. The next one to open the card finds a clean channel, the card
 * learns of the death, and all memory is freed.
 */
#define LENGTH		SKEL_KIB(256)
/* Other things come and go as well; a leak in each round is far more than that. */
#define NOISE_KB	(6 * 1024)

/* How far it has come by then */
enum stage {
	OPENED, MAPPED, COMMAND_SENT, COMMAND_READ, GRANTED, MOVED,
	MOVING,			/* that is, the kernel is copying */
	COMPLETED, STAGES,
};

/* Shared by the user and the card's program */
struct user {
	__u64 host;
	int ready;		/* 1, or -errno */
	bool die;
};

struct death {
	struct ucard card;
	struct user *user;
	struct skel_cgroup group;
	unsigned int rounds;
	union ucard_event event;

	/* Of this round */
	enum stage stage;
	unsigned int round;
	pid_t pid;
	__u64 id;		/* of the transfer */
	__u32 opening;

	/* A thread that moves the bytes */
	pthread_t mover;
	bool moving;
	struct ucard_batch batch;
};

FIXTURE(death)
{
	struct death death;
};

FIXTURE_VARIANT(death)
{
	bool threads;		/* of the user, all of them in system calls */
	bool oom;		/* killed by the limit of its memory cgroup */
	int sig;		/* 0: it exits */
};

FIXTURE_VARIANT_ADD(death, by_kill) { .sig = SIGKILL };
FIXTURE_VARIANT_ADD(death, by_kill_with_threads_inside) { .threads = true, .sig = SIGKILL };
FIXTURE_VARIANT_ADD(death, by_oom) { .oom = true, .sig = SIGKILL };
FIXTURE_VARIANT_ADD(death, by_oom_with_threads_inside) { true, true, SIGKILL };
FIXTURE_VARIANT_ADD(death, by_exit) { .sig = 0 };
FIXTURE_VARIANT_ADD(death, by_exit_with_threads_inside) { .threads = true };

FIXTURE_SETUP(death)
{
	struct death *death = &self->death;
	int rc;

	/* No timeout hides a transfer that is never ended. */
	UCARD_OR_SKIP(return, ucard_begin(&death->card,
					  UCARD_CREATE(LENGTH, .channels = 1,
						       .timeout = SKEL_UCARD_TIMEOUT_MAX)));
	death->user = mmap(NULL, sizeof(*death->user), SKEL_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(death->user != MAP_FAILED);
	death->rounds = skel_env("SKEL_DEATH_ROUNDS", 56);
	rc = variant->oom ? skel_cgroup_make(&death->group) : 0;
	if (rc == -ENODEV)
		SKIP(return, "the kernel has no memory cgroups (version 2)");
	ASSERT_EQ(0, rc);
}

FIXTURE_TEARDOWN(death)
{
	if (self->death.group.path[0])
		skel_cgroup_remove(&self->death.group);
	ucard_end(&self->death.card);
}

/* Of the user's process */
static int user_fd;
static __u64 user_host;

/* Threads of the user, each in other system calls */
enum job { READ, POLL, ALLOC, MAP, JOBS };

static void *be_inside(void *arg)
{
	const enum job job = (uintptr_t)arg;
	struct pollfd p = { .fd = user_fd, .events = POLLPRI };
	__u64 host;
	char byte;

	for (;;) {
		if (job == READ && read(user_fd, &byte, 1) != 1)
			return NULL;
		if (job == POLL)
			poll(&p, 1, -1);
		if (job == ALLOC && !skel_alloc(user_fd, SKEL_BOTH, 1, &host))
			skel_free(user_fd, host);
		if (job == MAP)
			skel_map_err(user_fd, user_host, LENGTH, SKEL_RW, MAP_SHARED);
	}
}

/* Get as far as the user gets in this stage: 0 or -errno */
static int reach(const struct ucard *card, enum stage stage, bool threads)
{
	pthread_t thread;
	int rc = 0;

	user_fd = ucard_open(card, O_RDWR);
	if (user_fd < 0)
		return user_fd;
	if (stage >= MAPPED && !skel_buffer(user_fd, SKEL_BOTH, LENGTH, &user_host))
		return -errno;
	/* The second one waits for the program to read the first. */
	if (stage >= COMMAND_SENT)
		rc = skel_send(user_fd, "the last command") ?:
		     skel_send(user_fd, "one more, and half a line") ?:
		     skel_write(user_fd, "half", 4);
	for (enum job job = 0; !rc && threads && job < JOBS; job++) {
		/* At first there is nothing that could be mapped. */
		if (stage >= MAPPED || job != MAP)
			rc = -pthread_create(&thread, NULL, be_inside, (void *)(uintptr_t)job);
	}
	return rc;
}

static void live(const struct ucard *card, struct user *user, enum stage stage, bool threads)
{
	int rc;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rc = reach(card, stage, threads);
	user->host = user_host;
	__atomic_store_n(&user->ready, rc ?: 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&user->die, __ATOMIC_ACQUIRE))
		usleep(100);
	_exit(0);
}

static bool wait_for(const int *value)
{
	for (int i = 0; i < 10 * SKEL_ANSWER_MS; i++) {
		if (__atomic_load_n(value, __ATOMIC_ACQUIRE))
			return *value == 1;
		usleep(100);
	}
	return false;
}

/* Take events until this one has come; -EPROTO if it does not */
static int wait_for_event(struct death *death, int type)
{
	for (int i = 0; i < 8; i++) {
		int got = ucard_next(&death->card, &death->event);

		if (got == type || got < 0)
			return got < 0 ? got : 0;
	}
	return -EPROTO;
}

static void *move_for_long(void *arg)
{
	struct death *death = arg;

	__atomic_store_n(&death->moving, true, __ATOMIC_RELEASE);
	return (void *)write(death->card.fd, death->batch.bytes, death->batch.length);
}

/* The user dies in the middle of this. */
static void begin_to_move(struct __test_metadata *_metadata, struct death *death)
{
	union ucard_action action;

	death->batch.length = 0;
	death->moving = false;
	ucard_fill_transfer(&action, SKEL_UCARD_MOVE, death->id, 0, 0);
	action.head.flags = SKEL_UCARD_QUIET;
	while (death->batch.length < 300 * sizeof(action.transfer))
		ucard_add(&death->batch, &action);
	ASSERT_EQ(0, pthread_create(&death->mover, NULL, move_for_long, death));
	while (!__atomic_load_n(&death->moving, __ATOMIC_ACQUIRE))
		usleep(10);
	usleep(death->round % 7 * 300);
}

/* Get as far as the program gets in this stage. */
static void play(struct __test_metadata *_metadata, struct death *death)
{
	const enum stage stage = death->stage;
	struct ucard *card = &death->card;

	if (stage >= COMMAND_READ)
		ASSERT_EQ(0, wait_for_event(death, SKEL_UCARD_COMMAND));
	if (stage == OPENED || stage == MAPPED)
		ASSERT_EQ(0, wait_for_event(death, SKEL_UCARD_OPENED));
	/* In the remaining stage the program has not even read of the user. */
	death->opening = card->opening[0];
	if (stage < GRANTED)
		return;
	ASSERT_EQ(0, wait_for_event(death, SKEL_UCARD_COMMAND));
	ASSERT_EQ(0, ucard_request(card, 0, 0, UCARD_DIR_TOHOST, 0, LENGTH, death->user->host,
				   &death->id));
	if (stage == MOVED || stage == COMPLETED)
		ASSERT_EQ(0, ucard_move(card, death->id));
	if (stage == COMPLETED)
		ASSERT_EQ(0, ucard_complete(card, death->id, LENGTH, 0));
	if (stage == MOVING)
		begin_to_move(_metadata, death);
}

/* Returns the status of the user's process. */
static int end_user(struct death *death, int sig, bool oom)
{
	int rc, status;

	__atomic_store_n(&death->user->die, !sig, __ATOMIC_RELEASE);
	rc = oom ? skel_cgroup_limit(&death->group, "0") : kill(death->pid, sig);
	status = rc ?: skel_wait(death->pid);
	if (oom)
		rc = skel_cgroup_limit(&death->group, "max");
	return rc ?: status;
}

/* The next user has the same channel, and nothing of the dead one's in it. */
static void expect_clean_channel(struct __test_metadata *_metadata, struct death *death)
{
	struct ucard *card = &death->card;
	struct skel_info info;
	__u64 host;
	__u8 *map;
	int fd;

	fd = ucard_open(card, O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, skel_info(fd, &info));
	EXPECT_EQ(0, info.channel);
	EXPECT_EQ(0, info.buffers | info.buffer_bytes | info.pending);
	EXPECT_EQ(0, info.granted | info.refused | info.failed | info.replies_lost);
	EXPECT_FALSE(skel_readable(fd, 0));
	map = skel_buffer(fd, SKEL_BOTH, LENGTH, &host);
	ASSERT_TRUE(!!map);
	EXPECT_TRUE(skel_all(map, LENGTH, 0));
	if (death->stage == MOVING)
		ASSERT_EQ(0, pthread_join(death->mover, NULL));
	/* Too late for the dead user, and without effect on the living one */
	ASSERT_LE(0, ucard_drain(card));
	if (death->stage >= GRANTED) {
		EXPECT_EQ(-ENOENT, ucard_move(card, death->id));
		EXPECT_EQ(-ENOENT, ucard_complete(card, death->id, LENGTH, 0));
	}
	EXPECT_NE(death->opening, card->opening[0]);
	EXPECT_TRUE(skel_all(map, LENGTH, 0));
	EXPECT_FALSE(skel_readable(fd, 0));
	/* Half a line of the dead user's is not the beginning of another. */
	EXPECT_EQ(0, ucard_command(card, fd, "the first command"));
	EXPECT_EQ(0, skel_free(fd, host));
	munmap(map, LENGTH);
	close(fd);
	ASSERT_EQ(0, wait_for_event(death, SKEL_UCARD_CLOSED));
}

TEST_F_TIMEOUT(death, at_each_stage, LONG_TIMEOUT)
{
	struct death *death = &self->death;
	long memory = 0, slab = 0;

	for (; death->round < death->rounds; death->round++) {
		death->stage = death->round % STAGES;
		/* Caches are warm now. */
		if (death->round == 2 * STAGES) {
			memory = skel_meminfo_kb("MemAvailable:");
			slab = skel_meminfo_kb("SUnreclaim:");
		}
		memset(death->user, 0, sizeof(*death->user));
		memset(death->card.memory, 'c', LENGTH);
		death->pid = fork();
		ASSERT_LE(0, death->pid);
		if (!death->pid) {
			if (variant->oom && skel_cgroup_enter(&death->group))
				_exit(1);
			live(&death->card, death->user, death->stage, variant->threads);
		}
		ASSERT_TRUE(wait_for(&death->user->ready))
			TH_LOG("stage %d: %d", death->stage, death->user->ready);
		play(_metadata, death);
		ASSERT_EQ(variant->sig ? 128 + variant->sig : 0,
			  end_user(death, variant->sig, variant->oom));
		expect_clean_channel(_metadata, death);
		ASSERT_EQ(0, _metadata->exit_code)
			TH_LOG("after stage %d", death->stage);
	}

	/* Memory that is freed after a grace period may take a moment. */
	for (int i = 0; i < 50; i++) {
		if (memory - skel_meminfo_kb("MemAvailable:") < NOISE_KB)
			break;
		skel_sleep_ms(100);
	}
	TH_LOG("%u deaths, MemAvailable %ld -> %ld kB, SUnreclaim %ld -> %ld kB", death->rounds,
	       memory, skel_meminfo_kb("MemAvailable:"), slab, skel_meminfo_kb("SUnreclaim:"));
	EXPECT_GT(NOISE_KB, memory - skel_meminfo_kb("MemAvailable:"));
	EXPECT_GT(NOISE_KB, skel_meminfo_kb("SUnreclaim:") - slab);
}

TEST_HARNESS_MAIN
