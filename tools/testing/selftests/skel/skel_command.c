// SPDX-License-Identifier: GPL-2.0
/*
 * The command stream of a channel: lines in and lines out, whatever pieces they
 * come in; poll(), blocked readers and writers, signals, replies that are not read
 */
#include <pthread.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "../kselftest_harness.h"
#include "skel_util.h"

#define IDN		"*IDN?\n"
#define IDN_LENGTH	(sizeof(IDN) - 1)
/* Far more commands than a channel keeps replies for */
#define MANY		1000

FIXTURE(command)
{
	int fd;				/* does not block unless the test says so */
	char idn[SKEL_LINE_MAX + 1];	/* answer to *IDN? without newline */
	char junk[8 * SKEL_LINE_MAX];	/* a line that no card can take */
};

FIXTURE_SETUP(command)
{
	SKEL_OPEN_OR_SKIP(self->fd, O_RDWR | O_NONBLOCK);
	snprintf(self->idn, sizeof(self->idn), "%s", skel_ask(self->fd, "*IDN?"));
	ASSERT_NE('[', self->idn[0])
		TH_LOG("%s", self->idn);
	memset(self->junk, 'x', sizeof(self->junk));
}

FIXTURE_TEARDOWN(command)
{
	close(self->fd);
}

static long put(int fd, const void *data, size_t length)
{
	return skel_err(write(fd, data, length));
}

