// SPDX-License-Identifier: GPL-2.0
/*
 * buffers.c - skel-bench: a buffer from nothing to its end, by all who offer one
 *
 * Each contestant has its own steps. A buffer is zeroed, mapped, and each of its pages
 * is written once; what that costs beyond the steps shows whose page tables are not
 * filled yet. All give the memory back to the kernel.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#include "bench.h"

#define RUNS	21
#define MIB	((size_t)1 << 20)
#define STEPS	5

struct buffer {
	char *start;
	size_t length;
	int fd, memfd;
	uint64_t host_addr;
};

/* Return: false with errno, if it cannot be had */
typedef bool step_fn(struct buffer *buffer);

struct contestant {
	const char *name;
	const char *device;	/* NULL: the card */
	struct step {
		const char *name;
		step_fn *run;
	} steps[STEPS];		/* in their order; the touch is one of them */
};

static struct skel *skel;
static int device;		/* of the contestant */

static bool done(bool ok, const char *what)
{
	if (!ok)
		err(1, "%s", what);
	return ok;
}

static bool touch(struct buffer *buffer)
{
	size_t page = sysconf(_SC_PAGESIZE), at;

	for (at = 0; at < buffer->length; at += page)
		buffer->start[at] = 1;
	return true;
}

static bool map(struct buffer *buffer)
{
	buffer->start = mmap(NULL, buffer->length, PROT_READ | PROT_WRITE,
			     MAP_SHARED, buffer->fd, buffer->host_addr);
	return done(buffer->start != MAP_FAILED, "mmap");
}

static bool unmap(struct buffer *buffer)
{
	return done(!munmap(buffer->start, buffer->length), "munmap");
}

static bool library_get(struct buffer *buffer)
{
	buffer->start = skel_malloc(skel, buffer->length, SKEL_ALLOC_TOHOST);
	return buffer->start;
}

static bool library_put(struct buffer *buffer)
{
	return done(!skel_free(skel, buffer->start), "skel_free");
}

static bool skel_alloc(struct buffer *buffer)
{
	buffer->fd = skel_fd(skel);
	buffer->host_addr = bench_alloc(buffer->fd, buffer->length);
	return true;
}

static bool skel_release(struct buffer *buffer)
{
	bench_free(buffer->fd, buffer->host_addr);
	return true;
}

static bool heap_alloc(struct buffer *buffer)
{
	struct dma_heap_allocation_data request = {
		.len = buffer->length,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};

	if (ioctl(device, DMA_HEAP_IOCTL_ALLOC, &request))
		return false;
	buffer->fd = request.fd;
	return true;
}

static bool heap_free(struct buffer *buffer)
{
	return done(!close(buffer->fd), "close");
}

