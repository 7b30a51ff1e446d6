// SPDX-License-Identifier: GPL-2.0
/*
 * view.c - waveforms in the terminal: its size, its characters, its colours
 */
#include <err.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "json.h"
#include "plot.h"
#include "quantity.h"
#include "skelctl.h"
#include "view.h"
#include "wave.h"

#define WIDTH_MAX	100	/* unless more are asked for */
#define HEIGHT_MAX	29
#define SIZE_MAX_OPTION	1000

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

void view_init(struct view *view)
{
	*view = (struct view){
		.draw = true, .utf8 = locale_is_utf8(), .when = "auto",
	};
}

bool view_option(struct view *view, int letter, const char *value)
{
	switch (letter) {
	case VIEW_JSON:
		view->json = true;
		/* fall through */
	case VIEW_NO_PLOT:
		view->draw = false;
		return true;
	case VIEW_WIDTH:
		view->width = count_option("--width", value, QUANTITY_COUNT,
					   PLOT_WIDTH_MIN, SIZE_MAX_OPTION);
		return true;
	case VIEW_HEIGHT:
		view->height = count_option("--height", value, QUANTITY_COUNT,
					    1, SIZE_MAX_OPTION);
		return true;
	case VIEW_ASCII:
	case VIEW_UTF8:
		view->utf8 = letter == VIEW_UTF8;
		return true;
	case VIEW_COLOUR:
		view->when = value;
		return true;
	default:
		return false;
	}
}

static bool wants_colour(const char *when)
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

void view_complete(struct view *view)
{
	view->colour = wants_colour(view->when);
}

/* What the user left open, as the terminal is now */
static void choose_size(const struct view *view, struct plot *plot)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col ||
	    !size.ws_row) {
		size.ws_col = 80;
		size.ws_row = 24;
	}
	plot->width = view->width ? view->width :
		      size.ws_col < PLOT_WIDTH_MIN ? PLOT_WIDTH_MIN :
		      size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
	plot->height = view->height ? view->height :
		       size.ws_row > HEIGHT_MAX ? HEIGHT_MAX :
		       size.ws_row > 1 ? size.ws_row - 1 : 1;
}

void view_measure(const struct samples *s, int n, char *text, size_t size)
{
	struct wave wave = wave_measure(s->volts[n], s->count, s->rate);
	char hertz[32] = "";

	if (wave.frequency > 0)
		snprintf(hertz, sizeof(hertz), "%.2f Hz, ", wave.frequency);
	snprintf(text, size, "measured %s%.3f V to %.3f V", hertz, wave.min,
		 wave.max);
}

static void print_json(const struct samples *s)
{
	struct json json = { .file = stdout };
	int n;

	json_open(&json, NULL, '{');
	json_number(&json, "frames", s->count);
	json_real(&json, "rate_hertz", s->rate);
	json_real(&json, "start_seconds", s->start);
	json_open(&json, "inputs", '[');
	for (n = 0; n < s->inputs; n++) {
		struct wave wave = wave_measure(s->volts[n], s->count, s->rate);

		json_open(&json, NULL, '{');
		json_string(&json, "name", s->name[n]);
		/* without two rising edges there is none */
		json_real(&json, "hertz", wave.frequency > 0 ? wave.frequency : NAN);
		json_real(&json, "min_volts", wave.min);
		json_real(&json, "max_volts", wave.max);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_close(&json, '}');
}

int view_show(const struct view *view, const struct samples *s,
	      const char *const *left, FILE *out)
{
	struct plot_trace traces[INPUTS_MAX];
	char right[INPUTS_MAX][80];
	struct plot plot = {
		.traces = traces,
		.trace_count = s->inputs,
		.count = s->count,
		.rate = s->rate,
		.start = s->start,
		.utf8 = view->utf8,
		.colour = view->colour,
	};
	int n;

	if (view->json) {
		print_json(s);
		return 0;
	}
	choose_size(view, &plot);
	for (n = 0; n < s->inputs; n++) {
		view_measure(s, n, right[n], sizeof(right[n]));
		traces[n] = (struct plot_trace){
			.left = left[n], .right = right[n],
			.volts = s->volts[n],
		};
		if (!view->draw)
			fprintf(out, "%s; %s\n", left[n], right[n]);
	}
	return view->draw ? plot_draw(&plot, out) : 0;
}
