// SPDX-License-Identifier: GPL-2.0
/*
 * The example of Documentation/userspace-api/skel-ucard.rst does what it says:
 * ucard-echo plays a card, the tests are its users.
 */
#include <libgen.h>
#include <sys/prctl.h>

#include "../kselftest_harness.h"
#include "skel_ucard_util.h"

FIXTURE(example)
{
	pid_t program;
	char device[64];
	int fd;
	__u8 *memory;
	size_t length;
};

/* The example is beside this program. */
static void run_example(void)
{
	char self[4096], path[4200];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		_exit(1);
	self[n] = '\0';
	snprintf(path, sizeof(path), "%s/ucard-echo", dirname(self));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl(path, path, NULL);
	_exit(127);
}

FIXTURE_SETUP(example)
{
	int node = ucard_open_node(O_RDWR), out[2];
	FILE *file;

	if (node == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (node == -EACCES)
		SKIP(return, "must be root");
	ASSERT_LE(0, node);
	close(node);
	ASSERT_EQ(0, pipe(out));
	self->program = fork();
	ASSERT_LE(0, self->program);
	if (!self->program) {
		dup2(out[1], STDOUT_FILENO);
		run_example();
	}
	close(out[1]);
	file = fdopen(out[0], "r");
	ASSERT_NE(NULL, file);
	/* It says so when it is ready. */
	ASSERT_EQ(1, fscanf(file, "%63s", self->device));
	fclose(file);
	self->fd = skel_err(open(self->device, O_RDWR | O_CLOEXEC));
	ASSERT_LE(0, self->fd);
	self->memory = skel_card_memory(self->fd, &self->length);
	ASSERT_NE(NULL, self->memory);
}

FIXTURE_TEARDOWN(example)
{
	close(self->fd);
	EXPECT_EQ(0, kill(self->program, SIGTERM));
	EXPECT_EQ(128 + SIGTERM, skel_wait(self->program));
	EXPECT_EQ(-ENOENT, skel_err(open(self->device, O_RDWR | O_CLOEXEC)));
}

TEST_F(example, identity_and_echo)
{
	char line[SKEL_LINE_MAX];

	EXPECT_STREQ("example,ucard-echo,0,1", skel_ask(self->fd, "*IDN?"));
	EXPECT_STREQ("hello", skel_ask(self->fd, "hello"));
	EXPECT_STREQ("", skel_ask(self->fd, "%s", ""));
	EXPECT_STREQ("TOHOST 1 2", skel_ask(self->fd, "TOHOST 1 2"));
	memset(line, 'x', sizeof(line));
	line[SKEL_LINE_MAX - 1] = '\0';
	EXPECT_STREQ(line, skel_ask(self->fd, "%s", line));
}

TEST_F(example, transfers)
{
	const size_t page = skel_page();
	__u64 host;
	__u8 *buffer = skel_buffer(self->fd, SKEL_BOTH, self->length, &host);

	ASSERT_NE(NULL, buffer);
	EXPECT_EQ(65536, self->length);
	EXPECT_STREQ("what the card has measured", (char *)self->memory);
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "TOHOST", 0, 27, host));
	EXPECT_STREQ("what the card has measured", (char *)buffer);
	EXPECT_TRUE(skel_all(buffer + 27, self->length - 27, 0));
	skel_fill(buffer, self->length, 1);
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "FROMHOST", page, 100, host + 50));
	EXPECT_EQ(0, memcmp(self->memory + page, buffer + 50, 100));
	EXPECT_STREQ("DONE", skel_transfer(self->fd, "FROMHOST", 0, self->length, host));
	EXPECT_TRUE(skel_check(self->memory, self->length, 1));
	EXPECT_STREQ("REFUSED card-address",
		     skel_transfer(self->fd, "TOHOST", self->length, 1, host));
	EXPECT_STREQ("REFUSED host-address", skel_transfer(self->fd, "TOHOST", 0, 1, 0));
	EXPECT_STREQ("REFUSED length", skel_transfer(self->fd, "TOHOST", 0, 0, host));
}

TEST_F(example, several_users)
{
	int fds[4] = { self->fd };

	for (int i = 1; i < 4; i++) {
		fds[i] = skel_err(open(self->device, O_RDWR | O_CLOEXEC));
		ASSERT_LE(0, fds[i]);
	}
	EXPECT_EQ(-EBUSY, skel_err(open(self->device, O_RDWR | O_CLOEXEC)));
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, skel_send(fds[i], "I am %d", i));
	for (int i = 3; i >= 0; i--) {
		char line[16];

		snprintf(line, sizeof(line), "I am %d", i);
		EXPECT_STREQ(line, skel_line(fds[i]));
		if (i)
			close(fds[i]);
	}
}

TEST_HARNESS_MAIN