static bool udmabuf_alloc(struct buffer *buffer)
{
	struct udmabuf_create create = { .size = buffer->length };

	buffer->memfd = memfd_create("bench", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (buffer->memfd < 0)
		return false;
	create.memfd = buffer->memfd;
	buffer->fd = -1;
	if (!ftruncate(buffer->memfd, buffer->length) &&
	    !fcntl(buffer->memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		buffer->fd = ioctl(device, UDMABUF_CREATE, &create);
	if (buffer->fd >= 0)
		return true;
	close(buffer->memfd);
	return false;
}

static bool udmabuf_free(struct buffer *buffer)
{
	return done(!close(buffer->fd) && !close(buffer->memfd), "close");
}

static bool populate(struct buffer *buffer)
{
	buffer->start = mmap(NULL, buffer->length, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	return buffer->start != MAP_FAILED;
}

#define HEAP_STEPS							\
	{ { "alloc", heap_alloc }, { "map", map }, { "touch", touch },	\
	  { "unmap", unmap }, { "free", heap_free } }

static const struct contestant contestants[] = {
	{ "skel", NULL, { { "alloc", library_get }, { "touch", touch },
			  { "free", library_put } } },
	{ "skel-mmap", NULL, { { "alloc", skel_alloc }, { "map", map },
			       { "touch", touch }, { "free", skel_release },
			       { "unmap", unmap } } },
	{ "dma-heap", "/dev/dma_heap/system", HEAP_STEPS },
	{ "dma-heap-cma", "/dev/dma_heap/default_cma_region", HEAP_STEPS },
	{ "udmabuf", "/dev/udmabuf",
	  { { "alloc", udmabuf_alloc }, { "map", map }, { "touch", touch },
	    { "unmap", unmap }, { "free", udmabuf_free } } },
	{ "anonymous", "/dev/null", { { "alloc", populate }, { "touch", touch },
				      { "free", unmap } } },
};

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Return: false with errno if the first step fails */
static bool run_once(const struct contestant *who, struct buffer *buffer, unsigned int first,
		     uint64_t times[STEPS], uint64_t *faults)
{
	int i;

	for (i = 0; i < STEPS && who->steps[i].run; i++) {
		long before = minor_faults();
		uint64_t start = bench_now();

		bench_mark(first + i);
		if (!who->steps[i].run(buffer))
			return false;
		bench_mark(0);
		times[i] = bench_now() - start;
		if (who->steps[i].run == touch)
			*faults = minor_faults() - before;
	}
	return true;
}

static void bench_buffer(const struct contestant *who, size_t length)
{
	uint64_t steps[STEPS][BENCH_RUNS], sums[BENCH_RUNS], faults[BENCH_RUNS];
	int runs = length > 4 * MIB ? 5 : bench_runs(RUNS), i, k;
	struct buffer buffer = { .length = length };
	unsigned int first = bench_operation();

	for (k = 1; k < STEPS && who->steps[k].run; k++)
		bench_operation();
	/* the first run warms up and is overwritten */
	for (i = -1; i < runs; i++) {
		uint64_t times[STEPS] = { 0 };
		int at = i < 0 ? 0 : i;

		if (!run_once(who, &buffer, first, times, &faults[at])) {
			bench_skipped(who->name, strerror(errno));
			return;
		}
		sums[at] = 0;
		for (k = 0; k < STEPS; k++) {
			steps[k][at] = times[k];
			if (who->steps[k].run != touch)
				sums[at] += times[k];
		}
	}
	for (k = 0; k < STEPS && who->steps[k].run; k++)
		bench_record_time(who->steps[k].name, who->name, length,
				  bench_median(steps[k], runs));
	bench_record_time("buffer", who->name, length, bench_median(sums, runs));
	bench_record("faults", who->name, length, bench_median(faults, runs), "faults");
	printf("| %zu KiB | %s |", length / 1024, who->name);
	for (k = 0; k < STEPS && who->steps[k].run; k++)
		printf("%s %s %llu", k ? "," : "", who->steps[k].name,
		       (unsigned long long)steps[k][runs / 2]);
	printf(" | %llu | %llu |\n", (unsigned long long)sums[runs / 2],
	       (unsigned long long)faults[runs / 2]);
	fflush(stdout);
}

/* All sizes of one contestant */
static void bench_contestant(const struct contestant *who)
{
	static const size_t sizes[] = {
		4096, 16384, 65536, 262144, MIB, 4 * MIB, 16 * MIB, 64 * MIB,
	};
	size_t i;

	device = -1;
	if (who->device) {
		device = open(who->device, O_RDWR | O_CLOEXEC);
		if (device < 0) {
			bench_skipped(who->device, strerror(errno));
			return;
		}
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (bench_marks ? sizes[i] == 4096 || sizes[i] == 65536 :
		    !bench_short || (sizes[i] <= MIB && i % 2 == 0))
			bench_buffer(who, sizes[i]);
	}
	/* the only one that fills page tables by 2 MiB entries, above 64 MiB */
	if (!who->device && !bench_short && !bench_marks)
		bench_buffer(who, 128 * MIB);
	if (device >= 0)
		close(device);
}

void bench_buffers(void)
{
	size_t i;

	skel = bench_open();
	bench_heading("Buffers",
		      "buffer: the sum of all steps but touch, which writes one byte of each page.\n"
		      "skel is skel_malloc() and skel_free(), skel-mmap one ioctl and one mmap().");
	printf("| length | by | steps | buffer | page faults |\n|---|---|---|---|---|\n");
	for (i = 0; i < ARRAY_SIZE(contestants); i++)
		bench_contestant(&contestants[i]);
	skel_close(skel);
}
