// SPDX-License-Identifier: GPL-2.0
/*
 * skel-demo - what the skel core gives to an ordinary user, in four steps
 *
 * Started by root (demo.sh), it first gives up all privileges. Each step says
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
"Usage: skel-demo [-d DEVICE] [-u UID] [OPTION]...\n"
"Show in four steps what the skel core gives to an ordinary user.\n"
"\n"
"  -d, --device DEVICE  the card (default " SKEL_DEFAULT_PATH ")\n"
"  -u, --uid UID        when started by root: become this user (default 1000)\n"
"  -h, --help           show this text\n"
"\n"
"Waveform and picture of the second step, for skelctl acquire: --function,\n"
"--frequency, --amplitude (of input 0), --function1, --frequency1, --amplitude1,\n"
"--rate, --frames, --width, --height, --ascii, --utf8, --colour.\n"
"Example: --function triangle --frequency 2000 --amplitude 5\n";

#define WORDS_MAX	64	/* of a skelctl command */

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
	char *end, *refused;

	if (skel_query(skel, line, sizeof(line), DEMO_ANSWER_MS, "STATUS?") < 0)
		err(1, "STATUS?");
	/* what is between these, and after them, is about sampling */
	line[strcspn(line, " ")] = '\0';
	end = strstr(line + strlen(line) + 1, " transfers=");
	refused = end ? strstr(end, " refused=") : NULL;
	if (refused)
		refused[1 + strcspn(refused + 1, " ")] = '\0';
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

/* Run skelctl, preferably the one beside this program */
static void run_skelctl(char **words)
{
	char path[PATH_MAX] = "";
	char name[PATH_MAX] = "skelctl";
	int status, i;
	pid_t pid;

	if (readlink("/proc/self/exe", path, sizeof(path) - 1) > 0)
		snprintf(name, sizeof(name), "%.4000s/skelctl", dirname(path));
	printf("$ skelctl");
	for (i = 3; words[i]; i++)
		printf(" %s", words[i]);
	printf("\n");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		execv(name, words);
		execvp("skelctl", words);
		err(127, "skelctl");
	}
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	       "skelctl %s: wait status 0x%x", words[3], status);
}

#define OPT_ACQUIRE	256	/* goes to skelctl acquire */

static const struct option options[] = {
	{ "device", required_argument, NULL, 'd' },
	{ "uid", required_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ "function", required_argument, NULL, OPT_ACQUIRE },
	{ "frequency", required_argument, NULL, OPT_ACQUIRE },
	{ "amplitude", required_argument, NULL, OPT_ACQUIRE },
	{ "function1", required_argument, NULL, OPT_ACQUIRE },
	{ "frequency1", required_argument, NULL, OPT_ACQUIRE },
	{ "amplitude1", required_argument, NULL, OPT_ACQUIRE },
	{ "rate", required_argument, NULL, OPT_ACQUIRE },
	{ "frames", required_argument, NULL, OPT_ACQUIRE },
	{ "width", required_argument, NULL, OPT_ACQUIRE },
	{ "height", required_argument, NULL, OPT_ACQUIRE },
	{ "ascii", no_argument, NULL, OPT_ACQUIRE },
	{ "utf8", no_argument, NULL, OPT_ACQUIRE },
	{ "colour", required_argument, NULL, OPT_ACQUIRE },
	{ }
};

/* Append --NAME VALUE to a command of skelctl; @value may be NULL. */
static void pass_on(char **words, const char *name, char *value)
{
	int at = 0;

	while (words[at])
		at++;
	if (at + 2 >= WORDS_MAX)
		errx(2, "too many options");
	if (asprintf(&words[at], "--%s", name) < 0)
		err(1, "options");
	words[at + 1] = value;
}

/* The value of an option that was passed on, NULL if it was not */
static const char *passed(char **words, const char *option)
{
	for (; *words; words++) {
		if (strcmp(*words, option) == 0)
			return words[1];
	}
	return NULL;
}

/* Input 1 gets half the frequency of input 0, so that both can be seen. */
static void choose_other_frequency(char **words)
{
	const char *frequency = passed(words, "--frequency");
	char *half;

	if (!frequency || passed(words, "--frequency1"))
		return;
	if (asprintf(&half, "%g", strtod(frequency, NULL) / 2) < 0)
		err(1, "options");
	pass_on(words, "frequency1", half);
}

static void parse_options(int argc, char **argv, unsigned int *uid,
			  char **acquire)
{
	int c, index;

	while ((c = getopt_long(argc, argv, "d:u:h", options, &index)) != -1) {
		switch (c) {
		case OPT_ACQUIRE:
			pass_on(acquire, options[index].name, optarg);
			break;
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
	choose_other_frequency(acquire);
}

int main(int argc, char **argv)
{
	char skelctl[] = "skelctl", d[] = "-d";
	char info_name[] = "info", acquire_name[] = "acquire";
	char *info[WORDS_MAX] = { skelctl, d, NULL, info_name };
	char *acquire[WORDS_MAX] = { skelctl, d, skelctl, acquire_name };
	unsigned int uid = 1000;
	double start = demo_seconds();

	parse_options(argc, argv, &uid, acquire);
	info[2] = (char *)demo_device;
	acquire[2] = (char *)demo_device;
	drop_privileges(uid);
	show_identity();
	heading("1. The card");
	run_skelctl(info);
	heading("2. Record two inputs by DMA into the user's buffer");
	run_skelctl(acquire);
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
