// SPDX-License-Identifier: GPL-2.0
/*
 * A user dies at each stage of a command and of a transfer, by a signal, for want
 * of memory, or by exit(), with or without threads inside system calls.
 * Whoever opens the card next finds a clean channel, the card hears of the death,
 * and all memory comes back.
 *
 * SKEL_DEATH_ROUNDS is how often (default 80).
 */
#include <pthread.h>
#include <sys/prctl.h>

#include "../kselftest_harness.h"
#include "skel_cgroup.h"
#include "skel_ucard_util.h"

#define TIMEOUT	3600
#define LENGTH	SKEL_KIB(256)
/* Other things come and go as well; a leak in each round is far more than that. */
#define NOISE_KB	(8 * 1024)

/* How far it has come when its user dies */
enum stage {
	OPENED,
	MAPPED,
	COMMAND_SENT,
	COMMAND_READ,
	GRANTED,
	MOVED,
	MOVING,			/* that is: the kernel is copying */
	COMPLETED,
	STAGES,
};

static const char * const stages[] = {
	"opened", "mapped", "command sent", "command read", "granted", "moved", "moving",
	"completed",
};

/* What the user tells the card's program */
struct user {
	__u64 host;
	int ready;		/* 1, or -errno */
	bool die;
};

FIXTURE(death)
{
	struct ucard card;
	struct user *user;
	struct skel_cgroup group;
	unsigned int rounds;
};

FIXTURE_VARIANT(death)
{
	bool threads;		/* of the user, all of them in system calls */
	bool oom;		/* killed for want of memory, by a limit of its cgroup */
	int sig;		/* 0: it exits */
};

FIXTURE_VARIANT_ADD(death, by_kill)
{
	.sig = SIGKILL,
};

FIXTURE_VARIANT_ADD(death, by_kill_with_threads_inside)
{
	.threads = true,
	.sig = SIGKILL,
};

FIXTURE_VARIANT_ADD(death, by_oom)
{
	.oom = true,
	.sig = SIGKILL,
};

FIXTURE_VARIANT_ADD(death, by_oom_with_threads_inside)
{
	.oom = true,
	.threads = true,
	.sig = SIGKILL,
};

FIXTURE_VARIANT_ADD(death, by_exit)
{
	.sig = 0,
};

FIXTURE_VARIANT_ADD(death, by_exit_with_threads_inside)
{
	.threads = true,
	.sig = 0,
};

