// SPDX-License-Identifier: GPL-2.0
/*
 * system.c - SYSTem: time, seed and memory of the instrument
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "commands/tables.h"

#define ADVANCE_MAX	3600.0	/* s, of one command */

static int get_time(struct scpi *scpi, const struct scpi_call *call)
{
	lab_time now = lab_now(scpi_lab(scpi));

	return scpi_reply_text(scpi, "%llu.%09llu",
			       (unsigned long long)(now / LAB_SECOND),
			       (unsigned long long)(now % LAB_SECOND));
}

static void advanced(struct lab *lab, struct lab_timer *timer)
{
	struct session *session =
		lab_container_of(timer, struct session, advance);

	scpi_resume(&session->scpi, SCPI_OK);
}

/* Time passes in the main loop, while the session is suspended. */
static int advance(struct scpi *scpi, const struct scpi_call *call)
{
	struct session *session = scpi_session(scpi);
	struct lab *lab = session->lab;

	if (lab->time.real)
		return SCPI_ERR_SETTINGS_CONFLICT;
	session->advance.run = advanced;
	lab_timer_start(lab, &session->advance, lab_now(lab) +
			llround(call->arg[0].number * LAB_SECOND));
	return SCPI_SUSPEND;
}

static int get_mode(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_text(scpi, scpi_lab(scpi)->time.real ? "REAL" : "VIRT");
}

static int set_seed(struct scpi *scpi, const struct scpi_call *call)
{
	scpi_lab(scpi)->seed = call->arg[0].address;
	return SCPI_OK;
}

static int get_seed(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_address(scpi, scpi_lab(scpi)->seed);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Bytes of a file that may be played, -1: it is none */
static intmax_t file_size(const char *directory, const char *name)
{
	char path[PATH_MAX];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return lstat(path, &status) || !S_ISREG(status.st_mode) ? -1 :
	       (intmax_t)status.st_size;
}

static void reply_files(struct scpi *scpi, const char *directory,
			struct dirent **names, int count)
{
	struct statvfs disk = { 0 };
	intmax_t size, used = 0;
	char text[NAME_MAX + 40];

	for (int i = 0; i < count; i++) {
		size = file_size(directory, names[i]->d_name);
		used += size > 0 ? size : 0;
	}
	statvfs(directory, &disk);
	scpi_reply_address(scpi, used);
	scpi_reply_address(scpi, (uint64_t)disk.f_bavail * disk.f_frsize);
	for (int i = 0; i < count; i++) {
		size = file_size(directory, names[i]->d_name);
		snprintf(text, sizeof(text), "%s,BIN,%jd", names[i]->d_name,
			 size);
		if (size >= 0)
			scpi_reply_string(scpi, text);
	}
}

/* SCPI-99 volume 2, MMEMory:CATalog? */
static int catalog(struct scpi *scpi, const struct scpi_call *call)
{
	const char *directory = scpi_lab(scpi)->directory;
	struct dirent **names = NULL;
	int count = directory ? scandir(directory, &names, is_visible,
					alphasort) : -1;

	if (count < 0)
		return scpi_fail(scpi, SCPI_ERR_MISSING_MEDIA, "%s", directory ?
				 strerror(errno) :
				 "the instrument has no --directory");
	reply_files(scpi, directory, names, count);
	while (count--)
		free(names[count]);
	free(names);
	return SCPI_OK;
}

static int get_memory(struct scpi *scpi, const struct scpi_call *call)
{
	return scpi_reply_address(scpi, scpi_lab(scpi)->card->size);
}

static const struct scpi_command commands[] = {
	{
		.header = "SYSTem:TIME", .query = get_time,
		.help = "The time of the instrument in seconds since it was started, to the nanosecond.",
		.reply = "seconds with nine decimals: 1.002000000",
		.example = "SYST:TIME?",
	}, {
		.header = "SYSTem:TIME:ADVance", .set = advance,
		.params = { { NUMBER("time", "s", 0, ADVANCE_MAX, 0) } },
		.help = "Let virtual time pass, as fast as the machine can. Later commands run after that.",
		.errors = "-221 time is real: start skel-lab --virtual-time",
		.example = "SYST:TIME:ADV 100 ms",
	}, {
		.header = "SYSTem:TIME:MODE", .query = get_mode,
		.help = "Whether time is virtual or real, as chosen when the instrument was started.",
		.reply = "VIRT or REAL", .example = "SYST:TIME:MODE?",
	}, {
		.header = "SYSTem:SEED", .set = set_seed, .query = get_seed,
		.params = { { PARAM(ADDRESS, "seed") } },
		.help = "The seed of all noise: the same one gives the same noise. *RST does not change it; a generator uses a new one from the next change of its settings on.",
		.reply = "the seed", .example = "SYST:SEED 42",
	}, {
		.header = "SYSTem:MEMory", .query = get_memory,
		.help = "Size of the card's memory.",
		.reply = "bytes", .example = "SYST:MEM?",
	}, {
		.header = "MMEMory:CATalog", .query = catalog,
		.help = "The files of the configured directory, which INPut:FILE plays.",
		.reply = "bytes used, bytes free, then of each file \"name,BIN,bytes\"",
		.errors = "-252 there is no --directory, -430 too many files for a response",
		.example = "MMEM:CAT?",
	},
};

const struct scpi_table lab_system_table = SCPI_TABLE("System", commands);
