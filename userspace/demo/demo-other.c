// SPDX-License-Identifier: GPL-2.0
/*
 * demo-other.c - another process with an open file and a buffer of its own
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checksum.h"
#include "demo.h"

/* The other process: report its buffer, then its checksum whenever asked */
static void be_other(int ask, int answer)
{
	struct skel *skel = skel_open(demo_device);
	struct other self = { 0 };
	struct skel_info info;
	uint32_t crc;
	char *buffer;

	if (!skel)
		err(1, "other process: %s", demo_device);
	buffer = skel_malloc(skel, DEMO_LENGTH, SKEL_ALLOC_TOHOST);
	if (!buffer || skel_get_info(skel, &info))
		err(1, "other process: skel_malloc");
	memset(buffer, DEMO_OTHERS, DEMO_LENGTH);
	self.pid = getpid();
	self.host_addr = skel_host_addr(skel, buffer);
	self.channel = info.channel;
	if (write(answer, &self, sizeof(self)) != sizeof(self))
		err(1, "other process: pipe");
	while (read(ask, &crc, sizeof(crc)) == sizeof(crc)) {
		crc = checksum(buffer, DEMO_LENGTH);
		if (write(answer, &crc, sizeof(crc)) != sizeof(crc))
			err(1, "other process: pipe");
	}
	exit(0);
}

struct other start_other(void)
{
	int ask[2], answer[2];
	struct other other;
	pid_t pid;

	if (pipe(ask) || pipe(answer))
		err(1, "pipe");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		close(ask[1]);
		close(answer[0]);
		be_other(ask[0], answer[1]);
	}
	close(ask[0]);
	close(answer[1]);
	if (read(answer[0], &other, sizeof(other)) != sizeof(other))
		errx(1, "the other process does not answer");
	other.ask = ask[1];
	other.answer = answer[0];
	return other;
}

uint32_t other_checksum(const struct other *other)
{
	uint32_t crc = 0;

	if (write(other->ask, &crc, sizeof(crc)) != sizeof(crc) ||
	    read(other->answer, &crc, sizeof(crc)) != sizeof(crc))
		errx(1, "the other process does not answer");
	return crc;
}

void stop_other(const struct other *other)
{
	close(other->ask);
	close(other->answer);
	waitpid(other->pid, NULL, 0);
}
