// SPDX-License-Identifier: GPL-2.0
/*
 * Two threads do two things with one channel, each pair of things for a moment.
 * Neither may see an errno that has no business there, and after each pair the
 * channel holds exactly what is known to be in it. What a particular pair does
 * to memory is looked at more closely by skel_race.
 *
 * SKEL_PAIR_MS is how long a pair takes (default 60), SKEL_RACE_SEED repeats it
 * as far as that is possible.
 */
#include <sys/socket.h>

#include "../kselftest_harness.h"
#include "skel_duel.h"

#define RW	(PROT_READ | PROT_WRITE)
#define TIMEOUT	3600
#define SLOTS	8

struct arena {
	int fd;
	size_t page;
	size_t length;			/* of each buffer */
	__u64 hosts[SLOTS];		/* 0: none; whoever takes it out owns it */
	__u8 *place;			/* where slots are mapped */
	__u8 *target;			/* where mappings are moved to */
	int socks[2];
	__u64 deadline;
};

struct fighter {
	struct arena *arena;
	unsigned int seed;
	long (*act)(struct fighter *f);
	const int *errors;
	unsigned long rounds;
	long bad;
	pthread_t thread;
};

FIXTURE(pairs)
{
	struct arena arena;
	unsigned int seed;
};

FIXTURE_SETUP(pairs)
{
	struct arena *a = &self->arena;

	a->fd = skel_open(O_RDWR | O_NONBLOCK);
	if (a->fd == -ENOENT)
		SKIP(return, "no card, load skel_sim");
	ASSERT_LE(0, a->fd);
	ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
	a->page = skel_page();
	a->length = 4 * a->page;
	self->seed = skel_race_seed();
	for (int i = 0; i < 2; i++) {
		__u8 **place = i ? &a->target : &a->place;

		*place = mmap(NULL, SLOTS * a->length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);
		ASSERT_NE(MAP_FAILED, *place);
	}
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, a->socks));
	TH_LOG("SKEL_RACE_SEED=%u", self->seed);
}

FIXTURE_TEARDOWN(pairs)
{
	close(self->arena.socks[0]);
	close(self->arena.socks[1]);
	close(self->arena.fd);
}

static unsigned int any_slot(struct fighter *f)
{
	return rand_r(&f->seed) % SLOTS;
}

static __u64 host_of(struct fighter *f, unsigned int slot)
{
	return __atomic_load_n(&f->arena->hosts[slot], __ATOMIC_ACQUIRE);
}

