// SPDX-License-Identifier: GPL-2.0
/*
 * run.c - run skelctl in a child process, and look at what it prints
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../skelctl.h"
#include "run.h"

#define WORDS_MAX	20

char output[65536];
const char *run_at, *run_into;

static int call_main(void *data)
{
	char **argv = data;
	int argc = 0;

	while (argv[argc])
		argc++;
	if (run_into && dup2(open(run_into, O_WRONLY), STDOUT_FILENO) < 0)
		abort();
	return skelctl_main(argc, argv);
}

int skelctl(const char *args)
{
	char name[] = "skelctl", *argv[WORDS_MAX + 1] = { name };
	char text[2048], *to = text;
	bool quoted = false, inside = false;
	int n = 1;

	for (; *args; args++) {
		if (!quoted && *args == ' ') {
			*to++ = '\0';
			inside = false;
			continue;
		}
		if (!inside && n < WORDS_MAX)
			argv[n++] = to;
		inside = true;
		if (*args == '\'')
			quoted = !quoted;
		else if (*args == '@' && run_at)
			to = stpcpy(to, run_at);
		else
			*to++ = *args;
	}
	*to = '\0';
	return unit_catch(call_main, argv, output, sizeof(output));
}

int skelctl_reads(const char *args, const char *input, size_t length)
{
	FILE *file = tmpfile();
	int keep = dup(STDIN_FILENO), status;

	if (!file || fwrite(input, 1, length, file) != length)
		abort();
	rewind(file);
	dup2(fileno(file), STDIN_FILENO);
	status = skelctl(args);
	dup2(keep, STDIN_FILENO);
	close(keep);
	fclose(file);
	return status;
}

bool run_has(const char *const *texts)
{
	for (; *texts; texts++) {
		const char *text = *texts + (**texts == '!' || **texts == '=');
		bool there = **texts == '=' ? strcmp(output, text) == 0 :
			     strstr(output, text) != NULL;

		if (there == (**texts == '!')) {
			printf("# not as in '%s':\n%s", *texts, output);
			return false;
		}
	}
	return true;
}

bool run_prints(int status, const char *args, const char *const *texts)
{
	int ended = skelctl(args);

	if (ended != status)
		printf("# skelctl %s: status %d\n%s", args, ended, output);
	return ended == status && run_has(texts);
}
