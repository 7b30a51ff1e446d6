// SPDX-License-Identifier: GPL-2.0
/*
 * many-transfers.c - many transfers at once, beside a poll() of one's own
 *
 * Copies the card's memory to a file, piece by piece, in whatever order they come:
 *
 *	many-transfers FILE [/dev/skel0]
 */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <libskel.h>

#define PIECE	4096	/* bytes, one page: memories are whole pages */
#define PIECES	8	/* in the buffer */

static struct skel_region_info memory;
static uint64_t next;	/* address of the piece to ask for next */
static int output;

static void on_end(struct skel *skel, struct skel_transfer *t, void *place)
{
	if (t->result != SKEL_DONE)
		errx(1, "%s at 0x%llx", t->reason, (unsigned long long)t->card_addr);
	if (t->length && pwrite(output, place, PIECE, (off_t)t->card_addr) != PIECE)
		err(1, "output");
	t->length = PIECE;
	t->card_addr = next;
	next += PIECE;
	if (next <= memory.length && skel_submit(skel, t, on_end, place))
		errx(1, "%s", skel_errmsg());
}

int main(int argc, char **argv)
{
	struct skel *skel = argc > 1 ? skel_open(argv[2]) : NULL;
	char *buffer = skel ? skel_malloc(skel, PIECES * PIECE, SKEL_ALLOC_TOHOST) : NULL;
	struct pollfd pfd = { .events = POLLIN };
	struct skel_transfer t[PIECES] = { 0 };
	int ret;

	if (argc < 2)
		errx(2, "usage: many-transfers FILE [DEVICE]");
	if (!buffer || skel_get_region(skel, 0, &memory))
		errx(1, "%s", skel_errmsg());
	output = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
	for (int i = 0; i < PIECES; i++) {
		t[i].host_addr = skel_host_addr(skel, buffer + i * PIECE);
		t[i].result = SKEL_DONE;	/* as if it had ended */
		on_end(skel, &t[i], buffer + i * PIECE);
	}
	pfd.fd = skel_fd(skel);		/* and whatever else the program waits for */
	while ((ret = skel_dispatch(skel, 0)))
		if (ret < 0 && poll(&pfd, 1, 10000) < 1)
			errx(1, "no answer");
	skel_close(skel);
	return close(output);
}
