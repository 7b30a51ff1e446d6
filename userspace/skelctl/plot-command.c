// SPDX-License-Identifier: GPL-2.0
/*
 * plot-command.c - skelctl plot: record and draw, or draw a recording
 *
 * acquire is its old name.
 */
#include <err.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gnuplot.h"
#include "interrupt.h"
#include "quantity.h"
#include "record.h"
#include "samples.h"
#include "view.h"

#define COUNT_DEFAULT	1000
#define COUNT_MAX	SAMPLES_MAX
#define ANEW_MAX	10		/* the card is too slow */
#define FOLLOW_MS	500
#define FOLLOW_LAST	1.0		/* s */

enum {
	OPT_CSV = OPTION_LONG + 200,
	OPT_LAST,
	OPT_FOLLOW,
};

struct plotting {
	struct sampling sampling;
	struct view view;
	struct samples samples;
	const char *csv;	/* the recording goes there, too */
	const char *picture;	/* png or svg */
	bool follow;
	double last;		/* s, 0: all */

	struct recording_run run;
	int anew;
};

/*
 * What is drawn has no gap: frames behind one begin anew. Return: false: that
 * happens too often, or there is no memory.
 */
static bool keep(void *data, int64_t first, const int16_t *codes, size_t count)
{
	struct plotting *p = data;
	struct samples *s = &p->samples;
	const struct recording *rec = &p->run.capture.rec;
	int n;

	if (s->count && first != p->run.next) {
		s->count = 0;
		if (++p->anew > ANEW_MAX) {
			capture_fail(&p->run.capture, "the card loses frames at %.8g Hz, take a lower --rate",
				     rec->rate);
			return false;
		}
		fprintf(p->run.capture.talk, "  beginning anew behind them\n");
	}
	if (!s->count) {
		s->inputs = rec->inputs;
		s->rate = rec->rate;
		s->start = recording_time(rec, first);
		for (n = 0; n < rec->inputs; n++)
			memcpy(s->name[n], rec->name[n], sizeof(s->name[n]));
	}
	if (samples_add(s, rec, codes, count)) {
		capture_fail(&p->run.capture, "no memory for %zu frames",
			     s->count + count);
		return false;
	}
	return true;
}

/* It keeps its contents, or is removed if it is new, until there is a picture. */
static struct output picture;

static void drop_picture(void)
{
	output_close(&picture);
}

/* Opened before anything else is done */
static void open_picture(struct plotting *p)
{
	if (!gnuplot_kind(p->picture))
		errx(EXIT_USAGE, "--output: '%s' is neither .png nor .svg",
		     p->picture);
	if (!gnuplot_is_there())
		errx(EXIT_CARD, "--output needs the program gnuplot: sudo apt install gnuplot-nox");
	interrupt_catch();	/* from here on, it is removed */
	if (output_open(&picture, p->picture, true))
		err(EXIT_CARD, "cannot write %s", p->picture);
	picture.whole = whole_by_size;
	picture.frame_bytes = SIZE_MAX;	/* a part of it is none */
	atexit(drop_picture);
}

static int copy_picture(FILE *from)
{
	char piece[OUTPUT_PIECE];
	size_t n;

	rewind(from);
	while ((n = fread(piece, 1, sizeof(piece), from))) {
		if (output_put(&picture, piece, n))
			return -1;
	}
	if (ferror(from) || output_flush(&picture))
		return -1;
	picture.frames = picture.written > 0;
	return 0;
}

