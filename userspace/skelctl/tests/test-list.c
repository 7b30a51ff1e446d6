// SPDX-License-Identifier: GPL-2.0
/*
 * test-list.c - cards and users of a made-up machine
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../command.h"
#include "../skelctl.h"
#include "../system.h"
#include "fake-root.h"
#include "run.h"

static void put_process(int pid, const char *name, const char *maps)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	root_put(path, name);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	root_put(path, maps);
	snprintf(path, sizeof(path), "/proc/%d/fd/0", pid);
	root_link(path, "/dev/null");
}

static void put_channel(int pid, int fd, const char *device, const char *info)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	root_link(path, device);
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	root_put(path, info);
}

void unit_setup(void)
{
	char passwd[128];

	root_make();
	snprintf(passwd, sizeof(passwd), "ada:x:%u:1::/:/bin/sh\n", getuid());
	root_put("/etc/passwd", passwd);
	root_put("/sys/class/misc/skel10/model", "lab\n");
	root_put("/sys/class/misc/skel2/model", "sim\n");
	root_put("/sys/class/misc/skel2/path", "faux-skel_sim.0\n");
	root_put("/sys/class/misc/skel-ucard/dev", "10:1\n");
	root_put("/sys/class/misc/null/dev", "1:3\n");
	put_process(77, "record\n",
		    "7f0000000000-7f0000100000 rw-s 400000000 00:05 9 /dev/skel2\n"
		    "7f0000200000-7f0000201000 rw-s 0 00:05 9 /dev/skel2 (deleted)\n"
		    "7f0000300000-7f0000301000 rw-s 0 00:05 9 /dev/skel2\n"
		    "7f0000400000-7f0000401000 rw-s 0 00:05 9 /dev/skel10\n"
		    "7f0000500000-7f0000501000 rw-p 0 00:00 0 [heap]\n"
		    "7f0000600000-7f0000601000 rw-s 0 00:05 9 /tmp/skel2\n");
	put_channel(77, 5, "/dev/skel2",
		    "pos:\t0\nflags:\t02\nskel-card:\tsim\nskel-channel:\t4\n"
		    "skel-buffers:\t2\nskel-memory:\t1024 kB\nskel-pending:\t1\n");
	put_channel(77, 6, "/dev/skel10",
		    "skel-card:\tlab\nskel-channel:\t0\nskel-buffers:\t0\n"
		    "skel-memory:\t0 kB\nskel-pending:\t0\n");
	put_process(9, "vi\033[2J\302\233ew\n", "");
	put_channel(9, 3, "/dev/skel2",
		    "skel-card:\tsim\nskel-channel:\t1\nskel-buffers:\t0\n"
		    "skel-memory:\t0 kB\nskel-pending:\t0\n");
	/* looks like one, but is no channel */
	put_channel(9, 4, "/tmp/skel2", "pos:\t0\n");
	put_channel(9, 5, "/dev/skel-ucard", "pos:\t0\n");
}

TEST(cards_are_found)
{
	struct system_card *card;
	size_t count;

	card = system_cards(root, &count);
	check(count == 2);
	check(card[0].number == 2 && strcmp(card[0].model, "sim") == 0);
	check(strcmp(card[0].place, "faux-skel_sim.0") == 0);
	check(card[1].number == 10 && strcmp(card[1].name, "skel10") == 0);
	check(!*card[1].place);
	free(card);
	root_make();
	check(!system_cards(root, &count) && !count);
}

TEST(users_are_found)
{
	struct system_user *user;
	bool hidden;
	size_t count;

	user = system_users(root, &count, &hidden);
	check(count == 3 && !hidden);
	/* a name must not command the terminal */
	check(strcmp(user[0].program, "vi?[2J??ew") == 0);
	check(user[0].pid == 9 && user[0].channel == 1 && user[0].card == 2);
	check(user[1].pid == 77 && user[1].channel == 4 && user[1].fd == 5);
	check(user[1].buffers == 2 && user[1].memory == 1 << 20);
	check(user[1].pending == 1 && user[1].uid == getuid());
	check(user[1].mappings == 2 && user[1].mapped == 0x101000);
	check(user[2].card == 10 && user[2].mappings == 1);
	free(user);
}

TEST(list_shows_them)
{
	prints(0, "list --root @",
	       "\n2      /dev/skel2   sim               faux-skel_sim.0\n",
	       "\n             4  ada       record            77        2       1 MiB        1  1028 KiB\n",
	       "\n10     /dev/skel10  lab               -\n");
	prints(0, "list --root @ --json", "\"buffer_bytes\": 1048576,",
	       "\"mapped_bytes\": 1052672", "\"place\": null",
	       "\"all_users_shown\": true\n}\n");

	root_make();
	prints(EXIT_NO_CARD, "list --root @", "no cards; skelctl doctor");
}

/* That of --device */
TEST(list_shows_one)
{
	prints(0, "list --root @ -d 2", "\n2      /dev/skel2", "!skel10");
	prints(EXIT_NO_CARD, "list --root @ -d skel3", "no card skel3; skelctl doctor");
	prints(0, "list --root @ -d /dev/skel10 --json", "\"number\": 10,",
	       "!\"number\": 2,");
}
