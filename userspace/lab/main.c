// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - skel-lab, a laboratory instrument that is a program
 *
 * It creates a card through skel_ucard and plays it until SIGTERM or SIGINT.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/signalfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "card/fake-card.h"
#include "card/ucard.h"
#include "commands/instrument.h"
#include "config.h"
#include "log.h"
#include "notify.h"
#include "start.h"

#ifndef SKEL_VERSION
#define SKEL_VERSION	"unknown"
#endif

#define EXIT_USAGE	2
#define RETRY		(LAB_SECOND / 100)	/* when the kernel has no memory */

static const char usage[] =
"Usage: skel-lab [OPTION]...\n"
"Play a laboratory instrument: create a card, /dev/skelN, print its name, and\n"
"serve its users until SIGTERM.\n"
"\n"
"      --config FILE       read FILE first; its keys are the names of these\n"
"                          options, and 'command' for commands at the start\n"
"      --device FILE       device that creates cards (default /dev/skel-ucard)\n"
"      --name NAME         model of the card (default skel_lab)\n"
"      --serial NUMBER     serial number in *IDN? (default 0)\n"
"      --memory BYTES      memory of the card, also 64K, 4M (default 1M)\n"
"      --directory DIR     where recordings for the inputs may be read from\n"
"                          (default: nowhere)\n"
"      --seed N            seed of all noise (default 1)\n"
"      --real-time         follow the clock (default: virtual time, which passes\n"
"                          only with commands and while a user waits)\n"
"      --command-time TIME virtual time that each command takes (default 1 ms)\n"
"      --log-level LEVEL   error, warning, info or debug (default info)\n"
"\n"
"      --check-config      check the configuration and its commands, and exit\n"
"      --commands          print all commands, one per line, and exit\n"
"      --reference         print the command reference in reStructuredText\n"
"  -h, --help              show this text\n"
"  -V, --version           show the version\n"
"\n"
"Exit status: 0 terminated by a signal, 1 a system error, 2 wrong usage or\n"
"configuration.\n";

enum {
	OPT_KEY = 256,		/* goes to config_set() */
	OPT_CONFIG,
	OPT_CHECK,
	OPT_COMMANDS,
	OPT_REFERENCE,
};

static const struct option options[] = {
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "device", required_argument, NULL, OPT_KEY },
	{ "name", required_argument, NULL, OPT_KEY },
	{ "serial", required_argument, NULL, OPT_KEY },
	{ "memory", required_argument, NULL, OPT_KEY },
	{ "directory", required_argument, NULL, OPT_KEY },
	{ "seed", required_argument, NULL, OPT_KEY },
	{ "real-time", no_argument, NULL, OPT_KEY },
	{ "command-time", required_argument, NULL, OPT_KEY },
	{ "log-level", required_argument, NULL, OPT_KEY },
	{ "check-config", no_argument, NULL, OPT_CHECK },
	{ "commands", no_argument, NULL, OPT_COMMANDS },
	{ "reference", no_argument, NULL, OPT_REFERENCE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ }
};

struct arguments {
	struct config config;
	const char *file;	/* of the configuration, or NULL */
	bool check;
};

static noreturn void refuse(const char *message)
{
	fprintf(stderr, "skel-lab: %s\n", message);
	exit(EXIT_USAGE);
}

static void parse_option(struct arguments *args, int c, int index)
{
	char error[CONFIG_ERROR_MAX];

	switch (c) {
	case OPT_KEY:
		if (config_set(&args->config, options[index].name, optarg,
			       error))
			refuse(error);
		break;
	case OPT_CONFIG:
		break;	/* read by read_file() */
	case OPT_CHECK:
		args->check = true;
		break;
	case OPT_COMMANDS:
		scpi_print_completion(instrument.tables,
				      instrument.table_count);
		exit(EXIT_SUCCESS);
	case OPT_REFERENCE:
		scpi_print_reference(instrument.tables,
				     instrument.table_count);
		exit(EXIT_SUCCESS);
	case 'h':
		fputs(usage, stdout);
		exit(EXIT_SUCCESS);
	case 'V':
		puts("skel-lab " SKEL_VERSION);
		exit(EXIT_SUCCESS);
	default:
		exit(EXIT_USAGE);
	}
}

/* The file comes first, so that options override it. */
static void read_file(struct arguments *args, int argc, char **argv)
{
	char error[CONFIG_ERROR_MAX];
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		if (c == OPT_CONFIG)
			args->file = optarg;
	}
	if (args->file && config_read(&args->config, args->file, error))
		refuse(error);
	opterr = 1;
	optind = 0;	/* start over */
}

static void parse_arguments(struct arguments *args, int argc, char **argv)
{
	int c, index;

	if (config_init(&args->config))
		refuse("no memory");
	read_file(args, argc, argv);
	while ((c = getopt_long(argc, argv, "hV", options, &index)) != -1)
		parse_option(args, c, index);
	if (optind != argc)
		refuse("takes options only; see skel-lab --help");
}

