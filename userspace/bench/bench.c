// SPDX-License-Identifier: GPL-2.0
/*
 * skel-bench - what the skel core costs, compared with DMA heaps
 *
 * Prints tables in Markdown. Times are CLOCK_MONOTONIC in ns, medians of
 * repeated runs. Under QEMU with -icount shift=0 one ns is one instruction of
 * the guest, and the figures are the same on every machine. Needs root.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/dma-heap.h>

#include "bench.h"
#include "libskel.h"

#define HEAP		"/dev/dma_heap/system"
#define RUNS		21

static const char usage[] =
"Usage: skel-bench [-d DEVICE]\n"
"Measure time and memory of buffers, commands and transfers; compare DMA heaps.\n"
"\n"
"  -d, --device DEVICE  the card (default " SKEL_DEFAULT_PATH ")\n"
"  -h, --help           show this text\n"
"\n"
"Exit status: 1 if a limit is exceeded.\n";

const char *bench_device = SKEL_DEFAULT_PATH;
static int exceeded;

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

/* Print whether a figure is within its limit */
void bench_limit(const char *what, double value, double limit,
		 const char *unit)
{
	bool ok = value <= limit;

	printf("limit: %s: %.0f%s, at most %.0f%s: %s\n", what, value, unit,
	       limit, unit, ok ? "kept" : "EXCEEDED");
	if (!ok)
		exceeded++;
}

/* Buffers of skel and of a DMA heap, by the same steps */

struct buffer {
	char *start;
	size_t length;
	int fd;		/* of a DMA heap's buffer */
};

struct contestant {
	const char *name;
	bool (*get)(struct buffer *buffer);
	void (*put)(struct buffer *buffer);
};

static struct skel *skel;
static int heap = -1;
static uint64_t most_faults;	/* of skel, on first touch */

static bool skel_get(struct buffer *buffer)
{
	buffer->start = skel_malloc(skel, buffer->length, SKEL_ALLOC_TOHOST);
	return buffer->start;
}

static void skel_put(struct buffer *buffer)
{
	if (skel_free(skel, buffer->start))
		err(1, "skel_free");
}

static bool heap_get(struct buffer *buffer)
{
	struct dma_heap_allocation_data request = {
		.len = buffer->length,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};

	if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &request))
		return false;
	buffer->fd = request.fd;
	buffer->start = mmap(NULL, buffer->length, PROT_READ | PROT_WRITE,
			     MAP_SHARED, buffer->fd, 0);
	if (buffer->start != MAP_FAILED)
		return true;
	close(buffer->fd);
	return false;
}

static void heap_put(struct buffer *buffer)
{
	munmap(buffer->start, buffer->length);
	close(buffer->fd);
}

static const struct contestant contestants[] = {
	{ "skel", skel_get, skel_put },
	{ "dma-heap", heap_get, heap_put },
};

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static void touch_pages(const struct buffer *buffer)
{
	size_t page = sysconf(_SC_PAGESIZE), at;

	for (at = 0; at < buffer->length; at += page)
		buffer->start[at] = 1;
}

static void bench_buffer(const struct contestant *who, size_t length)
{
	uint64_t get[RUNS], touch[RUNS], put[RUNS], faults[RUNS];
	struct buffer buffer = { .length = length };
	int i;

	/* the first run warms up and is overwritten */
	for (i = -1; i < RUNS; i++) {
		int at = i < 0 ? 0 : i;
		uint64_t start = bench_now();
		long before;

		if (!who->get(&buffer)) {
			printf("| %zu KiB | %s | %s |  |  |  |\n",
			       length / 1024, who->name, strerror(errno));
			return;
		}
		get[at] = bench_now() - start;
		before = minor_faults();
		start = bench_now();
		touch_pages(&buffer);
		touch[at] = bench_now() - start;
		faults[at] = minor_faults() - before;
		start = bench_now();
		who->put(&buffer);
		put[at] = bench_now() - start;
	}
	printf("| %zu KiB | %s | %llu | %llu | %llu | %llu |\n", length / 1024,
	       who->name, (unsigned long long)bench_median(get, RUNS),
	       (unsigned long long)bench_median(touch, RUNS),
	       (unsigned long long)bench_median(put, RUNS),
	       (unsigned long long)bench_median(faults, RUNS));
	if (who->get == skel_get && bench_median(faults, RUNS) > most_faults)
		most_faults = bench_median(faults, RUNS);
}

static void bench_buffers(void)
{
	static const size_t lengths[] = { 4096, 65536, 1 << 20, 4 << 20 };
	size_t i, n;

	printf("\n## Buffers\n\n");
	printf("Alloc + map: until mmap() has returned; first touch: one byte of each page\n"
	       "written; free: freed and unmapped. Times in ns, medians of %d runs.\n\n", RUNS);
	heap = open(HEAP, O_RDWR | O_CLOEXEC);
	if (heap < 0)
		printf("(%s: %s, so there is nothing to compare with)\n\n",
		       HEAP, strerror(errno));
	printf("| length | by | alloc + map | first touch | free | page faults |\n");
	printf("|---|---|---|---|---|---|\n");
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (n = 0; n < (heap < 0 ? 1 : 2); n++)
			bench_buffer(&contestants[n], lengths[i]);
	}
	if (heap >= 0)
		close(heap);
	printf("\n");
	bench_limit("page faults on first touch", most_faults, 0, "");
}