FIXTURE_SETUP(death)
{
	const char *rounds = getenv("SKEL_DEATH_ROUNDS");
	struct skel_ucard_create create;
	int rc;

	ucard_describe(&create);
	create.memory = LENGTH;
	create.channels = 1;
	/* Nobody is saved by a timeout. */
	create.timeout = SKEL_UCARD_TIMEOUT_MAX;
	rc = ucard_begin(&self->card, &create);
	if (rc == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (rc == -EACCES)
		SKIP(return, "must be root");
	ASSERT_EQ(0, rc);
	self->user = mmap(NULL, sizeof(*self->user), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->user);
	self->rounds = rounds ? strtoul(rounds, NULL, 0) : 80;
	if (!variant->oom)
		return;
	rc = skel_cgroup_make(&self->group);
	if (rc == -ENODEV)
		SKIP(return, "the kernel has no memory cgroups (version 2)");
	ASSERT_EQ(0, rc);
}

FIXTURE_TEARDOWN(death)
{
	if (self->group.path[0])
		skel_cgroup_remove(&self->group);
	ucard_end(&self->card);
}

static int user_fd;

static void *be_in_read(void *arg)
{
	char byte;

	return (void *)read(user_fd, &byte, 1);
}

static void *be_in_poll(void *arg)
{
	struct pollfd p = { .fd = user_fd, .events = POLLPRI };

	return (void *)(long)poll(&p, 1, -1);
}

static void *be_in_alloc(void *arg)
{
	for (;;) {
		__u64 host;

		if (!skel_alloc(user_fd, SKEL_BOTH, 1, &host))
			skel_free(user_fd, host);
	}
	return NULL;
}

static void *be_in_mmap(void *arg)
{
	struct user *user = arg;

	for (;;) {
		void *map = skel_map(user_fd, user->host, LENGTH);

		if (map)
			munmap(map, LENGTH);
	}
	return NULL;
}

/* Get as far as the stage wants it, then wait for the end. */
static int live(const struct ucard *card, struct user *user, enum stage stage, bool threads)
{
	void *(* const jobs[])(void *) = { be_in_read, be_in_poll, be_in_alloc, be_in_mmap };
	void *map = NULL;
	int rc = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	user_fd = ucard_open(card, O_RDWR);
	if (user_fd < 0)
		rc = user_fd;
	if (!rc && stage >= MAPPED) {
		map = skel_buffer(user_fd, SKEL_BOTH, LENGTH, &user->host);
		rc = map ? 0 : -errno;
	}
	if (!rc && stage >= COMMAND_SENT)
		rc = skel_send(user_fd, "the last command");
	/* The second one waits for the program to read the first. */
	if (!rc && stage >= COMMAND_SENT)
		rc = skel_send(user_fd, "one more, and half a line");
	if (!rc && stage >= COMMAND_SENT)
		rc = skel_write(user_fd, "half", 4);
	for (size_t i = 0; !rc && threads && i < ARRAY_SIZE(jobs); i++) {
		pthread_t thread;

		/* There is nothing yet that could be mapped. */
		if (stage >= MAPPED || jobs[i] != be_in_mmap)
			rc = -pthread_create(&thread, NULL, jobs[i], user);
	}
	__atomic_store_n(&user->ready, rc ?: 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&user->die, __ATOMIC_ACQUIRE))
		usleep(100);
	return 0;
}

struct mover {
	pthread_t thread;
	const struct ucard *card;
	struct ucard_batch batch;
	bool begun;
};