/* Return: 0, or EXIT_USAGE: a command of the configuration is wrong. */
static int run_commands(struct lab *lab, const struct arguments *args)
{
	const struct config *config = &args->config;
	char error[SCPI_LINE_MAX];
	unsigned int i;

	for (i = 0; i < config->command_count; i++) {
		const struct config_command *command = &config->commands[i];

		if (!lab_start_command(lab, command->text, error,
				       sizeof(error)))
			continue;
		lab_log(LOG_ERR, "%s:%u: %s: %s", args->file, command->line,
			command->text, error);
		return EXIT_USAGE;
	}
	return 0;
}

static struct lab *create_lab(struct lab_card *card,
			      const struct config *config)
{
	const struct lab_settings settings = {
		.real = config->real_time,
		.command_time = config->command_time,
		.seed = config->seed,
		.serial = config->serial,
		.directory = config->directory,
	};
	struct lab *lab = lab_create(card, &instrument, &settings);

	if (!lab)
		lab_log(LOG_ERR, "cannot create the instrument: %s",
			strerror(errno));
	return lab;
}

/* --check-config: what happens at the start, but with a fake card */
static int check_config(const struct arguments *args)
{
	struct fake_card *fake = fake_card_create(args->config.memory);
	struct lab *lab;
	int status = EXIT_FAILURE;

	if (!fake) {
		lab_log(LOG_ERR, "no memory");
		return status;
	}
	lab = create_lab(fake_card_card(fake), &args->config);
	if (lab) {
		status = run_commands(lab, args);
		lab_destroy(lab);
	}
	fake_card_destroy(fake);
	return status;
}

/* Signals that end the program arrive through a file. */
static int open_signals(void)
{
	sigset_t set;

	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* How long there is nothing to do; LAB_NEVER: until an event */
static lab_time idle_time(const struct lab *lab, const struct ucard *ucard)
{
	lab_time next = lab_next_timer(lab), now = lab_now(lab) + lab_lag(lab);
	lab_time idle = LAB_NEVER;

	if (lab->time.real && next != LAB_NEVER)
		idle = next > now ? next - now : 0;
	return ucard_is_full(ucard) && idle > RETRY ? RETRY : idle;
}

/* Wait for events and handle them. Return: 0: go on, 1: a signal, -1: errno. */
static int wait_for_events(struct lab *lab, struct ucard *ucard, int signals,
			   lab_time idle)
{
	struct pollfd pfd[] = {
		{ .fd = ucard_fd(ucard), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	struct timespec ts = { idle / LAB_SECOND, idle % LAB_SECOND };

	if (ppoll(pfd, 2, idle == LAB_NEVER ? NULL : &ts, NULL) < 0)
		return errno == EINTR ? 0 : -1;
	if (pfd[1].revents)
		return 1;
	if (pfd[0].revents & POLLIN)
		return ucard_read(ucard, lab);
	if (pfd[0].revents) {
		errno = ENODEV;
		return -1;
	}
	return 0;
}

static int serve(struct lab *lab, struct ucard *ucard)
{
	int signals = open_signals(), ret = signals < 0 ? -1 : 0;

	while (!ret) {
		bool more = lab_step(lab);

		lab->card->ops->flush(lab->card);
		ret = wait_for_events(lab, ucard, signals,
				      more ? 0 : idle_time(lab, ucard));
	}
	if (ret < 0)
		lab_log(LOG_ERR, "card: %s", strerror(errno));
	else
		lab_log(LOG_INFO, "terminated by a signal");
	if (signals >= 0)
		close(signals);
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int announce(const struct ucard *ucard, const struct config *config)
{
	lab_log(LOG_INFO, "/dev/skel%u: %s, serial %s, %zu bytes, %s time, seed %llu",
		ucard_index(ucard), config->name, config->serial,
		ucard_card((struct ucard *)ucard)->size,
		config->real_time ? "real" : "virtual",
		(unsigned long long)config->seed);
	if (printf("/dev/skel%u\n", ucard_index(ucard)) < 0 || fflush(stdout)) {
		lab_log(LOG_ERR, "standard output: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	notify("READY=1");
	return 0;
}

static int play(const struct arguments *args)
{
	const struct ucard_settings settings = {
		.device = args->config.device,
		.name = args->config.name,
		.memory = args->config.memory,
	};
	const char *what;
	struct ucard *ucard = ucard_create(&settings, &what);
	struct lab *lab;
	int status = EXIT_FAILURE;

	if (!ucard) {
		lab_log(LOG_ERR, "%s: %s: %s%s", settings.device, what,
			strerror(errno), errno == ENOENT ?
			"; is the module skel_ucard loaded?" : "");
		return status;
	}
	lab = create_lab(ucard_card(ucard), &args->config);
	if (lab) {
		status = run_commands(lab, args);
		if (!status)
			status = announce(ucard, &args->config);
		if (!status)
			status = serve(lab, ucard);
		notify("STOPPING=1");
		lab_destroy(lab);
	}
	ucard_destroy(ucard);
	return status;
}

int main(int argc, char **argv)
{
	struct arguments args = { 0 };
	int status;

	parse_arguments(&args, argc, argv);
	lab_log_setup(args.config.log_level);
	status = args.check ? check_config(&args) : play(&args);
	config_destroy(&args.config);
	return status;
}
