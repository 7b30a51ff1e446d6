// SPDX-License-Identifier: GPL-2.0
/*
 * csv.c - samples in a file, as comma-separated values
 *
 * The file is opened before anything is recorded, so that a wrong name costs no
 * recording, and written once all frames are there: no file has only some.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csv.h"
#include "skelctl.h"

static struct {
	const char *path;
	FILE *file;
	bool made;		/* by csv_open(), and not yet complete */
	bool regular;
	bool changed;		/* by csv_write(), and not yet complete */
} csv;

static void remove_incomplete(void)
{
	if (csv.changed && csv.regular && truncate(csv.path, 0))
		warn("%s has only a part of the samples", csv.path);
	if (csv.made)
		unlink(csv.path);
}

/* Create the file, or open it as it is. Return: NULL with errno on error. */
static FILE *open_file(const char *path)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY;
	int fd = open(path, flags | O_EXCL, 0666);

	csv.made = fd >= 0;
	if (fd < 0 && errno == EEXIST)
		fd = open(path, flags, 0666);
	return fd < 0 ? NULL : fdopen(fd, "w");
}

void csv_open(const char *path)
{
	struct stat st;

	csv.path = path;
	csv.file = strcmp(path, "-") == 0 ? stdout : open_file(path);
	if (!csv.file || fstat(fileno(csv.file), &st))
		err(EXIT_CARD, "%s", path);
	csv.regular = csv.file != stdout && S_ISREG(st.st_mode);
	atexit(remove_incomplete);
}

void csv_write(const struct inputs *inputs, double *const *volts, size_t frames,
	       double rate)
{
	FILE *out = csv.file;
	size_t i;
	int n;

	if (csv.regular && ftruncate(fileno(out), 0))
		err(EXIT_CARD, "%s", csv.path);
	csv.changed = true;
	fprintf(out, "time/s");
	for (n = 0; n < inputs->count; n++)
		fprintf(out, ",%s/V", inputs->input[n].name);
	fprintf(out, "\n");
	for (i = 0; i < frames; i++) {
		fprintf(out, "%.9g", i / rate);
		for (n = 0; n < inputs->count; n++)
			fprintf(out, ",%.6f", volts[n][i]);
		fprintf(out, "\n");
	}
	if (ferror(out) | (out == stdout ? fflush(out) : fclose(out)))
		err(EXIT_CARD, "%s", csv.path);
	csv.changed = false;
	csv.made = false;
}