static long do_alloc(struct fighter *f)
{
	struct arena *a = f->arena;
	__u64 host, none = 0;
	int rc;

	/* A full arena is as good as no memory. */
	if (host_of(f, any_slot(f)))
		return 0;
	rc = skel_alloc(a->fd, SKEL_BOTH, a->length, &host);
	if (rc)
		return rc;
	if (!__atomic_compare_exchange_n(&a->hosts[any_slot(f)], &none, host, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		while ((rc = skel_free(a->fd, host)) == -EBUSY)
			;
	return rc;
}

static long do_free(struct fighter *f)
{
	__u64 *slot = &f->arena->hosts[any_slot(f)];
	__u64 host = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
	long rc;

	if (!host)
		return do_alloc(f);
	rc = skel_free(f->arena->fd, host);
	/* Whoever succeeded takes it out; the other one has seen ENOENT. */
	if (!rc)
		__atomic_compare_exchange_n(slot, &host, 0, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED);
	return rc;
}

static long do_mmap(struct fighter *f)
{
	unsigned int slot = any_slot(f);
	__u64 host = host_of(f, slot);
	__u8 *place = f->arena->place + slot * f->arena->length;

	if (!host)
		return do_alloc(f);
	if (mmap(place, f->arena->length, RW, MAP_SHARED | MAP_FIXED, f->arena->fd,
		 host) == MAP_FAILED)
		return -errno;
	skel_poke(place + rand_r(&f->seed) % f->arena->length, 1);
	return 0;
}

/* A hole would be filled by the other thread's stack. */
static long do_munmap(struct fighter *f)
{
	struct arena *a = f->arena;
	__u8 *base = rand_r(&f->seed) % 2 ? a->place : a->target;
	size_t n = rand_r(&f->seed) % (SLOTS * a->length / a->page);
	void *map = mmap(base + n * a->page, a->page, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	return map == MAP_FAILED ? -errno : 0;
}

static long do_mremap(struct fighter *f)
{
	struct arena *a = f->arena;
	size_t at = any_slot(f) * a->length;
	void *map;

	if (do_mmap(f) < 0)
		return 0;
	map = mremap(a->place + at, a->length, a->length, MREMAP_MAYMOVE | MREMAP_FIXED,
		     a->target + at);
	/* Then there is a hole: keep others out of it. */
	if (map != MAP_FAILED)
		mmap(a->place + at, a->length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		     -1, 0);
	return map == MAP_FAILED ? -errno : 0;
}

static long do_write(struct fighter *f)
{
	char line[100];
	int length = snprintf(line, sizeof(line), "%s %#x %#zx %#llx\n",
			      rand_r(&f->seed) % 2 ? "TOHOST" : "FROMHOST", 0,
			      f->arena->length, host_of(f, any_slot(f)));

	return skel_err(write(f->arena->fd, line, length));
}

static long do_read(struct fighter *f)
{
	char bytes[200];

	return skel_err(read(f->arena->fd, bytes, sizeof(bytes)));
}

static long do_poll(struct fighter *f)
{
	struct pollfd p = { .fd = f->arena->fd, .events = POLLIN | POLLOUT };

	return skel_err(poll(&p, 1, rand_r(&f->seed) % 2));
}

static long do_info(struct fighter *f)
{
	struct skel_info info;
	int rc = skel_info(f->arena->fd, &info);

	if (!rc && (info.buffers > 2 * SLOTS + 2 ||
		    info.buffer_bytes != info.buffers * f->arena->length))
		return -ERANGE;
	return rc ?: skel_fdinfo(f->arena->fd, "skel-buffers:");
}

static long do_dup(struct fighter *f)
{
	int fd = fcntl(f->arena->fd, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : skel_err(close(fd));
}

static long do_open(struct fighter *f)
{
	int fd = skel_open(O_RDWR | O_NONBLOCK);
	__u64 host;

	if (fd < 0)
		return fd;
	if (!skel_alloc(fd, SKEL_BOTH, f->arena->length, &host))
		skel_map_err(fd, host, f->arena->length, RW, MAP_SHARED);
	return skel_err(close(fd));
}

static long do_fork(struct fighter *f)
{
	pid_t pid = fork();

	if (!pid) {
		/* A stranger to the buffers of its parent */
		__u64 host = host_of(f, any_slot(f));
		int rc = host ? skel_free(f->arena->fd, host) : -ENOENT;

		_exit(rc != -EPERM && rc != -ENOENT);
	}
	if (pid < 0)
		return -errno;
	return skel_wait(pid) ? -ECHILD : 0;
}

static long do_sync(struct fighter *f)
{
	__u64 host = host_of(f, any_slot(f));

	return host ? skel_sync(f->arena->fd, SKEL_SYNC_FOR_CPU, host, f->arena->length) : 0;
}

/* The file travels over a socket, and may be in nobody's hands for a moment. */
static long do_pass(struct fighter *f)
{
	int rc = skel_send_fd(f->arena->socks[0], f->arena->fd), fd;

	fd = skel_recv_fd(f->arena->socks[1]);
	if (fd >= 0)
		close(fd);
	return rc;
}

#define ERRORS(...)	((const int[]) { __VA_ARGS__, 0 })

/* All that two threads can do, and what they may hear */
static const struct {
	const char *name;
	long (*act)(struct fighter *f);
	const int *errors;
} acts[] = {
	{ "alloc", do_alloc, ERRORS(ENOMEM) },
	{ "free", do_free, ERRORS(ENOENT, EBUSY) },
	{ "mmap", do_mmap, ERRORS(ENXIO) },
	{ "munmap", do_munmap, ERRORS(0) },
	/* what is no mapping of a buffer, or no whole one any more */
	{ "mremap", do_mremap, ERRORS(EFAULT) },
	/* Of a line that finds no room a part is taken, and nobody writes the rest. */
	{ "write", do_write, ERRORS(EAGAIN, EMSGSIZE) },
	{ "read", do_read, ERRORS(EAGAIN) },
	{ "poll", do_poll, ERRORS(0) },
	{ "info", do_info, ERRORS(0) },
	{ "dup and close", do_dup, ERRORS(0) },
	{ "open and close", do_open, ERRORS(EBUSY) },
	{ "fork", do_fork, ERRORS(0) },
	{ "sync", do_sync, ERRORS(ENOENT) },
	{ "pass", do_pass, ERRORS(EAGAIN) },
};

static void *fight(void *arg)
{
	struct fighter *f = arg;

	do {
		long rc = f->act(f);
		const int *e = f->errors;

		while (rc < 0 && *e && -rc != *e)
			e++;
		if (rc < 0 && !*e)
			f->bad = rc;
		f->rounds++;
	} while (skel_now_ms() < f->arena->deadline && !f->bad);
	return NULL;
}

/* Transfers may still run for a moment. */
static int free_at_last(int fd, __u64 host)
{
	for (int i = 0; i < SKEL_ANSWER_MS; i++) {
		int rc = skel_free(fd, host);

		if (rc != -EBUSY)
			return rc;
		skel_sleep_ms(1);
	}
	return -EBUSY;
}

TEST_F_TIMEOUT(pairs, each_against_each, TIMEOUT)
{
	const char *value = getenv("SKEL_PAIR_MS");
	const unsigned int ms = value ? strtoul(value, NULL, 0) : 60;
	struct arena *a = &self->arena;
	unsigned long rounds = 0, pairs = 0;

	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		for (size_t j = i; j < ARRAY_SIZE(acts); j++, pairs++) {
			const size_t which[] = { i, j };
			struct fighter f[2];
			struct skel_info info;
			__u32 held = 0;

			a->deadline = skel_now_ms() + ms;
			for (int k = 0; k < 2; k++) {
				f[k] = (struct fighter) {
					.arena = a,
					.seed = self->seed++,
					.act = acts[which[k]].act,
					.errors = acts[which[k]].errors,
				};
				ASSERT_EQ(0, pthread_create(&f[k].thread, NULL, fight, &f[k]));
			}
			for (int k = 0; k < 2; k++) {
				pthread_join(f[k].thread, NULL);
				EXPECT_EQ(0, f[k].bad)
					TH_LOG("%s against %s", acts[which[k]].name,
					       acts[which[!k]].name);
				rounds += f[k].rounds;
			}
			for (int n = 0; n < SLOTS; n++)
				held += !!a->hosts[n];
			ASSERT_EQ(0, skel_info(a->fd, &info));
			EXPECT_EQ(held, info.buffers)
				TH_LOG("%s against %s", acts[i].name, acts[j].name);
		}
	}
	TH_LOG("%lu pairs, %lu rounds", pairs, rounds);
	/* On average, each of them has run many times. */
	EXPECT_LT(20 * pairs, rounds);
	for (int n = 0; n < SLOTS; n++)
		if (a->hosts[n])
			EXPECT_EQ(0, free_at_last(a->fd, a->hosts[n]));
	/* The end of a line that was interrupted, or of none */
	EXPECT_EQ(0, skel_send(a->fd, "%s", ""));
	skel_drain(a->fd, 100);
	EXPECT_EQ(0, strncmp("skel,", skel_ask(a->fd, "*IDN?"), 5));
}

TEST_HARNESS_MAIN
