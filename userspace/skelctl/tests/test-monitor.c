// SPDX-License-Identifier: GPL-2.0
/*
 * test-monitor.c - two looks at a made-up machine, in terminals of several sizes
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../command.h"
#include "../monitor-table.h"
#include "../rates.h"
#include "../skelctl.h"
#include "fake-root.h"
#include "run.h"

static void put_channel(int pid, const char *program, unsigned int channel,
			const char *counters)
{
	char path[64], info[512];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	root_put(path, program);
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/5", pid);
	snprintf(info, sizeof(info), "skel-card:\tlab\nskel-channel:\t%u\n"
		 "skel-buffers:\t2\nskel-memory:\t1028 kB\nskel-pending:\t1\n%s",
		 channel, counters);
	root_put(path, info);
}

static void put_process(int pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/5", pid);
	root_link(path, "/dev/skel0");
}

static void counters(char *text, unsigned int granted, unsigned long long bytes)
{
	sprintf(text, "skel-granted:\t%u\nskel-refused:\t7\nskel-failed:\t1\n"
		"skel-tohost:\t%llu\nskel-fromhost:\t%llu\nskel-lost:\t3\n",
		granted, bytes, bytes / 2);
}

/* Two looks, 2 s apart; the third channel is of a kernel that does not count */
static void look_twice(struct monitor *monitor)
{
	char passwd[128], text[256];

	root_make();
	snprintf(passwd, sizeof(passwd), "ada:x:%u:1::/:/bin/sh\n", getuid());
	root_put("/etc/passwd", passwd);
	root_put("/sys/class/misc/skel0/model", "lab\n");
	root_put("/sys/class/misc/skel1/model", "sim\n");
	put_process(77);
	put_process(9);
	put_process(8);
	counters(text, 1000, 4000000000ULL);
	put_channel(77, "record-for-long", 4, text);
	put_channel(9, "again", 5, text);
	put_channel(8, "old", 6, "");
	memset(monitor, 0, sizeof(*monitor));
	system_look(&monitor->before, root, NULL);
	counters(text, 1500, 4000000000ULL + 200000000);
	put_channel(77, "record-for-long", 4, text);
	/* the same number, but it was closed and opened again */
	counters(text, 10, 1);
	put_channel(9, "again", 5, text);
	system_look(&monitor->now, root, NULL);
	monitor->looked = true;
	monitor->seconds = 2;
	monitor->interval = 2;
	monitor->unprivileged = true;
}

static void forget(struct monitor *monitor)
{
	system_free(&monitor->before);
	system_free(&monitor->now);
}

TEST(rates_are_right)
{
	struct monitor monitor;
	struct rates rates;

	look_twice(&monitor);
	check(monitor.now.users == 3);
	rates = rates_of(&monitor.now.user[0], &monitor.before, 2);
	check(rates.known && rates.granted == 250 && rates.refused == 0);
	check(rates.bytes_tohost == 1e8 && rates.bytes_fromhost == 5e7);
	check(!rates_of(&monitor.now.user[0], &monitor.before, 0).known);
	check(!rates_of(&monitor.now.user[0], NULL, 2).known);
	check(!rates_of(&monitor.now.user[1], &monitor.before, 2).known);
	check(!monitor.now.user[2].counted && monitor.now.user[0].counted);
	check(monitor.now.user[0].failed == 1);
	check(monitor.now.user[0].replies_lost == 3);
	forget(&monitor);
}

static void table(const struct monitor *monitor, int width, int height)
{
	FILE *file;

	memset(output, 0, sizeof(output));
	file = fmemopen(output, sizeof(output) - 1, "w");
	monitor_table(file, monitor, width, height, "|\n");
	fclose(file);
}

static bool is(const char *wanted)
{
	if (strcmp(output, wanted) == 0)
		return true;
	printf("# instead of\n%s", wanted);
	printf("# there is\n%s", output);
	return false;
}

TEST(tables_fit)
{
	struct monitor monitor;
	int width, height;

	look_twice(&monitor);
	table(&monitor, 80, 24);
	check(is("2 cards, every 2 s; all is shown by sudo skelctl monitor|\n"
		 "card  chan program    bufs   memory run xfers/s   to host from host refused lost|\n"
		 "skel0    4 record-for    2 1028 KiB   1     250  100 MB/s   50 MB/s       7    3|\n"
		 "skel0    5 again         2 1028 KiB   1       -         -         -       7    3|\n"
		 "skel0    6 old           2 1028 KiB   1       -         -         -       -    -|\n"
		 "skel1    - -             -        -   -       -         -         -       -    -|\n"));
	table(&monitor, 40, 12);
	check(is("2 cards, every 2 s; all is shown by sudo|\n"
		 "card  chan program      to host refused|\n"
		 "skel0    4 record-for  100 MB/s       7|\n"
		 "skel0    5 again              -       7|\n"
		 "skel0    6 old                -       -|\n"
		 "skel1    - -                  -       -|\n"));
	table(&monitor, 20, 4);
	check(is("2 cards, every 2 s; |\n"
		 "card  chan   to host|\n"
		 "skel0    4  100 MB/s|\n"
		 "3 more|\n"));
	for (width = 1; width < 130; width++) {
		for (height = 1; height < 8; height++) {
			const char *line = output;
			int lines = 0;

			table(&monitor, width, height);
			for (; *line; line += strcspn(line, "\n") + 1) {
				check(strcspn(line, "|") <= (size_t)width);
				lines++;
			}
			check(lines <= height);
		}
	}
	table(&monitor, INT_MAX, INT_MAX);
	has("\nskel0    4 ada      record-for      77    2 1028 KiB   1     250  100 MB/s   50 MB/s       7      1    3|\n");
	forget(&monitor);
}

TEST(monitor_prints)
{
	struct monitor looks;
	const char *second;

	look_twice(&looks);
	prints(0, "monitor --root @ -n 2 -i 10ms", "\nskel0    4 ");
	prints(0, "monitor --root @ -n 2 -i 10ms --json");
	second = strchr(output, '\n') + 1;
	check(strncmp(output, "{\"seconds\": 0.0", 15) == 0);
	check(strncmp(second, "{\"seconds\": 0.0", 15) == 0);
	check(strchr(second, '\n') == second + strlen(second) - 1);
	check(strstr(second, "\"bytes_tohost\": 4200000000, "));
	check(strstr(second, "\"bytes_tohost_per_second\": 0, "));
	check(strstr(second, "\"granted\": null, "));
	prints(EXIT_USAGE, "monitor --root @ -n 2 -i 10ms much");
	forget(&looks);

	root_make();
	prints(EXIT_NO_CARD, "monitor --root @ -n 2 -i 10ms",
	       "no card; skelctl doctor says why");
}
