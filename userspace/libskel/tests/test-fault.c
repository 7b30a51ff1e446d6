// SPDX-License-Identifier: GPL-2.0
/*
 * test-fault.c - memory that is not there, writes in pieces, a card that never pauses
 *
 * The linker leads read(), write() and realloc() of the library here (option --wrap).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card.h"

static int no_memory;	/* so many calls of realloc() fail */
static int no_room;	/* write() number @no_room from now says EAGAIN */
static size_t piece;	/* bytes that write() takes at once, 0: all */
static bool endless;	/* read() always has one more line */

ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __real_write(int fd, const void *bytes, size_t size);
void *__real_realloc(void *old, size_t size);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
void *__wrap_realloc(void *old, size_t size);

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
	if (!endless || fd != skel_fd(skel))
		return __real_read(fd, bytes, size);
	memcpy(bytes, "x\n", 2);
	return 2;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
	if (fd != skel_fd(skel))
		return __real_write(fd, bytes, size);
	if (no_room && !--no_room) {
		errno = EAGAIN;
		return -1;
	}
	return __real_write(fd, bytes, piece && size > piece ? piece : size);
}

void *__wrap_realloc(void *old, size_t size)
{
	if (!no_memory)
		return __real_realloc(old, size);
	no_memory--;
	errno = ENOMEM;
	return NULL;
}

static bool heard(const char *text)
{
	char bytes[SKEL_LINE_MAX];
	ssize_t n = read(card, bytes, sizeof(bytes));

	return n == (ssize_t)strlen(text) && memcmp(bytes, text, n) == 0;
}

static bool nothing_heard(void)
{
	char byte;

	return read(card, &byte, 1) == -1 && errno == EAGAIN;
}

/* Nothing has been sent, or all will be. */
static void no_half_lines(void)
{
	char line[SKEL_LINE_MAX];

	plug();
	say("answer\n");
	no_room = 1;
	no_memory = 1;
	check(skel_send(skel, "OUTPUT 1 5") == -1 && errno == ENOMEM);
	check(!no_memory && nothing_heard());
	piece = 8;
	no_room = 2;
	no_memory = 1;
	check(!skel_send(skel, "OUTPUT 1 5"));
	check(!no_memory && !no_room);
	piece = 0;
	check(heard("OUTPUT 1 5\n"));
	check(skel_readline(skel, line, sizeof(line), 0) == 6);
	unplug();
}

/* A transfer that could not be sent is not taken for one that runs. */
static void transfers_are_sent_later(void)
{
	struct skel_transfer t = {
		.direction = SKEL_TOHOST, .length = 8, .host_addr = 0x1000,
	}, other = t;

	plug();
	say("answer\n");
	no_room = 1;
	no_memory = 1;
	check(!skel_submit(skel, &t, NULL, NULL));
	check(!no_memory && nothing_heard());
	other.card_addr = 8;
	check(!skel_submit(skel, &other, NULL, NULL));
	check(heard("TOHOST 0x0 0x8 0x1000\n"));
	say("skel: DONE TOHOST 0x0 0x8 0x1000\n");
	check(!skel_wait(skel, &t, 1000));
	check(heard("TOHOST 0x8 0x8 0x1000\n"));
	unplug();
}

static void what_came_before_the_end_is_read(void)
{
	char line[SKEL_LINE_MAX];

	plug();
	say("last\n");
	close(card);
	no_memory = 1;
	check(skel_readline(skel, line, sizeof(line), 0) == -1);
	check(errno == ENOMEM);
	check(skel_readline(skel, line, sizeof(line), 0) == 4);
	check(strcmp(line, "last") == 0);
	check(skel_readline(skel, line, sizeof(line), 0) == -1);
	check(errno == ENODEV);
	skel_close(skel);
}

static void no_card_keeps_a_thread(void)
{
	char line[SKEL_LINE_MAX];

	plug();
	say("x\n");
	endless = true;
	alarm(10);
	check(skel_read_event(skel, line, sizeof(line), 20) == -ETIMEDOUT);
	alarm(0);
	endless = false;
	unplug();
}

int main(void)
{
	run(no_half_lines);
	run(transfers_are_sent_later);
	run(what_came_before_the_end_is_read);
	run(no_card_keeps_a_thread);
	return unit_end();
}
