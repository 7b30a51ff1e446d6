// SPDX-License-Identifier: GPL-2.0
/*
 * What a card costs and who may do what with it: memory is charged to who made
 * the card, there are only so many cards, users of read-only memory cannot
 * write it, and the file of the program goes where the program lets it go
 */
#include "../kselftest_harness.h"
#include "skel_ucard_util.h"

#define RW	(PROT_READ | PROT_WRITE)
/* Debug kernels and busy machines are slow. */
#define TIMEOUT	120

FIXTURE(limit)
{
	int fd;
	size_t page;
	struct skel_ucard_create create;
};

FIXTURE_SETUP(limit)
{
	self->fd = ucard_open_node(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (self->fd == -EACCES)
		SKIP(return, "must be root");
	ASSERT_LE(0, self->fd);
	self->page = skel_page();
	ucard_describe(&self->create);
}

FIXTURE_TEARDOWN(limit)
{
	close(self->fd);
}

/*
 * The file was opened by root, the card is made by an ordinary user: by whom it
 * is closed does not matter.
 */
TEST_F(limit, memory_is_charged_and_comes_back)
{
	ASSERT_EQ(0, skel_memlock(4 * self->page));
	for (int i = 0; i < 10; i++) {
		int a = ucard_open_node(O_RDWR), b = ucard_open_node(O_RDWR);

		ASSERT_LE(0, a);
		ASSERT_LE(0, b);
		ASSERT_EQ(0, setresuid(SKEL_TEST_UID, SKEL_TEST_UID, 0));
		ucard_describe(&self->create);
		self->create.memory = 5 * self->page;
		EXPECT_EQ(-ENOMEM, ucard_create(a, &self->create));
		self->create.memory = 4 * self->page;
		ASSERT_EQ(0, ucard_create(a, &self->create))
			TH_LOG("round %d", i);
		ucard_describe(&self->create);
		self->create.memory = 1;
		EXPECT_EQ(-ENOMEM, ucard_create(b, &self->create));
		if (i % 2)
			ASSERT_EQ(0, setresuid(0, 0, 0));
		close(a);
		if (i % 2)
			ASSERT_EQ(0, setresuid(SKEL_TEST_UID, SKEL_TEST_UID, 0));
		EXPECT_EQ(0, ucard_create(b, &self->create));
		close(b);
		ASSERT_EQ(0, setresuid(0, 0, 0));
	}
}

TEST_F(limit, failed_creations_are_not_charged)
{
	ASSERT_EQ(0, skel_memlock(2 * self->page));
	ASSERT_EQ(0, skel_drop_root());
	for (int i = 0; i < 50; i++) {
		self->create.index = 1;
		EXPECT_EQ(-EINVAL, ucard_create(self->fd, &self->create));
		self->create.index = 0;
		self->create.size = sizeof(self->create) - 1;
		EXPECT_EQ(-EINVAL, ucard_create(self->fd, &self->create));
		self->create.size = sizeof(self->create);
		self->create.memory = 1ULL << 40;
		EXPECT_EQ(-ENOMEM, ucard_create(self->fd, &self->create));
		self->create.memory = 2 * self->page;
	}
	EXPECT_EQ(0, ucard_create(self->fd, &self->create));
	/* Nor is the second one on this file. */
	self->create.index = 0;
	EXPECT_GT(0, ucard_create(self->fd, &self->create));
}

/* The memory lives until the last of the card's files is closed. */
TEST_F(limit, open_user_keeps_the_charge)
{
	struct ucard card = { .fd = ucard_open_node(O_RDWR) };
	int user;

	ASSERT_LE(0, card.fd);
	ASSERT_EQ(0, skel_memlock(2 * self->page));
	ASSERT_EQ(0, setresuid(SKEL_TEST_UID, SKEL_TEST_UID, 0));
	ASSERT_EQ(0, ucard_create(card.fd, &self->create));
	card.index = self->create.index;
	ASSERT_EQ(0, setresuid(0, 0, 0));
	user = ucard_open(&card, O_RDWR);
	ASSERT_LE(0, user);
	ASSERT_EQ(0, setresuid(SKEL_TEST_UID, SKEL_TEST_UID, 0));
	close(card.fd);
	ucard_describe(&self->create);
	EXPECT_EQ(-ENOMEM, ucard_create(self->fd, &self->create));
	close(user);
	EXPECT_EQ(0, ucard_create(self->fd, &self->create));
}

static unsigned int most_cards(void)
{
	FILE *file = fopen("/sys/module/skel_ucard/parameters/cards_max", "re");
	unsigned int n = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%u", &n) != 1)
		n = 0;
	fclose(file);
	return n;
}

TEST_F_TIMEOUT(limit, number_of_cards, TIMEOUT)
{
	enum { MAX = 200 };
	const unsigned int max = most_cards();
	static int fds[MAX];
	unsigned int n;
	int rc = 0;

	if (!max || max >= MAX)
		SKIP(return, "cards_max is %u", max);
	for (n = 0; n < MAX; n++) {
		ucard_describe(&self->create);
		self->create.memory = 1;
		fds[n] = ucard_open_node(O_RDWR);
		ASSERT_LE(0, fds[n]);
		rc = ucard_create(fds[n], &self->create);
		if (rc)
			break;
	}
	EXPECT_EQ(-ENOSPC, rc);
	/* Others may have a card, too. */
	EXPECT_GE(max, n);
	EXPECT_LT(max / 2, n);
	/* Each has a node of its own. */
	for (unsigned int i = 0; i < 10; i++) {
		close(fds[i]);
		fds[i] = ucard_open_node(O_RDWR);
		ucard_describe(&self->create);
		EXPECT_EQ(0, ucard_create(fds[i], &self->create));
	}
	for (unsigned int i = 0; i <= n; i++)
		close(fds[i]);
	ucard_describe(&self->create);
	EXPECT_EQ(0, ucard_create(self->fd, &self->create));
}

TEST_F(limit, readonly_memory)
{
	struct skel_region_info region;
	struct ucard card;
	__u8 *map, byte = 0x55;
	int user;

	self->create.flags |= SKEL_UCARD_READONLY;
	ASSERT_EQ(0, ucard_begin(&card, &self->create));
	user = ucard_user(&card);
	ASSERT_LE(0, user);
	ASSERT_EQ(0, skel_region(user, 0, &region));
	EXPECT_EQ(SKEL_REGION_RAM | SKEL_REGION_READONLY, region.flags);
	EXPECT_EQ(-EACCES, skel_map_err(user, 0, self->page, RW, MAP_SHARED));
	EXPECT_EQ(-EACCES, skel_map_err(user, 0, self->page, PROT_WRITE, MAP_SHARED));
	map = mmap(NULL, card.length, PROT_READ, MAP_SHARED, user, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-EACCES, skel_err(mprotect(map, self->page, RW)));
	EXPECT_EQ(-EACCES, skel_err(mprotect(map, self->page, PROT_READ | PROT_EXEC)));
	EXPECT_EQ(SIGSEGV, skel_poke(map, 1));
	EXPECT_GT(0, skel_self_mem(map, &byte, 1, true));
	/* The program is no user. */
	skel_fill(card.memory, card.length, 2);
	EXPECT_TRUE(skel_check(map, card.length, 2));
	EXPECT_EQ(0, munmap(map, card.length));
}

/* The card writes a read-only memory of its own all the same. */
TEST_F(limit, readonly_memory_takes_transfers)
{
	struct ucard card;
	__u8 *buffer;
	__u64 host;
	int user;

	self->create.flags |= SKEL_UCARD_READONLY;
	ASSERT_EQ(0, ucard_begin(&card, &self->create));
	user = ucard_user(&card);
	ASSERT_LE(0, user);
	buffer = skel_buffer(user, SKEL_BOTH, self->page, &host);
	ASSERT_NE(NULL, buffer);
	skel_fill(buffer, self->page, 3);
	EXPECT_EQ(0, ucard_request(&card, SKEL_UCARD_AT_ONCE, 0, UCARD_DIR_FROMHOST, 0,
				   self->page, host, NULL));
	EXPECT_TRUE(skel_check(card.memory, self->page, 3));
}

/* A file that may only read, or only write, is no way around this. */
TEST_F(limit, open_modes_hold)
{
	int reader = ucard_open_node(O_RDONLY), writer = ucard_open_node(O_WRONLY);
	char record[SKEL_UCARD_RECORD_MAX] = { 0 };

	ASSERT_LE(0, reader);
	ASSERT_LE(0, writer);
	ASSERT_EQ(0, ucard_create(reader, &self->create));
	ucard_describe(&self->create);
	ASSERT_EQ(0, ucard_create(writer, &self->create));
	EXPECT_EQ(-EBADF, skel_err(write(reader, record, sizeof(record))));
	EXPECT_EQ(-EBADF, skel_err(read(writer, record, sizeof(record))));
	EXPECT_EQ(-EACCES, skel_map_err(reader, 0, self->page, RW, MAP_SHARED));
	EXPECT_EQ(0, skel_map_err(reader, 0, self->page, PROT_READ, MAP_SHARED));
	EXPECT_EQ(-EACCES, skel_map_err(writer, 0, self->page, RW, MAP_SHARED));
	EXPECT_EQ(-ESPIPE, skel_err(lseek(reader, 0, SEEK_SET)));
	close(reader);
	close(writer);
}

/* A forked child has the program's file, and its mapping of the memory. */
TEST_F(limit, child_goes_on_playing)
{
	struct ucard card;
	int user;
	pid_t pid;

	ASSERT_EQ(0, ucard_begin(&card, &self->create));
	user = ucard_user(&card);
	ASSERT_LE(0, user);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(skel_touch(card.memory));
	EXPECT_EQ(0, skel_wait(pid));
	EXPECT_EQ(0, skel_touch(card.memory));

	pid = ucard_hand_over(&card, ucard_echo);
	ASSERT_LE(0, pid);
	EXPECT_STREQ("hello", skel_ask(user, "hello"));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, skel_wait(pid));
	EXPECT_EQ(POLLHUP | POLLERR, ucard_events(user));
}

