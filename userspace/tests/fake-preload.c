// SPDX-License-Identifier: GPL-2.0
/*
 * fake-preload.c - the card of fake-card.c for a whole program, by LD_PRELOAD
 *
 * For what the linker cannot redirect, such as the interpreter of Python: in that
 * program, there is a FAKE_PATH. fake_set(), fake_get() and fake_say() are for its
 * tests, which find them by ctypes or dlsym().
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake-card.h"

/* Set a member of struct fake_card, or "reset" it. Return: 0, or -1: no such member. */
int fake_set(const char *name, unsigned long long value);
/* Return: the value, or -1: there is no such member. */
long long fake_get(const char *name);

__attribute__((__constructor__))
static void power_on(void)
{
	fake_reset();
}

int fake_set(const char *name, unsigned long long value)
{
#define SET(member) \
	do { \
		if (strcmp(name, #member) == 0) { \
			fake.member = value; \
			return 0; \
		} \
	} while (0)

	SET(busy);
	SET(no_mmap);
	SET(refuse);
	SET(slow);
	SET(streams);
	SET(break_at);
	SET(silent);
	SET(lose);
	SET(unplug);
	if (strcmp(name, "reset") != 0)
		return -1;
	fake_reset();
	return 0;
}

long long fake_get(const char *name)
{
	return strcmp(name, "buffers") == 0 ? fake.buffers : -1;
}

/* The C library's own function of a name */
static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

int __real_open(const char *path, int flags, ...)
{
	int (*real)(const char *path, int flags, ...) = next("open64");
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = va_arg(args, int);
	va_end(args);
	return real(path, flags, mode);
}

int __real_ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int fd, unsigned long request, ...) = next("ioctl");
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	return real(fd, request, arg);
}

void *__real_mmap(void *addr, size_t length, int prot, int flags, int fd,
		  off_t offset)
{
	void *(*real)(void *addr, size_t length, int prot, int flags, int fd,
		      off_t offset) = next("mmap64");

	return real(addr, length, prot, flags, fd, offset);
}

void *__real_calloc(size_t count, size_t size)
{
	void *(*real)(size_t count, size_t size) = next("calloc");

	return real(count, size);
}

static int open_any(const char *path, int flags, va_list args)
{
	mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, int) : 0;

	return __wrap_open(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list args;
	int fd;

	va_start(args, flags);
	fd = open_any(path, flags, args);
	va_end(args);
	return fd;
}

int open64(const char *path, int flags, ...)
{
	va_list args;
	int fd;

	va_start(args, flags);
	fd = open_any(path, flags, args);
	va_end(args);
	return fd;
}

/* The number may become that of another file, which is none of the card's. */
int close(int fd)
{
	int (*real)(int fd) = next("close");

	if (fd >= 0 && fd == fake.fd)
		fake_close();
	return real(fd);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	return __wrap_ioctl(fd, request, arg);
}

void *mmap(void *addr, size_t length, int prot, int flags, int fd,
	   off_t offset)
{
	return __wrap_mmap(addr, length, prot, flags, fd, offset);
}

void *mmap64(void *addr, size_t length, int prot, int flags, int fd,
	     off_t offset)
{
	return __wrap_mmap(addr, length, prot, flags, fd, offset);
}
