// SPDX-License-Identifier: GPL-2.0
/*
 * skel-bench - what the skel core costs, and what others cost in the same kernel
 *
 * Times are CLOCK_MONOTONIC in ns, medians of repeated runs. Under QEMU with -icount
 * shift=0 one ns is one instruction of the guest, and the figures are the same on
 * every machine. Needs root.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "bench.h"

static const char usage[] =
"Usage: skel-bench [OPTION]... [GROUP]...\n"
"Measure time and memory of buffers, commands and transfers, and of what else\n"
"the kernel has for such work. Tables in Markdown go to standard output.\n"
"\n"
"GROUP is one of these, by default all but grants:\n"
"  buffers    made, mapped, touched and given back, of several sizes\n"
"  messages   commands, pipes, system calls\n"
"  transfers  one, and many submitted and reaped together\n"
"  played     a card that a program plays\n"
"  acquire    1,000 scans, also by comedi\n"
"  growth     with the number of buffers and channels\n"
"  memory     of the kernel for files and buffers\n"
"  grants     a request and its end, of the card of skel_bench_card.ko\n"
"\n"
"  -c, --csv FILE       append the figures to a file\n"
"  -d, --device DEVICE  the card (default " SKEL_DEFAULT_PATH ")\n"
"  -m, --marks          few rounds, between marks for a tracer: make profile\n"
"  -s, --short          only what takes seconds\n"
"  -w, --wall           times are of a real clock: measure more often\n"
"  -h, --help           show this text\n"
"\n"
"Groups whose devices are missing are skipped, and that is said.\n";

static const struct group {
	const char *name;
	void (*run)(void);
} groups[] = {
	{ "buffers", bench_buffers },
	{ "messages", bench_messages },
	{ "transfers", bench_transfers },
	{ "played", bench_played },
	{ "acquire", bench_acquire },
	{ "growth", bench_growth },
	{ "memory", bench_memory },
	{ "grants", bench_grants },	/* the last: not by default */
};

const char *bench_device = SKEL_DEFAULT_PATH;
bool bench_short, bench_wall, bench_marks;

struct skel *bench_open(void)
{
	struct skel *skel = skel_open(bench_device);

	if (!skel)
		errx(1, "%s", skel_errmsg());
	return skel;
}

uint64_t bench_alloc(int fd, uint64_t length)
{
	struct skel_alloc alloc = {
		.size = sizeof(alloc),
		.flags = SKEL_ALLOC_TOHOST,
		.length = length,
	};

	if (ioctl(fd, SKEL_IOC_ALLOC, &alloc))
		err(1, "a buffer of %llu bytes", (unsigned long long)length);
	return alloc.host_addr;
}

void bench_free(int fd, uint64_t host_addr)
{
	struct skel_free request = {
		.size = sizeof(request),
		.host_addr = host_addr,
	};

	if (ioctl(fd, SKEL_IOC_FREE, &request))
		err(1, "FREE");
}

static const struct group *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		if (!strcmp(groups[i].name, name))
			return &groups[i];
	}
	errx(2, "there is no group '%s', see skel-bench --help", name);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "csv", required_argument, NULL, 'c' },
		{ "device", required_argument, NULL, 'd' },
		{ "marks", no_argument, NULL, 'm' },
		{ "short", no_argument, NULL, 's' },
		{ "wall", no_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	const char *csv = NULL;
	size_t i;
	int c;

	while ((c = getopt_long(argc, argv, "c:d:mswh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			csv = optarg;
			break;
		case 'd':
			bench_device = optarg;
			break;
		case 'm':
			bench_marks = true;
			bench_make_marks();
			break;
		case 's':
			bench_short = true;
			break;
		case 'w':
			bench_wall = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return 2;
		}
	}
	for (c = optind; c < argc; c++)
		find(argv[c]);
	bench_report_open(csv);
	bench_unlimited();
	bench_pin();
	for (c = optind; c < argc; c++)
		find(argv[c])->run();
	for (i = 0; optind == argc && i < ARRAY_SIZE(groups) - 1; i++)
		groups[i].run();
	bench_report_close();
	return 0;
}