/* For ucard_hand_over(): another program, which knows nothing of cards */
static int exec_keeping(struct ucard *card)
{
	fcntl(card->fd, F_SETFD, 0);
	execlp("sleep", "sleep", "1000", NULL);
	return 1;
}

static int exec_closing(struct ucard *card)
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
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, text, sizeof(text));

		close(fd);
		if (n > 5 && !memcmp(text, "sleep", 6))
			return ucard_wait_asleep(pid);
		skel_sleep_ms(1);
	}
	return false;
}

TEST_F(limit, file_that_exec_keeps_is_a_card)
{
	struct ucard card;
	int user;
	pid_t pid;

	ASSERT_EQ(0, ucard_begin(&card, &self->create));
	user = ucard_user(&card);
	ASSERT_LE(0, user);
	pid = ucard_hand_over(&card, exec_keeping);
	ASSERT_LE(0, pid);
	ASSERT_TRUE(wait_exec(pid));
	EXPECT_EQ(POLLOUT, ucard_events(user));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, skel_wait(pid));
	EXPECT_EQ(POLLHUP | POLLERR, ucard_events(user));
}

TEST_F(limit, exec_closes_the_card)
{
	struct pollfd p = { 0 };
	struct ucard card;
	int user;
	pid_t pid;

	ASSERT_EQ(0, ucard_begin(&card, &self->create));
	user = ucard_user(&card);
	ASSERT_LE(0, user);
	p.fd = user;
	pid = ucard_hand_over(&card, exec_closing);
	ASSERT_LE(0, pid);
	/* On its way into the other program, which goes on */
	EXPECT_EQ(1, poll(&p, 1, SKEL_ANSWER_MS));
	EXPECT_EQ(POLLHUP | POLLERR, p.revents);
	EXPECT_TRUE(wait_exec(pid));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, skel_wait(pid));
}

TEST_HARNESS_MAIN
