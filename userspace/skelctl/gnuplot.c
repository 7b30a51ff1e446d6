// SPDX-License-Identifier: GPL-2.0
/*
 * gnuplot.c - waveforms as PNG or SVG, by the program gnuplot
 *
 * Of many frames each step of the picture shows the least and the greatest.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gnuplot.h"

#define WIDTH	1000	/* points */
#define HEIGHT	260	/* of one trace */
#define STEPS	2000

extern char **environ;

const char *gnuplot_kind(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (dot && strcasecmp(dot, ".png") == 0)
		return "png";
	return dot && strcasecmp(dot, ".svg") == 0 ? "svg" : NULL;
}

/* Return: the process, its input in @in; or -1 with errno */
static pid_t start(const char *const *argv, int out, int *in)
{
	posix_spawn_file_actions_t actions;
	int pipes[2], error;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	error = posix_spawnp(&pid, argv[0], &actions, NULL,
			     (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[0]);
	*in = pipes[1];
	if (!error)
		return pid;
	close(pipes[1]);
	errno = error;
	return -1;
}

static int finish(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	errno = WIFEXITED(status) && WEXITSTATUS(status) == 127 ? ENOENT : EIO;
	return -1;
}

bool gnuplot_is_there(void)
{
	static const char *const argv[] = { "gnuplot", "--version", NULL };
	int in, out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t pid = start(argv, out, &in);

	close(out);
	if (pid < 0)
		return false;
	close(in);
	return !finish(pid);
}

static void put_points(FILE *script, const struct samples *s, int n)
{
	size_t step = s->count / STEPS + 1, i, k;

	fprintf(script, "$trace%d << END\n", n);
	for (i = 0; i < s->count; i += step) {
		double low = NAN, high = NAN;

		for (k = i; k < i + step && k < s->count; k++) {
			low = fmin(low, s->volts[n][k]);
			high = fmax(high, s->volts[n][k]);
		}
		if (isnan(low)) {
			fputs("\n", script);	/* a gap in the line */
			continue;
		}
		fprintf(script, "%.12g %.9g\n", s->start + i / s->rate, low);
		if (high > low)
			fprintf(script, "%.12g %.9g\n", s->start +
				(i + step / 2.0) / s->rate, high);
	}
	fputs("END\n", script);
}

/* In a text in single quotes */
static void put_text(FILE *script, const char *text)
{
	for (; *text; text++)
		fputs(*text == '\'' ? "''" : (char[]){ *text, '\0' }, script);
}

static void put_script(FILE *script, const char *kind, const struct samples *s,
		       const char *const *titles)
{
	int n;

	fprintf(script, "set terminal %s size %d,%d %s\n",
		strcmp(kind, "png") == 0 ? "pngcairo" : "svg", WIDTH,
		HEIGHT * s->inputs + 40, "noenhanced background rgb 'white'");
	for (n = 0; n < s->inputs; n++)
		put_points(script, s, n);
	fprintf(script, "set multiplot layout %d,1\nset grid\nunset key\n"
		"set lmargin 10\nset rmargin 3\nset ylabel 'V'\n"
		"set offsets graph 0, 0, 0.05, 0.05\n"
		"set xrange [%.12g:%.12g]\n", s->inputs, s->start,
		s->start + s->count / s->rate);
	for (n = 0; n < s->inputs; n++) {
		fputs("set title '", script);
		put_text(script, titles[n]);
		fprintf(script, "'\nset xlabel '%s'\n"
			"plot $trace%d with lines linewidth 1.2 linecolor %d\n",
			n == s->inputs - 1 ? "time / s" : "", n, n % 8 + 1);
	}
	fputs("unset multiplot\n", script);
}

int gnuplot_draw(int fd, const char *kind, const struct samples *s,
		 const char *const *titles)
{
	static const char *const argv[] = { "gnuplot", "-", NULL };
	void (*old)(int) = signal(SIGPIPE, SIG_IGN);
	pid_t pid;
	FILE *script;
	int in, error;

	pid = start(argv, fd, &in);
	if (pid < 0)
		return -1;
	script = fdopen(in, "w");
	if (script) {
		put_script(script, kind, s, titles);
		fclose(script);
	} else {
		close(in);
	}
	error = finish(pid);
	signal(SIGPIPE, old);
	return error;
}