/* The user dies in the middle of this. */
static void *move(void *arg)
{
	struct mover *mover = arg;

	__atomic_store_n(&mover->begun, true, __ATOMIC_RELEASE);
	return (void *)write(mover->card->fd, mover->batch.bytes, mover->batch.length);
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
static int wait_for_event(struct ucard *card, int type, union ucard_event *event)
{
	for (int i = 0; i < 8; i++) {
		int got = ucard_next(card, event);

		if (got == type || got < 0)
			return got < 0 ? got : 0;
	}
	return -EPROTO;
}

TEST_F_TIMEOUT(death, at_each_stage, TIMEOUT)
{
	struct user *user = self->user;
	struct ucard *card = &self->card;
	long memory = 0, slab = 0;
	union ucard_event event;
	struct skel_info info;

	for (unsigned int round = 0; round < self->rounds; round++) {
		const enum stage stage = round % STAGES;
		struct mover mover = { .card = card };
		union ucard_action action;
		__u64 id = 0, host;
		__u32 opening;
		__u8 *map;
		pid_t pid;
		int fd, rc;

		/* Caches are warm now. */
		if (round == 2 * STAGES) {
			memory = skel_meminfo_kb("MemAvailable:");
			slab = skel_meminfo_kb("SUnreclaim:");
		}
		memset(user, 0, sizeof(*user));
		memset(card->memory, 'c', LENGTH);
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			if (variant->oom && skel_cgroup_enter(&self->group))
				_exit(1);
			_exit(live(card, user, stage, variant->threads));
		}
		ASSERT_TRUE(wait_for(&user->ready))
			TH_LOG("%s: %d", stages[stage], user->ready);
		if (stage >= COMMAND_READ)
			ASSERT_EQ(0, wait_for_event(card, SKEL_UCARD_COMMAND, &event));
		if (stage == OPENED || stage == MAPPED)
			ASSERT_EQ(0, wait_for_event(card, SKEL_UCARD_OPENED, &event));
		/* In the other stage the program has not even heard of the user. */
		opening = card->opening[0];
		if (stage >= GRANTED)
			ASSERT_EQ(0, wait_for_event(card, SKEL_UCARD_COMMAND, &event));
		if (stage >= GRANTED)
			ASSERT_EQ(0, ucard_request(card, 0, 0, UCARD_DIR_TOHOST, 0, LENGTH,
						   user->host, &id));
		if (stage == MOVED || stage == COMPLETED)
			ASSERT_EQ(0, ucard_move(card, id));
		if (stage == COMPLETED)
			ASSERT_EQ(0, ucard_complete(card, id, LENGTH, 0));
		if (stage == MOVING) {
			ucard_fill_transfer(&action, SKEL_UCARD_MOVE, id, 0, 0);
			action.head.flags = SKEL_UCARD_QUIET;
			while (mover.batch.length < 300 * sizeof(action.transfer))
				ucard_add(&mover.batch, &action);
			ASSERT_EQ(0, pthread_create(&mover.thread, NULL, move, &mover));
			while (!__atomic_load_n(&mover.begun, __ATOMIC_ACQUIRE))
				usleep(10);
			usleep(round % 7 * 300);
		}

		__atomic_store_n(&user->die, !variant->sig, __ATOMIC_RELEASE);
		if (variant->oom)
			rc = skel_cgroup_limit(&self->group, "0");
		else
			rc = kill(pid, variant->sig);
		ASSERT_EQ(0, rc);
		ASSERT_EQ(variant->sig ? 128 + variant->sig : 0, skel_wait(pid));

		if (variant->oom)
			ASSERT_EQ(0, skel_cgroup_limit(&self->group, "max"));

		/* The same channel, and nothing of the dead in it */
		fd = ucard_open(card, O_RDWR | O_NONBLOCK);
		ASSERT_LE(0, fd)
			TH_LOG("after %s", stages[stage]);
		ASSERT_EQ(0, skel_info(fd, &info));
		EXPECT_EQ(0, info.channel);
		EXPECT_EQ(0, info.buffers | info.buffer_bytes | info.pending);
		EXPECT_EQ(0, info.granted | info.refused | info.failed | info.replies_lost);
		EXPECT_FALSE(skel_readable(fd, 0));
		map = skel_buffer(fd, SKEL_BOTH, LENGTH, &host);
		ASSERT_NE(NULL, map);
		EXPECT_TRUE(skel_all(map, LENGTH, 0));
		if (stage == MOVING)
			ASSERT_EQ(0, pthread_join(mover.thread, NULL));
		/* Too late for the dead, and nothing for the living */
		ASSERT_LE(0, ucard_drain(card));
		if (stage >= GRANTED) {
			EXPECT_EQ(-ENOENT, ucard_move(card, id));
			EXPECT_EQ(-ENOENT, ucard_complete(card, id, LENGTH, 0));
		}
		EXPECT_NE(opening, card->opening[0]);
		EXPECT_TRUE(skel_all(map, LENGTH, 0))
			TH_LOG("after %s", stages[stage]);
		EXPECT_FALSE(skel_readable(fd, 0));
		/* Half a line of the dead is not the beginning of another. */
		EXPECT_EQ(0, ucard_command(card, fd, "the first command"))
			TH_LOG("after %s", stages[stage]);
		EXPECT_EQ(0, skel_free(fd, host));
		munmap(map, LENGTH);
		close(fd);
		ASSERT_EQ(0, wait_for_event(card, SKEL_UCARD_CLOSED, &event));
	}

	/* What is freed after a grace period may take a moment. */
	for (int i = 0; i < 50; i++) {
		if (memory - skel_meminfo_kb("MemAvailable:") < NOISE_KB)
			break;
		skel_sleep_ms(100);
	}
	TH_LOG("%u deaths, MemAvailable %ld -> %ld kB, SUnreclaim %ld -> %ld kB", self->rounds,
	       memory, skel_meminfo_kb("MemAvailable:"), slab, skel_meminfo_kb("SUnreclaim:"));
	EXPECT_GT(NOISE_KB, memory - skel_meminfo_kb("MemAvailable:"));
	EXPECT_GT(NOISE_KB, skel_meminfo_kb("SUnreclaim:") - slab);
}

TEST_HARNESS_MAIN
