// SPDX-License-Identifier: GPL-2.0
/*
 * doctor.c - skelctl doctor: why can I not use the card?
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "diagnose.h"
#include "json.h"
#include "skelctl.h"

static const char *const words[][2] = {
	[FINE] = { "ok", "ok" },
	[HINT] = { "hint", "hint" },
	[BAD] = { "BAD", "bad" },
};

static void show(const struct findings *findings)
{
	size_t i;

	for (i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->finding[i];

		printf("%-5s %-11s", words[finding->verdict][0],
		       finding->subject);
		print_wrapped(stdout, finding->text, 17, 18);
		if (*finding->cure) {
			printf("%14s ", "do:");
			print_wrapped(stdout, finding->cure, 15, 18);
		}
	}
}

static void show_json(const struct patient *patient,
		      const struct findings *findings)
{
	struct json json = { .file = stdout };
	size_t i;

	json_open(&json, NULL, '{');
	json_string(&json, "device", patient->device);
	json_string(&json, "user", *patient->user ? patient->user : NULL);
	json_bool(&json, "usable", !worst(findings));
	json_open(&json, "findings", '[');
	for (i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->finding[i];

		json_open(&json, NULL, '{');
		json_string(&json, "verdict", words[finding->verdict][1]);
		json_string(&json, "subject", finding->subject);
		json_string(&json, "text", finding->text);
		json_string(&json, "cure", *finding->cure ? finding->cure : NULL);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_close(&json, '}');
}

static void try_card(struct patient *patient)
{
	struct skel *skel = skel_open(patient->device);
	char line[SKEL_LINE_MAX];
	struct skel_info info;

	patient->opened = skel ? 0 : errno;
	if (skel && !skel_get_info(skel, &info))
		patient->guard = find_guard(skel, &info);
	patient->silent = skel && ask_card(skel, "*IDN?", line) < 0;
	skel_close(skel);
}

enum {
	OPT_ROOT = OPTION_LONG,
	OPT_USER,
};

static int doctor_main(const struct command *command, int argc, char **argv)
{
	const char *root = "", *user = NULL;
	struct findings findings;
	struct patient patient;
	bool json = false;
	int c;

	while ((c = command_option(command, argc, argv)) != -1) {
		if (c == OPT_ROOT)
			root = optarg;
		else if (c == OPT_USER)
			user = optarg;
		else
			json = true;
	}
	if (!user)
		patient_self(&patient, root, card_path());
	else if (!patient_user(&patient, root, card_path(), user))
		errx(EXIT_USAGE, "--user: there is no user '%s'; %s/etc/passwd has their names",
		     user, root);
	if (!*root && !user)
		try_card(&patient);
	diagnose(&patient, &findings);
	if (json)
		show_json(&patient, &findings);
	else
		show(&findings);
	return worst(&findings) ? EXIT_NO_CARD : EXIT_SUCCESS;
}

static const struct option_row options[] = {
	{ "json", 'j', NULL, NULL, "print JSON" },
	{ "user", OPT_USER, "NAME", NULL,
	  "why can this user not use it? (default: you)" },
	{ "root", OPT_ROOT, "DIR", "<file>",
	  "look at DIR/dev, DIR/sys, DIR/proc and so on, and open no card" },
	{ }
};

const struct command doctor_command = {
	.name = "doctor",
	.summary = "say why the card cannot be used, and what helps",
	.text = "Look at all that must be right for a program to use the card: the kernel and the driver, Secure Boot, the card and its device, permissions and groups, a free channel, an answer of the card, the limit of locked memory, and whether an IOMMU keeps the card from other memory. Say in plain words what is not, and which command helps. The exit status is 3 if the card cannot be used.",
	.options = options,
	.main = doctor_main,
};