static void draw_picture(struct plotting *p, const char *const *left)
{
	char measured[80], text[INPUTS_MAX][200];
	const char *titles[INPUTS_MAX];
	FILE *drawn = tmpfile();
	int n;

	for (n = 0; n < p->samples.inputs; n++) {
		view_measure(&p->samples, n, measured, sizeof(measured));
		snprintf(text[n], sizeof(text[n]), "%s; %s", left[n], measured);
		titles[n] = text[n];
	}
	if (!drawn || gnuplot_draw(fileno(drawn), gnuplot_kind(p->picture),
				   &p->samples, titles))
		err(EXIT_CARD, "%s: gnuplot", p->picture);
	if (copy_picture(drawn))
		err(EXIT_CARD, "%s", p->picture);
	if (!picture.frames)
		errx(EXIT_CARD, "%s: gnuplot has drawn nothing", p->picture);
	if (output_close(&picture))
		err(EXIT_CARD, "%s", p->picture);
	fclose(drawn);
}

static void show(struct plotting *p, const char *const *left, FILE *out)
{
	if (p->picture)
		draw_picture(p, left);
	if (p->picture)
		p->view.draw = false;
	if (view_show(&p->view, &p->samples, left, out))
		err(EXIT_CARD, "cannot draw");
}

static int plot_card(struct plotting *p)
{
	struct recording_run *run = &p->run;
	const char *left[INPUTS_MAX];
	char text[INPUTS_MAX][80], hertz[32];
	struct writer writer = { 0 };
	int n, status;

	run->capture.set = p->sampling.set;
	run->capture.talk = stdout;
	if (p->csv && strcmp(p->csv, "-") == 0) {
		p->view.draw = false;
		run->capture.talk = stderr;
	}
	if (p->view.json)
		run->capture.talk = stderr;
	run->keep = keep;
	run->keep_data = p;
	run->quiet = !isatty(STDERR_FILENO);
	if (p->picture)
		open_picture(p);
	run->capture.skel = open_card();
	if (p->csv) {
		writer.format = &csv_format;
		record_open(run, &writer, p->csv, true);
	}
	status = record_run(run, &p->sampling);
	status = record_report(run, status);
	for (n = 0; n < p->samples.inputs; n++) {
		const struct input *in = &run->capture.inputs.input[n];

		hertz[0] = '\0';
		if (in->frequency)
			snprintf(hertz, sizeof(hertz), " %g Hz",
				 in->frequency / 1000.0);
		snprintf(text[n], sizeof(text[n]), "%s: %s%s, %g V",
			 p->samples.name[n], in->shape, hertz,
			 in->amplitude / 1000.0);
		left[n] = text[n];
	}
	/* Ctrl-C: what is there */
	if (!*run->capture.why && p->samples.count > 1)
		show(p, left, run->capture.talk);
	else if (!status && p->samples.count < 2)
		status = EXIT_CARD;
	/* what was lost before is not in the picture */
	if (!*run->capture.why && p->samples.count >= run->capture.frames)
		status = run->write_error ? EXIT_CARD : EXIT_SUCCESS;
	samples_free(&p->samples);
	skel_close(run->capture.skel);
	return status;
}

/* Return: false: there is too little in it yet. */
static bool read_file(struct plotting *p, const char *path)
{
	char why[WHY_MAX];
	int ret;

	samples_free(&p->samples);
	ret = samples_read(&p->samples, path, p->last, why);
	if (ret < 0 || (ret && !p->follow))
		errx(EXIT_CARD, "%s: %s", path, why);
	return !ret;
}

static void show_file(struct plotting *p)
{
	const char *left[INPUTS_MAX];
	int n;

	for (n = 0; n < p->samples.inputs; n++)
		left[n] = p->samples.name[n];
	if (p->follow && isatty(STDOUT_FILENO))
		fputs("\033[H\033[J", stdout);
	show(p, left, stdout);
	fflush(stdout);
}

static int plot_file(struct plotting *p, const char *path)
{
	volatile sig_atomic_t *stop = interrupt_catch();
	struct timespec ts = { 0, FOLLOW_MS * 1000000L };

	if (p->picture)
		open_picture(p);
	do {
		if (read_file(p, path))
			show_file(p);
		if (p->follow && !*stop)
			nanosleep(&ts, NULL);
	} while (p->follow && !*stop && !ferror(stdout));
	samples_free(&p->samples);
	return EXIT_SUCCESS;
}

