// SPDX-License-Identifier: GPL-2.0
/*
 * Structured noise: several threads share files and mappings of several cards
 * (the simulated one, and two that a thread of this program plays) and do at
 * random whatever the API offers, with arguments that are often nearly right.
 *
 * Reported as wrong: an errno that the documentation does not list for the call, an
 * ioctl that writes behind its structure, a call that does not return, a change
 * of memory that belongs to none of them, and a card that does not work for
 * the next user afterwards. The rest is what the kernel's detectors find.
 *
 * In the environment, SKEL_FUZZ_SECONDS is how long it goes on (default 20),
 * SKEL_FUZZ_THREADS how many threads there are (default 4). Each thread's sequence
 * follows from SKEL_RACE_SEED; with one thread, and SKEL_FUZZ_STEPS instead of a
 * time, a run can be repeated step by step.
 */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "../kselftest_harness.h"
#include "skel_ucard_util.h"
#include "skel_util.h"

#define TIMEOUT		7200
#define THREADS_MAX	16
#define FILES		8
#define HOSTS		16
#define ARENA		SKEL_MIB(1)	/* addresses of one thread for its mappings */
#define CANARY		0x5d
#define CARDS		3		/* two of ours */

struct world {
	int files[FILES];		/* -1: none; any thread may close them */
	pthread_rwlock_t table;		/* see put() */
	__u64 hosts[HOSTS];
	int socks[2];
	char nodes[CARDS][32];
	struct ucard cards[2];
	__u64 deadline;
	unsigned long steps_max;	/* 0: as long as there is time */
	bool stop;
	char what[160];			/* the first thing that went wrong */
	unsigned long wrong;
};

struct fuzzer {
	pthread_t thread;
	struct world *world;
	unsigned int seed;
	unsigned long steps, good, bad;
	const char *doing;
	__u8 *arena;
};

FIXTURE(fuzz)
{
	struct world world;
	__u8 *bystander;
};

static bool plug(struct world *w, int i)
{
	struct skel_ucard_create create;

	ucard_describe(&create);
	create.timeout = 50;
	create.channels = 4;
	if (ucard_begin(&w->cards[i], &create))
		return false;
	fcntl(w->cards[i].fd, F_SETFL, O_RDWR | O_NONBLOCK);
	snprintf(w->nodes[1 + i], sizeof(w->nodes[1 + i]), "/dev/skel%d", w->cards[i].index);
	return true;
}

FIXTURE_SETUP(fuzz)
{
	struct world *w = &self->world;
	int fd = ucard_open_node(O_RDWR);

	UCARD_OR_SKIP(return, fd);
	close(fd);
	/* Limits shall be met, and not be those of the machine. */
	ASSERT_EQ(0, skel_memlock(SKEL_MIB(16)));
	snprintf(w->nodes[0], sizeof(w->nodes[0]), "%s", skel_device());
	for (int i = 0; i < 2; i++)
		ASSERT_TRUE(plug(w, i));
	pthread_rwlock_init(&w->table, NULL);
	for (int i = 0; i < FILES; i++)
		w->files[i] = -1;
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, w->socks));
	self->bystander = mmap(NULL, SKEL_MIB(1), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->bystander);
	memset(self->bystander, CANARY, SKEL_MIB(1));
}

FIXTURE_TEARDOWN(fuzz)
{
	for (int i = 0; i < 2; i++)
		ucard_end(&self->world.cards[i]);
}

__printf(2, 3)
static void wrong(struct fuzzer *f, const char *format, ...)
{
	struct world *w = f->world;
	int length;
	va_list ap;

	if (__atomic_fetch_add(&w->wrong, 1, __ATOMIC_RELAXED))
		return;
	length = snprintf(w->what, sizeof(w->what), "step %lu, %s: ", f->steps, f->doing);
	va_start(ap, format);
	vsnprintf(w->what + length, sizeof(w->what) - length, format, ap);
	va_end(ap);
}

static __u32 below(struct fuzzer *f, __u32 end)
{
	return rand_r(&f->seed) % end;
}

static __u64 nearly(struct fuzzer *f, __u64 right)
{
	switch (below(f, 24)) {
	case 0:
		return (__u64)rand_r(&f->seed) << 33 ^ rand_r(&f->seed);
	case 1:
		return right ^ 1ULL << below(f, 64);
	case 2:
		return right + below(f, 16) - 8;
	case 3:
		return -right;
	default:
		return right;
	}
}

