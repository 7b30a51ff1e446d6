// SPDX-License-Identifier: GPL-2.0
/*
 * acquire.c - skelctl acquire: record the inputs of a card, draw the waveforms
 *
 * The card samples into a ring in its own memory, see run.c. What is drawn,
 * measured and written to a file comes from a buffer that the card has filled
 * by DMA.
 */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command.h"
#include "csv.h"
#include "plot.h"
#include "quantity.h"
#include "run.h"
#include "wave.h"

#define FREQUENCY_MAX	500000.0	/* Hz, of a generator */
#define RATE_DEFAULT	10000		/* samples per second */
#define RATE_MAX	1000000
#define RATE_CYCLE	200		/* samples per cycle */
#define RATE_LEAST	200		/* takes 5 s at most */
#define PLOT_WIDTH_MAX	100
#define PLOT_HEIGHT_MAX	29

/* A generator that the user wants to set; NULL, negative: leave as it is */
struct generator {
	const char *const *function;	/* its names in INPUTS? and in SCPI */
	double frequency;	/* in Hz */
	double amplitude;	/* in V */
};

struct settings {
	unsigned int rate;
	size_t frames;
	struct generator generator[2];
	const char *csv;
	bool draw;
	bool utf8;
	bool colour;
	int width;
	int height;
};

/*
 * A card that speaks SCPI does not answer a command, but reports its error when
 * asked.
 */
static void set_function(struct skel *skel, int input,
			 const char *const *function)
{
	char reply[SKEL_LINE_MAX];

	if (skel_send(skel, "INPut%d:FUNCtion %s", input + 1,
		      function[1]) ||
	    skel_query(skel, reply, sizeof(reply), ANSWER_MS,
		       "SYSTem:ERRor?") < 0)
		err(EXIT_CARD, "--function%d", input);
	if (strncmp(reply, "0,", 2) != 0)
		errx(EXIT_CARD, "--function%d: the card answers '%s'", input,
		     reply);
}

/* The input in<n>, which need not be the card's nth; exits if there is none */
static const struct input *find_input(const struct inputs *inputs, int n)
{
	char name[16];
	int i;

	snprintf(name, sizeof(name), "in%d", n);
	for (i = 0; i < inputs->count; i++) {
		if (strcmp(inputs->input[i].name, name) == 0)
			return &inputs->input[i];
	}
	errx(EXIT_CARD, "the card does not sample an input %s", name);
}

/* Set the generators that the options name, leave the others alone */
static void set_generators(struct skel *skel, const struct settings *set)
{
	char reply[SKEL_LINE_MAX], line[64];
	struct inputs inputs;
	int i;

	ask_inputs(skel, &inputs);
	for (i = 0; i < 2; i++) {
		const struct generator *g = &set->generator[i];
		const struct input *now;

		if (!g->function && g->frequency < 0 && g->amplitude < 0)
			continue;
		now = find_input(&inputs, i);
		if (g->function)
			set_function(skel, i, g->function);
		if (g->frequency < 0 && g->amplitude < 0)
			continue;
		snprintf(line, sizeof(line), "INPUT %d %ld %ld", i,
			 g->frequency < 0 ? (long)now->frequency :
			 lround(g->frequency * 1000),
			 g->amplitude < 0 ? (long)now->amplitude :
			 lround(g->amplitude * 1000));
		ask(skel, reply, line);
	}
}

/*
 * Do the inputs that were sampled match the options? Another program may have
 * changed them before sampling began. Noise and DC have no frequency: 0.
 */
static void check_generators(const struct inputs *inputs,
			     const struct settings *set)
{
	int i;

	for (i = 0; i < 2; i++) {
		const struct generator *g = &set->generator[i];
		const struct input *in;

		if (!g->function && g->frequency < 0 && g->amplitude < 0)
			continue;
		in = find_input(inputs, i);
		if ((g->function && strcmp(in->shape, g->function[0]) != 0) ||
		    (in->frequency && g->frequency >= 0 &&
		     (long)in->frequency != lround(g->frequency * 1000)) ||
		    (in->frequency && g->amplitude >= 0 &&
		     (long)in->amplitude != lround(g->amplitude * 1000)))
			errx(EXIT_CARD, "another program has set input %s",
			     in->name);
	}
}

