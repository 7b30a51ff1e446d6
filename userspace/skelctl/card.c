// SPDX-License-Identifier: GPL-2.0
/*
 * card.c - which card the user means, opening it, and whether it answers
 */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose.h"
#include "skelctl.h"

static char path[4096];

/* "0", "skel0" and "/dev/skel0" are the same; anything else is a path */
void choose_card(const char *text)
{
	const char *number = text;
	int length;

	if (strncmp(text, "skel", 4) == 0)
		number = text + 4;
	if (*number && !number[strspn(number, "0123456789")])
		length = snprintf(path, sizeof(path), "/dev/skel%s", number);
	else
		length = snprintf(path, sizeof(path), "%s", text);
	if (!length || (size_t)length >= sizeof(path))
		errx(EXIT_USAGE, "--device: '%s' is no name of a card: give a number, a name such as skel0, or a path",
		     text);
}

const char *chosen_card(void)
{
	static char real[PATH_MAX];
	const char *slash;

	if (!*path)
		return NULL;
	/* a link of /dev/skel/by-path */
	slash = strrchr(realpath(path, real) ? real : path, '/');
	return slash ? slash + 1 : path;
}

const char *card_path(void)
{
	const char *text = getenv("SKEL_DEVICE");

	if (!*path)
		choose_card(text && *text ? text : SKEL_DEFAULT_PATH);
	return path;
}

void card_gone(void)
{
	errx(EXIT_NO_CARD, "%s: the card is gone: it was unplugged, or its program has ended; skelctl list shows what is there",
	     card_path());
}

struct skel *open_card(void)
{
	struct skel *skel = skel_open(card_path());
	const struct finding *finding;
	struct findings findings;
	struct patient patient;
	const char *before;
	int error;

	if (skel)
		return skel;
	error = errno;	/* looking at the user changes it */
	patient_self(&patient, "", path);
	patient.opened = error;
	diagnose(&patient, &findings);
	finding = worst(&findings);
	before = finding && *finding->cure ? " What to do: " : "";
	if (!finding)
		errx(EXIT_NO_CARD, "%s: %s", path, strerror(patient.opened));
	if (strncmp(finding->text, path, strlen(path)) == 0)
		errx(EXIT_NO_CARD, "%s%s%s", finding->text, before, finding->cure);
	errx(EXIT_NO_CARD, "%s: %s%s%s", path, finding->text, before,
	     finding->cure);
}

bool card_has_stopped(const char *line)
{
	return strcmp(line, "ERROR timeout") == 0;
}

/*
 * Does a card that did not answer a query still run its commands? It may be one that
 * does not know the query: by the core's answer or, if it has no transfers, by SCPI's
 * error queue.
 */
static bool is_alive(struct skel *skel, char *line)
{
	int error = skel_clear(skel, ANSWER_MS);

	return !error || (error == -EOPNOTSUPP &&
			  skel_query(skel, line, SKEL_LINE_MAX, ANSWER_MS,
				     "SYSTem:ERRor?") >= 0);
}

int ask_card(struct skel *skel, const char *query, char *line)
{
	if (skel_query(skel, line, SKEL_LINE_MAX, ANSWER_MS, "%s", query) >= 0)
		return card_has_stopped(line) ? -1 :
		       strncmp(line, "ERROR", 5) != 0;
	if (errno == ETIMEDOUT)
		return is_alive(skel, line) - 1;
	if (errno == ENODEV)
		card_gone();
	err(EXIT_CARD, "%s: '%s'", card_path(), query);
}
