// SPDX-License-Identifier: GPL-2.0
/*
 * A mapping of a buffer that was freed raises SIGBUS for ever, also when another
 * buffer has got the same host address since: on an edu device, if there is one,
 * or on a card that the test plays
 */
#include <sys/socket.h>

#include "../kselftest_harness.h"
#include "skel_pci.h"
#include "skel_ucard_util.h"

#define MODEL	"skel_edu"
/*
 * Before a host address comes back, all others of the channel have their turn:
 * thousands of large buffers, each some milliseconds in a debug kernel.
 */
#define TIMEOUT	900

/* One is to come back in this process, one in a child. */
enum { OWN, CHILD, BUFFERS };

FIXTURE(stale)
{
	bool played;
	struct ucard card;
	struct skel_pci pci;
	int fd;
	size_t page;
	__u64 host[BUFFERS];
	__u8 *old[BUFFERS];	/* mappings of what was freed */
};

FIXTURE_SETUP(stale)
{
	int rc;

	self->page = skel_page();
	self->card.fd = -1;
	if (skel_pci_find(MODEL, NULL, 0, &self->pci)) {
		self->played = true;
		rc = ucard_begin(&self->card, NULL);
		if (rc == -ENOENT)
			SKIP(return, "no edu device and no " UCARD_NODE);
		if (rc == -EACCES)
			SKIP(return, "must be root");
		ASSERT_EQ(0, rc);
		self->fd = ucard_open(&self->card, O_RDWR);
	} else {
		if (getuid())
			SKIP(return, "must be root");
		self->fd = skel_pci_open(&self->pci);
	}
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	for (int i = 0; i < BUFFERS; i++) {
		self->old[i] = skel_buffer(self->fd, SKEL_BOTH, self->page, &self->host[i]);
		ASSERT_NE(NULL, self->old[i]);
		skel_fill(self->old[i], self->page, i);
	}
	for (int i = 0; i < BUFFERS; i++) {
		ASSERT_EQ(0, skel_free(self->fd, self->host[i]))
			TH_LOG("buffer %d", i);
	}
}

FIXTURE_TEARDOWN(stale)
{
	close(self->fd);
	ucard_end(&self->card);
	if (!self->played)
		skel_pci_bind(&self->pci, true);
}

/*
 * Allocate and free until the next address is the first one again, and allocate
 * that. Large ones are aligned to their size: a small one before takes it along.
 */
static int go_round(int fd, __u64 first)
{
	const __u64 large = SKEL_MIB(4);
	struct skel_info info;
	__u64 host;
	int rc;

	rc = skel_info(fd, &info);
	while (!rc) {
		rc = skel_alloc(fd, SKEL_BOTH, 1, &host);
		if (rc || host == first)
			break;
		rc = skel_free(fd, host);
		/* The length that is zeroed is smaller than what it takes. */
		if (!rc)
			rc = skel_alloc(fd, SKEL_BOTH,
					(info.buffer_max < large ? info.buffer_max : large) / 2 + 1,
					&host);
		if (!rc)
			rc = skel_free(fd, host);
	}
	return rc;
}

/* Nothing comes out of it, nothing goes in, by whatever way. */
static void check_dead(struct __test_metadata *_metadata, __u8 *map)
{
	long word = 0x5a5a5a5a;

	EXPECT_EQ(SIGBUS, skel_touch(map));
	EXPECT_EQ(SIGBUS, skel_poke(map, 0x5a));
	EXPECT_EQ(-EIO, skel_self_mem(map, &word, sizeof(word), true));
	EXPECT_EQ(-EIO, skel_ptrace(map, &word, true));
	EXPECT_EQ(-EIO, skel_self_mem(map, &word, sizeof(word), false));
	EXPECT_EQ(0x5a5a5a5a, word);
	EXPECT_EQ(-EIO, skel_ptrace(map, &word, false));
}

/* Have a buffer at that address until the other end of the socket says something. */
static int own_a_buffer(int fd, __u64 wanted, int sock)
{
	const size_t page = skel_page();
	__u64 host;
	__u8 *map = skel_buffer(fd, SKEL_BOTH, page, &host);
	char byte = 0;

	if (!map || host != wanted)
		return 1;
	skel_fill(map, page, 6);
	if (write(sock, &byte, 1) != 1 || read(sock, &byte, 1) != 1)
		return 2;
	return skel_touch(map) || !skel_check(map, page, 6) ? 3 : 0;
}

TEST_F_TIMEOUT(stale, freed_mapping_stays_dead, TIMEOUT)
{
	__u8 *own, *place;
	int socks[2];
	pid_t child;
	char byte;

	for (int i = 0; i < BUFFERS; i++)
		check_dead(_metadata, self->old[i]);
	ASSERT_EQ(0, go_round(self->fd, self->host[OWN]));
	own = skel_map(self->fd, self->host[OWN], self->page);
	ASSERT_NE(NULL, own);
	skel_fill(own, self->page, 5);
	check_dead(_metadata, self->old[OWN]);
	/* It takes that along. */
	place = mmap(NULL, self->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, place);
	ASSERT_EQ(place, mremap(self->old[OWN], self->page, self->page,
				MREMAP_MAYMOVE | MREMAP_FIXED, place));
	check_dead(_metadata, place);

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(socks[0]);
		/* The parent is the one that plays the card. */
		ucard_end(&self->card);
		_exit(own_a_buffer(self->fd, self->host[CHILD], socks[1]));
	}
	close(socks[1]);
	ASSERT_EQ(1, read(socks[0], &byte, 1));
	EXPECT_EQ(-EPERM, skel_map_err(self->fd, self->host[CHILD], self->page, PROT_READ,
				       MAP_SHARED));
	check_dead(_metadata, self->old[CHILD]);

	if (self->played)
		ucard_end(&self->card);
	else
		ASSERT_EQ(0, skel_pci_bind(&self->pci, false));
	check_dead(_metadata, place);
	check_dead(_metadata, self->old[CHILD]);
	/* What is alive has lost nothing. */
	ASSERT_EQ(0, skel_touch(own));
	EXPECT_TRUE(skel_check(own, self->page, 5));
	ASSERT_EQ(1, write(socks[0], &byte, 1));
	EXPECT_EQ(0, skel_wait(child));
}

TEST_HARNESS_MAIN