static int set_blocking(int fd)
{
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

/*
 * True if nothing is there to read and commands are answered as ever. Replies come
 * in the order of the commands: one that should not be there would come before
 * that to a request which is like no other.
 */
static bool in_step(int fd, const char *idn)
{
	static unsigned int unique;

	return !skel_readable(fd, 0) &&
	       !strcmp(skel_transfer(fd, "TOHOST", 0, 0, ++unique), "REFUSED length") &&
	       !strcmp(skel_ask(fd, "*IDN?"), idn) &&
	       !skel_readable(fd, 0);
}

TEST_F(command, identifies_itself)
{
	char expected[64];

	if (!skel_is_simulated(self->fd))
		SKIP(return, "this card has another name");
	ASSERT_EQ(0, strncmp("skel,sim,", self->idn, 9));
	snprintf(expected, sizeof(expected), "skel,sim,%lu,1", strtoul(self->idn + 9, NULL, 10));
	EXPECT_STREQ(expected, self->idn);
}

TEST_F(command, lines_come_in_any_pieces)
{
	for (size_t i = 0; i < IDN_LENGTH; i++) {
		EXPECT_FALSE(skel_readable(self->fd, 0));
		ASSERT_EQ(1, put(self->fd, &IDN[i], 1));
	}
	EXPECT_STREQ(self->idn, skel_line(self->fd));
	EXPECT_TRUE(in_step(self->fd, self->idn));
	ASSERT_EQ(3 * IDN_LENGTH + 3, put(self->fd, IDN IDN IDN "*ID", 3 * IDN_LENGTH + 3));
	for (int i = 0; i < 3; i++)
		EXPECT_STREQ(self->idn, skel_line(self->fd));
	EXPECT_FALSE(skel_readable(self->fd, SKEL_SILENCE_MS));
	ASSERT_EQ(3, put(self->fd, "N?\n", 3));
	EXPECT_STREQ(self->idn, skel_line(self->fd));
}

TEST_F(command, writev_and_readv)
{
	char a[3], b[SKEL_LINE_MAX];
	struct iovec out[] = { { "*I", 2 }, { "DN", 2 }, { "?\n", 2 } };
	struct iovec in[] = { { a, sizeof(a) }, { b, sizeof(b) } };

	ASSERT_EQ(IDN_LENGTH, skel_err(writev(self->fd, out, 3)));
	ASSERT_TRUE(skel_readable(self->fd, SKEL_ANSWER_MS));
	ASSERT_EQ(strlen(self->idn) + 1, skel_err(readv(self->fd, in, 2)));
	EXPECT_EQ(0, memcmp(a, self->idn, sizeof(a)));
	EXPECT_EQ(0, memcmp(b, self->idn + sizeof(a), strlen(self->idn) - sizeof(a)));
}

TEST_F(command, empty_line_is_harmless)
{
	const char *line;
	int errors = 0;

	ASSERT_EQ(0, skel_write(self->fd, "\n\r\n\t\n" IDN, 5 + IDN_LENGTH));
	/* The card may complain about each or keep quiet. */
	while (!strncmp(line = skel_line(self->fd), "ERROR ", 6) && errors < 4)
		errors++;
	EXPECT_GE(3, errors);
	EXPECT_STREQ(self->idn, line);
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

TEST_F(command, commands_and_their_answers)
{
	static const struct {
		const char *answer;	/* NULL: the identity */
		const char *commands[12];
	} table[] = {
		/* Blanks, case and carriage return do not matter. */
		{ NULL, { "*idn?", "*IdN?\r", " \t *IDN?\t ", "*IDN? \r" } },
		{ "ERROR unknown-command", { "NONSENSE", "*IDN", "*IDN?X", "TOHOSTX 0 1 0" } },
		{ "ERROR parameter-count", {
			"*IDN? 1", "TOHOST", "TOHOST 0 1", "TOHOST 0 1 2 3",
		} },
		{ "ERROR number card-address", { "TOHOST -1 1 0", "TOHOST +1 1 0" } },
		{ "ERROR number length", { "TOHOST 0 one 0" } },
		{ "ERROR number host-address", {
			"TOHOST 0 1 0x", "TOHOST 0 1 0xg", "TOHOST 0 1 1x",
			"TOHOST 0 1 18446744073709551616", "TOHOST 0 1 0x10000000000000000",
		} },
		/* For the simulated card only; skel_transfer has more. */
		{ "ERROR parameter-count", { "SAMPLE", "SPEED 1 2" } },
		{ "ERROR range speed", { "SPEED 1000000001", "SPEED 18446744073709551615" } },
	};
	const size_t rows = ARRAY_SIZE(table) - (skel_is_simulated(self->fd) ? 0 : 2);

	for (size_t i = 0; i < rows; i++) {
		for (const char * const *command = table[i].commands; *command; command++) {
			EXPECT_STREQ(table[i].answer ?: self->idn,
				     skel_ask(self->fd, "%s", *command))
				TH_LOG("%s", *command);
		}
	}
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

/* Whatever its bytes, a line is a line, and nothing but *IDN? is *IDN?. */
TEST_F(command, nul_and_8_bit_bytes_make_a_wrong_command)
{
	static const struct { const char *bytes; size_t length; } lines[] = {
		{ "*IDN?\0\n", 7 }, { "\0*IDN?\n", 7 }, { "*ID\0N?\n", 7 },
		{ "*IDN?\0*IDN?\n", 12 }, { "\0\n", 2 }, { "\xff\n", 2 },
		/* no-break space; '?' with the 8th bit set */
		{ "*IDN?\xa0\n", 7 }, { "\xaa*IDN?\n", 7 }, { "*IDN\xbf\n", 6 },
		{ "*IDN?\x1b\n", 7 },
	};
	char line[SKEL_LINE_MAX];
	size_t length = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		ASSERT_EQ(0, skel_write(self->fd, lines[i].bytes, lines[i].length));
		EXPECT_EQ(0, strncmp("ERROR ", skel_line(self->fd), 6))
			TH_LOG("line %zu", i);
	}
	for (int c = 0; c < 256; c++)
		if (c != '\n')
			line[length++] = c;
	line[length++] = '\n';
	ASSERT_EQ(0, skel_write(self->fd, line, length));
	EXPECT_EQ(0, strncmp("ERROR ", skel_line(self->fd), 6));
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

TEST_F(command, longest_line_is_taken)
{
	self->junk[SKEL_LINE_MAX - 1] = '\n';
	ASSERT_EQ(SKEL_LINE_MAX, put(self->fd, self->junk, SKEL_LINE_MAX));
	EXPECT_STREQ("ERROR unknown-command", skel_line(self->fd));
	/* The same filled with blanks is a good command. */
	memset(self->junk, ' ', SKEL_LINE_MAX - 1);
	memcpy(self->junk + SKEL_LINE_MAX - IDN_LENGTH, IDN, IDN_LENGTH);
	ASSERT_EQ(SKEL_LINE_MAX, put(self->fd, self->junk, SKEL_LINE_MAX));
	EXPECT_STREQ(self->idn, skel_line(self->fd));
}

/* Such a line has no effect, not even on those before and behind it. */
TEST_F(command, over_long_line_is_emsgsize)
{
	enum { NONE, IDENTITY, UNKNOWN };
	/* One write() each, of a text, junk and a text; the result and the answer */
	static const struct {
		const char *before;
		size_t junk;
		const char *after;
		long result;
		int answer;
		bool end;
	} writes[] = {
		{ "", SKEL_LINE_MAX, "\n", -EMSGSIZE, .end = true },
		/* The rest of it is swallowed, in as many calls as it takes ... */
		{ "", 600, "", 600 },
		{ "", 600, "", -EMSGSIZE },
		{ "", 600, "", 600 },
		{ "", 5000, "", 5000 },
		/* ... up to the newline, and what follows counts again. */
		{ "", 2, "\n" IDN, 3 + IDN_LENGTH, IDENTITY, true },
		/* 1023 bytes without a newline are not too long yet, one more is. */
		{ "", SKEL_LINE_MAX - 1, "", SKEL_LINE_MAX - 1 },
		{ "", 1, "", -EMSGSIZE },
		{ "", 0, "\n", 1, .end = true },
		{ "", SKEL_LINE_MAX - 1, "", SKEL_LINE_MAX - 1 },
		{ "", 0, "\n", 1, UNKNOWN, true },
		/* Lines before it count. */
		{ IDN, 2 * SKEL_LINE_MAX - 1, "\n", IDN_LENGTH, IDENTITY },
		{ "", 2 * SKEL_LINE_MAX - 1, "\n", -EMSGSIZE, .end = true },
		/* What the failing call has behind the newline is not taken. */
		{ "", 2 * SKEL_LINE_MAX - 1, "\n" IDN, -EMSGSIZE, .end = true },
	};
	char data[8 * SKEL_LINE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
		int length = snprintf(data, sizeof(data), "%s%.*s%s", writes[i].before,
				      (int)writes[i].junk, self->junk, writes[i].after);

		ASSERT_EQ(writes[i].result, put(self->fd, data, length))
			TH_LOG("write %zu", i);
		if (writes[i].answer)
			EXPECT_STREQ(writes[i].answer == UNKNOWN ? "ERROR unknown-command" :
				     self->idn, skel_line(self->fd));
		if (writes[i].end)
			EXPECT_TRUE(in_step(self->fd, self->idn));
	}
}

TEST_F(command, reads_of_any_length)
{
	char line[SKEL_LINE_MAX];
	size_t length = strlen(self->idn);

	EXPECT_EQ(0, skel_err(read(self->fd, line, 0)));
	EXPECT_EQ(0, skel_err(write(self->fd, line, 0)));
	ASSERT_EQ(0, skel_send(self->fd, "*IDN?"));
	ASSERT_TRUE(skel_readable(self->fd, SKEL_ANSWER_MS));
	EXPECT_EQ(0, skel_err(read(self->fd, line, 0)));
	EXPECT_EQ(4, skel_err(read(self->fd, line, 4)));
	EXPECT_EQ(1, skel_err(read(self->fd, line + 4, 1)));
	EXPECT_TRUE(skel_readable(self->fd, 0));
	EXPECT_EQ(length - 4, skel_err(read(self->fd, line + 5, sizeof(line) - 5)));
	EXPECT_EQ(0, memcmp(line, self->idn, length));
	EXPECT_EQ('\n', line[length]);
	EXPECT_EQ(-EAGAIN, skel_err(read(self->fd, line, 1)));
}

/* The end of a page behind which nothing is mapped, NULL on failure */
static char *end_of_memory(void)
{
	size_t page = skel_page();
	char *map = mmap(NULL, 2 * page, SKEL_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED || munmap(map + page, page) ? NULL : map + page;
}

/* A reply is consumed only after it has reached the program. */
TEST_F(command, read_to_bad_memory_loses_nothing)
{
	size_t length = strlen(self->idn) + 1;
	char line[SKEL_LINE_MAX], *end = end_of_memory();
	long n;

	ASSERT_NE(NULL, end);
	ASSERT_EQ(0, skel_send(self->fd, "*IDN?"));
	ASSERT_TRUE(skel_readable(self->fd, SKEL_ANSWER_MS));
	EXPECT_EQ(-EFAULT, skel_err(read(self->fd, end, length)));
	EXPECT_TRUE(skel_readable(self->fd, 0));

	/* Room for four bytes only: these four, or none */
	n = skel_err(read(self->fd, end - 4, length));
	EXPECT_TRUE(n == -EFAULT || (n > 0 && n <= 4));
	n = n < 0 ? 0 : n;
	memcpy(line, end - 4, n);
	EXPECT_EQ(length - n, skel_err(read(self->fd, line + n, sizeof(line) - n)));
	EXPECT_EQ(0, memcmp(line, self->idn, length - 1));
}

/* Each byte that write() counted was taken, each other one was not. */
TEST_F(command, write_from_bad_memory_takes_what_it_says)
{
	/* Nothing, half a line, or a whole line before the end of memory */
	static const struct { size_t good, length; } writes[] = {
		{ 0, IDN_LENGTH }, { 3, IDN_LENGTH }, { IDN_LENGTH, 2 * IDN_LENGTH },
	};
	char *end = end_of_memory();

	ASSERT_NE(NULL, end);
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
		const size_t good = writes[i].good;
		long n;

		memcpy(end - good, IDN, good);
		n = put(self->fd, end - good, writes[i].length);
		EXPECT_TRUE(n == -EFAULT || (n > 0 && n <= (long)good))
			TH_LOG("%zu: %ld", good, n);
		if (!good)
			EXPECT_TRUE(in_step(self->fd, self->idn));
		n = n < 0 ? 0 : n;
		ASSERT_EQ(0, skel_write(self->fd, &IDN[n], IDN_LENGTH - n));
		EXPECT_STREQ(self->idn, skel_line(self->fd));
		EXPECT_TRUE(in_step(self->fd, self->idn));
	}
}

TEST_F(command, there_is_no_file_position)
{
	char byte;

	EXPECT_EQ(-ESPIPE, skel_err(lseek(self->fd, 0, SEEK_SET)));
	EXPECT_EQ(-ESPIPE, skel_err(lseek(self->fd, 0, SEEK_CUR)));
	EXPECT_EQ(-ESPIPE, skel_err(pread(self->fd, &byte, 1, 0)));
	EXPECT_EQ(-ESPIPE, skel_err(pwrite(self->fd, &byte, 1, 0)));
}

TEST_F(command, read_only_and_write_only_files)
{
	int reader = skel_open(O_RDONLY | O_NONBLOCK);
	int writer = skel_open(O_WRONLY | O_NONBLOCK);
	char byte;

	ASSERT_LE(0, reader);
	ASSERT_LE(0, writer);
	EXPECT_EQ(-EBADF, put(reader, IDN, IDN_LENGTH));
	EXPECT_EQ(-EAGAIN, skel_err(read(reader, &byte, 1)));
	EXPECT_EQ(-EBADF, skel_err(read(writer, &byte, 1)));
	EXPECT_EQ(IDN_LENGTH, put(writer, IDN, IDN_LENGTH));
	/* Each is a channel of its own. */
	EXPECT_FALSE(skel_readable(reader, SKEL_SILENCE_MS));
	close(reader);
	close(writer);
}

TEST_F(command, replies_go_to_the_channel_that_asked)
{
	int other = skel_open(O_RDWR | O_NONBLOCK);

	ASSERT_LE(0, other);
	for (int i = 0; i < 20; i++) {
		int asking = i % 2 ? other : self->fd;
		int quiet = i % 2 ? self->fd : other;

		ASSERT_EQ(0, skel_send(asking, i % 3 ? "*IDN?" : "STATUS?"));
		EXPECT_EQ(0, strncmp(i % 3 ? self->idn : "STATUS ", skel_line(asking), 5));
		EXPECT_FALSE(skel_readable(quiet, 10));
	}
	/* Half a line of one is not completed by the other. */
	ASSERT_EQ(3, put(self->fd, "*ID", 3));
	ASSERT_EQ(3, put(other, "N?\n", 3));
	EXPECT_STREQ("ERROR unknown-command", skel_line(other));
	EXPECT_FALSE(skel_readable(self->fd, SKEL_SILENCE_MS));
	close(other);
}

TEST_F(command, all_channels_in_use_is_ebusy)
{
	struct skel_info info;
	int fds[64];
	__u64 seen;
	__u32 n;

	ASSERT_EQ(0, skel_info(self->fd, &info));
	ASSERT_LE(info.channels, 64);
	seen = 1ULL << info.channel;
	for (n = 1; n < info.channels; n++) {
		fds[n] = skel_open(O_RDWR | O_NONBLOCK);
		ASSERT_LE(0, fds[n]);
		ASSERT_EQ(0, skel_info(fds[n], &info));
		EXPECT_LT(info.channel, info.channels);
		EXPECT_EQ(0, seen & 1ULL << info.channel);
		seen |= 1ULL << info.channel;
	}
	EXPECT_EQ(-EBUSY, skel_open(O_RDWR));
	EXPECT_STREQ(self->idn, skel_ask(fds[n - 1], "*IDN?"));
	close(fds[n / 2]);
	fds[n / 2] = skel_open(O_RDWR);
	EXPECT_LE(0, fds[n / 2]);
	EXPECT_EQ(-EBUSY, skel_open(O_RDWR));
	while (--n)
		close(fds[n]);
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

/* From here on: waiting. */

static short events(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

TEST_F(command, poll_tells_what_is_possible)
{
	char line[SKEL_LINE_MAX];

	EXPECT_EQ(POLLOUT, events(self->fd));
	EXPECT_EQ(-EAGAIN, skel_err(read(self->fd, line, 1)));
	ASSERT_EQ(0, skel_send(self->fd, "*IDN?"));
	ASSERT_TRUE(skel_readable(self->fd, SKEL_ANSWER_MS));
	EXPECT_EQ(POLLIN | POLLOUT, events(self->fd));
	ASSERT_EQ(1, read(self->fd, line, 1));
	EXPECT_EQ(POLLIN | POLLOUT, events(self->fd));
	ASSERT_LT(1, read(self->fd, line, sizeof(line)));
	EXPECT_EQ(POLLOUT, events(self->fd));
	/* Half a line: room for the other half */
	ASSERT_EQ(3, put(self->fd, "*ID", 3));
	EXPECT_EQ(POLLOUT, events(self->fd));
}

struct worker {
	pthread_t thread;
	int fd;
	long result;
	size_t *total;		/* of all workers */
	size_t wanted;
	char data[SKEL_LINE_MAX];
};

static void *read_once(void *arg)
{
	struct worker *worker = arg;

	worker->result = skel_err(read(worker->fd, worker->data, sizeof(worker->data)));
	return NULL;
}

static void *poll_once(void *arg)
{
	struct worker *worker = arg;

	worker->result = skel_readable(worker->fd, SKEL_ANSWER_MS);
	return NULL;
}

TEST_F(command, blocked_reader_and_poll_are_woken_by_a_reply)
{
	__u64 start = skel_now_ms();

	ASSERT_EQ(0, set_blocking(self->fd));
	for (int i = 0; i < 2; i++) {
		struct worker worker = { .fd = self->fd };

		ASSERT_EQ(0, pthread_create(&worker.thread, NULL, i ? read_once : poll_once,
					    &worker));
		skel_sleep_ms(SKEL_SILENCE_MS);
		ASSERT_EQ(0, skel_send(self->fd, "*IDN?"));
		ASSERT_EQ(0, pthread_join(worker.thread, NULL));
		EXPECT_GT(SKEL_ANSWER_MS, skel_now_ms() - start);
		if (i) {
			EXPECT_EQ(strlen(self->idn) + 1, worker.result);
			EXPECT_EQ(0, memcmp(worker.data, self->idn, strlen(self->idn)));
		} else {
			EXPECT_EQ(1, worker.result);
			EXPECT_STREQ(self->idn, skel_line(self->fd));
		}
	}
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

TEST_F(command, signal_ends_a_blocked_read)
{
	char line[SKEL_LINE_MAX];

	ASSERT_EQ(0, set_blocking(self->fd));
	signal_fd = -1;
	alarm_in(0, SKEL_SILENCE_MS);
	EXPECT_EQ(-EINTR, skel_err(read(self->fd, line, 1)));
	EXPECT_STREQ(self->idn, skel_ask(self->fd, "*IDN?"));
	/* With SA_RESTART the read goes on; here the handler asks for the reply. */
	signal_fd = self->fd;
	alarm_in(SA_RESTART, SKEL_SILENCE_MS);
	EXPECT_EQ(strlen(self->idn) + 1, skel_err(read(self->fd, line, sizeof(line))));
	EXPECT_EQ(0, memcmp(line, self->idn, strlen(self->idn)));
}

/* Nobody answers empty lines, so no lack of room ends the write. */
TEST_F(command, kill_ends_a_long_write)
{
	const size_t length = SKEL_MIB(32);
	char *lines = malloc(length);
	__u64 start;
	pid_t pid;

	if (!skel_is_simulated(self->fd))
		SKIP(return, "not the simulated card");
	ASSERT_NE(NULL, lines);
	memset(lines, '\n', length);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(put(self->fd, lines, length) < 0);
	skel_sleep_ms(200);
	start = skel_now_ms();
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, skel_wait(pid));
	EXPECT_GT(SKEL_ANSWER_MS, skel_now_ms() - start);
	free(lines);
}

TEST_F(command, kill_ends_a_blocked_read)
{
	pid_t pid;

	ASSERT_EQ(0, set_blocking(self->fd));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		char byte;

		_exit(!!read(self->fd, &byte, 1));
	}
	skel_sleep_ms(SKEL_SILENCE_MS);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, skel_wait(pid));
	EXPECT_STREQ(self->idn, skel_ask(self->fd, "*IDN?"));
}

static void *read_many(void *arg)
{
	struct worker *worker = arg;
	ssize_t n = 0;

	while (__atomic_add_fetch(worker->total, n, __ATOMIC_RELAXED) < worker->wanted &&
	       skel_readable(worker->fd, 3 * SKEL_SILENCE_MS)) {
		n = read(worker->fd, worker->data, 1 + *worker->total % 37);
		if (n == -1 && errno == EAGAIN)
			n = 0;
		if (n < 0)
			break;
	}
	return NULL;
}

/* Two readers share the replies: each byte reaches one of them, once. */
TEST_F(command, two_readers_share_the_replies)
{
	size_t total = 0, wanted = 200 * (strlen(self->idn) + 1);
	struct worker readers[2];
	struct skel_info info;

	for (int i = 0; i < 2; i++) {
		readers[i] = (struct worker) {
			.fd = self->fd, .total = &total, .wanted = wanted
		};
		ASSERT_EQ(0, pthread_create(&readers[i].thread, NULL, read_many, &readers[i]));
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
	if (!info.replies_lost)
		EXPECT_EQ(wanted, total);
	EXPECT_EQ(0, skel_drain(self->fd, SKEL_SILENCE_MS));
}

struct tally {
	unsigned long replies;
	unsigned long lost;
	bool torn;
};

/* Read until so many commands are answered, or their replies reported as lost. */
static void count_replies(int fd, const char *idn, unsigned long wanted, struct tally *tally)
{
	while (tally->replies + tally->lost < wanted && skel_readable(fd, SKEL_ANSWER_MS)) {
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
		long n = put(fd, data + done, length - done);

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
 * Replies are not read: either the card takes no more commands, or replies are
 * lost, which is counted and reported. No reply is torn, no command without answer.
 */
TEST_F(command, unread_replies_are_not_torn)
{
	const char *data = many_commands();
	struct tally tally = { 0 };
	struct skel_info info;
	long taken, whole;

	taken = write_until_full(self->fd, data, MANY * IDN_LENGTH);
	ASSERT_LT(0, taken);
	EXPECT_EQ(POLLIN, events(self->fd) & POLLIN);
	whole = taken / IDN_LENGTH;
	count_replies(self->fd, self->idn, whole, &tally);
	/* A line that was taken in part is answered only when its end has come. */
	EXPECT_FALSE(skel_readable(self->fd, SKEL_SILENCE_MS));
	if (taken % IDN_LENGTH) {
		ASSERT_EQ(0, skel_write(self->fd, data + taken, IDN_LENGTH - taken % IDN_LENGTH));
		count_replies(self->fd, self->idn, ++whole, &tally);
	}
	EXPECT_FALSE(tally.torn);
	EXPECT_EQ(whole, tally.replies + tally.lost);
	/* The channel keeps some KiB. */
	EXPECT_LT(1024 / (strlen(self->idn) + 1), tally.replies);
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(tally.lost, info.replies_lost);
	/* Afterwards all is as before. */
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

/*
 * Replies that come unasked for a full channel: transfers that end. What got
 * lost is counted, and one line stands in the place of those that are missing.
 */
TEST_F(command, lost_replies_are_reported)
{
	unsigned long commands = 0, replies = 0, lost = 0;
	struct skel_info info;
	char command[64];
	size_t length, rest = 0;
	__u64 host;

	ASSERT_EQ(0, skel_alloc(self->fd, SKEL_ALLOC_TOHOST, 1, &host));
	length = snprintf(command, sizeof(command), "TOHOST 0 1 %#llx\n", host);
	while (commands < MANY && !rest) {
		long taken = write_until_full(self->fd, command, length);

		ASSERT_LE(0, taken);
		if (!taken)
			break;
		commands++;
		rest = length - taken;
	}
	while (replies + lost < commands && skel_readable(self->fd, SKEL_ANSWER_MS)) {
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
			long n = put(self->fd, command + length - rest, rest);

			rest -= n > 0 ? n : 0;
		}
	}
	EXPECT_EQ(commands, replies + lost);
	EXPECT_TRUE(in_step(self->fd, self->idn));
	ASSERT_EQ(0, skel_info(self->fd, &info));
	EXPECT_EQ(lost, info.replies_lost);
}

static void *write_all(void *arg)
{
	struct worker *worker = arg;

	worker->result = skel_write(worker->fd, many_commands(), MANY * IDN_LENGTH);
	return NULL;
}

/* A writer sleeps while there is no room and goes on when replies are read. */
TEST_F(command, blocked_writer_is_woken_by_room)
{
	struct worker worker = { .fd = self->fd };
	struct tally tally = { 0 };

	ASSERT_EQ(0, set_blocking(self->fd));
	ASSERT_EQ(0, pthread_create(&worker.thread, NULL, write_all, &worker));
	skel_sleep_ms(SKEL_SILENCE_MS);
	count_replies(self->fd, self->idn, MANY, &tally);
	ASSERT_EQ(0, pthread_join(worker.thread, NULL));
	EXPECT_EQ(0, worker.result);
	EXPECT_FALSE(tally.torn);
	EXPECT_EQ(MANY, tally.replies + tally.lost);
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

TEST_F(command, signal_ends_a_blocked_write)
{
	const size_t length = SKEL_LINE_MAX - 2 * IDN_LENGTH;
	struct tally tally = { 0 };
	char line[SKEL_LINE_MAX];
	long taken;

	if (write_until_full(self->fd, many_commands(), MANY * IDN_LENGTH) == MANY * IDN_LENGTH)
		SKIP(return, "this card takes all commands at once");
	/* However little room is left: the end of a long line finds none. */
	memset(line, ' ', length);
	line[length - 1] = '\n';
	do {
		taken = write_until_full(self->fd, line, length);
	} while (taken == (long)length);
	ASSERT_LT(0, taken);
	ASSERT_EQ(0, set_blocking(self->fd));
	signal_fd = -1;
	alarm_in(0, SKEL_SILENCE_MS);
	EXPECT_EQ(-EINTR, put(self->fd, line + taken, length - taken));
	count_replies(self->fd, self->idn, 1, &tally);
	EXPECT_LT(0, tally.replies);
}

/* A channel that is stuck does not hold up the others. */
TEST_F(command, full_channel_does_not_hold_others)
{
	int other = skel_open(O_RDWR);

	ASSERT_LE(0, other);
	ASSERT_LT(0, write_until_full(self->fd, many_commands(), MANY * IDN_LENGTH));
	EXPECT_STREQ(self->idn, skel_ask(other, "*IDN?"));
	EXPECT_STREQ(self->idn, skel_ask(other, "*IDN?"));
	close(other);
}

static void *write_lines(void *arg)
{
	struct worker *worker = arg;

	for (int i = 0; i < 50 && !worker->result; i++)
		worker->result = skel_write(worker->fd, IDN, IDN_LENGTH);
	return NULL;
}

/* A line written in one call is one command, whatever other writers do. */
TEST_F(command, lines_of_several_writers_do_not_mix)
{
	struct worker writers[4] = { 0 };
	struct tally tally = { 0 };

	ASSERT_EQ(0, set_blocking(self->fd));
	for (int i = 0; i < 4; i++) {
		writers[i].fd = self->fd;
		ASSERT_EQ(0, pthread_create(&writers[i].thread, NULL, write_lines, &writers[i]));
	}
	count_replies(self->fd, self->idn, 200, &tally);
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(writers[i].thread, NULL));
		EXPECT_EQ(0, writers[i].result);
	}
	EXPECT_FALSE(tally.torn);
	EXPECT_EQ(200, tally.replies + tally.lost);
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

TEST_HARNESS_MAIN