/* Samples of the card as volts, one array per input */
static void convert(const struct run *run, double **volts)
{
	double scale = run->inputs.range / 1000.0 /
		       ((1 << (run->inputs.bits - 1)) - 1);
	const int16_t *sample = run->samples;
	size_t i;
	int n;

	for (n = 0; n < run->inputs.count; n++) {
		volts[n] = calloc(run->frames, sizeof(double));
		if (!volts[n])
			err(EXIT_CARD, "samples");
	}
	for (i = 0; i < run->frames; i++) {
		for (n = 0; n < run->inputs.count; n++)
			volts[n][i] = (int16_t)le16toh(*sample++) * scale;
	}
}

/* Measure and draw what has been recorded */
static void show(const struct run *run, const struct settings *set,
		 double *const *volts)
{
	struct plot_trace traces[INPUTS_MAX];
	char left[INPUTS_MAX][80], right[INPUTS_MAX][80];
	struct plot plot = {
		.traces = traces,
		.trace_count = run->inputs.count,
		.count = run->frames,
		.rate = run->status.rate,
		.width = set->width,
		.height = set->height,
		.utf8 = set->utf8,
		.colour = set->colour,
	};
	int n;

	for (n = 0; n < run->inputs.count; n++) {
		const struct input *input = &run->inputs.input[n];
		struct wave wave = wave_measure(volts[n], run->frames,
						run->status.rate);
		char hertz[32] = "";

		if (wave.frequency > 0)
			snprintf(hertz, sizeof(hertz), "%.2f Hz, ",
				 wave.frequency);
		snprintf(left[n], sizeof(left[n]), "%s: %s %g Hz, %g V",
			 input->name, input->shape, input->frequency / 1000.0,
			 input->amplitude / 1000.0);
		snprintf(right[n], sizeof(right[n]),
			 "measured %s%.3f V to %.3f V", hertz, wave.min,
			 wave.max);
		traces[n].left = left[n];
		traces[n].right = right[n];
		traces[n].volts = volts[n];
		if (!set->draw)
			fprintf(run->talk, "%s; %s\n", left[n], right[n]);
	}
	if (plot.height < plot_height_min(plot.trace_count))
		plot.height = plot_height_min(plot.trace_count);
	if (set->draw && plot_draw(&plot, stdout))
		err(EXIT_CARD, "cannot draw %d x %d characters", plot.width,
		    plot.height);
}

/* Choose what the user left open to suit the terminal */
static void look_at_terminal(struct settings *set)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col ||
	    !size.ws_row) {
		size.ws_col = 80;
		size.ws_row = 24;
	}
	if (!set->width) {
		set->width = size.ws_col < PLOT_WIDTH_MAX ? size.ws_col :
			     PLOT_WIDTH_MAX;
		if (set->width < PLOT_WIDTH_MIN)
			set->width = PLOT_WIDTH_MIN;
	}
	if (!set->height)
		set->height = size.ws_row <= PLOT_HEIGHT_MAX ? size.ws_row - 1 :
			      PLOT_HEIGHT_MAX;
}

/* By the locale; if it is not installed, by its name */
static bool locale_is_utf8(void)
{
	const char *name = getenv("LC_ALL");

	if (setlocale(LC_CTYPE, ""))
		return strcasecmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!name || !*name)
		name = getenv("LC_CTYPE");
	if (!name || !*name)
		name = getenv("LANG");
	return name && (strcasestr(name, "UTF-8") || strcasestr(name, "utf8"));
}

static bool colour_option(const char *when)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	if (strcmp(when, "always") == 0)
		return true;
	if (strcmp(when, "never") == 0)
		return false;
	if (strcmp(when, "auto") != 0)
		errx(EXIT_USAGE, "--colour: '%s' is not always, never or auto",
		     when);
	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 &&
	       (!no || !*no);
}

