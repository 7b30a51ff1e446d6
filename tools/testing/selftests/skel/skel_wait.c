// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting on a channel: poll(), blocked readers and writers, signals, several
 * readers, replies that nobody reads
 */
#include <pthread.h>
#include <sys/time.h>

#include "../kselftest_harness.h"
#include "skel_test.h"

#define IDN		"*IDN?\n"
#define IDN_LENGTH	(sizeof(IDN) - 1)
/* Far more commands than a channel keeps replies for */
#define MANY		1000

FIXTURE(waiting)
{
	int fd;		/* blocking */
	char idn[SKEL_LINE_MAX + 1];
};

FIXTURE_SETUP(waiting)
{
	self->fd = skel_open(O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	snprintf(self->idn, sizeof(self->idn), "%s", skel_ask(self->fd, "*IDN?"));
	ASSERT_NE('[', self->idn[0]);
}

FIXTURE_TEARDOWN(waiting)
{
	close(self->fd);
}

static int set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	return fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

static short events(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

TEST_F(waiting, poll_tells_what_is_possible)
{
	char line[SKEL_LINE_MAX];

	EXPECT_EQ(POLLOUT, events(self->fd));
	ASSERT_EQ(0, skel_send(self->fd, "*IDN?"));
	ASSERT_TRUE(skel_readable(self->fd, SKEL_ANSWER_MS));
	EXPECT_EQ(POLLIN | POLLOUT, events(self->fd));
	ASSERT_EQ(1, read(self->fd, line, 1));
	EXPECT_EQ(POLLIN | POLLOUT, events(self->fd));
	ASSERT_LT(1, read(self->fd, line, sizeof(line)));
	EXPECT_EQ(POLLOUT, events(self->fd));
	/* Half a line: room for the other half */
	ASSERT_EQ(3, write(self->fd, "*ID", 3));
	EXPECT_EQ(POLLOUT, events(self->fd));
}

TEST_F(waiting, nonblocking_read_is_eagain)
{
	char byte;

	ASSERT_EQ(0, set_nonblock(self->fd, true));
	EXPECT_EQ(-EAGAIN, skel_err(read(self->fd, &byte, 1)));
}

struct reader {
	pthread_t thread;
	int fd;
	long result;
	size_t total;
	char data[SKEL_LINE_MAX];
};

static void *read_once(void *arg)
{
	struct reader *reader = arg;

	reader->result = skel_err(read(reader->fd, reader->data,
				       sizeof(reader->data)));
	return NULL;
}

TEST_F(waiting, blocked_reader_is_woken_by_a_reply)
{
	struct reader reader = { .fd = self->fd };

	ASSERT_EQ(0, pthread_create(&reader.thread, NULL, read_once, &reader));
	skel_sleep_ms(SKEL_SILENCE_MS);
	ASSERT_EQ(0, skel_send(self->fd, "*IDN?"));
	ASSERT_EQ(0, pthread_join(reader.thread, NULL));
	EXPECT_EQ(strlen(self->idn) + 1, reader.result);
	EXPECT_EQ(0, memcmp(reader.data, self->idn, strlen(self->idn)));
}

static void *poll_once(void *arg)
{
	struct reader *reader = arg;

	reader->result = skel_readable(reader->fd, SKEL_ANSWER_MS);
	return NULL;
}

TEST_F(waiting, blocked_poll_is_woken_by_a_reply)
{
	struct reader reader = { .fd = self->fd };
	__u64 start = skel_now_ms();

	ASSERT_EQ(0, pthread_create(&reader.thread, NULL, poll_once, &reader));
	skel_sleep_ms(SKEL_SILENCE_MS);
	ASSERT_EQ(0, skel_send(self->fd, "*IDN?"));
	ASSERT_EQ(0, pthread_join(reader.thread, NULL));
	EXPECT_EQ(1, reader.result);
	EXPECT_GT(SKEL_ANSWER_MS, skel_now_ms() - start);
}

static int signal_fd;

static void on_alarm(int sig)
{
	if (signal_fd >= 0 && write(signal_fd, IDN, IDN_LENGTH) < 0)
		_exit(1);
}

static void alarm_in(int flags, unsigned int ms)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = flags };
	struct itimerval timer = { .it_value.tv_usec = ms * 1000 };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

TEST_F(waiting, signal_ends_a_blocked_read)
{
	char byte;

	signal_fd = -1;
	alarm_in(0, SKEL_SILENCE_MS);
	EXPECT_EQ(-EINTR, skel_err(read(self->fd, &byte, 1)));
	EXPECT_STREQ(self->idn, skel_ask(self->fd, "*IDN?"));
}

/* With SA_RESTART the read goes on; here the handler asks for the reply. */
TEST_F(waiting, signal_restarts_a_blocked_read)
{
	char line[SKEL_LINE_MAX];

	signal_fd = self->fd;
	alarm_in(SA_RESTART, SKEL_SILENCE_MS);
	EXPECT_EQ(strlen(self->idn) + 1, skel_err(read(self->fd, line, sizeof(line))));
	EXPECT_EQ(0, memcmp(line, self->idn, strlen(self->idn)));
}

TEST_F(waiting, kill_ends_a_blocked_read)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		char byte;

		if (read(self->fd, &byte, 1))
			_exit(1);
		_exit(0);
	}
	skel_sleep_ms(SKEL_SILENCE_MS);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, skel_wait(pid));
	EXPECT_STREQ(self->idn, skel_ask(self->fd, "*IDN?"));
}

