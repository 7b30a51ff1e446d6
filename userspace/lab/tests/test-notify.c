// SPDX-License-Identifier: GPL-2.0
/*
 * test-notify.c - notification of systemd
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"
#include "unit.h"

/* A socket like that of systemd; @name is a path or begins with '@'. */
static int listen_at(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	strcpy(at.sun_path, name);
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	if (fd < 0 || bind(fd, (struct sockaddr *)&at,
			   offsetof(struct sockaddr_un, sun_path) +
			   strlen(name)))
		abort();
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void tells(const char *name)
{
	int fd = listen_at(name);
	char got[32] = "";

	notify("READY=1");
	check(recv(fd, got, sizeof(got) - 1, 0) == 7);
	check(strcmp(got, "READY=1") == 0);
	close(fd);
}

TEST(notify_tells_systemd)
{
	char path[] = "/tmp/skel-notify.XXXXXX", name[64];

	if (!mkdtemp(path))
		abort();
	snprintf(name, sizeof(name), "%s/socket", path);
	tells(name);
	unlink(name);
	rmdir(path);
	snprintf(name, sizeof(name), "@skel-notify-%d", getpid());
	tells(name);
}

/* Without systemd, or with nonsense, nothing happens. */
TEST(notify_without_systemd)
{
	char name[200];

	unsetenv("NOTIFY_SOCKET");
	notify("READY=1");
	memset(name, 'x', sizeof(name));
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	notify("READY=1");
	setenv("NOTIFY_SOCKET", "relative", 1);
	notify("READY=1");
	setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
	notify("READY=1");
	setenv("NOTIFY_SOCKET", "", 1);
	notify("READY=1");
	unsetenv("NOTIFY_SOCKET");
}
