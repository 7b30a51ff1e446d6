// SPDX-License-Identifier: GPL-2.0
/*
 * report.c - skel-bench: figures as tables for people and as CSV for programs
 */
#include <err.h>
#include <stdio.h>

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
	printf("\n## %s\n\n%s\n\n", title, text);
}

void bench_table(void)
{
	printf("| figure | by | of | value | unit |\n|---|---|---|---|---|\n");
}

void bench_skipped(const char *what, const char *why)
{
	printf("| %s | not measured: %s |\n", what, why);
	named = operations;
}

void bench_record(const char *figure, const char *by, uint64_t of, double value,
		  const char *unit)
{
	if (file && of)
		fprintf(file, "%s,%s,%llu,%.0f,%s\n", figure, by, (unsigned long long)of,
			value, unit);
	else if (file)
		fprintf(file, "%s,%s,,%.0f,%s\n", figure, by, value, unit);
}

void bench_record_time(const char *figure, const char *by, uint64_t of, double ns)
{
	if (bench_marks && named < operations)
		printf("mark %u %s/%s/%llu\n", ++named, figure, by, (unsigned long long)of);
	bench_record(figure, by, of, ns, bench_wall ? "ns" : "instructions");
}

static void show(const char *figure, const char *by, uint64_t of, double value,
		 const char *unit)
{
	char text[24] = "";

	if (of)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)of);
	printf("| %s | %s | %s | %.0f | %s |\n", figure, by, text, value, unit);
	fflush(stdout);
}

unsigned int bench_operation(void)
{
	return ++operations;
}

void bench_time(const char *figure, const char *by, uint64_t of, double ns)
{
	bench_record_time(figure, by, of, ns);
	show(figure, by, of, ns, bench_wall ? "ns" : "instructions");
}

void bench_bytes(const char *figure, const char *by, uint64_t of, double bytes)
{
	bench_record(figure, by, of, bytes, "bytes");
	show(figure, by, of, bytes, "bytes");
}