static void *read_many(void *arg)
{
	struct reader *reader = arg;

	while (skel_readable(reader->fd, 3 * SKEL_SILENCE_MS)) {
		ssize_t n = read(reader->fd, reader->data, 1 + reader->total % 37);

		if (n == -1 && errno == EAGAIN)
			continue;
		if (n <= 0)
			break;
		reader->total += n;
	}
	return NULL;
}

/* Two readers share the replies: each byte reaches one of them, once. */
TEST_F(waiting, two_readers_share_the_replies)
{
	struct reader readers[2] = { { .fd = self->fd }, { .fd = self->fd } };
	struct skel_info info;

	ASSERT_EQ(0, set_nonblock(self->fd, true));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_create(&readers[i].thread, NULL, read_many,
					    &readers[i]));
	}
	for (int i = 0; i < 200; i++) {
		ASSERT_EQ(0, skel_send(self->fd, "*IDN?"));
		/* No more than the channel keeps */
		if (i % 50 == 49)
			skel_sleep_ms(50);
	}
	pthread_join(readers[0].thread, NULL);
	pthread_join(readers[1].thread, NULL);
	ASSERT_EQ(0, skel_info(self->fd, &info));
	if (!info.replies_lost) {
		EXPECT_EQ(200 * (strlen(self->idn) + 1),
			  readers[0].total + readers[1].total);
	}
	EXPECT_EQ(0, skel_drain(self->fd, SKEL_SILENCE_MS));
}

struct tally {
	unsigned long replies;
	unsigned long lost;
	bool torn;
};

/* Read all that is there: how many answers, how many told to be lost. */
static void count_replies(int fd, const char *idn, struct tally *tally)
{
	while (skel_readable(fd, 3 * SKEL_SILENCE_MS)) {
		const char *line = skel_line(fd);
		unsigned long n;
		char end;

		if (!strcmp(line, idn))
			tally->replies++;
		else if (sscanf(skel_core(line), "LOST %lu%c", &n, &end) == 1 && n)
			tally->lost += n;
		else
			tally->torn = true;
	}
}

/* Write commands until there is no room; returns how many bytes were taken. */
static long write_until_full(int fd, const char *data, size_t length)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	size_t done = 0;

	while (done < length) {
		long n = skel_err(write(fd, data + done, length - done));

		if (n == -EAGAIN && poll(&p, 1, 2 * SKEL_SILENCE_MS) == 0)
			break;
		if (n < 0 && n != -EAGAIN)
			return n;
		if (n > 0)
			done += n;
	}
	return done;
}

static const char *many_commands(void)
{
	static char data[MANY * IDN_LENGTH];

	for (int i = 0; i < MANY; i++)
		memcpy(data + i * IDN_LENGTH, IDN, IDN_LENGTH);
	return data;
}

/*
 * Nobody reads: either the card takes no more commands, or replies are lost,
 * which is counted and told. No reply is torn, no command without answer.
 */
TEST_F(waiting, unread_replies_are_not_torn)
{
	const char *data = many_commands();
	struct tally tally = { 0 };
	struct skel_info info;
	long taken;

	ASSERT_EQ(0, set_nonblock(self->fd, true));
	taken = write_until_full(self->fd, data, MANY * IDN_LENGTH);
	ASSERT_LT(0, taken);
	EXPECT_EQ(POLLIN, events(self->fd) & POLLIN);
	count_replies(self->fd, self->idn, &tally);
	/* A line that was taken in part has an end now. */
	ASSERT_EQ(0, skel_write(self->fd, data + taken,
				(IDN_LENGTH - taken % IDN_LENGTH) % IDN_LENGTH));
	count_replies(self->fd, self->idn, &tally);
	EXPECT_FALSE(tally.torn);
	EXPECT_EQ((taken + IDN_LENGTH - 1) / IDN_LENGTH, tally.replies + tally.lost);
	/* The channel keeps some KiB. */
	EXPECT_LT(1024 / (strlen(self->idn) + 1), tally.replies);
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(tally.lost, info.replies_lost);
	/* Afterwards all is as before. */
	EXPECT_STREQ(self->idn, skel_ask(self->fd, "*IDN?"));
	EXPECT_FALSE(skel_readable(self->fd, SKEL_SILENCE_MS));
}

/*
 * Replies that come unasked for a full channel: transfers that end. What got
 * lost is counted, and one line stands in the place of those that are missing.
 */
