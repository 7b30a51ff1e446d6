// SPDX-License-Identifier: GPL-2.0
/*
 * Every event wakes those who wait for it, in whatever way they wait, and nobody
 * else: users of a card, and the program that plays it
 */
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "../kselftest_harness.h"
#include "skel_ucard_util.h"

/* A wake-up that is missing takes SKEL_ANSWER_MS for each way to wait. */
#define TIMEOUT		120
/* Two of these leave no room for a command in a channel, one does. */
#define LONG_LINE	800

enum way { BY_POLL, BY_EPOLL, BY_EPOLL_EDGE, BY_CALL, WAYS };

static const char * const way_names[WAYS] = { "poll", "epoll", "edge", "read or write" };

/* A thread that waits for POLLIN or POLLOUT of a file, and for nothing else */
struct sleeper {
	pthread_t thread;
	enum way way;
	int fd, epoll;
	short wanted;
	int tid, woken;
	long result;		/* events, or what the call has said */
	union {			/* what was read */
		char bytes[SKEL_UCARD_RECORD_MAX];
		struct skel_ucard_head head;
	};
};

static long sleep_by_poll(struct sleeper *sleeper)
{
	struct pollfd p = { .fd = sleeper->fd, .events = sleeper->wanted };
	int n = poll(&p, 1, -1);

	return n == 1 ? p.revents : -errno;
}

static long sleep_by_epoll(struct sleeper *sleeper)
{
	struct epoll_event event;
	int n = epoll_wait(sleeper->epoll, &event, 1, -1);

	return n == 1 ? (long)event.events : -errno;
}

static long sleep_by_call(struct sleeper *sleeper)
{
	if (sleeper->wanted == POLLIN)
		return skel_err(read(sleeper->fd, sleeper->bytes, sizeof(sleeper->bytes)));
	return skel_err(write(sleeper->fd, "\n", 1));
}

