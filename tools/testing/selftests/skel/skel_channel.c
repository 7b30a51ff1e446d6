// SPDX-License-Identifier: GPL-2.0
/*
 * The command stream: lines in, lines out, whatever the pieces they come in
 */
#include <sys/uio.h>

#include "../kselftest_harness.h"
#include "skel_test.h"

#define IDN		"*IDN?\n"
#define IDN_LENGTH	(sizeof(IDN) - 1)

FIXTURE(channel)
{
	int fd;
	char idn[SKEL_LINE_MAX + 1];	/* answer to *IDN? without newline */
	char junk[8 * SKEL_LINE_MAX];	/* a line that no card can take */
};

FIXTURE_SETUP(channel)
{
	self->fd = skel_open(O_RDWR | O_NONBLOCK);
	if (self->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, self->fd);
	snprintf(self->idn, sizeof(self->idn), "%s", skel_ask(self->fd, "*IDN?"));
	ASSERT_NE('[', self->idn[0])
		TH_LOG("%s", self->idn);
	memset(self->junk, 'x', sizeof(self->junk));
}

FIXTURE_TEARDOWN(channel)
{
	close(self->fd);
}

static long put(int fd, const void *data, size_t length)
{
	return skel_err(write(fd, data, length));
}

/* True if nothing is there to read and a command is answered as ever. */
static bool in_step(int fd, const char *idn)
{
	return !skel_readable(fd, SKEL_SILENCE_MS) &&
	       !strcmp(skel_ask(fd, "*IDN?"), idn) &&
	       !skel_readable(fd, SKEL_SILENCE_MS);
}

static bool is_simulated(int fd)
{
	struct skel_info info;

	return !skel_info(fd, &info) && !strcmp(info.name, "skel_sim");
}

TEST_F(channel, identifies_itself)
{
	char expected[64];

	if (!is_simulated(self->fd))
		SKIP(return, "this card has another name");
	ASSERT_EQ(0, strncmp("skel,sim,", self->idn, 9));
	snprintf(expected, sizeof(expected), "skel,sim,%lu,1",
		 strtoul(self->idn + 9, NULL, 10));
	EXPECT_STREQ(expected, self->idn);
}