TEST_F(waiting, lost_replies_are_told)
{
	unsigned long commands = 0, replies = 0, lost = 0;
	struct skel_info info;
	char command[64];
	size_t length, rest = 0;
	__u64 host;

	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_ALLOC_TOHOST, 1, &host));
	length = snprintf(command, sizeof(command), "TOHOST 0 1 %#llx\n", host);
	ASSERT_EQ(0, set_nonblock(self->fd, true));
	while (commands < MANY && !rest) {
		long taken = write_until_full(self->fd, command, length);

		ASSERT_LE(0, taken);
		if (!taken)
			break;
		commands++;
		rest = length - taken;
	}
	while (skel_readable(self->fd, 3 * SKEL_SILENCE_MS)) {
		const char *line = skel_core(skel_line(self->fd));
		unsigned long n;

		if (sscanf(line, "LOST %lu", &n) == 1)
			lost += n;
		else
			replies++;
		EXPECT_TRUE(!strncmp(line, "LOST ", 5) ||
			    !strncmp(line, "DONE TOHOST 0x0 0x1 0x", 22) ||
			    !strncmp(line, "REFUSED TOHOST 0x0 0x1 0x", 25))
			TH_LOG("%s", line);
		/* Sooner or later there is room for the end of the last command. */
		if (rest) {
			long n = skel_err(write(self->fd, command + length - rest, rest));

			rest -= n > 0 ? n : 0;
		}
	}
	EXPECT_EQ(commands, replies + lost);
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(lost, info.replies_lost);
}

static void *write_all(void *arg)
{
	struct reader *writer = arg;

	writer->result = skel_write(writer->fd, many_commands(), MANY * IDN_LENGTH);
	return NULL;
}

/* A writer sleeps while there is no room and goes on when somebody reads. */
TEST_F(waiting, blocked_writer_is_woken_by_room)
{
	struct reader writer = { .fd = self->fd };
	struct tally tally = { 0 };

	ASSERT_EQ(0, pthread_create(&writer.thread, NULL, write_all, &writer));
	skel_sleep_ms(SKEL_SILENCE_MS);
	count_replies(self->fd, self->idn, &tally);
	ASSERT_EQ(0, pthread_join(writer.thread, NULL));
	count_replies(self->fd, self->idn, &tally);
	EXPECT_EQ(0, writer.result);
	EXPECT_FALSE(tally.torn);
	EXPECT_EQ(MANY, tally.replies + tally.lost);
}

TEST_F(waiting, signal_ends_a_blocked_write)
{
	const size_t length = SKEL_LINE_MAX - 2 * IDN_LENGTH;
	struct tally tally = { 0 };
	char line[SKEL_LINE_MAX];
	long taken;

	ASSERT_EQ(0, set_nonblock(self->fd, true));
	if (write_until_full(self->fd, many_commands(), MANY * IDN_LENGTH) ==
	    MANY * IDN_LENGTH)
		SKIP(return, "this card takes all commands at once");
	/* However little room is left: the end of a long line finds none. */
	memset(line, ' ', length);
	line[length - 1] = '\n';
	do {
		taken = write_until_full(self->fd, line, length);
	} while (taken == (long)length);
	ASSERT_LT(0, taken);
	ASSERT_EQ(0, set_nonblock(self->fd, false));
	signal_fd = -1;
	alarm_in(0, SKEL_SILENCE_MS);
	EXPECT_EQ(-EINTR, skel_err(write(self->fd, line + taken, length - taken)));
	count_replies(self->fd, self->idn, &tally);
	EXPECT_LT(0, tally.replies);
}

/* One channel that is stuck does not hold the others. */
TEST_F(waiting, full_channel_does_not_hold_others)
{
	int other = skel_open(O_RDWR);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, set_nonblock(self->fd, true));
	ASSERT_LT(0, write_until_full(self->fd, many_commands(), MANY * IDN_LENGTH));
	EXPECT_STREQ(self->idn, skel_ask(other, "*IDN?"));
	EXPECT_STREQ(self->idn, skel_ask(other, "*IDN?"));
	close(other);
}

static void *write_lines(void *arg)
{
	struct reader *writer = arg;

	for (int i = 0; i < 50 && !writer->result; i++)
		writer->result = skel_write(writer->fd, IDN, IDN_LENGTH);
	return NULL;
}

/* A line written in one call is one command, whoever else writes. */
TEST_F(waiting, lines_of_several_writers_do_not_mix)
{
	struct reader writers[4];
	struct tally tally = { 0 };

	memset(writers, 0, sizeof(writers));
	for (int i = 0; i < 4; i++) {
		writers[i].fd = self->fd;
		ASSERT_EQ(0, pthread_create(&writers[i].thread, NULL,
					    write_lines, &writers[i]));
	}
	count_replies(self->fd, self->idn, &tally);
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(writers[i].thread, NULL));
		EXPECT_EQ(0, writers[i].result);
	}
	count_replies(self->fd, self->idn, &tally);
	EXPECT_FALSE(tally.torn);
	EXPECT_EQ(200, tally.replies + tally.lost);
}

TEST_HARNESS_MAIN
