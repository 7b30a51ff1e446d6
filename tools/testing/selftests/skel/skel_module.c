// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's modules cannot be unloaded as long as anything of a card is in
 * use, however little that is, and can be as soon as nothing is.
 */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "../kselftest_harness.h"
#include "skel_test.h"

/* How a program uses the card */
enum use {
	OPENED,
	ALLOCATED,
	MAPPED,
	ONLY_MAPPED,		/* the descriptor is closed */
	ONLY_CARD_MEMORY_MAPPED,
	HALF_A_LINE,
	UNREAD_REPLY,
	RUNNING,		/* a transfer that lasts longer than the test */
	IN_READ,
	IN_FLIGHT,		/* the descriptor, in a socket */
};

FIXTURE(module)
{
	char name[64];		/* of the module that drives the card */
	long references;	/* to it, without us */
};

FIXTURE_VARIANT(module)
{
	enum use use;
};

FIXTURE_VARIANT_ADD(module, opened)
{
	.use = OPENED,
};

FIXTURE_VARIANT_ADD(module, allocated)
{
	.use = ALLOCATED,
};

FIXTURE_VARIANT_ADD(module, mapped)
{
	.use = MAPPED,
};

FIXTURE_VARIANT_ADD(module, only_mapped)
{
	.use = ONLY_MAPPED,
};

FIXTURE_VARIANT_ADD(module, only_card_memory_mapped)
{
	.use = ONLY_CARD_MEMORY_MAPPED,
};

FIXTURE_VARIANT_ADD(module, half_a_line)
{
	.use = HALF_A_LINE,
};

FIXTURE_VARIANT_ADD(module, unread_reply)
{
	.use = UNREAD_REPLY,
};

FIXTURE_VARIANT_ADD(module, running)
{
	.use = RUNNING,
};

FIXTURE_VARIANT_ADD(module, in_read)
{
	.use = IN_READ,
};

FIXTURE_VARIANT_ADD(module, in_flight)
{
	.use = IN_FLIGHT,
};

static long references(const char *module)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	return skel_read_file(path, text, sizeof(text)) ? -1 : strtol(text, NULL, 10);
}

FIXTURE_SETUP(module)
{
	struct skel_info info;
	int fd = skel_open(O_RDWR);

	if (fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, skel_info(fd, &info));
	close(fd);
	/* The name of a card is that of its module. */
	strcpy(self->name, info.name);
	if (getuid())
		SKIP(return, "must be root to unload a module");
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	self->references = references(self->name);
	if (self->references < 0)
		SKIP(return, "the driver is built in, or modules cannot be unloaded");
}

FIXTURE_TEARDOWN(module)
{
}

static int unload(const char *module)
{
	return skel_err(syscall(SYS_delete_module, module, O_NONBLOCK));
}

static void *be_in_read(void *arg)
{
	char byte;

	return (void *)read(*(int *)arg, &byte, 1);
}

TEST_F(module, is_busy)
{
	bool memory = variant->use == ONLY_CARD_MEMORY_MAPPED;
	size_t page = skel_page(), length = page;
	int fd = skel_open(O_RDWR), socks[2];
	pthread_t thread;
	void *map = NULL;
	__u64 host = 0;

	ASSERT_LE(0, fd);
	if (memory && !skel_has_memory(fd))
		SKIP(goto out, "the card's memory cannot be mapped");
	if (variant->use == RUNNING && strcmp(self->name, "skel_sim"))
		SKIP(goto out, "the card's transfers end too soon");
	if (variant->use >= ALLOCATED && variant->use <= ONLY_MAPPED)
		ASSERT_EQ(0, skel_alloc(fd, SKEL_BOTH, page, &host));
	if (variant->use == MAPPED || variant->use == ONLY_MAPPED) {
		map = skel_map(fd, host, page);
		ASSERT_NE(NULL, map);
	} else if (memory) {
		map = skel_card_memory(fd, &length);
		ASSERT_NE(NULL, map);
	}
	switch (variant->use) {
	case HALF_A_LINE:
		ASSERT_EQ(0, skel_write(fd, "*ID", 3));
		break;
	case UNREAD_REPLY:
		ASSERT_EQ(0, skel_send(fd, "*IDN?"));
		ASSERT_TRUE(skel_readable(fd, SKEL_ANSWER_MS));
		break;
	case RUNNING:
		ASSERT_EQ(0, skel_alloc(fd, SKEL_BOTH, page, &host));
		ASSERT_STREQ("OK SPEED", skel_ask(fd, "SPEED 1"));
		ASSERT_EQ(0, skel_send(fd, "TOHOST 0 %#zx %#llx", page, host));
		break;
	case IN_READ:
		ASSERT_EQ(0, pthread_create(&thread, NULL, be_in_read, &fd));
		skel_sleep_ms(50);
		break;
	case IN_FLIGHT:
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
		ASSERT_EQ(0, skel_send_fd(socks[0], fd));
		break;
	default:
		break;
	}
	if (memory || variant->use == ONLY_MAPPED || variant->use == IN_FLIGHT) {
		close(fd);
		fd = -1;
	}

	EXPECT_LT(self->references, references(self->name));
	EXPECT_EQ(-EWOULDBLOCK, unload(self->name));
	/* The core, on which that depends */
	EXPECT_EQ(-EWOULDBLOCK, unload("skel"));
	if (map) {
		EXPECT_EQ(0, skel_touch(map));
		munmap(map, length);
	}
	if (variant->use == IN_READ) {
		ASSERT_EQ(0, skel_send(fd, "*IDN?"));
		ASSERT_EQ(0, pthread_join(thread, NULL));
	}
	if (variant->use == IN_FLIGHT) {
		close(socks[0]);
		close(socks[1]);
	}
out:
	if (fd >= 0)
		close(fd);
	/* A descriptor in flight is closed by a work item. */
	for (int i = 0; i < 100 && references(self->name) != self->references; i++)
		skel_sleep_ms(20);
	EXPECT_EQ(self->references, references(self->name));
}

TEST_HARNESS_MAIN
