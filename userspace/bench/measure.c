// SPDX-License-Identifier: GPL-2.0
/*
 * measure.c - skel-bench: time, and time without that in which nothing is to be done
 *
 * With marks, each operation stands between calls of fixed addresses that no program
 * has, so that a tracer sees it: profile/plugin.c.
 */
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define MARKS		0x5ce10000UL
#define MARKS_SIZE	4096

struct bench_copy {
	void *to;
	const void *from;
	size_t length;
};

uint64_t bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t bench_median(uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

void bench_realtime(bool on)
{
	const struct sched_param param = { .sched_priority = on };

	if (sched_setscheduler(0, on ? SCHED_FIFO : SCHED_OTHER, &param))
		err(1, "sched_setscheduler");
}

void bench_make_marks(void)
{
#if !defined(__x86_64__) && !defined(__i386__)
	errx(2, "there are no marks for this machine");
#endif
	char *page = mmap((void *)MARKS, MARKS_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (page == MAP_FAILED)
		err(1, "the page of the marks");
	memset(page, 0xc3, MARKS_SIZE);		/* ret */
	if (mprotect(page, MARKS_SIZE, PROT_READ | PROT_EXEC))
		err(1, "the page of the marks");
}

void bench_mark(unsigned int operation)
{
	if (bench_marks && operation < MARKS_SIZE / 16)
		((void (*)(void))(MARKS + 16 * operation))();
}

uint64_t bench_repeat(int runs, void (*work)(void *data), void *data)
{
	unsigned int operation = bench_operation();
	uint64_t times[BENCH_RUNS];
	int i;

	runs = bench_marks ? BENCH_MARKED : runs;
	bench_realtime(true);
	for (i = 0; i < runs; i++) {
		uint64_t start;

		usleep(200);	/* what is left of the last round is done */
		start = bench_now();
		bench_mark(operation);
		work(data);
		bench_mark(0);
		times[i] = bench_now() - start;
	}
	bench_realtime(false);
	return bench_median(times, runs);
}

static void copy(void *data)
{
	const struct bench_copy *c = data;

	memcpy(c->to, c->from, c->length);
	/* hide from the compiler that nobody reads it */
	__asm__ volatile("" : : "r"(c->to) : "memory");
}

uint64_t bench_memcpy(void *to, const void *from, size_t length)
{
	struct bench_copy c = { to, from, length };

	return bench_repeat(51, copy, &c);
}

int bench_runs(int runs)
{
	int most = bench_marks ? BENCH_MARKED : bench_wall ? 10 * runs : runs;

	return most < BENCH_RUNS ? most : BENCH_RUNS;
}

void bench_pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		warn("sched_setaffinity");
}

void bench_unlimited(void)
{
	struct rlimit memory = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit files = { 4096, 4096 };

	if (setrlimit(RLIMIT_MEMLOCK, &memory))
		warn("RLIMIT_MEMLOCK");
	if (setrlimit(RLIMIT_NOFILE, &files))
		warn("RLIMIT_NOFILE");
}

/* A process counts on the same CPU while nobody else wants it. Return: its counter. */
static volatile uint64_t *soak_start(pid_t *pid)
{
	static const struct sched_param none;
	volatile uint64_t *count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (count == MAP_FAILED)
		err(1, "mmap");
	*pid = fork();
	if (*pid < 0)
		err(1, "fork");
	if (*pid)
		return count;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sched_setscheduler(0, SCHED_IDLE, &none))
		_exit(1);
	for (;;)
		(*count)++;
}

uint64_t bench_busy(int runs, void (*work)(void *data), void *data)
{
	uint64_t times[BENCH_RUNS], start, elapsed, counted;
	volatile uint64_t *count;
	double rate;
	pid_t pid;
	int i;

	count = soak_start(&pid);
	usleep(20000);		/* until it counts */
	start = bench_now();
	counted = *count;
	usleep(200000);
	elapsed = bench_now() - start;
	rate = (double)(*count - counted) / elapsed;
	if (rate <= 0)
		errx(1, "nothing counts while the CPU is idle");
	for (i = 0; i < runs; i++) {
		double busy;

		start = bench_now();
		counted = *count;
		work(data);
		elapsed = bench_now() - start;
		busy = elapsed - (*count - counted) / rate;
		times[i] = busy > 0 ? busy : 0;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap((void *)count, sizeof(*count));
	return bench_median(times, runs);
}