static void *sleeper_run(void *arg)
{
	struct sleeper *sleeper = arg;

	__atomic_store_n(&sleeper->tid, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	if (sleeper->way == BY_POLL)
		sleeper->result = sleep_by_poll(sleeper);
	else if (sleeper->way == BY_CALL)
		sleeper->result = sleep_by_call(sleeper);
	else
		sleeper->result = sleep_by_epoll(sleeper);
	__atomic_store_n(&sleeper->woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static bool sleeper_sleeps(struct sleeper *sleeper)
{
	return ucard_wait_asleep(sleeper->tid) &&
	       !__atomic_load_n(&sleeper->woken, __ATOMIC_SEQ_CST);
}

static int watch(int fd, __u32 events)
{
	struct epoll_event event = { .events = events };
	int epoll = skel_err(epoll_create1(EPOLL_CLOEXEC));

	if (epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	return epoll;
}

/* Returns when it sleeps. */
static bool sleeper_start(struct sleeper *sleeper, int fd, enum way way, short wanted)
{
	*sleeper = (struct sleeper) { .fd = fd, .way = way, .wanted = wanted, .epoll = -1 };
	if (way == BY_EPOLL || way == BY_EPOLL_EDGE) {
		sleeper->epoll = watch(fd, wanted | (way == BY_EPOLL_EDGE ? EPOLLET : 0));
		if (sleeper->epoll < 0)
			return false;
	}
	if (pthread_create(&sleeper->thread, NULL, sleeper_run, sleeper))
		return false;
	while (!__atomic_load_n(&sleeper->tid, __ATOMIC_SEQ_CST))
		skel_sleep_ms(1);
	return sleeper_sleeps(sleeper);
}

static void interrupt(int sig)
{
}

/*
 * What it was woken with. One that is not woken is interrupted in the end; what it
 * says then does not count, for it has looked again.
 */
static long sleeper_end(struct sleeper *sleeper)
{
	struct sigaction action = { .sa_handler = interrupt };
	int woken = 0;

	for (int i = 0; i < SKEL_ANSWER_MS && !woken; i++) {
		skel_sleep_ms(1);
		woken = __atomic_load_n(&sleeper->woken, __ATOMIC_SEQ_CST);
	}
	sigaction(SIGUSR1, &action, NULL);
	pthread_kill(sleeper->thread, SIGUSR1);
	pthread_join(sleeper->thread, NULL);
	if (sleeper->epoll >= 0)
		close(sleeper->epoll);
	return woken ? sleeper->result : -ETIMEDOUT;
}

/* A card, two of its users, and one who waits */
struct scene {
	struct ucard card;
	int users[2];
	__u64 host;		/* of a buffer of the first one */
	__u64 id;		/* of a transfer that runs */
	struct sleeper sleeper;
};

static int begin(struct scene *s, __u32 timeout)
{
	struct skel_ucard_create create;
	int rc;

	ucard_describe(&create);
	create.timeout = timeout ?: SKEL_UCARD_TIMEOUT_MAX;
	s->users[0] = -1;
	s->users[1] = -1;
	rc = ucard_begin(&s->card, &create);
	if (rc)
		return rc;
	s->users[0] = ucard_user(&s->card);
	if (s->users[0] < 0)
		return s->users[0];
	return skel_alloc(s->users[0], SKEL_BOTH, 1, &s->host);
}

static void end(struct scene *s)
{
	close(s->users[0]);
	close(s->users[1]);
	ucard_end(&s->card);
}

/* What comes before an event, and what brings it about: 0 or -errno */

static int nothing(struct scene *s)
{
	return 0;
}

static int say_something(struct scene *s)
{
	return ucard_reply(&s->card, 0, "a reply");
}

static int request_nonsense(struct scene *s)
{
	int rc = ucard_request(&s->card, 0, 0, UCARD_DIR_TOHOST, 0, 0, s->host, NULL);

	return rc == -EINVAL ? 0 : -EPROTO;
}

static int begin_transfer(struct scene *s)
{
	return ucard_request(&s->card, 0, 0, UCARD_DIR_TOHOST, 0, 1, s->host, &s->id);
}

static int complete(struct scene *s)
{
	return ucard_complete(&s->card, s->id, 1, 0);
}

static int fail(struct scene *s)
{
	return ucard_complete(&s->card, s->id, 0, 1);
}

/* The card says more than there is room for. */
static int fill_replies(struct scene *s)
{
	struct skel_info info;
	int rc;

	do {
		rc = say_something(s);
		if (!rc)
			rc = skel_info(s->users[0], &info);
	} while (!rc && !info.replies_lost);
	return rc;
}

static int read_replies(struct scene *s)
{
	return skel_drain(s->users[0], 0) > 0 ? 0 : -ENODATA;
}

static int lose_replies(struct scene *s)
{
	return fill_replies(s) ?: read_replies(s);
}

static int send_command(struct scene *s)
{
	return skel_send(s->users[0], "a command");
}

/* It is not answered. */
static int take_command(struct scene *s)
{
	union ucard_event event;

	return ucard_next(&s->card, &event) == SKEL_UCARD_COMMAND ? 0 : -EPROTO;
}

/* Commands that leave no room for another one, the last of them without its end */
static int write_commands(struct scene *s)
{
	char lines[3 * LONG_LINE];

	memset(lines, ' ', sizeof(lines));
	lines[LONG_LINE - 1] = '\n';
	lines[2 * LONG_LINE - 1] = '\n';
	return skel_write(s->users[0], lines, sizeof(lines));
}

/* They wait because the program has not read an earlier one. */
static int fill_commands(struct scene *s)
{
	int rc = send_command(s);

	if (!rc && !ucard_pending(&s->card, SKEL_ANSWER_MS))
		rc = -ETIMEDOUT;
	return rc ?: write_commands(s);
}

/* They wait because there is no room for a reply. */
static int fill_both(struct scene *s)
{
	return fill_replies(s) ?: write_commands(s);
}

static int unplug(struct scene *s)
{
	ucard_end(&s->card);
	return 0;
}

static int open_another(struct scene *s)
{
	s->users[1] = ucard_open(&s->card, O_RDWR);
	return s->users[1] < 0 ? s->users[1] : 0;
}

static int close_one(struct scene *s)
{
	int fd = s->users[0];

	s->users[0] = -1;
	return skel_err(close(fd));
}

static int ask(struct scene *s, __u16 flags, __u64 bytes)
{
	union ucard_action action;

	ucard_fill_request(&s->card, &action, flags, 0, UCARD_DIR_TOHOST, 0, bytes, s->host);
	return ucard_act(&s->card, &action);
}

static int have_result(struct scene *s)
{
	return ask(s, 0, 0);
}

static int let_expire(struct scene *s)
{
	return ask(s, SKEL_UCARD_QUIET, 1);
}

/* As many results as may wait */
static int fill_results(struct scene *s)
{
	int rc;

	do {
		rc = have_result(s);
	} while (!rc);
	return rc == -EAGAIN ? 0 : rc;
}

static int read_results(struct scene *s)
{
	union ucard_event event;

	return ucard_next(&s->card, &event) == SKEL_UCARD_RESULT ? 0 : -EPROTO;
}

FIXTURE(user)
{
	struct scene scene;
};

FIXTURE_VARIANT(user)
{
	short wanted;
	int (*prepare)(struct scene *s);
	int (*cause)(struct scene *s);
	const char *line;	/* what the user reads then, its beginning */
	bool gone;
};

FIXTURE_VARIANT_ADD(user, reply)
{
	.wanted = POLLIN, .prepare = nothing, .cause = say_something, .line = "a reply",
};

FIXTURE_VARIANT_ADD(user, refused)
{
	.wanted = POLLIN, .prepare = nothing, .cause = request_nonsense,
	.line = SKEL_CORE_MARK "REFUSED TOHOST 0x0 0x0 ",
};

FIXTURE_VARIANT_ADD(user, done)
{
	.wanted = POLLIN, .prepare = begin_transfer, .cause = complete,
	.line = SKEL_CORE_MARK "DONE TOHOST 0x0 0x1 ",
};

FIXTURE_VARIANT_ADD(user, failed)
{
	.wanted = POLLIN, .prepare = begin_transfer, .cause = fail,
	.line = SKEL_CORE_MARK "FAILED TOHOST 0x0 0x1 ",
};

FIXTURE_VARIANT_ADD(user, lost)
{
	.wanted = POLLIN, .prepare = lose_replies, .cause = say_something,
	.line = SKEL_CORE_MARK "LOST 1",
};

FIXTURE_VARIANT_ADD(user, command_taken)
{
	.wanted = POLLOUT, .prepare = fill_commands, .cause = take_command,
};

FIXTURE_VARIANT_ADD(user, replies_read)
{
	.wanted = POLLOUT, .prepare = fill_both, .cause = read_replies,
};

FIXTURE_VARIANT_ADD(user, unplug_of_a_reader)
{
	.wanted = POLLIN, .prepare = nothing, .cause = unplug, .gone = true,
};

FIXTURE_VARIANT_ADD(user, unplug_of_a_writer)
{
	.wanted = POLLOUT, .prepare = fill_commands, .cause = unplug, .gone = true,
};

FIXTURE_SETUP(user)
{
	int rc = begin(&self->scene, 0);

	if (rc == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (rc == -EACCES)
		SKIP(return, "must be root");
	ASSERT_EQ(0, rc);
}

FIXTURE_TEARDOWN(user)
{
	end(&self->scene);
}

TEST_F_TIMEOUT(user, woken_by_its_event, TIMEOUT)
{
	const long events = variant->gone ? POLLHUP | POLLERR : variant->wanted;
	struct scene *s = &self->scene;

	for (enum way way = 0; way < WAYS; way++) {
		const char *line;
		long result;

		ASSERT_EQ(0, variant->prepare(s));
		ASSERT_TRUE(sleeper_start(&s->sleeper, s->users[0], way, variant->wanted))
			TH_LOG("%s: does not wait", way_names[way]);
		/* What others are waiting for */
		ASSERT_EQ(0, variant->wanted == POLLOUT ? say_something(s) :
			     send_command(s) ?: take_command(s));
		ASSERT_TRUE(sleeper_sleeps(&s->sleeper))
			TH_LOG("%s: woken by another event", way_names[way]);
		ASSERT_EQ(0, variant->cause(s));
		result = sleeper_end(&s->sleeper);
		if (way != BY_CALL) {
			ASSERT_EQ(events, result)
				TH_LOG("%s", way_names[way]);
		} else if (variant->gone) {
			ASSERT_EQ(-ENODEV, result);
		} else {
			ASSERT_LT(0, result);
		}
		if (variant->line) {
			line = way == BY_CALL ? s->sleeper.bytes : skel_line(s->users[0]);
			EXPECT_EQ(0, strncmp(variant->line, line, strlen(variant->line)))
				TH_LOG("%s", line);
		}
		end(s);
		ASSERT_EQ(0, begin(s, 0));
	}
}

struct mover {
	pthread_t thread;
	struct ucard *card;
	struct ucard_batch moves;
	int begun;
	long result;
};

static void *move(void *arg)
{
	struct mover *mover = arg;

	__atomic_store_n(&mover->begun, 1, __ATOMIC_SEQ_CST);
	mover->result = skel_err(write(mover->card->fd, mover->moves.bytes,
				       mover->moves.length));
	return NULL;
}

/* close() waits for a copy that is under way: for five seconds, unless it is woken. */
TEST(close_is_woken_by_the_end_of_a_copy)
{
	enum { ROUNDS = 4 };
	const size_t length = SKEL_MIB(4);
	struct skel_ucard_create create;
	unsigned int slow = 0;
	struct ucard card;
	int rc;

	ucard_describe(&create);
	create.memory = length;
	create.timeout = SKEL_UCARD_TIMEOUT_MAX;
	rc = ucard_begin(&card, &create);
	if (rc == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (rc == -EACCES)
		SKIP(return, "must be root");
	ASSERT_EQ(0, rc);
	for (int round = 0; round < ROUNDS; round++) {
		struct mover mover = { .card = &card };
		union ucard_action action;
		__u64 host, id, begin;
		int user;

		user = ucard_user(&card);
		ASSERT_LE(0, user);
		ASSERT_EQ(0, skel_alloc(user, SKEL_BOTH, length, &host));
		ASSERT_EQ(0, ucard_request(&card, 0, 0, UCARD_DIR_TOHOST, 0, length, host, &id));
		ucard_fill_transfer(&action, SKEL_UCARD_MOVE, id, 0, 0);
		while (mover.moves.length < sizeof(mover.moves.bytes) / 2)
			ucard_add(&mover.moves, &action);
		ASSERT_EQ(0, pthread_create(&mover.thread, NULL, move, &mover));
		while (!__atomic_load_n(&mover.begun, __ATOMIC_SEQ_CST))
			sched_yield();
		skel_sleep_ms(1);
		begin = skel_now_ms();
		close(user);
		slow += skel_now_ms() - begin > 4000;
		pthread_join(mover.thread, NULL);
		ASSERT_EQ(mover.moves.length, mover.result);
		ASSERT_LT(0, ucard_drain(&card));
	}
	/* A machine may be as slow as that once. */
	EXPECT_GE(1, slow);
	ucard_end(&card);
}

FIXTURE(program)
{
	struct scene scene;
};

FIXTURE_VARIANT(program)
{
	short wanted;
	int (*prepare)(struct scene *s);
	int (*cause)(struct scene *s);
	int type;		/* of the event that can be read then */
	__u32 timeout;		/* of the card in ms, 0: hardly ever */
};

FIXTURE_VARIANT_ADD(program, opened)
{
	.wanted = POLLIN, .prepare = nothing, .cause = open_another, .type = SKEL_UCARD_OPENED,
};

FIXTURE_VARIANT_ADD(program, closed)
{
	.wanted = POLLIN, .prepare = nothing, .cause = close_one, .type = SKEL_UCARD_CLOSED,
};

FIXTURE_VARIANT_ADD(program, command)
{
	.wanted = POLLIN, .prepare = nothing, .cause = send_command, .type = SKEL_UCARD_COMMAND,
};

FIXTURE_VARIANT_ADD(program, result)
{
	.wanted = POLLIN, .prepare = nothing, .cause = have_result, .type = SKEL_UCARD_RESULT,
};

FIXTURE_VARIANT_ADD(program, expired)
{
	.wanted = POLLIN, .prepare = nothing, .cause = let_expire, .type = SKEL_UCARD_EXPIRED,
	.timeout = 100,
};

FIXTURE_VARIANT_ADD(program, results_read)
{
	.wanted = POLLOUT, .prepare = fill_results, .cause = read_results,
	.type = SKEL_UCARD_RESULT,
};

FIXTURE_SETUP(program)
{
	int rc = begin(&self->scene, variant->timeout);

	if (rc == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (rc == -EACCES)
		SKIP(return, "must be root");
	ASSERT_EQ(0, rc);
}

FIXTURE_TEARDOWN(program)
{
	end(&self->scene);
}

TEST_F_TIMEOUT(program, woken_by_its_event, TIMEOUT)
{
	/* write() never waits. */
	const enum way ways = variant->wanted == POLLOUT ? BY_CALL : WAYS;
	struct scene *s = &self->scene;

	for (enum way way = 0; way < ways; way++) {
		union ucard_event event;
		long result;

		ASSERT_EQ(0, variant->prepare(s));
		ASSERT_TRUE(sleeper_start(&s->sleeper, s->card.fd, way, variant->wanted))
			TH_LOG("%s: does not wait", way_names[way]);
		ASSERT_EQ(0, variant->wanted == POLLOUT ? send_command(s) : say_something(s));
		ASSERT_TRUE(sleeper_sleeps(&s->sleeper))
			TH_LOG("%s: woken by another event", way_names[way]);
		ASSERT_EQ(0, variant->cause(s));
		result = sleeper_end(&s->sleeper);
		if (way == BY_CALL) {
			ASSERT_LT(0, result);
			EXPECT_EQ(variant->type, s->sleeper.head.type);
		} else {
			ASSERT_EQ(variant->wanted, result)
				TH_LOG("%s", way_names[way]);
			EXPECT_EQ(variant->type, ucard_next(&s->card, &event));
		}
		end(s);
		ASSERT_EQ(0, begin(s, variant->timeout));
	}
}

static long wait_edge(int epoll)
{
	struct epoll_event event;
	int n = epoll_wait(epoll, &event, 1, SKEL_ANSWER_MS);

	return n == 1 ? (long)event.events : -ETIMEDOUT;
}

/* An event that read() could not deliver is there again. */
TEST(program_is_woken_by_a_read_that_fails)
{
	void *nowhere = mmap(NULL, SKEL_UCARD_RECORD_MAX, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	union ucard_event event;
	struct scene s;
	int epoll, rc;

	ASSERT_NE(MAP_FAILED, nowhere);
	rc = begin(&s, 0);
	if (rc == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (rc == -EACCES)
		SKIP(return, "must be root");
	ASSERT_EQ(0, rc);
	epoll = watch(s.card.fd, EPOLLIN | EPOLLET);
	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, send_command(&s));
	ASSERT_EQ(EPOLLIN, wait_edge(epoll));
	ASSERT_EQ(-EFAULT, skel_err(read(s.card.fd, nowhere, SKEL_UCARD_RECORD_MAX)));
	EXPECT_EQ(EPOLLIN, wait_edge(epoll));
	EXPECT_EQ(SKEL_UCARD_COMMAND, ucard_next(&s.card, &event));
	close(epoll);
	end(&s);
}

TEST(program_is_woken_by_its_card)
{
	struct skel_ucard_create create;
	int fd = ucard_open_node(O_RDWR), epoll;

	if (fd == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (fd == -EACCES)
		SKIP(return, "must be root");
	ASSERT_LE(0, fd);
	epoll = watch(fd, EPOLLOUT | EPOLLET);
	ASSERT_LE(0, epoll);
	ASSERT_EQ(EPOLLERR, wait_edge(epoll));
	ucard_describe(&create);
	ASSERT_EQ(0, ucard_create(fd, &create));
	EXPECT_EQ(EPOLLOUT, wait_edge(epoll));
	close(epoll);
	close(fd);
}

TEST_HARNESS_MAIN
