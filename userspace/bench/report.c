// SPDX-License-Identifier: GPL-2.0
/*
 * report.c - skel-bench: figures as tables for people and as CSV for programs
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

static FILE *file;
static unsigned int operations, named;

/* Figures are appended to @csv; NULL: only shown */
void bench_report_open(const char *csv)
{
	if (!csv)
		return;
	file = fopen(csv, "a");
	if (!file)
		err(1, "%s", csv);
	if (fseek(file, 0, SEEK_END) == 0 && ftell(file) == 0)
		fputs("figure,by,of,value,unit\n", file);
}

void bench_report_close(void)
{
	if (fflush(stdout) || (file && fclose(file)))
		err(1, "the figures are not written");
}

void bench_heading(const char *title, const char *text)
{
	printf("\n## %s\n\n%s\n\n| figure | by | of | value | unit |\n"
	       "|---|---|---|---|---|\n", title, text);
}

void bench_skipped(const char *what, const char *why)
{
	printf("| %s | | | not measured: %s | |\n", what, why);
	named = operations;
}

/* @of: 0 if it depends on nothing */
void bench_figure(const char *figure, const char *by, uint64_t of, double value,
		  const char *unit)
{
	char text[24] = "";

	if (of)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)of);
	printf("| %s | %s | %s | %.0f | %s |\n", figure, by, text, value, unit);
	fflush(stdout);
	if (file)
		fprintf(file, "%s,%s,%s,%.0f,%s\n", figure, by, text, value, unit);
}

unsigned int bench_operation(void)
{
	return ++operations;
}

void bench_time(const char *figure, const char *by, uint64_t of, double ns)
{
	if (bench_marks && named < operations)
		printf("mark %u %s/%s/%llu\n", ++named, figure, by, (unsigned long long)of);
	bench_figure(figure, by, of, ns, bench_wall ? "ns" : "instructions");
}
