// SPDX-License-Identifier: GPL-2.0
/*
 * record.c - skelctl record: the inputs of a card into a file, as long as wanted
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "command.h"
#include "format.h"
#include "interrupt.h"
#include "quantity.h"
#include "record.h"
#include "sampling.h"
#include "spool.h"

static bool emit(void *data, int64_t first, const int16_t *codes,
		 size_t count)
{
	struct recording_run *run = data;
	uint64_t wanted = run->capture.frames;

	if (!run->begun) {
		run->begun = true;
		run->first = first;
	}
	/* what is kept for a picture begins anew behind a gap */
	if (run->keep && run->frames && first != run->next)
		run->first = first;
	/* frames that are lost count, too: it is the time that was asked for */
	if (wanted && first - run->first + count > wanted)
		count = first - run->first >= (int64_t)wanted ? 0 :
			wanted - (first - run->first);
	if (count && run->keep && !run->keep(run->keep_data, first, codes, count))
		return false;
	if (count && run->writer && !spool_put(&run->spool, first, codes,
						count))
		return false;
	run->frames += count;
	run->next = first + count;
	return !wanted || (uint64_t)(run->next - run->first) < wanted;
}

#define TOLD_TERMINAL_MS	500
#define TOLD_FILE_MS		10000	/* these lines stay */

/* "  12.5 %, 1.25 s of 10 s, 8.75 s left, 125000 frames, 100 kHz, 0 lost" */
static void progress(void *data, bool waiting)
{
	struct recording_run *run = data;
	const struct capture *c = &run->capture;
	char is[QUANTITY_MAX], of[QUANTITY_MAX], rate[QUANTITY_MAX];
	uint64_t done = run->begun ? run->next - run->first : 0;
	int64_t now = now_ms();
	double speed;

	if (run->quiet || now - run->told <
	    (run->terminal ? TOLD_TERMINAL_MS : TOLD_FILE_MS))
		return;
	speed = 1000.0 * (run->frames - run->told_frames) / (now - run->told);
	run->told = now;
	run->told_frames = run->frames;
	fputs(run->terminal ? "\r" : "", stderr);
	if (waiting && !done) {
		fprintf(stderr, "  waiting for the trigger");
	} else {
		fputs("  ", stderr);
		if (c->frames)
			fprintf(stderr, "%.3g %%, ", floor(1000.0 * done / c->frames) / 10);
		fputs(quantity_format(is, QUANTITY_SECOND, done / c->rec.rate, 4),
		      stderr);
		if (c->frames)
			fprintf(stderr, " of %s, %s left",
				quantity_format(of, QUANTITY_SECOND,
						c->frames / c->rec.rate, 4),
				quantity_format(rate, QUANTITY_SECOND,
						speed > 0 ? (c->frames - done) / speed :
						(c->frames - done) / c->rec.rate, 3));
		fprintf(stderr, ", %llu frames, %s, %llu lost",
			(unsigned long long)run->frames,
			quantity_format(rate, QUANTITY_HERTZ, speed, 3),
			(unsigned long long)c->lost);
	}
	fputs(run->terminal ? "\033[K" : "\n", stderr);
	fflush(stderr);
}

/* By the suffix; exits if there is none of it */
static const struct format *record_format(const char *path)
{
	const struct format *format = format_by_path(path);
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (!format && strchr(name, '.'))
		errx(EXIT_USAGE, "%s: no format has this suffix; name one by --format",
		     path);
	return format ? format : &csv_format;
}

void record_open(struct recording_run *run, struct writer *w,
		    const char *path, bool force)
{
	w->rec = &run->capture.rec;
	w->level = run->capture.set.has_level ? run->capture.set.level : 0;
	run->writer = w;
	if (!writer_open(w, path, force))
		return;
	if (errno == EEXIST)
		errx(EXIT_CARD, "%s: there is such a file; take another name, or --force to overwrite it",
		     path);
	if (errno == ESPIPE)
		errx(EXIT_CARD, "%s: the format %s needs a regular file; csv, jsonl, raw and vcd do not",
		     path, w->format->name);
	err(EXIT_CARD, "cannot write %s", path);
}

/* Close the file, too. Return: -1. */
static int give_up(struct recording_run *run)
{
	if (run->writer)
		writer_close(run->writer);
	return -1;
}

/* What can be known before the first frame */
static int check_output(struct recording_run *run)
{
	struct capture *c = &run->capture;
	const struct writer *w = run->writer;
	char needed[QUANTITY_MAX], there[QUANTITY_MAX];
	struct statvfs fs;
	double bytes, room;

	if (w->format->rate_max &&
	    (w->rec->rate < 0.5 || w->rec->rate > w->format->rate_max))
		return capture_fail(c, "%s cannot keep this recording, its rate is a whole number of Hz up to %.15g; csv and npy can",
				    w->format->name, w->format->rate_max);
	if (!w->out.regular || !c->frames || fstatvfs(w->out.fd, &fs))
		return 0;
	bytes = (double)c->frames * format_bytes(w->format, w->rec);
	room = (double)fs.f_bavail * fs.f_frsize;
	if (bytes <= room)
		return 0;
	return capture_fail(c, "%s: %s are needed, %s are free", w->out.path,
			    quantity_format(needed, QUANTITY_BYTE, bytes, 3),
			    quantity_format(there, QUANTITY_BYTE, room, 3));
}