TEST_F(channel, every_byte_alone_makes_a_line)
{
	for (size_t i = 0; i < IDN_LENGTH; i++) {
		EXPECT_FALSE(skel_readable(self->fd, 0));
		ASSERT_EQ(1, put(self->fd, &IDN[i], 1));
	}
	EXPECT_STREQ(self->idn, skel_line(self->fd));
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

TEST_F(channel, several_lines_in_one_write)
{
	ASSERT_EQ(3 * IDN_LENGTH + 3, put(self->fd, IDN IDN IDN "*ID", 3 * IDN_LENGTH + 3));
	EXPECT_STREQ(self->idn, skel_line(self->fd));
	EXPECT_STREQ(self->idn, skel_line(self->fd));
	EXPECT_STREQ(self->idn, skel_line(self->fd));
	EXPECT_FALSE(skel_readable(self->fd, SKEL_SILENCE_MS));
	ASSERT_EQ(3, put(self->fd, "N?\n", 3));
	EXPECT_STREQ(self->idn, skel_line(self->fd));
}

TEST_F(channel, writev_and_readv)
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

TEST_F(channel, blanks_case_and_carriage_return_do_not_matter)
{
	EXPECT_STREQ(self->idn, skel_ask(self->fd, "*idn?"));
	EXPECT_STREQ(self->idn, skel_ask(self->fd, "*IdN?\r"));
	EXPECT_STREQ(self->idn, skel_ask(self->fd, " \t *IDN?\t "));
	EXPECT_STREQ(self->idn, skel_ask(self->fd, "*IDN? \r"));
}

TEST_F(channel, empty_line_is_harmless)
{
	const char *line;

	ASSERT_EQ(0, skel_write(self->fd, "\n\r\n\t\n" IDN, 5 + IDN_LENGTH));
	/* The card may complain about each or keep quiet. */
	for (int i = 0; i < 3; i++) {
		line = skel_line(self->fd);
		if (!strncmp(line, "ERROR ", 6))
			continue;
		break;
	}
	if (!strncmp(line, "ERROR ", 6))
		line = skel_line(self->fd);
	EXPECT_STREQ(self->idn, line);
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

TEST_F(channel, wrong_commands_are_answered_by_a_reason)
{
	static const struct { const char *command, *answer; } wrong[] = {
		{ "NONSENSE", "ERROR unknown-command" },
		{ "*IDN", "ERROR unknown-command" },
		{ "*IDN?X", "ERROR unknown-command" },
		{ "TOHOSTX 0 1 0", "ERROR unknown-command" },
		{ "*IDN? 1", "ERROR parameter-count" },
		{ "TOHOST", "ERROR parameter-count" },
		{ "TOHOST 0 1", "ERROR parameter-count" },
		{ "TOHOST 0 1 2 3", "ERROR parameter-count" },
		{ "TOHOST -1 1 0", "ERROR number" },
		{ "TOHOST +1 1 0", "ERROR number" },
		{ "TOHOST 0 one 0", "ERROR number" },
		{ "TOHOST 0 1 0x", "ERROR number" },
		{ "TOHOST 0 1 0xg", "ERROR number" },
		{ "TOHOST 0 1 1x", "ERROR number" },
		{ "TOHOST 0 1 18446744073709551616", "ERROR number" },
		{ "TOHOST 0 1 0x10000000000000000", "ERROR number" },
		/* from here on: only of the simulated card */
		{ "SAMPLE", "ERROR parameter-count" },
		{ "SPEED 1 2", "ERROR parameter-count" },
		{ "INPUT 2 1000 1000", "ERROR range" },
		{ "INPUT 0 0 1000", "ERROR range" },
		{ "INPUT 0 500000001 1000", "ERROR range" },
		{ "INPUT 0 1000 10001", "ERROR range" },
		{ "SAMPLE 0", "ERROR range" },
		{ "SAMPLE 1000001", "ERROR range" },
		{ "SPEED 1000000001", "ERROR range" },
		{ "SPEED 18446744073709551615", "ERROR range" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (!is_simulated(self->fd) && !strcmp(wrong[i].command, "SAMPLE"))
			break;
		EXPECT_STREQ(wrong[i].answer, skel_ask(self->fd, "%s", wrong[i].command))
			TH_LOG("%s", wrong[i].command);
	}
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

/* Whatever its bytes, a line is a line, and nothing but *IDN? is *IDN?. */
TEST_F(channel, nul_and_8_bit_bytes_make_a_wrong_command)
{
	static const struct { const char *bytes; size_t length; } lines[] = {
		{ "*IDN?\0\n", 7 },
		{ "\0*IDN?\n", 7 },
		{ "*ID\0N?\n", 7 },
		{ "*IDN?\0*IDN?\n", 12 },
		{ "\0\n", 2 },
		{ "\xff\n", 2 },
		{ "*IDN?\xa0\n", 7 },		/* no-break space */
		{ "\xaa*IDN?\n", 7 },
		{ "*IDN\xbf\n", 6 },		/* '?' with the 8th bit set */
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

TEST_F(channel, longest_line_is_taken)
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

TEST_F(channel, over_long_line_is_emsgsize)
{
	self->junk[SKEL_LINE_MAX] = '\n';
	EXPECT_EQ(-EMSGSIZE, put(self->fd, self->junk, SKEL_LINE_MAX + 1));
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

TEST_F(channel, over_long_line_in_pieces)
{
	ASSERT_EQ(600, put(self->fd, self->junk, 600));
	EXPECT_EQ(-EMSGSIZE, put(self->fd, self->junk, 600));
	/* The rest of it is swallowed, in as many calls as it takes ... */
	EXPECT_EQ(600, put(self->fd, self->junk, 600));
	EXPECT_EQ(5000, put(self->fd, self->junk, 5000));
	/* ... up to the newline, and what follows counts again. */
	EXPECT_EQ(3 + IDN_LENGTH, put(self->fd, "xx\n" IDN, 3 + IDN_LENGTH));
	EXPECT_STREQ(self->idn, skel_line(self->fd));
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

/* 1023 bytes without a newline are not too long yet, one more is. */
TEST_F(channel, over_long_by_one_byte)
{
	ASSERT_EQ(SKEL_LINE_MAX - 1, put(self->fd, self->junk, SKEL_LINE_MAX - 1));
	EXPECT_EQ(-EMSGSIZE, put(self->fd, "x", 1));
	EXPECT_EQ(1, put(self->fd, "\n", 1));
	EXPECT_TRUE(in_step(self->fd, self->idn));

	ASSERT_EQ(SKEL_LINE_MAX - 1, put(self->fd, self->junk, SKEL_LINE_MAX - 1));
	EXPECT_EQ(1, put(self->fd, "\n", 1));
	EXPECT_STREQ("ERROR unknown-command", skel_line(self->fd));
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

TEST_F(channel, lines_before_an_over_long_one_count)
{
	char data[IDN_LENGTH + 2 * SKEL_LINE_MAX];

	memset(data, 'x', sizeof(data));
	memcpy(data, IDN, IDN_LENGTH);
	data[sizeof(data) - 1] = '\n';
	ASSERT_EQ(IDN_LENGTH, put(self->fd, data, sizeof(data)));
	EXPECT_STREQ(self->idn, skel_line(self->fd));
	EXPECT_EQ(-EMSGSIZE, put(self->fd, data + IDN_LENGTH, sizeof(data) - IDN_LENGTH));
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

/* Bytes of the failing call behind the newline are not taken. */
TEST_F(channel, lines_after_an_over_long_one_are_not_taken)
{
	char data[2 * SKEL_LINE_MAX + IDN_LENGTH];

	memset(data, 'x', sizeof(data));
	memcpy(data + 2 * SKEL_LINE_MAX - 1, "\n" IDN, 1 + IDN_LENGTH);
	EXPECT_EQ(-EMSGSIZE, put(self->fd, data, 2 * SKEL_LINE_MAX + IDN_LENGTH));
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

TEST_F(channel, short_buffer_gets_a_prefix)
{
	char line[SKEL_LINE_MAX];
	size_t length = strlen(self->idn);

	ASSERT_EQ(0, skel_send(self->fd, "*IDN?"));
	ASSERT_TRUE(skel_readable(self->fd, SKEL_ANSWER_MS));
	EXPECT_EQ(4, skel_err(read(self->fd, line, 4)));
	EXPECT_EQ(1, skel_err(read(self->fd, line + 4, 1)));
	EXPECT_TRUE(skel_readable(self->fd, 0));
	EXPECT_EQ(length - 4, skel_err(read(self->fd, line + 5, sizeof(line) - 5)));
	EXPECT_EQ(0, memcmp(line, self->idn, length));
	EXPECT_EQ('\n', line[length]);
	EXPECT_EQ(-EAGAIN, skel_err(read(self->fd, line, 1)));
}

TEST_F(channel, zero_bytes)
{
	char byte;

	EXPECT_EQ(0, skel_err(read(self->fd, &byte, 0)));
	EXPECT_EQ(0, skel_err(write(self->fd, &byte, 0)));
	ASSERT_EQ(0, skel_send(self->fd, "*IDN?"));
	ASSERT_TRUE(skel_readable(self->fd, SKEL_ANSWER_MS));
	EXPECT_EQ(0, skel_err(read(self->fd, &byte, 0)));
	EXPECT_STREQ(self->idn, skel_line(self->fd));
}

/* A reply is consumed only after it has reached the program. */
TEST_F(channel, read_to_bad_memory_loses_nothing)
{
	size_t page = skel_page(), length = strlen(self->idn) + 1;
	char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char line[SKEL_LINE_MAX];
	long n;

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, munmap(map + page, page));
	ASSERT_EQ(0, skel_send(self->fd, "*IDN?"));
	ASSERT_TRUE(skel_readable(self->fd, SKEL_ANSWER_MS));
	EXPECT_EQ(-EFAULT, skel_err(read(self->fd, map + page, length)));
	EXPECT_TRUE(skel_readable(self->fd, 0));

	/* Room for four bytes only: these four, or none */
	n = skel_err(read(self->fd, map + page - 4, length));
	EXPECT_TRUE(n == -EFAULT || (n > 0 && n <= 4));
	if (n < 0)
		n = 0;
	memcpy(line, map + page - 4, n);
	EXPECT_EQ(length - n, skel_err(read(self->fd, line + n, sizeof(line) - n)));
	EXPECT_EQ(0, memcmp(line, self->idn, length - 1));
}

/* Each byte that write() counted was taken, each other one was not. */
TEST_F(channel, write_from_bad_memory_takes_what_it_says)
{
	size_t page = skel_page();
	char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long n;

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, munmap(map + page, page));
	EXPECT_EQ(-EFAULT, put(self->fd, map + page, IDN_LENGTH));
	EXPECT_TRUE(in_step(self->fd, self->idn));

	/* Half a line, then nothing */
	memcpy(map + page - 3, IDN, 3);
	n = put(self->fd, map + page - 3, IDN_LENGTH);
	EXPECT_TRUE(n == -EFAULT || (n > 0 && n <= 3));
	if (n < 0)
		n = 0;
	ASSERT_EQ(0, skel_write(self->fd, &IDN[n], IDN_LENGTH - n));
	EXPECT_STREQ(self->idn, skel_line(self->fd));

	/* A whole line, then nothing */
	memcpy(map + page - IDN_LENGTH, IDN, IDN_LENGTH);
	n = put(self->fd, map + page - IDN_LENGTH, 2 * IDN_LENGTH);
	EXPECT_TRUE(n == -EFAULT || (n > 0 && n <= (long)IDN_LENGTH));
	if (n < 0)
		n = 0;
	ASSERT_EQ(0, skel_write(self->fd, &IDN[n], IDN_LENGTH - n));
	EXPECT_STREQ(self->idn, skel_line(self->fd));
	EXPECT_TRUE(in_step(self->fd, self->idn));
}

TEST_F(channel, there_is_no_file_position)
{
	char byte;

	EXPECT_EQ(-ESPIPE, skel_err(lseek(self->fd, 0, SEEK_SET)));
	EXPECT_EQ(-ESPIPE, skel_err(lseek(self->fd, 0, SEEK_CUR)));
	EXPECT_EQ(-ESPIPE, skel_err(pread(self->fd, &byte, 1, 0)));
	EXPECT_EQ(-ESPIPE, skel_err(pwrite(self->fd, &byte, 1, 0)));
}

TEST_F(channel, read_only_and_write_only_files)
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

TEST_F(channel, replies_go_to_the_channel_that_asked)
{
	int other = skel_open(O_RDWR | O_NONBLOCK);

	ASSERT_LE(0, other);
	for (int i = 0; i < 20; i++) {
		int asking = i % 2 ? other : self->fd;
		int quiet = i % 2 ? self->fd : other;

		ASSERT_EQ(0, skel_send(asking, i % 3 ? "*IDN?" : "STATUS?"));
		EXPECT_EQ(0, strncmp(i % 3 ? self->idn : "STATUS ",
				     skel_line(asking), 5));
		EXPECT_FALSE(skel_readable(quiet, 10));
	}
	/* Half a line of one is not completed by the other. */
	ASSERT_EQ(3, put(self->fd, "*ID", 3));
	ASSERT_EQ(3, put(other, "N?\n", 3));
	EXPECT_STREQ("ERROR unknown-command", skel_line(other));
	EXPECT_FALSE(skel_readable(self->fd, SKEL_SILENCE_MS));
	close(other);
}

TEST_F(channel, all_channels_in_use_is_ebusy)
{
	struct skel_info info;
	int fds[256];
	__u64 seen = 0;
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

TEST_HARNESS_MAIN
