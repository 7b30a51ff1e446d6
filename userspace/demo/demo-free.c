// SPDX-License-Identifier: GPL-2.0
/*
 * demo-free.c - free a buffer while a transfer runs, and touch a freed one
 */
#include <err.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "checksum.h"
#include "demo.h"

#define SPEED	16384	/* bytes per second of the slow transfer */

static sigjmp_buf after_fault;
static siginfo_t fault;

static void on_sigbus(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	fault = *info;
	siglongjmp(after_fault, 1);
}

/* Read one byte. Return: false if that raised SIGBUS. */
static bool touch(const char *ptr)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO }, old;

	action.sa_sigaction = on_sigbus;
	sigaction(SIGBUS, &action, &old);
	if (sigsetjmp(after_fault, 1)) {
		sigaction(SIGBUS, &old, NULL);
		return false;
	}
	checksum(ptr, 1);
	sigaction(SIGBUS, &old, NULL);
	return true;
}

static void command(struct skel *skel, const char *line)
{
	char reply[SKEL_LINE_MAX];

	if (skel_query(skel, reply, sizeof(reply), DEMO_ANSWER_MS, "%s", line) < 0)
		err(1, "%s", line);
	printf("   program > %s\n   program < %s\n", line, reply);
	expect(strncmp(reply, "OK", 2) == 0, "'%s' failed", line);
}

/* Free the buffer but leave it mapped: skel_free() without its munmap() */
static void free_mapped(struct skel *skel, char *buffer)
{
	struct skel_free request = {
		.size = sizeof(request),
		.host_addr = skel_host_addr(skel, buffer),
	};
	int ret = ioctl(skel_fd(skel), SKEL_IOC_FREE, &request);

	printf("   ioctl(SKEL_IOC_FREE) = %d: %s\n", ret,
	       ret ? strerror(errno) : "freed, but still mapped here");
	expect(!ret, "it is not freed");
	fault.si_signo = 0;
	expect(!touch(buffer) && fault.si_code == BUS_ADRERR &&
	       fault.si_addr == buffer, "that must be SIGBUS, BUS_ADRERR");
	if (fault.si_signo)
		printf("   reading at %p: SIGBUS caught, code %d%s,\n"
		       "           address %p\n", buffer, fault.si_code,
		       fault.si_code == BUS_ADRERR ? " (BUS_ADRERR)" : "",
		       fault.si_addr);
}

static void free_running(struct skel *skel, char *buffer)
{
	struct skel_transfer t;
	double start = demo_seconds();
	int ret, error;

	if (skel_tohost(skel, &t, 0, DEMO_LENGTH, skel_host_addr(skel, buffer)))
		err(1, "TOHOST");
	printf("   program > TOHOST 0x0 0x%x 0x%llx\n", DEMO_LENGTH,
	       (unsigned long long)t.host_addr);
	demo_show_card(skel);
	ret = skel_free(skel, buffer);
	error = ret ? errno : 0;
	printf("   skel_free() = %d: %s, after %.0f ms, while the transfer runs\n",
	       ret, strerror(error), (demo_seconds() - start) * 1000);
	expect(error == EBUSY, "that must be EBUSY");
	expect(touch(buffer), "the buffer is not usable any more");
	ret = skel_wait(skel, &t, 5000);
	printf("   the transfer is %s after %.0f ms\n",
	       ret ? strerror(errno) : "done", (demo_seconds() - start) * 1000);
	expect(!ret, "the transfer is not done %s", t.reason);
}

void demo_free(void)
{
	struct skel *skel = skel_open(demo_device);
	struct skel_info info;
	char line[64];
	char *buffer;

	if (!skel)
		err(1, "%s", demo_device);
	buffer = skel_malloc(skel, DEMO_LENGTH, SKEL_ALLOC_TOHOST);
	if (!buffer)
		err(1, "skel_malloc");
	snprintf(line, sizeof(line), "SPEED %d", SPEED);
	command(skel, line);
	free_running(skel, buffer);
	free_mapped(skel, buffer);
	expect(!skel_free(skel, buffer), "munmap: %s", strerror(errno));
	expect(!skel_get_info(skel, &info) && !info.buffers,
	       "the driver still has a buffer");
	if (!demo_unexpected)
		printf("   => busy while it runs, then freed; what is freed cannot be touched\n");
	skel_close(skel);
}
