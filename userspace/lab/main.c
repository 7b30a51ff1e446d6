// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - skel-lab, a laboratory instrument that is a program
 *
 * It creates a card through skel_ucard and plays it until SIGTERM or SIGINT, and
 * may be used over the network, with such a card or without.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <syslog.h>

#include "card/fake-card.h"
#include "card/ucard.h"
#include "commands/instrument.h"
#include "config.h"
#include "log.h"
#include "net/server.h"
#include "notify.h"
#include "serve.h"
#include "start.h"

#ifndef SKEL_VERSION
#define SKEL_VERSION	"unknown"
#endif

#define EXIT_USAGE	2

static const char usage[] =
"Usage: skel-lab [OPTION]...\n"
"Play a laboratory instrument: create a card, /dev/skelN, print its name, and\n"
"serve its users until SIGTERM. With --listen, serve the network, too.\n"
"\n"
"      --config FILE       read FILE first; its keys are these options and 'command'\n"
"      --device FILE       device that creates cards (default /dev/skel-ucard)\n"
"      --listen ADDRESS    serve SCPI over TCP: a port of 127.0.0.1, 0 for any, or an\n"
"                          address, 0.0.0.0:5025: without authentication\n"
"      --no-card           the network alone: needs neither root nor the driver\n"
"      --name NAME         model of the card (default skel_lab)\n"
"      --serial NUMBER     serial number in *IDN? (default 0)\n"
"      --memory BYTES      memory of the card, also 64K, 4M, 1G (default 1M)\n"
"      --directory DIR     where recordings are read from (default: nowhere)\n"
"      --seed N            seed of all noise (default 1)\n"
"      --virtual-time      for tests: time passes only with commands and waits\n"
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

static const char reference_title[] =
".. SPDX-License-Identifier: GPL-2.0\n\n"
"===============================\n"
"Laboratory instrument: commands\n"
"===============================\n";

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
	{ "listen", required_argument, NULL, OPT_KEY },
	{ "no-card", no_argument, NULL, OPT_KEY },
	{ "name", required_argument, NULL, OPT_KEY },
	{ "serial", required_argument, NULL, OPT_KEY },
	{ "memory", required_argument, NULL, OPT_KEY },
	{ "directory", required_argument, NULL, OPT_KEY },
	{ "seed", required_argument, NULL, OPT_KEY },
	{ "virtual-time", no_argument, NULL, OPT_KEY },
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
		fputs(reference_title, stdout);
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
	char error[CONFIG_ERROR_MAX];
	int c, index;

	if (config_init(&args->config))
		refuse("no memory");
	read_file(args, argc, argv);
	while ((c = getopt_long(argc, argv, "hV", options, &index)) != -1)
		parse_option(args, c, index);
	if (optind != argc)
		refuse("takes options only; see skel-lab --help");
	if (config_check(&args->config, error))
		refuse(error);
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
		.real = !config->virtual_time,
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

/* What is played, and who may use it. Members are NULL that are not there. */
struct stage {
	struct ucard *ucard;
	struct fake_card *fake;
	struct lab *lab;
	struct server *server;
};

static int make_card(struct stage *stage, const struct config *config)
{
	const struct ucard_settings settings = {
		.device = config->device,
		.name = config->name,
		.memory = config->memory,
	};
	const char *what = "no memory for the card";

	if (config->no_card)
		stage->fake = fake_card_create(config->memory);
	else
		stage->ucard = ucard_create(&settings, &what);
	if (stage->fake || stage->ucard)
		return 0;
	lab_log(LOG_ERR, "%s: %s: %s%s", config->no_card ? "no-card" :
		settings.device, what, strerror(errno),
		!config->no_card && errno == ENOENT ?
		"; is the module skel_ucard loaded?" : "");
	return -1;
}

static int start_server(struct stage *stage, const struct config *config)
{
	struct address address;
	char text[ADDRESS_TEXT_MAX];

	if (!config->listen)
		return 0;
	address_parse(&address, config->listen);
	stage->server = server_create(stage->lab, &address);
	if (!stage->server) {
		lab_log(LOG_ERR, "listen: %s: %s%s", config->listen,
			strerror(errno), errno == EADDRINUSE ?
			"; choose another port" : "");
		return -1;
	}
	if (address_is_loopback(&address))
		return 0;
	address_print(server_address(stage->server), text);
	lab_log(LOG_WARNING, "listen: %s: SCPI has no authentication, everyone who can reach this address can use the instrument",
		text);
	return 0;
}

/* Print where the users find it: a device, an address, or both. */
static int announce(const struct stage *stage, const struct config *config)
{
	char device[32] = "", address[ADDRESS_TEXT_MAX] = "";
	const char *both = stage->ucard && stage->server ? "\n" : "";

	if (stage->ucard)
		snprintf(device, sizeof(device), "/dev/skel%u",
			 ucard_index(stage->ucard));
	if (stage->server)
		address_print(server_address(stage->server), address);
	lab_log(LOG_INFO, "%s%s%s: %s, serial %s, %zu bytes, %s time, seed %llu",
		device, *both ? ", " : "", address, config->name,
		config->serial, stage->lab->card->size,
		config->virtual_time ? "virtual" : "real",
		(unsigned long long)config->seed);
	if (printf("%s%s%s\n", device, both, address) < 0 || fflush(stdout)) {
		lab_log(LOG_ERR, "standard output: %s", strerror(errno));
		return -1;
	}
	notify("READY=1");
	return 0;
}

static int play_on(struct stage *stage, const struct arguments *args)
{
	int status;

	stage->lab = create_lab(stage->ucard ? ucard_card(stage->ucard) :
				fake_card_card(stage->fake), &args->config);
	if (!stage->lab)
		return EXIT_FAILURE;
	status = run_commands(stage->lab, args);
	if (status)
		return status;
	if (start_server(stage, &args->config) ||
	    announce(stage, &args->config) ||
	    serve(stage->lab, stage->ucard, stage->server))
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}

static int play(const struct arguments *args)
{
	struct stage stage = { 0 };
	int status;

	if (make_card(&stage, &args->config))
		return EXIT_FAILURE;
	status = play_on(&stage, args);
	notify("STOPPING=1");
	server_destroy(stage.server);
	if (stage.lab)
		lab_destroy(stage.lab);
	if (stage.ucard)
		ucard_destroy(stage.ucard);
	if (stage.fake)
		fake_card_destroy(stage.fake);
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