/* Commands and transfers. Raw read() and write(): without the library. */

/* From write() to the reply, waiting by poll(). Return: ns. */
static uint64_t round_trip(int fd, const char *command, const char *expected)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t length = strlen(command), got = 0;
	char reply[SKEL_LINE_MAX];
	uint64_t start = bench_now(), end;

	if (write(pfd.fd, command, length) != (ssize_t)length)
		err(1, "write");
	do {
		ssize_t n = read(pfd.fd, reply + got, sizeof(reply) - got);

		if (n < 0 && errno == EAGAIN) {
			if (poll(&pfd, 1, 5000) != 1)
				errx(1, "no reply to %s", command);
			continue;
		}
		if (n <= 0)
			err(1, "read");
		got += n;
	} while (reply[got - 1] != '\n');
	end = bench_now();
	if (strncmp(reply, expected, strlen(expected)) != 0)
		errx(1, "%.*s: unexpected reply: %.*s", (int)length - 1,
		     command, (int)got - 1, reply);
	return end - start;
}

uint64_t bench_command(int fd, const char *command, const char *expected)
{
	uint64_t times[ROUND_TRIPS];
	int i;

	for (i = 0; i < ROUND_TRIPS; i++)
		times[i] = round_trip(fd, command, expected);
	return bench_median(times, ROUND_TRIPS);
}

/* The same number of bytes through a pipe and back, by another process */
uint64_t bench_two_pipes(void)
{
	uint64_t times[ROUND_TRIPS];
	int there[2], back[2], i;
	char bytes[16] = "";
	pid_t pid;

	if (pipe(there) || pipe(back))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		close(there[1]);
		while (read(there[0], bytes, 6) == 6) {
			if (write(back[1], bytes, 13) != 13)
				break;
		}
		_exit(0);
	}
	for (i = 0; i < ROUND_TRIPS; i++) {
		uint64_t start = bench_now();

		if (write(there[1], bytes, 6) != 6 ||
		    read(back[0], bytes, 13) != 13)
			err(1, "pipe");
		times[i] = bench_now() - start;
	}
	close(there[0]);
	close(there[1]);
	waitpid(pid, NULL, 0);
	close(back[0]);
	close(back[1]);
	return bench_median(times, ROUND_TRIPS);
}

/* Through a pipe within this process: no more than the two system calls */
static uint64_t bench_one_pipe(void)
{
	uint64_t times[ROUND_TRIPS];
	char bytes[16] = "";
	int fds[2], i;

	if (pipe(fds))
		err(1, "pipe");
	for (i = 0; i < ROUND_TRIPS; i++) {
		uint64_t start = bench_now();

		if (write(fds[1], bytes, 13) != 13 ||
		    read(fds[0], bytes, 13) != 13)
			err(1, "pipe");
		times[i] = bench_now() - start;
	}
	close(fds[0]);
	close(fds[1]);
	return bench_median(times, ROUND_TRIPS);
}

static void bench_stream(void)
{
	void *buffer = skel_malloc(skel, 4096, SKEL_ALLOC_TOHOST);
	char command[80];

	if (!buffer)
		err(1, "skel_malloc");
	snprintf(command, sizeof(command), "TOHOST 0 4096 %llu\n",
		 (unsigned long long)skel_host_addr(skel, buffer));
	printf("\n## Commands and transfers\n\n");
	printf("From write() to the end of read(), in ns, medians of %d.\n\n",
	       ROUND_TRIPS);
	printf("| round trip | ns |\n|---|---|\n");
	printf("| TOHOST of 4 KiB, from write() to the line of its end | %llu |\n",
	       (unsigned long long)bench_command(skel_fd(skel), command,
						 SKEL_CORE_MARK "DONE"));
	printf("| `*IDN?` | %llu |\n",
	       (unsigned long long)bench_command(skel_fd(skel), "*IDN?\n", "skel,"));
	printf("| an empty pipe, same process | %llu |\n",
	       (unsigned long long)bench_one_pipe());
	printf("| two pipes, there and back, by another process | %llu |\n",
	       (unsigned long long)bench_two_pipes());
	if (skel_free(skel, buffer))
		err(1, "skel_free");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "d:h", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			bench_device = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return 2;
		}
	}
	skel = skel_open(bench_device);
	if (!skel)
		err(1, "%s", bench_device);
	bench_buffers();
	bench_stream();
	skel_close(skel);
	bench_ucard();
	bench_memory();
	return exceeded ? 1 : 0;
}