int record_run(struct recording_run *run, const struct sampling *s)
{
	struct capture *c = &run->capture;
	int status;

	c->emit = emit;
	c->progress = progress;
	c->data = run;
	c->stop = interrupt_catch();
	run->terminal = isatty(STDERR_FILENO);
	run->told = now_ms();
	if (sampling_start(s, c) || (run->writer && check_output(run))) {
		capture_end(c);
		return give_up(run);
	}
	if (run->writer && spool_start(&run->spool, run->writer)) {
		snprintf(c->why, sizeof(c->why), "no thread: %s",
			 strerror(errno));
		capture_end(c);
		return give_up(run);
	}
	status = capture_run(c);
	if (run->terminal && !run->quiet)
		fputs("\r\033[K", stderr);
	if (run->writer && spool_finish(&run->spool)) {
		run->write_error = errno;
		status = -1;
	}
	return capture_end(c) ? -1 : status;
}

/* What there is in the file, and why not more. Return: exit status. */
int record_report(struct recording_run *run, int status)
{
	const struct capture *c = &run->capture;
	uint64_t frames = run->writer ? run->writer->out.frames : run->frames;
	const char *name = !run->writer ? "" :
			   strcmp(run->writer->out.path, "-") == 0 ?
			   "standard output" : run->writer->out.path;
	char time[QUANTITY_MAX];

	if (run->write_error == EPIPE)
		warnx("%s: nobody reads it any more", name);
	else if (run->write_error)
		warnx("%s: %s%s", name,
		      strerror(run->write_error),
		      run->write_error == ENOSPC ?
		      "; make room, or take another disk or format" : "");
	if (*c->why)
		warnx("%s", c->why);
	if (c->rec.rate > 0 && run->writer)
		fprintf(run->capture.talk, "%s: %llu frames, %s; %llu lost%s\n",
			name, (unsigned long long)frames,
			quantity_format(time, QUANTITY_SECOND,
					frames / c->rec.rate, 6),
			(unsigned long long)c->lost,
			status && frames ? "; what is there is valid" :
			status ? "; no file was left" : "");
	if (!status && !frames)
		warnx("nothing was recorded: it was interrupted before the first frame%s",
		      c->set.trigger ? ", the trigger has not come" : "");
	return status || c->lost || !frames ? EXIT_CARD : EXIT_SUCCESS;
}

static void parse_options(struct recording_run *run, struct writer *w,
			  struct sampling *s, bool *force, int argc,
			  char **argv)
{
	int c;

	while ((c = command_option(&record_command, argc, argv)) != -1) {
		if (sampling_option(s, c, optarg))
			continue;
		switch (c) {
		case 'F':
			w->format = format_by_name(optarg);
			if (!w->format)
				errx(EXIT_USAGE, "--format: '%s' is none; see skelctl record --help",
				     optarg);
			break;
		case 'f':
			*force = true;
			break;
		case 'q':
			run->quiet = true;
			break;
		}
	}
	if (optind == argc)
		errx(EXIT_USAGE, "record: name a file for the recording, or '-'");
}

static int record_main(const struct command *command, int argc, char **argv)
{
	struct recording_run run = { .capture.talk = stderr };
	struct writer writer = { 0 };
	bool force = false;
	const char *path;
	struct sampling s;
	int status;

	sampling_init(&s);
	parse_options(&run, &writer, &s, &force, argc, argv);
	sampling_complete(&s, 0);
	path = argv[optind];
	if (!writer.format)
		writer.format = record_format(path);
	run.capture.set = s.set;
	run.capture.skel = open_card();
	record_open(&run, &writer, path, force);
	status = record_report(&run, record_run(&run, &s));
	skel_close(run.capture.skel);
	return status;
}

static const struct option_row options[] = {
	SAMPLING_ROWS,
	{ "format", 'F', "FORMAT", "csv jsonl wav npy raw srzip vcd w64 flac",
	  "csv, jsonl (JSON lines), wav (from 4 GiB on RF64), npy (NumPy), raw (16 bits, little endian), srzip (sigrok, PulseView) or vcd; with libsndfile w64 and flac (default: by the suffix of FILE, else csv)" },
	{ "force", 'f', NULL, NULL, "overwrite a file that is there" },
	{ "quiet", 'q', NULL, NULL, "do not show how far it is" },
	{ }
};

const struct command record_command = {
	.name = "record",
	.arguments = "FILE",
	.most = 1,
	.summary = "record the card's inputs into a file, for as long as wanted",
	.text = "Let the card sample its inputs, and write what comes to FILE ('-': standard output) until there are as many frames as wanted, or until Ctrl-C. FILE is opened before the first sample. The length is limited by the disk only.\n\n"
"What has been recorded stays, whatever happens: after Ctrl-C, on a full disk, when the card dies or another program changes its sampling, the file ends with the last frame that is surely right, and the last line says how many there are. After kill -9 the file is valid, too, and ends about a second before: the lengths in the headers of wav, npy and w64 are brought up to date each second, and so is the directory of srzip, which is kept at the end of a sparse file until the recording is complete (sigrok reads that, Python's zipfile does not). A line of csv, jsonl or vcd may be incomplete then.\n\n"
"Frames that are lost because the machine or the card is too slow are reported, and the exit status is 1. Frames behind keep their times: in formats without times, the lost ones have the code -32768, which no converter gives. Times and rates are those of the card, which rounds the rate that it is given; times in csv are exact. wav, flac, w64 and srzip have whole numbers of Hz; the comment in the header of wav says the exact rate.\n\n"
"Settings of the card that no option names stay as they are, such as its trigger, its inputs and its rate; with TRIGger:DELay, time 0 is that long after the trigger. Sampling ends with the command, and so does its reservation, which skel-lab and the simulated card offer: meanwhile, no other program can change it.",
	.example = "record --rate 100kHz --duration 2min wave.wav",
	.words = "<file>",
	.options = options,
	.main = record_main,
};