static int plot_main(const struct command *command, int argc, char **argv)
{
	struct plotting p = { .csv = NULL };
	bool sampling = false;
	int c;

	sampling_init(&p.sampling);
	view_init(&p.view);
	while ((c = command_option(command, argc, argv)) != -1) {
		if (view_option(&p.view, c, optarg))
			continue;
		if (sampling_option(&p.sampling, c, optarg)) {
			sampling = true;
			continue;
		}
		switch (c) {
		case OPT_CSV:
			p.csv = optarg;
			break;
		case 'o':
			p.picture = optarg;
			break;
		case OPT_FOLLOW:
			p.follow = true;
			break;
		case OPT_LAST:
			p.last = quantity_option("--last", optarg,
						 QUANTITY_SECOND, 1e-6, 1e9);
			break;
		}
	}
	view_complete(&p.view);
	if (p.view.json && p.csv && strcmp(p.csv, "-") == 0)
		errx(EXIT_USAGE, "%s: --json and --csv - cannot both go to standard output",
		     command->name);
	if (optind < argc) {
		if (sampling || p.csv)
			errx(EXIT_USAGE, "%s: a recording is there already: no option of sampling goes with '%s'",
			     command->name, argv[optind]);
		if (p.follow && p.picture)
			errx(EXIT_USAGE, "%s: --follow draws in the terminal, --output once",
			     command->name);
		if (p.follow && !p.last)
			p.last = FOLLOW_LAST;
		return plot_file(&p, argv[optind]);
	}
	if (p.follow || p.last > 0)
		errx(EXIT_USAGE, "%s: --follow and --last go with a file",
		     command->name);
	sampling_complete(&p.sampling, COUNT_DEFAULT);
	p.sampling.most = COUNT_MAX;
	if (!p.sampling.duration &&
	    (p.sampling.frames < 2 || p.sampling.frames > COUNT_MAX))
		errx(EXIT_USAGE, "%s: 2 to %d frames can be drawn; skelctl record takes any number",
		     command->name, COUNT_MAX);
	return plot_card(&p);
}

static const struct option_row options[] = {
	SAMPLING_ROWS,
	VIEW_ROWS,
	{ "output", 'o', "FILE", "<file>",
	  "draw into FILE instead, .png or .svg, by gnuplot" },
	{ "last", OPT_LAST, "TIME", NULL,
	  "of a file, only so much of its end" },
	{ "follow", OPT_FOLLOW, NULL, NULL,
	  "of a file that is being recorded, draw the end again and again, until Ctrl-C (default of --last: 1 s)" },
	{ "csv", OPT_CSV, "FILE", "<file>",
	  "write the samples to FILE, too, as record does, but overwrite it ('-': standard output, then nothing is drawn)" },
	{ }
};

const struct command plot_command = {
	.name = "plot",
	.arguments = "[FILE]",
	.most = 1,
	.summary = "draw the waveforms at the card's inputs, or of a recording",
	.text = "Without FILE, let the card sample its inputs (1000 frames, unless the options say otherwise), draw and measure the waveforms. With FILE, draw a recording that 'skelctl record' has made or is making: csv, jsonl, wav, flac, npy or vcd. Frequencies are measured from rising edges.\n\n"
"All users of a card share its inputs and its sampling. A card that can reserve it for one of them, such as skel-lab or the simulated card, does so until the command ends, and for another plot or record that is an error. With other cards, when another program restarts it, stops it, or changes an input meanwhile, the command fails. It cannot see another process write to the card's memory through a mapping.",
	.example = "plot --rate 100kHz --generator 1=sine,1kHz,5V",
	.words = "<file>",
	.options = options,
	.main = plot_main,
};

const struct command acquire_command = {
	.name = "acquire",
	.arguments = "[FILE]",
	.most = 1,
	.summary = "old name of plot",
	.text = "The old name of plot, with the same options.",
	.words = "<file>",
	.options = options,
	.main = plot_main,
};