static int any_file(struct fuzzer *f)
{
	return __atomic_load_n(&f->world->files[below(f, FILES)], __ATOMIC_RELAXED);
}

static __u64 any_host(struct fuzzer *f)
{
	return __atomic_load_n(&f->world->hosts[below(f, HOSTS)], __ATOMIC_RELAXED);
}

static size_t any_length(struct fuzzer *f)
{
	return nearly(f, skel_page() << below(f, 5));
}

/* Is the result one of those that the documentation lists? The array ends with 0. */
static void expect(struct fuzzer *f, long rc, const int *errors)
{
	f->good += rc >= 0;
	f->bad += rc < 0;
	/* There is no file in that place, or it was not opened for that. */
	if (rc >= 0 || rc == -EBADF)
		return;
	for (; *errors; errors++)
		if (-rc == *errors)
			return;
	wrong(f, "%s", strerror(-rc));
}

/*
 * Put a file (-1: none) in a place and close what was there. All users of files
 * hold the lock for reading: were a number closed and used again meanwhile, for
 * a file of /proc or that of a card's program, noise would get into that.
 */
static void put(struct fuzzer *f, int fd)
{
	struct world *w = f->world;
	unsigned int place = below(f, FILES);

	pthread_rwlock_wrlock(&w->table);
	fd = __atomic_exchange_n(&w->files[place], fd, __ATOMIC_ACQ_REL);
	if (fd >= 0)
		close(fd);
	pthread_rwlock_unlock(&w->table);
}

static void do_open(struct fuzzer *f)
{
	static const int errors[] = { EBUSY, ENODEV, ENOENT, ENOMEM, 0 };
	int fd = skel_err(open(f->world->nodes[below(f, CARDS)],
			       (below(f, 8) ? O_RDWR : below(f, 3)) | O_NONBLOCK | O_CLOEXEC));

	expect(f, fd, errors);
	if (fd >= 0)
		put(f, fd);
}

static void do_close(struct fuzzer *f)
{
	put(f, -1);
}

static void do_dup(struct fuzzer *f)
{
	int fd;

	pthread_rwlock_rdlock(&f->world->table);
	fd = fcntl(any_file(f), F_DUPFD_CLOEXEC, 0);
	pthread_rwlock_unlock(&f->world->table);
	if (fd >= 0)
		put(f, fd);
}

/* To itself, over a socket: two of them in one message queue at times */
static void do_pass(struct fuzzer *f)
{
	int fd = any_file(f);

	if (fd >= 0 && below(f, 2))
		skel_send_fd(f->world->socks[0], fd);
	fd = skel_recv_fd(f->world->socks[1]);
	if (fd >= 0)
		close(fd);
}

union ioctl_arg {
	__u8 bytes[512];
	__u32 size;
	struct skel_info info;
	struct skel_region_info region;
	struct skel_alloc alloc;
	struct skel_free free;
	struct skel_sync sync;
};

/* What is known of the structure is @known bytes long. */
static void fill_ioctl(struct fuzzer *f, union ioctl_arg *arg, __u32 nr, __u32 known)
{
	memset(arg, CANARY, sizeof(*arg));
	memset(arg, 0, known);
	arg->size = nearly(f, known);
	/* Longer than known, and all of it zero, is right. */
	if (below(f, 8) == 0) {
		arg->size = known + below(f, 64);
		memset(arg->bytes + known, 0, arg->size - known);
	}
	switch (nr) {
	case 1:
		arg->region.index = nearly(f, 0);
		break;
	case 2:
		arg->alloc.flags = below(f, 16) ? 1 + below(f, 3) : nearly(f, 1);
		arg->alloc.length = any_length(f);
		break;
	case 3:
		arg->free.host_addr = nearly(f, any_host(f));
		break;
	case 4:
		arg->sync.flags = 1 + below(f, 3);
		arg->sync.host_addr = nearly(f, any_host(f));
		arg->sync.length = any_length(f);
		break;
	}
}

