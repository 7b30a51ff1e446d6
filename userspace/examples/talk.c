// SPDX-License-Identifier: GPL-2.0
/*
 * talk.c - command lines to a card, and everything that comes, by its kind
 *
 *	talk /dev/skel0 'SAMPLE 1000' 'STATUS?' 'TOHOST 0 16 0x400000000'
 */
#include <err.h>
#include <stdio.h>
#include <libskel.h>

static void print(const char *line, size_t length)
{
	static const char * const ends[] = { "?", "done", "refused", "failed" };
	struct skel_transfer t;
	const void *data;
	size_t size;

	if (!skel_parse_transfer(line, &t))
		printf("transfer of %llu bytes: %s %s\n",
		       (unsigned long long)t.length, ends[t.result], t.reason);
	else if (!skel_find_block(line, length, &data, &size))
		printf("answer with a block of %zu bytes\n", size);
	else
		printf("answer: %s\n", line);
}

int main(int argc, char **argv)
{
	struct skel *skel = argc > 2 ? skel_open(argv[1]) : NULL;
	char line[SKEL_LINE_MAX];
	int length;

	if (argc < 3)
		errx(2, "usage: talk DEVICE LINE...");
	if (!skel)
		errx(1, "%s", skel_errmsg());
	for (int i = 2; i < argc; i++) {
		if (skel_send(skel, "%s", argv[i]))
			errx(1, "%s", skel_errmsg());
		/* events first, as skel_readline() would take them, too */
		do {
			while (skel_read_event(skel, line, sizeof(line), 0) >= 0)
				printf("event: %s\n", line);
			length = skel_readline(skel, line, sizeof(line), 100);
			if (length >= 0)
				print(line, (size_t)length);
		} while (length >= 0);
	}
	/* what the card has not begun when it is closed would be dropped */
	if (skel_clear(skel, 5000))
		errx(1, "%s", skel_errmsg());
	skel_close(skel);
	return 0;
}
