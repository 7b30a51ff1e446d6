/* SPDX-License-Identifier: GPL-2.0 */
/*
 * header.c - libskel.h alone, in C and C++: it compiles without a warning, and its
 * functions have the linkage of C
 */
#include <libskel.h>

int main(void);

static void on_end(struct skel *skel, struct skel_transfer *transfer, void *data)
{
	*(enum skel_result *)data = transfer->result;
	(void)skel;
}

int main(void)
{
	struct skel *skel = skel_open(SKEL_DEFAULT_PATH);
	static struct skel_transfer transfer;
	enum skel_result result;
	struct skel_block block;

	transfer.direction = SKEL_TOHOST;
	if (skel_submit(skel, &transfer, on_end, &result))
		return *skel_errmsg();
	return skel_stream_acquire(skel_stream_open(skel, NULL), &block, 0);
}