/* Nothing behind the structure may change, whatever size it says it has. */
static void do_ioctl(struct fuzzer *f)
{
	static const int errors[] = {
		EINVAL, E2BIG, EOPNOTSUPP, EFAULT, ENODEV, ENOTTY, ENOMEM, ENOSPC, EBUSY,
		ENOENT, 0
	};
	static const __u32 sizes[] = {
		sizeof(struct skel_info), sizeof(struct skel_region_info),
		sizeof(struct skel_alloc), sizeof(struct skel_free), sizeof(struct skel_sync),
	};
	const __u32 pick = below(f, 6), nr = pick < ARRAY_SIZE(sizes) ? pick : 0;
	const __u32 known = sizes[nr];
	unsigned int cmd = below(f, 16) ? _IO(SKEL_IOC_TYPE, pick) : nearly(f, SKEL_IOC_ALLOC);
	union ioctl_arg arg;
	__u32 size;
	long rc;

	fill_ioctl(f, &arg, nr, known);
	size = arg.size;
	if (below(f, 16) == 0)
		arg.bytes[4 + below(f, known - 4)] ^= 1 << below(f, 8);
	rc = skel_err(ioctl(any_file(f), cmd,
			    below(f, 64) ? &arg : (void *)(uintptr_t)nearly(f, 1)));
	expect(f, rc, errors);
	/* Whatever the size, the kernel knows no more than that. */
	if (!skel_all(arg.bytes + 256, sizeof(arg) - 256, CANARY) ||
	    (size >= known && size < 256 && !skel_all(arg.bytes + size, 256 - size, CANARY)) ||
	    (size > known && size < 256 && !rc && cmd == _IO(SKEL_IOC_TYPE, nr) &&
	     !skel_all(arg.bytes + known, size - known, 0)))
		wrong(f, "ioctl %u wrote behind its %u bytes", nr, size);
	if (!rc && cmd == SKEL_IOC_ALLOC)
		__atomic_store_n(&f->world->hosts[below(f, HOSTS)], arg.alloc.host_addr,
				 __ATOMIC_RELAXED);
}

static void do_write(struct fuzzer *f)
{
	static const int errors[] = { EAGAIN, EFAULT, EMSGSIZE, ENODEV, 0 };
	char bytes[3000];
	size_t length;

	switch (below(f, 8)) {
	case 0:
		length = below(f, sizeof(bytes));
		for (size_t i = 0; i < length; i++)
			bytes[i] = rand_r(&f->seed) >> 8;
		break;
	case 1:
		length = snprintf(bytes, sizeof(bytes), "*IDN?\nSPEED %u\n",
				  1 << below(f, 30));
		break;
	case 2:		/* half a line */
		length = snprintf(bytes, sizeof(bytes), "TOHOST 0 ");
		break;
	default:
		length = snprintf(bytes, sizeof(bytes), "%s %#llx %#zx %#llx\n",
				  below(f, 2) ? "TOHOST" : "FROMHOST", nearly(f, 0),
				  any_length(f), nearly(f, any_host(f)));
		break;
	}
	expect(f, skel_err(write(any_file(f), below(f, 64) ? bytes : (void *)8, length)), errors);
}

static void do_read(struct fuzzer *f)
{
	static const int errors[] = { EAGAIN, EFAULT, ENODEV, 0 };
	char bytes[4096];
	struct iovec iov[] = {
		{ .iov_base = bytes, .iov_len = below(f, 100) },
		{ .iov_base = below(f, 64) ? bytes + 100 : (void *)8, .iov_len = below(f, 3000) },
	};

	expect(f, skel_err(readv(any_file(f), iov, 1 + below(f, 2))), errors);
}

static void do_poll(struct fuzzer *f)
{
	struct pollfd p[3];

	for (int i = 0; i < 3; i++)
		p[i] = (struct pollfd) { .fd = any_file(f), .events = rand_r(&f->seed) };
	poll(p, 3, below(f, 2));
}

