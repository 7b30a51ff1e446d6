// SPDX-License-Identifier: GPL-2.0
/*
 * acquire.c - skelctl acquire: record the inputs of a card, draw the waveforms
 *
 * The card samples into a ring in its own memory. What is drawn, measured and
 * written to a file comes from a buffer that the card has filled by DMA.
 */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "inputs.h"
#include "plot.h"
#include "skelctl.h"
#include "wave.h"

#define FREQUENCY_MAX	500000.0	/* Hz, of a generator */
#define RATE_DEFAULT	10000		/* samples per second */
#define RATE_MAX	1000000
#define RATE_CYCLE	200		/* samples of a cycle */
#define RATE_LEAST	200		/* that waits for 5 s at most */
#define TRANSFER_MS	5000
#define PLOT_WIDTH_MAX	100
#define PLOT_HEIGHT_MAX	29

static const char usage[] =
"Usage: skelctl [-d DEVICE] acquire [OPTION]...\n"
"Let the card sample its inputs, get the samples by DMA, draw the waveforms.\n"
"\n"
"Sampling:\n"
"  -r, --rate HZ         samples per second of each input (default: 200 of each\n"
"                        cycle of --frequency, else 10000)\n"
"  -n, --frames N        how many samples of each input (default 1000)\n"
"      --function0 NAME  set the generator at input 0: sine, square, triangle,\n"
"                          ramp, noise or dc, if the card has them,\n"
"      --frequency0 HZ     frequency,\n"
"      --amplitude0 V      amplitude; also without the 0\n"
"      --function1 NAME  likewise at input 1\n"
"      --frequency1 HZ\n"
"      --amplitude1 V\n"
"\n"
"Output:\n"
"      --csv FILE        write the samples to FILE ('-': standard output, then\n"
"                        nothing is drawn)\n"
"      --no-plot         do not draw, only measure\n"
"      --width N         width of the picture in characters (default: as wide\n"
"                        as the terminal, at most 100)\n"
"      --height N        height in lines (default: as high, at most 29)\n"
"      --ascii           draw in ASCII (default: if the locale is not UTF-8)\n"
"      --utf8            draw in UTF-8, whatever the locale is\n"
"      --colour WHEN     'always', 'never' or 'auto' (default: on terminals, if\n"
"                        the environment variable NO_COLOR is not set)\n"
"  -h, --help            show this text\n"
"\n"
"Example: skelctl acquire --rate 100000 --frequency0 1000 --csv wave.csv\n";

/* A generator that the user wants to set; NULL, negative: leave it as it is */
struct generator {
	const char *function;	/* as SCPI has it */
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

/* A recording while it is made */
struct recording {
	struct skel *skel;
	const struct settings *set;
	struct inputs inputs;
	size_t frame_bytes;
	size_t bytes;		/* of all frames */
	int16_t *samples;	/* the DMA buffer */
	double *volts[INPUTS_MAX];
	FILE *talk;		/* where progress is told */
};

/* Ask the card, or end the program */
static void ask(struct recording *rec, char *reply, const char *line)
{
	if (skel_query(rec->skel, reply, SKEL_LINE_MAX, ANSWER_MS, "%s",
		       line) < 0)
		err(EXIT_CARD, "'%s'", line);
	if (strncmp(reply, "ERROR", 5) == 0)
		errx(EXIT_CARD, "'%s': the card answers '%s'", line, reply);
}

static struct status ask_status(struct recording *rec)
{
	char reply[SKEL_LINE_MAX];
	struct status status;

