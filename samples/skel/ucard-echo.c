// SPDX-License-Identifier: GPL-2.0
/*
 * ucard-echo.c - a program that plays a card
 *
 * The card has 64 KiB of memory. It knows the commands TOHOST and FROMHOST, each
 * with card address, length and host address, answers *IDN?, and repeats every
 * other line. The program prints the name of the device and runs until killed.
 *
 * CONFIG_SAMPLE_SKEL_UCARD builds it. By hand, run "make headers" and compile it
 * with -I usr/include.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/skel_ucard.h>

#define IDN	"example,ucard-echo,0,1\n"
#define DATA	"what the card has measured"

/* The kernel checks the numbers, moves the bytes and reports to the user. */
static void transfer(int fd, struct skel_ucard_head *from, __u32 dir, long long *n)
{
	struct skel_ucard_request request = {
		.head.length = sizeof(request),
		.head.type = SKEL_UCARD_REQUEST,
		.head.flags = SKEL_UCARD_AT_ONCE,
		.head.channel = from->channel,
		.head.opening = from->opening,
		.card_addr = n[0], .bytes = n[1], .host_addr = n[2], .dir = dir,
	};

	if (write(fd, &request, sizeof(request)) < 0)
		err(1, "request");
}

static void reply(int fd, struct skel_ucard_head *from, const char *line, size_t length)
{
	char action[SKEL_UCARD_RECORD_MAX];
	struct skel_ucard_head head = {
		.length = sizeof(head) + length,
		.type = SKEL_UCARD_REPLY,
		.channel = from->channel,
		.opening = from->opening,
	};

	memcpy(action, &head, sizeof(head));
	memcpy(action + sizeof(head), line, length);
	if (write(fd, action, head.length) < 0)
		err(1, "reply");
}

/* The line behind @head has no newline; any byte may be in it. */
static void command(int fd, struct skel_ucard_head *head)
{
	size_t length = head->length - sizeof(*head);
	char line[SKEL_LINE_MAX + 1];
	long long n[3];

	memcpy(line, head + 1, length);
	memcpy(line + length, "\n", 2);
	if (sscanf(line, "TOHOST %lli %lli %lli", &n[0], &n[1], &n[2]) == 3)
		transfer(fd, head, 0, n);
	else if (sscanf(line, "FROMHOST %lli %lli %lli", &n[0], &n[1], &n[2]) == 3)
		transfer(fd, head, 1, n);
	else if (!strcmp(line, "*IDN?\n"))
		reply(fd, head, IDN, strlen(IDN));
	else
		reply(fd, head, line, length + 1);
}

int main(void)
{
	struct skel_ucard_create create = {
		.size = sizeof(create), .flags = SKEL_UCARD_TOHOST | SKEL_UCARD_FROMHOST,
		.name = "ucard-echo", .memory = 65536, .channels = 4, .transfers = 1,
	};
	__u64 events[512];	/* for its alignment */
	char *memory;
	int fd = open("/dev/skel-ucard", O_RDWR | O_CLOEXEC);
	struct skel_ucard_head *head;

	if (fd < 0 || ioctl(fd, SKEL_UCARD_IOC_CREATE, &create))
		err(1, "/dev/skel-ucard");
	memory = mmap(NULL, create.memory, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		err(1, "mmap");
	memcpy(memory, DATA, sizeof(DATA));
	dprintf(STDOUT_FILENO, "/dev/skel%u\n", create.index);
	for (;;) {
		ssize_t n = read(fd, events, sizeof(events));

		if (n < 0)
			err(1, "read");
		for (ssize_t at = 0; at < n; at += (head->length + 7) / 8 * 8) {
			head = (void *)((char *)events + at);
			if (head->type == SKEL_UCARD_COMMAND)
				command(fd, head);
		}
	}
}
