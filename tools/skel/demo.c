// SPDX-License-Identifier: GPL-2.0
/*
 * skel-demo - what the skel core gives to an ordinary user, in four steps
 *
 * Started by root (demo.sh) it first gives up all privileges. Each step says
 * what it expects; the exit status is 0 only if everything was as expected.
 */
#include <err.h>
#include <getopt.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "demo.h"

static const char usage[] =
"Usage: skel-demo [-d DEVICE] [-u UID]\n"
"Show in four steps what the skel core gives to an ordinary user.\n"
"\n"
"  -d, --device DEVICE  the card (default " SKEL_DEFAULT_PATH ")\n"
"  -u, --uid UID        when started by root: become this user (default 1000)\n"
"  -h, --help           show this text\n";

const char *demo_device = SKEL_DEFAULT_PATH;
int demo_unexpected;

double demo_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

void demo_show_card(struct skel *skel)
{
	char line[SKEL_LINE_MAX];
	const char *end;

	if (skel_query(skel, line, sizeof(line), DEMO_ANSWER_MS, "STATUS?") < 0)
		err(1, "STATUS?");
	/* what is in between is about sampling */
	line[strcspn(line, " ")] = '\0';
	end = strstr(line + strlen(line) + 1, " transfers=");
	printf("   card:     %s ...%s\n", line, end ? end : "");
}

static void heading(const char *text)
{
	printf("\n=== %s\n\n", text);
	fflush(stdout);
}

/* Who we are */

static void drop_privileges(unsigned int uid)
{
	if (geteuid() == 0 && (setgroups(0, NULL) ||
			       setresgid(uid, uid, uid) ||
			       setresuid(uid, uid, uid)))
		err(1, "cannot become uid %u", uid);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err(1, "PR_SET_NO_NEW_PRIVS");
}

/* The value of a line of /proc/self/status, "" if there is none */
static const char *proc_status(const char *key, char *value, size_t size)
{
	FILE *file = fopen("/proc/self/status", "r");
	size_t length = strlen(key);
	char line[256];

	value[0] = '\0';
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, length) != 0 || line[length] != ':')
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(value, size, "%s", line + length + 2);
	}
	if (file)
		fclose(file);
	return value;
}

static void show_identity(void)
{
	char effective[64], privileges[64];

	proc_status("CapEff", effective, sizeof(effective));
	proc_status("NoNewPrivs", privileges, sizeof(privileges));
	printf("an ordinary user: uid %u, gid %u, supplementary groups %d,\n"
	       "capabilities %s, no_new_privs %s\n", getuid(), getgid(), getgroups(0, NULL),
	       effective, privileges);
	expect(getuid() && geteuid(), "this still is root");
	expect(strtoull(effective, NULL, 16) == 0,
	       "there are capabilities left");
}

/* Run skelctl, the one beside this program if there is one */
static void run_skelctl(const char *command)
{
	char path[PATH_MAX] = "";
	char name[PATH_MAX] = "skelctl";
	int status;
	pid_t pid;

	if (readlink("/proc/self/exe", path, sizeof(path) - 1) > 0)
		snprintf(name, sizeof(name), "%.4000s/skelctl", dirname(path));
	printf("$ skelctl %s\n", command);
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		execl(name, "skelctl", "-d", demo_device, command, NULL);
		execlp("skelctl", "skelctl", "-d", demo_device, command, NULL);
		err(127, "skelctl");
	}
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	       "skelctl %s: wait status 0x%x", command, status);
}

static void parse_options(int argc, char **argv, unsigned int *uid)
{
	static const struct option options[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "uid", required_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "d:u:h", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			demo_device = optarg;
			break;
		case 'u':
			*uid = strtoul(optarg, NULL, 10);
			if (!*uid)
				errx(2, "--uid: '%s' is no ordinary user",
				     optarg);
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			exit(2);
		}
	}
	if (optind != argc)
		errx(2, "unexpected argument '%s'", argv[optind]);
}

int main(int argc, char **argv)
{
	unsigned int uid = 1000;
	double start = demo_seconds();

	parse_options(argc, argv, &uid);
	drop_privileges(uid);
	show_identity();
	heading("1. The card");
	run_skelctl("info");
	heading("2. Record two inputs by DMA into the user's buffer");
	run_skelctl("acquire");
	heading("3. The card asks for more than it may: each request is checked");
	demo_refusals();
	heading("4. A buffer cannot be freed while the card writes to it");
	demo_free();

	if (demo_unexpected)
		printf("\nskel-demo: FAILED, %d things were not as expected\n",
		       demo_unexpected);
	else
		printf("\nskel-demo: all as expected, in %.1f s\n",
		       demo_seconds() - start);
	return demo_unexpected ? 1 : 0;
}