	ask(rec, reply, "STATUS?");
	if (parse_status(reply, &status) || !status.ring)
		errx(EXIT_CARD, "'STATUS?': cannot understand '%s'", reply);
	return status;
}

static void ask_inputs(struct recording *rec)
{
	char reply[SKEL_LINE_MAX];

	ask(rec, reply, "INPUTS?");
	if (parse_inputs(reply, &rec->inputs))
		errx(EXIT_CARD, "'INPUTS?': cannot understand '%s'", reply);
}

/*
 * A card that speaks SCPI does not answer a command, but tells its error when
 * it is asked.
 */
static void set_function(struct recording *rec, int input, const char *function)
{
	char reply[SKEL_LINE_MAX];

	if (skel_send(rec->skel, "INPut%d:FUNCtion %s", input + 1, function) ||
	    skel_query(rec->skel, reply, sizeof(reply), ANSWER_MS,
		       "SYSTem:ERRor?") < 0)
		err(EXIT_CARD, "--function%d", input);
	if (strncmp(reply, "0,", 2) != 0)
		errx(EXIT_CARD, "--function%d: the card answers '%s'", input,
		     reply);
}

/* Set the generators that the options name, keep what they do not name */
static void set_generators(struct recording *rec)
{
	char reply[SKEL_LINE_MAX], line[64];
	int i;

	for (i = 0; i < 2; i++) {
		const struct generator *g = &rec->set->generator[i];
		const struct input *now = &rec->inputs.input[i];

		if (!g->function && g->frequency < 0 && g->amplitude < 0)
			continue;
		if (i >= rec->inputs.count)
			errx(EXIT_CARD, "the card has no input %d", i);
		if (g->function)
			set_function(rec, i, g->function);
		if (g->frequency < 0 && g->amplitude < 0)
			continue;
		snprintf(line, sizeof(line), "INPUT %d %.0f %.0f", i,
			 g->frequency < 0 ? now->frequency :
			 g->frequency * 1000,
			 g->amplitude < 0 ? now->amplitude :
			 g->amplitude * 1000);
		ask(rec, reply, line);
	}
	ask_inputs(rec);
}

static void sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

/* Sample, and ask for the status about four times until all frames are there */
static void sample_frames(struct recording *rec)
{
	const struct settings *set = rec->set;
	unsigned int ms = set->frames * 1000 / set->rate;
	char reply[SKEL_LINE_MAX], line[64];
	struct status status;
	unsigned int i, idle = 0;

	snprintf(line, sizeof(line), "SAMPLE %u", set->rate);
	ask(rec, reply, line);
	fprintf(rec->talk, "sampling %d inputs at %u Hz each, %d bits\n",
		rec->inputs.count, set->rate, rec->inputs.bits);
	for (i = 0;; i++) {
		uint64_t before = i ? status.frames : 0;

		sleep_ms(i < 4 ? ms / 4 + 1 : 10);
		status = ask_status(rec);
		fprintf(rec->talk, "  %s: %llu frames, %zu wanted, next at 0x%llx\n",
			status.state, (unsigned long long)status.frames,
			set->frames, (unsigned long long)status.position);
		fflush(rec->talk);
		if (status.frames >= set->frames)
			return;
		idle = status.frames == before ? idle + 1 : 0;
		if (idle > 100 || strcmp(status.state, "SAMPLING") != 0)
			errx(EXIT_CARD, "the card does not sample any more");
	}
}

static void tohost(struct recording *rec, uint64_t card_addr, size_t length,
		   size_t at)
{
	char *buffer = (char *)rec->samples + at;
	uint64_t host_addr = skel_host_addr(rec->skel, buffer);
	struct skel_transfer t;

	fprintf(rec->talk, "TOHOST 0x%llx 0x%zx 0x%llx: ",
		(unsigned long long)card_addr, length,
		(unsigned long long)host_addr);
	if (skel_tohost(rec->skel, &t, card_addr, length, host_addr) ||
	    skel_wait(rec->skel, &t, TRANSFER_MS)) {
		fprintf(rec->talk, "\n");
		fflush(rec->talk);
		if (t.result == SKEL_PENDING)
			err(EXIT_CARD, "TOHOST");
		errx(EXIT_CARD, "TOHOST: %s: %s", t.result == SKEL_REFUSED ?
		     "refused" : "failed", t.reason);
	}
	fprintf(rec->talk, "done, %zu bytes by DMA\n", length);
}

/*
 * Get frames out of the ring, in two transfers if they go over its end: the
 * first ones since SAMPLE if they are all still there, else the newest ones.
 * Return: false if the card has overwritten some of them in the meantime.
 */
static bool fetch(struct recording *rec)
{
	struct status status = ask_status(rec);
	uint64_t ring_frames = status.ring / rec->frame_bytes;
	uint64_t back = status.frames;	/* how many frames ago */
	uint64_t first, card_addr, part;

	if (back > ring_frames)
		back = rec->set->frames;
	first = status.frames - back;
	card_addr = (status.position + status.ring -
		     back * rec->frame_bytes % status.ring) % status.ring;
	part = status.ring - card_addr;
	if (part > rec->bytes)
		part = rec->bytes;
	tohost(rec, card_addr, part, 0);
	if (part < rec->bytes)
		tohost(rec, 0, rec->bytes - part, part);
	return ask_status(rec).frames - first <= ring_frames;
}

static void record(struct recording *rec)
{
	const struct settings *set = rec->set;
	char reply[SKEL_LINE_MAX];
	uint64_t ring;
	bool complete;

	ask_inputs(rec);
	set_generators(rec);
	rec->frame_bytes = rec->inputs.count * sizeof(*rec->samples);
	rec->bytes = set->frames * rec->frame_bytes;
	ring = ask_status(rec).ring;
	if (rec->bytes > ring)
		errx(EXIT_CARD, "%zu frames: the card's memory holds %llu",
		     set->frames, (unsigned long long)ring /
		     rec->frame_bytes);
	rec->samples = skel_malloc(rec->skel, rec->bytes, SKEL_ALLOC_TOHOST);
	if (!rec->samples)
		err(EXIT_CARD, "no DMA buffer of %zu bytes", rec->bytes);

	sample_frames(rec);
	complete = fetch(rec);
	ask(rec, reply, "STOP");
	/* fast sampling has overwritten something: now it cannot */
	if (!complete && !fetch(rec))
		errx(EXIT_CARD, "another program samples with this card");
}

/* Samples of the card as volts, each input for itself */
static void convert(struct recording *rec)
{
	double scale = rec->inputs.range / 1000.0 /
		       ((1 << (rec->inputs.bits - 1)) - 1);
	const int16_t *sample = rec->samples;
	size_t i;
	int n;

	for (n = 0; n < rec->inputs.count; n++) {
		rec->volts[n] = calloc(rec->set->frames, sizeof(double));
		if (!rec->volts[n])
			err(EXIT_CARD, "samples");
	}
	for (i = 0; i < rec->set->frames; i++) {
		for (n = 0; n < rec->inputs.count; n++)
			rec->volts[n][i] = (int16_t)le16toh(*sample++) * scale;
	}
}

static void write_csv(struct recording *rec)
{
	bool is_stdout = strcmp(rec->set->csv, "-") == 0;
	FILE *out = is_stdout ? stdout : fopen(rec->set->csv, "w");
	size_t i;
	int n;

	if (!out)
		err(EXIT_CARD, "%s", rec->set->csv);
	fprintf(out, "time/s");
	for (n = 0; n < rec->inputs.count; n++)
		fprintf(out, ",%s/V", rec->inputs.input[n].name);
	fprintf(out, "\n");
	for (i = 0; i < rec->set->frames; i++) {
		fprintf(out, "%.7g", (double)i / rec->set->rate);
		for (n = 0; n < rec->inputs.count; n++)
			fprintf(out, ",%.6f", rec->volts[n][i]);
		fprintf(out, "\n");
	}
	if (ferror(out) | (is_stdout ? fflush(out) : fclose(out)))
		err(EXIT_CARD, "%s", rec->set->csv);
}

/* Measure and draw what has been recorded */
static void show(struct recording *rec)
{
	struct plot_trace traces[INPUTS_MAX];
	char left[INPUTS_MAX][80], right[INPUTS_MAX][80];
	const struct settings *set = rec->set;
	struct plot plot = {
		.traces = traces,
		.trace_count = rec->inputs.count,
		.count = set->frames,
		.rate = set->rate,
		.width = set->width,
		.height = set->height,
		.utf8 = set->utf8,
		.colour = set->colour,
	};
	int n;

	for (n = 0; n < rec->inputs.count; n++) {
		const struct input *input = &rec->inputs.input[n];
		struct wave wave = wave_measure(rec->volts[n], set->frames,
						set->rate);
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
		traces[n].volts = rec->volts[n];
		if (!set->draw)
			fprintf(rec->talk, "%s; %s\n", left[n], right[n]);
	}
	if (plot.height < plot_height_min(plot.trace_count))
		plot.height = plot_height_min(plot.trace_count);
	if (set->draw && plot_draw(&plot, stdout))
		err(EXIT_CARD, "cannot draw %d x %d characters", plot.width,
		    plot.height);
}

/* Choose what the user left open by looking at the terminal */
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

/* What the locale says; if it is not installed, what its name says */
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

/* The SCPI name of a function, or end the program */
static const char *function_option(const char *name)
{
	static const char * const functions[][2] = {
		{ "sine", "SINusoid" }, { "square", "SQUare" },
		{ "triangle", "TRIangle" }, { "ramp", "RAMP" },
		{ "noise", "NOISe" }, { "dc", "DC" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		if (strcasecmp(name, functions[i][0]) == 0)
			return functions[i][1];
	}
	errx(EXIT_USAGE, "--function: '%s' is not sine, square, triangle, ramp, noise or dc",
	     name);
}

enum {
	OPT_FUNCTION0 = 256,
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

static const struct option options[] = {
	{ "rate", required_argument, NULL, 'r' },
	{ "frames", required_argument, NULL, 'n' },
	{ "function", required_argument, NULL, OPT_FUNCTION0 },
	{ "function0", required_argument, NULL, OPT_FUNCTION0 },
	{ "function1", required_argument, NULL, OPT_FUNCTION1 },
	{ "frequency", required_argument, NULL, OPT_FREQUENCY0 },
	{ "frequency0", required_argument, NULL, OPT_FREQUENCY0 },
	{ "frequency1", required_argument, NULL, OPT_FREQUENCY1 },
	{ "amplitude", required_argument, NULL, OPT_AMPLITUDE0 },
	{ "amplitude0", required_argument, NULL, OPT_AMPLITUDE0 },
	{ "amplitude1", required_argument, NULL, OPT_AMPLITUDE1 },
	{ "csv", required_argument, NULL, OPT_CSV },
	{ "no-plot", no_argument, NULL, OPT_NO_PLOT },
	{ "width", required_argument, NULL, OPT_WIDTH },
	{ "height", required_argument, NULL, OPT_HEIGHT },
	{ "ascii", no_argument, NULL, OPT_ASCII },
	{ "utf8", no_argument, NULL, OPT_UTF8 },
	{ "colour", required_argument, NULL, OPT_COLOUR },
	{ "color", required_argument, NULL, OPT_COLOUR },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/* A rate that shows some cycles of what the user has asked for */
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

	while ((c = getopt_long(argc, argv, "r:n:h", options, NULL)) != -1) {
		switch (c) {
		case 'r':
			set->rate = number_option("--rate", optarg, 1, RATE_MAX);
			break;
		case 'n':
			set->frames = number_option("--frames", optarg, 2,
						    1 << 28);
			break;
		case OPT_FUNCTION0:
		case OPT_FUNCTION1:
			set->generator[c - OPT_FUNCTION0].function =
				function_option(optarg);
			break;
		case OPT_FREQUENCY0:
		case OPT_FREQUENCY1:
			set->generator[c - OPT_FREQUENCY0].frequency =
				decimal_option("--frequency", optarg, 0.001,
					       FREQUENCY_MAX);
			break;
		case OPT_AMPLITUDE0:
		case OPT_AMPLITUDE1:
			set->generator[c - OPT_AMPLITUDE0].amplitude =
				decimal_option("--amplitude", optarg, 0, 10);
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
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		default:
			exit(EXIT_USAGE);
		}
	}
	if (optind != argc)
		errx(EXIT_USAGE, "acquire: unexpected argument '%s'",
		     argv[optind]);
	if (!set->rate)
		set->rate = choose_rate(set);
	set->colour = colour_option(colour);
}

int acquire_main(const char *path, int argc, char **argv)
{
	struct settings set = {
		.frames = 1000,
		.generator = { { NULL, -1, -1 }, { NULL, -1, -1 } },
		.draw = true,
		.utf8 = locale_is_utf8(),
	};
	struct recording rec = { .set = &set, .talk = stdout };
	int n;

	parse_options(&set, argc, argv);
	look_at_terminal(&set);
	if (set.csv && strcmp(set.csv, "-") == 0) {
		set.draw = false;
		rec.talk = stderr;
	}
	rec.skel = open_card(path);
	record(&rec);
	convert(&rec);
	show(&rec);
	if (set.csv)
		write_csv(&rec);

	for (n = 0; n < rec.inputs.count; n++)
		free(rec.volts[n]);
	if (skel_free(rec.skel, rec.samples))
		err(EXIT_CARD, "cannot free the DMA buffer");
	skel_close(rec.skel);
	return EXIT_SUCCESS;
}