/* At a place in the thread's own arena, whatever is there */
static void do_mmap(struct fuzzer *f)
{
	static const int errors[] = {
		EINVAL, EPERM, EACCES, ENXIO, ENODEV, ENOMEM, EOVERFLOW, EAGAIN, 0
	};
	const size_t page = skel_page();
	const size_t at = below(f, ARENA / page) * page;
	size_t length = (1 + below(f, 16)) * page;
	__u64 offset = below(f, 4) ? any_host(f) : below(f, 3) * page;
	const int fd = any_file(f);
	void *map;

	if (below(f, 4) == 0)
		offset = nearly(f, offset) & ~(page - 1);
	if (length > ARENA - at)
		length = ARENA - at;
	if (fd < 0)
		return;
	map = mmap(f->arena + at, length, below(f, 8) ? PROT_READ | PROT_WRITE : below(f, 8),
		   (below(f, 16) ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED, fd, offset);
	expect(f, map == MAP_FAILED ? -errno : 0, errors);
}

/* Split, move, protect, advise, unmap: a piece of the arena that may be anything */
static void do_remap(struct fuzzer *f)
{
	const size_t page = skel_page();
	const size_t length = (1 + below(f, 8)) * page;
	__u8 *from = f->arena + below(f, (ARENA - length) / page) * page;
	__u8 *to = f->arena + below(f, (ARENA - length) / page) * page;

	switch (below(f, 5)) {
	case 0:
		munmap(from, length);
		break;
	case 1:
		mprotect(from, length, below(f, 4));
		break;
	case 2:
		mremap(from, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, to);
		break;
	case 3:
		madvise(from, length, below(f, 25));
		break;
	default:
		mmap(from, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
		     MAP_FIXED, -1, 0);
		break;
	}
}

static void do_touch(struct fuzzer *f)
{
	for (int i = 0; i < 8; i++) {
		__u8 *at = f->arena + below(f, ARENA);
		__u8 value;

		if (below(f, 2))
			skel_peek(at, &value);
		else
			skel_poke(at, CANARY);
		if (i == 7)
			skel_self_mem(at, &value, 1, below(f, 2));
	}
}

static void do_info(struct fuzzer *f)
{
	int fd = any_file(f);

	if (fd >= 0)
		skel_fdinfo(fd, "skel-memory:");
	lseek(fd, nearly(f, 0), SEEK_SET);
}

static void do_fork(struct fuzzer *f)
{
	pid_t pid;

	if (below(f, 16))
		return;
	pid = fork();
	if (!pid) {
		do_ioctl(f);
		do_mmap(f);
		do_touch(f);
		_exit(0);
	}
	if (pid > 0 && skel_wait(pid))
		wrong(f, "the child has died");
}

static const struct {
	const char *name;
	unsigned int weight;
	void (*act)(struct fuzzer *f);
	bool locks;		/* the table of files, by itself or not at all */
} acts[] = {
	{ "open", 6, do_open, true }, { "close", 3, do_close, true },
	{ "dup", 2, do_dup, true }, { "pass", 1, do_pass }, { "ioctl", 30, do_ioctl },
	{ "write", 15, do_write }, { "read", 8, do_read }, { "poll", 3, do_poll },
	{ "mmap", 15, do_mmap }, { "remap", 10, do_remap, true },
	{ "touch", 10, do_touch, true }, { "info", 2, do_info }, { "fork", 1, do_fork },
};

static bool goes_on(struct fuzzer *f)
{
	struct world *w = f->world;

	if (__atomic_load_n(&w->stop, __ATOMIC_RELAXED) ||
	    __atomic_load_n(&w->wrong, __ATOMIC_RELAXED))
		return false;
	return w->steps_max ? f->steps < w->steps_max : skel_now_ms() < w->deadline;
}

static void *fuzz(void *arg)
{
	struct fuzzer *f = arg;
	unsigned int sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
		sum += acts[i].weight;
	for (; goes_on(f); f->steps++) {
		unsigned int pick = below(f, sum);
		size_t i = 0;

		while (pick >= acts[i].weight)
			pick -= acts[i++].weight;
		f->doing = acts[i].name;
		if (!acts[i].locks)
			pthread_rwlock_rdlock(&f->world->table);
		acts[i].act(f);
		if (!acts[i].locks)
			pthread_rwlock_unlock(&f->world->table);
	}
	return NULL;
}

/* The cards do nearly what they should; now and then one is unplugged. */
static void *play(void *arg)
{
	struct fuzzer *f = arg;
	union ucard_action action;

	for (f->doing = "play"; goes_on(f); f->steps++) {
		struct ucard *card = &f->world->cards[f->steps % 2];
		int rc;

		if (below(f, 2000) == 0) {
			ucard_end(card);
			if (!plug(f->world, f->steps % 2))
				wrong(f, "no new card");
			continue;
		}
		/* What was there a moment ago may have expired, or gone with its user. */
		rc = ucard_drain(card);
		if (rc < 0 && rc != -EAGAIN)
			wrong(f, "events: %s", strerror(-rc));
		switch (below(f, 4)) {
		case 0:
			ucard_fill_reply(card, &action, below(f, 5), "answer\n", 7);
			break;
		case 1:
			ucard_fill_transfer(&action, SKEL_UCARD_MOVE + below(f, 2),
					    nearly(f, (__u64)f->steps << 16), 0, 0);
			break;
		default:
			ucard_fill_request(card, &action, below(f, 4), below(f, 5), below(f, 2),
					   nearly(f, 0), any_length(f), nearly(f, any_host(f)));
			break;
		}
		if (below(f, 16) == 0)
			action.bytes[below(f, 56)] ^= 1 << below(f, 8);
		rc = skel_err(write(card->fd, &action, action.head.length % sizeof(action)));
		if (rc < 0 && rc != -EINVAL && rc != -EOPNOTSUPP && rc != -EAGAIN)
			wrong(f, "write: %s", strerror(-rc));
		/* Leave some time to its users. */
		usleep(100);
	}
	return NULL;
}

/* All threads, until the end; how many could be started and have come back */
static unsigned long run(struct world *w, struct fuzzer *fuzzers, unsigned long threads,
			 unsigned long seconds)
{
	struct timespec patience;
	unsigned long i;

	w->deadline = skel_now_ms() + 1000 * seconds;
	for (i = 0; i <= threads; i++) {
		if (pthread_create(&fuzzers[i].thread, NULL, i < threads ? fuzz : play,
				   &fuzzers[i]))
			return 0;
	}
	/* A thread that does not come back in time hangs. */
	clock_gettime(CLOCK_REALTIME, &patience);
	patience.tv_sec += (w->steps_max ? TIMEOUT : seconds) + 60;
	for (i = 0; i <= threads; i++) {
		if (i == threads)
			__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
		if (pthread_timedjoin_np(fuzzers[i].thread, NULL, &patience)) {
			fprintf(stderr, "# thread %lu hangs in %s\n", i, fuzzers[i].doing);
			break;
		}
	}
	return i;
}

TEST_F_TIMEOUT(fuzz, threads_over_cards, TIMEOUT)
{
	const unsigned int seed = skel_seed();
	unsigned long threads = skel_env("SKEL_FUZZ_THREADS", 4), steps = 0, good = 0, bad = 0;
	struct fuzzer fuzzers[THREADS_MAX + 1] = { 0 };
	struct world *w = &self->world;

	threads = threads < THREADS_MAX ? threads : THREADS_MAX;
	w->steps_max = skel_env("SKEL_FUZZ_STEPS", 0);
	TH_LOG("SKEL_RACE_SEED=%u SKEL_FUZZ_THREADS=%lu", seed, threads);
	for (unsigned long i = 0; i <= threads; i++) {
		fuzzers[i] = (struct fuzzer) { .world = w, .seed = seed + i };
		fuzzers[i].arena = mmap(NULL, ARENA, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
					MAP_NORESERVE, -1, 0);
		ASSERT_NE(MAP_FAILED, fuzzers[i].arena);
	}
	ASSERT_EQ(threads + 1, run(w, fuzzers, threads, skel_env("SKEL_FUZZ_SECONDS", 20)));
	for (unsigned long i = 0; i <= threads; i++) {
		steps += fuzzers[i].steps;
		good += fuzzers[i].good;
		bad += fuzzers[i].bad;
		munmap(fuzzers[i].arena, ARENA);
	}
	TH_LOG("%lu steps, %lu calls succeeded, %lu failed", steps, good, bad);
	EXPECT_EQ(0, w->wrong)
		TH_LOG("%s", w->what);
	/* It is of use only if a good part of it is accepted. */
	EXPECT_LT(steps / 50, good);
	EXPECT_TRUE(skel_all(self->bystander, SKEL_MIB(1), CANARY));

	/* All of it is given back, and the cards work as ever. */
	for (int i = 0; i < FILES; i++)
		if (w->files[i] >= 0)
			close(w->files[i]);
	close(w->socks[0]);
	close(w->socks[1]);
	for (int i = 0; i < 2; i++) {
		struct ucard *card = &w->cards[i];
		__u64 host;
		int user;

		ucard_drain(card);
		user = ucard_user(card);
		ASSERT_LE(0, user);
		ASSERT_EQ(0, skel_alloc(user, SKEL_BOTH, 1, &host));
		EXPECT_EQ(0, ucard_request(card, SKEL_UCARD_AT_ONCE, 0, 0, 0, 1, host, NULL));
		close(user);
	}
}

TEST_HARNESS_MAIN