/* The names of a function; exits if there is none of this name */
static const char *const *function_option(const char *name)
{
	static const char *const functions[][2] = {
		{ "sine", "SINusoid" }, { "square", "SQUare" },
		{ "triangle", "TRIangle" }, { "ramp", "RAMP" },
		{ "noise", "NOISe" }, { "dc", "DC" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		if (strcasecmp(name, functions[i][0]) == 0)
			return functions[i];
	}
	errx(EXIT_USAGE, "--function: '%s' is not sine, square, triangle, ramp, noise or dc",
	     name);
}

enum {
	OPT_FUNCTION0 = OPTION_LONG,
	OPT_FUNCTION1,
	OPT_FREQUENCY0,
	OPT_FREQUENCY1,
	OPT_AMPLITUDE0,
	OPT_AMPLITUDE1,
	OPT_CSV,
	OPT_NO_PLOT,
	OPT_WIDTH,
	OPT_HEIGHT,
	OPT_ASCII,
	OPT_UTF8,
	OPT_COLOUR,
};

/* A rate that shows some cycles of what the user asks for */
static unsigned int choose_rate(const struct settings *set)
{
	double frequency = set->generator[0].frequency, rate;

	if (frequency < 0)
		frequency = set->generator[1].frequency;
	if (frequency < 0)
		return RATE_DEFAULT;
	rate = frequency * RATE_CYCLE;
	return rate < RATE_LEAST ? RATE_LEAST :
	       rate > RATE_MAX ? RATE_MAX : rate;
}

static void parse_options(struct settings *set, int argc, char **argv)
{
	const char *colour = "auto";
	int c;

	while ((c = command_option(&acquire_command, argc, argv)) != -1) {
		switch (c) {
		case 'r':
			set->rate = count_option("--rate", optarg,
						 QUANTITY_HERTZ, 1, RATE_MAX);
			break;
		case 'n':
			set->frames = count_option("--frames", optarg,
						   QUANTITY_COUNT, 2, 1 << 28);
			break;
		case OPT_FUNCTION0:
		case OPT_FUNCTION1:
			set->generator[c - OPT_FUNCTION0].function =
				function_option(optarg);
			break;
		case OPT_FREQUENCY0:
		case OPT_FREQUENCY1:
			set->generator[c - OPT_FREQUENCY0].frequency =
				quantity_option("--frequency", optarg,
						QUANTITY_HERTZ, 0.001,
						FREQUENCY_MAX);
			break;
		case OPT_AMPLITUDE0:
		case OPT_AMPLITUDE1:
			set->generator[c - OPT_AMPLITUDE0].amplitude =
				quantity_option("--amplitude", optarg,
						QUANTITY_VOLT, 0, 10);
			break;
		case OPT_CSV:
			set->csv = optarg;
			break;
		case OPT_NO_PLOT:
			set->draw = false;
			break;
		case OPT_WIDTH:
			set->width = number_option("--width", optarg,
						   PLOT_WIDTH_MIN, 1000);
			break;
		case OPT_HEIGHT:
			set->height = number_option("--height", optarg,
						    plot_height_min(2), 1000);
			break;
		case OPT_ASCII:
		case OPT_UTF8:
			set->utf8 = c == OPT_UTF8;
			break;
		case OPT_COLOUR:
			colour = optarg;
			break;
		}
	}
	no_arguments(&acquire_command, argc, argv);
	if (!set->rate)
		set->rate = choose_rate(set);
	set->colour = colour_option(colour);
}

static int acquire_main(int argc, char **argv)
{
	struct settings set = {
		.frames = 1000,
		.generator = { { NULL, -1, -1 }, { NULL, -1, -1 } },
		.draw = true,
		.utf8 = locale_is_utf8(),
	};
	struct run run = { .talk = stdout };
	double *volts[INPUTS_MAX];
	int n;

	parse_options(&set, argc, argv);
	look_at_terminal(&set);
	if (set.csv && strcmp(set.csv, "-") == 0) {
		set.draw = false;
		run.talk = stderr;
	}
	run.rate = set.rate;
	run.frames = set.frames;
	run.skel = open_card();
	if (set.csv)
		csv_open(set.csv);
	set_generators(run.skel, &set);
	run_record(&run);
	check_generators(&run.inputs, &set);
	convert(&run, volts);
	show(&run, &set, volts);
	if (set.csv)
		csv_write(&run.inputs, volts, run.frames, run.status.rate);

	for (n = 0; n < run.inputs.count; n++)
		free(volts[n]);
	if (skel_free(run.skel, run.samples))
		err(EXIT_CARD, "cannot free the DMA buffer");
	skel_close(run.skel);
	return EXIT_SUCCESS;
}

#define SHAPES	"sine square triangle ramp noise dc"

static const struct option_row options[] = {
	{ "rate", 'r', "HZ", NULL,
	  "samples per second of each input (default: 200 per cycle of --frequency, else 10000)" },
	{ "frames", 'n', "N", NULL,
	  "how many samples of each input (default: 1000); the card's memory must hold them" },
	{ "function0", OPT_FUNCTION0, "NAME", SHAPES,
	  "set the generator at input 0: sine, square, triangle, ramp, noise or dc, if the card has them; also without the 0, as the next two" },
	{ "frequency0", OPT_FREQUENCY0, "HZ", NULL,
	  "its frequency, 0.001 to 500000 Hz" },
	{ "amplitude0", OPT_AMPLITUDE0, "V", NULL,
	  "its amplitude, 0 to 10 V" },
	{ "function1", OPT_FUNCTION1, "NAME", SHAPES, "likewise at input 1" },
	{ "frequency1", OPT_FREQUENCY1, "HZ", NULL, "its frequency" },
	{ "amplitude1", OPT_AMPLITUDE1, "V", NULL, "its amplitude" },
	{ "function", OPT_FUNCTION0, "NAME", SHAPES, NULL },
	{ "frequency", OPT_FREQUENCY0, "HZ", NULL, NULL },
	{ "amplitude", OPT_AMPLITUDE0, "V", NULL, NULL },
	{ "csv", OPT_CSV, "FILE", "<file>",
	  "write the samples to FILE, times in seconds and voltages in V with a header line ('-': standard output, then nothing is drawn); it is opened before anything is recorded, and written when the recording is complete" },
	{ "no-plot", OPT_NO_PLOT, NULL, NULL, "do not draw, only measure" },
	{ "width", OPT_WIDTH, "N", NULL,
	  "width of the picture in characters (default: as wide as the terminal, at most 100)" },
	{ "height", OPT_HEIGHT, "N", NULL,
	  "height in lines (default: as high, at most 29)" },
	{ "ascii", OPT_ASCII, NULL, NULL,
	  "draw in ASCII (default: if the locale is not UTF-8)" },
	{ "utf8", OPT_UTF8, NULL, NULL,
	  "draw in UTF-8, whatever the locale is" },
	{ "colour", OPT_COLOUR, "WHEN", "always never auto",
	  "always, never or auto (default): on terminals, if the environment variable NO_COLOR is not set" },
	{ "color", OPT_COLOUR, "WHEN", NULL, NULL },
	{ }
};

const struct command acquire_command = {
	.name = "acquire",
	.summary = "record the card's inputs and draw the waveforms",
	.text = "Let the card sample its inputs steadily into its own memory, watch its status meanwhile, fetch the samples by DMA into a buffer, and draw the waveforms in the terminal. The numbers drawn and measured are those in the buffer. Their times follow from the rate at which the card really samples. When the command is interrupted, the card goes on sampling until 'skelctl cmd STOP'. Frequencies are measured from rising edges.\n\n"
"All users of a card share its inputs and its sampling. When another program restarts it, stops it, or changes an input during the recording, the command fails. It cannot see another process write to the card's memory through a mapping.",
	.example = "acquire --rate 100000 --frequency0 1000 --csv wave.csv",
	.options = options,
	.main = acquire_main,
};
